//! The protocol in small, searched through: every order of what two executors, an operator, the table,
//! the network and the primary can do, up to stated bounds.
//!
//! **Real**: the plan's rules, the journal's rules for every append, every step's gate, questions and
//! decision, pursuit of effects, approval, evidence, openings, the audit of every journal that comes
//! about, and who is served when a generation ends. **Restated** in some fifty lines each: the loop of
//! `leeward-reconcile` (read, look, decide, append, send, look again) and the sweep of
//! `leeward-detector`, which other tests hold, and a world of one database with two sides, one lease and
//! one zone.
//!
//! **Left out, so not shown here**: capacity; passive fences; several databases or zones; plans that
//! differ (one generation takes the place of another only where a real outage comes during a drill);
//! joining, and adoption beyond its holds; the digest chain and nonces (an append either stands as one's
//! own or does not); looks that fail; votes that disagree. Looks of one round happen at one instant,
//! but later than the journal was read. Each executor may be anywhere in the state machine's order.
//!
//! **Time** passes in two ways. Where nothing is left to do but wait, as in a `Wait` state, it goes on by
//! 30 seconds or 17 minutes: past a lease, past a request's life. In the middle of anything, it leaps by
//! 5 or 30 seconds, 14 or 17 minutes: an executor that stood still. Each way has a bound of its own, so
//! that a whole recovery, which waits, is not at the cost of the leaps.

mod actor;
mod acts;
mod around;
mod book;
mod judge;
mod look;
mod node;
mod opens;

use std::collections::{BTreeMap, HashMap, VecDeque};

pub use acts::Label;
use node::Node;

use crate::check::Violation;

impl Bounds {
    /// These bounds by the numbers of a command line, in the order of the fields; what is missing stays.
    #[must_use]
    pub fn or(self, numbers: &[u64]) -> Self {
        let at = |place: usize, otherwise: u64| numbers.get(place).copied().unwrap_or(otherwise);
        let small = |place: usize, otherwise: u8| {
            u8::try_from(at(place, u64::from(otherwise))).unwrap_or(otherwise)
        };
        let size = |place: usize, otherwise: usize| {
            usize::try_from(at(place, otherwise as u64)).unwrap_or(otherwise)
        };
        Self {
            executors: size(0, self.executors),
            generations: size(1, self.generations),
            faults: small(2, self.faults),
            preemptions: small(3, self.preemptions),
            leaps: small(4, self.leaps),
            flips: small(5, self.flips),
            words: small(6, self.words),
            only: self.only,
            waits: small(7, self.waits),
            failures: small(8, self.failures),
            asks: at(9, u64::from(self.asks)) != 0,
            states: size(10, self.states),
        }
    }
}

/// How far is searched.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Executors at work at once.
    pub executors: usize,
    /// Generations.
    pub generations: usize,
    /// Lost requests, lost answers, late requests, late entries, deaths of executors.
    pub faults: u8,
    /// How often an executor is left in the middle: for another, for time to pass, for a flip, a word.
    pub preemptions: u8,
    /// Leaps of time in the middle of whatever goes on.
    pub leaps: u8,
    /// How often the primary goes or comes.
    pub flips: u8,
    /// Words of the operator.
    pub words: u8,
    /// No other word than this one.
    pub only: Option<&'static str>,
    /// Leaps of time where nothing is left to do but wait.
    pub waits: u8,
    /// Steps that fail before the commit, for whatever reason.
    pub failures: u8,
    /// Whether people are asked before one-way doors.
    pub asks: bool,
    /// No more states than these; a search that meets this bound says so.
    pub states: usize,
}

impl Bounds {
    /// Every order of two executors, one of them left in the middle once.
    pub const TWO: Self = Self {
        executors: 2,
        generations: 1,
        faults: 0,
        preemptions: 1,
        leaps: 0,
        flips: 1,
        words: 0,
        only: None,
        waits: 2,
        failures: 1,
        asks: false,
        states: 20_000_000,
    };

    /// One executor; one request, answer or entry lost or late, or it dies.
    pub const FAULT: Self = Self { executors: 1, faults: 1, preemptions: 0, ..Self::TWO };

    /// One executor that stands still once, at any moment.
    pub const LEAP: Self = Self { faults: 0, leaps: 1, preemptions: 1, ..Self::FAULT };

