//! What the commit waits for.

use super::*;
use crate::audit::example::{at, database, fenced, lease, plan, situation};
use crate::ids::EntryId;
use crate::journal::State;
use crate::time::{Span, Timestamp};
use crate::world::Change;

/// What it waits for at that instant; empty: nothing of its own.
fn waits(state: &State, now: Timestamp) -> String {
    let plan = plan();
    let situation = situation(&plan, state, now);
    assert!(questions(&situation).is_empty());
    let next = decide(&situation, &Seen::default());
    assert!(!next.records.iter().any(|e| matches!(e, Entry::Committed { .. })), "{next:?}");
    next.answer(situation.limits, Span::default()).2
}

fn ready() -> State {
    fenced(1).state()
}

/// One word of the wait, or none.
fn waits_for(state: &State, word: &str) -> bool {
    waits(state, at(40)).contains(word)
}

#[test]
fn it_waits_for_both_steps() {
    assert!(!waits_for(&ready(), "is not done"));
    for step in [Step::Fence, Step::Capacity] {
        let mut state = ready();
        state.done.remove(&step);
        assert!(waits_for(&state, &format!("step {step} is not done")));
    }
}

#[test]
fn a_proof_counts_from_the_instant_that_it_names() {
    let just_before = Timestamp::from_millisecond(at(30).as_millisecond() - 1).unwrap();
    assert!(waits(&ready(), just_before).contains("is proven only in"));
    assert!(!waits(&ready(), at(30)).contains("is proven only in"));
    let mut state = ready();
    state.fenced.clear();
    assert!(waits_for(&state, "no fence of orders-db is proven"));
    state.waived.insert(database(), None);
    assert!(!waits_for(&state, "no fence"), "a person took the risk");
}

#[test]
fn a_loss_is_known_or_waived() {
    let with = |bound: Option<Option<Span>>, waived: bool| {
        let mut state = ready();
        state.losses.clear();
        if let Some(bound) = bound {
            state.losses.insert(database(), (bound, "a test".to_owned()));
        }
        if waived {
            state.waived.insert(database(), None);
        }
        waits(&state, at(40)).contains("the loss bound of orders-db")
    };
    assert!(with(None, false) && with(None, true), "it is always worked out first");
    assert!(with(Some(None), false) && !with(Some(None), true));
    assert!(!with(Some(Some(Span::seconds(20))), false));
}

#[test]
fn nothing_may_be_in_flight_but_what_fences_more() {
    let in_flight = |change: Change| {
        let mut journal = fenced(1);
        journal.sent(35, Step::Fence, lease("nobody", 2, "us-west-2"));
        let mut state = journal.state();
        std::sync::Arc::make_mut(&mut state.effects)
            .values_mut()
            .for_each(|e| std::sync::Arc::make_mut(e).change = change.clone());
        waits(&state, at(40)).contains("it is not known whether")
    };
    let bound = Change::BoundGroup {
        region: "us-east-1".into(),
        group: "writers".into(),
        minimum: 0,
        maximum: 0,
        desired: 0,
        suspend: true,
    };
    assert!(in_flight(lease("nobody", 2, "us-west-2")) && !in_flight(bound));
}

#[test]
fn a_database_may_be_promoted_by_a_right_that_is_said() {
    let (plan, state) = (plan(), ready());
    let right = holds(&situation(&plan, &state, at(40)), &plan.databases[0]).unwrap();
    let database: EntryId = database();
    assert_eq!(right, format!("{database} is fenced; at most 20s of writes are lost (limit 1m)"));
}
