//! What is changed in the world, and what came back.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::{Region, Text};
use crate::plan::SecurityGroupRules;
use crate::time::Timestamp;

/// One change to one thing, with everything that will be sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// Moves the writer lease, on condition of owner and epoch; epoch + 1.
    MoveLease {
        /// Region of the table.
        region: Region,
        /// Table name.
        table: Text,
        /// Item key.
        key: Text,
        /// Owner that must stand there.
        from_owner: Text,
        /// Epoch that must stand there.
        from_epoch: u64,
        /// Owner afterwards: a Region name or `nobody`.
        to_owner: Text,
        /// Id of this effect, kept in the item.
        effect: Text,
    },
    /// Promotes an RDS read replica to a standalone instance.
    PromoteReplica {
        /// Its Region.
        region: Region,
        /// DB instance identifier.
        instance: Text,
    },
    /// Fails an Aurora global database over, accepting the loss of what was not replicated.
    FailoverGlobal {
        /// Region that is asked: the one moved to.
        region: Region,
        /// Global cluster identifier.
        global_cluster: Text,
        /// Cluster ARN that becomes the writer.
        target: Text,
    },
    /// Switches an Aurora global database over, without loss; both Regions must be well.
    SwitchoverGlobal {
        /// Region that is asked: the one moved to.
        region: Region,
        /// Global cluster identifier.
        global_cluster: Text,
        /// Cluster ARN that becomes the writer.
        target: Text,
    },
    /// Sets the sizes of an Auto Scaling group and suspends or resumes scaling: the writers' stop
    /// (0, 0, suspended) and its undo.
    BoundGroup {
        /// Its Region.
        region: Region,
        /// Its name.
        group: Text,
        /// Minimum size afterwards.
        minimum: u32,
        /// Maximum size afterwards.
        maximum: u32,
        /// Desired capacity afterwards.
        desired: u32,
        /// Whether launching is suspended afterwards.
        suspend: bool,
    },
    /// Sets the minimum size of an Auto Scaling group, and nothing else.
    SetMinimum {
        /// Its Region.
        region: Region,
        /// Its name.
        group: Text,
        /// Minimum size afterwards.
        minimum: u32,
    },
    /// Starts stopped instances.
    StartInstances {
        /// Their Region.
        region: Region,
        /// Their ids.
        ids: Vec<Text>,
    },
    /// Stops running instances.
    StopInstances {
        /// Their Region.
        region: Region,
        /// Their ids.
        ids: Vec<Text>,
    },
    /// Sets the desired count of an ECS service.
    SetDesiredCount {
        /// Its Region.
        region: Region,
        /// Cluster name.
        cluster: Text,
        /// Service name.
        service: Text,
        /// Desired count afterwards.
        count: u32,
    },
    /// Sets or (`None`) removes a function's reserved concurrency.
    ReserveConcurrency {
        /// Its Region.
        region: Region,
        /// Function name.
        function: Text,
        /// Reserved concurrency afterwards.
        reserved: Option<u32>,
    },
    /// Enables or disables an event source mapping.
    EnableEventSource {
        /// Its Region.
        region: Region,
        /// Mapping UUID.
        uuid: Text,
        /// Whether it is enabled afterwards.
        enabled: bool,
    },
    /// Takes inbound rules away.
    RevokeIngress {
        /// Region of the group.
        region: Region,
        /// Group, port and sources.
        rules: SecurityGroupRules,
    },
    /// Gives inbound rules back.
    AuthorizeIngress {
        /// Region of the group.
        region: Region,
        /// Group, port and sources.
        rules: SecurityGroupRules,
        /// What each rule said of itself, by source.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        descriptions: BTreeMap<Text, Text>,
    },
    /// Puts one metric datum, dated by its intent.
    PutMetric {
        /// Region of the metric.
        region: Region,
        /// Namespace.
        namespace: Text,
        /// Name.
        metric: Text,
        /// Value of the dimension `Workload`.
        workload: Text,
        /// The datum.
        value: f64,
        /// Its time.
        at: Timestamp,
    },
    /// One atomic batch: the zone's fence number from one value to a greater one, and the records.
    ChangeRecords {
        /// Hosted zone id.
        zone: Text,
        /// The fence number's record and step.
        fence: FenceNumber,
        /// Records as they shall stand afterwards.
        records: Vec<RecordSet>,
    },
}

