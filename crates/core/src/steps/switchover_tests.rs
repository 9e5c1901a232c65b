//! A service's own switchover, which needs both sides well: when it stands in the place of a fence.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "anything else than what is asked for is wrong here"
)]

use serde_json::{Value, json};

use super::*;
use crate::audit::example::{assessed, at, commit};
use crate::evidence::Vote;
use crate::ids::Step;
use crate::journal::TurnBackReason;
use crate::steps::scene::{
    Scene, aurora, by_lease, lease, promoted, row, stop, taken, waiver, writers,
};
use crate::table::NOBODY;
use crate::time::Span;
use crate::world::Change;

/// The example's database as an Aurora global one, left because a person wants it; both sides are well.
fn ordered(fences: &[Value], allow_data_loss: bool) -> Scene {
    let mut scene = Scene { says: Some(Vote::Healthy), ..Scene::at(100).ordered() };
    scene.plan["databases"] = json!([aurora(fences, allow_data_loss)]);
    scene
}

/// What proves the fence that is written, from when on.
fn proof(scene: &Scene) -> Option<FenceProof> {
    match scene.entry() {
        Entry::Fenced { fence, holds_from, databases, latest_write, .. } => {
            assert_eq!((holds_from, databases.len()), (at(scene.now), 1));
            assert_eq!(latest_write, None);
            Some(fence)
        }
        _ => None,
    }
}

#[test]
fn a_person_moves_a_well_side_by_a_switchover_that_loses_nothing() {
    for allow_data_loss in [false, true] {
        let mut scene = ordered(&[waiver()], allow_data_loss);
        assert_eq!(proof(&scene), Some(FenceProof::Switchover));
        scene.goes_on();
        let (bound, source) = scene.bound();
        assert_eq!(bound, Some(Span::default()), "{source}");
        assert!(source.contains("switches over without loss"), "{source}");
        scene.goes_on();
        assert!(scene.done());
    }
}

#[test]
fn a_plan_that_allows_no_loss_of_data_is_for_people_and_for_a_side_that_is_well() {
    let says = "orders-db: the plan allows no failover";
    let refused = |scene: &Scene, way: &str| {
        let reason = scene.held();
        assert!(reason.contains(says) && reason.contains(way), "{reason}");
    };
    for says in [Some(Vote::Unhealthy), Some(Vote::Unknown), None] {
        refused(&Scene { says, ..ordered(&[stop()], false) }, "`leeward resume orders");
        let allowed = Scene { says, ..ordered(&[stop()], true) };
        assert!(matches!(allowed.sends()[..], [Change::BoundGroup { .. }]), "{says:?}");
    }
    let mut by_itself = Scene::at(100);
    by_itself.plan["databases"] = json!([aurora(&[stop()], false)]);
    refused(
        &by_itself,
        "`leeward decline orders --reason …` and, when that has ended, `leeward ack orders",
    );
    by_itself.says = Some(Vote::Healthy);
    let (reason, detail) = by_itself.turns_back();
    assert_eq!(reason, TurnBackReason::StepFailed);
    assert!(detail.contains(says), "{detail}");
}

#[test]
fn without_a_person_the_old_writer_is_fenced_however_well_it_looks() {
    let mut scene = Scene::at(100);
    scene.plan["databases"] = json!([aurora(&[waiver()], true)]);
    let reason = scene.held();
    assert!(reason.contains("no fence of orders-db can be proven"), "{reason}");
}

#[test]
fn a_lease_is_taken_although_the_service_could_switch_over() {
    let mut scene = ordered(&[lease()], true);
    assert_eq!(scene.sends(), [taken("leases", "orders/1/fence/leases/take-lease")]);
    scene.goes_on();
    scene.owner = NOBODY;
    scene.goes_on();
    match scene.entry() {
        Entry::Fenced { fence, .. } => assert_eq!(fence, by_lease()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_replica_of_one_instance_is_fenced_whoever_orders_it() {
    let mut scene = Scene { says: Some(Vote::Healthy), ..Scene::at(100).ordered() };
    scene.plan["databases"][0]["fences"] = json!([waiver()]);
    assert!(scene.held().contains("no fence of orders-db can be proven"));
}

/// Everything that the step sends now.
fn sent(scene: &Scene) -> Vec<Entry> {
    scene.with(|s, seen| crate::steps::decide(Step::Fence, s, seen)).sends
}

/// Whatever a fence of ours would be seen to prove just now: an idle application has no writer that runs.
#[test]
fn what_a_person_moves_while_both_sides_are_well_is_switched_over() {
    for instances in [0, 2] {
        let mut scene = ordered(&[stop()], true);
        scene.seen_otherwise(move |_, view| {
            Some(match view {
                View::WriterGroup(_) => writers(0, &["Launch"], instances),
                other => other,
            })
        });
        assert_eq!(proof(&scene), Some(FenceProof::Switchover), "{instances} instances");
        scene.goes_on();
        assert_eq!(scene.bound().0, Some(Span::default()), "{instances} instances");
        while !scene.done() {
            assert_eq!(sent(&scene), [], "the service stops the old writer, nobody else");
            scene.goes_on();
        }
        scene.goes_on();
        scene.journal.step(100, Step::Capacity);
        assessed(&mut scene.journal, 100);
        commit(&mut scene.journal, 100, "ev100");
        let next = scene.with(|s, seen| crate::steps::decide(Step::Database, s, seen));
        let [Entry::Intent { change, .. }] = &next.sends[..] else { panic!("{next:?}") };
        assert!(matches!(**change, Change::SwitchoverGlobal { .. }), "{change:?}");
    }
}

/// A side that is no longer well when its switchover is on record: the service is asked all the same, and refuses.
#[test]
fn a_switchover_that_was_chosen_stays_one() {
    let mut scene = ordered(&[stop()], true);
    scene.goes_on();
    scene.says = Some(Vote::Unhealthy);
    assert_eq!(sent(&scene), []);
    assert_eq!(scene.bound().0, Some(Span::default()));
}

/// A switchover of an earlier try is through: the row there is already the new side's own.
#[test]
fn who_was_switched_over_to_already_has_all_that_was_written() {
    let mut scene = ordered(&[waiver()], false);
    scene.heartbeat = row("us-west-2", 99);
    scene.seen_otherwise(|question, view| Some(promoted(question, view)));
    assert_eq!(proof(&scene), Some(FenceProof::Switchover), "nobody is asked what would be lost");
    let mut by_itself = ordered(&[waiver()], true);
    by_itself.says = Some(Vote::Unhealthy);
    by_itself.heartbeat = row("us-west-2", 99);
    by_itself.seen_otherwise(|question, view| Some(promoted(question, view)));
    let reason = by_itself.held();
    assert!(reason.contains("written by us-west-2"), "a failover by hand loses: {reason}");
}

/// Behind the lease users find nobody there: what was seen before it stays.
#[test]
fn what_a_switchover_rests_on_is_decided_before_the_first_fence_and_once() {
    let mut scene = ordered(&[lease()], false);
    scene.now = 300;
    assert!(matches!(scene.entry(), Entry::Assessed { old_side_well: Some(true), .. }));
    scene.goes_on();
    assert!(matches!(scene.sends()[..], [Change::MoveLease { .. }]));
    let unfenced = Scene { says: Some(Vote::Unhealthy), ..ordered(&[lease()], false) };
    assert!(unfenced.held().contains("the plan allows no failover"), "nothing is fenced yet");
    scene.goes_on();
    scene.says = Some(Vote::Unhealthy);
    scene.owner = NOBODY;
    let next = scene.next();
    assert_eq!(next.stuck(), None, "{next:?}");
}
