//! What each kind of voter looks at, and what it calls Unhealthy.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::voter::About;
use crate::ids::{EntryId, Region, Text, VoterId};
use crate::time::Span;

/// A bound on a number; with both, outside of the two.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Threshold {
    /// Unhealthy above this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub above: Option<f64>,
    /// Unhealthy below this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub below: Option<f64>,
}

impl Threshold {
    /// Which bound the number is beyond, in words; `None`: it is within.
    pub fn crossed(&self, number: f64) -> Option<String> {
        match (self.above, self.below) {
            (Some(above), _) if number > above => Some(format!("above {above}")),
            (_, Some(below)) if number < below => Some(format!("below {below}")),
            _ => None,
        }
    }
}

/// A CloudWatch alarm: ALARM is Unhealthy, OK is Healthy, INSUFFICIENT_DATA is Unknown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct AlarmVoter {
    /// Its name.
    pub id: VoterId,
    /// The Region in which the alarm lives and from which it looks.
    pub region: Region,
    /// The alarm.
    pub alarm: Text,
    /// An alarm that is OK only while the voter itself sees (its control probe); without it the
    /// voter's sight is taken from its data being fresh.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control_alarm: Option<Text>,
    /// What it is about.
    #[serde(default, skip_serializing_if = "About::is_all")]
    pub about: About,
}

/// A Route 53 health check of any type. Unhealthy when Route 53 itself finds it so, by the metric
/// `HealthCheckStatus` (docs.aws.amazon.com/Route53/latest/DeveloperGuide/monitoring-health-checks.html).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct HealthCheckVoter {
    /// Its name.
    pub id: VoterId,
    /// Where its metric is: always us-east-1, and so counted as a voter of that Region.
    #[serde(default = "route53_home")]
    pub region: Region,
    /// Health check id.
    pub health_check: Text,
    /// What it is about.
    #[serde(default, skip_serializing_if = "About::is_all")]
    pub about: About,
}

/// Route 53's metrics live in us-east-1.
fn route53_home() -> Region {
    Region::from("us-east-1")
}

/// AWS Health events of the category `issue` about the Region that is left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct HealthEventVoter {
    /// Its name.
    pub id: VoterId,
    /// The Region that the events are delivered to; AWS delivers each to a backup Region too.
    pub region: Region,
    /// AWS services that count, such as `EC2`; empty: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aws_services: Vec<Text>,
    /// How long an event counts: AWS updates an open one about twice an hour.
    #[serde(default = "an_hour")]
    pub fresh_for: Span,
    /// What it is about.
    #[serde(default, skip_serializing_if = "About::is_all")]
    pub about: About,
}

fn an_hour() -> Span {
    Span::minutes(60)
}

/// RDS events of one instance or cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RdsEventVoter {
    /// Its name.
    pub id: VoterId,
    /// The Region of the instance or cluster.
    pub region: Region,
    /// Its identifier.
    pub source: Text,
    /// How long an event counts: RDS tells a thing once, on a best effort.
    #[serde(default = "quarter_of_an_hour")]
    pub fresh_for: Span,
    /// What it is about.
    #[serde(default, skip_serializing_if = "About::is_all")]
    pub about: About,
}

fn quarter_of_an_hour() -> Span {
    Span::minutes(15)
}

/// Monitoring documents, each with some of these numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DocumentVoter {
    /// Its name.
    pub id: VoterId,
    /// The Region from which the system that posts looks.
    pub region: Region,
    /// Failed requests in percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_rate: Option<Threshold>,
    /// Availability in percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub availability: Option<Threshold>,
    /// Response time in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_time: Option<Threshold>,
    /// How long a document counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fresh_for: Option<Span>,
    /// What it is about.
    #[serde(default, skip_serializing_if = "About::is_all")]
    pub about: About,
}

/// Instances of an Auto Scaling group: Unhealthy when more than half are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct GroupVoter {
    /// Its name.
    pub id: VoterId,
    /// Its Region.
    pub region: Region,
    /// Group name.
    pub group: Text,
    /// Unhealthy when more than this share of its judged members is, in percent.
    #[serde(default = "half")]
    pub more_than: u8,
    /// What it is about.
    #[serde(default, skip_serializing_if = "About::is_all")]
    pub about: About,
}

