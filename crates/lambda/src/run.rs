//! Runs a handler under the Lambda runtime.

use std::fmt;
use std::future::Future;

use lambda_runtime::{Context, LambdaEvent, service_fn};
use leeward_core::error::StepError;
use serde::Serialize;
use serde_json::Value;

use crate::{SettingsError, Thrown};

/// What the runtime knows of one invocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Request id: names the invocation in logs, and is the same when Lambda itself tries again.
    pub request_id: String,
    /// Trace id, if there is one.
    pub trace_id: Option<String>,
    /// ARN under which the function was called, alias included.
    pub function_arn: String,
    /// When the invocation ends, in milliseconds since the Unix epoch, by Lambda's clock.
    pub deadline_ms: u64,
}

impl Call {
    fn of(context: &Context) -> Self {
        Self {
            request_id: context.request_id.clone(),
            trace_id: context.xray_trace_id.clone(),
            function_arn: context.invoked_function_arn.clone(),
            deadline_ms: context.deadline,
        }
    }
}

/// Answers invocations with `handle` until the environment ends. The event arrives as plain JSON,
/// so that reading it is the handler's and a wrong one is `InvalidInput`. A panic stays a panic: the
/// runtime reports it under a name of its own, which the state machine's `States.ALL` catches.
pub async fn run<H, F, T>(handle: H) -> Result<(), lambda_runtime::Error>
where
    H: Fn(Value, Call) -> F,
    F: Future<Output = Result<T, StepError>>,
    T: Serialize + fmt::Debug,
{
    let service = service_fn(|event: LambdaEvent<Value>| {
        let call = Call::of(&event.context);
        let answered = handle(event.payload, call);
        async move { answered.await.map_err(Thrown) }
    });
    lambda_runtime::run(service).await
}

/// Refuses every invocation with what is wrong with the settings: named, and not retried, where a
/// function that dies at its start would be retried without a word.
pub async fn refuse(problems: SettingsError) -> Result<(), lambda_runtime::Error> {
    let words = problems.to_string();
    tracing::error!(problems = %words, "refusing every call");
    run(|_, _| std::future::ready(Err::<(), _>(StepError::Refused(words.clone())))).await
}
