//! What was seen.

use std::fmt;

use crate::ids::Text;
use crate::lease_terms::LeaseTerms;
use crate::printable::{TEXT_MAX, kept};
use serde::{Deserialize, Serialize};

use crate::time::{Span, Timestamp};
use crate::world::{
    DatabaseNetwork, Heartbeat, InboundRule, MembersView, Question, SeriesView, ServiceView,
    WriterGroupView,
};

/// Why nothing was seen. Unknown counts as no.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Blind {
    reason: Text,
    unsupported: bool,
}

impl Blind {
    /// With the reason: what was asked, of whom, what came back.
    pub fn new(reason: impl Into<Text>) -> Self {
        Self { reason: kept(reason, TEXT_MAX), unsupported: false }
    }

    /// Whoever was asked can never answer, however often it is asked again: an engine of another kind.
    pub fn unsupported(reason: impl Into<Text>) -> Self {
        Self { reason: kept(reason, TEXT_MAX), unsupported: true }
    }

    /// Whether asking again is in vain.
    pub fn is_unsupported(&self) -> bool {
        self.unsupported
    }

    /// The reason, with what was asked named once: most reasons name it themselves.
    pub fn about(&self, asked: &Question) -> String {
        let asked = asked.to_string();
        if self.reason.contains(&asked) {
            self.reason.to_string()
        } else {
            format!("{asked}: {}", self.reason)
        }
    }
}

impl fmt::Display for Blind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

/// One thing as it was seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum View {
    /// The writer lease; `None`: there is no such item.
    Lease(Option<LeaseView>),
    /// An RDS instance; `None`: there is none of that name.
    Rds(Option<RdsView>),
    /// An Aurora global cluster.
    Global(Option<GlobalView>),
    /// The engine, as it says itself.
    Sql(SqlView),
    /// An Auto Scaling group; `None`: there is none of that name.
    Group(Option<GroupView>),
    /// Instances in the order asked; `None`: there is none of that id.
    Instances(Vec<(Text, Option<InstanceView>)>),
    /// Something counted.
    Running(Option<RunningView>),
    /// Concurrency of a function; `None`: there is no such function.
    Concurrency(Option<ConcurrencyView>),
    /// State of an event source mapping as AWS names it, such as `Enabled`; `None`: there is none.
    Mapping(Option<Text>),
    /// Targets by health; `None`: there is no such target group.
    Targets(Option<TargetsView>),
    /// Every inbound rule that lets somebody reach the port that was asked for.
    Ingress(Vec<InboundRule>),
    /// How a database is reached; `None`: there is none of that name.
    DatabaseNetwork(Option<DatabaseNetwork>),
    /// An Auto Scaling group of writers; `None`: there is none of that name.
    WriterGroup(Option<WriterGroupView>),
    /// Values and time to live of a record set; `None`: there is none.
    Record(Option<(Vec<Text>, u32)>),
    /// A hosted zone; `None`: there is none of that id.
    Zone(Option<ZoneView>),
    /// Every record set of a name; empty: there is none.
    RecordSets(Vec<RecordSetView>),
    /// Whether a batch of records has reached every name server.
    InSync(bool),
    /// What a name resolves to.
    Answer(AnswerView),
    /// What a URL answered.
    Http(HttpView),
    /// An alarm; `None`: there is none of that name.
    Alarm(Option<AlarmView>),
    /// The latest datum of a metric and its time; `None`: no datum.
    Number(Option<(f64, Timestamp)>),
    /// Members of a group, instances or targets; `None`: there is none of that name.
    Members(Option<MembersView>),
    /// An ECS service; `None`: there is none of that name.
    Service(Option<ServiceView>),
    /// Data of a metric; empty: there were none.
    Series(SeriesView),
}

/// The writer lease.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct LeaseView {
    /// Region name of the holder, or `nobody`.
    pub owner: Text,
    /// Rises by one at each change of owner.
    pub epoch: u64,
    /// Effect that changed it last; empty when a person made it.
    pub effect: Text,
    /// The holder's own clock when it sent its last renewal. Kept through a change of owner.
    pub renewed_at: Option<Timestamp>,
    /// The largest terms that its holders wrote; `None`: the item does not bear all three parts.
    #[serde(default)]
    pub terms: Option<LeaseTerms>,
    /// `Date` of the answer that showed it.
    pub answered_at: Timestamp,
}

/// An RDS instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct RdsView {
    /// Status as RDS names it, such as `available`, `modifying`, `backing-up`.
    pub status: Text,
    /// Its own ARN; `None`: RDS does not say.
    #[serde(default)]
    pub arn: Option<Text>,
    /// Identifier or ARN of the replication source; `None`: it is no replica.
    pub replica_source: Option<Text>,
    /// Engine, such as `postgres`.
    pub engine: Text,
    /// Version of the engine, such as `17.4`; empty: RDS does not say.
    #[serde(default)]
    pub engine_version: Text,
    /// Host of its endpoint; `None` while it is made.
    pub host: Option<Text>,
    /// Zone of its writer's host, such as `us-east-1a`.
    pub zone: Option<Text>,
    /// Whether a standby in another zone takes over by itself.
    pub multi_az: bool,
    /// How its replication goes; `None`: it is no replica, or RDS does not say yet.
    pub replication: Option<ReplicationView>,
}

