//! What only a person can do, and how often people are told of it.

use crate::brake::Holds;
use crate::error::StepError;
use crate::evidence::Assessment;
use crate::ids::{Generation, PlanId, WorkloadId};
use crate::journal::chain;
use crate::time::Timestamp;

/// Why a person is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needed {
    /// The same word for the same reason: people are told once, not each minute.
    pub cause: String,
    /// Why nothing is done by itself.
    pub why: String,
    /// The same with what was seen, with the numbers.
    pub reason: String,
    /// What to do.
    pub actions: Vec<String>,
}

/// How often people are told of the same need.
const TOLD_EVERY_MS: i64 = 3_600_000;

impl Needed {
    /// The brake holds this one back.
    pub fn by_the_brake(holds: &Holds, assessment: &Assessment) -> Self {
        Self {
            cause: "brake".to_owned(),
            why: holds.to_string(),
            reason: format!("A person is needed: {holds}. Seen: {}", assessment.sentence()),
            actions: vec![
                "leeward brake".to_owned(),
                "leeward brake release --reason …".to_owned(),
            ],
        }
    }

    /// The sweep fails for this workload, again and again: nobody watches it.
    pub fn unswept(workload: &WorkloadId, since: Timestamp, error: &StepError) -> Self {
        let why =
            format!("{workload} is not watched: each sweep since {since} fails for it: {error}");
        Self::to_watch("unswept".to_owned(), why, vec![format!("leeward audit {workload}")])
    }

    /// A plan is in force and cannot be read.
    pub fn unread_plan(plan: &PlanId, why: &str) -> Self {
        let reason =
            format!("plan {plan} is stored and cannot be read, so nothing is watched by it: {why}");
        let actions = vec!["leeward plan put FILE".to_owned()];
        Self::to_watch(format!("unread-plan:{plan}"), reason, actions)
    }

    /// A recovery is open, and its executor cannot be started.
    pub fn not_started(workload: &WorkloadId, generation: Generation, error: &str) -> Self {
        let why = format!(
            "generation {generation} of {workload} is open and its executor cannot be started; each sweep tries again: {error}"
        );
        let actions = vec![format!("leeward run {workload}")];
        Self::to_watch(format!("not-started:{generation}"), why, actions)
    }

    /// A recovery is open that another version began, and this one leaves it alone.
    pub fn foreign(workload: &WorkloadId, generation: Generation, why: &str) -> Self {
        let why = format!("{why}: until then nobody works on {workload}");
        let actions = vec!["leeward deploy-check".to_owned()];
        Self::to_watch(format!("foreign:{generation}"), why, actions)
    }

    fn to_watch(cause: String, why: String, actions: Vec<String>) -> Self {
        let reason = format!("A person is needed: {why}");
        Self { cause, why, reason, actions }
    }

    /// One instant for the same cause within an hour: the sweep meets it again each minute, and people
    /// are told once.
    pub fn told_as_of(&self, now: Timestamp) -> Timestamp {
        let hour = now.as_millisecond().div_euclid(TOLD_EVERY_MS) * TOLD_EVERY_MS;
        let digest = chain::digest(self.cause.as_bytes());
        let place = digest.as_str().bytes().take(8).fold(0i64, |sum, b| sum * 31 + i64::from(b));
        Timestamp::from_millisecond(hour + place.rem_euclid(TOLD_EVERY_MS)).unwrap_or(now)
    }
}
