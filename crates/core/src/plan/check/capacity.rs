//! Capacity: what is asked for has to be something, and on the right side.

use super::{Findings, region_of_arn};
use crate::ids::{Side, Sides, Text};
use crate::plan::{Amount, Capacity, Plan};

pub(super) fn check(plan: &Plan, findings: &mut Findings) {
    findings.names("capacity", "id", plan.capacity.iter().map(|c| c.id().as_str()));
    if plan.capacity.is_empty() {
        findings.warn(
            "capacity",
            "is empty: nothing is started, scaled or looked at on the side that is moved to; users are sent there whatever runs there",
        );
    }
    for (index, capacity) in plan.capacity.iter().enumerate() {
        let path = format!("capacity[{index}]");
        if capacity.services().is_empty() {
            findings.warn(format!("{path}.services"), "is empty: nobody learns what runs on this");
        }
        match capacity {
            Capacity::AutoScalingGroup(c) => {
                sides(&format!("{path}.group"), &c.group, findings);
                amount(&path, c.amount, findings);
                if let Some(groups) = &c.target_group {
                    target_groups(plan, &path, groups, findings);
                }
            }
            Capacity::Instances(c) => {
                for side in [Side::Primary, Side::Standby] {
                    if c.instances.of(side).is_empty() {
                        findings.error(format!("{path}.instances.{side}"), "is empty");
                    }
                }
            }
            Capacity::EcsService(c) => {
                amount(&path, c.amount, findings);
                for (side, at) in
                    [(Side::Primary, &c.service.primary), (Side::Standby, &c.service.standby)]
                {
                    findings.filled(format!("{path}.service.{side}.cluster"), &at.cluster);
                    findings.filled(format!("{path}.service.{side}.name"), &at.name);
                }
            }
            Capacity::LambdaConcurrency(c) => {
                sides(&format!("{path}.function"), &c.function, findings);
                if c.reserved == 0 {
                    findings
                        .error(format!("{path}.reserved"), "is 0: the function would stay shut");
                }
            }
            Capacity::EventSource(c) => sides(&format!("{path}.mapping"), &c.mapping, findings),
        }
    }
    same_group_twice(plan, findings);
}

fn sides(path: &str, names: &Sides<Text>, findings: &mut Findings) {
    findings.filled(format!("{path}.primary"), &names.primary);
    findings.filled(format!("{path}.standby"), &names.standby);
}

fn amount(path: &str, amount: Amount, findings: &mut Findings) {
    let path = format!("{path}.amount");
    if amount.percent_of_peak == 0 && amount.at_least == 0 {
        findings.error(path, "asks for nothing");
    } else if amount.at_least == 0 {
        findings.warn(path, "has at-least 0: when the peak is unknown, no capacity is made ready");
    }
}

fn target_groups(plan: &Plan, path: &str, groups: &Sides<Text>, findings: &mut Findings) {
    for side in [Side::Primary, Side::Standby] {
        let (arn, region) = (groups.of(side), plan.regions.of(side));
        if region_of_arn(arn) != Some(region.as_str()) {
            findings.error(
                format!("{path}.target-group.{side}"),
                format!("`{arn}` is no target group's ARN in {region}"),
            );
        }
    }
}

/// Two entries that raise one group would each undo the other's doing.
fn same_group_twice(plan: &Plan, findings: &mut Findings) {
    let groups: Vec<_> = plan
        .capacity
        .iter()
        .enumerate()
        .filter_map(|(index, capacity)| match capacity {
            Capacity::AutoScalingGroup(c) => Some((index, &c.group)),
            Capacity::Instances(_)
            | Capacity::EcsService(_)
            | Capacity::LambdaConcurrency(_)
            | Capacity::EventSource(_) => None,
        })
        .collect();
    for (place, (index, group)) in groups.iter().enumerate() {
        let before = groups[..place]
            .iter()
            .find(|(_, g)| [Side::Primary, Side::Standby].iter().any(|s| g.of(*s) == group.of(*s)));
        if let Some((first, _)) = before {
            findings.error(
                format!("capacity[{index}].group"),
                format!("is the group of capacity[{first}] too: one entry a group"),
            );
        }
    }
}
