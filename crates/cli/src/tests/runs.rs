//! `run` and `start --here`: a whole recovery in this process.

use leeward_core::journal::End;

use super::*;
use crate::history::machine;

#[test]
fn the_definition_and_this_process_have_the_same_functions() {
    let machine = machine().unwrap();
    let named: Vec<String> = machine.functions().into_iter().map(str::to_owned).collect();
    let mut own: Vec<String> = FUNCTIONS.iter().map(|f| format!("${{{f}}}")).collect();
    own.sort();
    assert_eq!(named, own);
}

#[test]
fn run_finishes_an_open_generation_without_step_functions() {
    let rig = Rig::unattended("run");
    rig.executions.set_away(true);
    rig.kill_primary();
    rig.live(Span::minutes(8));
    assert_eq!(rig.book(1).state.end, None);
    let answer = rig.ask(&["run", "orders"]).unwrap();
    assert_eq!(answer.exit, Exit::Well, "{:#?}", answer.lines);
    assert_eq!(rig.book(1).state.end.as_ref().unwrap().end, End::Recovered);
    assert_eq!(answer.json["status"]["status"], "completed");
    assert_eq!(answer.json["failed"], Value::Null);
    let audited = rig.well(&["audit", "orders"]);
    assert_eq!(audited.json["held"], true);
    let after = rig.well(&["status", "orders"]);
    assert_eq!(after.json["old-side"], "fenced");
    let over = rig.refused(&["run", "orders"]);
    assert!(over.message.contains("has ended"), "{over}");
}

#[test]
fn a_start_here_opens_and_recovers() {
    let rig = Rig::unattended("start-here");
    rig.executions.set_away(true);
    rig.kill_primary();
    rig.live(Span::minutes(1));
    let answer = rig.ask(&["start", "orders", "--here", "--reason", "I see it burn"]).unwrap();
    assert_eq!(answer.exit, Exit::Well, "{:#?}", answer.lines);
    let book = rig.book(1);
    assert!(book.state.decision.trigger.to_string().contains(ANA));
    assert_eq!(book.state.end.as_ref().unwrap().end, End::Recovered);
}

#[test]
fn a_run_that_meets_a_question_ends_with_a_person_needed() {
    let rig = Rig::orders("run-asked");
    rig.opened();
    let answer = rig.ask(&["run", "orders"]).unwrap();
    assert_eq!(answer.exit, Exit::NeedsPerson, "{:#?}", answer.lines);
    assert!(rig.book(1).state.halt.is_some());
    let halted = rig.ask(&["run", "orders"]).unwrap_err();
    assert_eq!(halted.exit, Exit::NeedsPerson);
    assert!(halted.message.contains("leeward resume orders"), "{halted}");
}

#[test]
fn a_declined_question_rolls_back_and_says_so() {
    let rig = Rig::orders("run-declined");
    rig.opened();
    rig.well(&["decline", "orders", "--reason", "it is planned work"]);
    let answer = rig.ask(&["run", "orders"]).unwrap();
    assert_eq!(answer.exit, Exit::NotAsAsked, "{:#?}", answer.lines);
    assert_eq!(rig.book(1).state.end.as_ref().unwrap().end, End::RolledBack);
    assert_eq!(answer.json["failed"]["error"], "RolledBack");
    assert_eq!(rig.well(&["audit", "orders"]).json["held"], true);
}
