//! Who accepts writes, what is lost, who is served.

use leeward_core::ids::{EntryId, Side};
use leeward_core::journal::{End, Entry, FenceProof};
use leeward_core::plan::Database;
use leeward_core::time::{Span, Timestamp, since};
use leeward_core::world::Change;
use leeward_ports::fake::Happened;

use super::evidence::{Case, Journal};

/// S1: at most one Region accepts application writes to a single-writer database. Not promised for
/// writers that ignore the lease, nor from a waiver of that database's fence on, nor where a person opens again
/// by hand what a recovery has proven shut.
pub(super) fn one_writer(evidence: &Case<'_>) -> Vec<String> {
    if !evidence.honoured {
        return Vec::new();
    }
    let journals = evidence.journals();
    let mut breaches = Vec::new();
    for database in evidence.plan.databases.iter().filter(|d| d.single_writer()) {
        let id = database.id();
        let waived = waived_from(journals, id);
        let standby = evidence.accepted(id, Side::Standby);
        for (from, until) in evidence.accepted(id, Side::Primary) {
            for (other_from, other_until) in &standby {
                let (both_from, both_until) = (from.max(*other_from), until.min(*other_until));
                let opened = opened_by_hand(evidence, id, both_from);
                if both_from < both_until && waived.is_none_or(|w| both_from < w) && !opened {
                    breaches.push(format!(
                        "both sides accept writes to {id} from {both_from} to {both_until}"
                    ));
                }
            }
        }
    }
    breaches
}

/// Whether somebody let writers in again after their network was proven shut, and by then.
fn opened_by_hand(evidence: &Case<'_>, id: &EntryId, by: Timestamp) -> bool {
    let shut = evidence.journals().iter().filter_map(|j| {
        j.when(|e| {
            matches!(e, Entry::Fenced { databases, fence: FenceProof::Isolate, .. } if databases.contains(id))
        })
    });
    let Some(shut) = shut.min() else { return false };
    let between = |at: Timestamp| shut <= at && at <= by;
    evidence.happenings.iter().any(|h| matches!(h.what, Happened::LetIn { .. }) && between(h.at))
}

pub(super) fn waived_from(journals: &[Journal], id: &EntryId) -> Option<Timestamp> {
    journals
        .iter()
        .filter_map(|j| j.when(|e| matches!(e, Entry::Waived { database, .. } if database == id)))
        .min()
}

/// S8: a proof is true: the old side accepts nothing any more from the instant that it names. A
/// service's own switchover stops the old side later, by itself.
pub(super) fn proofs_are_true(evidence: &Case<'_>) -> Vec<String> {
    if !evidence.honoured {
        return Vec::new();
    }
    let mut breaches = Vec::new();
    for journal in evidence.journals() {
        let Some(first) = journal.records.first() else { continue };
        let Entry::Opened(decision) = &first.entry else { continue };
        let old = decision.direction.source();
        for (written, record) in journal.entries() {
            let Entry::Fenced { databases, fence, holds_from, .. } = &record.entry else {
                continue;
            };
            let holds_from = match fence {
                FenceProof::WriterLease { .. } => holds_from,
                // It was seen between the read that it is dated by and its own writing.
                FenceProof::StopWriter | FenceProof::Isolate => &written.max(*holds_from),
                FenceProof::Switchover | FenceProof::NotNeeded => continue,
            };
            if given_back(evidence.journals(), journal, fence, *holds_from) {
                continue;
            }
            for database in databases {
                let accepted = evidence.accepted(database, old);
                let after = accepted.iter().find(|(from, to)| from < holds_from && to > holds_from);
                if let Some((_, until)) = after {
                    breaches.push(format!(
                        "entry {}: {database} is said to be fenced from {holds_from}, its {old} side accepts writes until {until}",
                        record.seq
                    ));
                }
            }
        }
    }
    breaches
}

/// Whether the lease was on its way back before the proof began to hold, by this generation or by one that took
/// up what it left. Nothing rests on such a proof: what undoes has turned back and commits no more (S15).
fn given_back(
    journals: &[Journal],
    journal: &Journal,
    fence: &FenceProof,
    holds_from: Timestamp,
) -> bool {
    let FenceProof::WriterLease { epoch } = fence else { return false };
    journals.iter().filter(|j| j.generation >= journal.generation).any(|undoing| {
        let turned = undoing.when(|e| matches!(e, Entry::TurnedBack { .. }));
        undoing.intents().any(|(landed, record, change)| {
            let undoes = matches!(&record.entry, Entry::Intent { undoes: Some(_), .. });
            let returns =
                matches!(change, Change::MoveLease { from_epoch, .. } if from_epoch == epoch);
            undoes && returns && landed <= holds_from && turned.is_some_and(|at| at <= landed)
        })
    })
}

