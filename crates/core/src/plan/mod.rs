//! The plan: an immutable, versioned document that leaves no choice to the moment of failure.
//!
//! The types here are the truth; the JSON Schema (`plans/plan.schema.json`) is made from them.

mod capacity;
pub mod compare;
mod database;
mod detection;
#[cfg(test)]
pub(crate) mod example;
mod kinds;
mod people;
mod resources;
mod traffic;
mod validation;

#[cfg(feature = "author")]
mod author;
mod check;

pub use capacity::{
    Amount, AutoScalingGroup, Capacity, EcsService, EcsSide, EventSource, Instances,
    LambdaConcurrency, When,
};
pub(crate) use check::engines::{engine_against, version_against};
pub use check::{Finding, Level, check};
pub use database::{
    AuroraGlobal, Database, DynamodbGlobal, Fence, Isolate, Probe, ProbeSide, RdsReplica,
    SecurityGroupRules, StopWriter, WriterLease,
};
pub use detection::{
    About, AlarmVoter, ChangeFeed, Detection, Deviation, DocumentVoter, EcsVoter, EndpointVoter,
    Flapping, GroupVoter, HealthCheckVoter, HealthEventVoter, InstancesVoter, Maintenance,
    MetricVoter, OneWindow, RdsEventVoter, ReplicationVoter, TargetsVoter, Threshold, Voter,
    VoterKind, Weekday, WeeklyWindow,
};
pub use kinds::{ImpairmentKind, Severity};
pub use people::{
    Approval, ApprovalFor, Notifications, OnTimeout, Policy, Topic, Webhook, may_decide,
};
pub use traffic::{Control, RecordControl, RecordPair, StopMetric, Traffic};
pub use validation::{Check, DnsCheck, HttpCheck, HttpWriteCheck, Validation};

#[cfg(feature = "author")]
pub use author::{Problem, parse, read, schema};

use serde::{Deserialize, Serialize};

use crate::ids::{Direction, EntryId, PlanId, Region, Side, Sides, Text, WorkloadId};
use crate::names::canonical;
use crate::time::Span;

/// How one workload is recovered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Plan {
    /// The plan's name.
    pub plan: PlanId,
    /// The workload. Several plans may name it; one generation runs at a time.
    pub workload: WorkloadId,
    /// What the plan answers to.
    pub responds_to: Vec<RespondsTo>,
    /// A plan that is not enabled starts nothing by itself.
    pub enabled: bool,
    /// How long a generation may take, paused and held time apart.
    pub time_limit: Span,
    /// Where the sides and the control are.
    pub regions: Regions,
    /// The recovery strategy.
    pub strategy: Strategy,
    /// What the business was promised.
    pub objectives: Objectives,
    /// Who says that the workload is down.
    pub detection: Detection,
    /// Approval, cool-down, age of facts.
    pub policy: Policy,
    /// The databases; none for a stateless workload.
    #[serde(default)]
    pub databases: Vec<Database>,
    /// What must run on the side that is moved to.
    #[serde(default)]
    pub capacity: Vec<Capacity>,
    /// How users are moved.
    pub traffic: Traffic,
    /// How success is seen from outside.
    pub validation: Validation,
    /// Who is told.
    pub notifications: Notifications,
}

/// One kind of impairment that a plan answers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RespondsTo {
    /// The kind.
    pub kind: ImpairmentKind,
    /// The least severity.
    pub min_severity: Severity,
}

/// Where things are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Regions {
    /// Home on good days.
    pub primary: Region,
    /// The shelter.
    pub standby: Region,
    /// Where table, functions and state machine live.
    pub control: Region,
}

impl Regions {
    /// The Region of a side.
    pub fn of(&self, side: Side) -> &Region {
        match side {
            Side::Primary => &self.primary,
            Side::Standby => &self.standby,
        }
    }

    /// The Regions of both sides.
    pub fn sides(&self) -> Sides<Region> {
        Sides { primary: self.primary.clone(), standby: self.standby.clone() }
    }
}

/// The disaster recovery strategies of REL13-BP02.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names are the practice's own")]
pub enum Strategy {
    BackupRestore,
    PilotLight,
    WarmStandby,
    ActiveActive,
}

/// Recovery objectives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Objectives {
    /// Longest time without service, counted from the first signal.
    pub rto: Span,
    /// Most data, as time, that may be lost.
    pub rpo: Span,
}

impl Plan {
    /// The database of that id.
    pub fn database(&self, id: &EntryId) -> Option<&Database> {
        self.databases.iter().find(|d| d.id() == id)
    }

    /// The capacity of that id.
    pub fn capacity(&self, id: &EntryId) -> Option<&Capacity> {
        self.capacity.iter().find(|c| c.id() == id)
    }

    /// Whether both sides serve on good days: the strategy says so, and no database has one writer.
    pub fn both_serve(&self) -> bool {
        self.strategy == Strategy::ActiveActive && !self.databases.iter().any(|d| d.single_writer())
    }

    /// Whether users of that side's name are answered by both sides: some of its answers are the
    /// other side's as well. The standby's never are: it answers when the primary is left.
    pub fn answered_by_both(&self, side: Side) -> bool {
        let shared = |answers: &Sides<Vec<Text>>| {
            let standby: Vec<String> = answers.standby.iter().map(|v| canonical(v)).collect();
            answers.primary.iter().any(|value| standby.contains(&canonical(value)))
        };
        side == Side::Primary
            && self.both_serve()
            && self.traffic.controls.iter().any(|control| match control {
                Control::StopMetric(c) => shared(&c.answers),
                Control::Record(c) => c.records.iter().any(|pair| shared(&pair.values)),
            })
    }

    /// The side markers that prove an answer once that side serves. Where both sides answer, either
    /// does: that the side is back is proved by the whole list of the name.
    pub fn markers_of<'a>(&self, side: Side, marker: &'a Sides<Text>) -> Vec<&'a str> {
        let mut markers = vec![marker.of(side).as_str()];
        if self.answered_by_both(side) {
            markers.push(marker.of(side.other()));
        }
        markers
    }

    /// The Region that shall serve after a recovery that way.
    pub fn target_region(&self, direction: Direction) -> &Region {
        self.regions.of(direction.target())
    }

    /// The Region that a recovery that way leaves.
    pub fn source_region(&self, direction: Direction) -> &Region {
        self.regions.of(direction.source())
    }
}
