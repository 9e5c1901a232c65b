//! A hold that a person can leave: whatever was refused until somebody mended it, in whatever step, one word
//! leads to an end.
#![expect(clippy::wildcard_enum_match_arm, reason = "a test looks for one kind among all")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use leeward_core::ids::Side;
use leeward_core::journal::{End, Entry};
use leeward_core::plan::{ApprovalFor, Database, Plan};
use leeward_core::time::Span;
use leeward_core::world::Change;
use leeward_ports::fake::{Call, Fate, Fates, RegionState, Repeat, Sent};
use leeward_reconcile::Appended;
use leeward_tests::check::{Evidence, judge};
use leeward_tests::rig::{Rig, example};

const PLANS: [&str; 3] = ["orders", "catalog", "sessions"];

/// Every request for such a change meets the same fate until the cause is mended.
struct UntilMended {
    what: String,
    named: fn(&Change) -> String,
    fate: Fate,
    mended: Arc<AtomicBool>,
}

impl Fates for UntilMended {
    fn fate(&mut self, call: &Call<'_>) -> Fate {
        match call {
            Call::Change(change)
                if !self.mended.load(Ordering::Relaxed) && (self.named)(change) == self.what =>
            {
                self.fate.clone()
            }
            _ => Fate::Well,
        }
    }
}

/// A change without the numbers that differ from one request to the next.
fn kind(change: &Change) -> String {
    match change {
        Change::MoveLease { key, to_owner, .. } => format!("{key} to {to_owner}"),
        other => format!("{} {}", other.operation(), one_way_or_other(other)),
    }
}

/// A change in its very words, but for a lease's epoch.
fn exact(change: &Change) -> String {
    match change {
        Change::MoveLease { to_owner, .. } => format!("move to {to_owner}"),
        other => other.to_string(),
    }
}

/// Which of the two directions of an operation it is.
fn one_way_or_other(change: &Change) -> String {
    let words = change.to_string();
    words.split_once(" to ").map_or(words.clone(), |(before, _)| before.to_owned())
}

/// The Region dies, and a person takes the risk of a fence that its silent side had to show.
fn rig(plan: &str) -> Rig {
    let rig = Rig::well(plan);
    rig.world.set_region(&rig.plan.regions.primary, RegionState::Dead);
    rig
}

fn lives(rig: &Rig, minutes: u64) {
    rig.live(Span::minutes(minutes));
    if halt(rig).is_none_or(|why| !why.contains("`leeward waive ")) {
        return;
    }
    for database in rig.plan.databases.iter().filter(|d| d.single_writer()) {
        let (database, reason) = (database.id().clone(), "it is off".to_owned());
        let entry = Entry::Waived { database, loss: None, reason };
        assert_eq!(rig.say(1, entry), Some(Appended::Yes), "{}", rig.told());
    }
    say(rig, "it is off");
    rig.live(Span::minutes(minutes));
}

fn sent(rig: &Rig) -> BTreeSet<String> {
    let calls = rig.world.calls();
    let changes = calls.iter().filter_map(|called| match &called.call {
        Sent::Change(change) => Some(kind(change)),
        Sent::Look(_) => None,
    });
    changes.collect()
}

/// Every kind of change that a recovery by that plan makes.
fn made_by(plan: &str) -> BTreeSet<String> {
    let rig = rig(plan);
    lives(&rig, 30);
    assert_eq!(rig.ended(1), Some(End::Recovered), "{}", rig.told());
    sent(&rig)
}

fn stopped_by(rig: &Rig, what: &str, named: fn(&Change) -> String, fate: &Fate) -> Arc<AtomicBool> {
    let mended = Arc::new(AtomicBool::new(false));
    let (what, fate) = (what.to_owned(), fate.clone());
    let fates = UntilMended { what, named, fate, mended: mended.clone() };
    rig.world.set_fates(Box::new(fates));
    mended
}

fn say(rig: &Rig, reason: &str) {
    let entry = Entry::Resumed { reason: reason.to_owned(), time_limit: None };
    assert_eq!(rig.say(1, entry), Some(Appended::Yes), "{}", rig.told());
}

fn halt(rig: &Rig) -> Option<String> {
    rig.book(1)?.state.halt.as_ref().map(|h| h.reason.clone())
}

