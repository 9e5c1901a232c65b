//! Opening a generation, joining an open one, and starting the executor that works on it.

use leeward_core::contract::{DetectOutput, DetectStatus, Mode};
use leeward_core::error::StepError;
use leeward_core::evidence::Assessment;
use leeward_core::grounds::{fresh, grounded};
use leeward_core::ids::{Direction, ExecutorId, Generation, Step, WorkloadId};
use leeward_core::journal::{Decision, Entry, PROTOCOL, State, Trigger, chain};
use leeward_core::need::Needed;
use leeward_core::opening::{Adoption, Asks, NotNow, Opening, adopts, may_open};
use leeward_core::plan::Plan;
use leeward_core::planted::{self, Bug};
use leeward_core::steps::{Situation, approval, effects};
use leeward_core::succession;
use leeward_core::table::Key;
use leeward_core::time::{Timestamp, after};
use leeward_ports::{Condition, ExecutionState, Frozen, Item};
use leeward_reconcile::{Appended, Book, Desk, StoredPlan, need, refuse, table_error};

use crate::{Detector, output};

/// Why a generation shall be opened.
pub struct Reason {
    /// Who or what.
    pub trigger: Trigger,
    /// Which way.
    pub direction: Direction,
    /// Whether it counts.
    pub mode: Mode,
    /// Whether a person wants it towards the side where the workload lives, too.
    pub again: bool,
}

/// Joins the open generation or opens the next; a refusal goes on record and people are told.
pub async fn open(
    detector: &Detector,
    stored: &StoredPlan,
    assessment: &Assessment,
    reason: Reason,
    executor: Option<&ExecutorId>,
) -> Result<DetectOutput, StepError> {
    let desk = &detector.desk;
    let workload = &stored.plan.workload;
    let (last, read_at) = desk.latest(workload).await?;
    let manual = matches!(reason.trigger, Trigger::Operator { .. });
    let switch = desk.switch().await?;
    let opening = if switch.on {
        let last = last.as_ref().map(|b| &*b.state);
        let heir = inherits(desk, last, &stored.plan).await?;
        let asks = if manual { Asks::Person { again: reason.again } } else { Asks::Evidence };
        may_open(last, &stored.plan, reason.direction, &desk.limits, read_at, asks, heir)
    } else {
        Opening::Refused(NotNow::SwitchedOff(switch.reason))
    };
    match opening {
        Opening::Join(generation) => joined(detector, last, workload, generation, executor).await,
        Opening::Refused(why) => {
            let as_of = if manual { read_at } else { why.told_as_of(read_at) };
            refuse(desk, workload, &why.to_string(), as_of, read_at).await?;
            Ok(output(DetectStatus::Refused, workload.as_str(), None, &why.to_string()))
        }
        Opening::Open(generation) => {
            fresh(assessment.at, read_at, &desk.limits)?;
            let before = last.as_ref().map(|b| b.state.clone());
            grounded(&reason.trigger, assessment, before.as_deref(), &stored.plan)?;
            // What a generation left was counted when that one opened, and a person may open any number.
            if matches!(reason.trigger, Trigger::Evidence { .. })
                && let Err(holds) = desk.pass_brake(workload, generation).await?
            {
                let needed = Needed::by_the_brake(&holds, assessment);
                need(desk, workload, &needed, read_at).await?;
                return Ok(output(DetectStatus::Refused, workload.as_str(), None, &needed.reason));
            }
            close(desk, last, generation).await?;
            let decision = Decision {
                protocol: desk.protocol,
                ..decide(stored, assessment, reason, generation, read_at, before.as_deref())
            };
            store_assessment(desk, workload, generation, assessment, read_at).await?;
            match desk.open(decision, read_at).await? {
                Some(mut book) => {
                    ask_first(desk, &stored.plan, &mut book).await?;
                    execute(detector, &mut book, executor).await
                }
                // Two triggers at once: the other's decision stands.
                None => {
                    let book = desk.open_book(workload, generation).await?;
                    joined(detector, Some(book), workload, generation, executor).await
                }
            }
        }
    }
}

/// Whether the last generation left its work to a plan that is in force no more, so that this one takes it up.
async fn inherits(desk: &Desk, last: Option<&State>, plan: &Plan) -> Result<bool, StepError> {
    let Some(named) = last.and_then(succession::named).filter(|named| **named != plan.plan) else {
        return Ok(false);
    };
    let plans = desk.plans_of(&plan.workload).await?;
    Ok(plans.iter().all(|stored| stored.plan.plan != *named))
}

