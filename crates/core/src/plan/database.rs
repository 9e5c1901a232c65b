//! Databases, how their old writer is fenced, and how they are looked into.

use serde::{Deserialize, Serialize};

use crate::ids::{EntryId, Region, Side, Sides, Text};
use crate::time::Span;

/// One database of the workload.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Database {
    /// An RDS instance and its cross-Region read replica. Promotion cannot be undone.
    RdsReplica(RdsReplica),
    /// An Aurora global database.
    AuroraGlobal(AuroraGlobal),
    /// A DynamoDB global table: every side writes, nothing is promoted.
    DynamodbGlobal(DynamodbGlobal),
}

/// RDS with a cross-Region read replica.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RdsReplica {
    /// Its name in the plan.
    pub id: EntryId,
    /// The services that live on it.
    pub services: Vec<Text>,
    /// Engine as RDS names it, such as `postgres`, `aurora-postgresql`, `mysql`. `db-probe` asks PostgreSQL only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<Text>,
    /// Version of the engine as RDS names it, such as `17.4`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine_version: Option<Text>,
    /// DB instance identifier per side.
    pub instance: Sides<Text>,
    /// Most data, as time, that a promotion may lose.
    pub max_loss: Span,
    /// How the old writer is fenced; all that are listed are applied, one proof is needed.
    pub fences: Vec<Fence>,
    /// How the engine is asked.
    pub probe: Probe,
}

/// An Aurora global database.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct AuroraGlobal {
    /// Its name in the plan.
    pub id: EntryId,
    /// The services that live on it.
    pub services: Vec<Text>,
    /// Engine as RDS names it, such as `postgres`, `aurora-postgresql`, `mysql`. `db-probe` asks PostgreSQL only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<Text>,
    /// Version of the engine as RDS names it, such as `17.4`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine_version: Option<Text>,
    /// Global cluster identifier.
    pub global_cluster: Text,
    /// Cluster ARN per side.
    pub cluster: Sides<Text>,
    /// Most data, as time, that a failover may lose.
    pub max_loss: Span,
    /// Whether a failover that can lose data may be asked of RDS; without it only a switchover is.
    pub allow_data_loss: bool,
    /// How the old writer is fenced.
    pub fences: Vec<Fence>,
    /// How the engine is asked.
    pub probe: Probe,
}

/// A DynamoDB global table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DynamodbGlobal {
    /// Its name in the plan.
    pub id: EntryId,
    /// The services that live on it.
    pub services: Vec<Text>,
    /// Table name, the same on both sides.
    pub table: Text,
    /// Most data, as replication latency, that may be out of sight.
    pub max_loss: Span,
}

impl Database {
    /// Its name in the plan.
    pub fn id(&self) -> &EntryId {
        match self {
            Self::RdsReplica(d) => &d.id,
            Self::AuroraGlobal(d) => &d.id,
            Self::DynamodbGlobal(d) => &d.id,
        }
    }

    /// The services that live on it.
    pub fn services(&self) -> &[Text] {
        match self {
            Self::RdsReplica(d) => &d.services,
            Self::AuroraGlobal(d) => &d.services,
            Self::DynamodbGlobal(d) => &d.services,
        }
    }

    /// Most data that moving it may lose.
    pub fn max_loss(&self) -> Span {
        match self {
            Self::RdsReplica(d) => d.max_loss,
            Self::AuroraGlobal(d) => d.max_loss,
            Self::DynamodbGlobal(d) => d.max_loss,
        }
    }

    /// Its fences; a table that every side writes has none.
    pub fn fences(&self) -> &[Fence] {
        match self {
            Self::RdsReplica(d) => &d.fences,
            Self::AuroraGlobal(d) => &d.fences,
            Self::DynamodbGlobal(_) => &[],
        }
    }

    /// How the engine is asked, if it speaks SQL.
    pub fn probe(&self) -> Option<&Probe> {
        match self {
            Self::RdsReplica(d) => Some(&d.probe),
            Self::AuroraGlobal(d) => Some(&d.probe),
            Self::DynamodbGlobal(_) => None,
        }
    }

    /// Engine and version that the plan names, as RDS does.
    pub fn engine(&self) -> (Option<&Text>, Option<&Text>) {
        match self {
            Self::RdsReplica(d) => (d.engine.as_ref(), d.engine_version.as_ref()),
            Self::AuroraGlobal(d) => (d.engine.as_ref(), d.engine_version.as_ref()),
            Self::DynamodbGlobal(_) => (None, None),
        }
    }

    /// Whether only one side may write at a time.
    pub fn single_writer(&self) -> bool {
        match self {
            Self::RdsReplica(_) | Self::AuroraGlobal(_) => true,
            Self::DynamodbGlobal(_) => false,
        }
    }

    /// The writer lease among its fences.
    pub fn lease(&self) -> Option<&WriterLease> {
        self.fences().iter().find_map(|f| match f {
            Fence::WriterLease(lease) => Some(lease),
            Fence::StopWriter(_) | Fence::Isolate(_) | Fence::Waiver => None,
        })
    }
}

