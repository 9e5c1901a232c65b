//! The life of one effect: from "not yet" to "seen in the world", through lost answers and refusals.

use crate::effect::EffectId;
use crate::ids::Seq;
use crate::journal::{EffectState, Entry, IntentState, Reply};
use crate::planted::{self, Bug};
use crate::steps::Situation;
use crate::time::{Span, Timestamp, after, since};
use crate::world::{Change, ChangeError, ChangeErrorKind, EffectClass};

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
        Probe::No(what)
            if effect.applied() && goal.undoes.is_none() && goal.change.raises_capacity() =>
        {
            raised_again(situation, goal, effect, &what)
        }
        Probe::No(what) if effect.applied() => undone_by_others(situation, goal, effect, &what),
        Probe::No(what) => unseen(situation, goal, effect, &what),
    }
}

/// Capacity that was up and seen was taken away again: a target tracking policy does so with a standby that
/// has no load yet (Application Auto Scaling, "Target tracking scaling policies"). It is asked for again, as
/// often as anything is sent: a scale-in is no reason to give a recovery up.
fn raised_again(
    situation: &Situation<'_>,
    goal: Goal,
    effect: &EffectState,
    what: &str,
) -> Progress {
    let tried = situation.state.tried(effect);
    let Some(last) = tried.last() else { return send(goal) };
    if tried.len() >= situation.limits.sends_max {
        return Progress::Stuck(format!(
            "{} was sent {} times, seen done, and is so no more: {what}. Something takes it away again: suspend its scaling policy, or raise the policy's minimum, then `{}`",
            goal.change,
            tried.len(),
            resume(situation)
        ));
    }
    after_a_pause(situation, goal, last.at, tried.len())
}

/// It was seen done and is so no more. Only a person knows whether it shall be done again: by resuming.
fn undone_by_others(
    situation: &Situation<'_>,
    goal: Goal,
    effect: &EffectState,
    what: &str,
) -> Progress {
    let seen = effect.outcome.map_or(Seq(0), |(_, seq, _)| seq);
    if situation.state.resumed_at() > seen {
        return unseen(situation, goal, effect, what);
    }
    Progress::Stuck(format!(
        "{} was done and seen, and is so no more: {what}. Someone or something else changed it; `{}` does it again",
        goal.change,
        resume(situation)
    ))
}

/// The thing is as it was although something was sent for it. What was sent and answered before a person
/// resumed it counts no more: the cause may be mended, and the classes of changes make a repeat safe.
fn unseen(situation: &Situation<'_>, goal: Goal, effect: &EffectState, what: &str) -> Progress {
    let tried = match () {
        () if planted::is(Bug::RefusedForEver) => &effect.intents[..],
        () => situation.state.tried(effect),
    };
    let Some(last) = tried.last() else { return anew(situation, goal, effect, what) };
    if tried.len() >= situation.limits.sends_max && !planted::is(Bug::SentForEver) {
        return exhausted(situation, &goal, effect, tried, what);
    }
    match &last.reply {
        Some(Reply::Refused(error)) => match error.kind {
            ChangeErrorKind::Throttled | ChangeErrorKind::NotInState => {
                after_a_pause(situation, goal, last.at, tried.len())
            }
            // The value moved between look and request, and the look shows the present one.
            ChangeErrorKind::Conflict => send(goal),
            ChangeErrorKind::Refused | ChangeErrorKind::Lost => {
                Progress::Stuck(refused(situation, &goal.change, error, last.at))
            }
        },
        Some(Reply::Accepted(_)) => accepted(situation, goal, since(last.at, situation.now), what),
        None => lost(situation, goal, last.at, tried.len(), what),
    }
}

/// Nothing was sent since it was resumed, or ever.
fn anew(situation: &Situation<'_>, goal: Goal, effect: &EffectState, what: &str) -> Progress {
    match effect.intents.last() {
        // A repeat beside a request that may still land is safe for every other class.
        Some(last) if goal.change.class() == EffectClass::Unguarded && effect.unresolved() => {
            unguarded(situation, goal, last.at, what)
        }
        Some(_) | None => send(goal),
    }
}

