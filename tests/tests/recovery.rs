//! Whole recoveries over fakes: what must come out in the world and in the journal.
#![expect(clippy::wildcard_enum_match_arm, reason = "a test looks for one kind of entry among all")]

use leeward_asl::End;
use leeward_core::ids::Side;
use leeward_core::journal::{End as Ended, Entry};
use leeward_core::plan::{ApprovalFor, Database, OnTimeout};
use leeward_core::time::Span;
use leeward_ports::fake::{Fate, RegionState};
use leeward_tests::rig::{Rig, example};
use serde_json::json;

const PRIMARY: &str = "us-east-1";
const STANDBY: &str = "us-west-2";

fn orders_with(approval: ApprovalFor, on_timeout: OnTimeout) -> Rig {
    let mut plan = example("orders");
    plan.policy.approval.wanted_for = approval;
    plan.policy.approval.on_timeout = on_timeout;
    let rig = Rig::new(plan);
    assert!(rig.live(Span::minutes(5)).is_empty(), "nothing is started on a good day");
    rig
}

fn orders() -> Rig {
    orders_with(ApprovalFor::None, OnTimeout::Hold)
}

fn told(rig: &Rig) -> String {
    format!("{:#?}\n{:#?}", rig.story(1), rig.invocations())
}

fn ended(rig: &Rig, generation: u64) -> Option<Ended> {
    rig.book(generation).and_then(|b| b.state.end.as_ref().map(|e| e.end))
}

fn promotions(rig: &Rig) -> usize {
    rig.world.happenings().iter().filter(|h| format!("{h:?}").contains("Promoted")).count()
}

fn assert_recovered(rig: &Rig) {
    assert_eq!(ended(rig, 1), Some(Ended::Recovered), "{}", told(rig));
    assert_eq!(rig.world.served_by(), Some(Side::Standby), "{}", told(rig));
    assert!(!rig.world.accepts(&"orders-db".into(), Side::Primary), "{}", told(rig));
    assert!(rig.book(2).is_none(), "one generation");
}

fn assert_untouched(rig: &Rig) {
    assert!(rig.world.accepts(&"orders-db".into(), Side::Primary), "{}", told(rig));
    assert!(!rig.world.accepts(&"orders-db".into(), Side::Standby), "{}", told(rig));
}

#[test]
fn a_silent_region_is_left_and_users_are_served_elsewhere() {
    let rig = orders();
    rig.world.set_region(&PRIMARY.into(), RegionState::Dead);
    let ends = rig.live(Span::minutes(30));
    assert_recovered(&rig);
    assert!(matches!(ends.as_slice(), [End::Succeeded(_)]), "{ends:?}");
    let subjects: Vec<String> =
        rig.publisher.delivered().iter().map(|d| format!("{d:?}")).collect();
    assert!(subjects.iter().any(|s| s.contains("recovered")), "{subjects:#?}");
}

#[test]
fn a_hanging_region_is_left_like_a_silent_one() {
    let rig = orders();
    rig.world.set_region(&PRIMARY.into(), RegionState::Hanging);
    rig.live(Span::minutes(30));
    assert_recovered(&rig);
}

#[test]
fn a_partition_promotes_nothing_before_the_lease_is_taken_and_its_time_is_over() {
    let rig = orders();
    rig.world.set_region(&PRIMARY.into(), RegionState::Partitioned);
    rig.live(Span::minutes(30));
    assert_recovered(&rig);
    let book = rig.book(1).unwrap();
    let fenced = book.records.iter().find_map(|r| match &r.entry {
        Entry::Fenced { holds_from, .. } => Some(*holds_from),
        _ => None,
    });
    let promoted = book.records.iter().find_map(|r| match &r.entry {
        Entry::Intent { change, .. } if change.to_string().starts_with("promote") => Some(r.at),
        _ => None,
    });
    assert!(promoted.unwrap() >= fenced.unwrap(), "{}", told(&rig));
}

#[test]
fn a_healthy_primary_is_left_alone() {
    let rig = orders();
    assert!(rig.live(Span::minutes(60)).is_empty());
    assert!(rig.book(1).is_none());
    assert_untouched(&rig);
}

#[test]
fn one_blind_voter_is_no_quorum() {
    let rig = orders();
    let alarm = leeward_core::world::AlarmState::Alarm;
    rig.world.set_alarm(&STANDBY.into(), "orders-canary-west", alarm);
    assert!(rig.live(Span::minutes(30)).is_empty());
    assert!(rig.book(1).is_none());
}

#[test]
fn every_function_invoked_twice_ends_the_same_way() {
    let rig = orders();
    rig.invoke_twice();
    rig.world.set_region(&PRIMARY.into(), RegionState::Dead);
    rig.live(Span::minutes(30));
    assert_recovered(&rig);
    assert_eq!(promotions(&rig), 1, "{:#?}", rig.world.happenings());
}

