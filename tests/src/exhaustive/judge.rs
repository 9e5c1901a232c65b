//! What must hold in every state, judged without what was planted.

use std::collections::HashSet;

use leeward_core::audit::{Case, audit};
use leeward_core::journal::{End, Entry, Fate};
use leeward_core::world::Change;

use super::Bounds;
use super::acts::Happened;
use super::look::{Setup, nobody};
use super::node::Node;
use crate::check::Violation;

/// Judges states; remembers which journals it has judged.
pub(super) struct Judge {
    pub(super) setup: Setup,
    judged: HashSet<(u64, u64)>,
    /// States that end so: Recovered, RolledBack, Abandoned.
    pub(super) ends: [usize; 3],
}

impl Judge {
    pub(super) fn new(bounds: &Bounds) -> Self {
        Self { setup: Setup::new(bounds), judged: HashSet::new(), ends: [0; 3] }
    }

    /// How many different journals were judged.
    pub(super) fn journals(&self) -> usize {
        self.judged.len()
    }

    /// The first thing that does not hold.
    pub(super) fn judge(
        &mut self,
        node: &Node,
        happened: &Happened,
        new: bool,
    ) -> Option<Violation> {
        #[cfg(feature = "planted")]
        let _lifted = leeward_core::planted::lift();
        let violation = |invariant, detail: String| Some(Violation { invariant, detail });
        if new {
            self.count(node);
            if node.standby_accepts() && node.primary_accepts(self.setup.expiry) {
                return violation("S1", "both sides accept writes".to_owned());
            }
            if let Some((effect, times)) = node.world.changed.iter().find(|(_, n)| **n > 1) {
                return violation("S5", format!("{effect} changed the world {times} times"));
            }
        }
        if let Some((generation, effect, change, changed)) = &happened.landed {
            let state = &node.books[*generation - 1].state;
            if *changed && state.end.is_some() {
                return violation("S16", format!("{effect} landed after its generation's end"));
            }
            let promotes = matches!(change, Change::PromoteReplica { .. });
            if promotes && !state.committed() {
                return violation("S8", "promoted before the commit".to_owned());
            }
            if promotes && node.primary_accepts(self.setup.expiry) {
                return violation("S8", "promoted while the old side accepts writes".to_owned());
            }
        }
        happened.wrote.and_then(|generation| self.journal(node, generation))
    }

    fn count(&mut self, node: &Node) {
        let Some(state) = node.books.last().map(|b| &b.state) else { return };
        match state.end.as_ref().map(|e| e.end) {
            Some(End::Recovered) => self.ends[0] += 1,
            Some(End::RolledBack) => self.ends[1] += 1,
            Some(End::Abandoned) => self.ends[2] += 1,
            None => {}
        }
    }

    /// Every invariant that a journal can show; that it goes on for ever is not asked of a state.
    fn journal(&mut self, node: &Node, generation: usize) -> Option<Violation> {
        let book = &node.books[generation - 1];
        if !book.records.last().is_some_and(|r| tells(&r.entry)) {
            return None;
        }
        let before = generation.checked_sub(2).and_then(|place| node.books.get(place));
        let ended = book.state.end.as_ref().map(|e| e.end);
        if ended == Some(End::RolledBack)
            && matches!(book.state.fate, Fate::TurnedBack(..))
            && nobody(&node.world.owner)
        {
            let detail = "rolled back, and nobody holds the lease".to_owned();
            return Some(Violation { invariant: "S16", detail });
        }
        if !self.judged.insert((book.hash, before.map_or(0, |b| b.hash))) {
            return None;
        }
        let case = Case {
            records: &book.records,
            plan: &self.setup.plan,
            plan_digest: &self.setup.digest,
            limits: &self.setup.limits,
            previous: before.map(|b| &b.state),
            stored: None,
            now: node.now,
        };
        audit(&case)
            .into_iter()
            .find(|j| !j.held && j.invariant != "L1")
            .map(|j| Violation { invariant: j.invariant, detail: j.detail })
    }
}

/// Entries after which a journal is audited. What the others may break shows with the next of these.
fn tells(entry: &Entry) -> bool {
    !matches!(
        entry,
        Entry::Assessed { .. }
            | Entry::Replied { .. }
            | Entry::Outcome { .. }
            | Entry::Fenced { .. }
            | Entry::LossBound { .. }
            | Entry::WriterVerified { .. }
    )
}
