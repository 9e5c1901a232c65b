//! Executions, topics and callers.

use leeward_core::ids::{Actor, Region};
use leeward_ports::{ExecutionState, Executions, Message, Publisher};
use serde_json::{Value, json};

use super::clients;
use super::wire::{Reply, Wire};
use crate::{SfnExecutions, SnsPublisher, caller};

const MACHINE: &str = "arn:aws:states:eu-west-1:123456789012:stateMachine:leeward";
const EXECUTION: &str = "arn:aws:states:eu-west-1:123456789012:execution:leeward:orders-g1-ab";
const TOPIC: &str = "arn:aws:sns:us-west-2:123456789012:leeward";

fn executions(machine: &str, script: Vec<Reply>) -> (SfnExecutions, Wire) {
    let (clients, wire) = clients(script);
    (SfnExecutions::new(&clients, machine), wire)
}

fn described(status: &str, input: &str) -> Reply {
    let body = json!({"executionArn": EXECUTION, "stateMachineArn": MACHINE, "status": status,
                      "startDate": 1_700_000_000, "input": input});
    Reply::ok(body.to_string())
}

#[tokio::test]
async fn an_execution_is_started_under_its_name() {
    let started =
        Reply::ok(json!({"executionArn": EXECUTION, "startDate": 1_700_000_000}).to_string());
    let alias = format!("{MACHINE}:live");
    let (executions, wire) = executions(&alias, vec![started]);
    executions.start("orders-g1-ab", "{}").await.unwrap();
    let sent = wire.only();
    assert_eq!(sent.signed_for(), "eu-west-1");
    assert_eq!(sent.header("x-amz-target"), Some("AWSStepFunctions.StartExecution"));
    assert_eq!(
        sent.json(),
        json!({"stateMachineArn": alias, "name": "orders-g1-ab", "input": "{}"})
    );
}

#[tokio::test]
async fn an_execution_that_exists_is_ours_only_with_our_input() {
    let exists = || Reply::json_error(400, "ExecutionAlreadyExists");
    let (ours, _) = executions(MACHINE, vec![exists(), described("FAILED", "{}")]);
    ours.start("orders-g1-ab", "{}").await.unwrap();
    let (others, _) = executions(MACHINE, vec![exists(), described("RUNNING", "[]")]);
    let error = others.start("orders-g1-ab", "{}").await.unwrap_err();
    assert!(error.to_string().contains("another input"), "{error}");
}

#[tokio::test]
async fn an_execution_runs_or_has_ended_or_is_unknown() {
    let cases = [
        (described("RUNNING", "{}"), ExecutionState::Running),
        (described("PENDING_REDRIVE", "{}"), ExecutionState::Running),
        (described("SUCCEEDED", "{}"), ExecutionState::Ended),
        (described("TIMED_OUT", "{}"), ExecutionState::Ended),
        (described("ABORTED", "{}"), ExecutionState::Ended),
        (Reply::json_error(400, "ExecutionDoesNotExist"), ExecutionState::Unknown),
    ];
    for (reply, state) in cases {
        for name in ["orders-g1-ab", EXECUTION] {
            let (executions, wire) = executions(&format!("{MACHINE}:live"), vec![reply.clone()]);
            assert_eq!(executions.state(name).await, Ok(state));
            assert_eq!(wire.only().json()["executionArn"], json!(EXECUTION));
        }
    }
}

#[tokio::test]
async fn a_machine_that_is_none_is_not_called() {
    for bad in ["", "leeward", "arn:aws:sns:eu-west-1:123456789012:leeward"] {
        let (executions, wire) = executions(bad, vec![]);
        assert!(executions.start("x", "{}").await.unwrap_err().to_string().contains("no ARN"));
        assert!(executions.state("x").await.is_err());
        assert!(wire.sent().is_empty());
    }
}

fn message() -> Message {
    Message {
        subject: "orders recovered".to_owned(),
        text: "orders is served from us-west-2".to_owned(),
        json: r#"{"workload":"orders"}"#.to_owned(),
        deduplication: "orders/1/9".to_owned(),
    }
}

fn field(body: &str, name: &str) -> Option<String> {
    let pair = body.split('&').find_map(|p| p.strip_prefix(&format!("{name}=")))?;
    let spaced = pair.replace('+', " ");
    let mut parts = spaced.split('%');
    let mut plain = parts.next()?.to_owned();
    for part in parts {
        plain.push(char::from(u8::from_str_radix(part.get(..2)?, 16).ok()?));
        plain.push_str(part.get(2..)?);
    }
    Some(plain)
}

#[tokio::test]
async fn a_topic_is_told_in_its_own_region_in_three_shapes() {
    let published = Reply::ok(
        "<PublishResponse><PublishResult><MessageId>m</MessageId></PublishResult></PublishResponse>",
    );
    let (clients, wire) = clients(vec![published]);
    SnsPublisher::new(&clients, None).topic(TOPIC, &message()).await.unwrap();
    let sent = wire.only();
    assert_eq!(sent.signed_for(), "us-west-2");
    let body = sent.text();
    assert_eq!(field(&body, "Subject").unwrap(), "orders recovered");
    assert_eq!(field(&body, "MessageStructure").unwrap(), "json");
    let shapes: Value = serde_json::from_str(&field(&body, "Message").unwrap()).unwrap();
    assert_eq!(shapes["default"], json!(message().json));
    assert_eq!(shapes["email"], json!(message().text));
    assert_eq!(shapes["sms"], json!(message().subject));
    assert!(body.contains("orders%2F1%2F9"), "{body}");
    assert_eq!(field(&body, "MessageGroupId"), None);
}

#[tokio::test]
async fn a_topic_that_refuses_is_named() {
    let (denied, _) = clients(vec![Reply::xml_error(403, "AuthorizationError")]);
    let error = SnsPublisher::new(&denied, None).topic(TOPIC, &message()).await.unwrap_err();
    assert!(error.to_string().contains(TOPIC) && error.to_string().contains("AuthorizationError"));
    let (clients, wire) = clients(vec![]);
    assert!(SnsPublisher::new(&clients, None).topic("tell", &message()).await.is_err());
    assert!(wire.sent().is_empty());
}

#[tokio::test]
async fn the_caller_is_asked_of_the_regions_own_sts() {
    let told = Reply::ok(
        "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::1:user/ann</Arn>\
         </GetCallerIdentityResult></GetCallerIdentityResponse>",
    );
    let (clients, wire) = clients(vec![told, Reply::xml_error(403, "ExpiredToken")]);
    let region = Region::from("eu-west-1");
    assert_eq!(caller(&clients, &region).await, Ok(Actor::new("arn:aws:iam::1:user/ann")));
    assert!(wire.only().uri.contains("sts.eu-west-1.amazonaws.com"), "{}", wire.only().uri);
    assert!(caller(&clients, &region).await.unwrap_err().contains("ExpiredToken"));
}
