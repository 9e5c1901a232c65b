//! The length of the history: its limit, and the count made beforehand.

use std::collections::{BTreeMap, BTreeSet};

use leeward_asl::{EVENT_LIMIT, Machine, parse};
use serde_json::{Value, json};

use crate::world::{Answer, assert_failed, err, run, status, succeeded};
use crate::{machine, task};

/// Task → Choice → Wait → Task, as every step of a recovery is.
fn polling(work: &str, retry: Value) -> Value {
    let states = json!({
        (work): task(json!({"Next": "Look", "ResultPath": "$.a", "Retry": retry})),
        "Look": {"Type": "Choice", "Default": "Done", "Choices": [
            {"Variable": "$.a.status", "StringEquals": "waiting", "Next": "Rest"}]},
        "Rest": {"Type": "Wait", "Seconds": 1, "Next": work},
        "Done": {"Type": "Succeed"}
    });
    json!({"StartAt": work, "States": states})
}

fn retry(attempts: u64) -> Value {
    json!([{"ErrorEquals": ["X"], "MaxAttempts": attempts}])
}

fn parsed(definition: &Value) -> Machine {
    parse(&definition.to_string()).expect("good")
}

#[test]
fn a_full_history_ends_the_execution() {
    // A poll is 5 + 2 + 2 events; the last visit has no Wait; 2 for Succeed, 2 for the execution.
    let fits = (EVENT_LIMIT - 11) / 9;
    for (polls, good) in [(fits, true), (fits + 1, false)] {
        let mut answers = vec![status("waiting"); usize::try_from(polls).expect("small")];
        answers.push(status("done"));
        let (end, _) = run(&polling("A", retry(1)), json!({}), &[("A", &answers)], &[]);
        if good {
            assert_eq!(end, succeeded(json!({"a": {"status": "done"}})));
        } else {
            assert_failed(&end, "States.Runtime", "maximum number of history events (25000)");
        }
    }
}

#[test]
fn events_are_counted_beforehand() {
    let loop_of = parsed(&polling("A", retry(2)));
    let polls = |count| BTreeMap::from([("Rest", count)]);
    // The loop is counted once more than its polls, the Wait included, on the safe side.
    assert_eq!(loop_of.events(&polls(0)), 2 + 9 + 2);
    assert_eq!(loop_of.events(&polls(10)), 2 + 11 * 9 + 2);
    assert_eq!(loop_of.events(&BTreeMap::new()), loop_of.events(&polls(1)));
    assert_eq!(loop_of.worst_case_events(&polls(10)), 2 + 11 * (9 + 2 * 3) + 2);
    assert_eq!(loop_of.worst_case_events(&polls(u64::MAX / 2)), u64::MAX);
    assert_eq!(loop_of.loops(), [BTreeSet::from(["A", "Look", "Rest"])]);

    let pass = json!({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}});
    let fork = parsed(&machine(json!({
        "A": {"Type": "Parallel", "Next": "Failed", "Retry": retry(1),
              "Branches": [polling("Work", retry(1)), pass]},
        "Failed": {"Type": "Fail"}
    })));
    // Two for the visit, two for the fork, the branches, one for entering Fail, two for the whole.
    assert_eq!(fork.events(&polls(3)), 2 + (2 + 2 + (4 * 9 + 2) + 2) + 1);
    assert_eq!(fork.worst_case_events(&polls(3)), 2 + (2 + 2 * (2 + (4 * 12 + 2) + 2)) + 1);
}

/// The count beforehand is never below what an execution makes: at a limit that the count says is
/// kept, it is kept, whatever is retried.
#[test]
fn the_count_is_an_upper_bound() {
    let definition = polling("A", retry(2));
    let machine = parsed(&definition);
    let polls = (0..).take_while(|polls| {
        machine.worst_case_events(&BTreeMap::from([("Rest", *polls)])) <= EVENT_LIMIT
    });
    let polls = polls.last().expect("one at least");
    let mut answers: Vec<Answer> = Vec::new();
    for _ in 0..polls {
        answers.extend([err("X"), err("X"), status("waiting")]);
    }
    answers.extend([err("X"), err("X"), status("done")]);
    let (end, _) = run(&definition, json!({}), &[("A", &answers)], &[]);
    assert_eq!(end, succeeded(json!({"a": {"status": "done"}})));
}
