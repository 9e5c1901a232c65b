//! When the next generation may be opened, to the instant, and when an executor is replaced.

use super::*;
use crate::audit::example::{Journal, at, lease, plan, recovered};
use crate::grounds::grounded;
use crate::ids::{ExecutorId, Step};
use crate::journal::{Entry, PROTOCOL, Trigger};
use crate::steps::effects;

const LIMITS: Limits = Limits::REAL;

fn opening(last: &State, now: Timestamp) -> Opening {
    may_open(Some(last), &plan(), Direction::ToStandby, &LIMITS, now, Asks::Evidence, false)
}

fn just_before(instant: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(instant.as_millisecond() - 1).unwrap()
}

/// Ended ten seconds in, with a request whose end nobody saw if `sends`.
fn abandoned(sends: bool) -> State {
    let mut journal = Journal::opened(1, 0);
    if sends {
        journal.sent(5, Step::Fence, lease("us-east-1", 1, "nobody"));
    }
    journal.add(10, Entry::Ended { end: End::Abandoned, reason: "given up".to_owned() });
    journal.state()
}

fn acknowledged(mut state: State) -> State {
    state.acknowledged = Some(at(70));
    state
}

#[test]
fn a_refusal_without_an_end_is_told_once_an_hour_and_any_other_once() {
    let off = NotNow::SwitchedOff("storm".to_owned());
    let told = [0, 125, 3_599, 3_600, 7_300].map(|seconds| off.told_as_of(at(seconds)));
    assert_eq!(told, [at(0), at(0), at(0), at(3_600), at(7_200)]);
    let left =
        |seconds| NotNow::MayStillLand { generation: Generation(1), left: Span::seconds(seconds) };
    assert_eq!(left(50).told_as_of(at(10)), at(60));
    assert_eq!(left(20).told_as_of(at(40)), at(60), "the same refusal, seen later");
}

#[test]
fn nothing_opens_until_no_request_of_the_last_can_land() {
    let last = acknowledged(abandoned(true));
    let safe = last.safe_from(&LIMITS).unwrap();
    let refused = NotNow::MayStillLand { generation: Generation(1), left: Span::millis(1) };
    assert_eq!(opening(&last, just_before(safe)), Opening::Refused(refused));
    assert_eq!(opening(&last, safe), Opening::Open(Generation(2)));
}

#[test]
fn the_cool_down_runs_from_the_last_effect_and_a_person_ends_it() {
    let last = recovered(1).state();
    let over = after(last.last_effect().unwrap(), plan().policy.cool_down);
    let refused = |now| matches!(opening(&last, now), Opening::Refused(NotNow::CoolDown { .. }));
    assert!(refused(just_before(over)));
    assert_eq!(opening(&last, over), Opening::Open(Generation(2)));
    assert_eq!(opening(&acknowledged(last), at(100)), Opening::Open(Generation(2)));
}

#[test]
fn what_was_given_up_is_not_opened_anew_by_the_evidence_until_the_cool_down_is_over() {
    let last = abandoned(false);
    let over = after(at(10), plan().policy.cool_down);
    let refused = |now| matches!(opening(&last, now), Opening::Refused(NotNow::GaveUp { .. }));
    assert!(refused(just_before(over)));
    assert_eq!(opening(&last, over), Opening::Open(Generation(2)));
    let by_hand = may_open(
        Some(&last),
        &plan(),
        Direction::ToStandby,
        &LIMITS,
        at(20),
        Asks::Person { again: false },
        false,
    );
    assert_eq!(by_hand, Opening::Open(Generation(2)));
}

#[test]
fn a_hand_over_is_grounded_only_in_the_last_generation_that_waits_for_it() {
    let plan = plan();
    let quiet = crate::evidence::assess(&plan, Direction::ToStandby, &[], None, at(100));
    let mut waits = recovered(1).state();
    waits.fate = Fate::TurnedBack(TurnBackReason::Superseded, at(60));
    waits.successor = Some(crate::journal::Successor {
        plan: plan.plan.clone(),
        keeps: recovered(1).state().effects.keys().take(1).cloned().collect(),
    });
    let from = |generation| Trigger::HandedOver { from: Generation(generation) };
    let last = |trigger, state: &State| grounded(&trigger, &quiet, Some(state), &plan).is_ok();
    assert_eq!(succession::heir(&waits, &[&plan]), Some(0));
    assert!(last(from(1), &waits));
    assert!(!last(from(2), &waits), "another has taken its place");
    assert!(!last(from(1), &recovered(1).state()), "it left nothing");
}

