//! Who says that the workload is down.

use serde::{Deserialize, Serialize};

use crate::ids::{Region, VoterId};
use crate::time::Span;

/// The rule of evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Detection {
    /// How many voters must say Unhealthy.
    pub quorum: u32,
    /// How long they must have said so.
    pub sustain: Span,
    /// A vote older than this counts as Unknown.
    #[serde(default = "fresh_by_default")]
    pub freshness: Span,
    /// The voters.
    pub voters: Vec<Voter>,
}

/// Three sweeps: one may be lost and one be late.
fn fresh_by_default() -> Span {
    Span::minutes(3)
}

/// One observer: a CloudWatch alarm about the workload as seen from one Region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Voter {
    /// Its name.
    pub id: VoterId,
    /// The alarm that is its eye: ALARM is Unhealthy, OK is Healthy, INSUFFICIENT_DATA is Unknown.
    pub alarm: String,
    /// The Region in which the alarm lives and from which it looks.
    pub region: Region,
    /// An alarm that is OK only while the voter itself sees (its control probe); without it the
    /// voter's sight is taken from its data being fresh.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control_alarm: Option<String>,
}
