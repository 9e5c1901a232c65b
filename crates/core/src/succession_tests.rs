//! Who gives way to whom, and what goes to the next generation.

use super::*;
use crate::audit::example::{Journal, at, lease, plan, recovered};
use crate::effect::EffectId;
use crate::evidence::{Reading, Signal, Vote};
use crate::ids::Step;
use crate::journal::{Halt, HaltKind};
use crate::plan::{RespondsTo, Severity};
use crate::time::Span;
use crate::world::Change;

fn seen(bearing: Bearing) -> Assessment {
    let mut assessment = crate::evidence::assess(&plan(), Direction::ToStandby, &[], None, at(50));
    assessment.bearing = bearing;
    assessment
}

/// The example's plan under another name, that answers to these kinds.
fn answering(name: &str, kinds: &[ImpairmentKind]) -> Plan {
    let mut plan = plan();
    plan.plan = name.into();
    let rule = |kind: &ImpairmentKind| RespondsTo { kind: *kind, min_severity: Severity::High };
    plan.responds_to = kinds.iter().map(rule).collect();
    plan
}

fn open() -> State {
    Journal::opened(1, 0).state()
}

fn in_fate(fate: Fate) -> State {
    let mut state = open();
    state.fate = fate;
    state
}

#[test]
fn another_plan_or_a_drill_gives_way_while_both_ways_are_open_and_nobody_is_asked() {
    let (other, go) = (answering("other", &[]), seen(Bearing::Go));
    assert!(thinkable(&open(), &other, &go));
    assert!(!thinkable(&open(), &plan(), &go), "its own plan");
    let mut drill = open();
    std::sync::Arc::make_mut(&mut drill.decision).mode = Mode::Drill;
    assert!(thinkable(&drill, &plan(), &go), "the same plan, in earnest");
    for bearing in [Bearing::Unsure, Bearing::TurnBack] {
        assert!(!thinkable(&open(), &other, &seen(bearing)));
    }
    let mut halted = open();
    let kind = HaltKind::Held(Step::Fence);
    halted.halt = Some(Halt { kind, reason: "asked".to_owned(), since: at(10) });
    assert!(!thinkable(&halted, &other, &go));
    for fate in [Fate::Committed(at(10)), Fate::TurnedBack(TurnBackReason::Declined, at(10))] {
        assert!(!thinkable(&in_fate(fate), &other, &go));
    }
}

#[test]
fn only_a_wider_plan_takes_the_place_of_a_recovery_and_any_that_of_a_drill() {
    use ImpairmentKind::{InstanceFailure, NetworkIssue, RegionOutage, ZoneOutage};
    let rising = [InstanceFailure, NetworkIssue, ZoneOutage, RegionOutage];
    for (i, narrow) in rising.iter().enumerate() {
        for (j, wide) in rising.iter().enumerate() {
            let (by, wanted) = (answering("by", &[*narrow]), answering("wanted", &[*wide]));
            let entry = superseded(&open(), &by, &wanted, &seen(Bearing::Go));
            assert_eq!(entry.is_some(), j > i, "{narrow:?} gives way to {wide:?}");
            let mut drill = open();
            std::sync::Arc::make_mut(&mut drill.decision).mode = Mode::Drill;
            assert!(superseded(&drill, &by, &wanted, &seen(Bearing::Go)).is_some());
            assert!(superseded(&drill, &by, &wanted, &seen(Bearing::Unsure)).is_none());
        }
    }
    let many = answering("many", &[InstanceFailure, RegionOutage, NetworkIssue]);
    let zone = answering("zone", &[ZoneOutage]);
    let go = seen(Bearing::Go);
    assert!(superseded(&open(), &zone, &many, &go).is_some(), "the widest counts");
}

/// The state with that effect done, under that name.
fn with_done(mut state: State, id: &EffectId, change: Change) -> State {
    let mut journal = Journal::opened(1, 0);
    let done = journal.done(5, Step::Fence, lease("us-east-1", 1, "nobody"));
    let mut effect = std::sync::Arc::make_mut(&mut journal.state().effects).remove(&done).unwrap();
    std::sync::Arc::make_mut(&mut effect).change = change;
    std::sync::Arc::make_mut(&mut state.effects).insert(id.clone(), effect);
    state
}

