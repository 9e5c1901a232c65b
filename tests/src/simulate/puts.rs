//! Plans that are put while a recovery may be open: another version, or the same under another name.

use leeward_core::plan::{Database, Plan};
use leeward_core::table::Key;
use leeward_core::time::Span;

use serde_json::Value;

use super::run::Run;
use super::setup::Prepared;

/// What is changed of the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// The first voter has another name; it looks at what it looked at.
    Voter,
    /// Every voter has another name.
    Voters,
    /// A recovery has less time.
    TimeLimit,
    /// The plan has another name, and the one by the old name is in force no more.
    Renamed,
    /// More may be lost.
    Loss,
}

impl Put {
    /// Every one.
    pub const ALL: [Self; 5] =
        [Self::Voter, Self::Voters, Self::TimeLimit, Self::Renamed, Self::Loss];
}

/// Of the plan by which more may be lost.
const MORE: Span = Span::minutes(60);
/// Of the plan that is put with less time.
const LESS: Span = Span::minutes(25);

/// The plan with other names for its first so many voters.
fn renaming(plan: &Plan, first: usize) -> Plan {
    let mut value = serde_json::to_value(plan).unwrap_or_default();
    let voters = value.pointer_mut("/detection/voters").and_then(Value::as_array_mut);
    for voter in voters.into_iter().flatten().take(first) {
        let name = voter["id"].as_str().map(|id| format!("{id}-again"));
        voter["id"] = name.into();
    }
    serde_json::from_value(value).unwrap_or_else(|_| plan.clone())
}

fn allow_more_loss(database: &mut Database) {
    match database {
        Database::RdsReplica(d) => d.max_loss = MORE,
        Database::AuroraGlobal(d) => d.max_loss = MORE,
        Database::DynamodbGlobal(_) => {}
    }
}

impl Prepared {
    /// The version that is put.
    fn changed(&self, put: Put) -> Self {
        let renamed = match put {
            Put::Voter => 1,
            Put::Voters => usize::MAX,
            Put::TimeLimit | Put::Renamed | Put::Loss => 0,
        };
        let mut plan = renaming(&self.plan, renamed);
        match put {
            Put::Voter | Put::Voters => {}
            Put::TimeLimit => plan.time_limit = LESS,
            Put::Loss => plan.databases.iter_mut().for_each(allow_more_loss),
            Put::Renamed => plan.plan = format!("{}-again", plan.plan).as_str().into(),
        }
        Self::new(&self.name, plan)
    }
}

impl Run<'_> {
    /// A forced plan is put as soon as a generation is open.
    pub(super) fn put_forced(&mut self) {
        let Some(put) = self.forced.put else { return };
        if self.latest().is_some_and(|state| state.end.is_none()) {
            self.forced.put = None;
            self.put_plan(put);
        }
    }

    /// Puts a changed version in force, once a run.
    pub(super) fn put_plan(&mut self, put: Put) {
        let stack = &mut self.stack;
        if stack.versions.len() > 1 {
            return;
        }
        let before = &stack.prepared;
        let version = before.changed(put);
        for item in version.items.iter() {
            stack.table.put_by_hand(item.clone());
        }
        if put == Put::Renamed {
            for key in [Key::plan_current(&before.plan.plan), Key::plan_listed(&before.plan.plan)] {
                stack.table.take_by_hand(&key);
            }
        }
        stack.versions.push(version);
    }
}
