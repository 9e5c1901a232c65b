//! Reads the rules of a Choice.

use std::cmp::Ordering;

use serde_json::Value;

use super::Log;
use super::fields::Fields;
use crate::rule::{Comparison, Rule, Test};

/// How a comparison's constant is read.
type Read = fn(&Value) -> Option<Comparison>;

/// The comparisons of the subset.
const COMPARISONS: [(&str, Read); 10] = [
    ("StringEquals", |raw| Some(Comparison::StringEquals(raw.as_str()?.to_owned()))),
    ("StringMatches", |raw| Some(Comparison::StringMatches(raw.as_str()?.to_owned()))),
    ("NumericEquals", |raw| numeric(raw, Ordering::Equal, false)),
    ("NumericLessThan", |raw| numeric(raw, Ordering::Less, false)),
    ("NumericLessThanEquals", |raw| numeric(raw, Ordering::Less, true)),
    ("NumericGreaterThan", |raw| numeric(raw, Ordering::Greater, false)),
    ("NumericGreaterThanEquals", |raw| numeric(raw, Ordering::Greater, true)),
    ("BooleanEquals", |raw| Some(Comparison::BooleanEquals(raw.as_bool()?))),
    ("IsPresent", |raw| Some(Comparison::IsPresent(raw.as_bool()?))),
    ("IsNull", |raw| Some(Comparison::IsNull(raw.as_bool()?))),
];

fn numeric(raw: &Value, order: Ordering, or_equal: bool) -> Option<Comparison> {
    Some(Comparison::Numeric { order, or_equal, constant: raw.as_f64()? })
}

/// Reads `Choices`: each rule and where it leads.
pub(super) fn rules(fields: &mut Fields<'_>, log: &Log) -> Option<Vec<(Rule, String)>> {
    let at = fields.at("Choices");
    let list = fields.need("Choices", Fields::list)?;
    let rules = list.iter().enumerate().map(|(index, raw)| {
        let mut fields = Fields::of(raw, &format!("{at}[{index}]"), log)?;
        fields.take("Comment");
        let next = fields.need("Next", Fields::text);
        let rule = rule(fields, log);
        Some((rule?, next?))
    });
    Some(rules.collect::<Vec<_>>().into_iter().flatten().collect())
}

fn nested(raw: &Value, at: &str, log: &Log) -> Option<Rule> {
    rule(Fields::of(raw, at, log)?, log)
}

fn rule(mut fields: Fields<'_>, log: &Log) -> Option<Rule> {
    let combiners = ["And", "Or", "Not", "Variable"];
    if combiners.iter().filter(|name| fields.has(name)).count() != 1 {
        fields.problem("a rule has exactly one of And, Or, Not and Variable");
    }
    let at = fields.at("Not");
    let rule = if let Some(raw) = fields.take("Not") {
        nested(raw, &at, log).map(|rule| Rule::Not(Box::new(rule)))
    } else if fields.has("And") {
        all(&mut fields, "And", log).map(Rule::And)
    } else if fields.has("Or") {
        all(&mut fields, "Or", log).map(Rule::Or)
    } else if fields.has("Variable") {
        test(&mut fields, log).map(Rule::Test)
    } else {
        None
    };
    fields.finish();
    rule
}

fn all(fields: &mut Fields<'_>, name: &'static str, log: &Log) -> Option<Vec<Rule>> {
    let at = fields.at(name);
    let list = fields.list(name)?;
    let rules: Vec<_> = (list.iter().enumerate())
        .map(|(index, raw)| nested(raw, &format!("{at}[{index}]"), log))
        .collect();
    rules.into_iter().collect()
}

fn test(fields: &mut Fields<'_>, log: &Log) -> Option<Test> {
    let variable = fields.path("Variable");
    let mut comparisons = Vec::new();
    for (name, read) in COMPARISONS {
        let Some(raw) = fields.take(name) else { continue };
        match read(raw) {
            Some(comparison) => comparisons.push(comparison),
            None => log.add(fields.at(name), format!("cannot be compared with {raw}")),
        }
    }
    let given = COMPARISONS.iter().filter(|(name, _)| fields.has(name)).count();
    if given != 1 {
        let names: Vec<_> = COMPARISONS.iter().map(|(name, _)| *name).collect();
        fields.problem(format!("exactly one comparison of {} is needed", names.join(", ")));
    }
    Some(Test { variable: variable?, comparison: comparisons.pop()? })
}
