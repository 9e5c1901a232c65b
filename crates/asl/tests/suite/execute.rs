//! What each state makes of its input.

use serde_json::{Value, json};

use crate::world::{Answer, assert_failed, ok, output, run, status, succeeded};
use crate::{machine, over_laid, task};

#[test]
fn data_flows_through_a_task() {
    let payload = json!({"FunctionName": "f", "Payload": {
        "schema": 1, "who.$": "$$.Execution.Name", "list": [{"x.$": "$.x"}, null]
    }});
    let sent = r#"0 call A#1 {"list":[{"x":5},null],"schema":1,"who":"orders-g1"}"#;
    let raw = json!({"in": {"x": 5}, "other": true});
    for (over, wanted) in [
        (json!({}), json!({"status": "done"})),
        (json!({"ResultPath": "$.r"}), over_laid(raw.clone(), json!({"r": {"status": "done"}}))),
        (json!({"ResultPath": null}), raw.clone()),
        (
            json!({"ResultPath": "$.in.r", "OutputPath": "$.in"}),
            json!({"x": 5, "r": {"status": "done"}}),
        ),
        (json!({"OutputPath": null}), json!({})),
        (
            json!({"ResultSelector": {"code.$": "$.StatusCode", "n.$": "$$.State.Name", "k": [1]}}),
            json!({"code": 200, "n": "A", "k": [1]}),
        ),
    ] {
        let over =
            over_laid(json!({"InputPath": "$.in", "Parameters": payload, "End": true}), over);
        let (end, log) = run(
            &machine(json!({"A": task(over)})),
            raw.clone(),
            &[("A", &[status("done")])],
            &["call"],
        );
        assert_eq!((end, log), (succeeded(wanted), vec![sent.to_owned()]));
    }
}

#[test]
fn a_lambda_result_is_cut_down_by_the_output_path() {
    let mut a = task(json!({"OutputPath": "$.Payload", "End": true}));
    a.as_object_mut().expect("an object").remove("ResultSelector");
    let (end, _) = run(&machine(json!({"A": a})), json!({}), &[("A", &[ok(json!([7]))])], &[]);
    assert_eq!(end, succeeded(json!([7])));
}

#[test]
fn a_pass_makes_data() {
    for (over, wanted) in [
        (json!({}), json!({"x": {"y": 1}})),
        (json!({"Result": {"z": 2}}), json!({"z": 2})),
        (json!({"Result": 2, "ResultPath": "$.z"}), json!({"x": {"y": 1}, "z": 2})),
        (json!({"InputPath": "$.x"}), json!({"y": 1})),
        (json!({"InputPath": null}), json!({})),
        (
            json!({"InputPath": "$.x", "ResultPath": "$.copy"}),
            json!({"x": {"y": 1}, "copy": {"y": 1}}),
        ),
        (json!({"Parameters": {"v.$": "$.x.y"}}), json!({"v": 1})),
        (json!({"InputPath": "$$.Execution.Input.x"}), json!({"y": 1})),
        (
            json!({"Parameters": {"a.$": "$$.Execution.Id", "b.$": "$$.Execution.StartTime",
                "c.$": "$$.StateMachine.Name", "d.$": "$$.StateMachine.Id"}}),
            json!({"a": "arn:aws:states:eu-west-1:111122223333:execution:recovery:orders-g1",
                "b": "2025-06-01T12:00:00Z", "c": "recovery",
                "d": "arn:aws:states:eu-west-1:111122223333:stateMachine:recovery"}),
        ),
    ] {
        let a = over_laid(json!({"Type": "Pass", "End": true}), over);
        assert_eq!(output(&machine(json!({"A": a})), json!({"x": {"y": 1}})), succeeded(wanted));
    }
}

/// Where a Choice with this one rule goes: its target, its default, or an error.
fn chosen(rule: Value, input: Value) -> Result<bool, String> {
    let rule = over_laid(rule, json!({"Next": "Yes"}));
    let choice = json!({"Type": "Choice", "Choices": [rule], "Default": "No"});
    let say = |word: bool| json!({"Type": "Pass", "Result": word, "End": true});
    let definition = machine(json!({"A": choice, "Yes": say(true), "No": say(false)}));
    match output(&definition, input) {
        leeward_asl::End::Succeeded(word) => Ok(word == json!(true)),
        leeward_asl::End::Failed { error, .. } => Err(error),
    }
}