/// S9: what a promotion truly lost is within the bound that its commit rests on.
pub(super) fn loss_within_bound(evidence: &Case<'_>) -> Vec<String> {
    if !evidence.honoured {
        return Vec::new();
    }
    let journals = evidence.journals();
    let mut breaches = Vec::new();
    for happening in &evidence.happenings {
        let Happened::Promoted { database, side, holds_until } = &happening.what else { continue };
        let written = evidence.accepted(database, side.other());
        let last = written.iter().filter(|(from, _)| *from < happening.at).map(|(_, until)| *until);
        let lost = last.max().map_or(Span::default(), |last| since(*holds_until, last));
        // A bound is of the move of its generation: what a person promotes the other way is not its own.
        let toward = |j: &&Journal| matches!(j.records.first().map(|r| &r.entry), Some(Entry::Opened(d)) if d.direction.target() == *side);
        let Some(journal) = in_force(journals, happening.at).filter(toward) else { continue };
        if waived_from(journals, database).is_some() {
            continue;
        }
        let bound = journal
            .entries()
            .filter(|(at, _)| *at <= happening.at)
            .filter_map(|(_, record)| {
                let Entry::LossBound { database: d, bound, .. } = &record.entry else {
                    return None;
                };
                (d == database).then_some((record.at, *bound))
            })
            .next_back();
        let set_back = slack(evidence, journal, database, *side, (happening.at, *holds_until));
        let bound = bound.map(|(_, bound)| bound);
        match bound {
            Some(Some(bound)) if lost <= bound.plus(set_back) => {}
            Some(Some(bound)) => breaches
                .push(format!("{database} lost {lost} of writes, the bound on record is {bound}")),
            Some(None) | None if lost == Span::default() => {}
            Some(None) | None => {
                breaches.push(format!("{database} lost {lost} of writes, with no bound on record"));
            }
        }
    }
    breaches
}

/// By how much a bound of what was promoted then, with what had reached it, may be too small: a clock that was
/// set back.
pub(super) fn slack(
    evidence: &Case<'_>,
    journal: &Journal,
    database: &EntryId,
    side: Side,
    (at, holds_until): (Timestamp, Timestamp),
) -> Span {
    let written = evidence.accepted(database, side.other());
    let mut dated =
        journal.entries().filter(|(landed, _)| *landed <= at).filter_map(|(_, record)| {
            let Entry::LossBound { database: d, .. } = &record.entry else { return None };
            (d == database).then_some(record.at)
        });
    // What the replica held when the bound was looked at: it has caught up since, until it was promoted.
    let caught_up = dated.next_back().map_or(Span::default(), |dated| since(dated, at));
    let held = before(holds_until, caught_up);
    let beaten = beaten(&written, held, heartbeat(evidence, database));
    let fenced = fenced(journal, database).unwrap_or(at);
    set_back(evidence, side.other(), beaten, fenced)
}

/// How often the writers of that database write its heartbeat.
fn heartbeat(evidence: &Case<'_>, database: &EntryId) -> Span {
    let lease = evidence.plan.database(database).and_then(Database::lease);
    lease.map_or(Span::seconds(1), |lease| lease.heartbeat)
}

/// When the last heartbeat that was replicated by then was written, at the earliest.
fn beaten(
    written: &[(Timestamp, Timestamp)],
    holds_until: Timestamp,
    heartbeat: Span,
) -> Timestamp {
    let reached = written.iter().filter(|(from, _)| *from <= holds_until);
    let last = reached.map(|(_, until)| holds_until.min(*until)).max().unwrap_or(holds_until);
    before(last, heartbeat)
}

fn before(at: Timestamp, span: Span) -> Timestamp {
    let span = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_millisecond(at.as_millisecond().saturating_sub(span)).unwrap_or(at)
}

/// When that generation first put on record that the old side of the database is fenced: nobody there renews
/// a lease any more.
fn fenced(journal: &Journal, database: &EntryId) -> Option<Timestamp> {
    journal.when(|e| matches!(e, Entry::Fenced { databases, .. } if databases.contains(database)))
}

/// By how much that side's clock was set back between the last heartbeat that was replicated and the last
/// renewal: by so much, and no more, the bound may be too small. It rests on one clock that does not go back.
fn set_back(evidence: &Case<'_>, side: Side, from: Timestamp, until: Timestamp) -> Span {
    let back = evidence.happenings.iter().filter_map(|h| {
        let Happened::ClockSet { side: of, by_ms } = h.what else { return None };
        let between = from < h.at && h.at <= until;
        (of == side && between).then(|| u64::try_from(-by_ms).ok()).flatten()
    });
    Span::millis(back.sum())
}

/// The generation that was open then.
fn in_force(journals: &[Journal], at: Timestamp) -> Option<&Journal> {
    journals.iter().rev().find(|j| j.entries().next().is_some_and(|(opened, _)| opened <= at))
}

/// S7: between the last validation pass and Recovered users were truly served by the target.
pub(super) fn served_when_recovered(evidence: &Case<'_>) -> Vec<String> {
    let mut breaches = Vec::new();
    for journal in evidence.journals() {
        let recovered = journal.when(|e| matches!(e, Entry::Ended { end: End::Recovered, .. }));
        let Some(recovered) = recovered else { continue };
        let passed = journal
            .entries()
            .filter(|(_, r)| matches!(r.entry, Entry::Pass { held: true, .. }))
            .map(|(at, _)| at)
            .next_back();
        let Some(first) = journal.records.first() else { continue };
        let Entry::Opened(decision) = &first.entry else { continue };
        let target = decision.direction.target();
        let from = passed.unwrap_or(recovered);
        if !served(evidence, target, from, recovered) {
            breaches.push(format!(
                "generation {} is Recovered at {recovered}, but users were not served by the {target} side since {from}",
                journal.generation
            ));
        }
    }
    breaches
}

/// Whether that side served users at some instant from `from` to `until`.
fn served(evidence: &Case<'_>, side: Side, from: Timestamp, until: Timestamp) -> bool {
    let mut at_begin = None;
    let mut within = false;
    for happening in &evidence.happenings {
        let Happened::Served { by } = &happening.what else { continue };
        if happening.at <= from {
            at_begin = *by;
        } else if happening.at <= until {
            within |= *by == Some(side);
        }
    }
    within || at_begin == Some(side)
}
