//! What each voter that is asked makes of what was seen.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;
use crate::plan::Plan;
use crate::plan::example::orders;
use crate::time::{Span, Timestamp};
use crate::world::{Blind, Question, Seen, View};

fn plan(voter: &Value) -> Plan {
    let mut plan = orders();
    plan["detection"]["voters"] = json!([voter]);
    serde_json::from_value(plan).unwrap()
}

fn now() -> Timestamp {
    "2026-11-21T09:14:00Z".parse().unwrap()
}

/// The reading when the voter's questions are answered in order; what has no answer is not answered.
fn reading(voter: &Value, answers: &[Value]) -> Reading {
    let plan = plan(voter);
    let voter = &plan.detection.voters[0];
    let questions = voter_questions(voter, &plan);
    let answer = |index: usize| match answers.get(index) {
        Some(Value::Null) | None => Err(Blind::new("no answer in time")),
        Some(view) => Ok(serde_json::from_value::<View>(view.clone()).unwrap()),
    };
    let seen: Seen =
        questions.into_iter().enumerate().map(|(index, q)| (q, answer(index))).collect();
    read(voter, &plan, &seen, None, now()).unwrap()
}

fn expect(voter: &Value, rows: &[(Vec<Value>, Vote, &str)]) {
    for (answers, vote, words) in rows {
        let reading = reading(voter, answers);
        assert_eq!(reading.vote, *vote, "{answers:?}: {reading:?}");
        assert!(reading.evidence.contains(words), "{answers:?}: {reading:?}");
    }
}

fn alarm(state: &str) -> Value {
    json!({"alarm": {"state": state, "since": "2026-11-21T09:00:00Z", "reason": format!("it is {state}")}})
}

#[test]
fn an_alarm_is_believed_only_while_its_control_is_well() {
    let voter = json!({"id": "v", "alarm": "a", "control-alarm": "c", "region": "us-west-2"});
    expect(
        &voter,
        &[
            (vec![alarm("ALARM"), alarm("OK")], Vote::Unhealthy, "it is ALARM"),
            (vec![alarm("OK"), alarm("OK")], Vote::Healthy, "it is OK"),
            (vec![alarm("INSUFFICIENT_DATA"), alarm("OK")], Vote::Unknown, "INSUFFICIENT"),
            (vec![alarm("ALARM"), alarm("ALARM")], Vote::Unknown, "control probe fails"),
            (vec![alarm("ALARM"), Value::Null], Vote::Unknown, "no answer in time"),
            (vec![Value::Null, alarm("OK")], Vote::Unknown, "no answer in time"),
            (vec![json!({"alarm": null}), alarm("OK")], Vote::Unknown, "does not exist"),
            (vec![json!({"running": null}), alarm("OK")], Vote::Unknown, "something else"),
        ],
    );
    let since = reading(&voter, &[alarm("ALARM"), alarm("OK")]).since;
    assert_eq!(since, Some("2026-11-21T09:00:00Z".parse().unwrap()), "CloudWatch knows since when");
}

fn members(of: &[(&str, &str)]) -> Value {
    let member = |(index, (zone, health)): (usize, &(&str, &str))| json!({"id": format!("i-{index}"), "zone": zone, "health": health, "state": *health});
    json!({"members": {"members": of.iter().enumerate().map(member).collect::<Vec<_>>()}})
}

#[test]
fn more_than_half_unhealthy_is_down_and_half_is_not() {
    let group = json!({"id": "v", "kind": "group", "region": "us-east-1", "group": "web"});
    let (well, ill) = (("a", "healthy"), ("b", "unhealthy"));
    expect(
        &group,
        &[
            (vec![members(&[well, ill])], Vote::Healthy, "1 of 2 are unhealthy"),
            (vec![members(&[well, ill, ill])], Vote::Unhealthy, "2 of 3 are unhealthy"),
            (vec![members(&[well, ("a", "starting"), ("a", "away")])], Vote::Healthy, "0 of 1"),
            (
                vec![members(&[("a", "starting"), ("a", "away")])],
                Vote::Unknown,
                "none of 2 is judged",
            ),
            (vec![members(&[])], Vote::Unknown, "none of 0"),
            (vec![json!({"members": null})], Vote::Unknown, "there is none"),
            (vec![Value::Null], Vote::Unknown, "no answer in time"),
        ],
    );
    let strict = json!({"id": "v", "kind": "instances", "region": "us-east-1", "instances": ["i-0", "i-1"], "more-than": 0});
    expect(&strict, &[(vec![members(&[well, ill])], Vote::Unhealthy, "1 of 2")]);
    let one = reading(&strict, &[members(&[well, ill])]);
    assert_eq!(one.signs.resources, ["i-1".into()].into());
}

