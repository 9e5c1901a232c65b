//! Alarms that their owners do not want to be told of.

use leeward_core::ids::Text;
use leeward_core::world::{Question, View};
use leeward_ports::Outside;
use serde_json::{Value, json};

use super::health_replies::{cbor_reply, world};
use super::wire::Reply;
use super::{cbor, clients};

fn alarm() -> Question {
    Question::Alarm { region: "us-west-2".into(), alarm: "canary-west".into() }
}

/// An error by the binary protocol.
fn refused(status: u16, code: &str) -> Reply {
    let body = cbor::encode(&json!({"__type": code, "message": "because"}));
    Reply::new(status, body).with("smithy-protocol", "rpc-v2-cbor")
}

/// What an alarm in that state is muted by, and how many requests it took.
async fn muted(
    fields: Value,
    kind: &str,
    rules: Option<Reply>,
) -> (Result<Option<Text>, String>, usize) {
    let mut told = json!({"AlarmName": "canary-west", "StateValue": "ALARM", "StateReason": "3 of 3",
        "StateUpdatedTimestamp": {"epoch": 1_700_000_060}});
    for (name, value) in fields.as_object().unwrap() {
        told[name] = value.clone();
    }
    let mut replies = vec![cbor_reply(&json!({kind: [told]}))];
    replies.extend(rules);
    let (clients, wire) = clients(replies);
    let seen = world(&clients).look(&alarm()).await;
    let muted = match seen {
        Ok(View::Alarm(Some(view))) => Ok(view.muted),
        Ok(other) => panic!("{other:?}"),
        Err(blind) => Err(blind.to_string()),
    };
    (muted, wire.sent().len())
}

#[tokio::test]
async fn an_alarm_whose_actions_are_disabled_suppressed_or_muted_is_seen_as_muted() {
    let rule = json!({"AlarmMuteRuleSummaries": [{"Status": "ACTIVE", "MuteType": "ONE_TIME",
        "AlarmMuteRuleArn": "arn:aws:cloudwatch:us-west-2:123456789012:alarm-mute-rule:deploying"}]});
    let none = || Some(cbor_reply(&json!({"AlarmMuteRuleSummaries": []})));
    let (metric, composite) = ("MetricAlarms", "CompositeAlarms");
    let off = json!({"ActionsEnabled": false});
    for kind in [metric, composite] {
        let (found, asked) = muted(off.clone(), kind, None).await;
        assert_eq!((found, asked), (Ok(Some("its actions are disabled".into())), 1));
    }
    for by in ["Alarm", "WaitPeriod", "ExtensionPeriod"] {
        let told = json!({"ActionsEnabled": true, "ActionsSuppressor": "deploying",
            "ActionsSuppressedBy": by, "ActionsSuppressedReason": "Actions suppressed"});
        let words = format!("its actions are suppressed ({by}): Actions suppressed");
        assert_eq!(muted(told, composite, None).await, (Ok(Some(words.into())), 1));
    }
    let on = json!({"ActionsEnabled": true});
    let (found, asked) = muted(on.clone(), metric, Some(cbor_reply(&rule))).await;
    assert_eq!((found, asked), (Ok(Some("by the mute rule deploying".into())), 2));
    assert_eq!(muted(on.clone(), metric, none()).await, (Ok(None), 2));
    // Well is well, whoever has muted it: no second question.
    let well = json!({"StateValue": "OK", "ActionsEnabled": true});
    assert_eq!(muted(well, metric, None).await, (Ok(None), 1));
    // A Region without mute rules; and one that does not say.
    let unknown = || Some(refused(400, "UnknownOperationException"));
    assert_eq!(muted(on.clone(), metric, unknown()).await, (Ok(None), 2));
    let (denied, _) = muted(on, metric, Some(refused(403, "AccessDenied"))).await;
    assert!(denied.as_ref().is_err_and(|why| why.contains("AccessDenied")), "{denied:?}");
}
