//! Who says that the workload is down, and by what rule they are believed.

mod eyes;
mod maintenance;
mod voter;

pub use eyes::{
    AlarmVoter, Deviation, DocumentVoter, EcsVoter, EndpointVoter, GroupVoter, HealthCheckVoter,
    HealthEventVoter, InstancesVoter, MetricVoter, RdsEventVoter, ReplicationVoter, TargetsVoter,
    Threshold,
};
pub use maintenance::{Maintenance, OneWindow, Weekday, WeeklyWindow};
#[cfg(feature = "author")]
pub(crate) use voter::name_the_kind;
pub use voter::{About, Voter, VoterKind};

use serde::{Deserialize, Serialize};

use crate::time::Span;

/// The rule of evidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Detection {
    /// How many voters must say Unhealthy.
    pub quorum: u32,
    /// How long they must have said so.
    pub sustain: Span,
    /// A vote older than this counts as Unknown; a voter that lives on events may have its own.
    #[serde(default = "fresh_by_default")]
    pub freshness: Span,
    /// When a voter that goes to and fro no longer counts.
    #[serde(default)]
    pub flapping: Flapping,
    /// Deployments that turn "fail over" into "ask a person"; without it none does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change_feed: Option<ChangeFeed>,
    /// Times in which the evidence opens no recovery by itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub maintenance: Vec<Maintenance>,
    /// The voters.
    #[serde(deserialize_with = "voter::read_all")]
    pub voters: Vec<Voter>,
}

/// Three sweeps: one may be lost and one be late.
fn fresh_by_default() -> Span {
    Span::minutes(3)
}

/// A voter that changed its mind more than `turns` times within `window` counts as Unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Flapping {
    /// Changes between Healthy and Unhealthy that are still believed.
    pub turns: u32,
    /// The time in which they are counted, back from its last word.
    pub window: Span,
}

impl Default for Flapping {
    /// Down, up, down, up: twice ill within ten minutes may be one bad start. More is no eye.
    fn default() -> Self {
        Self { turns: 4, window: Span::minutes(10) }
    }
}

/// What counts as a recent deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ChangeFeed {
    /// A posted deployment is suspect when the trouble began within this time after it.
    pub window: Span,
}
