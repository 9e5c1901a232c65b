//! What stands in the world by the journal: what is done, what is not known, what may still land, and
//! which old sides are unproven.

use crate::audit::example::{Journal, at, commit, database, fenced, lease};
use crate::effect::EffectId;
use crate::ids::{Direction, Seq, Side, Step};
use crate::journal::cases::*;
use crate::journal::{End, Entry, HandedOver, Reply, State};
use crate::time::after;
use crate::world::Change;

fn with_before(effect: EffectId, change: Change, before: Change) -> Entry {
    let before = Some(Box::new(before));
    Entry::Intent { effect, change: Box::new(change), undoes: None, before }
}

fn standing(j: &Journal) -> Vec<EffectId> {
    j.state().standing().map(|(id, _)| id.clone()).collect()
}

fn unresolved(j: &Journal) -> Vec<EffectId> {
    j.state().unresolved().map(|(id, _)| id.clone()).collect()
}

/// A generation that has an effect of the one before.
fn handed_over() -> (Journal, EffectId) {
    let (mut j, it) = (Journal::opened(1, 7), effect(Step::Capacity, "it"));
    let before = Some(Box::new(minimum(2)));
    decision(&mut j).handed_over =
        vec![HandedOver { effect: it.clone(), change: Box::new(minimum(4)), before, sent: None }];
    (j, it)
}

#[test]
fn the_way_back_is_noted_before_the_first_request_and_kept() {
    let mut j = Journal::opened(1, 0);
    let it = effect(Step::Capacity, "it");
    j.add(5, with_before(it.clone(), minimum(4), minimum(2)));
    j.add(6, outcome(it.clone(), true));
    j.add(7, with_before(it.clone(), minimum(4), minimum(3)));
    let state = j.state();
    assert_eq!(state.effects[&it].before, Some(minimum(2)));
    assert_eq!(state.effects[&it].outcome, Some((true, Seq(3), at(6))), "it was seen");
    assert_eq!(state.effects[&it].undoes, None);
}

#[test]
fn what_was_handed_over_stands_from_the_first_entry_on_and_is_undone_to_where_it_was() {
    let (j, it) = handed_over();
    let state = j.state();
    let given = &state.effects[&it];
    assert_eq!((&given.change, &given.before), (&minimum(4), &Some(minimum(2))));
    assert_eq!(given.outcome, Some((true, Seq(1), at(7))));
    assert!(given.intents.is_empty());
    assert_eq!(standing(&j), [it]);
    assert_eq!((state.safe_from(&LIMITS), state.last_effect()), (None, None));
}

#[test]
fn what_was_handed_over_and_is_sent_again_is_this_generations_own() {
    let (mut j, it) = handed_over();
    j.add(9, with_before(it.clone(), minimum(5), minimum(3)));
    let state = j.state();
    let own = &state.effects[&it];
    assert_eq!((&own.change, &own.before), (&minimum(5), &Some(minimum(3))));
    assert_eq!(own.outcome, None);
    assert_eq!(own.intents.len(), 1);
    assert_eq!((unresolved(&j), standing(&j)), (vec![it], vec![]));
}

#[test]
fn what_is_done_stands_until_its_undo_is_seen() {
    let mut j = Journal::opened(1, 0);
    let (it, other) = (effect(Step::Capacity, "it"), effect(Step::Capacity, "other"));
    j.sent(5, Step::Capacity, minimum(4));
    assert_eq!(standing(&j), [], "nobody has seen it");
    j.add(6, outcome(it.clone(), true));
    j.add(6, intent(other.clone(), minimum(4)));
    j.add(7, outcome(other.clone(), false));
    assert_eq!(standing(&j), vec![it.clone()], "the other is seen not to be there");
    j.add(8, turned_back());
    j.add(9, undo(&it, minimum(2)));
    assert_eq!(j.state().effects[&it.undo()].undoes, Some(it.clone()));
    assert_eq!(standing(&j), vec![it.clone()], "the undo is under way");
    j.add(10, outcome(it.undo(), true));
    assert_eq!(standing(&j), [], "and an undo is nothing that stands");
}

#[test]
fn it_is_not_known_whether_a_request_happened_until_it_is_refused_or_seen() {
    let mut j = Journal::opened(1, 0);
    assert_eq!(unresolved(&j), []);
    let it = j.sent(5, Step::Capacity, minimum(4));
    assert_eq!(unresolved(&j), vec![it.clone()]);
    let mut taken = j.clone();
    taken.add(6, replied(it.clone(), 2, accepted()));
    assert_eq!(unresolved(&taken), vec![it.clone()], "taken is not done");
    let mut declined = j.clone();
    declined.add(6, replied(it.clone(), 2, refused()));
    assert_eq!(unresolved(&declined), []);
    for applied in [true, false] {
        let mut seen = j.clone();
        seen.add(6, outcome(it.clone(), applied));
        assert_eq!(unresolved(&seen), []);
        seen.add(7, intent(it.clone(), minimum(4)));
        assert_eq!(unresolved(&seen), vec![it.clone()], "it was sent again");
    }
}

