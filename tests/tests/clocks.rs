//! A writer's clock that is set while it writes: a bound that rests on it is never too small.

use leeward_core::ids::Side;
use leeward_core::journal::End;
use leeward_core::plan::{ApprovalFor, OnTimeout};
use leeward_core::time::Span;
use leeward_ports::fake::{Happened, RegionState};
use leeward_tests::rig::{Rig, example};

fn orders() -> Rig {
    let mut plan = example("orders");
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
    assert!(told(&rig).contains("clock was set back"), "{}", told(&rig));
    assert!(book.state.effects.is_empty() && book.state.fenced.is_empty(), "{}", told(&rig));
    assert_eq!(book.state.end.as_ref().map(|e| e.end), Some(End::RolledBack), "{}", told(&rig));
    assert!(!promoted(&rig));
}

#[test]
fn a_clock_that_was_set_a_little_back_is_seen_before_the_promotion() {
    let rig = set_by(-100, Span::seconds(30));
    let book = rig.book(1).unwrap_or_else(|| panic!("no generation"));
    assert!(told(&rig).contains("clock was set back"), "{}", told(&rig));
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