    /// A word of the operator at any moment, people asked, and a second generation.
    pub const WORDS: Self =
        Self { executors: 1, generations: 2, preemptions: 0, words: 1, asks: true, ..Self::TWO };

    /// A drill that a real outage meets: the next generation goes on with its work.
    pub const DRILL: Self = Self { only: Some("drill"), asks: false, ..Self::WORDS };

    /// Three generations, the primary lost and seen again, the way home: time enough for all of it.
    pub const THREE: Self = Self { generations: 3, flips: 2, waits: 4, asks: false, ..Self::WORDS };

    /// The names that a command line knows them by.
    pub const NAMED: [(&'static str, Self); 6] = [
        ("two", Self::TWO),
        ("fault", Self::FAULT),
        ("leap", Self::LEAP),
        ("words", Self::WORDS),
        ("drill", Self::DRILL),
        ("three", Self::THREE),
    ];
}

/// Endings that searches have to reach: one that reaches nothing shows nothing.
pub const ENDINGS: [&str; 8] = [
    "Recovered",
    "RolledBack",
    "Held",
    "Abandoned",
    "with work that was handed over",
    "Recovered with work that was handed over",
    "Recovered, home again",
    "of a third generation",
];

/// What a search has shown.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// Different states.
    pub states: usize,
    /// Steps from one to another.
    pub transitions: usize,
    /// Most steps from the first state.
    pub depth: usize,
    /// Different journals, each of them audited.
    pub journals: usize,
    /// States by how their last generation stands, and by what else is to be told of it.
    pub ends: BTreeMap<&'static str, usize>,
    /// Whether every state within the bounds was visited.
    pub complete: bool,
    /// The first violation, with the shortest way to it.
    pub violation: Option<(Violation, Vec<Label>)>,
}

/// Searches everything within the bounds, breadth first.
pub fn search(bounds: &Bounds) -> Found {
    let mut judge = judge::Judge::new(bounds);
    let first = Node::first(bounds);
    let mut found = Found { complete: true, ..Found::default() };
    let mut came: HashMap<u128, (u128, Label)> = HashMap::new();
    let root = first.key();
    came.insert(root, (root, Label::Begin));
    let mut open = VecDeque::from([(first, root, 0)]);
    while let Some((node, key, depth)) = open.pop_front() {
        found.depth = found.depth.max(depth);
        for (label, next, happened) in acts::all(&node, &judge.setup, bounds) {
            found.transitions += 1;
            let next_key = next.key();
            let new = !came.contains_key(&next_key);
            if new {
                came.insert(next_key, (key, label));
            }
            let violation = judge.judge(&next, &happened, new);
            if let Some(violation) = violation {
                found.violation = Some((violation, way(&came, root, key, label)));
                found.complete = false;
                found.finish(&came, &judge);
                return found;
            }
            if new {
                if came.len() >= bounds.states {
                    found.complete = false;
                    found.finish(&came, &judge);
                    return found;
                }
                open.push_back((next, next_key, depth + 1));
            }
        }
    }
    found.finish(&came, &judge);
    found
}

impl Found {
    fn finish(&mut self, came: &HashMap<u128, (u128, Label)>, judge: &judge::Judge) {
        self.states = came.len();
        self.journals = judge.journals();
        self.ends.clone_from(&judge.ends);
    }
}

/// The labels from the first state to `key`, and the last one.
fn way(came: &HashMap<u128, (u128, Label)>, root: u128, mut key: u128, last: Label) -> Vec<Label> {
    let mut labels = vec![last];
    while key != root {
        let Some((parent, label)) = came.get(&key) else { break };
        labels.push(*label);
        key = *parent;
    }
    labels.reverse();
    labels
}

impl std::fmt::Display for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let all = if self.complete { "all" } else { "NOT all" };
        write!(
            f,
            "{} states, {} transitions, depth {}, {} journals audited; {all} within the bounds",
            self.states, self.transitions, self.depth, self.journals,
        )?;
        for (how, states) in &self.ends {
            write!(f, "\n  {states:>9} {how}")?;
        }
        if let Some((violation, way)) = &self.violation {
            write!(f, "\n{} {}\n  by {way:?}", violation.invariant, violation.detail)?;
        }
        Ok(())
    }
}
