//! Every order of what can happen, within small bounds; `make search` has greater ones.

use leeward_tests::exhaustive::{Bounds, Found, search};

/// Fewest states in which an ending is reached for it to count: more than one way leads there.
const FEWEST: usize = 10;

fn sound(bounds: Bounds) -> Found {
    let found = search(&bounds);
    println!("{bounds:?}: {found}");
    assert!(found.violation.is_none() && found.complete, "{found}");
    found
}

fn reaches(found: &Found, endings: &[&str]) {
    for ending in endings {
        let states = found.ends.get(ending).copied().unwrap_or(0);
        assert!(states >= FEWEST, "{ending} is reached in {states} states: {found}");
    }
}

#[test]
fn two_executors_in_any_order_break_nothing() {
    let found = sound(Bounds { failures: 0, waits: 1, ..Bounds::TWO });
    reaches(&found, &["Recovered", "open"]);
}

#[test]
fn a_lost_late_or_dead_one_at_any_moment_breaks_nothing() {
    let found = sound(Bounds { failures: 0, waits: 1, ..Bounds::FAULT });
    reaches(&found, &["Recovered", "open"]);
}

#[test]
fn a_word_of_the_operator_at_any_moment_breaks_nothing() {
    let found = sound(Bounds { waits: 1, ..Bounds::WORDS });
    reaches(&found, &["Recovered", "RolledBack", "Held", "Abandoned"]);
}

#[test]
fn a_drill_that_a_real_outage_meets_hands_its_work_over() {
    let found = sound(Bounds { waits: 1, failures: 0, ..Bounds::DRILL });
    let handed = "with work that was handed over";
    reaches(&found, &[handed, "Recovered with work that was handed over"]);
}
