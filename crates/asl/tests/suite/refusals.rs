//! What is refused, where, and why; and that all of it is told at once.

use leeward_asl::parse;
use serde_json::{Value, json};

use crate::{machine, over_laid, task};

/// The definition is refused for exactly these reasons: (place, part of the text).
fn check(json: &str, wanted: &[(&str, &str)]) {
    let problems = parse(json).expect_err(json);
    let fits = problems.len() == wanted.len()
        && problems
            .iter()
            .zip(wanted)
            .all(|(problem, (at, what))| problem.at == *at && problem.what.contains(what));
    assert!(fits, "wanted {wanted:#?}, got {problems:#?} for {json}");
}

/// A machine of the state `A`, good but for what is laid over it, is refused for this reason.
fn state(a: &Value, at: &str, what: &str) {
    let b = json!({"Type": "Succeed"});
    let json = machine(json!({"A": a, "B": b})).to_string();
    check(&json, &[(&format!("$.States.A{at}"), what)]);
}

#[test]
fn fields_of_a_task() {
    for (over, at, what) in [
        (json!({"Assign": {}}), ".Assign", "variables"),
        (json!({"Arguments": {}}), ".Arguments", "JSONata"),
        (json!({"QueryLanguage": "JSONata"}), ".QueryLanguage", "JSONPath"),
        (json!({"HeartbeatSeconds": 5}), ".HeartbeatSeconds", "heartbeats"),
        (json!({"Unheard": 5}), ".Unheard", "unknown here"),
        (json!({"Credentials": {}}), ".Credentials", "own name"),
        (json!({"TimeoutSeconds": 0}), ".TimeoutSeconds", "whole number from 1"),
        (json!({"TimeoutSeconds": "60"}), ".TimeoutSeconds", "whole number from 1"),
        (json!({"Resource": "arn:aws:states:::sns:publish"}), ".Resource", "lambda:invoke"),
        (
            json!({"Resource": "arn:aws:states:::states:startExecution.sync:2"}),
            ".Resource",
            "not in the subset",
        ),
        (
            json!({"Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken"}),
            ".Resource",
            "not in the subset",
        ),
        (json!({"End": true}), "", "either Next or"),
        (json!({"InputPath": "a.b"}), ".InputPath", "must begin with $"),
        (json!({"InputPath": 5}), ".InputPath", "must be a path"),
        (json!({"OutputPath": "$..a"}), ".OutputPath", "reference path"),
        (json!({"OutputPath": "$.a[*]"}), ".OutputPath", "reference path"),
        (json!({"OutputPath": "$.a[0:1]"}), ".OutputPath", "reference path"),
        (json!({"OutputPath": "$.a[-1]"}), ".OutputPath", "reference path"),
        (json!({"OutputPath": "$.a[?(@.b)]"}), ".OutputPath", "reference path"),
        (json!({"OutputPath": "$$.Task.Token"}), ".OutputPath", "context object"),
        (json!({"OutputPath": "$$.Execution.Id.x"}), ".OutputPath", "context object"),
        (json!({"ResultPath": "$.a[0]"}), ".ResultPath", "index"),
        (json!({"ResultPath": "$$.Execution.Input"}), ".ResultPath", "cannot be put"),
        (json!({"ResultPath": 7}), ".ResultPath", "path or null"),
        (json!({"ResultSelector": []}), ".ResultSelector", "must be an object"),
        (json!({"ResultSelector": {"a.$": "$.SdkHttpMetadata"}}), "", "only $.Payload"),
        (
            json!({"ResultSelector": {"a.$": "States.Format('{}', $.Payload)"}}),
            ".ResultSelector.a.$",
            "intrinsic",
        ),
        (json!({"ResultSelector": {"a.$": 5}}), ".ResultSelector.a.$", "must hold a path"),
        (
            json!({"ResultSelector": {"a": 1, "a.$": "$.Payload.a"}}),
            ".ResultSelector",
            "with and without",
        ),
        (
            json!({"Comment": "${Fine}", "ResultSelector": {"a": "${X}"}}),
            ".ResultSelector.a",
            "${…}",
        ),
    ] {
        let good = over_laid(json!({"Next": "B"}), over);
        state(&task(good), at, what);
    }
}

