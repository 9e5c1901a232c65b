//! Approval, cool-down and telling.

use super::spelling::never_called;
use super::{Findings, never_fetched, region_of_arn};
use crate::plan::{ApprovalFor, OnTimeout, Plan};
use crate::time::Span;
use crate::web::Url;

pub(super) fn check(plan: &Plan, findings: &mut Findings) {
    approval(plan, findings);
    if plan.policy.cool_down == Span::default() {
        findings.warn("policy.cool-down", "is 0: recoveries may follow each other without a look");
    }
    if plan.policy.facts_max_age == Span::default() {
        findings
            .warn("policy.facts-max-age", "is 0: the peak is never known, only the floor is met");
    }
    notifications(plan, findings);
}

fn approval(plan: &Plan, findings: &mut Findings) {
    let approval = &plan.policy.approval;
    if approval.timeout >= plan.time_limit {
        findings.error(
            "policy.approval.timeout",
            format!(
                "{} is not less than the time limit of {}: nothing could follow an answer",
                approval.timeout, plan.time_limit
            ),
        );
    }
    match approval.wanted_for {
        ApprovalFor::None => findings.note(
            "policy.approval.for",
            "is none: fences and promotion go ahead without asking anyone, unless more would be lost than max-loss",
        ),
        ApprovalFor::OneWay | ApprovalFor::All => asked(plan, findings),
    }
    for (index, approver) in approval.approvers.iter().enumerate() {
        if !approver.starts_with("arn:") {
            findings.error(
                format!("policy.approval.approvers[{index}]"),
                format!("`{approver}` is no ARN: nobody would ever match it"),
            );
        } else if let Some(why) = never_called(approver) {
            findings.error(
                format!("policy.approval.approvers[{index}]"),
                format!("`{approver}` {why}; as it stands nobody could ever answer"),
            );
        }
    }
    if approval.approvers.is_empty() {
        findings.note(
            "policy.approval.approvers",
            "is empty: every operator who may write to the table may answer",
        );
    }
}

fn asked(plan: &Plan, findings: &mut Findings) {
    let approval = &plan.policy.approval;
    if approval.timeout == Span::default() {
        findings.error("policy.approval.timeout", "is 0: nobody can answer in no time");
    }
    match approval.on_timeout {
        OnTimeout::Proceed => findings.warn(
            "policy.approval.on-timeout",
            format!("is proceed: after {} of silence the one-way door is passed", approval.timeout),
        ),
        OnTimeout::Hold => findings.note(
            "policy.approval.on-timeout",
            format!(
                "is hold: it cannot recover by itself; after {} it stands still until someone comes",
                approval.timeout
            ),
        ),
        OnTimeout::Decline => findings.note(
            "policy.approval.on-timeout",
            format!(
                "is decline: it cannot recover by itself; after {} of silence it turns back",
                approval.timeout
            ),
        ),
    }
    if approval.timeout >= plan.objectives.rto {
        findings.warn(
            "policy.approval.timeout",
            format!("people have {}, but the RTO is {}", approval.timeout, plan.objectives.rto),
        );
    }
}

fn notifications(plan: &Plan, findings: &mut Findings) {
    let told = &plan.notifications;
    if told.topics.is_empty() && told.webhooks.is_empty() {
        findings.warn("notifications", "names nobody: only the system's own topic is told");
    }
    let primary = plan.regions.primary.as_str();
    let lost = |arn: &str| region_of_arn(arn) == Some(primary);
    let others = told.webhooks.len() + told.topics.iter().filter(|t| !lost(&t.0)).count();
    for (index, topic) in told.topics.iter().enumerate() {
        let path = format!("notifications.topics[{index}]");
        if !topic.0.starts_with("arn:") || region_of_arn(&topic.0).is_none() {
            findings.error(path, format!("`{}` is no topic's ARN", topic.0));
        } else if lost(&topic.0) && others == 0 {
            findings.error(
                path,
                format!("is in {primary}, the Region that dies, and nobody else is told"),
            );
        } else if lost(&topic.0) {
            findings
                .warn(path, format!("is in {primary}, the Region that dies: it will be silent"));
        }
    }
    for (index, webhook) in told.webhooks.iter().enumerate() {
        let path = format!("notifications.webhooks[{index}]");
        // Path and query of a webhook are its secret: no finding repeats them.
        match Url::parse(&webhook.0) {
            Err(wrong) => findings.error(path, format!("the URL {wrong}")),
            Ok(url) => {
                let shown = url.redacted();
                if let Some(why) = never_fetched(&url) {
                    findings.error(path, format!("`{shown}` {why}"));
                } else if !url.secure {
                    findings.error(path, format!("`{shown}` is not HTTPS"));
                }
            }
        }
    }
}
