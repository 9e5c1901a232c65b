//! What was read before: stored bytes that have not changed are not parsed and hashed a second time.
//!
//! Nothing is believed that the table did not just answer: the shelf is asked with the stored items
//! themselves, and what is known, because it was read before or because this process wrote it, counts only where
//! the bytes are the same. A warm function reads a
//! journal of a hundred entries dozens of times; only what was appended since is new work.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use leeward_core::ids::Digest;
use leeward_core::journal::{Broken, Record, State, chain};
use leeward_core::plan::Plan;
use leeward_core::table::Key;
use leeward_ports::Item;

use crate::book::Records;
use crate::facts::{Facts, Parsed};

/// Journals that are kept: the open generation and the one before, of several workloads.
const JOURNALS_MAX: usize = 8;
/// Plans that are kept.
const PLANS_MAX: usize = 64;
/// Own entries that are kept until they are read: more than one invocation writes before it reads again.
const WRITTEN_MAX: usize = 16;
/// Own votes and facts that are kept until they are read: some ten of each of fifty workloads.
const STORED_MAX: usize = 500;
/// Workloads whose votes and facts are kept as they were read last.
const FACTS_MAX: usize = 50;

/// The shelf of one process. Clones are the same shelf.
#[derive(Clone, Default)]
pub struct Shelf(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    journals: VecDeque<Journal>,
    plans: VecDeque<(Arc<Item>, Arc<Plan>, Digest)>,
    written: VecDeque<Written>,
    stored: BTreeMap<Key, (Arc<Item>, Parsed)>,
    facts: BTreeMap<String, Listed>,
}

/// Votes and facts of one workload as they were read last, in the order of their keys.
struct Listed {
    items: Vec<(Arc<Item>, Parsed)>,
    facts: Arc<Facts>,
}

impl Listed {
    /// Reads items, as far as neither `known` nor `stored` has them byte for byte. All are in the order of
    /// their keys.
    fn of(
        items: Vec<Arc<Item>>,
        known: Vec<(Arc<Item>, Parsed)>,
        stored: &mut BTreeMap<Key, (Arc<Item>, Parsed)>,
    ) -> Self {
        let mut known = known.into_iter().peekable();
        let mut facts = Facts::default();
        let read = |item: Arc<Item>| {
            while known.next_if(|(k, _)| k.key < item.key).is_some() {}
            let before = known.next_if(|(k, _)| k.key == item.key);
            let before = before.filter(|(k, _)| same(k, &item)).map(|(_, parsed)| parsed);
            let parsed = before.unwrap_or_else(|| {
                let own = stored.remove(&item.key).filter(|(own, _)| same(own, &item));
                own.map_or_else(|| Parsed::of(&item), |(_, parsed)| parsed)
            });
            facts.take(&parsed);
            (item, parsed)
        };
        let items = items.into_iter().map(read).collect();
        Self { items, facts: Arc::new(facts) }
    }
}

/// An entry that this process wrote: the item that it sent, what it says, and its digest.
struct Written {
    item: Arc<Item>,
    record: Arc<Record>,
    head: Digest,
}

/// A journal as it was read last.
struct Journal {
    partition: String,
    items: Vec<Arc<Item>>,
    records: Records,
    state: Arc<State>,
}

/// Whether two answers of the table are of the same bytes.
fn same(one: &Arc<Item>, other: &Arc<Item>) -> bool {
    Arc::ptr_eq(one, other) || one.body == other.body
}

/// The entry behind a state. What this process wrote itself, byte for byte, it need not parse and hash again.
fn next(
    written: &mut VecDeque<Written>,
    item: &Arc<Item>,
    state: &State,
) -> Result<(Arc<Record>, Digest), Broken> {
    let own = |w: &Written| {
        w.record.seq == state.last.next() && w.record.prev == state.head && same(&w.item, item)
    };
    if let Some(own) = written.iter().position(own).and_then(|at| written.remove(at)) {
        return Ok((own.record, own.head));
    }
    let (record, head) = chain::next(&item.body, state.last.next(), &state.head)?;
    Ok((Arc::new(record), head))
}

