//! What each look leads to, by what the last generation left.

use super::*;
use crate::audit::example::{Journal, at, plan};
use crate::journal::{End, Entry, Successor, TurnBackReason};
use crate::time::Span;

fn person() -> Choice {
    Choice::Person(Needed {
        cause: "tie".to_owned(),
        why: String::new(),
        reason: String::new(),
        actions: Vec::new(),
        every: crate::need::Every::Hour,
    })
}

fn choices() -> [Choice; 3] {
    [Choice::Nothing, Choice::Plan(0), person()]
}

fn given(last: Option<&State>) -> [SweepDecision; 3] {
    let plan = plan();
    choices().map(|choice| sweep_decision(last, &[&plan], choice, None, Recheck::Done, at(660)))
}

/// A generation that has ended; committed or not, that way.
fn over(committed: bool, direction: Direction) -> State {
    let mut state = Journal::opened(1, 0).state();
    let decision = std::sync::Arc::make_mut(&mut state.decision);
    (decision.direction, decision.target) = (direction, plan().target_region(direction).clone());
    if committed {
        state.fate = Fate::Committed(at(500));
    }
    let (end, reason) = (End::Recovered, String::new());
    state.end = Some(crate::journal::Ended { end, reason, at: at(600) });
    state
}

#[test]
fn before_the_first_generation_the_choice_alone_decides() {
    let Choice::Person(needed) = person() else { panic!() };
    assert_eq!(
        given(None),
        [SweepDecision::Nothing, SweepDecision::Open(0), SweepDecision::Escalate(needed)]
    );
}

#[test]
fn nothing_is_begun_before_those_who_say_down_were_asked_again() {
    let plan = plan();
    let first = |last| sweep_decision(last, &[&plan], Choice::Plan(0), None, Recheck::Due, at(660));
    assert_eq!(first(None), SweepDecision::Recheck(0));
    let open = Journal::opened(1, 0).state();
    assert_eq!(first(Some(&open)), SweepDecision::Continue { wanted: Some(0) });
}

#[test]
fn an_open_generation_is_worked_on_whatever_is_seen() {
    let open = Journal::opened(1, 0).state();
    let worked_on = |wanted| SweepDecision::Continue { wanted };
    assert_eq!(given(Some(&open)), [worked_on(None), worked_on(Some(0)), worked_on(None)]);
}

#[test]
fn the_side_that_a_waiting_way_home_rests_on_is_looked_at_besides() {
    let mut state = Journal::opened(1, 0).state();
    assert_eq!(looks_besides(&state), None, "every sweep looks at the standby");
    std::sync::Arc::make_mut(&mut state.decision).direction = Direction::ToPrimary;
    assert_eq!(looks_besides(&state), Some(Direction::ToPrimary));
    let halt = crate::journal::Halt {
        kind: crate::journal::HaltKind::Paused,
        since: at(10),
        reason: String::new(),
    };
    let mut halted = state.clone();
    halted.halt = Some(halt);
    assert_eq!(looks_besides(&halted), None, "nothing rests on it while a person has it");
    let mut committed = state;
    committed.fate = Fate::Committed(at(500));
    assert_eq!(looks_besides(&committed), None, "there is no way back to decide on");
    assert_eq!(looks_besides(&over(false, Direction::ToPrimary)), None);
}

#[test]
fn away_from_home_nothing_is_opened_whatever_is_seen() {
    let away = || SweepDecision::Away(None);
    let rests = [away(), away(), away()];
    assert_eq!(given(Some(&over(true, Direction::ToStandby))), rests);
    assert_eq!(given(Some(&over(false, Direction::ToPrimary))), rests);
    // Turned back, or come home: the primary is where it lives.
    for home in [over(false, Direction::ToStandby), over(true, Direction::ToPrimary)] {
        assert_eq!(given(Some(&home))[1], SweepDecision::Open(0));
    }
}

