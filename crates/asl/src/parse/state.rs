//! Reads one state.

use std::time::Duration;

use serde_json::Value;

use super::fields::Fields;
use super::{Log, MOST_SECONDS, choice, handling, scope};
use crate::handling::Handling;
use crate::machine::{
    Choice, Fail, Filter, Kind, Length, Parallel, Pass, State, Task, Text, Then, Wait,
};
use crate::path::{Path, Place};
use crate::template::Template;

/// The one resource that a Task may name.
const RESOURCE: &str = "arn:aws:states:::lambda:invoke";

pub(super) fn read(name: &str, mut fields: Fields<'_>, log: &Log) -> Option<State> {
    fields.take("Comment");
    fields.only("QueryLanguage", "JSONPath");
    let kind = match fields.need("Type", Fields::text)?.as_str() {
        "Task" => task(&mut fields, log).map(Kind::Task),
        "Choice" => choice(&mut fields, log).map(Kind::Choice),
        "Wait" => wait(&mut fields).map(Kind::Wait),
        "Parallel" => parallel(&mut fields, log).map(Kind::Parallel),
        "Pass" => pass(&mut fields).map(Kind::Pass),
        "Succeed" => Some(Kind::Succeed),
        "Fail" => {
            let fail = fail(&mut fields, log).map(Kind::Fail);
            fields.finish();
            let whole = || Filter::At(Path::whole());
            return Some(State {
                name: name.to_owned(),
                input: whole(),
                output: whole(),
                kind: fail?,
            });
        }
        other => {
            log.add(fields.at("Type"), format!("{other} is not in the subset"));
            return None;
        }
    };
    let input = filter(&mut fields, "InputPath");
    let output = filter(&mut fields, "OutputPath");
    if let (Some(Kind::Task(task)), Some(output)) = (&kind, &output) {
        cut_down(task, output, &fields);
    }
    fields.finish();
    Some(State { name: name.to_owned(), input: input?, output: output?, kind: kind? })
}

fn filter(fields: &mut Fields<'_>, name: &'static str) -> Option<Filter> {
    if fields.has(name) && fields.take(name) == Some(&Value::Null) {
        return Some(Filter::Nothing);
    }
    if !fields.has(name) {
        fields.take(name);
        return Some(Filter::At(Path::whole()));
    }
    fields.path(name).map(Filter::At)
}

fn then(fields: &mut Fields<'_>) -> Option<Then> {
    let next = fields.text("Next");
    match fields.take("End") {
        None if fields.has("Next") => next.map(Then::Next),
        Some(Value::Bool(true)) if !fields.has("Next") => Some(Then::End),
        None | Some(_) => {
            fields.problem("needs either Next or \"End\": true");
            None
        }
    }
}

fn task(fields: &mut Fields<'_>, log: &Log) -> Option<Task> {
    if !fields.has("Resource") {
        fields.problem("Resource is missing");
    }
    fields.only("Resource", RESOURCE);
    let seconds = fields.need("TimeoutSeconds", |fields, name| fields.whole(name, 1, MOST_SECONDS));
    let at = fields.at("Parameters");
    let raw = fields.need("Parameters", Fields::take);
    let call = raw.and_then(|raw| parameters(Fields::of(raw, &at, log)?, log));
    let handling = handling::read(fields, log);
    let then = then(fields);
    let (function, payload) = call?;
    let timeout = Duration::from_secs(seconds?);
    Some(Task { function, payload, timeout, handling: handling?, then: then? })
}

fn parameters(mut fields: Fields<'_>, log: &Log) -> Option<(String, Template)> {
    let function = fields.need("FunctionName", Fields::text);
    if function.as_deref().is_some_and(|text| !substitutions_fit(text)) {
        let what = "a substitution is written ${Name}, of letters and digits";
        log.add(fields.at("FunctionName"), what);
    }
    let mut payload = None;
    for name in ["Payload", "Payload.$"] {
        let at = fields.at(name);
        if let Some(raw) = fields.take(name) {
            if payload.is_some() {
                fields.problem("Payload stands here with and without .$");
            }
            let field = Template::field(name, raw, &at, &mut |at, what| log.add(at, what));
            payload = Some(field.map(|(_, template)| template));
        }
    }
    if payload.is_none() {
        fields.problem("Payload is missing");
    }
    fields.finish();
    Some((function?, payload??))
}

