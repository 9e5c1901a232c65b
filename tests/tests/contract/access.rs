//! What each function can call: derived from what its `main` wires and what its steps ask and change,
//! and held against the table of operations.

use std::collections::BTreeSet;

use leeward_core::effect::Verb;
use leeward_core::evidence::{
    baseline_questions, readiness_questions, standby_questions, voter_questions,
};
use leeward_core::ids::{Digest, Direction, Generation, Nonce, Seq, Step};
use leeward_core::journal::{
    Decision, EffectState, Entry, IntentState, PROTOCOL, Record, Reply, State, Trigger, chain,
};
use leeward_core::limits::Limits;
use leeward_core::plan::Plan;
use leeward_core::steps::{self, Situation};
use leeward_core::time::{Timestamp, after};
use leeward_core::world::{Change, Question, Receipt};

use crate::calls;
use crate::operations::{Caller, Kind, OPERATIONS};
use crate::plans::{every_change, examples};
use crate::sources::{FUNCTIONS, Function, files, leading_word, made, text};

/// Which steps make the changes of each file of `crates/core/src/steps`.
const MADE_BY: &[(&str, &[Step])] = &[
    ("capacity.rs", &[Step::Capacity, Step::Restore]),
    ("database.rs", &[Step::Database]),
    ("instances.rs", &[Step::Capacity, Step::Restore]),
    ("isolation.rs", &[Step::Fence]),
    ("lease.rs", &[Step::Fence, Step::Database]),
    ("records.rs", &[Step::Traffic]),
    ("traffic.rs", &[Step::Traffic]),
    ("writer_group.rs", &[Step::Fence]),
];

const STEPS_FOLDER: &str = "crates/core/src/steps";

/// The caller in the table of operations.
pub fn caller(function: &Function) -> Caller {
    match function.name {
        "detector" => Caller::Detector,
        "db-failover" => Caller::DbFailover,
        "restore" => Caller::Restore,
        "dns-failover" => Caller::DnsFailover,
        "validator" => Caller::Validator,
        "notifier" => Caller::Notifier,
        other => panic!("the table of operations has no caller {other}"),
    }
}

/// The operations that the table gives to a caller.
pub fn listed(caller: Caller) -> BTreeSet<&'static str> {
    let own = OPERATIONS.iter().filter(|operation| operation.callers.contains(&caller));
    own.map(|operation| operation.name).collect()
}

/// The kinds of changes that a step makes, their undoing included.
fn changes(step: Step) -> BTreeSet<String> {
    let files = MADE_BY.iter().filter(|(_, steps)| steps.contains(&step));
    let made = files.flat_map(|(file, _)| made(&format!("{STEPS_FOLDER}/{file}"), "Change"));
    made.map(|name| format!("Change::{name}")).collect()
}

/// The kinds of questions that a function's steps ask, for the example plans, both ways.
fn questions(function: &Function) -> BTreeSet<String> {
    let mut asked = BTreeSet::new();
    for plan in examples().values() {
        for direction in [Direction::ToStandby, Direction::ToPrimary] {
            let state = generation(plan, direction, function.undoes);
            let limits = Limits::REAL;
            let situation = Situation {
                plan,
                state: &state,
                signals: &[],
                standby: None,
                peaks: &[],
                now: start(),
                limits: &limits,
                mark: "mark",
                undoes: function.undoes,
            };
            let all = function.steps.iter().flat_map(|step| steps::questions(*step, &situation));
            asked.extend(all.map(|question| kind(&question)));
            if function.steps.contains(&Step::Detect) {
                let all = standby_questions(plan, direction).into_iter();
                asked.extend(all.chain(readiness_questions(plan)).map(|question| kind(&question)));
                let voters = plan.detection.voters.iter();
                let looks =
                    voters.flat_map(|v| [voter_questions(v, plan), baseline_questions(v)].concat());
                asked.extend(looks.map(|question| kind(&question)));
            }
        }
    }
    asked
}

fn kind(question: &Question) -> String {
    format!("Question::{}", leading_word(&format!("{question:?}")))
}

fn start() -> Timestamp {
    "2026-11-21T09:14:00Z".parse().expect("an instant")
}

