//! How long an execution's history grows: Step Functions ends one that is full.

use std::collections::BTreeMap;

use crate::machine::{Kind, Machine, Scope, State};

/// The most events that a history holds; the last of them is the execution's failure.
pub const EVENT_LIMIT: u64 = 25_000;

/// `…StateEntered` and `…StateExited`.
const VISIT: u64 = 2;
/// `TaskScheduled` and `TaskStarted`.
pub(crate) const TASK_STARTED: u64 = 2;
/// `ParallelStateStarted`.
pub(crate) const PARALLEL_STARTED: u64 = 1;
/// `TaskSucceeded`, `TaskFailed` or `TaskTimedOut`, and the same of a Parallel.
pub(crate) const ATTEMPT_ENDED: u64 = 1;
/// `ExecutionStarted` and the end.
const EXECUTION: u64 = 2;

/// How much of the retries is counted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Retries {
    None,
    All,
}

impl Machine {
    /// The events of an execution in which nothing is retried.
    ///
    /// `polls` says for a Wait state how often it is waited in: every state of the loop that it
    /// stands in is then counted once more than that (a Parallel with all its branches). A Wait
    /// that is not named is waited in once. A state outside of loops is counted once, even beside
    /// one that excludes it: the count is never below the real one.
    pub fn events(&self, polls: &BTreeMap<&str, u64>) -> u64 {
        EXECUTION.saturating_add(self.top.events(polls, Retries::None))
    }

    /// The events of an execution in which each visit of each state uses up all its retries.
    pub fn worst_case_events(&self, polls: &BTreeMap<&str, u64>) -> u64 {
        EXECUTION.saturating_add(self.top.events(polls, Retries::All))
    }
}

impl Scope {
    fn events(&self, polls: &BTreeMap<&str, u64>, retries: Retries) -> u64 {
        let loops = self.loops();
        let visits = |name: &str| {
            let waits = loops.iter().filter(|one| one.contains(name)).flatten();
            waits.map(|wait| self.polls(wait, polls)).fold(1, u64::saturating_add)
        };
        let counted = self.states.iter().map(|(name, state)| {
            // Counts that grow past every limit stay past it.
            visits(name).saturating_mul(state.events(polls, retries))
        });
        counted.fold(0, u64::saturating_add)
    }

    fn polls(&self, name: &str, polls: &BTreeMap<&str, u64>) -> u64 {
        match self.states.get(name).map(|state| &state.kind) {
            Some(Kind::Wait(_)) => polls.get(name).copied().unwrap_or(1),
            Some(
                Kind::Task(_)
                | Kind::Choice(_)
                | Kind::Parallel(_)
                | Kind::Pass(_)
                | Kind::Succeed
                | Kind::Fail(_),
            )
            | None => 0,
        }
    }
}

impl State {
    fn events(&self, polls: &BTreeMap<&str, u64>, retries: Retries) -> u64 {
        let attempts = match (retries, self.handling()) {
            (Retries::All, Some(handling)) => 1 + handling.most_retries(),
            (Retries::All, None) | (Retries::None, _) => 1,
        };
        let attempt = match &self.kind {
            Kind::Task(_) => TASK_STARTED + ATTEMPT_ENDED,
            Kind::Parallel(parallel) => {
                let branches = parallel.branches.iter().map(|branch| branch.events(polls, retries));
                branches.fold(PARALLEL_STARTED + ATTEMPT_ENDED, u64::saturating_add)
            }
            // Left by the end of the execution, which is counted on its own.
            Kind::Fail(_) => return VISIT - 1,
            Kind::Choice(_) | Kind::Wait(_) | Kind::Pass(_) | Kind::Succeed => 0,
        };
        VISIT.saturating_add(attempts.saturating_mul(attempt))
    }
}
