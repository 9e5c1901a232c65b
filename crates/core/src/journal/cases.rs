//! Entries for the tests of the journal's rules and of its fold, and what the rules say to them.

use crate::audit::example::{Journal, at, database, plan};
use crate::effect::EffectId;
use crate::ids::{Digest, EntryId, Generation, Seq, Side, Step};
use crate::journal::rules::{Beside, admits};
use crate::journal::{
    Answer, Bearing, Decision, End, Entry, FenceProof, Reply, TurnBackReason, Unproven,
};
use crate::limits::Limits;
use crate::plan::{Plan, example};
use crate::time::{Span, Timestamp};
use crate::world::{Change, ChangeError, ChangeErrorKind, Receipt};

pub(super) const LIMITS: Limits = Limits::REAL;

/// What a reader is told, who has nothing beside the journal.
pub(super) fn reader(j: &Journal, entry: &Entry) -> Result<(), String> {
    admits(&j.state(), entry, at(100), None).map_err(|no| no.to_string())
}

/// What a writer is told who has that plan.
pub(super) fn by_plan(
    plan: &Plan,
    j: &Journal,
    entry: &Entry,
    now: Timestamp,
) -> Result<(), String> {
    let beside = Some(Beside { plan, limits: &LIMITS, by: None });
    admits(&j.state(), entry, now, beside).map_err(|no| no.to_string())
}

/// What a writer is told.
pub(super) fn writer(j: &Journal, entry: &Entry, now: Timestamp) -> Result<(), String> {
    by_plan(&plan(), j, entry, now)
}

pub(super) fn no(words: &str) -> Result<(), String> {
    Err(words.to_owned())
}

pub(super) fn just_before(instant: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(instant.as_millisecond() - 1).unwrap()
}

pub(super) fn just_after(instant: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(instant.as_millisecond() + 1).unwrap()
}

/// The example's plan with that in the place.
pub(super) fn plan_with(place: &str, value: serde_json::Value) -> Plan {
    let mut plan = example::orders();
    *plan.pointer_mut(place).unwrap() = value;
    serde_json::from_value(plan).unwrap()
}

/// What the generation was opened for, to be changed.
pub(super) fn decision(j: &mut Journal) -> &mut Decision {
    let Entry::Opened(decision) = &mut j.records[0].entry else { panic!("no decision") };
    decision
}

pub(super) fn unproven(side: Side, generation: u64) -> Unproven {
    Unproven { database: database(), side, generation: Generation(generation) }
}

pub(super) fn effect(step: Step, target: &str) -> EffectId {
    EffectId::new(&"orders".into(), Generation(1), step, target, "do")
}

pub(super) fn minimum(minimum: u32) -> Change {
    Change::SetMinimum { region: "us-west-2".into(), group: "web".into(), minimum }
}

pub(super) fn intent(effect: EffectId, change: Change) -> Entry {
    Entry::Intent { effect, change: Box::new(change), undoes: None, before: None }
}

pub(super) fn undo(done: &EffectId, change: Change) -> Entry {
    let (effect, undoes) = (done.undo(), Some(done.clone()));
    Entry::Intent { effect, change: Box::new(change), undoes, before: None }
}

pub(super) fn replied(effect: EffectId, intent: u64, reply: Reply) -> Entry {
    Entry::Replied { effect, intent: Seq(intent), reply }
}

pub(super) fn accepted() -> Reply {
    Reply::Accepted(Receipt { id: "r".into() })
}

pub(super) fn refused() -> Reply {
    let (code, message) = ("Code".to_owned(), "words".to_owned());
    Reply::Refused(ChangeError {
        kind: ChangeErrorKind::Refused,
        code: code.into(),
        message: message.into(),
    })
}

pub(super) fn outcome(effect: EffectId, applied: bool) -> Entry {
    Entry::Outcome { effect, applied, evidence: "seen".to_owned() }
}

pub(super) fn asked(number: u32) -> Entry {
    let (plan, question) = (Digest::new("plan"), "go on?".to_owned());
    Entry::Asked { number, plan, loss: None, deadline: at(900), question }
}

pub(super) fn answered(number: u32, answer: Answer) -> Entry {
    Entry::Answered { number, answer, reason: "yes".to_owned() }
}

pub(super) fn assessed(verdict: Bearing) -> Entry {
    Entry::Assessed {
        evidence: Digest::new("ev"),
        verdict,
        reason: "words".to_owned(),
        old_side_well: None,
    }
}

pub(super) fn proof(database: EntryId, holds_from: Timestamp) -> Entry {
    Entry::Fenced {
        databases: vec![database],
        fence: FenceProof::StopWriter,
        holds_from,
        latest_write: None,
        evidence: "no writer runs".to_owned(),
    }
}

pub(super) fn waived(loss: Option<Span>) -> Entry {
    Entry::Waived { database: database(), loss, reason: "mine".to_owned() }
}

pub(super) fn loss_bound(bound: Option<Span>) -> Entry {
    Entry::LossBound { database: database(), bound, source: "heartbeat".to_owned() }
}

pub(super) fn old_side_fenced(database: EntryId, side: Side) -> Entry {
    Entry::OldSideFenced { database, side, evidence: "stopped".to_owned() }
}

pub(super) fn committed() -> Entry {
    Entry::Committed { evidence: Digest::new("ev"), because: vec!["it is fenced".to_owned()] }
}

pub(super) fn turned_back() -> Entry {
    Entry::turned_back(TurnBackReason::PrimaryHealthy, "it is well")
}

pub(super) fn verified() -> Entry {
    Entry::WriterVerified { database: database(), evidence: "writes".to_owned() }
}

pub(super) fn pass(held: bool) -> Entry {
    Entry::Pass { held, checks: vec!["home: 200".to_owned()] }
}

pub(super) fn held(reason: &str) -> Entry {
    Entry::Held { step: Step::Commit, reason: reason.to_owned() }
}

pub(super) fn paused(reason: &str) -> Entry {
    Entry::Paused { reason: reason.to_owned() }
}

pub(super) fn stopped(reason: &str) -> Entry {
    Entry::Stopped { reason: reason.to_owned(), in_flight: Vec::new() }
}

pub(super) fn resumed(time_limit: Option<Span>) -> Entry {
    Entry::Resumed { reason: "go".to_owned(), time_limit }
}

pub(super) fn ended(end: End) -> Entry {
    Entry::Ended { end, reason: "that is all".to_owned() }
}

pub(super) fn joined() -> Entry {
    Entry::Joined { executor: "y".into() }
}

pub(super) fn step_done(step: Step) -> Entry {
    Entry::StepDone { step, evidence: vec!["seen".to_owned()] }
}

pub(super) fn acknowledged() -> Entry {
    Entry::Acknowledged { reason: "looked".to_owned() }
}

pub(super) fn noted() -> Entry {
    Entry::Noted { text: "by the way".to_owned() }
}

pub(super) fn closed(next: u64) -> Entry {
    Entry::Closed { next: Generation(next) }
}
