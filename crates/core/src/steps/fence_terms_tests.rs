//! What the holders' own terms make of a proof: the larger of item and plan, or nothing.

use super::*;
use crate::audit::example::at;
use crate::steps::scene::{Scene, lease, waiver};
use crate::table::NOBODY;

/// The plan says 15 s, 10 s and 1 s; renewed at 98, seen to be nobody's at 100.
fn fenced(terms: Option<[u64; 3]>) -> Scene {
    let mut scene = Scene { terms, owner: NOBODY, ..Scene::at(100) };
    scene.plan["databases"][0]["max-loss"] = serde_json::json!("5m");
    scene
}

#[test]
fn a_holder_of_a_longer_lease_than_the_plans_is_waited_for_and_its_writes_count_as_lost() {
    let long = fenced(Some([60, 20, 2]));
    let entry = long.entry();
    let Entry::Fenced { holds_from, latest_write, .. } = entry else { panic!("{entry:?}") };
    assert_eq!(holds_from, at(100 + 1 + 82));
    assert_eq!(latest_write, Some(at(98 + 82)));
    // A shorter one is no reason to wait less: another holder may go by the plan.
    let short = fenced(Some([3, 1, 0]));
    let Entry::Fenced { holds_from, latest_write, .. } = short.entry() else { panic!() };
    assert_eq!((holds_from, latest_write), (at(100 + 1 + 26), Some(at(98 + 26))));
}

#[test]
fn before_anything_is_touched_a_person_is_asked_about_holders_that_do_not_say_their_terms() {
    let mut scene = Scene { terms: None, ..Scene::at(500) };
    let held = scene.held();
    assert!(held.contains("does not say for how long its holders may write"), "{held}");
    assert!(held.contains("fence `waiver`"), "{held}");
    scene.plan["databases"][0]["fences"] = serde_json::json!([lease(), waiver()]);
    assert!(scene.held().contains("leeward waive orders --database orders-db"));
}

#[test]
fn with_the_risk_taken_the_lease_is_taken_and_is_no_proof() {
    let mut scene = Scene { terms: None, ..Scene::fenced_by(500, &[lease(), waiver()]) };
    scene.waived("orders-db", None);
    assert_eq!(scene.sends().len(), 1, "it is taken all the same");
    scene.goes_on();
    scene.owner = NOBODY;
    scene.goes_on();
    let proof = scene.writes().into_iter().find(|e| matches!(e, Entry::Fenced { .. }));
    assert_eq!(proof, None);
}
