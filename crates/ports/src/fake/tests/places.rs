//! Zones, single instances, metrics and health checks.

use leeward_core::ids::{Side, Text};
use leeward_core::plan::Capacity;
use leeward_core::world::{
    AlarmState, MemberHealth, MembersView, Question, RolloutState, SeriesView, Tally, View,
};

use super::super::{RegionState, Sight};
use super::Scene;

const EAST: &str = "us-east-1";

fn members(scene: &Scene, question: &Question) -> MembersView {
    match scene.see(question) {
        View::Members(Some(view)) => view,
        other => panic!("{other:?}"),
    }
}

fn group() -> Question {
    Question::GroupMembers { region: EAST.into(), group: "orders-web".into() }
}

fn targets(scene: &Scene) -> Question {
    let target_group = scene.plan.capacity.iter().find_map(|c| match c {
        Capacity::AutoScalingGroup(c) => c.target_group.clone(),
        _ => None,
    });
    Question::TargetHealth { region: EAST.into(), target_group: target_group.unwrap().primary }
}

fn unhealthy(view: &MembersView) -> Vec<(Option<&str>, Tally)> {
    view.by_zone().into_iter().filter(|(_, tally)| tally.unhealthy > 0).collect()
}

#[test]
fn a_zone_that_fails_takes_its_instances_and_no_others() {
    let scene = Scene::of("orders");
    let before = members(&scene, &group());
    assert_eq!(before.tally().unhealthy, 0);
    assert_eq!(before.by_zone().len(), 3, "spread over three zones");
    scene.world.set_zone("us-east-1b", true);

    let group_view = members(&scene, &group());
    let ill = unhealthy(&group_view);
    assert_eq!(ill.len(), 1);
    assert_eq!((ill[0].0, ill[0].1.healthy), (Some("us-east-1b"), 0));
    assert!(scene.world.served_by().is_some(), "the other zones serve on");

    let ids: Vec<Text> = group_view.members.iter().map(|m| m.id.clone()).collect();
    let checks =
        members(&scene, &Question::InstanceStatus { region: EAST.into(), ids: ids.clone() });
    assert_eq!(unhealthy(&checks), ill, "status checks say the same");
    assert!(checks.members.iter().any(|m| m.state.contains("system impaired")));

    let targets = members(&scene, &targets(&scene));
    assert!(targets.members.iter().all(|m| m.zone.is_none()));
    assert_eq!(unhealthy(&targets.with_zones_of(&group_view)), ill, "and so do targets");

    let sizes = Question::Group { region: EAST.into(), group: "orders-web".into() };
    match scene.see(&sizes) {
        View::Group(Some(view)) => {
            assert_eq!(view.in_service + ill[0].1.unhealthy, view.instances);
        }
        other => panic!("{other:?}"),
    }
    scene.world.set_zone("us-east-1b", false);
    assert_eq!(members(&scene, &group()), before);
}

#[test]
fn nobody_is_served_when_every_zone_is_gone_although_the_region_answers() {
    let scene = Scene::of("orders");
    for zone in ["us-east-1a", "us-east-1b", "us-east-1c"] {
        scene.world.set_zone(zone, true);
    }
    assert_eq!(scene.world.served_by(), None);
    assert_eq!(members(&scene, &group()).tally().healthy, 0);
    scene.world.set_zone("us-east-1a", false);
    assert_eq!(scene.world.served_by(), Some(Side::Primary));
}

#[test]
fn one_impaired_instance_is_told_by_every_source() {
    let scene = Scene::of("orders");
    scene.world.set_impaired(&EAST.into(), "i-orders-web-0", true);
    for question in [group(), targets(&scene)] {
        let view = members(&scene, &question);
        let ill: Vec<_> =
            view.members.iter().filter(|m| m.health == MemberHealth::Unhealthy).collect();
        assert_eq!(ill.len(), 1, "{question}");
        assert_eq!(ill[0].id, "i-orders-web-0");
    }
    let unknown = Question::InstanceStatus { region: EAST.into(), ids: vec!["i-none".into()] };
    assert!(scene.blind(&unknown));
}

