//! Traffic: whether users can be moved while the Region that is left is silent.

use std::collections::BTreeSet;

use super::{Findings, values};
use crate::ids::Direction;
use crate::plan::{Control, Plan, RecordControl, StopMetric};

/// The Region of Route 53's control plane.
const ROUTE_53_CONTROL: &str = "us-east-1";
/// Most batches of records that one invocation sends and looks after: Route 53 takes five requests a
/// second, a batch needs four or five, and a function ends after half a minute.
const BATCHES_MAX: usize = 12;

pub(super) fn check(plan: &Plan, findings: &mut Findings) {
    let controls = &plan.traffic.controls;
    findings.names("traffic.controls", "id", controls.iter().map(|c| c.id().as_str()));
    if controls.is_empty() {
        findings.error("traffic.controls", "is empty: users would stay where they are");
    }
    let batches: usize = controls.iter().map(batches).sum();
    if batches > BATCHES_MAX {
        findings.error(
            "traffic.controls",
            format!(
                "changes records by {batches} batches, one a control and zone; Route 53's five requests a second are enough for {BATCHES_MAX}"
            ),
        );
    }
    for (index, control) in controls.iter().enumerate() {
        let path = format!("traffic.controls[{index}]");
        if control.services().is_empty() {
            findings.warn(format!("{path}.services"), "is empty: nobody learns whose users move");
        }
        match control {
            Control::StopMetric(c) => stop_metric(plan, &path, c, findings),
            Control::Record(c) => record(plan, &path, c, findings),
        }
    }
}

fn stop_metric(plan: &Plan, path: &str, control: &StopMetric, findings: &mut Findings) {
    values::name(&format!("{path}.name"), &control.name, findings);
    findings.filled(format!("{path}.namespace"), &control.namespace);
    findings.filled(format!("{path}.metric"), &control.metric);
    if control.region == plan.regions.primary {
        findings.error(
            format!("{path}.region"),
            format!(
                "is {}: to-standby needs the Region that is left; put metric and alarm into a third Region",
                control.region
            ),
        );
    } else if control.region == plan.regions.standby {
        findings.warn(
            format!("{path}.region"),
            format!("is {}: to-primary needs the Region that is left", control.region),
        );
    }
    values::untyped(plan, &format!("{path}.answers"), &control.answers, findings);
    findings.resolvers(path, &control.resolvers);
}

fn batches(control: &Control) -> usize {
    match control {
        Control::StopMetric(_) => 0,
        Control::Record(c) => c.records.iter().map(|p| &p.zone).collect::<BTreeSet<_>>().len(),
    }
}

fn record(plan: &Plan, path: &str, control: &RecordControl, findings: &mut Findings) {
    needs_route_53(plan, path, findings);
    if control.records.is_empty() {
        findings.error(format!("{path}.records"), "is empty: there is nothing to change");
    }
    findings.resolvers(path, &control.resolvers);
    values::records(plan, path, control, findings);
}

/// Changing a record needs Route 53's control plane, which lives in us-east-1.
fn needs_route_53(plan: &Plan, path: &str, findings: &mut Findings) {
    let only = plan.traffic.controls.iter().all(|c| matches!(c, Control::Record(_)));
    for direction in [Direction::ToStandby, Direction::ToPrimary] {
        if plan.source_region(direction).as_str() != ROUTE_53_CONTROL {
            continue;
        }
        let message = format!(
            "{direction} leaves {ROUTE_53_CONTROL}, where Route 53's control plane lives, and a record cannot be changed without it"
        );
        if only {
            findings.error(path, format!("{message}; use a stop-metric control"));
        } else {
            findings.warn(path, format!("{message}; the generation will wait for it"));
        }
        return;
    }
    findings.warn(
        path,
        format!(
            "needs Route 53's control plane in {ROUTE_53_CONTROL} in the failure; a stop-metric control needs the data plane only"
        ),
    );
}
