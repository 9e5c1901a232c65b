//! One recovery in the place of another: when the trouble turns out wider than what is being done for it,
//! or real while it is only practised. And what each generation inherits from the one before.

use crate::contract::Mode;
use crate::effect::EffectId;
use crate::evidence::{Assessment, Count, Counted, Verdict, classify};
use crate::ids::{Direction, Generation, PlanId};
use crate::journal::{
    Bearing, Decision, EffectState, End, Entry, Fate, HandedOver, Lives, Lost, State, Successor,
    Trigger, TurnBackReason,
};
use crate::matching::answers;
use crate::need::Needed;
use crate::plan::{ImpairmentKind, Plan};
use crate::planted::{self, Bug};
use crate::steps::effects;
use crate::time::Timestamp;

/// Whether another recovery could take the place of `open` at all: only then its plan has to be read.
pub fn thinkable(open: &State, wanted: &Plan, assessment: &Assessment) -> bool {
    let decision = &open.decision;
    let ordered = matches!(decision.trigger, Trigger::Operator { .. });
    open.fate == Fate::Open
        && open.halt.is_none()
        && assessment.bearing == Bearing::Go
        // A side that is down is left in one direction: what moves the other way is no answer to it.
        && decision.direction == assessment.direction
        // Where a person said to go to is not changed by the evidence.
        && (!ordered || decision.target == *wanted.target_region(assessment.direction))
        && (decision.mode == Mode::Drill || decision.plan != wanted.plan)
}

/// What becomes of an open generation when the evidence asks for another recovery.
#[derive(Debug, Clone, PartialEq)]
pub enum Succession {
    /// It goes on.
    None,
    /// This entry ends it, so that the other can take its place.
    TurnsBack(Entry),
    /// It goes on, since what is seen began behind its own fence: that may be the fence's own doing, and a person
    /// has to tell.
    Withheld(Needed),
}

/// Whether `open` has to end so that a recovery by `wanted` can take its place. `by` is the plan of the open
/// generation.
pub fn succession(open: &State, by: &Plan, wanted: &Plan, assessment: &Assessment) -> Succession {
    let decision = &open.decision;
    if !thinkable(open, wanted, assessment) {
        return Succession::None;
    }
    let why = if decision.mode == Mode::Drill {
        format!("a real outage came during this drill: {}", assessment.sentence())
    } else if breadth(wanted) > breadth(by) {
        format!("the trouble is wider than plan {}: {}", by.plan, assessment.sentence())
    } else {
        return Succession::None;
    };
    if let Some(fenced) = open.fenced_since()
        && !stands_without(fenced, wanted, assessment)
    {
        return Succession::Withheld(Needed::behind_its_own_fence(
            open, fenced, wanted, assessment,
        ));
    }
    let next = effects(wanted, decision.generation);
    let keeps = open.effects.iter().filter(|(id, e)| e.undoes.is_none() && next.contains(id));
    let keeps = keeps.map(|(id, _)| id.clone()).collect();
    Succession::TurnsBack(Entry::TurnedBack {
        reason: TurnBackReason::Superseded,
        detail: format!("{why}; plan {} takes its place", wanted.plan),
        successor: Some(Successor { plan: wanted.plan.clone(), keeps }),
    })
}

/// The entry that ends `open` so that a recovery by `wanted` can take its place; `None`: it goes on.
pub fn superseded(
    open: &State,
    by: &Plan,
    wanted: &Plan,
    assessment: &Assessment,
) -> Option<Entry> {
    match succession(open, by, wanted, assessment) {
        Succession::TurnsBack(entry) => Some(entry),
        Succession::None | Succession::Withheld(_) => None,
    }
}

/// Whether that plan would answer to the votes that were there before the fence. Voters that ask as users do find a
/// side that Leeward fenced as dead as a dead one: what they say since then tells nothing of it.
fn stands_without(fenced: Timestamp, wanted: &Plan, assessment: &Assessment) -> bool {
    let mut ballots = assessment.ballots.clone();
    for ballot in &mut ballots {
        if ballot.counted == Counted::Unhealthy && ballot.since.is_none_or(|since| since >= fenced)
        {
            ballot.counted = Counted::Unknown;
        }
    }
    let direction = assessment.direction;
    let suspect = wanted.source_region(direction);
    let count = Count::of(&ballots, suspect, wanted.detection.freshness);
    let verdict = Verdict::of(&count, wanted.detection.quorum);
    let found = classify(wanted, direction, verdict, &ballots);
    verdict == Verdict::Down && found.is_some_and(|found| answers(wanted, &found))
}

/// How much a plan moves at once: the widest kind that it answers to.
fn breadth(plan: &Plan) -> u8 {
    plan.responds_to.iter().map(|r| reach(r.kind)).max().unwrap_or(0)
}

/// One part, one service, one zone, a Region.
pub(crate) fn reach(kind: ImpairmentKind) -> u8 {
    match kind {
        ImpairmentKind::InstanceFailure | ImpairmentKind::ResourceExhaustion => 0,
        ImpairmentKind::ServiceOutage
        | ImpairmentKind::ServiceDegradation
        | ImpairmentKind::NetworkIssue
        | ImpairmentKind::ApplicationError
        | ImpairmentKind::DatabaseIssue
        | ImpairmentKind::DataCorruption
        | ImpairmentKind::SecurityIncident => 1,
        ImpairmentKind::ZoneOutage => 2,
        ImpairmentKind::RegionOutage | ImpairmentKind::NaturalDisaster => 3,
    }
}

