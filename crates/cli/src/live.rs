//! What a plan names, looked at while all is well: before a plan is put in force.

use leeward_core::evidence::{readiness, readiness_questions};
use leeward_core::plan::{Finding, Plan};
use leeward_core::time::Timestamp;
use leeward_reconcile::look;

use crate::office::Office;

/// What is not as the plan says. What cannot be seen is a warning: a plan can be put while a Region is away.
pub async fn findings(office: &Office, plan: &Plan, now: Timestamp) -> Vec<Finding> {
    let seen = look(&office.desk, readiness_questions(plan)).await;
    readiness(plan, &seen, None, now).findings
}
