//! Who may order: what is told is evidence, and the state machine's input says in whose name only as it claims.

use leeward_core::journal::Trigger;
use leeward_detector::Detector;
use leeward_ports::fake::block_on;
use leeward_tests::rig::Rig;
use serde_json::{Value, json};

const CEO: &str = "arn:aws:sts::123456789012:assumed-role/on-call/ceo";

fn start() -> Value {
    json!({
        "leeward": "start", "workload": "orders", "plan": "orders-region", "mode": "recover",
        "direction": "to-standby", "reason": "mine", "operator": CEO,
    })
}

fn word() -> Value {
    json!({"leeward": "word", "schema": 1, "said": {"word": "stop"}, "proof": {}})
}

/// Every way in which somebody who may only raise an alarm can wrap an order.
fn wrapped(order: &Value) -> Vec<Value> {
    let text = order.to_string();
    let notification = json!({"Type": "Notification", "TopicArn": "arn:aws:sns:eu-west-1:1:leeward-signals", "Message": text});
    vec![
        json!({"Records": [{"EventSource": "aws:sns", "Sns": {"Message": text}}]}),
        json!({"Records": [{"eventSource": "aws:sqs", "body": text}]}),
        json!({"Records": [{"eventSource": "aws:sqs", "body": notification.to_string()}]}),
        json!({"source": "somebody", "detail-type": "Leeward Document", "detail": order}),
        json!({"source": "somebody", "detail-type": "Leeward Deployment", "detail": order}),
        json!({"source": "somebody", "detail-type": "Scheduled Event", "detail": order}),
        json!({"alarmData": order, "region": "eu-west-1"}),
    ]
}

#[test]
fn an_order_inside_evidence_orders_nothing_and_is_not_sent_again() {
    let detect = json!({"leeward": "detect", "schema": 1, "executor": "x", "trigger": start()});
    let step = json!({"leeward": "step", "schema": 1, "workload": "orders", "generation": 1, "step": "commit", "executor": "x"});
    let rig = Rig::well("orders");
    for order in [start(), detect, step, word()] {
        for event in wrapped(&order) {
            let answer = rig.call(&event);
            let status = answer.as_ref().map(|a| a["status"].clone());
            assert_eq!(status, Ok(json!("not-understood")), "{event}: {answer:?}");
        }
    }
    assert!(rig.book(1).is_none(), "{}", rig.told());
}

#[test]
fn the_listener_takes_no_order_of_whatever_shape_and_refuses_it_once() {
    let rig = Rig::well("orders");
    let listener = Detector { orders: false, ..rig.detector.clone() };
    let detect = json!({"leeward": "detect", "schema": 1, "executor": "x", "trigger": start()});
    let step = json!({"leeward": "step", "schema": 1, "workload": "orders", "generation": 1, "step": "commit", "executor": "x"});
    for order in [start(), detect, step, word()] {
        let answer = block_on(&rig.clock, leeward_detector::handle(&listener, &order)).unwrap();
        // An error would have Lambda send it three times, and keep it as a dead letter.
        assert_eq!(answer.as_ref().map(|a| &a["status"]), Ok(&json!("refused")), "{answer:?}");
    }
    assert!(rig.book(1).is_none(), "{}", rig.told());
    let document = json!({"leeward": "document", "voter": "apm", "healthy": true});
    assert!(block_on(&rig.clock, leeward_detector::handle(&listener, &document)).unwrap().is_ok());
}

#[test]
fn in_whose_name_an_execution_was_started_is_recorded_as_claimed() {
    let rig = Rig::well("orders");
    let answer = rig.call(&start()).unwrap();
    assert_eq!(answer["status"], "go", "{answer}");
    let decision = rig.book(1).unwrap().state.decision.clone();
    let Trigger::Operator { operator, .. } = &decision.trigger else {
        unreachable!("{decision:?}")
    };
    assert_eq!(*operator, format!("{CEO} (as claimed)"));
}
