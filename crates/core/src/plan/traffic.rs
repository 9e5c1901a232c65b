//! How users are moved.

use serde::{Deserialize, Serialize};

use crate::ids::{EntryId, Region, Sides, Text};

/// The controls, all of which are turned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Traffic {
    /// The controls.
    pub controls: Vec<Control>,
}

/// One way to move users.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Control {
    /// A metric that an alarm and a Route 53 health check follow: the data plane only.
    StopMetric(StopMetric),
    /// Route 53 records changed by a fenced batch: needs the control plane in us-east-1.
    Record(RecordControl),
}

impl Control {
    /// Its name in the plan.
    pub fn id(&self) -> &EntryId {
        match self {
            Self::StopMetric(c) => &c.id,
            Self::Record(c) => &c.id,
        }
    }

    /// The services that it moves.
    pub fn services(&self) -> &[Text] {
        match self {
            Self::StopMetric(c) => &c.services,
            Self::Record(c) => &c.services,
        }
    }
}

/// `PutMetricData` → alarm (`TreatMissingData: ignore`) → `CLOUDWATCH_METRIC` health check
/// (`InsufficientDataHealthStatus: LastKnownStatus`) on the primary's failover record.
/// The value 1 sends users to the standby, 0 to the primary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct StopMetric {
    /// Its name in the plan.
    pub id: EntryId,
    /// The services that it moves.
    pub services: Vec<Text>,
    /// Region of metric and alarm; needed in both directions.
    pub region: Region,
    /// Metric namespace.
    pub namespace: Text,
    /// Metric name; its one dimension is `Workload`.
    pub metric: Text,
    /// Public name that the health check decides.
    pub name: Text,
    /// What the name resolves to, per side: all addresses, IPv4 and IPv6, or the one CNAME. Addresses of a load
    /// balancer behind an alias record change, and cannot be written here.
    pub answers: Sides<Vec<Text>>,
    /// DNS servers that are asked, `address:port`; empty: the system's.
    #[serde(default)]
    pub resolvers: Vec<Text>,
}

/// Records that are changed together with their fence number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RecordControl {
    /// Its name in the plan.
    pub id: EntryId,
    /// The services that it moves.
    pub services: Vec<Text>,
    /// Every affected record of every affected zone.
    pub records: Vec<RecordPair>,
    /// The zones' name servers, `address:port`; empty: those that Route 53 names for each zone.
    #[serde(default)]
    pub resolvers: Vec<Text>,
}

/// One record and its values per side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RecordPair {
    /// Hosted zone id.
    pub zone: Text,
    /// Name of the zone, such as `example.com`.
    pub zone_name: Text,
    /// Record name.
    pub name: Text,
    /// Record type: A, AAAA or CNAME.
    #[serde(rename = "type")]
    pub record_type: Text,
    /// Time to live in seconds.
    pub ttl: u32,
    /// Values per side.
    pub values: Sides<Vec<Text>>,
}
