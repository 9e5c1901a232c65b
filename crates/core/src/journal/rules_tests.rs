//! Answers come too late, and passes are not in a row.

use crate::audit::example::{Journal, at, commit, fenced, plan_digest};
use crate::ids::Step;
use crate::journal::rules::admits;
use crate::journal::{Answer, Entry, TurnBackReason};
use crate::time::Span;

fn asked(j: &mut Journal, seconds: u64) {
    let (plan, question) = (plan_digest(), "go on?".to_owned());
    j.add(seconds, Entry::Asked { number: 1, plan, loss: None, deadline: at(900), question });
}

fn answer() -> Entry {
    Entry::Answered { number: 1, answer: Answer::Approved, reason: "yes".to_owned() }
}

fn admitted(j: &Journal) -> Result<(), String> {
    admits(&j.state(), &answer(), at(100), None).map_err(|no| no.to_string())
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
