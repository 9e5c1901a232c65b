//! When the next generation may be opened, and how it begins.

use crate::deploying::foreign;
use crate::ids::{Direction, Generation, PlanId, Region, WorkloadId};
use crate::journal::{End, Fate, Lives, State, TurnBackReason};
use crate::limits::Limits;
use crate::plan::Plan;
use crate::planted::{self, Bug};
use crate::rehoming::strayed;
use crate::steps::ways::with_the_way_back;
use crate::succession;
use crate::time::{Span, Timestamp, after, since};

/// What to do with a trigger that has a reason to recover.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opening {
    /// A generation is open: work on that one.
    Join(Generation),
    /// The last one has ended: close it, then open this one.
    Open(Generation),
    /// Not now.
    Refused(NotNow),
}

/// Why no generation may be opened now. Every number is in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotNow {
    /// A request of the last generation may still land.
    #[error(
        "a request of generation {generation} whose end nobody saw may still land for {}; no one can skip this", left.in_words()
    )]
    MayStillLand {
        /// The last generation.
        generation: Generation,
        /// Time left.
        left: Span,
    },
    /// The cool-down.
    #[error(
        "generation {generation} changed the world {} ago; the cool-down of {cool_down} has {} left (`leeward ack` ends it)", ago.in_words(), left.in_words()
    )]
    CoolDown {
        /// The last generation.
        generation: Generation,
        /// Since its last effect.
        ago: Span,
        /// The plan's cool-down.
        cool_down: Span,
        /// Time left.
        left: Span,
    },
    /// A person gave the last generation up, or it turned back for a reason that time alone does not
    /// change.
    #[error(
        "generation {generation} was given up ({why}); the evidence opens none for {} (`leeward ack` ends it, `leeward start` goes at once)", left.in_words()
    )]
    GaveUp {
        /// The last generation.
        generation: Generation,
        /// How it ended.
        why: String,
        /// Time left.
        left: Span,
    },
    /// It lives where the start would bring it.
    #[error(
        "{workload} lives in {region} already{}: a recovery {way} has nothing to move, and nothing is opened. `leeward start {workload} --plan {plan} --direction {other} --reason …` moves it to its other side; where people have moved it since, or that recovery has to be gone through once more, add `--again`", words(*since)
    )]
    LivesThere {
        /// The workload.
        workload: WorkloadId,
        /// Where it lives.
        region: Region,
        /// The generation that brought it there.
        since: Option<Generation>,
        /// The plan.
        plan: PlanId,
        /// Which way was asked for.
        way: Direction,
        /// The other way.
        other: Direction,
    },
    /// The plan's sides are not those that the journals mean.
    #[error("{0}; `leeward plan put FILE` says what it needs")]
    Strayed(String),
    /// The system's switch is off.
    #[error("openings are switched off: {0}")]
    SwitchedOff(String),
    /// The last generation left its work to another plan, or to the other direction.
    #[error(
        "generation {generation} left its fence in place for plan {plan}, {direction}: until a recovery by that plan goes on with it or gives it back, NOBODY MAY WRITE (`leeward start --plan {plan}`)"
    )]
    Promised {
        /// The last generation.
        generation: Generation,
        /// The plan that takes its place.
        plan: PlanId,
        /// Which way.
        direction: Direction,
    },
    /// The last generation left its work to this plan, which was switched off meanwhile.
    #[error(
        "generation {generation} left its fence in place for plan {plan}, which is not enabled any more: NOBODY MAY WRITE until a person goes on with it or gives it back (`leeward start --plan {plan}`, or enable it)"
    )]
    LeftAlone {
        /// The last generation.
        generation: Generation,
        /// The plan that takes its place.
        plan: PlanId,
    },
    /// The plan is not enabled.
    #[error("plan {0} is not enabled")]
    NotEnabled(String),
}

fn words(since: Option<Generation>) -> String {
    since.map_or_else(String::new, |generation| format!(" (generation {generation} brought it)"))
}

/// Who asks for a generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asks {
    /// The evidence, or what the last generation left.
    Evidence,
    /// A person.
    Person {
        /// Towards the side that it lives on, too.
        again: bool,
    },
}

/// How often people are told of a refusal that has no end of its own.
const TOLD_EVERY: Span = Span::minutes(60);