#[test]
fn nothing_can_land_any_more_when_the_latest_request_is_too_old() {
    let safe = |j: &Journal| j.state().safe_from(&LIMITS);
    let until = |seconds| Some(after(at(seconds), LIMITS.request_life));
    let mut j = Journal::opened(1, 0);
    assert_eq!((safe(&j), j.state().last_effect()), (None, None));
    j.sent(5, Step::Capacity, minimum(4));
    assert_eq!(safe(&j), until(5));
    j.sent(9, Step::Capacity, minimum(4));
    assert_eq!(safe(&j), until(9), "the latest of one effect");
    j.sent(20, Step::Fence, lease("a", 1, "b"));
    assert_eq!(safe(&j), until(20), "and of all effects");
    j.add(21, outcome(effect(Step::Fence, "it"), true));
    assert_eq!(safe(&j), until(9), "a lease that is seen is settled");
    j.add(22, outcome(effect(Step::Capacity, "it"), true));
    assert_eq!(safe(&j), until(9), "one of two requests without an answer may come yet");
    assert_eq!(j.state().last_effect(), Some(at(20)), "sent, whatever became of it");
}

fn sides(state: &State) -> Vec<(Side, u64)> {
    state.unproven().into_iter().map(|u| (u.side, u.generation.0)).collect()
}

#[test]
fn an_old_side_whose_risk_was_taken_is_unproven_from_the_commit_on() {
    let mut j = Journal::opened(2, 0);
    j.add(5, waived(None));
    assert_eq!(sides(&j.state()), [], "nothing was left yet");
    let mut proven = j.clone();
    proven.add(6, proof(database(), at(6)));
    for j in [&mut j, &mut proven] {
        commit(j, 7, "ev");
    }
    let left = j.state().unproven();
    assert_eq!(left, [unproven(Side::Primary, 2)]);
    assert_eq!(sides(&proven.state()), [], "a proof is better than a waiver");
    j.add(8, old_side_fenced(database(), Side::Primary));
    assert_eq!(sides(&j.state()), [], "it was seen later");

    let mut back = Journal::opened(2, 0);
    back.add(5, waived(None));
    back.add(6, turned_back());
    assert_eq!(sides(&back.state()), [], "nothing was left");
}

#[test]
fn a_side_that_is_moved_back_to_is_no_old_side() {
    let mut j = fenced(1);
    decision(&mut j).unproven = vec![unproven(Side::Primary, 1), unproven(Side::Standby, 2)];
    assert_eq!(sides(&j.state()), [(Side::Primary, 1), (Side::Standby, 2)]);
    let mut home = j.clone();
    decision(&mut home).direction = Direction::ToPrimary;
    commit(&mut j, 33, "ev32");
    commit(&mut home, 33, "ev32");
    assert_eq!(sides(&j.state()), [(Side::Primary, 1)]);
    assert_eq!(sides(&home.state()), [(Side::Standby, 2)]);
}

#[test]
fn the_old_side_of_one_database_says_nothing_of_another() {
    let mut j = fenced(1);
    let mut users = unproven(Side::Primary, 1);
    users.database = "users-db".into();
    decision(&mut j).unproven = vec![unproven(Side::Primary, 1), users.clone()];
    j.add(33, old_side_fenced(database(), Side::Primary));
    assert_eq!(j.state().unproven(), [users]);
}

/// The old side's group, bound to nothing or let go.
fn bound(shut: bool) -> Change {
    let (minimum, maximum) = if shut { (0, 0) } else { (1, 4) };
    Change::BoundGroup {
        region: "us-east-1".into(),
        group: "writers".into(),
        minimum,
        maximum,
        desired: minimum,
        suspend: shut,
    }
}

/// Generation 1 with its old side asked to be shut, answered so.
fn shut(direction: Direction, reply: Reply) -> (Journal, EffectId) {
    let (mut j, it) = (Journal::opened(1, 0), effect(Step::Fence, "orders-db:writers"));
    decision(&mut j).direction = direction;
    decision(&mut j).effects.push(it.clone());
    j.add(5, with_before(it.clone(), bound(true), bound(false)));
    j.add(6, replied(it.clone(), 2, reply));
    (j, it)
}

#[test]
fn what_was_accepted_and_never_seen_is_left_closed_behind_the_commit_and_what_was_refused_is_not() {
    for (reply, left) in [(accepted(), 1), (refused(), 0)] {
        let (mut j, it) = shut(Direction::ToStandby, reply);
        commit(&mut j, 30, "ev");
        j.add(1000, outcome(it, false));
        let all = j.state().left_closed();
        assert_eq!(all.len(), left);
        assert!(all.iter().all(|l| (l.side, &l.reopen) == (Side::Primary, &bound(false))));
    }
}

#[test]
fn a_workload_that_is_seen_at_home_tells_nothing_of_what_was_closed_on_its_standby() {
    for (direction, left) in [(Direction::ToStandby, 0), (Direction::ToPrimary, 1)] {
        let (mut j, it) = shut(direction, accepted());
        j.add(7, outcome(it, true));
        if direction == Direction::ToStandby {
            commit(&mut j, 30, "ev");
        }
        j.add(60, Entry::Ended { end: End::Abandoned, reason: "given up".to_owned() });
        assert_eq!(j.state().left_closed().len(), 1, "{direction}");
        j.add(120, Entry::SeenAtHome { evidence: "it is".to_owned(), regions: None });
        assert_eq!(j.state().left_closed().len(), left, "{direction}");
    }
}