/// The last entry of the generation before: nothing can be written into it any more.
async fn close(desk: &Desk, last: Option<Book>, next: Generation) -> Result<(), StepError> {
    let Some(mut book) = last else { return Ok(()) };
    if planted::is(Bug::PredecessorNotClosed) {
        return Ok(());
    }
    if book.state.closed.is_some() {
        return Ok(());
    }
    match desk.append(&mut book, Entry::Closed { next }, None).await? {
        Appended::Yes => Ok(()),
        Appended::Conflict => Err(StepError::Unavailable(format!(
            "generation {} changed while it was closed; asked again by the next trigger",
            book.state.decision.generation
        ))),
        Appended::NotAdmitted(why) => Err(StepError::Refused(why)),
    }
}

fn decide(
    stored: &StoredPlan,
    assessment: &Assessment,
    reason: Reason,
    generation: Generation,
    now: Timestamp,
    before: Option<&State>,
) -> Decision {
    let plan = &stored.plan;
    let body = serde_json::to_string(assessment).unwrap_or_default();
    // A person who starts it has been asked.
    let ask = match reason.trigger {
        Trigger::Evidence { .. } | Trigger::HandedOver { .. } => assessment.ask.clone(),
        Trigger::Operator { .. } => Vec::new(),
    };
    let decision = Decision {
        protocol: PROTOCOL,
        workload: plan.workload.clone(),
        generation,
        plan: plan.plan.clone(),
        plan_digest: stored.digest.clone(),
        direction: reason.direction,
        target: plan.target_region(reason.direction).clone(),
        mode: reason.mode,
        evidence: chain::digest(body.as_bytes()),
        trigger: reason.trigger,
        first_signal: assessment.first_signal.unwrap_or(now),
        opened: now,
        deadline: after(now, plan.time_limit),
        effects: effects(plan, generation),
        unproven: Vec::new(),
        handed_over: Vec::new(),
        lived: None,
        regions: None,
        left_closed: Vec::new(),
        lost: Vec::new(),
        ask,
        approvers: Some(plan.policy.approval.approvers.clone()),
    };
    succession::inheriting(decision, before, plan)
}

/// The evidence is stored before the decision that names it.
async fn store_assessment(
    desk: &Desk,
    workload: &WorkloadId,
    generation: Generation,
    assessment: &Assessment,
    read_at: Timestamp,
) -> Result<(), StepError> {
    let body = serde_json::to_string(assessment)
        .map_err(|e| StepError::InvalidInput(format!("an assessment cannot be written: {e}")))?;
    let digest = chain::digest(body.as_bytes());
    let key = Key::evidence(workload, generation, &digest);
    let item = Item { key, body, n: 0, nonce: String::new() };
    desk.table.put(item.into(), Condition::Absent, Frozen(read_at)).await.map_err(table_error)?;
    Ok(())
}

/// The first question to people goes out when the generation opens.
async fn ask_first(
    desk: &Desk,
    plan: &leeward_core::plan::Plan,
    book: &mut Book,
) -> Result<(), StepError> {
    let first = approval::first(&Situation {
        plan,
        state: &book.state,
        signals: &[],
        standby: None,
        peaks: &[],
        now: book.read_at,
        limits: &desk.limits,
        mark: "",
        undoes: &[],
    });
    if let Some(entry) = first {
        // Lost to another entry, the step that needs the answer asks.
        desk.append(book, entry, Some(plan)).await?;
    }
    Ok(())
}

async fn joined(
    detector: &Detector,
    last: Option<Book>,
    workload: &WorkloadId,
    generation: Generation,
    executor: Option<&ExecutorId>,
) -> Result<DetectOutput, StepError> {
    match (last, executor) {
        (_, Some(executor)) => join(detector, workload, generation, executor).await,
        (Some(mut book), None) => adopt(detector, &mut book).await,
        (None, None) => Ok(output(
            DetectStatus::Go,
            workload.as_str(),
            Some(generation),
            "a generation is open already",
        )),
    }
}

