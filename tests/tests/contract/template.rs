//! The templates, as far as contracts need them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::sources::text;

/// CloudFormation's short forms. What they stand for is not needed here, what they hold is.
const TAGS: [&str; 9] = ["And", "Condition", "Equals", "GetAtt", "If", "Join", "Not", "Or", "Ref"];

/// A template, with the short forms taken off: `!Ref Topic` reads `Topic`.
pub fn read(name: &str) -> Value {
    let mut source = text(name).replace("!Sub ", "").replace("!Sub\n", "\n");
    for tag in TAGS {
        source = source.replace(&format!("!{tag} "), "").replace(&format!("!{tag}\n"), "\n");
    }
    serde_saphyr::from_str(&source).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// A value by its path of keys, `Null` where there is none.
pub fn at<'v>(value: &'v Value, path: &[&str]) -> &'v Value {
    path.iter().fold(value, |value, key| &value[*key])
}

/// The functions by resource name, with `Globals` laid under.
pub fn functions(template: &Value) -> BTreeMap<String, Value> {
    let shared = at(template, &["Globals", "Function"]);
    let resources = template["Resources"].as_object().expect("Resources");
    let functions = resources.iter().filter(|(_, r)| r["Type"] == "AWS::Serverless::Function");
    functions
        .map(|(name, resource)| {
            let mut whole = shared.as_object().expect("Globals").clone();
            whole.extend(resource["Properties"].as_object().expect("Properties").clone());
            let inherited = at(shared, &["Environment", "Variables"]).as_object();
            let own = at(&resource["Properties"], &["Environment", "Variables"]).as_object();
            let variables = inherited.into_iter().chain(own).flatten();
            let variables: serde_json::Map<String, Value> =
                variables.map(|(k, v)| (k.clone(), v.clone())).collect();
            whole.insert("Variables".to_owned(), Value::Object(variables));
            whole.insert("Metadata".to_owned(), resource["Metadata"].clone());
            (name.clone(), Value::Object(whole))
        })
        .collect()
}

/// Every statement of a role, or of a managed policy; a role's managed policies are its own.
pub fn statements(template: &Value, resource: &str) -> Vec<Value> {
    let found = at(template, &["Resources", resource]);
    assert!(found.is_object(), "the template has no {resource}");
    let properties = &found["Properties"];
    let own = [&properties["PolicyDocument"]];
    let inline = properties["Policies"].as_array().into_iter().flatten();
    let documents = own.into_iter().chain(inline.map(|policy| &policy["PolicyDocument"]));
    let mut all: Vec<Value> = documents
        .filter_map(|document| document["Statement"].as_array())
        .flatten()
        .cloned()
        .collect();
    for managed in properties["ManagedPolicyArns"].as_array().into_iter().flatten() {
        all.extend(statements(template, managed.as_str().expect("a reference")));
    }
    for statement in &all {
        assert_eq!(statement["Effect"], "Allow", "{resource}: {statement}");
    }
    all
}

/// A statement's Action or Resource as a list.
pub fn listed(value: &Value) -> Vec<String> {
    match value {
        Value::String(one) => vec![one.clone()],
        Value::Array(many) => many.iter().flat_map(listed).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => {
            panic!("neither a text nor a list: {value}")
        }
    }
}

/// The actions of some statements.
pub fn actions(statements: &[Value]) -> BTreeSet<String> {
    statements.iter().flat_map(|statement| listed(&statement["Action"])).collect()
}
