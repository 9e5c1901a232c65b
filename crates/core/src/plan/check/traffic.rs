//! Traffic: whether users can be moved while the Region that is left is silent.

use std::collections::BTreeSet;

use super::Findings;
use crate::ids::{Direction, Sides, Text};
use crate::plan::{Control, Plan, RecordControl, StopMetric};

/// The Region of Route 53's control plane.
const ROUTE_53_CONTROL: &str = "us-east-1";
/// Most batches of records that one invocation sends and looks after: Route 53 takes five requests a
/// second, a batch needs four or five, and a function ends after half a minute.
const BATCHES_MAX: usize = 12;
/// Longest time to live that still moves users within minutes.
const TTL_LONG: u32 = 300;

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
    findings.filled(format!("{path}.name"), &control.name);
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
    answers(plan, &format!("{path}.answers"), &control.answers, findings);
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
    let mut known = BTreeSet::new();
    for (index, pair) in control.records.iter().enumerate() {
        let path = format!("{path}.records[{index}]");
        findings.filled(format!("{path}.zone"), &pair.zone);
        let (name, zone) = (pair.name.trim_end_matches('.'), pair.zone_name.trim_end_matches('.'));
        if zone.is_empty() || !(name == zone || name.ends_with(&format!(".{zone}"))) {
            findings.error(
                format!("{path}.name"),
                format!("`{}` is not in the zone `{}`", pair.name, pair.zone_name),
            );
        }
        record_type(&path, &pair.record_type, findings);
        if pair.record_type == "CNAME"
            && [&pair.values.primary, &pair.values.standby].iter().any(|v| v.len() != 1)
        {
            findings.error(format!("{path}.values"), "a CNAME has exactly one value a side");
        }
        if pair.ttl > TTL_LONG {
            findings.warn(
                format!("{path}.ttl"),
                format!("{} s: users keep the old answer that long", pair.ttl),
            );
        }
        if !known.insert((&pair.zone, &pair.name, &pair.record_type)) {
            findings.error(
                format!("{path}.name"),
                format!("{} {} stands twice", pair.name, pair.record_type),
            );
        }
        answers(plan, &format!("{path}.values"), &pair.values, findings);
    }
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

/// Answers have to tell which side was moved to. Where both sides serve, the primary's list may hold
/// the standby's values too: what a move takes away, and the whole list, tell then.
pub(super) fn answers(
    plan: &Plan,
    path: &str,
    answers: &Sides<Vec<Text>>,
    findings: &mut Findings,
) {
    for (side, values) in [("primary", &answers.primary), ("standby", &answers.standby)] {
        if values.is_empty() || values.iter().any(|v| v.trim().is_empty()) {
            findings.error(format!("{path}.{side}"), "is empty");
        }
    }
    let as_set = |values: &Vec<Text>| {
        values.iter().map(|v| v.trim_end_matches('.').to_lowercase()).collect::<BTreeSet<_>>()
    };
    let (primary, standby) = (as_set(&answers.primary), as_set(&answers.standby));
    if primary.is_disjoint(&standby) {
        return;
    }
    if primary == standby {
        findings.error(path, "is the same on both sides: nobody could tell which side answers");
    } else if !plan.both_serve() {
        findings.error(
            path,
            "shares a value between the sides: nobody could tell which side answers; only an active-active plan without a single writer may answer with both",
        );
    } else if primary.is_subset(&standby) {
        findings.error(
            path,
            "takes nothing of the primary away when the standby answers: users would still be sent to the side that is left",
        );
    } else {
        findings.note(
            path,
            "both sides answer on good days: to-standby is proved by the standby's marker, to-primary by the whole list and the marker of either side",
        );
    }
}

/// The types that are moved and asked.
pub(super) fn record_type(path: &str, record_type: &str, findings: &mut Findings) {
    if !["A", "AAAA", "CNAME"].contains(&record_type) {
        findings.error(
            format!("{path}.type"),
            format!("`{record_type}` cannot be moved; expected A, AAAA or CNAME"),
        );
    }
}
