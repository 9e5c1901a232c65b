//! Names, Regions and the plan's own times.

use serde_json::Value;

use super::{Findings, well_named};
use crate::ids::{Side, WorkloadId};
use crate::plan::{Plan, Strategy};
use crate::time::Span;

pub(super) fn check(plan: &Plan, findings: &mut Findings) {
    if !well_named(plan.plan.as_str()) {
        findings
            .error("plan", format!("`{}` is no name: [a-z0-9-], 1 to 60 characters", plan.plan));
    }
    if let Err(wrong) = WorkloadId::checked(plan.workload.as_str()) {
        findings.error("workload", wrong);
    }
    if plan.responds_to.is_empty() {
        findings.error("responds-to", "is empty: nothing would ever start this plan");
    }
    if !plan.enabled {
        findings.note("enabled", "the plan starts nothing by itself; `leeward start` still may");
    }
    if plan.time_limit == Span::default() {
        findings.error("time-limit", "is 0: every step would be late at once");
    }
    if plan.objectives.rto == Span::default() {
        findings.error("objectives.rto", "is 0: no recovery takes no time");
    }
    size(plan, findings);
    regions(plan, findings);
    objectives(plan, findings);
    if plan.strategy == Strategy::ActiveActive && plan.databases.iter().any(|d| d.single_writer()) {
        findings.warn(
            "strategy",
            "active-active with a database that only one side may write: that part is a warm standby",
        );
    }
}

/// Most bytes of a plan as it is stored. DynamoDB takes 400 KB an item (Service quotas, item size), attribute
/// names and keys included; half of it leaves room for what travels beside a plan.
pub const PLAN_BYTES_MAX: usize = 200 * 1024;

fn size(plan: &Plan, findings: &mut Findings) {
    let Ok(Value::Object(document)) = serde_json::to_value(plan) else { return };
    let bytes = |value: &Value| value.to_string().len();
    let sizes: Vec<(&String, usize)> = document.iter().map(|(k, v)| (k, bytes(v))).collect();
    let whole: usize = sizes.iter().map(|(name, size)| name.len() + size + 4).sum();
    if whole <= PLAN_BYTES_MAX {
        return;
    }
    if let Some((name, size)) = sizes.iter().max_by_key(|(_, size)| *size) {
        findings.error(
            name.as_str(),
            format!(
                "takes {size} of the {whole} bytes that the plan has as it is stored; at most {PLAN_BYTES_MAX} fit into the state table: split the workload, or shorten this"
            ),
        );
    }
}

fn regions(plan: &Plan, findings: &mut Findings) {
    let regions = &plan.regions;
    for (path, region) in [
        ("regions.primary", &regions.primary),
        ("regions.standby", &regions.standby),
        ("regions.control", &regions.control),
    ] {
        if !is_region(region.as_str()) {
            findings.error(path, format!("`{region}` is no Region; write it like us-west-2"));
        }
    }
    if regions.primary == regions.standby {
        findings.error(
            "regions.standby",
            format!("is the primary's own Region, {}: there is no shelter in it", regions.primary),
        );
    }
    if regions.control == regions.primary {
        findings.error(
            "regions.control",
            format!(
                "is the primary's Region, {}: table and functions would fail with it",
                regions.primary
            ),
        );
    } else if regions.control == regions.standby {
        findings.warn(
            "regions.control",
            format!(
                "is the standby's Region, {}: the direction to-primary has no authority while that Region is down; use a third Region for both directions",
                regions.standby
            ),
        );
    }
}

/// Whether a text is written like a Region.
fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let number =
        parts.last().is_some_and(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()));
    let plain =
        |p: &&str| !p.is_empty() && p.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    parts.len() >= 3 && number && parts.iter().all(plain)
}

/// What has to pass in any case, against what was promised.
fn objectives(plan: &Plan, findings: &mut Findings) {
    let expiry = plan.databases.iter().filter_map(|d| d.lease()).map(|l| l.expiry()).max();
    let expiry = expiry.unwrap_or_default();
    let passes = u64::from(plan.validation.passes.saturating_sub(1));
    let proof = Span::millis(plan.validation.interval.as_millis().saturating_mul(passes));
    let least = plan.detection.sustain.plus(expiry).plus(proof);
    let rto = plan.objectives.rto;
    if least > rto {
        findings.warn(
            "objectives.rto",
            format!(
                "{rto} cannot be met: sustain {}, an old writer's time {expiry} and the validation's intervals {proof} alone are {least}",
                plan.detection.sustain
            ),
        );
    }
    for (index, database) in plan.databases.iter().enumerate() {
        if database.max_loss() > plan.objectives.rpo {
            findings.warn(
                format!("databases[{index}].max-loss"),
                format!(
                    "{} may be lost, more than the objective of {}",
                    database.max_loss(),
                    plan.objectives.rpo
                ),
            );
        }
        let probe = database.probe();
        for (side, name) in [(Side::Primary, "primary"), (Side::Standby, "standby")] {
            let other = plan.regions.of(side.other());
            if probe.is_some_and(|p| p.side.of(side).region == *other) {
                findings.error(
                    format!("databases[{index}].probe.side.{name}.region"),
                    format!("the {side}'s engine would be asked through {other}, the Region of the other side"),
                );
            }
        }
    }
}
