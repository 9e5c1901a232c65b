//! Every invariant holds over whole recoveries, and each checker finds what it is there for.

#![expect(clippy::expect_used, reason = "a test fails by panicking, its helpers too")]

use leeward_core::ids::{EntryId, Side};
use leeward_core::plan::{ApprovalFor, OnTimeout};
use leeward_core::time::{Span, Timestamp, after};
use leeward_core::world::Change;
use leeward_ports::fake::{Call, Fate, Happened, Happening, RegionState, Sent};
use leeward_ports::{Frozen, Put};
use leeward_tests::check::{Evidence, judge};
use leeward_tests::rig::{Rig, example};

const PRIMARY: &str = "us-east-1";

fn rig(name: &str) -> Rig {
    let mut plan = example(name);
    plan.policy.approval.wanted_for = ApprovalFor::None;
    plan.policy.approval.on_timeout = OnTimeout::Hold;
    let rig = Rig::new(plan);
    rig.live(Span::minutes(5));
    rig
}

fn assert_sound(rig: &Rig, case: &str) {
    let violations = judge(&Evidence::of(rig));
    assert!(violations.is_empty(), "{case}: {violations:#?}\n{:#?}", rig.story(1));
}

/// A recovery of orders from a dead Region, to its end and its notices.
fn recovered() -> Evidence {
    let rig = rig("orders");
    rig.world.set_region(&PRIMARY.into(), RegionState::Dead);
    rig.live(Span::minutes(30));
    let evidence = Evidence::of(&rig);
    assert_eq!(judge(&evidence), [], "{:#?}", rig.story(1));
    evidence
}

fn broken(evidence: &Evidence) -> Vec<&'static str> {
    let mut invariants: Vec<&str> = judge(evidence).iter().map(|v| v.invariant).collect();
    invariants.sort_unstable();
    invariants.dedup();
    invariants
}

#[test]
fn every_invariant_holds_however_the_region_fails() {
    for plan in ["orders", "catalog", "sessions"] {
        for state in
            [RegionState::Dead, RegionState::Hanging, RegionState::Partitioned, RegionState::Unseen]
        {
            let rig = rig(plan);
            let primary = rig.plan.regions.primary.clone();
            rig.world.set_region(&primary, state);
            rig.live(Span::minutes(40));
            rig.world.set_region(&primary, RegionState::Well);
            rig.live(Span::minutes(10));
            assert_sound(&rig, &format!("{plan}, {state:?}"));
        }
    }
}

#[test]
fn every_invariant_holds_when_the_replica_is_far_behind_and_the_writer_slow() {
    for lag in [0, 5, 30, 300] {
        let rig = rig("orders");
        rig.world.set_habits(|habits| {
            habits.lag = Span::seconds(lag);
            habits.writers.primary.slow = Span::seconds(1);
            habits.writers.primary.statement = Span::seconds(5);
            habits.writers.primary.phase = Span::millis(3700);
        });
        rig.live(Span::minutes(10));
        rig.world.set_region(&PRIMARY.into(), RegionState::Partitioned);
        rig.live(Span::minutes(60));
        assert_sound(&rig, &format!("{lag} s behind"));
    }
}

