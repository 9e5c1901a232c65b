//! What each entry leaves behind in the state.

use crate::audit::example::{Journal, at, commit, database, fenced, recovered};
use crate::ids::{Digest, Seq, Step};
use crate::journal::cases::*;
use crate::journal::{
    Assessed, Bearing, Broken, End, Ended, Entry, Fate, FenceProof, Fenced, State, Successor,
    TurnBackReason, chain,
};
use crate::time::Span;

#[test]
fn a_journal_begins_with_its_decision_and_with_nothing_else() {
    let fold = |j: &Journal| State::fold(&j.records, chain::origin()).map(|s| s.last);
    let mut j = recovered(1);
    assert_eq!(fold(&j), Ok(Seq(j.records.len() as u64)));
    j.records.remove(0);
    let headless = Broken::new(Seq(2), "is no decision, but stands first");
    assert_eq!(fold(&j), Err(headless));
    j.records.clear();
    assert_eq!(fold(&j), Err(Broken::new(Seq(1), "is missing: the journal is empty")));
}

#[test]
fn the_state_names_its_last_entry_and_the_digest_that_the_next_one_follows() {
    let j = fenced(1);
    let head = Digest::new("head");
    let state = State::fold(&j.records, head.clone()).unwrap();
    assert_eq!((state.last, state.last_at), (Seq(j.records.len() as u64), at(32)));
    assert_eq!(state.head, head);
}

#[test]
fn executors_stand_in_the_order_in_which_they_came() {
    let mut j = Journal::opened(1, 0);
    j.add(1, Entry::Joined { executor: "x".into() });
    j.add(2, noted());
    j.add(3, Entry::Joined { executor: "a".into() });
    assert_eq!(j.state().executors, [("x".into(), Seq(2)), ("a".into(), Seq(4))]);
}

#[test]
fn of_two_assessments_the_later_counts() {
    let mut j = Journal::opened(1, 0);
    assert_eq!(j.state().assessed, None);
    j.add(5, assessed(Bearing::Go));
    j.add(9, assessed(Bearing::Unsure));
    let (evidence, reason) = (Digest::new("ev"), "words".to_owned());
    let found =
        Assessed { at: at(9), bearing: Bearing::Unsure, evidence, reason, old_side_well: None };
    assert_eq!(j.state().assessed, Some(found));
}

#[test]
fn one_proof_may_be_of_several_databases() {
    let mut j = Journal::opened(1, 0);
    let two = vec![database(), "users-db".into()];
    let (holds_from, latest_write) = (at(30), Some(at(25)));
    let fence = FenceProof::Isolate;
    let evidence = "cut".to_owned();
    let proof = fence.clone();
    j.add(4, Entry::Fenced { databases: two.clone(), fence, holds_from, latest_write, evidence });
    let known = j.state().fenced;
    assert_eq!(known.keys().cloned().collect::<Vec<_>>(), two);
    for found in known.into_values() {
        assert_eq!(found, Fenced { proof: proof.clone(), holds_from, latest_write });
    }
}

#[test]
fn losses_waivers_and_writers_are_known_by_database() {
    let mut j = fenced(1);
    j.add(33, loss_bound(None));
    j.add(33, waived(Some(Span::seconds(70))));
    commit(&mut j, 34, "ev32");
    assert!(j.state().writers.is_empty());
    j.add(40, verified());
    let state = j.state();
    assert_eq!(state.losses[&database()], (None, "heartbeat".to_owned()), "the later bound");
    assert_eq!(state.waived[&database()], Some(Span::seconds(70)));
    assert!(state.writers.contains(&database()));
}

#[test]
fn a_step_is_done_since_it_was_first_said() {
    let mut j = Journal::opened(1, 0);
    j.step(30, Step::Fence);
    j.step(31, Step::Capacity);
    j.step(90, Step::Fence);
    let done: Vec<_> = j.state().done.into_iter().collect();
    assert_eq!(done.len(), 2);
    assert!(done.contains(&(Step::Fence, at(30))) && done.contains(&(Step::Capacity, at(31))));
}

