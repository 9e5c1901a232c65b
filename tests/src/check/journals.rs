//! The journals: write-once in the table, and everything that a journal alone can show.

use std::collections::BTreeSet;
use std::sync::Arc;

use leeward_core::audit::{self, audit, bodies};
use leeward_core::ids::{Digest, Side};
use leeward_core::journal::{Entry, Record, State, chain};
use leeward_core::table::{JOURNAL, Key, generation_partition};
use leeward_ports::fake::Write;
use leeward_ports::{Item, Put};

use super::Violation;
use super::evidence::{Case, Journal};

/// Sort key prefix of stored evidence.
const EVIDENCE: &str = "EV#";

/// S3: a journal item is written once, stands as it was written, and never before the one below it.
pub(super) fn written_once(evidence: &Case<'_>) -> Vec<String> {
    let done = |(_, w): &(usize, &Write)| w.put == Some(Put::Done);
    let mut writes: Vec<(usize, &Write)> =
        evidence.writes.iter().enumerate().filter(done).collect();
    writes.retain(|(_, w)| w.item.key.sk.starts_with(JOURNAL));
    // By place in the journals, and there by when it was written.
    writes.sort_by(|(_, one), (_, other)| one.item.key.cmp(&other.item.key));
    let mut breaches = Vec::new();
    let mut below: Option<(usize, &Key)> = None;
    for written in writes.chunk_by(|(_, one), (_, other)| one.item.key == other.item.key) {
        let [(first, write), again @ ..] = written else { continue };
        let key = &write.item.key;
        let again = again
            .iter()
            .map(|(_, w)| format!("{}/{} was written again at {}", key.pk, key.sk, w.at));
        breaches.extend(again);
        let place = evidence.items.binary_search_by(|item| item.key.cmp(key));
        let last = written.last().map_or(*write, |(_, last)| last);
        if place.is_ok_and(|place| evidence.items[place].body != last.item.body) || place.is_err() {
            breaches.push(format!("{}/{} does not stand as it was written", key.pk, key.sk));
        }
        // The one right below is enough: it was judged itself when it was written.
        let stands_below = stands_below(&evidence.items, key, place.unwrap_or_else(|place| place));
        let before =
            |under: &&Key| !below.is_some_and(|(at, known)| known == *under && at < *first);
        breaches.extend(
            stands_below
                .filter(before)
                .map(|under| format!("{}/{} was written before {}", key.pk, key.sk, under.sk)),
        );
        below = Some((*first, key));
    }
    breaches
}

/// S3: where a workload lived when a generation was opened is where the last commit of all before it brought it, or
/// where it was seen since: no generation that committed to nothing moves it.
pub(super) fn lives_where_it_was_brought(evidence: &Case<'_>) -> Vec<String> {
    let (mut lives, mut breaches) = (Side::Primary, Vec::new());
    for journal in evidence.journals() {
        let Some(Entry::Opened(decision)) = journal.records.first().map(|r| &r.entry) else {
            continue;
        };
        if decision.lived.is_some_and(|lived| lived.side != lives) {
            breaches.push(format!(
                "generation {} was opened as if it lived elsewhere than on its {lives} side",
                journal.generation
            ));
        }
        for record in journal.records.iter() {
            if matches!(record.entry, Entry::Committed { .. }) {
                lives = decision.direction.target();
            } else if matches!(record.entry, Entry::SeenAtHome { .. }) {
                lives = Side::Primary;
            }
        }
    }
    breaches
}

/// The key of the journal item that stands right below that place, of items in the order of their keys.
fn stands_below<'e>(items: &'e [Arc<Item>], key: &Key, place: usize) -> Option<&'e Key> {
    let below = &items.get(place.checked_sub(1)?)?.key;
    (below.pk == key.pk && below.sk.starts_with(JOURNAL)).then_some(below)
}

/// Everything that `leeward audit` judges, by the number that it gives.
pub(super) fn audited(evidence: &Case<'_>) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut previous: Option<&State> = None;
    for journal in evidence.journals() {
        let stored = stored_evidence(evidence, journal);
        let judge = |records: &[Record]| {
            let Some(Entry::Opened(decision)) = records.first().map(|r| &r.entry) else {
                return Vec::new();
            };
            audit(&audit::Case {
                records,
                plan: &journal.plan,
                plan_digest: &decision.plan_digest,
                limits: &evidence.limits,
                previous,
                stored: Some(&stored),
                now: evidence.now,
            })
        };
        let judged = match &journal.state {
            Some(_) => judge(&journal.records),
            // What is wrong with it is told by who reads it.
            None => bodies(journal.items.iter().map(|item| item.body.as_str()), judge),
        };
        violations.extend(judged.into_iter().filter(|j| !j.held).map(|j| Violation {
            invariant: j.invariant,
            detail: format!("generation {}: {}", journal.generation, j.detail),
        }));
        previous = journal.state.as_deref();
    }
    violations
}

fn stored_evidence(evidence: &Case<'_>, journal: &Journal) -> BTreeSet<Digest> {
    let partition = generation_partition(&evidence.plan.workload, journal.generation);
    evidence
        .items
        .iter()
        .filter(|item| item.key.pk == partition)
        .filter_map(|item| {
            let named = item.key.sk.strip_prefix(EVIDENCE)?;
            let found = chain::digest(item.body.as_bytes());
            (found.as_str() == named).then_some(found)
        })
        .collect()
}