#[test]
fn what_a_task_must_have() {
    for (name, what) in [
        ("TimeoutSeconds", "TimeoutSeconds is missing"),
        ("Resource", "Resource is missing"),
        ("Parameters", "Parameters is missing"),
        ("ResultSelector", "lets the whole"),
        ("Type", "Type is missing"),
    ] {
        let mut a = task(json!({"Next": "B"}));
        a.as_object_mut().expect("an object").remove(name);
        state(&a, "", what);
    }
}

#[test]
fn parameters_of_a_task() {
    for (parameters, at, what) in [
        (json!({"FunctionName": "f"}), "", "Payload is missing"),
        (json!({"Payload": {}}), "", "FunctionName is missing"),
        (json!({"FunctionName": "", "Payload": {}}), ".FunctionName", "not empty"),
        (json!({"FunctionName": "${f", "Payload": {}}), ".FunctionName", "${Name}"),
        (json!({"FunctionName": "${a-b}", "Payload": {}}), ".FunctionName", "${Name}"),
        (
            json!({"FunctionName": "f", "Payload": {}, "InvocationType": "Event"}),
            ".InvocationType",
            "waits for",
        ),
        (json!({"FunctionName": "f", "Payload": {}, "Qualifier": "7"}), ".Qualifier", "alias"),
        (json!({"FunctionName": "f", "Payload": {}, "Payload.$": "$"}), "", "with and without"),
        (
            json!({"FunctionName": "f", "Payload": {"a": [{"b.$": "$.x[*]"}]}}),
            ".Payload.a[0].b.$",
            "reference path",
        ),
    ] {
        let a = task(json!({"Next": "B", "Parameters": parameters}));
        state(&a, &format!(".Parameters{at}"), what);
    }
}

#[test]
fn retriers_and_catchers() {
    for (retry, at, what) in [
        (json!([]), "", "not empty"),
        (json!([{}]), "[0]", "ErrorEquals is missing"),
        (json!([{"ErrorEquals": []}]), "[0].ErrorEquals", "not empty"),
        (json!([{"ErrorEquals": [5]}]), "[0].ErrorEquals[0]", "error's name"),
        (json!([{"ErrorEquals": ["States.ALL", "X"]}]), "[0].ErrorEquals[0]", "alone"),
        (
            json!([{"ErrorEquals": ["States.ALL"]}, {"ErrorEquals": ["X"]}]),
            "[0].ErrorEquals[0]",
            "last entry",
        ),
        (json!([{"ErrorEquals": ["States.Runtime"]}]), "[0].ErrorEquals[0]", "always ends"),
        (json!([{"ErrorEquals": ["States.BranchFailed"]}]), "[0].ErrorEquals[0]", "branch's own"),
        (json!([{"ErrorEquals": ["States.Timout"]}]), "[0].ErrorEquals[0]", "cannot arise"),
        (
            json!([{"ErrorEquals": ["X"]}, {"ErrorEquals": ["X"]}]),
            "[1].ErrorEquals[0]",
            "taken by $.States.A.Retry[0].ErrorEquals[0]",
        ),
        (json!([{"ErrorEquals": ["X"], "IntervalSeconds": 0}]), "[0].IntervalSeconds", "from 1"),
        (json!([{"ErrorEquals": ["X"], "MaxAttempts": -1}]), "[0].MaxAttempts", "from 0"),
        (json!([{"ErrorEquals": ["X"], "BackoffRate": 0.5}]), "[0].BackoffRate", "not below 1"),
        (
            json!([{"ErrorEquals": ["X"], "IntervalSeconds": 5, "MaxDelaySeconds": 5}]),
            "[0]",
            "greater than",
        ),
        (json!([{"ErrorEquals": ["X"], "JitterStrategy": "SOME"}]), "[0]", "FULL or NONE"),
        (json!([{"ErrorEquals": ["X"], "Next": "B"}]), "[0].Next", "unknown here"),
    ] {
        let a = task(json!({"Next": "B", "Retry": retry}));
        state(&a, &format!(".Retry{at}"), what);
    }
    for (catch, at, what) in [
        (json!([{"ErrorEquals": ["X"]}]), "[0]", "Next is missing"),
        (json!([{"ErrorEquals": ["X"], "Next": "B", "Assign": {}}]), "[0].Assign", "variables"),
        (
            json!([{"ErrorEquals": ["States.ALL"], "Next": "B"}, {"ErrorEquals": ["X"], "Next": "B"}]),
            "[0].ErrorEquals[0]",
            "last entry",
        ),
        (json!([{"ErrorEquals": ["X"], "Next": "Nowhere"}]), "[0].Next", "no state \"Nowhere\""),
    ] {
        let a = task(json!({"Next": "B", "Catch": catch}));
        state(&a, &format!(".Catch{at}"), what);
    }
}