fn substitutions_fit(text: &str) -> bool {
    text.split("${").skip(1).all(|part| {
        part.split_once('}').is_some_and(|(name, _)| {
            !name.is_empty() && name.chars().all(|sign| sign.is_ascii_alphanumeric())
        })
    })
}

/// The service adds metadata to a Lambda's result that is not modelled here; what leaves the state
/// must not hold it, or the machine would behave otherwise there.
fn cut_down(task: &Task, output: &Filter, fields: &Fields<'_>) {
    let Handling { selector, place, .. } = &task.handling;
    let modelled = |name: Option<&str>| matches!(name, Some("Payload" | "StatusCode"));
    let paths = selector.iter().flat_map(Template::paths);
    for path in paths.filter(|path| !path.is_context() && !modelled(path.first_field())) {
        fields.problem(format!(
            "ResultSelector takes {path}; of a Lambda's result only $.Payload and $.StatusCode \
             are in the subset"
        ));
    }
    let cut = match (selector, place, output) {
        (Some(_), _, _) | (_, Place::Nowhere, _) | (_, _, Filter::Nothing) => true,
        // A ResultSelector that could not be read has a problem of its own.
        (None, Place::At(names), Filter::At(path)) => {
            fields.has("ResultSelector") || (names.is_empty() && modelled(path.first_field()))
        }
    };
    if !cut {
        fields.problem(
            "lets the whole of a Lambda's result through, metadata of the service included; take \
             $.Payload by a ResultSelector, or by OutputPath without a ResultPath",
        );
    }
}

fn choice(fields: &mut Fields<'_>, log: &Log) -> Option<Choice> {
    let rules = choice::rules(fields, log);
    let default = fields.need("Default", Fields::text);
    Some(Choice { rules: rules?, default: default? })
}

fn wait(fields: &mut Fields<'_>) -> Option<Wait> {
    let fixed = fields.whole("Seconds", 0, MOST_SECONDS);
    let found = fields.path("SecondsPath");
    if fields.has("Seconds") == fields.has("SecondsPath") {
        fields.problem("needs either Seconds or SecondsPath");
    }
    let then = then(fields);
    let fixed = fixed.map(|seconds| Length::Fixed(Duration::from_secs(seconds)));
    Some(Wait { length: fixed.or(found.map(Length::At))?, then: then? })
}

fn parallel(fields: &mut Fields<'_>, log: &Log) -> Option<Parallel> {
    let at = fields.at("Branches");
    let raw = fields.need("Branches", Fields::list);
    let read = |(index, raw)| {
        let mut fields = Fields::of(raw, &format!("{at}[{index}]"), log)?;
        fields.take("Comment");
        scope(fields, log)
    };
    let branches = raw.into_iter().flatten().enumerate().filter_map(read).collect();
    let parameters = fields.template("Parameters");
    let handling = handling::read(fields, log);
    let then = then(fields);
    Some(Parallel { branches, parameters, handling: handling?, then: then? })
}

fn pass(fields: &mut Fields<'_>) -> Option<Pass> {
    let result = fields.take("Result").cloned();
    let parameters = fields.template("Parameters");
    let place = fields.place();
    let then = then(fields);
    Some(Pass { result, parameters, place: place?, then: then? })
}

fn fail(fields: &mut Fields<'_>, log: &Log) -> Option<Fail> {
    let error = either(fields, "Error", "ErrorPath");
    if let Some(Text::Given(name)) = &error
        && name.starts_with("States.")
    {
        log.add(fields.at("Error"), "names that begin with States. are the service's own");
    }
    let cause = either(fields, "Cause", "CausePath");
    Some(Fail { error: error?, cause: cause? })
}

/// A text or the path to one; with neither it is empty.
fn either(fields: &mut Fields<'_>, given: &'static str, found: &'static str) -> Option<Text> {
    let text = fields.text(given);
    let path = fields.path(found);
    match (fields.has(given), fields.has(found)) {
        (false, false) => Some(Text::Given(String::new())),
        (true, false) => text.map(Text::Given),
        (false, true) => path.map(Text::At),
        (true, true) => {
            fields.problem(format!("has both {given} and {found}"));
            None
        }
    }
}
