//! Stored plans and the system's switch.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::future::join_all;
use leeward_core::error::StepError;
use leeward_core::ids::{Digest, PlanId, WorkloadId};
use leeward_core::index::{By, Mark, index, marks};
use leeward_core::journal::chain;
use leeward_core::plan::Plan;
use leeward_core::table::{Key, PLANS};
use leeward_core::time::Timestamp;
use leeward_ports::{Condition, Frozen, Item};
use serde::{Deserialize, Serialize};

use crate::{Desk, table_error};

/// A plan and the digest of its stored bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredPlan {
    /// The plan.
    pub plan: Arc<Plan>,
    /// Digest of its stored bytes.
    pub digest: Digest,
}

/// A stored plan that cannot be read: its workload is not watched by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// Its name in the list.
    pub plan: PlanId,
    /// Whose it is, as far as that can be told.
    pub workload: Option<WorkloadId>,
    /// Why it cannot be read.
    pub why: String,
}

/// The plans in force, and those that would be if they could be read.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed {
    /// The plans.
    pub plans: Vec<StoredPlan>,
    /// What else stands in the list.
    pub unread: Vec<Unread>,
    /// The instant of the answer.
    pub at: Timestamp,
}

/// What stands in the place of a plan that a person retired: nothing is deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retired {
    /// Whose it was.
    pub workload: WorkloadId,
    /// By whom.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tombstone {
    retired: Retired,
}

impl Retired {
    /// As it is stored.
    pub fn body(&self) -> String {
        serde_json::to_string(&Tombstone { retired: self.clone() }).unwrap_or_default()
    }
}

/// What a stored body says of a plan that was retired; `None`: it is a plan, or neither.
pub fn retired(body: &str) -> Option<Retired> {
    // A plan is long, and every sweep reads all of them.
    let begins = body.starts_with("{\"retired\":");
    begins.then(|| serde_json::from_str::<Tombstone>(body).ok()).flatten().map(|t| t.retired)
}

/// The switch that stops openings and starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Switch {
    /// Whether openings are allowed.
    pub on: bool,
    /// Who turned it and why.
    pub reason: String,
}

impl Desk {
    /// The version of a plan that a decision names. Stored bytes that do not have that digest are refused.
    pub async fn plan_version(
        &self,
        plan: &PlanId,
        digest: &Digest,
    ) -> Result<Arc<Plan>, StepError> {
        let key = Key::plan_version(plan, digest);
        let item = self.table.get(&key).await.map_err(table_error)?.value.ok_or_else(|| {
            StepError::NeedsOperator(format!("version {digest} of plan {plan} is not stored"))
        })?;
        let found = match self.shelf.plan(&item) {
            Ok((read, found)) if found == *digest => return Ok(read),
            Ok((_, found)) => found,
            Err(error) => {
                let found = chain::digest(item.body.as_bytes());
                if found == *digest {
                    return Err(StepError::NeedsOperator(format!(
                        "version {digest} of plan {plan} cannot be read: {error}"
                    )));
                }
                found
            }
        };
        Err(StepError::NeedsOperator(format!(
            "version {digest} of plan {plan} was changed after it was stored: its digest is {found}"
        )))
    }

    /// The plans in force, by one query, with the instant of the answer.
    pub async fn plans(&self) -> Result<(Vec<StoredPlan>, Timestamp), StepError> {
        self.listed().await.map(|listed| (listed.plans, listed.at))
    }

    /// The plans in force and those that cannot be read, by one query.
    pub async fn listed(&self) -> Result<Listed, StepError> {
        let answer = self.table.list(PLANS, "").await.map_err(table_error)?;
        let mut listed = Listed { plans: Vec::new(), unread: Vec::new(), at: answer.at };
        for item in &answer.value {
            if retired(&item.body).is_some() {
                continue;
            }
            match self.shelf.plan(item) {
                Ok((plan, digest)) => listed.plans.push(StoredPlan { plan, digest }),
                Err(error) => {
                    tracing::error!(plan = %item.key.sk, %error, "a stored plan cannot be read: its workload is not watched; put it again");
                    listed.unread.push(Unread {
                        plan: PlanId::new(item.key.sk.clone()),
                        workload: workload_of(&item.body),
                        why: error.to_string(),
                    });
                }
            }
        }
        Ok(listed)
    }

