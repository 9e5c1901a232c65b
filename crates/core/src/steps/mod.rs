//! The steps of a recovery. Each says what has to be looked at and, from what was seen, what is next.
//! They decide; they do nothing.

mod allowed;
pub mod approval;
mod barriers;
pub mod bearing;
mod capacity;
mod commit;
mod database;
mod engines;
mod fence;
mod instances;
pub(crate) mod isolation;
mod lease;
mod loss;
pub mod records;
mod reopening;
mod restore;
#[cfg(test)]
#[path = "scene_tests.rs"]
mod scene;
pub mod traffic;
mod undo;
mod validate;
pub mod ways;
pub(crate) mod writer_group;

pub use crate::capacity::Peak;
pub use allowed::effects;
pub(crate) use engines::{instance_works, named_engine, sql};

use std::sync::Arc;

use crate::contract::Status;
use crate::effect::{EffectId, Verb};
use crate::evidence::{Signal, Standby};
use crate::ids::{Direction, Region, Side, Step};
use crate::journal::{Entry, State};
use crate::limits::Limits;
use crate::plan::Plan;
use crate::planted::{self, Bug};
use crate::pursuit::{Goal, Progress, pursue, resume};
use crate::time::{Span, Timestamp, since};
use crate::world::{Question, Seen};

/// Everything that a step decides from, beside what it sees.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// The plan of the generation.
    pub plan: &'a Plan,
    /// Its journal, folded.
    pub state: &'a State,
    /// The latest signals of the plan's voters.
    pub signals: &'a [Arc<Signal>],
    /// How the side to move to was last seen.
    pub standby: Option<&'a Standby>,
    /// The other side's peak of the last 24 hours by capacity, each with its time.
    pub peaks: &'a [Peak],
    /// `Date` of the table's last answer.
    pub now: Timestamp,
    /// The protocol's numbers.
    pub limits: &'a Limits,
    /// A mark for this attempt, for a check that writes.
    pub mark: &'a str,
    /// Steps whose effects the function at work may undo.
    pub undoes: &'a [Step],
}

impl Situation<'_> {
    /// Which way.
    pub fn direction(&self) -> Direction {
        self.state.decision.direction
    }

    /// The side that shall serve.
    pub fn target(&self) -> Side {
        self.direction().target()
    }

    /// The side that is left.
    pub fn source(&self) -> Side {
        self.direction().source()
    }

    /// The Region that shall serve.
    pub fn target_region(&self) -> &Region {
        self.plan.target_region(self.direction())
    }

    /// The Region that is left.
    pub fn source_region(&self) -> &Region {
        self.plan.source_region(self.direction())
    }

    /// The id of an effect of this generation.
    pub fn effect(&self, step: Step, target: &str, verb: Verb) -> EffectId {
        let decision = &self.state.decision;
        let (workload, generation) = (&decision.workload, decision.generation);
        EffectId::new(workload, generation, step, target, verb.as_str())
    }

    /// How long the generation is open.
    pub fn age(&self) -> Span {
        since(self.state.decision.opened, self.now)
    }

    /// How long it is tried since it was opened, or since a person resumed it.
    pub fn tried_for(&self) -> Span {
        let resumed = self.state.resumed.map(|(_, at)| at);
        since(resumed.unwrap_or(self.state.decision.opened), self.now)
    }

    /// Whether its time is over.
    pub fn overdue(&self) -> bool {
        self.now > self.state.deadline(self.now, self.limits)
    }
}

/// What a step does next: entries first, then effects, then (when there is neither) its answer.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Move {
    /// Entries to append, in order; then look again.
    pub records: Vec<Entry>,
    /// Intents to append, whose changes are then sent side by side.
    pub sends: Vec<Entry>,
    /// Assessments to store by their digest before the entries that name them.
    pub evidence_items: Vec<String>,
    /// Waits, in sentences.
    waits: Vec<String>,
    /// Earliest time for the next look, when one is known.
    wait_for: Option<Span>,
    /// What will not come by itself.
    stuck: Vec<String>,
    /// What is as it shall be.
    pub evidence: Vec<String>,
}

impl Move {
    /// One entry, and nothing else now.
    pub fn record(entry: Entry) -> Self {
        Self { records: vec![entry], ..Self::default() }
    }

    /// Takes the progress of one goal.
    pub fn take(&mut self, progress: Progress) -> bool {
        match progress {
            Progress::Done(evidence) => {
                self.evidence.push(evidence);
                return true;
            }
            Progress::Record(entry) => self.records.push(entry),
            Progress::Send(entry) => self.sends.push(entry),
            Progress::Wait(why) => self.waits.push(why),
            Progress::Stuck(why) => self.stuck.push(why),
        }
        false
    }

