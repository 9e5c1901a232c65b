//! Runs a handler under the Lambda runtime.

use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
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
/// so that reading it is the handler's and a wrong one is `InvalidInput`. A panic is answered like any
/// other error, by a name that the state machine knows: the runtime would report a Rust type's.
pub async fn run<H, F, T>(handle: H) -> Result<(), lambda_runtime::Error>
where
    H: Fn(Value, Call) -> F,
    F: Future<Output = Result<T, StepError>>,
    T: Serialize + fmt::Debug,
{
    let service = service_fn(|event: LambdaEvent<Value>| {
        let call = Call::of(&event.context);
        // Called inside, so that a panic before the first await is caught as well.
        let answered = caught(async { handle(event.payload, call).await });
        async move { answered.await.map_err(Thrown) }
    });
    lambda_runtime::run(service).await
}

/// The future's answer, or its panic as an error.
async fn caught<T>(work: impl Future<Output = Result<T, StepError>>) -> Result<T, StepError> {
    AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|panic| {
        let words = panic.downcast_ref::<&str>().map(|words| (*words).to_owned());
        let words = words.or_else(|| panic.downcast_ref::<String>().cloned());
        let words = words.unwrap_or_else(|| "it gave no reason".to_owned());
        tracing::error!(panic = %words, "the function broke");
        Err(StepError::broken(&words))
    })
}

/// Refuses every invocation with what is wrong with the settings: named, and not retried, where a
/// function that dies at its start would be retried without a word.
pub async fn refuse(problems: SettingsError) -> Result<(), lambda_runtime::Error> {
    let words = problems.to_string();
    tracing::error!(problems = %words, "refusing every call");
    run(|_, _| std::future::ready(Err::<(), _>(StepError::Refused(words.clone())))).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_an_error_with_a_name_of_ours() {
        let plain = caught::<()>(async { panic!("out of bounds") }).await.unwrap_err();
        let filled = caught::<()>(async { panic!("{} of 3", 7) }).await.unwrap_err();
        assert_eq!(plain, StepError::broken("out of bounds"));
        assert_eq!(filled, StepError::broken("7 of 3"));
        let diagnostic = lambda_runtime::Diagnostic::from(Thrown(plain));
        assert_eq!(diagnostic.error_type, "NeedsOperator");
        assert_eq!(caught(async { Ok(1) }).await, Ok(1));
    }
}
