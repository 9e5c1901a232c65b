//! An operator's order to make what a stored plan needs. Whoever gives it has no right to a lease's item: whose it is
//! and its epoch are decided here, from the items and the journals.

use leeward_core::contract::{ProvideOutput, ProvideRequest, SCHEMA};
use leeward_core::error::StepError;
use leeward_core::ids::Actor;
use leeward_core::lease_home::Provision;
use leeward_core::plan::Plan;
use leeward_core::table::Key;
use leeward_core::time::Timestamp;
use leeward_ports::{Frozen, Provisions};
use leeward_reconcile::{Desk, LeaseTrouble, leases, make_lease, table_error};
use serde_json::Value;

/// Makes the writer leases of a stored version of a plan, where none are.
pub(crate) async fn provide(
    desk: &Desk,
    provisions: &dyn Provisions,
    event: &Value,
) -> Result<ProvideOutput, StepError> {
    let request = ProvideRequest::read(event)?;
    let plan = desk.plan_version(&request.plan, &request.digest).await?;
    if plan.workload != request.workload {
        return Err(StepError::InvalidInput(format!(
            "plan {} is of workload {}, not of {}",
            plan.plan, plan.workload, request.workload
        )));
    }
    let now = desk.table.get(&Key::switch()).await.map_err(table_error)?.at;
    let mut did = Vec::new();
    match made(desk, provisions, (&request, &plan), now, &mut did).await {
        Ok(()) => Ok(ProvideOutput { schema: SCHEMA, done: true, did, reason: String::new() }),
        Err(LeaseTrouble::Refused(reason)) => {
            Ok(ProvideOutput { schema: SCHEMA, done: false, did, reason })
        }
        Err(LeaseTrouble::Failed(error)) => Err(error),
        Err(error @ LeaseTrouble::NotMade { .. }) => Err(StepError::Unavailable(error.to_string())),
    }
}

async fn made(
    desk: &Desk,
    provisions: &dyn Provisions,
    (request, plan): (&ProvideRequest, &Plan),
    now: Timestamp,
    did: &mut Vec<String>,
) -> Result<(), LeaseTrouble> {
    for (lease, decided) in leases(desk, plan).await? {
        if matches!(decided, Provision::Make { .. }) {
            let by = Actor::new(format!("{} (as claimed)", request.operator));
            let why = format!("plan {} is put", plan.plan);
            let what = "has the writer lease made";
            desk.in_the_name_of(by).record_deed(&plan.workload, what, &why, now).await?;
        }
        did.push(make_lease(desk, provisions, plan, lease, &decided, Frozen(now)).await?);
    }
    Ok(())
}