fn minimum() -> Change {
    Change::SetMinimum { region: "us-west-2".into(), group: "web".into(), minimum: 4 }
}

#[test]
fn what_both_plans_need_is_kept_and_what_undoes_is_not() {
    let wanted = answering("wanted", &[ImpairmentKind::RegionOutage]);
    let by = answering("by", &[ImpairmentKind::ZoneOutage]);
    let mut needed = effects(&wanted, Generation(1)).into_iter();
    let (shared, undoes) = (needed.next().unwrap(), needed.next().unwrap());
    let foreign = EffectId::new(&"orders".into(), Generation(1), Step::Fence, "another", "do");
    let mut state = open();
    for id in [&shared, &undoes, &foreign] {
        state = with_done(state, id, minimum());
    }
    std::sync::Arc::make_mut(
        std::sync::Arc::make_mut(&mut state.effects).get_mut(&undoes).unwrap(),
    )
    .undoes = Some(foreign.clone());
    let kept = |assessment: &Assessment| match superseded(&state, &by, &wanted, assessment) {
        Some(Entry::TurnedBack { successor: Some(next), .. }) => next.keeps,
        other => panic!("{other:?}"),
    };
    assert_eq!(kept(&seen(Bearing::Go)), [shared]);
    let other_way = Assessment { direction: Direction::ToPrimary, ..seen(Bearing::Go) };
    let next = superseded(&state, &by, &wanted, &other_way);
    assert_eq!(next, None, "what moves one way is no answer to what is down on the other");
}

/// Every voter says down since that second.
fn down_since(plan: &Plan, second: u64) -> Assessment {
    let now = at(900);
    let signals: Vec<_> = plan
        .detection
        .voters
        .iter()
        .map(|voter| {
            let reading = Reading::new(Vote::Unhealthy, "words").since(at(second));
            std::sync::Arc::new(Signal::following(voter, None, reading, now, Span::minutes(3)))
        })
        .collect();
    let mut assessment = crate::evidence::assess(plan, Direction::ToStandby, &signals, None, now);
    assert_eq!(assessment.verdict, Verdict::Down);
    assessment.bearing = Bearing::Go;
    assessment
}

/// A drill of a person, with its fence taken at second 500.
fn fenced_drill() -> State {
    let mut journal = Journal::opened(1, 0);
    let Entry::Opened(decision) = &mut journal.records[0].entry else { panic!() };
    decision.mode = Mode::Drill;
    let id = EffectId::new(&"orders".into(), Generation(1), Step::Fence, "it", "do");
    decision.effects.push(id);
    journal.done(500, Step::Fence, lease("us-east-1", 1, "nobody"));
    journal.state()
}

#[test]
fn what_began_behind_its_own_fence_takes_the_place_of_nothing_and_is_told() {
    let wanted = answering("wanted", &[ImpairmentKind::RegionOutage]);
    let of =
        |state: &State, second| succession(state, &plan(), &wanted, &down_since(&wanted, second));
    let drill = fenced_drill();
    assert_eq!(drill.fenced_since(), Some(at(500)));
    assert!(matches!(of(&drill, 499), Succession::TurnsBack(_)));
    for second in [500, 501] {
        let Succession::Withheld(told) = of(&drill, second) else { panic!("{second}") };
        assert!(told.why.contains("its own fence, or a real outage"), "{}", told.why);
    }
    // One voter that was down before does not make the others' words those of before.
    let mut one_before = down_since(&wanted, 600);
    one_before.ballots[0].since = Some(at(100));
    let lone = succession(&drill, &plan(), &wanted, &one_before);
    assert!(matches!(lone, Succession::Withheld(_)), "{lone:?}");
}

#[test]
fn where_a_person_said_to_go_to_is_not_changed_by_the_evidence() {
    let mut elsewhere = answering("elsewhere", &[ImpairmentKind::RegionOutage]);
    let narrow = answering("narrow", &[ImpairmentKind::ZoneOutage]);
    elsewhere.regions.standby = "eu-central-1".into();
    let mut ordered = open();
    assert!(thinkable(&ordered, &elsewhere, &seen(Bearing::Go)));
    let trigger = Trigger::Operator { operator: "ops".to_owned(), reason: String::new() };
    std::sync::Arc::make_mut(&mut ordered.decision).trigger = trigger;
    assert!(!thinkable(&ordered, &elsewhere, &seen(Bearing::Go)));
    assert!(superseded(&ordered, &narrow, &elsewhere, &seen(Bearing::Go)).is_none());
    assert!(thinkable(&ordered, &answering("wide", &[]), &seen(Bearing::Go)));
}

