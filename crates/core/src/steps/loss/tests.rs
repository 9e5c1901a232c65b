//! Whose heartbeat a bound may rest on, for each way in which the new side can stand.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks for one kind of entry or question"
)]

use super::*;
use crate::audit::example::{Journal, at, plan};
use crate::effect::EffectId;
use crate::evidence::Standby;
use crate::journal::State;
use crate::limits::Limits;
use crate::plan::{Fence, Plan, StopWriter};
use crate::steps::{Move, Status, decide};
use crate::table::NOBODY;
use crate::world::{Change, Heartbeat, Question, RdsView, SqlView, View};

const EAST: &str = "us-east-1";
const WEST: &str = "us-west-2";
/// Now, in seconds of the example: the lease was renewed two seconds ago.
const NOW: u64 = 100;

/// What the example's standby is, whose lease it is, and what the heartbeat row holds.
struct Scene {
    plan: Plan,
    journal: Journal,
    writer: bool,
    heartbeat: Option<Heartbeat>,
    owner: &'static str,
    renewed: Option<u64>,
    /// Whether the old side's engine follows another; it is asked only by fences that act on that side.
    follows: bool,
}

fn by(region: &str, seconds: u64) -> Option<Heartbeat> {
    Some(Heartbeat::written(region.into(), at(seconds)))
}

impl Scene {
    fn new(heartbeat: Option<Heartbeat>) -> Self {
        let (journal, renewed) = (Journal::opened(1, 0), Some(NOW - 2));
        let (plan, writer, follows) = (plan(), false, false);
        Self { plan, journal, writer, heartbeat, owner: EAST, renewed, follows }
    }

    /// The standby is a writer by itself.
    fn promoted(heartbeat: Option<Heartbeat>) -> Self {
        Self { writer: true, ..Self::new(heartbeat) }
    }

    fn fenced_by(mut self, fences: Vec<Fence>) -> Self {
        if let Some(Database::RdsReplica(d)) = self.plan.databases.first_mut() {
            d.fences = fences;
        }
        self
    }

    fn seen(&self, situation: &Situation<'_>) -> Seen {
        let mut seen = Seen::default();
        for question in crate::steps::questions(Step::Fence, situation) {
            let view = match &question {
                Question::Lease { .. } => View::Lease(Some(LeaseView {
                    owner: self.owner.into(),
                    epoch: 1,
                    effect: String::new().into(),
                    renewed_at: self.renewed.map(at),
                    terms: Some(plan().databases[0].lease().unwrap().terms()),
                    answered_at: at(NOW),
                })),
                Question::Rds { .. } => View::Rds(Some(RdsView {
                    status: "available".into(),
                    arn: None,
                    replica_source: (!self.writer)
                        .then(|| "arn:aws:rds:us-east-1:123456789012:db:orders".into()),
                    engine: "postgres".into(),
                    engine_version: "17.4".into(),
                    host: None,
                    zone: None,
                    multi_az: false,
                    replication: None,
                })),
                Question::Sql { region, .. } => {
                    let replica = if region.as_str() == WEST { !self.writer } else { self.follows };
                    View::Sql(SqlView {
                        in_recovery: replica,
                        writable: !replica,
                        heartbeat: self.heartbeat.clone(),
                        sessions: Some(0),
                    })
                }
                _ => continue,
            };
            seen.insert(question, Ok(view));
        }
        seen
    }

