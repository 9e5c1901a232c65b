//! Capacity on the side that is moved to: never scaled down, never over its maximum.

use crate::effect::{EffectId, Verb};
use crate::ids::{EntryId, Step, Text};
use crate::plan::{
    Amount, AutoScalingGroup, Capacity, EcsService, Instances, LambdaConcurrency, When,
};
use crate::pursuit::{Goal, Probe};
use crate::steps::approval::{self, Approval};
use crate::steps::{Move, Situation, reopening};
use crate::time::since;
use crate::world::{Change, GroupView, Question, Seen, View};

pub(super) fn questions(situation: &Situation<'_>) -> Vec<Question> {
    of(situation, When::Early).flat_map(|c| asked(situation, c)).collect()
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
    for capacity in of(situation, When::Early) {
        raise(situation, capacity, Step::Capacity, seen, &mut next);
    }
    next
}

/// The plan's capacity that comes up then.
pub(super) fn of<'a>(situation: &Situation<'a>, when: When) -> impl Iterator<Item = &'a Capacity> {
    situation.plan.capacity.iter().filter(move |c| c.when() == when)
}

/// What has to be looked at for one piece of capacity.
pub(super) fn asked(situation: &Situation<'_>, capacity: &Capacity) -> Vec<Question> {
    let region = situation.target_region().clone();
    let side = situation.target();
    match capacity {
        Capacity::AutoScalingGroup(c) => {
            let group = Question::Group { region: region.clone(), group: c.group.of(side).clone() };
            let targets = c
                .target_group
                .as_ref()
                .map(|t| Question::Targets { region, target_group: t.of(side).clone() });
            std::iter::once(group).chain(targets).collect()
        }
        Capacity::Instances(c) => {
            vec![Question::Instances { region, ids: c.instances.of(side).clone() }]
        }
        Capacity::EcsService(c) => {
            let service = c.service.of(side);
            vec![Question::EcsService {
                region,
                cluster: service.cluster.clone(),
                service: service.name.clone(),
            }]
        }
        Capacity::LambdaConcurrency(c) => {
            vec![Question::Concurrency { region, function: c.function.of(side).clone() }]
        }
        Capacity::EventSource(c) => {
            vec![Question::EventSource { region, uuid: c.mapping.of(side).clone() }]
        }
    }
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
        Capacity::Instances(c) => {
            next.pursue(situation, instances(situation, c, step, seen));
        }
        Capacity::EcsService(c) => ecs(situation, c, step, seen, next),
        Capacity::LambdaConcurrency(c) => {
            next.pursue(situation, concurrency(situation, c, step, seen));
        }
        Capacity::EventSource(_) => {
            let asked = asked(situation, capacity);
            next.pursue(situation, mapping(situation, capacity.id(), &asked, step, seen));
        }
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
    let peak = situation
        .peaks
        .iter()
        .filter(|p| p.capacity == *id && p.side == situation.source())
        .max_by_key(|p| p.at);
    let max_age = situation.plan.policy.facts_max_age;
    match peak {
        Some(p) if since(p.at, situation.now) <= max_age => {
            let need = amount.needed(Some(p.count));
            (
                need,
                format!("{}% of a peak of {} stored at {}", amount.percent_of_peak, p.count, p.at),
            )
        }
        Some(p) => {
            let age = since(p.at, situation.now);
            (
                amount.needed(None),
                format!(
                    "the floor; the stored peak is {} old, more than {max_age}",
                    age.in_words()
                ),
            )
        }
        None => (amount.needed(None), "the floor; no peak is stored".to_owned()),
    }
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
    let question = Question::Group { region: region.clone(), group: name.clone() };
    let view = match seen.get(&question) {
        Ok(View::Group(Some(view))) => view,
        Ok(_) => return next.stick(format!("{question} does not exist")),
        Err(blind) => return next.wait(blind.about(&question)),
    };
    if let Some(left) =
        reopening::will_be(situation, &region, &name).filter(|_| need > view.maximum)
    {
        return next.wait(format!(
            "{question}: generation {} left it at maximum {}; it is let go before the commit",
            left.generation, view.maximum
        ));
    }
    if need > view.maximum {
        return next.stick(format!(
            "{question} needs {need} ({source}), its maximum is {}; raise the maximum while all is well",
            view.maximum
        ));
    }
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
    let Some(targets) = &c.target_group else { return };
    let question = Question::Targets {
        region: situation.target_region().clone(),
        target_group: targets.of(situation.target()).clone(),
    };
    match seen.get(&question) {
        Ok(View::Targets(t)) if t.healthy >= need => {
            next.evidence.push(format!("{question}: {} of {} healthy", t.healthy, t.total));
        }
        Ok(View::Targets(t)) => {
            next.wait(format!("{question}: {} of {need} healthy", t.healthy));
        }
        Ok(other) => next.wait(format!("{question} answered {other:?}")),
        Err(blind) => next.wait(blind.about(&question)),
    }
}

