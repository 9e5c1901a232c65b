//! RDS: promotion, heartbeat, what is lost.

use leeward_core::ids::{Side, Text};
use leeward_core::plan::Database;
use leeward_core::time::{Span, since};
use leeward_core::world::{Change, ChangeErrorKind, Question, RdsView, SqlView, View};

use super::super::{Call, Fate, Happened, Promotion, RegionState};
use super::Scene;

const REPLICA: &str = "orders-db-west";

fn promote() -> Change {
    Change::PromoteReplica { region: "us-west-2".into(), instance: REPLICA.into() }
}

fn rds(scene: &Scene) -> RdsView {
    let question = Question::Rds { region: "us-west-2".into(), instance: REPLICA.into() };
    match scene.see(&question) {
        View::Rds(Some(view)) => view,
        other => panic!("{other:?}"),
    }
}

fn sql_question(scene: &Scene, side: Side) -> Question {
    let probe = scene.plan.databases.iter().find_map(Database::probe).unwrap();
    let at = probe.side.of(side);
    Question::Sql {
        region: at.region.clone(),
        function: at.function.clone(),
        host: at.host.clone(),
        port: at.port,
        database: probe.database.clone(),
        user: probe.user.clone(),
        sessions_of: Some("orders_app".into()),
    }
}