/// As many requests as the protocol allows did nothing that is seen.
fn exhausted(
    situation: &Situation<'_>,
    goal: &Goal,
    effect: &EffectState,
    tried: &[IntentState],
    what: &str,
) -> Progress {
    // Refused for its state behind a request that nobody saw the end of: that one may be what put it there,
    // and an old look shows nothing of it. It is looked at again as long as such a request lives.
    let in_the_air = effect.intents.iter().rev().find(|i| i.reply.is_none());
    let by_state = |i: &IntentState| matches!(&i.reply, Some(Reply::Refused(e)) if e.kind == ChangeErrorKind::NotInState);
    if let Some(sent) = in_the_air
        && tried.last().is_some_and(by_state)
        && since(sent.at, situation.now) < situation.limits.request_life
    {
        return Progress::Wait(format!(
            "{}: the service says that its state does not allow it, and an earlier request may be why: {what}",
            goal.change
        ));
    }
    let answer = tried.iter().rev().find_map(|i| match &i.reply {
        Some(Reply::Refused(error)) => Some(error.to_string()),
        Some(Reply::Accepted(_)) | None => None,
    });
    Progress::Stuck(format!(
        "{} was sent {} times and is not seen: {what}; {} answered {}. When it takes requests again: `{}`",
        goal.change,
        tried.len(),
        goal.change.operation(),
        answer.unwrap_or_else(|| "nothing that could be read".to_owned()),
        resume(situation)
    ))
}

/// What was asked, what came back, what to mend, and the command that asks again.
fn refused(
    situation: &Situation<'_>,
    change: &Change,
    error: &ChangeError,
    at: Timestamp,
) -> String {
    let operation = change.operation();
    let denied = ["AccessDenied", "Unauthorized"].iter().any(|d| error.code.contains(d));
    let mend = if denied {
        format!(
            "Allow {operation} on it to the function's role (its tag `leeward:workload`, the stack's list of resources, a boundary or an SCP)"
        )
    } else {
        "Mend what the answer names".to_owned()
    };
    format!(
        "{change} was refused: {operation} answered at {at}: {error}. {mend}, then `{}`",
        resume(situation)
    )
}

/// The command that lets a held generation go on.
pub fn resume(situation: &Situation<'_>) -> String {
    format!("leeward resume {} --reason …", situation.state.decision.workload)
}

/// The wait grows with each request, so that a service that is busy for minutes does not use up the sends in
/// seconds.
fn after_a_pause(situation: &Situation<'_>, goal: Goal, sent: Timestamp, times: usize) -> Progress {
    let limits = situation.limits;
    let doubled = u32::try_from(times.saturating_sub(1)).unwrap_or(u32::MAX).min(10);
    let pause = Span::millis(limits.poll_first.as_millis() << doubled);
    let pause = pause.clamp(limits.poll_first, limits.poll_max.max(limits.poll_first));
    if since(sent, situation.now) < pause {
        Progress::Wait(format!("{}: not answered, or asked to come later; a pause", goal.change))
    } else {
        send(goal)
    }
}

fn accepted(situation: &Situation<'_>, goal: Goal, age: Span, what: &str) -> Progress {
    match goal.change.class() {
        EffectClass::Stamped if age >= situation.limits.datum_patience => send(goal),
        // It was taken away before it was seen, or fell back: a start that is accepted can still end in
        // `stopped` (EC2 User Guide, "Troubleshoot instance launch issues"). Sent twice it changes nothing.
        EffectClass::SetConverging
            if goal.change.raises_capacity() && age >= situation.limits.settle_patience =>
        {
            send(goal)
        }
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
fn lost(
    situation: &Situation<'_>,
    goal: Goal,
    sent: Timestamp,
    times: usize,
    what: &str,
) -> Progress {
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
        | EffectClass::Stamped => after_a_pause(situation, goal, sent, times),
        EffectClass::Unguarded => unguarded(situation, goal, sent, what),
    }
}

/// Nothing makes a repeat safe but that the first request can land no more, and a person's word.
fn unguarded(situation: &Situation<'_>, goal: Goal, sent: Timestamp, what: &str) -> Progress {
    let safe = after(sent, situation.limits.request_life);
    let resumed = situation.state.resumed.is_some_and(|(_, at)| at >= safe);
    if resumed {
        return send(goal);
    }
    Progress::Stuck(format!(
        "{}: the answer was lost and nothing makes a repeat safe: {what}. Look whether it was done; from {safe} on `{}` sends it again",
        goal.change,
        resume(situation)
    ))
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
