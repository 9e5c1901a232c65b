//! The other kinds of databases, fences, capacity and controls, each through a whole recovery.
#![expect(clippy::expect_used, reason = "helpers of tests fail as tests do")]

use leeward_core::contract::Mode;
use leeward_core::ids::{Actor, EntryId, Side};
use leeward_core::journal::{End as Ended, Entry};
use leeward_core::plan::{ApprovalFor, Plan};
use leeward_core::time::Span;
use leeward_ports::fake::{RegionState, block_on};
use leeward_reconcile::Appended;
use leeward_tests::rig::{Rig, example};
use serde_json::json;

fn rig(name: &str) -> Rig {
    let mut plan: Plan = example(name);
    plan.policy.approval.wanted_for = ApprovalFor::None;
    let rig = Rig::new(plan);
    assert!(rig.live(Span::minutes(5)).is_empty(), "nothing is started on a good day");
    rig
}

fn told(rig: &Rig) -> String {
    format!("{:#?}\n{:#?}", rig.story(1), rig.invocations())
}

fn ended(rig: &Rig) -> Option<Ended> {
    rig.book(1).and_then(|b| b.state.end.as_ref().map(|e| e.end))
}

fn say(rig: &Rig, entry: Entry) {
    let desk = rig
        .detector
        .desk
        .in_the_name_of(Actor::new("arn:aws:sts::123456789012:assumed-role/on-call/eve"));
    let mut book = rig.book(1).expect("a generation is open");
    let said = block_on(&rig.clock, async { desk.append(&mut book, entry, None).await });
    assert_eq!(said, Some(Ok(Appended::Yes)), "{}", told(rig));
}

fn start(rig: &Rig, direction: &str) {
    let event = json!({
        "leeward": "start", "workload": rig.plan.workload, "plan": rig.plan.plan,
        "mode": Mode::Recover, "direction": direction, "reason": "a rehearsal",
        "operator": "arn:aws:sts::123456789012:assumed-role/on-call/eve",
    });
    let answer = rig.call(&event).expect("an answer");
    assert_eq!(answer["status"], "go", "{answer}");
}

#[test]
fn every_side_writes_so_only_traffic_moves() {
    let rig = rig("sessions");
    let primary = rig.plan.regions.primary.clone();
    rig.world.set_region(&primary, RegionState::Dead);
    rig.live(Span::minutes(40));
    assert_eq!(ended(&rig), Some(Ended::Recovered), "{}", told(&rig));
    assert_eq!(rig.world.served_by(), Some(Side::Standby), "{}", told(&rig));
    assert!(story_of(&rig, 1).contains("sessions.example.com A resolves to 203.0.113.20\""));

    rig.world.set_region(&primary, RegionState::Well);
    rig.live(Span::minutes(60));
    start(&rig, "to-primary");
    rig.live(Span::minutes(40));
    let home = rig.book(2).and_then(|b| b.state.end.as_ref().map(|e| e.end));
    assert_eq!(home, Some(Ended::Recovered), "{}", story_of(&rig, 2));
    let whole = "sessions.example.com A resolves to 192.0.2.20, 203.0.113.20";
    assert!(story_of(&rig, 2).contains(whole), "{}", story_of(&rig, 2));
}

fn story_of(rig: &Rig, generation: u64) -> String {
    rig.story(generation).join("\n")
}

#[test]
fn no_fence_works_while_the_old_side_is_silent_so_a_person_is_asked() {
    let rig = rig("catalog");
    let primary = rig.plan.regions.primary.clone();
    rig.world.set_region(&primary, RegionState::Dead);
    rig.live(Span::minutes(15));
    let book = rig.book(1).expect("a generation is opened");
    let halt = book.state.halt.as_ref().unwrap_or_else(|| panic!("{}", told(&rig)));
    assert!(halt.reason.contains("leeward waive"), "{}", halt.reason);
    assert!(!book.state.committed());

    let database: EntryId = rig.plan.databases[0].id().clone();
    say(&rig, Entry::Waived { database, loss: None, reason: "the Region burnt down".to_owned() });
    say(&rig, Entry::Resumed { reason: "waived".to_owned(), time_limit: Some(Span::minutes(30)) });
    rig.live(Span::minutes(40));
    assert_eq!(ended(&rig), Some(Ended::Recovered), "{}", told(&rig));
    assert_eq!(rig.world.served_by(), Some(Side::Standby), "{}", told(&rig));
    let unproven = rig.book(1).expect("open").state.unproven();
    assert_eq!(unproven.len(), 1, "the old side stays unproven");
}

#[test]
fn an_order_in_a_real_outage_does_not_wait_for_a_switchover_that_cannot_come() {
    let rig = rig("catalog");
    let primary = rig.plan.regions.primary.clone();
    rig.world.set_region(&primary, RegionState::Dead);
    start(&rig, "to-standby");
    rig.live(Span::minutes(15));
    let book = rig.book(1).expect("a generation is opened");
    let halt = book.state.halt.as_ref().unwrap_or_else(|| panic!("{}", told(&rig)));
    assert!(halt.reason.contains("leeward waive"), "{}", halt.reason);
    assert!(!book.state.committed(), "{}", told(&rig));
}

#[test]
fn a_person_switches_over_without_loss_while_both_sides_are_well() {
    let rig = rig("catalog");
    start(&rig, "to-standby");
    rig.live(Span::minutes(40));
    assert_eq!(ended(&rig), Some(Ended::Recovered), "{}", told(&rig));
    assert_eq!(rig.world.served_by(), Some(Side::Standby), "{}", told(&rig));
    let story = rig.story(1).join("\n");
    assert!(story.contains("switch "), "{story}");
    assert!(!story.contains("fail catalog"), "{story}");
}
