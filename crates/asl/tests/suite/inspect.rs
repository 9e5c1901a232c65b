//! What a definition answers when asked, as the contract tests do.

use std::collections::BTreeSet;

use leeward_asl::{Kind, parse};
use serde_json::json;

use crate::{machine, task};

/// What a definition holds, as contract tests ask for it.
#[test]
fn a_definition_can_be_asked() {
    let branch = json!({"StartAt": "Inner", "States": {"Inner": task(json!({"End": true,
        "Parameters": {"FunctionName": "${Restore}", "Payload": {"step": "capacity"}}}))}});
    let definition = machine(json!({
        "A": task(json!({"Next": "Fork",
            "Retry": [{"ErrorEquals": ["Throttled"]}, {"ErrorEquals": ["States.ALL"]}],
            "Catch": [{"ErrorEquals": ["Refused"], "Next": "Held"}]})),
        "Fork": {"Type": "Parallel", "Branches": [branch], "Next": "Done"},
        "Done": {"Type": "Succeed"},
        "Held": {"Type": "Fail", "Error": "NeedsOperator"}
    }));
    let machine = parse(&definition.to_string()).expect("good");
    let names = |set: BTreeSet<&str>| set.into_iter().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(names(machine.functions()), ["${Restore}", "${Work}"]);
    assert_eq!(names(machine.substitutions()), ["Restore", "Work"]);
    assert_eq!(names(machine.retried_errors()), ["States.ALL", "Throttled"]);
    assert_eq!(names(machine.caught_errors()), ["Refused"]);
    assert_eq!(names(machine.raised_errors()), ["NeedsOperator"]);
    assert_eq!(
        names(machine.all_errors()),
        ["NeedsOperator", "Refused", "States.ALL", "Throttled"]
    );
    let all: Vec<_> = machine.states().iter().map(|state| state.name.clone()).collect();
    assert_eq!(all, ["A", "Done", "Fork", "Inner", "Held"]);
    let ends: Vec<_> = machine.terminals().iter().map(|state| state.name.clone()).collect();
    assert_eq!(ends, ["Done", "Inner", "Held"]);
    let (state, inner) = machine.tasks().pop().expect("a task");
    assert_eq!((state.name.as_str(), inner.timeout.as_secs()), ("Inner", 60));
    assert!(matches!(machine.state("Fork").map(|state| &state.kind), Some(Kind::Parallel(_))));
    assert!(machine.state("None").is_none());
    assert!(machine.loops().is_empty());
}
