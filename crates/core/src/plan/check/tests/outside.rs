//! What users meet: traffic, records, and how success is seen.

use super::*;
use crate::ids::{Side, Sides};

/// A control that changes records.
fn records() -> Value {
    json!({"id": "dns", "kind": "record", "services": ["web"], "records": [{
        "zone": "Z1", "zone-name": "example.com", "name": "o.example.com", "type": "A", "ttl": 60,
        "values": {"primary": ["192.0.2.1"], "standby": ["192.0.2.2"]}}]})
}

#[test]
fn users_have_to_be_moved_without_the_region_that_is_left() {
    let control = "/traffic/controls/0";
    let at = |name: &str| format!("{control}/{name}");
    expect(
        Level::Error,
        &[
            (&[("/traffic/controls", json!([]))], "traffic.controls", "stay where they are"),
            (
                &[(&at("region"), json!("us-east-1"))],
                "traffic.controls[0].region",
                "needs the Region that is left",
            ),
            (
                &[(&at("answers/standby"), json!(["192.0.2.1"]))],
                "traffic.controls[0].answers",
                "same on both sides",
            ),
            (
                &[(&at("answers/standby"), json!(["192.0.2.1", "192.0.2.2"]))],
                "traffic.controls[0].answers",
                "shares a value",
            ),
            (
                &[(&at("resolvers"), json!(["dns"]))],
                "traffic.controls[0].resolvers[0]",
                "is no DNS server",
            ),
            (
                &[("/traffic/controls", json!([records()]))],
                "traffic.controls[0]",
                "to-standby leaves us-east-1",
            ),
        ],
    );
    expect(
        Level::Warning,
        &[
            (
                &[("/traffic/controls", json!([orders()["traffic"]["controls"][0], records()]))],
                "traffic.controls[1]",
                "to-standby leaves us-east-1",
            ),
            (
                &[
                    ("/regions/primary", json!("eu-central-1")),
                    ("/traffic/controls", json!([records()])),
                ],
                "traffic.controls[0]",
                "needs Route 53's control plane",
            ),
            (&[(&at("region"), json!("us-west-2"))], "traffic.controls[0].region", "to-primary"),
        ],
    );
}

/// The sound plan without its single writer, active-active, with these answers.
fn both(primary: &[&str], standby: &[&str]) -> Vec<(&'static str, Value)> {
    vec![
        ("/strategy", json!("active-active")),
        ("/databases", json!([])),
        (
            "/validation/checks/2",
            json!({"id": "name", "kind": "dns", "name": "o.example.com",
            "type": "A", "answers": {"primary": primary, "standby": standby}}),
        ),
        ("/traffic/controls/0/answers", json!({"primary": primary, "standby": standby})),
    ]
}

#[test]
fn both_sides_may_answer_where_both_serve_and_a_move_takes_the_primary_away() {
    let plan = with(&both(&["192.0.2.1", "192.0.2.2"], &["192.0.2.2"]));
    assert_eq!(of(&plan, Level::Error), []);
    assert_eq!(of(&plan, Level::Warning), []);
    assert!(plan.answered_by_both(Side::Primary) && !plan.answered_by_both(Side::Standby));
    let marker = Sides { primary: "e".into(), standby: "w".into() };
    assert_eq!(plan.markers_of(Side::Primary, &marker), ["e", "w"]);
    assert_eq!(plan.markers_of(Side::Standby, &marker), ["w"], "the side left proves nothing");
    assert_eq!(with(&[]).markers_of(Side::Primary, &marker), ["e"], "one side serves");
    let at = "traffic.controls[0].answers";
    let shared = both(&["192.0.2.1", "192.0.2.2"], &["192.0.2.2"]);
    expect(Level::Note, &[(&shared, at, "the marker of either side")]);
    let kept = both(&["192.0.2.1"], &["192.0.2.1", "192.0.2.2"]);
    expect(Level::Error, &[(&kept, at, "users would still be sent")]);
    let mut one_writer = shared.clone();
    one_writer.remove(1);
    expect(Level::Error, &[(&one_writer, at, "shares a value")]);
    let mut warm = shared.clone();
    warm.remove(0);
    expect(Level::Error, &[(&warm, at, "shares a value")]);
    let mut unnamed = shared;
    unnamed[2].1 = json!({"id": "targets2", "kind": "target-health"});
    expect(Level::Warning, &[(&unnamed, "validation.checks", "no check asks for the name")]);
}

