//! What a generation that was given up leaves behind: a fence that nobody may write behind, until the
//! next one goes on with it or gives it back.
#![expect(clippy::expect_used, reason = "helpers of tests fail their test")]
#![expect(clippy::wildcard_enum_match_arm, reason = "a test looks for one kind of entry among all")]

use std::collections::BTreeSet;

use leeward_core::ids::{Actor, Side};
use leeward_core::journal::{End, Entry};
use leeward_core::plan::{ApprovalFor, Voter};
use leeward_core::table::{NOBODY, lease_key};
use leeward_core::time::Span;
use leeward_core::world::{AlarmState, Change};
use leeward_ports::fake::{Call, Fate, RegionState, block_on};
use leeward_reconcile::Appended;
use leeward_tests::check::{Evidence, judge};
use leeward_tests::rig::{Rig, example, plan_items};
use serde_json::json;

const PRIMARY: &str = "us-east-1";

fn rig() -> Rig {
    let mut plan = example("orders");
    plan.policy.approval.wanted_for = ApprovalFor::None;
    let rig = Rig::new(plan);
    assert!(rig.live(Span::minutes(5)).is_empty(), "nothing is started on a good day");
    rig
}

fn say(rig: &Rig, generation: u64, entry: Entry) {
    let mut book = rig.book(generation).expect("a generation");
    let desk = rig
        .detector
        .desk
        .in_the_name_of(Actor::new("arn:aws:sts::123456789012:assumed-role/on-call/eve"));
    let appended = block_on(&rig.clock, desk.append(&mut book, entry, Some(&rig.plan)));
    assert_eq!(appended.expect("a table").expect("an answer"), Appended::Yes);
}

fn told(rig: &Rig) -> String {
    format!("{:#?}\n{:#?}\n{:#?}", rig.story(1), rig.story(2), rig.invocations())
}

fn ended(rig: &Rig, generation: u64) -> Option<End> {
    rig.book(generation).and_then(|b| b.state.end.as_ref().map(|e| e.end))
}

fn messages(rig: &Rig) -> Vec<String> {
    rig.publisher.delivered().iter().map(|d| format!("{d:?}")).collect()
}

fn lease_taken(rig: &Rig, generation: u64) -> usize {
    let records = rig.book(generation).map(|b| b.records).unwrap_or_default();
    let takes = |entry: &Entry| match entry {
        Entry::Intent { effect, .. } => effect.as_str().ends_with("take-lease"),
        _ => false,
    };
    records.iter().filter(|r| takes(&r.entry)).count()
}

/// Longer than the first generation has, in time for the second.
const LATE: Span = Span::minutes(50);

/// The Region is dead and the standby gets no room in time: the generation cannot go on, and cannot give the
/// lease back to a side that is not seen well. A person gives it up.
fn given_up(launch: Span) -> Rig {
    let rig = rig();
    rig.world.set_habits(|h| h.launch = launch);
    rig.world.set_region(&PRIMARY.into(), RegionState::Dead);
    rig.live(Span::minutes(40));
    let state = rig.book(1).expect("opened").state;
    assert!(state.halt.is_some() && !state.committed(), "{}", told(&rig));
    assert_eq!(lease_taken(&rig, 1), 1, "{}", told(&rig));
    say(&rig, 1, Entry::Ended { end: End::Abandoned, reason: "no room".to_owned() });
    rig.live(Span::minutes(2));
    rig
}

fn primary_is_well(rig: &Rig) {
    rig.world.set_region(&PRIMARY.into(), RegionState::Well);
    for voter in &rig.plan.detection.voters {
        let Voter::Alarm(voter) = voter else { continue };
        rig.world.set_alarm(&voter.region, &voter.alarm, AlarmState::Ok);
    }
}

#[test]
fn people_are_told_what_still_stands() {
    let rig = given_up(LATE);
    let end = messages(&rig).into_iter().find(|m| m.contains("ABANDONED by"));
    let end = end.expect("the end is told");
    assert!(end.contains("STILL STANDING") && end.contains("lease"), "{end}");
}

#[test]
fn the_next_generation_goes_on_with_its_fence() {
    let rig = given_up(LATE);
    say(&rig, 1, Entry::Acknowledged { reason: "there is room now".to_owned() });
    rig.live(Span::minutes(60));
    assert_eq!(ended(&rig, 2), Some(End::Recovered), "{}", told(&rig));
    assert_eq!(rig.book(2).expect("ended").state.decision.handed_over.len(), 1);
    assert_eq!(lease_taken(&rig, 2), 0, "the lease was nobody's already\n{}", told(&rig));
    let broken = judge(&Evidence::of(&rig));
    assert!(broken.is_empty(), "{broken:#?}\n{}", told(&rig));
}

#[test]
fn the_next_generation_gives_its_fence_back_when_it_turns_back() {
    let rig = given_up(Span::minutes(600));
    say(&rig, 1, Entry::Acknowledged { reason: "try again".to_owned() });
    rig.live(Span::minutes(60));
    assert!(rig.book(2).expect("opened").state.halt.is_some(), "{}", told(&rig));
    primary_is_well(&rig);
    let time_limit = None;
    say(&rig, 2, Entry::Resumed { reason: "it is well".to_owned(), time_limit });
    rig.live(Span::minutes(30));
    assert_eq!(ended(&rig, 2), Some(End::RolledBack), "{}", told(&rig));
    assert!(
        rig.world.accepts(&"orders-db".into(), Side::Primary),
        "what is called undone is undone\n{}",
        told(&rig)
    );
}

