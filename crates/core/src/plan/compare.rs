//! Plans beside each other: what two plans may not say at once.
//!
//! The plans of one workload move the same databases and wait for the same lease, whichever of them answers. What only
//! one workload can move is named by the plans of one workload.

use std::fmt;

use serde::Serialize;

use crate::ids::{PlanId, Region, Side, Sides, Text, WorkloadId};
use crate::plan::{Capacity, Control, Database, Fence, Level, Plan};

/// What two plans say that cannot hold at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "clash", rename_all = "kebab-case")]
pub enum Clash {
    /// One name for the plans of two workloads.
    Name,
    /// Two plans of one workload live in different Regions on good days.
    Home,
    /// Two plans of one workload differ in these parts of the writer lease.
    Lease {
        /// Such as `ttl 60s and 3s`.
        parts: Vec<String>,
    },
    /// One plan of a workload takes and grants a writer lease of a database, and the other knows none.
    LeaseOfOne {
        /// Such as `RDS instance orders-db (us-east-1)`.
        database: String,
        /// The lease's table.
        table: String,
        /// The plan that has it.
        of: PlanId,
    },
    /// One plan of a workload moves a database with one writer that the other does not name.
    Databases {
        /// Which.
        unnamed: Vec<String>,
    },
    /// One plan of a workload moves users, and no database with one writer; the other moves these.
    MovesNone {
        /// Which.
        databases: Vec<String>,
    },
    /// Two workloads name one thing.
    Shared {
        /// Such as `RDS instance orders-db (us-east-1)`.
        what: String,
    },
}

/// One thing that was found between two plans.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Between {
    /// An error refuses the plan that is put; a warning will hurt.
    pub level: Level,
    /// The one plan.
    pub plan: PlanId,
    /// Its workload.
    pub workload: WorkloadId,
    /// Where in it.
    pub path: String,
    /// The other plan.
    pub other: PlanId,
    /// The other's workload.
    pub other_workload: WorkloadId,
    /// Where in the other.
    pub other_path: String,
    /// What it is.
    #[serde(flatten)]
    pub clash: Clash,
}

impl fmt::Display for Between {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { level, plan, workload, path, other, other_workload, other_path, clash } = self;
        write!(f, "{level}: {plan}: {path}: ")?;
        match clash {
            Clash::Name => write!(
                f,
                "a plan of workload {other_workload} has the name {plan}; putting this one would leave {other_workload} without it. Give the plan of {workload} a name of its own, or `leeward plan retire {other} --reason …` first"
            ),
            Clash::Home => write!(
                f,
                "its primary is not that of plan {other} ({other_path}): a workload lives in one Region on good days"
            ),
            Clash::Lease { parts } => write!(
                f,
                "its writer lease differs from that of plan {other} ({other_path}) in {}: a workload has one lease. Put both plans at once: `leeward plan put FILE FILE`",
                parts.join(", ")
            ),
            Clash::LeaseOfOne { database, table, of } => write!(
                f,
                "only {of} has the writer lease (table {table}) of {database}, of this plan and {other} ({other_path}): a recovery by the other would promote it, and nobody would grant its writers the lease. Put both plans at once, with the same lease: `leeward plan put FILE FILE`"
            ),
            Clash::Databases { unnamed } => write!(
                f,
                "does not name {}, which plan {other} moves ({other_path}): half a workload would be moved. Put both plans at once: `leeward plan put FILE FILE`",
                unnamed.join(", ")
            ),
            Clash::MovesNone { databases } => write!(
                f,
                "moves no database with one writer, while plan {other} moves {} ({other_path}): users would be moved away from their writer",
                databases.join(", ")
            ),
            Clash::Shared { what } => write!(
                f,
                "{what} is named by plan {other} of workload {other_workload}, too ({other_path}): {}",
                match level {
                    Level::Error => "two recoveries would move it against each other",
                    Level::Warning | Level::Note => "a recovery of one changes the other's",
                }
            ),
        }
    }
}

/// What a plan that is to be put says against the plans that will be in force beside it, the weightiest first.
pub fn against(plan: &Plan, others: &[&Plan]) -> Vec<Between> {
    let mut found: Vec<Between> = others.iter().flat_map(|other| pair(plan, other)).collect();
    found.sort_by_key(|b| b.level);
    found
}

/// What all these plans say against each other, each pair once.
pub fn among(plans: &[&Plan]) -> Vec<Between> {
    let mut found: Vec<Between> = Vec::new();
    for (index, plan) in plans.iter().enumerate() {
        found.extend(plans.iter().skip(index + 1).flat_map(|other| pair(plan, other)));
    }
    found.sort_by_key(|b| b.level);
    found
}