#[test]
fn a_lost_answer_of_any_change_is_probed_and_nothing_is_done_twice() {
    for operation in [
        "dynamodb:UpdateItem",
        "rds:PromoteReadReplica",
        "autoscaling:UpdateAutoScalingGroup",
        "ec2:StartInstances",
        "cloudwatch:PutMetricData",
    ] {
        for fate in [Fate::LostBefore, Fate::LostAfter] {
            let rig = orders();
            let name = format!("{operation} {fate:?}");
            rig.world.fail_next(move |call| call.changes(operation), fate);
            rig.world.set_region(&PRIMARY.into(), RegionState::Dead);
            rig.live(Span::minutes(60));
            assert_eq!(ended(&rig, 1), Some(Ended::Recovered), "{name}\n{}", told(&rig));
            assert_eq!(rig.world.served_by(), Some(Side::Standby), "{name}");
            assert_eq!(promotions(&rig), 1, "{name}");
        }
    }
}

#[test]
fn a_refused_promotion_is_held_and_traffic_stays() {
    let rig = orders();
    let code = "InvalidDBInstanceState";
    for _ in 0..20 {
        rig.world.fail_next(
            |call| call.changes("rds:PromoteReadReplica"),
            Fate::Refused(code.to_owned()),
        );
    }
    rig.world.set_region(&PRIMARY.into(), RegionState::Dead);
    rig.live(Span::minutes(10));
    let book = rig.book(1).unwrap();
    let halt = book.state.halt.as_ref().unwrap_or_else(|| panic!("{}", told(&rig)));
    assert!(halt.reason.contains(code), "{}", halt.reason);
    assert!(rig.world.served_by() != Some(Side::Standby));
    let moved = |e: &Entry| matches!(e, Entry::Intent { change, .. } if change.to_string().starts_with("put "));
    assert!(!book.records.iter().any(|r| moved(&r.entry)), "{}", told(&rig));
}

#[test]
fn a_refused_scaling_passes_no_door_and_everything_is_given_back() {
    let rig = orders();
    for _ in 0..20 {
        rig.world.fail_next(
            |call| call.changes("autoscaling:UpdateAutoScalingGroup"),
            Fate::Refused("ValidationError".to_owned()),
        );
    }
    rig.world.set_region(&PRIMARY.into(), RegionState::Partitioned);
    rig.live(Span::minutes(10));
    let book = rig.book(1).unwrap();
    assert!(!book.state.committed(), "{}", told(&rig));
    assert_eq!(promotions(&rig), 0);
    // The primary is not seen well: the lease is not given back by itself, a person is asked.
    assert!(book.state.halt.is_some(), "{}", told(&rig));
    rig.world.set_region(&PRIMARY.into(), RegionState::Well);
}

#[test]
fn people_who_say_no_turn_it_back_before_anything_is_touched() {
    let rig = orders_with(ApprovalFor::OneWay, OnTimeout::Decline);
    rig.world.set_region(&PRIMARY.into(), RegionState::Unseen);
    rig.live(Span::minutes(40));
    assert_eq!(ended(&rig, 1), Some(Ended::RolledBack), "{}", told(&rig));
    assert_eq!(promotions(&rig), 0);
    assert_untouched(&rig);
}

#[test]
fn silence_holds_or_proceeds_as_the_plan_says() {
    let rig = orders_with(ApprovalFor::OneWay, OnTimeout::Hold);
    rig.world.set_region(&PRIMARY.into(), RegionState::Dead);
    rig.live(Span::minutes(25));
    assert!(rig.book(1).unwrap().state.halt.is_some(), "{}", told(&rig));
    assert_eq!(promotions(&rig), 0);

    let rig = orders_with(ApprovalFor::OneWay, OnTimeout::Proceed);
    rig.world.set_region(&PRIMARY.into(), RegionState::Dead);
    rig.live(Span::minutes(40));
    assert_recovered(&rig);
}

#[test]
fn a_broken_replication_link_is_more_loss_than_the_plan_allows() {
    let rig = orders();
    rig.world.break_replication(&"orders-db".into(), true);
    rig.live(Span::minutes(10));
    rig.world.set_region(&PRIMARY.into(), RegionState::Unseen);
    rig.live(Span::minutes(20));
    let book = rig.book(1).unwrap();
    let asked = book.state.questions.first().unwrap_or_else(|| panic!("{}", told(&rig)));
    assert!(asked.loss.unwrap() > Span::seconds(60), "{asked:?}");
    assert_eq!(promotions(&rig), 0);
    assert_untouched(&rig);
}

