//! The fields of one JSON object, taken one by one; whatever nobody takes is a problem.

use serde_json::{Map, Value};

use super::Log;
use crate::path::{Path, Place};
use crate::template::Template;

/// One object of the definition.
pub(super) struct Fields<'a> {
    at: String,
    object: &'a Map<String, Value>,
    taken: Vec<&'static str>,
    log: &'a Log,
}

impl<'a> Fields<'a> {
    /// The object at this place, or a problem if it is none.
    pub(super) fn of(raw: &'a Value, at: &str, log: &'a Log) -> Option<Self> {
        let object = log.keep(at, raw.as_object().ok_or_else(|| "must be an object".to_owned()))?;
        Some(Self { at: at.to_owned(), object, taken: Vec::new(), log })
    }

    /// The place of a field.
    pub(super) fn at(&self, name: &str) -> String {
        format!("{}.{name}", self.at)
    }

    /// Notes a problem with the object.
    pub(super) fn problem(&self, what: impl Into<String>) {
        self.log.add(self.at.clone(), what);
    }

    /// The field as it stands.
    pub(super) fn take(&mut self, name: &'static str) -> Option<&'a Value> {
        self.taken.push(name);
        self.object.get(name)
    }

    /// Whether the field is there at all.
    pub(super) fn has(&self, name: &str) -> bool {
        self.object.contains_key(name)
    }

    fn read<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&'a Value) -> Result<T, String>,
    ) -> Option<T> {
        let raw = self.take(name)?;
        self.log.keep(&self.at(name), read(raw))
    }

    /// A field that must be there, read by one of the readers below.
    pub(super) fn need<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&mut Self, &'static str) -> Option<T>,
    ) -> Option<T> {
        if !self.has(name) {
            self.problem(format!("{name} is missing"));
        }
        read(self, name)
    }

    /// A text that is not empty.
    pub(super) fn text(&mut self, name: &'static str) -> Option<String> {
        self.read(name, |raw| match raw.as_str() {
            Some(text) if !text.is_empty() => Ok(text.to_owned()),
            Some(_) | None => Err("must be a text, and not empty".to_owned()),
        })
    }

    /// A list that is not empty.
    pub(super) fn list(&mut self, name: &'static str) -> Option<&'a Vec<Value>> {
        self.read(name, |raw| match raw.as_array() {
            Some(list) if !list.is_empty() => Ok(list),
            Some(_) | None => Err("must be a list, and not empty".to_owned()),
        })
    }

    /// An object that is not empty.
    pub(super) fn object(&mut self, name: &'static str) -> Option<&'a Map<String, Value>> {
        self.read(name, |raw| match raw.as_object() {
            Some(object) if !object.is_empty() => Ok(object),
            Some(_) | None => Err("must be an object, and not empty".to_owned()),
        })
    }

    /// A whole number within bounds.
    pub(super) fn whole(&mut self, name: &'static str, least: u64, most: u64) -> Option<u64> {
        self.read(name, |raw| {
            let fits = raw.as_u64().filter(|number| (least..=most).contains(number));
            fits.ok_or_else(|| format!("must be a whole number from {least} to {most}"))
        })
    }

    /// A number not below one.
    pub(super) fn factor(&mut self, name: &'static str) -> Option<f64> {
        self.read(name, |raw| {
            let fits = raw.as_f64().filter(|number| *number >= 1.0);
            fits.ok_or_else(|| "must be a number not below 1".to_owned())
        })
    }

    /// A reference path.
    pub(super) fn path(&mut self, name: &'static str) -> Option<Path> {
        self.read(name, |raw| match raw.as_str() {
            Some(text) => Path::parse(text),
            None => Err("must be a path".to_owned()),
        })
    }

    /// A ResultPath; absent, it is `$`.
    pub(super) fn place(&mut self) -> Option<Place> {
        let name = "ResultPath";
        if !self.has(name) {
            self.taken.push(name);
            return Some(Place::At(Vec::new()));
        }
        self.read(name, |raw| match raw {
            Value::Null => Ok(Place::Nowhere),
            Value::String(text) => Place::parse(text),
            Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                Err("must be a path or null".to_owned())
            }
        })
    }

    /// A payload template, which is an object.
    pub(super) fn template(&mut self, name: &'static str) -> Option<Template> {
        let raw = self.take(name)?;
        let at = self.at(name);
        if !raw.is_object() {
            self.log.add(at, "must be an object");
            return None;
        }
        Some(Template::read(raw, &at, &mut |at, what| self.log.add(at, what)))
    }

    /// A field that may be absent, and if not, has one value in the subset.
    pub(super) fn only(&mut self, name: &'static str, value: &str) {
        self.read(name, |raw| match raw.as_str() {
            Some(text) if text == value => Ok(()),
            Some(_) | None => Err(format!("{raw} is not in the subset, only {value:?} is")),
        });
    }

    /// Every field that nobody took is a problem.
    pub(super) fn finish(self) {
        for name in self.object.keys() {
            if !self.taken.contains(&name.as_str()) {
                self.log.add(self.at(name), format!("unknown here{}", reason(name)));
            }
        }
    }
}

/// Why a field that the language knows is not in the subset.
fn reason(name: &str) -> &'static str {
    match name {
        "Assign" => ": variables are not in the subset",
        "Arguments" | "Output" | "Condition" | "Items" => ": JSONata is not in the subset",
        "HeartbeatSeconds" | "HeartbeatSecondsPath" => ": heartbeats are not in the subset",
        "TimeoutSecondsPath" => ": a time-out is a number, so that it can be checked beforehand",
        "Timestamp" | "TimestampPath" => ": a Wait has Seconds or SecondsPath in the subset",
        "Credentials" => ": a Task calls in the machine's own name in the subset",
        "Qualifier" => ": an alias is part of the FunctionName",
        "InvocationType" => ": a Task waits for its function's answer in the subset",
        "FunctionName.$" => ": the function is fixed in the definition in the subset",
        "Error.$" | "Cause.$" => ": ErrorPath and CausePath take a path",
        "Retry" | "Catch" => ": only a Task and a Parallel can retry and catch",
        "Next" | "End" => ": this does not lead further by itself",
        _ => "",
    }
}
