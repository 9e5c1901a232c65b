//! Who is asked and who is told.

use super::*;

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
                &[("/policy/approval/approvers", json!(["arn:aws:iam::123456789012:role/ops"]))],
                "policy.approval.approvers[0]",
                "`arn:aws:sts::123456789012:assumed-role/ops/*`",
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