#[test]
fn a_primary_that_is_well_again_before_the_commit_gets_its_lease_back() {
    let rig = orders_with(ApprovalFor::OneWay, OnTimeout::Hold);
    rig.world.set_region(&PRIMARY.into(), RegionState::Unseen);
    rig.heal_after(Span::minutes(9), PRIMARY);
    rig.live(Span::minutes(60));
    assert_eq!(ended(&rig, 1), Some(Ended::RolledBack), "{}", told(&rig));
    assert_eq!(promotions(&rig), 0);
    assert_untouched(&rig);
}

#[test]
fn two_triggers_at_once_open_one_generation() {
    let rig = orders();
    rig.world.set_region(&PRIMARY.into(), RegionState::Dead);
    rig.clock.advance(Span::minutes(4));
    let alarm = json!({"alarmData": {"alarmName": "orders-canary-eu"}, "region": "eu-west-1"});
    let _ = rig.call(&alarm);
    rig.live(Span::minutes(30));
    let _ = rig.call(&alarm);
    assert_recovered(&rig);
}

#[test]
fn the_table_away_means_no_effect() {
    let rig = orders();
    rig.world.set_region(&PRIMARY.into(), RegionState::Partitioned);
    rig.table.set_away(true);
    rig.live(Span::minutes(10));
    rig.table.set_away(false);
    assert!(rig.book(1).is_none());
    assert_eq!(promotions(&rig), 0);
}

#[test]
fn nobody_to_tell_does_not_stop_a_recovery_and_nothing_is_forgotten() {
    let rig = orders();
    rig.publisher.set_down(true);
    rig.world.set_region(&PRIMARY.into(), RegionState::Dead);
    rig.live(Span::minutes(30));
    assert_recovered(&rig);
    assert!(rig.publisher.delivered().is_empty());
    rig.publisher.set_down(false);
    rig.live(Span::minutes(2));
    let told: Vec<String> = rig.publisher.delivered().iter().map(|d| format!("{d:?}")).collect();
    assert!(told.iter().any(|t| t.contains("recovered")), "{told:#?}");
}

#[test]
fn a_start_within_the_cool_down_is_a_refusal_with_the_time_left() {
    let rig = orders();
    rig.world.set_region(&PRIMARY.into(), RegionState::Dead);
    rig.live(Span::minutes(15));
    assert_recovered(&rig);
    let start = json!({
        "leeward": "start", "workload": "orders", "plan": "orders-region", "mode": "recover",
        "direction": "to-primary", "reason": "home", "operator": "arn:aws:sts::1:assumed-role/a/b",
    });
    let answer = rig.call(&start).unwrap();
    assert_eq!(answer["status"], "refused", "{answer}");
    assert!(answer["reason"].as_str().unwrap().contains("left"), "{answer}");
}

#[test]
fn two_databases_move_together_or_not_at_all() {
    let mut plan = example("orders");
    plan.policy.approval.wanted_for = ApprovalFor::None;
    let mut second = plan.databases[0].clone();
    if let Database::RdsReplica(d) = &mut second {
        d.id = "ledger-db".into();
        d.instance.primary = "ledger-db".into();
        d.instance.standby = "ledger-db-west".into();
        for side in [&mut d.probe.side.primary, &mut d.probe.side.standby] {
            side.host = format!("ledger-{}", side.host).into();
        }
    }
    plan.databases.push(second);
    let rig = Rig::new(plan);
    rig.live(Span::minutes(5));
    rig.world.set_backing_up(&"ledger-db".into(), Side::Standby, true);
    rig.world.set_region(&PRIMARY.into(), RegionState::Dead);
    rig.live(Span::minutes(40));
    assert_eq!(promotions(&rig), 0, "{}", told(&rig));
    assert_ne!(ended(&rig, 1), Some(Ended::Recovered));
}

#[test]
fn a_recovery_that_nobody_can_work_on_is_held_and_told_when_its_time_is_over() {
    let rig = orders();
    rig.executions.set_away(true);
    rig.world.set_region(&PRIMARY.into(), RegionState::Dead);
    rig.live(Span::minutes(60));
    let book = rig.book(1).unwrap_or_else(|| panic!("{}", told(&rig)));
    let halt = book.state.halt.as_ref().unwrap_or_else(|| panic!("{}", told(&rig)));
    assert!(halt.reason.contains("nobody has worked on it"), "{}", halt.reason);
    let told: Vec<String> = rig.publisher.delivered().iter().map(|d| format!("{d:?}")).collect();
    assert!(told.iter().any(|t| t.contains("held at step")), "{told:#?}");
    assert_nothing_promoted(&rig);
}

fn assert_nothing_promoted(rig: &Rig) {
    assert_eq!(promotions(rig), 0, "{}", told(rig));
    assert!(!rig.world.accepts(&"orders-db".into(), Side::Standby), "{}", told(rig));
}
