//! The health of the side that would be moved to: looked at before any verdict to move there.

use serde::{Deserialize, Serialize};

use crate::capacity::{self, CapacityFinding, Hindrance, Peak};
use crate::ids::{Digest, Direction, EntryId};
use crate::journal::chain;
use crate::lease_home::LeasePlace;
use crate::lease_terms::without_terms;
use crate::plan::{Amount, Database, Plan, WriterLease, engine_against};
use crate::replication::wrong;
use crate::steps::{instance_works, named_engine};
use crate::table::{MOVED, NOBODY, lease_key};
use crate::time::Timestamp;
use crate::world::{Question, Seen, View};
use crate::zone_numbers::ZoneNumber;

/// Whether the side to move to could take the workload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Standby {
    /// What speaks against moving there at all; empty: nothing.
    pub against: Vec<String>,
    /// What a recovery there would ask a person about: the writer lease would prove nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub asks: Vec<String>,
    /// What was found about its capacity. A recovery opens all the same and raises what it can; while
    /// something is impossible it takes no fence.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub capacity: Vec<CapacityFinding>,
    /// Fence numbers of zones that were in doubt: while one is too high, users could not be moved, and no fence is
    /// taken.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub numbers: Vec<ZoneNumber>,
    /// When it was looked at.
    pub at: Timestamp,
}

impl Standby {
    /// What about its capacity is impossible as it stands.
    pub fn impossible(&self) -> impl Iterator<Item = &CapacityFinding> {
        self.capacity.iter().filter(|finding| finding.hindrance == Hindrance::Impossible)
    }
}

/// What has to be looked at on the side that a recovery that way moves to.
pub fn standby_questions(plan: &Plan, direction: Direction) -> Vec<Question> {
    let side = direction.target();
    let mut questions: Vec<Question> = database_questions(plan, direction).collect();
    questions.extend(plan.capacity.iter().flat_map(|c| capacity::questions(plan, c, side)));
    questions.extend(lease_questions(plan));
    questions.sort();
    questions.dedup();
    questions
}

fn database_questions(plan: &Plan, direction: Direction) -> impl Iterator<Item = Question> {
    plan.databases.iter().map(move |d| database_question(plan, direction, d))
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
        Ok(View::Lease(Some(view))) if view.owner == MOVED => {
            Some(moved(plan, &question, &view.effect))
        }
        Ok(View::Lease(Some(view))) if !owned_by_a_side(plan, &view.owner) => Some(format!(
            "{question} is held by {}, which is no side of plan {}: look at who writes (`leeward lease show {}`), and put a plan that names it",
            view.owner, plan.plan, plan.workload
        )),
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

fn owned_by_a_side(plan: &Plan, owner: &str) -> bool {
    let sides = [&plan.regions.primary, &plan.regions.standby];
    owner == NOBODY || sides.iter().any(|region| region.as_str() == owner)
}

/// The lease went on by `leeward lease move`, and the plan stayed behind.
fn moved(plan: &Plan, question: &Question, effect: &str) -> String {
    let (to, with) = LeasePlace::moved_to(effect).map_or_else(
        || ("another table".to_owned(), "that table".to_owned()),
        |(to, _)| (to.to_string(), format!("`table: {}` and `region: {}`", to.table, to.region)),
    );
    format!(
        "{question} was moved to {to}, and plan {} still names the table that it left; put every plan of {} with {with}, at once: `leeward plan put FILE…`",
        plan.plan, plan.workload
    )
}

/// What is looked at, in one word: versions of a plan that name the same things there share what was seen.
pub fn standby_key(plan: &Plan, direction: Direction) -> Digest {
    let mut asked = direction.to_string();
    for question in standby_questions(plan, direction) {
        asked.push('\n');
        asked.push_str(&question.to_string());
    }
    // What is found about capacity is found against what the plan needs of it.
    asked.push_str(&serde_json::to_string(&plan.capacity).unwrap_or_default());
    chain::digest(asked.as_bytes())
}

/// What was seen there. `peaks`: what is known of the other side's need.
pub fn standby(
    plan: &Plan,
    direction: Direction,
    seen: &Seen,
    peaks: &[Peak],
    now: Timestamp,
) -> Standby {
    let against = plan
        .databases
        .iter()
        .filter_map(|database| {
            let question = database_question(plan, direction, database);
            match seen.get(&question) {
                Err(blind) => Some(format!("unseen: {}", blind.about(&question))),
                Ok(view) => against(view)
                    .or_else(|| wrong(plan, database, direction.target(), view))
                    .map(|why| format!("{question} {why}")),
            }
        })
        .chain(engines_against(plan, direction, seen))
        .collect();
    let source = direction.source();
    let need =
        |id: &EntryId, amount: Amount| capacity::needed(plan, (id, amount), source, peaks, now);
    let mut found = capacity::findings(plan, direction, seen, &need);
    found.extend(capacity::unknown_peaks(plan, direction, peaks, now));
    Standby { against, asks: lease_asks(plan, seen), capacity: found, numbers: Vec::new(), at: now }
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
        // It follows nobody: there is nothing to promote, so it has to work and no more.
        View::Rds(Some(rds)) if rds.replica_source.is_none() && instance_works(&rds.status) => None,
        View::Rds(Some(rds)) => Some(format!("is {}", rds.status)),
        View::Global(Some(global)) if global.status == "available" => None,
        View::Global(Some(global)) => Some(format!("is {}", global.status)),
        View::Running(Some(table)) if table.running >= table.desired => None,
        View::Running(Some(_)) => Some("is not active".to_owned()),
        View::Rds(None) | View::Global(None) | View::Running(None) => {
            Some("does not exist".to_owned())
        }
        other => Some(format!("answered something else: {other:?}")),
    }
}
