//! Where a workload's writer lease is, and who owns it when its item has to be made.
//!
//! A lease is one item. Two items that both name an owner are two writers, so an item is made only where no other names
//! one, with the owner that the journals tell and an epoch that was never given before.

use std::fmt;

use crate::ids::{Region, Side, Text};
use crate::journal::State;
use crate::plan::{Plan, WriterLease};
use crate::table::{MOVED, NOBODY};
use crate::world::{Change, LeaseView};

/// A table that holds leases.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LeasePlace {
    /// Region in which it is asked.
    pub region: Region,
    /// Its name.
    pub table: Text,
}

impl LeasePlace {
    /// Where a plan's lease is.
    pub fn of(lease: &WriterLease) -> Self {
        Self { region: lease.region.clone(), table: lease.table.clone() }
    }

    /// The effect that stands on an item which was moved there: what it was moved to, and whose it was.
    pub fn moved_here(&self, owner: &str) -> String {
        format!("lease-move/{}/{}/{owner}", self.region, self.table)
    }

    /// Where an item was moved and whose it was, by the effect that stands on it.
    pub fn moved_to(effect: &str) -> Option<(Self, &str)> {
        let mut parts = effect.strip_prefix("lease-move/")?.splitn(3, '/');
        let place = Self { region: parts.next()?.into(), table: parts.next()?.into() };
        Some((place, parts.next()?))
    }
}

impl fmt::Display for LeasePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "table {} ({})", self.table, self.region)
    }
}

/// The Region that the workload lives in: by its journals, whatever a plan calls its sides; by the plan, where no
/// generation was ever opened.
pub fn lives_in<'a>(last: Option<&'a State>, plan: &'a Plan) -> &'a Region {
    last.map_or(&plan.regions.primary, |state| state.lives_in(&plan.regions))
}

/// The highest epoch that a generation's journal tells of.
#[expect(clippy::wildcard_enum_match_arm, reason = "only a lease has epochs")]
pub fn highest_epoch(state: &State) -> u64 {
    let moved = state.effects.values().filter_map(|effect| match &effect.change {
        Change::MoveLease { from_epoch, .. } => Some(from_epoch.saturating_add(1)),
        _ => None,
    });
    let proven = state.fenced.values().filter_map(|fenced| match fenced.proof {
        crate::journal::FenceProof::WriterLease { epoch } => Some(epoch),
        _ => None,
    });
    moved.chain(proven).max().unwrap_or(0)
}

/// What is known of a workload's lease when a plan is put.
#[derive(Debug)]
pub struct Found<'a> {
    /// The item in the table that the plan names.
    pub here: Option<&'a LeaseView>,
    /// Whether the workload's lease is known to have been in that table before.
    pub known_here: bool,
    /// The items in other tables where the workload's lease is, or was.
    pub elsewhere: &'a [(LeasePlace, LeaseView)],
    /// The last generation.
    pub last: Option<&'a State>,
    /// The highest epoch that any journal tells of.
    pub epoch: u64,
}

/// What becomes of the item that a plan needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Provision {
    /// It is there and is left as it is.
    Leave,
    /// It is made.
    Make {
        /// Whose it is.
        owner: Region,
        /// Above every epoch that was given before.
        epoch: u64,
    },
    /// The plan is refused.
    Refuse(String),
}

/// What becomes of the item of that plan's lease.
pub fn provision(plan: &Plan, lease: &WriterLease, found: &Found<'_>) -> Provision {
    let (place, workload) = (LeasePlace::of(lease), &plan.workload);
    let verb = format!(
        "`leeward lease move {workload} --table {} --region {} --reason …` moves it with its owner and its epoch",
        place.table, place.region
    );
    if let Some(item) = found.here.filter(|item| item.owner == MOVED) {
        return existing(plan, &place, item, found);
    }
    for (other, item) in found.elsewhere {
        if item.owner != MOVED {
            return Provision::Refuse(format!(
                "the writer lease of {workload} is in {other}, owner {}, epoch {}; a second item in {place} would make a second writer. {verb}",
                item.owner, item.epoch
            ));
        }
    }
    match found.here {
        Some(item) => existing(plan, &place, item, found),
        None => absent(plan, &place, found, &verb),
    }
}

fn existing(plan: &Plan, place: &LeasePlace, item: &LeaseView, found: &Found<'_>) -> Provision {
    if item.owner == MOVED {
        let to = LeasePlace::moved_to(&item.effect)
            .map_or_else(|| "another table".to_owned(), |(to, _)| to.to_string());
        return Provision::Refuse(format!(
            "the writer lease of {} was moved from {place} to {to}: the plan has to name that",
            plan.workload
        ));
    }
    let sides = [Side::Primary, Side::Standby].map(|side| plan.regions.of(side).as_str());
    if item.owner != NOBODY && !sides.contains(&item.owner.as_str()) {
        return Provision::Refuse(format!(
            "the writer lease of {} in {place} is held by {}, which is no side of the plan ({} and {})",
            plan.workload, item.owner, sides[0], sides[1]
        ));
    }
    // In a table where it was not known to be, an item may be from another time: who it names need not be who writes.
    let lives = lives_in(found.last, plan);
    let open = found.last.is_some_and(|state| state.end.is_none());
    if !found.known_here && !open && item.owner != NOBODY && item.owner != lives.as_str() {
        return Provision::Refuse(format!(
            "{place} holds an item LEASE#{} that names {} (epoch {}), but {} lives in {lives} by its journals: it is from another time. Look at who writes, and take that item away or name another table",
            plan.workload, item.owner, item.epoch, plan.workload
        ));
    }
    Provision::Leave
}

fn absent(plan: &Plan, place: &LeasePlace, found: &Found<'_>, verb: &str) -> Provision {
    if let Some((from, _)) = found.elsewhere.first() {
        return Provision::Refuse(format!(
            "the writer lease of {} was moved out of {from} and is not in {place}: its move was interrupted, or went elsewhere. {verb}",
            plan.workload
        ));
    }
    if let Some(state) = found.last.filter(|state| state.end.is_none()) {
        return Provision::Refuse(format!(
            "generation {} of {} is open, and the writer lease is not in {place}: nobody may be made its owner now. `leeward status {}`",
            state.decision.generation, plan.workload, plan.workload
        ));
    }
    let owner = lives_in(found.last, plan).clone();
    if ![Side::Primary, Side::Standby].iter().any(|side| *plan.regions.of(*side) == owner) {
        return Provision::Refuse(format!(
            "{} lives in {owner} by its journals, which is no side of the plan: nobody may be made the owner of its writer lease",
            plan.workload
        ));
    }
    Provision::Make { owner, epoch: found.epoch.saturating_add(1) }
}

#[cfg(test)]
#[path = "lease_home_tests.rs"]
mod tests;
