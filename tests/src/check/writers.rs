//! Who accepts writes, what is lost, who is served.

use leeward_core::ids::{EntryId, Side};
use leeward_core::journal::{End, Entry, FenceProof};
use leeward_core::time::{Span, Timestamp, after, since};
use leeward_core::world::Change;
use leeward_ports::fake::Happened;

use super::evidence::{Case, Journal};

/// S1: at most one Region accepts application writes to a single-writer database. Not promised for
/// writers that ignore the lease, nor from a waiver of that database's fence on.
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
                if both_from < both_until && waived.is_none_or(|w| both_from < w) {
                    breaches.push(format!(
                        "both sides accept writes to {id} from {both_from} to {both_until}"
                    ));
                }
            }
        }
    }
    breaches
}

fn waived_from(journals: &[Journal], id: &EntryId) -> Option<Timestamp> {
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
        let Some((_, first)) = journal.entries.first() else { continue };
        let Entry::Opened(decision) = &first.entry else { continue };
        let old = decision.direction.source();
        for (written, record) in &journal.entries {
            let Entry::Fenced { databases, fence, holds_from, .. } = &record.entry else {
                continue;
            };
            let holds_from = match fence {
                FenceProof::WriterLease { .. } => holds_from,
                // It was seen between the read that it is dated by and its own writing.
                FenceProof::StopWriter | FenceProof::Isolate => written.max(holds_from),
                FenceProof::Switchover | FenceProof::NotNeeded => continue,
            };
            if given_back(journal, fence, *holds_from) {
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

/// Whether the lease was on its way back before the proof began to hold. Nothing rests on such a proof:
/// what undoes has turned back and commits no more (S15).
fn given_back(journal: &Journal, fence: &FenceProof, holds_from: Timestamp) -> bool {
    let FenceProof::WriterLease { epoch } = fence else { return false };
    let turned = journal.when(|e| matches!(e, Entry::TurnedBack { .. }));
    journal.intents().any(|(landed, record, change)| {
        let undoes = matches!(&record.entry, Entry::Intent { undoes: Some(_), .. });
        let returns = matches!(change, Change::MoveLease { from_epoch, .. } if from_epoch == epoch);
        undoes && returns && landed <= holds_from && turned.is_some_and(|at| at <= landed)
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
        let Some(journal) = in_force(journals, happening.at) else { continue };
        if waived_from(journals, database).is_some()
            || set_back(evidence, side.other(), beaten(&written, *holds_until), happening.at)
        {
            continue;
        }
        let bound = journal
            .entries
            .iter()
            .filter(|(at, _)| *at <= happening.at)
            .filter_map(|(at, record)| {
                let Entry::LossBound { database: d, bound, .. } = &record.entry else {
                    return None;
                };
                (d == database).then_some((*at, *bound))
            })
            .next_back();
        // What the bound rests on was replicated as long before as the promotion came after it.
        let read = bound.map_or(happening.at, |(at, _)| at);
        let still_to_come = since(read, happening.at);
        if of_another_writer(evidence, database, *side, (*holds_until, still_to_come), happening.at)
        {
            continue;
        }
        match bound.map(|(_, bound)| bound) {
            Some(Some(bound)) if lost <= bound => {}
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

/// When the last heartbeat can have been written that was replicated by then.
fn beaten(written: &[(Timestamp, Timestamp)], holds_until: Timestamp) -> Timestamp {
    let reached = written.iter().filter(|(from, _)| *from <= holds_until);
    reached.map(|(_, until)| holds_until.min(*until)).max().unwrap_or(holds_until)
}

/// Whether the writer's clock was set back between what was replicated last and the promotion. The bound
/// rests on heartbeat and lease being dated by one clock that does not go back in between.
fn set_back(evidence: &Case<'_>, side: Side, from: Timestamp, until: Timestamp) -> bool {
    evidence.happenings.iter().any(|h| {
        matches!(h.what, Happened::ClockSet { side: of, by_ms } if of == side && by_ms < 0)
            && from < h.at
            && h.at <= until
    })
}

/// Whether nothing of the fenced writer had been replicated since it took over from the side that is promoted again:
/// the heartbeat there is that side's own then, by its own clock, and the lease is by the other's. The bound rests on
/// one clock for both. It was read before the promotion: what was replicated since was `still_to_come`.
fn of_another_writer(
    evidence: &Case<'_>,
    database: &EntryId,
    side: Side,
    (holds_until, still_to_come): (Timestamp, Span),
    promoted: Timestamp,
) -> bool {
    let began = |side: Side| {
        let spans = evidence.accepted(database, side);
        spans.iter().map(|(from, _)| *from).filter(|from| *from < promoted).max()
    };
    began(side)
        .zip(began(side.other()))
        .is_some_and(|(own, fenced)| own < fenced && holds_until < after(fenced, still_to_come))
}

/// The generation that was open then.
fn in_force(journals: &[Journal], at: Timestamp) -> Option<&Journal> {
    journals.iter().rev().find(|j| j.entries.first().is_some_and(|(opened, _)| *opened <= at))
}

/// S7: between the last validation pass and Recovered users were truly served by the target.
pub(super) fn served_when_recovered(evidence: &Case<'_>) -> Vec<String> {
    let mut breaches = Vec::new();
    for journal in evidence.journals() {
        let recovered = journal.when(|e| matches!(e, Entry::Ended { end: End::Recovered, .. }));
        let Some(recovered) = recovered else { continue };
        let passed = journal
            .entries
            .iter()
            .filter(|(_, r)| matches!(r.entry, Entry::Pass { held: true, .. }))
            .map(|(at, _)| *at)
            .next_back();
        let Some((_, first)) = journal.entries.first() else { continue };
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
