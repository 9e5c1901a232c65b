//! Everything that a recovery of a plan may do to the world, by name, before anything is done.

use std::collections::BTreeSet;

use crate::effect::{EffectId, Verb};
use crate::ids::{EntryId, Generation, Side, Step};
use crate::plan::{Capacity, Control, Database, Fence, Isolate, Plan, When};
use crate::steps::{isolation, lease, records};

/// One effect a group, whichever side is left.
fn isolated(id: &EntryId, fence: &Isolate) -> BTreeSet<String> {
    let of = |side| fence.groups(side).enumerate().map(|(i, r)| isolation::target(id, i, r));
    of(Side::Primary).chain(of(Side::Standby)).collect()
}

/// What the start of one instance is called. EC2 starts all instances of a request or none (StartInstances),
/// so each is started by an effect of its own.
pub(super) fn start_of(capacity: &EntryId, instance: &str) -> String {
    format!("{capacity}.{instance}")
}

/// The effects of a generation of that plan. An undo goes by its effect's name.
pub fn effects(plan: &Plan, generation: Generation) -> Vec<EffectId> {
    let id = |step: Step, target: &str, verb: Verb| {
        EffectId::new(&plan.workload, generation, step, target, verb.as_str())
    };
    let mut all = Vec::new();
    for guarded in lease::of(plan) {
        all.push(id(Step::Fence, &guarded.lease.table, Verb::TakeLease));
        all.push(id(Step::Database, &guarded.lease.table, Verb::GrantLease));
    }
    for database in &plan.databases {
        let name = database.id().as_str();
        for fence in database.fences() {
            match fence {
                Fence::StopWriter(_) => all.push(id(Step::Fence, name, Verb::StopWriter)),
                Fence::Isolate(f) => all.extend(
                    isolated(database.id(), f)
                        .into_iter()
                        .map(|target| id(Step::Fence, &target, Verb::Isolate)),
                ),
                Fence::WriterLease(_) | Fence::Waiver => {}
            }
        }
        match database {
            Database::RdsReplica(_) | Database::AuroraGlobal(_) => {
                all.push(id(Step::Database, name, Verb::Promote));
            }
            Database::DynamodbGlobal(_) => {}
        }
    }
    for capacity in &plan.capacity {
        let step = match capacity.when() {
            When::Early => Step::Capacity,
            When::Late => Step::Restore,
        };
        let verb = match capacity {
            Capacity::AutoScalingGroup(_) => Verb::RaiseMinimum,
            Capacity::Instances(c) => {
                let both = c.instances.primary.iter().chain(&c.instances.standby);
                all.extend(both.map(|one| id(step, &start_of(&c.id, one), Verb::Start)));
                continue;
            }
            Capacity::EcsService(_) => Verb::RaiseCount,
            Capacity::LambdaConcurrency(_) => Verb::Reserve,
            Capacity::EventSource(_) => Verb::Enable,
        };
        all.push(id(step, capacity.id().as_str(), verb));
    }
    for control in &plan.traffic.controls {
        match control {
            Control::StopMetric(c) => all.push(id(Step::Traffic, c.id.as_str(), Verb::StopMetric)),
            Control::Record(c) => all.extend(records::zones(c).keys().map(|zone| {
                id(Step::Traffic, &records::batch(c.id.as_str(), zone), Verb::Records)
            })),
        }
    }
    all
}
