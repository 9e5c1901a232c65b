//! The one place that knows which entry may follow which. Writers ask it before they write, readers
//! when they fold, auditors when they judge.

use crate::effect::EffectId;
use crate::ids::{Actor, EntryId, Seq, Step};
use crate::journal::{Answer, Bearing, End, Entry, Fate, HaltKind, State, waiver};
use crate::limits::Limits;
use crate::plan::Plan;
use crate::planted::{self, Bug};
use crate::time::{Timestamp, after};
use crate::world::Change;

/// Why an entry may not follow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotAdmitted(pub(super) String);

fn no<T>(why: impl Into<String>) -> Result<T, NotAdmitted> {
    Err(NotAdmitted(why.into()))
}

/// What a writer knows beside the journal.
#[derive(Debug, Clone, Copy)]
pub struct Beside<'a> {
    /// The plan of the generation.
    pub plan: &'a Plan,
    /// The protocol's numbers.
    pub limits: &'a Limits,
    /// In whose name the entry is written.
    pub by: Option<&'a Actor>,
}

/// Whether `entry`, written at `at`, may follow this state. A writer brings what stands beside the
/// journal; a reader, who may have other limits, does not.
pub fn admits(
    state: &State,
    entry: &Entry,
    at: Timestamp,
    beside: Option<Beside<'_>>,
) -> Result<(), NotAdmitted> {
    if let Some(next) = state.closed {
        return no(format!("the journal is closed; generation {next} follows"));
    }
    may_decide(entry, beside)?;
    if let Some(ended) = &state.end {
        #[expect(
            clippy::wildcard_enum_match_arm,
            reason = "after the end nothing else may follow, whatever it is"
        )]
        return match entry {
            Entry::Acknowledged { .. } | Entry::Noted { .. } | Entry::Closed { .. } => Ok(()),
            Entry::OldSideFenced { .. } => old_side_fenced(state, entry),
            Entry::SeenAtHome { regions, .. } => {
                state.may_be_seen_at_home(regions.as_ref()).or_else(no)
            }
            Entry::Waived { database, .. } => waived(state, database, beside),
            other => no(format!(
                "the generation has ended: {}; no {} follows",
                ended.reason,
                other.name()
            )),
        };
    }
    match entry {
        Entry::Opened(_) => no("the decision is already made"),
        Entry::Closed { .. } if planted::is(Bug::ClosedWhileOpen) => Ok(()),
        Entry::Closed { .. } => no("the generation has not ended"),
        Entry::Acknowledged { .. } => no("there is no end to acknowledge yet"),
        Entry::SeenAtHome { .. } => {
            no("where it lives is decided by this generation, which is open")
        }
        Entry::Intent { effect, change, undoes, .. } => {
            named(state, effect, undoes.as_ref())?;
            intent(state, change, undoes.is_some())?;
            if undoes.is_none() { founded(state, effect, at, beside) } else { Ok(()) }
        }
        Entry::OldSideFenced { .. } => old_side_fenced(state, entry),
        Entry::Waived { database, .. } => waived(state, database, beside),
        Entry::Replied { .. }
        | Entry::Outcome { .. }
        | Entry::Answered { .. }
        | Entry::Asked { .. } => refers(state, entry),
        Entry::Committed { .. } | Entry::TurnedBack { .. } => fate(state, entry, at, beside),
        Entry::WriterVerified { .. } | Entry::Pass { .. } => {
            if state.committed() {
                Ok(())
            } else {
                no("nothing is committed")
            }
        }
        Entry::Resumed { .. } => {
            if state.halt.is_some() {
                Ok(())
            } else {
                no("nothing is halted")
            }
        }
        Entry::Held { .. } | Entry::Paused { .. } | Entry::Stopped { .. } => halt(state, entry),
        Entry::Ended { end, .. } => ended(state, *end, at, beside),
        Entry::Joined { .. }
        | Entry::Assessed { .. }
        | Entry::Fenced { .. }
        | Entry::LossBound { .. }
        | Entry::StepDone { .. }
        | Entry::OneWriter { .. }
        | Entry::Noted { .. } => Ok(()),
    }
}

/// A fence rests on evidence of this moment, and opening what was left closed on a look besides.
fn founded(
    state: &State,
    effect: &EffectId,
    at: Timestamp,
    beside: Option<Beside<'_>>,
) -> Result<(), NotAdmitted> {
    reopening(state, effect, at, beside)?;
    match beside {
        Some(beside) if effect.step() == Some(Step::Fence) => fresh(state, at, beside),
        Some(_) | None => Ok(()),
    }
}

