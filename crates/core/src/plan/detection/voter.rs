//! The observers: what each looks at, and from where.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::eyes::{
    AlarmVoter, DocumentVoter, EcsVoter, EndpointVoter, GroupVoter, HealthCheckVoter,
    HealthEventVoter, InstancesVoter, MetricVoter, RdsEventVoter, ReplicationVoter, TargetsVoter,
};
use crate::ids::{Region, Text, VoterId};
use crate::plan::ImpairmentKind;
use crate::time::Span;

/// One observer of the workload. A voter without a `kind` is an alarm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Voter {
    /// A CloudWatch alarm, metric or composite.
    Alarm(AlarmVoter),
    /// A Route 53 health check, asked in us-east-1: no outside witness when that Region is suspect.
    HealthCheck(HealthCheckVoter),
    /// What AWS Health tells about the Region that is left.
    HealthEvent(HealthEventVoter),
    /// What RDS tells about one instance or cluster.
    RdsEvent(RdsEventVoter),
    /// Monitoring data that another system posts.
    Document(DocumentVoter),
    /// Instances of an Auto Scaling group.
    Group(GroupVoter),
    /// Status checks of EC2 instances.
    Instances(InstancesVoter),
    /// Targets of a target group.
    Targets(TargetsVoter),
    /// Tasks of an ECS service.
    EcsService(EcsVoter),
    /// A metric against a threshold, its own past, or both.
    Metric(MetricVoter),
    /// A URL, asked by the detector from the control Region.
    Endpoint(EndpointVoter),
    /// A read replica's link to its source.
    Replication(ReplicationVoter),
}

/// The kind of a voter, as a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "they are the voters' own names")]
pub enum VoterKind {
    Alarm,
    HealthCheck,
    HealthEvent,
    RdsEvent,
    Document,
    Group,
    Instances,
    Targets,
    EcsService,
    Metric,
    Endpoint,
    Replication,
}

/// What a voter's word is about, when it is not the workload as a whole.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct About {
    /// What it means when this voter says Unhealthy; the voter's kind says it otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub means: Option<ImpairmentKind>,
    /// The Availability Zone that it sees, such as `us-east-1a`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<Text>,
    /// The services that it sees.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<Text>,
}

impl About {
    pub(super) fn is_all(&self) -> bool {
        *self == Self::default()
    }
}

macro_rules! each {
    ($voter:expr, $v:ident => $what:expr) => {
        match $voter {
            Voter::Alarm($v) => $what,
            Voter::HealthCheck($v) => $what,
            Voter::HealthEvent($v) => $what,
            Voter::RdsEvent($v) => $what,
            Voter::Document($v) => $what,
            Voter::Group($v) => $what,
            Voter::Instances($v) => $what,
            Voter::Targets($v) => $what,
            Voter::EcsService($v) => $what,
            Voter::Metric($v) => $what,
            Voter::Endpoint($v) => $what,
            Voter::Replication($v) => $what,
        }
    };
}

impl Voter {
    /// Its name.
    pub fn id(&self) -> &VoterId {
        each!(self, v => &v.id)
    }

    /// From where it looks.
    pub fn region(&self) -> &Region {
        each!(self, v => &v.region)
    }

    /// What its word is about.
    pub fn about(&self) -> &About {
        each!(self, v => &v.about)
    }

    /// Its kind.
    pub fn kind(&self) -> VoterKind {
        match self {
            Self::Alarm(_) => VoterKind::Alarm,
            Self::HealthCheck(_) => VoterKind::HealthCheck,
            Self::HealthEvent(_) => VoterKind::HealthEvent,
            Self::RdsEvent(_) => VoterKind::RdsEvent,
            Self::Document(_) => VoterKind::Document,
            Self::Group(_) => VoterKind::Group,
            Self::Instances(_) => VoterKind::Instances,
            Self::Targets(_) => VoterKind::Targets,
            Self::EcsService(_) => VoterKind::EcsService,
            Self::Metric(_) => VoterKind::Metric,
            Self::Endpoint(_) => VoterKind::Endpoint,
            Self::Replication(_) => VoterKind::Replication,
        }
    }

