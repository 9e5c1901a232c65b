//! Undo, in reverse order, before the commit only. Towards a side only when that side is well now.

use crate::effect::EffectId;
use crate::ids::Step;
use crate::journal::{EffectState, End, Entry, Fate, HaltKind};
use crate::planted::{self, Bug};
use crate::pursuit::{Goal, Probe, resume};
use crate::steps::{Move, Situation, bearing, isolation, lease};
use crate::time::{Span, after, since};
use crate::world::{Change, GroupView, InstanceView, Question, Seen, View};

pub(super) fn questions(situation: &Situation<'_>) -> Vec<Question> {
    in_scope(situation).flat_map(|(_, effect)| asked(situation, effect)).collect()
}

/// Effects of this generation that are no undo themselves, the latest first.
fn done_by_us<'a>(
    situation: &Situation<'a>,
) -> impl Iterator<Item = (&'a EffectId, &'a EffectState)> {
    let mut all: Vec<_> =
        situation.state.each_effect().filter(|(_, e)| e.undoes.is_none()).collect();
    // What was opened on the side that was moved to is shut last: that side may be silent, its database follows,
    // and nobody shall wait for it who could write on the other.
    let opened: Vec<EffectId> = situation.state.decision.reopens().map(|(id, _)| id).collect();
    all.sort_by_key(|(id, e)| {
        (opened.contains(id), std::cmp::Reverse(e.intents.first().map(|i| i.seq)))
    });
    all.into_iter()
}

/// Those that the function at work may touch.
fn in_scope<'a>(
    situation: &Situation<'a>,
) -> impl Iterator<Item = (&'a EffectId, &'a EffectState)> {
    let scope = situation.undoes;
    done_by_us(situation).filter(move |(id, _)| id.step().is_some_and(|s| scope.contains(&s)))
}

/// Whether nothing of it is left in the world, for all we did, or the next generation goes on with it.
fn undone(situation: &Situation<'_>, id: &EffectId, effect: &EffectState) -> bool {
    let settled = !effect.unresolved();
    if situation.state.keeps(id) {
        return settled;
    }
    let undo = situation.state.effects.get(&id.undo());
    settled && (!effect.applied() || undo.is_some_and(|e| e.applied()))
}

fn asked(situation: &Situation<'_>, effect: &EffectState) -> Vec<Question> {
    match &effect.change {
        Change::MoveLease { region, table, .. } => lease::leases(situation)
            .iter()
            .filter(|g| g.lease.table == *table && g.lease.region == *region)
            .map(|g| lease::question(situation, g.lease))
            .collect(),
        Change::BoundGroup { region, group, .. } | Change::SetMinimum { region, group, .. } => {
            vec![Question::Group { region: region.clone(), group: group.clone() }]
        }
        Change::StartInstances { region, ids } | Change::StopInstances { region, ids } => {
            vec![Question::Instances { region: region.clone(), ids: ids.clone() }]
        }
        Change::SetDesiredCount { region, cluster, service, .. } => vec![Question::EcsService {
            region: region.clone(),
            cluster: cluster.clone(),
            service: service.clone(),
        }],
        Change::ReserveConcurrency { region, function, .. } => {
            vec![Question::Concurrency { region: region.clone(), function: function.clone() }]
        }
        Change::RevokeIngress { region, rules }
        | Change::AuthorizeIngress { region, rules, .. } => {
            vec![Question::Ingress {
                region: region.clone(),
                group: rules.group.clone(),
                port: rules.port,
            }]
        }
        Change::PromoteReplica { .. }
        | Change::FailoverGlobal { .. }
        | Change::SwitchoverGlobal { .. }
        | Change::EnableEventSource { .. }
        | Change::PutMetric { .. }
        | Change::ChangeRecords { .. } => Vec::new(),
    }
}

pub(super) fn decide(situation: &Situation<'_>, seen: &Seen) -> Move {
    let mut next = Move::default();
    let reason = match situation.state.fate {
        Fate::TurnedBack(reason, _) => reason,
        Fate::Committed(_) if planted::is(Bug::UndoesCommitted) => {
            crate::journal::TurnBackReason::StepFailed
        }
        Fate::Committed(_) => {
            next.stick("nothing is undone after the commit");
            return next;
        }
        Fate::Open => {
            next.wait("nothing has turned back");
            return next;
        }
    };
    if situation.overdue() {
        let over = situation.state.deadline(situation.now, situation.limits);
        next.stick(format!("the time for undoing was over at {over}"));
        return next;
    }
    for (id, effect) in in_scope(situation) {
        back(situation, id, effect, seen, &mut next);
        if !next.settled() {
            return next;
        }
    }
    let left = done_by_us(situation).find(|(id, effect)| !undone(situation, id, effect));
    if left.is_some() {
        // The other function's part; whichever finds nothing left writes the end.
        return next;
    }
    let reason = match &situation.state.successor {
        Some(next) if !next.keeps.is_empty() => {
            let kept: Vec<String> = next.keeps.iter().map(ToString::to_string).collect();
            format!("{reason}; the next generation goes on with {}", kept.join(", "))
        }
        Some(_) | None => {
            let because = &situation.state.turned_back_for;
            format!("everything is undone: {reason}: {because}")
        }
    };
    Move::record(Entry::Ended { end: End::RolledBack, reason })
}

