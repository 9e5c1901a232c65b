//! Whether a plan's sides are those that the journals mean, and what a plan with other ones needs.
//!
//! Journals remember sides. A plan that calls another Region the primary turns what they say round: what is left closed
//! there would be looked for here, and the way home would lead to the copy that was left. Such a plan is put only when
//! nothing is remembered that it would turn round, and the workload is seen to live in its primary; the journal then
//! says which Regions are the sides.

use crate::ids::{Direction, Region, Side, Sides};
use crate::journal::State;
use crate::plan::{Control, Database, Fence, Plan, StopMetric};
use crate::succession;

/// What a plan that is put does to the workload's sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sided {
    /// The primary is what it was.
    AsBefore,
    /// Another Region is to be its home: the workload has to be seen there.
    Rehomed,
}

/// Whether a plan with the sides `new` may be put for a workload whose sides were `old`.
///
/// # Errors
///
/// Why it may not, with what to do first.
pub fn may_put(
    last: Option<&State>,
    old: &Sides<Region>,
    new: &Sides<Region>,
) -> Result<Sided, String> {
    if old == new {
        return Ok(Sided::AsBefore);
    }
    if let Some(last) = last {
        last.settled_for(new)?;
        let lives = last.lives();
        if lives.side == Side::Standby && new.primary == old.primary {
            return Err(format!(
                "it lives in {} since generation {}, which the plan would no longer name; `{}` first",
                old.standby,
                last.moved_by(),
                start(last, Direction::ToPrimary)
            ));
        }
        if new.primary != old.primary && new.primary != *old.of(lives.side) {
            return Err(elsewhere(last, old, new));
        }
    }
    Ok(if new.primary == old.primary { Sided::AsBefore } else { Sided::Rehomed })
}

/// The new primary is not where the workload lives.
fn elsewhere(last: &State, old: &Sides<Region>, new: &Sides<Region>) -> String {
    let side = last.lives().side;
    let (lives, to) = (old.of(side), &new.primary);
    if *old.of(side.other()) == *to {
        let way = toward(side.other());
        return format!(
            "it lives in {lives} by its journals; `{}` moves it to {to} first, or finds it there where people have moved it",
            start(last, way)
        );
    }
    format!(
        "it lives in {lives} by its journals; put a plan with standby {to} first, move it there with `leeward start`, then put this one"
    )
}

fn toward(side: Side) -> Direction {
    match side {
        Side::Standby => Direction::ToStandby,
        Side::Primary => Direction::ToPrimary,
    }
}

fn start(last: &State, way: Direction) -> String {
    let decision = &last.decision;
    format!(
        "leeward start {} --plan {} --direction {way} --reason …",
        decision.workload, decision.plan
    )
}

/// Why nothing is done by a plan in force whose sides are not those of the journals; `None`: they are, or what differs
/// changes nothing that the journals say. `plan put` refuses such a plan; an older version, or a hand, may have put it.
pub fn strayed(last: &State, plan: &Plan) -> Option<String> {
    let differs = |side: Side| {
        let known = last.region_of(side);
        known.is_some_and(|known| known != plan.regions.of(side))
    };
    // The decision of an older version names one side: seen on the other, they are exchanged.
    let exchanged = [Side::Primary, Side::Standby]
        .into_iter()
        .any(|side| last.region_of(side) == Some(plan.regions.of(side.other())));
    let remembered = || {
        last.away_from_home()
            || !last.left_closed().is_empty()
            || !last.unproven().is_empty()
            || !succession::lost(Some(last)).is_empty()
            || succession::waits(last)
    };
    let home = differs(Side::Primary) || exchanged;
    let turned = home || (differs(Side::Standby) && remembered());
    if !turned {
        return None;
    }
    let (lives, regions) = (last.lives_in(&plan.regions), &plan.regions);
    let since = last.lives().since;
    let since = since.map_or_else(String::new, |by| format!(" since generation {by}"));
    Some(format!(
        "plan {} names {} as primary and {} as standby, and these are not the sides by which the journals of {} speak: it lives in {lives}{since}. Nothing is opened by that plan",
        plan.plan, regions.primary, regions.standby, plan.workload
    ))
}

/// A metric that stopped the old home, and that a plan with another home would go on with: it stands at 1, which would
/// stop the new home where the failover records are exchanged, and where they are not it moves nobody any more.
pub fn stopped(old: &Plan, new: &Plan) -> Option<String> {
    let metrics = |plan: &Plan| -> Vec<StopMetric> {
        let controls = plan.traffic.controls.iter();
        let metric = |control: &Control| match control {
            Control::StopMetric(c) => Some(c.clone()),
            Control::Record(_) => None,
        };
        controls.filter_map(metric).collect()
    };
    let before = metrics(old);
    let same = |a: &StopMetric, b: &StopMetric| {
        (&a.region, &a.namespace, &a.metric) == (&b.region, &b.namespace, &b.metric)
    };
    let found = metrics(new).into_iter().find(|c| before.iter().any(|known| same(known, c)))?;
    Some(format!(
        "Metric {} {} stopped {} and may stand at 1 still. Make the failover record of {} for {} the primary one, with a health check on an alarm on a metric of another name, that for {} the secondary, and name that metric in {}",
        found.namespace,
        found.metric,
        new.regions.standby,
        found.name,
        new.regions.primary,
        new.regions.standby,
        found.id
    ))
}

/// What two versions of a workload's plan, by the same Regions, name the other way round: the sides of each thing
/// are exchanged.
pub fn exchanged(old: &Plan, new: &Plan) -> Vec<String> {
    if old.regions.sides() != new.regions.sides() {
        return Vec::new();
    }
    let before = named(old);
    let turned = |(what, sides): &(String, [String; 2])| {
        let [primary, standby] = sides;
        primary != standby
            && before.iter().any(|(known, [p, s])| known == what && (p, s) == (standby, primary))
    };
    named(new).into_iter().filter(turned).map(|(what, _)| what).collect()
}

/// Everything of the databases and their fences that each side has one of.
fn named(plan: &Plan) -> Vec<(String, [String; 2])> {
    let mut all = Vec::new();
    for database in &plan.databases {
        let id = database.id();
        if let Database::RdsReplica(d) = database {
            let sides = [&d.instance.primary, &d.instance.standby].map(ToString::to_string);
            all.push((format!("instance of {id}"), sides));
        }
        for fence in database.fences() {
            match fence {
                Fence::StopWriter(f) => {
                    let sides = [&f.group.primary, &f.group.standby].map(ToString::to_string);
                    all.push((format!("group that stops the writers of {id}"), sides));
                }
                Fence::Isolate(f) => {
                    let (p, s) = (&f.security_group.primary, &f.security_group.standby);
                    let sides = [&p.group, &s.group].map(ToString::to_string);
                    all.push((format!("security group of {id}"), sides));
                }
                Fence::WriterLease(_) | Fence::Waiver => {}
            }
        }
    }
    all
}

#[cfg(test)]
#[path = "rehoming_tests.rs"]
mod tests;
