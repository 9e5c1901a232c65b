//! What others tell: AWS Health, RDS, monitoring systems, deployments. Each is read whole or refused.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::contract::SCHEMA;
use crate::error::StepError;
use crate::ids::WorkloadId;
use crate::plan::{ImpairmentKind, Severity};
use crate::time::Timestamp;
use crate::trigger::{HealthEvent, RdsEvent};

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

pub(super) fn invalid<T>(what: impl Into<String>) -> Result<T, StepError> {
    Err(StepError::InvalidInput(what.into()))
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