/// What was left closed is opened only behind a look that shows that nobody writes there beside another.
fn reopening(
    state: &State,
    effect: &EffectId,
    at: Timestamp,
    beside: Option<Beside<'_>>,
) -> Result<(), NotAdmitted> {
    let reopens = state.decision.reopens().find(|(id, _)| id == effect);
    let Some((_, left)) = reopens.filter(|_| !planted::is(Bug::RuleReopensUnseen)) else {
        return Ok(());
    };
    match state.one_writer.get(&(left.database.clone(), left.side)) {
        Some(seen) if beside.is_none_or(|b| at <= after(*seen, b.limits.assessment_age)) => Ok(()),
        Some(seen) => no(format!("that it makes no second writer was seen at {seen}")),
        None => no(format!("nobody has seen that {effect} makes no second writer")),
    }
}

/// People's answers and waivers are the plan's approvers' alone.
fn may_decide(entry: &Entry, beside: Option<Beside<'_>>) -> Result<(), NotAdmitted> {
    let Some((plan, by)) = beside.and_then(|b| Some((b.plan, b.by?))) else { return Ok(()) };
    let decides = matches!(
        entry,
        Entry::Answered { answer: Answer::Approved | Answer::Declined, .. } | Entry::Waived { .. }
    );
    let approval = &plan.policy.approval;
    if !decides || approval.may_answer(by.as_str()) || planted::is(Bug::AnybodyDecides) {
        return Ok(());
    }
    no(format!(
        "{by} may not decide for plan {}; its approvers are: {}",
        plan.plan,
        approval.approvers.join(", ")
    ))
}

/// Entries that speak of another one: it has to be there.
fn refers(state: &State, entry: &Entry) -> Result<(), NotAdmitted> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the caller brings these four")]
    match entry {
        Entry::Replied { effect, intent, .. } => {
            let known = state.effects.get(effect);
            match known.and_then(|e| e.intents.iter().find(|i| i.seq == *intent)) {
                Some(i) if i.reply.is_none() => Ok(()),
                Some(_) => no(format!("intent {intent} was already replied to")),
                None => no(format!("there is no intent {intent} of {effect}")),
            }
        }
        Entry::Outcome { effect, .. } => {
            if state.effects.contains_key(effect) {
                Ok(())
            } else {
                no(format!("{effect} was never intended"))
            }
        }
        Entry::Answered { number, .. } => {
            match state.questions.iter().find(|q| q.number == *number) {
                Some(q) if q.answer.is_none() || planted::is(Bug::AnswerOfAnother) => {
                    undecided(state, *number)
                }
                Some(_) => no(format!("question {number} has its answer")),
                None => no(format!("there is no question {number}")),
            }
        }
        Entry::Asked { number, .. } => {
            let expected = state.questions.len() as u32 + 1;
            if *number == expected {
                undecided(state, *number)
            } else {
                no(format!("the next question is number {expected}"))
            }
        }
        _ => Ok(()),
    }
}

/// Every question is about the way to the commit: behind it, or after turning back, an answer would only
/// look as if it had an effect.
fn undecided(state: &State, number: u32) -> Result<(), NotAdmitted> {
    match state.fate {
        Fate::Open => Ok(()),
        Fate::Committed(at) => no(format!("it is committed since {at}; question {number} is over")),
        Fate::TurnedBack(reason, at) => {
            no(format!("it has turned back at {at} ({reason}); question {number} is over"))
        }
    }
}

fn halt(state: &State, entry: &Entry) -> Result<(), NotAdmitted> {
    let standing = state.halt.as_ref().map(|h| h.kind);
    match (entry, standing) {
        (_, None) | (Entry::Stopped { .. }, Some(HaltKind::Held(_) | HaltKind::Paused)) => Ok(()),
        (_, Some(_)) => no("it is halted already"),
    }
}

/// What the decision does not name is not done, and nothing is undone that this generation has not.
fn named(state: &State, effect: &EffectId, undoes: Option<&EffectId>) -> Result<(), NotAdmitted> {
    match undoes {
        None if state.decision.effects.contains(effect) => Ok(()),
        None => no(format!("the decision does not name {effect}")),
        Some(done) if !state.effects.contains_key(done) => no(format!("{done} was never done")),
        Some(done) if !state.decision.effects.contains(done) => {
            no(format!("{done} is itself an undo"))
        }
        Some(done) if *effect == done.undo() => Ok(()),
        Some(done) => no(format!("{effect} is not the undo of {done}")),
    }
}

fn old_side_fenced(state: &State, entry: &Entry) -> Result<(), NotAdmitted> {
    let Entry::OldSideFenced { database, side, .. } = entry else { return Ok(()) };
    if state.unproven().iter().any(|u| u.database == *database && u.side == *side) {
        Ok(())
    } else {
        no(format!("the old side of {database} is not unproven"))
    }
}

/// A risk is taken by a person only where the plan, made while all was well, left it to one.
fn waived(
    state: &State,
    database: &EntryId,
    beside: Option<Beside<'_>>,
) -> Result<(), NotAdmitted> {
    beside.map_or(Ok(()), |beside| waiver::listed(state, beside.plan, database))
}

