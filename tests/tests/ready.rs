//! What the plan names is looked at while all is well: people hear of it before a recovery fails by it.

use leeward_core::ids::Side;
use leeward_core::journal::Entry;
use leeward_core::time::Span;
use leeward_core::world::RecordSetView;
use leeward_ports::fake::RegionState;
use leeward_tests::rig::Rig;

const NOT_READY: &str = "would fail: ";

/// Different messages with these words, each of which goes to several receivers.
fn messages(rig: &Rig, words: &str) -> usize {
    let delivered = rig.publisher.delivered();
    let texts = delivered.iter().map(|d| &d.message.text).filter(|text| text.contains(words));
    texts.collect::<std::collections::BTreeSet<_>>().len()
}

/// The first record that the catalog's plan moves: zone, name, type.
const RECORD: (&str, &str, &str) = ("Z0123456789EXAMPLE01", "catalog.example.com", "CNAME");

fn special(alias: Option<&str>, policy: Option<&str>) -> RecordSetView {
    RecordSetView {
        record_type: RECORD.2.into(),
        alias: alias.map(Into::into),
        policy: policy.map(Into::into),
        ttl: None,
        values: Vec::new(),
    }
}

#[test]
fn of_plans_that_are_as_the_world_is_nobody_hears_anything() {
    for name in ["orders", "catalog", "sessions"] {
        let rig = Rig::well(name);
        rig.live(Span::minutes(70));
        assert_eq!(messages(&rig, NOT_READY), 0, "{name}: {}", rig.told());
    }
}

#[test]
fn an_alias_or_a_policy_at_a_moved_name_is_told_once_while_all_is_well() {
    for (set, words) in [
        (special(Some("lb.elb.amazonaws.com"), None), "is an alias to lb.elb.amazonaws.com"),
        (special(None, Some("weighted")), "a routing policy (weighted)"),
    ] {
        let rig = Rig::well("catalog");
        rig.world.lay_special_record(RECORD.0, RECORD.1, set);
        rig.live(Span::minutes(150));
        assert_eq!(messages(&rig, words), 1, "{}", rig.told());
        assert!(rig.book(1).is_none(), "nothing is done");
    }
}

#[test]
fn a_zone_that_is_gone_is_told() {
    let rig = Rig::well("catalog");
    rig.world.delete_zone(RECORD.0);
    rig.live(Span::minutes(65));
    let gone = "hosted zone Z0123456789EXAMPLE01 does not exist";
    assert_eq!(messages(&rig, gone), 1, "{}", rig.told());
}

#[test]
fn an_engine_that_cannot_be_asked_is_told_and_no_recovery_begins_in_vain() {
    let rig = Rig::well("orders");
    rig.world.set_engine("mysql");
    rig.live(Span::minutes(65));
    assert_eq!(messages(&rig, "is mysql; db-probe can ask postgres only"), 1, "{}", rig.told());
    rig.world.set_region(&"us-east-1".into(), RegionState::Dead);
    rig.live(Span::minutes(30));
    assert!(rig.book(1).is_none(), "{}", rig.told());
}

#[test]
fn a_recovery_that_a_person_orders_of_such_an_engine_waits_for_no_time_limit() {
    let rig = Rig::well("orders");
    rig.world.set_engine("mysql");
    assert!(rig.order("recover", "to-standby").is_ok(), "a person may");
    rig.live(Span::minutes(3));
    let story = rig.story(1).join("\n");
    assert!(story.contains("db-probe can ask postgres only"), "{story}");
    let acts = |entry: &Entry| matches!(entry, Entry::Intent { .. } | Entry::Fenced { .. });
    let book = rig.book(1).unwrap();
    assert!(!book.records.iter().any(|r| acts(&r.entry)), "nothing is touched: {story}");
}

/// The standby's copy is another's, or none; then the primary dies.
fn assert_told_and_not_moved_to(name: &str, source: &str, words: &str) {
    let rig = Rig::well(name);
    let database = rig.plan.databases[0].id().clone();
    rig.world.detach(&database, Side::Standby, source);
    rig.live(Span::minutes(65));
    assert_eq!(messages(&rig, words), 1, "{source}: {}", rig.told());
    rig.world.set_region(&rig.plan.regions.primary, RegionState::Dead);
    rig.live(Span::minutes(30));
    assert!(rig.book(1).is_none(), "{source}: {}", rig.told());
    assert!(messages(&rig, "cannot take it: ") > 0, "{source}: {}", rig.told());
}

#[test]
fn a_standby_that_is_no_replica_of_exactly_the_primary_is_told_while_all_is_well() {
    for source in [
        "arn:aws:rds:us-east-1:123456789012:db:billing",
        "arn:aws:rds:eu-central-1:123456789012:db:orders-db",
        "arn:aws:rds:us-east-1:999999999999:db:orders-db",
        "orders-db",
    ] {
        assert_told_and_not_moved_to("orders", source, "not of orders-db (us-east-1)");
    }
}

#[test]
fn a_global_cluster_without_the_standbys_member_is_told_while_all_is_well() {
    assert_told_and_not_moved_to("catalog", "", "has no member");
}
