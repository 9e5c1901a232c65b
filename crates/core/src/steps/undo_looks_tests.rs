//! What shows that an effect is there, and when one that is not seen counts as not done.

use std::collections::BTreeMap;

use super::*;
use crate::audit::example::{Journal, at, lease as moved, plan, situation};
use crate::ids::{Region, Step, Text};
use crate::journal::{State, TurnBackReason};
use crate::limits::Limits;
use crate::plan::SecurityGroupRules;
use crate::time::Timestamp;
use crate::world::{
    ConcurrencyView, GroupView, InboundRule, InstanceView, LeaseView, RunningView, Source, View,
};

const EAST: &str = "us-east-1";

fn west() -> Region {
    "us-west-2".into()
}

/// What is found of an effect that sent `change`, by that view of its thing.
fn found(change: Change, view: View) -> Probe {
    let plan = plan();
    let mut journal = Journal::opened(1, 0);
    let id = journal.done(3, Step::Fence, moved(EAST, 1, "nobody"));
    let mut state = journal.state();
    std::sync::Arc::make_mut(std::sync::Arc::make_mut(&mut state.effects).get_mut(&id).unwrap())
        .change = change;
    let situation = situation(&plan, &state, at(10));
    let effect = &state.effects[&id];
    let mut seen = Seen::default();
    for question in asked(&situation, effect) {
        seen.insert(question, Ok(view.clone()));
    }
    is_there(&situation, effect, &seen)
}

fn yes(change: Change, view: View) -> bool {
    match found(change, view) {
        Probe::Yes(_) => true,
        Probe::No(_) => false,
        unsure @ (Probe::Moving(_) | Probe::Blind(_)) => panic!("{unsure:?}"),
    }
}

fn group(minimum: u32, maximum: u32, suspended: &[&str]) -> View {
    let suspended = suspended.iter().map(|&s| s.into()).collect();
    let (desired, in_service, instances) = (maximum, maximum, maximum);
    let sizes = GroupView { minimum, maximum, desired, in_service, ..GroupView::default() };
    View::Group(Some(GroupView { instances, suspended, ..sizes }))
}

#[test]
fn a_lease_is_moved_when_it_is_there_by_that_effect() {
    let held = |owner: &str, effect: &str| {
        View::Lease(Some(LeaseView {
            owner: owner.into(),
            epoch: 2,
            effect: effect.into(),
            renewed_at: None,
            terms: None,
            answered_at: at(9),
        }))
    };
    assert!(yes(moved(EAST, 1, "nobody"), held("nobody", "e")));
    assert!(!yes(moved(EAST, 1, "nobody"), held("nobody", "another")));
    assert!(!yes(moved(EAST, 1, "nobody"), held(EAST, "e")));
}

#[test]
fn a_group_is_as_asked_when_its_bound_and_its_bar_are() {
    let bound = |suspend| Change::BoundGroup {
        region: west(),
        group: "web".into(),
        minimum: 0,
        maximum: 0,
        desired: 0,
        suspend,
    };
    assert!(yes(bound(true), group(0, 0, &["Launch"])) && yes(bound(false), group(0, 0, &[])));
    assert!(!yes(bound(true), group(0, 4, &["Launch"])) && !yes(bound(true), group(0, 0, &[])));
    assert!(yes(minimum(), group(2, 4, &[])) && !yes(minimum(), group(1, 4, &[])));
}

#[test]
fn instances_are_as_asked_when_all_are_on_their_way() {
    let ids = || vec![Text::from("i-1"), "i-2".into()];
    let view = |states: [&str; 2]| {
        let state = |(id, state): (Text, &str)| {
            (id, Some(InstanceView { state: state.into(), reason: Text::default() }))
        };
        View::Instances(ids().into_iter().zip(states).map(state).collect())
    };
    let start = || Change::StartInstances { region: west(), ids: ids() };
    let stop = || Change::StopInstances { region: west(), ids: ids() };
    for (states, started, stopped) in [
        (["running", "running"], true, false),
        (["running", "pending"], true, false),
        (["pending", "pending"], true, false),
        (["stopped", "stopped"], false, true),
        (["stopped", "stopping"], false, true),
        (["stopping", "stopping"], false, true),
        (["running", "stopped"], false, false),
        (["stopped", "terminated"], false, true),
    ] {
        assert_eq!(yes(start(), view(states)), started, "{states:?}");
        assert_eq!(yes(stop(), view(states)), stopped, "{states:?}");
    }
}

