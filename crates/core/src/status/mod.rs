//! How a generation stands, for people and for machines: while it runs and when it is over.

#[cfg(test)]
mod tests;
mod times;
mod words;

use std::borrow::Borrow;

use serde::Serialize;

use crate::contract::Mode;
use crate::effect::EffectId;
use crate::ids::{
    Digest, Direction, EntryId, ExecutorId, Generation, PlanId, Region, Seq, Step, WorkloadId,
};
use crate::journal::{End, Fate, HaltKind, Record, State};
use crate::limits::Limits;
use crate::opening::record_status;
use crate::plan::{Plan, Strategy};
use crate::residence::way_home;
use crate::sweep_decision::stays_away;
use crate::time::{Span, Timestamp, since};

pub use times::{RecoveryTime, StepTime};
pub use words::sentence;

/// The version of this record.
pub const SCHEMA: u32 = 1;

/// The record of one recovery.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Status {
    /// Always 1.
    pub schema: u32,
    /// When it was looked at, by the table's time.
    pub now: Timestamp,
    /// The workload.
    pub workload: WorkloadId,
    /// The generation.
    pub generation: Generation,
    /// `initiating`, `in-progress`, `completed`, `failed` or `rolled-back`.
    pub status: &'static str,
    /// The plan's name.
    pub plan: PlanId,
    /// Digest of the plan's stored bytes.
    pub plan_digest: Digest,
    /// The plan's strategy.
    pub strategy: Strategy,
    /// Whether it counts.
    pub mode: Mode,
    /// Which way.
    pub direction: Direction,
    /// The Region that is left.
    pub source_region: Region,
    /// The Region that shall serve.
    pub target_region: Region,
    /// Who or what started it, in a sentence.
    pub trigger: String,
    /// The step it is at; `None`: it is over.
    pub step: Option<Step>,
    /// Every step with its time.
    pub steps: Vec<StepTime>,
    /// Whether the way back is still open.
    pub way_back: WayBack,
    /// When the trouble was first signalled.
    pub first_signal: Timestamp,
    /// When the generation was opened.
    pub started: Timestamp,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// How it ended.
    pub end: Option<End>,
    /// Why it ended so.
    pub end_reason: Option<String>,
    /// When its time is over, halts added; `None` once it has ended.
    pub deadline: Option<Timestamp>,
    /// Recovery time, against its objective.
    pub rto: RecoveryTime,
    /// What can be lost, against its objective.
    pub rpo: RecoveryPoint,
    /// Each database's fence and writer.
    pub databases: Vec<DatabaseStatus>,
    /// Whether the side that was left has been seen fenced.
    pub old_side: OldSide,
    /// What stands closed of a side, by this generation and those before it, in sentences.
    pub left_closed: Vec<String>,
    /// The question that waits for an answer.
    pub question: Option<Question>,
    /// Why it does not go on by itself.
    pub halt: Option<HaltStatus>,
    /// Every effect.
    pub effects: Vec<EffectStatus>,
    /// Effects that may be in flight or done without anyone having seen which.
    pub in_flight: Vec<EffectId>,
    /// The latest weighing of the evidence, in a sentence.
    pub assessed: Option<String>,
    /// Executors in the order in which they joined.
    pub executors: Vec<ExecutorId>,
    /// Place of the last entry.
    pub last: Seq,
    /// Digest of the last entry.
    pub head: Digest,
    /// Why nothing is opened by itself though all is well: it lives on its other side.
    pub away: Option<String>,
    /// What a person can do next: commands that can be pasted.
    pub next: Vec<String>,
    /// Every entry in a sentence.
    pub timeline: Vec<Line>,
}

/// Where it stands towards the way back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum WayBack {
    /// Both ways are open.
    Open,
    /// Only forward.
    Committed,
    /// Only back.
    TurnedBack,
}

/// What can be lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct RecoveryPoint {
    /// The objective.
    pub target: Span,
    /// The greatest bound on record; `None`: none is known.
    pub actual: Option<Span>,
    /// Whether it is within the objective; `None`: not known.
    pub met: Option<bool>,
}