#[test]
fn rules_of_a_choice() {
    let next = |rule: Value| over_laid(json!({"Next": "B"}), rule);
    for (rule, at, what) in [
        (next(json!({})), "", "exactly one of And"),
        (next(json!({"Variable": "$.x"})), "", "exactly one comparison"),
        (next(json!({"Variable": "$.x", "IsNull": true, "IsPresent": true})), "", "exactly one"),
        (next(json!({"Not": {"Variable": "$.x", "IsNull": 1}})), ".Not.IsNull", "compared with 1"),
        (next(json!({"Variable": "$.x", "StringEquals": 1})), ".StringEquals", "compared with 1"),
        (next(json!({"And": []})), ".And", "not empty"),
        (
            next(json!({"Or": [{"Variable": "$.x", "IsNull": true, "Next": "B"}]})),
            ".Or[0].Next",
            "unknown here",
        ),
        (json!({"Variable": "$.x", "IsNull": true}), "", "Next is missing"),
        (json!({"Variable": "$.x", "IsNull": true, "Next": "C"}), ".Next", "no state \"C\""),
    ] {
        let a = json!({"Type": "Choice", "Choices": [rule], "Default": "B"});
        state(&a, &format!(".Choices[0]{at}"), what);
    }
    let rule = json!({"Variable": "$.x", "IsNull": true, "Next": "B"});
    state(&json!({"Type": "Choice", "Choices": [rule]}), "", "Default is missing");
    let known = json!({"Variable": "$.x", "IsTimestamp": true, "Next": "B"});
    let choice = json!({"Type": "Choice", "Choices": [known], "Default": "B"});
    check(
        &machine(json!({"A": choice, "B": {"Type": "Succeed"}})).to_string(),
        &[
            ("$.States.A.Choices[0]", "exactly one comparison"),
            ("$.States.A.Choices[0].IsTimestamp", "unknown here"),
        ],
    );
}

#[test]
fn other_states() {
    for (a, at, what) in [
        (json!({"Type": "Map", "Next": "B"}), ".Type", "Map is not in the subset"),
        (json!({"Type": "Wait", "Next": "B"}), "", "either Seconds or SecondsPath"),
        (json!({"Type": "Wait", "Seconds": -1, "Next": "B"}), ".Seconds", "whole number"),
        (
            json!({"Type": "Wait", "Seconds": 1, "SecondsPath": "$.x", "Next": "B"}),
            "",
            "either Seconds or SecondsPath",
        ),
        (
            json!({"Type": "Wait", "Seconds": 1, "TimestampPath": "$.t", "Next": "B"}),
            ".TimestampPath",
            "Seconds or SecondsPath",
        ),
        (json!({"Type": "Pass", "End": true, "Next": "B"}), "", "either Next or"),
        (json!({"Type": "Pass", "Retry": [], "Next": "B"}), ".Retry", "only a Task"),
        (json!({"Type": "Parallel", "Branches": [], "Next": "B"}), ".Branches", "not empty"),
        (
            json!({"Type": "Parallel", "Next": "B", "Branches": [
                {"StartAt": "X", "States": {"X": {"Type": "Pass", "Next": "B"}}}
            ]}),
            ".Branches[0].States.X.Next",
            "no state \"B\"",
        ),
        (
            json!({"Type": "Parallel", "Next": "B", "Branches": [
                {"StartAt": "B", "States": {"B": {"Type": "Succeed"}}}
            ]}),
            // Met first in the branch, the name is then a repetition outside.
            "",
            "",
        ),
    ] {
        if what.is_empty() {
            let json = machine(json!({"A": a, "B": {"Type": "Succeed"}})).to_string();
            check(&json, &[("$.States.B", "another state of the machine has this name")]);
        } else {
            state(&a, at, what);
        }
    }
    for (fail, at, what) in [
        (json!({"Error": "States.Timeout"}), ".Error", "the service's own"),
        (json!({"Error": "X", "ErrorPath": "$.x"}), "", "both Error and ErrorPath"),
        (json!({"Cause": "X", "InputPath": "$"}), ".InputPath", "unknown here"),
    ] {
        let fail = over_laid(json!({"Type": "Fail"}), fail);
        check(&machine(json!({"A": fail})).to_string(), &[(&format!("$.States.A{at}"), what)]);
    }
}