    /// Its eye in a few words: two voters with the same eye are one. A vote counts only for the eye
    /// that gave it.
    pub fn eye(&self) -> String {
        match self {
            Self::Alarm(v) => alarm_eye(v).concat(),
            Self::HealthCheck(v) => health_check_eye(v).concat(),
            Self::HealthEvent(v) => {
                format!("AWS Health events by {} {}", v.region, v.aws_services.join("+"))
            }
            Self::RdsEvent(v) => format!("RDS events of {} ({})", v.source, v.region),
            Self::Document(v) => format!("documents of {}", v.id),
            Self::Group(v) => format!("Auto Scaling group {} ({})", v.group, v.region),
            Self::Instances(v) => {
                format!("status checks of {} ({})", v.instances.join("+"), v.region)
            }
            Self::Targets(v) => format!("target group {}", v.target_group),
            Self::EcsService(v) => {
                format!("ECS service {}/{} ({})", v.cluster, v.service, v.region)
            }
            Self::Metric(v) => {
                let dimensions: Vec<String> =
                    v.dimensions.iter().map(|(name, value)| format!("{name}={value}")).collect();
                let dimensions = dimensions.join("+");
                format!(
                    "{} of {} {} {dimensions} ({})",
                    v.statistic, v.namespace, v.metric, v.region
                )
            }
            Self::Endpoint(v) => format!("{} from {}", v.url, v.region),
            Self::Replication(v) => format!("replication of {} in {}", v.database, v.region),
        }
    }

    /// Whether that is its eye.
    pub fn has_eye(&self, eye: &str) -> bool {
        // Asked with each vote that is read or counted: nothing is put together for the two that are most common.
        if let Self::Alarm(v) = self {
            return is_made_of(eye, &alarm_eye(v));
        }
        if let Self::HealthCheck(v) = self {
            return is_made_of(eye, &health_check_eye(v));
        }
        self.eye() == eye
    }

    /// How long its word counts.
    pub fn freshness(&self, by_default: Span) -> Span {
        match self {
            Self::HealthEvent(v) => v.fresh_for,
            Self::RdsEvent(v) => v.fresh_for,
            Self::Document(v) => v.fresh_for.unwrap_or(by_default),
            Self::Alarm(_)
            | Self::HealthCheck(_)
            | Self::Group(_)
            | Self::Instances(_)
            | Self::Targets(_)
            | Self::EcsService(_)
            | Self::Metric(_)
            | Self::Endpoint(_)
            | Self::Replication(_) => by_default,
        }
    }

    /// Whether its word comes by events; the others are asked by the sweep.
    pub fn is_told(&self) -> bool {
        matches!(self, Self::HealthEvent(_) | Self::RdsEvent(_) | Self::Document(_))
    }
}

fn alarm_eye(voter: &AlarmVoter) -> [&str; 5] {
    ["alarm ", voter.alarm.as_str(), " (", voter.region.as_str(), ")"]
}

fn health_check_eye(voter: &HealthCheckVoter) -> [&str; 2] {
    ["health check ", voter.health_check.as_str()]
}

/// Whether a text is these parts, one behind the other.
fn is_made_of(text: &str, parts: &[&str]) -> bool {
    let rest = parts.iter().try_fold(text, |rest, part| rest.strip_prefix(part));
    rest.is_some_and(str::is_empty)
}

/// The short form `{ id, alarm, region }` is an alarm.
pub(crate) fn name_the_kind(voter: &mut Value) {
    if let Value::Object(fields) = voter
        && !fields.contains_key("kind")
        && fields.contains_key("alarm")
    {
        fields.insert("kind".to_owned(), Value::from("alarm"));
    }
}

pub(super) fn read_all<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Voter>, D::Error> {
    let voters = Vec::<Value>::deserialize(deserializer)?;
    let read = |mut voter: Value| {
        name_the_kind(&mut voter);
        Voter::deserialize(voter).map_err(serde::de::Error::custom)
    };
    voters.into_iter().map(read).collect()
}
