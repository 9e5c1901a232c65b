//! What is looked at to undo, and how the end is worded.

use serde_json::json;

use super::*;
use crate::audit::example::{Journal, at, lease as moved, situation};
use crate::ids::{Generation, Step};
use crate::journal::{Successor, TurnBackReason};
use crate::plan::{Plan, example};

/// The example's plan with a second database under a lease of its own.
fn two_leases() -> Plan {
    let mut plan = example::orders();
    let mut other = plan["databases"][0].clone();
    other["id"] = json!("stock-db");
    other["fences"][0]["region"] = json!("eu-north-1");
    plan["databases"].as_array_mut().unwrap().push(other);
    serde_json::from_value(plan).unwrap()
}

#[test]
fn only_the_lease_that_was_taken_is_looked_at() {
    let plan = two_leases();
    let mut journal = Journal::opened(1, 0);
    let taken = journal.done(3, Step::Fence, moved("us-east-1", 1, "nobody"));
    let state = journal.state();
    let questions = asked(&situation(&plan, &state, at(10)), &state.effects[&taken]);
    assert_eq!(questions.len(), 1, "{questions:?}");
    assert!(questions[0].to_string().contains("eu-west-1"), "{}", questions[0]);
}

#[test]
fn the_end_says_what_is_left_to_the_next_and_only_that() {
    let plan = two_leases();
    let told = |keeps: Option<Vec<EffectId>>| {
        let mut journal = Journal::opened(1, 0);
        journal.add(5, Entry::turned_back(TurnBackReason::Superseded, "wider"));
        let mut state = journal.state();
        state.successor = keeps.map(|keeps| Successor { plan: plan.plan.clone(), keeps });
        let next = decide(&situation(&plan, &state, at(10)), &Seen::default());
        match next.records.as_slice() {
            [Entry::Ended { end: End::RolledBack, reason }] => reason.clone(),
            other => panic!("{other:?}"),
        }
    };
    assert!(told(None).starts_with("everything is undone"));
    assert!(told(Some(Vec::new())).starts_with("everything is undone"), "nothing was left to it");
    let kept = EffectId::new(&"orders".into(), Generation(1), Step::Fence, "it", "do");
    assert!(told(Some(vec![kept.clone()])).ends_with(&format!("goes on with {kept}")));
}
