//! A person who is needed is told at once: no question and no hold waits for the next sweep.

use leeward_core::ids::Seq;
use leeward_core::journal::{Entry, Record};
use leeward_core::plan::ApprovalFor;
use leeward_core::time::{Span, Timestamp, since};
use leeward_ports::fake::RegionState;
use leeward_tests::rig::{Rig, example};
use serde_json::{Value, json};

/// A plan of which people are asked so much, on a good day.
fn well(plan: &str, asked: ApprovalFor) -> Rig {
    let mut plan = example(plan);
    plan.policy.approval.wanted_for = asked;
    let rig = Rig::new(plan);
    assert!(rig.live(Span::minutes(5)).is_empty(), "nothing is started on a good day");
    rig
}

/// Kills the primary and lets the schedule run until a generation is opened, and no further.
fn open(rig: &Rig) {
    rig.world.set_region(&rig.plan.regions.primary, RegionState::Dead);
    let tick = json!({"source": "aws.events", "detail-type": "Scheduled Event"});
    while rig.book(1).is_none() {
        rig.clock.advance(Span::minutes(1));
        assert!(rig.call(&tick).is_ok());
    }
    rig.stop_schedule();
}

fn record(rig: &Rig, wanted: impl Fn(&Entry) -> bool) -> Option<Record> {
    let book = rig.book(1)?;
    book.records.iter().rev().find(|r| wanted(&r.entry)).map(|r| Record::clone(r))
}

/// When each receiver was told of that entry.
fn told(rig: &Rig, seq: Seq) -> Vec<Timestamp> {
    let of = |json: &str| serde_json::from_str::<Value>(json).ok()?["seq"].as_u64();
    let delivered = rig.publisher.delivered();
    delivered.iter().filter(|d| of(&d.message.json) == Some(seq.0)).map(|d| d.at).collect()
}

fn receivers(rig: &Rig) -> usize {
    let to = &rig.plan.notifications;
    to.topics.len() + to.webhooks.len() + 1
}

#[test]
fn the_first_question_leaves_with_the_opening() {
    let rig = well("orders", ApprovalFor::OneWay);
    open(&rig);
    let asked = record(&rig, |e| matches!(e, Entry::Asked { .. })).unwrap();
    assert_eq!(told(&rig, asked.seq).len(), receivers(&rig), "{:#?}", rig.publisher.delivered());
}

#[test]
fn what_a_fence_asks_anew_is_told_by_the_step_that_asks() {
    let rig = well("orders", ApprovalFor::OneWay);
    rig.world.break_replication(&"orders-db".into(), true);
    rig.live(Span::minutes(3));
    open(&rig);
    rig.run_started();
    let asked = record(&rig, |e| matches!(e, Entry::Asked { loss: Some(_), .. })).unwrap();
    assert!(asked.seq > record(&rig, |e| matches!(e, Entry::Joined { .. })).unwrap().seq);
    let told = told(&rig, asked.seq);
    assert_eq!(told.len(), receivers(&rig), "{:#?}", rig.story(1));
    for at in told {
        assert!(since(asked.at, at) <= Span::seconds(10), "asked at {}, told at {at}", asked.at);
    }
}

#[test]
fn a_hold_is_told_without_the_schedule() {
    let rig = well("catalog", ApprovalFor::None);
    open(&rig);
    rig.run_started();
    let held = record(&rig, |e| matches!(e, Entry::Held { .. })).unwrap();
    let told = told(&rig, held.seq);
    assert_eq!(told.len(), receivers(&rig), "{:#?}", rig.story(1));
    for at in told {
        assert!(since(held.at, at) <= Span::seconds(10), "held at {}, told at {at}", held.at);
    }
}