impl Shelf {
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Another shelf, on which nothing stands but the plans of this one: a process that has done nothing yet
    /// but read the plans.
    #[must_use]
    pub fn with_plans_alone(&self) -> Self {
        let plans = self.lock().plans.clone();
        Self(Arc::new(Mutex::new(Kept { plans, ..Kept::default() })))
    }

    /// Keeps an entry that stands in a journal as this process wrote it.
    pub(crate) fn wrote(&self, item: Arc<Item>, record: Arc<Record>, head: Digest) {
        let mut kept = self.lock();
        kept.written.push_front(Written { item, record, head });
        kept.written.truncate(WRITTEN_MAX);
    }

    /// Parses, verifies and folds a journal from its stored items, in their order.
    pub(crate) fn journal(
        &self,
        partition: &str,
        items: Vec<Arc<Item>>,
    ) -> Result<(Records, Arc<State>), Broken> {
        let mut kept = self.lock();
        let kept = &mut *kept;
        let known = kept.journals.iter().position(|j| j.partition == partition);
        let known = known.and_then(|at| kept.journals.remove(at));
        let begins = |j: &Journal| {
            j.items.len() <= items.len() && j.items.iter().zip(&items).all(|(b, i)| same(b, i))
        };
        let mut journal = match known.filter(begins) {
            Some(journal) => journal,
            None => {
                let (records, head) = chain::read(items.iter().map(|i| i.body.as_str()))?;
                let state = Arc::new(State::fold(&records, head)?);
                let records = Arc::new(records.into_iter().map(Arc::new).collect());
                Journal { partition: partition.to_owned(), items: Vec::new(), records, state }
            }
        };
        for item in items.iter().skip(journal.records.len()) {
            let (record, head) = next(&mut kept.written, item, &journal.state)?;
            let state = Arc::make_mut(&mut journal.state);
            state.follow(&record)?;
            state.head = head;
            Arc::make_mut(&mut journal.records).push(record);
        }
        journal.items = items;
        let answer = (journal.records.clone(), journal.state.clone());
        kept.journals.push_front(journal);
        kept.journals.truncate(JOURNALS_MAX);
        Ok(answer)
    }

    /// Parses a stored plan and gives the digest of its bytes.
    pub fn plan(&self, item: &Arc<Item>) -> Result<(Arc<Plan>, Digest), serde_json::Error> {
        let mut kept = self.lock();
        if let Some((_, plan, digest)) = kept.plans.iter().find(|(known, ..)| same(known, item)) {
            return Ok((plan.clone(), digest.clone()));
        }
        let plan: Arc<Plan> = Arc::new(serde_json::from_str(&item.body)?);
        let digest = chain::digest(item.body.as_bytes());
        kept.plans.push_front((item.clone(), plan.clone(), digest.clone()));
        kept.plans.truncate(PLANS_MAX);
        Ok((plan, digest))
    }

    /// Keeps a vote or a fact as this process stored it.
    pub(crate) fn stored(&self, item: Arc<Item>, parsed: Parsed) {
        let mut kept = self.lock();
        if kept.stored.len() >= STORED_MAX {
            kept.stored.clear();
        }
        kept.stored.insert(item.key.clone(), (item, parsed));
    }

    /// Parses stored votes and facts of a workload, and adds them up.
    pub(crate) fn facts(&self, partition: &str, items: Vec<Arc<Item>>) -> Arc<Facts> {
        let mut kept = self.lock();
        let kept = &mut *kept;
        let unchanged = |l: &&Listed| {
            l.items.len() == items.len() && l.items.iter().zip(&items).all(|((a, _), b)| same(a, b))
        };
        if let Some(last) = kept.facts.get(partition).filter(unchanged) {
            return last.facts.clone();
        }
        let known = kept.facts.remove(partition).map_or_else(Vec::new, |last| last.items);
        if kept.facts.len() >= FACTS_MAX {
            kept.facts.clear();
        }
        let listed = Listed::of(items, known, &mut kept.stored);
        let facts = listed.facts.clone();
        kept.facts.insert(partition.to_owned(), listed);
        facts
    }
}

#[cfg(test)]
#[path = "shelf_tests.rs"]
mod tests;
