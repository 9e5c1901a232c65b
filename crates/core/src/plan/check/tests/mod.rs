//! Each finding by a plan that has it.

mod engines;
mod names;
mod outside;
mod people;
mod proof;
mod urls;
mod voters;

use serde_json::{Value, json};

use super::{Level, check};
use crate::plan::Plan;
use crate::plan::example::orders;

fn with(changes: &[(&str, Value)]) -> Plan {
    let mut plan = orders();
    for (pointer, value) in changes {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        match plan.pointer_mut(parent).unwrap() {
            Value::Array(items) => items[name.parse::<usize>().unwrap()] = value.clone(),
            Value::Object(object) => drop(object.insert(name.to_owned(), value.clone())),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                panic!("{pointer} holds nothing")
            }
        }
    }
    serde_json::from_value(plan).unwrap()
}

fn of(plan: &Plan, level: Level) -> Vec<(String, String)> {
    let findings = check(plan).into_iter().filter(|f| f.level == level);
    findings.map(|f| (f.path, f.message)).collect()
}

/// Changes to the sound plan, the place of the finding, and a part of its words.
type Example<'a> = (&'a [(&'a str, Value)], &'a str, &'a str);

fn expect(level: Level, examples: &[Example<'_>]) {
    for (changes, path, words) in examples {
        let found = of(&with(changes), level);
        assert!(
            found.iter().any(|(p, m)| p == path && m.contains(words)),
            "{changes:?}: {level} at {path} with {words:?}, but: {found:#?}"
        );
    }
}

#[test]
fn a_sound_plan_has_no_error_and_no_warning() {
    let plan = with(&[]);
    assert_eq!(of(&plan, Level::Error), []);
    assert_eq!(of(&plan, Level::Warning), []);
    let notes = of(&plan, Level::Note);
    assert!(
        notes.iter().any(|(_, m)| m.contains("only as available as table leases")),
        "{notes:?}"
    );
    assert!(notes.iter().any(|(_, m)| m.contains("without asking anyone")), "{notes:?}");
}

#[test]
fn names_regions_and_times() {
    expect(
        Level::Error,
        &[
            (&[("/plan", json!("Orders Plan"))], "plan", "is no name"),
            (&[("/workload", json!("a".repeat(41)))], "workload", "1 to 40"),
            (&[("/responds-to", json!([]))], "responds-to", "nothing would ever start"),
            (&[("/time-limit", json!("0s"))], "time-limit", "late at once"),
            (&[("/regions/standby", json!("us-east-1"))], "regions.standby", "no shelter"),
            (&[("/regions/control", json!("us-east-1"))], "regions.control", "fail with it"),
            (&[("/regions/control", json!("the-moon"))], "regions.control", "is no Region"),
            (&[("/capacity/0/id", json!("WEB"))], "capacity[0].id", "is no name"),
            (
                &[("/validation/checks/2/id", json!("home"))],
                "validation.checks[2].id",
                "two entries",
            ),
        ],
    );
    expect(
        Level::Warning,
        &[
            (
                &[("/regions/control", json!("us-west-2"))],
                "regions.control",
                "to-primary has no authority",
            ),
            (&[("/objectives/rto", json!("2m"))], "objectives.rto", "cannot be met"),
            (
                &[("/objectives/rpo", json!("5s"))],
                "databases[0].max-loss",
                "more than the objective",
            ),
            (&[("/strategy", json!("active-active"))], "strategy", "warm standby"),
        ],
    );
}

#[test]
fn capacity_has_to_be_something() {
    expect(
        Level::Error,
        &[
            (
                &[("/capacity/0/amount", json!({"percent-of-peak": 0, "at-least": 0}))],
                "capacity[0].amount",
                "asks for nothing",
            ),
            (
                &[(
                    "/capacity/0/target-group/standby",
                    json!("arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/a/b"),
                )],
                "capacity[0].target-group.standby",
                "in us-west-2",
            ),
            (
                &[("/capacity", json!([orders()["capacity"][0], orders()["capacity"][0]]))],
                "capacity[1].group",
                "one entry a group",
            ),
        ],
    );
}
