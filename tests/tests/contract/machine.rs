//! The state machine against errors, steps, statuses, time-outs and the template.

use std::collections::BTreeSet;
use std::time::Duration;

use leeward_asl::{Comparison, Kind, Length, Machine, Rule, Task, Template};
use leeward_core::contract::{
    CommitOutput, CommitStatus, DetectOutput, DetectStatus, SCHEMA, Status, StepOutput,
};
use leeward_core::error::StepError;
use leeward_core::ids::{Generation, Step};
use serde_json::{Value, json};

use crate::sources::{FUNCTIONS, Function, machine};
use crate::template::{self, at};

/// Errors of Lambda and Step Functions after which the same may be tried again.
const SERVICE_ERRORS: [&str; 8] = [
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.ServiceException",
    "Lambda.TooManyRequestsException",
    "Lambda.Unknown",
    "Runtime.ExitError",
    "Sandbox.Timedout",
    "States.Timeout",
];
/// Whatever else a Catch can meet.
const EVERYTHING: &str = "States.ALL";
/// The one end that is no error of a step: alarms and people shall see it all the same.
const ROLLED_BACK: &str = "RolledBack";
/// What a branch answers, beside a step's own statuses, when the generation has ended meanwhile.
const CLOSED: &str = "closed";
/// What a branch answers when its step came to no answer: nothing is undone for it.
const INTERRUPTED: &str = "interrupted";

/// One error of each name.
fn errors() -> [StepError; 7] {
    let why = || "why".to_owned();
    [
        StepError::Throttled(why()),
        StepError::Unavailable(why()),
        StepError::Refused(why()),
        StepError::NeedsOperator(why()),
        StepError::GenerationClosed {
            workload: "orders".to_owned(),
            generation: Generation(1),
            reason: why(),
        },
        StepError::DeadlineExceeded(why()),
        StepError::InvalidInput(why()),
    ]
}

fn set<'a>(names: impl IntoIterator<Item = &'a str>) -> BTreeSet<&'a str> {
    names.into_iter().collect()
}

#[test]
fn every_error_name_of_the_machine_is_one_that_can_come() {
    let machine = machine();
    let mut known = set(StepError::NAMES);
    assert_eq!(set(errors().iter().map(StepError::name)), known, "errors() is not whole");
    known.extend(SERVICE_ERRORS);
    let unknown: Vec<_> = machine.retried_errors().difference(&known).copied().collect();
    assert!(unknown.is_empty(), "retried, but nothing throws it: {unknown:?}");
    known.insert(EVERYTHING);
    let unknown: Vec<_> = machine.caught_errors().difference(&known).copied().collect();
    assert!(unknown.is_empty(), "caught, but nothing throws it: {unknown:?}");
    let mut raised = set(StepError::NAMES);
    raised.insert(ROLLED_BACK);
    let unknown: Vec<_> = machine.raised_errors().difference(&raised).copied().collect();
    assert!(unknown.is_empty(), "raised, but it is no error of Leeward: {unknown:?}");
}

#[test]
fn a_task_retries_what_can_help_and_no_refusal() {
    let errors = errors();
    let mut wanted = set(errors.iter().filter(|e| e.retryable()).map(StepError::name));
    wanted.extend(SERVICE_ERRORS);
    for (state, task) in machine().tasks() {
        let retried = task.handling.retry.iter().flat_map(|entry| &entry.errors);
        let retried = set(retried.map(String::as_str));
        assert_eq!(retried, wanted, "{}: retried (left), retryable (right)", state.name);
        let last = task.handling.catch.last().map(|catcher| catcher.errors.as_slice());
        assert_eq!(last, Some([EVERYTHING.to_owned()].as_slice()), "{}: Catch", state.name);
    }
}

/// A function that broke is answered by a name that the machine knows, caught like every refusal.
#[test]
fn a_broken_function_is_caught_and_not_retried() {
    let broken = StepError::broken("index out of bounds");
    assert!(StepError::NAMES.contains(&broken.name()) && !broken.retryable());
    for (state, task) in machine().tasks() {
        let of = |errors: &[String]| errors.iter().any(|e| e == broken.name() || e == EVERYTHING);
        assert!(task.handling.catch.iter().any(|c| of(&c.errors)), "{} catches it", state.name);
        assert!(!task.handling.retry.iter().any(|r| of(&r.errors)), "{} retries it", state.name);
    }
}