    /// Pursues one goal; true when it is reached.
    pub fn pursue(&mut self, situation: &Situation<'_>, goal: Goal) -> bool {
        self.take(pursue(situation, goal))
    }

    /// Something has to be waited for.
    pub fn wait(&mut self, why: impl Into<String>) {
        self.waits.push(why.into());
    }

    /// Something has to be waited for, at least that long.
    pub fn wait_at_least(&mut self, span: Span, why: impl Into<String>) {
        self.wait_for = Some(self.wait_for.map_or(span, |known| known.min(span)));
        self.waits.push(why.into());
    }

    /// Something will not come by itself.
    pub fn stick(&mut self, why: impl Into<String>) {
        self.stuck.push(why.into());
    }

    /// Whether nothing is left to do or to wait for.
    pub fn settled(&self) -> bool {
        self.records.is_empty()
            && self.sends.is_empty()
            && self.waits.is_empty()
            && self.stuck.is_empty()
    }

    /// Whether there is something to write or send now.
    pub fn acts(&self) -> bool {
        !self.records.is_empty() || !self.sends.is_empty()
    }

    /// What is stuck, in one sentence.
    pub fn stuck(&self) -> Option<String> {
        (!self.stuck.is_empty()).then(|| self.stuck.join("; "))
    }

    /// How the step stands, when there is nothing to write or send.
    pub fn answer(&self, limits: &Limits, age: Span) -> (Status, Span, String) {
        if let Some(stuck) = self.stuck() {
            return (Status::Failed, Span::default(), stuck);
        }
        if self.waits.is_empty() {
            return (Status::Done, Span::default(), self.evidence.join("; "));
        }
        let poll = self.wait_for.unwrap_or_else(|| limits.poll(age));
        let wait = poll.clamp(Span::seconds(1), limits.poll_max);
        (Status::Waiting, wait, self.waits.join("; "))
    }
}

/// What the journal alone says to a step, before anything is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gate {
    /// Look and decide.
    Through,
    /// This is the answer.
    Answered(Status, String),
    /// It may not be done in this state.
    Refused(String),
    /// The generation has ended.
    Closed(String),
}

/// Whether a step has anything to do in that state. The order of the states machine's states is no
/// guard: a step that comes too early or too late is stopped here.
pub fn gate(step: Step, state: &State) -> Gate {
    use crate::journal::{End, Fate, HaltKind};
    if let Some(ended) = &state.end {
        // The step that wrote the end, asked again, answers what it wrote.
        return match (step, ended.end) {
            (Step::Validate, End::Recovered) | (Step::Undo, End::RolledBack) => {
                Gate::Answered(Status::Done, ended.reason.clone())
            }
            _ => Gate::Closed(ended.reason.clone()),
        };
    }
    if let Some(halt) = &state.halt
        && !planted::is(Bug::GoesOnStopped)
    {
        let status = match halt.kind {
            HaltKind::Held(_) | HaltKind::Stopped => Status::Held,
            HaltKind::Paused => Status::Waiting,
        };
        return Gate::Answered(status, halt.reason.clone());
    }
    let done = state.done.contains_key(&step);
    match (step, state.fate) {
        (Step::Detect | Step::Notify, _) => Gate::Through,
        (Step::Fence | Step::Capacity, Fate::TurnedBack(reason, _)) => {
            Gate::Answered(Status::Failed, format!("turned back: {reason}"))
        }
        (Step::Fence | Step::Capacity, Fate::Committed(_)) => {
            Gate::Answered(Status::Done, "committed".to_owned())
        }
        (Step::Fence | Step::Capacity, Fate::Open) if done => {
            Gate::Answered(Status::Done, "on record".to_owned())
        }
        (Step::Fence | Step::Capacity, Fate::Open) => Gate::Through,
        (Step::Commit, Fate::Committed(_)) => Gate::Answered(Status::Done, "committed".to_owned()),
        (Step::Commit, Fate::TurnedBack(reason, _)) => {
            Gate::Answered(Status::Failed, format!("turned back: {reason}"))
        }
        (Step::Commit, Fate::Open) => Gate::Through,
        (Step::Database | Step::Traffic | Step::Restore | Step::Validate, Fate::Committed(_)) => {
            if done {
                Gate::Answered(Status::Done, "on record".to_owned())
            } else {
                Gate::Through
            }
        }
        (Step::Database | Step::Traffic, _) if planted::is(Bug::GateOpen) => Gate::Through,
        (Step::Database | Step::Traffic | Step::Restore | Step::Validate, fate) => {
            Gate::Refused(format!("step {step} needs the commit; the generation is {fate:?}"))
        }
        (Step::Undo, Fate::Committed(_)) if !planted::is(Bug::UndoesCommitted) => {
            Gate::Answered(Status::Held, "committed: only forward from here".to_owned())
        }
        // That a step came to no answer says nothing about the recovery: its executor ends, the next goes on.
        (Step::Undo, Fate::Open) => Gate::Refused(
            "nothing has turned back: an error of a function or of the table undoes nothing, the sweeper's next executor goes on".to_owned(),
        ),
        (Step::Undo, Fate::Committed(_) | Fate::TurnedBack(..)) => Gate::Through,
    }
}

