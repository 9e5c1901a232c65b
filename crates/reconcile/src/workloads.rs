//! What is known of a workload beside its plans: that it is one, where its lease was, and what people did to it.

use std::collections::BTreeSet;

use leeward_core::error::StepError;
use leeward_core::ids::WorkloadId;
use leeward_core::lease_home::LeasePlace;
use leeward_core::table::{
    DEEDS, Key, LEASE_PLACES, WORKLOADS, deed_key, lease_place_key, workload_partition,
};
use leeward_core::time::Timestamp;
use leeward_ports::{Condition, Frozen, Item, Put};
use serde::{Deserialize, Serialize};

use crate::{Desk, table_error};

/// A workload that has, or had, a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownWorkload {
    /// Its name.
    pub workload: WorkloadId,
    /// Whether a person retired its last plan: nobody is told any more that it has none.
    pub retired: bool,
    n: u64,
}

/// What a person did to a workload outside of any generation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deed {
    /// What was done.
    pub what: String,
    /// By whom.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct Registered {
    retired: bool,
}

impl Desk {
    /// Every workload that has or had a plan, by one query.
    pub async fn workloads(&self) -> Result<Vec<KnownWorkload>, StepError> {
        let listed = self.table.list(WORKLOADS, "").await.map_err(table_error)?;
        let read = |item: &std::sync::Arc<Item>| KnownWorkload {
            workload: WorkloadId::new(item.key.sk.clone()),
            retired: serde_json::from_str::<Registered>(&item.body).is_ok_and(|r| r.retired),
            n: item.n,
        };
        Ok(listed.value.iter().map(read).collect())
    }

    /// Keeps that there is such a workload, and whether its last plan was retired. Lost to another's word, that stands.
    pub async fn register_workload(
        &self,
        workload: &WorkloadId,
        known: Option<&KnownWorkload>,
        retired: bool,
        frozen: Frozen,
    ) -> Result<(), StepError> {
        if known.is_some_and(|k| k.retired == retired) {
            return Ok(());
        }
        let body = serde_json::to_string(&Registered { retired })
            .map_err(|e| StepError::InvalidInput(format!("a workload cannot be written: {e}")))?;
        let (condition, n) = match known {
            None => (Condition::Absent, 1),
            Some(known) => (Condition::NumberIs(known.n), known.n.saturating_add(1)),
        };
        let key = Key { pk: WORKLOADS.into(), sk: workload.as_str().into() };
        let item = Item { key, body, n, nonce: String::new() };
        self.table.put(item.into(), condition, frozen).await.map_err(table_error)?;
        Ok(())
    }

    /// Keeps that the workload's lease is in that table.
    pub async fn keep_lease_place(
        &self,
        workload: &WorkloadId,
        place: &LeasePlace,
        frozen: Frozen,
    ) -> Result<(), StepError> {
        let key = lease_place_key(workload, place);
        let item = Item { key, body: "{}".to_owned(), n: 1, nonce: String::new() };
        self.table.put(item.into(), Condition::Absent, frozen).await.map_err(table_error)?;
        Ok(())
    }

    /// The tables that the workload's lease is known to be or to have been in: those that were kept, and those of
    /// the plans in force and of the last generation's plan.
    pub async fn lease_places(
        &self,
        workload: &WorkloadId,
    ) -> Result<BTreeSet<LeasePlace>, StepError> {
        let mut places = self.places_of_plans(workload).await?;
        if let (Some(last), _) = self.latest(workload).await? {
            let decision = &last.state.decision;
            // A version that cannot be read names no table; what it made was kept when it was put.
            if let Ok(plan) = self.plan_version(&decision.plan, &decision.plan_digest).await {
                places.extend(plan.databases.iter().filter_map(|d| d.lease()).map(LeasePlace::of));
            }
        }
        Ok(places)
    }

    /// The same without the last generation's plan, for journals that cannot be read.
    pub async fn places_of_plans(
        &self,
        workload: &WorkloadId,
    ) -> Result<BTreeSet<LeasePlace>, StepError> {
        let partition = workload_partition(workload);
        let listed = self.table.list(&partition, LEASE_PLACES).await.map_err(table_error)?;
        let mut places: BTreeSet<LeasePlace> =
            listed.value.iter().filter_map(|item| lease_place(&item.key.sk)).collect();
        let plans = self.plans_of(workload).await?;
        let leases =
            plans.iter().flat_map(|stored| stored.plan.databases.iter().filter_map(|d| d.lease()));
        places.extend(leases.map(LeasePlace::of));
        Ok(places)
    }

    /// Puts on record what a person does to a workload.
    pub async fn record_deed(
        &self,
        workload: &WorkloadId,
        what: &str,
        reason: &str,
        at: Timestamp,
    ) -> Result<(), StepError> {
        let deed = Deed {
            what: what.to_owned(),
            by: self.actor.to_string(),
            reason: reason.to_owned(),
            at,
        };
        let body = serde_json::to_string(&deed)
            .map_err(|e| StepError::InvalidInput(format!("a deed cannot be written: {e}")))?;
        let nonce = self.nonces.draw();
        let key = deed_key(workload, at, nonce.as_str());
        let item = Item { key, body, n: 1, nonce: nonce.as_str().to_owned() };
        match self.table.put(item.into(), Condition::Absent, Frozen(at)).await {
            Ok(dated) if dated.value == Put::Done => Ok(()),
            Ok(_) => Err(StepError::Unavailable("a deed has the place of this one".to_owned())),
            Err(error) => Err(table_error(error)),
        }
    }

    /// What people did to a workload, the oldest first.
    pub async fn deeds(&self, workload: &WorkloadId) -> Result<Vec<Deed>, StepError> {
        let partition = workload_partition(workload);
        let listed = self.table.list(&partition, DEEDS).await.map_err(table_error)?;
        Ok(listed.value.iter().filter_map(|i| serde_json::from_str(&i.body).ok()).collect())
    }
}

fn lease_place(sk: &str) -> Option<LeasePlace> {
    let (region, table) = sk.strip_prefix(LEASE_PLACES)?.split_once('#')?;
    Some(LeasePlace { region: region.into(), table: table.into() })
}