fn pair(plan: &Plan, other: &Plan) -> Vec<Between> {
    let mut pair = Pair { plan, other, found: Vec::new() };
    if plan.workload != other.workload {
        if plan.plan == other.plan {
            pair.add(Level::Error, "plan", "plan", Clash::Name);
        }
        pair.shared();
    } else if plan.plan != other.plan {
        if plan.regions.primary != other.regions.primary {
            pair.add(Level::Error, "regions.primary", "regions.primary", Clash::Home);
        }
        pair.leases();
        pair.leases_of_one();
        pair.databases();
    }
    pair.found
}

struct Pair<'a> {
    plan: &'a Plan,
    other: &'a Plan,
    found: Vec<Between>,
}

impl Pair<'_> {
    fn add(&mut self, level: Level, path: &str, other_path: &str, clash: Clash) {
        self.found.push(Between {
            level,
            plan: self.plan.plan.clone(),
            workload: self.plan.workload.clone(),
            path: path.to_owned(),
            other: self.other.plan.clone(),
            other_workload: self.other.workload.clone(),
            other_path: other_path.to_owned(),
            clash,
        });
    }

    /// Within one plan all leases are the same: the first stands for all.
    fn leases(&mut self) {
        let first = |plan: &Plan| {
            let mut all = plan.databases.iter().enumerate();
            all.find_map(|(i, d)| Some((format!("databases[{i}].fences"), d.lease()?.clone())))
        };
        let (Some((path, own)), Some((other_path, their))) = (first(self.plan), first(self.other))
        else {
            return;
        };
        let texts = [
            ("table", own.table.as_str(), their.table.as_str()),
            ("region", own.region.as_str(), their.region.as_str()),
        ];
        let spans = [
            ("ttl", own.ttl, their.ttl),
            ("drift", own.drift, their.drift),
            ("longest-statement", own.longest_statement, their.longest_statement),
            ("heartbeat", own.heartbeat, their.heartbeat),
        ];
        let mut parts: Vec<String> = texts
            .into_iter()
            .filter(|(_, a, b)| a != b)
            .map(|(name, a, b)| format!("{name} {a} and {b}"))
            .collect();
        let differ = spans.into_iter().filter(|(_, a, b)| a != b);
        parts.extend(differ.map(|(name, a, b)| format!("{name} {a} and {b}")));
        if !parts.is_empty() {
            self.add(Level::Error, &path, &other_path, Clash::Lease { parts });
        }
    }

    /// A database that both move has a lease by both or by neither.
    fn leases_of_one(&mut self) {
        let single = |plan: &Plan| -> Vec<(usize, Database, Vec<String>)> {
            let all = plan.databases.iter().enumerate().filter(|(_, d)| d.single_writer());
            all.map(|(index, d)| (index, d.clone(), database(plan, d))).collect()
        };
        let their = single(self.other);
        for (index, own, names) in single(self.plan) {
            // Two plans may move one writer to different replicas.
            let same =
                |(_, _, other): &&(_, _, Vec<String>)| names.iter().any(|n| other.contains(n));
            let Some((place, other, theirs)) = their.iter().find(same) else { continue };
            let (of, lease) = match (own.lease(), other.lease()) {
                (Some(lease), None) => (&self.plan.plan, lease),
                (None, Some(lease)) => (&self.other.plan, lease),
                (Some(_), Some(_)) | (None, None) => continue,
            };
            let clash = Clash::LeaseOfOne {
                database: names.iter().find(|n| theirs.contains(n)).cloned().unwrap_or_default(),
                table: lease.table.to_string(),
                of: of.clone(),
            };
            let path = |index: usize| format!("databases[{index}].fences");
            self.add(Level::Error, &path(index), &path(*place), clash);
        }
    }

    fn databases(&mut self) {
        let (own, their) = (writers(self.plan), writers(self.other));
        self.lacks(&own, &their);
        let mut turned = Pair { plan: self.other, other: self.plan, found: Vec::new() };
        turned.lacks(&their, &own);
        self.found.append(&mut turned.found);
    }

    fn lacks(&mut self, own: &[String], their: &[String]) {
        let unnamed: Vec<String> = their.iter().filter(|d| !own.contains(d)).cloned().collect();
        if unnamed.is_empty() {
            return;
        }
        let (level, clash) = if own.is_empty() {
            (Level::Warning, Clash::MovesNone { databases: unnamed })
        } else {
            (Level::Error, Clash::Databases { unnamed })
        };
        self.add(level, "databases", "databases", clash);
    }

    fn shared(&mut self) {
        let their = resources(self.other);
        for own in resources(self.plan) {
            let Some(same) = their.iter().find(|r| r.what == own.what) else { continue };
            let level = if own.alone || same.alone { Level::Error } else { Level::Warning };
            let clash = Clash::Shared { what: own.what };
            self.add(level, &own.path, &same.path, clash);
        }
    }
}

