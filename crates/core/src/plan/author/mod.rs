//! Reading a plan that a person wrote, in YAML or JSON: nothing is guessed, and every problem is told
//! at once with its path.

mod json;
mod schema;
mod shape;
#[cfg(test)]
mod tests;

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::plan::detection::name_the_kind;
use crate::plan::{ImpairmentKind, Level, Plan, check};

pub use schema::schema;

/// Longest text that is read at all: comments and blanks may take more than what is stored of a plan.
const TEXT_BYTES_MAX: usize = 1024 * 1024;

/// One problem of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Where, such as `databases[0].fences[1].ttl`.
    pub path: String,
    /// What is wrong, and what was expected.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}

/// Reads a plan that may be put in force: its shape is right and nothing in it is an error.
pub fn read(text: &str) -> Result<Plan, Vec<Problem>> {
    let plan = parse(text)?;
    let errors: Vec<Problem> = check(&plan)
        .into_iter()
        .filter(|finding| finding.level == Level::Error)
        .map(|finding| Problem { path: finding.path, message: finding.message })
        .collect();
    if errors.is_empty() { Ok(plan) } else { Err(errors) }
}

/// Reads a document that has the shape of a plan; what it means is for [`check`] to judge.
pub fn parse(text: &str) -> Result<Plan, Vec<Problem>> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(vec![whole(format!(
            "has {} bytes; a plan has at most {TEXT_BYTES_MAX} as it is written",
            text.len()
        ))]);
    }
    let mut document = document(text)?;
    use_own_spellings(&mut document);
    let problems = shape::problems(&schema(), &document);
    if !problems.is_empty() {
        return Err(problems);
    }
    serde_json::from_value(document).map_err(|e| vec![whole(e.to_string())])
}

fn whole(message: String) -> Problem {
    Problem { path: "(the plan)".to_owned(), message }
}

fn document(text: &str) -> Result<Value, Vec<Problem>> {
    // JSON's own reader says more exactly what is wrong with JSON.
    if text.trim_start().starts_with('{') {
        return match json::read(text) {
            Ok((document, twice)) if twice.is_empty() => Ok(document),
            Ok((_, twice)) => Err(twice),
            Err(e) => Err(vec![whole(format!("is no JSON: {e}"))]),
        };
    }
    serde_saphyr::from_str(text).map_err(|e| {
        // The rest of the words is a picture of the place, and advice to programmers.
        let words = e.to_string();
        let line = words.lines().next().unwrap_or_default().trim_start_matches("error: ");
        vec![whole(format!("is no YAML: {}", line.split(", set ").next().unwrap_or(line)))]
    })
}

/// The sources spell impairments in several ways, and an alarm needs not say that it is one; what
/// checks the shape knows one spelling.
fn use_own_spellings(document: &mut Value) {
    if let Some(Value::Array(voters)) = document.pointer_mut("/detection/voters") {
        voters.iter_mut().for_each(name_the_kind);
    }
    let Some(Value::Array(kinds)) = document.get_mut("responds-to") else { return };
    for entry in kinds {
        let Some(kind) = entry.get_mut("kind") else { continue };
        if let Ok(known) = serde_json::from_value::<ImpairmentKind>(kind.clone())
            && let Ok(own) = serde_json::to_value(known)
        {
            *kind = own;
        }
    }
}
