//! What people are owed, and what is left of old sides.

use leeward_core::error::StepError;
use leeward_core::ids::Generation;
use leeward_core::old_side;
use leeward_core::plan::Plan;
use leeward_reconcile::{Appended, Book, Delivery, deliver, deliver_refusals, look};

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

/// Sends what is owed. A failure here is told by its alarm, never held against the recovery.
pub async fn tell(detector: &Detector, plan: &Plan) {
    let desk = &detector.desk;
    let topic = detector.system_topic.as_deref();
    let publisher = detector.publisher.as_ref();
    let refusals = deliver_refusals(desk, publisher, topic, Some(plan), &plan.workload).await;
    if let Err(error) = refusals {
        tracing::error!(workload = %plan.workload, %error, "refusals are not told");
    }
    let latest = match desk.latest(&plan.workload).await {
        Ok((latest, _)) => latest,
        Err(error) => {
            tracing::error!(workload = %plan.workload, %error, "it is not known what is owed");
            return;
        }
    };
    let Some(mut book) = latest else { return };
    if let Err(error) = old_sides(detector, plan, &mut book).await {
        tracing::warn!(workload = %plan.workload, %error, "the old sides were not looked at; the next sweep tries again");
    }
    let held = f64::from(u8::from(book.state.end.is_none() && book.state.halt.is_some()));
    detector.gauges.emit(book.read_at, Some(plan.workload.as_str()), "Held", held);
    let told = match earlier(detector, plan, &book).await {
        Ok(mut all) => deliver(desk, publisher, topic, Some(plan), &book).await.map(|told| {
            all.delivered += told.delivered;
            all.owed.extend(told.owed);
            all
        }),
        Err(error) => {
            // What is owed now matters more than what cannot be read of the past.
            let _ = deliver(desk, publisher, topic, Some(plan), &book).await;
            Err(error)
        }
    };
    match told {
        Ok(told) if told.owed.is_empty() => {
            detector.gauges.emit(
                book.read_at,
                Some(plan.workload.as_str()),
                "NotificationsOwed",
                0.0,
            );
        }
        Ok(told) => {
            let owed = u32::try_from(told.owed.len()).unwrap_or(u32::MAX);
            let name = "NotificationsOwed";
            detector.gauges.emit(book.read_at, Some(plan.workload.as_str()), name, f64::from(owed));
            tracing::error!(workload = %plan.workload, owed = told.owed.len(), why = %told.owed.join("; "), "notifications are owed");
        }
        Err(error) => tracing::error!(workload = %plan.workload, %error, "notifications are owed"),
    }
}

/// What the generation before still owes: the next may open before its end could be told.
async fn earlier(detector: &Detector, plan: &Plan, latest: &Book) -> Result<Delivery, StepError> {
    let (desk, topic) = (&detector.desk, detector.system_topic.as_deref());
    let Some(number) = latest.state.decision.generation.0.checked_sub(1).filter(|n| *n > 0) else {
        return Ok(Delivery::default());
    };
    match desk.book(&plan.workload, Generation(number)).await? {
        Some(book) => deliver(desk, detector.publisher.as_ref(), topic, Some(plan), &book).await,
        None => Ok(Delivery::default()),
    }
}