#[test]
fn a_choice_compares() {
    let with = |name: &str, constant: Value| json!({"Variable": "$.x", (name): constant});
    for (rule, x, wanted) in [
        (with("StringEquals", json!("done")), json!("done"), true),
        (with("StringEquals", json!("done")), json!("Done"), false),
        (with("StringEquals", json!("1")), json!(1), false),
        (with("StringMatches", json!("log-*.txt")), json!("log-1.txt"), true),
        (with("StringMatches", json!("log-*.txt")), json!("log.txt"), false),
        (with("StringMatches", json!("*")), json!(""), true),
        (with("StringMatches", json!("a*a")), json!("a"), false),
        (with("StringMatches", json!("a*b*c")), json!("axxbyyc"), true),
        (with("StringMatches", json!("a\\*b")), json!("a*b"), true),
        (with("StringMatches", json!("a\\*b")), json!("axb"), false),
        (with("StringMatches", json!("plain")), json!("plain"), true),
        (with("NumericEquals", json!(3)), json!(3.0), true),
        (with("NumericEquals", json!(3)), json!("3"), false),
        (with("NumericLessThan", json!(3)), json!(2), true),
        (with("NumericLessThan", json!(3)), json!(3), false),
        (with("NumericLessThanEquals", json!(3)), json!(3), true),
        (with("NumericLessThanEquals", json!(3)), json!(3.5), false),
        (with("NumericGreaterThan", json!(3)), json!(4), true),
        (with("NumericGreaterThan", json!(3)), json!(3), false),
        (with("NumericGreaterThanEquals", json!(3)), json!(3), true),
        (with("NumericGreaterThanEquals", json!(3)), json!(-3), false),
        (with("BooleanEquals", json!(true)), json!(true), true),
        (with("BooleanEquals", json!(false)), json!(null), false),
        (with("IsNull", json!(true)), json!(null), true),
        (with("IsNull", json!(false)), json!(0), true),
        (with("IsPresent", json!(true)), json!(null), true),
        (with("IsPresent", json!(false)), json!(0), false),
        (json!({"Not": with("IsNull", json!(true))}), json!(1), true),
    ] {
        assert_eq!(chosen(rule.clone(), json!({"x": x})), Ok(wanted), "{rule} of {x}");
    }
}

#[test]
fn rules_combine_and_stop_early() {
    let there = json!({"Variable": "$.x", "IsPresent": true});
    let done = json!({"Variable": "$.x", "StringEquals": "done"});
    let absent = json!({"Variable": "$.x", "IsPresent": false});
    for (rule, input, wanted) in [
        (json!({"And": [there, done]}), json!({"x": "done"}), Ok(true)),
        (json!({"And": [there, done]}), json!({}), Ok(false)),
        (json!({"Or": [absent, done]}), json!({}), Ok(true)),
        (json!({"Or": [absent, done]}), json!({"x": "held"}), Ok(false)),
        (done.clone(), json!({}), Err("States.Runtime".to_owned())),
        (json!({"Not": done}), json!({}), Err("States.Runtime".to_owned())),
        (json!({"And": [done, there]}), json!({}), Err("States.Runtime".to_owned())),
        (
            json!({"Variable": "$$.Execution.Name", "StringMatches": "orders-*"}),
            json!({}),
            Ok(true),
        ),
    ] {
        assert_eq!(chosen(rule.clone(), input), wanted, "{rule}");
    }
}