#[test]
fn the_fate_is_open_until_one_entry_decides_it() {
    let mut forward = fenced(1);
    assert_eq!(forward.state().fate, Fate::Open);
    assert!(!forward.state().committed());
    let mut back = forward.clone();
    commit(&mut forward, 33, "ev32");
    assert_eq!(forward.state().fate, Fate::Committed(at(33)));
    assert!(forward.state().committed());
    back.add(34, turned_back());
    assert_eq!(back.state().fate, Fate::TurnedBack(TurnBackReason::PrimaryHealthy, at(34)));
    assert!(!back.state().committed());
    assert_eq!(back.state().successor, None);
}

#[test]
fn what_the_successor_needs_is_kept_and_nothing_else() {
    let (kept, given_back) = (effect(Step::Capacity, "it"), effect(Step::Capacity, "other"));
    let mut j = Journal::opened(1, 0);
    assert!(!j.state().keeps(&kept));
    let successor = Some(Successor { plan: "wider".into(), keeps: vec![kept.clone()] });
    let (reason, detail) = (TurnBackReason::Superseded, "wider".to_owned());
    j.add(5, Entry::TurnedBack { reason, detail, successor: successor.clone() });
    let state = j.state();
    assert_eq!(state.successor, successor);
    assert!(state.keeps(&kept) && !state.keeps(&given_back));
}

#[test]
fn passes_count_in_a_row() {
    let mut j = fenced(1);
    commit(&mut j, 33, "ev32");
    assert_eq!((j.state().passes, j.state().last_pass), (0, None));
    for (seconds, held, row) in
        [(40, true, 1), (45, true, 2), (50, true, 3), (55, false, 0), (60, false, 0), (65, true, 1)]
    {
        j.add(seconds, pass(held));
        let state = j.state();
        assert_eq!((state.passes, state.last_pass), (row, Some((at(seconds), held))));
    }
}

#[test]
fn the_end_its_acknowledgement_and_what_follows_are_each_on_record() {
    let mut j = fenced(1);
    let state = j.state();
    assert_eq!((state.end, state.acknowledged, state.closed), (None, None, None));
    j.add(50, ended(End::Abandoned));
    let end = Ended { end: End::Abandoned, at: at(50), reason: "that is all".to_owned() };
    assert_eq!(j.state().end, Some(end));
    j.add(60, acknowledged());
    assert_eq!((j.state().acknowledged, j.state().closed), (Some(at(60)), None));
    j.add(70, closed(4));
    assert_eq!(j.state().closed.map(|next| next.0), Some(4));
}

#[test]
fn a_reply_belongs_to_its_intent_and_an_outcome_to_its_effect() {
    let mut j = Journal::opened(1, 0);
    let it = j.sent(5, Step::Capacity, minimum(4));
    let second = intent(it.clone(), minimum(6));
    j.add(9, second);
    let other = effect(Step::Capacity, "other");
    j.add(10, intent(other.clone(), minimum(8)));
    j.add(11, replied(it.clone(), 3, accepted()));
    j.add(12, outcome(it.clone(), false));
    let state = j.state();
    let own = &state.effects[&it];
    let intents: Vec<_> = own.intents.iter().map(|i| (i.seq, i.at, i.reply.clone())).collect();
    assert_eq!(intents, [(Seq(2), at(5), None), (Seq(3), at(9), Some(accepted()))]);
    assert_eq!(own.intents[0].nonce, j.records[1].nonce);
    assert_eq!(own.change, minimum(6), "what was sent last");
    assert_eq!(own.outcome, Some((false, Seq(6), at(12))));
    let others = &state.effects[&other];
    assert_eq!((others.intents.len(), others.outcome), (1, None));
    assert_eq!(others.intents[0].reply, None);
}
