//! Effects: what was written before they were sent, and how often they changed the world.

use std::collections::BTreeMap;

use leeward_core::effect::EffectId;
use leeward_core::journal::Entry;
use leeward_core::time::Timestamp;
use leeward_core::world::{Change, EffectClass};
use leeward_ports::fake::Happened;

use super::evidence::{Arrival, Case, Journal};

/// An effect's intent, found for a request.
pub(super) struct Meant<'a> {
    pub(super) journal: &'a Journal,
    effect: &'a EffectId,
    /// Date on the entry.
    dated: Timestamp,
    /// When the entry landed.
    landed: Timestamp,
}

/// Every intent that means this change, oldest first.
fn meant<'a>(journals: &'a [Journal], change: &Change) -> Vec<Meant<'a>> {
    journals
        .iter()
        .flat_map(|journal| journal.intents().map(move |i| (journal, i)))
        .filter_map(|(journal, (landed, record, known))| {
            let Entry::Intent { effect, .. } = &record.entry else { return None };
            (known == change).then_some(Meant { journal, effect, dated: record.at, landed })
        })
        .collect()
}

/// The intent that a request carries out: it is signed with the date of its own. Generations may mean
/// the same change, so the change alone does not tell; without a signature the last before it does.
pub(super) fn carried_out<'a>(
    journals: &'a [Journal],
    change: &Change,
    frozen: Option<Timestamp>,
    arrived: Timestamp,
) -> Option<Meant<'a>> {
    let mut meant = meant(journals, change);
    let own = meant.iter().rposition(|m| Some(m.dated) == frozen);
    match own.or_else(|| meant.iter().rposition(|m| m.landed <= arrived)) {
        Some(own) => Some(meant.swap_remove(own)),
        None => meant.pop(),
    }
}

/// S6: an effect's intent had landed in the journal before its request landed in the world.
pub(super) fn intent_first(evidence: &Case<'_>) -> Vec<String> {
    let journals = evidence.journals();
    evidence
        .arrivals()
        .filter(|a| !meant(journals, a.change).iter().any(|m| m.landed <= a.at))
        .map(|a| format!("{} arrived at {} before any intent of it", a.change, a.at))
        .collect()
}

/// S6: what is on record as made had been made by then: by one of its requests, or by a person's hand.
pub(super) fn outcome_is_true(evidence: &Case<'_>) -> Vec<String> {
    let journals = evidence.journals();
    let mut breaches = Vec::new();
    for journal in journals {
        for (at, record) in journal.entries() {
            let Entry::Outcome { effect, applied: true, .. } = &record.entry else { continue };
            let made = evidence.happenings.iter().filter(|h| h.at <= at).any(|h| match &h.what {
                Happened::Landed { frozen: None, .. } => true,
                Happened::Landed { change, .. } => {
                    meant(journals, change).iter().any(|m| m.effect == effect)
                }
                Happened::RegionIs { .. }
                | Happened::Rejected { .. }
                | Happened::AcceptBegan { .. }
                | Happened::AcceptEnded { .. }
                | Happened::Promoted { .. }
                | Happened::Demoted { .. }
                | Happened::LeaseMoved { .. }
                | Happened::ClockSet { .. }
                | Happened::LetIn { .. }
                | Happened::Served { .. }
                | Happened::Order { .. } => false,
            });
            if !made {
                breaches.push(format!(
                    "entry {} says at {at} that {effect} was made; no request of it had arrived",
                    record.seq
                ));
            }
        }
    }
    breaches
}

/// S10: no more requests of a change arrive than intents of it were written.
pub(super) fn one_request_an_intent(evidence: &Case<'_>) -> Vec<String> {
    let journals = evidence.journals();
    let arrivals: Vec<&Change> = evidence.arrivals().map(|a| a.change).collect();
    let mut breaches = Vec::new();
    for (index, change) in arrivals.iter().enumerate() {
        if arrivals[..index].contains(change) {
            continue;
        }
        let sent = arrivals.iter().filter(|c| *c == change).count();
        let intents = meant(journals, change).len();
        if sent > intents {
            breaches.push(format!("{change}: {sent} requests arrived, {intents} were intended"));
        }
    }
    breaches
}

