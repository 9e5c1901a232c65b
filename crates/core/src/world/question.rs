//! What is asked of the world. A question changes nothing.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::{Region, Text};

/// One look at one thing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Question {
    /// The writer lease, read strongly. Answered by `View::Lease`.
    Lease {
        /// Region of the table.
        region: Region,
        /// Table name.
        table: Text,
        /// Item key.
        key: Text,
    },
    /// An RDS instance. Answered by `View::Rds`.
    Rds {
        /// Its Region.
        region: Region,
        /// DB instance identifier.
        instance: Text,
    },
    /// An Aurora global cluster, asked in that Region. Answered by `View::Global`.
    Global {
        /// Region that is asked.
        region: Region,
        /// Global cluster identifier.
        global_cluster: Text,
    },
    /// The replica of a DynamoDB global table in that Region. Answered by `View::Running`
    /// (1 wanted; 1 running when ACTIVE).
    TableReplica {
        /// Its Region.
        region: Region,
        /// Table name.
        table: Text,
    },
    /// A metric of the last minutes: the latest datum. Answered by `View::Number`.
    LatestMetric {
        /// Region of the metric.
        region: Region,
        /// Namespace.
        namespace: Text,
        /// Name.
        metric: Text,
        /// Dimensions.
        dimensions: Vec<(Text, Text)>,
        /// How far to look back, in minutes.
        minutes: u32,
        /// `Maximum`, `Minimum` or `Average`.
        statistic: Text,
    },
    /// The database engine itself, through `db-probe`. Answered by `View::Sql`.
    Sql {
        /// Region of the function.
        region: Region,
        /// `db-probe` function.
        function: Text,
        /// Host of the database.
        host: Text,
        /// Port of the database.
        port: u16,
        /// Database name.
        database: Text,
        /// Database user.
        user: Text,
        /// User whose sessions are counted, besides the probe's own.
        sessions_of: Option<Text>,
    },
    /// An Auto Scaling group. Answered by `View::Group`.
    Group {
        /// Its Region.
        region: Region,
        /// Its name.
        group: Text,
    },
    /// EC2 instances. Answered by `View::Instances`.
    Instances {
        /// Their Region.
        region: Region,
        /// Their ids.
        ids: Vec<Text>,
    },
    /// An ECS service. Answered by `View::Running`.
    EcsService {
        /// Its Region.
        region: Region,
        /// Cluster name.
        cluster: Text,
        /// Service name.
        service: Text,
    },
    /// Reserved concurrency of a function. Answered by `View::Concurrency`.
    Concurrency {
        /// Its Region.
        region: Region,
        /// Function name.
        function: Text,
    },
    /// State of an event source mapping. Answered by `View::Mapping`.
    EventSource {
        /// Its Region.
        region: Region,
        /// Mapping UUID.
        uuid: Text,
    },
    /// Health of a target group's targets. Answered by `View::Targets`.
    Targets {
        /// Its Region.
        region: Region,
        /// Target group ARN.
        target_group: Text,
    },
    /// Who may reach one TCP port through a security group. Answered by `View::Ingress`.
    Ingress {
        /// Its Region.
        region: Region,
        /// Security group id.
        group: Text,
        /// TCP port.
        port: u16,
    },
    /// How an RDS instance or an Aurora cluster is reached. Answered by `View::DatabaseNetwork`.
    DatabaseNetwork {
        /// Its Region.
        region: Region,
        /// DB instance identifier, or cluster ARN.
        database: Text,
        /// Whether it is a cluster.
        cluster: bool,
    },
    /// An Auto Scaling group with its warm pool, instance by instance. Answered by `View::WriterGroup`.
    WriterGroup {
        /// Its Region.
        region: Region,
        /// Its name.
        group: Text,
    },
    /// A record set of a zone, by Route 53's control plane. Answered by `View::Record`.
    Record {
        /// Hosted zone id.
        zone: Text,
        /// Record name.
        name: Text,
        /// Record type.
        record_type: Text,
    },
    /// A hosted zone, by Route 53's control plane. Answered by `View::Zone`.
    Zone {
        /// Hosted zone id.
        zone: Text,
    },
    /// Every record set of one name in a zone, by Route 53's control plane. Answered by `View::RecordSets`.
    RecordSets {
        /// Hosted zone id.
        zone: Text,
        /// Record name.
        name: Text,
    },
    /// Whether a batch of records has reached every name server. Answered by `View::InSync`.
    ZoneChange {
        /// The id under which Route 53 took it.
        id: Text,
    },
    /// What every name server of a zone answers, asked each of them more than once. Answered by
    /// `View::Answer` when all say the same.
    Authority {
        /// Hosted zone id.
        zone: Text,
        /// Record name.
        name: Text,
        /// Record type.
        record_type: Text,
    },
    /// What a name resolves to. Answered by `View::Answer`.
    Name(NameQuery),
    /// What a URL answers. Answered by `View::Http`.
    Http(HttpRequest),
    /// A CloudWatch alarm. Answered by `View::Alarm`.
    Alarm {
        /// Its Region.
        region: Region,
        /// Its name.
        alarm: Text,
    },
    /// Instances of an Auto Scaling group with their zones. Answered by `View::Members`.
    GroupMembers {
        /// Its Region.
        region: Region,
        /// Its name.
        group: Text,
    },
    /// System and instance status checks of EC2 instances, with their zones.
    /// Answered by `View::Members`, in the order asked.
    InstanceStatus {
        /// Their Region.
        region: Region,
        /// Their ids.
        ids: Vec<Text>,
    },
    /// Each target of a target group. Answered by `View::Members`; the zone of an instance is not
    /// told (`MembersView::with_zones_of`).
    TargetHealth {
        /// Its Region.
        region: Region,
        /// Target group ARN.
        target_group: Text,
    },
    /// An ECS service with its deployments. Answered by `View::Service`.
    ServiceHealth {
        /// Its Region.
        region: Region,
        /// Cluster name.
        cluster: Text,
        /// Service name.
        service: Text,
    },
    /// Data of a metric in the window that ends so many days ago. Answered by `View::Series`.
    Series {
        /// Region of the metric.
        region: Region,
        /// Namespace.
        namespace: Text,
        /// Name.
        metric: Text,
        /// Dimensions.
        dimensions: Vec<(Text, Text)>,
        /// `Average`, `Sum`, `Maximum`, `p99` …
        statistic: Text,
        /// Length of a period in seconds: 60 or a multiple. CloudWatch keeps periods of 60 s for 15
        /// days, of 300 s for 63.
        period_seconds: u32,
        /// Length of the window in minutes.
        minutes: u32,
        /// 0: the window ends now; 7: at this hour a week ago.
        days_ago: u32,
    },
}

