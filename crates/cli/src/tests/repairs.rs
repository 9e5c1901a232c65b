//! `repair`: damaged items and markers, and what is read of them before they are mended.

use leeward_core::ids::Seq;
use leeward_core::journal::Entry;
use leeward_core::table::Key;
use leeward_ports::Item;

use super::*;

fn orders_id() -> WorkloadId {
    WorkloadId::new("orders")
}

fn item(key: Key, body: &str, n: u64) -> Item {
    Item { key, body: body.to_owned(), n, nonce: String::new() }
}

/// Recovered by a person's order, and nothing is wrong.
fn recovered(name: &str) -> Rig {
    let rig = Rig::unattended(name);
    rig.kill_primary();
    rig.live(Span::minutes(1));
    rig.well(&["start", "orders", "--here", "--reason", "it burns"]);
    rig.well(&["repair", "orders"]);
    rig
}

fn hint(rig: &Rig, n: u64) {
    rig.table.put_by_hand(item(Key::generation_hint(&orders_id()), "{}", n));
}

fn repaired(rig: &Rig) {
    let shown = rig.ask(&["repair", "orders", "--diff"]).unwrap();
    assert_eq!(shown.exit, Exit::NotAsAsked, "{:#?}", shown.lines);
    let done = rig.well(&["repair", "orders", "--apply", "--reason", "a copied table"]);
    assert!(done.lines.iter().any(|l| l.starts_with("repaired")), "{:#?}", done.lines);
    rig.well(&["repair", "orders"]);
    let deeds = rig.table.stored("W#orders", "DEED#");
    assert!(deeds.iter().any(|d| d.body.contains("a copied table") && d.body.contains(ANA)));
}

#[test]
fn a_hint_that_is_ahead_forgets_neither_the_history_nor_the_cool_down() {
    for ahead in [2, 7, 1_000_000, u64::MAX] {
        let rig = recovered(&format!("hint-{ahead}"));
        hint(&rig, ahead);
        let status = rig.well(&["status", "orders"]);
        assert_eq!(status.json["generation"], 1, "{ahead}");
        let home = ["start", "orders", "--here", "--direction", "to-primary", "--reason", "again"];
        let again = rig.ask(&home).unwrap();
        assert_eq!(again.exit, Exit::Refused, "{ahead}");
        assert!(again.lines[0].contains("the cool-down"), "{ahead}");
        rig.sweep();
        assert!(rig.table.stored("G#orders#2", "").is_empty(), "{ahead}");
        repaired(&rig);
        assert_eq!(rig.table.item(&Key::generation_hint(&orders_id())).unwrap().n, 1);
        rig.well(&["audit", "orders"]);
    }
}

#[test]
fn a_hint_that_is_behind_or_gone_only_costs_reads() {
    let rig = recovered("hint-gone");
    rig.table.take_by_hand(&Key::generation_hint(&orders_id()));
    assert_eq!(rig.well(&["status", "orders"]).json["generation"], 1);
    repaired(&rig);
}

#[test]
fn junk_in_the_place_of_a_first_entry_is_put_aside_and_the_workload_is_watched_again() {
    let rig = Rig::unattended("junk-first");
    let key = Key::journal(&orders_id(), Generation(1), Seq(1));
    rig.table.put_by_hand(item(key.clone(), "{\"by\":\"a hand\"}", 1));
    rig.kill_primary();
    rig.try_live(Span::minutes(10));
    assert!(!rig.table.stored("W#orders", "REFUSED#").is_empty(), "people are told");
    let told = rig.ask(&["status", "orders"]).unwrap_err();
    assert!(told.message.contains("leeward repair orders --diff"), "{told}");
    repaired(&rig);
    assert!(rig.table.item(&key).is_none());
    let aside = Key { sk: format!("X#{}", key.sk).into(), ..key };
    assert_eq!(rig.table.item(&aside).unwrap().body, "{\"by\":\"a hand\"}");
    rig.live(Span::minutes(3));
    assert!(matches!(rig.book(1).records[0].entry, Entry::Opened(_)), "it is opened now");
}

#[test]
fn junk_behind_the_last_entry_of_an_open_generation_holds_it_for_a_person() {
    let rig = Rig::unattended("junk-last");
    rig.opened();
    let last = rig.book(1).state.last;
    let key = Key::journal(&orders_id(), Generation(1), last.next());
    rig.table.put_by_hand(item(key.clone(), "", 1));
    assert_eq!(rig.ask(&["status", "orders"]).unwrap_err().exit, Exit::NeedsPerson);
    repaired(&rig);
    let book = rig.book(1);
    assert!(book.state.halt.is_some(), "its last words may have been an intent");
    rig.well(&["resume", "orders", "--reason", "looked at both sides", "--no-start"]);
}

#[test]
fn an_entry_that_is_gone_or_changed_is_for_a_person_with_a_backup() {
    let rig = recovered("entry-gone");
    rig.table.take_by_hand(&Key::journal(&orders_id(), Generation(1), Seq(4)));
    let before = rig.table.items();
    for words in [&["repair", "orders"][..], &["repair", "orders", "--apply", "--reason", "x"]] {
        let answer = rig.ask(words).unwrap();
        assert_eq!(answer.exit, Exit::NeedsPerson, "{:#?}", answer.lines);
        assert!(answer.lines.iter().any(|l| l.starts_with("LOST")), "{:#?}", answer.lines);
    }
    assert_eq!(rig.table.items(), before, "nothing is touched");
}

/// The table was restored to a time before the recovery; the lease is in another and tells of it.
#[test]
fn a_table_that_is_older_than_the_world_is_found_out_by_the_lease() {
    let rig = recovered("older");
    for old in rig.table.stored("G#orders#1", "") {
        rig.table.take_by_hand(&old.key);
    }
    rig.table.take_by_hand(&Key::generation_hint(&orders_id()));
    let answer = rig.ask(&["repair", "orders"]).unwrap();
    assert_eq!(answer.exit, Exit::NeedsPerson, "{:#?}", answer.lines);
    assert!(answer.lines[0].contains("moved by generation 1"), "{:#?}", answer.lines);
}
