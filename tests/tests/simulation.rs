//! Simulated schedules: whole recoveries under drawn faults, each judged by every checker.

use leeward_core::time::Span;
use leeward_tests::simulate::{
    Mended, Order, Scene, Setup, campaign, corpus, kill_everywhere, partition, put_while_open,
    refuse_everywhere, refuse_table_once, replay, run_seed, table_ill,
};

#[test]
fn a_run_is_replayed_by_its_vector() {
    let setup = Setup::examples();
    for seed in 1..=4 {
        let first = run_seed(&setup, seed);
        let second = replay(&setup, &first.vector, first.pace);
        assert_eq!(first.vector, second.vector, "seed {seed}");
        assert_eq!(first.polls, second.polls, "seed {seed}");
        assert_eq!(first.violations, second.violations, "seed {seed}");
    }
}

#[test]
fn drawn_schedules_break_no_invariant() {
    let order = Order { first_seed: 1, schedules: 30, threads: 1, failures_max: 1, shrinks: false };
    let report = campaign(&Setup::examples(), &order);
    let told: Vec<String> = report.failures.iter().map(|f| f.told()).collect();
    assert!(told.is_empty(), "{}", told.join("\n"));
    assert!(report.generations > report.schedules / 2, "most runs open a generation");
}

#[test]
fn what_once_broke_an_invariant_breaks_none() {
    let (setup, kept) = (Setup::examples(), corpus());
    assert!(!kept.is_empty(), "the corpus is read");
    for schedule in kept {
        let outcome = schedule.again(&setup);
        assert!(outcome.violations.is_empty(), "{}: {}", schedule.name, outcome.told());
    }
}

#[test]
fn a_kill_at_any_await_is_recovered_from() {
    let setup = Setup::examples();
    // Every eightieth here; `make simulate` kills at each of them.
    let table = kill_everywhere(&setup, 0, None, 80);
    assert!(table.failures.is_empty() && table.total() > 4, "{}", table.told());
}

#[test]
fn a_partition_of_a_minute_starts_no_failover() {
    let setup = Setup::shipped();
    for seed in 1..=15 {
        let outcome = partition(&setup, seed, Span::seconds(60));
        assert!(outcome.violations.is_empty(), "{}", outcome.told());
    }
}

#[test]
fn one_word_ends_the_wait_for_any_action_that_was_refused_until_mended() {
    let setup = Setup::examples();
    let mut mended = Mended::default();
    for scene in Scene::all() {
        mended.add(refuse_everywhere(&setup, scene));
    }
    for met in ["rds:PromoteReadReplica Commit", "dynamodb:UpdateItem TurnedBack"] {
        assert!(mended.met.contains(met), "{met} is not met: {:?}", mended.met);
    }
    assert!(mended.failures.is_empty(), "{}", mended.told());
}

#[test]
fn one_refusal_of_the_table_ends_no_recovery() {
    let setup = Setup::examples();
    let mended = refuse_table_once(&setup, 0, 1);
    assert!(mended.failures.is_empty(), "{}", mended.told());
}

#[test]
fn a_table_that_answers_every_second_call_lets_a_recovery_through() {
    let setup = Setup::examples();
    let mended = table_ill(&setup, 0, 2);
    assert!(mended.failures.is_empty(), "{}", mended.told());
}

#[test]
fn a_plan_that_is_put_starves_no_open_recovery() {
    let setup = Setup::examples();
    let mut mended = put_while_open(&setup, 0);
    // Where people are asked, the votes by which it was opened are old when they have answered.
    mended.add(put_while_open(&setup, 1));
    assert!(mended.failures.is_empty(), "{}", mended.told());
}
