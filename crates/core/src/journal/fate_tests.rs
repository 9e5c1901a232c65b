//! The commit, the way back and the end: each once, and each only when what it rests on is on record.

use serde_json::json;

use crate::audit::example::{Journal, at, commit, database, fenced, lease, promote};
use crate::ids::Step;
use crate::journal::cases::*;
use crate::journal::{Bearing, End};
use crate::time::after;

/// All that a commit needs but the proof and the loss.
fn weighed() -> Journal {
    let mut j = Journal::opened(1, 0);
    j.add(20, assessed(Bearing::Go));
    j
}

#[test]
fn it_is_decided_once_which_way_it_goes() {
    for (decided, words) in
        [(committed(), "it is committed"), (turned_back(), "it has turned back")]
    {
        let mut j = fenced(1);
        j.add(33, decided);
        for entry in [committed(), turned_back()] {
            assert_eq!(writer(&j, &entry, at(34)), no(words));
            assert_eq!(reader(&j, &entry), no(words));
        }
    }
}

#[test]
fn the_commit_waits_for_the_instant_from_which_the_fence_holds() {
    let j = fenced(1);
    assert_eq!(
        writer(&j, &committed(), just_before(at(30))),
        no("no fence of orders-db is proven")
    );
    assert_eq!(writer(&j, &committed(), at(30)), Ok(()));
}

#[test]
fn the_commit_needs_a_fence_or_a_waiver_and_a_loss_bound_of_each_database() {
    let mut j = weighed();
    j.add(21, loss_bound(None));
    assert_eq!(writer(&j, &committed(), at(22)), no("no fence of orders-db is proven"));
    let mut other = j.clone();
    other.add(21, proof("users-db".into(), at(21)));
    assert_eq!(writer(&other, &committed(), at(22)), no("no fence of orders-db is proven"));

    for grounds in [proof(database(), at(21)), waived(None)] {
        let mut known = j.clone();
        known.add(21, grounds.clone());
        assert_eq!(writer(&known, &committed(), at(22)), Ok(()), "{}", grounds.name());
        let mut unknown = weighed();
        unknown.add(21, grounds);
        let words = "the loss bound of orders-db is not known";
        assert_eq!(writer(&unknown, &committed(), at(22)), no(words));
    }
}

#[test]
fn a_database_that_every_side_may_write_needs_no_fence() {
    let table = json!([{"id": "carts", "kind": "dynamodb-global", "services": ["api"],
        "table": "carts", "max-loss": "60s"}]);
    let everywhere = plan_with("/databases", table);
    assert_eq!(by_plan(&everywhere, &weighed(), &committed(), at(22)), Ok(()));
}

#[test]
fn the_commit_rests_on_an_assessment_of_this_moment_that_says_go() {
    let j = fenced(1);
    let last = after(at(32), LIMITS.assessment_age);
    assert_eq!(writer(&j, &committed(), last), Ok(()));
    let words = format!("the assessment is of {}", at(32));
    assert_eq!(writer(&j, &committed(), just_after(last)), no(&words));
    for (verdict, words) in [
        (Bearing::TurnBack, "the assessment says TurnBack"),
        (Bearing::Unsure, "the assessment says Unsure"),
    ] {
        let mut j = fenced(1);
        j.add(33, assessed(verdict));
        assert_eq!(writer(&j, &committed(), at(34)), no(words));
        assert_eq!(writer(&j, &turned_back(), at(34)), Ok(()), "back at any time");
    }
}

#[test]
fn turning_back_needs_nothing_and_a_reader_asks_for_nothing_beside_the_journal() {
    let j = Journal::opened(1, 0);
    assert_eq!(writer(&j, &turned_back(), at(10_000)), Ok(()));
    assert_eq!(writer(&j, &committed(), at(1)), no("no fence of orders-db is proven"));
    assert_eq!(reader(&j, &committed()), Ok(()));
}

