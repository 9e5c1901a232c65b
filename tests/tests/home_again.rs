//! A workload that lives away from home: what opens nothing says so, and a return by hand is seen.

use leeward_core::ids::{EntryId, Side, Text};
use leeward_core::journal::{End, Entry};
use leeward_core::plan::{Database, Voter};
use leeward_core::table::lease_key;
use leeward_core::time::Span;
use leeward_core::world::{AlarmState, Change, Question, View};
use leeward_ports::fake::RegionState;
use leeward_tests::check::{Evidence, judge};
use leeward_tests::rig::Rig;

const PRIMARY: &str = "us-east-1";
const STANDBY: &str = "us-west-2";

/// Moved to the standby by a dead Region that is well again, the cool-down long over.
fn moved() -> Rig {
    let rig = Rig::well("orders");
    rig.world.set_region(&PRIMARY.into(), RegionState::Dead);
    rig.live(Span::minutes(20));
    assert_eq!(rig.ended(1), Some(End::Recovered), "{}", rig.told());
    rig.world.set_region(&PRIMARY.into(), RegionState::Well);
    rig.live(Span::minutes(90));
    rig
}

fn subjects(rig: &Rig) -> String {
    rig.publisher.delivered().iter().map(|d| format!("{d:?}\n")).collect()
}

fn orders_db() -> EntryId {
    "orders-db".into()
}

/// The team goes home in the console: replica of the standby at home, promotion, lease, users, and a new replica on
/// the standby. Gives back before that last step where `whole` is not wanted.
fn go_home_by_hand(rig: &Rig, whole: bool) {
    let plan = &rig.plan;
    let Some(Database::RdsReplica(database)) = plan.databases.first() else {
        unreachable!("the example's database")
    };
    rig.world.rebuild_replica(&orders_db(), Side::Primary);
    rig.live(Span::minutes(2));
    move_lease(rig, STANDBY, "nobody");
    let (region, instance) = (PRIMARY.into(), database.instance.primary.clone());
    assert!(rig.world.by_hand(&Change::PromoteReplica { region, instance }).is_ok());
    rig.live(Span::minutes(12));
    move_lease(rig, "nobody", PRIMARY);
    if whole {
        rig.world.rebuild_replica(&orders_db(), Side::Standby);
    }
    let book = rig.book(1).unwrap_or_else(|| unreachable!("it was moved"));
    for record in book.records.iter() {
        let Entry::Intent { change, .. } = &record.entry else { continue };
        let Change::PutMetric { value: 1.0, .. } = **change else { continue };
        let mut home = (**change).clone();
        if let Change::PutMetric { value, at, .. } = &mut home {
            (*value, *at) = (0.0, rig.clock.now());
        }
        assert!(rig.world.by_hand(&home).is_ok());
    }
}

fn move_lease(rig: &Rig, from: &str, to: &str) {
    let lease = rig.plan.databases.iter().find_map(Database::lease);
    let lease = lease.unwrap_or_else(|| unreachable!("the example's lease"));
    let (region, table) = (lease.region.clone(), lease.table.clone());
    let key = Text::from(lease_key(&rig.plan.workload));
    let held = Question::Lease { region: region.clone(), table: table.clone(), key: key.clone() };
    let Some(View::Lease(Some(view))) = rig.world.peek(&held) else {
        unreachable!("the lease is there")
    };
    let moved = Change::MoveLease {
        region,
        table,
        key,
        from_owner: from.into(),
        from_epoch: view.epoch,
        to_owner: to.into(),
        effect: Text::default(),
    };
    assert!(rig.world.by_hand(&moved).is_ok(), "{view:?}");
}

fn is_said_at_home(rig: &Rig) -> bool {
    let book = rig.book(1).unwrap_or_else(|| unreachable!("it was moved"));
    book.records.iter().any(|r| matches!(r.entry, Entry::SeenAtHome { .. }))
}

