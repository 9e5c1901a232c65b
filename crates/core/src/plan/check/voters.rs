//! Whether each voter can see what it shall see, from where it stands.

use std::collections::BTreeSet;

use super::{Findings, region_of_arn};
use crate::evidence::judges;
use crate::plan::{
    AlarmVoter, Database, EndpointVoter, MetricVoter, Plan, ReplicationVoter, Threshold, Voter,
};
use crate::time::Span;

/// Most days of a metric's past: CloudWatch keeps data of a minute for 15 days.
const DAYS_MAX: u32 = 14;

pub(super) fn check(plan: &Plan, findings: &mut Findings) {
    let mut known = BTreeSet::new();
    for (index, voter) in plan.detection.voters.iter().enumerate() {
        let path = format!("detection.voters[{index}]");
        let named = matches!(voter, Voter::Alarm(_));
        let eye = if named { format!("{path}.alarm") } else { path.clone() };
        if !known.insert(voter.eye()) {
            findings.error(&eye, format!("{} votes twice: one eye is one vote", voter.eye()));
        }
        one(plan, voter, &path, findings);
    }
}

fn one(plan: &Plan, voter: &Voter, path: &str, findings: &mut Findings) {
    let at = |name: &str| format!("{path}.{name}");
    match voter {
        Voter::Alarm(v) => alarm(v, path, findings),
        Voter::HealthCheck(v) => {
            findings.filled(at("health-check"), &v.health_check);
            if v.region == plan.regions.primary {
                findings.note(
                    path,
                    "is seen by a metric in us-east-1, the primary itself: no outside witness, and unknown when that Region is silent",
                );
            }
            if v.region.as_str() != "us-east-1" {
                findings.error(
                    at("region"),
                    "is not us-east-1, where Route 53 puts the metrics of health checks",
                );
            }
        }
        Voter::HealthEvent(v) => lasting(v.fresh_for, &at("fresh-for"), findings),
        Voter::RdsEvent(v) => {
            findings.of_rds(at("source"), &v.source);
            lasting(v.fresh_for, &at("fresh-for"), findings);
        }
        Voter::Document(v) => {
            if !judges(v) {
                findings.warn(path, "has no threshold: only a document's own `healthy` is a vote");
            }
            for (name, bound) in [
                ("error-rate", v.error_rate),
                ("availability", v.availability),
                ("response-time", v.response_time),
            ] {
                bounded(bound.as_ref(), &at(name), findings);
            }
            lasting(v.fresh_for.unwrap_or(plan.detection.freshness), &at("fresh-for"), findings);
        }
        Voter::Group(v) => {
            findings.filled(at("group"), &v.group);
            share(v.more_than, &at("more-than"), findings);
        }
        Voter::Instances(v) => {
            if v.instances.is_empty() {
                findings.error(at("instances"), "is empty: nothing is looked at");
            }
            share(v.more_than, &at("more-than"), findings);
        }
        Voter::Targets(v) => {
            if region_of_arn(&v.target_group) != Some(v.region.as_str()) {
                findings
                    .error(at("target-group"), format!("is no target group ARN of {}", v.region));
            }
            share(v.more_than, &at("more-than"), findings);
        }
        Voter::EcsService(v) => {
            findings.filled(at("cluster"), &v.cluster);
            findings.filled(at("service"), &v.service);
            share(v.more_than, &at("more-than"), findings);
        }
        Voter::Metric(v) => metric(v, path, findings),
        Voter::Endpoint(v) => endpoint(plan, v, path, findings),
        Voter::Replication(v) => replication(plan, v, path, findings),
    }
}

fn alarm(voter: &AlarmVoter, path: &str, findings: &mut Findings) {
    findings.filled(format!("{path}.alarm"), &voter.alarm);
    match &voter.control_alarm {
        Some(control) if *control == voter.alarm => findings.error(
            format!("{path}.control-alarm"),
            "is the voter's own alarm: it would be blind exactly when it sees trouble",
        ),
        Some(_) => {}
        None => findings.note(
            path,
            "has no control-alarm: it sees as long as its metric has data, so the alarm must treat missing data as missing",
        ),
    }
}

