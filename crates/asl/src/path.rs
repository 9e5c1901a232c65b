//! Reference paths: `$.a.b`, `$['a'][0].b`, `$$.Execution.Name`; and where a result is put.

use std::borrow::Cow;
use std::fmt;

use serde_json::{Map, Value};

use crate::host::{Execution, Failure};

/// A path that names at most one value of a state's input or of the context object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    root: Root,
    steps: Vec<Step>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Root {
    Input,
    Context,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Field(String),
    Index(usize),
}

/// What paths are resolved against, beside the data at hand.
pub(crate) struct Context<'a> {
    pub(crate) execution: &'a Execution,
    pub(crate) input: &'a Value,
    pub(crate) state: &'a str,
}

impl Path {
    /// `$`: all of the input.
    pub fn whole() -> Self {
        Self { root: Root::Input, steps: Vec::new() }
    }

    /// Whether it is `$`.
    pub(crate) fn is_whole(&self) -> bool {
        self.root == Root::Input && self.steps.is_empty()
    }

    /// Reads a path, or says why it is none of the subset.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.starts_with("States.") {
            return Err(format!("{text:?} is an intrinsic function, which is not in the subset"));
        }
        let (root, rest) = match text.strip_prefix("$$") {
            Some(rest) => (Root::Context, rest),
            None => match text.strip_prefix('$') {
                Some(rest) => (Root::Input, rest),
                None => return Err(format!("{text:?} is not a path: it must begin with $ or $$")),
            },
        };
        let path = Self { root, steps: steps(text, rest)? };
        if root == Root::Context && path.context_field().is_none() {
            return Err(format!(
                "{text:?} is not in the subset: of the context object only Execution.Id, \
                 Execution.Name, Execution.StartTime, Execution.Input, State.Name, \
                 StateMachine.Id and StateMachine.Name are"
            ));
        }
        Ok(path)
    }

    /// Whether the path starts at the context object.
    pub fn is_context(&self) -> bool {
        self.root == Root::Context
    }

    /// The first field that the path goes through, if its first step is a field of the input.
    pub fn first_field(&self) -> Option<&str> {
        match (self.root, self.steps.first()) {
            (Root::Input, Some(Step::Field(name))) => Some(name),
            (Root::Input | Root::Context, _) => None,
        }
    }

    /// The value of `data` that the path names; a context path needs an execution to resolve.
    pub fn of<'v>(&self, data: &'v Value) -> Option<&'v Value> {
        match self.root {
            Root::Input => walk(&self.steps, data),
            Root::Context => None,
        }
    }

    pub(crate) fn resolve<'v>(
        &self,
        data: &'v Value,
        context: &Context<'v>,
    ) -> Option<Cow<'v, Value>> {
        if self.root == Root::Input {
            return walk(&self.steps, data).map(Cow::Borrowed);
        }
        let execution = context.execution;
        let text = match self.context_field()? {
            ContextField::Input => {
                return walk(self.steps.get(2..)?, context.input).map(Cow::Borrowed);
            }
            ContextField::Id => &execution.id,
            ContextField::Name => &execution.name,
            ContextField::StartTime => &execution.start_time,
            ContextField::State => context.state,
            ContextField::Machine => &execution.state_machine,
            ContextField::MachineName => {
                execution.state_machine.rsplit(':').next().unwrap_or_default()
            }
        };
        Some(Cow::Owned(Value::from(text)))
    }

    fn context_field(&self) -> Option<ContextField> {
        let mut names = self.steps.iter().map(|step| match step {
            Step::Field(name) => name.as_str(),
            Step::Index(_) => "",
        });
        let field = match (names.next()?, names.next()?) {
            ("Execution", "Input") => return Some(ContextField::Input),
            ("Execution", "Id") => ContextField::Id,
            ("Execution", "Name") => ContextField::Name,
            ("Execution", "StartTime") => ContextField::StartTime,
            ("State", "Name") => ContextField::State,
            ("StateMachine", "Id") => ContextField::Machine,
            ("StateMachine", "Name") => ContextField::MachineName,
            (_, _) => return None,
        };
        names.next().is_none().then_some(field)
    }
}

/// The parts of the context object that are in the subset.
enum ContextField {
    Input,
    Id,
    Name,
    StartTime,
    State,
    Machine,
    MachineName,
}

fn walk<'v>(steps: &[Step], data: &'v Value) -> Option<&'v Value> {
    steps.iter().try_fold(data, |value, step| match step {
        Step::Field(name) => value.as_object()?.get(name),
        Step::Index(index) => value.as_array()?.get(*index),
    })
}

