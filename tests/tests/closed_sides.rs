//! Fences that shut a side's compute or network: what they may not take for a proof, and the way home.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "helpers of tests fail their test"
)]

use leeward_core::contract::DetectStatus;
use leeward_core::ids::{EntryId, Region, Side, Sides, Text};
use leeward_core::journal::{End, Entry, Fate};
use leeward_core::plan::{ApprovalFor, Database, Fence, Isolate, SecurityGroupRules, StopWriter};
use leeward_core::time::Span;
use leeward_core::world::{Change, Question, View};
use leeward_ports::fake::{Happened, RegionState};
use leeward_tests::check::{Evidence, judge};
use leeward_tests::rig::{Rig, example};

const APP: &str = "sg-app";
const PROBE: &str = "sg-probe";

fn primary() -> Region {
    "us-east-1".into()
}

fn db() -> EntryId {
    "orders-db".into()
}

/// Orders with that fence alone, after some good minutes; nobody is asked.
fn fenced_by(fence: Fence) -> Rig {
    let mut plan = example("orders");
    plan.policy.approval.wanted_for = ApprovalFor::None;
    for database in &mut plan.databases {
        let Database::RdsReplica(d) = database else { continue };
        d.fences = vec![fence.clone(), Fence::Waiver];
        // A crashed application writes no heartbeat, and no fence of these says when it last wrote.
        d.max_loss = Span::minutes(24 * 60);
    }
    let rig = Rig::new(plan);
    rig.live(Span::minutes(5));
    rig
}

/// The address blocks of the application are closed; its group is, where the plan knows it.
fn isolate(groups: &[&str]) -> Fence {
    let rules = |group: &str, cidr: &str| SecurityGroupRules {
        group: group.into(),
        port: 5432,
        cidrs: vec![cidr.into()],
        groups: groups.iter().map(|g| Text::from(*g)).collect(),
        may_stay: vec![PROBE.into()],
        ..SecurityGroupRules::default()
    };
    Fence::Isolate(Box::new(Isolate {
        security_group: Sides {
            primary: rules("sg-east", "10.10.0.0/16"),
            standby: rules("sg-west", "10.20.0.0/16"),
        },
        further_groups: None,
        sessions_of: "orders_app".into(),
    }))
}

fn stop_writer() -> Fence {
    Fence::StopWriter(StopWriter {
        group: Sides { primary: "orders-web".into(), standby: "orders-web-west".into() },
        sessions_of: "orders_app".into(),
    })
}

/// The application of the primary crashes; its Region answers.
fn crash(rig: &Rig) {
    rig.world.set_application(Side::Primary, false);
}

/// Whether that side was ever promoted.
fn promoted(rig: &Rig, to: Side) -> bool {
    let of = |what: &Happened| matches!(what, Happened::Promoted { side, .. } if *side == to);
    rig.world.happenings().iter().any(|h| of(&h.what))
}

/// Why the latest generation is held.
fn held(rig: &Rig, generation: u64) -> String {
    let halt = rig.book(generation).and_then(|b| b.state.halt.as_ref().map(|h| h.reason.clone()));
    halt.unwrap_or_else(|| panic!("it is not held: {}", rig.told()))
}

fn resume(rig: &Rig, generation: u64) {
    let entry = Entry::Resumed { reason: "mended".into(), time_limit: Some(Span::minutes(30)) };
    assert!(rig.say(generation, entry).is_some());
}

fn unbroken(rig: &Rig) {
    assert_eq!(judge(&Evidence::of(rig)), [], "{}", rig.told());
}

/// Who is let in to the primary's database; nobody asks where the plan does not isolate it.
fn way_in(rig: &Rig, fence: &Fence) -> Vec<String> {
    if !matches!(fence, Fence::Isolate(_)) {
        return Vec::new();
    }
    let question = Question::Ingress { region: primary(), group: "sg-east".into(), port: 5432 };
    let Some(View::Ingress(open)) = rig.world.peek(&question) else { panic!() };
    open.iter().map(ToString::to_string).collect()
}

fn bound(rig: &Rig) -> (u32, bool) {
    let question = Question::WriterGroup { region: primary(), group: "orders-web".into() };
    let Some(View::WriterGroup(Some(group))) = rig.world.peek(&question) else { panic!() };
    (group.maximum, group.suspends("Launch"))
}

