//! A recovery that another version began: this one leaves it alone, says so, and the version that began it
//! finishes it.

use std::collections::BTreeMap;

use leeward_core::ids::Side;
use leeward_core::journal::{End, Entry, PROTOCOL};
use leeward_core::time::Span;
use leeward_ports::fake::RegionState;
use leeward_reconcile::Appended;
use leeward_tests::check::{Evidence, judge};
use leeward_tests::rig::Rig;

#[test]
fn a_generation_of_another_protocol_is_left_alone_until_its_own_version_is_back() {
    let mut rig = Rig::well("orders");
    rig.detector.desk.protocol = PROTOCOL + 1;
    rig.world.set_region(&"us-east-1".into(), RegionState::Dead);
    assert_eq!(rig.order("recover", "to-standby").expect("an answer")["status"], "go");
    let before = rig.story(1);

    rig.detector.desk.protocol = PROTOCOL;
    rig.live(Span::minutes(20));
    assert_eq!(rig.story(1), before, "another protocol writes nothing");
    let word = Entry::Paused { reason: "a word in a language of its own".to_owned() };
    let refused = rig.say(1, word);
    assert!(matches!(refused, Some(Appended::NotAdmitted(_))), "{refused:?}");
    let mut told: BTreeMap<String, usize> = BTreeMap::new();
    for delivered in rig.publisher.delivered() {
        if format!("{:?}", delivered.message).contains("opened by protocol 2") {
            *told.entry(delivered.receiver).or_default() += 1;
        }
    }
    assert!(!told.is_empty(), "people are told");
    assert!(told.values().all(|times| *times <= 2), "and not each minute: {told:?}");

    rig.detector.desk.protocol = PROTOCOL + 1;
    rig.live(Span::minutes(30));
    assert_eq!(rig.ended(1), Some(End::Recovered), "{}", rig.told());
    assert_eq!(rig.world.served_by(), Some(Side::Standby), "{}", rig.told());
    let broken = judge(&Evidence::of(&rig));
    assert!(broken.is_empty(), "{broken:#?}\n{}", rig.told());
}
