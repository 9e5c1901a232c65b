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

/// The shipped plan that moves records, and the first of them.
fn catalog() -> String {
    include_str!("../../../../plans/catalog.yaml").to_owned()
}

#[test]
fn put_looks_at_what_the_plan_names_and_refuses_what_a_recovery_would_fail_by() {
    let rig = Rig::new("alias", &catalog());
    let file = rig.file.display().to_string();
    let alias = leeward_core::world::RecordSetView {
        record_type: "CNAME".into(),
        alias: Some("lb.elb.amazonaws.com".into()),
        policy: None,
        ttl: None,
        values: Vec::new(),
    };
    rig.world.lay_special_record("Z0123456789EXAMPLE01", "catalog.example.com", alias);
    let answer = rig.ask(&["plan", "put", &file]).unwrap();
    assert_eq!(answer.exit, Exit::Invalid);
    assert!(answer.lines[0].contains("is an alias to lb.elb.amazonaws.com"), "{:#?}", answer.lines);
    assert!(rig.table.items().is_empty(), "nothing is stored");
    assert_eq!(
        rig.ask(&["plan", "check", &file]).unwrap().exit,
        Exit::Well,
        "check looks at nothing"
    );
}

#[test]
fn put_refuses_a_zone_that_a_forgotten_generation_changed_last_until_its_number_is_made_anew() {
    use leeward_core::world::{Change, FenceNumber};
    let rig = Rig::new("number", &catalog());
    let file = rig.file.display().to_string();
    let (zone, name) = ("Z0123456789EXAMPLE01", "_leeward.catalog.names.example.com");
    let fence = FenceNumber { name: name.into(), from: 0, to: 1 };
    let left = Change::ChangeRecords { zone: zone.into(), fence, records: Vec::new() };
    rig.world.by_hand(&left).unwrap();
    let answer = rig.ask(&["plan", "put", &file]).unwrap();
    assert_eq!(answer.exit, Exit::Invalid);
    let says = format!("delete {name} TXT from zone {zone} by hand");
    assert!(answer.lines.join("\n").contains(&says), "{:#?}", answer.lines);
    assert!(rig.table.items().is_empty(), "nothing is stored");
    rig.world.delete_record(zone, name, "TXT");
    let made = rig.well(&["plan", "put", &file]).json["did"].to_string();
    assert!(made.contains(&format!("made the fence number {name}, 0")), "{made}");
}

#[test]
fn put_refuses_a_standby_that_is_no_replica_of_the_primary() {
    let rig = Rig::new("replica", &orders());
    let another = "arn:aws:rds:eu-central-1:123456789012:db:orders-db";
    rig.world.detach(&"orders-db".into(), leeward_core::ids::Side::Standby, another);
    let answer = rig.ask(&["plan", "put", &rig.file.display().to_string()]).unwrap();
    assert_eq!(answer.exit, Exit::Invalid);
    let lines = answer.lines.join("\n");
    assert!(lines.contains("error: databases[0].replication:"), "{lines}");
    assert!(lines.contains("is a replica of arn:aws:rds:eu-central-1"), "{lines}");
}

#[test]
fn put_refuses_an_engine_that_db_probe_cannot_ask() {
    let rig = Rig::new("mysql", &orders());
    rig.world.set_engine("mysql");
    let answer = rig.ask(&["plan", "put", &rig.file.display().to_string()]).unwrap();
    assert_eq!(answer.exit, Exit::Invalid);
    let lines = answer.lines.join("\n");
    assert!(lines.contains("error: databases[0].engine:") && lines.contains("is mysql"), "{lines}");
}

#[test]
fn a_plan_is_put_while_what_it_names_cannot_be_seen_and_says_so() {
    let rig = Rig::new("unseen", &orders());
    rig.world.set_region(&"us-west-2".into(), leeward_ports::fake::RegionState::Dead);
    let answer = rig.well(&["plan", "put", &rig.file.display().to_string()]);
    let unseen = answer.lines.iter().filter(|l| l.starts_with("warning: ")).count();
    assert!(unseen > 0, "{:#?}", answer.lines);
}