#[test]
fn records_are_looked_at_one_by_one() {
    for (name, value, path, words) in [
        ("type", json!("MX"), "type", "cannot be moved"),
        ("type", json!("CNAME"), "values.primary", ""),
        ("name", json!("o.example.org"), "name", "not in the zone"),
        ("values", json!({"primary": [], "standby": ["192.0.2.2"]}), "values.primary", "is empty"),
    ] {
        let mut control = records();
        control["records"][0][name] = value;
        if name == "type" && words.is_empty() {
            control["records"][0]["values"]["primary"] = json!(["a.example.com", "b.example.com"]);
        }
        let changes =
            [("/regions/primary", json!("eu-central-1")), ("/traffic/controls", json!([control]))];
        let wanted = format!("traffic.controls[0].records[0].{path}");
        expect(Level::Error, &[(&changes, &wanted, words)]);
    }
}

#[test]
fn no_more_zones_are_changed_than_route_53_lets_a_function_change() {
    let zones = |count: usize| {
        let mut control = records();
        let one = control["records"][0].clone();
        control["records"] = (0..count)
            .map(|n| {
                let mut pair = one.clone();
                pair["zone"] = json!(format!("Z{n}"));
                pair
            })
            .collect();
        vec![("/regions/primary", json!("eu-central-1")), ("/traffic/controls", json!([control]))]
    };
    let many = zones(13);
    expect(Level::Error, &[(&many, "traffic.controls", "13 batches")]);
    let enough = of(&with(&zones(12)), Level::Error);
    assert!(!enough.iter().any(|(path, _)| path == "traffic.controls"), "{enough:?}");
}

#[test]
fn success_has_to_be_seen_from_outside() {
    expect(
        Level::Error,
        &[
            (&[("/validation/checks", json!([]))], "validation.checks", "an empty list"),
            (&[("/validation/passes", json!(0))], "validation.passes", "nothing would be proved"),
            (
                &[("/validation/checks", json!([{"id": "db", "kind": "database"}]))],
                "validation.checks",
                "show no user who is served",
            ),
            (
                &[(
                    "/validation/checks",
                    json!([{"id": "name", "kind": "dns", "name": "orders.example.com",
                        "type": "A", "answers": {"primary": ["203.0.113.9"], "standby": ["203.0.113.10"]}}]),
                )],
                "validation.checks",
                "show no user who is served",
            ),
            (
                &[("/validation/checks/0/status", json!(503))],
                "validation.checks[0].status",
                "a side answers that does not serve",
            ),
            (
                &[("/validation/checks/0/marker/standby", json!("e"))],
                "validation.checks[0].marker",
                "same on both sides",
            ),
            (
                &[("/validation/checks/0/url", json!("o.example.com"))],
                "validation.checks[0].url",
                "has to begin with",
            ),
            (&[("/databases", json!([]))], "validation.checks[2]", "never hold"),
            (&[("/capacity", json!([]))], "validation.checks[3]", "never hold"),
            (
                &[("/validation/interval", json!("10m"))],
                "validation.interval",
                "the whole time limit",
            ),
        ],
    );
    expect(
        Level::Warning,
        &[(
            &[("/validation/checks/1", json!({"id": "db2", "kind": "database"}))],
            "validation.checks",
            "http-write",
        )],
    );
    expect(
        Level::Warning,
        &[(
            &[("/validation/checks/0/status", json!(401))],
            "validation.checks[0].status",
            "in front of an application that is down",
        )],
    );
}