fn sql(scene: &Scene, side: Side) -> SqlView {
    match scene.see(&sql_question(scene, side)) {
        View::Sql(view) => view,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_promotion_passes_its_states_and_is_writer_before_it_is_available() {
    let scene = Scene::of("orders");
    assert!(sql(&scene, Side::Standby).in_recovery);
    scene.change(&promote()).unwrap();
    assert_eq!(rds(&scene).status, "available", "it stays so for a moment");
    let mut seen = Vec::new();
    for _ in 0..80 {
        let (view, engine) = (rds(&scene), sql(&scene, Side::Standby));
        let now = (view.status, view.replica_source.is_some(), engine.writable);
        if seen.last() != Some(&now) {
            seen.push(now);
        }
        scene.pass(1);
    }
    let state = |status: &str, source, writable| (Text::from(status), source, writable);
    assert_eq!(
        seen,
        [
            state("available", true, false),
            state("modifying", true, false),
            state("modifying", true, true),
            state("backing-up", false, true),
            state("available", false, true),
        ]
    );
}

#[test]
fn a_second_promotion_changes_nothing_and_a_later_one_is_refused() {
    let scene = Scene::of("orders");
    scene.change(&promote()).unwrap();
    scene.change(&promote()).unwrap();
    scene.pass(5);
    let refusal = scene.refusal(&promote());
    assert_eq!(refusal, (ChangeErrorKind::NotInState, "InvalidDBInstanceState".to_owned()));
    scene.pass(60);
    let refusal = scene.refusal(&promote());
    assert_eq!(refusal, (ChangeErrorKind::NotInState, "InvalidDBInstanceState".to_owned()));
    assert_eq!(scene.happened(|h| matches!(h, Happened::Promoted { .. })), 1);
}

#[test]
fn a_replica_that_backs_up_is_not_promoted() {
    let scene = Scene::of("orders");
    scene.world.set_backing_up(&scene.database(), Side::Standby, true);
    assert_eq!(scene.refusal(&promote()).1, "InvalidDBInstanceState");
    scene.world.set_backing_up(&scene.database(), Side::Standby, false);
    scene.change(&promote()).unwrap();
}

#[test]
fn a_promotion_can_stall_and_fail() {
    for (promotion, status) in [(Promotion::Stalls, "modifying"), (Promotion::Fails, "available")] {
        let scene = Scene::of("orders");
        scene.world.set_habits(|habits| habits.promotion = promotion);
        scene.change(&promote()).unwrap();
        scene.pass(3600);
        let view = rds(&scene);
        assert_eq!(view.status, status, "{promotion:?}");
        assert!(view.replica_source.is_some(), "{promotion:?}");
        assert!(!sql(&scene, Side::Standby).writable, "{promotion:?}");
    }
}

#[test]
fn a_promotion_request_that_lands_late_promotes_late() {
    let scene = Scene::of("orders");
    let promotes = |call: &Call<'_>| call.changes("rds:PromoteReadReplica");
    scene.world.fail_next(promotes, Fate::Late(Span::minutes(10)));
    assert_eq!(scene.change(&promote()).unwrap_err().kind, ChangeErrorKind::Lost);
    scene.pass(590);
    assert!(rds(&scene).replica_source.is_some());
    scene.pass(120);
    assert!(rds(&scene).replica_source.is_none());
}

#[test]
fn a_promotion_request_older_than_its_life_does_nothing() {
    let scene = Scene::of("orders");
    let promotes = |call: &Call<'_>| call.changes("rds:PromoteReadReplica");
    scene.world.fail_next(promotes, Fate::Late(Span::minutes(16)));
    assert_eq!(scene.change(&promote()).unwrap_err().kind, ChangeErrorKind::Lost);
    scene.pass(3600);
    assert!(rds(&scene).replica_source.is_some());
}

#[test]
fn the_heartbeat_on_the_replica_is_behind_by_the_lag_and_stands_when_the_link_breaks() {
    let scene = Scene::of("orders");
    scene.world.set_habits(|habits| habits.lag = Span::seconds(7));
    scene.pass(600);
    let behind = |scene: &Scene| {
        let heartbeat = sql(scene, Side::Standby).heartbeat.unwrap();
        since(heartbeat.by(&scene.region(Side::Primary)).unwrap(), scene.clock.now()).as_millis()
    };
    assert!((7000..=8000).contains(&behind(&scene)), "{}", behind(&scene));
    scene.world.break_replication(&scene.database(), true);
    scene.pass(60);
    assert!((67_000..=68_000).contains(&behind(&scene)), "{}", behind(&scene));
    scene.world.break_replication(&scene.database(), false);
    assert!((7000..=8000).contains(&behind(&scene)), "{}", behind(&scene));
}

#[test]
fn the_heartbeat_names_its_writer_until_the_next_one_has_written_and_that_was_replicated() {
    // Without a lease, writers write into whatever takes their writes.
    let scene = Scene::of("catalog");
    let (primary, standby) = (scene.region(Side::Primary), scene.region(Side::Standby));
    let shows = |side: Side| {
        let heartbeat = sql(&scene, side).heartbeat.unwrap();
        let writers = [&primary, &standby].into_iter().filter(|r| heartbeat.by(r).is_ok());
        writers.map(|region| region.to_string()).collect::<Vec<_>>()
    };
    scene.pass(60);
    assert_eq!(shows(Side::Standby), [primary.as_str()], "as it was replicated");
    let Some(Database::AuroraGlobal(d)) = scene.plan.databases.first() else {
        panic!("another kind")
    };
    let switch = Change::SwitchoverGlobal {
        region: standby.clone(),
        global_cluster: d.global_cluster.clone(),
        target: d.cluster.standby.clone(),
    };
    scene.change(&switch).unwrap();
    scene.pass(600);
    assert!(sql(&scene, Side::Standby).writable);
    assert_eq!(shows(Side::Standby), [standby.as_str()], "its own writers have taken over");
    assert_eq!(shows(Side::Primary), [standby.as_str()]);
    scene.world.set_habits(|habits| habits.lag = Span::minutes(60));
    assert_eq!(shows(Side::Primary), [primary.as_str()], "an hour behind, the writer before");
}

#[test]
fn what_had_not_reached_the_replica_is_lost_and_known_to_be() {
    let scene = Scene::of("orders");
    scene.world.set_habits(|habits| habits.lag = Span::seconds(3));
    scene.pass(60);
    let cut = scene.clock.now();
    scene.world.set_region(&scene.region(Side::Primary), RegionState::Dead);
    scene.pass(60);
    scene.change(&promote()).unwrap();
    scene.pass(60);
    let log = scene.world.happenings();
    let holds_until = log.iter().find_map(|h| match &h.what {
        Happened::Promoted { holds_until, .. } => Some(*holds_until),
        _ => None,
    });
    assert_eq!(since(holds_until.unwrap(), cut), Span::seconds(3));
}

#[test]
fn a_silent_region_cannot_be_asked() {
    let scene = Scene::of("orders");
    assert!(sql(&scene, Side::Primary).writable);
    assert_eq!(sql(&scene, Side::Primary).sessions, Some(1));
    scene.world.set_region(&scene.region(Side::Primary), RegionState::Dead);
    let before = scene.clock.now();
    assert!(scene.blind(&sql_question(&scene, Side::Primary)));
    assert_eq!(since(before, scene.clock.now()), Span::seconds(2), "silence costs its time-out");
}

#[test]
fn an_old_primary_that_comes_back_is_a_writer_still_until_it_is_rebuilt() {
    let scene = Scene::of("orders");
    scene.world.set_region(&scene.region(Side::Primary), RegionState::Dead);
    scene.pass(60);
    scene.change(&promote()).unwrap();
    scene.pass(60);
    scene.world.set_region(&scene.region(Side::Primary), RegionState::Well);
    assert!(sql(&scene, Side::Primary).writable, "two engines take writes: only a fence helps");
    scene.world.rebuild_replica(&scene.database(), Side::Primary);
    assert!(sql(&scene, Side::Primary).in_recovery);
    let question = Question::Rds { region: "us-east-1".into(), instance: "orders-db".into() };
    let View::Rds(Some(view)) = scene.see(&question) else { panic!("no instance") };
    let source = format!("arn:aws:rds:us-west-2:123456789012:db:{REPLICA}");
    assert_eq!(view.replica_source.as_deref(), Some(source.as_str()));
}