#[test]
fn recovered_takes_the_commit_and_a_pass_that_held() {
    let mut j = fenced(1);
    assert_eq!(reader(&j, &ended(End::Recovered)), no("nothing is committed"));
    let mut back = j.clone();
    back.add(33, turned_back());
    assert_eq!(reader(&back, &ended(End::Recovered)), no("nothing is committed"));

    commit(&mut j, 33, "ev32");
    assert_eq!(reader(&j, &ended(End::Recovered)), no("no validation pass held"));
    j.add(40, pass(true));
    assert_eq!(reader(&j, &ended(End::Recovered)), Ok(()));
    j.add(45, pass(false));
    assert_eq!(reader(&j, &ended(End::Recovered)), no("no validation pass held"));
}

#[test]
fn rolled_back_is_only_what_has_turned_back() {
    let open = fenced(1);
    let mut forward = open.clone();
    commit(&mut forward, 33, "ev32");
    forward.add(40, pass(true));
    for j in [&open, &forward] {
        assert_eq!(reader(j, &ended(End::RolledBack)), no("it has not turned back"));
    }
    let mut back = open;
    back.add(33, turned_back());
    assert_eq!(reader(&back, &ended(End::RolledBack)), Ok(()));
}

#[test]
fn no_good_end_while_it_is_not_known_whether_an_effect_happened() {
    let mut forward = fenced(1);
    commit(&mut forward, 33, "ev32");
    let promoted = forward.sent(34, Step::Database, promote());
    forward.add(40, pass(true));
    let words = format!("it is not known whether {promoted} happened");
    assert_eq!(reader(&forward, &ended(End::Recovered)), no(&words));
    forward.add(41, outcome(promoted, true));
    assert_eq!(reader(&forward, &ended(End::Recovered)), Ok(()));

    let mut back = fenced(1);
    let raised = back.sent(33, Step::Capacity, minimum(4));
    let sent = back.records.last().unwrap().seq.0;
    back.add(34, turned_back());
    let words = format!("it is not known whether {raised} happened");
    assert_eq!(reader(&back, &ended(End::RolledBack)), no(&words));
    back.add(35, replied(raised, sent, refused()));
    assert_eq!(reader(&back, &ended(End::RolledBack)), Ok(()), "it did not");
}

#[test]
fn it_is_abandoned_at_any_point_but_not_before_the_last_request_can_land_no_more() {
    let mut committed = fenced(1);
    commit(&mut committed, 33, "ev32");
    let mut back = fenced(1);
    back.add(33, turned_back());
    for j in [&Journal::opened(1, 0), &fenced(1), &committed, &back] {
        assert_eq!(writer(j, &ended(End::Abandoned), at(34)), Ok(()), "nothing is under way");
    }
    let mut flying = Journal::opened(1, 0);
    flying.sent(20, Step::Fence, lease("us-east-1", 1, "nobody"));
    let safe = after(at(20), LIMITS.request_life);
    assert_eq!(writer(&flying, &ended(End::Abandoned), safe), Ok(()));
    let words = format!("a request may still land until {safe}; abandon it then");
    assert_eq!(writer(&flying, &ended(End::Abandoned), just_before(safe)), no(&words));
    assert_eq!(reader(&flying, &ended(End::Abandoned)), Ok(()), "a reader may have other limits");
}

#[test]
fn it_is_not_abandoned_before_a_request_that_its_repeat_overtook_can_land_no_more() {
    let mut j = Journal::opened(1, 0);
    for seconds in [20, 30] {
        j.sent(seconds, Step::Capacity, minimum(4));
    }
    j.add(31, outcome(effect(Step::Capacity, "it"), true));
    let safe = after(at(30), LIMITS.request_life);
    assert!(writer(&j, &ended(End::Abandoned), just_before(safe)).is_err());
    assert_eq!(writer(&j, &ended(End::Abandoned), safe), Ok(()));
}