#[test]
fn zones_are_told_apart_and_one_zone_can_be_looked_at_alone() {
    let targets = json!({"id": "v", "kind": "targets", "region": "us-east-1", "group": "web",
        "target-group": "arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/a/b"});
    let of = [
        ("a", "unhealthy"),
        ("a", "unhealthy"),
        ("b", "healthy"),
        ("c", "healthy"),
        ("c", "unhealthy"),
    ];
    let without_zones = |zone: &str, health: &str| {
        let mut view = members(&[(zone, health), (zone, health)]);
        for member in view["members"]["members"].as_array_mut().unwrap() {
            member["zone"] = Value::Null;
        }
        view
    };
    let seen = reading(&targets, &[members(&of), Value::Null]);
    assert_eq!(seen.vote, Vote::Unhealthy);
    assert_eq!(seen.signs.zones_down, ["a".into()].into());
    assert_eq!(seen.signs.zones_well, ["b".into()].into(), "of c one half is down: neither");
    // A target group does not tell the zones of its instances; their group does.
    let lent = reading(
        &targets,
        &[without_zones("", "unhealthy"), members(&[("a", "healthy"), ("b", "healthy")])],
    );
    assert_eq!(lent.signs.zones_down, ["a".into(), "b".into()].into());
    let mut zone = targets.clone();
    zone["about"] = json!({"zone": "b"});
    assert_eq!(reading(&zone, &[members(&of), Value::Null]).vote, Vote::Healthy);
}

#[test]
fn a_service_is_down_when_more_than_half_of_its_tasks_are_missing() {
    let voter = json!({"id": "v", "kind": "ecs-service", "region": "us-east-1", "cluster": "c", "service": "s"});
    let view = |desired: u32, running: u32| json!({"service": {"desired": desired, "running": running, "pending": 0, "rollouts": []}});
    expect(
        &voter,
        &[
            (vec![view(4, 2)], Vote::Healthy, "2 of 4 wanted tasks run"),
            (vec![view(4, 1)], Vote::Unhealthy, "1 of 4 wanted tasks run"),
            (vec![view(4, 6)], Vote::Healthy, "6 of 4"),
            (vec![view(0, 0)], Vote::Unknown, "no task is wanted"),
            (vec![json!({"service": null})], Vote::Unknown, "there is none"),
        ],
    );
}

#[test]
fn an_endpoint_that_gives_no_answer_is_down_only_while_the_control_answers() {
    let voter = json!({"id": "v", "kind": "endpoint", "region": "eu-west-1", "url": "https://o/", "within": "2s",
        "control-url": "https://c/"});
    let http = |status: u16, took: &str| json!({"http": {"status": status, "marker": null, "body": "", "took": took}});
    expect(
        &voter,
        &[
            (vec![http(200, "1s"), http(200, "1s")], Vote::Healthy, "answers 200 in 1000 ms"),
            (vec![http(503, "1s"), Value::Null], Vote::Unhealthy, "not 200"),
            (vec![http(200, "3s"), Value::Null], Vote::Unhealthy, "later than 2s"),
            (vec![Value::Null, http(500, "1s")], Vote::Unhealthy, "while https://c/ answers"),
            (vec![Value::Null, Value::Null], Vote::Unknown, "gives no answer either"),
        ],
    );
    let alone = json!({"id": "v", "kind": "endpoint", "region": "eu-west-1", "url": "https://o/"});
    expect(&alone, &[(vec![Value::Null], Vote::Unknown, "may be the detector's own")]);
}

#[test]
fn a_health_check_of_any_type_says_what_its_metric_says() {
    let voter = json!({"id": "v", "kind": "health-check", "health-check": "h"});
    let status = |at: &str, value: f64| json!({"series": {"samples": [[at, value]]}});
    let fresh = "2026-11-21T09:12:00Z";
    expect(
        &voter,
        &[
            (vec![status(fresh, 1.0)], Vote::Healthy, "health check h: "),
            (vec![status(fresh, 0.0)], Vote::Unhealthy, "is 0, below 1"),
            (vec![status("2026-11-21T09:02:00Z", 1.0)], Vote::Unknown, "old"),
            (vec![json!({"series": {"samples": []}})], Vote::Unknown, "no datum"),
            (vec![Value::Null], Vote::Unknown, "no answer in time"),
        ],
    );
    let plan = plan(&voter);
    assert_eq!(plan.detection.voters[0].region().as_str(), "us-east-1");
    let asked = voter_questions(&plan.detection.voters[0], &plan);
    let home = |q: &Question| matches!(q, Question::Series { region, .. } if region.as_str() == "us-east-1");
    assert!(
        asked.len() == 1 && home(&asked[0]),
        "Route 53 puts its metrics there alone: {asked:?}"
    );
}

