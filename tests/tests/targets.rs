//! Plans of one workload that move to different Regions: each is weighed by the side that it moves to.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail their test")]

use leeward_core::ids::{PlanId, Side};
use leeward_core::plan::Plan;
use leeward_core::time::Span;
use leeward_core::world::Question;
use leeward_ports::fake::{RegionState, Sent};
use leeward_tests::rig::{Rig, example};
use serde_json::{Value, json};

const OTHER: &str = "ap-southeast-1";

/// The example, and a plan of that name that moves the same workload to another Region. Their voters are the same.
fn two_targets(name: &str, kind: &str, severity: &str) -> (Plan, Plan) {
    let mut own = serde_json::to_value(example("catalog")).unwrap();
    own["policy"]["approval"]["for"] = json!("none");
    // Nobody writes a heartbeat where the application is down.
    own["databases"][0]["max-loss"] = json!("20m");
    let text = own.to_string();
    let mut other: Value = serde_json::from_str(&text.replace("eu-west-1", OTHER)).unwrap();
    other["plan"] = json!(name);
    other["responds-to"] = json!([{"kind": kind, "min-severity": severity}]);
    other["detection"] = own["detection"].clone();
    (serde_json::from_value(own).unwrap(), serde_json::from_value(other).unwrap())
}

/// The other target is gone, then the primary.
fn left_with_the_first(other: &Plan, main: Plan) -> Rig {
    let rig = Rig::new(main);
    rig.put_plan(other);
    rig.live(Span::minutes(5));
    rig.world.set_region(&OTHER.into(), RegionState::Dead);
    rig.live(Span::minutes(5));
    // It answers, so that its fences can be proven.
    rig.world.set_application(Side::Primary, false);
    rig.live(Span::minutes(30));
    rig
}

fn assert_moved_by(rig: &Rig, plan: &PlanId) {
    let by = rig.book(1).map(|book| book.state.decision.plan.clone());
    assert_eq!(by.as_ref(), Some(plan), "{}", rig.told());
    assert_eq!(rig.world.served_by(), Some(Side::Standby), "{}", rig.told());
}

#[test]
fn a_plan_is_carried_out_though_the_target_of_the_plan_before_it_is_dead() {
    let (main, other) = two_targets("a-first", "zone-outage", "low");
    let name = main.plan.clone();
    assert_moved_by(&left_with_the_first(&other, main), &name);
}

#[test]
fn a_plan_whose_target_cannot_take_it_gives_way_to_one_whose_target_can() {
    // The other one answers more narrowly, so that it would be carried out if its target lived.
    let (main, other) = two_targets("z-last", "region-outage", "critical");
    let name = main.plan.clone();
    assert_moved_by(&left_with_the_first(&other, main), &name);
}

#[test]
fn plans_that_move_to_one_side_cost_one_look_at_it() {
    let (main, other) = two_targets("z-last", "region-outage", "critical");
    let mut same: Value = serde_json::to_value(&main).unwrap();
    same["plan"] = json!("same");
    let same: Plan = serde_json::from_value(same).unwrap();
    let looks = |more: &[&Plan]| {
        let rig = Rig::new(main.clone());
        more.iter().for_each(|plan| rig.put_plan(plan));
        // The first sweep looks at more than the later ones do.
        rig.live(Span::minutes(5));
        let before = rig.world.calls().len();
        rig.live(Span::minutes(5));
        let calls = rig.world.calls();
        calls
            .iter()
            .skip(before)
            .filter(|called| matches!(&called.call, Sent::Look(Question::Global { .. })))
            .count()
    };
    let alone = looks(&[]);
    assert_eq!(looks(&[&same]), alone);
    assert!(looks(&[&other]) > alone);
}
