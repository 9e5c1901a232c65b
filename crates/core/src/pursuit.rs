//! The life of one effect: from "not yet" to "seen in the world", through lost answers and refusals.

use crate::effect::EffectId;
use crate::journal::{EffectState, Entry, Reply};
use crate::planted::{self, Bug};
use crate::steps::Situation;
use crate::time::{Span, Timestamp, since};
use crate::world::{Change, ChangeErrorKind, EffectClass};

/// What was seen of the thing that an effect is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probe {
    /// It is as it shall be.
    Yes(String),
    /// It is as it was: nothing has happened, nothing is under way.
    No(String),
    /// It is on its way, by us or by another.
    Moving(String),
    /// It cannot be seen.
    Blind(String),
}

/// An effect that is wanted.
#[derive(Debug, Clone, PartialEq)]
pub struct Goal {
    /// Its name.
    pub effect: EffectId,
    /// What would be sent now.
    pub change: Change,
    /// The way back, as the thing stands now.
    pub before: Option<Change>,
    /// The effect that it undoes.
    pub undoes: Option<EffectId>,
    /// What was seen.
    pub probe: Probe,
}

/// The next thing to do for it.
#[derive(Debug, Clone, PartialEq)]
pub enum Progress {
    /// It is as it shall be, and on record if we did it.
    Done(String),
    /// This goes on record; then look again.
    Record(Entry),
    /// This intent goes on record; then its change is sent once.
    Send(Entry),
    /// Nothing to do but wait.
    Wait(String),
    /// It will not come by itself.
    Stuck(String),
}

/// Decides the next thing for `goal`.
pub fn pursue(situation: &Situation<'_>, goal: Goal) -> Progress {
    let Some(effect) = situation.state.effects.get(&goal.effect) else {
        return match goal.probe {
            // Someone else's doing, or an earlier generation's: not ours to undo.
            Probe::Yes(evidence) => Progress::Done(evidence),
            Probe::No(_) => send(goal),
            Probe::Moving(what) => Progress::Wait(format!("{}: {what}", goal.change)),
            Probe::Blind(why) => Progress::Wait(format!("{}: unseen: {why}", goal.change)),
        };
    };
    match goal.probe.clone() {
        Probe::Yes(evidence) if effect.applied() => Progress::Done(evidence),
        Probe::Yes(evidence) => {
            Progress::Record(Entry::Outcome { effect: goal.effect, applied: true, evidence })
        }
        Probe::Moving(what) => Progress::Wait(format!("{}: {what}", goal.change)),
        Probe::Blind(why) => Progress::Wait(format!("{}: unseen: {why}", goal.change)),
        // Left by the generation before and changed since: this generation does it itself.
        Probe::No(_) if effect.applied() && effect.intents.is_empty() => send(goal),
        Probe::No(what) if effect.applied() => Progress::Stuck(format!(
            "{} was done and seen, and is so no more: {what}. Someone or something else changed it",
            goal.change
        )),
        Probe::No(what) => unseen(situation, goal, effect, &what),
    }
}

/// The thing is as it was although something was sent for it.
fn unseen(situation: &Situation<'_>, goal: Goal, effect: &EffectState, what: &str) -> Progress {
    let Some(last) = effect.intents.last() else { return send(goal) };
    if effect.intents.len() >= situation.limits.sends_max && !planted::is(Bug::SentForEver) {
        return Progress::Stuck(format!(
            "{} was sent {} times and is not seen: {what}",
            goal.change,
            effect.intents.len()
        ));
    }
    let age = since(last.at, situation.now);
    match &last.reply {
        Some(Reply::Refused(error)) => match error.kind {
            ChangeErrorKind::Throttled => after_a_pause(situation, goal, age),
            // The value moved between look and request, and the look shows the present one.
            ChangeErrorKind::Conflict => send(goal),
            ChangeErrorKind::Refused | ChangeErrorKind::Lost => {
                Progress::Stuck(format!("{} was refused: {error}", goal.change))
            }
        },
        Some(Reply::Accepted(_)) => accepted(situation, goal, age, what),
        None => lost(situation, goal, last.at, what),
    }
}

fn after_a_pause(situation: &Situation<'_>, goal: Goal, age: Span) -> Progress {
    if age < situation.limits.poll_first {
        Progress::Wait(format!("{}: not answered or throttled; a pause", goal.change))
    } else {
        send(goal)
    }
}

fn accepted(situation: &Situation<'_>, goal: Goal, age: Span, what: &str) -> Progress {
    match goal.change.class() {
        EffectClass::Stamped if age >= situation.limits.datum_patience => send(goal),
        EffectClass::Stamped
        | EffectClass::CasFenced
        | EffectClass::SetConverging
        | EffectClass::TokenDeduped
        | EffectClass::StateGuarded
        | EffectClass::Unguarded => Progress::Wait(format!(
            "{}: accepted {} ago, not yet seen: {what}",
            goal.change,
            age.in_words()
        )),
    }
}

/// The answer was lost. A repeat is sent only where a late first request can do no harm beside it.
fn lost(situation: &Situation<'_>, goal: Goal, sent: Timestamp, what: &str) -> Progress {
    if planted::is(Bug::TimeoutIsSuccess) {
        return Progress::Done(format!("{} was sent", goal.change));
    }
    match goal.change.class() {
        // Those that a service guards by its state make writers: all lie behind the commit
        // (`needs_commit`), where there is no way back that a late one could cross.
        EffectClass::StateGuarded
        | EffectClass::CasFenced
        | EffectClass::SetConverging
        | EffectClass::TokenDeduped
        | EffectClass::Stamped => after_a_pause(situation, goal, since(sent, situation.now)),
        EffectClass::Unguarded => Progress::Stuck(format!(
            "{}: the answer was lost and nothing makes a repeat safe: {what}",
            goal.change
        )),
    }
}

fn send(goal: Goal) -> Progress {
    Progress::Send(Entry::Intent {
        effect: goal.effect,
        change: Box::new(goal.change),
        undoes: goal.undoes,
        before: goal.before.map(Box::new),
    })
}

#[cfg(test)]
#[path = "pursuit_tests.rs"]
mod tests;
