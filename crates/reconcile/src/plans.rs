//! Stored plans and the system's switch.

use leeward_core::error::StepError;
use leeward_core::ids::{Digest, PlanId};
use leeward_core::journal::chain;
use leeward_core::plan::Plan;
use leeward_core::table::{Key, PLANS};
use leeward_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Desk, table_error};

/// A plan and the digest of its stored bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredPlan {
    /// The plan.
    pub plan: Plan,
    /// Digest of its stored bytes.
    pub digest: Digest,
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
    pub async fn plan_version(&self, plan: &PlanId, digest: &Digest) -> Result<Plan, StepError> {
        let key = Key::plan_version(plan, digest);
        let item = self.table.get(&key).await.map_err(table_error)?.value.ok_or_else(|| {
            StepError::NeedsOperator(format!("version {digest} of plan {plan} is not stored"))
        })?;
        let found = match self.shelf.plan(&item.body) {
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
        let listed = self.table.list(PLANS, "").await.map_err(table_error)?;
        let mut plans = Vec::new();
        for item in &listed.value {
            match self.shelf.plan(&item.body) {
                Ok((plan, digest)) => plans.push(StoredPlan { plan, digest }),
                Err(error) => {
                    tracing::error!(plan = %item.key.sk, %error, "a stored plan cannot be read: its workload is not watched; put it again");
                }
            }
        }
        Ok((plans, listed.at))
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