/// One database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct DatabaseStatus {
    /// Its name in the plan.
    pub id: EntryId,
    /// `proven`, `pending` (proven from a coming instant on), `waived`, `none` or `not-needed`.
    pub fence: &'static str,
    /// From when on the proof holds.
    pub fence_holds_from: Option<Timestamp>,
    /// Most data, as time, that is lost.
    pub loss_bound: Option<Span>,
    /// Where that number comes from.
    pub loss_source: Option<String>,
    /// Most that the plan allows.
    pub max_loss: Span,
    /// Whether it was seen as the writer on the new side.
    pub writer: bool,
}

/// Whether the side that was left can still write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OldSide {
    /// Nothing was committed: it is still the writer.
    Writer,
    /// Every database was seen fenced.
    Fenced,
    /// An operator took the risk; nobody has seen a fence.
    Unproven,
}

/// A question to people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Question {
    /// Its number.
    pub number: u32,
    /// The question.
    pub question: String,
    /// The greatest loss that a yes covers.
    pub loss: Option<Span>,
    /// When silence becomes an answer.
    pub deadline: Timestamp,
}

/// A halt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct HaltStatus {
    /// `held`, `paused` or `stopped`.
    pub kind: &'static str,
    /// The step that found it.
    pub step: Option<Step>,
    /// Since when.
    pub since: Timestamp,
    /// Why.
    pub reason: String,
}

/// One effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct EffectStatus {
    /// Its id.
    pub effect: EffectId,
    /// What is changed.
    pub change: String,
    /// How often it was sent.
    pub sent: usize,
    /// When it was last sent.
    pub last_sent: Option<Timestamp>,
    /// `applied`, `not-applied` or `unknown`.
    pub outcome: &'static str,
}

/// One entry in a sentence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Line {
    /// Its place.
    pub seq: Seq,
    /// When.
    pub at: Timestamp,
    /// How long after the first signal.
    pub after: Span,
    /// Who wrote it.
    pub by: String,
    /// What kind of entry.
    pub entry: &'static str,
    /// The sentence.
    pub text: String,
}

/// How a generation stands at `now`.
pub fn status(
    state: &State,
    records: &[impl Borrow<Record>],
    plan: &Plan,
    limits: &Limits,
    now: Timestamp,
) -> Status {
    let decision = &state.decision;
    let question = state.questions.last().filter(|q| q.answer.is_none() && state.end.is_none());
    let question = question.map(|q| Question {
        number: q.number,
        question: q.question.clone(),
        loss: q.loss,
        deadline: state.shifted(q.deadline, now),
    });
    Status {
        schema: SCHEMA,
        now,
        workload: decision.workload.clone(),
        generation: decision.generation,
        status: record_status(state),
        plan: decision.plan.clone(),
        plan_digest: decision.plan_digest.clone(),
        strategy: plan.strategy,
        mode: decision.mode,
        direction: decision.direction,
        source_region: plan.source_region(decision.direction).clone(),
        target_region: decision.target.clone(),
        trigger: decision.trigger.to_string(),
        step: times::at(state),
        steps: times::steps(state),
        way_back: match state.fate {
            Fate::Open => WayBack::Open,
            Fate::Committed(_) => WayBack::Committed,
            Fate::TurnedBack(..) => WayBack::TurnedBack,
        },
        first_signal: decision.first_signal,
        started: decision.opened,
        ended: state.end.as_ref().map(|e| e.at),
        end: state.end.as_ref().map(|e| e.end),
        end_reason: state.end.as_ref().map(|e| e.reason.clone()),
        deadline: state.end.is_none().then(|| state.deadline(now, limits)),
        rto: times::recovery_time(state, plan.objectives.rto, now),
        rpo: recovery_point(state, plan),
        databases: plan.databases.iter().map(|d| database(state, d, now)).collect(),
        old_side: old_side(state),
        away: stays_away(state, now),
        left_closed: state.left_closed().iter().map(ToString::to_string).collect(),
        next: next(state, question.as_ref()),
        question,
        halt: state.halt.as_ref().map(halt),
        effects: effects(state),
        in_flight: state.unresolved().map(|(id, _)| id.clone()).collect(),
        assessed: state.assessed.as_ref().map(|a| a.reason.clone()),
        executors: state.executors.iter().map(|(id, _)| id.clone()).collect(),
        last: state.last,
        head: state.head.clone(),
        timeline: records.iter().map(|r| line(r.borrow(), state)).collect(),
    }
}

