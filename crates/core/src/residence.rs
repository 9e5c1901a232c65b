//! On which side a workload lives: by what its last generation did, and by what is seen since. A team that goes
//! home by hand leaves no entry behind; without a look nobody would ever protect the workload again.

use crate::evidence::Verdict;
use crate::ids::Side;
use crate::journal::{Entry, State};
use crate::plan::{Database, Plan};
use crate::planted::{self, Bug};
use crate::replication::follows_home;
use crate::table::lease_key;
use crate::world::{Question, Seen, View};

/// The command that brings a workload home.
pub fn way_home(last: &State) -> String {
    let d = &last.decision;
    format!("leeward start {} --plan {} --direction to-primary --reason …", d.workload, d.plan)
}

/// What has to be looked at to see where a workload lives, by its plans; nothing where no look can tell.
pub fn questions(plans: &[&Plan]) -> Vec<Question> {
    let mut questions = Vec::new();
    for plan in plans {
        let single = plan.databases.iter().filter(|d| d.single_writer());
        questions.extend(single.flat_map(|database| asked(plan, database)));
    }
    questions.sort();
    questions.dedup();
    questions
}

fn asked(plan: &Plan, database: &Database) -> Vec<Question> {
    let mut questions = roles(plan, database);
    questions.extend(lease(plan, database));
    questions
}

/// The questions that show which side is the writer, and that the other follows it.
fn roles(plan: &Plan, database: &Database) -> Vec<Question> {
    match database {
        Database::RdsReplica(d) => [Side::Primary, Side::Standby]
            .into_iter()
            .map(|side| Question::Rds {
                region: plan.regions.of(side).clone(),
                instance: d.instance.of(side).clone(),
            })
            .collect(),
        Database::AuroraGlobal(d) => vec![Question::Global {
            region: plan.regions.standby.clone(),
            global_cluster: d.global_cluster.clone(),
        }],
        Database::DynamodbGlobal(_) => Vec::new(),
    }
}

fn lease(plan: &Plan, database: &Database) -> Option<Question> {
    database.lease().map(|lease| Question::Lease {
        region: lease.region.clone(),
        table: lease.table.clone(),
        key: lease_key(&plan.workload).into(),
    })
}

/// Whether the voters see the home well again. A home that nobody lived in looks down to them for as long: were it
/// protected before they say otherwise, their old words would move the workload away at once.
pub fn at_ease(verdicts: impl IntoIterator<Item = Verdict>) -> bool {
    let mut well = false;
    for verdict in verdicts {
        match verdict {
            Verdict::Down => return false,
            Verdict::Well => well = true,
            Verdict::Unsure => {}
        }
    }
    well
}

/// What goes on record when the workload is seen at home: every database of its plans that one side alone may
/// write has its writer on the primary side and a replica of it on the standby side, and the lease, where there
/// is one, is the primary's. Anything unseen is no sight of it.
///
/// # Errors
///
/// The first thing that is not as it is at home, or is not seen.
pub fn seen_at_home(plans: &[&Plan], seen: &Seen) -> Result<Entry, String> {
    if planted::is(Bug::AwayForEver) {
        return Err("nobody looks".to_owned());
    }
    let mut evidence = Vec::new();
    for plan in plans {
        for database in plan.databases.iter().filter(|d| d.single_writer()) {
            if let Some(question) = lease(plan, database) {
                evidence.push(held_at_home(plan, &question, seen)?);
            }
            evidence.push(writes_at_home(plan, database, seen)?);
        }
    }
    evidence.dedup();
    if evidence.is_empty() {
        return Err(
            "no plan names a database with one writer: nothing shows where it lives".to_owned()
        );
    }
    Ok(Entry::SeenAtHome { evidence: evidence.join("; "), regions: None })
}

fn held_at_home(plan: &Plan, question: &Question, seen: &Seen) -> Result<String, String> {
    let primary = &plan.regions.primary;
    match seen.get(question) {
        Ok(View::Lease(Some(lease))) if lease.owner == primary.as_str() => {
            Ok(format!("{primary} holds the lease at epoch {}", lease.epoch))
        }
        Ok(View::Lease(Some(lease))) => Err(format!("the lease is with {}", lease.owner)),
        Ok(_) => Err(format!("{question} does not exist")),
        Err(blind) => Err(format!("{question} is unseen: {blind}")),
    }
}

fn writes_at_home(plan: &Plan, database: &Database, seen: &Seen) -> Result<String, String> {
    let asked = roles(plan, database);
    let mut views = Vec::new();
    for question in &asked {
        match seen.get(question) {
            Ok(view) => views.push(view),
            Err(blind) => return Err(format!("{question} is unseen: {blind}")),
        }
    }
    follows_home(plan, database, Side::Primary, &views)
}

#[cfg(test)]
#[path = "residence_tests.rs"]
mod tests;