#[test]
fn a_count_a_reservation_and_rules_are_as_asked() {
    let (cluster, service) = ("c".to_owned(), "s".to_owned());
    let count = Change::SetDesiredCount {
        region: west(),
        cluster: cluster.into(),
        service: service.into(),
        count: 4,
    };
    let desired = |desired| View::Running(Some(RunningView { desired, running: 4 }));
    assert!(yes(count.clone(), desired(4)) && !yes(count, desired(3)));
    let reserve =
        |reserved| Change::ReserveConcurrency { region: west(), function: "f".into(), reserved };
    let reserved = |reserved| View::Concurrency(Some(ConcurrencyView { reserved }));
    assert!(yes(reserve(Some(5)), reserved(Some(5))));
    assert!(yes(reserve(None), reserved(None)));
    assert!(!yes(reserve(Some(5)), reserved(None)));
    let rules = || SecurityGroupRules {
        group: "sg".into(),
        port: 5432,
        cidrs: vec!["10.0.0.0/16".into(), "10.9.0.0/16".into()],
        ..SecurityGroupRules::default()
    };
    let close = || Change::RevokeIngress { region: west(), rules: rules() };
    let open = || Change::AuthorizeIngress {
        region: west(),
        rules: rules(),
        descriptions: Default::default(),
    };
    for (left, closed, opened) in [
        (vec![], true, false),
        (vec!["192.0.2.0/24"], true, false),
        (vec!["10.9.0.0/16"], false, false),
        (vec!["10.9.0.0/16", "10.0.0.0/16"], false, true),
    ] {
        let rule = |c: &&str| InboundRule {
            source: Source::Cidr((*c).into()),
            wider: None,
            description: None,
        };
        let view = || View::Ingress(left.iter().map(rule).collect());
        assert_eq!((yes(close(), view()), yes(open(), view())), (closed, opened), "{left:?}");
    }
}

/// Turned back, with an effect that was sent at second three and whose answer was lost.
fn in_flight(change: &Change, requests: usize, seen: bool) -> (State, EffectId) {
    let mut journal = Journal::opened(1, 0);
    let mut id = None;
    for _ in 0..requests {
        id = Some(journal.sent(3, Step::Fence, change.clone()));
    }
    let id = id.unwrap();
    if seen {
        let evidence = "seen".to_owned();
        journal.add(4, Entry::Outcome { effect: id.clone(), applied: true, evidence });
    }
    journal.add(5, Entry::turned_back(TurnBackReason::StepFailed, "a test"));
    (journal.state(), id)
}

fn minimum() -> Change {
    Change::SetMinimum { region: west(), group: "web".into(), minimum: 2 }
}

fn life_over() -> Timestamp {
    after(at(3), Limits::REAL.request_life)
}

fn just_before(instant: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(instant.as_millisecond() - 1).unwrap()
}

#[test]
fn what_is_not_seen_was_not_done_only_when_it_can_land_no_more() {
    let (state, id) = in_flight(&moved(EAST, 1, "nobody"), 1, false);
    let plan = plan();
    let resolved = |view: View, now: Timestamp| {
        let situation = situation(&plan, &state, now);
        let mut seen = Seen::default();
        for question in asked(&situation, &state.effects[&id]) {
            seen.insert(question, Ok(view.clone()));
        }
        let mut next = Move::default();
        resolve(&situation, &id, &state.effects[&id], &seen, &mut next);
        match next.records.as_slice() {
            [] => None,
            [Entry::Outcome { applied, .. }] => Some(*applied),
            other => panic!("{other:?}"),
        }
    };
    let held = |owner: &str| {
        View::Lease(Some(LeaseView {
            owner: owner.into(),
            epoch: 2,
            effect: "e".into(),
            renewed_at: None,
            terms: None,
            answered_at: at(9),
        }))
    };
    assert_eq!(resolved(held("nobody"), at(10)), Some(true), "seen done counts at once");
    assert_eq!(resolved(held(EAST), just_before(life_over())), None);
    assert_eq!(resolved(held(EAST), life_over()), Some(false));
    assert_eq!(resolved(View::Lease(None), life_over()), None, "what is unseen is unknown");
}