#[test]
fn a_fence_that_was_given_up_before_the_commit_goes_to_the_next_and_nothing_else_does() {
    let id = effects(&plan(), Generation(1)).into_iter().next().unwrap();
    let given = |end: End, fate: Fate, change: Change| {
        let mut state = with_done(in_fate(fate), &id, change);
        let (reason, at) = ("a test".to_owned(), at(60));
        state.end = Some(crate::journal::Ended { end, reason, at });
        let next = handed_over(Some(&state), &plan(), Direction::ToStandby, Generation(2));
        let back = handed_over(Some(&state), &plan(), Direction::ToPrimary, Generation(2));
        assert_eq!(back, [], "the other way round nothing is gone on with");
        next.into_iter().map(|h| h.effect).collect::<Vec<_>>()
    };
    let fence = || lease("us-east-1", 1, "nobody");
    let sent = |given: Option<crate::time::Timestamp>| HandedOver {
        effect: EffectId::new(&"orders".into(), Generation(1), Step::Fence, "it", "do"),
        change: Box::new(lease("us-east-1", 1, "nobody")),
        before: None,
        sent: given,
    };
    for (given, since) in [(Some(at(7)), at(7)), (None, crate::time::Timestamp::UNIX_EPOCH)] {
        let mut journal = Journal::opened(2, 10);
        let Entry::Opened(decision) = &mut journal.records[0].entry else { panic!() };
        decision.handed_over = vec![sent(given)];
        assert_eq!(
            journal.state().fenced_since(),
            Some(since),
            "it stands since the generation before"
        );
    }
    let in_the_next = [id.in_generation(Generation(2))];
    assert_eq!(given(End::Abandoned, Fate::Open, fence()), in_the_next);
    assert_eq!(given(End::RolledBack, Fate::Open, fence()), [], "it was undone");
    assert_eq!(given(End::Abandoned, Fate::Committed(at(30)), fence()), [], "only forward");
    assert_eq!(given(End::Abandoned, Fate::Open, minimum()), [], "it fences nobody");
    assert_eq!(recovered(1).state().successor, None);
}

#[test]
fn what_was_lost_goes_on_until_a_recovery_ends_and_tells_it() {
    use crate::ids::Side;
    let ended = |mut state: State, end| {
        state.end = Some(crate::journal::Ended { end, at: at(70), reason: String::new() });
        state
    };
    let known = |state: &State| -> Vec<_> {
        lost(Some(state)).into_iter().map(|l| (l.side, l.bound)).collect()
    };
    let done = recovered(1).state();
    let bound = done.losses.values().next().unwrap().0;
    let given_up = ended(done.clone(), End::Abandoned);
    assert_eq!(known(&given_up), vec![(Side::Primary, bound)]);
    assert_eq!(lost(Some(&done)), [], "people were told");
    assert_eq!(lost(None), []);
    // Behind it, one that turned back, one that was given up after measuring, and one that recovered.
    let next = |fate| {
        let mut state = in_fate(fate);
        std::sync::Arc::make_mut(&mut state.decision).lost = lost(Some(&given_up));
        state
    };
    let back = ended(next(Fate::TurnedBack(TurnBackReason::Declined, at(10))), End::RolledBack);
    assert_eq!(known(&back), vec![(Side::Primary, bound)]);
    let mut again = ended(next(Fate::Committed(at(10))), End::Abandoned);
    let sum = Some(crate::time::Span::minutes(9));
    again.losses = done.losses.keys().map(|id| (id.clone(), (sum, String::new()))).collect();
    assert_eq!(known(&again), vec![(Side::Primary, sum)], "its own has the other in it");
    again.end.as_mut().unwrap().end = End::Recovered;
    assert_eq!(lost(Some(&again)), []);
}