#[test]
fn the_machine_itself() {
    let done = json!({"A": {"Type": "Succeed"}});
    for (over, at, what) in [
        (json!({"StartAt": "Z"}), "$.StartAt", "no state \"Z\""),
        (json!({"States": {}}), "$.States", "not empty"),
        (json!({"Version": "2.0"}), "$.Version", "\"1.0\""),
        (json!({"QueryLanguage": "JSONata"}), "$.QueryLanguage", "JSONPath"),
        (json!({"TimeoutSeconds": 0}), "$.TimeoutSeconds", "whole number"),
        (json!({"Processor": {}}), "$.Processor", "unknown here"),
    ] {
        check(&over_laid(machine(done.clone()), over).to_string(), &[(at, what)]);
    }
    let long = "x".repeat(81);
    let json = json!({"StartAt": long, "States": {(long.clone()): {"Type": "Succeed"}}});
    check(&json.to_string(), &[(&format!("$.States.{long}"), "1 to 80")]);
    check("{", &[("$", "not JSON")]);
    check("{} {}", &[("$", "not JSON")]);
    check("[]", &[("$", "must be an object")]);
    check("{}", &[("$", "StartAt is missing"), ("$", "States is missing")]);
}

#[test]
fn where_states_lead() {
    let done = json!({"Type": "Succeed"});
    check(
        &machine(json!({"A": done, "Lost": done})).to_string(),
        &[("$.States.Lost", "cannot be reached")],
    );
    let ring = json!({
        "A": {"Type": "Choice", "Choices": [{"Variable": "$.x", "IsNull": true, "Next": "End"}],
              "Default": "B"},
        "B": {"Type": "Wait", "Seconds": 1, "Next": "C"},
        "C": {"Type": "Pass", "Next": "B"},
        "End": done
    });
    check(
        &machine(ring).to_string(),
        &[("$.States.B", "leads to no end"), ("$.States.C", "leads to no end")],
    );
}

#[test]
fn a_name_given_twice_is_seen() {
    let json = r#"{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true},
                   "A": {"Type": "Succeed", "Type": "Succeed"}}}"#;
    check(json, &[("$.States.A", "given twice"), ("$.States.A.Type", "given twice")]);
}

#[test]
fn all_problems_are_told_at_once() {
    let bad = task(json!({"TimeoutSeconds": 0, "Assign": {}, "Next": "Nowhere"}));
    let worse = json!({"Type": "Map"});
    check(
        &machine(json!({"A": bad, "B": worse})).to_string(),
        &[
            ("$.States.A.Assign", "variables"),
            ("$.States.A.Next", "no state"),
            ("$.States.A.TimeoutSeconds", "whole number"),
            ("$.States.B.Type", "Map"),
        ],
    );
}

#[test]
fn substitutions_stand_in_function_names_only() {
    let json = machine(json!({"A": {"Type": "Pass", "Result": {"${x}": 1}, "End": true}}));
    check(&json.to_string(), &[("$.States.A.Result", "field's name")]);
    let good = machine(json!({"A": task(json!({"End": true, "Parameters":
        {"FunctionName": "arn:aws:lambda:${Region}:1:function:${Work}:live", "Payload": {}}}))}));
    let machine = parse(&good.to_string()).expect("good");
    assert_eq!(machine.substitutions().into_iter().collect::<Vec<_>>(), ["Region", "Work"]);
    assert_eq!(machine.functions().len(), 1);
}
