//! Groups, services, instances, concurrency, mappings.

use leeward_core::ids::{Side, Text};
use leeward_core::world::{Change, ChangeErrorKind, ConcurrencyView, GroupView, Question, View};

use super::super::RegionState;
use super::Scene;

const GROUP: &str = "orders-web-west";

fn minimum(minimum: u32) -> Change {
    Change::SetMinimum { region: "us-west-2".into(), group: GROUP.into(), minimum }
}

fn group(scene: &Scene) -> GroupView {
    let question = Question::Group { region: "us-west-2".into(), group: GROUP.into() };
    match scene.see(&question) {
        View::Group(Some(view)) => view,
        other => panic!("{other:?}"),
    }
}

fn healthy(scene: &Scene) -> u32 {
    let target_group = scene.plan.capacity.iter().find_map(|c| match c {
        leeward_core::plan::Capacity::AutoScalingGroup(c) => c.target_group.clone(),
        _ => None,
    });
    let question = Question::Targets {
        region: "us-west-2".into(),
        target_group: target_group.unwrap().standby,
    };
    match scene.see(&question) {
        View::Targets(Some(view)) => view.healthy,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_raised_minimum_raises_the_desired_capacity_and_the_instances_follow() {
    let scene = Scene::of("orders");
    scene.change(&minimum(4)).unwrap();
    let view = group(&scene);
    assert_eq!((view.minimum, view.desired, view.in_service), (4, 4, 1));
    scene.pass(41);
    assert_eq!(group(&scene).in_service, 4);
    assert_eq!(healthy(&scene), 1, "in service is not yet healthy");
    scene.pass(10);
    assert_eq!(healthy(&scene), 4);
    assert_eq!(scene.refusal(&minimum(400)).1, "ValidationError");
}

#[test]
fn a_scaling_policy_is_not_undone_by_a_lower_minimum() {
    let scene = Scene::of("orders");
    scene.world.scaling_policy(&"us-west-2".into(), GROUP, 6);
    scene.change(&minimum(2)).unwrap();
    assert_eq!(group(&scene).desired, 6);
    scene.world.scaling_policy(&"us-west-2".into(), GROUP, 0);
    assert_eq!(group(&scene).desired, 2, "never under the minimum");
}

#[test]
fn a_shortage_leaves_the_group_short() {
    let scene = Scene::of("orders");
    scene.world.set_habits(|habits| habits.launch_limit = Some(3));
    scene.change(&minimum(5)).unwrap();
    scene.pass(600);
    let view = group(&scene);
    assert_eq!((view.desired, view.in_service), (5, 3));
}

#[test]
fn nothing_is_launched_in_a_dead_region_until_it_is_back() {
    let scene = Scene::of("orders");
    scene.change(&minimum(4)).unwrap();
    scene.world.set_region(&scene.region(Side::Standby), RegionState::Dead);
    scene.pass(600);
    scene.world.set_region(&scene.region(Side::Standby), RegionState::Well);
    scene.pass(1);
    assert_eq!(group(&scene).in_service, 4);
}

#[test]
fn instances_pass_their_states_and_one_unknown_stops_all() {
    let scene = Scene::of("orders");
    let ids = vec![Text::from("i-0f9e8d7c6b5a40001"), "i-0f9e8d7c6b5a40002".into()];
    let question = Question::Instances { region: "us-west-2".into(), ids: ids.clone() };
    let states = || match scene.see(&question) {
        View::Instances(states) => states,
        other => panic!("{other:?}"),
    };
    let all = |name: &str| {
        states().iter().all(|(_, view)| view.as_ref().is_some_and(|v| v.state == name))
    };
    assert!(all("stopped"));
    let mut unknown = ids.clone();
    unknown.push("i-0".into());
    let start =
        |ids: &[Text]| Change::StartInstances { region: "us-west-2".into(), ids: ids.to_vec() };
    assert_eq!(scene.refusal(&start(&unknown)).1, "InvalidInstanceID.NotFound");
    assert!(all("stopped"));
    scene.change(&start(&ids)).unwrap();
    assert!(all("pending"));
    scene.pass(20);
    assert!(all("running"));
    let stop = Change::StopInstances { region: "us-west-2".into(), ids: ids.clone() };
    scene.change(&stop).unwrap();
    assert_eq!(scene.refusal(&start(&ids)).1, "IncorrectInstanceState");
    scene.pass(20);
    assert!(all("stopped"));
}

#[test]
fn services_concurrency_and_mappings_follow_their_changes() {
    let scene = Scene::of("catalog");
    let region = scene.region(Side::Standby);
    let service = Question::EcsService {
        region: region.clone(),
        cluster: "catalog".into(),
        service: "api".into(),
    };
    let running = || match scene.see(&service) {
        View::Running(Some(view)) => view.running,
        other => panic!("{other:?}"),
    };
    assert_eq!(running(), 0, "a pilot light");
    let count = Change::SetDesiredCount {
        region: region.clone(),
        cluster: "catalog".into(),
        service: "api".into(),
        count: 4,
    };
    scene.change(&count).unwrap();
    scene.pass(20);
    assert_eq!(running(), 4);

    let function = "catalog-search".to_owned();
    let asked = Question::Concurrency { region: region.clone(), function: function.clone().into() };
    assert_eq!(scene.see(&asked), View::Concurrency(Some(ConcurrencyView { reserved: Some(0) })));
    let reserve = Change::ReserveConcurrency {
        region: region.clone(),
        function: function.into(),
        reserved: Some(50),
    };
    scene.change(&reserve).unwrap();
    assert_eq!(scene.see(&asked), View::Concurrency(Some(ConcurrencyView { reserved: Some(50) })));

    let uuid = "7b9d4e22-1c5d-4f7a-8e14-5a6c3d2e9b02".to_owned();
    let asked = Question::EventSource { region: region.clone(), uuid: uuid.clone().into() };
    let enable = Change::EnableEventSource { region, uuid: uuid.into(), enabled: true };
    scene.change(&enable).unwrap();
    assert_eq!(scene.see(&asked), View::Mapping(Some("Enabling".into())));
    assert_eq!(scene.refusal(&enable).1, "ResourceInUseException");
    scene.pass(20);
    assert_eq!(scene.see(&asked), View::Mapping(Some("Enabled".into())));
}

#[test]
fn one_instance_without_room_starts_none_of_its_request() {
    let scene = Scene::of("orders");
    let region = scene.region(Side::Standby);
    let ids = vec![Text::from("i-0f9e8d7c6b5a40001"), "i-0f9e8d7c6b5a40002".into()];
    scene.world.set_room(&region, &ids[0], false);
    let start = |ids: &[Text]| Change::StartInstances { region: region.clone(), ids: ids.to_vec() };
    let refusal = (ChangeErrorKind::Throttled, "InsufficientInstanceCapacity".to_owned());
    assert_eq!(scene.refusal(&start(&ids)), refusal);
    scene.change(&start(&ids[1..])).unwrap();
    scene.world.set_falls_back(&region, &ids[1], Some("Client.InternalError"));
    scene.world.terminate(&region, &ids[0]);
    scene.pass(20);
    let asked = [ids, vec!["i-unknown".into()]].concat();
    let question = Question::Instances { region, ids: asked };
    let View::Instances(seen) = scene.see(&question) else { panic!() };
    let words: Vec<String> =
        seen.iter().map(|(_, v)| v.as_ref().map_or(String::new(), ToString::to_string)).collect();
    assert!(words[0].starts_with("terminated (Client.UserInitiatedShutdown"), "{words:?}");
    assert_eq!(words[1..], ["stopped (Client.InternalError)", ""]);
}

#[test]
fn a_groups_weights_count_in_its_sizes_and_not_in_its_targets() {
    let scene = Scene::of("orders");
    scene.world.set_weight(&"us-west-2".into(), GROUP, 2);
    scene.change(&minimum(5)).unwrap();
    scene.pass(60);
    let view = group(&scene);
    assert_eq!((view.desired, view.in_service, view.serving, view.instances), (5, 6, 3, 3));
    assert_eq!(healthy(&scene), 3);
}

#[test]
fn target_tracking_takes_a_raised_service_in_again() {
    let scene = Scene::of("catalog");
    let region = scene.region(Side::Standby);
    scene.world.set_scale_in(&region, "catalog", "api", 1, leeward_core::time::Span::seconds(5));
    let count = Change::SetDesiredCount {
        region: region.clone(),
        cluster: "catalog".into(),
        service: "api".into(),
        count: 4,
    };
    let service = Question::EcsService { region, cluster: "catalog".into(), service: "api".into() };
    let desired = || match scene.see(&service) {
        View::Running(Some(view)) => view.desired,
        other => panic!("{other:?}"),
    };
    for (after_a_while, times) in [(0, "once"), (4, "and no more")] {
        scene.change(&count).unwrap();
        assert_eq!(desired(), 4);
        scene.pass(10);
        assert_eq!(desired(), after_a_while, "{times}");
    }
}
