//! What others tell: AWS Health, RDS, monitoring systems, deployments. Each is read whole or refused.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::contract::SCHEMA;
use crate::error::StepError;
use crate::ids::WorkloadId;
use crate::plan::{ImpairmentKind, Severity};
use crate::time::Timestamp;

/// Something told once, by whom it concerns.
#[derive(Debug, Clone, PartialEq)]
pub enum Told {
    /// An AWS Health event.
    Health(HealthEvent),
    /// An RDS event.
    Rds(RdsEvent),
    /// A monitoring document.
    Document(Document),
    /// A deployment.
    Deployment(Deployment),
}

/// An AWS Health event as EventBridge delivers it
/// (docs.aws.amazon.com/health/latest/ug/aws-health-events-eventbridge-schema.html).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthEvent {
    /// `AWS Health Event`, or `AWS Health Abuse Event`.
    #[serde(rename = "detail-type")]
    pub detail_type: String,
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
    /// When it began, such as `Sat, 21 Nov 2026 09:12:00 GMT`.
    pub start_time: String,
    /// When it ended, if it has.
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

impl HealthDetail {
    /// When it began; the dates are those of RFC 2822.
    pub fn began(&self) -> Option<Timestamp> {
        instant(&self.start_time)
    }
}

/// An instant as AWS writes it: ISO 8601 or RFC 2822.
fn instant(text: &str) -> Option<Timestamp> {
    let zoned = || jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok();
    text.parse().ok().or_else(zoned)
}

/// An RDS event, by EventBridge or SNS.
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
    /// Identifier of the source.
    pub source_identifier: String,
    /// Such as `RDS-EVENT-0031`.
    #[serde(rename = "EventID")]
    pub event_id: String,
}

/// The message that RDS puts into SNS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RdsNotice {
    /// Such as `db-instance`.
    #[serde(rename = "Event Source")]
    pub event_source: String,
    /// Such as `2026-11-21 09:13:02.774`, in UTC.
    #[serde(rename = "Event Time")]
    pub event_time: String,
    /// Identifier of the source.
    #[serde(rename = "Source ID")]
    pub source_id: String,
    /// ARN of the source.
    #[serde(rename = "Source ARN")]
    pub source_arn: String,
    /// A link whose last part is the event's id.
    #[serde(rename = "Event ID")]
    pub event_id: String,
    /// Its words.
    #[serde(rename = "Event Message")]
    pub event_message: String,
}

/// Monitoring data of one workload.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// Always `document`.
    pub leeward: DocumentMark,
    /// Always 1.
    pub schema: u32,
    /// The workload.
    pub workload: WorkloadId,
    /// The voter that speaks; every document voter of the workload when it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voter: Option<String>,
    /// When it was measured.
    pub time: Timestamp,
    /// The Region that was measured.
    pub region: String,
    /// Failed requests in percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_rate: Option<f64>,
    /// Availability in percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub availability: Option<f64>,
    /// Response time in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_time: Option<f64>,
    /// Services that are not well.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub affected_services: Vec<String>,
    /// The other system's own verdict, such as that of an integrity check.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub healthy: Option<bool>,
    /// What the other system calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<ImpairmentKind>,
    /// How bad the other system calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// In words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Whatever else was measured: kept on record, not judged.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metrics: BTreeMap<String, f64>,
}

/// The word `document`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "one word")]
pub enum DocumentMark {
    Document,
}

/// A deployment of one workload, told by whoever deploys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deployment {
    /// Always `deployment`.
    pub leeward: DeploymentMark,
    /// Always 1.
    pub schema: u32,
    /// The workload.
    pub workload: WorkloadId,
    /// When it began.
    pub time: Timestamp,
    /// What was deployed.
    pub what: String,
    /// By whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// The word `deployment`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "one word")]
pub enum DeploymentMark {
    Deployment,
}

fn invalid<T>(what: impl Into<String>) -> Result<T, StepError> {
    Err(StepError::InvalidInput(what.into()))
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
        source: detail.source_identifier,
        event: detail.event_id,
        categories: detail.event_categories,
        message: detail.message,
        at: detail.date,
    }))
}

pub(super) fn rds_notice(message: &Value) -> Result<Told, StepError> {
    let notice: RdsNotice = match serde_json::from_value(message.clone()) {
        Ok(notice) => notice,
        Err(e) => return invalid(format!("an RDS notification that cannot be read: {e}")),
    };
    let Some(region) = region_of_arn(&notice.source_arn) else {
        return invalid(format!(
            "an RDS notification of `{}`, no ARN with a Region",
            notice.source_arn
        ));
    };
    let time = notice.event_time.replacen(' ', "T", 1);
    let Some(at) = instant(&format!("{}Z", time.trim_end_matches('Z'))) else {
        return invalid(format!("an RDS notification of `{}`, no instant", notice.event_time));
    };
    Ok(Told::Rds(RdsEvent {
        region: region.to_owned(),
        source: notice.source_id,
        event: notice.event_id.rsplit('#').next().unwrap_or_default().to_owned(),
        categories: Vec::new(),
        message: notice.event_message,
        at,
    }))
}

fn region_of_arn(arn: &str) -> Option<&str> {
    arn.split(':').nth(3).filter(|r| !r.is_empty())
}

pub(super) fn document(value: &Value) -> Result<Told, StepError> {
    let document: Document = match serde_json::from_value(value.clone()) {
        Ok(document) => document,
        Err(e) => {
            return invalid(format!(
                "{e}; expected {{\"leeward\":\"document\",\"schema\":1,\"workload\",\"time\",\"region\"}} with some of error_rate, availability, response_time, healthy"
            ));
        }
    };
    posted(document.schema, &document.workload)?;
    for (name, number, most) in [
        ("error_rate", document.error_rate, 100.0),
        ("availability", document.availability, 100.0),
        ("response_time", document.response_time, f64::MAX),
    ] {
        if number.is_some_and(|n| !(0.0..=most).contains(&n)) {
            return invalid(format!("{name} is {number:?}; expected a number from 0 to {most}"));
        }
    }
    let numbers = [document.error_rate, document.availability, document.response_time];
    if numbers.iter().all(Option::is_none) && document.healthy.is_none() {
        return invalid(
            "a document that says nothing: it has none of error_rate, availability, response_time, healthy",
        );
    }
    Ok(Told::Document(document))
}

pub(super) fn deployment(value: &Value) -> Result<Told, StepError> {
    let deployment: Deployment = match serde_json::from_value(value.clone()) {
        Ok(deployment) => deployment,
        Err(e) => {
            return invalid(format!(
                "{e}; expected {{\"leeward\":\"deployment\",\"schema\":1,\"workload\",\"time\",\"what\"}}"
            ));
        }
    };
    posted(deployment.schema, &deployment.workload)?;
    if deployment.what.trim().is_empty() {
        return invalid("a deployment of nothing: `what` is empty");
    }
    Ok(Told::Deployment(deployment))
}

fn posted(schema: u32, workload: &WorkloadId) -> Result<(), StepError> {
    WorkloadId::checked(workload.as_str()).map_err(StepError::InvalidInput)?;
    if schema != SCHEMA {
        return invalid(format!("schema {schema} is not known here; it is {SCHEMA}"));
    }
    Ok(())
}
