//! Whether everything is watched: the heartbeat says so, and what is not watched is told to people by name.
//!
//! The heartbeat stays away when any workload could not be looked at. Its alarm says only that something
//! is not watched; what it is, the notice says.

use std::collections::{BTreeMap, BTreeSet};

use leeward_core::error::StepError;
use leeward_core::ids::{Direction, PlanId, WorkloadId};
use leeward_core::impairment::{after_look, gravest};
use leeward_core::journal::State;
use leeward_core::matching::Candidate;
use leeward_core::need::Needed;
use leeward_core::plan::compare::{self, Between};
use leeward_core::plan::{Level, Plan};
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
    // The plans of a workload have one lease: the first that has something to say of it speaks for all.
    let of =
        |plan: &&Plan| facts.standby_by(Direction::ToStandby, plan).filter(|s| !s.asks.is_empty());
    let Some((plan, standby)) = plans.iter().find_map(|plan| Some((plan, of(plan)?))) else {
        return;
    };
    let needed = Needed::lease_unproven(plan, &standby.asks);
    if let Err(error) = need(&detector.desk, &plan.workload, &needed, now).await {
        tracing::error!(workload = %plan.workload, %error, "that its lease proves nothing is not on record");
    }
}

/// Keeps the impairment that the gravest of the plans sees. A failure here is no reason to do less.
pub async fn impaired(
    detector: &Detector,
    candidates: &[Candidate<'_>],
    facts: &Facts,
    last: Option<&State>,
    now: Timestamp,
) {
    let Some(gravest) = gravest(candidates) else { return };
    let (plan, assessment) = (gravest.plan, gravest.assessment);
    let before = facts.impairment.as_deref();
    let next = after_look(before, &plan.workload, &plan.plan, assessment, last);
    let Some(next) = next else { return };
    if let Err(error) = detector.desk.store_impairment(next, now).await {
        tracing::warn!(workload = %plan.workload, %error, "the impairment is not on record; the next look tries again");
    }
}

/// Tells people of a stored plan that cannot be read.
pub async fn unread(detector: &Detector, unread: &Unread, listed: &Listed) {
    // Whose it is cannot be told: it is told under the plan's own name.
    let own = || WorkloadId::new(unread.plan.as_str());
    let workload = unread.workload.clone().unwrap_or_else(own);
    let plan: Option<&Plan> =
        listed.plans.iter().map(|s| &*s.plan).find(|plan| plan.workload == workload);
    let needed = Needed::unread_plan(&unread.plan, &unread.why);
    told(detector, &workload, &needed, plan, listed.at).await;
}

/// Tells people of what no workload's own look finds: a workload without a plan, and plans that do not agree. Whatever
/// goes wrong here is logged: the next sweep comes.
pub async fn beside(detector: &Detector, listed: &Listed) {
    let desk = &detector.desk;
    let known = match desk.workloads().await {
        Ok(known) => known,
        Err(error) => {
            tracing::warn!(%error, "which workloads there are is not read");
            return;
        }
    };
    let planned: BTreeSet<&WorkloadId> = listed.plans.iter().map(|s| &s.plan.workload).collect();
    for workload in &planned {
        let known = known.iter().find(|k| k.workload == **workload);
        let kept = desk.register_workload(workload, known, false, Frozen(listed.at)).await;
        if let Err(error) = kept {
            tracing::warn!(%workload, %error, "that there is such a workload is not kept");
        }
    }
    for one in known.iter().filter(|k| !k.retired && !planned.contains(&k.workload)) {
        // A plan that cannot be read is told of as such.
        if !listed.unread.iter().any(|u| u.workload.as_ref() == Some(&one.workload)) {
            told(detector, &one.workload, &Needed::no_plan(&one.workload), None, listed.at).await;
        }
    }
    let plans: Vec<&Plan> = listed.plans.iter().map(|s| &*s.plan).collect();
    let mut clashes: BTreeMap<&PlanId, (&Between, Vec<String>)> = BTreeMap::new();
    let found = compare::among(&plans);
    for one in found.iter().filter(|b| b.level == Level::Error) {
        clashes.entry(&one.plan).or_insert((one, Vec::new())).1.push(one.to_string());
    }
    for (id, (first, words)) in clashes {
        let plan = plans.iter().find(|p| p.plan == *id && p.workload == first.workload).copied();
        told(detector, &first.workload, &Needed::clash(id, &words), plan, listed.at).await;
    }
}

/// Puts a need on record and tells people of it.
async fn told(
    detector: &Detector,
    workload: &WorkloadId,
    needed: &Needed,
    plan: Option<&Plan>,
    at: Timestamp,
) {
    let desk = &detector.desk;
    let topic = detector.system_topic.as_deref();
    let told = match need(desk, workload, needed, at).await {
        Ok(()) => deliver_refusals(desk, detector.publisher.as_ref(), topic, plan, workload).await,
        Err(error) => Err(error),
    };
    match told {
        Ok(told) if told.owed.is_empty() => {}
        Ok(told) => {
            tracing::error!(%workload, why = %told.owed.join("; "), "people are not told")
        }
        Err(error) => tracing::error!(%workload, %error, "people are not told"),
    }
}
