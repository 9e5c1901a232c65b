//! When everything is well again the schedule fires as ever.

use leeward_core::time::{Span, Timestamp, after};

use super::super::choices::Choices;
use super::super::forced::Forced;
use super::super::run::{Due, Run};
use super::super::setup::Setup;

/// When the schedule fires next, after everything has healed of a run whose next firing was laid so far away.
fn sweeps(setup: &Setup, before: Span) -> (Timestamp, Vec<Timestamp>) {
    let mut run = Run::new(setup, Choices::seeded(1), Forced::default());
    let now = run.now();
    run.due.retain(|_, due| !matches!(due, Due::Sweep));
    run.at(after(now, before), Due::Sweep);
    run.heal();
    let usual = run.next_sweep();
    let due = run.due.iter().filter(|(_, due)| matches!(due, Due::Sweep));
    (usual, due.map(|((at, _), _)| *at).collect())
}

#[test]
fn a_sweep_that_was_laid_late_comes_as_ever_when_all_is_well() {
    let setup = Setup::examples();
    let (usual, found) = sweeps(&setup, Span::minutes(24 * 60));
    assert_eq!(found, [usual]);
}

#[test]
fn a_sweep_that_comes_sooner_stays_and_none_is_added() {
    let setup = Setup::examples();
    let (usual, found) = sweeps(&setup, Span::seconds(1));
    assert_eq!(found.len(), 1);
    assert!(found[0] < usual);
}
