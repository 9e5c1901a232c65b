//! A journal for tests: a whole recovery of the example plan, as executors write it.

use crate::contract::Mode;
use crate::effect::EffectId;
use crate::ids::{
    Actor, Digest, Direction, EntryId, Generation, Nonce, PlanId, Region, Seq, Step, WorkloadId,
};
use crate::journal::{
    Bearing, Decision, End, Entry, FenceProof, PROTOCOL, Record, Reply, State, Trigger, chain,
};
use crate::limits::Limits;
use crate::plan::{Plan, example};
use crate::steps::Situation;
use crate::time::{Span, Timestamp, after};
use crate::world::{Change, Receipt};

/// When the example's first entry is written.
pub(crate) fn start() -> Timestamp {
    Timestamp::from_second(1_767_614_400).unwrap()
}

/// That many seconds later.
pub(crate) fn at(seconds: u64) -> Timestamp {
    after(start(), Span::seconds(seconds))
}

pub(crate) fn plan() -> Plan {
    serde_json::from_value(example::orders()).unwrap()
}

pub(crate) fn plan_digest() -> Digest {
    Digest::new("plan")
}

/// Every effect that these journals speak of.
fn effects(generation: Generation) -> Vec<EffectId> {
    let names = [("it", "do"), ("other", "do"), ("leases", "grant"), ("leases", "take-lease")];
    let of = |step: Step| {
        names.map(|(target, verb)| EffectId::new(&"orders".into(), generation, step, target, verb))
    };
    Step::ALL.into_iter().flat_map(of).collect()
}

/// A journal under way.
#[derive(Clone)]
pub(crate) struct Journal {
    pub(crate) records: Vec<Record>,
}

impl Journal {
    /// Opened by the evidence.
    pub(crate) fn opened(generation: u64, seconds: u64) -> Self {
        let decision = Decision {
            protocol: PROTOCOL,
            workload: WorkloadId::new("orders"),
            generation: Generation(generation),
            plan: PlanId::new("orders-region"),
            plan_digest: plan_digest(),
            direction: Direction::ToStandby,
            target: Region::from("us-west-2"),
            mode: Mode::Recover,
            evidence: Digest::new("ev0"),
            trigger: Trigger::Evidence { source: "schedule".to_owned() },
            first_signal: at(seconds.saturating_sub(120)),
            opened: at(seconds),
            deadline: at(seconds + 1800),
            effects: effects(Generation(generation)),
            unproven: Vec::new(),
            lived: None,
            regions: None,
            left_closed: Vec::new(),
            handed_over: Vec::new(),
            lost: Vec::new(),
            ask: Vec::new(),
            approvers: None,
        };
        let mut journal = Self { records: Vec::new() };
        journal.add(seconds, Entry::Opened(Box::new(decision)));
        journal
    }

    pub(crate) fn add(&mut self, seconds: u64, entry: Entry) -> Seq {
        let seq = Seq(self.records.len() as u64 + 1);
        let prev = self.records.last().map_or_else(chain::origin, |last| {
            chain::digest(serde_json::to_string(last).unwrap().as_bytes())
        });
        self.records.push(Record {
            seq,
            at: at(seconds),
            nonce: Nonce::new(format!("n{}", seq.0)),
            prev,
            by: Actor::new("leeward"),
            entry,
        });
        seq
    }

    pub(crate) fn bodies(&self) -> Vec<String> {
        self.records.iter().map(|r| serde_json::to_string(r).unwrap()).collect()
    }

    pub(crate) fn state(&self) -> State {
        State::fold(&self.records, chain::origin()).unwrap()
    }

    /// An effect that is sent, accepted and seen.
    pub(crate) fn done(&mut self, seconds: u64, step: Step, change: Change) -> EffectId {
        let effect = self.sent(seconds, step, change);
        let intent = self.records.last().unwrap().seq;
        let reply = Reply::Accepted(Receipt { id: "r".into() });
        self.add(seconds, Entry::Replied { effect: effect.clone(), intent, reply });
        let outcome =
            Entry::Outcome { effect: effect.clone(), applied: true, evidence: "seen".to_owned() };
        self.add(seconds + 1, outcome);
        effect
    }