fn assert_kept(rig: &Rig, what: &str) {
    let broken = judge(&Evidence::of(rig));
    assert!(broken.is_empty(), "{what}: {broken:#?}\n{}", rig.told());
}

fn fates() -> [Fate; 3] {
    [
        Fate::Refused("AccessDenied".to_owned()),
        Fate::Refused("InvalidDBInstanceState".to_owned()),
        Fate::Throttled,
    ]
}

#[test]
fn whatever_is_refused_or_throttled_until_it_is_mended_one_word_leads_to_a_recovery() {
    let mut seen = (0, 0);
    for plan in PLANS {
        for what in made_by(plan) {
            for fate in fates() {
                let rig = rig(plan);
                let mended = stopped_by(&rig, &what, kind, &fate);
                lives(&rig, 12);
                let told = format!("{plan}: {what}, {fate:?}");
                assert!(rig.ended(1).is_none(), "{told}: {}", rig.told());
                let why = halt(&rig).unwrap_or_else(|| panic!("{told}: {}", rig.told()));
                assert!(why.contains("`leeward resume "), "{told}: {why}");
                if rig.book(1).is_some_and(|b| b.state.committed()) {
                    seen.1 += 1;
                } else {
                    seen.0 += 1;
                }
                // Before it is mended, a word leads to another question at once and to nothing worse.
                say(&rig, "too early");
                lives(&rig, 12);
                assert!(halt(&rig).is_some(), "{told}: {}", rig.told());
                mended.store(true, Ordering::Relaxed);
                say(&rig, "mended");
                lives(&rig, 40);
                assert_eq!(rig.ended(1), Some(End::Recovered), "{told}: {}", rig.told());
                assert_eq!(rig.world.served_by(), Some(Side::Standby), "{told}");
                assert_kept(&rig, &told);
            }
        }
    }
    assert!(seen.0 > 0 && seen.1 > 0, "{seen:?}");
}

/// The plan of that name; `barriers`: with fences on the old side itself.
fn by_order(plan: &str) -> Rig {
    let start = Span::minutes(if plan == "catalog" { 600 } else { 1 });
    let mut plan = match plan {
        "barriers" => barriers(),
        name => example(name),
    };
    plan.policy.approval.wanted_for = ApprovalFor::None;
    let rig = Rig::new(plan);
    // The capacity of the other side never comes: its time is over before its commit.
    rig.world.set_habits(|habits| {
        habits.launch = Span::minutes(600);
        habits.start = start;
    });
    rig.live(Span::minutes(5));
    rig
}

/// The first plan with the fences of the second.
fn barriers() -> Plan {
    let mut plan = example("orders");
    let fences = example("catalog").databases[0].fences().to_vec();
    if let Database::RdsReplica(d) = &mut plan.databases[0] {
        d.fences = fences;
    }
    plan
}

fn go(rig: &Rig) {
    assert!(rig.order("recover", "to-standby").is_ok(), "{}", rig.told());
    lives_undoing(rig, 60);
}

/// A person helps where only a person can: sessions on the old side have their time to end, and as users find
/// nobody on the side that was fenced, its voters say down.
fn lives_undoing(rig: &Rig, minutes: u64) {
    rig.live(Span::minutes(minutes));
    let asks = ["is not seen well", "can be proven"];
    for _ in 0..3 {
        if halt(rig).is_some_and(|why| asks.iter().any(|asks| why.contains(asks))) {
            // The group of the side that was left comes up again, as it does on AWS.
            rig.world.set_habits(|habits| habits.launch = Span::seconds(40));
            say(rig, "it is looked at");
            rig.live(Span::minutes(minutes));
        }
    }
}

/// What is undone of a recovery whose time is over, in its very words.
fn undone_by(plan: &str) -> BTreeSet<String> {
    let rig = by_order(plan);
    go(&rig);
    assert_eq!(rig.ended(1), Some(End::RolledBack), "{:#?}", rig.story(1));
    let records = rig.book(1).map(|b| b.records).unwrap_or_default();
    let undone = records.iter().filter_map(|r| match &r.entry {
        Entry::Intent { change, undoes: Some(_), .. } => Some(exact(change)),
        _ => None,
    });
    undone.collect()
}

