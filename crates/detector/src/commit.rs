//! The last look: the votes are read again, then the core decides.

use leeward_core::contract::{CommitOutput, CommitStatus, SCHEMA, Status, StepInput};
use leeward_core::error::StepError;
use leeward_core::ids::Direction;
use leeward_core::journal::Fate;
use leeward_reconcile::{StepRun, run};

use crate::observe::OpenPlan;
use crate::{Detector, observe, standby};

/// Reads every vote anew, then commits, waits, turns back or asks a person.
pub async fn last_look(detector: &Detector, input: &StepInput) -> Result<CommitOutput, StepError> {
    let desk = &detector.desk;
    let generation = input
        .generation
        .ok_or_else(|| StepError::InvalidInput("step commit needs a generation".to_owned()))?;
    let book = desk.open_book(&input.workload, generation).await?;
    let decision = &book.state.decision;
    if book.state.fate == Fate::Open && book.state.end.is_none() {
        let plan = desk.plan_version(&decision.plan, &decision.plan_digest).await?;
        let (before, _) = desk.facts(&input.workload).await?;
        let (desk, direction) = (&desk.repeating(), decision.direction);
        let open = OpenPlan { plan, direction };
        let unstored = observe::votes(desk, &[], Some(&open), &before, book.read_at).await;
        // The step reads from the table what it weighs: what is not there does not count.
        unstored.error.map_or(Ok(()), Err)?;
        if direction != Direction::ToStandby {
            let slot = before.slot(direction, &open.plan);
            let seen =
                standby::other_side(desk, (&open.plan, &before), slot, direction, book.read_at)
                    .await;
            seen.map_err(|(_, error)| error)?;
        }
    }
    let out = run(desk, StepRun { input, undoes: &[] }).await?;
    let status = match out.status {
        Status::Done => CommitStatus::Commit,
        Status::Waiting => CommitStatus::Waiting,
        Status::Held => CommitStatus::Held,
        Status::Failed => CommitStatus::TurnBack,
    };
    Ok(CommitOutput {
        schema: SCHEMA,
        status,
        after_seconds: out.after_seconds,
        reason: out.reason,
    })
}