/// The text that a Payload gives in a field.
fn given<'t>(task: &'t Task, field: &str) -> Option<&'t str> {
    let Template::Object(fields) = &task.payload else { return None };
    let (_, value) = fields.iter().find(|(name, _)| name == field)?;
    let Template::Literal(value) = value else { return None };
    value.as_str()
}

/// The step that a Task asks for.
pub fn step(task: &Task) -> Step {
    match given(task, "leeward") {
        Some("detect") => Step::Detect,
        Some("step") => {
            let name = given(task, "step").expect("a step");
            serde_json::from_value(json!(name)).unwrap_or_else(|e| panic!("step {name}: {e}"))
        }
        other => panic!("a Payload of {other:?}"),
    }
}

/// The function that a Task calls.
pub fn function(task: &Task) -> &'static Function {
    let placeholder = |f: &&Function| task.function == format!("${{{}}}", f.resource);
    FUNCTIONS
        .iter()
        .find(placeholder)
        .unwrap_or_else(|| panic!("{} is no function of Leeward", task.function))
}

#[test]
fn every_task_asks_a_function_for_a_step_that_it_does_and_every_step_is_asked_for() {
    let machine = machine();
    let mut asked = BTreeSet::new();
    for (state, task) in machine.tasks() {
        let (function, step) = (function(task), step(task));
        let does = function.steps.contains(&step);
        assert!(does, "{} asks {} for {step}, which it does not do", state.name, function.name);
        assert!(asked.insert((function.name, step)), "{}: asked for twice", state.name);
    }
    for function in &FUNCTIONS {
        for step in function.steps {
            let called = asked.contains(&(function.name, *step));
            assert!(called, "nothing asks {} for its step {step}", function.name);
        }
    }
    let steps: BTreeSet<Step> = asked.iter().map(|(_, step)| *step).collect();
    assert_eq!(steps, Step::ALL.into_iter().collect(), "steps that are asked for (left)");
}

/// Every comparison of a status: the path, and the word.
fn compared(machine: &Machine) -> BTreeSet<(String, String)> {
    fn of(rule: &Rule, found: &mut BTreeSet<(String, String)>) {
        match rule {
            Rule::And(rules) | Rule::Or(rules) => rules.iter().for_each(|r| of(r, found)),
            Rule::Not(rule) => of(rule, found),
            Rule::Test(test) => {
                let Comparison::StringEquals(word) = &test.comparison else {
                    panic!("{}: only statuses are compared", test.variable)
                };
                found.insert((test.variable.to_string(), word.clone()));
            }
        }
    }
    let mut found = BTreeSet::new();
    for state in machine.states() {
        if let Kind::Choice(choice) = &state.kind {
            choice.rules.iter().for_each(|(rule, _)| of(rule, &mut found));
        }
    }
    found
}

fn is<T: serde::de::DeserializeOwned>(word: &str) -> bool {
    serde_json::from_value::<T>(json!(word)).is_ok()
}

#[test]
fn only_statuses_that_functions_answer_are_compared() {
    let compared = compared(&machine());
    for (path, word) in &compared {
        let known = match path.as_str() {
            "$.detect.status" => is::<DetectStatus>(word),
            "$.commit.status" => is::<CommitStatus>(word),
            "$.prepared.fence.status" | "$.prepared.capacity.status" => {
                is::<Status>(word) || word == CLOSED
            }
            _ => is::<Status>(word) && path.ends_with(".status"),
        };
        assert!(known, "{path} is compared with {word:?}, which nothing answers");
    }
    for status in [DetectStatus::Go, DetectStatus::NotNeeded, DetectStatus::Refused] {
        let word = serde_json::to_value(status).unwrap().as_str().unwrap().to_owned();
        let pair = ("$.detect.status".to_owned(), word);
        assert!(compared.contains(&pair), "{pair:?} leads nowhere of its own");
    }
}

#[test]
fn a_branch_answers_statuses_that_the_choice_after_it_knows() {
    for state in machine().states() {
        let Kind::Pass(pass) = &state.kind else { continue };
        let Some(Template::Object(fields)) = &pass.parameters else { continue };
        for (name, value) in fields.iter().filter(|(name, _)| name == "status") {
            let Template::Literal(Value::String(word)) = value else {
                panic!("{}: {name} is not given", state.name)
            };
            let known = is::<Status>(word) || [CLOSED, INTERRUPTED].contains(&word.as_str());
            assert!(known, "{}: {word}", state.name);
            assert!(!is::<Status>(word) || word != "failed", "{}: no error turns back", state.name);
        }
    }
}