/// The practice's own line: critical when more than half are unhealthy.
fn half() -> u8 {
    50
}

/// System and instance status checks of EC2 instances: Unhealthy when more than half fail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct InstancesVoter {
    /// Its name.
    pub id: VoterId,
    /// Their Region.
    pub region: Region,
    /// Instance ids.
    pub instances: Vec<Text>,
    /// Unhealthy when more than this share of them is, in percent.
    #[serde(default = "half")]
    pub more_than: u8,
    /// What it is about.
    #[serde(default, skip_serializing_if = "About::is_all")]
    pub about: About,
}

/// Targets of a target group: Unhealthy when more than half are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct TargetsVoter {
    /// Its name.
    pub id: VoterId,
    /// Its Region.
    pub region: Region,
    /// Target group ARN.
    pub target_group: Text,
    /// The Auto Scaling group of its instances: it tells their zones, the target group does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<Text>,
    /// Unhealthy when more than this share of its judged targets is, in percent.
    #[serde(default = "half")]
    pub more_than: u8,
    /// What it is about.
    #[serde(default, skip_serializing_if = "About::is_all")]
    pub about: About,
}

/// Tasks of an ECS service: Unhealthy when fewer than half of those wanted run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct EcsVoter {
    /// Its name.
    pub id: VoterId,
    /// Its Region.
    pub region: Region,
    /// Cluster name.
    pub cluster: Text,
    /// Service name.
    pub service: Text,
    /// Unhealthy when more than this share of the wanted tasks is missing, in percent.
    #[serde(default = "half")]
    pub more_than: u8,
    /// What it is about.
    #[serde(default, skip_serializing_if = "About::is_all")]
    pub about: About,
}

/// A metric of CloudWatch: processor, memory, disk, or the application's own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct MetricVoter {
    /// Its name.
    pub id: VoterId,
    /// The metric's Region.
    pub region: Region,
    /// Its namespace.
    pub namespace: Text,
    /// Its name.
    pub metric: Text,
    /// Its dimensions.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub dimensions: BTreeMap<Text, Text>,
    /// `Average`, `Sum`, `Minimum`, `Maximum` or a percentile such as `p99`.
    pub statistic: Text,
    /// Unhealthy beyond this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<Threshold>,
    /// Unhealthy when far from its own past.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deviation: Option<Deviation>,
    /// What it is about.
    #[serde(default, skip_serializing_if = "About::is_all")]
    pub about: About,
}

/// A metric's distance from its own past: the values of the same hour of the days before, their median
/// and their median absolute deviation (MAD).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Deviation {
    /// Unhealthy when farther from the median than so many deviations (1.4826 · MAD, which is a
    /// standard deviation where the values are normal).
    pub times: f64,
    /// …and farther than this in the metric's own unit: a flat past must not make a trifle an alarm.
    pub at_least: f64,
    /// Days of the past that are looked at, at most 14: CloudWatch keeps minutes for 15 days.
    #[serde(default = "two_weeks")]
    pub days: u32,
    /// Fewer days with data say nothing: Unknown.
    #[serde(default = "a_week")]
    pub min_samples: u32,
}

fn two_weeks() -> u32 {
    14
}

fn a_week() -> u32 {
    7
}

/// A URL that the detector itself asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct EndpointVoter {
    /// Its name.
    pub id: VoterId,
    /// From where: the control Region, in which the detector runs.
    pub region: Region,
    /// The URL.
    pub url: Text,
    /// The answer that is well.
    #[serde(default = "ok")]
    pub status: u16,
    /// A later answer is Unhealthy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<Span>,
    /// A URL elsewhere that is known to be well: while it gives no answer the detector itself is blind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control_url: Option<Text>,
    /// DNS servers, `address:port`; empty: the system's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resolvers: Vec<Text>,
    /// What it is about.
    #[serde(default, skip_serializing_if = "About::is_all")]
    pub about: About,
}

fn ok() -> u16 {
    200
}

/// The standby's replica says whether its source is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ReplicationVoter {
    /// Its name.
    pub id: VoterId,
    /// The replica's Region: from there its source is seen.
    pub region: Region,
    /// The database of the plan, of kind `rds-replica`.
    pub database: EntryId,
    /// What it is about.
    #[serde(default, skip_serializing_if = "About::is_all")]
    pub about: About,
}