impl NotNow {
    /// One instant for all refusals of the same kind that the evidence meets again and again, each minute:
    /// people are told once, not each minute.
    pub fn told_as_of(&self, now: Timestamp) -> Timestamp {
        match self {
            Self::MayStillLand { left, .. }
            | Self::CoolDown { left, .. }
            | Self::GaveUp { left, .. } => after(now, *left),
            Self::SwitchedOff(_)
            | Self::NotEnabled(_)
            | Self::LivesThere { .. }
            | Self::Strayed(_)
            | Self::Promised { .. }
            | Self::LeftAlone { .. } => {
                let every = TOLD_EVERY.as_millis() as i64;
                let begun = now.as_millisecond().div_euclid(every) * every;
                Timestamp::from_millisecond(begun).unwrap_or(now)
            }
        }
    }
}

/// Whether a generation by `plan` in that direction may be opened after `last`, as somebody asks. `heir`: the plan that `last` left its work to is in force no more, and this one takes it up.
pub fn may_open(
    last: Option<&State>,
    plan: &Plan,
    direction: Direction,
    limits: &Limits,
    now: Timestamp,
    asks: Asks,
    heir: bool,
) -> Opening {
    let manual = asks != Asks::Evidence;
    let there = || lives_there(last, plan, direction, asks).map(Opening::Refused);
    let Some(last) = last else {
        return there().unwrap_or_else(|| open(plan, Generation(1), manual));
    };
    let generation = last.decision.generation;
    let beside = planted::is(Bug::OpensBesideAnother);
    if last.end.is_none() && last.closed.is_none() && !beside {
        return Opening::Join(generation);
    }
    if let Some(why) = strayed(last, plan) {
        return Opening::Refused(NotNow::Strayed(why));
    }
    if let Some(refused) = promised(last, plan, direction, manual, heir) {
        return Opening::Refused(refused);
    }
    if let Some(refused) = there() {
        return refused;
    }
    if let Some(safe) = last.safe_from(limits)
        && now < safe
        && !planted::is(Bug::NoSafetyWait)
    {
        return Opening::Refused(NotNow::MayStillLand { generation, left: since(now, safe) });
    }
    // What took its place goes on with its work: to wait would leave that work in the middle.
    let succeeded = last.successor.is_some();
    if let Some(effect) = last.last_effect()
        && last.acknowledged.is_none()
        && !succeeded
        && !planted::is(Bug::NoCoolDown)
    {
        let over = after(effect, plan.policy.cool_down);
        if now < over {
            return Opening::Refused(NotNow::CoolDown {
                generation,
                ago: since(effect, now),
                cool_down: plan.policy.cool_down,
                left: since(now, over),
            });
        }
    }
    if let (false, Some(ended)) = (manual, &last.end)
        && last.acknowledged.is_none()
        && gave_up(last)
    {
        let over = after(ended.at, plan.policy.cool_down);
        if now < over {
            return Opening::Refused(NotNow::GaveUp {
                generation,
                why: ended.reason.clone(),
                left: since(now, over),
            });
        }
    }
    open(plan, generation.next(), manual)
}

/// A person's start towards the side where the workload lives, by the journals: most often the direction was
/// forgotten. A generation that was given up behind its commit may be gone through again.
fn lives_there(
    last: Option<&State>,
    plan: &Plan,
    direction: Direction,
    asks: Asks,
) -> Option<NotNow> {
    let lives = Lives::after(last);
    // Behind a fence that was given up nobody writes: to go to where it lives is the way out of that.
    let fenced = last.is_some_and(succession::left_fenced);
    let slip = asks == Asks::Person { again: false } && lives.arrived && !fenced;
    (slip && lives.side == direction.target()).then(|| NotNow::LivesThere {
        workload: plan.workload.clone(),
        region: plan.target_region(direction).clone(),
        since: lives.since,
        plan: plan.plan.clone(),
        way: direction,
        other: match direction {
            Direction::ToStandby => Direction::ToPrimary,
            Direction::ToPrimary => Direction::ToStandby,
        },
    })
}

