//! Reads ResultSelector, ResultPath, Retry and Catch.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::fields::Fields;
use super::{Log, MOST_SECONDS};
use crate::handling::{ALL, Catcher, Handling, Jitter, Retrier, TASK_FAILED};
use crate::host::{RUNTIME, TIMEOUT};

/// The service's own default for each field that a retrier may leave out.
const DEFAULT_INTERVAL: u64 = 1;
const DEFAULT_MAX_ATTEMPTS: u64 = 3;
const DEFAULT_BACKOFF_RATE: f64 = 2.0;
/// One year and a day: the service takes less.
const MOST_DELAY: u64 = 31_622_399;

/// The `States.` names that can arise here and be caught.
const KNOWN: [&str; 5] =
    [ALL, TIMEOUT, TASK_FAILED, "States.Permissions", "States.ResultPathMatchFailure"];

pub(super) fn read(fields: &mut Fields<'_>, log: &Log) -> Option<Handling> {
    let selector = fields.template("ResultSelector");
    let place = fields.place();
    let retry = entries(fields, "Retry", log, retrier);
    let catch = entries(fields, "Catch", log, catcher);
    Some(Handling { selector, place: place?, retry, catch })
}

/// Reads each entry of a list, and checks the error names of all of them together.
fn entries<T>(
    fields: &mut Fields<'_>,
    name: &'static str,
    log: &Log,
    read: fn(&mut Fields<'_>, Vec<String>) -> Option<T>,
) -> Vec<T> {
    let at = fields.at(name);
    let Some(list) = fields.list(name) else { return Vec::new() };
    let mut seen = BTreeMap::new();
    let mut entries = Vec::new();
    for (index, raw) in list.iter().enumerate() {
        let at = format!("{at}[{index}]");
        let Some(mut fields) = Fields::of(raw, &at, log) else { continue };
        fields.take("Comment");
        let errors = errors(&mut fields, index + 1 == list.len(), &mut seen, log);
        let entry = read(&mut fields, errors.unwrap_or_default());
        fields.finish();
        entries.extend(entry);
    }
    entries
}

fn errors(
    fields: &mut Fields<'_>,
    last: bool,
    seen: &mut BTreeMap<String, String>,
    log: &Log,
) -> Option<Vec<String>> {
    let list = fields.need("ErrorEquals", Fields::list)?;
    let mut names = Vec::new();
    for (index, raw) in list.iter().enumerate() {
        let at = format!("{}[{index}]", fields.at("ErrorEquals"));
        let Some(name) = raw.as_str().filter(|name| !name.is_empty()) else {
            log.add(at, "must be an error's name");
            continue;
        };
        if name == ALL && (!last || list.len() > 1) {
            log.add(&at, "States.ALL must stand alone, and in the last entry");
        } else if name == RUNTIME {
            log.add(&at, "States.Runtime always ends the execution; it cannot be caught");
        } else if name == "States.BranchFailed" {
            log.add(&at, "a Parallel fails with its branch's own error; name that one");
        } else if name.starts_with("States.") && !KNOWN.contains(&name) {
            log.add(&at, format!("{name} cannot arise in the subset"));
        }
        if let Some(earlier) = seen.insert(name.to_owned(), at.clone()) {
            log.add(&at, format!("{name} is taken by {earlier} already"));
        }
        names.push(name.to_owned());
    }
    Some(names)
}

fn retrier(fields: &mut Fields<'_>, errors: Vec<String>) -> Option<Retrier> {
    let interval = fields.whole("IntervalSeconds", 1, MOST_SECONDS).unwrap_or(DEFAULT_INTERVAL);
    let attempts = fields.whole("MaxAttempts", 0, MOST_SECONDS).unwrap_or(DEFAULT_MAX_ATTEMPTS);
    let max_delay = fields.whole("MaxDelaySeconds", 1, MOST_DELAY);
    if max_delay.is_some_and(|longest| longest <= interval) {
        fields.problem("MaxDelaySeconds must be greater than IntervalSeconds");
    }
    let jitter = match fields.take("JitterStrategy").map(Value::as_str) {
        None | Some(Some("NONE")) => Jitter::None,
        Some(Some("FULL")) => Jitter::Full,
        Some(_) => {
            fields.problem("JitterStrategy must be FULL or NONE");
            Jitter::None
        }
    };
    Some(Retrier {
        errors,
        interval: Duration::from_secs(interval),
        max_attempts: u32::try_from(attempts).ok()?,
        backoff_rate: fields.factor("BackoffRate").unwrap_or(DEFAULT_BACKOFF_RATE),
        max_delay: max_delay.map(Duration::from_secs),
        jitter,
    })
}

fn catcher(fields: &mut Fields<'_>, errors: Vec<String>) -> Option<Catcher> {
    let next = fields.need("Next", Fields::text);
    let place = fields.place();
    Some(Catcher { errors, place: place?, next: next? })
}
