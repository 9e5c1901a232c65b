//! The writer lease: taken from the old side, given to the new, given back when turning back.

use crate::effect::Verb;
use crate::ids::{EntryId, Step};
use crate::lease_home::LeasePlace;
use crate::plan::{Plan, WriterLease};
use crate::planted::{self, Bug};
use crate::pursuit::{Goal, Probe};
use crate::steps::Situation;
use crate::table::{MOVED, NOBODY, lease_key};
use crate::world::{Change, LeaseView, Question, Seen, View};

/// A lease and the databases that it guards.
pub struct Guarded<'a> {
    /// The lease.
    pub lease: &'a WriterLease,
    /// The databases.
    pub databases: Vec<EntryId>,
}

/// The leases of the plan: databases that name the same item share it.
pub fn leases<'a>(situation: &Situation<'a>) -> Vec<Guarded<'a>> {
    of(situation.plan)
}

/// The leases of a plan.
pub fn of(plan: &Plan) -> Vec<Guarded<'_>> {
    let mut all: Vec<Guarded<'_>> = Vec::new();
    for database in &plan.databases {
        let Some(lease) = database.lease() else { continue };
        match all
            .iter_mut()
            .find(|g| g.lease.table == lease.table && g.lease.region == lease.region)
        {
            Some(known) => known.databases.push(database.id().clone()),
            None => all.push(Guarded { lease, databases: vec![database.id().clone()] }),
        }
    }
    all
}

/// The question that reads a lease.
pub fn question(situation: &Situation<'_>, lease: &WriterLease) -> Question {
    Question::Lease {
        region: lease.region.clone(),
        table: lease.table.clone(),
        key: lease_key(&situation.plan.workload).into(),
    }
}

/// The lease as seen, or why it is not.
pub fn view<'a>(
    situation: &Situation<'_>,
    lease: &WriterLease,
    seen: &'a Seen,
) -> Result<&'a LeaseView, Probe> {
    let question = question(situation, lease);
    match seen.get(&question) {
        Ok(View::Lease(Some(view))) if view.owner == MOVED => {
            Err(Probe::Blind(moved(situation, view)))
        }
        Ok(View::Lease(Some(view))) => Ok(view),
        Ok(View::Lease(None)) => {
            Err(Probe::Blind(format!("{question} does not exist; `leeward plan put` makes it")))
        }
        Ok(other) => Err(Probe::Blind(format!("{question} answered {other:?}"))),
        Err(blind) => Err(Probe::Blind(blind.to_string())),
    }
}

fn moved(situation: &Situation<'_>, view: &LeaseView) -> String {
    let to = LeasePlace::moved_to(&view.effect)
        .map_or_else(|| "another table".to_owned(), |(to, _)| to.to_string());
    format!(
        "the lease was moved to {to}, and plan {} still names the table that it left: `leeward plan put` one that names the new",
        situation.plan.plan
    )
}

/// Takes the lease from whoever has it on the side that is left.
pub fn take(situation: &Situation<'_>, lease: &WriterLease, seen: &Seen) -> Goal {
    let effect = situation.effect(Step::Fence, &lease.table, Verb::TakeLease);
    let source = situation.source_region().as_str();
    let target = situation.target_region().as_str();
    move_goal(situation, lease, seen, effect, NOBODY, |view| {
        if view.owner == NOBODY {
            Probe::Yes(format!("nobody holds the lease, epoch {}", view.epoch))
        } else if view.owner == target {
            Probe::Yes(format!("{target} holds the lease already, epoch {}", view.epoch))
        } else if view.owner == source && planted::is(Bug::LeaseRead) {
            Probe::Yes(format!("{source} held the lease, epoch {}", view.epoch))
        } else if view.owner == source {
            Probe::No(format!("{source} holds the lease, epoch {}", view.epoch))
        } else {
            Probe::Blind(format!(
                "the lease is held by {}, which is no side of the plan",
                view.owner
            ))
        }
    })
}

/// Gives the lease to the side that was moved to.
pub fn grant(situation: &Situation<'_>, lease: &WriterLease, seen: &Seen) -> Goal {
    let effect = situation.effect(Step::Database, &lease.table, Verb::GrantLease);
    let target = situation.target_region().as_str().to_owned();
    move_goal(situation, lease, seen, effect, &target, |view| {
        if view.owner == target {
            Probe::Yes(format!("{target} holds the lease, epoch {}", view.epoch))
        } else if view.owner == NOBODY {
            Probe::No(format!("nobody holds the lease, epoch {}", view.epoch))
        } else {
            Probe::Blind(format!("the lease went to {} instead, epoch {}", view.owner, view.epoch))
        }
    })
}

/// Gives the lease back to the side that was to be left.
pub fn give_back(
    situation: &Situation<'_>,
    lease: &WriterLease,
    seen: &Seen,
    undoes: crate::effect::EffectId,
) -> Goal {
    let effect = undoes.undo();
    let source = situation.source_region().as_str().to_owned();
    let goal = move_goal(situation, lease, seen, effect, &source, |view| {
        if view.owner == source {
            Probe::Yes(format!("{source} holds the lease again, epoch {}", view.epoch))
        } else if view.owner == NOBODY {
            Probe::No(format!("nobody holds the lease, epoch {}", view.epoch))
        } else {
            Probe::Blind(format!("the lease went to {} instead, epoch {}", view.owner, view.epoch))
        }
    });
    Goal { undoes: Some(undoes), ..goal }
}

/// Whether the lease still stands as the proof says: a person may have given it back meanwhile.
pub fn still_taken(
    situation: &Situation<'_>,
    lease: &WriterLease,
    proven: u64,
    seen: &Seen,
) -> Probe {
    match view(situation, lease, seen) {
        Err(blind) => blind,
        Ok(v) if v.owner == situation.target_region().as_str() => {
            Probe::Yes(format!("{} holds the lease, epoch {}", v.owner, v.epoch))
        }
        Ok(v) if v.owner == NOBODY && v.epoch == proven => {
            Probe::Yes(format!("nobody holds the lease, epoch {}", v.epoch))
        }
        Ok(v) => Probe::No(format!(
            "the lease went to {} meanwhile (epoch {}, proven was {proven}): its holder may write; nothing is promoted",
            v.owner, v.epoch
        )),
    }
}

fn move_goal(
    situation: &Situation<'_>,
    lease: &WriterLease,
    seen: &Seen,
    effect: crate::effect::EffectId,
    to: &str,
    judge: impl Fn(&LeaseView) -> Probe,
) -> Goal {
    let (probe, from_owner, from_epoch) = match view(situation, lease, seen) {
        Ok(view) if planted::is(Bug::OldEpoch) && to != NOBODY => {
            (judge(view), view.owner.clone(), view.epoch.saturating_sub(1))
        }
        Ok(view) => (judge(view), view.owner.clone(), view.epoch),
        Err(blind) => (blind, NOBODY.into(), 0),
    };
    Goal {
        change: Change::MoveLease {
            region: lease.region.clone(),
            table: lease.table.clone(),
            key: lease_key(&situation.plan.workload).into(),
            from_owner,
            from_epoch,
            to_owner: to.into(),
            effect: effect.as_str().into(),
        },
        effect,
        before: None,
        undoes: None,
        probe,
    }
}

#[cfg(test)]
#[path = "lease_tests.rs"]
mod tests;