/// A replica's link to its source, as RDS's `StatusInfos` tell it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ReplicationView {
    /// Whether RDS finds it normal.
    pub normal: bool,
    /// Its word, such as `replicating`, `error`, `stopped`, `terminated`.
    pub status: Text,
    /// What went wrong.
    pub message: Text,
}

/// An Aurora global cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct GlobalView {
    /// Status as RDS names it.
    pub status: Text,
    /// Failover state, when one is under way: `pending`, `failing-over`, `switching-over`, `cancelling`.
    pub failover: Option<Text>,
    /// Engine, such as `aurora-postgresql`; `None`: RDS does not say.
    pub engine: Option<Text>,
    /// Version of the engine; `None`: RDS does not say.
    pub engine_version: Option<Text>,
    /// Its member clusters.
    pub members: Vec<GlobalMember>,
}

/// A hosted zone of Route 53.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ZoneView {
    /// Its name, in lower case without the last dot.
    pub name: Text,
    /// Whether only its networks can ask it.
    pub private: bool,
}

/// One record set as Route 53 lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct RecordSetView {
    /// Record type.
    pub record_type: Text,
    /// Where its alias leads; `None`: it is no alias.
    pub alias: Option<Text>,
    /// Its routing policy, such as `weighted`; `None`: it is simple.
    pub policy: Option<Text>,
    /// Time to live in seconds; an alias has none of its own.
    pub ttl: Option<u32>,
    /// Values; an alias has none.
    pub values: Vec<Text>,
}

/// One member of an Aurora global cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct GlobalMember {
    /// Cluster ARN.
    pub arn: Text,
    /// Whether it is the writer.
    pub writer: bool,
}

/// What the engine says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct SqlView {
    /// `pg_is_in_recovery()`: a replica.
    pub in_recovery: bool,
    /// A write was tried in a transaction that is rolled back, and accepted.
    pub writable: bool,
    /// The heartbeat row; `None`: no row, or no such table.
    pub heartbeat: Option<Heartbeat>,
    /// Sessions of the user that was asked for; `None`: not asked.
    pub sessions: Option<u32>,
}

/// An Auto Scaling group. Sizes and `in_service` are in capacity units: instances by their weights, each
/// one unit where the group has no weights.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct GroupView {
    /// Minimum size.
    pub minimum: u32,
    /// Maximum size.
    pub maximum: u32,
    /// Desired capacity.
    pub desired: u32,
    /// Units of the instances that are `InService` and `Healthy`.
    pub in_service: u32,
    /// How many instances these are.
    #[serde(default)]
    pub serving: u32,
    /// Instances that are not yet `Terminated`.
    pub instances: u32,
    /// Names of suspended processes.
    pub suspended: Vec<Text>,
    /// `vcpu` or `memory-mib`, when its sizes are in these and not in instances.
    #[serde(default)]
    pub measured_in: Option<Text>,
    /// Whether it puts the metrics from which its peak is known.
    #[serde(default)]
    pub tells_peak: bool,
}

/// An EC2 instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct InstanceView {
    /// Its state as EC2 names it.
    pub state: Text,
    /// Why it came into that state, in EC2's words; empty: EC2 says nothing.
    pub reason: Text,
}

impl InstanceView {
    /// Whether it is gone for good: EC2 still describes it for a while.
    pub fn gone(&self) -> bool {
        matches!(self.state.as_str(), "terminated" | "shutting-down")
    }
}

impl fmt::Display for InstanceView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.state)?;
        if self.reason.is_empty() { Ok(()) } else { write!(f, " ({})", self.reason) }
    }
}

/// Concurrency of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ConcurrencyView {
    /// What is reserved for it; `None`: nothing, and it may use what the account has.
    pub reserved: Option<u32>,
}

/// Something counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct RunningView {
    /// How many are asked for.
    pub desired: u32,
    /// How many run.
    pub running: u32,
}

/// Targets by health.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct TargetsView {
    /// Healthy targets.
    pub healthy: u32,
    /// All targets.
    pub total: u32,
}

/// What a name resolves to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct AnswerView {
    /// The values, sorted; every server that was asked said the same.
    pub values: Vec<Text>,
}

/// What a URL answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct HttpView {
    /// HTTP status.
    pub status: u16,
    /// Value of the marker header.
    pub marker: Option<Text>,
    /// Beginning of the body.
    pub body: Text,
    /// How long it took.
    pub took: Span,
}

/// State of an alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "CloudWatch's own names")]
pub enum AlarmState {
    Ok,
    Alarm,
    InsufficientData,
}

impl AlarmState {
    /// The name in CloudWatch.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Alarm => "ALARM",
            Self::InsufficientData => "INSUFFICIENT_DATA",
        }
    }
}

/// A CloudWatch alarm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct AlarmView {
    /// Its state.
    pub state: AlarmState,
    /// Since when.
    pub since: Timestamp,
    /// Why, in CloudWatch's words.
    pub reason: Text,
    /// Why its actions are not carried out: disabled, suppressed or muted. Its owner does not want to be told
    /// of it now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub muted: Option<Text>,
}
