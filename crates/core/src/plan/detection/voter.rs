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

/// Room for an eye, in bytes: nearly all are shorter.
const EYE_ROOM: usize = 96;

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
        let mut eye = String::with_capacity(EYE_ROOM);
        self.spell(&mut |part| eye.push_str(part));
        eye
    }

    /// Whether that is its eye. Asked with each vote that is read or counted: nothing is put together for it.
    pub fn has_eye(&self, eye: &str) -> bool {
        let mut rest = Some(eye);
        self.spell(&mut |part| rest = rest.and_then(|rest| rest.strip_prefix(part)));
        rest == Some("")
    }

    /// Its eye, part by part.
    fn spell(&self, say: &mut dyn FnMut(&str)) {
        match self {
            Self::Alarm(v) => all(say, &["alarm ", &v.alarm, " (", v.region.as_str(), ")"]),
            Self::HealthCheck(v) => all(say, &["health check ", &v.health_check]),
            Self::HealthEvent(v) => {
                all(say, &["AWS Health events by ", v.region.as_str(), " "]);
                joined(say, &v.aws_services);
            }
            Self::RdsEvent(v) => {
                all(say, &["RDS events of ", &v.source, " (", v.region.as_str(), ")"]);
            }
            Self::Document(v) => all(say, &["documents of ", v.id.as_str()]),
            Self::Group(v) => {
                all(say, &["Auto Scaling group ", &v.group, " (", v.region.as_str(), ")"]);
            }
            Self::Instances(v) => {
                say("status checks of ");
                joined(say, &v.instances);
                all(say, &[" (", v.region.as_str(), ")"]);
            }
            Self::Targets(v) => all(say, &["target group ", &v.target_group]),
            Self::EcsService(v) => {
                let region = v.region.as_str();
                all(say, &["ECS service ", &v.cluster, "/", &v.service, " (", region, ")"]);
            }
            Self::Metric(v) => {
                all(say, &[&v.statistic, " of ", &v.namespace, " ", &v.metric, " "]);
                for (place, (name, value)) in v.dimensions.iter().enumerate() {
                    all(say, &[if place > 0 { "+" } else { "" }, name, "=", value]);
                }
                all(say, &[" (", v.region.as_str(), ")"]);
            }
            Self::Endpoint(v) => all(say, &[&v.url, " from ", v.region.as_str()]),
            Self::Replication(v) => {
                let (database, region) = (v.database.as_str(), v.region.as_str());
                all(say, &["replication of ", database, " in ", region]);
            }
        }
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

fn all(say: &mut dyn FnMut(&str), parts: &[&str]) {
    parts.iter().for_each(|part| say(part));
}

/// Each of the names, with a plus between them.
fn joined(say: &mut dyn FnMut(&str), names: &[Text]) {
    for (place, name) in names.iter().enumerate() {
        all(say, &[if place > 0 { "+" } else { "" }, name]);
    }
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_eye_is_spelled_as_it_stands_in_stored_votes() {
        let region = "us-east-1";
        let spelled = [
            (json!({"kind": "alarm", "alarm": "5xx"}), "alarm 5xx (us-east-1)"),
            (json!({"kind": "health-check", "health-check": "hc-1"}), "health check hc-1"),
            (
                json!({"kind": "health-event", "aws-services": ["EC2", "RDS"]}),
                "AWS Health events by us-east-1 EC2+RDS",
            ),
            (
                json!({"kind": "rds-event", "source": "orders-1"}),
                "RDS events of orders-1 (us-east-1)",
            ),
            (json!({"kind": "document", "error-rate": {"above": 5.0}}), "documents of one"),
            (json!({"kind": "group", "group": "web"}), "Auto Scaling group web (us-east-1)"),
            (
                json!({"kind": "instances", "instances": ["i-1", "i-2"]}),
                "status checks of i-1+i-2 (us-east-1)",
            ),
            (json!({"kind": "targets", "target-group": "tg"}), "target group tg"),
            (
                json!({"kind": "ecs-service", "cluster": "c", "service": "s"}),
                "ECS service c/s (us-east-1)",
            ),
            (
                json!({
                    "kind": "metric", "namespace": "AWS/EC2", "metric": "CPU", "statistic": "Average",
                    "dimensions": {"A": "1", "B": "2"}, "threshold": {"above": 90.0}
                }),
                "Average of AWS/EC2 CPU A=1+B=2 (us-east-1)",
            ),
            (
                json!({"kind": "endpoint", "url": "https://shop.example/"}),
                "https://shop.example/ from us-east-1",
            ),
            (
                json!({"kind": "replication", "database": "orders"}),
                "replication of orders in us-east-1",
            ),
        ];
        for (mut voter, eye) in spelled {
            voter["id"] = "one".into();
            voter["region"] = region.into();
            let voter = Voter::deserialize(voter).unwrap();
            assert_eq!(voter.eye(), eye);
            assert!(voter.has_eye(eye), "{eye}");
            for other in [&eye[1..], &eye[..eye.len() - 1], "", &format!("{eye} and more")] {
                assert!(!voter.has_eye(other), "{other} is not {eye}");
            }
        }
    }
}
