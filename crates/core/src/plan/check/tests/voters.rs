//! Findings about voters, windows and the change feed.

use super::*;

/// The sound plan with one more voter.
fn more(voter: Value) -> Value {
    json!([
        {"id": "canary-west", "alarm": "w", "region": "us-west-2"},
        {"id": "canary-eu", "alarm": "e", "region": "eu-west-1"},
        voter,
    ])
}

#[test]
fn each_kind_of_voter_is_sound_when_it_is_whole() {
    for voter in [
        json!({"id": "v", "kind": "alarm", "alarm": "a", "region": "us-east-1"}),
        json!({"id": "v", "kind": "health-check", "health-check": "h"}),
        json!({"id": "v", "kind": "health-event", "region": "us-west-2"}),
        json!({"id": "v", "kind": "rds-event", "region": "us-east-1", "source": "orders"}),
        json!({"id": "v", "kind": "document", "region": "eu-west-1", "availability": {"below": 50}}),
        json!({"id": "v", "kind": "group", "region": "us-east-1", "group": "web"}),
        json!({"id": "v", "kind": "instances", "region": "us-east-1", "instances": ["i-1"]}),
        json!({"id": "v", "kind": "targets", "region": "us-east-1",
            "target-group": "arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/a/b"}),
        json!({"id": "v", "kind": "ecs-service", "region": "us-east-1", "cluster": "c", "service": "s"}),
        json!({"id": "v", "kind": "metric", "region": "us-east-1", "namespace": "n", "metric": "m",
            "statistic": "p99", "deviation": {"times": 6, "at-least": 1}}),
        json!({"id": "v", "kind": "endpoint", "region": "eu-west-1", "url": "https://o/", "control-url": "https://c/"}),
        json!({"id": "v", "kind": "replication", "region": "us-west-2", "database": "orders-db"}),
    ] {
        let plan = with(&[("/detection/voters", more(voter.clone()))]);
        assert_eq!(of(&plan, Level::Error), [], "{voter}");
        assert_eq!(of(&plan, Level::Warning), [], "{voter}");
    }
}

#[test]
fn an_alarm_without_a_control_probe_is_said_to_be_believed_while_it_has_data() {
    let bare = json!({"id": "v", "alarm": "a", "region": "us-east-1"});
    let proved = json!({"id": "v", "alarm": "a", "region": "us-east-1", "control-alarm": "a-sees"});
    let notes = |voter: Value| of(&with(&[("/detection/voters", more(voter))]), Level::Note);
    let about = |notes: &[(String, String)]| {
        notes
            .iter()
            .filter(|(path, m)| path == "detection.voters[2]" && m.contains("missing"))
            .count()
    };
    assert_eq!(about(&notes(bare)), 1);
    assert_eq!(about(&notes(proved)), 0);
}

#[test]
fn a_voter_has_to_be_able_to_see_from_where_it_stands() {
    let errors = [
        (
            json!({"id": "v", "kind": "health-check", "health-check": "h", "region": "eu-west-1"}),
            ".region",
            "not us-east-1",
        ),
        (
            json!({"id": "v", "kind": "health-event", "region": "us-west-2", "fresh-for": "0s"}),
            ".fresh-for",
            "unknown at once",
        ),
        (
            json!({"id": "v", "kind": "document", "region": "eu-west-1", "error-rate": {}}),
            ".error-rate",
            "neither",
        ),
        (
            json!({"id": "v", "kind": "document", "region": "eu-west-1", "error-rate": {"above": 1, "below": 2}}),
            ".error-rate",
            "every number is",
        ),
        (
            json!({"id": "v", "kind": "group", "region": "us-east-1", "group": "g", "more-than": 100}),
            ".more-than",
            "never be unhealthy",
        ),
        (
            json!({"id": "v", "kind": "instances", "region": "us-east-1", "instances": []}),
            ".instances",
            "is empty",
        ),
        (
            json!({"id": "v", "kind": "targets", "region": "us-east-1",
                "target-group": "arn:aws:elasticloadbalancing:us-west-2:1:targetgroup/a/b"}),
            ".target-group",
            "no target group ARN of us-east-1",
        ),
        (
            json!({"id": "v", "kind": "metric", "region": "us-east-1", "namespace": "n", "metric": "m", "statistic": "Sum"}),
            "",
            "neither `threshold` nor `deviation`",
        ),
        (
            json!({"id": "v", "kind": "metric", "region": "us-east-1", "namespace": "n", "metric": "m", "statistic": "Sum",
                "deviation": {"times": 0, "at-least": 1, "days": 15, "min-samples": 16}}),
            ".deviation.days",
            "1 to 14",
        ),
    ];
    refused(&errors);
}

#[test]
fn a_voter_that_asks_has_to_ask_from_where_it_can() {
    let errors = [
        (
            json!({"id": "v", "kind": "endpoint", "region": "us-west-2", "url": "https://o/"}),
            ".region",
            "asks from the control Region",
        ),
        (
            json!({"id": "v", "kind": "endpoint", "region": "eu-west-1", "url": "o"}),
            ".url",
            "has to begin with",
        ),
        (
            json!({"id": "v", "kind": "endpoint", "region": "eu-west-1", "url": "https://o/", "control-url": "https://o/"}),
            ".control-url",
            "own URL",
        ),
        (
            json!({"id": "v", "kind": "replication", "region": "us-west-2", "database": "none"}),
            ".database",
            "rds-replica",
        ),
        (
            json!({"id": "v", "kind": "replication", "region": "us-east-1", "database": "orders-db"}),
            ".region",
            "replica lives in us-west-2",
        ),
        (json!({"id": "v", "alarm": "w", "region": "us-west-2"}), ".alarm", "votes twice"),
    ];
    refused(&errors);
}

/// Each voter has an error at that place, with those words.
fn refused(errors: &[(Value, &str, &str)]) {
    for (voter, place, words) in errors {
        let path = format!("detection.voters[2]{place}");
        let change = ("/detection/voters", more(voter.clone()));
        expect(Level::Error, &[(&[change], &path, words)]);
    }
}

#[test]
fn what_will_hurt_is_said() {
    let told = json!([
        {"id": "health", "kind": "health-event", "region": "us-west-2"},
        {"id": "apm", "kind": "document", "region": "eu-west-1", "error-rate": {"above": 50}},
        {"id": "api", "alarm": "a", "region": "us-east-1"},
    ]);
    let endpoint =
        json!({"id": "v", "kind": "endpoint", "region": "eu-west-1", "url": "https://o/"});
    let mute = json!({"id": "v", "kind": "document", "region": "eu-west-1"});
    let long =
        json!([{"kind": "weekly", "day": "sunday", "starts": "2h", "length": "9h", "reason": "r"}]);
    expect(
        Level::Warning,
        &[
            (
                &[("/detection/voters", told)],
                "detection.voters",
                "0 voters are left that can be asked",
            ),
            (&[("/detection/voters", more(endpoint))], "detection.voters[2]", "no control-url"),
            (&[("/detection/voters", more(mute))], "detection.voters[2]", "has no threshold"),
            (
                &[("/detection/maintenance", long)],
                "detection.maintenance[0].length",
                "opens nothing",
            ),
        ],
    );
    let never =
        json!([{"kind": "once", "from": "2026-12-01T22:00:00Z", "length": "0s", "reason": "r"}]);
    expect(
        Level::Error,
        &[
            (&[("/detection/maintenance", never)], "detection.maintenance[0].length", "never open"),
            (
                &[("/detection/change-feed", json!({"window": "0s"}))],
                "detection.change-feed.window",
                "no deployment",
            ),
        ],
    );
}
