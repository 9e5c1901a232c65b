//! Where the states of a scope lead: every target exists, every state is reached, every way ends.
//!
//! Works on the JSON itself, so that a state with another fault still leads where it says.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::Log;

type States = Map<String, Value>;

pub(super) fn check(start_at: &str, start_place: &str, states: &States, at: &str, log: &Log) {
    let mut whole = true;
    let mut expect = |target: &str, place: String| {
        if !states.contains_key(target) {
            whole = false;
            log.add(place, format!("there is no state {target:?} in this scope"));
        }
    };
    expect(start_at, start_place.to_owned());
    for (name, state) in states {
        for (place, target) in targets(state) {
            expect(target, format!("{at}.{name}{place}"));
        }
    }
    // With a target missing, what it should lead to would be reported as well.
    if !whole {
        return;
    }
    let reached = closure([start_at], |name, found| {
        found.extend(states.get(name).into_iter().flat_map(targets).map(|(_, target)| target));
    });
    let ends = states.iter().filter(|(_, state)| is_end(state)).map(|(name, _)| name.as_str());
    let ending = closure(ends, |end, found| {
        found.extend(
            (states.iter())
                .filter(|(_, state)| leads_to(state, end))
                .map(|(name, _)| name.as_str()),
        );
    });
    for name in states.keys() {
        if !reached.contains(name.as_str()) {
            log.add(format!("{at}.{name}"), format!("cannot be reached from {start_at:?}"));
        }
        if !ending.contains(name.as_str()) {
            log.add(format!("{at}.{name}"), "leads to no end");
        }
    }
}

/// Everything that the seeds lead to, the seeds included.
fn closure<'s>(
    seeds: impl IntoIterator<Item = &'s str>,
    step: impl Fn(&'s str, &mut Vec<&'s str>),
) -> BTreeSet<&'s str> {
    let mut open: Vec<&str> = seeds.into_iter().collect();
    let mut closed = BTreeSet::new();
    while let Some(name) = open.pop() {
        if closed.insert(name) {
            step(name, &mut open);
        }
    }
    closed
}

fn leads_to(state: &Value, name: &str) -> bool {
    targets(state).iter().any(|(_, target)| *target == name)
}

fn is_end(state: &Value) -> bool {
    let kind = state.get("Type").and_then(Value::as_str);
    state.get("End") == Some(&Value::Bool(true)) || matches!(kind, Some("Succeed" | "Fail"))
}

/// The place and name of each state that this one leads to.
fn targets(state: &Value) -> Vec<(String, &str)> {
    let mut found = Vec::new();
    for name in ["Next", "Default"] {
        let target = state.get(name).and_then(Value::as_str);
        found.extend(target.map(|target| (format!(".{name}"), target)));
    }
    for name in ["Choices", "Catch"] {
        let entries = state.get(name).and_then(Value::as_array);
        for (index, entry) in entries.into_iter().flatten().enumerate() {
            let target = entry.get("Next").and_then(Value::as_str);
            found.extend(target.map(|target| (format!(".{name}[{index}].Next"), target)));
        }
    }
    found
}
