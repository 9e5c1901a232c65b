//! What the detector does with what it sees and is told, up to the opening of a generation.
#![expect(clippy::expect_used, reason = "helpers of tests fail their test")]

use leeward_core::brake::Brake;
use leeward_core::evidence::{Signal, Vote};
use leeward_core::ids::Generation;
use leeward_core::plan::{ApprovalFor, OnTimeout, Plan};
use leeward_core::table::Key;
use leeward_core::time::{Span, Timestamp};
use leeward_core::world::AlarmState;
use leeward_ports::Item;
use leeward_ports::fake::{RegionState, block_on};
use leeward_tests::rig::{Rig, example};
use serde_json::{Value, json};

const PRIMARY: &str = "us-east-1";

fn orders() -> Plan {
    let mut plan = example("orders");
    plan.policy.approval.wanted_for = ApprovalFor::None;
    plan.policy.approval.on_timeout = OnTimeout::Hold;
    plan.detection.maintenance.clear();
    plan
}

fn well(plan: Plan) -> Rig {
    let rig = Rig::new(plan);
    assert!(rig.live(Span::minutes(5)).is_empty(), "nothing is started on a good day");
    rig
}

fn die(rig: &Rig) {
    rig.world.set_region(&PRIMARY.into(), RegionState::Dead);
}

/// Subjects and texts of what people were told.
fn told(rig: &Rig) -> Vec<String> {
    rig.publisher.delivered().iter().map(|d| format!("{d:?}")).collect()
}

/// Different messages with these words; each goes to several receivers.
fn messages(rig: &Rig, words: &str) -> usize {
    let mut texts: Vec<String> = rig
        .publisher
        .delivered()
        .iter()
        .filter(|d| format!("{d:?}").contains(words))
        .map(|d| d.message.text.clone())
        .collect();
    texts.sort();
    texts.dedup();
    texts.len()
}

fn signal(rig: &Rig, voter: &str) -> Option<Signal> {
    let key = Key::signal(&rig.plan.workload, &voter.into());
    rig.table.item(&key).map(|item| serde_json::from_str(&item.body).expect("a signal"))
}

fn document(at: Timestamp, error_rate: f64) -> Value {
    json!({"leeward": "document", "schema": 1, "workload": "orders", "voter": "apm",
        "time": at.to_string(), "region": PRIMARY, "error_rate": error_rate})
}

#[test]
fn in_maintenance_nothing_opens_and_people_are_told_once() {
    let mut plan = orders();
    let start = Rig::new(plan.clone()).clock.now();
    let window =
        json!([{"kind": "once", "from": start.to_string(), "length": "30m", "reason": "patches"}]);
    plan.detection.maintenance = serde_json::from_value(window).expect("a window");
    let rig = well(plan);
    die(&rig);
    rig.live(Span::minutes(20));
    assert!(rig.book(1).is_none());
    assert!(messages(&rig, "maintenance until") >= 1, "{:#?}", told(&rig));
    assert!(messages(&rig, "maintenance until") <= 2, "once an hour: {:#?}", told(&rig));
    rig.live(Span::minutes(20));
    assert!(rig.book(1).is_some(), "the window is over and it is still down");
}

#[test]
fn what_no_plan_answers_to_asks_a_person_with_what_to_do() {
    let mut plan = orders();
    plan.responds_to =
        serde_json::from_value(json!([{"kind": "zone-outage", "min-severity": "low"}]))
            .expect("a rule");
    let rig = well(plan);
    die(&rig);
    rig.live(Span::minutes(15));
    assert!(rig.book(1).is_none());
    let all = told(&rig);
    assert!(
        all.iter()
            .any(|m| m.contains("no enabled plan answers to it")
                && m.contains("leeward start orders")),
        "{all:#?}"
    );
    assert!((1..=2).contains(&messages(&rig, "no enabled plan answers")), "{all:#?}");
}

#[test]
fn a_recent_deployment_turns_failing_over_into_asking() {
    let rig = well(orders());
    let deployment = json!({"leeward": "deployment", "schema": 1, "workload": "orders",
        "time": rig.clock.now().to_string(), "what": "orders-api 2.14.0", "by": "pipeline"});
    assert_eq!(rig.call(&deployment).expect("an answer")["status"], "not-needed");
    die(&rig);
    rig.live(Span::minutes(8));
    let state = rig.book(1).expect("it is opened, and asks").state;
    assert!(state.effects.is_empty(), "nothing is done before the answer: {:#?}", rig.story(1));
    let question = &state.questions.first().expect("a question").question;
    assert!(question.contains("orders-api 2.14.0 was deployed by pipeline"), "{question}");
    assert!(messages(&rig, "orders-api 2.14.0 was deployed") >= 1);
}

#[test]
fn an_old_deployment_is_no_reason_to_ask() {
    let rig = well(orders());
    let deployment = json!({"leeward": "deployment", "schema": 1, "workload": "orders",
        "time": rig.clock.now().to_string(), "what": "orders-api 2.14.0"});
    rig.call(&deployment).expect("an answer");
    rig.live(Span::minutes(40));
    die(&rig);
    rig.live(Span::minutes(8));
    let state = rig.book(1).expect("opened").state;
    assert!(state.questions.is_empty() && !state.effects.is_empty());
}