fn instances(situation: &Situation<'_>, c: &Instances, step: Step, seen: &Seen) -> Goal {
    let region = situation.target_region().clone();
    let ids = c.instances.of(situation.target()).clone();
    let question = Question::Instances { region: region.clone(), ids: ids.clone() };
    let (probe, stopped) = match seen.get(&question) {
        Ok(View::Instances(states)) => {
            let of = |wanted: &str| -> Vec<Text> {
                states.iter().filter(|(_, s)| s.0 == wanted).map(|(id, _)| id.clone()).collect()
            };
            let (running, stopped) = (of("running"), of("stopped"));
            let gone = states.iter().find(|(_, s)| s.0 == "terminated" || s.0 == "shutting-down");
            let probe = if let Some((id, state)) = gone {
                Probe::Blind(format!("{id} is {}", state.0))
            } else if running.len() == ids.len() {
                Probe::Yes(format!("{question}: all {} running", ids.len()))
            } else if stopped.is_empty() {
                Probe::Moving(format!("{} of {} running", running.len(), ids.len()))
            } else {
                Probe::No(format!("{} stopped", stopped.join(", ")))
            };
            (probe, stopped)
        }
        Ok(other) => (Probe::Blind(format!("{question} answered {other:?}")), Vec::new()),
        Err(blind) => (Probe::Blind(blind.to_string()), Vec::new()),
    };
    Goal {
        effect: situation.effect(step, c.id.as_str(), Verb::Start),
        change: Change::StartInstances { region: region.clone(), ids: stopped.clone() },
        before: Some(Change::StopInstances { region, ids: stopped }),
        undoes: None,
        probe,
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
        Ok(_) => return next.stick(format!("{question} does not exist")),
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
        Ok(View::Concurrency(None)) => (Probe::Yes(format!("{question}: none, so not shut")), None),
        Ok(View::Concurrency(Some(n))) if *n >= c.reserved => {
            (Probe::Yes(format!("{question}: {n}")), None)
        }
        Ok(View::Concurrency(Some(n))) => {
            (Probe::No(format!("{question}: {n}, needed {}", c.reserved)), Some(reserve(Some(*n))))
        }
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

fn mapping(
    situation: &Situation<'_>,
    id: &EntryId,
    asked: &[Question],
    step: Step,
    seen: &Seen,
) -> Goal {
    let region = situation.target_region().clone();
    let (uuid, probe) = match asked.first() {
        Some(question @ Question::EventSource { uuid, .. }) => {
            let probe = match seen.get(question) {
                Ok(View::Mapping(state)) => match state.as_str() {
                    "Enabled" => Probe::Yes(format!("{question}: Enabled")),
                    "Disabled" => Probe::No(format!("{question}: Disabled")),
                    other => Probe::Moving(other.to_owned()),
                },
                Ok(other) => Probe::Blind(format!("{question} answered {other:?}")),
                Err(blind) => Probe::Blind(blind.to_string()),
            };
            (uuid.clone(), probe)
        }
        _ => (Text::default(), Probe::Blind(format!("{id} was not asked"))),
    };
    Goal {
        effect: situation.effect(step, id.as_str(), Verb::Enable),
        change: Change::EnableEventSource { region, uuid, enabled: true },
        before: None,
        undoes: None,
        probe,
    }
}
