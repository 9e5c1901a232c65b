//! The interpreter of exactly the Amazon States Language that Leeward's recovery uses.
//!
//! One file, `statemachine/recovery.asl.json`, is deployed to Step Functions, executed by
//! `leeward run` and explored by the simulator. This crate reads that file, refuses whatever it
//! could not execute as the service does, and walks it against a [`Host`] that owns the world and
//! the clock. It stands on nothing else of Leeward.
//!
//! **In the subset**: JSONPath reference paths; Task (`arn:aws:states:::lambda:invoke` alone),
//! Choice, Wait, Parallel, Pass, Succeed, Fail; Retry and Catch; InputPath, Parameters,
//! ResultSelector, ResultPath, OutputPath; the context object's Execution, State.Name and
//! StateMachine.
//! **Refused by [`parse`]**, with the place: Map, JSONata, variables, intrinsic functions, nested
//! machines, task tokens, heartbeats, timestamps, wildcards and slices, every unknown field, a
//! target that does not exist, a state that nothing leads to or that leads to no end, a Task
//! without a time-out, a Choice without a Default, `States.ALL` that is not last and alone.
//!
//! **As the service does it**: a path that finds nothing, and a history that is full, end the
//! execution with `States.Runtime`, which no Retry and no Catch sees. A Parallel fails with the
//! error of its first failed branch, at once. A Lambda invocation is never torn out of the world:
//! see [`Host::abandoned`].
//! **Not modelled**: the 256 KiB limit on a state's data, and the metadata that the service adds
//! to a Lambda's result beside `Payload`, `StatusCode` and `ExecutedVersion` (a definition that
//! would let it through is refused).

mod events;
mod execute;
mod handling;
mod host;
mod inspect;
mod machine;
mod parse;
mod path;
mod rule;
mod template;

pub use events::EVENT_LIMIT;
pub use handling::{Catcher, Handling, Jitter, Retrier};
pub use host::{Call, End, Execution, Failure, Host};
pub use machine::{
    Choice, Fail, Filter, Kind, Length, Machine, Parallel, Pass, Scope, State, Task, Text, Then,
    Wait,
};
pub use parse::{Problem, parse};
pub use path::{Path, Place};
pub use rule::{Comparison, Rule, Test};
pub use template::Template;
