//! The rules of a Choice state.

use std::cmp::Ordering;

use serde_json::Value;

use crate::path::{Context, Path};

/// A test that a Choice makes of its input.
#[derive(Clone, Debug, PartialEq)]
pub enum Rule {
    /// All hold; the first that does not ends the test.
    And(Vec<Rule>),
    /// One holds; the first that does ends the test.
    Or(Vec<Rule>),
    /// The rule does not hold.
    Not(Box<Rule>),
    /// A variable compared with a constant.
    Test(Test),
}

/// A variable compared with a constant.
#[derive(Clone, Debug, PartialEq)]
pub struct Test {
    /// What is looked at.
    pub variable: Path,
    /// What must be true of it.
    pub comparison: Comparison,
}

/// The comparisons of the subset. A value of another type compares as false.
#[derive(Clone, Debug, PartialEq)]
pub enum Comparison {
    /// Equal, case and all.
    StringEquals(String),
    /// Equal to a pattern in which `*` stands for anything and `\*` for a star.
    StringMatches(String),
    /// A number equal to (`Equal`), below (`Less`) or above (`Greater`) the constant, or equal
    /// too where `or_equal` says so.
    Numeric {
        /// The wanted order of variable and constant.
        order: Ordering,
        /// Whether equality is good as well.
        or_equal: bool,
        /// The constant.
        constant: f64,
    },
    /// A boolean equal to the constant.
    BooleanEquals(bool),
    /// The path finds something, or (`false`) nothing.
    IsPresent(bool),
    /// What is found is null, or (`false`) is not.
    IsNull(bool),
}

impl Rule {
    /// Whether the rule holds, or the path that found nothing.
    pub(crate) fn holds(&self, data: &Value, context: &Context<'_>) -> Result<bool, &Path> {
        match self {
            Self::And(rules) => {
                for rule in rules {
                    if !rule.holds(data, context)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Self::Or(rules) => {
                for rule in rules {
                    if rule.holds(data, context)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Self::Not(rule) => rule.holds(data, context).map(|holds| !holds),
            Self::Test(test) => test.holds(data, context),
        }
    }

    /// Every test in the rule.
    pub fn tests(&self) -> Vec<&Test> {
        match self {
            Self::And(rules) | Self::Or(rules) => rules.iter().flat_map(Self::tests).collect(),
            Self::Not(rule) => rule.tests(),
            Self::Test(test) => vec![test],
        }
    }
}

impl Test {
    fn holds(&self, data: &Value, context: &Context<'_>) -> Result<bool, &Path> {
        let found = self.variable.resolve(data, context);
        if let Comparison::IsPresent(wanted) = self.comparison {
            return Ok(found.is_some() == wanted);
        }
        let value = found.ok_or(&self.variable)?;
        Ok(match &self.comparison {
            Comparison::StringEquals(text) => value.as_str() == Some(text),
            Comparison::StringMatches(pattern) => {
                value.as_str().is_some_and(|text| matches(pattern, text))
            }
            Comparison::Numeric { order, or_equal, constant } => {
                let found = value.as_f64().and_then(|number| number.partial_cmp(constant));
                found
                    .is_some_and(|found| found == *order || (*or_equal && found == Ordering::Equal))
            }
            Comparison::BooleanEquals(wanted) => value.as_bool() == Some(*wanted),
            Comparison::IsPresent(wanted) => *wanted,
            Comparison::IsNull(wanted) => value.is_null() == *wanted,
        })
    }
}

/// Whether the text fits the pattern. Its parts between stars are sought from left to right, the
/// first at the beginning and the last at the end.
fn matches(pattern: &str, text: &str) -> bool {
    let parts = parts(pattern);
    let [first, middle @ .., last] = parts.as_slice() else {
        return parts.first().is_some_and(|only| only == text);
    };
    let Some(mut rest) = text.strip_prefix(first.as_str()) else { return false };
    for part in middle {
        let Some(found) = rest.find(part.as_str()) else { return false };
        rest = &rest[found + part.len()..];
    }
    rest.ends_with(last.as_str())
}

/// The pattern's literal parts, split at its stars; a backslash takes the next sign as it is.
fn parts(pattern: &str) -> Vec<String> {
    let mut done = Vec::new();
    let mut part = String::new();
    let mut signs = pattern.chars();
    while let Some(sign) = signs.next() {
        match sign {
            '*' => done.push(std::mem::take(&mut part)),
            '\\' => part.extend(signs.next()),
            other => part.push(other),
        }
    }
    done.push(part);
    done
}
