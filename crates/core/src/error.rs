//! The errors that a step can end with; their names are what the state machine matches.

use crate::ids::Generation;

/// What a function throws. The name decides what the state machine does with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StepError {
    /// A service said later. Retried.
    #[error("throttled: {0}")]
    Throttled(String),
    /// The table or a service that the step cannot do without gave no answer. Retried.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// A rule says no; the reason carries the numbers.
    #[error("refused: {0}")]
    Refused(String),
    /// Only a person can go on from here.
    #[error("a person is needed: {0}")]
    NeedsOperator(String),
    /// The generation has ended; nothing may be done for it any more.
    #[error("generation {generation} of {workload} is closed: {reason}")]
    GenerationClosed {
        /// The workload.
        workload: String,
        /// The generation.
        generation: Generation,
        /// How it ended.
        reason: String,
    },
    /// The generation's time is over.
    #[error("deadline exceeded: {0}")]
    DeadlineExceeded(String),
    /// What came in is not what was expected.
    #[error("invalid input: {0}")]
    InvalidInput(String),
}

impl StepError {
    /// All names, for the tests that compare them with the state machine.
    pub const NAMES: [&'static str; 7] = [
        "Throttled",
        "Unavailable",
        "Refused",
        "NeedsOperator",
        "GenerationClosed",
        "DeadlineExceeded",
        "InvalidInput",
    ];

    /// A function that broke in the middle: a fault in Leeward itself. Not retried, as the same would
    /// break again; the next executor goes on from the journal, and a person has to know.
    pub fn broken(words: &str) -> Self {
        Self::NeedsOperator(format!(
            "the function broke: {words}. This is a fault in Leeward; the sweeper starts another executor"
        ))
    }

    /// The fixed name on the wire.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Throttled(_) => "Throttled",
            Self::Unavailable(_) => "Unavailable",
            Self::Refused(_) => "Refused",
            Self::NeedsOperator(_) => "NeedsOperator",
            Self::GenerationClosed { .. } => "GenerationClosed",
            Self::DeadlineExceeded(_) => "DeadlineExceeded",
            Self::InvalidInput(_) => "InvalidInput",
        }
    }

    /// Whether trying the same again can help.
    pub fn retryable(&self) -> bool {
        match self {
            Self::Throttled(_) | Self::Unavailable(_) => true,
            Self::Refused(_)
            | Self::NeedsOperator(_)
            | Self::GenerationClosed { .. }
            | Self::DeadlineExceeded(_)
            | Self::InvalidInput(_) => false,
        }
    }
}
