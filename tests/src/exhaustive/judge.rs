//! What must hold in every state, judged without what was planted.

use std::collections::{BTreeMap, HashSet};

use leeward_core::audit::{Case, audit};
use leeward_core::ids::{Direction, Side};
use leeward_core::journal::{End, Entry, Halt, HaltKind, State};
use leeward_core::world::Change;

use super::Bounds;
use super::acts::Happened;
use super::look::Setup;
use super::node::Node;
use crate::check::Violation;

/// Judges states; remembers which journals it has judged.
pub(super) struct Judge {
    pub(super) setup: Setup,
    judged: HashSet<(u64, u64)>,
    /// States by how their last generation stands, and by what else is to be told.
    pub(super) ends: BTreeMap<&'static str, usize>,
}

impl Judge {
    pub(super) fn new(bounds: &Bounds) -> Self {
        Self { setup: Setup::new(bounds), judged: HashSet::new(), ends: BTreeMap::new() }
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
            let accepts = |side| node.accepts(side, self.setup.expiry);
            if accepts(Side::Standby) && accepts(Side::Primary) {
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
            let source = state.decision.direction.source();
            if promotes && !state.committed() {
                return violation("S8", "promoted before the commit".to_owned());
            }
            if promotes && node.accepts(source, self.setup.expiry) {
                return violation("S8", "promoted while the old side accepts writes".to_owned());
            }
        }
        happened.wrote.and_then(|generation| self.journal(node, generation))
    }

    fn count(&mut self, node: &Node) {
        let Some(state) = node.books.last().map(|b| &b.state) else { return };
        let home = state.decision.direction == Direction::ToPrimary;
        let stands = match (state.end.as_ref().map(|e| e.end), &state.halt) {
            (Some(End::Recovered), _) if home => "Recovered, home again",
            (Some(End::Recovered), _) => "Recovered",
            (Some(End::RolledBack), _) => "RolledBack",
            (Some(End::Abandoned), _) => "Abandoned",
            (None, Some(Halt { kind: HaltKind::Held(_), .. })) => "Held",
            (None, Some(_)) => "stopped",
            (None, None) => "open",
        };
        *self.ends.entry(stands).or_default() += 1;
        if !state.decision.handed_over.is_empty() {
            *self.ends.entry("with work that was handed over").or_default() += 1;
            if stands == "Recovered" {
                *self.ends.entry("Recovered with work that was handed over").or_default() += 1;
            }
        }
        if node.books.len() == 3 {
            *self.ends.entry("of a third generation").or_default() += 1;
        }
    }

    /// Whom users can write to when a generation ends.
    fn served(&self, node: &Node, state: &State) -> Option<Violation> {
        let violation =
            |invariant, detail: &str| Some(Violation { invariant, detail: detail.to_owned() });
        let direction = state.decision.direction;
        let accepts = |side| node.accepts(side, self.setup.expiry);
        match state.end.as_ref().map(|e| e.end)? {
            End::Recovered if !accepts(direction.target()) => {
                violation("S7", "recovered, and the side that was moved to takes no writes")
            }
            End::RolledBack
                if state.successor.is_none()
                    && !accepts(direction.source())
                    && !accepts(direction.target()) =>
            {
                violation("S16", "rolled back, and no side takes writes")
            }
            End::Recovered | End::RolledBack | End::Abandoned => None,
        }
    }

    /// Every invariant that a journal can show; that it goes on for ever is not asked of a state.
    fn journal(&mut self, node: &Node, generation: usize) -> Option<Violation> {
        let book = &node.books[generation - 1];
        if !tells(&book.last.entry) {
            return None;
        }
        let before = generation.checked_sub(2).and_then(|place| node.books.get(place));
        if matches!(book.last.entry, Entry::Ended { .. })
            && let Some(violation) = self.served(node, &book.state)
        {
            return Some(violation);
        }
        if !self.judged.insert((book.hash, before.map_or(0, |b| b.hash))) {
            return None;
        }
        let case = Case {
            records: &book.records(),
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
