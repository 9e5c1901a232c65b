//! Whose words count: an answer or a waiver of somebody who is no approver, put into the journal past the commands.

use leeward_core::ids::Actor;
use leeward_core::journal::{Answer, End, Entry};
use leeward_core::plan::{ApprovalFor, OnTimeout};
use leeward_core::time::Span;
use leeward_ports::fake::RegionState;
use leeward_reconcile::Appended;
use leeward_tests::check::{Evidence, judge};
use leeward_tests::rig::{Rig, example};
use serde_json::json;

/// People are asked about a dead Region; its executor has not begun yet.
fn asked() -> Rig {
    let mut plan = example("orders");
    plan.policy.approval.wanted_for = ApprovalFor::OneWay;
    plan.policy.approval.on_timeout = OnTimeout::Hold;
    let rig = Rig::new(plan);
    rig.live(Span::minutes(5));
    rig.world.set_region(&"us-east-1".into(), RegionState::Dead);
    for _ in 0..10 {
        rig.clock.advance(Span::minutes(1));
        let _ = rig.call(&json!({"source": "aws.events", "detail-type": "Scheduled Event"}));
        if rig.book(1).is_some() {
            break;
        }
    }
    assert!(rig.book(1).is_some_and(|b| b.state.questions.len() == 1), "{}", rig.told());
    rig
}

fn answered(answer: Answer) -> Entry {
    Entry::Answered { number: 1, answer, reason: "mine".to_owned() }
}

fn told(rig: &Rig, words: &str) -> bool {
    rig.publisher.delivered().iter().any(|d| format!("{d:?}").contains(words))
}

#[test]
fn the_answer_of_no_approver_counts_for_nothing_and_people_are_told() {
    for answer in [Answer::Approved, Answer::Declined] {
        let rig = asked();
        assert_eq!(rig.forge(1, answered(answer)), Some(Appended::Yes), "{}", rig.told());
        rig.run_started();
        rig.live(Span::minutes(2));
        let book = rig.book(1).unwrap();
        assert!(book.state.end.is_none() && !book.state.committed(), "{}", rig.told());
        assert!(book.state.halt.is_some(), "nobody who may answer has answered: {}", rig.told());
        assert!(told(&rig, "does NOT count") && told(&rig, "developer/bob"), "{answer:?}");

        // The question stands all the same, and an approver answers it.
        let rig = asked();
        assert_eq!(rig.forge(1, answered(answer)), Some(Appended::Yes));
        assert_eq!(rig.say(1, answered(Answer::Approved)), Some(Appended::Yes), "{}", rig.told());
        rig.run_started();
        rig.live(Span::minutes(30));
        assert_eq!(rig.ended(1), Some(End::Recovered), "{}", rig.told());
        let broken = judge(&Evidence::of(&rig));
        assert!(broken.is_empty(), "{broken:#?}");
    }
}

#[test]
fn a_waiver_of_no_approver_waives_nothing() {
    let rig = asked();
    let database = rig.plan.databases[0].id().clone();
    let waived = || Entry::Waived { database: database.clone(), loss: None, reason: "mine".into() };
    assert_eq!(rig.forge(1, waived()), Some(Appended::Yes));
    let book = rig.book(1).unwrap();
    assert!(book.state.waived.is_empty() && !book.state.disregarded.is_empty());
    rig.live(Span::minutes(2));
    assert!(told(&rig, "does NOT count"));
}

#[test]
fn the_rules_refuse_the_word_of_no_approver_where_it_is_written() {
    let rig = asked();
    let plan = &rig.plan;
    let desk = rig.detector.desk.in_the_name_of(Actor::new("arn:aws:sts::1:assumed-role/x/bob"));
    let mut book = rig.book(1).unwrap();
    let append = desk.append(&mut book, answered(Answer::Approved), Some(plan));
    let said = leeward_ports::fake::block_on(&rig.clock, append).unwrap().unwrap();
    let Appended::NotAdmitted(why) = said else { unreachable!("{said:?}") };
    assert!(why.contains("may not decide for plan orders-region"), "{why}");
}
