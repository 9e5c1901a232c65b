//! What plans say against each other.

use serde_json::{Value, json};

use super::*;
use crate::plan::example::orders;

fn plan(change: impl FnOnce(&mut Value)) -> Plan {
    let mut plan = orders();
    change(&mut plan);
    serde_json::from_value(plan).unwrap()
}

/// Another plan of the same workload.
fn zone(change: impl FnOnce(&mut Value)) -> Plan {
    plan(|p| {
        p["plan"] = json!("orders-zone");
        change(p);
    })
}

/// A plan of another workload that shares nothing with the first.
fn billing(change: impl FnOnce(&mut Value)) -> Plan {
    plan(|p| {
        p["plan"] = json!("billing-region");
        p["workload"] = json!("billing");
        let database = &mut p["databases"][0];
        database["instance"] = json!({"primary": "billing", "standby": "billing-west"});
        p["capacity"][0]["group"] = json!({"primary": "bill-e", "standby": "bill-w"});
        p["traffic"]["controls"][0]["name"] = json!("billing.example.com");
        change(p);
    })
}

fn found(one: &Plan, other: &Plan) -> Vec<(Level, String)> {
    against(one, &[other]).into_iter().map(|b| (b.level, b.to_string())).collect()
}

#[test]
fn plans_that_agree_or_share_nothing_say_nothing() {
    assert_eq!(found(&plan(|_| {}), &zone(|_| {})), []);
    assert_eq!(found(&plan(|_| {}), &billing(|_| {})), []);
    assert_eq!(found(&plan(|_| {}), &plan(|_| {})), [], "the version before is no other plan");
}

#[test]
fn a_name_that_is_another_workloads_plans_is_an_error() {
    let same = billing(|p| p["plan"] = json!("orders-region"));
    let told = found(&same, &plan(|_| {}));
    let [(Level::Error, words)] = &told[..] else { panic!("{told:?}") };
    assert!(words.contains("would leave orders without it"), "{words}");
    assert!(words.contains("leeward plan retire orders-region"), "{words}");
}

#[test]
fn two_plans_of_one_workload_have_one_lease() {
    for (name, value) in [
        ("table", json!("lease-two")),
        ("region", json!("eu-central-1")),
        ("ttl", json!("5s")),
        ("drift", json!("2s")),
        ("longest-statement", json!("1s")),
        ("heartbeat", json!("2s")),
    ] {
        let other = zone(|p| p["databases"][0]["fences"][0][name] = value.clone());
        let told = found(&other, &plan(|_| {}));
        let [(Level::Error, words)] = &told[..] else { panic!("{name}: {told:?}") };
        assert!(words.contains(&format!("in {name} ")), "{words}");
        assert!(words.contains("leeward plan put FILE FILE"), "{words}");
    }
}

#[test]
fn two_plans_of_one_workload_move_the_same_databases() {
    let more = |p: &mut Value| {
        let mut stock = p["databases"][0].clone();
        stock["id"] = json!("stock-db");
        stock["instance"] = json!({"primary": "stock", "standby": "stock-west"});
        p["databases"].as_array_mut().unwrap().push(stock);
    };
    for (one, other) in [(zone(more), plan(|_| {})), (zone(|_| {}), plan(more))] {
        let told = found(&one, &other);
        let [(Level::Error, words)] = &told[..] else { panic!("{told:?}") };
        assert!(words.contains("does not name RDS instance stock (us-east-1)"), "{words}");
    }
    let none = zone(|p| p["databases"] = json!([]));
    let told = found(&none, &plan(|_| {}));
    let [(Level::Warning, words)] = &told[..] else { panic!("{told:?}") };
    assert!(words.contains("away from their writer"), "{words}");
}

#[test]
fn a_lease_that_one_plan_alone_knows_is_an_error_whichever_is_put_last() {
    let without = zone(|p| {
        let stop = json!({"kind": "stop-writer", "sessions-of": "u",
            "group": {"primary": "web-e", "standby": "web-w"}});
        p["databases"][0]["fences"] = json!([stop]);
    });
    let with = plan(|_| {});
    for (one, other) in [(&with, &without), (&without, &with)] {
        let told = found(one, other);
        let [(Level::Error, words)] = &told[..] else { panic!("{told:?}") };
        assert!(words.contains("only orders-region has the writer lease"), "{words}");
        assert!(words.contains("RDS instance orders (us-east-1)"), "{words}");
    }
    // To another replica of the same writer.
    let elsewhere = zone(|p| {
        p["databases"][0]["fences"] = json!([{"kind": "waiver"}]);
        p["databases"][0]["instance"]["standby"] = json!("orders-eu");
        p["regions"]["standby"] = json!("eu-west-1");
    });
    let told = found(&elsewhere, &with);
    assert!(told.iter().any(|(_, words)| words.contains("only orders-region has")), "{told:?}");
}

#[test]
fn a_workload_has_one_home() {
    let other = zone(|p| p["regions"]["primary"] = json!("eu-west-3"));
    let told = found(&other, &plan(|_| {}));
    assert!(told.iter().any(|(level, words)| *level == Level::Error
        && words.contains("regions.primary: its primary is not that of plan orders-region")));
}

#[test]
fn what_only_one_workload_can_move_is_an_error_when_two_name_it() {
    let database =
        billing(|p| p["databases"][0]["instance"] = orders()["databases"][0]["instance"].clone());
    let group = billing(|p| p["capacity"][0]["group"]["standby"] = json!("web-w"));
    let writers = billing(|p| {
        let stop = json!({"kind": "stop-writer", "sessions-of": "u",
            "group": {"primary": "web-e", "standby": "else"}});
        p["databases"][0]["fences"].as_array_mut().unwrap().push(stop);
    });
    let control = billing(|p| p["traffic"]["controls"][0]["name"] = json!("O.example.com."));
    for (other, what, place) in [
        (database, "RDS instance orders (us-east-1)", "databases[0]"),
        (group, "Auto Scaling group web-w (us-west-2)", "capacity[0]"),
        (writers, "Auto Scaling group web-e (us-east-1)", "databases[0].fences[1]"),
        (control, "public name o.example.com", "traffic.controls[0]"),
    ] {
        let told = against(&other, &[&plan(|_| {})]);
        let one = told.iter().find(|b| b.clash == Clash::Shared { what: what.to_owned() });
        let one = one.unwrap_or_else(|| panic!("{what}: {told:?}"));
        assert_eq!((one.level, one.path.as_str()), (Level::Error, place));
    }
}

#[test]
fn what_several_may_use_is_a_warning() {
    let service = |p: &mut Value| {
        let side = |name: &str| json!({"cluster": "all", "name": name});
        let capacity = json!({"id": "svc", "kind": "ecs-service", "services": ["web"],
            "service": {"primary": side("a"), "standby": side("b")},
            "amount": {"percent-of-peak": 100, "at-least": 2}});
        p["capacity"].as_array_mut().unwrap().push(capacity);
    };
    let told = found(&billing(service), &plan(service));
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told.iter().all(|(level, words)| *level == Level::Warning
        && words.contains("of workload orders, too (capacity[1])")));
}

#[test]
fn among_many_each_pair_is_told_once() {
    let (one, two, three) = (
        plan(|_| {}),
        zone(|p| p["databases"][0]["fences"][0]["ttl"] = json!("5s")),
        billing(|_| {}),
    );
    assert_eq!(among(&[&one, &two, &three]).len(), 1);
}
