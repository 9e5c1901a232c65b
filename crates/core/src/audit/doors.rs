//! The one-way doors: promotion, commit, the end.

use super::{Verdict, Walked, at};
use crate::ids::EntryId;
use crate::journal::{Answer, End, Entry, Fate, State};
use crate::plan::{Database, Plan};
use crate::table::NOBODY;
use crate::time::{Span, Timestamp};
use crate::world::Change;

/// S7: Recovered rests on validation passes after the commit, in a row, as many as the plan wants.
pub(super) fn proved(case: &Walked<'_>) -> Verdict {
    let mut row = 0;
    let mut committed = false;
    for record in case.records {
        if matches!(record.entry, Entry::Committed { .. }) {
            committed = true;
        } else if let Entry::Pass { held, checks } = &record.entry {
            if !committed {
                return Err(at(record.seq, "a validation pass before the commit"));
            }
            if *held && checks.is_empty() {
                return Err(at(record.seq, "a validation pass that checked nothing"));
            }
            row = if *held { row + 1 } else { 0 };
        } else if let Entry::Ended { end: End::Recovered, .. } = &record.entry {
            let wanted = case.plan.validation.passes.max(1);
            if row < wanted {
                return Err(at(
                    record.seq,
                    format!("Recovered after {row} passes in a row, {wanted} are wanted"),
                ));
            }
            return Ok(format!("{row} passes in a row before Recovered"));
        }
    }
    Ok(format!("not Recovered; {row} passes in a row"))
}

/// S8: what makes the other side the writer stands behind the commit and a proof for every
/// database; the lease is granted only to verified writers.
pub(super) fn fenced_and_committed(case: &Walked<'_>) -> Verdict {
    let mut promotions = 0;
    for (state, record) in case.walk()? {
        let Entry::Intent { change, .. } = &record.entry else { continue };
        if promotes(change) {
            promotions += 1;
            if !state.committed() {
                return Err(at(record.seq, format!("{change} before the commit")));
            }
            for id in single_writers(case.plan) {
                proven(state, id, record.at)
                    .map_err(|why| at(record.seq, format!("{change}, but {why}")))?;
            }
        }
        if let Some(to) = granted(change, state) {
            for database in case.plan.databases.iter().filter(|d| d.lease().is_some()) {
                if !state.writers.contains(database.id()) {
                    return Err(at(
                        record.seq,
                        format!(
                            "the lease goes to {to} before {} was seen as the writer",
                            database.id()
                        ),
                    ));
                }
            }
        }
    }
    Ok(format!("{promotions} promotions were sent"))
}

fn promotes(change: &Change) -> bool {
    matches!(
        change,
        Change::PromoteReplica { .. }
            | Change::FailoverGlobal { .. }
            | Change::SwitchoverGlobal { .. }
    )
}

fn granted<'a>(change: &'a Change, state: &State) -> Option<&'a str> {
    match change {
        Change::MoveLease { to_owner, .. }
            if to_owner != NOBODY && *to_owner == *state.decision.target.as_str() =>
        {
            Some(to_owner)
        }
        Change::MoveLease { .. }
        | Change::PromoteReplica { .. }
        | Change::FailoverGlobal { .. }
        | Change::SwitchoverGlobal { .. }
        | Change::BoundGroup { .. }
        | Change::SetMinimum { .. }
        | Change::StartInstances { .. }
        | Change::StopInstances { .. }
        | Change::SetDesiredCount { .. }
        | Change::ReserveConcurrency { .. }
        | Change::EnableEventSource { .. }
        | Change::RevokeIngress { .. }
        | Change::AuthorizeIngress { .. }
        | Change::PutMetric { .. }
        | Change::ChangeRecords { .. } => None,
    }
}

fn single_writers(plan: &Plan) -> impl Iterator<Item = &EntryId> {
    plan.databases.iter().filter(|d| d.single_writer()).map(Database::id)
}

fn proven(state: &State, id: &EntryId, at: Timestamp) -> Result<(), String> {
    match state.fenced.get(id) {
        Some(fenced) if at >= fenced.holds_from => Ok(()),
        Some(fenced) => Err(format!("the fence of {id} holds only from {}", fenced.holds_from)),
        None if state.waived.contains_key(id) => Ok(()),
        None => Err(format!("no fence of {id} is proven and nobody waived it")),
    }
}

