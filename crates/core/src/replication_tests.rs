//! Which replica is one of exactly the plan's database.

use super::*;
use crate::plan::example::orders;
use crate::world::GlobalMember;
use serde_json::json;

const OWN: &str = "arn:aws:rds:us-west-2:123456789012:db:orders-west";

fn rds(source: Option<&str>) -> RdsView {
    RdsView {
        status: "available".into(),
        arn: Some(OWN.into()),
        replica_source: source.map(Into::into),
        engine: "postgres".into(),
        engine_version: "17.4".into(),
        host: None,
        zone: None,
        multi_az: false,
        replication: None,
    }
}

#[test]
fn a_replica_is_the_primarys_by_identifier_region_and_account() {
    let of = |source: &str| {
        follows(&rds(Some(source)), &"us-west-2".into(), "orders", &"us-east-1".into())
    };
    let exact = "arn:aws:rds:us-east-1:123456789012:db:orders";
    assert_eq!(of(exact), Follows::It);
    for other in [
        "arn:aws:rds:eu-central-1:123456789012:db:orders",
        "arn:aws:rds:us-east-1:999999999999:db:orders",
        "arn:aws:rds:us-east-1:123456789012:db:old-orders",
        "arn:aws:rds:us-east-1:123456789012:cluster:orders",
        // One of its own Region, by its bare name.
        "orders",
        "billing",
    ] {
        assert!(matches!(of(other), Follows::Another(_)), "{other}");
    }
    let nobody = follows(&rds(None), &"us-west-2".into(), "orders", &"us-east-1".into());
    assert_eq!(nobody, Follows::Nobody);
    let unknown = RdsView { arn: None, ..rds(Some(exact)) };
    let of = follows(&unknown, &"us-west-2".into(), "orders", &"us-east-1".into());
    assert_eq!(of, Follows::It, "the account counts where it is known");
}

#[test]
fn a_source_of_the_same_region_is_told_by_its_name_and_identifiers_have_no_case() {
    let of = |source: &str, name: &str, own: &str| {
        follows(&rds(Some(source)), &own.into(), name, &"us-east-1".into())
    };
    assert_eq!(of("orders", "orders", "us-east-1"), Follows::It);
    let told = "arn:aws:rds:us-east-1:123456789012:db:orders-db";
    assert_eq!(of(told, "Orders-DB", "us-west-2"), Follows::It);
}

fn plan() -> Plan {
    serde_json::from_value(orders()).unwrap()
}

#[test]
fn at_home_is_who_writes_at_home_and_is_followed_by_the_other_side() {
    let plan = plan();
    let database = &plan.databases[0];
    let told = |lives, primary: Option<&str>, standby: Option<&str>| {
        let [primary, standby] = [primary, standby].map(|s| View::Rds(Some(rds(s))));
        follows_home(&plan, database, lives, &[&primary, &standby])
    };
    let (east, west) = (
        "arn:aws:rds:us-east-1:123456789012:db:orders",
        "arn:aws:rds:us-west-2:123456789012:db:orders-west",
    );
    assert!(told(Side::Primary, None, Some(east)).is_ok());
    assert!(told(Side::Standby, Some(west), None).is_ok());
    for (lives, primary, standby) in [
        (Side::Primary, None, None),
        (Side::Primary, None, Some("arn:aws:rds:us-east-1:123456789012:db:billing")),
        (Side::Primary, Some(west), None),
        (Side::Standby, None, Some(east)),
        (Side::Standby, None, None),
    ] {
        assert!(told(lives, primary, standby).is_err(), "{lives} {primary:?} {standby:?}");
    }
}

#[test]
fn a_global_cluster_needs_both_members_and_a_writer_of_the_plan() {
    let mut json = orders();
    let database = &mut json["databases"][0];
    for (part, value) in [
        ("kind", json!("aurora-global")),
        ("global-cluster", json!("all")),
        ("cluster", json!({"primary": "east", "standby": "west"})),
        ("allow-data-loss", json!(true)),
    ] {
        database[part] = value;
    }
    database.as_object_mut().unwrap().remove("instance");
    let plan: Plan = serde_json::from_value(json).unwrap();
    let global = |members: &[&str], writer: &str| {
        View::Global(Some(GlobalView {
            status: "available".into(),
            failover: None,
            engine: None,
            engine_version: None,
            members: members
                .iter()
                .map(|arn| GlobalMember { arn: (*arn).into(), writer: *arn == writer })
                .collect(),
        }))
    };
    let cases = [
        (&["east", "west"][..], "east", true, None),
        (&["East", "WEST"], "East", true, None),
        (&["east"], "east", false, Some("has no member west")),
        (&["west"], "west", false, None),
        (&["west", "north"], "north", false, Some("names north the writer")),
        (&["west", "north"], "", false, Some("has no member east")),
        (&["east", "west", "north"], "north", false, Some("names north the writer")),
    ];
    for (members, writer, home, says) in cases {
        let view = global(members, writer);
        let database = &plan.databases[0];
        let found = follows_home(&plan, database, Side::Primary, &[&view]);
        assert_eq!(found.is_ok(), home, "{members:?} {writer}: {found:?}");
        let wrong = wrong(&plan, database, Side::Standby, &view);
        let as_told = match (&wrong, says) {
            (None, None) => true,
            (Some(why), Some(says)) => why.contains(says),
            _ => false,
        };
        assert!(as_told, "{members:?} {writer}: {wrong:?}");
    }
}