#[test]
fn an_undo_that_is_refused_until_it_is_mended_is_left_by_one_word() {
    let mut kinds = BTreeSet::new();
    for plan in ["orders", "catalog", "sessions", "barriers"] {
        for what in undone_by(plan) {
            for fate in fates() {
                let rig = by_order(plan);
                let mended = stopped_by(&rig, &what, exact, &fate);
                go(&rig);
                let told = format!("{plan}: undo by {what}, {fate:?}");
                let why = halt(&rig).unwrap_or_else(|| panic!("{told}: {}", rig.told()));
                assert!(why.contains("`leeward resume "), "{told}: {why}");
                mended.store(true, Ordering::Relaxed);
                rig.world.set_habits(|habits| habits.launch = Span::seconds(40));
                say(&rig, "mended");
                lives_undoing(&rig, 40);
                assert_eq!(rig.ended(1), Some(End::RolledBack), "{told}: {}", rig.told());
                assert_eq!(rig.world.served_by(), Some(Side::Primary), "{told}");
                assert_kept(&rig, &told);
                kinds.insert(what.split(' ').next().unwrap_or_default().to_owned());
            }
        }
    }
    let all = ["bound", "move", "open", "set", "reserve"];
    assert!(all.iter().all(|k| kinds.contains(*k)), "{kinds:?}");
}

#[test]
fn one_refusal_before_the_commit_undoes_nothing_while_the_side_that_is_left_is_silent() {
    let rig = rig("orders");
    let takes = |call: &Call<'_>| matches!(call, Call::Change(Change::SetMinimum { .. }));
    rig.world.fail_next(takes, Fate::Refused("AccessDenied".to_owned()));
    rig.live(Span::minutes(10));
    let book = rig.book(1).unwrap();
    let turned = book.records.iter().any(|r| matches!(r.entry, Entry::TurnedBack { .. }));
    assert!(!turned && book.state.halt.is_some(), "{}", rig.told());
    say(&rig, "the tag is there");
    rig.live(Span::minutes(20));
    assert_eq!(rig.ended(1), Some(End::Recovered), "{}", rig.told());
    assert_kept(&rig, "a forgotten tag");
}

#[test]
fn a_promotion_whose_answer_was_lost_is_looked_at_again_and_not_held() {
    let rig = rig("orders");
    rig.world.set_habits(|habits| {
        habits.promote_start = Span::seconds(90);
        habits.promote_writable = Span::seconds(110);
        habits.promote_done = Span::seconds(120);
        habits.promote_repeat = Repeat::Refused;
    });
    let promotes = |call: &Call<'_>| call.changes("rds:PromoteReadReplica");
    rig.world.fail_next(promotes, Fate::LostAfter);
    rig.live(Span::minutes(30));
    assert_eq!(rig.ended(1), Some(End::Recovered), "{}", rig.told());
    let held = rig.story(1).into_iter().find(|words| words.starts_with("held"));
    assert_eq!(held, None, "{}", rig.told());
    assert_kept(&rig, "a stale look");
}

/// The checker that every run is judged by: what a hold tells a person to type has to be taken.
#[test]
fn a_hold_that_names_a_command_which_is_refused_is_found() {
    let breaches = |reason: &str| {
        let rig = Rig::well("orders");
        assert!(rig.order("recover", "to-standby").is_ok(), "{}", rig.told());
        let held = Entry::Held { step: leeward_core::ids::Step::Fence, reason: reason.to_owned() };
        assert_eq!(rig.say(1, held), Some(Appended::Yes));
        rig.live(Span::minutes(1));
        judge(&Evidence::of(&rig)).into_iter().map(|v| v.invariant).collect::<Vec<_>>()
    };
    let none: [&str; 0] = [];
    assert_eq!(breaches("mend it, then `leeward resume orders --reason …`"), none);
    assert_eq!(breaches("`leeward decline orders --reason …`"), none);
    for refused in [
        "a person is needed",
        "`leeward waive orders --database orders-db --reason …`",
        "`leeward approve orders --reason …`",
        "`leeward start orders --reason …`",
        "`leeward ack orders --reason …`",
        "`leeward run orders`",
        "`leeward undo orders`",
    ] {
        assert_eq!(breaches(refused), ["L5"], "{refused}");
    }
}
