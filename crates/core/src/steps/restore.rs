//! What may come up only after the promotion: consumers, schedules, whatever writes by itself. And what
//! came up before it is looked at once more.

use crate::ids::Step;
use crate::plan::When;
use crate::steps::{Move, Situation, capacity};
use crate::world::{Question, Seen};

pub(super) fn questions(situation: &Situation<'_>) -> Vec<Question> {
    capacity::questions(situation)
}

pub(super) fn decide(situation: &Situation<'_>, seen: &Seen) -> Move {
    let mut next = Move::default();
    if !situation.state.done.contains_key(&Step::Database) {
        next.stick("the databases are not done: what writes may not come up");
        return next;
    }
    capacity::say_impossible(situation, |when| when == When::Late, seen, &mut next);
    for early in capacity::of(situation, When::Early) {
        capacity::keep_up(situation, early, seen, &mut next);
    }
    for late in capacity::of(situation, When::Late) {
        capacity::raise(situation, late, Step::Restore, seen, &mut next);
    }
    next
}
