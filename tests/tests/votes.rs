//! Votes are stored as they come: what a silent Region costs, it costs once and itself alone.

use std::sync::Arc;

use leeward_core::error::StepError;
use leeward_core::plan::Voter;
use leeward_core::time::{Span, Timestamp, since};
use leeward_core::world::{AlarmState, Question};
use leeward_detector::Detector;
use leeward_ports::fake::{Call, FakeTable, Fate, RegionState, block_on};
use leeward_reconcile::Desk;
use leeward_tests::rig::{Rig, example};
use serde_json::json;

const PRIMARY: &str = "us-east-1";

/// Orders, its primary silent, every wait really waited for.
fn silent() -> Rig {
    let rig = Rig::new(example("orders"));
    rig.world.set_region(&PRIMARY.into(), RegionState::Dead);
    rig.clock.drive(true);
    rig
}

fn sweep(rig: &Rig) -> Span {
    let start = rig.clock.now();
    let answer = rig.call(&json!({"source": "aws.events", "detail-type": "Scheduled Event"}));
    assert!(answer.is_ok(), "{answer:?}");
    since(start, rig.clock.now())
}

/// When the first item of that sort key was written.
fn written(rig: &Rig, sk: &str) -> Option<Timestamp> {
    let writes = rig.table.writes();
    writes.iter().find(|w| w.item.key.sk == sk).map(|w| w.at)
}

#[test]
fn a_silent_voter_holds_no_other_voter_back() {
    let rig = silent();
    let start = rig.clock.now();
    sweep(&rig);
    for voter in rig.plan.detection.voters.iter().filter(|v| !v.is_told()) {
        let waited = since(start, written(&rig, &format!("SIG#{}", voter.id())).unwrap());
        if voter.region().as_str() == PRIMARY {
            assert!(waited > Span::default(), "{} was asked and did not answer", voter.id());
        } else {
            assert_eq!(waited, Span::default(), "{} was held back", voter.id());
        }
    }
}

#[test]
fn a_vote_that_cannot_be_stored_loses_no_other_vote() {
    let rig = silent();
    let voters = rig.plan.detection.voters.clone();
    // As often as a sweep tries.
    for _ in 0..3 {
        let hit = format!("SIG#{}", voters[0].id());
        rig.table.fail_next(
            move |call| matches!(call, Call::Put(item, _) if item.key.sk == hit),
            Fate::Throttled,
        );
    }
    let tick = json!({"source": "aws.events", "detail-type": "Scheduled Event"});
    assert!(matches!(rig.call(&tick), Err(StepError::Throttled(_))));
    for voter in voters[1..].iter().filter(|v| !v.is_told()) {
        assert!(written(&rig, &format!("SIG#{}", voter.id())).is_some(), "{} is lost", voter.id());
    }
}

#[test]
fn many_workloads_of_a_silent_region_cost_hardly_more_than_one() {
    let one = sweep(&silent());
    let many = silent();
    many.put_likes(12);
    assert_eq!(sweep(&many), one, "thirteen workloads are looked at side by side");
}

#[test]
fn a_start_of_no_stored_plan_says_what_is_stored_and_how_to_store_one() {
    let start = json!({
        "leeward": "start", "workload": "orders", "plan": "nonesuch", "mode": "drill",
        "direction": "to-standby", "reason": "a try",
    });
    let rig = Rig::new(example("orders"));
    let some = rig.call(&start).unwrap_err().to_string();
    assert!(some.contains("stored are orders-region (workload orders)"), "{some}");
    let empty = Arc::new(FakeTable::new(rig.clock.clone()));
    let desk = Desk { table: empty, ..rig.detector.desk.clone() };
    let detector = Detector { desk, ..rig.detector.clone() };
    let answer = block_on(&rig.clock, leeward_detector::handle(&detector, &start)).unwrap();
    let none = answer.unwrap_err().to_string();
    assert!(none.contains("no plan is stored; `leeward plan put <file>`"), "{none}");
    assert!(rig.book(1).is_none(), "nothing is opened");
}

/// Both canaries have said down for as long as it takes to be believed, and the last look was before that.
fn believed() -> Rig {
    let rig = Rig::well("orders");
    set(&rig, AlarmState::Alarm);
    rig.live(Span::minutes(1));
    assert!(rig.book(1).is_none(), "{}", rig.told());
    rig.stop_schedule();
    rig.clock.advance(Span::minutes(2));
    rig
}

fn set(rig: &Rig, state: AlarmState) {
    for (name, region) in [("orders-canary-west", "us-west-2"), ("orders-canary-eu", "eu-west-1")] {
        rig.world.set_alarm(&region.into(), name, state);
    }
}

#[test]
fn a_read_that_shows_what_was_opens_nothing_and_one_that_shows_what_is_does() {
    let rig = believed();
    set(&rig, AlarmState::Ok);
    let alarm = |call: &Call<'_>| matches!(call, Call::Look(Question::Alarm { .. }));
    let alarms = rig.plan.detection.voters.iter().filter(|v| matches!(v, Voter::Alarm(_)));
    alarms.for_each(|_| rig.world.fail_next(alarm, Fate::Stale));
    sweep(&rig);
    assert!(rig.book(1).is_none(), "{}", rig.told());

    let rig = believed();
    sweep(&rig);
    assert!(rig.book(1).is_some(), "{}", rig.told());
}
