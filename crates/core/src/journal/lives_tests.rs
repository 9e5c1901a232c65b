//! Where a workload lives is inherited, and changed by a commit or a look alone.

use super::*;
use crate::audit::example::{Journal, commit, fenced, plan, recovered};
use crate::ids::Step;
use crate::journal::Entry;
use crate::journal::cases::*;

/// What follows that generation in that direction, opened and given up at once.
fn slip(last: &State, direction: Direction) -> State {
    let mut j = Journal::opened(last.decision.generation.0 + 1, 100);
    let own = decision(&mut j);
    (own.direction, own.target) = (direction, plan().target_region(direction).clone());
    *own = succession::inheriting(own.clone(), Some(last), &plan());
    j.add(110, ended(End::Abandoned));
    j.state()
}

fn lives(side: Side, since: Option<u64>, arrived: bool) -> Lives {
    Lives { side, since: since.map(Generation), arrived }
}

#[test]
fn what_never_committed_leaves_the_workload_where_it_was_whichever_way_it_was_to_go() {
    let both = [Direction::ToStandby, Direction::ToPrimary];
    let away = recovered(1).state();
    assert_eq!(away.lives(), lives(Side::Standby, Some(1), true));
    for way in both {
        let slipped = slip(&away, way);
        assert_eq!(slipped.lives(), away.lives(), "{way}");
        assert_eq!(slip(&slipped, Direction::ToStandby).lives(), away.lives(), "{way}, and again");
        assert_eq!(slipped.lives_in(&plan().regions).as_str(), "us-west-2");
    }
    let never = slip(&Journal::opened(1, 0).state(), Direction::ToPrimary);
    assert_eq!(never.lives(), Lives::AT_HOME);
    assert!(!never.away_from_home());
}

#[test]
fn who_is_given_up_behind_the_commit_lives_there_and_has_not_arrived() {
    let mut j = fenced(1);
    commit(&mut j, 33, "ev32");
    j.add(34, ended(End::Abandoned));
    let half = j.state();
    assert_eq!(half.lives(), lives(Side::Standby, Some(1), false));
    assert_eq!(
        slip(&half, Direction::ToStandby).lives(),
        half.lives(),
        "tried again before its commit"
    );
}

#[test]
fn seen_at_home_it_lives_at_home_whatever_came_before() {
    let mut j = recovered(1);
    j.add(120, Entry::SeenAtHome { evidence: "it is".to_owned(), regions: None });
    let home = j.state();
    assert_eq!(home.lives(), Lives::AT_HOME);
    assert_eq!(slip(&home, Direction::ToStandby).lives(), Lives::AT_HOME);
}

#[test]
fn a_decision_of_an_older_version_tells_by_its_direction() {
    let mut j = Journal::opened(1, 0);
    assert_eq!(j.state().lives(), lives(Side::Primary, None, true));
    let own = decision(&mut j);
    (own.direction, own.target) = (Direction::ToPrimary, "us-east-1".into());
    assert_eq!(j.state().lives(), lives(Side::Standby, None, true));
    let plan = plan();
    assert_eq!(j.state().lives_in(&plan.regions).as_str(), "us-west-2");
    assert_eq!((j.state().region_of(Side::Standby), j.state().regions()), (None, None));
}

/// Recovered with the writers of the old side stopped, by a decision that tells its Regions.
fn left_closed() -> Journal {
    let group = |maximum| crate::world::Change::BoundGroup {
        region: "us-east-1".into(),
        group: "web".into(),
        minimum: 0,
        maximum,
        desired: 0,
        suspend: maximum == 0,
    };
    let mut j = fenced(1);
    let own = decision(&mut j);
    *own = succession::inheriting(own.clone(), None, &plan());
    let stop = effect(Step::Fence, "orders-db:web");
    own_effect(&mut j, &stop);
    let before = Some(Box::new(group(4)));
    j.add(
        32,
        Entry::Intent { effect: stop.clone(), change: Box::new(group(0)), undoes: None, before },
    );
    j.add(32, outcome(stop, true));
    commit(&mut j, 33, "ev32");
    j.add(62, pass(true));
    j.add(63, ended(End::Recovered));
    j
}

fn own_effect(j: &mut Journal, effect: &crate::effect::EffectId) {
    decision(j).effects.push(effect.clone());
}

fn sides(primary: &str, standby: &str) -> Sides<Region> {
    Sides { primary: primary.into(), standby: standby.into() }
}

#[test]
fn what_is_left_closed_goes_with_its_region_when_the_sides_are_exchanged() {
    let mut j = left_closed();
    let left = j.state().left_closed();
    assert_eq!(left.iter().map(|l| l.side).collect::<Vec<_>>(), [Side::Primary], "{left:?}");
    let third = j.state().settled_for(&sides("us-west-2", "eu-west-3")).unwrap_err();
    assert!(third.contains("--direction to-primary") && third.contains("opens it"), "{third}");

    let turned = Some(sides("us-west-2", "us-east-1"));
    j.add(120, Entry::SeenAtHome { evidence: "its lease".to_owned(), regions: turned });
    let state = j.state();
    assert_eq!(state.left_closed()[0].side, Side::Standby, "it is the shelter that is closed");
    assert_eq!(
        (state.lives(), state.region_of(Side::Primary)),
        (Lives::AT_HOME, Some(&"us-west-2".into()))
    );
    let mut turned_plan = plan();
    std::mem::swap(&mut turned_plan.regions.primary, &mut turned_plan.regions.standby);
    let next = Journal::opened(2, 200);
    let Entry::Opened(next) = next.records[0].entry.clone() else { panic!() };
    let next = succession::inheriting(*next, Some(&state), &turned_plan);
    assert_eq!(next.reopens().count(), 1, "the next recovery there opens it first");
}

#[test]
fn the_sides_are_exchanged_only_when_nothing_is_remembered_that_it_would_turn_round() {
    let turned = sides("us-west-2", "us-east-1");
    let no = |state: &State, words: &str| {
        let why = state.settled_for(&turned).unwrap_err();
        assert!(why.contains(words), "{why}");
        assert_eq!(state.may_be_seen_at_home(Some(&turned)), Err(why));
    };
    no(&Journal::opened(1, 0).state(), "generation 1 of orders is open");
    let mut waived = left_closed().state();
    waived.fenced.clear();
    waived.waived.insert(crate::audit::example::database(), None);
    no(&waived, "make it a replica of the other side again");
    let mut j = fenced(1);
    commit(&mut j, 33, "ev32");
    j.add(34, ended(End::Abandoned));
    no(&j.state(), "--direction to-standby");
    let well = left_closed().state();
    assert_eq!(well.may_be_seen_at_home(Some(&turned)), Ok(()));
    let same = sides("us-east-1", "us-west-2");
    assert!(well.may_be_seen_at_home(Some(&same)).is_err(), "they are its sides already");
}
