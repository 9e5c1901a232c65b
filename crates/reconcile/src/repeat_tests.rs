//! A repeated call: how often, which, and signed with what.

use leeward_ports::fake::{Call, FakeClock, FakeTable, Fate, block_on};

use super::*;

fn item(n: u64) -> Arc<Item> {
    Arc::new(Item {
        key: Key::new("W#orders", "S"),
        body: "{}".to_owned(),
        n,
        nonce: String::new(),
    })
}

/// A table whose next so many calls meet that fate, and the same one repeated.
fn failing(times: usize, fate: &Fate) -> (FakeClock, FakeTable, Repeated) {
    let clock = FakeClock::default();
    let table = FakeTable::new(clock.clone());
    for _ in 0..times {
        table.fail_next(|_: &Call<'_>| true, fate.clone());
    }
    let repeated = Repeated(Arc::new(table.clone()));
    (clock, table, repeated)
}

fn put(times: usize, fate: &Fate, condition: Condition) -> Result<Put, TableErrorKind> {
    let (clock, _, repeated) = failing(times, fate);
    let put = repeated.put(item(7), condition, Frozen(clock.date()));
    block_on(&clock, put).unwrap().map(|dated| dated.value).map_err(|error| error.kind)
}

#[test]
fn a_call_without_an_answer_is_sent_three_times_and_not_a_fourth() {
    for fate in [Fate::Throttled, Fate::LostBefore, Fate::NoDate] {
        let (clock, _, repeated) = failing(2, &fate);
        assert!(block_on(&clock, repeated.get(&item(1).key)).unwrap().is_ok(), "{fate:?}");
        let (clock, table, repeated) = failing(4, &fate);
        assert!(block_on(&clock, repeated.list("W#orders", "S")).unwrap().is_err(), "{fate:?}");
        let next = block_on(&clock, table.get(&item(1).key)).unwrap();
        assert!(next.is_err(), "{fate:?}: one of four is left");
        assert!(block_on(&clock, table.get(&item(1).key)).unwrap().is_ok(), "{fate:?}");
    }
}

#[test]
fn a_refusal_is_not_repeated() {
    let refused = Fate::Refused("AccessDeniedException".to_owned());
    assert_eq!(put(1, &refused, Condition::Newer), Err(TableErrorKind::Refused));
}

#[test]
fn a_write_that_may_have_landed_is_repeated_only_where_that_is_harmless() {
    for condition in [Condition::Newer, Condition::Absent] {
        assert_eq!(put(2, &Fate::LostBefore, condition), Ok(Put::Done));
        // The first landed: the repeat meets it.
        assert_eq!(put(1, &Fate::LostAfter, condition), Ok(Put::Conflict));
    }
    for condition in [Condition::NumberIs(3), Condition::Always] {
        assert_eq!(put(1, &Fate::LostAfter, condition), Err(TableErrorKind::Lost));
        assert!(put(2, &Fate::Throttled, condition).is_ok(), "nothing was written");
    }
}

#[test]
fn a_repeat_is_signed_with_the_instant_of_the_first() {
    let (clock, late, repeated) = failing(2, &Fate::LostBefore);
    late.set_request_life(leeward_core::time::Span::seconds(1));
    let put = repeated.put(item(7), Condition::Newer, Frozen(clock.date()));
    let refused = block_on(&clock, put).unwrap().unwrap_err();
    assert_eq!(refused.kind, TableErrorKind::Refused, "a late repeat does not land: {refused}");
}
