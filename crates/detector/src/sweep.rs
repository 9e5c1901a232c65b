//! The sweep: every workload that a trigger concerns is looked at as if nobody had ever sent anything.

use futures_util::future::join_all;
use leeward_core::contract::{DetectOutput, DetectStatus, Mode, StartRequest};
use leeward_core::error::StepError;
use leeward_core::evidence::{Assessment, assess};
use leeward_core::ids::{Direction, ExecutorId};
use leeward_core::journal::{Bearing, Trigger as StartedBy};
use leeward_core::plan::Plan;
use leeward_core::time::Timestamp;
use leeward_core::trigger::Trigger;
use leeward_core::world::Change;
use leeward_core::{old_side, succession};
use leeward_ports::Frozen;
use leeward_reconcile::{Appended, Book, StoredPlan, deliver, deliver_refusals, look};

use crate::open::{Reason, adopt, open};
use crate::{Detector, observe, output};

/// Workloads that are looked at side by side: a silent Region costs each of them seconds, and one
/// invocation has to do for all.
const SIDE_BY_SIDE: usize = 16;

/// Answers a trigger; `executor` when it came through the state machine's first state.
pub async fn triggered(
    detector: &Detector,
    trigger: &Trigger,
    executor: Option<&ExecutorId>,
) -> Result<DetectOutput, StepError> {
    let (plans, read_at) = detector.desk.plans().await?;
    let (concerned, source): (Vec<&StoredPlan>, &str) = match trigger {
        Trigger::Start(request) => {
            return started(detector, request, &plans, read_at, executor).await;
        }
        Trigger::Sweep { source } => (plans.iter().collect(), source),
        Trigger::Alarm { alarm, region, source } => {
            let votes = |plan: &Plan| {
                plan.detection.voters.iter().any(|v| {
                    v.region.as_str() == region
                        && (v.alarm == *alarm || v.control_alarm.as_deref() == Some(alarm))
                })
            };
            (plans.iter().filter(|p| votes(&p.plan)).collect(), source)
        }
        Trigger::ExecutionEnded { name, .. } => {
            let of = |plan: &Plan| name.starts_with(&format!("{}-g", plan.workload));
            (plans.iter().filter(|p| of(&p.plan)).collect(), "execution ended")
        }
        Trigger::Join { .. } | Trigger::Within { .. } | Trigger::Step(_) => {
            return Err(StepError::InvalidInput("this is no trigger".to_owned()));
        }
    };
    let mut answer = output(DetectStatus::NotNeeded, "", None, "no workload is concerned");
    let mut failed = None;
    for together in concerned.chunks(SIDE_BY_SIDE) {
        let looks = together.iter().map(|s| workload(detector, s, source, executor, read_at));
        for (stored, look) in together.iter().zip(join_all(looks).await) {
            // One workload's trouble must not keep the others from being looked at.
            match look {
                Ok(one)
                    if one.status == DetectStatus::NotNeeded
                        && answer.status != DetectStatus::NotNeeded => {}
                Ok(one) => answer = one,
                Err(error) => {
                    tracing::error!(workload = %stored.plan.workload, %error, "the sweep failed for this workload");
                    failed = Some(error);
                }
            }
        }
    }
    match failed {
        Some(error) => Err(error),
        None => {
            if source == "schedule" {
                heartbeat(detector, read_at).await;
            }
            Ok(answer)
        }
    }
}

/// A sweep that went well shows itself, here and in the Region of the watcher of the watcher.
async fn heartbeat(detector: &Detector, at: Timestamp) {
    detector.gauges.emit(at, None, "Heartbeat", 1.0);
    let Some(region) = &detector.watcher_region else { return };
    let beat = Change::PutMetric {
        region: region.clone(),
        namespace: "Leeward".to_owned(),
        metric: "Heartbeat".to_owned(),
        workload: "leeward".to_owned(),
        value: 1.0,
        at,
    };
    if let Err(error) = detector.desk.outside.change(&beat, Frozen(at)).await {
        tracing::warn!(%region, %error, "the heartbeat did not reach its watcher");
    }
}

