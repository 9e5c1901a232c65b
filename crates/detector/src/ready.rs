//! Whether what a plan names is as it says: looked at on good days, once an hour, and told.

use leeward_core::capacity;
use leeward_core::error::StepError;
use leeward_core::evidence::{READINESS_AGE, Whereabouts, readiness, sweep_readiness_questions};
use leeward_core::ids::Direction;
use leeward_core::need::Needed;
use leeward_core::plan::{Finding, Plan};
use leeward_core::time::{Timestamp, since};
use leeward_reconcile::{Desk, Fact, Facts, look, need};

/// Looks where the last look is old. People are told of errors when they are new, and once a day while they last.
pub async fn look_at(
    desk: &Desk,
    plan: &Plan,
    facts: &Facts,
    whereabouts: Whereabouts,
    now: Timestamp,
) -> Result<(), StepError> {
    let before = facts.readiness(&plan.plan);
    if before.is_some_and(|known| since(known.at, now) < READINESS_AGE) {
        return Ok(());
    }
    let seen = look(desk, sweep_readiness_questions(plan, now)).await;
    let mut found = readiness(plan, &seen, before, whereabouts, now);
    // Capacity is looked at by every sweep, as the side to move to.
    if let Some(standby) = facts.standby_by(Direction::ToStandby, plan) {
        found.findings.extend(capacity::in_plan(plan, &standby.capacity));
        found.findings.sort_by_key(|finding| finding.level);
    }
    let errors: Vec<String> = found.errors().map(Finding::to_string).collect();
    if !errors.is_empty() {
        need(desk, &plan.workload, &Needed::not_ready(&plan.plan, &errors), now).await?;
    }
    let fact = Fact::Readiness { plan: plan.plan.clone(), readiness: found };
    desk.store_fact(&plan.workload, fact, now, now).await
}
