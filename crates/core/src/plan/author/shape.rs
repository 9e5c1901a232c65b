//! Whether a document has the shape of a plan: every problem at once, each with its path.

use serde_json::{Map, Value};

use super::Problem;
use super::schema::TAG;
use crate::time::{Span, Timestamp};

/// Most nested places of a plan; deeper is no plan.
const DEPTH_MAX: usize = 32;

/// Everything in which `value` departs from `schema`.
pub(super) fn problems(schema: &Value, value: &Value) -> Vec<Problem> {
    let mut look = Look { root: schema, problems: Vec::new() };
    look.at(schema, value, "", 0);
    look.problems
}

struct Look<'a> {
    root: &'a Value,
    problems: Vec<Problem>,
}

impl<'a> Look<'a> {
    fn say(&mut self, path: &str, message: impl Into<String>) {
        let path = if path.is_empty() { "(the plan)" } else { path };
        self.problems.push(Problem { path: path.to_owned(), message: message.into() });
    }

    fn resolve(&self, schema: &'a Value) -> &'a Value {
        let mut schema = schema;
        // A definition may stand for another; a ring of them would be a fault of the types.
        for _ in 0..DEPTH_MAX {
            let Some(reference) = schema.get("$ref").and_then(Value::as_str) else { break };
            let Some(next) = self.root.pointer(reference.trim_start_matches('#')) else { break };
            schema = next;
        }
        schema
    }

    fn at(&mut self, schema: &'a Value, value: &Value, path: &str, depth: usize) {
        let schema = self.resolve(schema);
        if depth > DEPTH_MAX {
            return self.say(path, "is nested deeper than any plan");
        }
        if let Some(any) = schema.get("anyOf").and_then(Value::as_array) {
            return self.optional(any, value, path, depth);
        }
        if let Some(variants) = schema.get("oneOf").and_then(Value::as_array) {
            return self.one_of(variants, value, path, depth);
        }
        if !self.typed(schema, value, path) {
            return;
        }
        match value {
            Value::Object(object) => self.object(schema, object, path, depth),
            Value::Array(items) => {
                if let Some(each) = schema.get("items") {
                    for (index, item) in items.iter().enumerate() {
                        self.at(each, item, &format!("{path}[{index}]"), depth + 1);
                    }
                }
            }
            Value::String(text) => self.text(schema, text, path),
            Value::Number(_) => self.number(schema, value, path),
            Value::Null | Value::Bool(_) => {}
        }
    }

    /// `anyOf` stands for something that may be left out.
    fn optional(&mut self, any: &'a [Value], value: &Value, path: &str, depth: usize) {
        let null = |s: &&Value| s.get("type").and_then(Value::as_str) == Some("null");
        if value.is_null() && any.iter().any(|s| null(&s)) {
            return;
        }
        if let Some(wanted) = any.iter().find(|s| !null(s)) {
            self.at(wanted, value, path, depth + 1);
        }
    }

    fn one_of(&mut self, variants: &'a [Value], value: &Value, path: &str, depth: usize) {
        if variants.iter().all(|v| v.get("const").is_some() || v.get("enum").is_some()) {
            let words: Vec<&str> = variants.iter().flat_map(words).collect();
            return self.word(&words, value, path);
        }
        let Value::Object(object) = value else {
            return self.say(path, format!("is {}; expected a mapping with `{TAG}`", sort(value)));
        };
        let kinds: Vec<&str> = variants.iter().filter_map(kind_of).collect();
        let expected = kinds.join(", ");
        let tag_path = join(path, TAG);
        match object.get(TAG) {
            None => self.say(path, format!("`{TAG}` is missing; expected one of {expected}")),
            Some(Value::String(kind)) => match variants.iter().find(|v| kind_of(v) == Some(kind)) {
                Some(variant) => self.object(variant, object, path, depth),
                None => {
                    self.say(
                        &tag_path,
                        format!("`{kind}` is no {TAG} of this; expected {expected}"),
                    );
                }
            },
            Some(other) => {
                self.say(&tag_path, format!("is {}; expected {expected}", sort(other)));
            }
        }
    }

    fn word(&mut self, words: &[&str], value: &Value, path: &str) {
        match value.as_str() {
            Some(text) if words.contains(&text) => {}
            Some(text) => self.say(path, format!("is `{text}`; expected {}", words.join(", "))),
            None => self.say(path, format!("is {}; expected {}", sort(value), words.join(", "))),
        }
    }

    fn object(&mut self, schema: &'a Value, object: &Map<String, Value>, path: &str, depth: usize) {
        let none = Map::new();
        let known = schema.get("properties").and_then(Value::as_object);
        let required = schema.get("required").and_then(Value::as_array);
        for name in required.into_iter().flatten().filter_map(Value::as_str) {
            if !object.contains_key(name) {
                self.say(path, format!("`{name}` is missing"));
            }
        }
        let closed = schema.get("additionalProperties") == Some(&Value::Bool(false));
        for (name, value) in object {
            match known.and_then(|k| k.get(name)) {
                Some(schema) => self.at(schema, value, &join(path, name), depth + 1),
                None if closed => {
                    let names = known.unwrap_or(&none).keys().cloned().collect::<Vec<_>>();
                    let place = join(path, name);
                    self.say(&place, format!("is not known here; known are {}", names.join(", ")));
                }
                None => {}
            }
        }
    }

    /// Whether it is of one of the types asked for.
    fn typed(&mut self, schema: &Value, value: &Value, path: &str) -> bool {
        let types: Vec<&str> = match schema.get("type") {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(some)) => some.iter().filter_map(Value::as_str).collect(),
            Some(_) | None => return true,
        };
        let fits = |wanted: &&str| match *wanted {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "integer" => value.is_i64() || value.is_u64(),
            "number" => value.is_number(),
            "boolean" => value.is_boolean(),
            "null" => value.is_null(),
            _ => true,
        };
        if types.iter().any(fits) {
            return true;
        }
        let wanted: Vec<&str> =
            types.iter().filter(|t| **t != "null").map(|t| in_words(t)).collect();
        let quotable = value.is_number() || value.is_boolean();
        let hint = if quotable && types.contains(&"string") { "; put it in quotes" } else { "" };
        self.say(path, format!("is {}; expected {}{hint}", sort(value), wanted.join(" or ")));
        false
    }