#[test]
fn a_workload_that_was_seen_at_home_again_is_protected_as_one_that_was_brought_home() {
    let mut state = over(true, Direction::ToStandby);
    let entry = Entry::SeenAtHome { evidence: "its lease".to_owned(), regions: None };
    assert_eq!(crate::journal::rules::admits(&state, &entry, at(900), None), Ok(()));
    state.seen_at_home = Some(at(900));
    assert_eq!(given(Some(&state))[1], SweepDecision::Open(0));
    // Said once; and a generation that left it at home cannot be left.
    for home in [state, over(true, Direction::ToPrimary)] {
        assert!(crate::journal::rules::admits(&home, &entry, at(901), None).is_err());
    }
    let open = Journal::opened(1, 0).state();
    assert!(crate::journal::rules::admits(&open, &entry, at(901), None).is_err());
}

#[test]
fn while_it_is_away_people_are_told_of_new_trouble_once_and_each_day_that_it_is_away() {
    let (state, plan) = (over(true, Direction::ToStandby), plan());
    let told = |down: Option<u64>, now: u64| {
        let down = down.map(|since| Down { since: at(since), seen: "3 of 5".to_owned() });
        let choice = if down.is_some() { Choice::Plan(0) } else { Choice::Nothing };
        let recheck = Recheck::Done;
        let decided =
            sweep_decision(Some(&state), &[&plan], choice, down.as_ref(), recheck, at(now));
        let SweepDecision::Away(needed) = decided else { panic!("{decided:?}") };
        needed.map(|n| (n.told_as_of(at(now)), n))
    };
    let day = 24 * 3600;
    assert_eq!(told(None, 660), None, "the end of the recovery said so");
    assert_eq!(told(Some(500), 660), None, "the trouble that it left");
    let (as_of, needed) = told(Some(700), 900).unwrap();
    assert!(needed.reason.contains("3 of 5"), "{needed:?}");
    assert!(needed.actions.iter().any(|a| a.contains("--direction to-primary")), "{needed:?}");
    assert_eq!(told(Some(700), 50_000).unwrap().0, as_of, "once for the same trouble");
    assert_ne!(told(Some(60_000), 60_300).unwrap().0, as_of, "and once more for the next");
    let days: std::collections::BTreeSet<_> = (1..=240)
        .filter_map(|hour| told(None, 600 + hour * 3600))
        .map(|(as_of, _)| as_of)
        .collect();
    assert!((9..=11).contains(&days.len()), "ten days: {days:?}");
    assert!(told(None, 600 + day).is_some() && told(None, 599 + day).is_none());
}

#[test]
fn what_was_left_in_the_middle_is_gone_on_with_though_nothing_is_seen_any_more() {
    let mut journal = Journal::opened(1, 0);
    let kept = journal.done(
        10,
        crate::ids::Step::Fence,
        crate::audit::example::lease("us-east-1", 1, "nobody"),
    );
    let successor = Successor { plan: plan().plan, keeps: [kept].into() };
    journal.add(
        20,
        Entry::TurnedBack {
            reason: TurnBackReason::Superseded,
            detail: "wider".to_owned(),
            successor: Some(successor),
        },
    );
    let mut state = journal.state();
    let (end, reason) = (End::RolledBack, String::new());
    state.end = Some(crate::journal::Ended { end, reason, at: at(60) });
    let resumed = [SweepDecision::Resume(0), SweepDecision::Resume(0), SweepDecision::Resume(0)];
    assert_eq!(given(Some(&state)), resumed);
    // Closed and still the last: who closed it died before it could open the next.
    state.closed = Some(state.decision.generation.next());
    assert_eq!(given(Some(&state)), resumed);
}

#[test]
fn a_look_within_the_same_second_may_have_been_before() {
    let moved = at(100);
    assert!(!seen_by(None, moved));
    assert!(!seen_by(Some(moved), moved));
    assert!(seen_by(Some(after(moved, Span::seconds(1))), moved));
}
