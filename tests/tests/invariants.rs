//! Every invariant holds over whole recoveries, and each checker finds what it is there for.

#![expect(clippy::expect_used, reason = "a test fails by panicking, its helpers too")]

use std::sync::Arc;

use leeward_core::evidence::Signal;
use leeward_core::ids::{EntryId, Side};
use leeward_core::journal::Entry;
use leeward_core::limits::Limits;
use leeward_core::plan::{ApprovalFor, Database, OnTimeout};
use leeward_core::time::{Span, Timestamp, after};
use leeward_core::world::Change;
use leeward_ports::fake::{Call, Fate, Happened, Happening, RegionState, Sent};
use leeward_ports::{Frozen, Put};
use leeward_tests::check::{Deceived, Evidence, judge};
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
fn an_entry_before_the_one_below_it_and_one_that_does_not_stand_are_found() {
    let evidence = recovered();
    let place =
        |sk: &str| evidence.writes.iter().position(|w| w.item.key.sk == sk).expect("written");
    let (below, above) = (place("J#0000000003"), place("J#0000000004"));
    let mut swapped = evidence.clone();
    swapped.writes.swap(below, above);
    let details = |evidence: &Evidence| -> Vec<String> {
        judge(evidence).into_iter().filter(|v| v.invariant == "S3").map(|v| v.detail).collect()
    };
    assert_eq!(details(&swapped), ["G#orders#1/J#0000000004 was written before J#0000000003"]);
    let mut by_hand = evidence.clone();
    by_hand.writes.remove(below);
    assert_eq!(details(&by_hand), ["G#orders#1/J#0000000004 was written before J#0000000003"]);
    let mut gone = evidence.clone();
    gone.items.retain(|item| item.key.sk != "J#0000000003");
    assert!(
        details(&gone)
            .contains(&"G#orders#1/J#0000000003 does not stand as it was written".to_owned())
    );
    assert_eq!(details(&evidence), Vec::<String>::new());
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

/// A recovery whose promotion lost half a minute more than the bound on record says, with the instants of its
/// bound, of its proof and of what the new side holds.
struct Excess {
    evidence: Evidence,
    bound: Timestamp,
    fenced: Timestamp,
    promoted: Timestamp,
    holds_until: Timestamp,
}

const EXCESS: Span = Span::seconds(30);

fn excess() -> Excess {
    let mut evidence = recovered();
    let entries = evidence.entries();
    let dated = |wanted: &dyn Fn(&Entry) -> bool| {
        entries.iter().find(|(_, _, r)| wanted(&r.entry)).map(|(_, _, r)| r).expect("on record")
    };
    let bound = dated(&|e| matches!(e, Entry::LossBound { bound: Some(_), .. }));
    let Entry::LossBound { bound: Some(allowed), .. } = &bound.entry else { unreachable!() };
    let fenced = dated(&|e| matches!(e, Entry::Fenced { .. })).at;
    let ended = |h: &Happened| matches!(h, Happened::AcceptEnded { side: Side::Primary, .. });
    let last = landed_at(&evidence, ended);
    let lost = i64::try_from(allowed.plus(EXCESS).as_millis()).expect("minutes at most");
    let holds = Timestamp::from_millisecond(last.as_millisecond() - lost).expect("of this age");
    let mut promoted = None;
    for happening in &mut evidence.happenings {
        if let Happened::Promoted { holds_until, .. } = &mut happening.what {
            *holds_until = holds;
            promoted = Some(happening.at);
        }
    }
    let promoted = promoted.expect("it was promoted");
    Excess { bound: bound.at, fenced, promoted, holds_until: holds, evidence }
}

#[test]
fn a_clock_that_was_set_back_excuses_a_bound_by_so_much_and_only_while_the_bound_rests_on_it() {
    let excess = excess();
    assert_eq!(broken(&excess.evidence), ["S9"]);
    let set = |side: Side, by_ms: i64, at: Timestamp| {
        let mut evidence = excess.evidence.clone();
        happen(&mut evidence, at, Happened::ClockSet { side, by_ms });
        broken(&evidence)
    };
    let back = -i64::try_from(EXCESS.as_millis()).expect("half a minute");
    let held = excess.holds_until;
    assert!(set(Side::Primary, back, held).is_empty(), "the heartbeat is older than it says");
    assert_eq!(set(Side::Primary, back + 1, held), ["S9"], "not by so much");
    assert_eq!(set(Side::Primary, -back, held), ["S9"], "it was set forward");
    assert_eq!(set(Side::Standby, back, held), ["S9"], "another clock");
    let fenced = after(excess.fenced, Span::millis(1));
    assert_eq!(set(Side::Primary, back, fenced), ["S9"], "nobody renews any more");
    // It counts from the last heartbeat that the replica held when the bound was looked at, not when it was promoted.
    let lease =
        excess.evidence.plan.databases.iter().find_map(Database::lease).expect("it has one");
    let heartbeat = i64::try_from(lease.heartbeat.as_millis()).expect("seconds");
    let caught_up = excess.bound.duration_until(excess.promoted).as_millis();
    let caught_up = i64::try_from(caught_up).expect("minutes");
    assert!(caught_up > 0, "the bound was looked at before");
    let ago =
        |ms: i64| Timestamp::from_millisecond(held.as_millisecond() - ms).expect("of this age");
    let counts = set(Side::Primary, back, ago(heartbeat + caught_up - 1));
    assert!(counts.is_empty(), "behind the heartbeat that counts");
    let before = set(Side::Primary, back, ago(heartbeat + caught_up));
    assert_eq!(before, ["S9"], "with the heartbeat that counts, which says so");
}

/// Which entries of a recovery rest on no votes, where the votes of its opening were stored that long before it, and
/// were given that long before they were stored.
fn resting_on_none(stored: Span, given: Span) -> Vec<String> {
    let mut evidence = recovered();
    let entries = evidence.entries();
    let (_, _, opened) = entries.first().expect("it was opened");
    let earlier = |at: Timestamp, by: Span| {
        let ms = i64::try_from(by.as_millis()).expect("minutes");
        Timestamp::from_millisecond(at.as_millisecond() - ms).expect("of this age")
    };
    let landed = earlier(opened.at, stored);
    for write in evidence.writes.iter_mut().filter(|w| w.item.key.sk.starts_with("SIG#")) {
        if write.at < landed || write.at > after(opened.at, Span::seconds(2)) {
            continue;
        }
        let mut vote: Signal = serde_json::from_str(&write.item.body).expect("a vote");
        vote.at = earlier(landed, given);
        // It has lasted long enough all the same.
        vote.since = vote.since.min(earlier(vote.at, Span::minutes(10)));
        write.at = landed;
        Arc::make_mut(&mut write.item).body = serde_json::to_string(&vote).expect("JSON");
    }
    let on_votes = judge(&evidence).into_iter().filter(|v| v.invariant == "S2");
    on_votes.map(|v| v.detail).filter(|d| d.contains("needs a quorum")).collect()
}

#[test]
fn an_opening_is_judged_by_how_old_its_votes_were_when_they_were_read() {
    let fresh = recovered().plan.detection.freshness;
    let opening = |entries: &[String]| entries.iter().any(|e| e.contains("(opened)"));
    let assessed = |entries: &[String]| entries.iter().any(|e| e.contains("(assessed)"));
    let (long, short) = (Span::seconds(20), Span::seconds(5));
    let read_fresh = resting_on_none(long, fresh.minus(short));
    assert!(!opening(&read_fresh), "fresh when they were read: {read_fresh:?}");
    assert!(
        assessed(&read_fresh),
        "whoever asks nobody anew is judged by their age then: {read_fresh:?}"
    );
    assert!(opening(&resting_on_none(long, fresh.plus(short))), "stale already");
    // An opening may not rest on a read of long ago: at the earliest that it may have read them they are stale.
    let age = Limits::REAL.assessment_age.plus(Span::seconds(40));
    assert!(opening(&resting_on_none(age, fresh.minus(long))), "read too long before");
    assert!(resting_on_none(short, short).is_empty(), "fresh all the time");
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

#[test]
fn a_recovery_of_what_was_well_is_found_unless_a_quorum_was_deceived() {
    let mut evidence = recovered();
    evidence.deceived = Some(Vec::new());
    assert!(!broken(&evidence).contains(&"S17"), "its Region was dead");
    let ill =
        |what: &Happened| matches!(what, Happened::RegionIs { .. } | Happened::Served { by: None });
    evidence.happenings.retain(|h| !ill(&h.what));
    assert!(broken(&evidence).contains(&"S17"), "nothing was ill any more");
    let (from, until) = (Timestamp::UNIX_EPOCH, Timestamp::MAX);
    let deceived = |voters| Some(vec![Deceived { from, until, voters }]);
    evidence.deceived = deceived(1);
    assert!(broken(&evidence).contains(&"S17"), "one voter is no quorum");
    evidence.deceived = deceived(2);
    assert!(!broken(&evidence).contains(&"S17"), "a lying quorum is not promised against");
    evidence.deceived = None;
    assert!(!broken(&evidence).contains(&"S17"), "nobody kept count");
}
