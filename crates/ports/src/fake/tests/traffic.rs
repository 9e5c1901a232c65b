//! Names: the latched stop metric, fenced batches, and what users get.

use leeward_core::ids::{Side, Text};
use leeward_core::plan::{Control, RecordPair};
use leeward_core::world::{
    Change, ChangeErrorKind, FenceNumber, HttpRequest, NameQuery, Question, RecordSet, View,
};

use super::super::{Habits, RegionState};
use super::Scene;

fn answer(scene: &Scene, name: &str) -> Vec<Text> {
    let by = |record_type: &str| {
        let record_type = record_type.into();
        let query = NameQuery { name: name.into(), record_type, resolvers: Vec::new() };
        match scene.see(&Question::Name(query)) {
            View::Answer(view) => view.values,
            other => panic!("{other:?}"),
        }
    };
    let addresses = by("A");
    if addresses.is_empty() { by("CNAME") } else { addresses }
}

fn stop(scene: &Scene, value: f64) -> Change {
    Change::PutMetric {
        region: "eu-west-1".into(),
        namespace: "Leeward/Traffic".into(),
        metric: "Stop".into(),
        workload: "orders".into(),
        value,
        at: scene.clock.date(),
    }
}

fn http(method: &str, path: &str, body: Option<&str>) -> Question {
    Question::Http(HttpRequest {
        method: method.into(),
        url: format!("https://orders.example.com{path}").into(),
        body: body.map(Into::into),
        marker_header: "X-Leeward-Side".into(),
        resolvers: Vec::new(),
    })
}

