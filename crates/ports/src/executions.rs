//! The state machine's executions.

use async_trait::async_trait;

/// How an execution stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExecutionState {
    /// It runs.
    Running,
    /// It has ended, however.
    Ended,
    /// There is none of that name.
    Unknown,
}

/// Why a start or a look failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{tried} on {machine}: {message}")]
pub struct StartError {
    /// The operation and the execution's name.
    pub tried: String,
    /// State machine ARN.
    pub machine: String,
    /// What came back.
    pub message: String,
}

/// Starts executions of the recovery's state machine and looks whether they run.
#[async_trait]
pub trait Executions: Send + Sync {
    /// Starts one under that name with that input. The same name with the same input is one execution.
    async fn start(&self, name: &str, input: &str) -> Result<(), StartError>;

    /// How the execution of that name or ARN stands.
    async fn state(&self, name: &str) -> Result<ExecutionState, StartError>;
}
