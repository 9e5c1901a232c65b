//! When users are said to be served.

use super::*;
use crate::audit::example::{at, plan, recovered, situation};
use crate::journal::State;
use crate::plan::Plan;
use crate::time::Span;

/// The example's plan with its plain look alone.
fn looking() -> Plan {
    let mut plan = plan();
    plan.validation.checks.retain(|c| matches!(c, Check::Http(_)));
    assert_eq!(plan.validation.checks.len(), 1);
    plan
}

/// A recovery that has made all its passes, and has not ended.
fn passed() -> State {
    let mut journal = recovered(1);
    journal.records.pop();
    let state = journal.state();
    assert_eq!((state.passes, state.end.is_some()), (3, false));
    state
}

/// What follows when the look is answered by that side, or not at all.
fn next(state: &State, side: Option<&str>, seconds: u64) -> Move {
    let plan = looking();
    let situation = situation(&plan, state, at(seconds));
    let mut seen = Seen::default();
    for question in questions(&situation) {
        let Some(marker) = side else { continue };
        let view = serde_json::json!({
            "status": 200, "marker": marker, "body": "", "took": Span::millis(20),
        });
        seen.insert(question, Ok(View::Http(serde_json::from_value(view).unwrap())));
    }
    decide(&situation, &seen)
}

fn passes(next: &Move) -> Option<bool> {
    match next.records.as_slice() {
        [Entry::Pass { held, .. }] => Some(*held),
        [] | [_, ..] => None,
    }
}

fn ends(next: &Move) -> bool {
    matches!(next.records.as_slice(), [Entry::Ended { end: End::Recovered, .. }])
}

#[test]
fn the_end_rests_on_a_look_of_its_own_whatever_was_seen_before() {
    let state = passed();
    assert!(ends(&next(&state, Some("w"), 62)));
    assert!(ends(&next(&state, Some("w"), 4_000)), "whoever goes on hours later looks, too");
    for side in [None, Some("e")] {
        assert_eq!(passes(&next(&state, side, 62)), Some(false), "{side:?}");
    }
}

#[test]
fn passes_are_an_interval_apart_and_a_failure_is_written_once() {
    let mut state = passed();
    state.passes = 1;
    state.last_pass = Some((at(62), true));
    let early = next(&state, Some("w"), 66);
    assert!(early.records.is_empty() && !early.settled(), "{early:?}");
    assert_eq!(passes(&next(&state, Some("w"), 67)), Some(true));
    assert_eq!(passes(&next(&state, None, 67)), Some(false));
    state.last_pass = Some((at(62), false));
    let again = next(&state, None, 67);
    assert!(again.records.is_empty() && !again.settled(), "{again:?}");
    assert_eq!(passes(&next(&state, Some("w"), 63)), Some(true), "nobody waits after a failure");
}
