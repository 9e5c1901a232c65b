//! Whose the lease is, what is done about it, and which databases share one.

use serde_json::json;

use super::*;
use crate::audit::example::{Journal, at, plan, situation};
use crate::plan::example;

const EAST: &str = "us-east-1";
const WEST: &str = "us-west-2";

fn held(owner: &str, epoch: u64) -> View {
    View::Lease(Some(LeaseView {
        owner: owner.into(),
        epoch,
        effect: String::new().into(),
        renewed_at: Some(at(1)),
        terms: Some(plan().databases[0].lease().unwrap().terms()),
        answered_at: at(10),
    }))
}

/// What `of` makes of that view of the lease; `None`: it is not seen.
fn with<T>(view: Option<View>, of: impl Fn(&Situation<'_>, &WriterLease, &Seen) -> T) -> T {
    let (plan, state) = (plan(), Journal::opened(1, 0).state());
    let situation = situation(&plan, &state, at(10));
    let lease = plan.databases[0].lease().unwrap();
    let mut seen = Seen::default();
    if let Some(view) = view {
        seen.insert(question(&situation, lease), Ok(view));
    }
    of(&situation, lease, &seen)
}

fn from(goal: &Goal) -> (&str, u64, &str) {
    let Change::MoveLease { from_owner, from_epoch, to_owner, .. } = &goal.change else { panic!() };
    (from_owner, *from_epoch, to_owner)
}

#[test]
fn databases_that_name_one_item_share_one_lease() {
    let count = |tables: [(&str, &str); 2]| {
        let mut plan = example::orders();
        let mut other = plan["databases"][0].clone();
        other["id"] = json!("stock-db");
        let databases = plan["databases"].as_array_mut().unwrap();
        databases.push(other);
        for (database, (table, region)) in databases.iter_mut().zip(tables) {
            database["fences"][0]["table"] = json!(table);
            database["fences"][0]["region"] = json!(region);
        }
        let plan: Plan = serde_json::from_value(plan).unwrap();
        of(&plan).iter().map(|g| g.databases.len()).collect::<Vec<_>>()
    };
    assert_eq!(count([("leases", "eu-west-1"), ("leases", "eu-west-1")]), [2]);
    assert_eq!(count([("leases", "eu-west-1"), ("others", "eu-west-1")]), [1, 1]);
    assert_eq!(count([("leases", "eu-west-1"), ("leases", "eu-north-1")]), [1, 1]);
}

#[test]
fn it_is_taken_from_the_side_that_is_left_and_from_nobody_else() {
    let goal = with(Some(held(EAST, 3)), take);
    assert!(matches!(goal.probe, Probe::No(_)), "{goal:?}");
    assert_eq!(from(&goal), (EAST, 3, NOBODY));
    for owner in [NOBODY, WEST] {
        let goal = with(Some(held(owner, 3)), take);
        assert!(matches!(goal.probe, Probe::Yes(_)), "{owner}");
    }
    for view in [None, Some(View::Lease(None)), Some(held("ap-south-1", 3))] {
        let goal = with(view, take);
        assert!(matches!(goal.probe, Probe::Blind(_)), "{goal:?}");
    }
}

#[test]
fn it_is_granted_out_of_nobodys_hand_alone() {
    let goal = with(Some(held(NOBODY, 4)), grant);
    assert!(matches!(goal.probe, Probe::No(_)));
    assert_eq!(from(&goal), (NOBODY, 4, WEST));
    assert!(matches!(with(Some(held(WEST, 5)), grant).probe, Probe::Yes(_)));
    for view in [None, Some(View::Lease(None)), Some(held(EAST, 5))] {
        assert!(matches!(with(view, grant).probe, Probe::Blind(_)));
    }
}

#[test]
fn it_goes_back_to_the_side_that_had_it() {
    let back = |view| {
        with(view, |situation, lease, seen| {
            let undoes = situation.effect(Step::Fence, &lease.table, Verb::TakeLease);
            let goal = give_back(situation, lease, seen, undoes.clone());
            assert_eq!((&goal.effect, &goal.undoes), (&undoes.undo(), &Some(undoes)));
            goal
        })
    };
    let goal = back(Some(held(NOBODY, 4)));
    assert!(matches!(goal.probe, Probe::No(_)));
    assert_eq!(from(&goal), (NOBODY, 4, EAST));
    assert!(matches!(back(Some(held(EAST, 5))).probe, Probe::Yes(_)));
    for view in [None, Some(held(WEST, 5))] {
        assert!(matches!(back(view).probe, Probe::Blind(_)));
    }
}

#[test]
fn a_proof_by_lease_stands_while_nobody_has_it_at_that_epoch_or_the_new_side_has_it() {
    let stands = |view| with(view, |situation, lease, seen| still_taken(situation, lease, 4, seen));
    assert!(matches!(stands(Some(held(NOBODY, 4))), Probe::Yes(_)));
    assert!(matches!(stands(Some(held(WEST, 5))), Probe::Yes(_)));
    for (owner, epoch) in [(NOBODY, 6), (NOBODY, 3), (EAST, 5), (EAST, 4), ("ap-south-1", 4)] {
        let seen = stands(Some(held(owner, epoch)));
        assert!(matches!(seen, Probe::No(_)), "{owner} {epoch}");
    }
    assert!(matches!(stands(None), Probe::Blind(_)));
}
