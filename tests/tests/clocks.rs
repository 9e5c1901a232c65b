//! A writer's clock that is set while it writes, and two writers whose clocks differ: a bound is never too small.
#![expect(clippy::expect_used, clippy::panic, reason = "helpers of tests fail their test")]

use std::sync::Arc;

use leeward_core::ids::{Side, Sides, Step};
use leeward_core::journal::{End, Entry, State};
use leeward_core::plan::{ApprovalFor, Database, Fence, OnTimeout, Plan, StopWriter, Voter};
use leeward_core::time::Span;
use leeward_core::world::{AlarmState, Change};
use leeward_ports::fake::{Happened, RegionState};
use leeward_reconcile::Appended;
use leeward_tests::check::{Evidence, judge};
use leeward_tests::rig::{Rig, example};

fn orders() -> Rig {
    orders_with(|_| {})
}

fn orders_with(change: impl FnOnce(&mut Plan)) -> Rig {
    let mut plan = example("orders");
    change(&mut plan);
    plan.policy.approval.wanted_for = ApprovalFor::None;
    plan.policy.approval.on_timeout = OnTimeout::Hold;
    let rig = Rig::new(plan);
    assert!(rig.live(Span::minutes(5)).is_empty(), "nothing is started on a good day");
    rig
}

/// The clock is set; some renewals later, but before the replica has caught up with them, the Region dies.
fn set_by(seconds: i64, behind: Span) -> Rig {
    let rig = orders();
    rig.world.set_habits(|habits| habits.lag = behind);
    rig.live(Span::minutes(5));
    rig.world.set_clock(Side::Primary, 1000 * seconds);
    rig.live(Span::seconds(20));
    rig.world.set_region(&"us-east-1".into(), RegionState::Dead);
    rig.live(Span::minutes(20));
    rig
}

fn promoted(rig: &Rig) -> bool {
    rig.world.happenings().iter().any(|h| matches!(h.what, Happened::Promoted { .. }))
}

fn told(rig: &Rig) -> String {
    rig.story(1).join("\n")
}

#[test]
fn a_clock_that_was_set_far_back_is_seen_before_anything_is_touched() {
    let rig = set_by(-600, Span::seconds(120));
    let book = rig.book(1).unwrap_or_else(|| panic!("no generation"));
    assert!(told(&rig).contains("clock was set"), "{}", told(&rig));
    assert!(book.state.effects.is_empty() && book.state.fenced.is_empty(), "{}", told(&rig));
    assert!(book.state.halt.is_some(), "{}", told(&rig));
    assert!(!promoted(&rig));
}

#[test]
fn a_clock_that_was_set_a_little_back_is_seen_before_the_promotion() {
    let rig = set_by(-100, Span::seconds(30));
    let book = rig.book(1).unwrap_or_else(|| panic!("no generation"));
    assert!(told(&rig).contains("clock was set"), "{}", told(&rig));
    assert!(book.state.losses.values().all(|(bound, _)| bound.is_none()), "{}", told(&rig));
    assert!(!promoted(&rig) && !book.state.committed(), "{}", told(&rig));
}

#[test]
fn a_clock_that_was_set_forward_makes_the_bound_larger_and_never_smaller() {
    let rig = set_by(20, Span::seconds(10));
    let book = rig.book(1).unwrap_or_else(|| panic!("no generation"));
    let bound = book.state.losses.values().find_map(|(bound, _)| *bound);
    assert!(bound.is_some_and(|b| b >= Span::seconds(30)), "{bound:?}\n{}", told(&rig));
    assert_eq!(book.state.end.as_ref().map(|e| e.end), Some(End::Recovered), "{}", told(&rig));
}

const PRIMARY: &str = "us-east-1";

fn state(rig: &Rig, generation: u64) -> Arc<State> {
    rig.book(generation).expect("a generation").state
}

fn say(rig: &Rig, generation: u64, entry: Entry) {
    assert_eq!(rig.say(generation, entry), Some(Appended::Yes), "{}", rig.told());
}

fn resume(rig: &Rig, generation: u64) {
    let time_limit = Some(Span::minutes(30));
    say(rig, generation, Entry::Resumed { reason: "looked".to_owned(), time_limit });
}