impl Question {
    /// Whether it has to be answered before the others are asked: a write that they read back.
    pub fn first(&self) -> bool {
        matches!(self, Self::Http(request) if request.method == "POST")
    }

    /// Whether it may be asked only when the others are answered: sessions are counted behind the look that
    /// shows the way to them closed, since one that came in between the two would be missed.
    pub fn last(&self) -> bool {
        matches!(self, Self::Sql { sessions_of: Some(_), .. })
    }
}

/// A name to resolve.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct NameQuery {
    /// The name.
    pub name: Text,
    /// A, AAAA or CNAME.
    pub record_type: Text,
    /// DNS servers, `address:port`; empty: the system's.
    pub resolvers: Vec<Text>,
}

/// A request by the public name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct HttpRequest {
    /// GET or POST.
    pub method: Text,
    /// The URL.
    pub url: Text,
    /// Body of a POST, JSON.
    pub body: Option<Text>,
    /// Response header to bring back.
    pub marker_header: Text,
    /// DNS servers, `address:port`; empty: the system's.
    pub resolvers: Vec<Text>,
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lease { region, table, key } => write!(f, "lease {key} in {table} ({region})"),
            Self::Rds { region, instance } => write!(f, "RDS instance {instance} ({region})"),
            Self::Global { region, global_cluster } => {
                write!(f, "global cluster {global_cluster} (asked in {region})")
            }
            Self::TableReplica { region, table } => write!(f, "table {table} ({region})"),
            Self::LatestMetric { region, namespace, metric, .. } => {
                write!(f, "metric {namespace} {metric} ({region})")
            }
            Self::Sql { host, port, function, .. } => {
                write!(f, "database {host}:{port} through {function}")
            }
            Self::Group { region, group } => write!(f, "Auto Scaling group {group} ({region})"),
            Self::Instances { region, ids } => write!(f, "instances {} ({region})", ids.join(", ")),
            Self::EcsService { region, cluster, service } => {
                write!(f, "ECS service {cluster}/{service} ({region})")
            }
            Self::Concurrency { region, function } => {
                write!(f, "reserved concurrency of {function} ({region})")
            }
            Self::EventSource { region, uuid } => write!(f, "event source {uuid} ({region})"),
            Self::Targets { region, target_group } => {
                write!(f, "targets of {target_group} ({region})")
            }
            Self::Ingress { region, group, port } => {
                write!(f, "inbound rules of {group} port {port} ({region})")
            }
            Self::DatabaseNetwork { region, database, .. } => {
                write!(f, "security groups of {database} ({region})")
            }
            Self::WriterGroup { region, group } => {
                write!(f, "Auto Scaling group {group} ({region})")
            }
            Self::Record { zone, name, record_type } => {
                write!(f, "record {name} {record_type} in zone {zone}")
            }
            Self::Zone { zone } => write!(f, "hosted zone {zone}"),
            Self::RecordSets { zone, name } => write!(f, "records of {name} in zone {zone}"),
            Self::ZoneChange { id } => write!(f, "change {id}"),
            Self::Authority { zone, name, record_type } => {
                write!(f, "{name} {record_type} by every name server of zone {zone}")
            }
            Self::Name(q) => write!(f, "name {} {}", q.name, q.record_type),
            Self::Http(r) => write!(f, "{} {}", r.method, r.url),
            Self::Alarm { region, alarm } => write!(f, "alarm {alarm} ({region})"),
            Self::GroupMembers { region, group } => {
                write!(f, "instances of Auto Scaling group {group} ({region})")
            }
            Self::InstanceStatus { region, ids } => {
                write!(f, "status checks of {} ({region})", ids.join(", "))
            }
            Self::TargetHealth { region, target_group } => {
                write!(f, "health of the targets of {target_group} ({region})")
            }
            Self::ServiceHealth { region, cluster, service } => {
                write!(f, "deployments of ECS service {cluster}/{service} ({region})")
            }
            Self::Series { region, namespace, metric, statistic, days_ago, .. } => {
                write!(f, "{statistic} of metric {namespace} {metric}")?;
                match days_ago {
                    0 => write!(f, " ({region})"),
                    1 => write!(f, " a day ago ({region})"),
                    days => write!(f, " {days} days ago ({region})"),
                }
            }
        }
    }
}
