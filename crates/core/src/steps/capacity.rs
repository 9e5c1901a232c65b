//! Capacity on the side that is moved to: never scaled down, never over its maximum.

use crate::capacity::{self, CapacityFinding, Hindrance};
use crate::effect::{EffectId, Verb};
use crate::ids::{EntryId, Step};
use crate::journal::HaltKind;
use crate::plan::{
    Amount, AutoScalingGroup, Capacity, EcsService, EventSource, LambdaConcurrency, When,
};
use crate::pursuit::{Goal, Probe, resume};
use crate::steps::approval::{self, Approval};
use crate::steps::ways::by_another_plan;
use crate::steps::{Move, Situation, instances, reopening};
use crate::world::{Change, GroupView, Question, Seen, View};

/// What comes up late is looked at, too: what will be missing then has to be known before the commit.
pub(super) fn questions(situation: &Situation<'_>) -> Vec<Question> {
    let (plan, side) = (situation.plan, situation.target());
    plan.capacity.iter().flat_map(|c| capacity::questions(plan, c, side)).collect()
}

pub(super) fn decide(situation: &Situation<'_>, seen: &Seen) -> Move {
    let mut next = Move::default();
    match approval::any(situation) {
        Approval::Given => {}
        Approval::Record(entry) => return Move::record(entry),
        Approval::Pending(left, why) => {
            next.wait_at_least(left.min(situation.limits.poll_first), why);
            return next;
        }
    }
    say_impossible(situation, |_| true, seen, &mut next);
    for capacity in of(situation, When::Early) {
        raise(situation, capacity, Step::Capacity, seen, &mut next);
    }
    next
}

/// The plan's capacity that comes up then.
pub(super) fn of<'a>(situation: &Situation<'a>, when: When) -> impl Iterator<Item = &'a Capacity> {
    situation.plan.capacity.iter().filter(move |c| c.when() == when)
}

/// Brings one piece of capacity up and waits until it is healthy.
pub(super) fn raise(
    situation: &Situation<'_>,
    capacity: &Capacity,
    step: Step,
    seen: &Seen,
    next: &mut Move,
) {
    match capacity {
        Capacity::AutoScalingGroup(c) => group(situation, c, step, seen, next),
        Capacity::Instances(c) => instances::start_all(situation, c, step, seen, next),
        Capacity::EcsService(c) => ecs(situation, c, step, seen, next),
        Capacity::LambdaConcurrency(c) => {
            next.pursue(situation, concurrency(situation, c, step, seen));
        }
        Capacity::EventSource(c) => {
            next.pursue(situation, mapping(situation, c, step, seen));
        }
    }
}

/// Asks again for capacity that was up before the commit and is so no more: without load a scaling policy
/// takes it in again. Users may be on it already, so nothing but that request is waited for.
pub(super) fn keep_up(
    situation: &Situation<'_>,
    capacity: &Capacity,
    seen: &Seen,
    next: &mut Move,
) {
    let mut again = Move::default();
    raise(situation, capacity, Step::Capacity, seen, &mut again);
    let mut unresolved = situation.state.unresolved();
    let asked_for = unresolved.any(|(effect, _)| effect.step() == Some(Step::Capacity));
    next.records.append(&mut again.records);
    next.sends.append(&mut again.sends);
    next.stuck.append(&mut again.stuck);
    if asked_for {
        next.waits.append(&mut again.waits);
    }
}

/// How many are needed, and from what the number comes. What an intent has asked for is asked for
/// again: a peak that is stored meanwhile does not make another effect of it.
fn needed(
    situation: &Situation<'_>,
    id: &EntryId,
    effect: &EffectId,
    amount: Amount,
) -> (u32, String) {
    if let Some(need) = situation.state.effects.get(effect).and_then(|e| asked_for(&e.change)) {
        return (need, "the number on record".to_owned());
    }
    let (source, now) = (situation.source(), situation.now);
    capacity::needed(situation.plan, (id, amount), source, situation.peaks, now)
}

/// What was found about the capacity of the plan, by the numbers that this generation asks for.
fn found(situation: &Situation<'_>, seen: &Seen) -> Vec<CapacityFinding> {
    let need = |id: &EntryId, amount: Amount| {
        // Groups and services come up early (`Capacity::when`); only these have a number.
        let raised = [Verb::RaiseMinimum, Verb::RaiseCount]
            .map(|verb| situation.effect(Step::Capacity, id.as_str(), verb));
        let known = raised.into_iter().find(|effect| situation.state.effects.contains_key(effect));
        let effect = known
            .unwrap_or_else(|| situation.effect(Step::Capacity, id.as_str(), Verb::RaiseCount));
        needed(situation, id, &effect, amount)
    };
    capacity::findings(situation.plan, situation.direction(), seen, &need)
}

