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
        key: lease_key(&plan.workload).into(),
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
    let ended = state.end.as_ref()?.at;
    let granted = state.effects.iter().any(|(id, e)| {
        id.as_str().ends_with(crate::effect::Verb::GrantLease.as_str()) && e.applied()
    });
    match seen.get(&lease_question(plan, database)?) {
        Ok(View::Lease(Some(view)))
            if granted
                && view.expiry(lease).is_some_and(|expiry| now > after(ended, expiry))
                && view.owner != plan.regions.of(side).as_str()
                && view.owner != NOBODY =>
        {
            Some(format!(
                "{} holds the lease at epoch {}, and had it when the generation ended at {ended}",
                view.owner, view.epoch
            ))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::example::{at, database, plan, recovered};
    use crate::effect::{EffectId, Verb};
    use crate::ids::{Generation, Step};
    use crate::time::Span;
    use crate::world::{LeaseView, RdsView};

    /// A recovery that ended 63 s in, over a database whose fence was waived; the lease was granted in it.
    fn left() -> State {
        let mut state = recovered(1).state();
        state.fenced.clear();
        state.waived.insert(database(), None);
        let granted = |id: &EffectId| id.as_str().ends_with("leases/grant");
        let (_, effect) = state.effects.iter().find(|(id, _)| granted(id)).unwrap();
        let effect = effect.clone();
        let verb = Verb::GrantLease.as_str();
        let id = EffectId::new(&"orders".into(), Generation(1), Step::Database, "leases", verb);
        std::sync::Arc::make_mut(&mut state.effects).insert(id, effect);
        state
    }

    /// What goes on record when that alone is seen of the old side.
    fn told(state: &State, view: View, now: Timestamp) -> Option<String> {
        let answers = |question: &Question| match (question, &view) {
            (Question::Rds { .. }, View::Rds(_))
            | (Question::Sql { .. }, View::Sql(_))
            | (Question::Lease { .. }, View::Lease(_)) => true,
            (_, _) => false,
        };
        let questions = questions(&plan(), state);
        let known = questions.into_iter().filter(answers).map(|q| (q, Ok(view.clone()))).collect();
        let entry = seen(&plan(), state, &known, now).pop()?;
        let Entry::OldSideFenced { database: of, side, evidence } = entry else { panic!() };
        assert_eq!((of, side), (database(), Side::Primary));
        Some(evidence)
    }

    fn instance(replica_source: Option<&str>) -> View {
        View::Rds(Some(RdsView {
            status: "available".into(),
            arn: None,
            replica_source: replica_source.map(Into::into),
            engine: "postgres".into(),
            engine_version: "17.4".into(),
            host: None,
            zone: None,
            multi_az: false,
            replication: None,
        }))
    }

    fn engine(in_recovery: bool) -> View {
        let view = serde_json::json!({"in-recovery": in_recovery, "writable": !in_recovery});
        View::Sql(serde_json::from_value(view).unwrap())
    }

    fn held_by(owner: &str) -> View {
        View::Lease(Some(LeaseView {
            owner: owner.into(),
            epoch: 3,
            effect: String::new().into(),
            renewed_at: None,
            terms: Some(plan().databases[0].lease().unwrap().terms()),
            answered_at: at(200),
        }))
    }

    #[test]
    fn a_side_left_without_a_proof_is_asked_in_every_way() {
        let words: Vec<String> =
            questions(&plan(), &left()).iter().map(Question::to_string).collect();
        assert_eq!(words.len(), 3, "{words:?}");
        assert!(words.iter().any(|w| w.starts_with("RDS instance") && w.contains("us-east-1")));
        assert!(questions(&plan(), &recovered(1).state()).is_empty(), "a proof asks nothing more");
    }

    #[test]
    fn it_is_fenced_when_it_is_gone_or_follows_another() {
        let (state, now) = (left(), at(70));
        assert!(told(&state, View::Rds(None), now).unwrap().ends_with("is gone"));
        assert_eq!(told(&state, instance(None), now), None);
        let replica = told(&state, instance(Some("orders-db-west")), now).unwrap();
        assert!(replica.ends_with("is a replica of orders-db-west"));
        assert_eq!(told(&state, engine(false), now), None);
        assert!(told(&state, engine(true), now).unwrap().contains("in recovery"));
    }

    #[test]
    fn a_lease_that_was_granted_to_another_proves_it_once_the_last_holders_time_is_over() {
        let (mut state, lease) = (left(), plan().databases[0].lease().unwrap().clone());
        let over = after(at(63), lease.expiry());
        let later = after(over, Span::millis(1));
        assert!(told(&state, held_by("us-west-2"), later).unwrap().contains("epoch 3"));
        assert_eq!(told(&state, held_by("us-west-2"), over), None, "to the instant");
        assert_eq!(told(&state, held_by("us-east-1"), later), None, "its own");
        assert_eq!(told(&state, held_by(NOBODY), later), None, "nobody's");
        assert_eq!(told(&state, View::Lease(None), later), None);
        std::sync::Arc::make_mut(&mut state.effects)
            .retain(|id, _| !id.as_str().ends_with(Verb::GrantLease.as_str()));
        assert_eq!(told(&state, held_by("us-west-2"), later), None, "not granted here");
        let mut state = left();
        std::sync::Arc::make_mut(&mut state.effects)
            .values_mut()
            .for_each(|e| std::sync::Arc::make_mut(e).outcome = None);
        assert_eq!(told(&state, held_by("us-west-2"), later), None, "never seen granted");
    }
}
