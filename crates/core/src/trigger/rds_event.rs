//! RDS events, by EventBridge or by RDS's own subscription to SNS.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::StepError;
use crate::time::Timestamp;
use crate::trigger::instant::instant;
use crate::trigger::region_of_arn;
use crate::trigger::told::{Told, invalid};

/// An RDS event, whichever way it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RdsEvent {
    /// Region of the source.
    pub region: String,
    /// Identifier of the instance or cluster.
    pub source: String,
    /// Such as `RDS-EVENT-0031`.
    pub event: String,
    /// Such as `failure`; the shape of SNS has none.
    pub categories: Vec<String>,
    /// Its words.
    pub message: String,
    /// When it happened.
    pub at: Timestamp,
}

/// The fields of an RDS event in EventBridge
/// (docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-cloudwatch-events.sample.html).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RdsDetail {
    /// Such as `failure`.
    #[serde(default)]
    pub event_categories: Vec<String>,
    /// ARN of the source.
    pub source_arn: String,
    /// When it happened.
    pub date: Timestamp,
    /// Its words.
    pub message: String,
    /// Identifier of the source, for clusters with or without the prefix `rds:`.
    pub source_identifier: String,
    /// Such as `RDS-EVENT-0031`.
    #[serde(rename = "EventID")]
    pub event_id: String,
}

/// The message that RDS puts into SNS
/// (docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Events.overview.html).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RdsNotice {
    /// Such as `db-instance`.
    #[serde(rename = "Event Source")]
    pub event_source: String,
    /// Such as `2026-11-21 09:13:02.774`, in UTC.
    #[serde(rename = "Event Time")]
    pub event_time: String,
    /// A link to the console, which names the Region.
    #[serde(rename = "Identifier Link", default, skip_serializing_if = "Option::is_none")]
    pub identifier_link: Option<String>,
    /// Identifier of the source.
    #[serde(rename = "Source ID")]
    pub source_id: String,
    /// ARN of the source; older subscriptions leave it out.
    #[serde(rename = "Source ARN", default, skip_serializing_if = "Option::is_none")]
    pub source_arn: Option<String>,
    /// A link whose last part is the event's id.
    #[serde(rename = "Event ID")]
    pub event_id: String,
    /// Its words.
    #[serde(rename = "Event Message")]
    pub event_message: String,
}

impl RdsNotice {
    /// The Region of its source. `topic` is the topic that it came by: RDS publishes to topics of its own
    /// Region only.
    fn region<'a>(&'a self, topic: Option<&'a str>) -> Option<&'a str> {
        let of_link = |link: &'a str| {
            let after = link.split_once("region=")?.1;
            let end = after.find(|c: char| c != '-' && !c.is_ascii_alphanumeric());
            Some(&after[..end.unwrap_or(after.len())]).filter(|region| !region.is_empty())
        };
        self.source_arn
            .as_deref()
            .and_then(region_of_arn)
            .or_else(|| self.identifier_link.as_deref().and_then(of_link))
            .or_else(|| topic.and_then(region_of_arn))
    }
}

/// The identifier as plans spell it.
fn identifier(source: String) -> String {
    source.strip_prefix("rds:").map(str::to_owned).unwrap_or(source)
}

pub(super) fn rds(value: &Value) -> Result<Told, StepError> {
    let detail = value.get("detail").cloned().unwrap_or_default();
    let detail: RdsDetail = match serde_json::from_value(detail) {
        Ok(detail) => detail,
        Err(e) => return invalid(format!("an RDS event that cannot be read: {e}")),
    };
    let Some(region) = region_of_arn(&detail.source_arn) else {
        return invalid(format!(
            "an RDS event whose source `{}` names no Region",
            detail.source_arn
        ));
    };
    Ok(Told::Rds(RdsEvent {
        region: region.to_owned(),
        source: identifier(detail.source_identifier),
        event: detail.event_id,
        categories: detail.event_categories,
        message: detail.message,
        at: detail.date,
    }))
}

pub(super) fn rds_notice(message: &Value, topic: Option<&str>) -> Result<Told, StepError> {
    let notice: RdsNotice = match serde_json::from_value(message.clone()) {
        Ok(notice) => notice,
        Err(e) => return invalid(format!("an RDS notification that cannot be read: {e}")),
    };
    let Some(region) = notice.region(topic).map(str::to_owned) else {
        return invalid(format!(
            "an RDS notification of {} that names no Region: it has neither `Source ARN` nor `Identifier Link`, and no topic's ARN came with it",
            notice.source_id
        ));
    };
    let time = notice.event_time.replacen(' ', "T", 1);
    let Some(at) = instant(&format!("{}Z", time.trim_end_matches('Z'))) else {
        return invalid(format!("an RDS notification of `{}`, no instant", notice.event_time));
    };
    Ok(Told::Rds(RdsEvent {
        region,
        source: identifier(notice.source_id),
        event: notice.event_id.rsplit('#').next().unwrap_or_default().to_owned(),
        categories: Vec::new(),
        message: notice.event_message,
        at,
    }))
}
