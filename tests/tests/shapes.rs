//! One recovery, carried out twice: by the state machine's executions, and by `leeward run` in this
//! process. The world must come out the same, and the journals must tell the same story.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use clap::Parser;
use leeward_cli::args::Arguments;
use leeward_cli::carry_out;
use leeward_cli::office::{Office, Rest};
use leeward_cli::run::{FUNCTIONS, Handler, Handlers};
use leeward_cli::screen::Screen;
use leeward_core::contract::Mode;
use leeward_core::ids::{Actor, Side};
use leeward_core::journal::Entry;
use leeward_core::plan::{ApprovalFor, OnTimeout, Plan};
use leeward_core::time::{Span, after};
use leeward_core::world::Change;
use leeward_ports::fake::{Call, FakeIdentity, Fate, RegionState, block_on};
use leeward_tests::rig::{Rig as Stack, example};
use serde_json::{Value, json};

/// A recovery of these plans ends, or is held, within this time.
const LIFE: Span = Span::minutes(40);

/// What is different in a scenario: its plan, how it breaks, and whether a person begins it.
struct Scenario {
    name: &'static str,
    plan: fn() -> Plan,
    strike: fn(&Stack),
    by_hand: bool,
}

const fn broken(name: &'static str, plan: fn() -> Plan, strike: fn(&Stack)) -> Scenario {
    Scenario { name, plan, strike, by_hand: false }
}

fn scenarios() -> Vec<Scenario> {
    vec![
        broken("silent", orders, |s| primary_is(s, RegionState::Dead)),
        broken("hanging", orders, |s| primary_is(s, RegionState::Hanging)),
        broken("partition", orders, |s| primary_is(s, RegionState::Partitioned)),
        broken("lost answers of every change", orders, |s| {
            for _ in 0..4 {
                s.world.fail_next(|call| matches!(call, Call::Change(_)), Fate::LostAfter);
            }
            primary_is(s, RegionState::Dead);
        }),
        broken("refused promotion", orders, |s| {
            let promote =
                |call: &Call<'_>| matches!(call, Call::Change(Change::PromoteReplica { .. }));
            s.world.fail_next(promote, Fate::Refused("InvalidDBInstanceState".to_owned()));
            primary_is(s, RegionState::Dead);
        }),
        broken("refused scaling", orders, |s| {
            let scale = |call: &Call<'_>| matches!(call, Call::Change(Change::SetMinimum { .. }));
            s.world.fail_next(scale, Fate::Refused("ScalingActivityInProgress".to_owned()));
            primary_is(s, RegionState::Dead);
        }),
        broken("nobody answers", asking, |s| primary_is(s, RegionState::Dead)),
        broken("more loss than allowed", orders, |s| {
            s.world.break_replication(&"orders-db".into(), true);
            primary_is(s, RegionState::Dead);
        }),
        broken("every side writes", || unasked("sessions"), |s| primary_is(s, RegionState::Dead)),
        broken("no fence to prove", || unasked("catalog"), |s| primary_is(s, RegionState::Dead)),
        Scenario { name: "switchover", plan: || unasked("catalog"), strike: |_| {}, by_hand: true },
        Scenario { name: "drill", plan: orders, strike: |_| {}, by_hand: true },
    ]
}

fn unasked(name: &str) -> Plan {
    let mut plan = example(name);
    plan.policy.approval.wanted_for = ApprovalFor::None;
    plan
}

fn orders() -> Plan {
    unasked("orders")
}

fn asking() -> Plan {
    let mut plan = example("orders");
    plan.policy.approval.on_timeout = OnTimeout::Decline;
    plan
}

fn primary_is(stack: &Stack, state: RegionState) {
    stack.world.set_region(&stack.plan.regions.primary, state);
}

/// A good day, then the blow, up to the sweep or the person that opens the generation.
fn opened(scenario: &Scenario, step_functions: bool) -> Stack {
    let stack = Stack::new((scenario.plan)());
    stack.live(Span::minutes(5));
    stack.executions.set_away(!step_functions);
    (scenario.strike)(&stack);
    if scenario.by_hand {
        let start = json!({
            "leeward": "start", "workload": stack.plan.workload, "plan": stack.plan.plan,
            "mode": Mode::Drill, "direction": "to-standby", "reason": "a rehearsal",
        });
        stack.call(&start).unwrap();
    }
    let tick = json!({"source": "aws.events", "detail-type": "Scheduled Event"});
    while stack.book(1).is_none() {
        stack.clock.advance(Span::minutes(1));
        let _ = stack.call(&tick);
    }
    stack
}

/// How the world and the journal look when it is over.
#[derive(Debug, PartialEq)]
struct Outcome {
    served_by: Option<Side>,
    accepts: Vec<(String, bool, bool)>,
    journal: Vec<String>,
}

