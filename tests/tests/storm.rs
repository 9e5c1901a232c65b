//! A storm: thousands of alarms for many workloads at once, twice each, out of order, some lost.
#![expect(clippy::expect_used, reason = "helpers of tests fail their test")]

use leeward_core::brake::Brake;
use leeward_core::evidence::Signal;
use leeward_core::plan::ApprovalFor;
use leeward_core::table::Key;
use leeward_core::time::{Span, Timestamp, after, since};
use leeward_ports::Item;
use leeward_ports::fake::{RegionState, block_on};
use leeward_tests::rig::{Rig, example};
use serde_json::{Value, json};

const PRIMARY: &str = "us-east-1";
const WORKLOADS: usize = 50;
const ALARMS: usize = 10_000;

/// Orders as so many workloads, all in one Region, the brake set for an estate of that size.
fn estate(workloads: usize) -> Rig {
    let mut plan = example("orders");
    plan.policy.approval.wanted_for = ApprovalFor::None;
    plan.detection.maintenance.clear();
    let rig = Rig::new(plan);
    rig.put_likes(workloads - 1);
    put(&rig, Key::brake(), &Brake { limit: 60, ..Brake::default() });
    rig
}

fn put<T: serde::Serialize>(rig: &Rig, key: Key, what: &T) {
    let body = serde_json::to_string(what).expect("JSON");
    rig.table.put_by_hand(Item { key, body, n: 1, nonce: String::new() });
}

fn call(rig: &Rig, event: &Value) {
    let answer = block_on(&rig.clock, leeward_detector::handle(&rig.detector, event));
    answer.expect("an answer").expect("no error");
}

fn sweep(rig: &Rig) {
    call(rig, &json!({"source": "aws.events", "detail-type": "Scheduled Event"}));
}

fn alarm(name: &str, region: &str, at: Timestamp) -> Value {
    json!({"source": "aws.cloudwatch", "detail-type": "CloudWatch Alarm State Change",
        "region": region, "detail": {"alarmName": name, "state": {"timestamp": at.to_string()}}})
}

/// Generations by workload.
fn opened(rig: &Rig) -> Vec<String> {
    let first = format!("J#{:010}", 1);
    let items = rig.table.items();
    items.iter().filter(|i| i.key.sk == first).map(|i| i.key.pk.to_string()).collect()
}

/// Lets the votes be sustained, by sweeps alone but one minute short of a verdict.
fn down_for(rig: &Rig, minutes: u64) {
    rig.world.set_region(&PRIMARY.into(), RegionState::Dead);
    for _ in 0..minutes {
        rig.clock.advance(Span::minutes(1));
        sweep(rig);
    }
}

#[test]
fn ten_thousand_alarms_open_one_generation_for_each_of_fifty_workloads() {
    let rig = estate(WORKLOADS);
    sweep(&rig);
    down_for(&rig, 1);
    assert!(opened(&rig).is_empty(), "not sustained yet");
    rig.clock.advance(Span::seconds(150));
    let moved = rig.clock.now();
    let (looks, reads, writes) =
        (rig.world.calls().len(), rig.table.reads(), rig.table.writes().len());
    // Every alarm concerns all fifty workloads: they share their canaries. Each comes twice, every
    // fifth never does, and the latest come first.
    let mut sent = 0;
    for index in (0..ALARMS / WORKLOADS).rev() {
        if index % 5 == 0 {
            continue;
        }
        let late = after(moved, Span::millis(index as u64));
        let (name, region) =
            [("orders-canary-west", "us-west-2"), ("orders-canary-eu", "eu-west-1")][index % 2];
        for _ in 0..2 {
            call(&rig, &alarm(name, region, late));
            sent += WORKLOADS;
        }
    }
    let mut generations = opened(&rig);
    generations.sort();
    generations.dedup();
    assert_eq!(generations.len(), WORKLOADS, "none lost");
    assert_eq!(opened(&rig).len(), WORKLOADS, "one each");
    let looks = rig.world.calls().len() - looks;
    let (reads, writes) = (rig.table.reads() - reads, rig.table.writes().len() - writes);
    println!(
        "{sent} deliveries ({ALARMS} alarms by workload, a fifth lost, the others twice): {looks} looks at AWS ({:.3} each), {reads} reads and {writes} writes of the table",
        looks as f64 / sent as f64
    );
    // One look by each workload's voters and at its other side; what the look has seen costs none.
    assert!(looks <= WORKLOADS * 12, "{looks} looks: a storm must not be a storm of calls");
}

#[test]
fn alarms_that_are_all_lost_cost_at_most_a_minute() {
    let rig = estate(3);
    sweep(&rig);
    rig.world.set_region(&PRIMARY.into(), RegionState::Dead);
    let died = rig.clock.now();
    while opened(&rig).len() < 3 {
        rig.clock.advance(Span::minutes(1));
        sweep(&rig);
        assert!(since(died, rig.clock.now()) < Span::minutes(15), "never seen");
    }
    let signals: Vec<Signal> = rig
        .table
        .items()
        .iter()
        .filter(|i| i.key.sk.starts_with("SIG#canary"))
        .map(|i| serde_json::from_str(&i.body).expect("a signal"))
        .collect();
    let first = signals.iter().map(|s| s.since).min().expect("signals");
    let latency = since(first, rig.clock.now());
    println!(
        "signal to generation: {} (sustain {})",
        latency.in_words(),
        rig.plan.detection.sustain
    );
    let slowest = rig.plan.detection.sustain.plus(Span::minutes(2));
    assert!(latency <= slowest, "{latency}: sustain and one sweep, each vote read once a minute");
}
