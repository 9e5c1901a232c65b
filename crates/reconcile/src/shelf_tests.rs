//! What counts is what the table answered: what this process wrote or read before serves where it is the same,
//! byte for byte, and nowhere else.

use leeward_core::contract::Mode;
use leeward_core::evidence::{Reading, Signal, Standby, Vote};
use leeward_core::ids::{
    Actor, Direction, ExecutorId, Generation, Nonce, PlanId, Region, Seq, WorkloadId,
};
use leeward_core::journal::{Decision, Entry, PROTOCOL, Trigger};
use leeward_core::plan::Voter;
use leeward_core::table::{generation_partition, workload_partition};
use leeward_core::time::{Span, Timestamp};
use serde_json::json;

use super::*;
use crate::facts::{Fact, Slot};

fn orders() -> WorkloadId {
    WorkloadId::new("orders")
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_767_614_400 + seconds).unwrap()
}

fn item(key: Key, body: String) -> Arc<Item> {
    Arc::new(Item { key, body, n: 1, nonce: String::new() })
}

/// The same bytes at another address, as an answer over the wire has them.
fn answered(item: &Arc<Item>) -> Arc<Item> {
    Arc::new(Item::clone(item))
}

/// A stored entry, with what it says and the digest of its bytes.
struct Stored {
    item: Arc<Item>,
    record: Arc<Record>,
    head: Digest,
}

fn stored(seq: u64, prev: &Digest, by: &str, entry: Entry) -> Stored {
    let (nonce, by) = (Nonce::new("n"), Actor::new(by));
    let record = Record { seq: Seq(seq), at: at(0), nonce, prev: prev.clone(), by, entry };
    let body = serde_json::to_string(&record).unwrap();
    let head = chain::digest(body.as_bytes());
    let key = Key::journal(&orders(), Generation(1), Seq(seq));
    Stored { item: item(key, body), record: Arc::new(record), head }
}

fn opened() -> Stored {
    let decision = Decision {
        protocol: PROTOCOL,
        workload: orders(),
        generation: Generation(1),
        plan: PlanId::new("orders-region"),
        plan_digest: Digest::new("plan"),
        direction: Direction::ToStandby,
        target: Region::from("us-west-2"),
        mode: Mode::Recover,
        evidence: Digest::new("evidence"),
        trigger: Trigger::Evidence { source: "schedule".to_owned() },
        first_signal: at(-120),
        opened: at(0),
        deadline: at(1800),
        effects: Vec::new(),
        unproven: Vec::new(),
        lived: None,
        regions: None,
        left_closed: Vec::new(),
        handed_over: Vec::new(),
        lost: Vec::new(),
        ask: Vec::new(),
        approvers: None,
    };
    stored(1, &chain::origin(), "leeward", Entry::Opened(Box::new(decision)))
}

fn joined(before: &Stored, by: &str) -> Stored {
    stored(2, &before.head, by, Entry::Joined { executor: ExecutorId::new("x") })
}

/// What the shelf says of a journal whose items the table has just answered.
fn read(shelf: &Shelf, items: &[&Arc<Item>]) -> (Records, Arc<State>) {
    let partition = generation_partition(&orders(), Generation(1));
    let items = items.iter().map(|item| answered(item)).collect();
    shelf.journal(&partition, items).unwrap()
}

#[test]
fn an_own_entry_is_known_by_its_bytes_and_not_read_again() {
    let (shelf, first) = (Shelf::default(), opened());
    let own = joined(&first, "leeward");
    read(&shelf, &[&first.item]);
    shelf.wrote(own.item.clone(), own.record.clone(), own.head.clone());
    let (records, state) = read(&shelf, &[&first.item, &own.item]);
    assert!(Arc::ptr_eq(&records[1], &own.record), "it was read once more");
    assert_eq!((state.last, &state.head), (Seq(2), &own.head));
}

#[test]
fn where_anothers_entry_stands_the_own_one_counts_for_nothing() {
    let (shelf, first) = (Shelf::default(), opened());
    let (own, other) = (joined(&first, "leeward"), joined(&first, "ana"));
    read(&shelf, &[&first.item]);
    shelf.wrote(own.item, own.record, own.head);
    let (records, state) = read(&shelf, &[&first.item, &other.item]);
    assert_eq!((records[1].by.as_str(), &state.head), ("ana", &other.head));
}

