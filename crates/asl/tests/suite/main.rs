//! The interpreter, end to end: definitions in, problems or executions out.
#![expect(clippy::expect_used, clippy::panic, reason = "all of this crate is a test")]

mod events;
mod execute;
mod handling;
mod inspect;
mod parallel;
mod paths;
mod refusals;
mod world;

use serde_json::{Value, json};

/// A whole Task with what the case is about laid over it.
fn task(over: Value) -> Value {
    over_laid(
        json!({
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Parameters": {"FunctionName": "${Work}", "Payload.$": "$"},
            "ResultSelector": {"status.$": "$.Payload.status"},
            "TimeoutSeconds": 60
        }),
        over,
    )
}

/// The fields of `over` replace those of `base`.
fn over_laid(mut base: Value, over: Value) -> Value {
    let Value::Object(over) = over else { panic!("an object is laid over") };
    let fields = base.as_object_mut().expect("an object");
    fields.extend(over);
    base
}

/// A machine that starts with the state `A`.
fn machine(states: Value) -> Value {
    json!({"StartAt": "A", "States": states})
}
