//! What has to hold before the first fence is touched: fit engines, a loss that can be told and is
//! allowed, a yes, and evidence of this moment.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "anything else than what is asked for is wrong here"
)]

use serde_json::json;

use super::*;
use crate::audit::example::Journal;
use crate::evidence::Vote;
use crate::journal::{Bearing, TurnBackReason};
use crate::steps::scene::{EAST, Scene, WEST, every_side, row, taken};
use crate::world::{RdsView, View};

const TAKE: &str = "orders/1/fence/leases/take-lease";

/// What the service says of that replica, instead.
fn instance(scene: &mut Scene, name: &'static str, change: impl Fn(&mut RdsView) + 'static) {
    scene.seen_otherwise(move |question, view| match (question, view) {
        (Question::Rds { instance, .. }, View::Rds(Some(mut rds))) if instance == name => {
            change(&mut rds);
            Some(View::Rds(Some(rds)))
        }
        (_, view) => Some(view),
    });
}

fn takes(scene: &Scene) -> bool {
    scene.sends() == [taken("leases", TAKE)]
}

#[test]
fn nothing_is_fenced_while_one_of_the_databases_is_not_fit() {
    let two = || {
        let mut scene = Scene::at(100);
        scene.beside("stock-db");
        scene
    };
    assert!(takes(&two()));
    let mut busy = two();
    instance(&mut busy, "stock-db-west", |rds| rds.status = "backing-up".into());
    let (why, _) = busy.waits();
    assert!(why.starts_with("stock-db: ") && why.contains("is backing-up"), "{why}");
    let mut unseen = two();
    unseen.seen_otherwise(|question, view| {
        let gone =
            matches!(question, Question::Rds { instance, .. } if instance == "stock-db-west");
        (!gone).then_some(view)
    });
    let (why, _) = unseen.waits();
    assert!(why.starts_with("stock-db: ") && why.contains("was not asked"), "{why}");
    let mut wrong = two();
    instance(&mut wrong, "stock-db-west", |rds| rds.replica_source = Some("another".into()));
    let reason = wrong.held();
    assert!(reason.contains("stock-db: ") && reason.contains("another's data"), "{reason}");
}

#[test]
fn what_will_not_come_is_no_question_to_a_person() {
    let mut scene = Scene::at(100);
    scene.beside("stock-db");
    scene.heartbeat = row(WEST, 97);
    assert!(scene.held().contains("what would be lost of orders-db is unknown"));
    instance(&mut scene, "stock-db-west", |rds| rds.replica_source = Some("another".into()));
    let reason = scene.held();
    assert!(reason.contains("another's data") && !reason.contains("would be lost"), "{reason}");
}

#[test]
fn a_replica_without_a_heartbeat_row_waits_for_a_person_and_turns_back_to_a_side_that_is_well() {
    let mut scene = Scene::at(100);
    scene.heartbeat = None;
    let held = scene.held();
    assert!(held.contains("the lag of orders-db is unknown"), "{held}");
    assert!(held.contains("`leeward resume orders --reason …`; or take the risk"), "{held}");
    scene.says = Some(Vote::Healthy);
    let (reason, detail) = scene.turns_back();
    assert_eq!(reason, TurnBackReason::StepFailed);
    assert!(detail.contains("fence: the lag of orders-db is unknown"), "{detail}");
}

#[test]
fn what_is_tried_anew_by_a_person_has_its_patience_anew() {
    let mut scene = Scene { heartbeat: row(WEST, 97), ..Scene::at(100) };
    assert!(scene.held().contains("would be lost"));
    scene.journal.add(98, Entry::Held { step: Step::Fence, reason: "a test".to_owned() });
    let (reason, time_limit) = ("caught up".to_owned(), None);
    scene.journal.add(99, Entry::Resumed { reason, time_limit });
    let (why, _) = scene.waits();
    assert!(why.contains("would be lost"), "{why}");
}

#[test]
fn replication_has_a_sweep_to_catch_up_then_a_person_is_asked() {
    let scene = |now| Scene { heartbeat: row(WEST, now - 3), ..Scene::at(now) };
    let (why, _) = scene(59).waits();
    assert!(why.contains("what would be lost of orders-db is unknown"), "{why}");
    for now in [60, 61] {
        let reason = scene(now).held();
        assert!(reason.contains("then `leeward resume orders"), "{reason}");
    }
    let well = Scene { says: Some(Vote::Healthy), ..scene(100) };
    assert_eq!(assessed_as(&well), Bearing::TurnBack, "nobody is asked about a side that is well");
}

