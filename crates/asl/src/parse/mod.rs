//! Reads a definition, or lists everything in it that is not of the subset.

mod choice;
mod fields;
mod graph;
mod handling;
mod state;
mod strict;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use serde_json::Value;

use crate::machine::{Machine, Scope, State};
use fields::Fields;

/// The longest name that the service takes for a state.
const LONGEST_NAME: usize = 80;
/// The longest time that the service takes in a field of seconds.
const MOST_SECONDS: u64 = 99_999_999;

/// One thing that is wrong with a definition.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Where, such as `$.States.DetectDisaster.Retry[0].ErrorEquals`.
    pub at: String,
    /// What, and what would be right.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.at, self.what)
    }
}

/// The problems found so far, and the state names met.
#[derive(Default)]
struct Log {
    problems: RefCell<Vec<Problem>>,
    names: RefCell<BTreeSet<String>>,
}

impl Log {
    fn add(&self, at: impl Into<String>, what: impl Into<String>) {
        self.problems.borrow_mut().push(Problem { at: at.into(), what: what.into() });
    }

    /// Notes the problem of a result, and goes on with what there is.
    fn keep<T>(&self, at: &str, result: Result<T, String>) -> Option<T> {
        result.map_err(|what| self.add(at, what)).ok()
    }
}

/// Reads a definition; the error lists every problem found, in the order of their places.
pub fn parse(json: &str) -> Result<Machine, Vec<Problem>> {
    let log = Log::default();
    let machine = match strict::read(json, &log) {
        Ok(raw) => {
            substitutions(&raw, "$", &log);
            machine(&raw, &log)
        }
        Err(what) => log.keep("$", Err(what)),
    };
    let mut problems = log.problems.into_inner();
    problems.sort();
    problems.dedup();
    match machine {
        Some(machine) if problems.is_empty() => Ok(machine),
        Some(_) | None => Err(problems),
    }
}

fn machine(raw: &Value, log: &Log) -> Option<Machine> {
    let mut fields = Fields::of(raw, "$", log)?;
    fields.take("Comment");
    fields.only("Version", "1.0");
    fields.only("QueryLanguage", "JSONPath");
    let time_limit = fields.whole("TimeoutSeconds", 1, MOST_SECONDS).map(Duration::from_secs);
    let top = scope(fields, log)?;
    Some(Machine { time_limit, top })
}

/// Reads `StartAt` and `States`, of the machine or of a branch.
fn scope(mut fields: Fields<'_>, log: &Log) -> Option<Scope> {
    let start_at = fields.need("StartAt", Fields::text);
    let states_at = fields.at("States");
    let states = fields.need("States", Fields::object);
    if let (Some(start_at), Some(states)) = (&start_at, states) {
        graph::check(start_at, &fields.at("StartAt"), states, &states_at, log);
    }
    fields.finish();
    let mut read = BTreeMap::new();
    for (name, raw) in states? {
        let at = format!("{states_at}.{name}");
        if let Some(state) = state_of(name, raw, &at, log) {
            read.insert(name.clone(), state);
        }
    }
    Some(Scope { start_at: start_at?, states: read })
}

fn state_of(name: &str, raw: &Value, at: &str, log: &Log) -> Option<State> {
    if !log.names.borrow_mut().insert(name.to_owned()) {
        log.add(at, "another state of the machine has this name; each name may be used once");
    }
    if name.is_empty() || name.chars().count() > LONGEST_NAME {
        log.add(at, format!("a state's name has 1 to {LONGEST_NAME} signs"));
    }
    state::read(name, Fields::of(raw, at, log)?, log)
}

/// Refuses `${Name}` wherever a deployment's substitution would change what is executed here.
fn substitutions(raw: &Value, at: &str, log: &Log) {
    match raw {
        Value::String(text) if text.contains("${") => {
            log.add(at, "a ${…} substitution is in the subset in a FunctionName only");
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                substitutions(item, &format!("{at}[{index}]"), log);
            }
        }
        Value::Object(fields) => {
            for (name, value) in fields {
                if name.contains("${") {
                    log.add(at, format!("{name:?}: a field's name cannot be a substitution"));
                }
                if name != "FunctionName" && name != "Comment" {
                    substitutions(value, &format!("{at}.{name}"), log);
                }
            }
        }
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