fn line(record: &Record, state: &State) -> Line {
    let idle = state.disregarded.contains(&record.seq);
    Line {
        seq: record.seq,
        at: record.at,
        after: since(state.decision.first_signal, record.at),
        by: record.by.to_string(),
        entry: record.entry.name(),
        text: sentence(&record.entry) + if idle { " (does NOT count)" } else { "" },
    }
}

fn recovery_point(state: &State, plan: &Plan) -> RecoveryPoint {
    let target = plan.objectives.rpo;
    let single = |id: &EntryId| plan.database(id).is_some_and(|d| d.single_writer());
    let bounds: Vec<Option<Span>> =
        state.losses.iter().filter(|(id, _)| single(id)).map(|(_, (bound, _))| *bound).collect();
    let known = !bounds.is_empty() && bounds.iter().all(Option::is_some);
    let actual = if known { bounds.into_iter().flatten().max() } else { None };
    RecoveryPoint { target, actual, met: actual.map(|a| a <= target) }
}

fn database(state: &State, database: &crate::plan::Database, now: Timestamp) -> DatabaseStatus {
    let id = database.id();
    let fenced = state.fenced.get(id);
    let (bound, source) = state.losses.get(id).cloned().unzip();
    DatabaseStatus {
        id: id.clone(),
        fence: match fenced {
            _ if !database.single_writer() => "not-needed",
            Some(f) if now < f.holds_from => "pending",
            Some(_) => "proven",
            None if state.waived.contains_key(id) => "waived",
            None => "none",
        },
        fence_holds_from: fenced.map(|f| f.holds_from),
        loss_bound: bound.flatten(),
        loss_source: source,
        max_loss: database.max_loss(),
        writer: state.writers.contains(id),
    }
}

fn old_side(state: &State) -> OldSide {
    if !state.unproven().is_empty() {
        OldSide::Unproven
    } else if !state.committed() {
        OldSide::Writer
    } else {
        OldSide::Fenced
    }
}

fn halt(halt: &crate::journal::Halt) -> HaltStatus {
    let (kind, step) = match halt.kind {
        HaltKind::Held(step) => ("held", Some(step)),
        HaltKind::Paused => ("paused", None),
        HaltKind::Stopped => ("stopped", None),
    };
    HaltStatus { kind, step, since: halt.since, reason: halt.reason.clone() }
}

fn effects(state: &State) -> Vec<EffectStatus> {
    let one = |(id, effect): (&EffectId, &crate::journal::EffectState)| EffectStatus {
        effect: id.clone(),
        change: effect.change.to_string(),
        sent: effect.intents.len(),
        last_sent: effect.last_intent().map(|i| i.at),
        outcome: if effect.unresolved() {
            "unknown"
        } else if effect.applied() {
            "applied"
        } else {
            "not-applied"
        },
    };
    state.each_effect().map(one).collect()
}

/// What a person can do next.
fn next(state: &State, question: Option<&Question>) -> Vec<String> {
    let w = &state.decision.workload;
    if state.end.is_some() {
        let acknowledge = state.acknowledged.is_none() && state.closed.is_none();
        let acknowledge = acknowledge.then(|| format!("leeward ack {w} --reason …"));
        let home = state.away_from_home().then(|| way_home(state));
        return acknowledge.into_iter().chain(home).collect();
    }
    let mut next = Vec::new();
    if let Some(q) = question {
        next.push(format!("leeward approve {w} --question {} --reason …", q.number));
        next.push(format!("leeward decline {w} --question {} --reason …", q.number));
    }
    match state.halt.as_ref().map(|h| h.kind) {
        Some(HaltKind::Held(_) | HaltKind::Stopped) => {
            next.push(format!("leeward resume {w} --reason … [--time-limit 30m]"));
            next.push(format!("leeward abandon {w} --reason …"));
        }
        Some(HaltKind::Paused) => next.push(format!("leeward resume {w} --reason …")),
        None => {
            next.push(format!("leeward pause {w} --reason …"));
            next.push(format!("leeward stop {w} --reason …"));
        }
    }
    next
}
