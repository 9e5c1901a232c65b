//! One state of everything: journals, world, what is on its way, what each executor has in mind.

use std::collections::{BTreeMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use leeward_core::effect::EffectId;
use leeward_core::ids::{Seq, Step};
use leeward_core::journal::{Entry, Reply};
use leeward_core::time::{Span, Timestamp, after};
use leeward_core::world::Change;

use super::Bounds;
use super::book::{Book, hash_of};

/// When it begins: far from the epoch, so that differences cannot underflow.
const START: Timestamp = Timestamp::constant(1_767_614_400, 0);

/// The world.
#[derive(Debug, Clone)]
pub(super) struct World {
    /// Whether voters see the primary well. It works and renews its lease in either case.
    pub(super) primary_seen: bool,
    pub(super) owner: String,
    pub(super) epoch: u64,
    pub(super) lease_effect: String,
    /// When the primary last renewed; it does for as long as it is the owner.
    pub(super) renewed: Timestamp,
    pub(super) standby: Engine,
    pub(super) fence_number: u64,
    pub(super) records_moved: bool,
    /// How often each effect has changed the world.
    pub(super) changed: BTreeMap<EffectId, u8>,
}

/// The standby's database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Engine {
    Replica,
    Moving,
    Writer,
}

/// What is sent and not there yet.
#[derive(Debug, Clone)]
pub(super) enum Flight {
    /// A change, with its generation, effect and signature.
    Change(usize, EffectId, Box<Change>, Timestamp),
    /// An entry for the place after that many others.
    Entry(usize, usize, Box<Entry>, Timestamp),
}

/// What is left to do of a decision.
#[derive(Debug, Clone)]
pub(super) enum Todo {
    Put(Box<Entry>),
    Intent(EffectId, Box<Change>, Box<Entry>),
    Send(EffectId, Box<Change>, Seq, Timestamp),
    Replied(EffectId, Seq, Box<Reply>),
}

/// What an executor is in the middle of.
#[derive(Debug, Clone)]
pub(super) enum Mind {
    Idle,
    /// It has read the journal and looks next.
    Read(Step, Arc<Book>, Timestamp),
    /// It has decided.
    Acting(usize, Arc<Book>, Timestamp, VecDeque<Todo>),
    /// It has closed the last generation, or there was none, and opens the next.
    Opening(Box<Entry>, Timestamp),
}

/// What was spent of the bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct Spent {
    pub(super) faults: u8,
    pub(super) preemptions: u8,
    pub(super) leaps: u8,
    pub(super) flips: u8,
    pub(super) words: u8,
}

/// One state.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) now: Timestamp,
    pub(super) books: Vec<Arc<Book>>,
    pub(super) world: World,
    pub(super) flight: Vec<Flight>,
    pub(super) minds: Vec<Mind>,
    /// Who is in the middle of something, if it was the last to move.
    pub(super) running: Option<usize>,
    pub(super) spent: Spent,
}

impl Node {
    /// A good day.
    pub(super) fn first(bounds: &Bounds) -> Self {
        Self {
            now: START,
            books: Vec::new(),
            world: World {
                primary_seen: true,
                owner: super::look::PRIMARY.to_owned(),
                epoch: 1,
                lease_effect: String::new(),
                renewed: START,
                standby: Engine::Replica,
                fence_number: 0,
                records_moved: false,
                changed: BTreeMap::new(),
            },
            flight: Vec::new(),
            minds: vec![Mind::Idle; bounds.executors],
            running: None,
            spent: Spent::default(),
        }
    }

    /// Whether the primary's application can write, at its slowest clock and longest statement.
    pub(super) fn primary_accepts(&self, expiry: Span) -> bool {
        self.world.owner == super::look::PRIMARY || self.now < after(self.world.renewed, expiry)
    }

    /// Whether the standby's can.
    pub(super) fn standby_accepts(&self) -> bool {
        self.world.owner == super::look::STANDBY && self.world.standby == Engine::Writer
    }

    /// Equal for equal states. Executors are alike: which of them has what in mind does not matter.
    pub(super) fn key(&self) -> u128 {
        let mut minds: Vec<(u64, bool)> = self
            .minds
            .iter()
            .enumerate()
            .map(|(i, mind)| (mind.key(), self.running == Some(i)))
            .collect();
        minds.sort_unstable();
        let mut flight: Vec<u64> = self.flight.iter().map(|f| hash_of(f, 1)).collect();
        flight.sort_unstable();
        let world = self.world.key();
        let half = |salt: u64| {
            let mut hasher = DefaultHasher::new();
            salt.hash(&mut hasher);
            self.now.hash(&mut hasher);
            self.books.iter().for_each(|b| b.hash.hash(&mut hasher));
            (&minds, &flight, world, self.spent).hash(&mut hasher);
            hasher.finish()
        };
        (u128::from(half(1)) << 64) | u128::from(half(2))
    }
}

impl World {
    fn key(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (self.primary_seen, &self.owner, self.epoch, &self.lease_effect).hash(&mut hasher);
        (self.renewed, self.standby, self.fence_number, self.records_moved).hash(&mut hasher);
        self.changed.hash(&mut hasher);
        hasher.finish()
    }
}

impl Mind {
    fn key(&self) -> u64 {
        match self {
            Self::Idle => 0,
            Self::Read(step, book, at) => hash_of(&(step.as_str(), at.as_millisecond()), book.hash),
            Self::Acting(generation, book, at, todo) => {
                hash_of(&(generation, at.as_millisecond(), todo), book.hash)
            }
            Self::Opening(entry, at) => hash_of(&(entry, at.as_millisecond()), 3),
        }
    }
}
