//! Effects: one change to the world each, known by a name that does not depend on who tries it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::{Generation, Step, WorkloadId};

/// `workload/generation/step/target/verb`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EffectId(String);

impl EffectId {
    /// The id of an effect of that step on that target.
    pub fn new(
        workload: &WorkloadId,
        generation: Generation,
        step: Step,
        target: &str,
        verb: &str,
    ) -> Self {
        Self(format!("{workload}/{generation}/{step}/{target}/{verb}"))
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

    /// The id of the effect that undoes this one; it is done in the step `undo`.
    #[must_use]
    pub fn undo(&self) -> Self {
        Self(format!("{}-undo", self.0))
    }
}

impl fmt::Display for EffectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