fn back(
    situation: &Situation<'_>,
    id: &EffectId,
    effect: &EffectState,
    seen: &Seen,
    next: &mut Move,
) {
    if effect.unresolved() {
        return resolve(situation, id, effect, seen, next);
    }
    if !effect.applied() || situation.state.keeps(id) {
        return;
    }
    let anywhere = planted::is(Bug::UndoTowardsTheDead);
    let allowed = bearing::old_side_well(situation) || told_to_go_back(situation) || anywhere;
    if effect.change.fences() && !allowed {
        let already = situation.state.effects.get(&id.undo()).is_some_and(|e| e.applied());
        if !already {
            return next.stick(format!(
                "undoing `{}` would send the workload back to {}, which is not seen well: {}; staying put. That fence may itself be why users find nobody there: look at it by other means. If it can serve: `{}`; if not: `leeward abandon {} --reason …`",
                effect.change,
                situation.source_region(),
                bearing::present(situation).sentence(),
                resume(situation),
                situation.state.decision.workload
            ));
        }
    }
    if let Some(left) = stray_for(situation, id, effect) {
        return next.wait_at_least(
            left,
            format!(
                "`{}` was sent more than once; an earlier request may still land for {left}",
                effect.change
            ),
        );
    }
    match undo_goal(situation, id, effect, seen) {
        Some(goal) => by_whom(situation, id, effect, goal, next),
        None => next.stick(format!(
            "`{}` has no way back on record; undo it by hand and give the generation up: `leeward abandon {} --reason …`",
            effect.change, situation.state.decision.workload
        )),
    }
}

/// Undoes it, also where somebody else has: nobody would know from the journal, and it would never end. A lease is
/// read strongly, so what is seen of it stands. What else is seen may be of before our own change: there it is set
/// back all the same, which changes nothing where it is so already.
fn by_whom(
    situation: &Situation<'_>,
    id: &EffectId,
    effect: &EffectState,
    goal: Goal,
    next: &mut Move,
) {
    let others = !situation.state.effects.contains_key(&id.undo());
    match &goal.probe {
        Probe::Yes(seen) if others && matches!(effect.change, Change::MoveLease { .. }) => {
            let evidence = format!("somebody else undid it: {seen}");
            next.records.push(Entry::Outcome { effect: id.clone(), applied: false, evidence });
        }
        Probe::Yes(seen) if others => {
            let probe = Probe::No(format!("{seen}, and nobody of this generation undid it"));
            next.pursue(situation, Goal { probe, ..goal });
        }
        Probe::Yes(_) | Probe::No(_) | Probe::Moving(_) | Probe::Blind(_) => {
            next.pursue(situation, goal);
        }
    }
}

/// Whether a person who was asked about the way back said to go on with it. Voters that ask as users do find a side
/// that our own fence shut as dead as a dead one: without a person's word nothing would lead out.
fn told_to_go_back(situation: &Situation<'_>) -> bool {
    situation.state.resumed_from == Some(HaltKind::Held(Step::Undo))
}

/// How long a request of it may still land behind an undo that was not sent yet.
fn stray_for(situation: &Situation<'_>, id: &EffectId, effect: &EffectState) -> Option<Span> {
    if situation.state.effects.contains_key(&id.undo()) {
        return None;
    }
    let safe = after(effect.stray()?, situation.limits.request_life);
    (situation.now < safe).then(|| since(situation.now, safe))
}

