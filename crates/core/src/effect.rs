//! Effects: one change to the world each, known by a name that does not depend on who tries it.

use std::fmt;

use serde::{Deserialize, Serialize};
use smol_str::{SmolStr, format_smolstr};

use crate::ids::{Generation, Step, WorkloadId};

/// `workload/generation/step/target/verb`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EffectId(SmolStr);

impl EffectId {
    /// The id of an effect of that step on that target.
    pub fn new(
        workload: &WorkloadId,
        generation: Generation,
        step: Step,
        target: &str,
        verb: &str,
    ) -> Self {
        Self(format_smolstr!("{workload}/{generation}/{step}/{target}/{verb}"))
    }

    /// The effect of the same name in another generation of the workload.
    #[must_use]
    pub fn in_generation(&self, generation: Generation) -> Self {
        let mut parts: Vec<&str> = self.0.splitn(3, '/').collect();
        let number = generation.to_string();
        if let Some(place) = parts.get_mut(1) {
            *place = &number;
        }
        Self(parts.join("/").into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The step it belongs to, if the text names one.
    pub fn step(&self) -> Option<Step> {
        let name = self.0.split('/').nth(2)?;
        Step::ALL.into_iter().find(|s| s.as_str() == name)
    }

    /// What it is done to, as its step names it.
    pub fn target(&self) -> Option<&str> {
        self.0.split('/').nth(3)
    }

    /// The id of the effect that undoes this one; it is done in the step `undo`.
    #[must_use]
    pub fn undo(&self) -> Self {
        Self(format_smolstr!("{}-undo", self.0))
    }
}

/// What an effect does to its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// The writer lease goes from the old side to nobody.
    TakeLease,
    /// The writer lease goes from nobody to the new side.
    GrantLease,
    /// The old writers' group is emptied and barred.
    StopWriter,
    /// The old database's network is closed.
    Isolate,
    /// What an earlier recovery closed on the side that is moved to is opened again.
    Reopen,
    /// The new side's database becomes the writer.
    Promote,
    /// The datum that moves users is put.
    StopMetric,
    /// A zone's records are changed.
    Records,
    /// A group's minimum is raised.
    RaiseMinimum,
    /// Instances are started.
    Start,
    /// A service's count is raised.
    RaiseCount,
    /// Concurrency is reserved.
    Reserve,
    /// A consumer is enabled.
    Enable,
}

impl Verb {
    /// The word in an effect's id.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TakeLease => "take-lease",
            Self::GrantLease => "grant-lease",
            Self::StopWriter => "stop-writer",
            Self::Isolate => "isolate",
            Self::Reopen => "reopen",
            Self::Promote => "promote",
            Self::StopMetric => "stop-metric",
            Self::Records => "records",
            Self::RaiseMinimum => "raise-minimum",
            Self::Start => "start",
            Self::RaiseCount => "raise-count",
            Self::Reserve => "reserve",
            Self::Enable => "enable",
        }
    }
}

impl fmt::Display for EffectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
