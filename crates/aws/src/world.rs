//! `Outside` on AWS: each question and each change goes to the part that was wired for it.

use std::collections::BTreeMap;
use std::fmt;

use async_trait::async_trait;
use leeward_core::world::{Blind, Change, ChangeError, ChangeErrorKind, Question, Receipt, View};
use leeward_ports::{Frozen, Outside};

use crate::Clients;

/// One service's share of the world.
#[async_trait]
pub(crate) trait Part: Send + Sync {
    /// Looks; a question that is not this part's is answered by `not_wired`.
    async fn look(&self, question: &Question) -> Result<View, Blind>;

    /// Changes; most parts only look.
    async fn change(&self, change: &Change, _frozen: Frozen) -> Result<Receipt, ChangeError> {
        Err(not_wired(change))
    }
}

/// The parts, in the words of `World::builder`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    Lease,
    Rds,
    Global,
    TableReplica,
    Metrics,
    Sql,
    Groups,
    WriterGroups,
    Instances,
    Ingress,
    Networks,
    Ecs,
    Functions,
    Targets,
    Records,
    Authority,
    Names,
    Http,
}

impl Place {
    fn of_question(question: &Question) -> Self {
        match question {
            Question::Lease { .. } => Self::Lease,
            Question::Rds { .. } => Self::Rds,
            Question::Global { .. } => Self::Global,
            Question::TableReplica { .. } => Self::TableReplica,
            Question::LatestMetric { .. } | Question::Series { .. } | Question::Alarm { .. } => {
                Self::Metrics
            }
            Question::Sql { .. } => Self::Sql,
            Question::Group { .. } | Question::GroupMembers { .. } => Self::Groups,
            Question::Instances { .. } | Question::InstanceStatus { .. } => Self::Instances,
            Question::EcsService { .. } | Question::ServiceHealth { .. } => Self::Ecs,
            Question::Concurrency { .. } | Question::EventSource { .. } => Self::Functions,
            Question::Targets { .. } | Question::TargetHealth { .. } => Self::Targets,
            Question::WriterGroup { .. } => Self::WriterGroups,
            Question::Ingress { .. } => Self::Ingress,
            Question::DatabaseNetwork { .. } => Self::Networks,
            Question::Record { .. }
            | Question::RecordSets { .. }
            | Question::Zone { .. }
            | Question::ZoneChange { .. } => Self::Records,
            Question::Authority { .. } => Self::Authority,
            Question::Name(_) => Self::Names,
            Question::Http(_) => Self::Http,
        }
    }

    fn of_change(change: &Change) -> Self {
        match change {
            Change::MoveLease { .. } => Self::Lease,
            Change::PromoteReplica { .. } => Self::Rds,
            Change::FailoverGlobal { .. } | Change::SwitchoverGlobal { .. } => Self::Global,
            Change::BoundGroup { .. } | Change::SetMinimum { .. } => Self::Groups,
            Change::StartInstances { .. } | Change::StopInstances { .. } => Self::Instances,
            Change::SetDesiredCount { .. } => Self::Ecs,
            Change::ReserveConcurrency { .. } | Change::EnableEventSource { .. } => Self::Functions,
            Change::RevokeIngress { .. } | Change::AuthorizeIngress { .. } => Self::Ingress,
            Change::PutMetric { .. } => Self::Metrics,
            Change::ChangeRecords { .. } => Self::Records,
        }
    }
}

/// The world around, as far as it was wired.
pub struct World {
    parts: BTreeMap<Place, Box<dyn Part>>,
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("World").field(&self.parts.keys()).finish()
    }
}

impl World {
    /// A world with nothing in it; each method of the builder wires one service. A function links
    /// only what it wires.
    pub fn builder(clients: &Clients) -> WorldBuilder {
        WorldBuilder { clients: clients.clone(), parts: BTreeMap::new() }
    }
}

/// Wires a `World`.
pub struct WorldBuilder {
    pub(crate) clients: Clients,
    parts: BTreeMap<Place, Box<dyn Part>>,
}

impl fmt::Debug for WorldBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WorldBuilder").field(&self.parts.keys()).finish()
    }
}

impl WorldBuilder {
    fn with(mut self, place: Place, part: impl Part + 'static) -> Self {
        self.parts.insert(place, Box::new(part));
        self
    }

    /// The world as wired so far.
    pub fn build(self) -> World {
        World { parts: self.parts }
    }
}

macro_rules! wiring {
    ($($feature:literal, $(#[$doc:meta])+ $name:ident => $place:ident, $part:path;)+) => {
        impl WorldBuilder {$(
            $(#[$doc])+
            #[cfg(feature = $feature)]
            #[must_use]
            pub fn $name(self) -> Self {
                let part = <$part>::new(&self.clients);
                self.with(Place::$place, part)
            }
        )+}
    };
}

wiring! {
    "dynamodb", /// The writer lease.
    lease => Lease, crate::lease::Leases;
    "dynamodb", /// Replicas of DynamoDB global tables.
    tables => TableReplica, crate::table_replica::TableReplicas;
    "rds", /// RDS instances and the promotion of replicas.
    rds => Rds, crate::rds::Instances;
    "rds", /// Aurora global databases.
    global => Global, crate::rds_global::GlobalClusters;
    "lambda", /// Database engines, through `db-probe`.
    sql => Sql, crate::sql::Engines;
    "autoscaling", /// Auto Scaling groups.
    groups => Groups, crate::autoscaling::Groups;
    "autoscaling", /// Auto Scaling groups that run writers, with their warm pools.
    writer_groups => WriterGroups, crate::writer_groups::WriterGroups;
    "rds", /// Security groups of databases.
    networks => Networks, crate::database_network::Networks;
    "ec2", /// EC2 instances.
    instances => Instances, crate::ec2::Instances;
    "ec2", /// Security groups.
    ingress => Ingress, crate::security_groups::SecurityGroups;
    "ecs", /// ECS services.
    ecs => Ecs, crate::ecs::Services;
    "lambda", /// Reserved concurrency and event source mappings.
    functions => Functions, crate::functions::Functions;
    "elb", /// Target groups.
    targets => Targets, crate::elb::Targets;
    "cloudwatch", /// Alarms and metrics.
    metrics => Metrics, crate::cloudwatch::Metrics;
    "route53", /// Records, by Route 53's control plane.
    records => Records, crate::records::Records;
    "route53", /// Names, as every name server of their zone has them.
    authority => Authority, crate::authority::NameServers;
    "dns", /// Names, as users resolve them.
    names => Names, crate::dns::Names;
    "http", /// URLs, as users fetch them.
    http => Http, crate::http::Urls;
}

/// The answer to a question that no part was wired for.
pub(crate) fn not_asked_here(question: &Question) -> Blind {
    Blind::new(format!("{question}: this function is not wired to ask that"))
}

/// The answer to a change that no part was wired for.
pub(crate) fn not_wired(change: &Change) -> ChangeError {
    ChangeError {
        kind: ChangeErrorKind::Refused,
        code: "NotWired".into(),
        message: format!("{change}: this function is not wired to do that; nothing was sent")
            .into(),
    }
}

#[async_trait]
impl Outside for World {
    async fn look(&self, question: &Question) -> Result<View, Blind> {
        match self.parts.get(&Place::of_question(question)) {
            Some(part) => part.look(question).await,
            None => Err(not_asked_here(question)),
        }
    }

    async fn change(&self, change: &Change, frozen: Frozen) -> Result<Receipt, ChangeError> {
        match self.parts.get(&Place::of_change(change)) {
            Some(part) => part.change(change, frozen).await,
            None => Err(not_wired(change)),
        }
    }
}
