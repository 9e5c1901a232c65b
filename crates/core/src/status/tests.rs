//! How the example recovery shows itself, while it runs and when it is over.

use serde_json::Value;

use super::{OldSide, Status, WayBack, sentence, status};
use crate::audit::example::*;
use crate::ids::{Generation, Step};
use crate::journal::{End, Entry, TurnBackReason};
use crate::limits::Limits;
use crate::time::Span;

fn of(journal: &Journal, seconds: u64) -> Status {
    status(&journal.state(), &journal.records, &plan(), &Limits::REAL, at(seconds))
}

#[test]
fn a_recovery_that_is_over_tells_its_times_by_part() {
    let s = of(&recovered(1), 200);
    assert_eq!((s.status, s.end, s.step), ("completed", Some(End::Recovered), None));
    assert_eq!(s.rto.actual, Span::seconds(63));
    assert_eq!(s.rto.met, Some(true));
    let parts = (s.rto.detect, s.rto.decide, s.rto.execute, s.rto.validate);
    let seconds = |n| Some(Span::seconds(n));
    assert_eq!(parts, (Span::seconds(0), seconds(33), seconds(18), seconds(12)));
    assert_eq!(s.rpo.actual, seconds(20));
    assert_eq!(s.rpo.met, Some(true));
    assert_eq!(s.old_side, OldSide::Fenced);
    assert!(s.steps.iter().all(|s| s.done.is_some()), "{:?}", s.steps);
    assert!(s.in_flight.is_empty());
    let home = "leeward start orders --plan orders-region --direction to-primary --reason …";
    assert_eq!(s.next, ["leeward ack orders --reason …", home]);
    assert!(s.away.unwrap().contains("nothing is opened by itself"));
}

#[test]
fn while_it_runs_it_names_the_step_it_is_at() {
    let mut j = Journal::opened(1, 0);
    assert_eq!(of(&j, 1).status, "initiating");
    let effect = j.sent(3, Step::Fence, lease("us-east-1", 1, "nobody"));
    let s = of(&j, 5);
    assert_eq!((s.status, s.step, s.way_back), ("in-progress", Some(Step::Fence), WayBack::Open));
    assert_eq!(s.in_flight, [effect]);
    assert_eq!(s.rto.met, None);
    assert_eq!(s.rto.actual, Span::seconds(5));
    let s = of(&fenced(1), 40);
    assert_eq!(s.step, Some(Step::Commit));
    assert_eq!(s.databases[0].fence, "proven");
    assert_eq!(of(&fenced(1), 29).databases[0].fence, "pending");
}

#[test]
fn a_question_and_a_halt_say_what_to_type() {
    let mut j = Journal::opened(1, 0);
    j.add(
        1,
        Entry::Asked {
            number: 1,
            plan: plan_digest(),
            loss: None,
            deadline: at(601),
            question: "Move it?".to_owned(),
        },
    );
    let s = of(&j, 2);
    assert_eq!(s.question.as_ref().map(|q| q.number), Some(1));
    assert!(s.next.iter().any(|n| n == "leeward approve orders --question 1 --reason …"));
    j.add(10, Entry::Held { step: Step::Fence, reason: "nobody answered".to_owned() });
    let s = of(&j, 20);
    assert_eq!(s.status, "failed");
    let halt = s.halt.unwrap();
    assert_eq!((halt.kind, halt.step), ("held", Some(Step::Fence)));
    // A halt stops the clock of the question too.
    assert_eq!(s.question.unwrap().deadline, at(611));
    assert!(s.next.iter().any(|n| n.starts_with("leeward resume orders")));
}

#[test]
fn a_waiver_leaves_the_old_side_unproven() {
    let mut j = Journal::opened(1, 0);
    let reason = "its rack is dark".to_owned();
    j.add(1, Entry::Waived { database: database(), loss: None, reason });
    assert_eq!(of(&j, 2).old_side, OldSide::Writer);
    commit(&mut j, 3, "ev0");
    assert_eq!(of(&j, 4).old_side, OldSide::Unproven);
    assert_eq!(of(&j, 4).databases[0].fence, "waived");
}

#[test]
fn the_way_back_is_told_as_such() {
    let mut j = fenced(1);
    let detail = "well again".to_owned();
    j.add(33, Entry::turned_back(TurnBackReason::PrimaryHealthy, detail));
    let s = of(&j, 34);
    assert_eq!((s.way_back, s.step), (WayBack::TurnedBack, Some(Step::Undo)));
    j.add(40, Entry::Ended { end: End::RolledBack, reason: "undone".to_owned() });
    let s = of(&j, 50);
    assert_eq!((s.status, s.rto.met), ("rolled-back", Some(false)));
    assert!(s.steps.iter().all(|s| s.done.is_some()), "{:?}", s.steps);
}

#[test]
fn machines_read_the_same_names_as_the_plan_has() {
    let json = serde_json::to_value(of(&recovered(1), 200)).unwrap();
    for (pointer, wanted) in [
        ("/schema", Value::from(1)),
        ("/status", Value::from("completed")),
        ("/target-region", Value::from("us-west-2")),
        ("/strategy", Value::from("warm-standby")),
        ("/rto/target", Value::from("15m")),
        ("/rto/actual", Value::from("63s")),
        ("/rpo/actual", Value::from("20s")),
        ("/databases/0/loss-bound", Value::from("20s")),
        ("/old-side", Value::from("fenced")),
        ("/way-back", Value::from("committed")),
        ("/timeline/0/entry", Value::from("opened")),
        ("/steps/1/step", Value::from("fence")),
    ] {
        assert_eq!(json.pointer(pointer), Some(&wanted), "{pointer}");
    }
}

#[test]
fn every_entry_of_a_recovery_has_a_sentence() {
    for record in recovered(1).records {
        let text = sentence(&record.entry);
        assert!(text.len() > 5 && !text.contains("{"), "{text}");
    }
    assert_eq!(sentence(&Entry::Closed { next: Generation(2) }), "closed; generation 2 follows");
}
