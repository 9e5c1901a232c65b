//! Which entry may follow which, beside those that need the plan: what an entry speaks of has to be
//! there, a halt stands until it is resumed, and an end is an end.

use crate::audit::example::{Journal, at, commit, database, fenced, lease, recovered};
use crate::ids::{Side, Step};
use crate::journal::cases::*;
use crate::journal::rules::next_seq;
use crate::journal::{Answer, Bearing, End, Entry};

#[test]
fn a_reply_belongs_to_one_intent_that_has_none() {
    let mut j = Journal::opened(1, 0);
    let it = j.sent(5, Step::Fence, lease("a", 1, "b"));
    let intent = j.records.last().unwrap().seq.0;
    assert_eq!(reader(&j, &replied(it.clone(), intent, accepted())), Ok(()));
    for (effect, number) in [(it.clone(), intent + 1), (effect(Step::Fence, "other"), intent)] {
        let words = format!("there is no intent {number} of {effect}");
        assert_eq!(reader(&j, &replied(effect, number, accepted())), no(&words));
    }

    j.add(6, replied(it.clone(), intent, refused()));
    let words = format!("intent {intent} was already replied to");
    assert_eq!(reader(&j, &replied(it.clone(), intent, accepted())), no(&words));

    j.sent(7, Step::Fence, lease("a", 1, "b"));
    assert_eq!(reader(&j, &replied(it, intent + 2, accepted())), Ok(()), "it was sent again");
}

#[test]
fn an_outcome_is_of_an_effect_that_was_intended() {
    let mut j = Journal::opened(1, 0);
    let it = effect(Step::Fence, "it");
    let words = "orders/1/fence/it/do was never intended";
    assert_eq!(reader(&j, &outcome(it.clone(), true)), no(words));
    j.sent(5, Step::Fence, lease("a", 1, "b"));
    assert_eq!(reader(&j, &outcome(it, true)), Ok(()));
}

#[test]
fn questions_are_numbered_from_one_without_a_gap_and_answered_once() {
    let mut j = Journal::opened(1, 0);
    assert_eq!(reader(&j, &asked(0)), no("the next question is number 1"));
    assert_eq!(reader(&j, &asked(2)), no("the next question is number 1"));
    assert_eq!(reader(&j, &asked(1)), Ok(()));
    assert_eq!(reader(&j, &answered(1, Answer::Approved)), no("there is no question 1"));

    j.add(1, asked(1));
    assert_eq!(reader(&j, &asked(1)), no("the next question is number 2"));
    assert_eq!(reader(&j, &asked(2)), Ok(()));
    assert_eq!(reader(&j, &answered(1, Answer::Approved)), Ok(()));
    assert_eq!(reader(&j, &answered(2, Answer::Approved)), no("there is no question 2"));

    j.add(2, answered(1, Answer::Declined));
    j.add(3, asked(2));
    assert_eq!(reader(&j, &answered(1, Answer::Approved)), no("question 1 has its answer"));
    assert_eq!(reader(&j, &answered(2, Answer::Approved)), Ok(()));
}

#[test]
fn a_halt_stands_until_it_is_resumed_and_only_a_stop_goes_over_it() {
    let open = Journal::opened(1, 0);
    assert_eq!(reader(&open, &resumed(None)), no("nothing is halted"));
    for entry in [held("look"), paused("wait"), stopped("no further")] {
        assert_eq!(reader(&open, &entry), Ok(()), "{}", entry.name());
    }
    for (halt, may_stop) in [(held("look"), true), (paused("wait"), true), (stopped("no"), false)] {
        let mut j = open.clone();
        let name = halt.name();
        j.add(1, halt);
        assert_eq!(reader(&j, &resumed(None)), Ok(()), "{name}");
        assert_eq!(reader(&j, &held("again")), no("it is halted already"), "{name}");
        assert_eq!(reader(&j, &paused("again")), no("it is halted already"), "{name}");
        let stop = if may_stop { Ok(()) } else { no("it is halted already") };
        assert_eq!(reader(&j, &stopped("no further")), stop, "{name}");
        j.add(2, resumed(None));
        assert_eq!(reader(&j, &held("again")), Ok(()), "{name}");
    }
}