/// An executor works on a generation that is open.
pub async fn join(
    detector: &Detector,
    workload: &WorkloadId,
    generation: Generation,
    executor: &ExecutorId,
) -> Result<DetectOutput, StepError> {
    let desk = &detector.desk;
    let mut book = desk.open_book(workload, generation).await?;
    if let Some(ended) = &book.state.end {
        return Err(StepError::GenerationClosed {
            workload: workload.to_string(),
            generation,
            reason: ended.reason.clone(),
        });
    }
    if !book.state.executors.iter().any(|(known, _)| known == executor) {
        // On a conflict the first step joins.
        desk.append(&mut book, Entry::Joined { executor: executor.clone() }, None).await?;
    }
    let reason = format!("{} to {}", book.state.decision.plan, book.state.decision.target);
    Ok(output(DetectStatus::Go, workload.as_str(), Some(generation), &reason))
}

/// Starts the executor of a new generation, unless the caller is one.
async fn execute(
    detector: &Detector,
    book: &mut Book,
    executor: Option<&ExecutorId>,
) -> Result<DetectOutput, StepError> {
    let decision = book.state.decision.clone();
    match executor {
        Some(executor) => join(detector, &decision.workload, decision.generation, executor).await,
        None => {
            // Said once, it may be a stutter: the next sweep tries again, and tells people.
            let _ = start(detector, &decision.workload, decision.generation).await;
            Ok(output(
                DetectStatus::Go,
                decision.workload.as_str(),
                Some(decision.generation),
                &format!("generation {} is opened: to {}", decision.generation, decision.target),
            ))
        }
    }
}

/// Starts an executor. When that fails the generation stays open and the next sweep tries again; gives
/// what Step Functions said.
async fn start(
    detector: &Detector,
    workload: &WorkloadId,
    generation: Generation,
) -> Result<(), String> {
    let nonce = detector.desk.nonces.draw();
    let mark: String =
        nonce.as_str().chars().filter(char::is_ascii_alphanumeric).take(12).collect();
    let name = format!("{workload}-g{generation}-{mark}");
    let input = serde_json::json!({
        "leeward": "step", "schema": leeward_core::contract::SCHEMA, "workload": workload,
        "generation": generation, "step": Step::Detect, "executor": "sweeper",
    });
    detector.executions.start(&name, &input.to_string()).await.map_err(|error| {
        tracing::error!(%workload, %generation, %error, "the executor was not started; the next sweep tries again, or `leeward run` does it without Step Functions");
        error.to_string()
    })
}

/// Looks after an open generation: starts an executor when none runs.
pub async fn adopt(detector: &Detector, book: &mut Book) -> Result<DetectOutput, StepError> {
    let desk = &detector.desk;
    let decision = book.state.decision.clone();
    let (workload, generation) = (decision.workload.clone(), decision.generation);
    let go = |why: &str| output(DetectStatus::Go, workload.as_str(), Some(generation), why);
    let adoption = adopts(&book.state, desk.protocol, &desk.limits, book.read_at);
    if let (Adoption::Start | Adoption::Hold(_), Some((last, _))) =
        (&adoption, book.state.executors.last())
    {
        match detector.executions.state(last.as_str()).await {
            Ok(ExecutionState::Running) => return Ok(go("its executor runs")),
            Ok(ExecutionState::Ended | ExecutionState::Unknown) => {}
            Err(error) => {
                tracing::warn!(%error, "it is not known whether the executor runs");
                return Ok(go("it is not known whether its executor runs"));
            }
        }
    }
    match adoption {
        Adoption::Leave => return Ok(go("it waits for a person")),
        Adoption::Starting => return Ok(go("its executor is being started")),
        Adoption::Foreign(why) => {
            let needed = Needed::foreign(&workload, generation, &why);
            need(desk, &workload, &needed, book.read_at).await?;
            return Ok(go("another version began it, and this one leaves it alone"));
        }
        Adoption::Start => {
            if let Err(error) = start(detector, &workload, generation).await {
                let needed = Needed::not_started(&workload, generation, &error);
                need(desk, &workload, &needed, book.read_at).await?;
            }
        }
        Adoption::Hold(reason) => {
            let entry = Entry::Held { step: Step::Detect, reason };
            // People are told by this book: of what stands, whoever wrote it.
            if desk.append(book, entry, None).await? == Appended::Conflict {
                *book = desk.open_book(&workload, generation).await?;
            }
        }
    }
    Ok(go("its executor was gone; looked after"))
}
