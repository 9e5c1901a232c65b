//! Notifications of SNS, and messages of SQS with or without a notification of SNS in them.

use serde_json::Value;

use super::{
    Moved, Trigger, alarm_in, invalid, is_order, rds_event, region_of_arn, short, tell, text,
    understand,
};
use crate::error::StepError;

/// Most records that are read: SQS delivers at most ten to a function without a batching window.
const RECORDS_MAX: usize = 100;

/// Each record's message is that of an alarm, of RDS, or anything else that is read here.
pub(super) fn wrapped(value: &Value) -> Result<Trigger, StepError> {
    let records = value.get("Records").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    match records {
        [] => invalid("records, but none is in them".to_owned()),
        [one] => record(one),
        several => Ok(Trigger::Several(
            several.iter().take(RECORDS_MAX).map(|one| record(one).map_err(short)).collect(),
        )),
    }
}

fn record(record: &Value) -> Result<Trigger, StepError> {
    if let Some(message) = text(record, "/Sns/Message") {
        return message_of(message, text(record, "/Sns/TopicArn"));
    }
    if text(record, "/eventSource") != Some("aws:sqs") {
        return invalid("records that are neither of SNS nor of SQS".to_owned());
    }
    let Some(body) = text(record, "/body") else {
        return invalid("a message of SQS without a body".to_owned());
    };
    let Ok(inner) = serde_json::from_str::<Value>(body) else {
        return invalid("a message of SQS that is no JSON".to_owned());
    };
    // Without raw message delivery SNS puts its whole notification into the body
    // (docs.aws.amazon.com/sns/latest/dg/sns-large-payload-raw-message-delivery.html).
    match (text(&inner, "/Type"), text(&inner, "/Message")) {
        (Some("Notification"), Some(message)) => message_of(message, text(&inner, "/TopicArn")),
        _ => of(&inner, None),
    }
}

fn message_of(message: &str, topic: Option<&str>) -> Result<Trigger, StepError> {
    match serde_json::from_str::<Value>(message) {
        Ok(inner) => of(&inner, topic),
        Err(_) => invalid("an SNS message that is no JSON".to_owned()),
    }
}

/// `topic`: ARN of the topic that it came by.
fn of(inner: &Value, topic: Option<&str>) -> Result<Trigger, StepError> {
    if let Some(alarm) = text(inner, "/AlarmName") {
        // An alarm's actions are in its own Region, its topic too. (`Region` is a name for people.)
        let region = text(inner, "/AlarmArn").or(topic).and_then(region_of_arn);
        let dimensions = inner.pointer("/Trigger/Dimensions").and_then(Value::as_array);
        let of_a_check = |d: &&Value| text(d, "/name") == Some("HealthCheckId");
        let moved = Moved {
            at: text(inner, "/StateChangeTime"),
            health_check: dimensions
                .and_then(|d| d.iter().find(of_a_check))
                .and_then(|d| text(d, "/value")),
        };
        return alarm_in(alarm, region, moved, "SNS");
    }
    if inner.get("Event Source").is_some() {
        return tell(rds_event::rds_notice(inner, topic));
    }
    // One wrapping is enough for anybody; each more is somebody's attempt at depth.
    if inner.get("Records").is_some() {
        return invalid("records inside a message".to_owned());
    }
    // Whoever may publish to a topic may tell of something, and order nothing.
    if is_order(inner) {
        return invalid(
            "an order inside a message: a start is `leeward start`, or the state machine's own input"
                .to_owned(),
        );
    }
    understand(inner)
}