/// An open generation that has done whatever the function may have to undo, and has sent each batch
/// of records: what became of one is asked only then.
fn generation(plan: &Plan, direction: Direction, undoes: &[Step]) -> State {
    let decision = Decision {
        protocol: PROTOCOL,
        workload: plan.workload.clone(),
        generation: Generation(1),
        plan: plan.plan.clone(),
        plan_digest: Digest::new("plan"),
        direction,
        target: plan.target_region(direction).clone(),
        mode: leeward_core::contract::Mode::Recover,
        evidence: Digest::new("evidence"),
        trigger: Trigger::Evidence { source: "schedule".to_owned() },
        first_signal: start(),
        opened: start(),
        deadline: after(start(), plan.time_limit),
        effects: leeward_core::steps::effects(plan, Generation(1)),
        unproven: Vec::new(),
        lived: None,
        regions: None,
        left_closed: Vec::new(),
        handed_over: Vec::new(),
        lost: Vec::new(),
        ask: Vec::new(),
        approvers: None,
    };
    let opened = Record {
        seq: serde_json::from_value(1.into()).expect("a place"),
        at: start(),
        nonce: leeward_core::ids::Nonce::new("nonce"),
        prev: chain::origin(),
        by: leeward_core::ids::Actor::new("detector"),
        entry: Entry::Opened(Box::new(decision)),
    };
    let mut state = State::fold(&[opened], Digest::new("head")).expect("a journal");
    for step in undoes {
        let kinds = changes(*step);
        for change in every_change() {
            let name = format!("Change::{}", leading_word(&format!("{change:?}")));
            if kinds.contains(&name) {
                let id = leeward_core::effect::EffectId::new(
                    &plan.workload,
                    Generation(1),
                    *step,
                    &name,
                    "do",
                );
                let effect = EffectState {
                    intents: Vec::new(),
                    change,
                    before: None,
                    undoes: None,
                    outcome: None,
                };
                std::sync::Arc::make_mut(&mut state.effects).insert(id, effect.into());
            }
        }
    }
    for batch in steps::effects(plan, Generation(1)) {
        let change = every_change().into_iter().find(|c| matches!(c, Change::ChangeRecords { .. }));
        if let Some(change) = change.filter(|_| batch.as_str().ends_with(Verb::Records.as_str())) {
            let reply = Some(Reply::Accepted(Receipt { id: "C1".into() }));
            let nonce = Nonce::new("nonce");
            let intents =
                vec![IntentState { seq: Seq(2), at: start(), nonce, reply, again: false }];
            let sent = EffectState { intents, change, before: None, undoes: None, outcome: None };
            std::sync::Arc::make_mut(&mut state.effects).insert(batch, sent.into());
        }
    }
    state
}

/// Every kind that a function's own code and its steps ask and change.
fn kinds(function: &Function) -> BTreeSet<String> {
    let mut kinds = questions(function);
    kinds.extend(function.steps.iter().chain(function.undoes).flat_map(|step| changes(*step)));
    let folder = format!("crates/{}/src", function.name);
    for file in files(&folder, ".rs") {
        for of in ["Question", "Change"] {
            let own = made(&format!("{folder}/{file}"), of);
            kinds.extend(own.into_iter().map(|name| format!("{of}::{name}")));
        }
    }
    kinds
}

/// The builder's methods that a `main` calls.
fn wired(main: &str) -> BTreeSet<String> {
    let code: String = main.split_whitespace().collect();
    let (_, chain) = code.split_once("World::builder(&clients).").expect("a world is wired");
    let (chain, _) = chain.split_once("build()").expect("and built");
    chain.split("().").filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// The operations that a function can come to call.
fn derived(function: &Function) -> BTreeSet<&'static str> {
    let main = text(&format!("crates/{}/src/main.rs", function.name));
    let kinds = kinds(function);
    kinds.iter().flat_map(|kind| calls::of(kind)).copied().chain(calls::beside(&main)).collect()
}

