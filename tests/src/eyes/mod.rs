//! The detector among voters of all twelve kinds that see badly: each voter's sight is drawn, and whether a
//! recovery may be opened is judged from what the voters truly saw, not from what was stored.
//!
//! Drawn are noise of single voters, blindness, flapping, all voters of one Region wrong together, looks
//! that time out, events that are lost, late or told twice, and a Region that dies in silence.

mod sight;
mod world;

use std::sync::{Arc, Mutex, PoisonError};

use leeward_core::ids::Region;
use leeward_core::plan::{ApprovalFor, Plan, Voter};
use leeward_core::time::{Span, Timestamp, after, since};
use leeward_detector::Detector;
use leeward_ports::fake::RegionState;
use serde_json::{Value, json};

use crate::rig::{Rig, example};
use crate::simulate::Choices;
use sight::{Sight, Sights};
use world::Eyes;

/// How often the schedule fires.
const SWEEP: Span = Span::minutes(1);
/// How long voters see badly: every kind of trouble begins and ends within it.
const LASTS: Span = Span::minutes(40);
/// A true outage is found long before, or never.
const PATIENCE: Span = Span::minutes(20);

/// What one run has shown.
#[derive(Debug, Clone)]
pub struct Shown {
    /// Its seed.
    pub seed: u64,
    /// From the signal that made the quorum to the opening; `None`: nothing was opened.
    pub latency: Option<Span>,
    /// From the death of the Region to the opening, where it died.
    pub from_death: Option<Span>,
    /// What does not hold.
    pub breaches: Vec<String>,
}

/// Voters of every kind, in all three Regions: half of them outside the primary.
pub fn plan() -> Plan {
    let mut plan = example("orders");
    plan.policy.approval.wanted_for = ApprovalFor::None;
    plan.detection.maintenance.clear();
    plan.detection.quorum = 3;
    let voters = json!([
        {"id": "canary-west", "kind": "alarm", "alarm": "canary-west", "region": "us-west-2"},
        {"id": "canary-eu", "kind": "alarm", "alarm": "canary-eu", "region": "eu-west-1"},
        {"id": "page", "kind": "endpoint", "region": "eu-west-1", "url": "https://orders.example.com/",
            "status": 200, "control-url": "https://checkip.amazonaws.com/"},
        {"id": "replica", "kind": "replication", "database": "orders-db", "region": "us-west-2"},
        {"id": "apm", "kind": "document", "region": "eu-west-1", "error-rate": {"above": 50}},
        {"id": "aws-health", "kind": "health-event", "region": "us-west-2"},
        {"id": "checkers", "kind": "health-check", "region": "us-east-1", "health-check": "abc"},
        {"id": "db-events", "kind": "rds-event", "region": "us-east-1", "source": "orders-db"},
        {"id": "web", "kind": "group", "region": "us-east-1", "group": "orders-web"},
        {"id": "targets", "kind": "targets", "region": "us-east-1", "target-group": "arn:tg"},
        {"id": "workers", "kind": "instances", "region": "us-east-1", "instances": ["i-1", "i-2"]},
        {"id": "tasks", "kind": "ecs-service", "region": "us-east-1", "cluster": "orders", "service": "api"},
        {"id": "cpu", "kind": "metric", "region": "us-east-1", "namespace": "AWS/EC2",
            "metric": "CPUUtilization", "dimensions": {}, "statistic": "Average",
            "threshold": {"above": 95}}
    ]);
    let kinds = [
        "region-outage",
        "zone-outage",
        "service-outage",
        "service-degradation",
        "network-issue",
        "resource-exhaustion",
        "application-error",
        "database-issue",
        "instance-failure",
    ];
    let responds: Vec<Value> =
        kinds.iter().map(|kind| json!({"kind": kind, "min-severity": "low"})).collect();
    plan.detection.voters = serde_json::from_value(voters).unwrap_or_default();
    plan.responds_to = serde_json::from_value(json!(responds)).unwrap_or_default();
    plan
}

/// One run.
struct Run {
    rig: Rig,
    detector: Detector,
    sights: Arc<Mutex<Sights>>,
    choices: Choices,
    /// Events on their way, by when they arrive.
    mail: Vec<(Timestamp, Value)>,
    seed: u64,
}

impl Run {
    fn new(seed: u64, draw: impl FnOnce(&Plan, &mut Choices, Timestamp) -> Sights) -> Self {
        let rig = Rig::new(plan());
        let mut choices = Choices::seeded(seed);
        let sights = draw(&rig.plan, &mut choices, rig.clock.now());
        let sights = Arc::new(Mutex::new(sights));
        let mut detector = rig.detector.clone();
        detector.desk.outside = Arc::new(Eyes {
            behind: rig.world.clone(),
            clock: rig.clock.clone(),
            plan: rig.plan.clone(),
            sights: sights.clone(),
        });
        Self { rig, detector, sights, choices, mail: Vec::new(), seed }
    }

