//! What must run on the side that is moved to.

use serde::{Deserialize, Serialize};

use crate::ids::{EntryId, Sides, Text};

/// One piece of capacity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Capacity {
    /// The minimum size of an Auto Scaling group is raised.
    AutoScalingGroup(AutoScalingGroup),
    /// Stopped EC2 instances are started.
    Instances(Instances),
    /// The desired count of an ECS service is raised.
    EcsService(EcsService),
    /// Reserved concurrency of a function is given.
    LambdaConcurrency(LambdaConcurrency),
    /// An event source mapping is enabled.
    EventSource(EventSource),
}

/// When a piece of capacity may come up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum When {
    /// Beside the fences: harmless before the promotion.
    Early,
    /// Only after the promotion: it writes, consumes or is scheduled.
    Late,
}

/// How much is needed: a share of the other side's peak of the last 24 hours, never less than a floor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Amount {
    /// Per cent of the stored peak.
    pub percent_of_peak: u32,
    /// Never less than this, and this when the peak is unknown.
    pub at_least: u32,
}

impl Amount {
    /// The number needed, rounded up.
    pub fn needed(self, peak: Option<u32>) -> u32 {
        let share =
            peak.map_or(0, |p| (u64::from(p) * u64::from(self.percent_of_peak)).div_ceil(100));
        self.at_least.max(u32::try_from(share).unwrap_or(u32::MAX))
    }
}

/// An Auto Scaling group per side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct AutoScalingGroup {
    /// Its name in the plan.
    pub id: EntryId,
    /// The services that run on it.
    pub services: Vec<Text>,
    /// Group name per side.
    pub group: Sides<Text>,
    /// How many instances in service.
    pub amount: Amount,
    /// Target group ARN per side whose healthy targets count; without it the group's own health does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_group: Option<Sides<Text>>,
}

/// Instances per side, stopped on the side that does not serve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Instances {
    /// Its name in the plan.
    pub id: EntryId,
    /// The services that run on them.
    pub services: Vec<Text>,
    /// Instance ids per side.
    pub instances: Sides<Vec<Text>>,
    /// Whether they may come up before the promotion.
    #[serde(default = "early")]
    pub when: When,
}

/// An ECS service per side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct EcsService {
    /// Its name in the plan.
    pub id: EntryId,
    /// The services that run in it.
    pub services: Vec<Text>,
    /// Cluster and service per side.
    pub service: Sides<EcsSide>,
    /// How many running tasks.
    pub amount: Amount,
}

/// One side's ECS service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct EcsSide {
    /// Cluster name.
    pub cluster: Text,
    /// Service name.
    pub name: Text,
}

/// A function per side whose reserved concurrency keeps it shut on the side that does not serve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LambdaConcurrency {
    /// Its name in the plan.
    pub id: EntryId,
    /// The services that it is.
    pub services: Vec<Text>,
    /// Function name per side.
    pub function: Sides<Text>,
    /// Reserved concurrency when it serves.
    pub reserved: u32,
    /// Whether it may come up before the promotion.
    #[serde(default = "early")]
    pub when: When,
}

/// An event source mapping per side; a consumer, so it comes up only after the promotion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct EventSource {
    /// Its name in the plan.
    pub id: EntryId,
    /// The services that it feeds.
    pub services: Vec<Text>,
    /// Mapping UUID per side.
    pub mapping: Sides<Text>,
}

fn early() -> When {
    When::Early
}

impl Capacity {
    /// Its name in the plan.
    pub fn id(&self) -> &EntryId {
        match self {
            Self::AutoScalingGroup(c) => &c.id,
            Self::Instances(c) => &c.id,
            Self::EcsService(c) => &c.id,
            Self::LambdaConcurrency(c) => &c.id,
            Self::EventSource(c) => &c.id,
        }
    }

    /// The services that run on it.
    pub fn services(&self) -> &[Text] {
        match self {
            Self::AutoScalingGroup(c) => &c.services,
            Self::Instances(c) => &c.services,
            Self::EcsService(c) => &c.services,
            Self::LambdaConcurrency(c) => &c.services,
            Self::EventSource(c) => &c.services,
        }
    }

    /// When it may come up.
    pub fn when(&self) -> When {
        match self {
            Self::AutoScalingGroup(_) | Self::EcsService(_) => When::Early,
            Self::Instances(c) => c.when,
            Self::LambdaConcurrency(c) => c.when,
            Self::EventSource(_) => When::Late,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_need_is_rounded_up_and_never_under_the_floor() {
        let amount = Amount { percent_of_peak: 50, at_least: 2 };
        for (peak, needed) in [(None, 2), (Some(0), 2), (Some(4), 2), (Some(5), 3), (Some(101), 51)]
        {
            assert_eq!(amount.needed(peak), needed, "{peak:?}");
        }
    }
}
