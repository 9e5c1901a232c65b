//! What one generation leaves to the next: effects in the middle of a drill that turned real, and old
//! sides that nobody has proven fenced.
#![expect(clippy::expect_used, clippy::panic, reason = "helpers of tests fail their test")]
#![expect(clippy::wildcard_enum_match_arm, reason = "a test looks for one kind of entry among all")]

use leeward_core::evidence::assess;
use leeward_core::grounds::grounded;
use leeward_core::ids::{Direction, EntryId, Generation, Seq, Side};
use leeward_core::journal::{End, Entry, Trigger};
use leeward_core::plan::Voter;
use leeward_core::table::Key;
use leeward_core::time::{Span, after};
use leeward_core::world::AlarmState;
use leeward_ports::fake::{Call, Fate, RegionState};
use leeward_reconcile::Appended;
use leeward_tests::check::{Evidence, judge};
use leeward_tests::rig::Rig;

const PRIMARY: &str = "us-east-1";

fn say(rig: &Rig, generation: u64, entry: Entry) {
    assert_eq!(rig.say(generation, entry), Some(Appended::Yes), "{}", rig.told());
}

/// How often the lease was intended to go from the old side to nobody, in any generation.
fn lease_taken(rig: &Rig) -> usize {
    [1, 2]
        .into_iter()
        .filter_map(|g| rig.book(g))
        .flat_map(|b| b.records.to_vec())
        .filter(|r| match &r.entry {
            Entry::Intent { effect, .. } => effect.as_str().ends_with("take-lease"),
            _ => false,
        })
        .count()
}

/// A drill that is still bringing capacity up when voters have sustained that the Region died, which they began to
/// say before it took its fence.
fn drill_turned_real() -> Rig {
    let rig = Rig::well("orders");
    rig.world.set_habits(|h| h.launch = Span::minutes(12));
    rig.world.set_region(&PRIMARY.into(), RegionState::Dead);
    rig.live(Span::seconds(61));
    assert!(rig.book(1).is_none(), "nobody has said so for long enough");
    assert_eq!(rig.order("drill", "to-standby").expect("an answer")["status"], "go");
    rig
}

fn assert_kept(rig: &Rig) {
    let first = rig.book(1).expect("the drill").state;
    let next = first.successor.clone().unwrap_or_else(|| panic!("{}", rig.told()));
    assert!(next.keeps.iter().any(|e| e.as_str().ends_with("take-lease")), "{next:?}");
    assert_eq!(rig.ended(1), Some(End::RolledBack), "{}", rig.told());
}

#[test]
fn a_real_outage_takes_the_place_of_a_drill_and_goes_on_with_its_fence() {
    let rig = drill_turned_real();
    rig.live(Span::minutes(60));
    assert_kept(&rig);
    assert_eq!(rig.ended(2), Some(End::Recovered), "{}", rig.told());
    assert_eq!(rig.world.served_by(), Some(Side::Standby), "{}", rig.told());
    assert_eq!(lease_taken(&rig), 1, "the fence is handed over, not taken again\n{}", rig.told());
    let broken = judge(&Evidence::of(&rig));
    assert!(broken.is_empty(), "{broken:#?}\n{}", rig.told());
}

#[test]
fn what_was_handed_over_is_given_back_when_the_next_one_cannot_go_on() {
    let rig = drill_turned_real();
    rig.world.set_habits(|h| h.launch_limit = Some(1));
    rig.turn_after(Span::minutes(20), PRIMARY, RegionState::Well);
    rig.live(Span::minutes(60));
    assert_kept(&rig);
    let second = rig.book(2).unwrap_or_else(|| panic!("{}", rig.told())).state;
    assert!(!second.committed(), "{}", rig.told());
    assert!(
        second.halt.is_some(),
        "nothing is sent to a side that is not seen well\n{}",
        rig.told()
    );

    for voter in &rig.plan.detection.voters {
        let Voter::Alarm(voter) = voter else { continue };
        rig.world.set_alarm(&voter.region, &voter.alarm, AlarmState::Ok);
    }
    say(&rig, 2, Entry::Resumed { reason: "it is well".to_owned(), time_limit: None });
    rig.live(Span::minutes(30));
    assert_eq!(rig.ended(2), Some(End::RolledBack), "{}", rig.told());
    assert!(rig.world.accepts(&"orders-db".into(), Side::Primary), "{}", rig.told());
    assert_eq!(lease_taken(&rig), 1);
    assert!(rig.book(3).is_none());
}

