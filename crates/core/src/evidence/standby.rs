//! The health of the side that would be moved to: looked at before any verdict to move there.

use serde::{Deserialize, Serialize};

use crate::ids::{Digest, Direction};
use crate::journal::chain;
use crate::lease_terms::without_terms;
use crate::plan::{Capacity, Database, Plan, WriterLease, engine_against};
use crate::steps::named_engine;
use crate::table::lease_key;
use crate::time::Timestamp;
use crate::world::{Question, Seen, View};

/// Whether the side to move to could take the workload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Standby {
    /// What speaks against it; empty: nothing.
    pub against: Vec<String>,
    /// What a recovery there would ask a person about: the writer lease would prove nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub asks: Vec<String>,
    /// When it was looked at.
    pub at: Timestamp,
}

/// What has to be looked at on the side that a recovery that way moves to.
pub fn standby_questions(plan: &Plan, direction: Direction) -> Vec<Question> {
    let side = direction.target();
    let region = plan.target_region(direction).clone();
    let databases = plan.databases.iter().map(|d| database_question(plan, direction, d));
    let groups = plan.capacity.iter().filter_map(|capacity| match capacity {
        Capacity::AutoScalingGroup(c) => {
            Some(Question::Group { region: region.clone(), group: c.group.of(side).clone() })
        }
        Capacity::Instances(_)
        | Capacity::EcsService(_)
        | Capacity::LambdaConcurrency(_)
        | Capacity::EventSource(_) => None,
    });
    databases.chain(groups).chain(lease_questions(plan)).collect()
}

/// What its service says of a database on that side.
fn database_question(plan: &Plan, direction: Direction, database: &Database) -> Question {
    let (side, region) = (direction.target(), plan.target_region(direction).clone());
    match database {
        Database::RdsReplica(d) => Question::Rds { region, instance: d.instance.of(side).clone() },
        Database::AuroraGlobal(d) => {
            Question::Global { region, global_cluster: d.global_cluster.clone() }
        }
        Database::DynamodbGlobal(d) => Question::TableReplica { region, table: d.table.clone() },
    }
}

/// The items of the plan's writer leases, each once.
fn lease_questions(plan: &Plan) -> Vec<Question> {
    let question = |lease: &WriterLease| Question::Lease {
        region: lease.region.clone(),
        table: lease.table.clone(),
        key: lease_key(&plan.workload).into(),
    };
    let mut all: Vec<Question> =
        plan.databases.iter().filter_map(Database::lease).map(question).collect();
    all.sort();
    all.dedup();
    all
}

/// What the plan's leases would not prove, as their items are seen. A lease is no part of the side to move to:
/// nothing of it speaks against that side.
fn lease_asks(plan: &Plan, seen: &Seen) -> Vec<String> {
    let one = |question: Question| match seen.get(&question) {
        Ok(View::Lease(Some(view))) if view.terms.is_none() => Some(without_terms(&question)),
        // Unseen for a moment, it may be seen by the fence.
        Ok(View::Lease(Some(_))) | Err(_) => None,
        Ok(View::Lease(None)) => {
            Some(format!("{question} does not exist; `leeward plan put` makes it"))
        }
        Ok(other) => Some(format!("{question} answered something else: {other:?}")),
    };
    lease_questions(plan).into_iter().filter_map(one).collect()
}

/// What is looked at, in one word: versions of a plan that name the same things there share what was seen.
pub fn standby_key(plan: &Plan, direction: Direction) -> Digest {
    let mut asked = direction.to_string();
    for question in standby_questions(plan, direction) {
        asked.push('\n');
        asked.push_str(&question.to_string());
    }
    chain::digest(asked.as_bytes())
}

/// What was seen there.
pub fn standby(plan: &Plan, direction: Direction, seen: &Seen, now: Timestamp) -> Standby {
    let against = standby_questions(plan, direction)
        .iter()
        .filter(|question| !matches!(question, Question::Lease { .. }))
        .filter_map(|question| match seen.get(question) {
            Err(blind) => Some(format!("unseen: {}", blind.about(question))),
            Ok(view) => against(view).map(|why| format!("{question} {why}")),
        })
        .chain(engines_against(plan, direction, seen))
        .collect();
    Standby { against, asks: lease_asks(plan, seen), at: now }
}

/// Engines that `db-probe` cannot ask: nothing of them can ever be fenced by sessions or promoted.
fn engines_against(plan: &Plan, direction: Direction, seen: &Seen) -> Vec<String> {
    let one = |database: &Database| {
        let question = database_question(plan, direction, database);
        let view = seen.get(&question).ok()?;
        let why = engine_against(database, named_engine(view)?)?;
        Some(format!("{question} {why}"))
    };
    plan.databases.iter().filter_map(one).collect()
}

#[expect(clippy::wildcard_enum_match_arm, reason = "any other view is no answer to what was asked")]
fn against(view: &View) -> Option<String> {
    match view {
        View::Rds(Some(rds)) if rds.status == "available" => None,
        View::Rds(Some(rds)) => Some(format!("is {}", rds.status)),
        View::Global(Some(global)) if global.status == "available" => None,
        View::Global(Some(global)) => Some(format!("is {}", global.status)),
        View::Running(Some(table)) if table.running >= table.desired => None,
        View::Running(Some(_)) => Some("is not active".to_owned()),
        View::Group(Some(_)) => None,
        View::Rds(None) | View::Global(None) | View::Running(None) | View::Group(None) => {
            Some("does not exist".to_owned())
        }
        other => Some(format!("answered something else: {other:?}")),
    }
}
