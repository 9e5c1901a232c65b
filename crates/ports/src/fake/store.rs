//! What stands in the fake table, and what is on its way to it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use leeward_core::planted::{self, Bug};
use leeward_core::table::JOURNAL;
use leeward_core::time::{Span, Timestamp, since};

use super::clock::date_of;
use super::fate::{Call, Chooser, Fate};
use super::items::Items;
use crate::{Condition, Dated, Frozen, Item, Put};

/// How long a signed request lives, as AWS has it.
pub const REQUEST_LIFE: Span = Span::minutes(15);

/// One write as it met the table.
#[derive(Debug, Clone, PartialEq)]
pub struct Write {
    /// When it landed.
    pub at: Timestamp,
    /// What it would write.
    pub item: Arc<Item>,
    /// Under which condition.
    pub condition: Condition,
    /// How it came out; `None`: refused for its age.
    pub put: Option<Put>,
}

/// Items, requests on their way, and everything that was written.
#[derive(Default)]
pub(super) struct Store {
    pub(super) items: Items,
    pub(super) late: BTreeMap<(Timestamp, u64), Request>,
    pub(super) kept: Vec<Request>,
    pub(super) writes: Vec<Write>,
    /// Places in `writes` of the entries that stand in journals.
    pub(super) journaled: Vec<usize>,
    pub(super) entries: Arc<AtomicUsize>,
    pub(super) reads: u64,
    pub(super) sequence: u64,
    pub(super) away: bool,
    pub(super) life: Option<Span>,
    pub(super) chooser: Chooser,
}

/// A write on its way.
#[derive(Clone)]
pub(super) struct Request {
    pub(super) item: Arc<Item>,
    pub(super) condition: Condition,
    pub(super) frozen: Frozen,
}

impl Store {
    /// What becomes of a call; `None`: the table is away.
    pub(super) fn meet(&mut self, call: &Call<'_>) -> Option<Fate> {
        // Also what is away draws its fate: a vector means the same whatever else befalls a run.
        let fate = self.chooser.fate(call);
        (!self.away).then_some(fate)
    }

    /// Answers a read at that instant.
    pub(super) fn answered<T>(
        &mut self,
        now: Timestamp,
        answer: &(dyn Fn(&mut Self, Timestamp) -> T + Sync),
    ) -> Dated<T> {
        self.settle(now);
        self.reads += 1;
        Dated { at: date_of(now), value: answer(self, now) }
    }

    /// Receives a write at that instant; `None`: its signature is out of its life.
    pub(super) fn receive(&mut self, now: Timestamp, request: &Request) -> Dated<Option<Put>> {
        self.settle(now);
        Dated { at: date_of(now), value: self.land(now, request) }
    }

    pub(super) fn settle(&mut self, now: Timestamp) {
        while let Some(entry) = self.late.first_entry() {
            let at = entry.key().0;
            if at > now {
                return;
            }
            let request = entry.remove();
            self.land(at, &request);
        }
    }

    /// Judges and carries out a write where it lands; `None`: its signature is out of its life.
    pub(super) fn land(&mut self, at: Timestamp, request: &Request) -> Option<Put> {
        let Request { item, condition, frozen } = request;
        let life = self.life.unwrap_or(REQUEST_LIFE);
        let put = if out_of_life(*frozen, at, life) {
            None
        } else {
            let holds = |stored: Option<&Item>| match condition {
                Condition::Absent => stored.is_none(),
                Condition::NumberIs(n) => stored.is_some_and(|s| s.n == *n),
                Condition::Newer => stored.is_none_or(|s| s.n < item.n),
                Condition::Always => true,
            };
            Some(if self.items.put(item, holds) { Put::Done } else { Put::Conflict })
        };
        if put == Some(Put::Done) && item.key.sk.starts_with(JOURNAL) {
            self.journaled.push(self.writes.len());
            self.entries.store(self.journaled.len(), Relaxed);
        }
        self.writes.push(Write { at, item: item.clone(), condition: *condition, put: put.clone() });
        put
    }
}

/// Whether a request signed then is refused where it lands.
pub(super) fn out_of_life(frozen: Frozen, landing: Timestamp, life: Span) -> bool {
    if planted::is(Bug::LateAccepted) {
        return false;
    }
    since(frozen.0, landing) > life || since(landing, frozen.0) > life
}
