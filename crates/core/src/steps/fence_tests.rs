//! What is looked at, what is taken from the old side, and what the look at a lease proves.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "anything else than what is asked for is wrong here"
)]

use super::*;
use crate::audit::example::at;
use crate::effect::Verb;
use crate::journal::Reply;
use crate::steps::scene::{
    EAST, Scene, WEST, by_lease, isolate, lease, promoted, row, stop, taken, waiver,
};
use crate::table::NOBODY;
use crate::world::{Change, ChangeError, ChangeErrorKind, View};

const TAKE: &str = "orders/1/fence/leases/take-lease";

/// The proof that is written: of whom, from when on, and the last write before it.
fn proof(scene: &Scene) -> (Vec<String>, FenceProof, u64, Option<u64>) {
    let second = |instant| since(at(0), instant).as_seconds_up();
    match scene.entry() {
        Entry::Fenced { databases, fence, holds_from, latest_write, .. } => {
            let databases = databases.iter().map(ToString::to_string).collect();
            (databases, fence, second(holds_from), latest_write.map(second))
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_engine_every_lease_and_every_barrier_is_looked_at() {
    let scene = Scene::fenced_by(100, &[lease(), stop(), isolate(), waiver()]);
    let asked: Vec<String> = scene.with(|situation, _| {
        questions(situation).iter().map(|q| format!("{q:?}")).map(|q| q.replace('"', "")).collect()
    });
    let looks = |of: &[&str]| asked.iter().any(|q| of.iter().all(|word| q.contains(word)));
    for of in [
        ["Rds", WEST, "orders-west"],
        ["Sql", "host: h2", "sessions_of: None"],
        ["Sql", "host: h1", "sessions_of: Some(orders_app)"],
        ["Lease", "eu-west-1", "table: leases"],
        ["Group", EAST, "writers-east"],
        ["Ingress", EAST, "sg-east"],
    ] {
        assert!(looks(&of), "{of:?}: {asked:?}");
    }
}

/// Renewed at 98, seen to be nobody's at 100: lease 15 s, drift 1 s, longest statement 10 s, and the
/// second that `Date` hides.
#[test]
fn a_lease_is_taken_waited_out_and_the_loss_is_put_on_record() {
    let mut scene = Scene::at(100);
    assert_eq!(scene.sends(), [taken("leases", TAKE)]);
    scene.goes_on();
    scene.owner = NOBODY;
    assert!(matches!(scene.entry(), Entry::Outcome { applied: true, .. }), "it was our doing");
    scene.goes_on();
    let database = vec!["orders-db".to_owned()];
    assert_eq!(proof(&scene), (database, by_lease(), 127, Some(124)));
    scene.goes_on();
    let (why, wait) = scene.waits();
    assert_eq!(wait, Span::seconds(27), "{why}");
    assert!(why.contains("the last holder's time on orders-db has 27.0 s left"), "{why}");
    scene.now = 126;
    assert_eq!(scene.waits().1, Span::seconds(1));
    scene.now = 127;
    let (bound, source) = scene.bound();
    assert_eq!(bound, Some(Span::seconds(27)), "{source}");
    scene.goes_on();
    let evidence = vec!["nobody holds the lease, epoch 2".to_owned()];
    assert_eq!(scene.entry(), Entry::StepDone { step: Step::Fence, evidence });
}

#[test]
fn databases_of_one_lease_are_proven_together_and_once() {
    let mut scene = Scene::at(100);
    scene.beside("stock-db");
    assert_eq!(scene.sends(), [taken("leases", TAKE)], "one lease is taken once");
    scene.owner = NOBODY;
    let both = vec!["orders-db".to_owned(), "stock-db".to_owned()];
    assert_eq!(proof(&scene).0, both);
    scene.proven("orders-db", FenceProof::StopWriter, 90);
    assert_eq!(proof(&scene).0, both, "the other one lacks its proof");
    scene.proven("stock-db", by_lease(), 90);
    let bounds = scene.writes();
    assert!(matches!(bounds[..], [Entry::LossBound { .. }, Entry::LossBound { .. }]), "{bounds:?}");
}

#[test]
fn a_lease_that_bears_no_renewal_is_a_fence_without_a_last_write() {
    let mut scene = Scene::fenced_by(100, &[lease(), waiver()]);
    (scene.owner, scene.renewed) = (NOBODY, None);
    scene.waived("orders-db", None);
    let database = vec!["orders-db".to_owned()];
    assert_eq!(proof(&scene), (database, by_lease(), 127, None));
}

/// A recovery before this one ended behind its promotion: there is nothing to take and nothing to lose.
#[test]
fn the_new_side_that_writes_by_right_is_fenced_against_by_nobody() {
    let mut scene = Scene::at(100);
    scene.owner = WEST;
    scene.heartbeat = row(WEST, 99);
    scene.seen_otherwise(|question, view| Some(promoted(question, view)));
    let (_, _, holds_from, latest_write) = proof(&scene);
    assert_eq!((holds_from, latest_write), (127, None), "dated by its own clock");
    scene.goes_on();
    scene.now = 127;
    let (bound, source) = scene.bound();
    assert_eq!(bound, Some(Span::default()), "{source}");
    assert!(source.starts_with("already the writer"), "{source}");
}

#[test]
fn a_lease_that_is_nobodys_to_take_is_waited_for() {
    for owner in [Some("ap-south-1"), None] {
        let mut scene = Scene::at(100);
        scene.owner = owner.unwrap_or(EAST);
        scene.seen_otherwise(move |_, view| match view {
            View::Lease(_) if owner.is_none() => None,
            view => Some(view),
        });
        let (why, _) = scene.waits();
        let says = if owner.is_some() { "no side of the plan" } else { "was not asked" };
        assert!(why.contains(says) && why.contains("no fence of orders-db is proven yet"), "{why}");
    }
}

/// A lease that cannot be moved could not be given to the new side either, whoever takes the risk.
#[test]
fn a_lease_whose_taking_is_refused_waits_for_a_person_and_is_asked_for_anew() {
    let mut scene = Scene::fenced_by(100, &[lease(), waiver()]);
    scene.goes_on();
    let intent = scene.journal.records.last().unwrap().seq;
    let (kind, code) = (ChangeErrorKind::Refused, "AccessDeniedException".to_owned());
    let reply = Reply::Refused(ChangeError { kind, code: code.into(), message: "no".into() });
    let effect = scene.with(|s, _| s.effect(Step::Fence, "leases", Verb::TakeLease));
    assert_eq!(effect.as_str(), TAKE);
    scene.journal.add(100, Entry::Replied { effect, intent, reply });
    scene.waived("orders-db", None);
    let held = scene.held();
    for says in ["was refused: dynamodb:UpdateItem", "AccessDeniedException", "`leeward resume "] {
        assert!(held.contains(says), "{held}");
    }
    scene.journal.add(100, Entry::Held { step: Step::Fence, reason: held });
    let (reason, time_limit) = ("the right is given".to_owned(), None);
    scene.journal.add(100, Entry::Resumed { reason, time_limit });
    assert!(matches!(scene.sends()[..], [Change::MoveLease { .. }]));
}
