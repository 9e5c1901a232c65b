//! What RDS tells of a global database is no vote, and people have to know it.

use leeward_core::error::StepError;
use leeward_core::evidence::global_note;
use leeward_core::ids::WorkloadId;
use leeward_core::time::{Span, Timestamp, since};
use leeward_core::trigger::RdsEvent;
use leeward_core::world::Change;
use leeward_reconcile::{StoredPlan, deliver_refusals, need};

use crate::Detector;

/// How long after its last entry a recovery may be what RDS still tells of.
const OWN_HAND: Span = Span::minutes(60);

/// Puts on record what an event says of the global databases of the plans, and tells it. Answers the first
/// workload that it was of.
pub async fn global_databases(
    detector: &Detector,
    plans: &[StoredPlan],
    event: &RdsEvent,
    read_at: Timestamp,
) -> Result<Option<WorkloadId>, StepError> {
    let desk = &detector.desk;
    let topic = detector.system_topic.as_deref();
    let mut first = None;
    for stored in plans {
        let plan = &stored.plan;
        let Some(note) = global_note(plan, event) else { continue };
        if note.only_by_others && own_hand(detector, &plan.workload).await? {
            tracing::info!(workload = %plan.workload, event = %event.event, message = %event.message, "the recovery moves the database, and RDS tells of it");
            continue;
        }
        tracing::warn!(workload = %plan.workload, event = %event.event, message = %event.message, "RDS tells of a global database");
        need(desk, &plan.workload, &note.needed, read_at).await?;
        let publisher = detector.publisher.as_ref();
        deliver_refusals(desk, publisher, topic, Some(plan), &plan.workload).await?;
        first.get_or_insert(plan.workload.clone());
    }
    Ok(first)
}

/// Whether the latest generation moves a global database, or did so lately.
async fn own_hand(detector: &Detector, workload: &WorkloadId) -> Result<bool, StepError> {
    let (latest, read_at) = detector.desk.latest(workload).await?;
    let Some(book) = latest else { return Ok(false) };
    let lately = book.state.end.is_none() || since(book.state.last_at, read_at) <= OWN_HAND;
    let moves = book.state.effects.values().any(|effect| {
        matches!(effect.change, Change::FailoverGlobal { .. } | Change::SwitchoverGlobal { .. })
    });
    Ok(lately && moves)
}