#[test]
fn a_fence_that_was_given_back_by_hand_is_taken_anew() {
    let rig = given_up(LATE);
    let lease = rig.plan.databases[0].lease().expect("a lease").clone();
    let by_hand = Change::MoveLease {
        region: lease.region.clone(),
        table: lease.table.clone(),
        key: lease_key(&rig.plan.workload).into(),
        from_owner: NOBODY.into(),
        from_epoch: 2,
        to_owner: PRIMARY.into(),
        effect: String::new().into(),
    };
    rig.world.by_hand(&by_hand).expect("the lease is moved by hand");
    say(&rig, 1, Entry::Acknowledged { reason: "given back by hand".to_owned() });
    rig.live(Span::minutes(60));
    assert_eq!(lease_taken(&rig, 2), 1, "{}", told(&rig));
    assert_eq!(ended(&rig, 2), Some(End::Recovered), "{}", told(&rig));
    let broken = judge(&Evidence::of(&rig));
    assert!(broken.is_empty(), "{broken:#?}\n{}", told(&rig));
}

/// The standby is promoted, users cannot be moved, and a person gives it up. Whoever moves them then tells
/// people what the promotion lost, and not that nothing more was lost since.
#[test]
fn the_generation_that_ends_an_abandoned_promotion_tells_what_it_lost() {
    let rig = rig();
    let switches = |call: &Call<'_>| call.changes("cloudwatch:PutMetricData");
    rig.world.fail_next(switches, Fate::Refused("AccessDenied".to_owned()));
    rig.world.set_region(&PRIMARY.into(), RegionState::Dead);
    rig.live(Span::minutes(20));
    let lost = |generation| {
        let state = rig.book(generation).expect("opened").state;
        state.losses.values().next().and_then(|(bound, _)| *bound).expect("a bound")
    };
    assert!(rig.book(1).expect("opened").state.committed() && lost(1) > Span::default());
    say(&rig, 1, Entry::Ended { end: End::Abandoned, reason: "by hand".to_owned() });
    say(&rig, 1, Entry::Acknowledged { reason: "again".to_owned() });
    start(&rig, "to-standby");
    rig.live(Span::minutes(40));
    assert_eq!(ended(&rig, 2), Some(End::Recovered), "{}", told(&rig));
    assert_eq!(lost(2), lost(1), "{}", told(&rig));
    let words = lost(1).in_words();
    let end = messages(&rig).into_iter().find(|m| m.contains("generation 2: recovered"));
    assert!(end.is_some_and(|m| m.contains(&format!("at most {words}"))), "{words}");
    let broken = judge(&Evidence::of(&rig));
    assert!(broken.is_empty(), "{broken:#?}\n{}", told(&rig));
}

fn start(rig: &Rig, direction: &str) -> serde_json::Value {
    rig.call(&json!({
        "leeward": "start", "workload": rig.plan.workload, "plan": rig.plan.plan,
        "mode": "recover", "direction": direction, "reason": "a person says so",
        "operator": "arn:aws:sts::1:assumed-role/a/b",
    }))
    .expect("an answer")
}

/// A drill gave way to a real outage, and its plan was switched off before the next one opened.
#[test]
fn a_fence_left_to_a_plan_that_was_switched_off_is_told_and_waits_for_a_person() {
    let mut rig = rig();
    rig.world.set_habits(|h| h.launch = Span::minutes(12));
    // Voters see it before the drill takes its fence.
    rig.world.set_region(&PRIMARY.into(), RegionState::Dead);
    rig.live(Span::seconds(61));
    let drill = json!({
        "leeward": "start", "workload": rig.plan.workload, "plan": rig.plan.plan, "mode": "drill",
        "direction": "to-standby", "reason": "practice", "operator": "arn:aws:sts::1:assumed-role/a/b",
    });
    assert_eq!(rig.call(&drill).expect("an answer")["status"], "go");
    for minute in 0..60 {
        if ended(&rig, 1).is_some() {
            break;
        }
        assert!(minute < 59, "{}", told(&rig));
        rig.live(Span::minutes(1));
    }
    assert!(rig.book(1).expect("ended").state.successor.is_some(), "{}", told(&rig));
    assert!(rig.book(2).is_none(), "opened before the plan could be switched off");
    rig.plan.enabled = false;
    for item in plan_items(&rig.plan) {
        rig.table.put_by_hand(item);
    }
    rig.live(Span::minutes(20));
    assert!(rig.book(2).is_none(), "{}", told(&rig));
    let told_to: Vec<String> = rig
        .publisher
        .delivered()
        .into_iter()
        .filter(|d| format!("{d:?}").contains("NOBODY MAY WRITE"))
        .map(|d| d.receiver)
        .collect();
    let receivers: BTreeSet<&String> = told_to.iter().collect();
    assert!(!told_to.is_empty(), "{}", told(&rig));
    assert_eq!(told_to.len(), receivers.len(), "told once, not each minute: {told_to:?}");

    let other_way = start(&rig, "to-primary");
    assert_eq!(other_way["status"], "refused", "{other_way}");
    assert!(other_way["reason"].to_string().contains("NOBODY MAY WRITE"), "{other_way}");
    assert_eq!(start(&rig, "to-standby")["status"], "go");
    rig.live(Span::minutes(60));
    assert_eq!(ended(&rig, 2), Some(End::Recovered), "{}", told(&rig));
}
