//! When the proofs stand, what their bounds lead to, and what an attempt beside them may hold up.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "anything else than what is asked for is wrong here"
)]

use serde_json::json;

use super::*;
use crate::evidence::Vote;
use crate::journal::{Answer, TurnBackReason};
use crate::steps::scene::{Scene, by_lease, every_side, isolate, lease, stop, waiver, writers};
use crate::table::NOBODY;
use crate::world::{Change, View};

const MINUTE: Span = Span::minutes(1);

/// Both leases are nobody's; the proof of the first database holds, that of the second from second 110 on.
fn two_leases() -> Scene {
    let mut scene = Scene::at(100);
    scene.beside("stock-db")["fences"][0]["table"] = json!("stock-leases");
    scene.owner = NOBODY;
    scene.proven("orders-db", by_lease(), 100);
    scene.proven("stock-db", by_lease(), 110);
    scene
}

#[test]
fn a_loss_is_told_as_soon_as_its_own_proof_holds() {
    let mut scene = two_leases();
    let told = |scene: &Scene| match scene.entry() {
        Entry::LossBound { database, bound, .. } => (database.to_string(), bound),
        other => panic!("{other:?}"),
    };
    let bound = Some(Span::seconds(27));
    assert_eq!(told(&scene), ("orders-db".to_owned(), bound), "to the instant");
    scene.goes_on();
    let (why, wait) = scene.waits();
    assert_eq!(wait, Span::seconds(10));
    assert!(why.contains("stock-db has 10.0 s left") && !why.contains("orders-db"), "{why}");
    scene.now = 110;
    assert_eq!(told(&scene), ("stock-db".to_owned(), bound));
    scene.goes_on();
    assert!(scene.done());
}

/// Nobody is asked, and nothing turns back, on half of what is to be known.
#[test]
fn a_loss_is_judged_when_all_proofs_hold() {
    for bound in [None, Some(MINUTE.plus(Span::millis(1)))] {
        let mut scene = two_leases();
        scene.loses("orders-db", bound);
        assert!(scene.waits().0.contains("stock-db has 10.0 s left"), "{bound:?}");
    }
}

#[test]
fn a_loss_that_nobody_knows_is_held_unless_it_was_waived_and_asked_for_anew_by_a_resumption() {
    let fences = [lease(), waiver()];
    let scene = |bound| {
        let mut scene = Scene::fenced_by(100, &fences);
        scene.plan["databases"].as_array_mut().unwrap().push(every_side());
        scene.owner = NOBODY;
        scene.proven("orders-db", by_lease(), 90);
        scene.loses("orders-db", bound);
        scene
    };
    let held = scene(None).held();
    assert!(held.contains("the loss bound of orders-db is unknown: a test"), "{held}");
    assert!(held.contains("`leeward waive orders --database orders-db"), "{held}");
    let mut resumed = scene(None);
    resumed.journal.add(99, Entry::Held { step: Step::Fence, reason: held });
    let (reason, time_limit) = ("it has a heartbeat now".to_owned(), None);
    resumed.journal.add(99, Entry::Resumed { reason, time_limit });
    assert!(resumed.bound().0.is_some(), "it is measured anew");
    assert!(scene(Some(MINUTE)).done());
    let mut waived = scene(None);
    waived.waived("orders-db", None);
    assert!(waived.done());
    let mut carts = scene(Some(MINUTE));
    carts.loses("carts", None);
    assert!(carts.done(), "what every side writes comes back with its side");
}

