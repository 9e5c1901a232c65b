//! Rubbish, and what looks almost right.

use super::*;
use proptest::prelude::*;
use serde_json::json;

#[test]
fn rubbish_is_invalid_input_and_never_a_signal() {
    for rubbish in [
        json!(null),
        json!(42),
        json!("leeward"),
        json!([]),
        json!({}),
        json!({"leeward": "dance"}),
        json!({"leeward": "start"}),
        json!({"leeward": "start", "workload": "Orders!", "plan": "p", "mode": "recover", "direction": "to-standby", "reason": "r"}),
        json!({"leeward": "start", "workload": "orders", "plan": "p", "mode": "recover", "direction": "to-standby", "reason": " "}),
        json!({"leeward": "detect", "trigger": {}}),
        json!({"leeward": "detect", "executor": "e", "trigger": {"leeward": "detect", "executor": "e", "trigger": {}}}),
        json!({"Records": [{"s3": {}}]}),
        json!({"Records": [{"Sns": {"Message": "not json"}}]}),
        json!({"source": "aws.ec2", "detail-type": "EC2 Instance State-change Notification"}),
        json!({"source": "aws.cloudwatch", "detail-type": "CloudWatch Alarm State Change", "detail": {}}),
        json!({"alarmData": {"alarmName": "a"}}),
    ] {
        let answer = read(&rubbish);
        assert!(matches!(answer, Err(StepError::InvalidInput(_))), "{rubbish}: {answer:?}");
    }
}

proptest! {
    #[test]
    fn any_text_and_any_object_is_answered_without_a_panic(key in ".*", value in ".*") {
        let _ = read(&json!({ key.clone(): value.clone() }));
        let _ = read(&json!({ "Records": [{ "Sns": { "Message": value } }] }));
    }
}

/// Real events, each of which is understood.
fn real() -> Vec<Value> {
    let files = [
        include_str!("../../../../events/01-schedule.json"),
        include_str!("../../../../events/02-alarm-action.json"),
        include_str!("../../../../events/03-alarm-state-change.json"),
        include_str!("../../../../events/04-composite-alarm.json"),
        include_str!("../../../../events/05-health-check-alarm.json"),
        include_str!("../../../../events/06-alarm-by-sns.json"),
        include_str!("../../../../events/07-health.json"),
        include_str!("../../../../events/08-rds.json"),
        include_str!("../../../../events/09-rds-by-sns.json"),
        include_str!("../../../../events/10-document.json"),
        include_str!("../../../../events/11-document-by-bus.json"),
        include_str!("../../../../events/12-deployment.json"),
        include_str!("../../../../events/13-start.json"),
        include_str!("../../../../events/14-detect.json"),
        include_str!("../../../../events/25-execution-status.json"),
    ];
    files.iter().map(|text| serde_json::from_str(text).unwrap()).collect()
}

/// Paths to everything inside a value.
fn places(value: &Value, path: &str, found: &mut Vec<String>) {
    found.push(path.to_owned());
    match value {
        Value::Object(fields) => {
            for (name, inner) in fields {
                let name = name.replace('~', "~0").replace('/', "~1");
                places(inner, &format!("{path}/{name}"), found);
            }
        }
        Value::Array(items) => {
            for (index, inner) in items.iter().enumerate() {
                places(inner, &format!("{path}/{index}"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn anything() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|n| json!(n)),
        ".{0,40}".prop_map(Value::from),
        Just(json!([])),
        Just(json!({})),
        Just(json!({"leeward": "document"})),
        Just(json!([[[{"Sns": {"Message": "{}"}}]]])),
    ]
}

/// What a reading does to the votes: nothing, unless it was told.
fn votes_of(trigger: &Trigger) -> bool {
    matches!(trigger, Trigger::Told(_))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_damaged_event_is_refused_or_understood_and_never_a_panic(
        which in 0usize..15, wounds in proptest::collection::vec((any::<u32>(), anything()), 1..4)
    ) {
        let mut event = real().swap_remove(which);
        let whole = read(&event).unwrap();
        for (place, with) in wounds {
            let mut all = Vec::new();
            places(&event, "", &mut all);
            let place = &all[place as usize % all.len()];
            if let Some(part) = event.pointer_mut(place) {
                *part = with;
            }
        }
        match read(&event) {
            Err(StepError::InvalidInput(why)) => prop_assert!(!why.is_empty()),
            Err(other) => prop_assert!(false, "{other:?}"),
            // What carried no vote does not become one by damage, and what did stays readable as told.
            Ok(read) => prop_assert!(votes_of(&whole) || !votes_of(&read) , "{read:?}"),
        }
    }

    #[test]
    fn a_truncated_message_is_refused(which in 0usize..2, keep in 0.0f64..1.0) {
        let mut event = real().swap_remove([5, 8][which]);
        let message = event["Records"][0]["Sns"]["Message"].as_str().unwrap().to_owned();
        let at = (message.len() as f64 * keep) as usize;
        event["Records"][0]["Sns"]["Message"] = Value::from(&message[..at]);
        prop_assert!(matches!(read(&event), Err(StepError::InvalidInput(_))));
    }
}

#[test]
fn a_telling_that_says_nothing_or_nonsense_is_refused() {
    let document = |more: Value| {
        let mut all = json!({"leeward": "document", "schema": 1, "workload": "orders",
            "time": "2026-11-21T09:14:10Z", "region": "us-east-1"});
        for (name, value) in more.as_object().unwrap() {
            all[name] = value.clone();
        }
        all
    };
    for (more, words) in [
        (json!({}), "says nothing"),
        (json!({"error_rate": 101.0}), "from 0 to 100"),
        (json!({"availability": -1}), "from 0 to 100"),
        (json!({"error_rate": "62"}), "invalid type"),
        (json!({"error_rate": 1, "errorrate": 2}), "unknown field"),
        (json!({"error_rate": 1, "kind": "weather"}), "unknown variant"),
        (json!({"error_rate": 1, "time": "noon"}), "time"),
        (json!({"error_rate": 1, "schema": 2}), "schema 2"),
        (json!({"error_rate": 1, "workload": "Orders!"}), "no workload name"),
    ] {
        let answer = read(&document(more.clone()));
        let Err(StepError::InvalidInput(why)) = answer else { panic!("{more}: {answer:?}") };
        assert!(why.contains(words), "{more}: {why}");
    }
    assert!(read(&document(json!({"healthy": false, "kind": "data_corruption"}))).is_ok());
    let deployment = json!({"leeward": "deployment", "schema": 1, "workload": "orders",
        "time": "2026-11-21T09:14:10Z", "what": " "});
    assert!(matches!(read(&deployment), Err(StepError::InvalidInput(_))));
}

#[test]
fn a_health_event_or_an_rds_event_without_its_facts_is_refused() {
    for (file, place) in [
        (6, "/detail/startTime"),
        (6, "/detail/service"),
        (6, "/time"),
        (7, "/detail/SourceArn"),
        (7, "/detail/EventID"),
        (7, "/detail"),
    ] {
        let mut event = real().swap_remove(file);
        *event.pointer_mut(place).unwrap() = json!("neither");
        let without = if place == "/detail/service" || place == "/detail/EventID" {
            let (parent, name) = place.rsplit_once('/').unwrap();
            event.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(name);
            event
        } else {
            event
        };
        assert!(matches!(read(&without), Err(StepError::InvalidInput(_))), "{place}");
    }
}
