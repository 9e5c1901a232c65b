//! The verbs over a fake world in virtual time, typed as a person types them.

mod deploy;
mod homes;
mod leases;
mod looks;
mod plans;
mod repairs;
mod runs;
mod verbs;
mod words;

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use clap::Parser;
use leeward_core::error::StepError;
use leeward_core::ids::{Actor, Generation, WorkloadId};
use leeward_core::limits::Limits;
use leeward_core::plan::{Plan, parse};
use leeward_core::said::{Said, Sts, WordOutput};
use leeward_core::time::{Span, Timestamp, after, since};
use leeward_detector::Detector;
use leeward_ports::fake::{
    FakeClock, FakeExecutions, FakeIdentity, FakePublisher, FakeSts, FakeTable, FakeWorld, Keys,
    RegionState, SeededNonces, block_on,
};
use leeward_ports::{Gauges, Words};
use leeward_reconcile::{Book, Desk};
use serde_json::{Value, json};

use crate::args::Arguments;
use crate::carry_out;
use crate::exit::{Answer, Exit, Trouble};
use crate::office::{Office, Rest};
use crate::run::{FUNCTIONS, Handler, Handlers};
use crate::screen::Screen;

/// The person at the terminal; the shipped plan lets them decide.
const ANA: &str = "arn:aws:sts::123456789012:assumed-role/on-call/ana";
/// Someone whom it does not.
const BOB: &str = "arn:aws:sts::123456789012:assumed-role/developer/bob";
/// How often the schedule fires.
const SWEEP: Span = Span::minutes(1);

struct Rig {
    clock: FakeClock,
    table: FakeTable,
    world: FakeWorld,
    executions: FakeExecutions,
    sts: FakeSts,
    office: Office,
    detector: Detector,
    handlers: Handlers,
    file: PathBuf,
}

struct Silent;

impl Gauges for Silent {
    fn emit(&self, _: Timestamp, _: Option<&str>, _: &'static str, _: f64) {}
}

struct Virtual(FakeClock);

#[async_trait]
impl Rest for Virtual {
    async fn rest(&self, duration: Duration) {
        let ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        self.0.sleep(Span::millis(ms)).await;
    }
}

fn shipped(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("../../plans/{name}.yaml"))
}

fn orders() -> String {
    std::fs::read_to_string(shipped("orders")).unwrap()
}

/// A file of its own for a plan, gone with the rig.
fn file(name: &str, text: &str) -> PathBuf {
    let file = std::env::temp_dir().join(format!("leeward-{}-{name}.yaml", std::process::id()));
    std::fs::write(&file, text).unwrap();
    file
}

impl Drop for Rig {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.file);
    }
}

impl Rig {
    /// A good day of that plan, which is written down but not put.
    fn new(name: &str, text: &str) -> Self {
        let plan: Plan = parse(text).unwrap();
        let clock = FakeClock::default();
        clock.drive(true);
        let table = FakeTable::new(clock.clone());
        let world = FakeWorld::for_plan(&plan, clock.clone());
        let executions = FakeExecutions::new(clock.clone());
        let desk = Desk::new(
            Arc::new(table.clone()),
            Arc::new(world.clone()),
            Arc::new(SeededNonces::new(7)),
            Limits::REAL,
        );
        let detector = Detector {
            desk: desk.clone(),
            executions: Arc::new(executions.clone()),
            publisher: Arc::new(FakePublisher::new(clock.clone())),
            gauges: Arc::new(Silent),
            system_topic: None,
            watcher_region: None,
            orders: true,
        };
        let sts = FakeSts::default();
        let office = Office {
            desk,
            executions: Some(Arc::new(executions.clone())),
            identity: Arc::new(FakeIdentity(Some(Actor::new(ANA)))),
            provisions: Arc::new(world.clone()),
            provisioner: None,
            words: Some(Arc::new(Function::called_by(ANA, &sts, &detector))),
            aside: Arc::new(table.clone()),
            rest: Arc::new(Virtual(clock.clone())),
        };
        let handlers = handlers(&detector, &clock);
        let file = file(name, text);
        Self { clock, table, world, executions, sts, office, detector, handlers, file }
    }

    /// The shipped plan `orders`, put, and looked at by the schedule once.
    fn orders(name: &str) -> Self {
        Self::put(name, &orders())
    }

    /// The same without the question to people.
    fn unattended(name: &str) -> Self {
        Self::put(name, &orders().replace("for: one-way", "for: none"))
    }

    fn put(name: &str, text: &str) -> Self {
        let rig = Self::new(name, text);
        let file = rig.file.display().to_string();
        rig.well(&["plan", "put", &file]);
        // Heartbeats are written and replicated, votes and facts are stored.
        rig.live(Span::minutes(2));
        rig
    }

    fn someone_else(&mut self, arn: &str) {
        self.office.identity = Arc::new(FakeIdentity(Some(Actor::new(arn))));
        self.office.words = Some(Arc::new(Function::called_by(arn, &self.sts, &self.detector)));
    }

    /// What comes of that command line.
    fn ask(&self, words: &[&str]) -> Result<Answer, Trouble> {
        let line = std::iter::once("leeward").chain(words.iter().copied());
        let arguments = Arguments::try_parse_from(line).unwrap();
        let mut out = Vec::new();
        let mut screen = Screen::new(&mut out, false);
        let done = carry_out(&self.office, &self.handlers, &arguments.command, &mut screen);
        let mut answer = block_on(&self.clock, done).expect("the command hangs")?;
        if answer.lines.is_empty() {
            answer.lines = String::from_utf8(out).unwrap().lines().map(str::to_owned).collect();
        }
        Ok(answer)
    }

