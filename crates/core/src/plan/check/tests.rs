//! Each finding by a plan that has it.

use serde_json::{Value, json};

use super::{Level, check};
use crate::plan::Plan;
use crate::plan::example::orders;

/// A control that changes records.
fn records() -> Value {
    json!({"id": "dns", "kind": "record", "services": ["web"], "records": [{
        "zone": "Z1", "zone-name": "example.com", "name": "o.example.com", "type": "A", "ttl": 60,
        "values": {"primary": ["192.0.2.1"], "standby": ["192.0.2.2"]}}]})
}

fn with(changes: &[(&str, Value)]) -> Plan {
    let mut plan = orders();
    for (pointer, value) in changes {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        match plan.pointer_mut(parent).unwrap() {
            Value::Array(items) => items[name.parse::<usize>().unwrap()] = value.clone(),
            Value::Object(object) => drop(object.insert(name.to_owned(), value.clone())),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                panic!("{pointer} holds nothing")
            }
        }
    }
    serde_json::from_value(plan).unwrap()
}

fn of(plan: &Plan, level: Level) -> Vec<(String, String)> {
    let findings = check(plan).into_iter().filter(|f| f.level == level);
    findings.map(|f| (f.path, f.message)).collect()
}

#[test]
fn a_sound_plan_has_no_error_and_no_warning() {
    let plan = with(&[]);
    assert_eq!(of(&plan, Level::Error), []);
    assert_eq!(of(&plan, Level::Warning), []);
    let notes = of(&plan, Level::Note);
    assert!(
        notes.iter().any(|(_, m)| m.contains("only as available as table leases")),
        "{notes:?}"
    );
    assert!(notes.iter().any(|(_, m)| m.contains("without asking anyone")), "{notes:?}");
}

