//! The wire between state machine, functions and people (schema 1).

use serde::{Deserialize, Serialize};

use crate::error::StepError;
use crate::ids::{Digest, Direction, ExecutorId, Generation, PlanId, Step, WorkloadId};
use crate::printable;

/// The version of the wire.
pub const SCHEMA: u32 = 1;

/// Longest reason that a step answers; the whole output stays under 1 KiB.
pub const REASON_MAX: usize = 700;

/// What a step is called with: ids only; plan and decision come from the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepInput {
    /// Always `step`.
    pub leeward: StepMark,
    /// Always 1.
    pub schema: u32,
    /// The workload.
    pub workload: WorkloadId,
    /// The generation; null only for a refusal to be told.
    pub generation: Option<Generation>,
    /// The step.
    pub step: Step,
    /// Who calls.
    pub executor: ExecutorId,
}

/// The word `step`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "one word")]
pub enum StepMark {
    Step,
}

impl StepInput {
    /// Reads and checks an input, for one of the steps that the function does.
    pub fn read(value: &serde_json::Value, own: &[Step]) -> Result<Self, StepError> {
        let input = Self::deserialize(value).map_err(|e| {
            StepError::InvalidInput(format!(
                "{e}; expected {{\"leeward\":\"step\",\"schema\":1,\"workload\",\"generation\",\"step\",\"executor\"}}"
            ))
        })?;
        if input.schema != SCHEMA {
            return Err(StepError::InvalidInput(format!(
                "schema {} is not known here; this function speaks schema {SCHEMA}",
                input.schema
            )));
        }
        WorkloadId::checked(input.workload.as_str()).map_err(StepError::InvalidInput)?;
        if !own.contains(&input.step) {
            let names: Vec<&str> = own.iter().map(|s| s.as_str()).collect();
            return Err(StepError::InvalidInput(format!(
                "step {} is not done here; this function does {}",
                input.step,
                names.join(", ")
            )));
        }
        Ok(input)
    }
}

/// How a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// All of it is as it shall be.
    Done,
    /// Ask again later.
    Waiting,
    /// A person is needed.
    Held,
    /// It cannot be done.
    Failed,
}

/// What a step answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepOutput {
    /// Always 1.
    pub schema: u32,
    /// How it stands.
    pub status: Status,
    /// When to ask again, in seconds.
    pub after_seconds: u64,
    /// Why, for people.
    pub reason: String,
}

/// What the detector answers to a trigger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DetectOutput {
    /// Always 1.
    pub schema: u32,
    /// What follows.
    pub status: DetectStatus,
    /// The workload; empty when none is named by the trigger.
    pub workload: String,
    /// The generation that was joined or opened.
    pub generation: Option<Generation>,
    /// Why, for people.
    pub reason: String,
}

/// What follows from a trigger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DetectStatus {
    /// A generation is open; go on with it.
    Go,
    /// Nothing to recover from.
    NotNeeded,
    /// What was told cannot be read or placed; nothing follows from it, and telling it again would not help.
    /// Never the answer to an order.
    NotUnderstood,
    /// A rule says no; it is on record and people are told.
    Refused,
}

/// What the commit answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitOutput {
    /// Always 1.
    pub schema: u32,
    /// What follows.
    pub status: CommitStatus,
    /// When to ask again, in seconds.
    pub after_seconds: u64,
    /// Why, for people.
    pub reason: String,
}

/// What follows from the last look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CommitStatus {
    /// The way back has ended.
    Commit,
    /// Something is not yet there.
    Waiting,
    /// A person is needed.
    Held,
    /// Undo.
    TurnBack,
}

/// Whether it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// A real recovery.
    Recover,
    /// The same on purpose, on real AWS.
    Drill,
}

/// A start by a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StartRequest {
    /// Always `start`.
    pub leeward: StartMark,
    /// The workload.
    pub workload: WorkloadId,
    /// The plan.
    pub plan: PlanId,
    /// Whether it counts.
    pub mode: Mode,
    /// Which way.
    pub direction: Direction,
    /// Whether it is meant though the workload lives on that side by its journals.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub again: bool,
    /// Why, in the person's words.
    pub reason: String,
    /// STS caller ARN of the person; `leeward start` fills it in.
    #[serde(default)]
    pub operator: Option<String>,
}

/// The word `start`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "one word")]
pub enum StartMark {
    Start,
}

/// An order to make what a stored version of a plan needs: its writer lease, where none is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProvideRequest {
    /// Always `provide`.
    pub leeward: ProvideMark,
    /// Always 1.
    pub schema: u32,
    /// The workload.
    pub workload: WorkloadId,
    /// The plan.
    pub plan: PlanId,
    /// The version.
    pub digest: Digest,
    /// STS caller ARN of the person, as the command has seen it.
    pub operator: String,
}

/// The word `provide`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "one word")]
pub enum ProvideMark {
    Provide,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProvideOutput {
    /// Always 1.
    pub schema: u32,
    /// Whether everything is there now; else a rule says no.
    pub done: bool,
    /// What was made, or was there.
    pub did: Vec<String>,
    /// Why a rule says no.
    pub reason: String,
}

impl ProvideRequest {
    /// Whether that is an order of this kind.
    pub fn is(value: &serde_json::Value) -> bool {
        value.get("leeward").and_then(serde_json::Value::as_str) == Some("provide")
    }

    /// Reads and checks an order.
    pub fn read(value: &serde_json::Value) -> Result<Self, StepError> {
        let request = Self::deserialize(value).map_err(|e| {
            StepError::InvalidInput(format!(
                "{e}; expected {{\"leeward\":\"provide\",\"schema\":1,\"workload\",\"plan\",\"digest\",\"operator\"}}"
            ))
        })?;
        if request.schema != SCHEMA {
            let why = format!(
                "schema {} is not known here; this function speaks {SCHEMA}",
                request.schema
            );
            return Err(StepError::InvalidInput(why));
        }
        WorkloadId::checked(request.workload.as_str()).map_err(StepError::InvalidInput)?;
        Ok(request)
    }
}

/// Cuts a reason to what fits, at a character's edge, and takes out what would steer a terminal.
pub fn fitting(reason: &str) -> String {
    let short = printable::cut(reason, REASON_MAX);
    printable::cut(&printable::printable(&short), REASON_MAX).into_owned()
}

impl StepOutput {
    /// An answer with a reason that fits.
    pub fn new(status: Status, after_seconds: u64, reason: &str) -> Self {
        Self { schema: SCHEMA, status, after_seconds, reason: fitting(reason) }
    }
}