/// What has to be looked at for a step.
pub fn questions(step: Step, situation: &Situation<'_>) -> Vec<Question> {
    let mut questions = match step {
        Step::Fence => fence::questions(situation),
        Step::Capacity => capacity::questions(situation),
        Step::Commit => commit::questions(situation),
        Step::Database => database::questions(situation),
        Step::Traffic => traffic::questions(situation),
        Step::Restore => restore::questions(situation),
        Step::Validate => validate::questions(situation),
        Step::Undo => undo::questions(situation),
        Step::Detect | Step::Notify => Vec::new(),
    };
    questions.sort();
    questions.dedup();
    questions
}

/// What a step does next, from what was seen.
pub fn decide(step: Step, situation: &Situation<'_>, seen: &Seen) -> Move {
    let ready = match step {
        Step::Fence => fence::decide(situation, seen),
        Step::Capacity => capacity::decide(situation, seen),
        Step::Commit => commit::decide(situation, seen),
        Step::Database => database::decide(situation, seen),
        Step::Traffic => traffic::decide(situation, seen),
        Step::Restore => restore::decide(situation, seen),
        Step::Validate => validate::decide(situation, seen),
        Step::Undo => undo::decide(situation, seen),
        Step::Detect | Step::Notify => Move::default(),
    };
    let mut next = closing(step, situation, ready);
    ways::name_the_way_back(situation, &mut next);
    next
}

/// On the way there nothing more is begun when the time is over: an executor that stood still for days
/// would take a healthy side's lease only to give it back.
fn too_late(step: Step, situation: &Situation<'_>, next: &Move) -> Option<Move> {
    use crate::journal::{Fate, TurnBackReason};
    let begins = !next.sends.is_empty() && situation.state.fate == Fate::Open;
    if !begins || step == Step::Undo || !situation.overdue() {
        return None;
    }
    let limit = situation.plan.time_limit;
    let why =
        format!("{step}: the time of the plan ({limit}) is over, and there was more to begin");
    Some(Move::record(Entry::turned_back(TurnBackReason::DeadlineExceeded, why)))
}

/// Turns what is stuck or late into what the flow knows, and puts a finished step on record.
fn closing(step: Step, situation: &Situation<'_>, next: Move) -> Move {
    use crate::journal::{Fate, TurnBackReason};
    if let Some(back) = too_late(step, situation, &next) {
        return back;
    }
    if next.acts() {
        return next;
    }
    let late = situation.overdue();
    if next.settled() {
        let final_step = matches!(step, Step::Commit | Step::Validate | Step::Undo);
        if final_step || situation.state.done.contains_key(&step) {
            return next;
        }
        return Move::record(Entry::StepDone { step, evidence: next.evidence });
    }
    let reason = match &next.stuck[..] {
        [] if late => TurnBackReason::DeadlineExceeded,
        [] => return next,
        _ => TurnBackReason::StepFailed,
    };
    let why = next.stuck().unwrap_or_else(|| {
        let waits = next.waits.join("; ");
        format!("the time of the plan ({}) is over; {waits}", situation.plan.time_limit)
    });
    match situation.state.fate {
        // What stands may be needed in a minute, and a person can mend what stops the step: only a side that
        // is seen well, or a time that is over, makes the way back the better one.
        Fate::Open
            if late || bearing::old_side_well(situation) || planted::is(Bug::TurnsBackUnseen) =>
        {
            Move::record(Entry::turned_back(reason, format!("{step}: {why}")))
        }
        Fate::TurnedBack(..) if step != Step::Undo => next,
        Fate::Open | Fate::Committed(_) | Fate::TurnedBack(..) => held(step, situation, &why),
    }
}

/// A person is needed, and is told how it goes on.
fn held(step: Step, situation: &Situation<'_>, why: &str) -> Move {
    let reason = if why.contains("`leeward ") {
        why.to_owned()
    } else {
        format!("{why}. When that is mended: `{}`", resume(situation))
    };
    Move::record(Entry::Held { step, reason })
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod words_tests;
