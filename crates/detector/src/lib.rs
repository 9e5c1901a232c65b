//! Weighs the evidence, opens generations, starts and adopts their executors, and makes the last look
//! before the commit.

mod commit;
mod last_generation;
mod notes;
mod observe;
mod open;
mod ready;
mod standby;
mod sweep;
mod tell;
mod watch;
mod workload;

use std::sync::Arc;

use leeward_core::contract::{DetectOutput, DetectStatus, SCHEMA, fitting};
use leeward_core::error::StepError;
use leeward_core::ids::{Generation, Region, Step};
use leeward_core::trigger::{self, Trigger};
use leeward_ports::{Executions, Gauges, Publisher};
use leeward_reconcile::Desk;
use serde_json::Value;

/// The steps that this function does.
pub const STEPS: &[Step] = &[Step::Detect, Step::Commit];

/// Everything that the detector needs.
#[derive(Clone)]
pub struct Detector {
    /// Table, world, marks and numbers.
    pub desk: Desk,
    /// The state machine's executions.
    pub executions: Arc<dyn Executions>,
    /// Where owed notifications go.
    pub publisher: Arc<dyn Publisher>,
    /// Numbers about Leeward itself.
    pub gauges: Arc<dyn Gauges>,
    /// The system's own topic.
    pub system_topic: Option<String>,
    /// Region in which the watcher of the watcher waits for the heartbeat.
    pub watcher_region: Option<Region>,
    /// Whether it takes orders: not where anybody who may raise an alarm is heard.
    pub orders: bool,
}

/// One invocation, whatever the trigger.
pub async fn handle(detector: &Detector, event: &Value) -> Result<Value, StepError> {
    if !detector.orders && trigger::is_order(event) {
        return json(&no_order());
    }
    let read = match trigger::read(event) {
        Err(error) if !trigger::is_order(event) => return json(&not_understood(&error)),
        read => read?,
    };
    let sweeps = &Detector { desk: detector.desk.repeating(), ..detector.clone() };
    let output = match read {
        Trigger::Several(records) => Box::pin(several(sweeps, &records)).await?,
        Trigger::Step(input) if input.step == Step::Commit => {
            return json(&Box::pin(commit::last_look(detector, &input)).await?);
        }
        Trigger::Step(input) => {
            let generation = input.generation.ok_or_else(|| {
                StepError::InvalidInput("step detect needs a generation".to_owned())
            })?;
            open::join(detector, &input.workload, generation, &input.executor).await?
        }
        Trigger::Join { workload, generation, executor } => {
            open::join(detector, &workload, generation, &executor).await?
        }
        Trigger::Within { executor, trigger } => {
            Box::pin(sweep::triggered(sweeps, &trigger, Some(&executor))).await?
        }
        trigger @ (Trigger::Sweep { .. }
        | Trigger::Alarm { .. }
        | Trigger::Told(_)
        | Trigger::Start(_)
        | Trigger::ExecutionEnded { .. }) => {
            Box::pin(sweep::triggered(sweeps, &trigger, None)).await?
        }
    };
    json(&output)
}

/// Whoever told it is not there to hear a refusal: an error would have Lambda send the same three times, and
/// then keep it as a dead letter. It is said once, in the log and in the answer.
fn not_understood(error: &StepError) -> DetectOutput {
    tracing::warn!(%error, "what came in is not understood; nothing follows from it");
    output(DetectStatus::NotUnderstood, "", None, &error.to_string())
}

/// What the listener hears is evidence. An order is refused once: an error would have it sent three times.
fn no_order() -> DetectOutput {
    let why = "orders and words are not taken here: a start is `leeward start`, or the state machine's own input; a word is `leeward approve`, `stop` and the like";
    tracing::error!("an order came to where evidence is heard; {why}");
    output(DetectStatus::Refused, "", None, why)
}

/// Several records at once, one after the other. What one of them fails with is answered when all had their
/// turn, so that the whole is sent again: each is safe to repeat.
async fn several(
    detector: &Detector,
    records: &[Result<Trigger, StepError>],
) -> Result<DetectOutput, StepError> {
    let mut answer = output(DetectStatus::NotNeeded, "", None, "there was no record");
    let mut failed = None;
    for record in records {
        let one = match record {
            Ok(trigger) => Box::pin(sweep::triggered(detector, trigger, None)).await,
            Err(error) => Ok(not_understood(error)),
        };
        match one {
            // The one that something follows from is the answer.
            Ok(one) if one.status == DetectStatus::Go || answer.status != DetectStatus::Go => {
                answer = one;
            }
            Ok(_) => {}
            Err(error) => failed = Some(error),
        }
    }
    failed.map_or(Ok(answer), Err)
}

fn json<T: serde::Serialize>(output: &T) -> Result<Value, StepError> {
    serde_json::to_value(output)
        .map_err(|e| StepError::InvalidInput(format!("an answer cannot be written: {e}")))
}

fn output(
    status: DetectStatus,
    workload: &str,
    generation: Option<Generation>,
    reason: &str,
) -> DetectOutput {
    DetectOutput {
        schema: SCHEMA,
        status,
        workload: workload.to_owned(),
        generation,
        reason: fitting(reason),
    }
}