#[test]
fn what_was_left_to_a_plan_that_is_gone_is_taken_up_by_the_one_that_knows_most_of_it() {
    let plan = plan();
    let mut left = recovered(1).state();
    left.fate = Fate::TurnedBack(TurnBackReason::Superseded, at(60));
    left.successor = Some(crate::journal::Successor {
        plan: crate::ids::PlanId::new("renamed-since"),
        keeps: effects(&plan, Generation(1)).into_iter().take(1).collect(),
    });
    let other = Plan { plan: crate::ids::PlanId::new("other"), ..Plan::clone(&plan) };
    let less = Plan { capacity: Vec::new(), databases: Vec::new(), ..other.clone() };
    assert_eq!(succession::heir(&left, &[&less, &plan, &other]), Some(1));
    assert_eq!(succession::heir(&left, &[]), None);
    let open = |heir| {
        may_open(Some(&left), &plan, Direction::ToStandby, &LIMITS, at(3000), Asks::Evidence, heir)
    };
    assert!(matches!(open(false), Opening::Refused(NotNow::Promised { .. })));
    assert_eq!(open(true), Opening::Open(Generation(2)));
}

fn joined(times: &[u64]) -> Journal {
    let mut journal = Journal::opened(1, 0);
    for seconds in times {
        let executor = ExecutorId::new(format!("e{seconds}"));
        journal.add(*seconds, Entry::Joined { executor });
    }
    journal
}

fn adoption(journal: &Journal, now: Timestamp) -> Adoption {
    adopts(&journal.state(), PROTOCOL, &LIMITS, now)
}

#[test]
fn a_generation_whose_executor_is_gone_gets_another() {
    assert_eq!(adoption(&joined(&[]), at(4)), Adoption::Starting);
    assert_eq!(adoption(&joined(&[]), at(5)), Adoption::Start, "it never came");
    assert_eq!(adoption(&joined(&[1]), at(4)), Adoption::Start);
    let mut held = joined(&[1]);
    held.add(2, Entry::Held { step: Step::Fence, reason: "a person is asked".to_owned() });
    assert_eq!(adoption(&held, at(100)), Adoption::Leave);
    assert_eq!(adoption(&recovered(1), at(100)), Adoption::Leave);
    let state = joined(&[1]).state();
    let foreign = adopts(&state, PROTOCOL + 1, &LIMITS, at(100));
    assert!(matches!(foreign, Adoption::Foreign(_)), "{foreign:?}");
}

#[test]
fn a_generation_past_its_time_is_held_once_no_request_can_land() {
    let journal = joined(&[1]);
    let over = journal.state().deadline(at(100), &LIMITS);
    assert_eq!(over, at(1_800));
    let held = |journal: &Journal, now| matches!(adoption(journal, now), Adoption::Hold(_));
    assert!(!held(&journal, over) && held(&journal, after(over, Span::millis(1))));
    let late = joined(&[1, 1_000]);
    let quiet = after(at(1_000), LIMITS.request_life);
    assert!(quiet > over);
    assert!(!held(&late, quiet) && held(&late, after(quiet, Span::millis(1))));
}

#[test]
fn executors_that_leave_no_trace_are_not_replaced_for_ever() {
    let held = |journal: &Journal| matches!(adoption(journal, at(300)), Adoption::Hold(_));
    assert!(!held(&joined(&[1, 60])) && held(&joined(&[1, 60, 120])));
    let mut worked = joined(&[1, 60]);
    worked.step(70, Step::Fence);
    worked.add(120, Entry::Joined { executor: "late".into() });
    assert!(!held(&worked), "one of them got further");
}

#[test]
fn a_person_is_told_where_it_lives_when_the_start_would_bring_it_there() {
    let start = |last: Option<&State>, direction, again| {
        may_open(last, &plan(), direction, &LIMITS, at(30_000), Asks::Person { again }, false)
    };
    let away = acknowledged(recovered(1).state());
    let Opening::Refused(why) = start(Some(&away), Direction::ToStandby, false) else { panic!() };
    let why = why.to_string();
    assert!(why.contains("lives in us-west-2 already (generation 1 brought it)"), "{why}");
    assert!(why.contains("--direction to-primary") && why.contains("`--again`"), "{why}");
    let Opening::Refused(why) = start(None, Direction::ToPrimary, false) else { panic!() };
    assert!(why.to_string().contains("lives in us-east-1 already:"), "{why}");

    let second = Opening::Open(Generation(2));
    assert_eq!(start(Some(&away), Direction::ToPrimary, false), second);
    assert_eq!(start(Some(&away), Direction::ToStandby, true), second, "said twice");
    assert_eq!(start(None, Direction::ToPrimary, true), Opening::Open(Generation(1)));
    // Given up behind its commit, the same way may be gone again: the promotion may be half done.
    let mut half = crate::audit::example::fenced(1);
    crate::audit::example::commit(&mut half, 33, "ev32");
    half.add(34, Entry::Ended { end: End::Abandoned, reason: "stuck".to_owned() });
    assert_eq!(start(Some(&half.state()), Direction::ToStandby, false), second);
}

#[test]
fn nothing_is_opened_by_a_plan_that_has_the_sides_the_other_way_round() {
    let (away, mut turned) = (acknowledged(recovered(1).state()), plan());
    std::mem::swap(&mut turned.regions.primary, &mut turned.regions.standby);
    for asks in [Asks::Evidence, Asks::Person { again: true }] {
        let opening =
            may_open(Some(&away), &turned, Direction::ToStandby, &LIMITS, at(30_000), asks, false);
        assert!(matches!(opening, Opening::Refused(NotNow::Strayed(_))), "{opening:?}");
    }
}
