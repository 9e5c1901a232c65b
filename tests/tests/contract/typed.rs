//! The events against AWS's own types of them: each is read by its type, written again, and understood as the same.

use aws_lambda_events::event::cloudwatch_alarms::CloudWatchMetricAlarm;
use aws_lambda_events::event::eventbridge::EventBridgeEvent;
use aws_lambda_events::event::sns::{CloudWatchAlarmPayload, SnsEvent, SnsEventObj};
use aws_lambda_events::event::sqs::SqsEvent;
use leeward_core::trigger::{self, Trigger};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::sources::{files, text};

fn event(file: &str) -> Value {
    serde_json::from_str(&text(&format!("events/{file}"))).expect("an event is JSON")
}

/// What a type of AWS's makes of an event, written again.
fn through<T: Serialize + DeserializeOwned>(file: &str) -> Value {
    let typed: T = serde_json::from_value(event(file)).unwrap_or_else(|e| panic!("{file}: {e}"));
    serde_json::to_value(typed).unwrap_or_else(|e| panic!("{file}: {e}"))
}

fn understood(file: &str, event: &Value) -> Trigger {
    trigger::read(event).unwrap_or_else(|e| panic!("{file}: {e}"))
}

#[test]
fn what_aws_sends_is_of_its_own_type_and_means_the_same_when_written_again() {
    let mut seen = [0_u32; 3];
    for file in files("events", ".json") {
        let original = event(&file);
        let again = if original["detail-type"].is_string() {
            seen[0] += 1;
            through::<EventBridgeEvent<Value>>(&file)
        } else if original["Records"][0]["eventSource"] == "aws:sqs" {
            seen[2] += 1;
            through::<SqsEvent>(&file)
        } else if original["Records"].is_array() {
            seen[1] += 1;
            through::<SnsEvent>(&file)
        } else {
            continue;
        };
        assert_eq!(understood(&file, &again), understood(&file, &original), "{file}");
    }
    assert_eq!(seen, [13, 4, 2], "events of the bus, events by SNS, messages of SQS");
    let action = "02-alarm-action.json";
    let again = through::<CloudWatchMetricAlarm>(action);
    assert_eq!(understood(action, &again), understood(action, &event(action)));
    let by_sns = "06-alarm-by-sns.json";
    let again = through::<SnsEventObj<CloudWatchAlarmPayload>>(by_sns);
    assert_eq!(understood(by_sns, &again), understood(by_sns, &event(by_sns)));
}
