//! A workload at the moment of its fence, for tests: its plan, its journal, what voters say and what is
//! seen of it. Each test changes one thing of it.

#![expect(clippy::wildcard_enum_match_arm, reason = "a test looks for one kind of question")]

use serde_json::{Value, json};

use super::*;
use crate::audit::example::{Journal, assessed, at};
use crate::evidence::{Reading, Vote};
use crate::journal::{FenceProof, Trigger, TurnBackReason};
use crate::lease_terms::LeaseTerms;
use crate::plan::{Database, example};
use crate::table::NOBODY;
use crate::world::{
    Change, DatabaseNetwork, GlobalMember, GlobalView, GroupView, Heartbeat, InboundRule,
    LeaseView, RdsView, RunningView, Source, SqlView, View, WriterGroupView, WriterInstance,
};

pub(super) const EAST: &str = "us-east-1";
pub(super) const WEST: &str = "us-west-2";
/// The user of the writers.
pub(super) const USER: &str = "orders_app";

/// What is seen instead of that; `None`: nothing.
type Otherwise = Box<dyn Fn(&Question, View) -> Option<View>>;

/// The example's plan, whose database follows the old writer, who holds the lease and writes.
pub(super) struct Scene {
    pub(super) plan: Value,
    pub(super) journal: Journal,
    /// Now, in seconds of the example.
    pub(super) now: u64,
    /// What every voter says since ten minutes; `None`: nothing.
    pub(super) says: Option<Vote>,
    /// Whose each lease is.
    pub(super) owner: &'static str,
    /// When its holder renewed each lease, by its own clock.
    pub(super) renewed: Option<u64>,
    /// What its holders say of their terms: ttl, longest statement and drift in seconds.
    pub(super) terms: Option<[u64; 3]>,
    /// The row in each database of the side that is moved to.
    pub(super) heartbeat: Option<Heartbeat>,
    /// What is seen otherwise.
    pub(super) but: Otherwise,
    /// Whether anything speaks against the side that is moved to.
    pub(super) standby_well: bool,
}

impl Scene {
    /// Opened by the evidence at second 0, assessed a second ago: go on.
    pub(super) fn at(now: u64) -> Self {
        let mut journal = Journal::opened(1, 0);
        assessed(&mut journal, now - 1);
        Self {
            plan: example::orders(),
            journal,
            now,
            says: Some(Vote::Unhealthy),
            owner: EAST,
            renewed: Some(now - 2),
            terms: Some([15, 10, 1]),
            heartbeat: row(EAST, now - 3),
            but: Box::new(|_, view| Some(view)),
            standby_well: true,
        }
    }

    /// The same with these fences.
    pub(super) fn fenced_by(now: u64, fences: &[Value]) -> Self {
        let mut scene = Self::at(now);
        scene.plan["databases"][0]["fences"] = json!(fences);
        scene
    }

    /// A second database beside it, otherwise like the first.
    pub(super) fn beside(&mut self, id: &str) -> &mut Value {
        let mut other = self.plan["databases"][0].clone();
        other["id"] = json!(id);
        other["instance"] = json!({"primary": id, "standby": format!("{id}-west")});
        for side in ["primary", "standby"] {
            other["probe"]["side"][side]["host"] = json!(format!("{id}-{side}"));
        }
        let all = self.plan["databases"].as_array_mut().unwrap();
        all.push(other);
        all.last_mut().unwrap()
    }

    /// A person started it.
    pub(super) fn ordered(mut self) -> Self {
        let Entry::Opened(decision) = &mut self.journal.records[0].entry else { panic!() };
        decision.trigger =
            Trigger::Operator { operator: "ops".into(), reason: "maintenance".to_owned() };
        self
    }

    pub(super) fn seen_otherwise(
        &mut self,
        but: impl Fn(&Question, View) -> Option<View> + 'static,
    ) {
        self.but = Box::new(but);
    }