/// Whether the last generation left things in the middle for a recovery by that plan: it is opened
/// whatever the evidence says meanwhile, as only an open generation can go on with them or undo them. One
/// that is closed and still the last is waited for as well: who closed it died before it could open the next.
pub fn waits(last: &State) -> bool {
    left(last).is_some()
}

fn left(last: &State) -> Option<&Successor> {
    last.successor.as_ref().filter(|next| last.end.is_some() && !next.keeps.is_empty())
}

/// The plan that the last generation named for the work that it left, which nobody has taken up yet.
pub fn named(last: &State) -> Option<&PlanId> {
    left(last).map(|next| &next.plan)
}

/// The place among `plans`, all that are in force, of the one that goes on with what the last generation left.
/// Where the plan that it named is in force no more (renamed, or retired between the end of the one generation and
/// the beginning of the next), the one that knows most of the work takes it up: else it would stay in the middle, and
/// nothing could ever be opened again.
pub fn heir(last: &State, plans: &[&Plan]) -> Option<usize> {
    let next = left(last)?;
    let named = plans.iter().position(|plan| plan.plan == next.plan);
    let known = |plan: &Plan| {
        let own = effects(plan, last.decision.generation);
        next.keeps.iter().filter(|kept| own.contains(kept)).count()
    };
    // Of several that know as much, the first.
    let most = || (0..plans.len()).rev().max_by_key(|place| known(plans[*place]));
    named.or_else(most)
}

/// A decision with everything that its generation inherits from the one before: where the workload lives, old sides
/// to know of, work to go on with, and what stands closed, with the effects that open it.
pub fn inheriting(decision: Decision, last: Option<&State>, plan: &Plan) -> Decision {
    let handed_over = handed_over(last, plan, decision.direction, decision.generation);
    let mut left_closed = last.map(State::left_closed).unwrap_or_default();
    // What it goes on with is its own to undo.
    left_closed.retain(|left| !handed_over.iter().any(|given| *given.change == left.closed));
    let unproven = last.map(State::unproven).unwrap_or_default();
    let lost = lost(last);
    let (lived, regions) = (Some(Lives::after(last)), Some(plan.regions.sides()));
    let mut decision =
        Decision { lived, regions, unproven, handed_over, left_closed, lost, ..decision };
    let reopens: Vec<EffectId> = decision.reopens().map(|(id, _)| id).collect();
    decision.effects.extend(reopens);
    decision
}

/// What the next generation has to count as lost besides its own: the bounds of those that were committed
/// and given up, until one ends Recovered and tells people the sum.
pub(crate) fn lost(last: Option<&State>) -> Vec<Lost> {
    let Some(last) = last else { return Vec::new() };
    if last.end.as_ref().is_some_and(|e| e.end == End::Recovered) {
        return Vec::new();
    }
    let decision = &last.decision;
    let side = decision.direction.source();
    let own: Vec<Lost> = last
        .losses
        .iter()
        .filter(|_| last.committed() && !planted::is(Bug::LossOfOneGeneration))
        .map(|(database, (bound, _))| Lost {
            database: database.clone(),
            side,
            bound: *bound,
            generation: decision.generation,
        })
        .collect();
    // Its own bound has what it inherited in it.
    let counted = |l: &Lost| own.iter().any(|o| o.database == l.database && o.side == l.side);
    let before = decision.lost.iter().filter(|l| !counted(l)).cloned();
    before.chain(own.iter().cloned()).collect()
}

/// What generation `next`, by `plan` in that direction, goes on with or undoes: what was left to it, and
/// the fences of a generation that was given up before its commit. Nobody may write behind those, and
/// whoever turns back later has to give them back.
pub fn handed_over(
    last: Option<&State>,
    plan: &Plan,
    direction: Direction,
    next: Generation,
) -> Vec<HandedOver> {
    let Some(last) = last.filter(|l| l.decision.direction == direction) else { return Vec::new() };
    let wanted = effects(plan, next);
    let kept = last.standing().filter(|(id, e)| {
        let left = last.keeps(id) || given_up_fence(last, e);
        left && wanted.contains(&id.in_generation(next))
    });
    kept.map(|(id, e)| HandedOver {
        effect: id.in_generation(next),
        change: Box::new(e.change.clone()),
        before: e.before.clone().map(Box::new),
        sent: Some(last.first_sent(id, e)),
    })
    .collect()
}

/// Whether a generation was given up before its commit with a fence that still stands: nobody may write.
pub fn left_fenced(last: &State) -> bool {
    last.standing().any(|(_, effect)| given_up_fence(last, effect))
}

/// After the commit there is no way back: what stands then is nobody's to undo.
fn given_up_fence(last: &State, effect: &EffectState) -> bool {
    let abandoned = last.end.as_ref().is_some_and(|e| e.end == End::Abandoned);
    abandoned && !last.committed() && effect.change.fences()
}

#[cfg(test)]
#[path = "succession_tests.rs"]
mod tests;
