//! What the step raises, and what it says of the rest.
#![expect(clippy::wildcard_enum_match_arm, reason = "a test answers the questions it is about")]

use super::*;
use crate::audit::example::{Journal, at, situation};
use crate::ids::Text;
use crate::journal::State;
use crate::plan::{Plan, example};
use crate::world::{InstanceView, RunningView};
use serde_json::json;

fn plan() -> Plan {
    let mut plan = example::orders();
    plan["capacity"] = json!([
        {"id": "workers", "kind": "instances", "services": ["workers"],
         "instances": {"primary": ["i-1", "i-2"], "standby": ["i-3", "i-4", "i-5"]}},
        {"id": "api", "kind": "ecs-service", "services": ["api"],
         "amount": {"percent-of-peak": 0, "at-least": 4},
         "service": {"primary": {"cluster": "c", "name": "api"}, "standby": {"cluster": "c", "name": "api"}}},
    ]);
    plan["policy"]["approval"]["for"] = json!("none");
    serde_json::from_value(plan).unwrap()
}

fn view(state: &str) -> Option<InstanceView> {
    Some(InstanceView { state: state.into(), reason: Text::default() })
}

/// What the step does when the instances are in those states and the service has so many tasks.
fn next(plan: &Plan, state: &State, instances: [Option<InstanceView>; 3], tasks: u32) -> Move {
    let situation = situation(plan, state, at(10));
    let mut seen = Seen::default();
    for question in questions(&situation) {
        let answer = match &question {
            Question::Instances { ids, .. } => {
                View::Instances(ids.iter().cloned().zip(instances.clone()).collect())
            }
            Question::EcsService { .. } => {
                View::Running(Some(RunningView { desired: tasks, running: tasks }))
            }
            other => panic!("{other} is asked"),
        };
        seen.insert(question, Ok(answer));
    }
    decide(&situation, &seen)
}

fn opened(plan: &Plan) -> State {
    let mut state = Journal::opened(1, 0).state();
    let decision = std::sync::Arc::make_mut(&mut state.decision);
    decision.effects = crate::steps::effects(plan, decision.generation);
    state
}

fn started(next: &Move) -> Vec<String> {
    let change = |entry: &crate::journal::Entry| match entry {
        crate::journal::Entry::Intent { change, .. } => change.to_string(),
        other => panic!("{other:?}"),
    };
    next.sends.iter().map(change).collect()
}

#[test]
fn each_instance_is_started_by_a_request_of_its_own() {
    let plan = plan();
    let next = next(&plan, &opened(&plan), [view("stopped"), view("running"), view("stopped")], 4);
    assert_eq!(started(&next), ["start i-3 (us-west-2)", "start i-5 (us-west-2)"]);
}

#[test]
fn what_can_come_up_comes_up_beside_what_cannot_which_is_named() {
    let plan = plan();
    let next = next(&plan, &opened(&plan), [view("terminated"), None, view("stopped")], 1);
    let all = started(&next).join("; ");
    assert_eq!(all, "start i-5 (us-west-2); set the desired count of c/api (us-west-2) to 4");
    let stuck = next.stuck().unwrap();
    assert!(stuck.contains("i-3 is terminated") && stuck.contains("no instance i-4"), "{stuck}");
    assert!(!stuck.contains("i-5 is"), "{stuck}");
}

/// A generation that was opened before instances had effects of their own.
#[test]
fn a_decision_that_names_one_start_for_all_is_carried_out_by_it() {
    let plan = plan();
    let mut state = opened(&plan);
    let whole = situation(&plan, &state, at(10)).effect(Step::Capacity, "workers", Verb::Start);
    std::sync::Arc::make_mut(&mut state.decision).effects = vec![whole];
    let next = next(&plan, &state, [view("stopped"), view("running"), view("stopped")], 4);
    assert_eq!(started(&next), ["start i-3, i-5 (us-west-2)"]);
}

#[test]
fn who_resumes_goes_on_without_what_is_gone_for_good() {
    let plan = plan();
    let mut state = opened(&plan);
    let gone = [view("terminated"), None, view("stopped")];
    let asked = next(&plan, &state, gone.clone(), 1).stuck().unwrap();
    assert!(asked.contains("without what is gone: `leeward resume orders"), "{asked}");
    state.resumed_from = Some(crate::journal::HaltKind::Held(Step::Capacity));
    let next = next(&plan, &state, gone, 1);
    assert_eq!(next.stuck(), None);
    let said = next.evidence.join("; ");
    assert!(said.contains("without it, as a person resumed: workers: i-3 is terminated"), "{said}");
    assert_eq!(started(&next).len(), 2, "the others come up");
}