    /// An effect whose answer is not known.
    pub(crate) fn sent(&mut self, seconds: u64, step: Step, change: Change) -> EffectId {
        let Entry::Opened(decision) = &self.records[0].entry else { panic!("no decision") };
        let generation = decision.generation;
        let effect = EffectId::new(&"orders".into(), generation, step, "it", "do");
        let change = Box::new(change);
        self.add(
            seconds,
            Entry::Intent { effect: effect.clone(), change, undoes: None, before: None },
        );
        effect
    }

    pub(crate) fn step(&mut self, seconds: u64, step: Step) {
        self.add(seconds, Entry::StepDone { step, evidence: vec!["seen".to_owned()] });
    }
}

pub(crate) fn lease(from: &str, epoch: u64, to: &str) -> Change {
    Change::MoveLease {
        region: Region::from("eu-west-1"),
        table: "leases".into(),
        key: "LEASE#orders".into(),
        from_owner: from.into(),
        from_epoch: epoch,
        to_owner: to.into(),
        effect: "e".into(),
    }
}

pub(crate) fn promote() -> Change {
    Change::PromoteReplica { region: Region::from("us-west-2"), instance: "orders-west".into() }
}

pub(crate) fn database() -> EntryId {
    EntryId::from("orders-db")
}

pub(crate) fn assessed(journal: &mut Journal, seconds: u64) {
    let evidence = Digest::new(format!("ev{seconds}"));
    let (verdict, reason) = (Bearing::Go, "2 of 3 say down".to_owned());
    journal.add(seconds, Entry::Assessed { evidence, verdict, reason, old_side_well: None });
}

/// Up to the proof of the fence.
pub(crate) fn fenced(generation: u64) -> Journal {
    let mut j = Journal::opened(generation, 0);
    j.add(1, Entry::Joined { executor: "x".into() });
    assessed(&mut j, 2);
    j.done(3, Step::Fence, lease("us-east-1", 1, "nobody"));
    j.add(
        4,
        Entry::Fenced {
            databases: vec![database()],
            fence: FenceProof::WriterLease { epoch: 2 },
            holds_from: at(30),
            latest_write: Some(at(25)),
            evidence: "nobody holds it".to_owned(),
        },
    );
    j.add(
        30,
        Entry::LossBound {
            database: database(),
            bound: Some(Span::seconds(20)),
            source: "heartbeat".to_owned(),
        },
    );
    j.step(30, Step::Fence);
    j.step(31, Step::Capacity);
    assessed(&mut j, 32);
    j
}

pub(crate) fn commit(j: &mut Journal, seconds: u64, evidence: &str) {
    let because = vec!["it is fenced".to_owned()];
    j.add(seconds, Entry::Committed { evidence: Digest::new(evidence), because });
}

/// What a step has before it at that instant, with nothing on record beside the journal.
pub(crate) fn situation<'a>(plan: &'a Plan, state: &'a State, now: Timestamp) -> Situation<'a> {
    Situation {
        plan,
        state,
        signals: &[],
        standby: None,
        peaks: &[],
        now,
        limits: &Limits::REAL,
        mark: "",
        undoes: &[],
    }
}

/// A whole recovery.
pub(crate) fn recovered(generation: u64) -> Journal {
    let mut j = fenced(generation);
    commit(&mut j, 33, "ev32");
    j.done(34, Step::Database, promote());
    j.add(40, Entry::WriterVerified { database: database(), evidence: "writes".to_owned() });
    let effect =
        EffectId::new(&"orders".into(), Generation(generation), Step::Database, "leases", "grant");
    let change = Box::new(lease("nobody", 2, "us-west-2"));
    j.add(41, Entry::Intent { effect: effect.clone(), change, undoes: None, before: None });
    j.add(42, Entry::Outcome { effect, applied: true, evidence: "it holds it".to_owned() });
    j.step(43, Step::Database);
    j.step(50, Step::Traffic);
    j.step(51, Step::Restore);
    for seconds in [52, 57, 62] {
        j.add(seconds, Entry::Pass { held: true, checks: vec!["home: 200".to_owned()] });
    }
    j.add(63, Entry::Ended { end: End::Recovered, reason: "users are served".to_owned() });
    j
}
