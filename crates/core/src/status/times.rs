//! When each step was done, and how the recovery time splits.

use serde::Serialize;

use crate::ids::Step;
use crate::journal::{End, Fate, State};
use crate::time::{Span, Timestamp, since};

/// One step and its time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct StepTime {
    /// The step.
    pub step: Step,
    /// When it was done; `None`: not yet.
    pub done: Option<Timestamp>,
    /// How long after the first signal that was.
    pub after: Option<Span>,
}

/// Recovery time from the first signal, by part; parts that are not over are missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct RecoveryTime {
    /// The objective.
    pub target: Span,
    /// From the first signal to the end, or until now.
    pub actual: Span,
    /// Whether users were served again within the objective; `None`: not over yet.
    pub met: Option<bool>,
    /// First signal → generation opened.
    pub detect: Span,
    /// Opened → committed.
    pub decide: Option<Span>,
    /// Committed → databases, traffic and the rest are done.
    pub execute: Option<Span>,
    /// Until the proof from outside.
    pub validate: Option<Span>,
}

/// Steps of the way forward, in the order of the flow.
const FORWARD: [Step; 8] = [
    Step::Detect,
    Step::Fence,
    Step::Capacity,
    Step::Commit,
    Step::Database,
    Step::Traffic,
    Step::Restore,
    Step::Validate,
];

/// When a step was done. Some steps leave an entry of their own kind.
fn done(state: &State, step: Step) -> Option<Timestamp> {
    let recovered = state.end.as_ref().filter(|e| e.end == End::Recovered).map(|e| e.at);
    let rolled_back = state.end.as_ref().filter(|e| e.end == End::RolledBack).map(|e| e.at);
    match step {
        Step::Detect => Some(state.decision.opened),
        Step::Commit => match state.fate {
            Fate::Committed(at) => Some(at),
            Fate::Open | Fate::TurnedBack(..) => None,
        },
        Step::Validate => recovered,
        Step::Undo => rolled_back,
        Step::Fence
        | Step::Capacity
        | Step::Database
        | Step::Traffic
        | Step::Restore
        | Step::Notify => state.done.get(&step).copied(),
    }
}

/// The steps of this generation's way, each with its time.
pub(super) fn steps(state: &State) -> Vec<StepTime> {
    let back = matches!(state.fate, Fate::TurnedBack(..));
    let last = if back { Some(Step::Undo) } else { None };
    FORWARD
        .into_iter()
        .filter(|step| !back || done(state, *step).is_some())
        .chain(last)
        .map(|step| {
            let at = done(state, step);
            let after = at.map(|at| since(state.decision.first_signal, at));
            StepTime { step, done: at, after }
        })
        .collect()
}

/// The step it is at: the first that is not done.
pub(super) fn at(state: &State) -> Option<Step> {
    if state.end.is_some() {
        return None;
    }
    steps(state).into_iter().find(|s| s.done.is_none()).map(|s| s.step)
}

pub(super) fn recovery_time(state: &State, target: Span, now: Timestamp) -> RecoveryTime {
    let decision = &state.decision;
    let end = state.end.as_ref();
    let actual = since(decision.first_signal, end.map_or(now, |e| e.at));
    let committed = done(state, Step::Commit);
    let executed = [Step::Database, Step::Traffic, Step::Restore]
        .into_iter()
        .map(|step| done(state, step))
        .collect::<Option<Vec<_>>>()
        .and_then(|times| times.into_iter().max());
    let validated = done(state, Step::Validate);
    let between = |from: Option<Timestamp>, to: Option<Timestamp>| Some(since(from?, to?));
    RecoveryTime {
        target,
        actual,
        met: end.map(|e| e.end == End::Recovered && actual <= target),
        detect: since(decision.first_signal, decision.opened),
        decide: between(Some(decision.opened), committed),
        execute: between(committed, executed),
        validate: between(executed, validated),
    }
}