/// The compare-and-swap of a Route 53 batch: `DELETE` the TXT record with exactly `from`, `CREATE` it with `to`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct FenceNumber {
    /// Record name: `_leeward.<workload>.<control>.<zone name>`.
    pub name: Text,
    /// Value that must stand there.
    pub from: u64,
    /// Value afterwards; greater than `from`.
    pub to: u64,
}

/// A record set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct RecordSet {
    /// Record name.
    pub name: Text,
    /// Record type.
    pub record_type: Text,
    /// Time to live in seconds.
    pub ttl: u32,
    /// Values.
    pub values: Vec<Text>,
}

/// What makes a change safe to repeat, fixed at compile time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EffectClass {
    /// A compare-and-swap: a late or second request is refused by the service.
    CasFenced,
    /// Sets a value: a second request changes nothing.
    SetConverging,
    /// Carries an idempotency token.
    TokenDeduped,
    /// Refused by the service once the state has changed.
    StateGuarded,
    /// Carries its own date, so that an older one does not win.
    Stamped,
    /// Nothing protects it; never in an automatic plan.
    Unguarded,
}

impl Change {
    /// Whether it keeps the writers of the side that is left from writing: its undo lets them write again.
    pub fn fences(&self) -> bool {
        matches!(self, Self::MoveLease { .. }) || self.closes()
    }

    /// Whether it shuts the compute or the network of a side.
    pub fn closes(&self) -> bool {
        matches!(self, Self::BoundGroup { suspend: true, .. } | Self::RevokeIngress { .. })
    }

    /// Whether it brings capacity up, to a number that stands however often it is sent.
    pub fn raises_capacity(&self) -> bool {
        match self {
            Self::SetMinimum { .. }
            | Self::StartInstances { .. }
            | Self::SetDesiredCount { .. }
            | Self::ReserveConcurrency { .. }
            | Self::EnableEventSource { enabled: true, .. } => true,
            Self::EnableEventSource { enabled: false, .. }
            | Self::MoveLease { .. }
            | Self::PromoteReplica { .. }
            | Self::FailoverGlobal { .. }
            | Self::SwitchoverGlobal { .. }
            | Self::BoundGroup { .. }
            | Self::StopInstances { .. }
            | Self::RevokeIngress { .. }
            | Self::AuthorizeIngress { .. }
            | Self::PutMetric { .. }
            | Self::ChangeRecords { .. } => false,
        }
    }

    /// What makes it safe to repeat.
    pub fn class(&self) -> EffectClass {
        match self {
            Self::MoveLease { .. } | Self::ChangeRecords { .. } => EffectClass::CasFenced,
            Self::PromoteReplica { .. }
            | Self::FailoverGlobal { .. }
            | Self::SwitchoverGlobal { .. } => EffectClass::StateGuarded,
            Self::BoundGroup { .. }
            | Self::SetMinimum { .. }
            | Self::StartInstances { .. }
            | Self::StopInstances { .. }
            | Self::SetDesiredCount { .. }
            | Self::ReserveConcurrency { .. }
            | Self::EnableEventSource { .. }
            | Self::RevokeIngress { .. }
            | Self::AuthorizeIngress { .. } => EffectClass::SetConverging,
            Self::PutMetric { .. } => EffectClass::Stamped,
        }
    }

    /// Whether there is no way back from it.
    pub fn one_way(&self) -> bool {
        matches!(self, Self::PromoteReplica { .. } | Self::FailoverGlobal { .. })
    }

    /// The operation that is called, as the table of operations names it.
    pub fn operation(&self) -> &'static str {
        match self {
            Self::MoveLease { .. } => "dynamodb:UpdateItem",
            Self::PromoteReplica { .. } => "rds:PromoteReadReplica",
            Self::FailoverGlobal { .. } => "rds:FailoverGlobalCluster",
            Self::SwitchoverGlobal { .. } => "rds:SwitchoverGlobalCluster",
            Self::BoundGroup { .. } | Self::SetMinimum { .. } => {
                "autoscaling:UpdateAutoScalingGroup"
            }
            Self::StartInstances { .. } => "ec2:StartInstances",
            Self::StopInstances { .. } => "ec2:StopInstances",
            Self::SetDesiredCount { .. } => "ecs:UpdateService",
            Self::ReserveConcurrency { reserved: Some(_), .. } => "lambda:PutFunctionConcurrency",
            Self::ReserveConcurrency { reserved: None, .. } => "lambda:DeleteFunctionConcurrency",
            Self::EnableEventSource { .. } => "lambda:UpdateEventSourceMapping",
            Self::RevokeIngress { .. } => "ec2:RevokeSecurityGroupIngress",
            Self::AuthorizeIngress { .. } => "ec2:AuthorizeSecurityGroupIngress",
            Self::PutMetric { .. } => "cloudwatch:PutMetricData",
            Self::ChangeRecords { .. } => "route53:ChangeResourceRecordSets",
        }
    }
}

