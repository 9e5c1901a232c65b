//! The latest generation is found by its first entry, whatever the hint says, and costs few reads.
#![expect(clippy::expect_used, reason = "a test fails by panicking, its helpers too")]

use std::sync::Arc;

use leeward_core::ids::{Generation, Seq};
use leeward_core::plan::ApprovalFor;
use leeward_core::table::{JOURNAL, Key, generation_partition};
use leeward_core::time::Span;
use leeward_ports::Item;
use leeward_ports::fake::{RegionState, block_on};
use leeward_tests::rig::{Rig, example};

fn rig() -> Rig {
    let mut plan = example("orders");
    plan.policy.approval.wanted_for = ApprovalFor::None;
    let rig = Rig::new(plan);
    rig.live(Span::minutes(5));
    rig
}

/// A rig with one generation, which is over.
fn recovered() -> Rig {
    let rig = rig();
    rig.world.set_region(&"us-east-1".into(), RegionState::Dead);
    rig.live(Span::minutes(30));
    assert!(rig.ended(1).is_some());
    rig
}

/// How many entries the latest generation has, and how many reads it took to find it.
fn latest(rig: &Rig) -> (Option<usize>, u64) {
    let before = rig.table.reads();
    let found = block_on(&rig.clock, rig.detector.desk.latest(&rig.plan.workload));
    let (book, _) = found.expect("it ends").expect("an answer");
    (book.map(|b| b.records.len()), rig.table.reads() - before)
}

/// Puts the first entry of generation 1 into generation 2, which then has one.
fn begin_another(rig: &Rig) {
    let first = Key::journal(&rig.plan.workload, Generation(1), Seq(1));
    let item = rig.table.item(&first).expect("it was opened");
    let key = Key::journal(&rig.plan.workload, Generation(2), Seq(1));
    rig.table.put_by_hand(Item { key, ..item });
}

#[test]
fn where_there_never_was_one_two_reads_say_so() {
    assert_eq!(latest(&rig()), (None, 2));
}

#[test]
fn a_hint_saves_the_search_and_a_lost_or_late_one_hides_no_generation() {
    let rig = recovered();
    let partition = generation_partition(&rig.plan.workload, Generation(1));
    let entries = rig.table.stored(&partition, JOURNAL).len();
    assert!(entries > 10);
    assert_eq!(latest(&rig), (Some(entries), 3), "hint, no second one, its journal");
    let hint = Key::generation_hint(&rig.plan.workload);
    let stored = Arc::new(rig.table.item(&hint).expect("it was written"));
    rig.table.take_by_hand(&hint);
    assert_eq!(latest(&rig), (Some(entries), 4), "one read more without it");
    begin_another(&rig);
    assert_eq!(latest(&rig), (Some(1), 5));
    rig.table.put_by_hand(stored);
    assert_eq!(latest(&rig), (Some(1), 4), "the hint is one behind");
}

#[test]
fn a_generation_whose_first_entry_is_gone_is_damaged_and_not_taken_for_none() {
    let rig = recovered();
    rig.table.take_by_hand(&Key::journal(&rig.plan.workload, Generation(1), Seq(1)));
    let found = block_on(&rig.clock, rig.detector.desk.latest(&rig.plan.workload));
    let error = found.expect("it ends").expect_err("nobody may go on with it");
    assert!(error.to_string().contains("is damaged"), "{error}");
}