fn status(scene: &Scene, question: &Question) -> (u16, Option<Text>) {
    match scene.see(question) {
        View::Http(view) => (view.status, view.marker),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_stop_metric_moves_the_name_after_its_time_and_keeps_it_there() {
    let scene = Scene::of("orders");
    scene.change(&stop(&scene, 1.0)).unwrap();
    assert_eq!(answer(&scene, "orders.example.com"), ["192.0.2.10"]);
    scene.pass(71);
    assert_eq!(answer(&scene, "orders.example.com"), ["203.0.113.10"]);
    scene.pass(24 * 3600);
    assert_eq!(answer(&scene, "orders.example.com"), ["203.0.113.10"], "latched without data");
    scene.change(&stop(&scene, 0.0)).unwrap();
    scene.pass(71);
    assert_eq!(answer(&scene, "orders.example.com"), ["192.0.2.10"]);
}

#[test]
fn a_datum_of_the_same_minute_does_not_lower_the_maximum() {
    let scene = Scene::of("orders");
    scene.change(&stop(&scene, 1.0)).unwrap();
    scene.change(&stop(&scene, 0.0)).unwrap();
    scene.pass(71);
    assert_eq!(answer(&scene, "orders.example.com"), ["203.0.113.10"]);
}

fn batch(pair: &RecordPair, from: u64, to: u64) -> Change {
    Change::ChangeRecords {
        zone: pair.zone.clone(),
        fence: FenceNumber {
            name: format!("_leeward.catalog.names.{}", pair.zone_name).into(),
            from,
            to,
        },
        records: vec![RecordSet {
            name: pair.name.clone(),
            record_type: pair.record_type.clone(),
            ttl: pair.ttl,
            values: pair.values.standby.clone(),
        }],
    }
}

#[test]
fn a_batch_is_fenced_atomic_and_answered_only_in_sync() {
    let scene = Scene::of("catalog");
    let Control::Record(control) = &scene.plan.traffic.controls[0] else { panic!("no records") };
    let pair = &control.records[0];
    let (kind, code) = scene.refusal(&batch(pair, 3, 4));
    assert_eq!((kind, code.as_str()), (ChangeErrorKind::Conflict, "InvalidChangeBatch"));
    let record = Question::Record {
        zone: pair.zone.clone(),
        name: pair.name.clone(),
        record_type: pair.record_type.clone(),
    };
    let stands = |values: &[Text]| View::Record(Some((values.to_vec(), pair.ttl)));
    assert_eq!(scene.see(&record), stands(&pair.values.primary), "nothing of it was done");

    let taken = scene.change(&batch(pair, 0, 1)).unwrap();
    assert_eq!(scene.see(&record), stands(&pair.values.standby));
    let change = Question::ZoneChange { id: taken.id };
    assert_eq!(scene.see(&change), View::InSync(false));
    assert!(scene.blind(&Question::ZoneChange { id: "another".into() }));
    assert_eq!(answer(&scene, &pair.name), pair.values.primary, "PENDING");
    let (kind, code) = scene.refusal(&batch(pair, 1, 2));
    assert_eq!((kind, code.as_str()), (ChangeErrorKind::Throttled, "PriorRequestNotComplete"));
    scene.pass(30);
    assert_eq!(answer(&scene, &pair.name), pair.values.standby, "INSYNC");
    assert_eq!(scene.see(&change), View::InSync(true));
    assert_eq!(scene.refusal(&batch(pair, 0, 2)).0, ChangeErrorKind::Conflict);
    scene.change(&batch(pair, 1, 2)).unwrap();
}

#[test]
fn route_53_is_away_with_its_region_and_names_are_not() {
    let scene = Scene::of("catalog");
    scene.world.set_region(&"us-east-1".into(), RegionState::Dead);
    let Control::Record(control) = &scene.plan.traffic.controls[0] else { panic!("no records") };
    let pair = &control.records[0];
    assert_eq!(scene.change(&batch(pair, 0, 1)).unwrap_err().kind, ChangeErrorKind::Lost);
    assert_eq!(answer(&scene, &pair.name), pair.values.primary);
}

#[test]
fn an_order_is_taken_by_the_side_that_serves_and_read_back_there() {
    let scene = Scene::of("orders");
    let east = Some(Text::from("us-east-1"));
    assert_eq!(status(&scene, &http("GET", "/", None)), (200, east.clone()));
    let post = http("POST", "/orders", Some("{\"id\":\"o-1\"}"));
    assert_eq!(status(&scene, &post), (201, east.clone()));
    assert_eq!(status(&scene, &http("GET", "/orders/o-1", None)), (200, east.clone()));
    assert_eq!(status(&scene, &http("GET", "/orders/o-2", None)), (404, east));
}

#[test]
fn traffic_before_the_promotion_reads_and_does_not_write() {
    let scene = Scene::of("orders");
    scene.change(&stop(&scene, 1.0)).unwrap();
    scene.pass(71);
    let west = Some(Text::from("us-west-2"));
    assert_eq!(status(&scene, &http("GET", "/", None)), (200, west.clone()));
    let post = http("POST", "/orders", Some("{\"id\":\"o-1\"}"));
    assert_eq!(status(&scene, &post), (503, west));
    assert_eq!(scene.world.served_by(), None, "users are not served");
}

#[test]
fn a_dead_region_serves_nobody_and_its_voters_are_silent() {
    let scene = Scene::of("orders");
    assert_eq!(scene.world.served_by(), Some(Side::Primary));
    scene.world.set_region(&scene.region(Side::Primary), RegionState::Dead);
    assert_eq!(scene.world.served_by(), None);
    assert!(scene.blind(&http("GET", "/", None)));
    scene.pass(Habits::default().alarm.as_seconds_up() + 1);
    let alarm =
        |region: &str, alarm: &str| Question::Alarm { region: region.into(), alarm: alarm.into() };
    let state = |question: &Question| match scene.see(question) {
        View::Alarm(Some(view)) => view.state,
        other => panic!("{other:?}"),
    };
    let red = leeward_core::world::AlarmState::Alarm;
    assert_eq!(state(&alarm("us-west-2", "orders-canary-west")), red);
    assert_eq!(state(&alarm("eu-west-1", "orders-canary-eu")), red);
    assert!(scene.blind(&alarm("us-east-1", "orders-api-5xx")));
}
