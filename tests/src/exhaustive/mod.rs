//! The protocol in small, searched through: every order of what two executors, an operator, the table,
//! the network and the primary can do, up to stated bounds.
//!
//! **Real**: the plan's rules, the journal's rules for every append, every step's gate, questions and
//! decision, pursuit of effects, approval, evidence, openings, the audit of every journal that comes
//! about. **Restated** in some fifty lines each: the loop of `leeward-reconcile` (read, look, decide,
//! append, send, look again), which other tests hold, and a world of one database, one lease and one
//! zone.
//!
//! **Left out, so not shown here**: capacity; passive fences; several databases or zones; the way back
//! to the primary; joining and adoption; the digest chain and nonces (an append either stands as one's
//! own or does not); looks that fail; votes that disagree. Looks of one round happen at one instant,
//! but later than the journal was read. Time goes on in leaps of 5 or 30 seconds, 14 or 17 minutes. Each
//! executor may be anywhere in the state machine's order, and may turn to the undo at any time.

mod actor;
mod acts;
mod around;
mod book;
mod judge;
mod look;
mod node;

use std::collections::{HashMap, VecDeque};

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
            asks: at(7, u64::from(self.asks)) != 0,
            states: size(8, self.states),
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
    /// Leaps of time.
    pub leaps: u8,
    /// How often the primary goes or comes.
    pub flips: u8,
    /// Words of the operator.
    pub words: u8,
    /// Whether people are asked before one-way doors.
    pub asks: bool,
    /// No more states than these; a search that meets this bound says so.
    pub states: usize,
}

impl Bounds {
    /// Every order of two executors, one of them left in the middle once, time passing once.
    pub const TWO: Self = Self {
        executors: 2,
        generations: 1,
        faults: 0,
        preemptions: 1,
        leaps: 1,
        flips: 1,
        words: 0,
        asks: false,
        states: 20_000_000,
    };

    /// One executor; one request, answer or entry lost or late, or it dies; time passes once.
    pub const FAULT: Self = Self { executors: 1, faults: 1, preemptions: 0, ..Self::TWO };

    /// A word of the operator at any moment, people asked, and a second generation.
    pub const WORDS: Self =
        Self { executors: 1, generations: 2, preemptions: 0, words: 1, asks: true, ..Self::TWO };

    /// The names that a command line knows them by.
    pub const NAMED: [(&'static str, Self); 3] =
        [("two", Self::TWO), ("fault", Self::FAULT), ("words", Self::WORDS)];
}

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
    /// Generations that ended Recovered, RolledBack, Abandoned in some state.
    pub ends: [usize; 3],
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
        self.ends = judge.ends;
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
            "{} states, {} transitions, depth {}, {} journals audited; some end Recovered ({}), RolledBack ({}), Abandoned ({}); {all} within the bounds",
            self.states,
            self.transitions,
            self.depth,
            self.journals,
            self.ends[0],
            self.ends[1],
            self.ends[2]
        )?;
        if let Some((violation, way)) = &self.violation {
            write!(f, "\n{} {}\n  by {way:?}", violation.invariant, violation.detail)?;
        }
        Ok(())
    }
}
