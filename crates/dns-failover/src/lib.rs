//! Shifts traffic, once every database has a verified writer.

use leeward_core::contract::{StepInput, StepOutput};
use leeward_core::error::StepError;
use leeward_core::ids::Step;
use leeward_reconcile::{Desk, StepRun, run};
use serde_json::Value;

/// The steps that this function does.
pub const STEPS: &[Step] = &[Step::Traffic];

/// The steps whose effects it undoes.
pub const UNDOES: &[Step] = &[];

/// One invocation.
pub async fn handle(desk: &Desk, event: &Value) -> Result<StepOutput, StepError> {
    let input = StepInput::read(event, STEPS)?;
    run(desk, StepRun { input: &input, undoes: UNDOES }).await
}