#[test]
fn every_invariant_holds_when_an_answer_is_lost_or_a_request_comes_late() {
    let fates = [Fate::LostBefore, Fate::LostAfter, Fate::Late(Span::minutes(14))];
    for operation in ["dynamodb:UpdateItem", "rds:PromoteReadReplica", "cloudwatch:PutMetricData"] {
        for fate in fates.clone() {
            let rig = rig("orders");
            rig.world.fail_next(move |call: &Call<'_>| call.changes(operation), fate.clone());
            rig.world.set_region(&PRIMARY.into(), RegionState::Dead);
            rig.live(Span::minutes(70));
            assert_sound(&rig, &format!("{operation}, {fate:?}"));
        }
    }
}

fn happen(evidence: &mut Evidence, at: Timestamp, what: Happened) {
    let place = evidence.happenings.partition_point(|h| h.at <= at);
    evidence.happenings.insert(place, Happening { at, what });
}

fn orders_db() -> EntryId {
    "orders-db".into()
}

fn landed_at(evidence: &Evidence, wanted: impl Fn(&Happened) -> bool) -> Timestamp {
    evidence.happenings.iter().find(|h| wanted(&h.what)).expect("it happened").at
}

fn position(evidence: &Evidence, operation: &str) -> usize {
    evidence
        .happenings
        .iter()
        .position(|h| {
            matches!(&h.what, Happened::Landed { change, .. } if change.operation() == operation)
        })
        .expect("it landed")
}

#[test]
fn two_writers_are_found_unless_the_writer_is_outside_the_promise() {
    let mut evidence = recovered();
    let now = evidence.now;
    let what = Happened::AcceptBegan { database: orders_db(), side: Side::Primary };
    happen(&mut evidence, after(now, Span::seconds(0)), what);
    evidence.now = after(now, Span::seconds(1));
    assert!(broken(&evidence).contains(&"S1"));
    evidence.honoured = false;
    assert!(!broken(&evidence).contains(&"S1"));
}

#[test]
fn a_rewritten_journal_is_found() {
    let mut evidence = recovered();
    let again = evidence
        .writes
        .iter()
        .find(|w| w.item.key.sk == "J#0000000001" && w.put == Some(Put::Done))
        .cloned();
    evidence.writes.extend(again);
    assert_eq!(broken(&evidence), ["S3"]);

    let mut evidence = recovered();
    let item = evidence.items.iter_mut().find(|i| i.key.sk == "J#0000000003");
    std::sync::Arc::make_mut(item.expect("an entry")).body.push(' ');
    assert!(broken(&evidence).contains(&"S3") && broken(&evidence).contains(&"chain"));
}

#[test]
fn numbers_that_fall_are_found() {
    let mut evidence = recovered();
    let now = evidence.now;
    happen(&mut evidence, now, Happened::LeaseMoved { owner: "nobody".into(), epoch: 1 });
    assert_eq!(broken(&evidence), ["S4"]);
}

#[test]
fn a_second_effect_is_found() {
    let mut evidence = recovered();
    let place = position(&evidence, "dynamodb:UpdateItem");
    let again = evidence.happenings[place].clone();
    evidence.happenings.insert(place + 1, again);
    assert_eq!(broken(&evidence), ["S10", "S5"]);
}

#[test]
fn a_second_promotion_is_found() {
    let mut evidence = recovered();
    let promoted = |h: &Happened| matches!(h, Happened::Promoted { .. });
    let again = evidence.happenings.iter().find(|h| promoted(&h.what)).cloned().unwrap();
    happen(&mut evidence, again.at, again.what);
    assert_eq!(broken(&evidence), ["S5"]);
}

#[test]
fn an_effect_before_its_intent_is_found() {
    let mut evidence = recovered();
    let place = position(&evidence, "dynamodb:UpdateItem");
    let mut early = evidence.happenings.remove(place);
    early.at = evidence.happenings[0].at;
    evidence.happenings.insert(0, early);
    let found = broken(&evidence);
    assert!(found.contains(&"S6") && found.contains(&"S11"), "{found:?}");
}

#[test]
fn a_recovery_that_serves_nobody_is_found() {
    let mut evidence = recovered();
    evidence.happenings.retain(|h| !matches!(h.what, Happened::Served { by: Some(Side::Standby) }));
    assert_eq!(broken(&evidence), ["S7"]);
}

#[test]
fn a_promotion_before_the_commit_is_found() {
    let mut evidence = recovered();
    let promote = position(&evidence, "rds:PromoteReadReplica");
    let lease = landed_at(&evidence, |h| matches!(h, Happened::LeaseMoved { .. }));
    evidence.happenings[promote].at = lease;
    assert!(broken(&evidence).contains(&"S8"));
}

#[test]
fn a_loss_beyond_its_bound_is_found() {
    let mut evidence = recovered();
    for happening in &mut evidence.happenings {
        if let Happened::Promoted { holds_until, .. } = &mut happening.what {
            *holds_until = after(Timestamp::UNIX_EPOCH, Span::seconds(0));
        }
    }
    assert_eq!(broken(&evidence), ["S9"]);
}

#[test]
fn an_effect_without_an_intent_and_outside_the_plan_is_found() {
    let mut evidence = recovered();
    let now = evidence.now;
    let change =
        Change::PromoteReplica { region: "us-west-2".into(), instance: "someone-elses".into() };
    happen(
        &mut evidence,
        now,
        Happened::Landed { change, frozen: Some(Frozen(now)), changed: true },
    );
    assert_eq!(broken(&evidence), ["S10", "S11", "S13", "S6"]);
}

#[test]
fn an_effect_after_the_end_is_found() {
    let mut evidence = recovered();
    let place = position(&evidence, "dynamodb:UpdateItem");
    let mut late = evidence.happenings.remove(place);
    late.at = evidence.now;
    evidence.happenings.push(late);
    assert!(broken(&evidence).contains(&"S16"));
}

#[test]
fn people_who_were_not_told_are_found() {
    let mut evidence = recovered();
    evidence.delivered.retain(|d| !d.receiver.contains("us-west-2"));
    assert_eq!(broken(&evidence), ["L2"]);
    evidence.patience = Span::minutes(600);
    assert!(broken(&evidence).is_empty(), "it may still be on its way");
}

#[test]
fn a_retry_storm_is_found() {
    let mut evidence = recovered();
    let promote = evidence
        .calls
        .iter()
        .find(|c| matches!(&c.call, Sent::Change(Change::PromoteReplica { .. })))
        .cloned()
        .expect("it was sent");
    evidence.calls.extend(std::iter::repeat_n(promote, evidence.limits.sends_max));
    assert_eq!(broken(&evidence), ["L4"]);
}

#[test]
fn a_generation_that_neither_ends_nor_holds_is_found() {
    let mut evidence = recovered();
    let partition = "G#orders#1";
    let last = evidence
        .items
        .iter()
        .filter(|i| i.key.pk == partition && i.key.sk.starts_with("J#"))
        .map(|i| i.key.sk.clone())
        .max()
        .unwrap();
    evidence.items.retain(|i| i.key.sk != last);
    evidence.writes.retain(|w| w.item.key.sk != last);
    evidence.now = after(evidence.now, Span::minutes(600));
    assert!(broken(&evidence).contains(&"L1"));
}