fn named(rules: &SecurityGroupRules) -> String {
    rules.sources().map(Text::as_str).collect::<Vec<_>>().join(", ")
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MoveLease { key, from_owner, from_epoch, to_owner, .. } => {
                write!(f, "move lease {key} from {from_owner} (epoch {from_epoch}) to {to_owner}")
            }
            Self::PromoteReplica { region, instance } => {
                write!(f, "promote {instance} ({region})")
            }
            Self::FailoverGlobal { global_cluster, target, .. } => {
                write!(f, "fail {global_cluster} over to {target}")
            }
            Self::SwitchoverGlobal { global_cluster, target, .. } => {
                write!(f, "switch {global_cluster} over to {target}")
            }
            Self::BoundGroup { region, group, minimum, maximum, desired, suspend } => write!(
                f,
                "bound group {group} ({region}) to {minimum}..{maximum}, desired {desired}, launching {}",
                if *suspend { "suspended" } else { "allowed" }
            ),
            Self::SetMinimum { region, group, minimum } => {
                write!(f, "set the minimum of {group} ({region}) to {minimum}")
            }
            Self::StartInstances { region, ids } => {
                write!(f, "start {} ({region})", ids.join(", "))
            }
            Self::StopInstances { region, ids } => write!(f, "stop {} ({region})", ids.join(", ")),
            Self::SetDesiredCount { region, cluster, service, count } => {
                write!(f, "set the desired count of {cluster}/{service} ({region}) to {count}")
            }
            Self::ReserveConcurrency { region, function, reserved } => match reserved {
                Some(n) => write!(f, "reserve concurrency {n} for {function} ({region})"),
                None => write!(f, "remove the reserved concurrency of {function} ({region})"),
            },
            Self::EnableEventSource { region, uuid, enabled } => {
                let verb = if *enabled { "enable" } else { "disable" };
                write!(f, "{verb} event source {uuid} ({region})")
            }
            Self::RevokeIngress { region, rules } => {
                let SecurityGroupRules { port, group, .. } = rules;
                write!(f, "close port {port} of {group} ({region}) to {}", named(rules))
            }
            Self::AuthorizeIngress { region, rules, .. } => {
                let SecurityGroupRules { port, group, .. } = rules;
                write!(f, "open port {port} of {group} ({region}) to {}", named(rules))
            }
            Self::PutMetric { region, metric, value, .. } => {
                write!(f, "put {metric} = {value} ({region})")
            }
            Self::ChangeRecords { zone, fence, records } => write!(
                f,
                "change {} records of zone {zone}, fence number {} → {}",
                records.len(),
                fence.from,
                fence.to
            ),
        }
    }
}

/// What the service answered to a change that it accepted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Receipt {
    /// Request or change id, for the person who looks it up.
    pub id: Text,
}

/// How sure we are that a change did not happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeErrorKind {
    /// The service said no: nothing happened, and asking again will not help by itself.
    Refused,
    /// The service said later: nothing happened.
    Throttled,
    /// The thing is not in a state that allows it now: this request did nothing. An earlier one of the same
    /// effect may have put it there, and a look may show an older state for a while.
    NotInState,
    /// A compare-and-swap met another value: this request did nothing. (An earlier, lost one may have.)
    Conflict,
    /// No answer, or none that can be read: it may have happened, or happen later.
    Lost,
}

/// A change that was not plainly accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{code}: {message}")]
#[serde(rename_all = "kebab-case")]
pub struct ChangeError {
    /// How sure we are.
    pub kind: ChangeErrorKind,
    /// Error code of the service, or what broke (`TimeoutError`, `DispatchFailure`).
    pub code: Text,
    /// Its words.
    pub message: Text,
}
