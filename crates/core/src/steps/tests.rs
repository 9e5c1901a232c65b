//! What a step may do in which state, and how it closes.

use super::*;
use crate::audit::example::{Journal, at, commit, fenced, lease, plan, recovered, situation};
use crate::journal::{End, Fate, HaltKind, TurnBackReason};

fn turned_back(reason: TurnBackReason) -> State {
    let mut journal = Journal::opened(1, 0);
    journal.add(10, Entry::turned_back(reason, "a test"));
    journal.state()
}

fn committed() -> State {
    let mut journal = fenced(1);
    commit(&mut journal, 33, "ev32");
    journal.state()
}

fn rolled_back() -> State {
    let mut journal = Journal::opened(1, 0);
    journal.add(10, Entry::turned_back(TurnBackReason::PrimaryHealthy, "well again"));
    journal.add(11, Entry::Ended { end: End::RolledBack, reason: "undone".to_owned() });
    journal.state()
}

fn status(step: Step, state: &State) -> Option<Status> {
    match gate(step, state) {
        Gate::Answered(status, _) => Some(status),
        Gate::Through | Gate::Refused(_) | Gate::Closed(_) => None,
    }
}

#[test]
fn who_wrote_the_end_answers_it_again_and_everybody_else_finds_it_closed() {
    for (state, writer) in [(recovered(1).state(), Step::Validate), (rolled_back(), Step::Undo)] {
        for step in Step::ALL {
            let answer = gate(step, &state);
            if step == writer {
                assert!(matches!(answer, Gate::Answered(Status::Done, _)), "{step}: {answer:?}");
            } else {
                assert!(matches!(answer, Gate::Closed(_)), "{step}: {answer:?}");
            }
        }
    }
}

#[test]
fn what_is_on_record_is_not_done_again() {
    let before = fenced(1).state();
    for step in [Step::Fence, Step::Capacity] {
        assert_eq!(status(step, &before), Some(Status::Done), "{step}");
        assert_eq!(gate(step, &Journal::opened(1, 0).state()), Gate::Through, "{step}");
        assert_eq!(status(step, &committed()), Some(Status::Done), "{step}");
        let back = turned_back(TurnBackReason::Declined);
        assert_eq!(status(step, &back), Some(Status::Failed), "{step}");
    }
    assert_eq!(gate(Step::Commit, &before), Gate::Through);
    assert_eq!(status(Step::Commit, &committed()), Some(Status::Done));
}

#[test]
fn behind_the_commit_it_goes_forward_and_before_it_nothing_is_moved() {
    let (before, after) = (fenced(1).state(), committed());
    for step in [Step::Database, Step::Traffic, Step::Restore, Step::Validate] {
        assert!(matches!(gate(step, &before), Gate::Refused(_)), "{step}");
        assert_eq!(gate(step, &after), Gate::Through, "{step}");
    }
    assert_eq!(status(Step::Undo, &after), Some(Status::Held));
    // An executor that an error led there undoes nothing: nobody has turned back.
    assert!(matches!(gate(Step::Undo, &before), Gate::Refused(_)));
    assert_eq!(gate(Step::Undo, &turned_back(TurnBackReason::Declined)), Gate::Through);
}

#[test]
fn what_waits_for_a_person_lets_no_step_through() {
    let mut state = committed();
    let halt = |kind| crate::journal::Halt { kind, reason: "a test".to_owned(), since: at(40) };
    for (kind, answer) in [
        (HaltKind::Held(Step::Traffic), Status::Held),
        (HaltKind::Stopped, Status::Held),
        (HaltKind::Paused, Status::Waiting),
    ] {
        state.halt = Some(halt(kind));
        for step in Step::ALL {
            assert_eq!(status(step, &state), Some(answer), "{step}");
        }
    }
}

fn sends() -> Move {
    let mut next = Move::default();
    next.sends.push(Entry::Intent {
        effect: crate::effect::EffectId::new(
            &"orders".into(),
            crate::ids::Generation(1),
            Step::Fence,
            "it",
            "do",
        ),
        change: Box::new(lease("us-east-1", 1, "nobody")),
        undoes: None,
        before: None,
    });
    next
}

fn waits() -> Move {
    let mut next = Move::default();
    next.wait("it takes its time");
    next
}

fn stuck() -> Move {
    let mut next = Move::default();
    next.stick("it will not come");
    next
}

/// How the closing of a step turns the generation, if it does.
fn turns(step: Step, state: &State, next: Move, now: Timestamp) -> Option<TurnBackReason> {
    match closing(step, &situation(&plan(), state, now), next).records.as_slice() {
        [Entry::TurnedBack { reason, .. }] => Some(*reason),
        _ => None,
    }
}

#[test]
fn when_its_time_is_over_nothing_more_is_begun_or_waited_for_on_the_way_there() {
    let open = Journal::opened(1, 0).state();
    let over = open.deadline(at(0), &crate::limits::Limits::REAL);
    let late = crate::time::after(over, Span::millis(1));
    let deadline = Some(TurnBackReason::DeadlineExceeded);
    for next in [sends, waits] {
        assert_eq!(turns(Step::Fence, &open, next(), over), None, "to the instant");
        assert_eq!(turns(Step::Fence, &open, next(), late), deadline);
    }
    let mut records = sends();
    records.sends.clear();
    records.records.push(Entry::Joined { executor: "x".into() });
    assert_eq!(turns(Step::Fence, &open, records, late), None, "what happened goes on record");
    let back = turned_back(TurnBackReason::Declined);
    let much_later = at(1_000_000);
    assert_eq!(
        turns(Step::Undo, &back, sends(), much_later),
        None,
        "the way back has its own time"
    );
    assert_eq!(turns(Step::Fence, &committed(), sends(), much_later), None, "only forward");
}

#[test]
fn what_will_not_come_waits_for_a_person_while_the_old_side_is_not_seen_well() {
    let open = Journal::opened(1, 0).state();
    let over = open.deadline(at(0), &crate::limits::Limits::REAL);
    let late = crate::time::after(over, Span::millis(1));
    assert_eq!(turns(Step::Fence, &open, stuck(), at(1)), None);
    assert_eq!(turns(Step::Fence, &open, stuck(), late), Some(TurnBackReason::StepFailed));
    assert_eq!(turns(Step::Fence, &open, waits(), at(1)), None);
    let held = |step, state: &State| {
        let next = closing(step, &situation(&plan(), state, at(40)), stuck());
        matches!(next.records.as_slice(), [Entry::Held { .. }])
    };
    assert!(held(Step::Traffic, &committed()) && held(Step::Capacity, &open));
    let back = turned_back(TurnBackReason::Declined);
    assert!(held(Step::Undo, &back) && !held(Step::Fence, &back));
}

#[test]
fn a_step_is_done_once_and_the_last_ones_by_entries_of_their_own() {
    let done = |step, state: &State| {
        let next = closing(step, &situation(&plan(), state, at(40)), Move::default());
        matches!(next.records.as_slice(), [Entry::StepDone { .. }])
    };
    let open = Journal::opened(1, 0).state();
    assert!(done(Step::Fence, &open) && done(Step::Traffic, &committed()));
    assert!(!done(Step::Fence, &fenced(1).state()), "it is on record");
    for step in [Step::Commit, Step::Validate, Step::Undo] {
        assert!(!done(step, &open), "{step}");
    }
}

#[test]
fn the_time_of_the_way_there_runs_from_the_opening() {
    let state = Journal::opened(1, 0).state();
    assert_eq!(state.fate, Fate::Open);
    let plan = plan();
    assert_eq!(situation(&plan, &state, at(90)).age(), Span::seconds(90));
}
