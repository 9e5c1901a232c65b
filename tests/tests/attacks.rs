//! Attacks that once came through: each a world in which something went wrong without anybody's fault.
#![expect(clippy::wildcard_enum_match_arm, reason = "a test looks for one kind of entry among all")]

use leeward_core::ids::{EntryId, Side};
use leeward_core::journal::{End, Entry};
use leeward_core::plan::ApprovalFor;
use leeward_core::time::Span;
use leeward_core::world::Change;
use leeward_ports::fake::{Happened, RegionState, block_on};
use leeward_reconcile::Appended;
use leeward_tests::rig::{Rig, example};
use serde_json::json;

const PRIMARY: &str = "us-east-1";

fn say(rig: &Rig, generation: u64, entry: Entry) {
    assert_eq!(rig.say(generation, entry), Some(Appended::Yes), "{}", rig.told());
}

#[test]
fn home_is_no_home_while_it_holds_another_history() {
    let rig = Rig::well("orders");
    rig.world.set_region(&PRIMARY.into(), RegionState::Dead);
    rig.live(Span::minutes(30));
    assert_eq!(rig.ended(1), Some(End::Recovered), "{}", rig.told());
    rig.world.set_region(&PRIMARY.into(), RegionState::Well);
    say(&rig, 1, Entry::Acknowledged { reason: "seen".to_owned() });
    rig.live(Span::minutes(5));

    // Nobody rebuilt the old primary as a replica: RDS calls it a writer, and it has none of the orders since.
    assert_eq!(rig.order("recover", "to-primary").expect("an answer")["status"], "go");
    rig.live(Span::minutes(5));
    let second = rig.book(2).expect("opened").state;
    assert!(!second.committed(), "{}", rig.told());
    let held = second.halt.as_ref().map(|h| h.reason.clone()).expect("a person is asked");
    assert!(held.contains("written by us-east-1") && held.contains("its replica again"), "{held}");
    assert!(second.fenced.is_empty(), "{}", rig.told());
    assert!(rig.world.accepts(&"orders-db".into(), Side::Standby), "{}", rig.told());
}

#[test]
fn a_lease_given_back_by_hand_stops_the_promotion() {
    let mut plan = example("orders");
    plan.policy.approval.wanted_for = ApprovalFor::None;
    let rig = Rig::new(plan);
    rig.live(Span::minutes(5));
    rig.world.set_habits(|h| h.launch = Span::minutes(6));
    rig.world.set_region(&PRIMARY.into(), RegionState::Partitioned);
    let lease = rig.plan.databases[0].lease().expect("a lease").clone();
    for attempt in 0..40 {
        let taken = rig.book(1).is_some_and(|b| !b.state.fenced.is_empty());
        if taken {
            break;
        }
        assert!(attempt < 39, "{}", rig.told());
        step_once(&rig);
    }
    let epoch =
        match &rig.book(1).expect("open").state.fenced.values().next().expect("fenced").proof {
            leeward_core::journal::FenceProof::WriterLease { epoch } => *epoch,
            other => unreachable!("{other:?}"),
        };
    rig.world
        .by_hand(&Change::MoveLease {
            region: lease.region.clone(),
            table: lease.table.clone(),
            key: leeward_core::table::lease_key(&rig.plan.workload).into(),
            from_owner: "nobody".into(),
            from_epoch: epoch,
            to_owner: PRIMARY.into(),
            effect: String::new().into(),
        })
        .expect("the lease is moved by hand");
    rig.live(Span::minutes(30));
    let promoted =
        rig.world.happenings().iter().any(|h| matches!(h.what, Happened::Promoted { .. }));
    assert!(!promoted, "{}", rig.told());
    let state = rig.book(1).expect("open").state;
    assert!(state.halt.is_some(), "people are needed\n{}", rig.told());
}

/// The detector sweeps and the fence step is asked once, with nothing else running.
fn step_once(rig: &Rig) {
    rig.clock.advance(Span::seconds(20));
    let tick = json!({"source": "aws.events", "detail-type": "Scheduled Event"});
    let _ = rig.call(&tick);
    if rig.book(1).is_some() {
        let desk = &rig.detector.desk;
        let input = json!({"leeward": "step", "schema": 1, "workload": rig.plan.workload,
            "generation": 1, "step": "fence", "executor": "by-hand"});
        let _ = block_on(&rig.clock, leeward_db_failover::handle(desk, &input));
    }
}

#[test]
fn a_receiver_that_answers_is_told_of_a_refusal_once() {
    let rig = Rig::well("orders");
    rig.world.set_region(&PRIMARY.into(), RegionState::Dead);
    rig.live(Span::minutes(20));
    assert_eq!(rig.ended(1), Some(End::Recovered), "{}", rig.told());
    let deaf = rig.plan.notifications.topics[0].0.clone();
    rig.publisher.set_receiver_down(&deaf);
    assert_eq!(rig.order("recover", "to-primary").expect("an answer")["status"], "refused");
    rig.live(Span::minutes(10));
    let refusals = |to: &dyn Fn(&str) -> bool| {
        let all = rig.publisher.delivered();
        all.iter().filter(|d| to(&d.receiver) && d.message.subject.contains("refused")).count()
    };
    assert_eq!(refusals(&|r| r.ends_with(":leeward")), 1, "{:#?}", rig.publisher.delivered());
    rig.publisher.set_down(false);
    rig.live(Span::minutes(2));
    assert_eq!(refusals(&|r| r == deaf), 1, "the deaf one is told when it hears again");
}

#[test]
fn an_end_that_nobody_could_be_told_of_is_told_when_the_next_generation_is_open() {
    let rig = Rig::well("orders");
    rig.publisher.set_down(true);
    rig.world.set_region(&PRIMARY.into(), RegionState::Dead);
    rig.live(Span::minutes(30));
    assert_eq!(rig.ended(1), Some(End::Recovered), "{}", rig.told());
    rig.world.set_region(&PRIMARY.into(), RegionState::Well);
    rig.world.rebuild_replica(&EntryId::from("orders-db"), Side::Primary);
    say(&rig, 1, Entry::Acknowledged { reason: "seen".to_owned() });
    assert_eq!(rig.order("recover", "to-primary").expect("an answer")["status"], "go");
    rig.publisher.set_down(false);
    rig.live(Span::minutes(2));
    let subjects: Vec<String> =
        rig.publisher.delivered().into_iter().map(|d| d.message.subject).collect();
    assert!(subjects.iter().any(|s| s.contains("generation 1: recovered")), "{subjects:#?}");
}

#[test]
fn an_execution_started_by_a_shared_alarm_keeps_no_workload_from_its_own_executor() {
    let rig = Rig::well("orders");
    let mut other = rig.plan.clone();
    other.plan = "ledger-region".into();
    other.workload = "ledger".into();
    rig.put_plan(&other);
    rig.world.set_region(&PRIMARY.into(), RegionState::Dead);
    rig.clock.advance(Span::minutes(4));
    let alarm = json!({"alarmData": {"alarmName": "orders-canary-eu"}, "region": "eu-west-1"});
    let event = json!({"leeward": "detect", "executor": "by-hand", "trigger": alarm});
    rig.call(&event).expect("an answer");
    let started: Vec<String> = rig.executions.started().into_iter().map(|(name, _)| name).collect();
    for workload in ["orders-g1-", "ledger-g1-"] {
        assert!(started.iter().any(|n| n.starts_with(workload)), "{workload}: {started:?}");
    }
}
