//! A journal in small: its entries, their fold, and a hash that tells it from others.

use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use leeward_core::ids::{Actor, Digest, Nonce};
use leeward_core::journal::{Entry, Record, State, chain, rules};
use leeward_core::time::Timestamp;

/// A generation's journal. Never changed: a longer one is another one, which goes on from it.
#[derive(Debug)]
pub(super) struct Book {
    before: Option<Arc<Book>>,
    pub(super) last: Record,
    /// How many entries there are.
    pub(super) len: usize,
    pub(super) state: State,
    pub(super) hash: u64,
}

/// A hash of whatever can be printed.
pub(super) fn hash_of(what: &impl std::fmt::Debug, before: u64) -> u64 {
    let mut printed = Printed(DefaultHasher::new());
    before.hash(&mut printed.0);
    // A hasher takes whatever is written.
    let _ = write!(printed, "{what:?}");
    printed.0.finish()
}

/// What is printed goes into the hash, piece by piece.
struct Printed(DefaultHasher);

impl std::fmt::Write for Printed {
    fn write_str(&mut self, piece: &str) -> std::fmt::Result {
        self.0.write(piece.as_bytes());
        Ok(())
    }
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
        let state = State::fold(std::slice::from_ref(&record), Digest::new("")).ok()?;
        Some(Arc::new(Self { before: None, last: record, len: 1, state, hash }))
    }

    /// The same journal with one more entry.
    pub(super) fn with(self: &Arc<Self>, entry: Entry, at: Timestamp, by: &str) -> Arc<Self> {
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
        let before = Some(Arc::clone(self));
        Arc::new(Self { before, last: record, len: self.len + 1, state, hash })
    }

    /// Every entry, from the decision on.
    pub(super) fn records(&self) -> Vec<Record> {
        let mut records: Vec<Record> = std::iter::successors(Some(self), |b| b.before.as_deref())
            .map(|b| b.last.clone())
            .collect();
        records.reverse();
        records
    }
}
