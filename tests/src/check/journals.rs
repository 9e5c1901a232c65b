//! The journals: write-once in the table, and everything that a journal alone can show.

use std::collections::{BTreeMap, BTreeSet};

use leeward_core::audit::{self, audit, bodies};
use leeward_core::ids::Digest;
use leeward_core::journal::{Entry, State, chain};
use leeward_core::table::{JOURNAL, generation_partition};
use leeward_ports::Put;

use super::Violation;
use super::evidence::{Case, Journal};

/// Sort key prefix of stored evidence.
const EVIDENCE: &str = "EV#";

/// S3: a journal item is written once, stands as it was written, and never before the one below it.
pub(super) fn written_once(evidence: &Case<'_>) -> Vec<String> {
    let mut written: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    let mut breaches = Vec::new();
    for write in evidence.writes.iter().filter(|w| w.put == Some(Put::Done)) {
        let key = &write.item.key;
        if !key.sk.starts_with(JOURNAL) {
            continue;
        }
        let name = (key.pk.as_str(), key.sk.as_str());
        if written.insert(name, &write.item.body).is_some() {
            breaches.push(format!("{}/{} was written again at {}", key.pk, key.sk, write.at));
        }
        let below = evidence
            .items
            .iter()
            .filter(|i| i.key.pk == key.pk && i.key.sk.starts_with(JOURNAL) && i.key.sk < key.sk);
        for item in below {
            if !written.contains_key(&(item.key.pk.as_str(), item.key.sk.as_str())) {
                breaches.push(format!("{}/{} was written before {}", key.pk, key.sk, item.key.sk));
            }
        }
    }
    for (name, body) in written {
        let stands = evidence.items.iter().find(|i| (i.key.pk.as_str(), i.key.sk.as_str()) == name);
        if stands.is_none_or(|item| item.body != body) {
            breaches.push(format!("{}/{} does not stand as it was written", name.0, name.1));
        }
    }
    breaches
}

/// Everything that `leeward audit` judges, by the number that it gives.
pub(super) fn audited(evidence: &Case<'_>) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut previous: Option<State> = None;
    for journal in evidence.journals() {
        let stored = stored_evidence(evidence, journal);
        let judged = bodies(journal.bodies.iter().map(String::as_str), |records| {
            let Some(Entry::Opened(decision)) = records.first().map(|r| &r.entry) else {
                return Vec::new();
            };
            audit(&audit::Case {
                records,
                plan: &evidence.plan,
                plan_digest: &decision.plan_digest,
                limits: &evidence.limits,
                previous: previous.as_ref(),
                stored: Some(&stored),
                now: evidence.now,
            })
        });
        violations.extend(judged.into_iter().filter(|j| !j.held).map(|j| Violation {
            invariant: j.invariant,
            detail: format!("generation {}: {}", journal.generation, j.detail),
        }));
        previous = chain::read(journal.bodies.iter().map(String::as_str))
            .ok()
            .and_then(|(records, head)| State::fold(&records, head).ok());
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
