//! AWS Health events, as EventBridge delivers them
//! (docs.aws.amazon.com/health/latest/ug/aws-health-events-eventbridge-schema.html).

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::StepError;
use crate::time::Timestamp;
use crate::trigger::instant::instant;
use crate::trigger::told::{Told, invalid};

/// One event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthEvent {
    /// `AWS Health Event`, or `AWS Health Abuse Event`.
    #[serde(rename = "detail-type")]
    pub detail_type: String,
    /// The account that it was sent to. With an organizational view that is not the affected one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The Region that it was delivered to, which is not the one that is ill.
    pub region: String,
    /// When it was sent.
    pub time: Timestamp,
    /// ARNs of affected resources.
    #[serde(default)]
    pub resources: Vec<String>,
    /// The event.
    pub detail: HealthDetail,
}

/// What AWS Health says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HealthDetail {
    /// Its name.
    pub event_arn: String,
    /// The AWS service, such as `EC2`.
    pub service: String,
    /// Such as `AWS_EC2_OPERATIONAL_ISSUE`.
    pub event_type_code: String,
    /// `issue`, `accountNotification`, `scheduledChange`, `investigation`.
    pub event_type_category: String,
    /// `PUBLIC`: a service in a Region; `ACCOUNT_SPECIFIC`: resources of one account. Older events leave it
    /// out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_scope_code: Option<String>,
    /// The account whose resources are affected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub affected_account: Option<String>,
    /// When it began, such as `Sat, 21 Nov 2026 09:12:00 GMT`.
    pub start_time: String,
    /// When it ended or is expected to end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_time: Option<String>,
    /// `open`, `closed` or `upcoming`; older events leave it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_code: Option<String>,
    /// The Region that is ill.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_region: Option<String>,
    /// Its words, by language.
    #[serde(default)]
    pub event_description: Vec<HealthWords>,
    /// What is affected, of one page of several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub affected_entities: Vec<HealthEntity>,
}

/// The words of a Health event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HealthWords {
    /// Such as `en_US`.
    pub language: String,
    /// The latest words.
    pub latest_description: String,
}

/// One affected resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HealthEntity {
    /// Its id or its ARN.
    pub entity_value: String,
    /// `IMPAIRED`, `UNIMPAIRED` or `UNKNOWN`; plans of a change have others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
}

impl HealthDetail {
    /// When it began.
    pub fn began(&self) -> Option<Timestamp> {
        instant(&self.start_time)
    }

    /// Whether it is over at that instant. The status decides: an event that is open may carry an `endTime`
    /// (AWS's own sample does), which is when it is expected to end, or stale. Only without a status an end
    /// in the past means that it is over.
    pub fn over(&self, at: Timestamp) -> bool {
        match self.status_code.as_deref() {
            Some(status) => status == "closed",
            None => self.end_time.as_deref().and_then(instant).is_some_and(|end| end <= at),
        }
    }

    /// Whether it is about resources of one account, and not about a service in a Region. An event without a
    /// scope is taken for one of an account when it names resources.
    pub fn of_an_account(&self, resources: &[String]) -> bool {
        match self.event_scope_code.as_deref() {
            Some(scope) => scope != "PUBLIC",
            None => !self.affected_entities.is_empty() || !resources.is_empty(),
        }
    }
}

pub(super) fn health(value: &Value) -> Result<Told, StepError> {
    let event: HealthEvent = match serde_json::from_value(value.clone()) {
        Ok(event) => event,
        Err(e) => return invalid(format!("an AWS Health event that cannot be read: {e}")),
    };
    if event.detail.began().is_none() {
        return invalid(format!(
            "an AWS Health event whose startTime `{}` is no instant",
            event.detail.start_time
        ));
    }
    Ok(Told::Health(event))
}
