//! Answers come too late, passes are not in a row, and what is left of a generation's time.

use crate::audit::example::{Journal, at, commit, fenced, plan_digest};
use crate::ids::Step;
use crate::journal::rules::admits;
use crate::journal::{Answer, Entry, TurnBackReason};
use crate::limits::Limits;
use crate::time::{Span, after, since};

fn question() -> Entry {
    let (plan, question) = (plan_digest(), "go on?".to_owned());
    Entry::Asked { number: 1, plan, loss: None, deadline: at(900), question }
}

fn asked(j: &mut Journal, seconds: u64) {
    j.add(seconds, question());
}

fn answer() -> Entry {
    Entry::Answered { number: 1, answer: Answer::Approved, reason: "yes".to_owned() }
}

fn admitted(j: &Journal) -> Result<(), String> {
    follows(j, &answer())
}

fn follows(j: &Journal, entry: &Entry) -> Result<(), String> {
    admits(&j.state(), entry, at(100), None).map_err(|no| no.to_string())
}

#[test]
fn an_answer_counts_only_while_the_way_is_open() {
    let mut open = fenced(1);
    asked(&mut open, 32);
    assert_eq!(admitted(&open), Ok(()));

    let mut committed = open.clone();
    commit(&mut committed, 33, "ev32");
    assert!(admitted(&committed).unwrap_err().contains("question 1 is over"));

    let mut back = open.clone();
    back.add(33, Entry::turned_back(TurnBackReason::PrimaryHealthy, "it is well"));
    assert!(admitted(&back).unwrap_err().contains("it has turned back"));
}

#[test]
fn nobody_is_asked_where_no_answer_counts() {
    let open = fenced(1);
    assert_eq!(follows(&open, &question()), Ok(()));

    let mut committed = open.clone();
    commit(&mut committed, 33, "ev32");
    assert!(follows(&committed, &question()).unwrap_err().contains("question 1 is over"));

    let mut back = open.clone();
    back.add(33, Entry::turned_back(TurnBackReason::PrimaryHealthy, "it is well"));
    assert!(follows(&back, &question()).unwrap_err().contains("it has turned back"));
}

#[test]
fn passes_on_both_sides_of_a_halt_are_not_in_a_row() {
    let mut j = fenced(1);
    commit(&mut j, 33, "ev32");
    for seconds in [40, 45] {
        j.add(seconds, Entry::Pass { held: true, checks: vec!["home: 200".to_owned()] });
    }
    assert_eq!(j.state().passes, 2);
    j.add(46, Entry::Held { step: Step::Validate, reason: "look".to_owned() });
    j.add(4000, Entry::Resumed { reason: "go".to_owned(), time_limit: Some(Span::minutes(5)) });
    assert_eq!(j.state().passes, 0);
    j.add(4001, Entry::Pass { held: true, checks: vec!["home: 200".to_owned()] });
    assert_eq!(j.state().passes, 1);
}

#[test]
fn who_resumes_while_users_are_not_served_has_capacity_looked_at_anew() {
    for held in [true, false] {
        let mut j = fenced(1);
        commit(&mut j, 33, "ev32");
        j.step(34, Step::Restore);
        j.add(40, Entry::Pass { held, checks: vec!["home: 503".to_owned()] });
        j.add(46, Entry::Held { step: Step::Validate, reason: "look".to_owned() });
        resumed(&mut j, 50);
        assert_eq!(j.state().done.contains_key(&Step::Restore), held);
        j.step(51, Step::Restore);
        assert_eq!(j.state().done[&Step::Restore], if held { at(34) } else { at(51) });
    }
}

fn resumed(j: &mut Journal, seconds: u64) {
    j.add(seconds, Entry::Resumed { reason: "go".to_owned(), time_limit: None });
}

#[test]
fn the_way_back_has_a_time_of_its_own_with_room_for_a_lost_request() {
    let (mut j, limits) = (fenced(1), Limits::REAL);
    let term = since(j.state().decision.opened, j.state().decision.deadline);
    assert_eq!(j.state().deadline(at(40), &limits), j.state().decision.deadline);
    j.add(33, Entry::turned_back(TurnBackReason::PrimaryHealthy, "it is well"));
    let over = after(after(at(33), term), limits.request_life);
    assert_eq!(j.state().deadline(at(40), &limits), over);
}

#[test]
fn who_resumes_when_nothing_is_left_gives_the_whole_time_anew() {
    let limits = Limits::REAL;
    let held = Entry::Held { step: Step::Undo, reason: "look".to_owned() };
    let mut j = fenced(1);
    let term = since(j.state().decision.opened, j.state().decision.deadline);
    j.add(33, Entry::turned_back(TurnBackReason::PrimaryHealthy, "it is well"));
    let over = j.state().deadline(at(40), &limits);

    // Something is left: the halt is added, and no more.
    let mut early = j.clone();
    early.add(100, held.clone());
    resumed(&mut early, 4000);
    assert_eq!(early.state().deadline(at(4000), &limits), after(over, Span::seconds(3900)));

    let late = since(at(0), over).as_millis() / 1000 + 1;
    j.add(late, held);
    resumed(&mut j, late + 60);
    let anew = after(after(at(late + 60), term), limits.request_life);
    assert_eq!(j.state().deadline(at(late + 61), &limits), anew);
}