fn intent(state: &State, change: &Change, undo: bool) -> Result<(), NotAdmitted> {
    if let Some(halt) = &state.halt
        && !planted::is(Bug::RuleGoesOnStopped)
    {
        return no(format!("it is halted: {}", halt.reason));
    }
    match (state.fate, undo) {
        (Fate::Committed(_), true) if planted::is(Bug::RuleUndoesCommitted) => Ok(()),
        (Fate::Open, false) if planted::is(Bug::RuleUncommitted) => Ok(()),
        (Fate::Committed(_), true) => no("nothing is undone after the commit"),
        (Fate::TurnedBack(..), false) => no("nothing new is done after turning back"),
        (Fate::Open, true) => no("nothing is undone before turning back"),
        (Fate::Open, false) if needs_commit(change) => no("this needs the commit"),
        (Fate::Open | Fate::Committed(_), false) | (Fate::TurnedBack(..), true) => Ok(()),
    }
}

/// Changes that stand behind the commit: every promotion, and users' traffic.
pub fn needs_commit(change: &Change) -> bool {
    match change {
        Change::PromoteReplica { .. }
        | Change::FailoverGlobal { .. }
        | Change::SwitchoverGlobal { .. }
        | Change::PutMetric { .. }
        | Change::ChangeRecords { .. }
        | Change::EnableEventSource { .. } => true,
        Change::MoveLease { .. }
        | Change::BoundGroup { .. }
        | Change::SetMinimum { .. }
        | Change::StartInstances { .. }
        | Change::StopInstances { .. }
        | Change::SetDesiredCount { .. }
        | Change::ReserveConcurrency { .. }
        | Change::RevokeIngress { .. }
        | Change::AuthorizeIngress { .. } => false,
    }
}

fn fate(
    state: &State,
    entry: &Entry,
    at: Timestamp,
    beside: Option<Beside<'_>>,
) -> Result<(), NotAdmitted> {
    match state.fate {
        Fate::Committed(_) => return no("it is committed"),
        Fate::TurnedBack(..) => return no("it has turned back"),
        Fate::Open => {}
    }
    if let Some(halt) = &state.halt {
        return no(format!("it is halted: {}", halt.reason));
    }
    let (Entry::Committed { .. }, Some(beside)) = (entry, beside) else { return Ok(()) };
    for database in beside.plan.databases.iter().filter(|d| d.single_writer()) {
        let id = database.id();
        let proven = state.fenced.get(id).is_some_and(|f| at >= f.holds_from);
        let asked = !planted::is(Bug::RuleUnfenced);
        if asked && !proven && !state.waived.contains_key(id) {
            return no(format!("no fence of {id} is proven"));
        }
        if asked && !state.losses.contains_key(id) {
            return no(format!("the loss bound of {id} is not known"));
        }
    }
    fresh(state, at, beside)
}

/// A fence and a commit rest on an assessment of this moment that says go.
fn fresh(state: &State, at: Timestamp, beside: Beside<'_>) -> Result<(), NotAdmitted> {
    match &state.assessed {
        Some(_) if planted::is(Bug::RuleOldEvidence) => Ok(()),
        Some(a) if a.bearing != Bearing::Go => no(format!("the assessment says {:?}", a.bearing)),
        Some(a) if at <= after(a.at, beside.limits.assessment_age) => Ok(()),
        Some(a) => no(format!("the assessment is of {}", a.at)),
        None => no("nothing was assessed"),
    }
}

fn ended(
    state: &State,
    end: End,
    at: Timestamp,
    beside: Option<Beside<'_>>,
) -> Result<(), NotAdmitted> {
    match end {
        End::Recovered if !state.committed() => return no("nothing is committed"),
        End::Recovered if state.passes == 0 => return no("no validation pass held"),
        End::RolledBack if !matches!(state.fate, Fate::TurnedBack(..)) => {
            return no("it has not turned back");
        }
        End::Recovered | End::RolledBack => {
            if let Some((effect, _)) = state.unresolved().next()
                && !planted::is(Bug::RuleEndsInTheAir)
            {
                return no(format!("it is not known whether {effect} happened"));
            }
        }
        End::Abandoned => {}
    }
    if let (End::Abandoned, Some(beside)) = (end, beside)
        && let Some(safe) = state.safe_from(beside.limits)
        && at < safe
        && !planted::is(Bug::AbandonedAtOnce)
    {
        return no(format!("a request may still land until {safe}; abandon it then"));
    }
    Ok(())
}

/// The place that the next entry takes.
pub fn next_seq(state: &State) -> Seq {
    state.last.next()
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "following_tests.rs"]
mod following_tests;

#[cfg(test)]
#[path = "intent_tests.rs"]
mod intent_tests;

#[cfg(test)]
#[path = "fate_tests.rs"]
mod fate_tests;
