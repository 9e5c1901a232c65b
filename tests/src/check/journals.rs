//! The journals: write-once in the table, and everything that a journal alone can show.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use leeward_core::audit::{self, audit, bodies};
use leeward_core::ids::Digest;
use leeward_core::journal::{Entry, Record, State, chain};
use leeward_core::table::{JOURNAL, Key, generation_partition};
use leeward_ports::{Item, Put};

use super::Violation;
use super::evidence::{Case, Journal};

/// Sort key prefix of stored evidence.
const EVIDENCE: &str = "EV#";

/// S3: a journal item is written once, stands as it was written, and never before the one below it.
pub(super) fn written_once(evidence: &Case<'_>) -> Vec<String> {
    let mut written: BTreeMap<&Key, &str> = BTreeMap::new();
    let mut breaches = Vec::new();
    for write in evidence.writes.iter().filter(|w| w.put == Some(Put::Done)) {
        let key = &write.item.key;
        if !key.sk.starts_with(JOURNAL) {
            continue;
        }
        if written.insert(key, &write.item.body).is_some() {
            breaches.push(format!("{}/{} was written again at {}", key.pk, key.sk, write.at));
        }
        // The one right below is enough: it was judged itself when it was written.
        let below = below(&evidence.items, key).filter(|below| !written.contains_key(below));
        breaches.extend(
            below.map(|below| format!("{}/{} was written before {}", key.pk, key.sk, below.sk)),
        );
    }
    for (key, body) in written {
        let place = evidence.items.binary_search_by(|item| item.key.cmp(key));
        let stands = place.is_ok_and(|place| evidence.items[place].body == body);
        if !stands {
            breaches.push(format!("{}/{} does not stand as it was written", key.pk, key.sk));
        }
    }
    breaches
}

/// The key of the journal item that stands right below, of items in the order of their keys.
fn below<'e>(items: &'e [Arc<Item>], key: &Key) -> Option<&'e Key> {
    let place = items.partition_point(|item| item.key < *key);
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
                plan: &evidence.plan,
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
