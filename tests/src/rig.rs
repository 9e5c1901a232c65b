//! The real handlers and the shipped state machine over one fake world in virtual time.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use leeward_asl::{Call, End, Execution, Failure, Host, Machine};
use leeward_core::error::StepError;
use leeward_core::ids::{Generation, Region, WorkloadId};
use leeward_core::journal::{Entry, chain};
use leeward_core::limits::Limits;
use leeward_core::plan::Plan;
use leeward_core::table::Key;
use leeward_core::time::{Span, Timestamp, after, since};
use leeward_detector::Detector;
use leeward_ports::fake::{
    FakeClock, FakeExecutions, FakePublisher, FakeTable, FakeWorld, RegionState, SeededNonces,
    block_on,
};
use leeward_ports::{Gauges, Item};
use leeward_reconcile::{Book, Desk};
use serde_json::{Value, json};

/// How often the schedule fires.
const SWEEP: Span = Span::minutes(1);

/// No recovery of these plans takes nearly as many: their time limits are half an hour.
const INVOCATIONS_MAX: usize = 1000;

/// Everything, on a good day.
pub struct Rig {
    /// The clock of all.
    pub clock: FakeClock,
    /// The world around.
    pub world: FakeWorld,
    /// The state table.
    pub table: FakeTable,
    /// Step Functions.
    pub executions: FakeExecutions,
    /// SNS and webhooks.
    pub publisher: FakePublisher,
    /// The plan in force.
    pub plan: Plan,
    /// The detector, whose desk the other functions share.
    pub detector: Detector,
    machine: Machine,
    invocations: Mutex<Vec<(String, Result<Value, String>)>>,
    twice: Mutex<bool>,
    next_sweep: Mutex<Timestamp>,
    turns: Mutex<Vec<(Timestamp, Region, RegionState)>>,
}

struct Silent;

impl Gauges for Silent {
    fn emit(&self, _: Timestamp, _: Option<&str>, _: &'static str, _: f64) {}
}

/// The plan of that name in `plans/`, parsed as people's plans are.
pub fn example(name: &str) -> Plan {
    let path = format!("{}/../plans/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    match leeward_core::plan::read(&text) {
        Ok(plan) => plan,
        Err(problems) => unreachable!("{path}: {problems:#?}"),
    }
}

impl Rig {
    /// A rig with that plan stored, the primary serving.
    pub fn new(plan: Plan) -> Self {
        let clock = FakeClock::default();
        let table = FakeTable::new(clock.clone());
        let world = FakeWorld::for_plan(&plan, clock.clone());
        let executions = FakeExecutions::new(clock.clone());
        let publisher = FakePublisher::new(clock.clone());
        let desk = Desk::new(
            Arc::new(table.clone()),
            Arc::new(world.clone()),
            Arc::new(SeededNonces::new(7)),
            Limits::REAL,
        );
        let topic = Some("arn:aws:sns:eu-west-1:123456789012:leeward".to_owned());
        let desk = desk.telling(Arc::new(publisher.clone()), topic.clone());
        let detector = Detector {
            desk,
            executions: Arc::new(executions.clone()),
            publisher: Arc::new(publisher.clone()),
            gauges: Arc::new(Silent),
            system_topic: topic,
            watcher_region: None,
        };
        let asl = include_str!("../../statemachine/recovery.asl.json");
        let machine = match leeward_asl::parse(asl) {
            Ok(machine) => machine,
            Err(problems) => unreachable!("the state machine is broken: {problems:#?}"),
        };
        let next_sweep = Mutex::new(leeward_core::time::after(clock.now(), SWEEP));
        let rig = Self {
            next_sweep,
            turns: Mutex::new(Vec::new()),
            clock,
            world,
            table,
            executions,
            publisher,
            plan,
            detector,
            machine,
            invocations: Mutex::new(Vec::new()),
            twice: Mutex::new(false),
        };
        rig.put_plan();
        rig
    }

