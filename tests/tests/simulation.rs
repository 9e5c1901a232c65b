//! Simulated schedules: whole recoveries under drawn faults, each judged by every checker.

use leeward_tests::simulate::{Order, Setup, campaign, replay, run_seed};

#[test]
fn a_run_is_replayed_by_its_vector() {
    let setup = Setup::examples();
    for seed in 1..=6 {
        let first = run_seed(&setup, seed);
        let second = replay(&setup, &first.vector);
        assert_eq!(first.vector, second.vector, "seed {seed}");
        assert_eq!(first.polls, second.polls, "seed {seed}");
        assert_eq!(first.violations, second.violations, "seed {seed}");
    }
}

#[test]
fn drawn_schedules_break_no_invariant() {
    let order = Order { first_seed: 1, schedules: 60, threads: 1, failures_max: 1, shrinks: false };
    let report = campaign(&Setup::examples(), &order);
    let told: Vec<String> = report.failures.iter().map(|f| f.told()).collect();
    assert!(told.is_empty(), "{}", told.join("\n"));
    assert!(report.generations > report.schedules / 2, "most runs open a generation");
}