fn lasting(fresh_for: Span, path: &str, findings: &mut Findings) {
    if fresh_for == Span::default() {
        findings.error(path, "is 0: its word would be unknown at once");
    }
}

fn share(more_than: u8, path: &str, findings: &mut Findings) {
    if more_than > 99 {
        findings
            .error(path, format!("is {more_than} percent: more than all can never be unhealthy"));
    }
}

fn bounded(threshold: Option<&Threshold>, path: &str, findings: &mut Findings) {
    let Some(threshold) = threshold else { return };
    match (threshold.above, threshold.below) {
        (None, None) => findings.error(path, "has neither `above` nor `below`"),
        (Some(above), Some(below)) if below > above => findings
            .error(path, format!("is unhealthy above {above} and below {below}: every number is")),
        _ => {}
    }
}

fn metric(voter: &MetricVoter, path: &str, findings: &mut Findings) {
    let at = |name: &str| format!("{path}.{name}");
    findings.filled(at("namespace"), &voter.namespace);
    findings.filled(at("metric"), &voter.metric);
    findings.filled(at("statistic"), &voter.statistic);
    bounded(voter.threshold.as_ref(), &at("threshold"), findings);
    let Some(deviation) = &voter.deviation else {
        if voter.threshold.is_none() {
            findings.error(
                path,
                "has neither `threshold` nor `deviation`: it could never say Unhealthy",
            );
        }
        return;
    };
    if deviation.times.is_nan() || deviation.times <= 0.0 {
        findings
            .error(at("deviation.times"), format!("is {}; expected more than 0", deviation.times));
    }
    if deviation.days == 0 || deviation.days > DAYS_MAX {
        findings.error(
            at("deviation.days"),
            format!(
                "is {}; expected 1 to {DAYS_MAX}: CloudWatch keeps minutes for 15 days",
                deviation.days
            ),
        );
    }
    if deviation.min_samples == 0 || deviation.min_samples > deviation.days {
        findings.error(
            at("deviation.min-samples"),
            format!(
                "is {} of {} days: expected 1 to {}",
                deviation.min_samples, deviation.days, deviation.days
            ),
        );
    }
}

fn endpoint(plan: &Plan, voter: &EndpointVoter, path: &str, findings: &mut Findings) {
    let at = |name: &str| format!("{path}.{name}");
    findings.resolvers(path, &voter.resolvers);
    findings.url(at("url"), &voter.url);
    if voter.region != plan.regions.control {
        findings.error(
            at("region"),
            format!(
                "is {}, but the detector asks from the control Region, {}",
                voter.region, plan.regions.control
            ),
        );
    }
    match &voter.control_url {
        None => findings.warn(
            path,
            "has no control-url: when the endpoint gives no answer at all this voter is blind, since the fault may be the detector's own",
        ),
        Some(url) if *url == voter.url => findings.error(
            at("control-url"),
            "is the voter's own URL: it would be blind exactly when it sees trouble",
        ),
        Some(url) => drop(findings.url(at("control-url"), url)),
    }
}

fn replication(plan: &Plan, voter: &ReplicationVoter, path: &str, findings: &mut Findings) {
    let database = plan.database(&voter.database);
    if !matches!(database, Some(Database::RdsReplica(_))) {
        findings.error(
            format!("{path}.database"),
            format!(
                "`{}` is no database of this plan of kind rds-replica; for others use a metric voter (AuroraGlobalDBReplicationLag, ReplicationLatency)",
                voter.database
            ),
        );
    }
    if voter.region != plan.regions.standby {
        findings.error(
            format!("{path}.region"),
            format!("is {}, but the replica lives in {}", voter.region, plan.regions.standby),
        );
    }
}