    /// The workloads whose plans are found by any of these, by one query each.
    pub async fn found(
        &self,
        sought: &[By],
    ) -> Result<(BTreeSet<WorkloadId>, Option<Timestamp>), StepError> {
        let mut found = BTreeSet::new();
        let mut read_at = None;
        for by in sought {
            let listed = self.table.list(&by.partition(), "").await.map_err(table_error)?;
            // What rests on several answers is as old as the first.
            read_at = read_at.or(Some(listed.at));
            let read = |item: &Arc<Item>| serde_json::from_str::<Mark>(&item.body).ok();
            let held = listed.value.iter().filter_map(read).filter(|mark| mark.holds);
            found.extend(held.map(|mark| mark.workload));
        }
        Ok((found, read_at))
    }

    /// The plans in force of one workload, without reading those of the others.
    pub async fn plans_of(&self, workload: &WorkloadId) -> Result<Vec<StoredPlan>, StepError> {
        let by = By::Workload(workload.clone());
        let listed = self.table.list(&by.partition(), "").await.map_err(table_error)?;
        let keys: Vec<Key> = listed
            .value
            .iter()
            .map(|item| Key::plan_listed(&PlanId::new(item.key.sk.clone())))
            .collect();
        let gets = join_all(keys.iter().map(|key| self.table.get(key))).await;
        let mut plans = Vec::new();
        for (key, got) in keys.iter().zip(gets) {
            let Some(item) = got.map_err(table_error)?.value else { continue };
            if retired(&item.body).is_some() {
                continue;
            }
            match self.shelf.plan(&item) {
                // A plan's name may have been given to another workload since.
                Ok((plan, digest)) if plan.workload == *workload => {
                    plans.push(StoredPlan { plan, digest });
                }
                Ok(_) => {}
                Err(error) => {
                    tracing::error!(plan = %key.sk, %error, "a stored plan cannot be read; the sweep tells people");
                }
            }
        }
        Ok(plans)
    }

    /// Writes what `new` is found by, in the place of `old`. `n` is the number of its version: an older
    /// version's marks never replace a newer one's.
    pub async fn index(
        &self,
        new: &Plan,
        old: Option<&Plan>,
        n: u64,
        frozen: Frozen,
    ) -> Result<(), StepError> {
        for item in index_items(new, old, n) {
            self.table.put(item.into(), Condition::Newer, frozen).await.map_err(table_error)?;
        }
        Ok(())
    }

    /// Takes out of the index what leads to a plan that is retired. `n` is the number of the retirement.
    pub async fn unindex(&self, plan: &Plan, n: u64, frozen: Frozen) -> Result<(), StepError> {
        for by in index(plan) {
            let mark = Mark { workload: plan.workload.clone(), holds: false };
            let item = Item {
                key: Key::indexed(&by, &plan.plan),
                body: serde_json::to_string(&mark).unwrap_or_default(),
                n,
                nonce: String::new(),
            };
            self.table.put(item.into(), Condition::Newer, frozen).await.map_err(table_error)?;
        }
        Ok(())
    }

    /// The system's switch; on when nobody ever turned it.
    pub async fn switch(&self) -> Result<Switch, StepError> {
        let item = self.table.get(&Key::switch()).await.map_err(table_error)?.value;
        match item {
            None => Ok(Switch { on: true, reason: String::new() }),
            Some(item) => serde_json::from_str(&item.body).map_err(|e| {
                StepError::NeedsOperator(format!("the system's switch cannot be read: {e}"))
            }),
        }
    }
}

/// The items by which `new` is found, and those by which only `old` was, saying so.
pub fn index_items(new: &Plan, old: Option<&Plan>, n: u64) -> Vec<Item> {
    let item = |(by, mark): (By, Mark)| Item {
        key: Key::indexed(&by, &new.plan),
        body: serde_json::to_string(&mark).unwrap_or_default(),
        n,
        nonce: String::new(),
    };
    marks(new, old).into_iter().map(item).collect()
}

/// Whose plan it is, of bytes that are no plan.
fn workload_of(body: &str) -> Option<WorkloadId> {
    let json: serde_json::Value = serde_json::from_str(body).ok()?;
    WorkloadId::checked(json.get("workload")?.as_str()?).ok()
}
