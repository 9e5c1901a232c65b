//! When a workload is seen at home, and what is no sight of it.

use super::*;
use crate::audit::example::{at, plan};
use crate::ids::Text;
use crate::world::{Blind, LeaseView, RdsView};

fn lease_of(owner: &str) -> View {
    View::Lease(Some(LeaseView {
        owner: owner.into(),
        epoch: 5,
        effect: Text::default(),
        renewed_at: None,
        terms: None,
        answered_at: at(0),
    }))
}

fn instance(source: Option<&str>) -> View {
    View::Rds(Some(RdsView {
        status: "available".into(),
        arn: None,
        replica_source: source.map(Into::into),
        engine: "postgres".into(),
        engine_version: "17.4".into(),
        host: None,
        zone: None,
        multi_az: false,
        replication: None,
    }))
}

/// What follows from the lease's owner and what each side's instance replicates.
fn told(owner: &str, primary: Option<&str>, standby: Option<&str>) -> Result<String, String> {
    let plan = plan();
    let answer = |question: &Question| {
        if matches!(question, Question::Lease { .. }) {
            return lease_of(owner);
        }
        instance(if on_primary(question) { primary } else { standby })
    };
    let seen = questions(&[&plan]).into_iter().map(|q| (q.clone(), Ok(answer(&q)))).collect();
    seen_at_home(&[&plan], &seen).map(|entry| {
        let Entry::SeenAtHome { evidence, regions: None } = entry else { panic!("{entry:?}") };
        evidence
    })
}

/// On which side the instance is that is asked for; nothing else is asked.
fn on_primary(question: &Question) -> bool {
    let Question::Rds { region, .. } = question else { panic!("{question} is asked") };
    *region == plan().regions.primary
}

fn home() -> String {
    let plan = plan();
    let Database::RdsReplica(d) = &plan.databases[0] else { panic!("{:?}", plan.databases[0]) };
    format!("arn:aws:rds:us-east-1:123456789012:db:{}", d.instance.primary)
}

#[test]
fn it_is_at_home_where_the_primary_writes_the_standby_follows_it_and_the_lease_is_the_primarys() {
    let evidence = told("us-east-1", None, Some(&home())).unwrap();
    assert!(evidence.contains("us-east-1 holds the lease at epoch 5"), "{evidence}");
}

#[test]
fn half_a_return_is_none() {
    let home = home();
    for (owner, primary, standby) in [
        ("us-west-2", None, Some(home.as_str())),
        ("nobody", None, Some(home.as_str())),
        ("us-east-1", Some("orders-db-west"), None),
        ("us-east-1", None, None),
        ("us-east-1", None, Some("another-db")),
        ("us-east-1", None, Some("arn:aws:rds:us-east-1:1:db:other-orders-db")),
        ("us-east-1", None, Some(&home.replace("us-east-1", "eu-central-1"))),
        // By its bare name: another of the standby's own Region.
        ("us-east-1", None, home.rsplit(':').next()),
    ] {
        assert!(told(owner, primary, standby).is_err(), "{owner} {primary:?} {standby:?}");
    }
}

#[test]
fn the_voters_words_of_the_time_when_nobody_lived_there_move_nothing() {
    use Verdict::{Down, Unsure, Well};
    assert!(at_ease([Well]) && at_ease([Unsure, Well]));
    for not_yet in [&[][..], &[Unsure], &[Down], &[Well, Down]] {
        assert!(!at_ease(not_yet.iter().copied()), "{not_yet:?}");
    }
}

#[test]
fn what_is_not_seen_is_not_at_home() {
    let plan = plan();
    for unseen in questions(&[&plan]) {
        let answer = |question: &Question| {
            if *question == unseen {
                return Err(Blind::new("no answer in 2s"));
            }
            if matches!(question, Question::Lease { .. }) {
                return Ok(lease_of("us-east-1"));
            }
            let source = home();
            Ok(instance((!on_primary(question)).then_some(source.as_str())))
        };
        let seen = questions(&[&plan]).into_iter().map(|q| (q.clone(), answer(&q))).collect();
        let why = seen_at_home(&[&plan], &seen).unwrap_err();
        assert!(why.contains("unseen"), "{why}");
    }
    let mut stateless = plan;
    stateless.databases.clear();
    assert!(seen_at_home(&[&stateless], &Seen::default()).is_err(), "nothing shows it");
}
