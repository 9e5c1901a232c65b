//! Every order of what can happen, within small bounds; `cargo run --release --example exhaustive` has
//! greater ones.

use leeward_tests::exhaustive::{Bounds, Found, search};

fn sound(bounds: Bounds) -> Found {
    let found = search(&bounds);
    println!("{bounds:?}: {found}");
    assert!(found.violation.is_none() && found.complete, "{found}");
    found
}

#[test]
fn two_executors_in_any_order_break_nothing() {
    let found = sound(Bounds { leaps: 0, ..Bounds::TWO });
    assert!(found.states > 1000, "{found}");
}

#[test]
fn a_lost_late_or_dead_one_at_any_moment_breaks_nothing() {
    let found = sound(Bounds { leaps: 0, ..Bounds::FAULT });
    assert!(found.states > 1000, "{found}");
}

#[test]
fn time_may_pass_at_any_moment() {
    let found = sound(Bounds { faults: 0, ..Bounds::FAULT });
    assert!(found.ends[0] > 0, "no state ends Recovered: {found}");
    assert!(found.ends[1] > 0, "no state ends RolledBack: {found}");
}