/// What the present evidence is put on record as.
fn assessed_as(scene: &Scene) -> Bearing {
    let next = scene.next();
    assert_eq!((next.sends.len(), next.evidence_items.len()), (0, 1), "{next:?}");
    match next.records.as_slice() {
        [Entry::Assessed { verdict, .. }] => *verdict,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_fence_rests_on_evidence_of_this_moment() {
    // Assessed a second before second 100.
    let later = |now| {
        let mut scene = Scene::at(100);
        scene.now = now;
        scene
    };
    assert!(takes(&later(159)));
    assert_eq!(assessed_as(&later(160)), Bearing::Go, "it is a minute old");
    let mut silent = Scene { says: None, ..Scene::at(100) };
    assert_eq!(assessed_as(&silent), Bearing::Unsure, "the one on record says otherwise");
    silent.goes_on();
    let (why, _) = silent.waits();
    assert!(why.contains("0 of 3 voters say us-east-1 is down"), "{why}");
    let mut ill = Scene { standby_well: false, ..Scene::at(100) };
    assert_eq!(assessed_as(&ill), Bearing::Unsure);
    ill.goes_on();
    let (why, _) = ill.waits();
    assert!(why.contains("us-west-2 cannot take it"), "{why}");
    let mut well = Scene { says: Some(Vote::Healthy), ..Scene::at(100) };
    assert_eq!(assessed_as(&well), Bearing::TurnBack);
    well.goes_on();
    assert_eq!(well.turns_back().0, TurnBackReason::PrimaryHealthy);
}

/// The plan that asks people first, and gives them that long.
fn asking(now: u64, timeout: &str) -> Scene {
    let mut scene = Scene::at(now);
    scene.plan["policy"]["approval"]["for"] = json!("one-way");
    scene.plan["policy"]["approval"]["timeout"] = json!(timeout);
    scene
}

fn asked(scene: &Scene) -> Option<Span> {
    match scene.entry() {
        Entry::Asked { loss, .. } => loss,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_fence_waits_for_the_yes_of_people_and_looks_again_meanwhile() {
    let mut scene = asking(100, "5m");
    assert_eq!(asked(&scene), None);
    scene.goes_on();
    let (why, wait) = scene.waits();
    assert!(why.contains("question 1 waits for an answer, 5 min 0 s left"), "{why}");
    assert_eq!(wait, Span::seconds(5), "an answer is not long in coming through");
    scene.now = 397;
    assert_eq!(scene.waits().1, Span::seconds(3), "no longer than people have");
    scene.now = 101;
    scene.says = Some(Vote::Healthy);
    assert_eq!(assessed_as(&scene), Bearing::TurnBack, "a side that is well again asks nobody");
    scene.says = Some(Vote::Unhealthy);
    let (answer, reason) = (crate::journal::Answer::Approved, "go".to_owned());
    scene.journal.add(101, Entry::Answered { number: 1, answer, reason });
    assert!(takes(&scene));
}

/// Renewed at 98, so the last write may be at 124.
#[test]
fn a_loss_over_the_limit_is_shown_to_people_before_the_fence() {
    let behind = |heartbeat| Scene { heartbeat: row(EAST, heartbeat), ..Scene::at(100) };
    assert!(takes(&behind(64)), "a minute, as the plan allows");
    let shown = Span::seconds(61).plus(Span::minutes(10));
    assert_eq!(asked(&behind(63)), Some(shown), "and what it grows by while they read");
}

#[test]
fn where_every_side_writes_there_is_nothing_to_fence() {
    let mut scene = Scene::at(100);
    scene.plan["databases"] = json!([every_side()]);
    scene.journal = Journal::opened(1, 0);
    let (bound, source) = scene.bound();
    assert!(bound.is_none() && source.starts_with("every side writes"), "{bound:?}: {source}");
    scene.goes_on();
    assert!(scene.done());
    let mut beside = Scene::at(100);
    beside.plan["databases"].as_array_mut().unwrap().push(every_side());
    assert!(takes(&beside), "the other one has a writer");
    beside.proven("orders-db", crate::steps::scene::by_lease(), 90);
    beside.owner = crate::table::NOBODY;
    assert_eq!(beside.bound().0, Some(Span::seconds(27)));
    beside.goes_on();
    assert!(beside.done(), "nothing is said of what nobody fences");
}
