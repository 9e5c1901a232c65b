//! What an execution asks of the world, and what it answers to its caller.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;

/// The error that no Retry and no Catch sees.
pub(crate) const RUNTIME: &str = "States.Runtime";
/// The error of whatever took longer than it may.
pub(crate) const TIMEOUT: &str = "States.Timeout";

/// The world and the clock, owned by whoever runs the machine.
#[async_trait]
pub trait Host: Sync {
    /// Calls the function and answers its payload, or the failure as Step Functions names it.
    ///
    /// The host keeps the call's time limit by its own clock: past [`Call::timeout`] it answers
    /// `States.Timeout`, whatever becomes of the function.
    async fn invoke(&self, call: &Call) -> Result<Value, Failure>;

    /// Lets the time pass: a Wait state's, or the pause before a retry of `state`.
    async fn wait(&self, state: &str, duration: Duration);

    /// A state was entered, with its raw input.
    fn entered(&self, state: &str, input: &Value);

    /// A state was left, with its output. A Fail state, and a state that fails the execution, is
    /// entered and never left.
    fn exited(&self, state: &str, output: &Value);

    /// How long to pause, between nothing and `max`, where a retrier asks for full jitter.
    fn jitter(&self, max: Duration) -> Duration;

    /// Nobody waits any longer for the invocation of `state` that is under way: another branch
    /// failed, or the machine's own time was up.
    ///
    /// The invocation goes on, as a real one does: it is driven to its end beside the states that
    /// follow, its result is discarded, it is not retried, and [`Machine::execute`] answers only
    /// when it too has ended (each is bounded by its time-out).
    ///
    /// [`Machine::execute`]: crate::Machine::execute
    fn abandoned(&self, state: &str) {
        let _ = state;
    }

    /// The execution has ended; abandoned invocations may still be under way.
    fn ended(&self, end: &End) {
        let _ = end;
    }

    /// Answers once `limit` has passed since the execution began: the machine's `TimeoutSeconds`.
    ///
    /// Asked once, and only if the definition has a limit. Kept as it is, it never answers, and
    /// the host thereby does not hold the machine's limit.
    async fn time_limit(&self, limit: Duration) {
        let _ = limit;
        std::future::pending::<()>().await;
    }
}

/// One invocation of one function.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The Task state that calls.
    pub state: String,
    /// `FunctionName` as it stands in the definition, placeholders and all.
    pub function: String,
    /// What the function is given.
    pub payload: Arc<Value>,
    /// The Task's `TimeoutSeconds`, to be held by the host.
    pub timeout: Duration,
    /// 1 the first time in this visit of the state, one more for each retry.
    pub attempt: u32,
}

/// A failure as Step Functions names it: what Retry and Catch compare, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The error name, such as `Throttled` or `States.Timeout`.
    pub error: String,
    /// For a function's own error the JSON text that the function answered.
    pub cause: String,
}

impl Failure {
    /// A failure with a name and a cause.
    pub fn new(error: impl Into<String>, cause: impl Into<String>) -> Self {
        Self { error: error.into(), cause: cause.into() }
    }

    /// The failure that the service makes of a function's error answer
    /// (`{"errorType": …, "errorMessage": …}`): the type is the name, the whole is the cause.
    pub fn of_function(answer: &Value) -> Self {
        let name = answer.get("errorType").and_then(Value::as_str).filter(|name| !name.is_empty());
        Self::new(name.unwrap_or("Lambda.Unknown"), answer.to_string())
    }

    /// The failure of a call that took longer than the Task allows.
    pub fn timeout(call: &Call) -> Self {
        let seconds = call.timeout.as_secs();
        Self::new(TIMEOUT, format!("no answer from {} within {seconds} s", call.function))
    }

    /// A failure that ends the execution, whatever Retry and Catch say.
    pub(crate) fn runtime(state: &str, what: impl fmt::Display) -> Self {
        Self::new(RUNTIME, format!("An error occurred while executing the state '{state}'. {what}"))
    }

    /// Whether nothing can catch it.
    pub(crate) fn is_terminal(&self) -> bool {
        self.error == RUNTIME
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.error, self.cause)
    }
}

impl std::error::Error for Failure {}

/// Who executes: what the context object `$$` tells of it. The input is given apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Execution {
    /// `$$.Execution.Id`, the execution's ARN.
    pub id: String,
    /// `$$.Execution.Name`.
    pub name: String,
    /// `$$.Execution.StartTime`, RFC 3339.
    pub start_time: String,
    /// `$$.StateMachine.Id`, the machine's ARN; `$$.StateMachine.Name` is what follows its last
    /// colon.
    pub state_machine: String,
}

/// How an execution ended.
#[derive(Clone, Debug, PartialEq)]
pub enum End {
    /// A Succeed state, or a state with `"End": true`, was left with this output.
    Succeeded(Value),
    /// A Fail state was entered, or an error was not caught. The service's own status for the
    /// machine's time limit, timed out, is here the error `States.Timeout`.
    Failed {
        /// The error name.
        error: String,
        /// Why.
        cause: String,
    },
}

impl From<Result<Value, Failure>> for End {
    fn from(result: Result<Value, Failure>) -> Self {
        match result {
            Ok(output) => Self::Succeeded(output),
            Err(Failure { error, cause }) => Self::Failed { error, cause },
        }
    }
}
