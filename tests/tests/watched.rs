//! What is not watched is said by name; the heartbeat speaks only for all. What an alarm costs.
#![expect(clippy::expect_used, reason = "helpers of tests fail their test")]

use std::sync::Arc;

use leeward_core::index::By;
use leeward_core::table::{Key, REFUSALS};
use leeward_core::time::{Span, Timestamp, after};
use leeward_ports::Item;
use leeward_ports::fake::{FakeGauges, Fate, RegionState};
use leeward_tests::rig::Rig;
use serde_json::{Value, json};

const PRIMARY: &str = "us-east-1";

/// A good day whose gauges are read.
fn watched() -> (Rig, FakeGauges) {
    let mut rig = Rig::well("orders");
    let gauges = FakeGauges::default();
    rig.detector.gauges = Arc::new(gauges.clone());
    (rig, gauges)
}

fn sweep(rig: &Rig) -> bool {
    rig.clock.advance(Span::minutes(1));
    let tick = json!({"source": "aws.events", "detail-type": "Scheduled Event"});
    rig.call(&tick).is_ok()
}

fn beats(gauges: &FakeGauges) -> usize {
    gauges.emitted().iter().filter(|g| g.name == "Heartbeat").count()
}

/// Different messages with these words, each of which goes to several receivers.
fn messages(rig: &Rig, words: &str) -> usize {
    let delivered = rig.publisher.delivered();
    let texts = delivered.iter().map(|d| &d.message.text).filter(|text| text.contains(words));
    texts.collect::<std::collections::BTreeSet<_>>().len()
}

fn put(rig: &Rig, key: Key, body: &str) {
    rig.table.put_by_hand(Item { key, body: body.to_owned(), n: 1, nonce: String::new() });
}

