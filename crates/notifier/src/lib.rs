//! Tells people what the journal owes them, answers how the generation ended, and writes down what people say.

mod word;

use std::sync::Arc;

use leeward_core::contract::{Status, StepInput, StepOutput};
use leeward_core::error::StepError;
use leeward_core::ids::Step;
use leeward_core::journal::End;
use leeward_core::plan::Plan;
use leeward_core::said::WordRequest;
use leeward_ports::{Publisher, Witness};
use leeward_reconcile::{Book, Delivery, Desk, deliver, deliver_refusals};
use serde_json::Value;

/// The steps that this function does.
pub const STEPS: &[Step] = &[Step::Notify];

/// One invocation, whatever it is: a step of a recovery, or a person's word. `function_arn` is this function's, as it
/// was called.
pub async fn called(
    desk: &Desk,
    (publisher, system_topic): (&dyn Publisher, Option<&str>),
    (witness, function_arn): (&dyn Witness, &str),
    event: &Value,
) -> Result<Value, StepError> {
    let answer = if WordRequest::is(event) {
        serde_json::to_value(word::word(desk, witness, function_arn, event).await?)
    } else {
        serde_json::to_value(handle(desk, publisher, system_topic, event).await?)
    };
    answer.map_err(|e| StepError::InvalidInput(format!("an answer cannot be written: {e}")))
}

/// One step. What does not leave now stays owed: the sweep sends it later.
pub async fn handle(
    desk: &Desk,
    publisher: &dyn Publisher,
    system_topic: Option<&str>,
    event: &Value,
) -> Result<StepOutput, StepError> {
    let input = StepInput::read(event, STEPS)?;
    let Some(generation) = input.generation else {
        let plan = plan_of(desk, &input).await?;
        let told =
            deliver_refusals(desk, publisher, system_topic, plan.as_deref(), &input.workload)
                .await?;
        return Ok(StepOutput::new(Status::Failed, 0, &format!("refused; {}", words(&told))));
    };
    let book = desk.open_book(&input.workload, generation).await?;
    let decision = &book.state.decision;
    // People are told even when the plan cannot be read: the system's own topic is always there.
    let plan = desk.plan_version(&decision.plan, &decision.plan_digest).await.ok();
    let told = deliver(desk, publisher, system_topic, plan.as_deref(), &book).await?;
    let (status, reason) = ending(&book);
    Ok(StepOutput::new(status, 0, &format!("{reason}; {}", words(&told))))
}

async fn plan_of(desk: &Desk, input: &StepInput) -> Result<Option<Arc<Plan>>, StepError> {
    let (plans, _) = desk.plans().await?;
    Ok(plans.into_iter().map(|p| p.plan).find(|p| p.workload == input.workload))
}

/// Only a recovery that was proved is done; everything else is not.
fn ending(book: &Book) -> (Status, String) {
    match (&book.state.end, &book.state.halt) {
        (Some(ended), _) => match ended.end {
            End::Recovered => (Status::Done, ended.reason.clone()),
            End::RolledBack | End::Abandoned => (Status::Failed, ended.reason.clone()),
        },
        (None, Some(halt)) => (Status::Held, halt.reason.clone()),
        (None, None) => (
            Status::Held,
            "the execution ends, the generation does not: the next sweep starts another executor"
                .to_owned(),
        ),
    }
}

fn words(told: &Delivery) -> String {
    if told.owed.is_empty() {
        format!("{} messages left", told.delivered)
    } else {
        format!(
            "{} messages left, {} still owed: {}",
            told.delivered,
            told.owed.len(),
            told.owed.join("; ")
        )
    }
}
