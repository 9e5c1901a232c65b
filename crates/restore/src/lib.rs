//! Brings capacity up before the promotion and consumers after it, and takes capacity down when turning back.

use leeward_core::contract::{StepInput, StepOutput};
use leeward_core::error::StepError;
use leeward_core::ids::Step;
use leeward_reconcile::{Desk, StepRun, run};
use serde_json::Value;

/// The steps that this function does.
pub const STEPS: &[Step] = &[Step::Capacity, Step::Restore, Step::Undo];

/// The steps whose effects it undoes.
pub const UNDOES: &[Step] = &[Step::Capacity];

/// One invocation.
pub async fn handle(desk: &Desk, event: &Value) -> Result<StepOutput, StepError> {
    let input = StepInput::read(event, STEPS)?;
    run(desk, StepRun { input: &input, undoes: UNDOES }).await
}
