//! Whether everything is watched: the heartbeat says so, and what is not watched is told to people by name.
//!
//! The heartbeat stays away when any workload could not be looked at. Its alarm says only that something
//! is not watched; what it is, the notice says.

use leeward_core::error::StepError;
use leeward_core::ids::{Direction, WorkloadId};
use leeward_core::need::Needed;
use leeward_core::plan::Plan;
use leeward_core::time::{Span, Timestamp, since};
use leeward_core::world::Change;
use leeward_ports::Frozen;
use leeward_reconcile::{Fact, Facts, Listed, Unread, deliver_refusals, need};

use crate::Detector;

/// How long the sweeps fail for a workload before people are told: two of them in a row, as a table that
/// throttles or a network that stutters is well again with the next.
const PATIENCE: Span = Span::seconds(50);

/// A sweep that looked at every workload shows itself, here and in the Region of the watcher of the watcher.
pub async fn heartbeat(detector: &Detector, at: Timestamp) {
    detector.gauges.emit(at, None, "Heartbeat", 1.0);
    let Some(region) = &detector.watcher_region else { return };
    let beat = Change::PutMetric {
        region: region.clone(),
        namespace: "Leeward".into(),
        metric: "Heartbeat".into(),
        workload: "leeward".into(),
        value: 1.0,
        at,
    };
    if let Err(error) = detector.desk.outside.change(&beat, Frozen(at)).await {
        tracing::warn!(%region, %error, "the heartbeat did not reach its watcher");
    }
}

/// Keeps since when the sweeps fail for a workload, and puts on record that a person is needed when it
/// lasts. Whatever goes wrong here is logged: the next sweep comes.
pub async fn unswept(
    detector: &Detector,
    workload: &WorkloadId,
    before: &Facts,
    at: Timestamp,
    error: &StepError,
) {
    let desk = &detector.desk;
    let began = before.unswept.unwrap_or(at);
    let kept = match before.unswept {
        Some(_) => Ok(()),
        None => desk.store_fact(workload, Fact::Unswept { since: Some(at) }, at, at).await,
    };
    let told = if since(began, at) >= PATIENCE {
        need(desk, workload, &Needed::unswept(workload, began, error), at).await
    } else {
        Ok(())
    };
    if let Err(error) = kept.and(told) {
        tracing::error!(%workload, %error, "that it is not watched is not on record");
    }
}

/// The sweeps do well again for a workload.
pub async fn swept(
    detector: &Detector,
    workload: &WorkloadId,
    before: &Facts,
    at: Timestamp,
) -> Result<(), StepError> {
    if before.unswept.is_none() {
        return Ok(());
    }
    detector.desk.store_fact(workload, Fact::Unswept { since: None }, at, at).await
}

/// Puts on record that the workload's writer lease would prove nothing, while there is time to mend it.
pub async fn leases(detector: &Detector, plans: &[&Plan], facts: &Facts, now: Timestamp) {
    // One look serves all plans of a workload: it is made by the first.
    let (Some(plan), Some(standby)) = (plans.first(), facts.standby(Direction::ToStandby)) else {
        return;
    };
    if standby.asks.is_empty() {
        return;
    }
    let needed = Needed::lease_unproven(&plan.plan, &standby.asks);
    if let Err(error) = need(&detector.desk, &plan.workload, &needed, now).await {
        tracing::error!(workload = %plan.workload, %error, "that its lease proves nothing is not on record");
    }
}

/// Tells people of a stored plan that cannot be read.
pub async fn unread(detector: &Detector, unread: &Unread, listed: &Listed) {
    let desk = &detector.desk;
    // Whose it is cannot be told: it is told under the plan's own name.
    let own = || WorkloadId::new(unread.plan.as_str());
    let workload = unread.workload.clone().unwrap_or_else(own);
    let plan: Option<&Plan> =
        listed.plans.iter().map(|s| &*s.plan).find(|plan| plan.workload == workload);
    let needed = Needed::unread_plan(&unread.plan, &unread.why);
    let topic = detector.system_topic.as_deref();
    let told = match need(desk, &workload, &needed, listed.at).await {
        Ok(()) => deliver_refusals(desk, detector.publisher.as_ref(), topic, plan, &workload).await,
        Err(error) => Err(error),
    };
    match told {
        Ok(told) if told.owed.is_empty() => {}
        Ok(told) => {
            tracing::error!(plan = %unread.plan, why = %told.owed.join("; "), "people are not told")
        }
        Err(error) => tracing::error!(plan = %unread.plan, %error, "people are not told"),
    }
}
