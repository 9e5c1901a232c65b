//! Retry and Catch.

use leeward_asl::Failure;
use serde_json::{Value, json};

use crate::world::{Answer, assert_failed, err, run, status, succeeded};
use crate::{machine, task};

/// A Task with these retriers and catchers, against these answers: what it says and waits.
fn check(retry: Value, catch: Value, answers: &[Answer], output: Option<Value>, log: &[&str]) {
    let mut over = json!({"End": true, "ResultPath": "$.r", "OutputPath": "$.r"});
    for (name, list) in [("Retry", &retry), ("Catch", &catch)] {
        if list != &json!([]) {
            over[name] = list.clone();
        }
    }
    let names: Vec<_> = catch.as_array().expect("a list").iter().map(|one| &one["Next"]).collect();
    let mut states = json!({"A": task(over)});
    for name in names {
        states[name.as_str().expect("a name")] = json!({"Type": "Succeed"});
    }
    let (end, lines) =
        run(&machine(states), json!({"in": 1}), &[("A", answers)], &["call", "wait", "enter"]);
    let short: Vec<_> = (lines.iter().skip(1))
        .map(|line| line.split(" {").next().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(short, log, "{retry} {catch}");
    match output {
        Some(output) => assert_eq!(end, succeeded(output), "{retry} {catch}"),
        None => assert_failed(&end, "X", "why"),
    }
}

#[test]
fn retries_pause_longer_and_longer() {
    let done = json!({"status": "done"});
    let x = err("X");
    check(
        json!([{"ErrorEquals": ["X"]}]),
        json!([]),
        std::slice::from_ref(&x),
        None,
        &[
            "0 call A#1",
            "0 wait A 1",
            "1 call A#2",
            "1 wait A 2",
            "3 call A#3",
            "3 wait A 4",
            "7 call A#4",
        ],
    );
    check(
        json!([{"ErrorEquals": ["X"], "IntervalSeconds": 4, "MaxDelaySeconds": 6, "BackoffRate": 1.25,
                "MaxAttempts": 5}]),
        json!([]),
        &[x.clone(), x.clone(), x.clone(), status("done")],
        Some(done.clone()),
        &[
            "0 call A#1",
            "0 wait A 4",
            "4 call A#2",
            "4 wait A 5",
            "9 call A#3",
            "9 wait A 6",
            "15 call A#4",
        ],
    );
    check(
        json!([{"ErrorEquals": ["X"], "IntervalSeconds": 8, "JitterStrategy": "FULL"}]),
        json!([]),
        &[x.clone(), status("done")],
        Some(done),
        &["0 call A#1", "0 wait A 4", "4 call A#2"],
    );
    check(
        json!([{"ErrorEquals": ["X"], "MaxAttempts": 0}]),
        json!([]),
        std::slice::from_ref(&x),
        None,
        &["0 call A#1"],
    );
    check(json!([{"ErrorEquals": ["Y"]}]), json!([]), &[x], None, &["0 call A#1"]);
}

#[test]
fn each_retrier_counts_for_itself() {
    let retry = json!([
        {"ErrorEquals": ["X", "Z"], "MaxAttempts": 2, "IntervalSeconds": 1, "BackoffRate": 1},
        {"ErrorEquals": ["States.ALL"], "MaxAttempts": 1, "IntervalSeconds": 7}
    ]);
    check(
        retry.clone(),
        json!([]),
        &[err("X"), err("Y"), err("Z"), err("X")],
        None,
        &[
            "0 call A#1",
            "0 wait A 1",
            "1 call A#2",
            "1 wait A 7",
            "8 call A#3",
            "8 wait A 1",
            "9 call A#4",
        ],
    );
    // The first that names the error answers for it, even when it is spent.
    check(
        retry,
        json!([]),
        &[err("X")],
        None,
        &["0 call A#1", "0 wait A 1", "1 call A#2", "1 wait A 1", "2 call A#3"],
    );
}

#[test]
fn a_new_visit_counts_anew() {
    let choice = json!({"Type": "Choice", "Default": "Done", "Choices": [
        {"Variable": "$.status", "StringEquals": "waiting", "Next": "A"}]});
    let a = task(json!({"Next": "Look", "Retry": [{"ErrorEquals": ["X"], "MaxAttempts": 1}]}));
    let definition = machine(json!({"A": a, "Look": choice, "Done": {"Type": "Succeed"}}));
    let answers = [err("X"), status("waiting"), err("X"), status("done")];
    let (end, log) = run(&definition, json!({}), &[("A", &answers)], &["wait"]);
    assert_eq!((end, log.len()), (succeeded(json!({"status": "done"})), 2));
}

#[test]
fn catchers_catch_in_order() {
    let to = |errors: &[&str], next: &str, place: Value| json!({"ErrorEquals": errors, "Next": next, "ResultPath": place});
    let caught = json!({"Error": "X", "Cause": "why"});
    let x = [err("X")];
    for (catch, wanted, next) in [
        (
            json!([to(&["X"], "B", json!("$.e")), to(&["States.ALL"], "C", json!("$"))]),
            json!({"in": 1, "e": caught}),
            "0 enter B",
        ),
        (
            json!([to(&["Y"], "B", json!("$.e")), to(&["States.ALL"], "C", json!("$"))]),
            caught.clone(),
            "0 enter C",
        ),
        (
            json!([
                to(&["States.Timeout"], "B", json!("$")),
                to(&["States.TaskFailed"], "C", json!(null))
            ]),
            json!({"in": 1}),
            "0 enter C",
        ),
        (json!([{"ErrorEquals": ["X"], "Next": "B"}]), caught.clone(), "0 enter B"),
    ] {
        check(json!([]), catch, &x, Some(wanted), &["0 call A#1", next]);
    }
    check(json!([]), json!([to(&["Y"], "B", json!("$"))]), &x, None, &["0 call A#1"]);
    check(
        json!([{"ErrorEquals": ["X"], "MaxAttempts": 1}]),
        json!([to(&["States.ALL"], "B", json!("$.in"))]),
        &x,
        Some(json!({"in": caught})),
        &["0 call A#1", "0 wait A 1", "1 call A#2", "1 enter B"],
    );
}

#[test]
fn a_late_answer_is_a_time_out() {
    let slow = [status("done").after(61), status("done")];
    check(
        json!([{"ErrorEquals": ["States.Timeout"], "MaxAttempts": 1}]),
        json!([]),
        &slow,
        Some(json!({"status": "done"})),
        &["0 call A#1", "60 wait A 1", "61 call A#2"],
    );
    // States.TaskFailed is every error but this one.
    let late = [status("done").after(61)];
    let catch = json!([{"ErrorEquals": ["States.TaskFailed"], "Next": "B"},
                       {"ErrorEquals": ["States.Timeout"], "Next": "C", "ResultPath": null}]);
    check(json!([]), catch, &late, Some(json!({"in": 1})), &["0 call A#1", "60 enter C"]);
}

#[test]
fn a_result_that_does_not_fit_is_an_error_of_its_own() {
    let a = task(json!({"End": true, "ResultPath": "$.in.r", "Catch": [
        {"ErrorEquals": ["States.ResultPathMatchFailure"], "Next": "B", "ResultPath": null}]}));
    let definition = machine(json!({"A": a, "B": {"Type": "Succeed"}}));
    let (end, _) = run(&definition, json!({"in": 1}), &[("A", &[status("done")])], &[]);
    assert_eq!(end, succeeded(json!({"in": 1})));
}

#[test]
fn a_function_error_is_named_by_its_type() {
    let answer = json!({"errorType": "Throttled", "errorMessage": "slow down"});
    let failure = Failure::of_function(&answer);
    assert_eq!(failure.error, "Throttled");
    assert_eq!(serde_json::from_str::<Value>(&failure.cause).expect("JSON"), answer);
    for nameless in [json!({}), json!({"errorType": ""}), json!(null)] {
        assert_eq!(Failure::of_function(&nameless).error, "Lambda.Unknown");
    }
}
