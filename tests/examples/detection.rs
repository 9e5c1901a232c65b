//! Prints what detection costs and how long it takes, over the fakes: `make detection`.
//!
//! Latency runs from a voter's first word that it is down (its signal's time) to the opening of the
//! generation. Calls are counted, milliseconds are of this machine's processor: what AWS itself takes for
//! a call is not in them.

use std::time::Instant;

use leeward_core::brake::Brake;
use leeward_core::evidence::Signal;
use leeward_core::plan::ApprovalFor;
use leeward_core::table::Key;
use leeward_core::time::{Span, Timestamp, after, since};
use leeward_ports::Item;
use leeward_ports::fake::RegionState;
use leeward_tests::eyes::silent;
use leeward_tests::rig::{Rig, example};
use serde_json::{Value, json};

const PRIMARY: &str = "us-east-1";
/// Sweeps of a good day that are counted.
const SWEEPS: u32 = 20;
/// Alarms of each kind that are counted.
const ALARMS: u32 = 1_000;
/// Silent deaths that are drawn.
const DEATHS: u64 = 200;
/// A dead Region is found long before, or never.
const PATIENCE: Span = Span::minutes(20);

fn main() {
    let mut found = true;
    for workloads in [1, 5, 50] {
        found &= measure(workloads);
    }
    found &= silent_deaths();
    std::process::exit(i32::from(!found));
}

/// Voters of all twelve kinds whose looks are late, a Region that dies and tells nobody.
fn silent_deaths() -> bool {
    let shown: Vec<_> = (1..=DEATHS).map(silent).collect();
    let mut latencies: Vec<Span> = shown.iter().filter_map(|s| s.latency).collect();
    latencies.sort();
    let at = |part: usize| {
        let last = latencies.len().saturating_sub(1);
        latencies.get(last * part / 2).map_or("-".to_owned(), |l| l.in_words())
    };
    println!(
        "{DEATHS} silent deaths, quorum of three, each voter up to 90 s late: from the signal that makes the quorum to the opening {} at best, {} in the middle, {} at worst",
        at(0),
        at(1),
        at(2)
    );
    let breaches: Vec<&String> = shown.iter().flat_map(|s| &s.breaches).collect();
    println!(
        "  {} not within the sustain time, one sweep and the sweep that delivers",
        breaches.len()
    );
    breaches.is_empty() && latencies.len() == shown.len()
}

/// Orders as so many workloads, all in one Region, the brake set for an estate of that size.
fn estate(workloads: usize) -> Rig {
    let mut plan = example("orders");
    plan.policy.approval.wanted_for = ApprovalFor::None;
    plan.detection.maintenance.clear();
    let rig = Rig::new(plan);
    rig.put_likes(workloads - 1);
    let brake = Brake { limit: 2 * workloads as u32, ..Brake::default() };
    let body = serde_json::to_string(&brake).unwrap_or_default();
    rig.table.put_by_hand(Item { key: Key::brake(), body, n: 1, nonce: String::new() });
    rig
}

fn measure(workloads: usize) -> bool {
    println!("{workloads} workloads, seven voters each");
    let rig = estate(workloads);
    // Waits that lie side by side pass side by side.
    rig.clock.drive(true);
    let sweep = || call(&rig, &json!({"source": "aws.events", "detail-type": "Scheduled Event"}));
    sweep();
    let cost = count(&rig, SWEEPS, || {
        rig.clock.advance(Span::minutes(1));
        sweep();
    });
    println!("  a sweep of a good day, each workload: {}", cost.over(workloads));
    let idle = alarm("somebody-elses", "eu-west-1", rig.clock.now());
    println!(
        "  an alarm that votes for nobody: {}",
        count(&rig, ALARMS, || call(&rig, &idle)).over(1)
    );
    let news = alarm("orders-canary-eu", "eu-west-1", after(rig.clock.now(), Span::seconds(2)));
    let first = count(&rig, 1, || call(&rig, &news)).over(workloads);
    println!("  an alarm that votes, the first that tells of a change, each workload: {first}");
    let past = Timestamp::from_millisecond(rig.clock.now().as_millisecond() - 30_000);
    let old = alarm("orders-canary-eu", "eu-west-1", past.unwrap_or(rig.clock.now()));
    let again = count(&rig, ALARMS / workloads as u32, || call(&rig, &old)).over(workloads);
    println!("  the same alarm told again, each workload: {again}");

    rig.world.set_region(&PRIMARY.into(), RegionState::Dead);
    let died = rig.clock.now();
    sweep();
    let lasted = since(died, rig.clock.now());
    println!("  a sweep while their Region is silent lasts {}", lasted.in_words());
    while opened(&rig).len() < workloads && since(died, rig.clock.now()) < PATIENCE {
        rig.clock.advance(Span::minutes(1));
        sweep();
    }
    let times = opened(&rig);
    let Some(last) = times.iter().max().filter(|_| times.len() == workloads) else {
        println!("  LOST: {} generations were opened", times.len());
        return false;
    };
    println!(
        "  their Region dead and silent: {} generations, the last {} after the first signal, {} after the death (sustain {}, one sweep a minute)",
        times.len(),
        since(first_signal(&rig), *last).in_words(),
        since(died, *last).in_words(),
        rig.plan.detection.sustain.in_words()
    );
    true
}

/// What a number of deeds cost together.
struct Cost {
    deeds: f64,
    looks: usize,
    reads: u64,
    writes: usize,
    seconds: f64,
}

impl Cost {
    /// Of one deed, by each of so many workloads.
    fn over(&self, workloads: usize) -> String {
        let each = self.deeds * workloads as f64;
        format!(
            "{:.1} looks at AWS, {:.1} reads, {:.1} writes, {:.3} ms",
            self.looks as f64 / each,
            self.reads as f64 / each,
            self.writes as f64 / each,
            self.seconds * 1000.0 / each
        )
    }
}

fn count(rig: &Rig, deeds: u32, mut deed: impl FnMut()) -> Cost {
    let before = (rig.world.calls().len(), rig.table.reads(), rig.table.writes().len());
    let started = Instant::now();
    for _ in 0..deeds {
        deed();
    }
    Cost {
        deeds: f64::from(deeds),
        looks: rig.world.calls().len() - before.0,
        reads: rig.table.reads() - before.1,
        writes: rig.table.writes().len() - before.2,
        seconds: started.elapsed().as_secs_f64(),
    }
}

fn call(rig: &Rig, event: &Value) {
    if let Err(error) = rig.call(event) {
        println!("  FAILED: {error}");
    }
}

fn alarm(name: &str, region: &str, at: Timestamp) -> Value {
    json!({"source": "aws.cloudwatch", "detail-type": "CloudWatch Alarm State Change",
        "region": region, "detail": {"alarmName": name, "state": {"timestamp": at.to_string()}}})
}

/// When each generation was opened.
fn opened(rig: &Rig) -> Vec<Timestamp> {
    let first = format!("J#{:010}", 1);
    let at = |item: &std::sync::Arc<Item>| {
        let entry: Value = serde_json::from_str(&item.body).ok()?;
        entry["at"].as_str()?.parse().ok()
    };
    rig.table.items().iter().filter(|i| i.key.sk == first).filter_map(at).collect()
}

/// When the first voter said that it is down.
fn first_signal(rig: &Rig) -> Timestamp {
    let items = rig.table.items();
    let signals = items.iter().filter(|i| i.key.sk.starts_with("SIG#canary"));
    let since = signals.filter_map(|i| Some(serde_json::from_str::<Signal>(&i.body).ok()?.since));
    since.min().unwrap_or(Timestamp::MAX)
}
