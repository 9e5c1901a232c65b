//! The last look before the way back ends.

use crate::ids::Step;
use crate::journal::{EffectState, Entry, Fate};
use crate::plan::Database;
use crate::planted::{self, Bug};
use crate::steps::approval::{self, Approval};
use crate::steps::bearing::{Going, going, turn_back};
use crate::steps::{Move, Situation, loss};
use crate::time::since;
use crate::world::{Question, Seen};

/// Nothing: a fence that must be seen again is looked at before each promotion, by the function that
/// can reach it.
pub(super) fn questions(_: &Situation<'_>) -> Vec<Question> {
    Vec::new()
}

pub(super) fn decide(situation: &Situation<'_>, _: &Seen) -> Move {
    let mut next = Move::default();
    if situation.state.fate != Fate::Open {
        return next;
    }
    for step in [Step::Fence, Step::Capacity] {
        if planted::is(Bug::CommitsUnfenced) && step == Step::Fence {
            continue;
        }
        if !situation.state.done.contains_key(&step) {
            next.wait(format!("step {step} is not done"));
        }
    }
    let mut because = Vec::new();
    for database in situation.plan.databases.iter().filter(|d| d.single_writer()) {
        match holds(situation, database) {
            Ok(sentence) => because.push(sentence),
            Err(why) => next.wait(why),
        }
    }
    // A lost attempt on the old side's own compute or network may still land: it only fences more.
    let on_the_old_side = |e: &EffectState| e.change.closes();
    let unresolved = situation.state.unresolved().find(|(_, e)| !on_the_old_side(e));
    if let Some((effect, _)) = unresolved {
        next.wait(format!("it is not known whether {effect} happened"));
    }
    if let Some(back) = turn_back(situation) {
        return back;
    }
    if !next.settled() {
        return next;
    }
    match approval::one_way(situation, loss::excess(situation)) {
        Approval::Given => {}
        Approval::Record(entry) => return Move::record(entry),
        Approval::Pending(left, why) => {
            next.wait_at_least(left.min(situation.limits.poll_first), why);
            return next;
        }
    }
    if let Some(yes) = situation.state.questions.last().and_then(|q| q.answer.as_ref()) {
        because.push(format!("asked people: {:?} by {}", yes.0, yes.1));
    }
    match going(situation) {
        Going::First(first) => *first,
        Going::On => committed(situation, because),
    }
}

fn committed(situation: &Situation<'_>, mut because: Vec<String>) -> Move {
    let Some(assessed) = &situation.state.assessed else { return Move::default() };
    because.push(assessed.reason.clone());
    Move::record(Entry::Committed { evidence: assessed.evidence.clone(), because })
}

/// Whether one database may be promoted, and by what right.
fn holds(situation: &Situation<'_>, database: &Database) -> Result<String, String> {
    let id = database.id();
    let state = situation.state;
    if planted::is(Bug::CommitsUnfenced) {
        return Ok(format!("{id} will be fenced"));
    }
    if let Some(fenced) = state.fenced.get(id) {
        if situation.now < fenced.holds_from {
            let left = since(situation.now, fenced.holds_from);
            return Err(format!("the fence of {id} is proven only in {}", left.in_words()));
        }
    } else if !state.waived.contains_key(id) {
        return Err(format!("no fence of {id} is proven"));
    }
    match state.losses.get(id) {
        None => Err(format!("the loss bound of {id} is not known")),
        Some((None, _)) if !state.waived.contains_key(id) => {
            Err(format!("the loss bound of {id} is unknown"))
        }
        Some((bound, _)) => {
            let fence = if state.fenced.contains_key(id) {
                format!("{id} is fenced")
            } else {
                format!("the fence of {id} is waived")
            };
            Ok(match bound {
                Some(bound) => format!(
                    "{fence}; at most {bound} of writes are lost (limit {})",
                    database.max_loss()
                ),
                None => format!("{fence}; how much is lost is unknown, and a person took the risk"),
            })
        }
    }
}

#[cfg(test)]
#[path = "commit_tests.rs"]
mod tests;