    fn put_plan(&self) {
        let body = serde_json::to_string(&self.plan).unwrap_or_default();
        let digest = chain::digest(body.as_bytes());
        let name = &self.plan.plan;
        for key in
            [Key::plan_version(name, &digest), Key::plan_current(name), Key::plan_listed(name)]
        {
            self.table.put_by_hand(Item { key, body: body.clone(), n: 1, nonce: String::new() });
        }
    }

    /// Every function is invoked twice for each call, as an at-least-once delivery does.
    pub fn invoke_twice(&self) {
        *self.twice.lock().unwrap_or_else(PoisonError::into_inner) = true;
    }

    /// Lets `span` pass, the schedule firing each minute and executions running to their end as
    /// they start. Gives how each ended.
    pub fn live(&self, span: Span) -> Vec<End> {
        let mut ends = Vec::new();
        let until = after(self.clock.now(), span);
        while self.clock.now() < until {
            let next = self.sweep_due().min(until);
            block_on(&self.clock, self.pass_until(next));
            ends.extend(self.run_started());
        }
        ends
    }

    /// The schedule fires no more: what happens from now on, executions and people do.
    pub fn stop_schedule(&self) {
        *self.next_sweep.lock().unwrap_or_else(PoisonError::into_inner) = Timestamp::MAX;
    }

    /// A Region that is ill now is well again after `span`.
    pub fn heal_after(&self, span: Span, region: &str) {
        self.turn_after(span, region, RegionState::Well);
    }

    /// A Region becomes that after `span`, seen at the next sweep.
    pub fn turn_after(&self, span: Span, region: &str, state: RegionState) {
        let at = after(self.clock.now(), span);
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        turns.push((at, region.into(), state));
        turns.sort_by_key(|(at, ..)| *at);
    }

    fn turn(&self) {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        let due = turns.iter().take_while(|(at, ..)| *at <= now).count();
        for (_, region, state) in turns.drain(..due) {
            self.world.set_region(&region, state);
        }
    }

