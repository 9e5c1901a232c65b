//! The example plans, their schema, and every change that a plan can lead to.

use std::collections::{BTreeMap, BTreeSet};

use leeward_core::plan::{self, Plan};
use leeward_core::world::Change;
use serde_json::{Value, json};

use crate::operations::{Home, Kind, OPERATIONS, Operation, Plane, find};
use crate::sources::{files, leading_word, text, variants};

/// The example plans by file, each without an error.
pub fn examples() -> BTreeMap<String, Plan> {
    let read = |file: String| {
        let plan = plan::read(&text(&format!("plans/{file}")));
        let plan = plan.unwrap_or_else(|problems| panic!("plans/{file}: {problems:#?}"));
        (file, plan)
    };
    files("plans", ".yaml").into_iter().map(read).collect()
}

/// One change of each kind.
pub fn every_change() -> Vec<Change> {
    let region = "us-west-2";
    let rules = json!({"group": "sg-1", "port": 5432, "cidrs": ["10.0.0.0/8"]});
    let global = json!({"region": region, "global_cluster": "catalog", "target": "arn"});
    let changes = json!([
        {"move-lease": {"region": region, "table": "t", "key": "LEASE#orders", "from_owner": "us-east-1",
            "from_epoch": 1, "to_owner": "nobody", "effect": "e"}},
        {"promote-replica": {"region": region, "instance": "db"}},
        {"failover-global": global},
        {"switchover-global": global},
        {"bound-group": {"region": region, "group": "web", "minimum": 0, "maximum": 0, "desired": 0,
            "suspend": true}},
        {"set-minimum": {"region": region, "group": "web", "minimum": 2}},
        {"start-instances": {"region": region, "ids": ["i-1"]}},
        {"stop-instances": {"region": region, "ids": ["i-1"]}},
        {"set-desired-count": {"region": region, "cluster": "c", "service": "s", "count": 2}},
        {"reserve-concurrency": {"region": region, "function": "f", "reserved": 5}},
        {"reserve-concurrency": {"region": region, "function": "f", "reserved": null}},
        {"enable-event-source": {"region": region, "uuid": "u", "enabled": true}},
        {"revoke-ingress": {"region": region, "rules": rules}},
        {"authorize-ingress": {"region": region, "rules": rules}},
        {"put-metric": {"region": region, "namespace": "n", "metric": "m", "workload": "orders", "value": 1.0,
            "at": "2026-11-21T09:14:00Z"}},
        {"change-records": {"zone": "Z", "fence": {"name": "_leeward", "from": 0, "to": 1}, "records": []}},
    ]);
    serde_json::from_value(changes).expect("changes as the journal holds them")
}

/// `aurora-global` for `AuroraGlobal`.
fn kebab(variant: &str) -> String {
    let mut name = String::new();
    for c in variant.chars() {
        if c.is_ascii_uppercase() && !name.is_empty() {
            name.push('-');
        }
        name.push(c.to_ascii_lowercase());
    }
    name
}

/// The kinds of the entries in every list of that name, however deep.
fn kinds_in(value: &Value, list: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, inner) in fields {
                if let (true, Value::Array(entries)) = (name == list, inner) {
                    let kinds = entries.iter().filter_map(|entry| entry["kind"].as_str());
                    found.extend(kinds.map(str::to_owned));
                }
                kinds_in(inner, list, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| kinds_in(item, list, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn the_three_example_plans_show_every_kind() {
    let plans = examples();
    assert_eq!(plans.keys().collect::<Vec<_>>(), ["catalog.yaml", "orders.yaml", "sessions.yaml"]);
    for (file, name, list) in [
        ("detection/voter", "Voter", "voters"),
        ("database", "Database", "databases"),
        ("database", "Fence", "fences"),
        ("capacity", "Capacity", "capacity"),
        ("traffic", "Control", "controls"),
        ("validation", "Check", "checks"),
    ] {
        let declared = variants(&format!("crates/core/src/plan/{file}.rs"), name);
        let declared: BTreeSet<String> = declared.iter().map(|kind| kebab(kind)).collect();
        assert!(!declared.is_empty(), "{name}");
        let mut shown = BTreeSet::new();
        for plan in plans.values() {
            kinds_in(&serde_json::to_value(plan).unwrap(), list, &mut shown);
        }
        assert_eq!(shown, declared, "{name}: shown in plans/ (left), known (right)");
    }
}

#[test]
fn a_plan_is_the_same_after_it_was_stored() {
    for (file, plan) in examples() {
        let stored = serde_json::to_string(&plan).unwrap();
        assert_eq!(plan::read(&stored).as_ref(), Ok(&plan), "{file}");
    }
}

#[test]
fn the_committed_schema_is_the_generated_one() {
    let committed: Value =
        serde_json::from_str(&text("plans/plan.schema.json")).expect("plans/plan.schema.json");
    assert!(
        committed == plan::schema(),
        "plans/plan.schema.json is not the schema of the types: `leeward plan schema > plans/plan.schema.json`"
    );
}

#[test]
fn every_change_is_an_effect_of_the_table_in_the_plane_of_its_kind() {
    let declared = variants("crates/core/src/world/change.rs", "Change");
    let changes = every_change();
    let given = changes.iter().map(|change| leading_word(&format!("{change:?}")).to_owned());
    assert_eq!(given.collect::<BTreeSet<_>>(), declared, "every_change() is not whole");
    for change in changes {
        let name = change.operation();
        let operation = find(name).unwrap_or_else(|| panic!("{name} is not in the table"));
        assert_eq!(operation.kind, Kind::Effect, "{change}");
        // A conditional write and a metric's datum are data; whatever else a recovery does is made
        // with the control plane of the Region moved to, which the plan checks say.
        let data = matches!(change, Change::MoveLease { .. } | Change::PutMetric { .. });
        assert_eq!(operation.plane == Plane::Data, data, "{change}: {:?}", operation.plane);
        let global = matches!(change, Change::ChangeRecords { .. });
        assert_eq!(operation.home == Home::UsEast1, global, "{change}: {:?}", operation.home);
    }
}

#[test]
fn every_row_of_the_table_is_whole() {
    for Operation { name, iam_action, callers, source, .. } in OPERATIONS {
        let (service, action) = name.split_once(':').unwrap_or_else(|| panic!("{name}"));
        assert!(iam_action.starts_with(&format!("{service}:{action}")), "{name}: {iam_action}");
        assert!(!callers.is_empty() && source.contains('/'), "{name}");
    }
}