/// Opens what keeps the fence from its proof, in words: who, and how it is mended.
fn still_open(open: impl Fn(&Rig), named: &str, mend: Option<Change>) {
    let rig = fenced_by(isolate(&[]));
    open(&rig);
    crash(&rig);
    rig.live(Span::minutes(12));
    let why = held(&rig, 1);
    assert!(why.contains(named) && why.contains("leeward resume"), "{why}");
    assert!(!why.contains("silent"), "its side answered: {why}");
    // The application comes back through the way that was never shut.
    rig.world.set_application(Side::Primary, true);
    rig.live(Span::minutes(5));
    assert!(!promoted(&rig, Side::Standby) && rig.world.accepts(&db(), Side::Primary));
    unbroken(&rig);
    let Some(mend) = mend else { return };
    crash(&rig);
    rig.live(Span::minutes(5));
    rig.world.by_hand(&mend).unwrap();
    resume(&rig, 1);
    rig.live(Span::minutes(40));
    assert_eq!(rig.ended(1), Some(End::Recovered), "{}", rig.told());
    unbroken(&rig);
}

#[test]
fn a_database_that_lets_another_group_in_is_not_promoted_over_until_a_person_closes_it() {
    let shut = Change::RevokeIngress {
        region: primary(),
        rules: SecurityGroupRules {
            group: "sg-east".into(),
            port: 5432,
            groups: vec![APP.into()],
            ..SecurityGroupRules::default()
        },
    };
    let open = |rig: &Rig| rig.world.admit(&primary(), "sg-east", APP, (5432, 5432));
    still_open(open, "open to sg-app, which the plan does not close", Some(shut));
}

#[test]
fn a_wider_rule_or_a_group_that_the_plan_does_not_name_keeps_the_proof_away() {
    let wide = |rig: &Rig| rig.world.admit(&primary(), "sg-east", "10.0.0.0/8", (5000, 6000));
    still_open(wide, "10.0.0.0/8 (tcp 5000-6000)", None);
    let list = |rig: &Rig| rig.world.admit(&primary(), "sg-east", "pl-1", (5432, 5432));
    still_open(list, "open to pl-1", None);
    let further = |rig: &Rig| {
        rig.world.admit(&primary(), "sg-second", APP, (5432, 5432));
        rig.world.attach_group(&db(), Side::Primary, "sg-second");
    };
    still_open(further, "it also has sg-second, which the plan does not name", None);
}

#[test]
fn writers_that_no_scale_in_ends_are_named_and_are_no_proof() {
    for (protected, pool, named) in [
        (1, 0, "i-0 (InService) is protected from scale-in"),
        (0, 2, "i-pool-1 (Warmed:Running) of its warm pool"),
    ] {
        let rig = fenced_by(stop_writer());
        rig.world.set_group_extras(&primary(), "orders-web", protected, pool);
        crash(&rig);
        rig.live(Span::minutes(12));
        let why = held(&rig, 1);
        assert!(why.contains(named) && !why.contains("silent"), "{why}");
        rig.world.set_application(Side::Primary, true);
        rig.live(Span::minutes(5));
        assert!(!promoted(&rig, Side::Standby), "{}", rig.told());
        unbroken(&rig);
        crash(&rig);
        rig.live(Span::minutes(5));
        rig.world.set_group_extras(&primary(), "orders-web", 0, 0);
        resume(&rig, 1);
        rig.live(Span::minutes(40));
        assert_eq!(rig.ended(1), Some(End::Recovered), "{}", rig.told());
        unbroken(&rig);
    }
}

/// Recovered to the standby by that fence; the primary's application would run again if it could.
fn moved_by(fence: Fence) -> Rig {
    let rig = fenced_by(fence);
    crash(&rig);
    rig.live(Span::minutes(40));
    assert_eq!(rig.ended(1), Some(End::Recovered), "{}", rig.told());
    rig.world.set_application(Side::Primary, true);
    rig.live(Span::minutes(90));
    assert_eq!(rig.world.served_by(), Some(Side::Standby), "{}", rig.told());
    rig
}

fn home(rig: &Rig) {
    let answer = rig.order("recover", "to-primary").unwrap();
    assert_eq!(answer["status"], serde_json::json!(DetectStatus::Go), "{answer}");
    rig.live(Span::minutes(5));
}

/// The sessions of a running application outlive the rule that let them in: a person sees them ended.
fn goes_on(rig: &Rig) {
    if rig.ended(2).is_none() {
        let why = held(rig, 2);
        assert!(why.contains("sessions of orders_app"), "{why}");
        resume(rig, 2);
    }
    rig.live(Span::minutes(40));
    assert_eq!(rig.ended(2), Some(End::Recovered), "{}", rig.told());
    assert_eq!(rig.world.served_by(), Some(Side::Primary));
}

