//! Fences the old writers, promotes the databases, and gives the lease back when turning back. It is the one that
//! writes lease items, so it makes them, too.

mod provide;

use leeward_core::contract::{ProvideRequest, StepInput, StepOutput};
use leeward_core::error::StepError;
use leeward_core::ids::Step;
use leeward_ports::Provisions;
use leeward_reconcile::{Desk, StepRun, run};
use serde_json::Value;

/// The steps that this function does.
pub const STEPS: &[Step] = &[Step::Fence, Step::Database, Step::Undo];

/// The steps whose effects it undoes.
pub const UNDOES: &[Step] = &[Step::Fence];

/// One invocation, whatever it is: a step of a recovery, or an operator's order to make a writer lease.
pub async fn called(
    desk: &Desk,
    provisions: &dyn Provisions,
    event: &Value,
) -> Result<Value, StepError> {
    let answer = if ProvideRequest::is(event) {
        serde_json::to_value(provide::provide(desk, provisions, event).await?)
    } else {
        serde_json::to_value(handle(desk, event).await?)
    };
    answer.map_err(|e| StepError::InvalidInput(format!("an answer cannot be written: {e}")))
}

/// One step.
pub async fn handle(desk: &Desk, event: &Value) -> Result<StepOutput, StepError> {
    let input = StepInput::read(event, STEPS)?;
    run(desk, StepRun { input: &input, undoes: UNDOES }).await
}
