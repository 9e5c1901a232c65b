//! What was read before: stored bytes that have not changed are not parsed and hashed a second time.
//!
//! Nothing is believed that the table did not just answer: the shelf is asked with the stored bytes
//! themselves, and an entry counts only when they are the same byte for byte. A warm function reads a
//! journal of a hundred entries dozens of times; only what was appended since is new work.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use leeward_core::ids::Digest;
use leeward_core::journal::{Broken, Record, State, chain};
use leeward_core::plan::Plan;
use leeward_core::table::Key;
use leeward_ports::Item;

use crate::facts::Parsed;

/// Journals that are kept: the open generation and the one before, of several workloads.
const JOURNALS_MAX: usize = 8;
/// Plans that are kept.
const PLANS_MAX: usize = 64;
/// Votes and facts that are kept: some twenty of each of fifty workloads.
const FACTS_MAX: usize = 1000;

/// The shelf of one process. Clones are the same shelf.
#[derive(Clone, Default)]
pub struct Shelf(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    journals: VecDeque<Journal>,
    plans: VecDeque<(String, Plan, Digest)>,
    facts: BTreeMap<Key, (String, Parsed)>,
}

/// A journal as it was read last.
struct Journal {
    partition: String,
    bodies: Vec<String>,
    records: Vec<Arc<Record>>,
    state: State,
}

impl Shelf {
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Parses, verifies and folds a journal from its stored items, in their order.
    pub(crate) fn journal(
        &self,
        partition: &str,
        items: Vec<Item>,
    ) -> Result<(Vec<Arc<Record>>, State), Broken> {
        let mut kept = self.lock();
        let known = kept.journals.iter().position(|j| j.partition == partition);
        let known = known.and_then(|at| kept.journals.remove(at));
        let same = |j: &Journal| {
            j.bodies.len() <= items.len() && j.bodies.iter().zip(&items).all(|(b, i)| *b == i.body)
        };
        let mut journal = match known.filter(same) {
            Some(journal) => journal,
            None => {
                let (records, head) = chain::read(items.iter().map(|i| i.body.as_str()))?;
                let state = State::fold(&records, head)?;
                let records = records.into_iter().map(Arc::new).collect();
                Journal { partition: partition.to_owned(), bodies: Vec::new(), records, state }
            }
        };
        for item in items.iter().skip(journal.records.len()) {
            let head = journal.state.head.clone();
            let (record, head) = chain::next(&item.body, journal.state.last.next(), &head)?;
            journal.state.follow(&record)?;
            journal.state.head = head;
            journal.records.push(Arc::new(record));
        }
        let first = journal.bodies.len();
        journal.bodies.extend(items.into_iter().skip(first).map(|i| i.body));
        let answer = (journal.records.clone(), journal.state.clone());
        kept.journals.push_front(journal);
        kept.journals.truncate(JOURNALS_MAX);
        Ok(answer)
    }

    /// Parses a stored plan and gives the digest of its bytes.
    pub(crate) fn plan(&self, body: &str) -> Result<(Plan, Digest), serde_json::Error> {
        let mut kept = self.lock();
        if let Some((_, plan, digest)) = kept.plans.iter().find(|(known, ..)| known == body) {
            return Ok((plan.clone(), digest.clone()));
        }
        let plan: Plan = serde_json::from_str(body)?;
        let digest = chain::digest(body.as_bytes());
        kept.plans.push_front((body.to_owned(), plan.clone(), digest.clone()));
        kept.plans.truncate(PLANS_MAX);
        Ok((plan, digest))
    }

    /// Parses stored votes and facts, and hands each to `take`.
    pub(crate) fn facts(&self, items: &[Item], mut take: impl FnMut(&Parsed)) {
        let mut kept = self.lock();
        if kept.facts.len() > FACTS_MAX {
            kept.facts.clear();
        }
        for item in items {
            match kept.facts.get(&item.key).filter(|(known, _)| *known == item.body) {
                Some((_, parsed)) => take(parsed),
                None => {
                    let parsed = Parsed::of(item);
                    take(&parsed);
                    kept.facts.insert(item.key.clone(), (item.body.clone(), parsed));
                }
            }
        }
    }
}
