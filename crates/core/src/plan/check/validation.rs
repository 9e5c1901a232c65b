//! Validation: whether the checks can prove what they are there to prove.

use super::{Findings, region_of_arn, values};
use crate::ids::{Side, Sides, Text};
use crate::plan::{Capacity, Check, Plan};
use crate::time::Span;
use crate::web;

pub(super) fn check(plan: &Plan, findings: &mut Findings) {
    let validation = &plan.validation;
    findings.names("validation.checks", "id", validation.checks.iter().map(|c| c.id().as_str()));
    if validation.passes == 0 {
        findings.error("validation.passes", "is 0: nothing would be proved");
    } else if validation.passes == 1 {
        findings.warn("validation.passes", "is 1: a cached answer can look like success once");
    }
    let passes = u64::from(validation.passes);
    let proof = Span::millis(validation.interval.as_millis().saturating_mul(passes));
    if proof >= plan.time_limit {
        findings.error(
            "validation.interval",
            format!("{passes} passes take {proof}, the whole time limit is {}", plan.time_limit),
        );
    }
    if validation.checks.is_empty() {
        findings.error("validation.checks", "is empty: an empty list of checks fails");
        return;
    }
    for (index, check) in validation.checks.iter().enumerate() {
        one(plan, &format!("validation.checks[{index}]"), check, findings);
    }
    proves(plan, findings);
}

fn one(plan: &Plan, path: &str, check: &Check, findings: &mut Findings) {
    match check {
        Check::Http(c) => {
            findings.url(format!("{path}.url"), &c.url);
            marker(path, &c.marker_header, &c.marker, findings);
            findings.resolvers(path, &c.resolvers);
            if !(100..600).contains(&c.status) {
                findings.error(format!("{path}.status"), format!("{} is no HTTP status", c.status));
            } else if c.status >= 500 {
                findings.error(
                    format!("{path}.status"),
                    format!("{} is what a side answers that does not serve", c.status),
                );
            } else if !(200..400).contains(&c.status) {
                findings.warn(
                    format!("{path}.status"),
                    format!(
                        "{} may come from what stands in front of an application that is down",
                        c.status
                    ),
                );
            }
        }
        Check::HttpWrite(c) => {
            let url = findings.url(format!("{path}.url"), &c.url);
            if url.is_some_and(|u| u.path.contains('?')) {
                findings.error(
                    format!("{path}.url"),
                    "holds a query, and what was written is read back at this URL with /<id> behind it: no server would find it",
                );
            }
            marker(path, &c.marker_header, &c.marker, findings);
            findings.resolvers(path, &c.resolvers);
        }
        Check::Dns(c) => {
            values::name(&format!("{path}.name"), &c.name, findings);
            values::typed(plan, path, "answers", &c.record_type, &c.answers, findings);
            findings.resolvers(path, &c.resolvers);
        }
        Check::Database { .. } => {
            if plan.databases.is_empty() {
                findings
                    .error(path, "asks the databases, and the plan has none: it could never hold");
            }
        }
        Check::TargetHealth { .. } => {
            let any = plan.capacity.iter().any(|c| match c {
                Capacity::AutoScalingGroup(c) => {
                    c.target_group.as_ref().is_some_and(|t| region_of_arn(&t.standby).is_some())
                }
                Capacity::Instances(_)
                | Capacity::EcsService(_)
                | Capacity::LambdaConcurrency(_)
                | Capacity::EventSource(_) => false,
            });
            if !any {
                findings.error(
                    path,
                    "asks the target groups, and no capacity of the plan has one: it could never hold",
                );
            }
        }
    }
}

fn marker(path: &str, header: &str, marker: &Sides<Text>, findings: &mut Findings) {
    if !web::is_header_name(header) {
        findings.error(
            format!("{path}.marker-header"),
            format!("{header:?} is no name of a header: letters, digits and `-`, no blank"),
        );
    }
    for (side, value) in [("primary", &marker.primary), ("standby", &marker.standby)] {
        if !web::is_header_value(value) {
            findings.error(
                format!("{path}.marker.{side}"),
                format!("no header can hold {value:?}: visible ASCII, no blank around it"),
            );
        }
    }
    if marker.primary == marker.standby {
        findings.error(
            format!("{path}.marker"),
            "is the same on both sides: a returning old side would look like success",
        );
    }
}

/// Some check has to show which side answers, and one has to write.
fn proves(plan: &Plan, findings: &mut Findings) {
    let checks = &plan.validation.checks;
    if !checks.iter().any(|c| matches!(c, Check::Http(_) | Check::HttpWrite(_))) {
        findings.error(
            "validation.checks",
            "no check asks the application by its public name (http or http-write): a name that resolves, a database and targets that are well show no user who is served",
        );
    }
    if plan.answered_by_both(Side::Primary) && !checks.iter().any(|c| matches!(c, Check::Dns(_))) {
        findings.warn(
            "validation.checks",
            "both sides answer on good days and no check asks for the name (dns): a move to-primary would be proved by answers that the standby may have given alone",
        );
    }
    let writes = checks.iter().any(|c| matches!(c, Check::HttpWrite(_)));
    if !writes && plan.databases.iter().any(|d| d.single_writer()) {
        findings.warn(
            "validation.checks",
            "no check writes and reads back (http-write): a database that only reads would look like success",
        );
    }
}
