//! What a plan names, looked at while all is well: before a plan is put in force.

use leeward_core::capacity;
use leeward_core::evidence::{Whereabouts, readiness, readiness_questions};
use leeward_core::ids::{Direction, EntryId};
use leeward_core::plan::{Finding, Plan};
use leeward_core::time::Timestamp;
use leeward_core::world::View;
use leeward_core::zone_numbers;
use leeward_reconcile::look;

use crate::office::Office;

/// What is not as the plan says. What cannot be seen is a warning: a plan can be put while a Region is away.
pub async fn findings(office: &Office, plan: &Plan, now: Timestamp) -> Vec<Finding> {
    let way = Direction::ToStandby;
    let mut questions = readiness_questions(plan);
    let pieces = plan.capacity.iter();
    questions.extend(pieces.flat_map(|c| capacity::questions(plan, c, way.target())));
    questions.sort();
    questions.dedup();
    let mut seen = look(&office.desk, questions).await;
    // A fence number that is not there is made with 0 when the plan is put.
    for question in zone_numbers::questions(plan) {
        if matches!(seen.get(&question), Ok(View::Record(None))) {
            seen.insert(question, Ok(View::Record(Some((vec!["0".into()], 0)))));
        }
    }
    // Whoever cannot read where it lives cannot put a plan either: that is told by the next call.
    let last = office.desk.latest(&plan.workload).await.ok().and_then(|(last, _)| last);
    let whereabouts = Whereabouts::after(last.as_ref().map(|book| &*book.state));
    let mut findings = readiness(plan, &seen, None, whereabouts, now).findings;
    // A new plan's peaks are stored by the first sweeps: until then the floor is what is needed.
    let need = |id: &EntryId, amount| capacity::needed(plan, (id, amount), way.source(), &[], now);
    let found = capacity::findings(plan, way, &seen, &need);
    findings.extend(capacity::in_plan(plan, &found));
    findings.sort_by_key(|finding| finding.level);
    findings
}