    /// What is seen, unless it is seen otherwise.
    fn shows(&self, question: &Question) -> View {
        match question {
            Question::Lease { .. } => View::Lease(Some(LeaseView {
                owner: self.owner.into(),
                epoch: if self.owner == EAST { 1 } else { 2 },
                effect: String::new().into(),
                renewed_at: self.renewed.map(at),
                terms: self.terms.map(|[ttl, longest, drift]| LeaseTerms {
                    ttl: Span::seconds(ttl),
                    longest_statement: Span::seconds(longest),
                    drift: Span::seconds(drift),
                }),
                answered_at: at(self.now),
            })),
            Question::Rds { instance, .. } => View::Rds(Some(RdsView {
                status: "available".into(),
                arn: None,
                replica_source: instance
                    .strip_suffix("-west")
                    .map(|name| format!("arn:aws:rds:{EAST}:123456789012:db:{name}").into()),
                engine: "postgres".into(),
                engine_version: "17.4".into(),
                host: None,
                zone: None,
                multi_az: false,
                replication: None,
            })),
            Question::Sql { region, sessions_of, .. } => View::Sql(SqlView {
                in_recovery: region.as_str() == WEST,
                writable: region.as_str() == EAST,
                heartbeat: self.heartbeat.clone(),
                sessions: sessions_of.as_ref().map(|_| 0),
            }),
            Question::Group { .. } => group(4, &[], 4),
            Question::WriterGroup { .. } => writers(4, &[], 4),
            Question::Ingress { .. } => View::Ingress(vec![admits("10.0.0.0/16")]),
            Question::DatabaseNetwork { .. } => View::DatabaseNetwork(Some(DatabaseNetwork {
                groups: vec!["sg-east".into()],
                port: Some(5432),
                data_api: false,
            })),
            Question::Global { .. } => global("east"),
            Question::TableReplica { .. } => {
                View::Running(Some(RunningView { desired: 1, running: 1 }))
            }
            other => panic!("{other}"),
        }
    }

    /// The journal, folded; the decision names what a recovery of the plan may do.
    fn state(&self, plan: &Plan) -> State {
        let mut journal = self.journal.clone();
        let Entry::Opened(decision) = &mut journal.records[0].entry else { panic!() };
        decision.effects = effects(plan, decision.generation);
        journal.state()
    }

