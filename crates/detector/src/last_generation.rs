//! What the last generation asks a look to see besides: its own plan's voters and target while it is open, and
//! where the workload lives once it is over.

use leeward_core::error::StepError;
use leeward_core::evidence::verdict;
use leeward_core::ids::Direction;
use leeward_core::plan::Plan;
use leeward_core::rehoming::strayed;
use leeward_core::residence::{at_ease, questions, seen_at_home};
use leeward_core::sweep_decision::looks_by_its_own_plan;
use leeward_core::time::Timestamp;
use leeward_reconcile::{Book, Facts, StoredPlan, look};

use crate::observe::OpenPlan;
use crate::{Detector, standby};

/// Looks whether a workload that its last generation moved away is at home again, and puts it on record. A failure
/// here leaves it as it was: the next sweep looks again.
pub async fn residence(
    detector: &Detector,
    stored: &[&StoredPlan],
    (facts, now): (&Facts, Timestamp),
    book: &mut Book,
) {
    let state = &book.state;
    if state.end.is_none() || state.closed.is_some() || !state.away_from_home() {
        return;
    }
    let plans: Vec<&Plan> = stored.iter().map(|s| &*s.plan).collect();
    // A plan that turns the sides round would have its new primary taken for the home: people are told of it.
    if plans.iter().any(|plan| strayed(state, plan).is_some()) {
        return;
    }
    let says = |plan: &&Plan| verdict(plan, Direction::ToStandby, &facts.signals, now);
    if !at_ease(plans.iter().map(says)) {
        return;
    }
    let desk = &detector.desk;
    let seen = look(desk, questions(&plans)).await;
    let workload = state.decision.workload.clone();
    match seen_at_home(&plans, &seen) {
        Ok(entry) => match desk.append(book, entry, None).await {
            Ok(appended) => tracing::info!(%workload, ?appended, "it is seen at home again"),
            Err(error) => tracing::warn!(%workload, %error, "that it is at home is not on record"),
        },
        Err(why) => tracing::debug!(%workload, %why, "it is away from home"),
    }
}

/// The version of the plan that an open generation was decided by: another one may be in force by now.
pub async fn open_plan(
    detector: &Detector,
    stored: &[&StoredPlan],
    last: Option<&Book>,
) -> Option<OpenPlan> {
    let state = &last.filter(|book| looks_by_its_own_plan(&book.state))?.state;
    let (decision, desk) = (&state.decision, &detector.desk);
    let in_force = stored.iter().find(|s| s.digest == decision.plan_digest);
    let plan = match in_force {
        Some(stored) => Ok(stored.plan.clone()),
        None => desk.plan_version(&decision.plan, &decision.plan_digest).await,
    };
    match plan {
        Ok(plan) => Some(OpenPlan { plan, direction: decision.direction }),
        Err(error) => {
            let workload = &decision.workload;
            tracing::error!(%workload, %error, "the open generation is not looked at by its own plan; the next sweep tries again");
            None
        }
    }
}

/// Looks at the side that an open generation moves to, by its own plan.
pub async fn besides(
    detector: &Detector,
    book: &Book,
    direction: Direction,
    facts: &Facts,
    read_at: Timestamp,
) -> Result<(), StepError> {
    let (decision, desk) = (&book.state.decision, &detector.desk);
    let plan = desk.plan_version(&decision.plan, &decision.plan_digest).await?;
    let slot = facts.slot(direction, &plan);
    let seen = standby::other_side(desk, (&plan, facts), slot, direction, read_at).await;
    seen.map_err(|(_, error)| error)
}