#[test]
fn a_loss_over_the_limit_waits_for_the_yes_to_it() {
    let over = MINUTE.plus(Span::millis(1));
    let mut scene = Scene::at(100);
    scene.plan["policy"]["approval"]["timeout"] = json!("5m");
    scene.owner = NOBODY;
    scene.proven("orders-db", by_lease(), 90);
    scene.loses("orders-db", Some(over));
    match scene.entry() {
        Entry::Asked { loss, .. } => assert_eq!(loss, Some(over), "it grows no more"),
        other => panic!("{other:?}"),
    }
    scene.goes_on();
    assert_eq!(scene.waits().1, Span::seconds(5));
    scene.now = 397;
    let (why, wait) = scene.waits();
    assert_eq!(wait, Span::seconds(3), "{why}");
    let (answer, reason) = (Answer::Approved, "go".to_owned());
    scene.journal.add(397, Entry::Answered { number: 1, answer, reason });
    assert!(scene.done());
}

/// The old side's group has no instance and cannot launch one.
fn stopped(_: &Question, view: View) -> Option<View> {
    Some(match view {
        View::WriterGroup(_) => writers(0, &["Launch"], 0),
        other => other,
    })
}

/// Nothing is seen of the old side.
fn silent(question: &Question, view: View) -> Option<View> {
    let old = match question {
        Question::WriterGroup { .. }
        | Question::Ingress { .. }
        | Question::DatabaseNetwork { .. } => true,
        Question::Sql { sessions_of, .. } => sessions_of.is_some(),
        _ => false,
    };
    (!old).then_some(view)
}

#[test]
fn a_fence_that_needs_a_silent_side_is_tried_for_a_sweep_then_a_person_is_asked() {
    let scene = |now, fences: &[_]| {
        let mut scene = Scene::fenced_by(now, fences);
        scene.seen_otherwise(silent);
        scene
    };
    let (why, _) = scene(59, &[stop()]).waits();
    assert!(why.contains("no fence of orders-db is proven yet"), "{why}");
    for now in [60, 61] {
        let reason = scene(now, &[stop(), isolate(), waiver()]).held();
        for says in ["`leeward waive orders --database orders-db", "group writers-east", "sg-east"]
        {
            assert!(reason.contains(says), "{says}: {reason}");
        }
        assert!(reason.contains("while its side is silent"), "{reason}");
        let reason = scene(now, &[stop(), isolate()]).held();
        assert!(!reason.contains("leeward waive"), "nobody may take that risk: {reason}");
        assert!(reason.contains("`leeward plan put` one that does, `leeward abandon"), "{reason}");
    }
    let mut by_lease = scene(61, &[lease(), stop()]);
    by_lease.seen_otherwise(|question, view| {
        silent(question, view).filter(|_| !matches!(question, Question::Lease { .. }))
    });
    let (why, _) = by_lease.waits();
    assert!(
        why.contains("no fence of orders-db is proven yet"),
        "a lease needs no old side: {why}"
    );
}

#[test]
fn a_side_that_answers_is_not_called_silent_and_what_is_still_there_is_named() {
    let mut scene = Scene::fenced_by(100, &[stop(), waiver()]);
    scene.goes_on();
    scene.seen_otherwise(|_, view| {
        Some(match view {
            View::WriterGroup(_) => writers(0, &["Launch", "Terminate"], 1),
            other => other,
        })
    });
    assert!(matches!(scene.entry(), Entry::Outcome { applied: true, .. }));
    scene.goes_on();
    scene.now = 159;
    let (why, _) = scene.waits();
    assert!(why.contains("no fence of orders-db is proven yet"), "{why}");
    later(&mut scene);
    let reason = scene.held();
    assert!(!reason.contains("silent"), "{reason}");
    for says in [
        "i-0 (InService) stays while Terminate is suspended",
        "`leeward resume orders",
        "`leeward waive",
    ] {
        assert!(reason.contains(says), "{says}: {reason}");
    }
}

/// A minute after second 100, on evidence of then.
fn later(scene: &mut Scene) {
    scene.now = 160;
    assert!(matches!(scene.entry(), Entry::Assessed { .. }));
    scene.goes_on();
}