#[test]
fn while_it_is_halted_nothing_is_begun_and_nothing_decided_but_what_is_seen_is_written() {
    let mut j = fenced(1);
    let it = effect(Step::Fence, "it");
    j.add(40, held("look"));
    for entry in [intent(effect(Step::Capacity, "it"), minimum(2)), committed(), turned_back()] {
        assert_eq!(reader(&j, &entry), no("it is halted: look"), "{}", entry.name());
    }
    for entry in [
        joined(),
        assessed(Bearing::Unsure),
        outcome(it, true),
        proof(database(), at(40)),
        loss_bound(None),
        step_done(Step::Fence),
        noted(),
        asked(1),
        ended(End::Abandoned),
    ] {
        assert_eq!(reader(&j, &entry), Ok(()), "{}", entry.name());
    }
}

#[test]
fn writers_are_verified_and_passes_made_behind_the_commit_alone() {
    let mut open = fenced(1);
    let mut back = open.clone();
    back.add(33, turned_back());
    for entry in [verified(), pass(true), pass(false)] {
        assert_eq!(reader(&open, &entry), no("nothing is committed"), "{}", entry.name());
        assert_eq!(reader(&back, &entry), no("nothing is committed"), "{}", entry.name());
    }
    commit(&mut open, 33, "ev32");
    for entry in [verified(), pass(true), pass(false)] {
        assert_eq!(reader(&open, &entry), Ok(()), "{}", entry.name());
    }
}

#[test]
fn a_generation_that_goes_on_has_no_second_decision_and_no_end_to_speak_of() {
    let j = fenced(1);
    let decision = j.records[0].entry.clone();
    assert_eq!(reader(&j, &decision), no("the decision is already made"));
    assert_eq!(reader(&j, &closed(2)), no("the generation has not ended"));
    assert_eq!(reader(&j, &acknowledged()), no("there is no end to acknowledge yet"));
    assert_eq!(next_seq(&j.state()).0, j.records.len() as u64 + 1);
}

#[test]
fn after_the_end_only_what_speaks_of_it_follows() {
    let mut j = recovered(1);
    for entry in [acknowledged(), noted(), closed(2)] {
        assert_eq!(reader(&j, &entry), Ok(()), "{}", entry.name());
    }
    let after =
        |name: &str| no(&format!("the generation has ended: users are served; no {name} follows"));
    let it = effect(Step::Fence, "it");
    for entry in [
        j.records[0].entry.clone(),
        joined(),
        assessed(Bearing::Go),
        asked(1),
        answered(1, Answer::Approved),
        intent(it.clone(), minimum(2)),
        replied(it.clone(), 4, accepted()),
        outcome(it, true),
        proof(database(), at(40)),
        loss_bound(None),
        verified(),
        step_done(Step::Fence),
        committed(),
        turned_back(),
        pass(true),
        held("look"),
        paused("wait"),
        stopped("no further"),
        resumed(None),
        ended(End::Recovered),
    ] {
        assert_eq!(reader(&j, &entry), after(entry.name()));
    }

    j.add(70, closed(2));
    for entry in [noted(), acknowledged(), closed(3), joined()] {
        let closed = no("the journal is closed; generation 2 follows");
        assert_eq!(reader(&j, &entry), closed, "{}", entry.name());
    }
}

#[test]
fn an_old_side_is_seen_fenced_once_and_only_where_it_was_unproven() {
    for end in [false, true] {
        let mut j = Journal::opened(2, 0);
        decision(&mut j).unproven = vec![unproven(Side::Primary, 1)];
        if end {
            j.add(5, ended(End::Abandoned));
        }
        assert_eq!(reader(&j, &old_side_fenced(database(), Side::Primary)), Ok(()));
        let other_side = old_side_fenced(database(), Side::Standby);
        assert_eq!(reader(&j, &other_side), no("the old side of orders-db is not unproven"));
        let other = old_side_fenced("users-db".into(), Side::Primary);
        assert_eq!(reader(&j, &other), no("the old side of users-db is not unproven"));
        j.add(6, old_side_fenced(database(), Side::Primary));
        let again = old_side_fenced(database(), Side::Primary);
        assert_eq!(reader(&j, &again), no("the old side of orders-db is not unproven"));
    }
}

#[test]
fn a_reader_who_finds_what_may_not_follow_says_which_entry_and_why() {
    let mut j = recovered(1);
    let entry: Entry = joined();
    j.add(70, entry);
    let broken = crate::journal::State::fold(&j.records, crate::journal::chain::origin());
    let last = j.records.len();
    assert_eq!(
        broken.unwrap_err().to_string(),
        format!(
            "journal entry {last} was not allowed: the generation has ended: users are served; no joined follows"
        )
    );
}