/// Reads what follows the root. Names are letters, digits, `_` and `-`; quoted, anything but a
/// quote or a backslash. Each other sign is a wildcard, a slice, a filter or a mistake.
fn steps(text: &str, mut rest: &str) -> Result<Vec<Step>, String> {
    let mut steps = Vec::new();
    while !rest.is_empty() {
        let (step, after) = if let Some(name) = rest.strip_prefix('.') {
            plain(name)
        } else if let Some(quoted) = rest.strip_prefix("['") {
            quoted_name(quoted)
        } else if let Some(number) = rest.strip_prefix('[') {
            number
                .split_once(']')
                .filter(|(digits, _)| !digits.is_empty() && digits.bytes().all(is_digit))
                .and_then(|(digits, after)| Some((Step::Index(digits.parse().ok()?), after)))
        } else {
            None
        }
        .ok_or_else(|| {
            format!(
                "{text:?} is not a reference path of the subset ($.a.b, $['a'], $[0]): \
                 cannot read {rest:?}"
            )
        })?;
        steps.push(step);
        rest = after;
    }
    Ok(steps)
}

fn is_digit(byte: u8) -> bool {
    byte.is_ascii_digit()
}

fn plain(text: &str) -> Option<(Step, &str)> {
    let end = text
        .find(|sign: char| !(sign.is_ascii_alphanumeric() || sign == '_' || sign == '-'))
        .unwrap_or(text.len());
    let (name, after) = text.split_at(end);
    (!name.is_empty()).then(|| (Step::Field(name.to_owned()), after))
}

fn quoted_name(text: &str) -> Option<(Step, &str)> {
    let (name, after) = text.split_once("']")?;
    let fits = !name.is_empty() && !name.contains(['\'', '\\']);
    fits.then(|| (Step::Field(name.to_owned()), after))
}

impl fmt::Display for Path {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self.root {
            Root::Input => "$",
            Root::Context => "$$",
        })?;
        self.steps.iter().try_for_each(|step| match step {
            Step::Index(index) => write!(out, "[{index}]"),
            Step::Field(name) => match plain(name) {
                Some((_, "")) => write!(out, ".{name}"),
                Some(_) | None => write!(out, "['{name}']"),
            },
        })
    }
}

/// A ResultPath: where a result goes into the raw input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// `null`: the result is dropped and the raw input goes on.
    Nowhere,
    /// `$` (no names): the result replaces the input. `$.a.b`: it is put there.
    At(Vec<String>),
}

impl Place {
    /// Reads a ResultPath that is not null.
    pub fn parse(text: &str) -> Result<Self, String> {
        let path = Path::parse(text)?;
        if path.is_context() {
            return Err(format!("{text:?}: a result cannot be put into the context object"));
        }
        let names = path.steps.into_iter().map(|step| match step {
            Step::Field(name) => Ok(name),
            Step::Index(_) => {
                Err(format!("{text:?}: an index in a ResultPath is not in the subset"))
            }
        });
        names.collect::<Result<_, _>>().map(Self::At)
    }

    /// Puts the result into the raw input; fields on the way are made as needed.
    pub fn put(&self, mut raw: Value, result: Value) -> Result<Value, Failure> {
        let Self::At(names) = self else { return Ok(raw) };
        if names.is_empty() {
            return Ok(result);
        }
        self.fits(&raw)?;
        let mut slot = &mut raw;
        for name in names {
            let Some(object) = slot.as_object_mut() else { return Err(self.misfit("")) };
            // What is made here is an object, unless it is the last and gets the result.
            slot = object.entry(name.as_str()).or_insert_with(|| Value::Object(Map::new()));
        }
        *slot = result;
        Ok(raw)
    }

    /// Whether a result can be put into that input: everything on the way is an object, or not there.
    pub fn fits(&self, raw: &Value) -> Result<(), Failure> {
        let Self::At(names) = self else { return Ok(()) };
        let mut slot = Some(raw);
        for name in names {
            let Some(here) = slot else { break };
            let Some(object) = here.as_object() else {
                return Err(self.misfit(&format!(" {raw}")));
            };
            slot = object.get(name);
        }
        Ok(())
    }

    fn misfit(&self, input: &str) -> Failure {
        Failure::new(
            "States.ResultPathMatchFailure",
            format!("the ResultPath {self} does not fit the input{input}"),
        )
    }
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nowhere => out.write_str("null"),
            Self::At(names) => {
                let steps = names.iter().cloned().map(Step::Field).collect();
                Path { root: Root::Input, steps }.fmt(out)
            }
        }
    }
}