#[test]
fn assess_shows_what_a_sweep_found_not_ready() {
    let rig = Rig::orders("assessed");
    rig.world.set_engine("mysql");
    rig.live(Span::minutes(62));
    let answer = rig.ask(&["assess", "orders"]).unwrap();
    let lines = answer.lines.join("\n");
    assert!(lines.contains("  not ready error: databases[0].engine:"), "{lines}");
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
    for words in ["Query PLANS", "no answer", "--table-region"] {
        assert!(trouble.message.contains(words), "{words}: {trouble}");
    }
}

/// Another file beside the rig's own, gone with the test.
struct Beside(PathBuf);

impl Beside {
    fn new(name: &str, text: &str) -> Self {
        Self(file(name, text))
    }

    fn path(&self) -> String {
        self.0.display().to_string()
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn in_force(rig: &Rig) -> Vec<(String, String)> {
    let list = rig.well(&["plan", "show"]);
    let plans = list.json["plans"].as_array().unwrap().clone();
    let text = |v: &Value| v.as_str().unwrap().to_owned();
    plans.iter().map(|p| (text(&p["plan"]), text(&p["workload"]))).collect()
}

fn one(plan: &str, workload: &str) -> (String, String) {
    (plan.to_owned(), workload.to_owned())
}

#[test]
fn a_plan_put_under_the_name_of_another_workloads_plan_takes_nothing_away() {
    let rig = Rig::orders("name");
    let billing =
        Beside::new("name-billing", &orders().replace("workload: orders", "workload: billing"));
    let no = rig.refused(&["plan", "put", &billing.path()]);
    let words = no.to_string();
    assert!(words.contains("would leave orders without it"), "{words}");
    assert!(words.contains("RDS instance orders-db (us-east-1)"), "{words}");
    assert_eq!(in_force(&rig), [one("orders-region", "orders")]);
}

#[test]
fn two_workloads_on_one_database_are_refused() {
    let rig = Rig::orders("shared");
    let text = orders()
        .replace("workload: orders", "workload: billing")
        .replace("plan: orders-region", "plan: billing-region");
    let billing = Beside::new("shared-billing", &text);
    let no = rig.refused(&["plan", "put", &billing.path()]).to_string();
    assert!(
        no.contains(
            "databases[0]: RDS instance orders-db (us-east-1) is named by plan orders-region"
        ),
        "{no}"
    );
    assert!(
        rig.table.items().iter().all(|item| !item.key.pk.contains("billing")),
        "nothing is stored"
    );
}

#[test]
fn plans_of_one_workload_change_their_lease_together() {
    let rig = Rig::orders("together");
    let zone = orders().replace("plan: orders-region", "plan: orders-zone");
    let same = Beside::new("together-zone", &zone);
    rig.well(&["plan", "put", &same.path()]);
    let longer = Beside::new("together-longer", &zone.replace("ttl: 15s", "ttl: 20s"));
    let no = rig.refused(&["plan", "put", &longer.path()]).to_string();
    assert!(no.contains("ttl 20s and 15s") && no.contains("leeward plan put FILE FILE"), "{no}");
    std::fs::write(&rig.file, orders().replace("ttl: 15s", "ttl: 20s")).unwrap();
    let own = rig.file.display().to_string();
    rig.refused(&["plan", "put", &own]);
    let both = rig.well(&["plan", "put", &own, &longer.path()]);
    assert_eq!(both.json["put"].as_array().unwrap().len(), 2);
    let twice = rig.ask(&["plan", "put", &own, &own]).unwrap_err();
    assert_eq!(twice.exit, Exit::Invalid);
}

#[test]
fn a_retired_plan_is_out_of_force_and_its_name_is_free() {
    let rig = Rig::orders("retire");
    let answer =
        rig.well(&["plan", "retire", "orders-region", "--reason", "moved to another tool"]);
    assert!(answer.lines[1].contains("orders has no plan any more"), "{answer:#?}");
    assert_eq!(in_force(&rig), []);
    rig.live(Span::minutes(2));
    rig.kill_primary();
    rig.live(Span::minutes(10));
    assert_eq!(rig.executions.take_started(), [], "nobody watches it");
    let stored = rig.table.items();
    assert!(
        stored.iter().any(|i| i.body.contains("moved to another tool") && i.body.contains(ANA))
    );
    rig.well(&["deploy-check"]);
    rig.world.set_region(&"us-east-1".into(), RegionState::Well);
    rig.well(&["plan", "put", &rig.file.display().to_string()]);
    assert_eq!(in_force(&rig), [one("orders-region", "orders")]);
}

#[test]
fn a_plan_whose_generation_is_open_is_not_retired() {
    let rig = Rig::orders("retire-open");
    rig.opened();
    let no = rig.refused(&["plan", "retire", "orders-region", "--reason", "now"]);
    assert!(no.message.contains("generation 1 of orders is open"), "{no}");
    assert_eq!(in_force(&rig).len(), 1);
}

/// As a person in the console, or a table restored from a copy, leaves it.
#[test]
fn a_workload_that_lost_its_plan_is_told_of_each_day_until_a_person_says_so() {
    let rig = Rig::orders("lost-plan");
    rig.table.take_by_hand(&Key::plan_listed(&"orders-region".into()));
    rig.live(Span::minutes(180));
    let told = || {
        let refusals = rig.table.stored("W#orders", "REFUSED#");
        refusals.iter().filter(|i| i.body.contains("none is in force now")).count()
    };
    assert_eq!(told(), 1);
    rig.live(Span::minutes(24 * 60));
    assert_eq!(told(), 2);
    rig.well(&["plan", "retire", "--workload", "orders", "--reason", "it is meant"]);
    rig.live(Span::minutes(48 * 60));
    assert_eq!(told(), 2);
}

/// Two that were put by an older version do not agree.
#[test]
fn plans_that_do_not_agree_are_told_of_by_the_sweep() {
    let rig = Rig::orders("disagree");
    let mut plan: Plan = parse(&orders()).unwrap();
    plan.plan = "orders-zone".into();
    for database in &mut plan.databases {
        if let leeward_core::plan::Database::RdsReplica(d) = database {
            d.fences.clear();
            d.instance.primary = "another".into();
        }
    }
    let body = serde_json::to_string(&plan).unwrap();
    let item = |key| leeward_ports::Item { key, body: body.clone(), n: 1, nonce: String::new() };
    let digest = chain::digest(body.as_bytes());
    rig.table.put_by_hand(item(Key::plan_version(&plan.plan, &digest)));
    rig.table.put_by_hand(item(Key::plan_listed(&plan.plan)));
    rig.live(Span::minutes(5));
    let refusals = rig.table.stored("W#orders", "REFUSED#");
    assert_eq!(refusals.iter().filter(|i| i.body.contains("does not agree")).count(), 2);
}

#[test]
fn put_refuses_a_standby_that_could_not_come_up_and_says_which_and_why() {
    let rig = Rig::new("short", &orders());
    let (west, file) = ("us-west-2".into(), rig.file.display().to_string());
    rig.world.terminate(&west, "i-0f9e8d7c6b5a40001");
    rig.world.set_maximum(&west, "orders-web-west", 1);
    let answer = rig.ask(&["plan", "put", &file]).unwrap();
    assert_eq!(answer.exit, Exit::Invalid, "{:#?}", answer.lines);
    let text = answer.lines.join("\n");
    assert!(text.contains("capacity[0]: Auto Scaling group orders-web-west"), "{text}");
    assert!(text.contains("needs 2") && text.contains("maximum is 1"), "{text}");
    assert!(text.contains("i-0f9e8d7c6b5a40001 is terminated"), "{text}");
    assert!(rig.table.items().is_empty());
    rig.world.set_maximum(&west, "orders-web-west", 9);
    rig.world.remove(&west, "i-0f9e8d7c6b5a40001");
    let answer = rig.ask(&["plan", "put", &file]).unwrap();
    assert!(answer.lines.join("\n").contains("EC2 knows no instance i-0f9e8d7c6b5a40001"));
}
