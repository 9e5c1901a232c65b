//! `plan check | put | show`.

use leeward_core::journal::chain;
use leeward_core::plan::schema;
use leeward_core::table::{Key, PLANS};
use serde_json::Value;

use super::*;

#[test]
fn every_shipped_plan_is_valid_and_its_history_fits() {
    for name in ["orders", "catalog", "sessions"] {
        let rig = Rig::new(&format!("check-{name}"), &orders());
        let answer = rig.well(&["plan", "check", &shipped(name).display().to_string()]);
        assert_eq!(answer.json["valid"], true);
        assert!(answer.lines.iter().any(|l| l.contains("events, of the 25000")), "{answer:#?}");
    }
}

#[test]
fn a_plan_that_could_fill_a_history_is_refused() {
    let text = orders()
        .replace("time-limit: 30m", "time-limit: 48h")
        .replace("timeout: 10m", "timeout: 24h");
    let rig = Rig::new("history", &text);
    let answer = rig.ask(&["plan", "check", &rig.file.display().to_string()]).unwrap();
    assert_eq!(answer.exit, Exit::Invalid);
    assert!(answer.lines[0].starts_with("error: time-limit: 48h"), "{:#?}", answer.lines);
}

#[test]
fn an_invalid_plan_tells_everything_and_stores_nothing() {
    let text = orders().replace("quorum: 2", "quorum: 9").replace("passes: 3", "passes: 0");
    let rig = Rig::new("invalid", &text);
    let answer = rig.ask(&["plan", "put", &rig.file.display().to_string()]).unwrap();
    assert_eq!(answer.exit, Exit::Invalid);
    let errors = answer.lines.iter().filter(|l| l.starts_with("error: ")).count();
    assert_eq!(errors, 2, "{:#?}", answer.lines);
    assert!(rig.table.items().is_empty());
    let nowhere = rig.ask(&["plan", "put", "/nowhere/plan.yaml"]).unwrap_err();
    assert_eq!(nowhere.exit, Exit::Invalid);
    assert!(nowhere.message.contains("/nowhere/plan.yaml"));
}

#[test]
fn put_stores_the_bytes_that_the_digest_is_over_and_makes_what_is_missing() {
    let rig = Rig::new("put", &orders());
    let file = rig.file.display().to_string();
    let answer = rig.well(&["plan", "put", &file]);
    let digest = answer.json["digest"].as_str().unwrap().to_owned();
    let listed: Vec<_> = rig.table.items().into_iter().filter(|i| i.key.pk == PLANS).collect();
    assert_eq!(listed.len(), 1);
    assert_eq!(chain::digest(listed[0].body.as_bytes()).as_str(), digest);
    let version = Key::plan_version(&"orders-region".into(), &digest.as_str().into_digest());
    assert_eq!(rig.table.item(&version).unwrap().body, listed[0].body);
    // The fake world begins with its lease.
    let did = answer.json["did"].to_string();
    assert!(did.contains("the writer lease LEASE#orders"), "{did}");
    assert!(did.contains("alarms now lead to it"), "{did}");

    let again = rig.well(&["plan", "put", &file]);
    assert_eq!(again.json["digest"].as_str(), Some(digest.as_str()));
    assert!(again.json["did"].to_string().contains("was stored already"));
    let current = rig.table.item(&Key::plan_current(&"orders-region".into())).unwrap();
    assert_eq!(current.n, 2);
}

trait IntoDigest {
    fn into_digest(self) -> leeward_core::ids::Digest;
}

impl IntoDigest for &str {
    fn into_digest(self) -> leeward_core::ids::Digest {
        leeward_core::ids::Digest::new(self)
    }
}

#[test]
fn show_gives_the_plan_in_force_and_the_list() {
    let rig = Rig::orders("show");
    let list = rig.well(&["plan", "show"]);
    assert_eq!(list.json["plans"][0]["plan"], "orders-region");
    let one = rig.well(&["plan", "show", "orders-region"]);
    let document: leeward_core::plan::Plan =
        serde_json::from_value(one.json["document"].clone()).unwrap();
    assert_eq!(document, parse(&orders()).unwrap());
    let none = rig.ask(&["plan", "show", "nothing"]).unwrap_err();
    assert_eq!(none.exit, Exit::Invalid);
}

#[test]
fn the_schema_is_printed_as_it_is_committed() {
    let rig = Rig::new("schema", &orders());
    let answer = rig.well(&["plan", "schema"]);
    let committed = include_str!("../../../../plans/plan.schema.json");
    assert_eq!(serde_json::from_str::<Value>(committed).unwrap(), schema());
    assert_eq!(answer.lines.join("\n"), committed.trim_end());
}

#[test]
fn a_table_that_is_away_is_told_with_what_to_do() {
    let rig = Rig::new("away", &orders());
    rig.table.set_away(true);
    let trouble = rig.ask(&["plan", "put", &rig.file.display().to_string()]).unwrap_err();
    assert_eq!(trouble.exit, Exit::Unavailable);
    for words in ["GetItem PLAN#orders-region", "no answer", "--table-region"] {
        assert!(trouble.message.contains(words), "{words}: {trouble}");
    }
}
