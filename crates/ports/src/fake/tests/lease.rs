//! The writer lease and those who hold it.

use leeward_core::ids::Side;
use leeward_core::plan::Database;
use leeward_core::table::{NOBODY, lease_key};
use leeward_core::time::{Span, since};
use leeward_core::world::{Change, ChangeErrorKind, LeaseView, Question, View};

use super::super::{Call, Fate, Happened, RegionState};
use super::Scene;

fn question(scene: &Scene) -> Question {
    let lease = scene.plan.databases.iter().find_map(Database::lease).unwrap();
    Question::Lease {
        region: lease.region.clone(),
        table: lease.table.clone(),
        key: lease_key(&scene.plan.workload).into(),
    }
}

fn lease(scene: &Scene) -> LeaseView {
    match scene.see(&question(scene)) {
        View::Lease(Some(view)) => view,
        other => panic!("{other:?}"),
    }
}

fn taken(scene: &Scene, to: &str) -> Change {
    let view = lease(scene);
    let Question::Lease { region, table, key } = question(scene) else { unreachable!() };
    Change::MoveLease {
        region,
        table,
        key,
        from_owner: view.owner,
        from_epoch: view.epoch,
        to_owner: to.into(),
        effect: "orders/1/fence/lease/take".into(),
    }
}

#[test]
fn the_holder_renews_without_change() {
    let scene = Scene::of("orders");
    let before = lease(&scene);
    assert_eq!((before.owner.as_str(), before.epoch), ("us-east-1", 1));
    scene.pass(3600);
    let later = lease(&scene);
    assert_eq!((later.owner.as_str(), later.epoch), ("us-east-1", 1));
    let age = since(later.renewed_at.unwrap(), scene.clock.now());
    assert!(age <= Span::seconds(5), "renewed every third of 15 s, last {age} ago");
    assert!(scene.accepts(Side::Primary));
}

#[test]
fn a_move_needs_owner_and_epoch_and_raises_the_epoch() {
    let scene = Scene::of("orders");
    let take = taken(&scene, NOBODY);
    scene.change(&take).unwrap();
    let after = lease(&scene);
    assert_eq!((after.owner.as_str(), after.epoch), (NOBODY, 2));
    assert_eq!(after.effect, "orders/1/fence/lease/take");
    let (kind, code) = scene.refusal(&take);
    assert_eq!(kind, ChangeErrorKind::Conflict);
    assert_eq!(code, "ConditionalCheckFailedException");
}

#[test]
fn a_holder_in_reach_stops_at_its_next_renewal() {
    let scene = Scene::of("orders");
    scene.change(&taken(&scene, NOBODY)).unwrap();
    scene.pass(5);
    assert!(!scene.accepts(Side::Primary));
}

#[test]
fn a_holder_out_of_reach_stops_when_its_time_is_over_and_not_later() {
    let scene = Scene::of("orders");
    scene.world.set_region(&scene.region(Side::Primary), RegionState::Partitioned);
    scene.change(&taken(&scene, NOBODY)).unwrap();
    scene.pass(9);
    assert!(scene.accepts(Side::Primary), "its last renewal is at most 5 s older than the cut");
    scene.pass(7);
    assert!(!scene.accepts(Side::Primary));
}

#[test]
fn a_slow_clock_and_a_long_statement_are_added() {
    let scene = Scene::of("orders");
    scene.world.set_habits(|habits| {
        habits.writers.primary.slow = Span::seconds(1);
        habits.writers.primary.statement = Span::seconds(5);
    });
    scene.world.set_region(&scene.region(Side::Primary), RegionState::Partitioned);
    scene.pass(20);
    assert!(scene.accepts(Side::Primary), "15 s and 1 s and 5 s after its last renewal");
    scene.pass(2);
    assert!(!scene.accepts(Side::Primary));
}

#[test]
fn a_writer_that_ignores_the_lease_writes_on() {
    let scene = Scene::of("orders");
    scene.world.set_habits(|habits| habits.writers.primary.honours_lease = false);
    scene.change(&taken(&scene, NOBODY)).unwrap();
    scene.pass(600);
    assert!(scene.accepts(Side::Primary));
}

#[test]
fn a_lease_that_comes_back_is_found_at_the_next_renewal() {
    let scene = Scene::of("orders");
    scene.change(&taken(&scene, NOBODY)).unwrap();
    scene.pass(60);
    scene.change(&taken(&scene, "us-east-1")).unwrap();
    scene.pass(5);
    assert!(scene.accepts(Side::Primary));
    assert_eq!(lease(&scene).epoch, 3);
}

#[test]
fn a_table_that_is_away_stops_the_writer_and_lets_it_go_on_afterwards() {
    let scene = Scene::of("orders");
    scene.world.set_lease_away(true);
    assert!(scene.blind(&question(&scene)));
    scene.pass(16);
    assert!(!scene.accepts(Side::Primary));
    scene.world.set_lease_away(false);
    scene.pass(5);
    assert!(scene.accepts(Side::Primary));
}

#[test]
fn a_late_move_meets_the_epoch_that_stands_by_then() {
    let scene = Scene::of("orders");
    let take = taken(&scene, NOBODY);
    let moves = |call: &Call<'_>| call.changes("dynamodb:UpdateItem");
    scene.world.fail_next(moves, Fate::Late(Span::minutes(2)));
    assert_eq!(scene.change(&take).unwrap_err().kind, ChangeErrorKind::Lost);
    scene.change(&take).unwrap();
    scene.pass(180);
    assert_eq!(lease(&scene).epoch, 2, "the late one was refused");
    assert_eq!(scene.happened(|h| matches!(h, Happened::LeaseMoved { .. })), 1);
    let refused = scene.happened(|h| matches!(h, Happened::Rejected { .. }));
    assert_eq!(refused, 1);
}