    /// What the votes, the journal and the present look make of it.
    pub(super) fn with<T>(&self, look: impl FnOnce(&Situation<'_>, &Seen) -> T) -> T {
        let plan: Plan = serde_json::from_value(self.plan.clone()).unwrap();
        let (state, now) = (self.state(&plan), at(self.now));
        let against = if self.standby_well { Vec::new() } else { vec!["it is down".to_owned()] };
        let standby = Standby {
            against,
            asks: Vec::new(),
            capacity: Vec::new(),
            numbers: Vec::new(),
            at: now,
        };
        let long_ago = Timestamp::from_second(at(0).as_second() - 600).unwrap();
        let said = |vote: Vote| {
            plan.detection.voters.iter().map(move |voter| {
                let reading = Reading::new(vote, "words").since(long_ago);
                Signal::following(voter, None, reading, now, Span::minutes(3))
            })
        };
        let signals: Vec<_> = self.says.into_iter().flat_map(said).map(Arc::new).collect();
        let situation = Situation {
            signals: &signals,
            standby: Some(&standby),
            ..crate::audit::example::situation(&plan, &state, now)
        };
        let mut seen = Seen::default();
        for question in questions(Step::Fence, &situation) {
            if let Some(view) = (self.but)(&question, self.shows(&question)) {
                seen.insert(question, Ok(view));
            }
        }
        look(&situation, &seen)
    }

    /// What the fence does next.
    pub(super) fn next(&self) -> Move {
        self.with(|situation, seen| decide(Step::Fence, situation, seen))
    }

    /// What it writes next; nothing is sent beside.
    pub(super) fn writes(&self) -> Vec<Entry> {
        let next = self.next();
        assert!(next.sends.is_empty(), "{next:?}");
        next.records
    }

    /// The one entry that it writes next.
    pub(super) fn entry(&self) -> Entry {
        match <[Entry; 1]>::try_from(self.writes()) {
            Ok([entry]) => entry,
            Err(other) => panic!("{other:?}"),
        }
    }

    /// The loss that it puts on record next.
    pub(super) fn bound(&self) -> (Option<Span>, String) {
        match self.entry() {
            Entry::LossBound { bound, source, .. } => (bound, source),
            other => panic!("{other:?}"),
        }
    }

    /// Why it turns back next.
    pub(super) fn turns_back(&self) -> (TurnBackReason, String) {
        match self.entry() {
            Entry::TurnedBack { reason, detail, .. } => (reason, detail),
            other => panic!("{other:?}"),
        }
    }

    /// What it asks a person for next, being held.
    pub(super) fn held(&self) -> String {
        match self.entry() {
            Entry::Held { step: Step::Fence, reason } => reason,
            other => panic!("{other:?}"),
        }
    }

    /// Whether the step is done next.
    pub(super) fn done(&self) -> bool {
        matches!(self.writes()[..], [Entry::StepDone { step: Step::Fence, .. }])
    }

    /// What it sends next; nothing is written beside.
    pub(super) fn sends(&self) -> Vec<Change> {
        let next = self.next();
        assert!(next.records.is_empty(), "{next:?}");
        let change = |entry| match entry {
            Entry::Intent { change, undoes: None, .. } => *change,
            other => panic!("{other:?}"),
        };
        next.sends.into_iter().map(change).collect()
    }

    /// What it waits for, and how long until the next look; nothing is written or sent.
    pub(super) fn waits(&self) -> (String, Span) {
        let next = self.next();
        assert!(!next.acts(), "{next:?}");
        let (status, wait, why) = self.with(|s, _| next.answer(s.limits, s.age()));
        assert_eq!(status, Status::Waiting, "{why}");
        (why, wait)
    }

    /// Puts on record what is next, as executors do.
    pub(super) fn goes_on(&mut self) {
        let next = self.next();
        assert!(next.acts(), "{next:?}");
        for entry in next.records.into_iter().chain(next.sends) {
            self.journal.add(self.now, entry);
        }
    }

    /// A proof on record that holds from then on; by the lease, with the last write that it let through.
    pub(super) fn proven(&mut self, id: &str, fence: FenceProof, holds_from: u64) {
        let lease = matches!(fence, FenceProof::WriterLease { .. });
        let latest_write = self.renewed.filter(|_| lease).map(|renewed| at(renewed + 26));
        let (databases, evidence) = (vec![id.into()], "seen".to_owned());
        let holds_from = at(holds_from);
        let entry = Entry::Fenced { databases, fence, holds_from, latest_write, evidence };
        self.journal.add(self.now - 1, entry);
    }

    /// A loss on record.
    pub(super) fn loses(&mut self, id: &str, bound: Option<Span>) {
        let (database, source) = (id.into(), "a test".to_owned());
        self.journal.add(self.now - 1, Entry::LossBound { database, bound, source });
    }

    /// A person took the risk, having been shown that loss.
    pub(super) fn waived(&mut self, id: &str, loss: Option<Span>) {
        let (database, reason) = (id.into(), "go".to_owned());
        self.journal.add(self.now - 1, Entry::Waived { database, loss, reason });
    }

    /// The first database, for what is decided of one.
    pub(super) fn of<T>(&self, look: impl FnOnce(&Situation<'_>, &Database, &Seen) -> T) -> T {
        self.with(|situation, seen| look(situation, &situation.plan.databases[0], seen))
    }
}

/// A heartbeat row, written by that Region's application.
pub(super) fn row(region: &str, seconds: u64) -> Option<Heartbeat> {
    Some(Heartbeat::written(region.into(), at(seconds)))
}

/// A proof by the lease.
pub(super) fn by_lease() -> FenceProof {
    FenceProof::WriterLease { epoch: 2 }
}

pub(super) fn group(maximum: u32, suspended: &[&str], instances: u32) -> View {
    let suspended = suspended.iter().map(|&s| s.into()).collect();
    let (minimum, desired, in_service) = (maximum.min(1), maximum, instances);
    let sizes = GroupView { minimum, maximum, desired, in_service, ..GroupView::default() };
    View::Group(Some(GroupView { instances, suspended, ..sizes }))
}

/// The writers' group, with so many instances in service.
pub(super) fn writers(maximum: u32, suspended: &[&str], instances: u32) -> View {
    let one = |i: u32| WriterInstance {
        id: format!("i-{i}").into(),
        state: "InService".into(),
        protected: false,
    };
    View::WriterGroup(Some(WriterGroupView {
        minimum: maximum.min(1),
        maximum,
        desired: maximum,
        suspended: suspended.iter().map(|&s| s.into()).collect(),
        instances: (0..instances).map(one).collect(),
        warm_pool: None,
    }))
}

/// A rule that lets that address block reach the port.
pub(super) fn admits(cidr: &str) -> InboundRule {
    InboundRule { source: Source::Cidr(cidr.into()), wider: None, description: None }
}

/// The global cluster, with that member as its writer.
pub(super) fn global(writer: &str) -> View {
    let member = |arn: &str| GlobalMember { arn: arn.into(), writer: arn == writer };
    let members = ["east", "west"].map(member).to_vec();
    View::Global(Some(GlobalView {
        status: "available".into(),
        failover: None,
        engine: Some("aurora-postgresql".into()),
        engine_version: None,
        members,
    }))
}

pub(super) fn lease() -> Value {
    example::orders()["databases"][0]["fences"][0].clone()
}

pub(super) fn stop() -> Value {
    json!({"kind": "stop-writer", "sessions-of": USER,
        "group": {"primary": "writers-east", "standby": "writers-west"}})
}

pub(super) fn isolate() -> Value {
    let rules = |group: &str| json!({"group": group, "port": 5432, "cidrs": ["10.0.0.0/16"]});
    json!({"kind": "isolate", "sessions-of": USER,
        "security-group": {"primary": rules("sg-east"), "standby": rules("sg-west")}})
}

pub(super) fn waiver() -> Value {
    json!({"kind": "waiver"})
}

/// The example's database as an Aurora global one.
pub(super) fn aurora(fences: &[Value], allow_data_loss: bool) -> Value {
    let probe = example::orders()["databases"][0]["probe"].clone();
    json!({"id": "orders-db", "kind": "aurora-global", "services": ["api"], "global-cluster": "g",
        "cluster": {"primary": "east", "standby": "west"}, "max-loss": "60s",
        "allow-data-loss": allow_data_loss, "fences": fences, "probe": probe})
}

/// A table that every side writes.
pub(super) fn every_side() -> Value {
    json!({"id": "carts", "kind": "dynamodb-global", "services": ["api"], "table": "carts",
        "max-loss": "60s"})
}

/// The lease that leaves the old side's hand.
pub(super) fn taken(table: &str, effect: &str) -> Change {
    Change::MoveLease {
        region: "eu-west-1".into(),
        table: table.into(),
        key: crate::table::lease_key(&"orders".into()).into(),
        from_owner: EAST.into(),
        from_epoch: 1,
        to_owner: NOBODY.into(),
        effect: effect.into(),
    }
}

/// What is seen where the side that is moved to is the writer by itself.
pub(super) fn promoted(question: &Question, view: View) -> View {
    match (question, view) {
        (_, View::Rds(Some(rds))) => View::Rds(Some(RdsView { replica_source: None, ..rds })),
        (_, View::Global(_)) => global("west"),
        (Question::Sql { region, .. }, View::Sql(sql)) if region.as_str() == WEST => {
            View::Sql(SqlView { in_recovery: false, writable: true, ..sql })
        }
        (_, view) => view,
    }
}