/// Who opens the next generation dies again and again between closing the drill and opening, until the
/// Region is well: what the drill left is taken up all the same.
#[test]
fn what_was_left_is_taken_up_and_given_back_though_the_side_is_well_again() {
    let rig = drill_turned_real();
    rig.turn_after(Span::minutes(8), PRIMARY, RegionState::Well);
    let first = Key::journal(&rig.plan.workload, Generation(2), Seq(1));
    let (clock, until) = (rig.clock.clone(), after(rig.clock.now(), Span::minutes(20)));
    // A sweep tries three times.
    for _ in 0..120 {
        let (clock, first) = (clock.clone(), first.clone());
        let opens = move |call: &Call<'_>| {
            matches!(call, Call::Put(item, _) if item.key == first) && clock.now() < until
        };
        rig.table.fail_next(opens, Fate::Throttled);
    }
    rig.live(Span::minutes(19));
    assert_kept(&rig);
    let drill = rig.book(1).expect("the drill").state;
    assert!(drill.closed.is_some() && rig.book(2).is_none(), "{}", rig.told());

    // Nobody holds the lease, so nobody is served: the voters say so of a side that is well.
    for voter in &rig.plan.detection.voters {
        let Voter::Alarm(voter) = voter else { continue };
        rig.world.set_alarm(&voter.region, &voter.alarm, AlarmState::Ok);
    }
    rig.live(Span::minutes(30));
    let second = rig.book(2).unwrap_or_else(|| panic!("{}", rig.told())).state;
    assert_eq!(second.decision.trigger, Trigger::HandedOver { from: Generation(1) });
    assert_eq!(rig.ended(2), Some(End::RolledBack), "{}", rig.told());
    assert!(rig.world.accepts(&"orders-db".into(), Side::Primary), "{}", rig.told());
    let broken = judge(&Evidence::of(&rig));
    assert!(broken.is_empty(), "{broken:#?}\n{}", rig.told());
}

/// An executor that comes when the time is long over begins nothing.
#[test]
fn when_its_time_is_over_it_takes_no_lease() {
    let rig = Rig::well("orders");
    assert_eq!(rig.order("recover", "to-standby").expect("an answer")["status"], "go");
    rig.clock.advance(Span::minutes(2 * 24 * 60));
    rig.run_started();
    assert_eq!(rig.ended(1), Some(End::RolledBack), "{}", rig.told());
    assert_eq!(lease_taken(&rig), 0, "{}", rig.told());
}

fn left_unproven() -> (Rig, EntryId) {
    let rig = Rig::well("catalog");
    rig.world.set_region(&rig.plan.regions.primary, RegionState::Dead);
    rig.live(Span::minutes(15));
    let database: EntryId = rig.plan.databases[0].id().clone();
    let reason = "the Region burnt down".to_owned();
    say(&rig, 1, Entry::Waived { database: database.clone(), loss: None, reason });
    let time_limit = Some(Span::minutes(30));
    say(&rig, 1, Entry::Resumed { reason: "waived".to_owned(), time_limit });
    rig.live(Span::minutes(30));
    assert_eq!(rig.ended(1), Some(End::Recovered), "{}", rig.told());
    assert_eq!(rig.book(1).expect("ended").state.unproven().len(), 1, "{}", rig.told());
    (rig, database)
}

#[test]
fn an_unproven_old_side_is_told_until_it_is_seen_fenced() {
    let (rig, database) = left_unproven();
    let messages =
        || -> Vec<String> { rig.publisher.delivered().iter().map(|d| format!("{d:?}")).collect() };
    let end = messages().into_iter().find(|m| m.contains("recovered:")).expect("the end is told");
    assert!(end.contains("OLD SIDE UNPROVEN"), "{end}");
    rig.live(Span::minutes(10));
    assert!(!rig.book(1).expect("ended").state.unproven().is_empty(), "a dead side proves nothing");

    rig.world.set_region(&rig.plan.regions.primary, RegionState::Well);
    rig.world.rebuild_replica(&database, Side::Primary);
    rig.live(Span::minutes(5));
    assert!(rig.book(1).expect("ended").state.unproven().is_empty(), "{}", rig.told());
    assert!(messages().iter().any(|m| m.contains("is seen fenced")), "{:#?}", messages());
}

#[test]
fn a_generation_after_an_unproven_one_asks_a_person() {
    let (rig, _) = left_unproven();
    say(&rig, 1, Entry::Acknowledged { reason: "seen".to_owned() });
    assert_eq!(rig.order("recover", "to-primary").expect("an answer")["status"], "go");
    let second = rig.book(2).expect("opened").state;
    assert_eq!(second.decision.unproven.len(), 1, "{}", rig.told());
    assert_eq!(second.questions.len(), 1, "the plan asks nobody, the old side does");
    assert!(second.questions[0].question.contains("unproven"), "{:?}", second.questions);
}

#[test]
fn what_asked_for_a_generation_is_looked_at_again_where_it_is_opened() {
    let rig = drill_turned_real();
    rig.live(Span::minutes(60));
    let state = |generation| rig.book(generation).expect("a generation").state;
    let quiet = assess(&rig.plan, Direction::ToStandby, &[], None, rig.clock.now());
    let opens = |trigger: &Trigger, last: u64| {
        grounded(trigger, &quiet, Some(&state(last)), &rig.plan).map_err(|e| e.to_string())
    };
    let left = Trigger::HandedOver { from: Generation(1) };
    assert_eq!(opens(&left, 1), Ok(()), "the drill is the last: what it left waits for its next");
    let taken = opens(&left, 2).expect_err("another trigger has taken it up meanwhile");
    assert!(taken.contains("changed meanwhile"), "{taken}");
    let evidence = Trigger::Evidence { source: "schedule".to_owned() };
    assert!(opens(&evidence, 1).is_err(), "nobody says down any more");
    let person = Trigger::Operator { operator: "eve".to_owned(), reason: "a test".to_owned() };
    assert_eq!(opens(&person, 1), Ok(()), "a person's order rests on no vote");
}
