//! The state table's fake.

use leeward_core::table::Key;
use leeward_core::time::{Span, after};

use super::super::{Call, FakeClock, FakeTable, Fate, block_on};
use crate::{Condition, Frozen, Item, Put, Table, TableErrorKind};

fn item(sk: &str, n: u64, nonce: &str) -> Item {
    let key = Key { pk: "W#orders".into(), sk: sk.into() };
    Item { key, body: format!("{{\"n\":{n}}}"), n, nonce: nonce.to_owned() }
}

struct Scene {
    clock: FakeClock,
    table: FakeTable,
}

impl Scene {
    fn new() -> Self {
        let clock = FakeClock::default();
        Self { table: FakeTable::new(clock.clone()), clock }
    }

    fn put(&self, item: &Item, condition: Condition) -> Result<Put, TableErrorKind> {
        self.put_frozen(item, condition, Frozen(self.clock.date()))
    }

    fn put_frozen(
        &self,
        item: &Item,
        condition: Condition,
        frozen: Frozen,
    ) -> Result<Put, TableErrorKind> {
        let put = self.table.put(item.clone().into(), condition, frozen);
        block_on(&self.clock, put).unwrap().map(|dated| dated.value).map_err(|e| e.kind)
    }

    fn stored(&self, sk: &str) -> Option<Item> {
        self.table.item(&item(sk, 0, "").key)
    }
}

fn puts(call: &Call<'_>) -> bool {
    matches!(call, Call::Put(..))
}

#[test]
fn a_condition_is_judged_against_what_is_stored() {
    for (stored, condition, new, expected) in [
        (None, Condition::Absent, 1, Put::Done),
        (Some(1), Condition::Absent, 2, Put::Conflict),
        (None, Condition::NumberIs(1), 2, Put::Conflict),
        (Some(1), Condition::NumberIs(1), 2, Put::Done),
        (Some(2), Condition::NumberIs(1), 3, Put::Conflict),
        (None, Condition::Newer, 1, Put::Done),
        (Some(1), Condition::Newer, 2, Put::Done),
        (Some(2), Condition::Newer, 2, Put::Conflict),
        (Some(3), Condition::Newer, 2, Put::Conflict),
        (Some(3), Condition::Always, 2, Put::Done),
    ] {
        let scene = Scene::new();
        if let Some(n) = stored {
            scene.table.put_by_hand(item("A", n, "old"));
        }
        let case = format!("{stored:?} {condition:?} {new}");
        assert_eq!(scene.put(&item("A", new, "new"), condition), Ok(expected.clone()), "{case}");
        let stands = scene.stored("A").map(|i| i.nonce);
        let written = expected == Put::Done;
        assert_eq!(stands.as_deref() == Some("new"), written, "{case}");
    }
}

#[test]
fn a_list_is_one_partition_from_a_prefix_in_order() {
    let scene = Scene::new();
    for sk in ["J#0000000002", "SIG#a", "J#0000000001", "GEN"] {
        scene.table.put_by_hand(item(sk, 1, ""));
    }
    let mut other = item("J#0000000003", 1, "");
    other.key.pk = "W#ordersx".into();
    scene.table.put_by_hand(other);
    let listed = block_on(&scene.clock, scene.table.list("W#orders", "J#")).unwrap().unwrap();
    let keys: Vec<&str> = listed.value.iter().map(|i| i.key.sk.as_str()).collect();
    assert_eq!(keys, ["J#0000000001", "J#0000000002"]);
    assert_eq!(listed.at, scene.clock.date());
}

#[test]
fn a_lost_answer_may_have_been_written() {
    for (fate, written) in [(Fate::LostBefore, false), (Fate::LostAfter, true)] {
        let scene = Scene::new();
        scene.table.fail_next(puts, fate.clone());
        let lost = scene.put(&item("A", 1, "mine"), Condition::Absent);
        assert_eq!(lost, Err(TableErrorKind::Lost), "{fate:?}");
        assert_eq!(scene.stored("A").is_some(), written, "{fate:?}");
    }
}

#[test]
fn a_late_write_lands_when_its_time_has_come_and_meets_what_stands_there() {
    let scene = Scene::new();
    scene.table.fail_next(puts, Fate::Late(Span::minutes(5)));
    let lost = scene.put(&item("A", 1, "late"), Condition::Absent);
    assert_eq!(lost, Err(TableErrorKind::Lost));
    assert_eq!(scene.put(&item("A", 1, "early"), Condition::Absent), Ok(Put::Done));
    scene.clock.advance(Span::minutes(6));
    scene.table.settle();
    assert_eq!(scene.stored("A").unwrap().nonce, "early");
    assert_eq!(scene.table.writes().last().unwrap().put, Some(Put::Conflict));
}

#[test]
fn a_write_whose_signature_has_outlived_its_life_does_not_land() {
    let scene = Scene::new();
    scene.table.fail_next(puts, Fate::Kept);
    let lost = scene.put(&item("A", 1, "kept"), Condition::Absent);
    assert_eq!(lost, Err(TableErrorKind::Lost));
    scene.clock.advance(Span::minutes(15));
    scene.table.land_kept();
    assert!(scene.stored("A").is_none(), "it was signed more than 15 minutes ago");

    let old = Frozen(scene.clock.date());
    scene.clock.advance(Span::minutes(16));
    let refused = scene.put_frozen(&item("A", 1, "old"), Condition::Absent, old);
    assert_eq!(refused, Err(TableErrorKind::Refused));
    let future = Frozen(after(scene.clock.date(), Span::minutes(16)));
    let refused = scene.put_frozen(&item("A", 1, "future"), Condition::Absent, future);
    assert_eq!(refused, Err(TableErrorKind::Refused));
}

#[test]
fn an_answer_without_a_date_is_an_error_even_when_it_was_written() {
    let scene = Scene::new();
    scene.table.fail_next(puts, Fate::NoDate);
    let answer = scene.put(&item("A", 1, "mine"), Condition::Absent);
    assert_eq!(answer, Err(TableErrorKind::NoDate));
    assert!(scene.stored("A").is_some());
}

#[test]
fn a_table_that_is_away_answers_nothing_and_keeps_what_it_has() {
    let scene = Scene::new();
    assert_eq!(scene.put(&item("A", 1, "mine"), Condition::Absent), Ok(Put::Done));
    scene.table.set_away(true);
    let lost = scene.put(&item("B", 1, "mine"), Condition::Absent);
    assert_eq!(lost, Err(TableErrorKind::Lost));
    let key = item("A", 0, "").key;
    let read = block_on(&scene.clock, scene.table.get(&key)).unwrap();
    assert_eq!(read.unwrap_err().kind, TableErrorKind::Lost);
    scene.table.set_away(false);
    let read = block_on(&scene.clock, scene.table.get(&key)).unwrap();
    assert!(read.unwrap().value.is_some());
    assert!(scene.stored("B").is_none());
}