/// Says what cannot come up as it stands. What can is raised all the same.
pub(super) fn say_impossible(
    situation: &Situation<'_>,
    of: impl Fn(When) -> bool,
    seen: &Seen,
    next: &mut Move,
) {
    for finding in found(situation, seen) {
        let impossible = finding.hindrance == Hindrance::Impossible && of(finding.when);
        if !impossible || let_go(situation, &finding.capacity) {
            continue;
        }
        if without(situation, &finding) {
            next.evidence.push(format!("without it, as a person resumed: {}", finding.text));
        } else if is_instances(situation, &finding.capacity) {
            let resume = resume(situation);
            next.stick(format!("{}. To go on without what is gone: `{resume}`", finding.text));
        } else {
            next.stick(finding.text);
        }
    }
}

/// Whether a person who was asked about it said to go on without. The plan of an open generation is what it is:
/// instances that are gone for good would hold it for ever, and everything else can be mended where it is.
fn without(situation: &Situation<'_>, finding: &CapacityFinding) -> bool {
    let asked = matches!(
        situation.state.resumed_from,
        Some(HaltKind::Held(Step::Capacity | Step::Fence | Step::Restore))
    );
    asked && is_instances(situation, &finding.capacity)
}

fn is_instances(situation: &Situation<'_>, id: &EntryId) -> bool {
    let of = |c: &Capacity| matches!(c, Capacity::Instances(c) if c.id == *id);
    situation.plan.capacity.iter().any(of)
}

/// Whether that is a group which an earlier generation bound: this one lets it go before it takes a fence.
fn let_go(situation: &Situation<'_>, id: &EntryId) -> bool {
    let (region, side) = (situation.target_region(), situation.target());
    situation.plan.capacity.iter().any(|capacity| match capacity {
        Capacity::AutoScalingGroup(c) => {
            c.id == *id && reopening::will_be(situation, region, c.group.of(side)).is_some()
        }
        Capacity::Instances(_)
        | Capacity::EcsService(_)
        | Capacity::LambdaConcurrency(_)
        | Capacity::EventSource(_) => false,
    })
}

/// Why no fence may be taken: capacity that the last look found impossible, or did not see. A fence stops
/// the primary's writers, so what would make the recovery fail afterwards has to be known before.
pub(super) fn bars_fence(situation: &Situation<'_>) -> Option<String> {
    let up = situation.state.done.contains_key(&Step::Capacity);
    let standby = situation.standby?;
    let barring: Vec<&str> = standby
        .capacity
        .iter()
        // What comes up early has come up: the step has seen it itself.
        .filter(|finding| finding.bars_fence() && !(up && finding.when == When::Early))
        .filter(|finding| !let_go(situation, &finding.capacity) && !without(situation, finding))
        .map(|finding| finding.text.as_str())
        .collect();
    (!barring.is_empty()).then(|| {
        format!(
            "no fence is taken while capacity of {} is missing or unseen: {}. Mend it, then `{}`; where the plan has to be mended: {}",
            situation.target_region(),
            barring.join("; "),
            resume(situation),
            by_another_plan(situation)
        )
    })
}

#[expect(clippy::wildcard_enum_match_arm, reason = "these two carry a number of what is counted")]
fn asked_for(change: &Change) -> Option<u32> {
    match change {
        Change::SetMinimum { minimum, .. } => Some(*minimum),
        Change::SetDesiredCount { count, .. } => Some(*count),
        _ => None,
    }
}

fn group(
    situation: &Situation<'_>,
    c: &AutoScalingGroup,
    step: Step,
    seen: &Seen,
    next: &mut Move,
) {
    let effect = situation.effect(step, c.id.as_str(), Verb::RaiseMinimum);
    let (need, source) = needed(situation, &c.id, &effect, c.amount);
    let region = situation.target_region().clone();
    let name = c.group.of(situation.target()).clone();
    let question = capacity::group_question(&region, c, situation.target());
    let view = match seen.get(&question) {
        Ok(View::Group(Some(view))) if need <= view.maximum => view,
        Ok(_) => {
            if let Some(left) = reopening::will_be(situation, &region, &name) {
                next.wait(format!(
                    "{question}: generation {} left it bound (`{}`); it is let go before the commit",
                    left.generation, left.closed
                ));
            }
            // What is missing or too small is said by `say_impossible`.
            return;
        }
        Err(blind) => return next.wait(blind.about(&question)),
    };
    let probe = if view.minimum >= need {
        Probe::Yes(format!("{question}: minimum {}, needed {need} ({source})", view.minimum))
    } else {
        Probe::No(format!("{question}: minimum {}, needed {need}", view.minimum))
    };
    let goal = Goal {
        effect,
        change: Change::SetMinimum { region: region.clone(), group: name.clone(), minimum: need },
        before: Some(Change::SetMinimum { region, group: name, minimum: view.minimum }),
        undoes: None,
        probe,
    };
    if next.pursue(situation, goal) {
        healthy(situation, c, need, &question, view, seen, next);
    }
}