    fn with<T>(&self, look: impl FnOnce(&Situation<'_>, &Database, &Seen) -> T) -> T {
        let state: State = self.journal.state();
        let standby = Standby {
            against: Vec::new(),
            asks: Vec::new(),
            capacity: Vec::new(),
            numbers: Vec::new(),
            at: at(NOW),
        };
        let situation = Situation {
            plan: &self.plan,
            state: &state,
            signals: &[],
            standby: Some(&standby),
            peaks: &[],
            now: at(NOW),
            limits: &Limits::REAL,
            mark: "m",
            undoes: &[],
        };
        look(&situation, &self.plan.databases[0], &self.seen(&situation))
    }

    fn outlook(&self) -> Outlook {
        self.with(outlook)
    }

    fn asks(&self) -> String {
        match self.outlook() {
            Outlook::Ask(why) => why,
            Outlook::Fair | Outlook::Unknown(_) | Outlook::NoTerms(_) | Outlook::Lost(_) => {
                panic!("nobody is asked")
            }
        }
    }

    fn bound(&self) -> (Option<Span>, String) {
        match self.with(bound) {
            Entry::LossBound { bound, source, .. } => (bound, source),
            _ => panic!("no bound"),
        }
    }

    /// The lease was taken, at the example's now.
    fn fenced(mut self) -> Self {
        let id = EffectId::new(
            &"orders".into(),
            crate::ids::Generation(1),
            Step::Fence,
            "leases",
            Verb::TakeLease.as_str(),
        );
        let change = Box::new(crate::audit::example::lease(EAST, 1, "nobody"));
        let intent = Entry::Intent { effect: id, change, undoes: None, before: None };
        self.journal.add(NOW - 1, intent);
        self.owner = "nobody";
        let latest_write = self.with(|s, d, seen| last_write_seen(s, d, seen)?.ok());
        let (databases, holds_from) = (vec!["orders-db".into()], at(NOW));
        let fence = FenceProof::WriterLease { epoch: 2 };
        let evidence = String::new();
        self.journal
            .add(NOW, Entry::Fenced { databases, fence, holds_from, latest_write, evidence });
        self
    }
}

/// Renewed at 98, lease 15 s, drift 1 s, longest statement 10 s: the last write at 124.
#[test]
fn a_replica_is_counted_from_the_heartbeat_of_the_side_that_is_left() {
    let scene = Scene::new(by(EAST, 97));
    assert!(matches!(scene.outlook(), Outlook::Fair));
    assert_eq!(scene.with(estimate), Some(Span::seconds(27)));
    let (bound, source) = scene.fenced().bound();
    assert_eq!(bound, Some(Span::seconds(27)), "{source}");
}

#[test]
fn the_heartbeat_of_another_is_no_number_anywhere() {
    for (heartbeat, says) in [
        (by(WEST, 97), "written by us-west-2"),
        (by("eu-west-1", 97), "written by eu-west-1"),
        (Some(Heartbeat::nameless("region is NULL")), "region is NULL"),
    ] {
        let scene = Scene::new(heartbeat);
        assert!(scene.asks().contains(says), "{}", scene.asks());
        assert_eq!(scene.with(estimate), None);
        let (bound, source) = scene.fenced().bound();
        assert!(bound.is_none() && source.contains(says), "{bound:?}: {source}");
    }
}

#[test]
fn no_row_and_a_clock_that_was_set_far_back_are_unknown_for_good() {
    for (heartbeat, says) in [(None, "no heartbeat row"), (by(EAST, 400), "clock was set")] {
        match Scene::new(heartbeat).outlook() {
            Outlook::Unknown(why) => assert!(why.contains(says), "{why}"),
            Outlook::Fair | Outlook::Ask(_) | Outlook::NoTerms(_) | Outlook::Lost(_) => {
                panic!("not {says}")
            }
        }
    }
    let scene = Scene::promoted(None);
    assert!(matches!(scene.outlook(), Outlook::Unknown(why) if why.contains("follows nobody")));
}

#[test]
fn a_lease_that_bears_no_renewal_of_the_old_side_dates_nothing() {
    let never = Scene { renewed: None, ..Scene::new(by(EAST, 97)) };
    assert!(never.asks().contains("bears no renewal"));
    assert_eq!(never.with(estimate), None);
    let theirs = Scene { owner: WEST, ..Scene::new(by(EAST, 97)) };
    assert!(theirs.asks().contains("with us-west-2 already"), "{}", theirs.asks());
    assert_eq!(never.fenced().bound().0, None);
}

#[test]
fn a_standby_that_was_promoted_by_hand_has_what_its_row_shows_of_the_old_side() {
    // Nobody writes into it: its row is the old side's last that it has.
    let idle = Scene::promoted(by(EAST, 40));
    assert!(matches!(idle.outlook(), Outlook::Fair));
    assert_eq!(idle.with(estimate), Some(Span::seconds(84)));
    let (bound, source) = idle.fenced().bound();
    assert!(bound == Some(Span::seconds(84)) && source.contains("follows nobody"), "{source}");
    // Its own writers write into it, too: what it has of the old side's does not show.
    let written = Scene::promoted(by(WEST, 99));
    let why = written.asks();
    assert!(why.contains("follows nobody") && why.contains("written by us-west-2"), "{why}");
    assert_eq!(written.fenced().bound().0, None);
}

#[test]
fn the_writer_by_right_loses_nothing_whoever_wrote_its_heartbeat() {
    for owner in [WEST, "nobody"] {
        let scene = Scene { owner, ..Scene::promoted(by(WEST, 99)) };
        assert!(matches!(scene.outlook(), Outlook::Fair), "{owner}");
        let (bound, source) = scene.bound();
        assert_eq!(bound, Some(Span::default()), "{owner}: {source}");
        assert!(source.contains("already the writer"), "{source}");
    }
}

#[test]
fn without_a_lease_only_an_old_engine_that_follows_has_taken_no_writes() {
    let groups = crate::ids::Sides { primary: "e".into(), standby: "w".into() };
    let stop = || Fence::StopWriter(StopWriter { group: groups.clone(), sessions_of: "a".into() });
    let scene = |follows| {
        Scene { follows, ..Scene::promoted(by(WEST, 99)) }.fenced_by(vec![stop(), Fence::Waiver])
    };
    assert!(scene(false).asks().contains("written by us-west-2"));
    assert_eq!(scene(false).bound().0, None);
    assert!(matches!(scene(true).outlook(), Outlook::Fair));
    assert_eq!(scene(true).bound().0, Some(Span::default()));
}

#[test]
fn people_are_asked_before_anything_is_touched_and_a_waiver_answers() {
    let fence = |scene: &Scene| scene.with(|s, _, seen| decide(Step::Fence, s, seen));
    let held = |next: Move| match next.records.into_iter().next() {
        Some(Entry::Held { reason, .. }) => reason,
        other => panic!("{other:?}"),
    };
    let mut scene = Scene::new(by(WEST, 97));
    let reason = held(fence(&scene));
    for says in ["not by us-east-1", "leeward resume", "no fence `waiver`", "leeward plan put"] {
        assert!(reason.contains(says), "{reason}");
    }
    let lease = scene.plan.databases[0].fences()[0].clone();
    scene = scene.fenced_by(vec![lease, Fence::Waiver]);
    let reason = held(fence(&scene));
    assert!(reason.contains("leeward waive orders --database orders-db"), "{reason}");
    let waived =
        Entry::Waived { database: "orders-db".into(), loss: None, reason: "go".to_owned() };
    scene.journal.add(90, waived);
    let next = fence(&scene);
    assert!(!next.records.iter().any(|e| matches!(e, Entry::Held { .. })), "{next:?}");
}

/// Replication may catch up in a moment: a person is asked only after a sweep.
#[test]
fn for_a_moment_it_is_waited_for() {
    let scene = Scene { journal: Journal::opened(1, NOW - 10), ..Scene::new(by(WEST, 97)) };
    let next = scene.with(|s, _, seen| decide(Step::Fence, s, seen));
    assert!(next.records.is_empty() && next.sends.is_empty(), "{next:?}");
    let (status, _, why) = next.answer(&Limits::REAL, Span::seconds(10));
    assert_eq!(status, Status::Waiting, "{why}");
    assert!(why.contains("written by us-west-2"), "{why}");
}

/// The effect that these tests rest on is the one that the step would send.
#[test]
fn the_lease_is_taken_by_that_effect() {
    let fenced = Scene::new(by(EAST, 97)).fenced();
    let taken = fenced.with(|s, _, _| s.effect(Step::Fence, "leases", Verb::TakeLease));
    assert!(fenced.journal.state().effects.contains_key(&taken));
    let change = &fenced.journal.state().effects[&taken].change;
    assert!(matches!(change, Change::MoveLease { .. }), "{change:?}");
}

/// What a generation before this one left behind.
fn lost_before(scene: &mut Scene, side: crate::ids::Side, bound: Option<Span>) {
    let Entry::Opened(decision) = &mut scene.journal.records[0].entry else { panic!() };
    let (database, generation) = ("orders-db".into(), crate::ids::Generation(7));
    decision.lost.push(Lost { database, side, bound, generation });
}

#[test]
fn a_side_that_a_generation_before_promoted_has_lost_what_that_one_lost() {
    use crate::ids::Side::{Primary, Standby};
    let known = Some(Span::millis(4449));
    let after = |side, bound| {
        let mut scene = Scene { owner: NOBODY, ..Scene::promoted(by(EAST, 99)) };
        lost_before(&mut scene, side, bound);
        scene.bound()
    };
    let (bound, source) = after(Primary, known);
    assert_eq!(bound, known, "{source}");
    assert!(source.contains("generation 7") && source.contains("4449ms"), "{source}");
    assert_eq!(after(Primary, None).0, None, "what nobody knows stays unknown");
    assert_eq!(after(Standby, known).0, Some(Span::default()), "the way back has it again");
    let mut follows = Scene::new(by(EAST, 97));
    let alone = follows.bound().0;
    lost_before(&mut follows, Primary, known);
    assert_eq!(follows.bound().0, alone, "a replica is measured against the side that is left");
}
