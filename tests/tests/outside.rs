//! What comes from outside as it really comes: events of nobody's, events that cannot be placed, witnesses that
//! contradict each other.

use leeward_core::plan::{ApprovalFor, Plan};
use leeward_core::time::{Span, Timestamp};
use leeward_core::world::AlarmState;
use leeward_tests::rig::{Rig, example};
use serde_json::{Value, json};

const PRIMARY: &str = "us-east-1";

fn orders() -> Plan {
    let mut plan = example("orders");
    plan.policy.approval.wanted_for = ApprovalFor::None;
    plan.detection.maintenance.clear();
    plan
}

fn well(plan: Plan) -> Rig {
    let rig = Rig::new(plan);
    rig.live(Span::minutes(5));
    rig
}

fn event(file: &str) -> Value {
    let path = format!("{}/../events/{file}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(&path).unwrap_or_default()).unwrap_or_default()
}

/// An event of AWS Health, sent now about something that began ten minutes ago.
fn health(rig: &Rig, file: &str, changes: &[(&str, Value)]) -> Value {
    let mut event = event(file);
    let now = rig.clock.now();
    let began = Timestamp::from_second(now.as_second() - 600).unwrap_or_default();
    event["time"] = json!(now.to_string());
    event["detail"]["startTime"] = json!(began.to_string());
    for (place, value) in changes {
        if let Some(part) = event.pointer_mut(place) {
            *part = value.clone();
        }
    }
    event
}

fn told(rig: &Rig) -> Vec<String> {
    rig.publisher.delivered().iter().map(|d| d.message.text.clone()).collect()
}

fn says(rig: &Rig, words: &str) -> bool {
    told(rig).iter().any(|text| text.contains(words))
}

fn alarm(rig: &Rig, region: &str, name: &str, state: AlarmState) {
    rig.world.set_alarm(&region.into(), name, state);
}

#[test]
fn one_degraded_instance_of_nobodys_and_the_regions_own_alarm_move_nothing() {
    for changes in [
        vec![],
        // Another account's, and with an entity of ours by name.
        vec![
            ("/detail/affectedAccount", json!("999999999999")),
            ("/detail/affectedEntities/0/entityValue", json!("orders-web")),
        ],
    ] {
        // Nobody outside sees it well: the event alone would be the witness.
        let mut plan = orders();
        plan.detection.voters.retain(|v| v.id().as_str() != "replica");
        let rig = well(plan);
        for (region, name) in
            [("us-west-2", "orders-canary-west"), ("eu-west-1", "orders-canary-eu")]
        {
            alarm(&rig, region, name, AlarmState::InsufficientData);
        }
        alarm(&rig, PRIMARY, "orders-api-5xx", AlarmState::Alarm);
        let answer = rig.call(&health(&rig, "27-health-one-instance.json", &changes));
        assert_eq!(answer.expect("an answer")["status"], "not-needed", "{changes:?}");
        rig.live(Span::minutes(20));
        assert!(rig.book(1).is_none(), "{changes:?}: {:#?}", told(&rig));
    }
}

#[test]
fn an_issue_is_said_from_when_it_was_heard_and_healthy_witnesses_weigh_against_it() {
    let rig = well(orders());
    alarm(&rig, PRIMARY, "orders-api-5xx", AlarmState::Alarm);
    rig.live(Span::minutes(5));
    rig.call(&health(&rig, "07-health.json", &[])).expect("an answer");
    assert!(rig.book(1).is_none(), "it began ten minutes ago, and was heard just now");
    rig.live(Span::minutes(10));
    assert!(rig.book(1).is_none(), "both canaries and the replica see it well: {:#?}", told(&rig));
    assert!(says(&rig, "of the voters outside 3 say well and 1 say down"), "{:#?}", told(&rig));
    for (region, name) in [("us-west-2", "orders-canary-west"), ("eu-west-1", "orders-canary-eu")] {
        alarm(&rig, region, name, AlarmState::Alarm);
    }
    rig.live(Span::minutes(5));
    assert!(rig.book(1).is_some(), "now three outside say down and one says well");
}

#[test]
fn what_cannot_be_placed_is_answered_once_without_an_error_and_an_order_still_fails() {
    let rig = well(orders());
    let mut nowhere = event("30-rds-by-sns-without-arn.json");
    let message = nowhere["Records"][0]["Sns"]["Message"].as_str().expect("a message");
    let message = message.replace("region=us-east-1", "");
    nowhere["Records"][0]["Sns"]["Message"] = json!(message);
    nowhere["Records"][0]["Sns"]["TopicArn"] = json!("");
    let huge = json!({"Records": [{"Sns": {"Message": "x".repeat(200_000)}}]});
    let document =
        json!({"leeward": "document", "schema": 1, "workload": "\u{1b}[2J".repeat(9000)});
    for lost in [nowhere, huge, document, json!({"s3": {}}), json!([1, 2])] {
        let answer = rig.call(&lost).expect("no error: Lambda would send it three times");
        assert_eq!(answer["status"], "not-understood", "{answer}");
        let reason = answer["reason"].as_str().expect("a reason");
        assert!(reason.len() <= 700 && !reason.contains('\u{1b}'), "{reason}");
    }
    for order in [
        json!({"leeward": "start", "workload": "orders"}),
        json!({"leeward": "step", "step": "fence"}),
        json!({"leeward": "detect", "executor": "e", "trigger": {"Records": []}}),
    ] {
        assert!(rig.call(&order).is_err(), "{order}");
    }
}

#[test]
fn an_order_inside_a_message_of_a_topic_or_queue_orders_nothing() {
    let rig = well(orders());
    let start = event("13-start.json").to_string();
    for wrapped in [
        json!({"Records": [{"Sns": {"Message": start, "TopicArn": "arn:aws:sns:eu-west-1:1:t"}}]}),
        json!({"Records": [{"eventSource": "aws:sqs", "body": start}]}),
    ] {
        assert_eq!(rig.call(&wrapped).expect("an answer")["status"], "not-understood");
        assert!(rig.book(1).is_none());
    }
}

#[test]
fn a_batch_of_a_queue_is_read_record_by_record() {
    let rig = well(orders());
    let document = |voter: &str, rate: f64| {
        let document = json!({"leeward": "document", "schema": 1, "workload": "orders",
            "voter": voter, "time": rig.clock.now().to_string(), "region": PRIMARY,
            "error_rate": rate});
        json!({"eventSource": "aws:sqs", "body": document.to_string()})
    };
    let broken = json!({"eventSource": "aws:sqs", "body": "{"});
    let batch = json!({"Records": [broken, document("apm", 80.0), {"s3": {}}]});
    assert!(rig.call(&batch).is_ok());
    let stored = rig.table.items();
    let vote = stored.iter().find(|i| i.key.sk == "SIG#apm").expect("the one that can be read");
    assert!(vote.body.contains("unhealthy"), "{}", vote.body);
}

#[test]
fn two_documents_with_huge_texts_hold_no_recovery_back() {
    let mut plan = orders();
    let second = json!({"id": "apm-2", "kind": "document", "region": "eu-west-1",
        "error-rate": {"above": 50}});
    plan.detection.voters.push(serde_json::from_value(second).expect("a voter"));
    let rig = well(plan);
    rig.world.set_region(&PRIMARY.into(), leeward_ports::fake::RegionState::Dead);
    for _ in 0..8 {
        for voter in ["apm", "apm-2"] {
            let document = json!({"leeward": "document", "schema": 1, "workload": "orders",
                "voter": voter, "time": rig.clock.now().to_string(), "region": PRIMARY,
                "error_rate": 90, "description": "\"".repeat(115_000),
                "affected_services": vec!["\u{1b}]0;x\u{7}".repeat(50); 400]});
            rig.call(&document).expect("an answer");
        }
        rig.live(Span::minutes(1));
    }
    assert!(rig.book(1).is_some(), "{:#?}", told(&rig));
    let largest = rig.table.items().iter().map(|i| i.body.len()).max().unwrap_or_default();
    assert!(largest < 128 * 1024, "an item of {largest} bytes");
    for text in told(&rig) {
        assert!(!text.contains(['\u{1b}', '\u{7}']), "{text:?}");
    }
}

#[test]
fn an_old_writer_that_aurora_could_not_block_is_told_to_people_and_a_strange_hand_is_a_note() {
    let rig = well(example("catalog"));
    for (file, words) in [
        ("34-rds-writes-not-blocked.json", "OLD SIDE MAY STILL WRITE"),
        ("35-rds-global-failover.json", "is moved by somebody else, not by Leeward"),
    ] {
        for _ in 0..3 {
            rig.call(&event(file)).expect("an answer");
        }
        let times = told(&rig).iter().filter(|text| text.contains(words)).count();
        let receivers = rig.plan.notifications.topics.len() + rig.plan.notifications.webhooks.len();
        assert!((1..=receivers + 1).contains(&times), "{words}: {times}");
    }
    let other =
        event("34-rds-writes-not-blocked.json").to_string().replace("catalog-west", "strange");
    let before = told(&rig).len();
    rig.call(&serde_json::from_str(&other).expect("JSON")).expect("an answer");
    assert_eq!(told(&rig).len(), before, "a cluster of no plan");
}

#[test]
fn alarms_that_are_muted_or_suppressed_move_nothing_and_the_assessment_says_so() {
    let rig = well(orders());
    for (region, name) in [("us-west-2", "orders-canary-west"), ("eu-west-1", "orders-canary-eu")] {
        rig.world.mute_alarm(&region.into(), name, Some("its actions are disabled"));
        alarm(&rig, region, name, AlarmState::Alarm);
    }
    rig.world.break_replication(&"orders-db".into(), true);
    rig.live(Span::minutes(20));
    assert!(rig.book(1).is_none(), "{:#?}", told(&rig));
    let items = rig.table.items();
    let vote = items.iter().find(|i| i.key.sk == "SIG#canary-eu").expect("a vote");
    let said = "muted: its actions are disabled; it would say ALARM";
    assert!(vote.body.contains(said) && vote.body.contains("unknown"), "{}", vote.body);
    rig.world.mute_alarm(&"eu-west-1".into(), "orders-canary-eu", None);
    rig.live(Span::minutes(5));
    assert!(rig.book(1).is_some(), "one canary that speaks and the replica");
}