#[test]
fn a_muted_alarm_says_nothing_whatever_its_state_is() {
    let voter = json!({"id": "v", "alarm": "w", "region": "us-west-2", "control-alarm": "sees"});
    let alarm = |state: &str, muted: Value| {
        json!({"alarm": {"state": state, "since": "2026-11-21T09:00:00Z",
            "reason": "it is", "muted": muted}})
    };
    let why = json!("its actions are disabled");
    expect(
        &voter,
        &[
            (
                vec![alarm("ALARM", why.clone()), alarm("OK", Value::Null)],
                Vote::Unknown,
                "muted: its actions are disabled; it would say ALARM",
            ),
            (
                vec![alarm("OK", why.clone()), alarm("OK", Value::Null)],
                Vote::Unknown,
                "it would say OK",
            ),
            // A control probe only proves that the voter sees: nobody has to be told of it.
            (vec![alarm("ALARM", Value::Null), alarm("OK", why)], Vote::Unhealthy, "it is"),
        ],
    );
}

#[test]
fn a_replica_says_whether_its_source_is_there() {
    let voter =
        json!({"id": "v", "kind": "replication", "database": "orders-db", "region": "us-west-2"});
    let rds = |link: Value| {
        json!({"rds": {"status": "available", "replica_source": "orders", "replica-source": "orders", "engine": "postgres",
            "zone": null, "multi-az": false, "replication": link}})
    };
    let link = |normal: bool, status: &str| json!({"normal": normal, "status": status, "message": "words"});
    expect(
        &voter,
        &[
            (vec![rds(link(true, "replicating"))], Vote::Healthy, "replicating"),
            (vec![rds(link(false, "error"))], Vote::Unhealthy, "error words"),
            (vec![rds(Value::Null)], Vote::Unknown, "no replica"),
            (vec![json!({"rds": null})], Vote::Unknown, "does not exist"),
        ],
    );
    let questions = voter_questions(&plan(&voter).detection.voters[0], &plan(&voter));
    assert_eq!(
        questions,
        [Question::Rds { region: "us-west-2".into(), instance: "orders-west".into() }]
    );
}

#[test]
fn a_metric_is_judged_by_threshold_and_past_and_an_old_datum_says_nothing() {
    let voter = json!({"id": "v", "kind": "metric", "region": "us-east-1", "namespace": "AWS/EC2",
        "metric": "CPUUtilization", "statistic": "Average", "threshold": {"above": 90}});
    let series = |at: &str, value: f64| json!({"series": {"samples": [[at, value]]}});
    let fresh = "2026-11-21T09:12:00Z";
    expect(
        &voter,
        &[
            (vec![series(fresh, 91.0)], Vote::Unhealthy, "above 90"),
            (vec![series(fresh, 90.0)], Vote::Healthy, "is 90"),
            (vec![series("2026-11-21T09:07:00Z", 99.0)], Vote::Unknown, "old"),
            (vec![json!({"series": {"samples": []}})], Vote::Unknown, "no datum"),
            (vec![Value::Null], Vote::Unknown, "no answer in time"),
        ],
    );
    let mut by_past = voter.clone();
    by_past.as_object_mut().unwrap().remove("threshold");
    by_past["deviation"] = json!({"times": 5, "at-least": 2});
    expect(&by_past, &[(vec![series(fresh, 99.0)], Vote::Unknown, "its past has not been seen")]);

    let plan = plan(&by_past);
    let voter = &plan.detection.voters[0];
    let past = baseline_questions(voter);
    assert_eq!(past.len(), 14, "two weeks, a day each");
    let mut seen: BTreeMap<Question, Result<View, Blind>> = BTreeMap::new();
    for (day, question) in past.into_iter().enumerate() {
        let value = 10.0 + f64::from(u32::try_from(day).unwrap() % 3);
        let view = serde_json::from_value(
            json!({"series": {"samples": [[fresh, value], [fresh, value]]}}),
        );
        seen.insert(question, Ok(view.unwrap()));
    }
    let seen: Seen = seen.into_iter().collect();
    let known = baseline(voter, &seen, now()).unwrap();
    assert_eq!((known.median, known.mad, known.samples), (11.0, 1.0, 14));
    let judged = |value: f64| {
        let question = voter_questions(voter, &plan).remove(0);
        let view: View = serde_json::from_value(series(fresh, value)).unwrap();
        let seen: Seen = [(question, Ok(view))].into_iter().collect();
        read(voter, &plan, &seen, Some(&known), now()).unwrap().vote
    };
    assert_eq!(judged(18.0), Vote::Healthy);
    assert_eq!(judged(18.5), Vote::Unhealthy, "5 · 1.4826 · 1 from 11");
    assert!(baseline(voter, &Seen::default(), now()).is_none(), "what was not answered is no past");
    assert!(BASELINE_AGE < BASELINE_LAST && BASELINE_LAST < Span::minutes(24 * 60));
}
