//! Regions, and the fate of single calls.

use leeward_core::ids::Side;
use leeward_core::time::{Span, since};
use leeward_core::world::{AlarmState, Change, ChangeErrorKind, Question, View};

use super::super::{Call, Fate, Happened, RegionState, Sight};
use super::Scene;

fn minimum(minimum: u32) -> Change {
    Change::SetMinimum { region: "us-west-2".into(), group: "orders-web-west".into(), minimum }
}

fn group() -> Question {
    Question::Group { region: "us-west-2".into(), group: "orders-web-west".into() }
}

fn stands(scene: &Scene) -> u32 {
    match scene.world.peek(&group()) {
        Some(View::Group(Some(view))) => view.minimum,
        other => panic!("{other:?}"),
    }
}

fn sizes(call: &Call<'_>) -> bool {
    call.changes("autoscaling:UpdateAutoScalingGroup")
}

#[test]
fn each_fate_has_its_answer_and_its_effect() {
    for (fate, kind, done) in [
        (Fate::Well, None, true),
        (Fate::Slow(Span::seconds(5)), None, true),
        (Fate::Throttled, Some(ChangeErrorKind::Throttled), false),
        (Fate::Refused("AccessDenied".to_owned()), Some(ChangeErrorKind::Refused), false),
        (Fate::LostBefore, Some(ChangeErrorKind::Lost), false),
        (Fate::LostAfter, Some(ChangeErrorKind::Lost), true),
        (Fate::Late(Span::minutes(1)), Some(ChangeErrorKind::Lost), false),
        (Fate::Kept, Some(ChangeErrorKind::Lost), false),
    ] {
        let scene = Scene::of("orders");
        scene.world.fail_next(sizes, fate.clone());
        let answer = scene.change(&minimum(3));
        assert_eq!(answer.err().map(|e| e.kind), kind, "{fate:?}");
        assert_eq!(stands(&scene) == 3, done, "{fate:?}");
        scene.pass(61);
        scene.world.land_kept();
        let arrives = done || matches!(fate, Fate::Late(_) | Fate::Kept);
        assert_eq!(stands(&scene) == 3, arrives, "{fate:?}, a minute later");
    }
}

#[test]
fn a_stale_look_shows_what_was_seen_before() {
    let scene = Scene::of("orders");
    let before = scene.see(&group());
    scene.change(&minimum(3)).unwrap();
    scene.world.fail_next(|call| matches!(call, Call::Look(_)), Fate::Stale);
    assert_eq!(scene.see(&group()), before);
    assert_ne!(scene.see(&group()), before);
}

#[test]
fn a_dead_region_drops_what_is_sent_and_a_hanging_one_keeps_it() {
    for (state, arrives) in [(RegionState::Dead, false), (RegionState::Hanging, true)] {
        let scene = Scene::of("orders");
        scene.world.set_region(&scene.region(Side::Standby), state);
        let before = scene.clock.now();
        let answer = scene.change(&minimum(3));
        assert_eq!(answer.unwrap_err().kind, ChangeErrorKind::Lost, "{state:?}");
        assert_eq!(since(before, scene.clock.now()), Span::seconds(2), "{state:?}");
        assert!(scene.blind(&group()), "{state:?}");
        scene.pass(60);
        scene.world.set_region(&scene.region(Side::Standby), RegionState::Well);
        scene.pass(1);
        assert_eq!(stands(&scene) == 3, arrives, "{state:?}");
    }
}

#[test]
fn a_partitioned_region_lives_on_until_its_lease_is_over_and_an_unseen_one_lives_on() {
    for (state, writes) in [(RegionState::Partitioned, false), (RegionState::Unseen, true)] {
        let scene = Scene::of("orders");
        scene.world.set_region(&scene.region(Side::Primary), state);
        assert!(scene.accepts(Side::Primary), "{state:?}");
        assert_eq!(scene.world.served_by(), None, "{state:?}: not as seen from outside");
        scene.pass(60);
        assert_eq!(scene.accepts(Side::Primary), writes, "{state:?}");
    }
}

#[test]
fn acceptance_is_on_record_from_beginning_to_end() {
    let scene = Scene::of("orders");
    scene.world.set_region(&scene.region(Side::Primary), RegionState::Dead);
    scene.pass(1);
    let began = scene.happened(|h| matches!(h, Happened::AcceptBegan { .. }));
    let ended = scene.happened(|h| matches!(h, Happened::AcceptEnded { .. }));
    assert_eq!((began, ended), (1, 1));
}

#[test]
fn a_voter_sees_what_a_test_lets_it_see() {
    let alarm = "orders-canary-eu";
    let question = Question::Alarm { region: "eu-west-1".into(), alarm: alarm.into() };
    for (sight, state) in [
        (Sight::Clear, AlarmState::Ok),
        (Sight::Outage, AlarmState::Alarm),
        (Sight::Blind, AlarmState::InsufficientData),
        (Sight::Set(AlarmState::Alarm), AlarmState::Alarm),
    ] {
        let scene = Scene::of("orders");
        scene.world.set_sight(&"eu-west-1".into(), alarm, sight);
        scene.pass(61);
        let View::Alarm(Some(view)) = scene.see(&question) else { panic!("no alarm") };
        assert_eq!(view.state, state, "{sight:?}");
    }
}

#[test]
fn the_same_calls_make_the_same_world() {
    let live = || {
        let scene = Scene::of("orders");
        scene.world.set_region(&scene.region(Side::Primary), RegionState::Partitioned);
        scene.change(&minimum(3)).unwrap();
        scene.pass(600);
        scene.world.happenings()
    };
    assert_eq!(live(), live());
}