    fn sights(&self) -> Sights {
        self.sights.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// One minute: the events of changes that were drawn for it, then the sweep.
    fn minute(&mut self) {
        let from = self.rig.clock.now();
        self.post(from, after(from, SWEEP));
        let until = after(from, SWEEP);
        self.mail.sort_by_key(|(at, _)| *at);
        while self.mail.first().is_some_and(|(at, _)| *at <= until) {
            let (at, event) = self.mail.remove(0);
            self.rig.clock.advance(since(self.rig.clock.now(), at));
            self.call(&event);
        }
        self.rig.clock.advance(since(self.rig.clock.now(), until));
        self.call(&json!({"source": "aws.events", "detail-type": "Scheduled Event"}));
    }

    fn call(&self, event: &Value) {
        let detector = self.detector.clone();
        let answer = async { leeward_detector::handle(&detector, event).await };
        // What fails is swept again.
        let _ = leeward_ports::fake::block_on(&self.rig.clock, answer);
    }

    /// Every change of sight is told by an event; AWS loses some, is late with some, tells some twice.
    fn post(&mut self, from: Timestamp, until: Timestamp) {
        let sights = self.sights();
        for voter in &self.rig.plan.detection.voters {
            for (at, sight) in sights.changes(voter.id(), from, until) {
                let Some(event) = sight::event(voter, &self.rig.plan, sight, at) else { continue };
                if sights.silent || self.choices.below(4) == 0 {
                    continue;
                }
                for _ in 0..=self.choices.below(2) {
                    let late = Span::seconds(u64::from(self.choices.below(90)));
                    self.mail.push((after(at, late), event.clone()));
                }
            }
        }
    }

    fn opened(&self) -> Option<Timestamp> {
        self.rig.book(1).map(|book| book.state.decision.opened)
    }

    fn shown(&self, breaches: Vec<String>) -> Shown {
        let latency = self.opened().and_then(|at| {
            let quorum = self.sights().quorum(&self.rig.plan, at);
            quorum.map(|signalled| since(signalled, at))
        });
        Shown { seed: self.seed, latency, from_death: None, breaches }
    }
}

/// Users are served all the time, and voters say otherwise: nothing is opened but on the word of a
/// sustained quorum with a witness outside.
pub fn deceived(seed: u64) -> Shown {
    let mut run =
        Run::new(seed, |plan, choices, start| Sights::deceived(plan, choices, start, LASTS));
    let end = after(run.rig.clock.now(), LASTS);
    while run.rig.clock.now() < end && run.opened().is_none() {
        run.minute();
    }
    let mut breaches = Vec::new();
    if let Some(at) = run.opened()
        && let Err(why) = run.sights().justifies(&run.rig.plan, at)
    {
        breaches.push(format!("seed {seed}: opened at {at}: {why}"));
    }
    run.shown(breaches)
}

/// All voters of one Region are wrong together, and only they.
pub fn one_region_wrong(seed: u64, region: &Region) -> Shown {
    let mut run = Run::new(seed, |plan, choices, start| {
        Sights::one_region_wrong(plan, choices, start, region)
    });
    let end = after(run.rig.clock.now(), LASTS);
    while run.rig.clock.now() < end && run.opened().is_none() {
        run.minute();
    }
    let inside = *region == run.rig.plan.regions.primary;
    let breaches = match run.opened() {
        Some(at) if inside => vec![format!("seed {seed}: {region} alone opened it at {at}")],
        Some(at) => run.sights().justifies(&run.rig.plan, at).err().into_iter().collect(),
        None => Vec::new(),
    };
    run.shown(breaches)
}

/// The Region dies, and no event tells of it: the sweep alone finds it, within the sustain time and one
/// sweep of the signal that made the quorum.
pub fn silent(seed: u64) -> Shown {
    let mut run = Run::new(seed, Sights::dying);
    let died = run.sights().died;
    while run.opened().is_none() && since(died, run.rig.clock.now()) < PATIENCE {
        if run.rig.clock.now() >= died {
            run.rig.world.set_region(&run.rig.plan.regions.primary, RegionState::Dead);
        }
        run.minute();
    }
    let Some(at) = run.opened() else {
        return run.shown(vec![format!("seed {seed}: a true outage since {died} was not found")]);
    };
    let mut shown = run.shown(Vec::new());
    // A detector's own probe dates its signal by its look: delivery is at most one sweep.
    let bound = run.rig.plan.detection.sustain.plus(SWEEP).plus(SWEEP);
    match shown.latency {
        Some(latency) if latency <= bound => {}
        Some(latency) => shown.breaches.push(format!("seed {seed}: {latency}, not within {bound}")),
        None => shown.breaches.push(format!("seed {seed}: opened without a quorum")),
    }
    shown.from_death = Some(since(died, at));
    shown
}

/// Whether the voter looks from outside.
fn outside(voter: &Voter, plan: &Plan) -> bool {
    *voter.region() != plan.regions.primary
}

/// How a voter sees that sees nothing wrong.
const CLEAR: Sight = Sight::Well;
