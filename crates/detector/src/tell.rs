//! What people are owed, and what is left of old sides.

use leeward_core::error::StepError;
use leeward_core::old_side;
use leeward_core::plan::Plan;
use leeward_reconcile::{Appended, Book, deliver, deliver_earlier, deliver_refusals, look};

use crate::Detector;

/// Looks at sides that were left without a proof, until they are seen fenced.
async fn old_sides(detector: &Detector, plan: &Plan, book: &mut Book) -> Result<(), StepError> {
    let desk = &detector.desk;
    let over = book.state.end.is_some() && book.state.closed.is_none();
    if !over || book.state.decision.plan != plan.plan {
        return Ok(());
    }
    let questions = old_side::questions(plan, &book.state);
    if questions.is_empty() {
        return Ok(());
    }
    let seen = look(desk, questions).await;
    for entry in old_side::seen(plan, &book.state, &seen, book.read_at) {
        if desk.append(book, entry, None).await? != Appended::Yes {
            break;
        }
    }
    Ok(())
}

/// The latest generation as it was read, or that there is none.
pub type Latest = Option<Book>;

/// Sends what is owed. A failure here is told by its alarm, never held against the recovery. `known`: the
/// latest generation, where it was read just now; what others have written since, the next sweep tells.
pub async fn tell(detector: &Detector, plan: &Plan, known: Option<Latest>) {
    let desk = &detector.desk;
    let topic = detector.system_topic.as_deref();
    let publisher = detector.publisher.as_ref();
    let refusals = deliver_refusals(desk, publisher, topic, Some(plan), &plan.workload).await;
    if let Err(error) = refusals {
        tracing::error!(workload = %plan.workload, %error, "refusals are not told");
    }
    let latest = match known {
        Some(latest) => latest,
        None => match desk.latest(&plan.workload).await {
            Ok((latest, _)) => latest,
            Err(error) => {
                tracing::error!(workload = %plan.workload, %error, "it is not known what is owed");
                return;
            }
        },
    };
    let Some(mut book) = latest else { return };
    if let Err(error) = old_sides(detector, plan, &mut book).await {
        tracing::warn!(workload = %plan.workload, %error, "the old sides were not looked at; the next sweep tries again");
    }
    let held = f64::from(u8::from(book.state.end.is_none() && book.state.halt.is_some()));
    detector.gauges.emit(book.read_at, Some(plan.workload.as_str()), "Held", held);
    let earlier = deliver_earlier(desk, publisher, topic, Some(plan), &book).await;
    let told = deliver(desk, publisher, topic, Some(plan), &book).await;
    match told.and_then(|told| Ok((told, earlier?))) {
        Ok((told, earlier)) => {
            let why: Vec<String> = told.owed.into_iter().chain(earlier.owed).collect();
            let owed = f64::from(u32::try_from(why.len()).unwrap_or(u32::MAX));
            let workload = Some(plan.workload.as_str());
            detector.gauges.emit(book.read_at, workload, "NotificationsOwed", owed);
            if !why.is_empty() {
                tracing::error!(workload = %plan.workload, owed, why = %why.join("; "), "notifications are owed");
            }
        }
        Err(error) => tracing::error!(workload = %plan.workload, %error, "notifications are owed"),
    }
}