/// Where in the journal of the second generation that name stands.
fn place(rig: &Rig, name: &str, of: impl Fn(&Entry) -> bool) -> usize {
    let book = rig.book(2).unwrap();
    let found = book.records.iter().position(|r| r.entry.name() == name && of(&r.entry));
    found.unwrap_or_else(|| panic!("no {name}: {}", rig.told()))
}

#[test]
fn what_a_recovery_left_closed_is_told_and_opened_before_the_way_home_commits() {
    for fence in [isolate(&[APP]), stop_writer()] {
        let rig = moved_by(fence.clone());
        let left = rig.book(1).unwrap().state.left_closed();
        assert_eq!(left.len(), 1, "{left:?}");
        assert_eq!((left[0].side, left[0].generation.0), (Side::Primary, 1));
        let told = rig.publisher.delivered().into_iter().map(|p| format!("{p:?}"));
        let recovered: Vec<String> = told.filter(|t| t.contains("recovered: users")).collect();
        assert!(recovered.iter().any(|t| t.contains("LEFT CLOSED")), "{recovered:?}");
        rig.world.rebuild_replica(&db(), Side::Primary);
        home(&rig);
        goes_on(&rig);
        assert!(
            rig.world.accepts(&db(), Side::Primary) && !rig.world.accepts(&db(), Side::Standby)
        );
        let reopened = place(
            &rig,
            "intent",
            |e| matches!(e, Entry::Intent { effect, .. } if effect.as_str().ends_with("/reopen")),
        );
        assert!(place(&rig, "one-writer", |_| true) < reopened);
        assert!(reopened < place(&rig, "committed", |_| true));
        match fence {
            Fence::StopWriter(_) => assert!(!bound(&rig).1 && bound(&rig).0 > 0),
            _ => assert_eq!(way_in(&rig, &fence), ["10.10.0.0/16", APP, PROBE]),
        }
        let left = rig.book(2).unwrap().state.left_closed();
        assert!(left.iter().all(|l| l.side == Side::Standby) && left.len() == 1, "{left:?}");
        unbroken(&rig);
    }
}

#[test]
fn nothing_is_opened_while_the_primarys_database_is_no_replica() {
    for fence in [isolate(&[APP]), stop_writer()] {
        let rig = moved_by(fence.clone());
        let (before, sizes) = (way_in(&rig, &fence), bound(&rig));
        home(&rig);
        let why = held(&rig, 2);
        assert!(why.contains("leeward resume"), "{why}");
        let after = (way_in(&rig, &fence), bound(&rig));
        assert_eq!((before, sizes), after, "{}", rig.told());
        assert!(
            !rig.world.accepts(&db(), Side::Primary) && rig.world.accepts(&db(), Side::Standby)
        );
        unbroken(&rig);
        rig.world.rebuild_replica(&db(), Side::Primary);
        resume(&rig, 2);
        rig.live(Span::minutes(5));
        goes_on(&rig);
        unbroken(&rig);
    }
}

/// The primary dies when it has just been opened and the standby's writers are being fenced: those write again
/// at once, and the primary is closed as soon as it answers.
#[test]
fn a_way_home_that_turns_back_gives_the_writers_back_first_and_closes_what_it_opened() {
    for fence in [isolate(&[APP]), stop_writer()] {
        let rig = moved_by(fence.clone());
        rig.world.rebuild_replica(&db(), Side::Primary);
        let (before, sizes) = (way_in(&rig, &fence), bound(&rig));
        rig.world.set_habits(|habits| habits.terminate = Span::minutes(3));
        rig.clock.advance(Span::seconds(20));
        rig.turn_after(Span::seconds(15), "us-east-1", RegionState::Dead);
        home(&rig);
        rig.live(Span::minutes(35));
        let book = rig.book(2).unwrap();
        assert!(matches!(book.state.fate, Fate::TurnedBack(..)), "{}", rig.told());
        assert!(
            rig.world.accepts(&db(), Side::Standby),
            "nobody waits for the dead: {}",
            rig.told()
        );
        rig.world.set_region(&primary(), RegionState::Well);
        if book.state.halt.is_some() {
            resume(&rig, 2);
        }
        rig.live(Span::minutes(60));
        assert_eq!(rig.ended(2), Some(End::RolledBack), "{}", rig.told());
        assert_eq!((before, sizes), (way_in(&rig, &fence), bound(&rig)));
        assert_eq!(rig.book(2).unwrap().state.left_closed().len(), 1, "still on record");
        assert_eq!(rig.world.served_by(), Some(Side::Standby));
        unbroken(&rig);
    }
}