#[test]
fn a_plan_that_cannot_be_read_stops_no_other_and_people_hear_its_name() {
    let (rig, gauges) = watched();
    put(&rig, Key::plan_listed(&"ledger-region".into()), r#"{"workload": "ledger", "plan": 7}"#);
    put(&rig, Key::plan_listed(&"torn".into()), "");
    assert!(sweep(&rig), "the others are swept");
    assert_eq!(beats(&gauges), 0, "not everything is watched");
    assert_eq!(messages(&rig, "plan ledger-region is stored and cannot be read"), 1);
    assert_eq!(messages(&rig, "plan torn is stored and cannot be read"), 1);
    rig.world.set_region(&PRIMARY.into(), RegionState::Dead);
    rig.live(Span::minutes(20));
    assert!(rig.book(1).is_some(), "orders is recovered");
    assert_eq!(messages(&rig, "plan torn is stored and cannot be read"), 1, "once an hour");
}

#[test]
fn a_workload_whose_sweeps_fail_is_named_and_the_heartbeat_waits_for_it() {
    let (rig, gauges) = watched();
    rig.put_likes(2);
    assert!(sweep(&rig));
    assert_eq!(beats(&gauges), 1);
    let torn = Key::journal(
        &"orders-0".into(),
        leeward_core::ids::Generation(1),
        leeward_core::ids::Seq(1),
    );
    put(&rig, torn.clone(), "{}");
    assert!(!sweep(&rig));
    assert_eq!(messages(&rig, "orders-0 is not watched"), 0, "one failure may be a stutter");
    for _ in 0..5 {
        assert!(!sweep(&rig));
    }
    assert_eq!(messages(&rig, "orders-0 is not watched"), 1, "and once is enough");
    assert_eq!(beats(&gauges), 1, "the heartbeat speaks for all workloads");
    rig.world.set_region(&PRIMARY.into(), RegionState::Dead);
    for _ in 0..8 {
        sweep(&rig);
    }
    let first = |workload: &str| {
        let key = Key::journal(
            &workload.into(),
            leeward_core::ids::Generation(1),
            leeward_core::ids::Seq(1),
        );
        rig.table.item(&key).is_some_and(|item| item.body.contains("opened"))
    };
    assert!(first("orders") && first("orders-1") && !first("orders-0"), "the others are recovered");
}

#[test]
fn well_again_the_heartbeat_comes_back() {
    let (rig, gauges) = watched();
    let hangs =
        Key::journal(&"orders".into(), leeward_core::ids::Generation(1), leeward_core::ids::Seq(1));
    put(&rig, hangs.clone(), "{}");
    assert!(!sweep(&rig) && !sweep(&rig));
    assert_eq!(messages(&rig, "orders is not watched"), 1);
    rig.table.take_by_hand(&hangs);
    assert!(sweep(&rig));
    assert_eq!(beats(&gauges), 1);
}

#[test]
fn an_executor_that_cannot_be_started_is_told_with_the_second_try_and_once() {
    let rig = Rig::well("orders");
    for _ in 0..40 {
        rig.executions.fail_next(
            |call| matches!(call, leeward_ports::fake::Call::Start(_)),
            Fate::Refused("AccessDenied".to_owned()),
        );
    }
    rig.world.set_region(&PRIMARY.into(), RegionState::Dead);
    while rig.book(1).is_none() {
        sweep(&rig);
    }
    assert_eq!(messages(&rig, "cannot be started"), 0);
    assert!(sweep(&rig));
    assert_eq!(messages(&rig, "cannot be started"), 1);
    for _ in 0..5 {
        sweep(&rig);
    }
    assert_eq!(messages(&rig, "cannot be started"), 1);
}

#[test]
fn what_was_told_long_ago_gives_its_place_and_what_was_not_told_never_does() {
    let rig = Rig::well("orders");
    let refused = || {
        rig.clock.advance(Span::minutes(60));
        rig.table.stored("W#orders", REFUSALS).len()
    };
    let orders = || rig.order("recover", "to-primary");
    // Each is refused: the standby side has nothing to come home from.
    for _ in 0..80 {
        let _ = orders();
        refused();
    }
    let kept = rig.table.stored("W#orders", REFUSALS);
    assert!(kept.len() <= 64, "{}", kept.len());
}

fn alarm(name: &str, region: &str, at: Timestamp) -> Value {
    json!({"source": "aws.cloudwatch", "detail-type": "CloudWatch Alarm State Change",
        "region": region, "detail": {"alarmName": name, "state": {"timestamp": at.to_string()}}})
}

/// Reads and looks that an event costs.
fn cost(rig: &Rig, event: &Value) -> (u64, usize) {
    let before = (rig.table.reads(), rig.world.calls().len());
    rig.call(event).expect("an answer");
    (rig.table.reads() - before.0, rig.world.calls().len() - before.1)
}

#[test]
fn an_alarm_costs_the_same_however_many_workloads_there_are() {
    let own = |rig: &Rig| {
        let mut plan = rig.plan.clone();
        plan.workload = "own".into();
        plan.plan = "own-region".into();
        for voter in &mut plan.detection.voters {
            if let leeward_core::plan::Voter::Alarm(v) = voter {
                v.alarm = format!("own-{}", v.alarm).into();
            }
        }
        rig.put_plan(&plan);
        sweep(rig);
    };
    let costs = |rig: &Rig| {
        let now = rig.clock.now();
        let soon = after(now, Span::seconds(2));
        let past = Timestamp::from_millisecond(now.as_millisecond() - 30_000).expect("a time");
        [("somebody-elses", soon), ("own-orders-canary-eu", past), ("own-orders-canary-eu", soon)]
            .map(|(name, at)| cost(rig, &alarm(name, "eu-west-1", at)))
    };
    let few = Rig::well("orders");
    own(&few);
    let many = Rig::well("orders");
    many.put_likes(50);
    own(&many);
    let (few, many) = (costs(&few), costs(&many));
    assert_eq!(few, many);
    assert_eq!(few[0], (1, 0), "an alarm that votes for nobody is one read");
    assert_eq!(few[1], (2, 0), "what the last look has seen is two");
    println!("the first news: {} reads, {} looks", few[2].0, few[2].1);
}

#[test]
fn a_mark_of_an_older_version_costs_a_look_and_moves_nothing() {
    let rig = Rig::well("orders");
    let stale = By::Alarm { region: "eu-west-1".into(), name: "retired".into() };
    let body = r#"{"workload": "orders", "holds": true}"#;
    put(&rig, Key::indexed(&stale, &rig.plan.plan), body);
    let event = alarm("retired", "eu-west-1", after(rig.clock.now(), Span::seconds(2)));
    let (_, looks) = cost(&rig, &event);
    assert_eq!(looks, 0, "no voter of the plan in force watches it");
}
