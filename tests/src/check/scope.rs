//! S13: nothing outside the plan is touched.

use std::collections::BTreeSet;

use leeward_core::ids::{Region, Side};
use leeward_core::plan::{Capacity, Control, Database, Fence, Plan};
use leeward_core::steps::records::fence_name;
use leeward_core::table::lease_key;
use leeward_core::world::Change;

use super::evidence::Case;

pub(super) fn inside_the_plan(evidence: &Case<'_>) -> Vec<String> {
    let mut named = named(&evidence.plan);
    for journal in evidence.journals() {
        if journal.plan != evidence.plan {
            named.extend(self::named(&journal.plan));
        }
    }
    evidence
        .arrivals()
        .flat_map(|arrival| touched(arrival.change).into_iter().map(move |t| (arrival.at, t)))
        .filter(|(_, thing)| !named.contains(thing))
        .map(|(at, thing)| format!("{thing} was touched at {at} and is not in the plan"))
        .collect()
}

fn thing(kind: &str, region: &Region, name: &str) -> String {
    format!("{kind} {name} ({region})")
}

/// What a change touches.
fn touched(change: &Change) -> Vec<String> {
    match change {
        Change::MoveLease { region, table, key, .. } => {
            vec![thing("lease", region, &format!("{table} {key}"))]
        }
        Change::PromoteReplica { region, instance } => vec![thing("instance", region, instance)],
        Change::FailoverGlobal { region, global_cluster, target }
        | Change::SwitchoverGlobal { region, global_cluster, target } => {
            vec![thing("global", region, &format!("{global_cluster} {target}"))]
        }
        Change::BoundGroup { region, group, .. } | Change::SetMinimum { region, group, .. } => {
            vec![thing("group", region, group)]
        }
        Change::StartInstances { region, ids } | Change::StopInstances { region, ids } => {
            ids.iter().map(|id| thing("ec2", region, id)).collect()
        }
        Change::SetDesiredCount { region, cluster, service, .. } => {
            vec![thing("service", region, &format!("{cluster} {service}"))]
        }
        Change::ReserveConcurrency { region, function, .. } => {
            vec![thing("function", region, function)]
        }
        Change::EnableEventSource { region, uuid, .. } => vec![thing("mapping", region, uuid)],
        Change::RevokeIngress { region, rules }
        | Change::AuthorizeIngress { region, rules, .. } => rules
            .sources()
            .map(|s| thing("rule", region, &format!("{} {} {s}", rules.group, rules.port)))
            .collect(),
        Change::PutMetric { region, namespace, metric, workload, .. } => {
            vec![thing("metric", region, &format!("{namespace} {metric} {workload}"))]
        }
        Change::ChangeRecords { zone, fence, records } => records
            .iter()
            .map(|r| format!("record {} {}", r.name, r.record_type))
            .chain([format!("record {} TXT", fence.name)])
            .map(|record| format!("{record} of zone {zone}"))
            .collect(),
    }
}

/// What the plan names, on both sides.
fn named(plan: &Plan) -> BTreeSet<String> {
    let mut named = BTreeSet::new();
    for side in [Side::Primary, Side::Standby] {
        let region = plan.regions.of(side);
        for database in &plan.databases {
            name_database(plan, database, side, &mut named);
        }
        for capacity in &plan.capacity {
            match capacity {
                Capacity::AutoScalingGroup(c) => {
                    named.insert(thing("group", region, c.group.of(side)));
                }
                Capacity::Instances(c) => {
                    named.extend(c.instances.of(side).iter().map(|id| thing("ec2", region, id)));
                }
                Capacity::EcsService(c) => {
                    let service = c.service.of(side);
                    let name = format!("{} {}", service.cluster, service.name);
                    named.insert(thing("service", region, &name));
                }
                Capacity::LambdaConcurrency(c) => {
                    named.insert(thing("function", region, c.function.of(side)));
                }
                Capacity::EventSource(c) => {
                    named.insert(thing("mapping", region, c.mapping.of(side)));
                }
            }
        }
    }
    for control in &plan.traffic.controls {
        name_control(plan, control, &mut named);
    }
    named
}

fn name_database(plan: &Plan, database: &Database, side: Side, named: &mut BTreeSet<String>) {
    let region = plan.regions.of(side);
    match database {
        Database::RdsReplica(d) => {
            named.insert(thing("instance", region, d.instance.of(side)));
        }
        Database::AuroraGlobal(d) => {
            let name = format!("{} {}", d.global_cluster, d.cluster.of(side));
            named.insert(thing("global", region, &name));
        }
        Database::DynamodbGlobal(_) => {}
    }
    for fence in database.fences() {
        match fence {
            Fence::WriterLease(lease) => {
                let name = format!("{} {}", lease.table, lease_key(&plan.workload));
                named.insert(thing("lease", &lease.region, &name));
            }
            Fence::StopWriter(stop) => {
                named.insert(thing("group", region, stop.group.of(side)));
            }
            Fence::Isolate(isolate) => {
                for rules in isolate.groups(side) {
                    named.extend(rules.sources().map(|s| {
                        thing("rule", region, &format!("{} {} {s}", rules.group, rules.port))
                    }));
                }
            }
            Fence::Waiver => {}
        }
    }
}

fn name_control(plan: &Plan, control: &Control, named: &mut BTreeSet<String>) {
    match control {
        Control::StopMetric(c) => {
            let name = format!("{} {} {}", c.namespace, c.metric, plan.workload);
            named.insert(thing("metric", &c.region, &name));
        }
        Control::Record(c) => {
            for pair in &c.records {
                let zone = &pair.zone;
                named.insert(format!("record {} {} of zone {zone}", pair.name, pair.record_type));
                let fence = fence_name(plan.workload.as_str(), c.id.as_str(), &pair.zone_name);
                named.insert(format!("record {fence} TXT of zone {zone}"));
            }
        }
    }
}
