//! A journal in small: its entries, their fold, and a hash that tells it from others.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use leeward_core::ids::{Actor, Digest, Nonce};
use leeward_core::journal::{Entry, Record, State, chain, rules};
use leeward_core::time::Timestamp;

/// A generation's journal. Never changed: a longer one is another one.
#[derive(Debug)]
pub(super) struct Book {
    pub(super) records: Vec<Record>,
    pub(super) state: State,
    pub(super) hash: u64,
}

/// A hash of whatever can be printed.
pub(super) fn hash_of(what: &impl std::fmt::Debug, before: u64) -> u64 {
    let mut hasher = DefaultHasher::new();
    before.hash(&mut hasher);
    format!("{what:?}").hash(&mut hasher);
    hasher.finish()
}

impl Book {
    /// A journal that begins with this decision; `None` if it is none.
    pub(super) fn opened(entry: Entry, at: Timestamp, by: &str) -> Option<Arc<Self>> {
        let record = Record {
            seq: leeward_core::ids::Seq(1),
            at,
            nonce: Nonce::new(""),
            prev: chain::origin(),
            by: Actor::new(by),
            entry,
        };
        let hash = hash_of(&record, 0);
        let records = vec![record];
        let state = State::fold(&records, Digest::new("")).ok()?;
        Some(Arc::new(Self { records, state, hash }))
    }

    /// The same journal with one more entry.
    pub(super) fn with(&self, entry: Entry, at: Timestamp, by: &str) -> Arc<Self> {
        let record = Record {
            seq: rules::next_seq(&self.state),
            at,
            nonce: Nonce::new(""),
            prev: Digest::new(""),
            by: Actor::new(by),
            entry,
        };
        let hash = hash_of(&record, self.hash);
        let mut state = self.state.clone();
        state.apply(&record);
        let mut records = self.records.clone();
        records.push(record);
        Arc::new(Self { records, state, hash })
    }
}
