//! Before a request is sent its intent is written: what the decision does not name, what comes before
//! the commit, what is undone behind it, and a fence on old evidence are refused here.

use serde_json::json;

use crate::audit::example::{Journal, at, commit, fenced, lease, promote};
use crate::ids::Step;
use crate::journal::cases::*;
use crate::journal::{Bearing, End, Entry};
use crate::time::after;

#[test]
fn only_what_the_decision_names_is_done() {
    let j = Journal::opened(1, 0);
    assert_eq!(reader(&j, &intent(effect(Step::Capacity, "it"), minimum(2))), Ok(()));
    let unnamed = intent(effect(Step::Capacity, "third"), minimum(2));
    let words = "the decision does not name orders/1/capacity/third/do";
    assert_eq!(reader(&j, &unnamed), no(words));
}

#[test]
fn an_undo_bears_the_name_of_what_this_generation_did() {
    let mut j = Journal::opened(1, 0);
    let it = effect(Step::Capacity, "it");
    j.sent(5, Step::Capacity, minimum(4));
    j.add(6, turned_back());
    assert_eq!(reader(&j, &undo(&it, minimum(2))), Ok(()));
    let other = effect(Step::Capacity, "other");
    let words = "orders/1/capacity/other/do was never done";
    assert_eq!(reader(&j, &undo(&other, minimum(2))), no(words));
    let Entry::Intent { change, before, .. } = undo(&it, minimum(2)) else { panic!() };
    let undoes = Some(it);
    let misnamed = Entry::Intent { effect: other.undo(), change, undoes, before };
    assert_eq!(
        reader(&j, &misnamed),
        no("orders/1/capacity/other/do-undo is not the undo of orders/1/capacity/it/do")
    );
}

#[test]
fn an_undo_is_not_undone() {
    let mut j = Journal::opened(1, 0);
    let it = effect(Step::Capacity, "it");
    j.sent(5, Step::Capacity, minimum(4));
    j.add(6, turned_back());
    j.add(7, undo(&it, minimum(2)));
    let words = "orders/1/capacity/it/do-undo is itself an undo";
    assert_eq!(reader(&j, &undo(&it.undo(), minimum(4))), no(words));
    assert_eq!(reader(&j, &undo(&it, minimum(2))), Ok(()), "it may be sent again");
}

#[test]
fn what_is_begun_and_what_is_undone_depends_on_which_way_is_open() {
    let it = effect(Step::Capacity, "it");
    let begun = intent(effect(Step::Capacity, "other"), minimum(2));
    let promotion = intent(effect(Step::Database, "it"), promote());

    let mut open = fenced(1);
    open.sent(32, Step::Capacity, minimum(4));
    assert_eq!(reader(&open, &begun), Ok(()));
    assert_eq!(reader(&open, &promotion), no("this needs the commit"));
    let undone = reader(&open, &undo(&it, minimum(2)));
    assert_eq!(undone, no("nothing is undone before turning back"));

    let mut committed = open.clone();
    commit(&mut committed, 33, "ev32");
    assert_eq!(reader(&committed, &begun), Ok(()));
    assert_eq!(reader(&committed, &promotion), Ok(()));
    let undone = reader(&committed, &undo(&it, minimum(2)));
    assert_eq!(undone, no("nothing is undone after the commit"));

    let mut back = open.clone();
    back.add(33, turned_back());
    for new in [&begun, &promotion] {
        assert_eq!(reader(&back, new), no("nothing new is done after turning back"));
    }
    assert_eq!(reader(&back, &undo(&it, minimum(2))), Ok(()));
}

#[test]
fn nothing_is_undone_while_the_way_back_is_halted() {
    let it = effect(Step::Capacity, "it");
    let mut j = Journal::opened(1, 0);
    j.sent(5, Step::Capacity, minimum(4));
    j.add(6, turned_back());
    for halt in [held("look"), paused("look"), stopped("look")] {
        let mut halted = j.clone();
        halted.add(7, halt);
        assert_eq!(reader(&halted, &undo(&it, minimum(2))), no("it is halted: look"));
        halted.add(8, resumed(None));
        assert_eq!(reader(&halted, &undo(&it, minimum(2))), Ok(()));
    }
}

fn weighed(verdict: Bearing) -> Journal {
    let mut j = Journal::opened(1, 0);
    j.add(10, assessed(verdict));
    j
}

fn fence() -> Entry {
    intent(effect(Step::Fence, "it"), lease("us-east-1", 1, "nobody"))
}

#[test]
fn a_fence_rests_on_an_assessment_of_this_moment_that_says_go() {
    let go = weighed(Bearing::Go);
    let last = after(at(10), LIMITS.assessment_age);
    assert_eq!(writer(&go, &fence(), last), Ok(()));
    let words = format!("the assessment is of {}", at(10));
    assert_eq!(writer(&go, &fence(), just_after(last)), no(&words));
    for (verdict, words) in [
        (Bearing::TurnBack, "the assessment says TurnBack"),
        (Bearing::Unsure, "the assessment says Unsure"),
    ] {
        assert_eq!(writer(&weighed(verdict), &fence(), at(11)), no(words));
    }
    let blind = Journal::opened(1, 0);
    assert_eq!(writer(&blind, &fence(), at(11)), no("nothing was assessed"));
    assert_eq!(reader(&blind, &fence()), Ok(()), "a reader may have other limits");
}

#[test]
fn no_evidence_is_needed_to_make_room_or_to_give_a_fence_back() {
    let blind = Journal::opened(1, 0);
    let room = intent(effect(Step::Capacity, "it"), minimum(2));
    assert_eq!(writer(&blind, &room, at(11)), Ok(()));

    let mut back = weighed(Bearing::Go);
    back.sent(11, Step::Fence, lease("us-east-1", 1, "nobody"));
    back.add(12, turned_back());
    let given_back = undo(&effect(Step::Fence, "it"), lease("nobody", 2, "us-east-1"));
    assert_eq!(writer(&back, &given_back, at(10_000)), Ok(()));
}

#[test]
fn a_risk_is_taken_only_where_the_plan_leaves_it_to_a_person() {
    let refused =
        no("plan orders-region lists no fence `waiver` for orders-db: nobody may take its risk");
    let listed = plan_with("/databases/0/fences", json!([{"kind": "waiver"}]));
    let users = "plan orders-region lists no fence `waiver` for users-db: nobody may take its risk";
    let of_users =
        Entry::Waived { database: "users-db".into(), loss: None, reason: "mine".to_owned() };
    let open = fenced(1);
    let mut over = open.clone();
    over.add(39, ended(End::Abandoned));
    for j in [&open, &over] {
        assert_eq!(writer(j, &waived(None), at(40)), refused);
        assert_eq!(by_plan(&listed, j, &waived(None), at(40)), Ok(()));
        assert_eq!(by_plan(&listed, j, &of_users, at(40)), no(users));
        assert_eq!(reader(j, &waived(None)), Ok(()), "whoever reads has no plan");
    }
}