    fn well(&self, words: &[&str]) -> Answer {
        let answer = self.ask(words).unwrap();
        assert_eq!(answer.exit, Exit::Well, "{words:?}: {:#?}", answer.lines);
        answer
    }

    fn refused(&self, words: &[&str]) -> Trouble {
        let trouble = self.ask(words).unwrap_err();
        assert_eq!(trouble.exit, Exit::Refused, "{words:?}: {trouble}");
        trouble
    }

    /// The schedule fires.
    fn sweep(&self) {
        block_on(&self.clock, sweep(&self.detector)).expect("the sweep hangs").unwrap();
    }

    /// That much time passes, with its sweeps.
    fn live(&self, span: Span) {
        let until = after(self.clock.now(), span);
        while self.clock.now() < until {
            self.clock.advance(SWEEP.min(since(self.clock.now(), until)));
            self.sweep();
        }
    }

    /// The same, where a sweep may fail for what is damaged.
    fn try_live(&self, span: Span) {
        let until = after(self.clock.now(), span);
        while self.clock.now() < until {
            self.clock.advance(SWEEP.min(since(self.clock.now(), until)));
            let _ = block_on(&self.clock, sweep(&self.detector)).expect("the sweep hangs");
        }
    }

    /// A generation is opened by a person's order, and nobody works on it yet.
    fn opened(&self) -> Book {
        self.well(&["start", "orders", "--reason", "drill of the verbs"]);
        let (_, input) = self.executions.take_started().remove(0);
        let trigger: Value = serde_json::from_str(&input).unwrap();
        let event =
            json!({ "leeward": "detect", "schema": 1, "executor": "someone", "trigger": trigger });
        let handler = self.handlers["DetectorFunction"].clone();
        block_on(&self.clock, handler(event)).unwrap().unwrap();
        self.book(1)
    }

    fn book(&self, generation: u64) -> Book {
        let desk = self.office.desk.clone();
        let workload = WorkloadId::new("orders");
        let book = async move { desk.book(&workload, Generation(generation)).await };
        block_on(&self.clock, book).unwrap().unwrap().expect("no such generation")
    }

    fn last(&self) -> String {
        self.book(1).records.last().unwrap().entry.name().to_owned()
    }

    fn kill_primary(&self) {
        self.world.set_region(&"us-east-1".into(), RegionState::Dead);
    }
}

/// The function that writes words down, as somebody reaches it who has those keys.
struct Function {
    keys: Keys,
    sts: FakeSts,
    detector: Detector,
}

impl Function {
    const ARN: &str = "arn:aws:lambda:us-west-2:123456789012:function:leeward-notifier:live";

    fn called_by(arn: &str, sts: &FakeSts, detector: &Detector) -> Self {
        Self { keys: sts.keys(arn), sts: sts.clone(), detector: detector.clone() }
    }

    async fn hear(&self, event: &Value) -> Result<Value, StepError> {
        let (desk, publisher) = (&self.detector.desk, self.detector.publisher.as_ref());
        leeward_notifier::called(desk, (publisher, None), (&self.sts, Self::ARN), event).await
    }
}

#[async_trait]
impl Words for Function {
    async fn say(&self, said: &Said, at: Timestamp) -> Result<WordOutput, StepError> {
        let sts = Sts::of(Self::ARN).unwrap();
        let proof = self.keys.prove(&sts, &said.digest(Self::ARN)?, at);
        let event = json!({ "leeward": "word", "schema": 1, "said": said, "proof": proof });
        Ok(serde_json::from_value(self.hear(&event).await?).unwrap())
    }
}

async fn sweep(detector: &Detector) -> Result<Value, StepError> {
    let tick = json!({ "source": "aws.events", "detail-type": "Scheduled Event" });
    leeward_detector::handle(detector, &tick).await
}

/// The functions of the deployment; the schedule fires between their invocations.
fn handlers(detector: &Detector, clock: &FakeClock) -> Handlers {
    let due = Arc::new(Mutex::new(after(clock.now(), SWEEP)));
    let one = |name: &'static str| -> (&'static str, Handler) {
        let (detector, clock, due) = (detector.clone(), clock.clone(), due.clone());
        let handler: Handler = Arc::new(move |event: Value| {
            let (detector, clock, due) = (detector.clone(), clock.clone(), due.clone());
            Box::pin(async move {
                let fires = {
                    let mut due = due.lock().unwrap();
                    let fires = clock.now() >= *due;
                    if fires {
                        *due = after(clock.now(), SWEEP);
                    }
                    fires
                };
                if fires {
                    let _ = sweep(&detector).await;
                }
                invoke(name, &detector, &event).await
            })
        });
        (name, handler)
    };
    FUNCTIONS.into_iter().map(one).collect()
}

async fn invoke(name: &str, detector: &Detector, event: &Value) -> Result<Value, StepError> {
    let desk = &detector.desk;
    let output = match name {
        "DetectorFunction" => return leeward_detector::handle(detector, event).await,
        "DbFailoverFunction" => leeward_db_failover::handle(desk, event).await?,
        "RestoreFunction" => leeward_restore::handle(desk, event).await?,
        "DnsFailoverFunction" => leeward_dns_failover::handle(desk, event).await?,
        "ValidatorFunction" => leeward_validator::handle(desk, event).await?,
        "NotifierFunction" => {
            leeward_notifier::handle(desk, detector.publisher.as_ref(), None, event).await?
        }
        other => panic!("no function {other}"),
    };
    Ok(serde_json::to_value(output).unwrap())
}
