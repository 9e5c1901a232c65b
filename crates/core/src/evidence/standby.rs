//! The health of the side that would be moved to: looked at before any verdict to move there.

use serde::{Deserialize, Serialize};

use crate::ids::Direction;
use crate::plan::{Capacity, Database, Plan};
use crate::time::Timestamp;
use crate::world::{Question, Seen, View};

/// Whether the side to move to could take the workload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Standby {
    /// What speaks against it; empty: nothing.
    pub against: Vec<String>,
    /// When it was looked at.
    pub at: Timestamp,
}

/// What has to be looked at on the side that a recovery that way moves to.
pub fn standby_questions(plan: &Plan, direction: Direction) -> Vec<Question> {
    let side = direction.target();
    let region = plan.target_region(direction).clone();
    let databases = plan.databases.iter().map(|database| match database {
        Database::RdsReplica(d) => {
            Question::Rds { region: region.clone(), instance: d.instance.of(side).clone() }
        }
        Database::AuroraGlobal(d) => {
            Question::Global { region: region.clone(), global_cluster: d.global_cluster.clone() }
        }
        Database::DynamodbGlobal(d) => {
            Question::TableReplica { region: region.clone(), table: d.table.clone() }
        }
    });
    let groups = plan.capacity.iter().filter_map(|capacity| match capacity {
        Capacity::AutoScalingGroup(c) => {
            Some(Question::Group { region: region.clone(), group: c.group.of(side).clone() })
        }
        Capacity::Instances(_)
        | Capacity::EcsService(_)
        | Capacity::LambdaConcurrency(_)
        | Capacity::EventSource(_) => None,
    });
    databases.chain(groups).collect()
}

/// What was seen there.
pub fn standby(plan: &Plan, direction: Direction, seen: &Seen, now: Timestamp) -> Standby {
    let against = standby_questions(plan, direction)
        .iter()
        .filter_map(|question| match seen.get(question) {
            Err(blind) => Some(format!("{question} is unseen: {blind}")),
            Ok(view) => against(view).map(|why| format!("{question} {why}")),
        })
        .collect();
    Standby { against, at: now }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "any other view is no answer to what was asked")]
fn against(view: &View) -> Option<String> {
    match view {
        View::Rds(Some(rds)) if rds.status == "available" => None,
        View::Rds(Some(rds)) => Some(format!("is {}", rds.status)),
        View::Global(Some(global)) if global.status == "available" => None,
        View::Global(Some(global)) => Some(format!("is {}", global.status)),
        View::Running(Some(table)) if table.running >= table.desired => None,
        View::Running(Some(_)) => Some("is not active".to_owned()),
        View::Group(Some(_)) => None,
        View::Rds(None) | View::Global(None) | View::Running(None) | View::Group(None) => {
            Some("does not exist".to_owned())
        }
        other => Some(format!("answered something else: {other:?}")),
    }
}