/// It is not known whether it happened: seen done counts; not seen counts only when it can no longer land.
fn resolve(
    situation: &Situation<'_>,
    id: &EffectId,
    effect: &EffectState,
    seen: &Seen,
    next: &mut Move,
) {
    match is_there(situation, effect, seen) {
        Probe::Yes(evidence) => {
            next.records.push(Entry::Outcome { effect: id.clone(), applied: true, evidence });
        }
        Probe::No(what) => {
            let last = effect.intents.last().map(|i| i.at).unwrap_or(situation.now);
            let safe = after(last, situation.limits.request_life);
            if situation.now >= safe || planted::is(Bug::UnseenIsUndone) {
                next.records.push(Entry::Outcome {
                    effect: id.clone(),
                    applied: false,
                    evidence: format!("{what}; and a late request would be refused since {safe}"),
                });
            } else {
                let left = since(situation.now, safe);
                next.wait_at_least(
                    left,
                    format!("`{}` may still land for {}: {what}", effect.change, left.in_words()),
                );
            }
        }
        Probe::Moving(why) | Probe::Blind(why) => next.wait(why),
    }
}

/// Whether what an effect wanted is to be seen.
fn is_there(situation: &Situation<'_>, effect: &EffectState, seen: &Seen) -> Probe {
    let asked = asked(situation, effect);
    let Some(question) = asked.first() else {
        return Probe::Blind(format!("`{}` cannot be looked at", effect.change));
    };
    let view = match seen.get(question) {
        Ok(view) => view,
        Err(blind) => return Probe::Blind(blind.about(question)),
    };
    let yes = match (&effect.change, view) {
        (Change::MoveLease { to_owner, effect: by, .. }, View::Lease(Some(v))) => {
            v.owner == *to_owner && v.effect == *by
        }
        (Change::BoundGroup { maximum, suspend, .. }, View::Group(Some(v))) => {
            v.maximum == *maximum && suspended(v) == *suspend
        }
        (Change::SetMinimum { minimum, .. }, View::Group(Some(v))) => v.minimum == *minimum,
        (Change::StartInstances { .. }, View::Instances(v)) => {
            let up = |s: &InstanceView| s.state == "running" || s.state == "pending";
            v.iter().all(|(_, s)| s.as_ref().is_some_and(up))
        }
        (Change::StopInstances { .. }, View::Instances(v)) => {
            // One that is gone runs no more.
            let down = |s: &InstanceView| s.gone() || s.state == "stopped" || s.state == "stopping";
            v.iter().all(|(_, s)| s.as_ref().is_none_or(down))
        }
        (Change::SetDesiredCount { count, .. }, View::Running(Some(v))) => v.desired == *count,
        (Change::ReserveConcurrency { reserved, .. }, View::Concurrency(Some(v))) => {
            v.reserved == *reserved
        }
        (Change::RevokeIngress { rules, .. }, View::Ingress(open)) => {
            !rules.sources().any(|s| isolation::removable(open, s).is_some())
        }
        (Change::AuthorizeIngress { rules, .. }, View::Ingress(open)) => {
            rules.sources().all(|s| isolation::removable(open, s).is_some())
        }
        (_, other) => return Probe::Blind(format!("{question} answered {other:?}")),
    };
    if yes {
        Probe::Yes(format!("`{}` is seen", effect.change))
    } else {
        Probe::No(format!("`{}` is not seen", effect.change))
    }
}

/// The maximum of a group that is bound below that minimum: shut again before this undo came.
fn bound_below(
    situation: &Situation<'_>,
    effect: &EffectState,
    minimum: u32,
    seen: &Seen,
) -> Option<u32> {
    let asked = asked(situation, effect);
    match seen.get(asked.first()?) {
        Ok(View::Group(Some(v))) if v.maximum < minimum => Some(v.maximum),
        Ok(_) | Err(_) => None,
    }
}

fn suspended(view: &GroupView) -> bool {
    view.suspended.iter().any(|p| p == "Launch")
}

fn undo_goal(
    situation: &Situation<'_>,
    id: &EffectId,
    effect: &EffectState,
    seen: &Seen,
) -> Option<Goal> {
    if let Change::MoveLease { region, table, .. } = &effect.change {
        let same = |g: &lease::Guarded<'_>| g.lease.table == *table && g.lease.region == *region;
        let guarded = lease::leases(situation).into_iter().find(same)?;
        return Some(lease::give_back(situation, guarded.lease, seen, id.clone()));
    }
    let change = effect.before.clone()?;
    let as_before = EffectState { change: change.clone(), ..effect.clone() };
    let mut probe = is_there(situation, &as_before, seen);
    if let Change::SetMinimum { minimum, .. } = &change
        && let Some(maximum) = bound_below(situation, &as_before, *minimum, seen)
    {
        probe = Probe::Yes(format!("the group is bound to {maximum} again: no minimum to lower"));
    }
    Some(Goal { effect: id.undo(), change, before: None, undoes: Some(id.clone()), probe })
}

#[cfg(test)]
#[path = "undo_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "undo_looks_tests.rs"]
mod looks_tests;

#[cfg(test)]
#[path = "undo_order_tests.rs"]
mod order_tests;