/// Whether the last generation's work was left to something else than this.
fn promised(
    last: &State,
    plan: &Plan,
    direction: Direction,
    manual: bool,
    heir: bool,
) -> Option<NotNow> {
    let generation = last.decision.generation;
    let next = last.successor.as_ref().filter(|n| !n.keeps.is_empty())?;
    let way = last.decision.direction;
    if (next.plan != plan.plan && !heir) || way != direction {
        return Some(NotNow::Promised { generation, plan: next.plan.clone(), direction: way });
    }
    let off = !plan.enabled && !manual;
    off.then(|| NotNow::LeftAlone { generation, plan: next.plan.clone() })
}

/// Whether a person gave it up, or it turned back for a reason that a minute does not change: the
/// evidence alone must not open the same again and again.
fn gave_up(last: &State) -> bool {
    if last.end.as_ref().is_some_and(|e| e.end == End::Abandoned) {
        return true;
    }
    match last.fate {
        Fate::TurnedBack(reason, _) => match reason {
            TurnBackReason::Declined
            | TurnBackReason::StepFailed
            | TurnBackReason::DeadlineExceeded => true,
            TurnBackReason::PrimaryHealthy | TurnBackReason::Superseded => false,
        },
        Fate::Open | Fate::Committed(_) => false,
    }
}

fn open(plan: &Plan, next: Generation, manual: bool) -> Opening {
    if plan.enabled || manual {
        Opening::Open(next)
    } else {
        Opening::Refused(NotNow::NotEnabled(plan.plan.to_string()))
    }
}

/// What code that speaks `protocol` does about an open generation whose executor does not run.
pub fn adopts(state: &State, protocol: u32, limits: &Limits, now: Timestamp) -> Adoption {
    if state.end.is_some() {
        return Adoption::Leave;
    }
    if state.halt.is_some() {
        return if planted::is(Bug::SweepsHeld) { Adoption::Start } else { Adoption::Leave };
    }
    if let Some(why) = foreign(state, protocol) {
        return Adoption::Foreign(why);
    }
    // Its first executor joins a moment after it was opened.
    if state.executors.is_empty() && since(state.decision.opened, now) < limits.poll_first {
        return Adoption::Starting;
    }
    // Executors that die before their first step leave no trace: past its time, silence is a hold.
    let (over, quiet) = (state.deadline(now, limits), since(state.last_at, now));
    if now > over && quiet > limits.request_life {
        return Adoption::Hold(format!(
            "its time was over at {over} and nobody has worked on it for {quiet}; look at the executions and the functions' logs, then {}",
            resumes(state)
        ));
    }
    // Joining writes an entry of its own; an executor that wrote nothing else was silent.
    let silent = state
        .executors
        .iter()
        .rev()
        .enumerate()
        .take_while(|(back, (_, seq))| seq.0 + (*back as u64) == state.last.0)
        .count();
    if silent >= limits.silent_executors {
        return Adoption::Hold(format!(
            "{silent} executors came and went without getting any further; look at their executions and the functions' logs, then {}",
            resumes(state)
        ));
    }
    Adoption::Start
}

/// How a person sets a generation going again that nobody worked on.
fn resumes(state: &State) -> String {
    let workload = &state.decision.workload;
    with_the_way_back(
        state,
        format!(
            "`leeward resume {workload} --reason …`; without Step Functions: `leeward resume {workload} --reason … --no-start` and `leeward run {workload}`"
        ),
    )
}

/// What to do with an open generation that nobody works on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Adoption {
    /// It waits for a person, or has ended.
    Leave,
    /// Another version began it and has to finish it; people are told why.
    Foreign(String),
    /// It has only just been opened.
    Starting,
    /// Start an executor.
    Start,
    /// Starting one more will not help: a person is needed.
    Hold(String),
}

/// Which statuses of C5 a generation is in.
pub fn record_status(state: &State) -> &'static str {
    match (&state.end, &state.halt, state.fate) {
        (Some(e), ..) => match e.end {
            End::Recovered => "completed",
            End::RolledBack => "rolled-back",
            End::Abandoned => "failed",
        },
        (None, Some(_), _) => "failed",
        (None, None, Fate::Open) if state.effects.is_empty() => "initiating",
        (None, None, Fate::Open | Fate::Committed(_) | Fate::TurnedBack(..)) => "in-progress",
    }
}

#[cfg(test)]
#[path = "opening_tests.rs"]
mod tests;