    fn sweep_due(&self) -> Timestamp {
        *self.next_sweep.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets the time pass, the schedule firing as it does.
    pub async fn pass_until(&self, until: Timestamp) {
        loop {
            let due = self.sweep_due();
            if due > until {
                break;
            }
            self.clock.sleep(since(self.clock.now(), due)).await;
            *self.next_sweep.lock().unwrap_or_else(PoisonError::into_inner) = after(due, SWEEP);
            self.turn();
            let tick = json!({"source": "aws.events", "detail-type": "Scheduled Event"});
            // A sweep that fails is followed by the next.
            let _ = leeward_detector::handle(&self.detector, &tick).await;
        }
        self.clock.sleep(since(self.clock.now(), until)).await;
    }

    /// Calls the detector with an event.
    pub fn call(&self, event: &Value) -> Result<Value, StepError> {
        let detector = self.detector.clone();
        let event = event.clone();
        match block_on(
            &self.clock,
            async move { leeward_detector::handle(&detector, &event).await },
        ) {
            Some(answer) => answer,
            None => Err(StepError::Unavailable("the detector hangs".to_owned())),
        }
    }

    /// Runs every execution that was started to its end.
    pub fn run_started(&self) -> Vec<End> {
        let mut ends = Vec::new();
        for (name, input) in self.executions.take_started() {
            let input: Value = serde_json::from_str(&input).unwrap_or(Value::Null);
            ends.push(self.execute(&name, input));
            self.executions.end(&name);
        }
        ends
    }

    /// Runs one execution to its end.
    pub fn execute(&self, name: &str, input: Value) -> End {
        let execution = Execution {
            id: name.to_owned(),
            name: name.to_owned(),
            start_time: self.clock.now().to_string(),
            state_machine: "leeward-recovery".to_owned(),
        };
        let run = self.machine.execute(&execution, input, self);
        block_on(&self.clock, run).unwrap_or(End::Failed {
            error: "Hang".to_owned(),
            cause: "nothing can go on".to_owned(),
        })
    }

    /// The journal of a generation.
    pub fn book(&self, generation: u64) -> Option<Book> {
        let desk = self.detector.desk.clone();
        let workload: WorkloadId = self.plan.workload.clone();
        block_on(&self.clock, async move { desk.book(&workload, Generation(generation)).await })?
            .ok()
            .flatten()
    }

    /// The words for a journal's entries, in order.
    pub fn story(&self, generation: u64) -> Vec<String> {
        let Some(book) = self.book(generation) else { return Vec::new() };
        book.records.iter().map(|r| sentence(&r.entry)).collect()
    }

    /// What was invoked, with each answer or error name.
    pub fn invocations(&self) -> Vec<(String, Result<Value, String>)> {
        self.invocations.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Calls a function by the name that the definition has for it.
    pub async fn handle(&self, function: &str, payload: &Value) -> Result<Value, StepError> {
        let desk = &self.detector.desk;
        let topic = self.detector.system_topic.as_deref();
        let json = |output: leeward_core::contract::StepOutput| {
            serde_json::to_value(output).map_err(|e| StepError::InvalidInput(e.to_string()))
        };
        match function {
            "${DetectorFunction}" => leeward_detector::handle(&self.detector, payload).await,
            "${DbFailoverFunction}" => json(leeward_db_failover::handle(desk, payload).await?),
            "${RestoreFunction}" => json(leeward_restore::handle(desk, payload).await?),
            "${DnsFailoverFunction}" => json(leeward_dns_failover::handle(desk, payload).await?),
            "${ValidatorFunction}" => json(leeward_validator::handle(desk, payload).await?),
            "${NotifierFunction}" => {
                let publisher = self.detector.publisher.as_ref();
                json(leeward_notifier::handle(desk, publisher, topic, payload).await?)
            }
            other => Err(StepError::InvalidInput(format!("there is no function {other}"))),
        }
    }
}

/// An entry in a few words: its name, and what tells it from others of that name.
#[expect(clippy::wildcard_enum_match_arm, reason = "most entries are told by their name alone")]
fn sentence(entry: &Entry) -> String {
    match entry {
        Entry::Intent { change, .. } => format!("intent: {change}"),
        Entry::Outcome { effect, applied, .. } => format!("outcome: {effect} {applied}"),
        Entry::StepDone { step, .. } => format!("done: {step}"),
        Entry::Ended { end, reason } => format!("ended: {end:?}: {reason}"),
        Entry::Held { step, reason } => format!("held: {step}: {reason}"),
        Entry::TurnedBack { reason, detail, .. } => format!("turned back: {reason:?}: {detail}"),
        Entry::LossBound { database, bound, .. } => format!("loss bound: {database} {bound:?}"),
        Entry::Pass { held, checks } => format!("pass: {held} {checks:?}"),
        Entry::Assessed { verdict, reason, .. } => format!("assessed: {verdict:?}: {reason}"),
        other => other.name().to_owned(),
    }
}

#[async_trait]
impl Host for Rig {
    async fn invoke(&self, call: &Call) -> Result<Value, Failure> {
        let twice = *self.twice.lock().unwrap_or_else(PoisonError::into_inner);
        if twice {
            let _ = self.handle(&call.function, &call.payload).await;
        }
        let answer = self.handle(&call.function, &call.payload).await;
        let kept = answer.clone().map_err(|error| error.to_string());
        self.invocations
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push((call.state.clone(), kept));
        answer.map_err(|error| Failure::new(error.name(), error.to_string()))
    }

    async fn wait(&self, _: &str, duration: Duration) {
        let ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let invoked = self.invocations().len();
        assert!(
            invoked < INVOCATIONS_MAX,
            "it never ends: {:#?}\n{:#?}",
            self.story(1),
            self.invocations().split_off(invoked - 6)
        );
        self.pass_until(after(self.clock.now(), Span::millis(ms))).await;
    }

    fn entered(&self, _: &str, _: &Value) {}

    fn exited(&self, _: &str, _: &Value) {}

    fn jitter(&self, max: Duration) -> Duration {
        max / 2
    }
}