fn outcome(stack: &Stack) -> Outcome {
    let accepts = stack.plan.databases.iter().map(|d| {
        let on = |side| stack.world.accepts(d.id(), side);
        (d.id().to_string(), on(Side::Primary), on(Side::Standby))
    });
    let book = stack.book(1).expect("a generation");
    let mut journal: Vec<String> = book.records.iter().filter_map(|r| shape(&r.entry)).collect();
    // How often the same verdict is weighed again depends on when the waits end.
    journal.dedup();
    Outcome { served_by: stack.world.served_by(), accepts: accepts.collect(), journal }
}

/// An entry without what differs from run to run: who works on it, when, and with which marks.
fn shape(entry: &Entry) -> Option<String> {
    let name = entry.name();
    Some(match entry {
        // A person's process and an execution have different names, and neither is the story.
        Entry::Joined { .. } => return None,
        Entry::Intent { effect, undoes, .. } => format!("{name} {effect} undoes {undoes:?}"),
        Entry::Outcome { effect, applied, .. } => format!("{name} {effect} {applied}"),
        Entry::Replied { effect, reply, .. } => {
            let accepted = matches!(reply, leeward_core::journal::Reply::Accepted(_));
            format!("{name} {effect} accepted {accepted}")
        }
        Entry::StepDone { step, .. } | Entry::Held { step, .. } => format!("{name} {step}"),
        Entry::Fenced { databases, fence, .. } => format!("{name} {databases:?} {fence:?}"),
        Entry::LossBound { database, bound, .. } => format!("{name} {database} {bound:?}"),
        Entry::WriterVerified { database, .. } => format!("{name} {database}"),
        Entry::Assessed { verdict, .. } => format!("{name} {verdict:?}"),
        Entry::Asked { number, loss, .. } => format!("{name} {number} {loss:?}"),
        Entry::Answered { number, answer, .. } => format!("{name} {number} {answer:?}"),
        Entry::Pass { held, checks } => format!("{name} {held} {} checks", checks.len()),
        Entry::TurnedBack { reason, .. } => format!("{name} {reason:?}"),
        Entry::Ended { end, .. } => format!("{name} {end:?}"),
        Entry::Opened(_)
        | Entry::Waived { .. }
        | Entry::Committed { .. }
        | Entry::Paused { .. }
        | Entry::Stopped { .. }
        | Entry::Resumed { .. }
        | Entry::Acknowledged { .. }
        | Entry::OldSideFenced { .. }
        | Entry::SeenAtHome { .. }
        | Entry::OneWriter { .. }
        | Entry::Noted { .. }
        | Entry::Closed { .. } => name.to_owned(),
    })
}

fn by_step_functions(scenario: &Scenario) -> Outcome {
    let stack = opened(scenario, true);
    stack.run_started();
    stack.live(LIFE);
    outcome(&stack)
}

struct Virtual(Arc<Stack>);

#[async_trait]
impl Rest for Virtual {
    async fn rest(&self, duration: Duration) {
        let ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        self.0.pass_until(after(self.0.clock.now(), Span::millis(ms))).await;
    }
}

/// The functions of the deployment, in this process.
fn functions(stack: &Arc<Stack>) -> Handlers {
    let one = |name: &'static str| -> (&'static str, Handler) {
        let stack = stack.clone();
        let handler: Handler = Arc::new(move |event: Value| {
            let stack = stack.clone();
            Box::pin(async move { stack.handle(&format!("${{{name}}}"), &event).await })
        });
        (name, handler)
    };
    FUNCTIONS.into_iter().map(one).collect()
}

fn by_leeward_run(scenario: &Scenario) -> Outcome {
    let stack = Arc::new(opened(scenario, false));
    let office = Office {
        desk: stack.detector.desk.clone(),
        executions: Some(Arc::new(stack.executions.clone())),
        identity: Arc::new(FakeIdentity(Some(Actor::new(
            "arn:aws:sts::123456789012:assumed-role/on-call/ana",
        )))),
        provisioner: None,
        words: None,
        provisions: Arc::new(stack.world.clone()),
        aside: Arc::new(stack.table.clone()),
        rest: Arc::new(Virtual(stack.clone())),
    };
    let handlers = functions(&stack);
    let workload = stack.plan.workload.to_string();
    let arguments = Arguments::try_parse_from(["leeward", "run", &workload]).unwrap();
    let mut out = Vec::new();
    let mut screen = Screen::new(&mut out, false);
    let done = carry_out(&office, &handlers, &arguments.command, &mut screen);
    let answer = block_on(&stack.clock, done).expect("the command hangs");
    assert!(answer.is_ok(), "{}: {answer:?}", scenario.name);
    assert!(stack.executions.take_started().is_empty(), "Step Functions was away");
    stack.live(LIFE);
    outcome(&stack)
}

#[test]
fn step_functions_and_leeward_run_end_in_the_same_world_and_the_same_journal() {
    for scenario in scenarios() {
        let (one, other) = (by_step_functions(&scenario), by_leeward_run(&scenario));
        assert_eq!(one, other, "{}: Step Functions (left), `leeward run` (right)", scenario.name);
        let ended = one.journal.last().expect("a journal");
        let over = ["ended", "held"].iter().any(|word| ended.starts_with(word));
        assert!(over, "{}: it neither ended nor waits for a person: {ended}", scenario.name);
    }
}