/// One workload: votes, facts, verdict, opening, adoption, what people are owed.
async fn workload(
    detector: &Detector,
    stored: &StoredPlan,
    source: &str,
    executor: Option<&ExecutorId>,
    read_at: Timestamp,
) -> Result<DetectOutput, StepError> {
    let desk = &detector.desk;
    let plan = &stored.plan;
    observe::votes(desk, plan, read_at).await?;
    let (facts, now) = desk.facts(&plan.workload).await?;
    let direction = Direction::ToStandby;
    let assessment = assess(plan, direction, &facts.signals, facts.standby(direction), now);
    let (last, _) = desk.latest(&plan.workload).await?;
    let on_the_other_side = last.as_ref().is_some_and(|b| away_from_home(&b.state));
    let is_open = last.as_ref().is_some_and(|b| b.state.end.is_none());
    let awaited = last.as_ref().is_some_and(|b| succession::awaits(&b.state, plan));
    let answer = match last {
        Some(mut book) if is_open => {
            give_way(detector, stored, &assessment, &mut book).await?;
            match executor {
                Some(_) => go_on(detector, stored, &assessment, source, executor).await?,
                None => adopt(detector, &mut book).await?,
            }
        }
        _ if awaited || assessment.bearing == Bearing::Go && !on_the_other_side => {
            go_on(detector, stored, &assessment, source, executor).await?
        }
        _ => output(DetectStatus::NotNeeded, plan.workload.as_str(), None, &assessment.sentence()),
    };
    tell(detector, plan).await;
    if source == "schedule" {
        observe::peaks(desk, plan, &facts, now).await?;
    }
    Ok(answer)
}

/// Ends an open generation in whose place another has to be opened.
async fn give_way(
    detector: &Detector,
    stored: &StoredPlan,
    assessment: &Assessment,
    book: &mut Book,
) -> Result<(), StepError> {
    if !succession::thinkable(&book.state, &stored.plan, assessment) {
        return Ok(());
    }
    let desk = &detector.desk;
    let decision = &book.state.decision;
    let by = desk.plan_version(&decision.plan, &decision.plan_digest).await?;
    if let Some(entry) = succession::superseded(&book.state, &by, &stored.plan, assessment) {
        // Another entry came first: the next sweep asks again.
        desk.append(book, entry, Some(&by)).await?;
    }
    Ok(())
}

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

/// Whether the workload lives on its standby side, as far as the last generation tells: the
/// primary's silence is no news then, and going home is a person's decision.
fn away_from_home(state: &leeward_core::journal::State) -> bool {
    match state.decision.direction {
        Direction::ToStandby => state.committed(),
        Direction::ToPrimary => !state.committed(),
    }
}

async fn go_on(
    detector: &Detector,
    stored: &StoredPlan,
    assessment: &Assessment,
    source: &str,
    executor: Option<&ExecutorId>,
) -> Result<DetectOutput, StepError> {
    let reason = Reason {
        trigger: StartedBy::Evidence { source: source.to_owned() },
        direction: assessment.direction,
        mode: Mode::Recover,
    };
    open(detector, stored, assessment, reason, executor).await
}

/// A person's start: the same path, the person's order in the place of the votes.
async fn started(
    detector: &Detector,
    request: &StartRequest,
    plans: &[StoredPlan],
    read_at: Timestamp,
    executor: Option<&ExecutorId>,
) -> Result<DetectOutput, StepError> {
    let desk = &detector.desk;
    let known =
        plans.iter().find(|p| p.plan.plan == request.plan && p.plan.workload == request.workload);
    let Some(stored) = known else {
        return Err(StepError::InvalidInput(no_such_plan(request, plans)));
    };
    observe::votes(desk, &stored.plan, read_at).await?;
    if request.direction != Direction::ToStandby {
        observe::other_side(desk, &stored.plan, request.direction, read_at).await?;
    }
    let (facts, now) = desk.facts(&stored.plan.workload).await?;
    let assessment = assess(
        &stored.plan,
        request.direction,
        &facts.signals,
        facts.standby(request.direction),
        now,
    );
    let reason = Reason {
        trigger: StartedBy::Operator {
            operator: request.operator.clone().unwrap_or_else(|| "unnamed".to_owned()),
            reason: request.reason.clone(),
        },
        direction: request.direction,
        mode: request.mode,
    };
    let answer = open(detector, stored, &assessment, reason, executor).await?;
    tell(detector, &stored.plan).await;
    Ok(answer)
}

fn no_such_plan(request: &StartRequest, plans: &[StoredPlan]) -> String {
    let names: Vec<String> =
        plans.iter().map(|p| format!("{} (workload {})", p.plan.plan, p.plan.workload)).collect();
    let stored = if names.is_empty() {
        "no plan is stored; `leeward plan put <file>` stores one".to_owned()
    } else {
        format!("stored are {}", names.join(", "))
    };
    format!("there is no plan {} for workload {}: {stored}", request.plan, request.workload)
}

/// Sends what is owed. A failure here is told by its alarm, never held against the recovery.
async fn tell(detector: &Detector, plan: &Plan) {
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
    match deliver(desk, publisher, topic, Some(plan), &book).await {
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
