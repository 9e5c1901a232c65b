//! What an opening rests on still stands at the moment at which it is written.

use crate::error::StepError;
use crate::evidence::Assessment;
use crate::journal::{Bearing, State, Trigger};
use crate::limits::Limits;
use crate::plan::Plan;
use crate::succession;
use crate::time::{Timestamp, since};

/// Whether what was assessed at `assessed` may still open a generation at `now`: a process that stood
/// still in between opens nothing on what it saw before.
pub fn fresh(assessed: Timestamp, now: Timestamp, limits: &Limits) -> Result<(), StepError> {
    let age = since(assessed, now);
    if age <= limits.assessment_age {
        return Ok(());
    }
    Err(StepError::Unavailable(format!(
        "the evidence was weighed {age} ago, more than {}: nothing is opened on it; the next trigger weighs it anew",
        limits.assessment_age
    )))
}

/// Whether what asked for a generation still stands after the journals were read anew: another trigger may
/// have opened and ended one in between.
pub fn grounded(
    trigger: &Trigger,
    assessment: &Assessment,
    last: Option<&State>,
    plan: &Plan,
) -> Result<(), StepError> {
    let stands = match trigger {
        Trigger::Operator { .. } => true,
        Trigger::Evidence { .. } => assessment.bearing == Bearing::Go,
        Trigger::HandedOver { from } => {
            last.is_some_and(|l| l.decision.generation == *from && succession::waits(l))
        }
    };
    if stands {
        return Ok(());
    }
    Err(StepError::Unavailable(format!(
        "what asked for a recovery by plan {} changed meanwhile: nothing is opened; the next trigger looks anew",
        plan.plan
    )))
}