/// The databases that only one side may write, by what AWS calls them.
fn writers(plan: &Plan) -> Vec<String> {
    let single = plan.databases.iter().filter(|d| d.single_writer());
    let mut all: Vec<String> = single.flat_map(|d| database(plan, d)).collect();
    all.sort();
    all
}

fn database(plan: &Plan, database: &Database) -> Vec<String> {
    match database {
        Database::RdsReplica(d) => {
            both(plan, &d.instance, |region, name| format!("RDS instance {name} ({region})"))
        }
        Database::AuroraGlobal(d) => vec![format!("Aurora global cluster {}", d.global_cluster)],
        Database::DynamodbGlobal(d) => {
            let regions = [&plan.regions.primary, &plan.regions.standby];
            regions.map(|region| format!("table {} ({region})", d.table)).into()
        }
    }
}

/// One thing in the world that a plan names.
struct Resource {
    what: String,
    path: String,
    /// Only one workload may name it.
    alone: bool,
}

fn both(plan: &Plan, sides: &Sides<Text>, name: impl Fn(&Region, &Text) -> String) -> Vec<String> {
    [Side::Primary, Side::Standby].map(|side| name(plan.regions.of(side), sides.of(side))).into()
}

/// Everything that a recovery by the plan changes.
fn resources(plan: &Plan) -> Vec<Resource> {
    let mut all: Vec<Resource> = Vec::new();
    let mut add = |path: &str, alone: bool, what: Vec<String>| {
        for what in what {
            if !all.iter().any(|known| known.what == what) {
                all.push(Resource { what, path: path.to_owned(), alone });
            }
        }
    };
    let group = |region: &Region, name: &Text| format!("Auto Scaling group {name} ({region})");
    for (index, one) in plan.databases.iter().enumerate() {
        let path = format!("databases[{index}]");
        add(&path, one.single_writer(), database(plan, one));
        for (fence, of) in one.fences().iter().enumerate() {
            let path = format!("{path}.fences[{fence}]");
            match of {
                Fence::StopWriter(f) => add(&path, true, both(plan, &f.group, group)),
                Fence::Isolate(f) => {
                    let sides = [Side::Primary, Side::Standby];
                    let named = sides.map(|side| {
                        let rules = f.security_group.of(side);
                        format!("security group {} ({})", rules.group, plan.regions.of(side))
                    });
                    add(&path, false, named.into());
                }
                Fence::WriterLease(_) | Fence::Waiver => {}
            }
        }
    }
    for (index, one) in plan.capacity.iter().enumerate() {
        let path = format!("capacity[{index}]");
        let alone = matches!(one, Capacity::AutoScalingGroup(_));
        add(&path, alone, capacity(plan, one, group));
    }
    for (index, one) in plan.traffic.controls.iter().enumerate() {
        add(&format!("traffic.controls[{index}]"), true, control(one));
    }
    all
}

fn capacity(
    plan: &Plan,
    capacity: &Capacity,
    group: impl Fn(&Region, &Text) -> String,
) -> Vec<String> {
    match capacity {
        Capacity::AutoScalingGroup(c) => both(plan, &c.group, group),
        Capacity::Instances(c) => [Side::Primary, Side::Standby]
            .into_iter()
            .flat_map(|side| {
                let region = plan.regions.of(side);
                c.instances.of(side).iter().map(move |id| format!("instance {id} ({region})"))
            })
            .collect(),
        Capacity::EcsService(c) => [Side::Primary, Side::Standby]
            .map(|side| {
                let service = c.service.of(side);
                let region = plan.regions.of(side);
                format!("ECS service {}/{} ({region})", service.cluster, service.name)
            })
            .into(),
        Capacity::LambdaConcurrency(c) => {
            both(plan, &c.function, |region, name| format!("function {name} ({region})"))
        }
        Capacity::EventSource(c) => {
            both(plan, &c.mapping, |region, name| format!("event source {name} ({region})"))
        }
    }
}

fn control(control: &Control) -> Vec<String> {
    match control {
        Control::StopMetric(c) => {
            // Its metric bears the workload as a dimension; what two workloads share is what users ask for.
            vec![format!("public name {}", c.name.trim_end_matches('.').to_ascii_lowercase())]
        }
        Control::Record(c) => c
            .records
            .iter()
            .map(|r| {
                let name = r.name.trim_end_matches('.').to_ascii_lowercase();
                format!("record {name} {} of zone {}", r.record_type, r.zone)
            })
            .collect(),
    }
}

#[cfg(test)]
#[path = "compare_tests.rs"]
mod tests;