#[test]
fn tasks_of_a_dead_zone_are_missed_and_a_failed_deployment_says_so() {
    let scene = Scene::of("catalog");
    let (cluster, service) = scene
        .plan
        .capacity
        .iter()
        .find_map(|c| match c {
            Capacity::EcsService(c) => Some(c.service.primary.clone()),
            _ => None,
        })
        .map(|s| (s.cluster, s.name))
        .unwrap();
    let region = scene.region(Side::Primary);
    let question = Question::ServiceHealth {
        region: region.clone(),
        cluster: cluster.clone(),
        service: service.clone(),
    };
    let see = || match scene.see(&question) {
        View::Service(Some(view)) => view,
        other => panic!("{other:?}"),
    };
    assert_eq!((see().pending, see().rollouts[0].state), (0, Some(RolloutState::Completed)));
    scene.world.set_zone(&format!("{region}a"), true);
    let less = see();
    assert!(less.running < less.desired && less.pending > 0, "{less:?}");
    assert_eq!(less.rollouts[0].state, Some(RolloutState::InProgress));
    scene.world.set_rollout_failed(&region, &cluster, &service, true);
    assert_eq!(see().rollouts[0].state, Some(RolloutState::Failed));
}

fn errors(days_ago: u32) -> Question {
    Question::Series {
        region: EAST.into(),
        namespace: "Orders".into(),
        metric: "ErrorRate".into(),
        dimensions: Vec::new(),
        statistic: "Average".into(),
        period_seconds: 60,
        minutes: 5,
        days_ago,
    }
}

fn values(scene: &Scene, days_ago: u32) -> Vec<f64> {
    match scene.see(&errors(days_ago)) {
        View::Series(SeriesView { samples }) => samples.into_iter().map(|(_, v)| v).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_metric_follows_its_levels_and_was_always_at_the_first() {
    let scene = Scene::of("orders");
    assert_eq!(values(&scene, 0), Vec::<f64>::new(), "never put: no data and no error");
    scene.world.set_metric(&errors(0), Some(1.0));
    assert_eq!(values(&scene, 0), [1.0; 5]);
    scene.pass(120);
    scene.world.set_metric(&errors(0), Some(20.0));
    scene.pass(120);
    assert_eq!(values(&scene, 0), [1.0, 1.0, 1.0, 20.0, 20.0]);
    assert_eq!(values(&scene, 7), [1.0; 5], "this hour a week ago");
    scene.world.set_metric(&errors(0), None);
    scene.pass(300);
    assert_eq!(values(&scene, 0), Vec::<f64>::new(), "nobody puts it any more");
}

#[test]
fn a_health_check_sees_what_users_see_and_its_metric_is_in_us_east_1() {
    let scene = Scene::of("orders");
    let question = Question::Series {
        region: EAST.into(),
        namespace: "AWS/Route53".into(),
        metric: "HealthCheckStatus".into(),
        dimensions: vec![("HealthCheckId".into(), "hc-1".into())],
        statistic: "Minimum".into(),
        period_seconds: 60,
        minutes: 3,
        days_ago: 0,
    };
    let status = || match scene.see(&question) {
        View::Series(view) => view.samples.iter().map(|(_, level)| *level).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    assert_eq!(status(), [0.0; 0], "there is none of that id");
    scene.world.set_health_check("hc-1", Sight::Clear);
    assert_eq!(status(), [1.0; 3]);
    scene.world.set_health_check("hc-1", Sight::Set(AlarmState::Alarm));
    assert_eq!(status(), [0.0; 3]);
    scene.world.set_region(&EAST.into(), RegionState::Dead);
    assert!(scene.blind(&question), "the metric is where the outage is");
    assert!(scene.blind(&group()) && scene.blind(&errors(0)));
}

#[test]
fn a_replica_whose_source_is_cut_off_says_so() {
    let scene = Scene::of("orders");
    let instance = match &scene.plan.databases[0] {
        leeward_core::plan::Database::RdsReplica(d) => d.instance.clone(),
        other => panic!("{other:?}"),
    };
    let link = |side: Side| {
        let question =
            Question::Rds { region: scene.region(side), instance: instance.of(side).clone() };
        match scene.see(&question) {
            View::Rds(Some(view)) => view.replication.map(|r| r.normal),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!((link(Side::Primary), link(Side::Standby)), (None, Some(true)));
    scene.world.set_region(&EAST.into(), RegionState::Partitioned);
    assert_eq!(link(Side::Standby), Some(false));
}
