//! Runs the simulator and prints its tables: `simulate [schedules] [first seed] [threads]`.

use std::collections::BTreeMap;

use leeward_tests::simulate::{Order, Setup, campaign};

/// Failures that are told in full.
const TOLD_MAX: usize = 5;

fn number(args: &[String], place: usize, otherwise: u64) -> u64 {
    args.get(place).and_then(|a| a.parse().ok()).unwrap_or(otherwise)
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let order = Order {
        first_seed: number(&args, 2, 1),
        schedules: number(&args, 1, 1000),
        threads: usize::try_from(number(&args, 3, 2)).unwrap_or(2),
        failures_max: usize::try_from(number(&args, 4, 20)).unwrap_or(20),
        shrinks: number(&args, 5, 1) == 1,
    };
    let report = campaign(&Setup::examples(), &order);
    println!("{}", report.tally.by_kind());
    println!(
        "{} schedules in {:.1?} ({:.0} a second), {} generations, {:.0} h of virtual time, {} polls",
        report.schedules,
        report.took,
        report.rate(),
        report.generations,
        report.lasted_ms as f64 / 3_600_000.0,
        report.polls
    );
    let mut broken: BTreeMap<&str, Vec<Option<u64>>> = BTreeMap::new();
    for failure in &report.failures {
        let mut names: Vec<&str> = failure.violations.iter().map(|v| v.invariant).collect();
        names.dedup();
        for name in names {
            broken.entry(name).or_default().push(failure.seed);
        }
    }
    for failure in report.failures.iter().take(TOLD_MAX) {
        println!("{}", failure.told());
    }
    for (invariant, seeds) in &broken {
        println!("{invariant}: {} runs, seeds {seeds:?}", seeds.len());
    }
    std::process::exit(i32::from(!report.failures.is_empty()));
}
