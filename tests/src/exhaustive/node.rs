//! One state of everything: journals, world, what is on its way, what each executor has in mind.

use std::collections::{BTreeMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use leeward_core::effect::EffectId;
use leeward_core::ids::{Seq, Side, Sides, Step, Text};
use leeward_core::journal::{Entry, Reply};
use leeward_core::time::{Span, Timestamp, after};
use leeward_core::world::Change;

use super::Bounds;
use super::book::{Book, hash_of};
use super::look::{PRIMARY, region};

/// When it begins: far from the epoch, so that differences cannot underflow.
const START: Timestamp = Timestamp::constant(1_767_614_400, 0);

/// The world.
#[derive(Debug, Clone)]
pub(super) struct World {
    /// Whether voters see the primary well. It works and renews its lease in either case.
    pub(super) primary_seen: bool,
    pub(super) owner: Text,
    pub(super) epoch: u64,
    pub(super) lease_effect: Text,
    /// When each side last renewed; it does for as long as it is the owner.
    pub(super) renewed: Sides<Timestamp>,
    /// Each side's database.
    pub(super) engines: Sides<Engine>,
    pub(super) fence_number: u64,
    /// The side that the records name.
    pub(super) records: Side,
    /// How often each effect has changed the world.
    pub(super) changed: BTreeMap<EffectId, u8>,
}

/// A side's database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Engine {
    Replica,
    Moving,
    Writer,
}

/// The one of that side, to change it.
pub(super) fn at<T>(sides: &mut Sides<T>, side: Side) -> &mut T {
    match side {
        Side::Primary => &mut sides.primary,
        Side::Standby => &mut sides.standby,
    }
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
#[derive(Debug)]
pub(super) enum Todo {
    Put(Entry),
    Intent(EffectId, Change, Entry),
    Send(EffectId, Change, Seq, Timestamp),
    Replied(EffectId, Seq, Reply),
}

/// One thing to do, shared by all states that have it in mind, with its hash.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) todo: Arc<Todo>,
    hash: u64,
}

impl Item {
    pub(super) fn new(todo: Todo) -> Self {
        Self { hash: hash_of(&todo, 0), todo: Arc::new(todo) }
    }
}

/// What an executor is in the middle of.
#[derive(Debug, Clone)]
pub(super) enum Mind {
    Idle,
    /// It has read the journal and looks next.
    Read(Step, Arc<Book>, Timestamp),
    /// It has decided.
    Acting(usize, Arc<Book>, Timestamp, VecDeque<Item>),
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
    pub(super) waits: u8,
    pub(super) failures: u8,
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
                owner: PRIMARY.into(),
                epoch: 1,
                lease_effect: Text::default(),
                renewed: Sides { primary: START, standby: Timestamp::UNIX_EPOCH },
                engines: Sides { primary: Engine::Writer, standby: Engine::Replica },
                fence_number: 0,
                records: Side::Primary,
                changed: BTreeMap::new(),
            },
            flight: Vec::new(),
            minds: vec![Mind::Idle; bounds.executors],
            running: None,
            spent: Spent::default(),
        }
    }

    /// Whether a side's application can write, at its slowest clock and longest statement.
    pub(super) fn accepts(&self, side: Side, expiry: Span) -> bool {
        let world = &self.world;
        let leased =
            world.owner == region(side) || self.now < after(*world.renewed.of(side), expiry);
        leased && *world.engines.of(side) == Engine::Writer
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
    pub(super) fn key(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (self.primary_seen, &self.owner, self.epoch, &self.lease_effect).hash(&mut hasher);
        (self.renewed.primary, self.renewed.standby, self.fence_number).hash(&mut hasher);
        (self.engines.primary, self.engines.standby, self.records == Side::Primary)
            .hash(&mut hasher);
        self.changed.hash(&mut hasher);
        hasher.finish()
    }
}

impl Mind {
    fn key(&self) -> u64 {
        match self {
            Self::Idle => 0,
            Self::Read(step, book, at) => mix(&(1, *step as u8, at.as_millisecond(), book.hash)),
            Self::Acting(generation, book, at, todo) => {
                let hashes: Vec<u64> = todo.iter().map(|item| item.hash).collect();
                mix(&(2, generation, at.as_millisecond(), book.hash, hashes))
            }
            Self::Opening(entry, at) => hash_of(&(entry, at.as_millisecond()), 3),
        }
    }
}

fn mix(what: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    hasher.finish()
}
