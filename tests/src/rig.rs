//! The real handlers and the shipped state machine over one fake world in virtual time.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use leeward_asl::{Call, End as AslEnd, Execution, Failure, Host, Machine};
use leeward_core::error::StepError;
use leeward_core::ids::{Actor, Generation, Region, WorkloadId};
use leeward_core::journal::{End, Entry, chain};
use leeward_core::plan::{ApprovalFor, Plan};
use leeward_core::table::Key;
use leeward_core::time::{Span, Timestamp, after, since};
use leeward_detector::Detector;
use leeward_ports::Item;
use leeward_ports::fake::{
    FakeClock, FakeExecutions, FakePublisher, FakeTable, FakeWorld, RegionState, block_on,
};
use leeward_reconcile::{Appended, Book, index_items};
use serde_json::{Value, json};

use crate::functions;

/// Who speaks for people.
const OPERATOR: &str = "arn:aws:sts::123456789012:assumed-role/on-call/eve";

/// Somebody who may write into the table and is no approver.
const FORGER: &str = "arn:aws:sts::123456789012:assumed-role/developer/bob";

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

/// The plan of that name in `plans/`, parsed as people's plans are.
pub fn example(name: &str) -> Plan {
    let path = format!("{}/../plans/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    match leeward_core::plan::read(&text) {
        Ok(plan) => plan,
        Err(problems) => unreachable!("{path}: {problems:#?}"),
    }
}

/// What `plan put` stores of a plan.
pub fn plan_items(plan: &Plan) -> Vec<Item> {
    let body = serde_json::to_string(plan).unwrap_or_default();
    let digest = chain::digest(body.as_bytes());
    let keys = [
        Key::plan_version(&plan.plan, &digest),
        Key::plan_current(&plan.plan),
        Key::plan_listed(&plan.plan),
    ];
    let item = |key| Item { key, body: body.clone(), n: 1, nonce: String::new() };
    keys.map(item).into_iter().chain(index_items(plan, None, 1)).collect()
}

/// The shipped state machine.
pub fn machine() -> Machine {
    match leeward_asl::parse(include_str!("../../statemachine/recovery.asl.json")) {
        Ok(machine) => machine,
        Err(problems) => unreachable!("the state machine is broken: {problems:#?}"),
    }
}

impl Rig {
    /// A rig with the example plan of that name, nobody asked, after a few minutes of a good day.
    pub fn well(name: &str) -> Self {
        let mut plan = example(name);
        plan.policy.approval.wanted_for = ApprovalFor::None;
        let rig = Self::new(plan);
        assert!(rig.live(Span::minutes(5)).is_empty(), "nothing is started on a good day");
        rig
    }

    /// A rig with that plan stored, the primary serving.
    pub fn new(plan: Plan) -> Self {
        let clock = FakeClock::default();
        let table = FakeTable::new(clock.clone());
        let world = FakeWorld::for_plan(&plan, clock.clone());
        let executions = FakeExecutions::new(clock.clone());
        let publisher = FakePublisher::new(clock.clone());
        let detector = functions::detector(&table, &world, &executions, &publisher);
        let machine = machine();
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
        rig.put_plan(&rig.plan);
        rig
    }

    /// Puts a plan in force, as `plan put` does.
    pub fn put_plan(&self, plan: &Plan) {
        for item in plan_items(plan) {
            self.table.put_by_hand(item);
        }
    }

    /// That many more workloads like the first, each with a plan of its own; gives their names.
    pub fn put_likes(&self, count: usize) -> Vec<String> {
        let names = (0..count).map(|index| format!("{}-{index}", self.plan.workload));
        names
            .inspect(|name| {
                let mut plan = self.plan.clone();
                plan.workload = name.as_str().into();
                plan.plan = format!("{name}-region").as_str().into();
                self.put_plan(&plan);
            })
            .collect()
    }

    /// Every function is invoked twice for each call, as an at-least-once delivery does.
    pub fn invoke_twice(&self) {
        *self.twice.lock().unwrap_or_else(PoisonError::into_inner) = true;
    }

    /// Lets `span` pass, the schedule firing each minute and executions running to their end as
    /// they start. Gives how each ended.
    pub fn live(&self, span: Span) -> Vec<AslEnd> {
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
    pub fn run_started(&self) -> Vec<AslEnd> {
        let mut ends = Vec::new();
        for (name, input) in self.executions.take_started() {
            let input: Value = serde_json::from_str(&input).unwrap_or(Value::Null);
            ends.push(self.execute(&name, input));
            self.executions.end(&name);
        }
        ends
    }

    /// Runs one execution to its end.
    pub fn execute(&self, name: &str, input: Value) -> AslEnd {
        let execution = Execution {
            id: name.to_owned(),
            name: name.to_owned(),
            start_time: self.clock.now().to_string(),
            state_machine: "leeward-recovery".to_owned(),
        };
        let run = self.machine.execute(&execution, input, self);
        block_on(&self.clock, run).unwrap_or(AslEnd::Failed {
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

    /// Everything that was written and answered, for a test's message.
    pub fn told(&self) -> String {
        format!("{:#?}\n{:#?}\n{:#?}", self.story(1), self.story(2), self.invocations())
    }

    /// How a generation ended.
    pub fn ended(&self, generation: u64) -> Option<End> {
        self.book(generation).and_then(|b| b.state.end.as_ref().map(|e| e.end))
    }

    /// A person's order to start, in that mode and direction.
    pub fn order(&self, mode: &str, direction: &str) -> Result<Value, StepError> {
        self.call(&json!({
            "leeward": "start", "workload": self.plan.workload, "plan": self.plan.plan,
            "mode": mode, "direction": direction, "reason": "a test's",
            "operator": "arn:aws:sts::1:assumed-role/a/b",
        }))
    }

    /// An operator's word in a generation's journal.
    pub fn say(&self, generation: u64, entry: Entry) -> Option<Appended> {
        let mut book = self.book(generation)?;
        let desk = self.detector.desk.in_the_name_of(Actor::new(OPERATOR));
        block_on(&self.clock, desk.append(&mut book, entry, Some(&self.plan)))?.ok()
    }

    /// An entry that somebody who is no approver puts into a generation's journal past the commands.
    pub fn forge(&self, generation: u64, entry: Entry) -> Option<Appended> {
        let mut book = self.book(generation)?;
        let desk = self.detector.desk.in_the_name_of(Actor::new(FORGER));
        block_on(&self.clock, desk.append(&mut book, entry, None))?.ok()
    }

    /// What was invoked, with each answer or error name.
    pub fn invocations(&self) -> Vec<(String, Result<Value, String>)> {
        self.invocations.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Calls a function by the name that the definition has for it.
    pub async fn handle(&self, function: &str, payload: &Value) -> Result<Value, StepError> {
        functions::call(&self.detector, function, payload).await
    }
}

/// An entry in a few words: its name, and what tells it from others of that name.
#[expect(clippy::wildcard_enum_match_arm, reason = "most entries are told by their name alone")]
pub(crate) fn sentence(entry: &Entry) -> String {
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
