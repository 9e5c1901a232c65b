//! The JSON Schema of a plan, made from the types: for editors, and for the reader that lists every
//! problem at once.

use serde_json::{Map, Value, json};

use crate::plan::Plan;

/// The property by which the variants of a list's entries are told apart.
pub(super) const TAG: &str = "kind";

/// The schema of a plan, as it is committed in `plans/plan.schema.json`.
pub fn schema() -> Value {
    let mut schema = schemars::schema_for!(Plan).to_value();
    let definitions = schema.get("$defs").and_then(Value::as_object).cloned().unwrap_or_default();
    close_variants(&mut schema, &definitions);
    drop_unused(&mut schema);
    let voter = schema.pointer_mut("/$defs/Voter/oneOf").and_then(Value::as_array_mut);
    voter.into_iter().flatten().for_each(alarm_by_default);
    if let Some(object) = schema.as_object_mut() {
        object.insert("title".to_owned(), json!("Leeward plan"));
    }
    schema
}

/// A tagged variant is made as `$ref` beside its tag, but the definition behind it refuses every
/// property that it does not know, the tag included. So the definition is laid into the variant, and
/// each variant refuses what it does not know.
fn close_variants(node: &mut Value, definitions: &Map<String, Value>) {
    match node {
        Value::Array(items) => items.iter_mut().for_each(|i| close_variants(i, definitions)),
        Value::Object(object) => {
            let tagged = object.get("properties").is_some_and(|p| p.get(TAG).is_some());
            if tagged {
                lay_in(object, definitions);
            }
            object.values_mut().for_each(|v| close_variants(v, definitions));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn lay_in(variant: &mut Map<String, Value>, definitions: &Map<String, Value>) {
    let reference = variant.remove("$ref");
    let behind = reference
        .as_ref()
        .and_then(Value::as_str)
        .and_then(|r| definitions.get(r.rsplit('/').next().unwrap_or_default()));
    if let Some(behind) = behind {
        if let (Some(Value::Object(own)), Some(Value::Object(more))) =
            (variant.get_mut("properties"), behind.get("properties"))
        {
            own.extend(more.clone());
        }
        if let (Some(Value::Array(own)), Some(Value::Array(more))) =
            (variant.get_mut("required"), behind.get("required"))
        {
            own.extend(more.iter().cloned());
        }
    }
    variant.insert("additionalProperties".to_owned(), json!(false));
}

/// A voter without a kind is an alarm.
fn alarm_by_default(variant: &mut Value) {
    let is_alarm = variant.pointer("/properties/kind/const") == Some(&json!("alarm"));
    if let (true, Some(Value::Array(required))) = (is_alarm, variant.get_mut("required")) {
        required.retain(|name| name != TAG);
    }
}

fn drop_unused(schema: &mut Value) {
    loop {
        let text = schema.to_string();
        let Some(Value::Object(definitions)) = schema.get_mut("$defs") else { return };
        let before = definitions.len();
        definitions.retain(|name, _| text.contains(&format!("\"#/$defs/{name}\"")));
        if definitions.len() == before {
            return;
        }
    }
}