#[test]
fn a_task_reads_from_an_answer_only_what_stands_in_it() {
    let (after_seconds, reason) = (0, String::new());
    let step_answer = json!(StepOutput::new(Status::Done, 0, ""));
    let commit = json!(CommitOutput {
        schema: SCHEMA,
        status: CommitStatus::Commit,
        after_seconds,
        reason: reason.clone()
    });
    let detect = json!(DetectOutput {
        schema: SCHEMA,
        status: DetectStatus::Go,
        workload: "orders".to_owned(),
        generation: None,
        reason
    });
    for (state, task) in machine().tasks() {
        let answer = match step(task) {
            Step::Detect => &detect,
            Step::Commit => &commit,
            Step::Fence
            | Step::Capacity
            | Step::Database
            | Step::Traffic
            | Step::Restore
            | Step::Validate
            | Step::Notify
            | Step::Undo => &step_answer,
        };
        let selector = task.handling.selector.as_ref().expect("a ResultSelector");
        let mut paths = Vec::new();
        read_paths(selector, &mut paths);
        assert!(!paths.is_empty(), "{}", state.name);
        for path in paths {
            let field = path.strip_prefix("$.Payload.").unwrap_or_else(|| panic!("{path}"));
            assert!(answer.get(field).is_some(), "{}: {path} is not in {answer}", state.name);
        }
    }
}

fn read_paths(template: &Template, paths: &mut Vec<String>) {
    match template {
        Template::Literal(_) => {}
        Template::Path(path) => paths.push(path.to_string()),
        Template::Array(items) => items.iter().for_each(|item| read_paths(item, paths)),
        Template::Object(fields) => fields.iter().for_each(|(_, item)| read_paths(item, paths)),
    }
}

#[test]
fn a_task_waits_longer_than_its_function_may_run() {
    let functions = template::functions(&template::read("template.yaml"));
    for (state, task) in machine().tasks() {
        let seconds = functions[function(task).resource]["Timeout"].as_u64().expect("a Timeout");
        let (waits, runs) = (task.timeout, Duration::from_secs(seconds));
        assert!(waits > runs, "{}: waits {waits:?}, its function runs {runs:?}", state.name);
    }
}

#[test]
fn every_loop_waits_as_long_as_the_step_says() {
    let machine = machine();
    let loops = machine.loops();
    assert!(!loops.is_empty());
    for states in loops {
        let as_told = |length: &Length| match length {
            Length::At(path) => path.to_string().ends_with(".after_seconds"),
            Length::Fixed(_) => false,
        };
        let waits = states
            .iter()
            .filter_map(|name| machine.state(name))
            .any(|state| matches!(&state.kind, Kind::Wait(wait) if as_told(&wait.length)));
        assert!(waits, "these states lead to each other without a wait: {states:?}");
    }
}

#[test]
fn the_template_fills_every_placeholder_and_no_other() {
    let template = template::read("template.yaml");
    let path = ["Resources", "Recovery", "Properties"];
    let recovery = at(&template, &path);
    assert_eq!(recovery["DefinitionUri"], "statemachine/recovery.asl.json");
    let given = recovery["DefinitionSubstitutions"].as_object().expect("substitutions");
    let machine = machine();
    let wanted = machine.substitutions();
    assert_eq!(set(given.keys().map(String::as_str)), wanted, "given (left), wanted (right)");
    for (name, value) in given {
        // By alias, so that an execution under way meets one version.
        assert_eq!(value, &format!("{name}.Alias"));
    }
    let invoked = template::statements(&template, "RecoveryRole");
    let invoked = invoked.iter().find(|s| s["Action"] == "lambda:InvokeFunction").expect("Steps");
    let invoked = template::listed(&invoked["Resource"]);
    let aliases: BTreeSet<String> = wanted.iter().map(|name| format!("{name}.Alias")).collect();
    assert_eq!(invoked.into_iter().collect::<BTreeSet<_>>(), aliases, "what it may call (left)");
}