/// Connections are drained for minutes before an instance ends, and nobody has to come for that.
#[test]
fn nobody_is_asked_while_the_writers_are_on_their_way_out() {
    let ending = |state: &'static str| {
        let mut scene = Scene::fenced_by(100, &[stop()]);
        scene.goes_on();
        scene.seen_otherwise(move |_, view| {
            Some(match view {
                View::WriterGroup(_) => match writers(0, &["Launch"], 2) {
                    View::WriterGroup(Some(mut group)) => {
                        group.instances.iter_mut().for_each(|i| i.state = state.into());
                        View::WriterGroup(Some(group))
                    }
                    other => other,
                },
                other => other,
            })
        });
        scene.goes_on();
        later(&mut scene);
        scene
    };
    for state in ["Terminating", "Terminating:Proceed"] {
        assert!(ending(state).waits().0.contains("i-1 (Terminating"), "{state}");
    }
    assert!(ending("Terminating:Wait").held().contains("waits for a lifecycle hook"));
}

#[test]
fn what_can_still_be_done_is_done_before_a_person_is_asked() {
    let scene = Scene::fenced_by(100, &[stop()]);
    let [Change::BoundGroup { group, maximum: 0, suspend: true, .. }] = &scene.sends()[..] else {
        panic!("{:?}", scene.next())
    };
    assert_eq!(group, "writers-east");
}

#[test]
fn what_was_done_goes_on_record_before_it_proves_anything() {
    let mut scene = Scene::fenced_by(100, &[stop()]);
    scene.goes_on();
    scene.seen_otherwise(stopped);
    assert!(matches!(scene.entry(), Entry::Outcome { applied: true, .. }));
    scene.goes_on();
    match scene.entry() {
        Entry::Fenced { fence, .. } => assert_eq!(fence, FenceProof::StopWriter),
        other => panic!("{other:?}"),
    }
    scene.goes_on();
    assert_eq!(scene.bound().0, Some(Span::seconds(4)), "seen at 97, and no session at 101");
    scene.goes_on();
    assert!(scene.done());
}

#[test]
fn a_waiver_stands_in_the_place_of_a_proof_and_of_a_bound() {
    let mut scene = Scene::fenced_by(100, &[stop(), waiver()]);
    scene.seen_otherwise(silent);
    scene.waived("orders-db", None);
    let (bound, source) = scene.bound();
    assert!(bound.is_none() && source.contains("no fence"), "{bound:?}: {source}");
    scene.goes_on();
    assert!(scene.done(), "nobody waits for the side that is silent");
}

/// The lease's proof stands; the old side's group still runs.
fn beside_a_proof() -> Scene {
    let mut scene = Scene::fenced_by(100, &[lease(), stop()]);
    scene.owner = NOBODY;
    scene.proven("orders-db", by_lease(), 90);
    scene
}

#[test]
fn an_attempt_beside_a_proof_rests_on_fresh_evidence_or_is_left() {
    let mut scene = beside_a_proof();
    assert!(matches!(scene.sends()[..], [Change::BoundGroup { .. }]));
    scene.now = 160;
    assert!(matches!(scene.entry(), Entry::Assessed { .. }), "it is a minute old");
    scene.now = 100;
    scene.says = Some(Vote::Unknown);
    assert!(matches!(scene.entry(), Entry::Assessed { .. }));
    scene.goes_on();
    assert_eq!(scene.bound().0, Some(Span::seconds(27)), "nobody is sure: nothing more is fenced");
    let mut well = beside_a_proof();
    well.says = Some(Vote::Healthy);
    well.goes_on();
    assert_eq!(well.turns_back().0, TurnBackReason::PrimaryHealthy);
}

#[test]
fn an_attempt_beside_a_proof_holds_nothing_up() {
    let mut scene = beside_a_proof();
    scene.seen_otherwise(silent);
    assert_eq!(scene.bound().0, Some(Span::seconds(27)));
    scene.goes_on();
    assert!(scene.done());
}