#[test]
fn a_request_that_was_repeated_is_waited_out_before_it_is_undone() {
    let plan = plan();
    let left = |requests, now| {
        let (state, id) = in_flight(&minimum(), requests, true);
        stray_for(&situation(&plan, &state, now), &id, &state.effects[&id])
    };
    assert_eq!(left(1, at(10)), None, "its own answer was seen");
    assert_eq!(left(2, just_before(life_over())), Some(Span::millis(1)));
    assert_eq!(left(2, life_over()), None);
    let (mut state, id) = in_flight(&minimum(), 2, true);
    let known = state.effects[&id].clone();
    std::sync::Arc::make_mut(&mut state.effects).extend(BTreeMap::from([(id.undo(), known)]));
    let undoing = stray_for(&situation(&plan, &state, at(10)), &id, &state.effects[&id]);
    assert_eq!(undoing, None, "it is being undone already");
}

#[test]
fn only_the_lease_that_was_taken_is_given_back() {
    let plan = plan();
    let (mut state, id) = in_flight(&moved(EAST, 1, "nobody"), 1, true);
    let goal = |state: &State| {
        undo_goal(&situation(&plan, state, at(10)), &id, &state.effects[&id], &Seen::default())
    };
    assert!(goal(&state).is_some());
    for (region, table) in [("eu-north-1", "leases"), ("eu-west-1", "others")] {
        let mut change = moved(EAST, 1, "nobody");
        if let Change::MoveLease { region: of, table: named, .. } = &mut change {
            *of = region.into();
            *named = table.into();
        }
        std::sync::Arc::make_mut(
            std::sync::Arc::make_mut(&mut state.effects).get_mut(&id).unwrap(),
        )
        .change = change;
        assert!(goal(&state).is_none(), "{region} {table}");
    }
}

/// What is next for an effect that is on record as done, whose way back is `before`, by that view of its thing.
fn next_for(change: Change, before: Option<Change>, view: View) -> Move {
    let plan = plan();
    let mut journal = Journal::opened(1, 0);
    let step = if change.fences() { Step::Fence } else { Step::Capacity };
    let id = journal.done(3, step, change);
    journal.add(5, Entry::turned_back(TurnBackReason::StepFailed, "it could not be done"));
    let mut state = journal.state();
    std::sync::Arc::make_mut(std::sync::Arc::make_mut(&mut state.effects).get_mut(&id).unwrap())
        .before = before;
    state.resumed_from = Some(HaltKind::Held(Step::Undo));
    let situation =
        Situation { undoes: &[Step::Fence, Step::Capacity], ..situation(&plan, &state, at(10)) };
    let mut seen = Seen::default();
    for question in asked(&situation, &state.effects[&id]) {
        seen.insert(question, Ok(view.clone()));
    }
    decide(&situation, &seen)
}

#[test]
fn what_somebody_else_set_back_is_set_back_on_record_too() {
    let one = Change::SetMinimum { region: west(), group: "web".into(), minimum: 1 };
    let next = next_for(minimum(), Some(one), group(1, 4, &[]));
    assert!(
        matches!(&next.sends[..], [Entry::Intent { undoes: Some(_), .. }]),
        "an old look may be why it seems so: {next:?}"
    );
}

#[test]
fn a_lease_that_somebody_else_gave_back_is_on_record_as_not_taken() {
    let home = View::Lease(Some(LeaseView {
        owner: EAST.into(),
        epoch: 3,
        effect: "by-hand".into(),
        renewed_at: None,
        terms: None,
        answered_at: at(9),
    }));
    let next = next_for(moved(EAST, 1, "nobody"), None, home);
    assert!(matches!(&next.records[..], [Entry::Outcome { applied: false, .. }]), "{next:?}");
}
