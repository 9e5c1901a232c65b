//! Whose an item is that has to be made, and when none may be.
#![expect(clippy::wildcard_enum_match_arm, reason = "a test looks for one outcome among all")]

use super::*;
use crate::audit::example::{Journal, at, plan, recovered};
use crate::ids::Direction;
use crate::journal::{End, Ended};

fn item(owner: &str, epoch: u64, effect: &str) -> LeaseView {
    LeaseView {
        owner: owner.into(),
        epoch,
        effect: effect.into(),
        renewed_at: None,
        terms: None,
        answered_at: at(1),
    }
}

fn lease(table: &str) -> WriterLease {
    let mut lease = plan().databases[0].lease().unwrap().clone();
    lease.table = table.into();
    lease
}

fn place(table: &str) -> LeasePlace {
    LeasePlace::of(&lease(table))
}

fn given(
    here: Option<&LeaseView>,
    elsewhere: &[(LeasePlace, LeaseView)],
    last: Option<&State>,
) -> Provision {
    let epoch = last.map_or(0, highest_epoch);
    let found = Found { here, known_here: false, elsewhere, last, epoch };
    provision(&plan(), &lease("new"), &found)
}

fn refused(provision: Provision) -> String {
    match provision {
        Provision::Refuse(why) => why,
        other => panic!("{other:?}"),
    }
}

/// Recovered to the standby, as the example does.
fn away() -> State {
    recovered(1).state()
}

#[test]
fn the_first_item_is_the_primarys_at_epoch_1() {
    let made = Provision::Make { owner: "us-east-1".into(), epoch: 1 };
    assert_eq!(given(None, &[], None), made);
}

#[test]
fn away_from_home_a_new_item_is_the_standbys_above_every_epoch_that_was_given() {
    let away = away();
    assert!(highest_epoch(&away) > 1, "the example takes and grants a lease");
    let made = Provision::Make { owner: "us-west-2".into(), epoch: highest_epoch(&away) + 1 };
    assert_eq!(given(None, &[], Some(&away)), made);
    let mut back = away;
    let decision = std::sync::Arc::make_mut(&mut back.decision);
    (decision.direction, decision.target) = (Direction::ToPrimary, "us-east-1".into());
    let owner = |p| match p {
        Provision::Make { owner, .. } => owner.to_string(),
        other => panic!("{other:?}"),
    };
    assert_eq!(owner(given(None, &[], Some(&back))), "us-east-1");
    back.fate = crate::journal::Fate::Open;
    assert_eq!(owner(given(None, &[], Some(&back))), "us-west-2", "the way home was not committed");
}

#[test]
fn no_item_is_made_while_a_generation_is_open() {
    let open = Journal::opened(1, 0).state();
    assert!(refused(given(None, &[], Some(&open))).contains("generation 1 of orders is open"));
}

#[test]
fn no_second_item_beside_one_that_names_an_owner_whoever_it_is() {
    for owner in ["us-east-1", "us-west-2", NOBODY] {
        let other = [(place("old"), item(owner, 3, ""))];
        for here in [None, Some(item("us-east-1", 1, ""))] {
            let why = refused(given(here.as_ref(), &other, None));
            assert!(
                why.contains("leeward lease move orders --table new --region eu-west-1"),
                "{why}"
            );
        }
    }
}

#[test]
fn a_lease_that_was_moved_is_found_where_it_went() {
    let moved = |to: &str| [(place("old"), item(MOVED, 4, &place(to).moved_here("us-west-2")))];
    let there = item("us-west-2", 5, "");
    let away = away();
    assert_eq!(given(Some(&there), &moved("new"), Some(&away)), Provision::Leave);
    assert!(refused(given(None, &moved("new"), None)).contains("interrupted"));
    let gone = item(MOVED, 4, &place("third").moved_here("us-west-2"));
    assert!(refused(given(Some(&gone), &[], None)).contains("to table third (eu-west-1)"));
}

#[test]
fn an_item_from_another_time_names_nobody_new() {
    let away = away();
    let east = item("us-east-1", 1, "");
    assert!(refused(given(Some(&east), &[], Some(&away))).contains("from another time"));
    assert_eq!(given(Some(&east), &[], None), Provision::Leave);
    let strange = item("eu-south-1", 1, "");
    assert!(refused(given(Some(&strange), &[], None)).contains("no side of the plan"));
    // Where the lease was known to be, it tells better than the journals: people may have moved it.
    let found =
        Found { here: Some(&east), known_here: true, elsewhere: &[], last: Some(&away), epoch: 3 };
    assert_eq!(provision(&plan(), &lease("new"), &found), Provision::Leave);
}

#[test]
fn an_effect_tells_where_a_lease_was_moved_and_whose_it_was() {
    let effect = place("a-b").moved_here("us-west-2");
    assert_eq!(LeasePlace::moved_to(&effect), Some((place("a-b"), "us-west-2")));
    assert_eq!(LeasePlace::moved_to("orders/1/fence/leases/take-lease"), None);
    let mut ended = Journal::opened(1, 0).state();
    ended.end = Some(Ended { end: End::RolledBack, reason: String::new(), at: at(5) });
    assert_eq!(lives_in(Some(&ended), &plan()).as_str(), "us-east-1");
}
