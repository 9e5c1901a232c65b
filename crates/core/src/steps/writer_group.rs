//! The fence `stop-writer`: the group that runs the old side's writers is bound to nothing and empties.

use crate::effect::Verb;
use crate::ids::{EntryId, Region, Side, Step};
use crate::plan::StopWriter;
use crate::planted::{self, Bug};
use crate::pursuit::{Goal, Probe};
use crate::steps::Situation;
use crate::world::{Change, Question, Seen, View, WriterGroupView, WriterInstance};

/// With this process suspended a group starts nothing, also not for its warm pool (Amazon EC2 Auto Scaling User
/// Guide, "Types of processes").
const LAUNCH: &str = "Launch";
/// With this one suspended it ends nothing.
const TERMINATE: &str = "Terminate";
/// Most instances that a message names.
const NAMED_MAX: usize = 8;

pub(super) fn question(situation: &Situation<'_>, fence: &StopWriter) -> Question {
    question_of(situation.source_region(), situation.source(), fence)
}

/// The group of a side.
pub(crate) fn question_of(region: &Region, side: Side, fence: &StopWriter) -> Question {
    Question::WriterGroup { region: region.clone(), group: fence.group.of(side).clone() }
}

/// What no fence would end as the group stands now, in words. An instance that serves goes with the scale-in.
pub(crate) fn would_stay(view: &WriterGroupView) -> Vec<String> {
    let stays = |i: &&WriterInstance| {
        let waits = i.state.ends_with("Standby") || i.state.ends_with(":Wait");
        i.protected || in_the_pool(i) || waits || view.suspends(TERMINATE)
    };
    let mut words: Vec<String> = match &view.warm_pool {
        Some(fills_to) => vec![format!("it has a warm pool ({fills_to})")],
        None => Vec::new(),
    };
    let stay = view.instances.iter().filter(stays);
    words.extend(stay.take(NAMED_MAX).map(|i| why_it_stays(i, view)));
    words
}

/// The group's bounds, which keep anything from being started. What still runs is no part of it: see `emptied`.
pub(super) fn goal(
    situation: &Situation<'_>,
    id: &EntryId,
    fence: &StopWriter,
    seen: &Seen,
) -> Goal {
    let question = question(situation, fence);
    let region = situation.source_region().clone();
    let group = fence.group.of(situation.source()).clone();
    let (probe, before) = match seen.get(&question) {
        Ok(View::WriterGroup(Some(view))) => {
            let before = Change::BoundGroup {
                region: region.clone(),
                group: group.clone(),
                minimum: view.minimum,
                maximum: view.maximum,
                desired: view.desired,
                suspend: view.suspends(LAUNCH),
            };
            let probe = if barred(view) {
                Probe::Yes(format!("{question}: maximum 0, launching suspended"))
            } else {
                Probe::No(format!(
                    "{question}: {} instances, maximum {}",
                    view.instances.len(),
                    view.maximum
                ))
            };
            (probe, Some(before))
        }
        Ok(View::WriterGroup(None)) => (Probe::Blind(format!("{question} does not exist")), None),
        Ok(other) => (Probe::Blind(format!("{question} answered {other:?}")), None),
        Err(blind) => (Probe::Blind(blind.to_string()), None),
    };
    Goal {
        effect: situation.effect(Step::Fence, id.as_str(), Verb::StopWriter),
        change: Change::BoundGroup {
            region,
            group,
            minimum: 0,
            maximum: 0,
            desired: 0,
            suspend: true,
        },
        before,
        undoes: None,
        probe,
    }
}

fn barred(view: &WriterGroupView) -> bool {
    view.maximum == 0 && view.suspends(LAUNCH)
}

/// Whether nothing of the group is there any more, its warm pool included; otherwise what is, and why it stays.
pub(super) fn emptied(
    situation: &Situation<'_>,
    fence: &StopWriter,
    seen: &Seen,
) -> Result<String, String> {
    let question = question(situation, fence);
    let view = match seen.get(&question) {
        Ok(View::WriterGroup(Some(view))) => view,
        Ok(View::WriterGroup(None)) => return Err(format!("{question} does not exist")),
        Ok(other) => return Err(format!("{question} answered {other:?}")),
        Err(blind) => return Err(blind.to_string()),
    };
    if !barred(view) {
        return Err(format!("{question}: it may start instances, maximum {}", view.maximum));
    }
    let counts = |i: &&WriterInstance| !(in_the_pool(i) && planted::is(Bug::PoolForgotten));
    let there: Vec<&WriterInstance> = view.instances.iter().filter(counts).collect();
    if there.is_empty() {
        return Ok(format!("{question}: no instance, maximum 0, launching suspended"));
    }
    let mut words: Vec<String> =
        there.iter().take(NAMED_MAX).map(|i| why_it_stays(i, view)).collect();
    if let Some(more) = there.len().checked_sub(NAMED_MAX).filter(|more| *more > 0) {
        words.push(format!("{more} more"));
    }
    Err(format!("{question} is not empty: {}", words.join(", ")))
}

/// Whether all that is still there is being ended, and nothing holds it up: that takes as long as connections are
/// drained, and needs nobody.
pub(super) fn leaving(situation: &Situation<'_>, fence: &StopWriter, seen: &Seen) -> bool {
    match seen.get(&question(situation, fence)) {
        Ok(View::WriterGroup(Some(view))) => {
            let goes = |i: &WriterInstance| {
                matches!(i.state.as_str(), "Terminating" | "Terminating:Proceed")
            };
            barred(view) && !view.instances.is_empty() && view.instances.iter().all(goes)
        }
        Ok(_) | Err(_) => false,
    }
}

/// Instances of a warm pool are in a state of their own (`Warmed:Stopped`, `Warmed:Running`, …); a stopped one
/// starts with one request.
fn in_the_pool(instance: &WriterInstance) -> bool {
    instance.state.starts_with("Warmed:")
}

fn why_it_stays(instance: &WriterInstance, view: &WriterGroupView) -> String {
    let WriterInstance { id, state, protected } = instance;
    let leaving = state.starts_with("Terminating") || state.contains(":Terminating");
    if state.ends_with("Terminating:Wait") {
        format!("{id} ({state}) waits for a lifecycle hook")
    } else if leaving {
        format!("{id} ({state})")
    } else if in_the_pool(instance) {
        format!("{id} ({state}) of its warm pool, which stays until it is deleted")
    } else if state.ends_with("Standby") {
        format!("{id} ({state}), which no scale-in ends")
    } else if *protected {
        format!("{id} ({state}) is protected from scale-in")
    } else if view.suspends(TERMINATE) {
        format!("{id} ({state}) stays while {TERMINATE} is suspended")
    } else {
        format!("{id} ({state})")
    }
}