#[test]
fn a_function_wires_exactly_what_its_steps_ask_and_change() {
    let (places, wiring) = (calls::places(), calls::wiring());
    for function in &FUNCTIONS {
        let main = text(&format!("crates/{}/src/main.rs", function.name));
        let wired: BTreeSet<String> = wired(&main)
            .iter()
            .map(|method| wiring.get(method).unwrap_or_else(|| panic!("no .{method}()")).0.clone())
            .collect();
        let needed: BTreeSet<String> =
            kinds(function).iter().map(|kind| places[kind].clone()).collect();
        assert_eq!(wired, needed, "{}: wired (left), needed by its steps (right)", function.name);
    }
}

#[test]
fn the_table_names_as_callers_exactly_who_can_call() {
    for function in &FUNCTIONS {
        assert_eq!(
            derived(function),
            listed(caller(function)),
            "{}: what its wiring and its steps can call (left), the table of operations (right)",
            function.name
        );
    }
}

/// `leeward run` is all functions in one process, so the command wires all that there is.
#[test]
fn the_command_wires_everything_and_is_listed_as_the_operator() {
    let code = text("crates/cli/src/wiring.rs");
    let wiring = calls::wiring();
    assert_eq!(wired(&code), wiring.keys().cloned().collect(), "the command (left), all (right)");
    let places = calls::places();
    let kinds = places.keys().flat_map(|kind| calls::of(kind)).copied();
    let can: BTreeSet<&str> = kinds.chain(calls::beside(&code)).collect();
    assert_eq!(can, listed(Caller::Operator), "the command (left), the table's operator (right)");
}

#[test]
fn every_change_of_the_core_is_made_where_it_is_said_to_be() {
    let making: BTreeSet<String> = files(STEPS_FOLDER, ".rs")
        .into_iter()
        .filter(|file| !file.ends_with("tests.rs"))
        .filter(|file| !made(&format!("{STEPS_FOLDER}/{file}"), "Change").is_empty())
        .collect();
    let listed: BTreeSet<String> = MADE_BY.iter().map(|(file, _)| (*file).to_owned()).collect();
    assert_eq!(making, listed, "files that make changes (left), MADE_BY (right)");
    let all: BTreeSet<String> = Step::ALL.into_iter().flat_map(changes).collect();
    let known: BTreeSet<String> = every_change()
        .iter()
        .map(|change| format!("Change::{}", leading_word(&format!("{change:?}"))))
        .collect();
    assert_eq!(all, known, "changes that some step makes (left), that there are (right)");
}

/// Who may change the world, and how. The detector's datum is its heartbeat, which tells and changes
/// nothing: `permissions` holds it to its own namespace.
#[test]
fn effects_belong_to_the_functions_that_the_flow_gives_them_to() {
    let owned: [(&str, &[&str]); 6] = [
        ("detector", &["cloudwatch:PutMetricData"]),
        (
            "db-failover",
            &[
                "autoscaling:ResumeProcesses",
                "autoscaling:SuspendProcesses",
                "autoscaling:UpdateAutoScalingGroup",
                "dynamodb:UpdateItem",
                "ec2:AuthorizeSecurityGroupIngress",
                "ec2:RevokeSecurityGroupIngress",
                "rds:FailoverGlobalCluster",
                "rds:PromoteReadReplica",
                "rds:SwitchoverGlobalCluster",
            ],
        ),
        (
            "restore",
            &[
                "autoscaling:UpdateAutoScalingGroup",
                "ec2:StartInstances",
                "ec2:StopInstances",
                "ecs:UpdateService",
                "lambda:DeleteFunctionConcurrency",
                "lambda:PutFunctionConcurrency",
                "lambda:UpdateEventSourceMapping",
            ],
        ),
        ("dns-failover", &["cloudwatch:PutMetricData", "route53:ChangeResourceRecordSets"]),
        ("validator", &[]),
        ("notifier", &[]),
    ];
    for (function, (name, effects)) in FUNCTIONS.iter().zip(owned) {
        assert_eq!(function.name, name);
        let own = caller(function);
        let listed: Vec<&str> = OPERATIONS
            .iter()
            .filter(|o| o.kind == Kind::Effect && o.callers.contains(&own))
            .map(|o| o.name)
            .collect();
        assert_eq!(listed, effects, "{name}: effects in the table of operations (left)");
    }
}
