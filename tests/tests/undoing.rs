//! The way back has a time of its own: a lost request is waited out within it, and a person's word gives it
//! anew.
#![expect(clippy::expect_used, reason = "a test fails by panicking, its helpers too")]

use leeward_core::ids::{EntryId, Side};
use leeward_core::journal::{End, Entry, TurnBackReason};
use leeward_core::time::{Span, after};
use leeward_core::world::Change;
use leeward_ports::fake::{Call, Fate, Happened, Happening, RegionState, Write, block_on};
use leeward_reconcile::Appended;
use leeward_tests::check::{Evidence, judge};
use leeward_tests::rig::Rig;
use serde_json::json;

const PRIMARY: &str = "us-east-1";
const STANDBY: &str = "us-west-2";

/// A plan whose time is shorter than a request's life: capacity is asked for, nobody sees whether it
/// arrived, and it is asked for again. Then the Region is well again.
fn sent_twice() -> Rig {
    let rig = Rig::well("sessions");
    assert!(rig.plan.time_limit < rig.detector.desk.limits.request_life);
    let raises = |call: &Call<'_>| matches!(call, Call::Change(Change::SetMinimum { .. }));
    rig.world.fail_next(raises, Fate::LostBefore);
    rig.world.set_region(&PRIMARY.into(), RegionState::Dead);
    rig.heal_after(Span::seconds(190), PRIMARY);
    rig
}

fn held(rig: &Rig) -> usize {
    let records = rig.book(1).map(|b| b.records).unwrap_or_default();
    records.iter().filter(|r| matches!(r.entry, Entry::Held { .. })).count()
}

fn assert_undone(rig: &Rig) {
    assert_eq!(rig.ended(1), Some(End::RolledBack), "{}", rig.told());
    assert_eq!(rig.world.served_by(), Some(Side::Primary), "{}", rig.told());
    let broken = judge(&Evidence::of(rig));
    assert!(broken.is_empty(), "{broken:#?}\n{}", rig.told());
}

#[test]
fn a_lost_request_that_outlives_the_plan_is_waited_out_without_a_person() {
    let rig = sent_twice();
    rig.live(Span::minutes(40));
    assert_undone(&rig);
    assert_eq!(held(&rig), 0, "{}", rig.told());
}

#[test]
fn one_word_leads_out_of_an_undo_whose_time_is_over() {
    let rig = sent_twice();
    rig.turn_after(Span::minutes(6), STANDBY, RegionState::Hanging);
    rig.heal_after(Span::minutes(60), STANDBY);
    rig.live(Span::minutes(70));
    assert_eq!(held(&rig), 1, "{}", rig.told());
    let word = Entry::Resumed { reason: "it is seen again".to_owned(), time_limit: None };
    assert_eq!(rig.say(1, word), Some(Appended::Yes));
    rig.live(Span::minutes(40));
    assert_undone(&rig);
    assert_eq!(held(&rig), 1, "{}", rig.told());
}

/// A person starts a recovery of a side that is well, and turns it back while the last holder's time runs.
fn turned_back_in_the_fence() -> Rig {
    let rig = Rig::well("orders");
    rig.order("recover", "to-standby").expect("the order is taken");
    let desk = &rig.detector.desk;
    let step = |name: &str| {
        json!({"leeward": "step", "schema": 1, "workload": rig.plan.workload,
            "generation": 1, "step": name, "executor": "by-hand"})
    };
    let fenced = || rig.book(1).is_some_and(|b| !b.state.fenced.is_empty());
    for _ in 0..20 {
        let _ = block_on(&rig.clock, leeward_db_failover::handle(desk, &step("fence")));
        if fenced() {
            break;
        }
        rig.clock.advance(Span::seconds(1));
    }
    assert!(fenced(), "{}", rig.told());
    let back = Entry::turned_back(TurnBackReason::Declined, "started by mistake");
    assert_eq!(rig.say(1, back), Some(Appended::Yes), "{}", rig.told());
    for _ in 0..5 {
        let _ = block_on(&rig.clock, leeward_db_failover::handle(desk, &step("undo")));
        rig.clock.advance(Span::seconds(1));
    }
    rig.live(Span::minutes(20));
    rig
}

#[test]
fn a_lease_that_went_back_before_its_proof_held_is_no_breach_and_one_that_went_back_after_is() {
    let rig = turned_back_in_the_fence();
    assert_undone(&rig);
    let fenced = rig.book(1).expect("open").state.fenced[&EntryId::new("orders-db")].holds_from;
    let mut evidence = Evidence::of(&rig);
    let stopped = |h: &Happening| matches!(h.what, Happened::AcceptEnded { .. });
    assert!(!evidence.happenings.iter().any(stopped), "{:#?}", evidence.happenings);
    // The same, with the lease on its way back only when the proof holds already.
    let back = |w: &&mut Write| w.item.body.contains("intent") && w.item.body.contains("undoes");
    let late = after(fenced, Span::seconds(1));
    evidence.writes.iter_mut().filter(back).for_each(|w| w.at = late);
    assert!(judge(&evidence).iter().any(|v| v.invariant == "S8"));
}