#[test]
fn the_first_rule_that_holds_counts() {
    let rule = |next: &str| json!({"Variable": "$.x", "NumericGreaterThan": 0, "Next": next});
    let say = |word: &str| json!({"Type": "Pass", "Result": word, "End": true});
    let choice = json!({"Type": "Choice", "Choices": [rule("B"), rule("C")], "Default": "C",
                        "InputPath": "$.in", "OutputPath": "$.x"});
    let definition = machine(json!({"A": choice, "B": say("first"), "C": say("second")}));
    let (end, log) = run(&definition, json!({"in": {"x": 1}}), &[], &["enter"]);
    assert_eq!(end, succeeded(json!("first")));
    assert_eq!(log, [r#"0 enter A {"in":{"x":1}}"#, "0 enter B 1"]);
}

#[test]
fn a_wait_waits() {
    let wait = |over| over_laid(json!({"Type": "Wait", "End": true}), over);
    let (end, log) = run(
        &machine(json!({"A": wait(json!({"Seconds": 30}))})),
        json!({}),
        &[],
        &["wait", "exit"],
    );
    assert_eq!(
        (end, log),
        (succeeded(json!({})), vec!["0 wait A 30".into(), "30 exit A {}".into()])
    );
    let found = machine(json!({"A": wait(json!({"SecondsPath": "$.after_seconds"}))}));
    let (_, log) = run(&found, json!({"after_seconds": 5}), &[], &["wait"]);
    assert_eq!(log, ["0 wait A 5"]);
    for bad in [
        json!({}),
        json!({"after_seconds": "5"}),
        json!({"after_seconds": -1}),
        json!({"after_seconds": 1.5}),
        json!({"after_seconds": 100_000_000}),
    ] {
        assert_failed(&output(&found, bad), "States.Runtime", "SecondsPath '$.after_seconds'");
    }
}

#[test]
fn ends() {
    let fail = |fields| machine(json!({"A": over_laid(json!({"Type": "Fail"}), fields)}));
    assert_failed(&output(&fail(json!({"Error": "E", "Cause": "c"})), json!({})), "E", "c");
    assert_failed(&output(&fail(json!({})), json!({})), "", "");
    let found = fail(json!({"ErrorPath": "$.e", "CausePath": "$$.Execution.Name"}));
    assert_failed(&output(&found, json!({"e": "NeedsOperator"})), "NeedsOperator", "orders-g1");
    assert_failed(&output(&found, json!({"e": 5})), "States.Runtime", "'$.e' finds no text");
    let done = machine(json!({"A": {"Type": "Succeed", "InputPath": "$.x", "OutputPath": "$.y"}}));
    assert_eq!(output(&done, json!({"x": {"y": 1}})), succeeded(json!(1)));
}

#[test]
fn a_path_that_finds_nothing_ends_the_execution() {
    let all = json!([{"ErrorEquals": ["States.ALL"], "Next": "B"}]);
    let retry = json!([{"ErrorEquals": ["States.ALL"]}]);
    for over in [
        json!({"InputPath": "$.none"}),
        json!({"Parameters": {"FunctionName": "f", "Payload": {"a.$": "$.none"}}}),
        json!({"ResultSelector": {"a.$": "$.Payload.none"}}),
        json!({"OutputPath": "$.none"}),
    ] {
        let over = over_laid(json!({"Catch": all, "Retry": retry, "Next": "B"}), over);
        let definition = machine(json!({"A": task(over), "B": {"Type": "Succeed"}}));
        let (end, log) = run(&definition, json!({}), &[("A", &[status("done")])], &["wait"]);
        assert_failed(&end, "States.Runtime", "none");
        assert_eq!(log, Vec::<String>::new(), "nothing is tried again");
    }
}

#[test]
fn a_machine_has_a_time_limit() {
    let states = json!({"A": task(json!({"Next": "B"})), "B": {"Type": "Succeed"}});
    let definition = over_laid(machine(states), json!({"TimeoutSeconds": 10}));
    let words = ["answer", "abandoned", "ended", "enter"];
    let slow: &[(&str, &[Answer])] = &[("A", &[status("done").after(15)])];
    let (end, log) = run(&definition, json!({}), slow, &words);
    assert_failed(&end, "States.Timeout", "longer than 10 s");
    assert_eq!(log, ["0 enter A {}", "10 abandoned A", "10 ended", "15 answer A"]);
    let quick: &[(&str, &[Answer])] = &[("A", &[status("done").after(5)])];
    assert_eq!(run(&definition, json!({}), quick, &[]).0, succeeded(json!({"status": "done"})));
}

/// An execution can be spawned on any runtime.
#[test]
fn an_execution_is_send() {
    fn is_send<T: Send>(value: T) -> T {
        value
    }
    let definition = machine(json!({"A": {"Type": "Succeed"}}));
    let machine = leeward_asl::parse(&definition.to_string()).expect("good");
    let (world, execution) = (crate::world::World::new(&[]), crate::world::execution());
    let end = world.drive(is_send(machine.execute(&execution, json!(1), &world)));
    assert_eq!(end, succeeded(json!(1)));
}
