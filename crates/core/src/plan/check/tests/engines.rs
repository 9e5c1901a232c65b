//! Engines that can be asked, each at its own host.

use super::*;

const DB: &str = "/databases/0";

fn db(name: &str) -> String {
    format!("{DB}/{name}")
}

#[test]
fn an_engine_that_db_probe_cannot_ask_is_an_error_when_named() {
    for engine in
        ["mysql", "mariadb", "sqlserver-se", "oracle-ee", "aurora-mysql", "aurora-postgresql"]
    {
        let named = [(db("engine"), json!(engine))];
        let changes: Vec<(&str, Value)> =
            named.iter().map(|(p, v)| (p.as_str(), v.clone())).collect();
        expect(
            Level::Error,
            &[(&changes, "databases[0].engine", "db-probe can ask postgres only")],
        );
    }
}

#[test]
fn an_engine_that_is_not_named_is_a_warning_and_its_port_a_hint() {
    let mut plan = orders();
    let database = plan["databases"][0].as_object_mut().unwrap();
    database.remove("engine");
    let unnamed: Plan = serde_json::from_value(plan.clone()).unwrap();
    let found = of(&unnamed, Level::Warning);
    assert!(
        found.iter().any(|(p, m)| p == "databases[0].engine" && m.contains("is not named")),
        "{found:?}"
    );
    // The closest plan to a WordPress with MySQL: nothing but its port says so.
    for side in ["primary", "standby"] {
        plan["databases"][0]["probe"]["side"][side]["port"] = json!(3306);
    }
    let wordpress: Plan = serde_json::from_value(plan).unwrap();
    let found = of(&wordpress, Level::Warning);
    assert!(
        found.iter().any(|(p, m)| p == "databases[0].engine" && m.contains("MySQL")),
        "{found:?}"
    );
}

#[test]
fn a_version_that_lacks_what_a_rule_needs_is_told() {
    let version = db("engine-version");
    expect(
        Level::Error,
        &[
            (&[(&version, json!("12.20"))], "databases[0].engine-version", "needs 13"),
            (&[(&version, json!("latest"))], "databases[0].engine-version", "is no version"),
        ],
    );
    let lease = (&version[..], json!("16.4"));
    expect(Level::Warning, &[(&[lease], "databases[0].engine-version", "transaction_timeout")]);
    let waived =
        [(&version[..], json!("16.4")), ("/databases/0/fences", json!([{"kind": "waiver"}]))];
    let found = of(&with(&waived), Level::Warning);
    assert!(!found.iter().any(|(p, _)| p.ends_with("engine-version")), "{found:?}");
}

#[test]
fn each_side_is_asked_at_its_own_host() {
    let host = |side: &str| db(&format!("probe/side/{side}/host"));
    let (primary, standby) = (host("primary"), host("standby"));
    let at = "databases[0].probe.side.standby.host";
    expect(
        Level::Error,
        &[
            (&[(&standby, json!("H1."))], at, "is the primary's too"),
            (&[(&standby, json!("https://h2/"))], at, "a URL"),
            (&[(&standby, json!("h2:5432"))], at, "a port"),
            (
                &[(&standby, json!("orders-west.abc.us-east-1.rds.amazonaws.com"))],
                at,
                "an endpoint in us-east-1",
            ),
            (
                &[(&standby, json!("orders.abc.us-west-2.rds.amazonaws.com"))],
                at,
                "the endpoint of orders; the standby of this database is orders-west",
            ),
        ],
    );
    let own = with(&[
        (&primary, json!("orders.abc.us-east-1.rds.amazonaws.com")),
        (&standby, json!("Orders-West.abc.us-west-2.rds.amazonaws.com.")),
    ]);
    assert_eq!(of(&own, Level::Error), []);
}

#[test]
fn a_clusters_readers_never_lead_to_its_writer() {
    let mut plan = orders();
    let old = plan["databases"][0].clone();
    plan["databases"][0] = json!({
        "id": "orders-db", "kind": "aurora-global", "services": ["api"], "engine": "aurora-postgresql",
        "global-cluster": "orders", "max-loss": "60s", "allow-data-loss": true, "fences": old["fences"],
        "cluster": {"primary": "arn:aws:rds:us-east-1:1:cluster:east",
            "standby": "arn:aws:rds:us-west-2:1:cluster:west"},
        "probe": {"database": "orders", "user": "probe", "side": {
            "primary": {"function": "p", "region": "us-east-1", "port": 5432,
                "host": "east.cluster-abc.us-east-1.rds.amazonaws.com"},
            "standby": {"function": "p", "region": "us-west-2", "port": 5432,
                "host": "west.cluster-ro-abc.us-west-2.rds.amazonaws.com"}}}});
    let plan: Plan = serde_json::from_value(plan).unwrap();
    let found = of(&plan, Level::Error);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].1.contains("the readers' endpoint"), "{found:?}");
}

#[test]
fn a_plan_without_any_capacity_is_warned() {
    expect(Level::Warning, &[(&[("/capacity", json!([]))], "capacity", "whatever runs there")]);
}

#[test]
fn a_plan_larger_than_the_table_takes_is_refused_with_its_largest_part() {
    let many: Vec<Value> = (0..4000)
        .map(|n| json!({"id": format!("voter-{n}"), "alarm": format!("alarm-{n}"), "region": "us-west-2"}))
        .collect();
    let plan = with(&[("/detection/voters", json!(many))]);
    let found = of(&plan, Level::Error);
    assert!(found.iter().any(|(p, m)| p == "detection" && m.contains("204800")), "{found:?}");
}