/// How the old writer is kept from writing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Fence {
    /// The writer holds a lease outside its Region and stops itself when it cannot renew it.
    WriterLease(WriterLease),
    /// The writer's compute is stopped and barred from coming back.
    StopWriter(StopWriter),
    /// The network path to the old database is cut: proven when no source but the harmless ones is let in
    /// and the writers' sessions are seen ended.
    Isolate(Box<Isolate>),
    /// A named operator takes the risk, for one generation and one loss bound.
    Waiver,
}

/// The lease that every writer of the workload honours. One item per workload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct WriterLease {
    /// DynamoDB table that holds the item: strongly consistent across Regions, or in a third Region.
    pub table: Text,
    /// Region in which it is asked.
    pub region: Region,
    /// How long after sending its last renewal a holder may acknowledge writes.
    pub ttl: Span,
    /// Most that two clocks may run apart over one lease.
    pub drift: Span,
    /// Longest statement that may still be running when the lease ends.
    pub longest_statement: Span,
    /// How often the holder writes the heartbeat row.
    pub heartbeat: Span,
    /// Every application that writes; a writer that is not listed is not fenced.
    pub writers: Vec<Text>,
}

impl WriterLease {
    /// How long after its end is seen in the table an old holder may still acknowledge a write, by the plan
    /// alone. What a holder itself says may be longer: [`crate::world::LeaseView::expiry`].
    pub fn expiry(&self) -> Span {
        self.terms().expiry()
    }
}

/// The Auto Scaling group that runs the writers, per side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct StopWriter {
    /// Auto Scaling group name per side.
    pub group: Sides<Text>,
    /// Database user of the writers, whose sessions must be seen ended.
    pub sessions_of: Text,
}

/// The security groups in front of the database, per side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Isolate {
    /// Group and rules per side.
    pub security_group: Sides<SecurityGroupRules>,
    /// The other groups of a database that has several: each of them has to be closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub further_groups: Option<Sides<Vec<SecurityGroupRules>>>,
    /// Database user of the writers, whose sessions must be seen ended.
    pub sessions_of: Text,
}

impl Isolate {
    /// Every group that the plan names on that side.
    pub fn groups(&self, side: Side) -> impl Iterator<Item = &SecurityGroupRules> {
        let further = self.further_groups.iter().flat_map(move |groups| groups.of(side));
        std::iter::once(self.security_group.of(side)).chain(further)
    }
}

/// The inbound rules that are taken away, and those that may stay. A rule counts when it names exactly this
/// port; one that covers more is never changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct SecurityGroupRules {
    /// Security group id.
    pub group: Text,
    /// TCP port of the database.
    pub port: u16,
    /// CIDR blocks, IPv4 or IPv6, that may reach it on good days.
    #[serde(default)]
    pub cidrs: Vec<Text>,
    /// Security groups whose members may reach it on good days: `sg-…`, or `<account>/sg-…` for one of a
    /// peered account.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<Text>,
    /// Prefix lists that may reach it on good days: `pl-…`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prefix_lists: Vec<Text>,
    /// Sources that are harmless and are left in, such as the group of `db-probe`, which has to count the
    /// sessions: nothing behind them writes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub may_stay: Vec<Text>,
}

impl SecurityGroupRules {
    /// Every source that is taken away.
    pub fn sources(&self) -> impl Iterator<Item = &Text> {
        self.cidrs.iter().chain(&self.groups).chain(&self.prefix_lists)
    }

    /// The same rules with those sources alone.
    #[must_use]
    pub fn only(&self, keep: impl Fn(&Text) -> bool) -> Self {
        let kept = |sources: &[Text]| sources.iter().filter(|s| keep(s)).cloned().collect();
        Self {
            group: self.group.clone(),
            port: self.port,
            cidrs: kept(&self.cidrs),
            groups: kept(&self.groups),
            prefix_lists: kept(&self.prefix_lists),
            may_stay: Vec::new(),
        }
    }

    /// These and those rules of the same group.
    #[must_use]
    pub fn and(&self, more: &Self) -> Self {
        let both = |first: &[Text], second: &[Text]| {
            let new = second.iter().filter(|s| !first.contains(s));
            first.iter().chain(new).cloned().collect()
        };
        Self {
            group: self.group.clone(),
            port: self.port,
            cidrs: both(&self.cidrs, &more.cidrs),
            groups: both(&self.groups, &more.groups),
            prefix_lists: both(&self.prefix_lists, &more.prefix_lists),
            may_stay: both(&self.may_stay, &more.may_stay),
        }
    }

    /// Whether nothing is taken away.
    pub fn is_empty(&self) -> bool {
        self.sources().next().is_none()
    }
}

/// How the engine is asked: by the `db-probe` function inside the VPC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Probe {
    /// Function and endpoint of each side.
    pub side: Sides<ProbeSide>,
    /// Database name.
    pub database: Text,
    /// Database user; it signs in with an IAM token.
    pub user: Text,
}

/// Where one side's engine is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ProbeSide {
    /// Name or ARN of the `db-probe` function.
    pub function: Text,
    /// Region in which that function is called.
    pub region: Region,
    /// Host of the database.
    pub host: Text,
    /// Port of the database.
    pub port: u16,
}
