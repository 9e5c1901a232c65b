//! What a recovery rests on: evidence and fences.

use super::*;

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
fn a_fence_has_to_meet_what_ec2_keeps_and_to_stop_every_writer_alone() {
    let isolated = |cidr: &str| {
        let rules = |group: &str| json!({"group": group, "port": 5432, "cidrs": [cidr]});
        json!([{"kind": "isolate", "sessions-of": "orders_app",
            "security-group": {"primary": rules("sg-e"), "standby": rules("sg-w")}}])
    };
    let kept = "`10.1.2.3/16` is kept by EC2 as `10.1.0.0/16`";
    let path = "databases[0].fences[0].security-group.primary.cidrs";
    expect(
        Level::Error,
        &[
            (&[("/databases/0/fences", isolated("10.1.2.3/16"))], path, kept),
            (&[("/databases/0/fences", isolated("10.1/16"))], path, "`10.1/16` is none"),
        ],
    );
    let mut both =
        crate::plan::example::orders()["databases"][0]["fences"].as_array().unwrap().clone();
    both.extend(isolated("10.1.0.0/16").as_array().unwrap().clone());
    expect(
        Level::Note,
        &[(
            &[("/databases/0/fences", json!(both))],
            "databases[0].fences",
            "each alone has to stop every writer of orders-db",
        )],
    );
}