/// Changes to the sound plan, the place of the finding, and a part of its words.
type Example<'a> = (&'a [(&'a str, Value)], &'a str, &'a str);

fn expect(level: Level, examples: &[Example<'_>]) {
    for (changes, path, words) in examples {
        let found = of(&with(changes), level);
        assert!(
            found.iter().any(|(p, m)| p == path && m.contains(words)),
            "{changes:?}: {level} at {path} with {words:?}, but: {found:#?}"
        );
    }
}

#[test]
fn names_regions_and_times() {
    expect(
        Level::Error,
        &[
            (&[("/plan", json!("Orders Plan"))], "plan", "is no name"),
            (&[("/workload", json!("a".repeat(41)))], "workload", "1 to 40"),
            (&[("/responds-to", json!([]))], "responds-to", "nothing would ever start"),
            (&[("/time-limit", json!("0s"))], "time-limit", "late at once"),
            (&[("/regions/standby", json!("us-east-1"))], "regions.standby", "no shelter"),
            (&[("/regions/control", json!("us-east-1"))], "regions.control", "fail with it"),
            (&[("/regions/control", json!("the-moon"))], "regions.control", "is no Region"),
            (&[("/capacity/0/id", json!("WEB"))], "capacity[0].id", "is no name"),
            (
                &[("/validation/checks/2/id", json!("home"))],
                "validation.checks[2].id",
                "two entries",
            ),
        ],
    );
    expect(
        Level::Warning,
        &[
            (
                &[("/regions/control", json!("us-west-2"))],
                "regions.control",
                "to-primary has no authority",
            ),
            (&[("/objectives/rto", json!("2m"))], "objectives.rto", "cannot be met"),
            (
                &[("/objectives/rpo", json!("5s"))],
                "databases[0].max-loss",
                "more than the objective",
            ),
            (&[("/strategy", json!("active-active"))], "strategy", "warm standby"),
        ],
    );
}

#[test]
fn evidence_has_to_survive_the_silence_of_the_suspect() {
    expect(
        Level::Error,
        &[
            (&[("/detection/quorum", json!(0))], "detection.quorum", "without any vote"),
            (&[("/detection/quorum", json!(4))], "detection.quorum", "never be reached"),
            (&[("/detection/voters", json!([]))], "detection.voters", "nobody"),
            (
                &[("/detection/voters/0/region", json!("us-east-1"))],
                "detection.voters",
                "to-standby: when us-east-1 is silent, 1 voters are left and the quorum is 2",
            ),
            (
                &[
                    ("/detection/quorum", json!(1)),
                    (
                        "/detection/voters",
                        json!([{"id": "a", "alarm": "a", "region": "us-east-1"}]),
                    ),
                ],
                "detection.voters",
                "no witness outside",
            ),
            (
                &[
                    ("/detection/voters/1/region", json!("us-west-2")),
                    ("/detection/voters/1/alarm", json!("w")),
                ],
                "detection.voters[1].alarm",
                "votes twice",
            ),
            (
                &[("/detection/voters/0/control-alarm", json!("w"))],
                "detection.voters[0].control-alarm",
                "own alarm",
            ),
            (&[("/detection/freshness", json!("0s"))], "detection.freshness", "unknown"),
        ],
    );
    expect(
        Level::Note,
        &[(
            &[("/detection/voters/1/region", json!("us-west-2"))],
            "detection.voters",
            "to-primary: when us-west-2 is silent",
        )],
    );
    expect(
        Level::Warning,
        &[
            (&[("/detection/quorum", json!(1))], "detection.quorum", "single voter"),
            (&[("/detection/sustain", json!("15m"))], "detection.sustain", "RTO"),
            (&[("/detection/freshness", json!("30s"))], "detection.freshness", "one sweep"),
        ],
    );
}

#[test]
fn a_writer_has_to_be_fenced_in_time() {
    let lease = "/databases/0/fences/0";
    let at = |name: &str| format!("{lease}/{name}");
    let stop = json!([{"kind": "stop-writer", "group": {"primary": "w", "standby": "w"}, "sessions-of": "app"}]);
    expect(
        Level::Error,
        &[
            (
                &[("/databases/0/fences", json!([]))],
                "databases[0].fences",
                "without a fence nothing is ever promoted",
            ),
            (
                &[("/databases/0/max-loss", json!("26s"))],
                "databases[0].fences[0].ttl",
                "= 27s: every recovery would be refused",
            ),
            (
                &[(&at("region"), json!("us-east-1"))],
                "databases[0].fences[0].region",
                "could not be taken",
            ),
            (&[(&at("writers"), json!([]))], "databases[0].fences[0].writers", "is empty"),
            (&[(&at("ttl"), json!("0s"))], "databases[0].fences[0].ttl", "nobody could ever hold"),
            (
                &[("/databases/0/probe/side/standby/region", json!("us-east-1"))],
                "databases[0].probe.side.standby.region",
                "through us-east-1",
            ),
        ],
    );
    expect(
        Level::Warning,
        &[
            (
                &[("/databases/0/fences", stop)],
                "databases[0].fences",
                "cannot recover orders-db by itself: no fence works while the primary is silent",
            ),
            (
                &[("/databases/0/fences", json!([{"kind": "waiver"}]))],
                "databases[0].fences",
                "cannot recover",
            ),
            (&[(&at("region"), json!("us-west-2"))], "databases[0].fences[0].region", "to-primary"),
        ],
    );
    // Exactly the sum is enough.
    assert_eq!(of(&with(&[("/databases/0/max-loss", json!("27s"))]), Level::Error), []);
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

#[test]
fn records_are_looked_at_one_by_one() {
    for (name, value, path, words) in [
        ("type", json!("MX"), "type", "cannot be moved"),
        ("type", json!("CNAME"), "values", ""),
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
fn success_has_to_be_seen_from_outside() {
    expect(
        Level::Error,
        &[
            (&[("/validation/checks", json!([]))], "validation.checks", "an empty list"),
            (&[("/validation/passes", json!(0))], "validation.passes", "nothing would be proved"),
            (
                &[("/validation/checks", json!([{"id": "db", "kind": "database"}]))],
                "validation.checks",
                "not be seen from outside",
            ),
            (
                &[("/validation/checks/0/marker/standby", json!("e"))],
                "validation.checks[0].marker",
                "same on both sides",
            ),
            (
                &[("/validation/checks/0/url", json!("o.example.com"))],
                "validation.checks[0].url",
                "is no http",
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
}

#[test]
fn people_have_to_be_asked_in_time_and_told_elsewhere() {
    let here = "arn:aws:sns:us-east-1:123456789012:ops";
    expect(
        Level::Error,
        &[
            (
                &[("/policy/approval/timeout", json!("30m"))],
                "policy.approval.timeout",
                "not less than the time limit",
            ),
            (
                &[("/policy/approval/approvers", json!(["me"]))],
                "policy.approval.approvers[0]",
                "is no ARN",
            ),
            (
                &[("/notifications/topics", json!([here]))],
                "notifications.topics[0]",
                "nobody else is told",
            ),
            (
                &[("/notifications/topics", json!(["ops"]))],
                "notifications.topics[0]",
                "is no topic",
            ),
            (
                &[("/notifications/webhooks", json!(["http://example.com/"]))],
                "notifications.webhooks[0]",
                "not HTTPS",
            ),
        ],
    );
    expect(
        Level::Warning,
        &[
            (&[("/notifications", json!({}))], "notifications", "names nobody"),
            (
                &[("/notifications/topics", json!([here, "arn:aws:sns:us-west-2:1:ops"]))],
                "notifications.topics[0]",
                "will be silent",
            ),
            (
                &[
                    ("/policy/approval/for", json!("one-way")),
                    ("/policy/approval/on-timeout", json!("proceed")),
                ],
                "policy.approval.on-timeout",
                "passed",
            ),
            (&[("/policy/cool-down", json!("0s"))], "policy.cool-down", "without a look"),
        ],
    );
    expect(
        Level::Note,
        &[(
            &[("/policy/approval/for", json!("one-way"))],
            "policy.approval.on-timeout",
            "cannot recover by itself",
        )],
    );
}

#[test]
fn capacity_has_to_be_something() {
    expect(
        Level::Error,
        &[
            (
                &[("/capacity/0/amount", json!({"percent-of-peak": 0, "at-least": 0}))],
                "capacity[0].amount",
                "asks for nothing",
            ),
            (
                &[(
                    "/capacity/0/target-group/standby",
                    json!("arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/a/b"),
                )],
                "capacity[0].target-group.standby",
                "in us-west-2",
            ),
            (
                &[("/capacity", json!([orders()["capacity"][0], orders()["capacity"][0]]))],
                "capacity[1].group",
                "one entry a group",
            ),
        ],
    );
}