#[test]
fn away_from_home_people_are_told_at_the_end_each_day_and_of_new_trouble() {
    let rig = moved();
    let way_home = "--direction to-primary";
    let end = subjects(&rig);
    assert!(end.contains("It lives away from home") && end.contains(way_home), "{end}");
    assert!(!end.contains("A person is needed"), "{end}");

    canaries_say(&rig, AlarmState::Ok);
    rig.live(Span::minutes(10));
    canaries_say(&rig, AlarmState::Alarm);
    rig.live(Span::minutes(90));
    assert!(rig.book(2).is_none(), "{}", rig.told());
    let told = headlines(&rig, "nothing is opened though a quorum says down");
    assert_eq!(told, receivers(&rig), "once, whatever the hour");

    canaries_say(&rig, AlarmState::Ok);
    rig.live(Span::minutes(3 * 24 * 60));
    let days = headlines(&rig, "nothing is opened by itself until it is home again");
    assert!((2..=4).contains(&(days / receivers(&rig))), "{days}");
    assert!(rig.book(2).is_none() && !is_said_at_home(&rig), "{}", rig.told());
}

/// How many are told each thing.
fn receivers(rig: &Rig) -> usize {
    let told = rig.publisher.delivered();
    told.iter().filter(|d| format!("{d:?}").contains("recovery to us-west-2 begins")).count()
}

/// Messages with those words.
fn headlines(rig: &Rig, words: &str) -> usize {
    rig.publisher.delivered().iter().filter(|d| format!("{d:?}").contains(words)).count()
}

fn canaries_say(rig: &Rig, state: AlarmState) {
    for voter in &rig.plan.detection.voters {
        let Voter::Alarm(voter) = voter else { continue };
        rig.world.set_alarm(&voter.region, &voter.alarm, state);
    }
}

#[test]
fn a_workload_that_went_home_by_hand_is_protected_again() {
    let rig = moved();
    // Its voters have said down for as long as nobody was there; when it lives there again, that is no outage.
    go_home_by_hand(&rig, true);
    rig.live(Span::minutes(10));
    assert!(rig.book(2).is_none(), "{}", rig.told());
    assert!(is_said_at_home(&rig), "{}", rig.told());
    assert!(subjects(&rig).contains("seen at home again"), "{}", subjects(&rig));
    assert!(rig.world.accepts(&orders_db(), Side::Primary), "{}", rig.told());

    rig.world.set_region(&PRIMARY.into(), RegionState::Dead);
    rig.live(Span::minutes(30));
    assert_eq!(rig.ended(2), Some(End::Recovered), "{}", rig.told());
    let broken = judge(&Evidence::of(&rig));
    assert!(broken.is_empty(), "{broken:#?}\n{}", rig.told());
}

#[test]
fn half_a_return_is_not_home() {
    let rig = moved();
    go_home_by_hand(&rig, false);
    rig.live(Span::minutes(5));
    assert!(!is_said_at_home(&rig), "{}", rig.told());
    rig.world.set_region(&PRIMARY.into(), RegionState::Dead);
    rig.live(Span::minutes(30));
    assert!(rig.book(2).is_none(), "{}", rig.told());
}

/// No look shows where a workload without a single writer lives: only the journals tell.
#[test]
fn a_start_to_the_home_that_was_given_up_takes_no_protection_from_sessions() {
    let rig = Rig::well("sessions");
    let start = |again: bool| {
        let answer = rig.call(&serde_json::json!({
            "leeward": "start", "workload": "sessions", "plan": rig.plan.plan, "mode": "drill",
            "direction": "to-primary", "again": again, "reason": "wrong direction",
        }));
        answer.map(|answer| answer["status"].clone())
    };
    assert_eq!(start(false), Ok("refused".into()), "it lives there");
    assert!(rig.book(1).is_none());
    rig.world.set_habits(|h| (h.launch, h.start) = (Span::minutes(600), Span::minutes(600)));
    assert_eq!(start(true), Ok("go".into()));
    let given_up = Entry::Ended { end: End::Abandoned, reason: "wrong direction".to_owned() };
    assert!(rig.say(1, given_up).is_some());
    assert!(rig.say(1, Entry::Acknowledged { reason: "seen".to_owned() }).is_some());
    assert!(rig.book(1).is_some_and(|book| !book.state.away_from_home()));
    rig.world.set_habits(|h| (h.launch, h.start) = (Span::minutes(1), Span::minutes(1)));
    rig.world.set_region(&rig.plan.regions.primary, RegionState::Dead);
    rig.live(Span::minutes(60));
    assert_eq!(rig.ended(2), Some(End::Recovered), "{}", rig.told());
    assert_eq!(rig.world.served_by(), Some(Side::Standby));
}
