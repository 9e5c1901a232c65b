//! The writer lease's terms belong to its holders: what an application goes by counts, whatever the plan says.
#![expect(clippy::wildcard_enum_match_arm, reason = "a test looks for one kind of entry among all")]

use leeward_core::ids::Side;
use leeward_core::journal::{End, Entry};
use leeward_core::lease_terms::LeaseTerms;
use leeward_core::plan::{ApprovalFor, Database, Fence, WriterLease};
use leeward_core::time::Span;
use leeward_ports::fake::RegionState;
use leeward_tests::check::{Evidence, judge};
use leeward_tests::rig::{Rig, example};

const PRIMARY: &str = "us-east-1";

/// Orders, nobody asked, with room for a loss of that much and the waiver among its fences.
fn orders(max_loss: Span) -> Rig {
    let mut plan = example("orders");
    plan.policy.approval.wanted_for = ApprovalFor::None;
    for database in &mut plan.databases {
        if let Database::RdsReplica(d) = database {
            d.max_loss = max_loss;
            d.fences.push(Fence::Waiver);
        }
    }
    Rig::new(plan)
}

/// The plan's terms, with a lease of that length.
fn terms(rig: &Rig, ttl: Span) -> Option<LeaseTerms> {
    let plans = rig.plan.databases.iter().find_map(Database::lease).map(WriterLease::terms);
    plans.map(|terms| LeaseTerms { ttl, ..terms })
}

#[test]
fn a_writer_by_a_lease_of_five_minutes_is_waited_for_although_the_plan_says_fifteen_seconds() {
    let rig = orders(Span::minutes(15));
    let own = terms(&rig, Span::minutes(5));
    rig.world.set_habits(|habits| habits.writers.primary.terms = own);
    rig.live(Span::minutes(5));
    rig.world.set_region(&PRIMARY.into(), RegionState::Partitioned);
    rig.live(Span::minutes(30));
    assert_eq!(rig.ended(1), Some(End::Recovered), "{}", rig.told());
    assert_eq!(judge(&Evidence::of(&rig)), [], "{}", rig.told());
    let bounds: Vec<Option<Span>> = rig
        .book(1)
        .unwrap()
        .records
        .iter()
        .filter_map(|r| match r.entry {
            Entry::LossBound { bound, .. } => Some(bound),
            _ => None,
        })
        .collect();
    assert!(matches!(bounds[..], [Some(bound)] if bound >= Span::minutes(5)), "{bounds:?}");
}

#[test]
fn a_loss_by_the_holders_own_terms_beyond_the_plans_limit_is_asked_about() {
    let rig = orders(Span::minutes(1));
    let own = terms(&rig, Span::minutes(5));
    rig.world.set_habits(|habits| habits.writers.primary.terms = own);
    rig.live(Span::minutes(5));
    rig.world.set_region(&PRIMARY.into(), RegionState::Partitioned);
    rig.live(Span::minutes(8));
    let story = rig.story(1);
    assert!(story.iter().any(|entry| entry.contains("asked")), "{story:#?}");
    assert!(!rig.world.accepts(&"orders-db".into(), Side::Standby));
}

/// It is said while all is well, each day once, and in the failure a person decides.
#[test]
fn holders_that_do_not_say_their_terms_are_told_of_in_time_and_then_a_person_is_asked() {
    let rig = orders(Span::minutes(1));
    rig.world.set_habits(|habits| {
        habits.writers.primary.tells_terms = false;
        habits.writers.standby.tells_terms = false;
    });
    rig.world.forget_lease_terms();
    rig.live(Span::minutes(90));
    let told = |words: &str| {
        let all = rig.publisher.delivered();
        all.iter().map(|d| format!("{d:?}")).filter(|d| d.contains(words)).count()
    };
    assert!(told("does not say for how long its holders may write") > 0);
    let before = told("does not say for how long");
    rig.live(Span::minutes(90));
    assert_eq!(told("does not say for how long"), before, "once a day");

    rig.world.set_region(&PRIMARY.into(), RegionState::Dead);
    rig.live(Span::minutes(20));
    let book = rig.book(1).unwrap();
    let reason = book.state.halt.as_ref().map(|h| h.reason.clone()).unwrap_or_default();
    assert!(
        reason.contains("leeward waive orders --database orders-db"),
        "{reason}: {}",
        rig.told()
    );
    assert!(!rig.world.accepts(&"orders-db".into(), Side::Standby), "nothing is promoted");
    let waived =
        Entry::Waived { database: "orders-db".into(), loss: None, reason: "go".to_owned() };
    rig.say(1, waived);
    rig.say(1, Entry::Resumed { reason: "go".to_owned(), time_limit: None });
    rig.live(Span::minutes(30));
    assert_eq!(rig.ended(1), Some(End::Recovered), "{}", rig.told());
    assert!(rig.book(1).unwrap().state.fenced.is_empty(), "a lease that says nothing is no proof");
}
