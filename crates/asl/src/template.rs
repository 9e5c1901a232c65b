//! Payload templates: Parameters, ResultSelector and a Task's Payload.

use serde_json::{Map, Value};

use crate::path::{Context, Path};

/// JSON in which fields named `….$` are filled from paths.
#[derive(Clone, Debug, PartialEq)]
pub enum Template {
    /// A literal: string, number, boolean or null.
    Literal(Value),
    /// A value taken from the input or the context object.
    Path(Path),
    /// Each element is a template.
    Array(Vec<Template>),
    /// Each field is a template; names stand without their `.$`.
    Object(Vec<(String, Template)>),
}

impl Template {
    /// Reads a template; `problem` is told the place and the fault of each bad field.
    pub(crate) fn read(raw: &Value, at: &str, problem: &mut dyn FnMut(String, String)) -> Self {
        match raw {
            Value::Object(fields) => {
                let read = |(name, value): (&String, &Value)| {
                    Self::field(name, value, &format!("{at}.{name}"), problem)
                };
                let fields: Vec<_> = fields.iter().filter_map(read).collect();
                for (index, (name, _)) in fields.iter().enumerate() {
                    if fields[..index].iter().any(|(other, _)| other == name) {
                        problem(at.to_owned(), format!("{name:?} stands here with and without .$"));
                    }
                }
                Self::Object(fields)
            }
            Value::Array(items) => Self::Array(
                (items.iter().enumerate())
                    .map(|(index, item)| Self::read(item, &format!("{at}[{index}]"), problem))
                    .collect(),
            ),
            Value::String(_) | Value::Number(_) | Value::Bool(_) | Value::Null => {
                Self::Literal(raw.clone())
            }
        }
    }

    /// Reads one field of an object.
    pub(crate) fn field(
        name: &str,
        value: &Value,
        at: &str,
        problem: &mut dyn FnMut(String, String),
    ) -> Option<(String, Self)> {
        let Some(plain) = name.strip_suffix(".$") else {
            return Some((name.to_owned(), Self::read(value, at, problem)));
        };
        let path = match value.as_str() {
            Some(text) => Path::parse(text),
            None => Err("a field whose name ends in .$ must hold a path".to_owned()),
        };
        match path {
            Ok(path) => Some((plain.to_owned(), Self::Path(path))),
            Err(what) => {
                problem(at.to_owned(), what);
                None
            }
        }
    }

    /// Every path in the template.
    pub fn paths(&self) -> Vec<&Path> {
        match self {
            Self::Literal(_) => Vec::new(),
            Self::Path(path) => vec![path],
            Self::Array(items) => items.iter().flat_map(Self::paths).collect(),
            Self::Object(fields) => fields.iter().flat_map(|(_, field)| field.paths()).collect(),
        }
    }

    /// Fills the template, or answers the path that found nothing.
    pub(crate) fn fill(&self, data: &Value, context: &Context<'_>) -> Result<Value, &Path> {
        match self {
            Self::Literal(value) => Ok(value.clone()),
            Self::Path(path) => {
                path.resolve(data, context).map(|found| found.into_owned()).ok_or(path)
            }
            Self::Array(items) => {
                let items: Result<_, _> =
                    items.iter().map(|item| item.fill(data, context)).collect();
                items.map(Value::Array)
            }
            Self::Object(fields) => {
                let filled = fields
                    .iter()
                    .map(|(name, field)| Ok((name.clone(), field.fill(data, context)?)));
                filled.collect::<Result<Map<_, _>, _>>().map(Value::Object)
            }
        }
    }
}
