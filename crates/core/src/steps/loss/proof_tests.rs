//! What each proof makes of the loss, where a clock is found out, and which loss counts.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "anything else than what is asked for is wrong here"
)]

use serde_json::json;

use super::*;
use crate::audit::example::at;
use crate::evidence::Vote;
use crate::steps::scene::{
    EAST, Scene, WEST, aurora, by_lease, every_side, lease, promoted, row, stop, waiver,
};
use crate::table::NOBODY;
use crate::world::{Question, SqlView, View};

const MINUTE: Span = Span::minutes(1);
const MORE: Span = Span::millis(60_001);

/// The bound of the first database, by a proof that is on record.
fn by(proof: FenceProof, scene: &mut Scene) -> (Option<Span>, String) {
    scene.proven("orders-db", proof, 100);
    match scene.of(bound) {
        Entry::LossBound { bound, source, .. } => (bound, source),
        _ => panic!("no bound"),
    }
}

/// The row was written at 97. The lease let writes through until 124; stopped writers were seen at 100,
/// within the second that `Date` hides.
#[test]
fn each_proof_dates_the_last_write_in_its_own_way() {
    for (proof, lost) in [
        (by_lease(), Some(27)),
        (FenceProof::StopWriter, Some(4)),
        (FenceProof::Isolate, Some(4)),
        (FenceProof::Switchover, Some(0)),
        (FenceProof::NotNeeded, None),
    ] {
        let (bound, source) = by(proof.clone(), &mut Scene::at(100));
        assert_eq!(bound, lost.map(Span::seconds), "{proof:?}: {source}");
        assert_eq!(bound.is_none(), source.contains("is not known by its clock"), "{source}");
    }
    let none = Scene::at(100).of(bound);
    let Entry::LossBound { bound: None, source, .. } = none else { panic!("{none:?}") };
    assert!(source.contains("no fence, so no last possible write"), "{source}");
}

#[test]
fn a_bound_says_what_it_rests_on() {
    let (_, source) = by(by_lease(), &mut Scene::at(100));
    let says = format!("last possible write {} − replicated heartbeat {}", at(124), at(97));
    assert_eq!(source, says);
    let mut unseen = Scene::at(100);
    unseen.seen_otherwise(|_, view| (!matches!(view, View::Rds(_))).then_some(view));
    let (bound, source) = by(by_lease(), &mut unseen);
    assert!(bound.is_none() && source.contains("was not asked"), "{source}");
    let mut rowless = Scene { heartbeat: None, ..Scene::at(100) };
    let (bound, source) = by(by_lease(), &mut rowless);
    assert_eq!((bound, source.as_str()), (None, "the replica has no heartbeat row"));
}

/// A clock may be ahead of the lease that it renewed by no more than lies between two looks.
#[test]
fn a_row_later_than_the_last_write_is_no_number() {
    let written = |seconds| Scene { heartbeat: row(EAST, seconds), ..Scene::at(100) };
    let (bound, source) = by(by_lease(), &mut written(124));
    assert_eq!(bound, Some(Span::default()), "{source}");
    assert!(source.starts_with("last possible write"), "{source}");
    let (bound, source) = by(by_lease(), &mut written(125));
    assert!(bound.is_none() && source.contains("clock was set"), "{bound:?}: {source}");
    assert_eq!(written(124).of(estimate), Some(Span::default()));
    assert_eq!(written(125).of(estimate), None);
    assert!(matches!(written(124).of(outlook), Outlook::Fair));
    for (seconds, asks) in [(125, true), (184, true), (185, false)] {
        let outlook = written(seconds).of(outlook);
        assert_eq!(matches!(outlook, Outlook::Ask(_)), asks, "{seconds}");
        assert_eq!(matches!(outlook, Outlook::Unknown(_)), !asks, "{seconds}");
    }
}

#[test]
fn nothing_is_asked_of_what_a_person_waived_or_every_side_writes() {
    let theirs = || Scene { heartbeat: row(WEST, 97), ..Scene::at(100) };
    let fair = |scene: &Scene| matches!(scene.of(outlook), Outlook::Fair);
    assert!(!fair(&theirs()));
    let mut waived = theirs();
    waived.waived("orders-db", None);
    assert!(fair(&waived));
    let mut carts = theirs();
    carts.plan["databases"] = json!([every_side()]);
    carts.seen_otherwise(|_, _| None);
    assert!(fair(&carts));
}