/// S9: at the commit every loss is known and allowed: by the plan, by a person who was shown it, or
/// by a waiver.
pub(super) fn within_bound(case: &Walked<'_>) -> Verdict {
    for (state, record) in case.walk()? {
        if !matches!(record.entry, Entry::Committed { .. }) {
            continue;
        }
        let mut words = Vec::new();
        for database in case.plan.databases.iter().filter(|d| d.single_writer()) {
            let id = database.id();
            let limit = database.max_loss();
            let waived = state.waived.contains_key(id);
            match state.losses.get(id).map(|(bound, _)| *bound) {
                Some(Some(bound)) if bound <= limit => {
                    words.push(format!("{id} {} of {limit}", bound.in_words()))
                }
                Some(Some(bound)) if approved(state, bound) => {
                    words.push(format!("{id} {} over {limit}, approved", bound.in_words()));
                }
                Some(_) if waived => words.push(format!("{id} waived")),
                Some(Some(bound)) => {
                    return Err(at(
                        record.seq,
                        format!(
                            "commits to lose {} of {id}, the limit is {limit}",
                            bound.in_words()
                        ),
                    ));
                }
                Some(None) => {
                    return Err(at(record.seq, format!("commits with the loss of {id} unknown")));
                }
                None => {
                    return Err(at(record.seq, format!("commits without a loss bound of {id}")));
                }
            }
        }
        return Ok(if words.is_empty() {
            "nothing can be lost".to_owned()
        } else {
            words.join(", ")
        });
    }
    Ok("not committed".to_owned())
}

/// Whether a person who was shown at least that loss said yes.
fn approved(state: &State, bound: Span) -> bool {
    state.questions.iter().any(|q| {
        matches!(q.answer, Some((Answer::Approved, _)))
            && q.loss.is_some_and(|shown| shown >= bound)
    })
}

/// S15: the commit and the turn-back are rivals for one place.
pub(super) fn one_fate(case: &Walked<'_>) -> Verdict {
    for (state, record) in case.walk()? {
        match &record.entry {
            Entry::Intent { change, undoes, effect, .. } => match state.fate {
                Fate::Committed(_) if undoes.is_some() => {
                    return Err(at(record.seq, format!("{effect} undoes after the commit")));
                }
                Fate::TurnedBack(..) if undoes.is_none() => {
                    return Err(at(record.seq, format!("{change} after turning back")));
                }
                Fate::Open | Fate::Committed(_) | Fate::TurnedBack(..) => {}
            },
            Entry::Committed { .. } | Entry::TurnedBack { .. } if state.fate != Fate::Open => {
                return Err(at(
                    record.seq,
                    format!("{} after {:?}", record.entry.name(), state.fate),
                ));
            }
            Entry::Opened(_)
            | Entry::Joined { .. }
            | Entry::Assessed { .. }
            | Entry::Asked { .. }
            | Entry::Answered { .. }
            | Entry::Replied { .. }
            | Entry::Outcome { .. }
            | Entry::Fenced { .. }
            | Entry::Waived { .. }
            | Entry::LossBound { .. }
            | Entry::WriterVerified { .. }
            | Entry::StepDone { .. }
            | Entry::Committed { .. }
            | Entry::TurnedBack { .. }
            | Entry::Pass { .. }
            | Entry::Held { .. }
            | Entry::Paused { .. }
            | Entry::Stopped { .. }
            | Entry::Resumed { .. }
            | Entry::Ended { .. }
            | Entry::Acknowledged { .. }
            | Entry::OldSideFenced { .. }
            | Entry::SeenAtHome { .. }
            | Entry::OneWriter { .. }
            | Entry::Noted { .. }
            | Entry::Closed { .. } => {}
        }
    }
    Ok(match case.last()?.fate {
        Fate::Open => "both ways are open".to_owned(),
        Fate::Committed(at) => format!("committed at {at}, and only forward since"),
        Fate::TurnedBack(reason, at) => {
            format!("turned back at {at}, and only back since: {reason}")
        }
    })
}
