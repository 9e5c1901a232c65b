//! Sides that were left without a proof of a fence: looked at until they are seen fenced.

use crate::ids::Side;
use crate::journal::{Entry, State, Unproven};
use crate::plan::{Database, Plan};
use crate::steps::sql;
use crate::table::{NOBODY, lease_key};
use crate::time::{Timestamp, after};
use crate::world::{Question, Seen, View};

/// What has to be looked at.
pub fn questions(plan: &Plan, state: &State) -> Vec<Question> {
    let mut questions: Vec<Question> =
        state.unproven().iter().flat_map(|u| asked(plan, u)).collect();
    questions.sort();
    questions.dedup();
    questions
}

fn asked(plan: &Plan, unproven: &Unproven) -> Vec<Question> {
    let Some(database) = plan.database(&unproven.database) else { return Vec::new() };
    let service = service(plan, database, unproven.side);
    let engine = database.probe().map(|p| sql(p, unproven.side, None));
    let lease = lease_question(plan, database);
    service.into_iter().chain(engine).chain(lease).collect()
}

fn service(plan: &Plan, database: &Database, side: Side) -> Option<Question> {
    let region = plan.regions.of(side).clone();
    match database {
        Database::RdsReplica(d) => {
            Some(Question::Rds { region, instance: d.instance.of(side).clone() })
        }
        // The global cluster names its writer without asking the side that nobody reaches; that fence of
        // the service is best effort (Aurora User Guide, "Performing unplanned failover"). Only the old
        // side's own engine is a witness.
        Database::AuroraGlobal(_) | Database::DynamodbGlobal(_) => None,
    }
}

fn lease_question(plan: &Plan, database: &Database) -> Option<Question> {
    database.lease().map(|lease| Question::Lease {
        region: lease.region.clone(),
        table: lease.table.clone(),
        key: lease_key(&plan.workload),
    })
}

/// What goes on record of what was seen; an unseen side stays unproven.
pub fn seen(plan: &Plan, state: &State, seen: &Seen, now: Timestamp) -> Vec<Entry> {
    let record = |u: Unproven| {
        let evidence = fenced(plan, state, &u, seen, now)?;
        Some(Entry::OldSideFenced { database: u.database, side: u.side, evidence })
    };
    state.unproven().into_iter().filter_map(record).collect()
}

/// Why that side cannot write any more, if it was seen. A stopped instance is no such sight: RDS starts
/// it again after seven days (RDS User Guide, "Stopping an Amazon RDS DB instance temporarily").
fn fenced(plan: &Plan, state: &State, u: &Unproven, seen: &Seen, now: Timestamp) -> Option<String> {
    let database = plan.database(&u.database)?;
    if let Some(evidence) = lease_moved(plan, state, database, u.side, seen, now) {
        return Some(evidence);
    }
    if let Some(probe) = database.probe()
        && let Ok(View::Sql(view)) = seen.get(&sql(probe, u.side, None))
        && view.in_recovery
    {
        return Some("its engine is in recovery: it follows another".to_owned());
    }
    let question = service(plan, database, u.side)?;
    match (database, seen.get(&question)) {
        (Database::RdsReplica(_), Ok(View::Rds(None))) => Some(format!("{question} is gone")),
        (Database::RdsReplica(_), Ok(View::Rds(Some(view)))) => {
            let source = view.replica_source.as_ref()?;
            Some(format!("{question} is a replica of {source}"))
        }
        _ => None,
    }
}

/// The lease is another's, and was when the generation ended: the old holder's time is over.
fn lease_moved(
    plan: &Plan,
    state: &State,
    database: &Database,
    side: Side,
    seen: &Seen,
    now: Timestamp,
) -> Option<String> {
    let lease = database.lease()?;
    let over = after(state.end.as_ref()?.at, lease.expiry());
    let granted = state.effects.iter().any(|(id, e)| {
        id.as_str().ends_with(crate::effect::Verb::GrantLease.as_str()) && e.applied()
    });
    match seen.get(&lease_question(plan, database)?) {
        Ok(View::Lease(Some(view)))
            if granted
                && now > over
                && view.owner != plan.regions.of(side).as_str()
                && view.owner != NOBODY =>
        {
            Some(format!(
                "{} holds the lease at epoch {} since before {over}",
                view.owner, view.epoch
            ))
        }
        _ => None,
    }
}