#[test]
fn a_journal_that_was_rewritten_is_read_anew() {
    let (shelf, first) = (Shelf::default(), opened());
    let (one, other) = (joined(&first, "leeward"), joined(&first, "ana"));
    let (before, _) = read(&shelf, &[&first.item, &one.item]);
    let (known, _) = read(&shelf, &[&first.item, &one.item]);
    assert!(Arc::ptr_eq(&before[0], &known[0]), "the same journal was read twice");
    let (after, state) = read(&shelf, &[&first.item, &other.item]);
    assert_eq!((after[1].by.as_str(), &state.head), ("ana", &other.head));
    let partition = generation_partition(&orders(), Generation(1));
    let broken = shelf.journal(&partition, vec![other.item]);
    assert!(broken.is_err(), "an entry without the one before it is no journal");
}

fn voter(id: &str) -> Voter {
    serde_json::from_value(json!({"kind": "alarm", "id": id, "alarm": id, "region": "eu-west-1"}))
        .unwrap()
}

/// What that voter said, as it is stored and as it was before it was written.
fn vote(id: &str, vote: Vote) -> (Arc<Item>, Parsed) {
    let reading = Reading::new(vote, "words");
    let signal = Signal::following(&voter(id), None, reading, at(0), Span::minutes(3));
    let body = serde_json::to_string(&signal).unwrap();
    (item(Key::signal(&orders(), &id.into()), body), Parsed::Signal(Arc::new(signal)))
}

fn facts(shelf: &Shelf, items: &[&Arc<Item>]) -> Arc<Facts> {
    let items = items.iter().map(|item| answered(item)).collect();
    shelf.facts(&workload_partition(&orders()), items)
}

fn said(facts: &Facts, id: &str) -> Option<Vote> {
    facts.signals.iter().find(|s| s.voter == id.into()).map(|signal| signal.vote)
}

#[test]
fn an_own_vote_serves_where_its_bytes_stand_and_is_forgotten_where_they_do_not() {
    let shelf = Shelf::default();
    let (down, kept) = vote("a", Vote::Unhealthy);
    let Parsed::Signal(own) = kept.clone() else { panic!("no vote") };
    shelf.stored(down.clone(), kept);
    let seen = facts(&shelf, &[&down]);
    assert!(Arc::ptr_eq(&seen.signals[0], &own), "it was read once more");
    let (well, _) = vote("a", Vote::Healthy);
    let (own, kept) = vote("a", Vote::Unknown);
    shelf.stored(own, kept);
    assert_eq!(said(&facts(&shelf, &[&well]), "a"), Some(Vote::Healthy), "another's word stands");
}

#[test]
fn what_is_new_gone_or_changed_is_seen_among_what_stands_as_before() {
    let shelf = Shelf::default();
    let [a, b, c, d] = ["a", "b", "c", "d"].map(|id| vote(id, Vote::Healthy).0);
    let before = facts(&shelf, &[&a, &b, &d]);
    assert!(Arc::ptr_eq(&before, &facts(&shelf, &[&a, &b, &d])), "nothing changed");
    let (changed, _) = vote("b", Vote::Unhealthy);
    let after = facts(&shelf, &[&changed, &c, &d]);
    let ids = ["a", "b", "c", "d"].map(|id| said(&after, id));
    let (well, down) = (Some(Vote::Healthy), Some(Vote::Unhealthy));
    assert_eq!(ids, [None, down, well, well]);
    assert!(Arc::ptr_eq(&after.signals[2], &before.signals[2]), "what stands is not read again");
}

#[test]
fn facts_of_every_kind_are_added_up_and_rubbish_counts_as_not_there() {
    let shelf = Shelf::default();
    let standby = Standby {
        against: vec!["it is down".to_owned()],
        asks: Vec::new(),
        capacity: Vec::new(),
        numbers: Vec::new(),
        at: at(5),
    };
    // As it was stored before plans had places of their own.
    let (direction, asked, slot, plan) = (Direction::ToStandby, None, Slot::InForce, None);
    let fact = Fact::Standby { direction, standby: standby.clone(), asked, slot, plan };
    let stored = item(
        Key::snapshot(&orders(), "standby", "to-standby"),
        serde_json::to_string(&fact).unwrap(),
    );
    let rubbish = item(Key::signal(&orders(), &"a".into()), "{\"voter\":".to_owned());
    let seen = facts(&shelf, &[&rubbish, &stored]);
    assert_eq!(seen.last_look(Direction::ToStandby), Some(at(5)));
    assert_eq!(seen.signals, []);
}
