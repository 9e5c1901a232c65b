//! The way back has a time of its own: a lost request is waited out within it, and a person's word gives it
//! anew.

use leeward_core::ids::Side;
use leeward_core::journal::{End, Entry};
use leeward_core::time::Span;
use leeward_core::world::Change;
use leeward_ports::fake::{Call, Fate, RegionState};
use leeward_reconcile::Appended;
use leeward_tests::check::{Evidence, judge};
use leeward_tests::rig::Rig;

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
