//! The brake across workloads, as one item that many detectors change at once.

use leeward_core::brake::{Brake, Holds};
use leeward_core::error::StepError;
use leeward_core::ids::{Generation, WorkloadId};
use leeward_core::table::Key;
use leeward_core::time::Timestamp;
use leeward_ports::{Condition, Frozen, Item, Put};

use crate::{Desk, table_error};

/// How often a lost race for the item is run again. In a storm dozens of detectors open at once; who
/// loses all of them is asked again by the next sweep.
const TRIES: u32 = 12;

/// The brake as it was read.
#[derive(Debug, Clone)]
pub struct StoredBrake {
    /// The brake; as it is by itself when nobody ever touched it.
    pub brake: Brake,
    /// The instant of the answer.
    pub at: Timestamp,
    /// Number of the stored item; `None`: there is none.
    n: Option<u64>,
}

impl Desk {
    /// The brake, read strongly.
    pub async fn brake(&self) -> Result<StoredBrake, StepError> {
        let answer = self.table.get(&Key::brake()).await.map_err(table_error)?;
        let Some(item) = answer.value else {
            return Ok(StoredBrake { brake: Brake::default(), at: answer.at, n: None });
        };
        let brake = serde_json::from_str(&item.body)
            .map_err(|e| StepError::NeedsOperator(format!("the brake cannot be read: {e}")))?;
        Ok(StoredBrake { brake, at: answer.at, n: Some(item.n) })
    }

    /// Stores a changed brake; false: another changed it meanwhile.
    pub async fn store_brake(
        &self,
        stored: &StoredBrake,
        changed: &Brake,
    ) -> Result<bool, StepError> {
        let body = serde_json::to_string(changed)
            .map_err(|e| StepError::InvalidInput(format!("the brake cannot be written: {e}")))?;
        let n = stored.n.map_or(1, |n| n.saturating_add(1));
        let item =
            Item { key: Key::brake(), body, n, nonce: self.nonces.draw().as_str().to_owned() };
        let condition = stored.n.map_or(Condition::Absent, Condition::NumberIs);
        let put =
            self.table.put(item.into(), condition, Frozen(stored.at)).await.map_err(table_error)?;
        Ok(put.value == Put::Done)
    }

    /// Counts one more opening by the evidence, or says why the brake holds.
    pub async fn pass_brake(
        &self,
        workload: &WorkloadId,
        generation: Generation,
    ) -> Result<Result<(), Holds>, StepError> {
        for _ in 0..TRIES {
            let stored = self.brake().await?;
            let changed = match stored.brake.admit(workload, generation, stored.at) {
                Err(holds) => return Ok(Err(holds)),
                Ok(changed) => changed,
            };
            if changed == stored.brake || self.store_brake(&stored, &changed).await? {
                return Ok(Ok(()));
            }
        }
        Err(StepError::Unavailable(
            "the brake's item was changed by others each time; asked again by the next sweep"
                .to_owned(),
        ))
    }
}