/// Why it is held, and that it is held before anything of the database was touched.
fn asks(rig: &Rig, generation: u64) -> String {
    let state = state(rig, generation);
    let fences = state.effects.values().filter(|e| e.change.fences()).count();
    assert!(fences == 0 && state.fenced.is_empty() && !state.committed(), "{}", rig.told());
    state
        .halt
        .as_ref()
        .map(|h| h.reason.clone())
        .unwrap_or_else(|| panic!("nobody is asked: {}", rig.told()))
}

/// The standby has taken over. Its clock is five minutes behind the old primary's, and the replica that the
/// old primary was made follows ten minutes behind: it still shows the old primary's own last heartbeat.
fn taken_over() -> Rig {
    let rig = orders();
    rig.world.set_clock(Side::Standby, -300_000);
    rig.world.set_region(&PRIMARY.into(), RegionState::Dead);
    rig.live(Span::minutes(15));
    assert_eq!(rig.ended(1), Some(End::Recovered), "{}", rig.told());
    rig.world.set_region(&PRIMARY.into(), RegionState::Well);
    rig.world.rebuild_replica(&"orders-db".into(), Side::Primary);
    rig.world.set_habits(|habits| habits.lag = Span::minutes(20));
    say(&rig, 1, Entry::Acknowledged { reason: "seen".to_owned() });
    rig
}

#[test]
fn a_heartbeat_of_the_writer_before_is_no_bound_for_the_writer_of_today() {
    let rig = taken_over();
    let before = rig.world.happenings().len();
    assert_eq!(rig.order("recover", "to-primary").expect("an answer")["status"], "go");
    rig.live(Span::minutes(5));
    let why = asks(&rig, 2);
    for says in ["written by us-east-1", "not by us-west-2", "it has caught up", "leeward resume"] {
        assert!(why.contains(says), "{why}");
    }
    assert!(rig.world.accepts(&"orders-db".into(), Side::Standby), "{}", rig.told());
    let log = rig.world.happenings();
    assert!(log[before..].iter().all(|h| !matches!(h.what, Happened::Promoted { .. })));

    // Asked too early, it asks again; once it shows the standby's heartbeats it goes on.
    resume(&rig, 2);
    rig.live(Span::minutes(2));
    asks(&rig, 2);
    rig.world.set_habits(|habits| habits.lag = Span::seconds(2));
    resume(&rig, 2);
    rig.live(Span::minutes(20));
    assert_eq!(rig.ended(2), Some(End::Recovered), "{}", rig.told());
    let bounds = &state(&rig, 2).losses;
    assert!(bounds.values().all(|(b, _)| b.is_some_and(|b| b < Span::minutes(1))), "{bounds:?}");
    let broken = judge(&Evidence::of(&rig));
    assert!(broken.is_empty(), "{broken:#?}\n{}", rig.told());
}

/// Without a lease nothing keeps the writers of a standby off that a person has promoted.
#[test]
fn a_standby_that_was_promoted_by_hand_and_writes_its_own_heartbeats_is_refused_before_the_fence() {
    let group = Sides { primary: "orders-web".into(), standby: "orders-web-west".into() };
    let stop = Fence::StopWriter(StopWriter { group, sessions_of: "orders_app".into() });
    let rig = orders_with(|plan| {
        for database in &mut plan.databases {
            if let Database::RdsReplica(d) = database {
                d.fences = vec![stop.clone(), Fence::Waiver];
            }
        }
    });
    let promote =
        Change::PromoteReplica { region: "us-west-2".into(), instance: "orders-db-west".into() };
    rig.world.by_hand(&promote).expect("it is promoted by hand");
    rig.live(Span::minutes(5));
    for voter in &rig.plan.detection.voters {
        let Voter::Alarm(voter) = voter else { continue };
        rig.world.set_alarm(&voter.region, &voter.alarm, AlarmState::Alarm);
    }
    rig.live(Span::minutes(10));
    let why = asks(&rig, 1);
    for says in
        ["follows nobody", "written by us-west-2", "leeward waive orders --database orders-db"]
    {
        assert!(why.contains(says), "{why}");
    }
    let waived =
        Entry::Waived { database: "orders-db".into(), loss: None, reason: "go".to_owned() };
    say(&rig, 1, waived);
    resume(&rig, 1);
    rig.live(Span::minutes(20));
    let state = state(&rig, 1);
    assert!(state.done.contains_key(&Step::Fence) && state.committed(), "{}", rig.told());
    assert!(state.losses.values().all(|(bound, _)| bound.is_none()), "{}", rig.told());
}
