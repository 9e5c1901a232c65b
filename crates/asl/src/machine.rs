//! A definition as read: states, their fields, and where each leads.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use crate::handling::Handling;
use crate::path::{Path, Place};
use crate::rule::Rule;
use crate::template::Template;

/// A definition that [`parse`](crate::parse) found whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Machine {
    /// The machine's own `TimeoutSeconds`; the host holds it ([`Host::time_limit`]).
    ///
    /// [`Host::time_limit`]: crate::Host::time_limit
    pub time_limit: Option<Duration>,
    /// The outermost states.
    pub top: Scope,
}

/// States that lead to each other: the machine's own, or one branch of a Parallel.
#[derive(Clone, Debug, PartialEq)]
pub struct Scope {
    /// The first state.
    pub start_at: String,
    /// The states by name.
    pub states: BTreeMap<String, State>,
}

/// One state.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// Unique in the whole machine.
    pub name: String,
    /// InputPath.
    pub input: Filter,
    /// OutputPath; not applied to what a Catch lets through.
    pub output: Filter,
    /// What the state does.
    pub kind: Kind,
}

/// An InputPath or OutputPath.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filter {
    /// `null`: an empty object.
    Nothing,
    /// The value at the path; `$` is the default.
    At(Path),
}

/// What a state does.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// Calls a function.
    Task(Task),
    /// Goes where the first rule that holds says.
    Choice(Choice),
    /// Lets time pass.
    Wait(Wait),
    /// Runs branches side by side.
    Parallel(Parallel),
    /// Makes data.
    Pass(Pass),
    /// Ends well.
    Succeed,
    /// Ends in failure.
    Fail(Fail),
}

/// Where a state leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Then {
    /// To another state of the same scope.
    Next(String),
    /// Out of the scope.
    End,
}

/// A Task: one Lambda invocation.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    /// FunctionName as written, placeholders and all.
    pub function: String,
    /// What the function is given.
    pub payload: Template,
    /// TimeoutSeconds.
    pub timeout: Duration,
    /// Result and errors.
    pub handling: Handling,
    /// Where it leads.
    pub then: Then,
}

/// A Choice.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// Rules and where they lead, in order.
    pub rules: Vec<(Rule, String)>,
    /// Where it leads if none holds.
    pub default: String,
}

/// A Wait.
#[derive(Clone, Debug, PartialEq)]
pub struct Wait {
    /// For how long.
    pub length: Length,
    /// Where it leads.
    pub then: Then,
}

/// How long a Wait takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Length {
    /// Seconds.
    Fixed(Duration),
    /// SecondsPath: whole seconds, found in the input.
    At(Path),
}

/// A Parallel.
#[derive(Clone, Debug, PartialEq)]
pub struct Parallel {
    /// Each branch gets the same input; the results are an array in this order.
    pub branches: Vec<Scope>,
    /// Parameters.
    pub parameters: Option<Template>,
    /// Result and errors.
    pub handling: Handling,
    /// Where it leads.
    pub then: Then,
}

/// A Pass.
#[derive(Clone, Debug, PartialEq)]
pub struct Pass {
    /// Result: if given, it stands for the input.
    pub result: Option<Value>,
    /// Parameters.
    pub parameters: Option<Template>,
    /// ResultPath.
    pub place: Place,
    /// Where it leads.
    pub then: Then,
}

/// A Fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fail {
    /// Error or ErrorPath.
    pub error: Text,
    /// Cause or CausePath.
    pub cause: Text,
}

/// A text given, or found in the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Text {
    /// Given; empty if the field is absent.
    Given(String),
    /// Found.
    At(Path),
}