#[test]
fn nothing_is_asked_anew_behind_a_proven_fence_whose_loss_is_on_record() {
    let fair = |fenced: bool, bound: Option<Span>| {
        let mut scene = Scene { heartbeat: row(WEST, 97), ..Scene::at(100) };
        if fenced {
            scene.proven("orders-db", by_lease(), 100);
        }
        scene.loses("orders-db", bound);
        matches!(scene.of(outlook), Outlook::Fair)
    };
    let known = Some(Span::seconds(16));
    assert!(fair(true, known));
    assert!(!fair(true, None) && !fair(false, known) && !fair(false, None));
}

/// Until the lease is seen, nobody knows whose the row's last words are.
#[test]
fn whose_writes_went_where_is_told_by_the_lease_or_not_at_all() {
    let scene = |owner, lease_seen: bool| {
        let mut scene = Scene { owner, heartbeat: row(WEST, 99), ..Scene::at(100) };
        scene.seen_otherwise(move |question, view| match promoted(question, view) {
            View::Lease(_) if !lease_seen => None,
            view => Some(view),
        });
        scene
    };
    let fair = |scene: &Scene| matches!(scene.of(outlook), Outlook::Fair);
    assert!(!fair(&scene(EAST, true)) && fair(&scene(NOBODY, true)));
    let unseen = scene(EAST, false);
    assert!(fair(&unseen), "it is not known, and may be told yet");
    let Entry::LossBound { bound, source, .. } = unseen.of(bound) else { panic!() };
    assert!(bound.is_none() && source.contains("whose the lease is"), "{source}");
}

#[test]
fn a_loss_counts_that_is_over_the_limit_and_the_greatest_of_them() {
    let foreseen_of = |first: u64, second: u64| {
        let mut scene = Scene { heartbeat: row(EAST, 124 - first), ..Scene::at(100) };
        scene.beside("stock-db");
        let late = row(EAST, 124 - second);
        scene.seen_otherwise(move |question, view| match (question, view) {
            (Question::Sql { host, .. }, View::Sql(sql)) if host.starts_with("stock-db") => {
                Some(View::Sql(SqlView { heartbeat: late.clone(), ..sql }))
            }
            (_, view) => Some(view),
        });
        scene.with(foreseen)
    };
    let seconds = |s| Some(Span::seconds(s));
    assert_eq!(foreseen_of(60, 27), None, "as much as the plan allows");
    assert_eq!(foreseen_of(61, 27), seconds(61));
    assert_eq!(foreseen_of(61, 90), seconds(90));
    assert_eq!(foreseen_of(90, 61), seconds(90));
    let by_hand = Scene::fenced_by(100, &[stop()]);
    assert_eq!(by_hand.with(foreseen), None, "nobody knows when the writers will have stopped");
}

#[test]
fn a_recorded_loss_counts_beyond_what_a_waiver_was_shown() {
    let over = |first: Option<Span>, second: Option<Span>, shown: Option<Option<Span>>| {
        let mut scene = Scene::fenced_by(100, &[lease(), waiver()]);
        scene.beside("stock-db");
        scene.loses("orders-db", first);
        scene.loses("stock-db", second);
        if let Some(shown) = shown {
            scene.waived("orders-db", shown);
        }
        scene.with(|situation, _| excess(situation))
    };
    let greater = MORE.plus(Span::millis(1));
    assert_eq!(over(Some(MINUTE), None, None), None);
    assert_eq!(over(Some(MORE), Some(MINUTE), None), Some(MORE));
    assert_eq!(over(Some(MORE), Some(greater), None), Some(greater));
    assert_eq!(over(Some(greater), Some(MORE), None), Some(greater));
    assert_eq!(over(Some(greater), None, Some(None)), None, "whatever it is");
    assert_eq!(over(Some(greater), None, Some(Some(MORE))), Some(greater));
    for shown in [greater, greater.plus(MINUTE)] {
        assert_eq!(over(Some(greater), None, Some(Some(shown))), None, "{shown}");
    }
}

#[test]
fn a_side_that_the_service_switched_over_to_has_everything() {
    let outlook_of = |says| {
        let mut scene = Scene { says: Some(says), ..Scene::at(100).ordered() };
        scene.plan["databases"] = json!([aurora(&[waiver()], true)]);
        scene.heartbeat = row(WEST, 99);
        scene.seen_otherwise(|question, view| Some(promoted(question, view)));
        scene.of(outlook)
    };
    assert!(matches!(outlook_of(Vote::Healthy), Outlook::Fair));
    assert!(matches!(outlook_of(Vote::Unhealthy), Outlook::Ask(_)));
}
