//! Aurora global clusters, and the fences in front of them.

use leeward_core::ids::{Side, Text};
use leeward_core::plan::{Database, Fence};
use leeward_core::world::{Change, GlobalView, Question, View};

use super::super::{Happened, RegionState};
use super::Scene;

fn cluster(scene: &Scene, side: Side) -> Text {
    let Database::AuroraGlobal(d) = &scene.plan.databases[0] else { panic!("no Aurora") };
    d.cluster.of(side).clone()
}

fn failover(scene: &Scene, side: Side) -> Change {
    Change::FailoverGlobal {
        region: scene.region(side),
        global_cluster: "catalog".into(),
        target: cluster(scene, side),
    }
}

fn switchover(scene: &Scene, side: Side) -> Change {
    Change::SwitchoverGlobal {
        region: scene.region(side),
        global_cluster: "catalog".into(),
        target: cluster(scene, side),
    }
}

fn global(scene: &Scene) -> GlobalView {
    let question =
        Question::Global { region: scene.region(Side::Standby), global_cluster: "catalog".into() };
    match scene.see(&question) {
        View::Global(Some(view)) => view,
        other => panic!("{other:?}"),
    }
}

fn writer(scene: &Scene) -> Text {
    global(scene).members.into_iter().find(|m| m.writer).unwrap().arn
}

#[test]
fn a_failover_works_without_the_old_region_and_does_not_fence_it() {
    let scene = Scene::of("catalog");
    scene.world.set_region(&scene.region(Side::Primary), RegionState::Partitioned);
    scene.change(&failover(&scene, Side::Standby)).unwrap();
    assert_eq!(global(&scene).failover.as_deref(), Some("failing-over"));
    let refusal = scene.refusal(&failover(&scene, Side::Standby));
    assert_eq!(refusal.1, "InvalidGlobalClusterStateFault");
    scene.pass(60);
    let view = global(&scene);
    assert_eq!((view.status.as_str(), view.failover), ("available", None));
    assert_eq!(writer(&scene), cluster(&scene, Side::Standby));
    assert!(scene.accepts(Side::Standby));
    assert!(scene.accepts(Side::Primary), "cut off, it writes on: two writers");
}

#[test]
fn a_failover_in_reach_of_the_old_region_fences_it() {
    let scene = Scene::of("catalog");
    scene.change(&failover(&scene, Side::Standby)).unwrap();
    scene.pass(60);
    assert!(scene.accepts(Side::Standby));
    assert!(!scene.accepts(Side::Primary));
}

#[test]
fn a_switchover_needs_both_regions_and_loses_nothing() {
    let scene = Scene::of("catalog");
    scene.world.set_region(&scene.region(Side::Primary), RegionState::Dead);
    let refusal = scene.refusal(&switchover(&scene, Side::Standby));
    assert_eq!(refusal.1, "InvalidGlobalClusterStateFault");
    scene.world.set_region(&scene.region(Side::Primary), RegionState::Well);
    scene.change(&switchover(&scene, Side::Standby)).unwrap();
    assert!(!scene.accepts(Side::Primary), "the old writer stops first");
    scene.pass(60);
    assert!(scene.accepts(Side::Standby));
    let ended = scene.world.happenings().into_iter().rev().find_map(|h| {
        matches!(h.what, Happened::AcceptEnded { side: Side::Primary, .. }).then_some(h.at)
    });
    let holds = scene.world.happenings().into_iter().find_map(|h| match h.what {
        Happened::Promoted { holds_until, .. } => Some(holds_until),
        _ => None,
    });
    assert!(holds.unwrap() >= ended.unwrap());
    scene.change(&switchover(&scene, Side::Primary)).unwrap();
    scene.pass(60);
    assert!(scene.accepts(Side::Primary) && !scene.accepts(Side::Standby), "and back again");
}

#[test]
fn stopped_writers_hold_sessions_until_they_are_gone() {
    let scene = Scene::of("catalog");
    let stop = |maximum: u32, desired: u32| Change::BoundGroup {
        region: scene.region(Side::Primary),
        group: "catalog-writers".into(),
        minimum: 0,
        maximum,
        desired,
        suspend: maximum == 0,
    };
    scene.change(&stop(0, 0)).unwrap();
    scene.pass(10);
    assert!(scene.accepts(Side::Primary), "an instance that is being terminated works");
    scene.pass(20);
    assert!(!scene.accepts(Side::Primary));
    scene.change(&stop(4, 2)).unwrap();
    scene.pass(60);
    assert!(scene.accepts(Side::Primary));
}

#[test]
fn sessions_survive_a_revoked_rule_for_a_while() {
    let scene = Scene::of("catalog");
    let rules = scene.plan.databases[0].fences().iter().find_map(|fence| match fence {
        Fence::Isolate(isolate) => Some(isolate.security_group.primary.clone()),
        _ => None,
    });
    let (region, rules) = (scene.region(Side::Primary), rules.unwrap());
    scene.change(&Change::RevokeIngress { region: region.clone(), rules: rules.clone() }).unwrap();
    scene.pass(60);
    assert!(scene.accepts(Side::Primary), "established connections live on");
    scene.pass(60);
    assert!(!scene.accepts(Side::Primary));
    let open = Change::AuthorizeIngress { region, rules, descriptions: Default::default() };
    scene.change(&open).unwrap();
    assert!(scene.accepts(Side::Primary));
    assert_eq!(scene.refusal(&open).1, "InvalidPermission.Duplicate");
}
