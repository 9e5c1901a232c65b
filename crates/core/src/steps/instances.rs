//! Instances that are stopped until a recovery starts them.

use crate::effect::{EffectId, Verb};
use crate::ids::{Region, Step, Text};
use crate::plan::Instances;
use crate::pursuit::{Goal, Probe};
use crate::steps::allowed::start_of;
use crate::steps::{Move, Situation};
use crate::world::{Change, InstanceView, Question, Seen, View};

/// Starts what is stopped, each instance by itself: one that has no room must not keep the others down.
pub(super) fn start_all(
    situation: &Situation<'_>,
    c: &Instances,
    step: Step,
    seen: &Seen,
    next: &mut Move,
) {
    let region = situation.target_region().clone();
    let ids = c.instances.of(situation.target());
    let question = Question::Instances { region: region.clone(), ids: ids.clone() };
    let all = match seen.get(&question) {
        Ok(View::Instances(all)) => all,
        Ok(other) => return next.wait(format!("{question} answered {other:?}")),
        Err(blind) => return next.wait(blind.about(&question)),
    };
    // What is gone is said by `say_impossible`; the others come up.
    let living: Vec<(&Text, &InstanceView)> = all
        .iter()
        .filter_map(|(id, view)| Some((id, view.as_ref().filter(|v| !v.gone())?)))
        .collect();
    let running = living.iter().filter(|(_, view)| view.state == "running").count();
    let tally = format!("{running} of {} of {} run", ids.len(), c.id);
    let whole = situation.effect(step, c.id.as_str(), Verb::Start);
    // A generation that an earlier version opened names one effect for all of them.
    if situation.state.decision.effects.contains(&whole) {
        if !living.is_empty() {
            next.pursue(situation, start(&region, whole, &living, &tally));
        }
        return;
    }
    for one in &living {
        let target = start_of(&c.id, one.0);
        let effect = situation.effect(step, &target, Verb::Start);
        next.pursue(situation, start(&region, effect, std::slice::from_ref(one), &tally));
    }
}

/// The start of these instances by one effect.
fn start(region: &Region, effect: EffectId, of: &[(&Text, &InstanceView)], tally: &str) -> Goal {
    let words = |state: &str| -> Vec<String> {
        let those = of.iter().filter(|(_, view)| view.state == state);
        those.map(|(id, view)| format!("{id} is {view}")).collect()
    };
    let stopped: Vec<Text> = of
        .iter()
        .filter(|(_, view)| view.state == "stopped")
        .map(|(id, _)| (*id).clone())
        .collect();
    let running = words("running");
    let probe = if running.len() == of.len() {
        Probe::Yes(running.join(", "))
    } else if stopped.is_empty() {
        let coming = of.iter().filter(|(_, view)| view.state != "running");
        let coming: Vec<String> = coming.map(|(id, view)| format!("{id} is {view}")).collect();
        Probe::Moving(format!("{}; {tally}", coming.join(", ")))
    } else {
        Probe::No(format!("{}; {tally}", words("stopped").join(", ")))
    };
    Goal {
        effect,
        change: Change::StartInstances { region: region.clone(), ids: stopped.clone() },
        before: Some(Change::StopInstances { region: region.clone(), ids: stopped }),
        undoes: None,
        probe,
    }
}
