//! Parallel: side by side, failing fast, and never tearing a call out of the world.

use serde_json::{Value, json};

use crate::world::{Answer, assert_failed, err, run, status, succeeded};
use crate::{machine, over_laid, task};

/// A Parallel of single Tasks, then `B`.
fn fork(names: &[&str], over: Value) -> Value {
    let branches: Vec<_> = (names.iter())
        .map(|name| json!({"StartAt": name, "States": {(*name): task(json!({"End": true}))}}))
        .collect();
    let a = over_laid(json!({"Type": "Parallel", "Branches": branches, "Next": "B"}), over);
    machine(json!({"A": a, "B": {"Type": "Succeed"}}))
}

#[test]
fn results_stand_in_the_order_of_the_branches() {
    let script: &[(&str, &[Answer])] =
        &[("Fence", &[status("done").after(9)]), ("Capacity", &[status("held").after(2)])];
    let both = json!([{"status": "done"}, {"status": "held"}]);
    for (over, wanted) in [
        (json!({}), both.clone()),
        (json!({"ResultPath": "$.both"}), json!({"x": 1, "both": both})),
        (
            json!({"ResultSelector": {"fence.$": "$[0].status", "capacity.$": "$[1].status"}}),
            json!({"fence": "done", "capacity": "held"}),
        ),
        (json!({"OutputPath": "$[1]"}), json!({"status": "held"})),
    ] {
        let definition = fork(&["Fence", "Capacity"], over);
        let (end, log) = run(&definition, json!({"x": 1}), script, &["call", "answer"]);
        assert_eq!(end, succeeded(wanted));
        assert_eq!(
            log,
            [
                r#"0 call Fence#1 {"x":1}"#,
                r#"0 call Capacity#1 {"x":1}"#,
                "2 answer Capacity",
                "9 answer Fence"
            ]
        );
    }
    let parameters = json!({"Parameters": {"y.$": "$.x"}});
    let (_, log) = run(&fork(&["Fence"], parameters), json!({"x": 1}), script, &["call"]);
    assert_eq!(log, [r#"0 call Fence#1 {"y":1}"#]);
}

#[test]
fn the_first_failed_branch_fails_it_and_the_other_call_goes_on() {
    let script: &[(&str, &[Answer])] =
        &[("Fence", &[err("X").after(2)]), ("Capacity", &[status("done").after(9)])];
    let catch = json!({"Catch": [{"ErrorEquals": ["X"], "Next": "B", "ResultPath": "$.e"}]});
    let words = ["enter", "exit", "answer", "abandoned", "ended"];
    let (end, log) = run(&fork(&["Fence", "Capacity"], catch), json!({}), script, &words);
    assert_eq!(end, succeeded(json!({"e": {"Error": "X", "Cause": "why"}})));
    assert_eq!(
        log,
        [
            "0 enter A {}",
            "0 enter Fence {}",
            "0 enter Capacity {}",
            "2 answer Fence",
            "2 abandoned Capacity",
            r#"2 exit A {"e":{"Cause":"why","Error":"X"}}"#,
            r#"2 enter B {"e":{"Cause":"why","Error":"X"}}"#,
            r#"2 exit B {"e":{"Cause":"why","Error":"X"}}"#,
            "2 ended",
            "9 answer Capacity",
        ]
    );
    let (end, _) = run(&fork(&["Fence", "Capacity"], json!({})), json!({}), script, &[]);
    assert_failed(&end, "X", "why");
}

#[test]
fn an_abandoned_call_is_driven_beside_what_follows_and_never_retried() {
    let mut definition = fork(
        &["Fence", "Capacity"],
        json!({"Next": "Rest", "Catch": [
        {"ErrorEquals": ["States.ALL"], "Next": "Rest"}]}),
    );
    definition["States"]["Rest"] = json!({"Type": "Wait", "Seconds": 20, "Next": "B"});
    let capacity = "/States/A/Branches/1/States/Capacity";
    definition.pointer_mut(capacity).expect("a state")["Retry"] =
        json!([{"ErrorEquals": ["States.ALL"]}]);
    let script: &[(&str, &[Answer])] =
        &[("Fence", &[err("X").after(2)]), ("Capacity", &[err("Y").after(9)])];
    let words = ["call", "wait", "answer", "ended"];
    let (_, log) = run(&definition, json!({}), script, &words);
    assert_eq!(
        log,
        [
            "0 call Fence#1 {}",
            "0 call Capacity#1 {}",
            "2 answer Fence",
            "2 wait Rest 20",
            "9 answer Capacity",
            "22 ended"
        ]
    );
}

#[test]
fn a_retry_runs_every_branch_again() {
    let script: &[(&str, &[Answer])] =
        &[("Fence", &[err("X"), status("done")]), ("Capacity", &[status("done")])];
    let retry = json!({"Retry": [{"ErrorEquals": ["X"], "IntervalSeconds": 3}]});
    let (end, log) = run(&fork(&["Capacity", "Fence"], retry), json!({}), script, &["call"]);
    assert_eq!(end, succeeded(json!([{"status": "done"}, {"status": "done"}])));
    assert_eq!(
        log,
        ["0 call Capacity#1 {}", "0 call Fence#1 {}", "3 call Capacity#1 {}", "3 call Fence#1 {}"]
    );
}

#[test]
fn a_waiting_branch_just_stops() {
    let wait = json!({"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 50, "Next": "Late"},
                      "Late": task(json!({"End": true}))}});
    let stop = json!({"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "E"}}});
    let a = json!({"Type": "Parallel", "Branches": [wait, stop], "End": true});
    let (end, log) =
        run(&machine(json!({"A": a})), json!({}), &[], &["call", "abandoned", "ended"]);
    assert_failed(&end, "E", "");
    assert_eq!(log, ["0 ended"]);
}

#[test]
fn nothing_catches_a_runtime_error_of_a_branch() {
    let bad = json!({"StartAt": "P", "States": {"P": {"Type": "Pass", "InputPath": "$.none",
                     "End": true}}});
    let a = json!({"Type": "Parallel", "Branches": [bad], "Next": "B", "Catch": [
        {"ErrorEquals": ["States.ALL"], "Next": "B"}]});
    let definition = machine(json!({"A": a, "B": {"Type": "Succeed"}}));
    assert_failed(&run(&definition, json!({}), &[], &[]).0, "States.Runtime", "state 'P'");
}

#[test]
fn branches_nest() {
    let inner = over_laid(
        fork(&["Deep"], json!({"End": true}))["States"]["A"].clone(),
        json!({"ResultSelector": {"deep.$": "$[0]"}}),
    );
    let mut inner = inner;
    inner.as_object_mut().expect("an object").remove("Next");
    let a = json!({"Type": "Parallel", "End": true,
                   "Branches": [{"StartAt": "In", "States": {"In": inner}}]});
    let (end, _) = run(&machine(json!({"A": a})), json!({}), &[("Deep", &[status("done")])], &[]);
    assert_eq!(end, succeeded(json!([{"deep": {"status": "done"}}])));
}