    fn text(&mut self, schema: &Value, text: &str, path: &str) {
        let words: Vec<&str> = words(schema).collect();
        if !words.is_empty() {
            return self.word(&words, &Value::String(text.to_owned()), path);
        }
        if schema.get("format").and_then(Value::as_str) == Some("date-time")
            && text.parse::<Timestamp>().is_err()
        {
            self.say(path, format!("is `{text}`; expected an instant like 2026-12-01T22:00:00Z"));
        }
        // The one pattern of the plan's types is that of a length of time.
        if schema.get("pattern").is_some()
            && let Err(wrong) = text.parse::<Span>()
        {
            self.say(path, wrong.to_string());
        }
    }

    fn number(&mut self, schema: &Value, value: &Value, path: &str) {
        let bound = |name: &str| schema.get(name).and_then(Value::as_f64);
        let least = bound("minimum").unwrap_or(f64::MIN);
        let most = bound("maximum").unwrap_or(match schema.get("format").and_then(Value::as_str) {
            Some("uint16") => f64::from(u16::MAX),
            Some("uint32") => f64::from(u32::MAX),
            Some(_) | None => f64::MAX,
        });
        if value.as_f64().is_none_or(|n| n < least || n > most) {
            self.say(path, format!("is {value}; expected a number from {least} to {most}"));
        }
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn kind_of(variant: &Value) -> Option<&str> {
    variant.pointer(&format!("/properties/{TAG}/const")).and_then(Value::as_str)
}

/// The words that a schema allows, if it lists them.
fn words(schema: &Value) -> impl Iterator<Item = &str> {
    let listed = schema.get("enum").and_then(Value::as_array).into_iter().flatten();
    listed.chain(schema.get("const")).filter_map(Value::as_str)
}

fn in_words(wanted: &str) -> &str {
    match wanted {
        "object" => "a mapping",
        "array" => "a list",
        "string" => "a text",
        "integer" => "a whole number",
        "boolean" => "true or false",
        other => other,
    }
}

fn sort(value: &Value) -> String {
    match value {
        Value::Null => "empty".to_owned(),
        Value::Bool(b) => format!("`{b}`"),
        Value::Number(n) => format!("the number {n}"),
        Value::String(text) => format!("the text `{text}`"),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a mapping".to_owned(),
    }
}