/// S11: a request is signed with a date that its intent, and so the table's answer, had seen.
pub(super) fn signed_on_the_journal(evidence: &Case<'_>) -> Vec<String> {
    let journals = evidence.journals();
    let mut breaches = Vec::new();
    for arrival in evidence.arrivals() {
        let Some(frozen) = arrival.frozen else { continue };
        let rests = meant(journals, arrival.change).iter().any(|m| m.dated <= frozen);
        if !rests || frozen > arrival.at {
            breaches.push(format!(
                "{} arrived at {} with a signature of {frozen}, which rests on no intent",
                arrival.change, arrival.at
            ));
        }
    }
    breaches
}

/// S5: one effect changes the world at most once. A person's hand in between, or a promotion that
/// the service itself gave up, makes room for another.
pub(super) fn at_most_once(evidence: &Case<'_>) -> Vec<String> {
    let journals = evidence.journals();
    let mut changed: BTreeMap<&EffectId, Timestamp> = BTreeMap::new();
    let mut breaches = Vec::new();
    for happening in &evidence.happenings {
        let Happened::Landed { change, frozen, changed: true } = &happening.what else { continue };
        if frozen.is_none() {
            changed.clear();
            continue;
        }
        if change.class() == EffectClass::StateGuarded {
            continue;
        }
        let signed = frozen.map(|f| f.0);
        let Some(meant) = carried_out(journals, change, signed, happening.at) else { continue };
        if let Some(before) = changed.insert(meant.effect, happening.at) {
            breaches.push(format!(
                "{} changed the world at {before} and again at {}",
                meant.effect, happening.at
            ));
        }
    }
    breaches.extend(promoted_twice(evidence));
    breaches
}

/// No engine becomes the writer twice without having stopped being it.
fn promoted_twice(evidence: &Case<'_>) -> Vec<String> {
    let mut writers = Vec::new();
    let mut breaches = Vec::new();
    for happening in &evidence.happenings {
        if let Happened::Promoted { database, side, .. } = &happening.what {
            if writers.contains(&(database, *side)) {
                breaches.push(format!("{database} was promoted twice on the {side} side"));
            }
            writers.push((database, *side));
        }
        if let Happened::Demoted { database, side } = &happening.what {
            writers.retain(|known| *known != (database, *side));
        }
    }
    breaches
}

/// S16: when a generation has ended, nothing of it changes the world any more.
pub(super) fn nothing_lands_after_the_end(evidence: &Case<'_>) -> Vec<String> {
    let journals = evidence.journals();
    let mut breaches = Vec::new();
    for arrival in evidence.arrivals().filter(|a| a.changed) {
        let meant = carried_out(journals, arrival.change, arrival.frozen, arrival.at);
        let Some(meant) = meant else { continue };
        let ended = meant.journal.when(|e| matches!(e, Entry::Ended { .. }));
        if ended.is_some_and(|end| end < arrival.at) && !overruled(evidence, &arrival) {
            breaches.push(format!(
                "{} of generation {} landed at {}, after its end",
                arrival.change, meant.journal.generation, arrival.at
            ));
        }
    }
    breaches
}

/// Whether the same request had landed before and a person changed the same thing since: a lost request whose repeat
/// was made changes nothing when it arrives at last, but what a hand has changed in between.
fn overruled(evidence: &Case<'_>, late: &Arrival<'_>) -> bool {
    let mut before = evidence.arrivals().filter(|a| a.at < late.at && a.change == late.change);
    let Some(made) = before.next() else { return false };
    evidence.happenings.iter().any(|h| {
        made.at <= h.at
            && h.at <= late.at
            && matches!(&h.what, Happened::Landed { change, frozen: None, changed: true }
                if change.operation() == late.change.operation())
    })
}