#[test]
fn a_deployment_of_an_unknown_workload_is_refused_once_and_not_sent_again() {
    let rig = Rig::new(orders());
    let deployment = json!({"leeward": "deployment", "schema": 1, "workload": "nobody",
        "time": rig.clock.now().to_string(), "what": "x"});
    let refused = rig.call(&deployment).expect("an answer and no error");
    assert_eq!(refused["status"], "not-understood");
    let reason = refused["reason"].to_string();
    assert!(reason.contains("there is no plan for workload nobody"), "{reason}");
}

#[test]
fn what_is_told_is_kept_and_the_older_never_replaces_the_newer() {
    let rig = well(orders());
    let now = rig.clock.now();
    let later = leeward_core::time::after(now, Span::seconds(30));
    rig.clock.advance(Span::seconds(60));
    rig.call(&document(later, 80.0)).expect("an answer");
    assert_eq!(signal(&rig, "apm").expect("kept").vote, Vote::Unhealthy);
    rig.call(&document(now, 1.0)).expect("an answer");
    assert_eq!(signal(&rig, "apm").expect("kept").vote, Vote::Unhealthy, "late news is no news");
    let ahead = leeward_core::time::after(rig.clock.now(), Span::minutes(600));
    rig.call(&document(ahead, 1.0)).expect("an answer");
    let kept = signal(&rig, "apm").expect("kept");
    assert_eq!(kept.vote, Vote::Healthy);
    assert!(kept.at <= rig.clock.now(), "nobody dates a vote into the future");
}

#[test]
fn documents_that_go_on_make_a_quorum_with_one_witness() {
    let rig = well(orders());
    rig.world.break_replication(&"orders-db".into(), true);
    rig.world.set_alarm(&"us-west-2".into(), "orders-canary-west", AlarmState::Alarm);
    for _ in 0..4 {
        rig.call(&document(rig.clock.now(), 80.0)).expect("an answer");
        rig.live(Span::minutes(1));
    }
    let book = rig.book(1).expect("two of seven, and the replica is no witness for the other side");
    assert_eq!(book.state.decision.generation, Generation(1));
}

#[test]
fn the_voters_of_one_region_wrong_together_move_nothing() {
    let mut plan = orders();
    // Four voters in the primary, two outside: quorum two.
    let voters = json!([
        {"id": "w", "alarm": "orders-canary-west", "region": "us-west-2"},
        {"id": "e", "alarm": "orders-canary-eu", "region": "eu-west-1"},
        {"id": "a", "alarm": "a", "region": PRIMARY}, {"id": "b", "alarm": "b", "region": PRIMARY},
        {"id": "c", "alarm": "c", "region": PRIMARY}, {"id": "d", "alarm": "d", "region": PRIMARY}]);
    let detection = json!({"quorum": 2, "sustain": "2m", "voters": voters});
    plan.detection = serde_json::from_value(detection).expect("voters");
    let rig = well(plan);
    for alarm in ["a", "b", "c", "d"] {
        rig.world.set_alarm(&PRIMARY.into(), alarm, AlarmState::Alarm);
    }
    rig.live(Span::minutes(30));
    assert!(rig.book(1).is_none(), "no witness outside");
}

/// Generations that are open, of any workload.
fn opened(rig: &Rig) -> usize {
    let first = format!("J#{:010}", 1);
    rig.table.items().iter().filter(|i| i.key.sk == first).count()
}

#[test]
fn the_brake_lets_so_many_go_by_themselves_and_asks_for_the_rest() {
    let rig = well(orders());
    rig.put_likes(5);
    let brake = Brake { limit: 4, ..Brake::default() };
    let body = serde_json::to_string(&brake).expect("a brake");
    rig.table.put_by_hand(Item { key: Key::brake(), body, n: 1, nonce: String::new() });
    die(&rig);
    // Long enough for the votes, and no execution is run meanwhile.
    for _ in 0..8 {
        rig.clock.advance(Span::minutes(1));
        let tick = json!({"source": "aws.events", "detail-type": "Scheduled Event"});
        block_on(&rig.clock, async { leeward_detector::handle(&rig.detector, &tick).await })
            .expect("an answer")
            .expect("a sweep");
    }
    assert_eq!(opened(&rig), 4);
    let all = told(&rig);
    assert!(all.iter().any(|m| m.contains("the brake holds: the evidence has opened 4 recoveries within 30m")), "{all:#?}");
    assert!(
        messages(&rig, "the brake holds") <= 4,
        "two workloads, each told once an hour: {all:#?}"
    );

    let mut released: Brake =
        serde_json::from_str(&rig.table.item(&Key::brake()).expect("a brake").body).expect("one");
    released.limit = 10;
    let body = serde_json::to_string(&released).expect("a brake");
    rig.table.put_by_hand(Item { key: Key::brake(), body, n: 99, nonce: String::new() });
    rig.live(Span::minutes(1));
    assert_eq!(opened(&rig), 6, "a person let go of the brake");
}