fn healthy(
    situation: &Situation<'_>,
    c: &AutoScalingGroup,
    need: u32,
    question: &Question,
    view: &GroupView,
    seen: &Seen,
    next: &mut Move,
) {
    if view.in_service < need {
        next.wait(format!("{question}: {} of {need} in service", view.in_service));
        return;
    }
    let (region, side) = (situation.target_region().clone(), situation.target());
    let Some(question) = capacity::targets_question(region, c, side) else { return };
    let wanted = capacity::targets_needed(need, view);
    match seen.get(&question) {
        Ok(View::Targets(Some(t))) if t.healthy >= wanted => {
            next.evidence.push(format!("{question}: {} of {} healthy", t.healthy, t.total));
        }
        Ok(View::Targets(Some(t))) => {
            next.wait(format!("{question}: {} of {wanted} healthy", t.healthy));
        }
        Ok(View::Targets(None)) => {}
        Ok(other) => next.wait(format!("{question} answered {other:?}")),
        Err(blind) => next.wait(blind.about(&question)),
    }
}

fn ecs(situation: &Situation<'_>, c: &EcsService, step: Step, seen: &Seen, next: &mut Move) {
    let effect = situation.effect(step, c.id.as_str(), Verb::RaiseCount);
    let (need, source) = needed(situation, &c.id, &effect, c.amount);
    let region = situation.target_region().clone();
    let side = c.service.of(situation.target());
    let (cluster, service) = (side.cluster.clone(), side.name.clone());
    let question = Question::EcsService {
        region: region.clone(),
        cluster: cluster.clone(),
        service: service.clone(),
    };
    let view = match seen.get(&question) {
        Ok(View::Running(Some(view))) => *view,
        // One that is missing is said by `say_impossible`.
        Ok(_) => return,
        Err(blind) => return next.wait(blind.about(&question)),
    };
    let probe = if view.desired >= need {
        Probe::Yes(format!("{question}: desired {}, needed {need} ({source})", view.desired))
    } else {
        Probe::No(format!("{question}: desired {}, needed {need}", view.desired))
    };
    let count = |n| Change::SetDesiredCount {
        region: region.clone(),
        cluster: cluster.clone(),
        service: service.clone(),
        count: n,
    };
    let goal = Goal {
        effect,
        change: count(need),
        before: Some(count(view.desired)),
        undoes: None,
        probe,
    };
    if next.pursue(situation, goal) && view.running < need {
        next.wait(format!("{question}: {} of {need} running", view.running));
    }
}

fn concurrency(situation: &Situation<'_>, c: &LambdaConcurrency, step: Step, seen: &Seen) -> Goal {
    let region = situation.target_region().clone();
    let function = c.function.of(situation.target()).clone();
    let question = Question::Concurrency { region: region.clone(), function: function.clone() };
    let reserve = |reserved| Change::ReserveConcurrency {
        region: region.clone(),
        function: function.clone(),
        reserved,
    };
    let (probe, before) = match seen.get(&question) {
        // Without a reservation the function may use what the account has: it is not shut.
        Ok(View::Concurrency(Some(view))) => match view.reserved {
            None => (Probe::Yes(format!("{question}: none, so not shut")), None),
            Some(n) if n >= c.reserved => (Probe::Yes(format!("{question}: {n}")), None),
            Some(n) => {
                let seen = format!("{question}: {n}, needed {}", c.reserved);
                (Probe::No(seen), Some(reserve(Some(n))))
            }
        },
        Ok(other) => (Probe::Blind(format!("{question} answered {other:?}")), None),
        Err(blind) => (Probe::Blind(blind.to_string()), None),
    };
    Goal {
        effect: situation.effect(step, c.id.as_str(), Verb::Reserve),
        change: reserve(Some(c.reserved)),
        before,
        undoes: None,
        probe,
    }
}

fn mapping(situation: &Situation<'_>, c: &EventSource, step: Step, seen: &Seen) -> Goal {
    let region = situation.target_region().clone();
    let uuid = c.mapping.of(situation.target()).clone();
    let question = Question::EventSource { region: region.clone(), uuid: uuid.clone() };
    let probe = match seen.get(&question) {
        Ok(View::Mapping(Some(state))) => match state.as_str() {
            "Enabled" => Probe::Yes(format!("{question}: Enabled")),
            "Disabled" => Probe::No(format!("{question}: Disabled")),
            other => Probe::Moving(other.to_owned()),
        },
        Ok(other) => Probe::Blind(format!("{question} answered {other:?}")),
        Err(blind) => Probe::Blind(blind.to_string()),
    };
    Goal {
        effect: situation.effect(step, c.id.as_str(), Verb::Enable),
        change: Change::EnableEventSource { region, uuid, enabled: true },
        before: None,
        undoes: None,
        probe,
    }
}

#[cfg(test)]
#[path = "capacity_tests.rs"]
mod tests;
