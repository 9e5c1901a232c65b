//! What each kind of state does with its input.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::try_join_all;
use serde_json::{Map, Value, json};

use super::Run;
use crate::events::{ATTEMPT_ENDED, PARALLEL_STARTED, TASK_STARTED};
use crate::handling::{Handling, Jitter};
use crate::host::{Call, Failure};
use crate::machine::{
    Choice, Fail, Filter, Kind, Length, Parallel, Pass, State, Task, Text, Then, Wait,
};
use crate::template::Template;

/// The longest Wait of the service, in seconds.
const LONGEST_WAIT: u64 = 99_999_999;

/// The state that follows, if any, and its input.
type Left<'s> = (Option<&'s str>, Value);

impl Run<'_> {
    pub(super) async fn visit<'s>(
        &self,
        state: &'s State,
        raw: Value,
    ) -> Result<Left<'s>, Failure> {
        let next = match &state.kind {
            Kind::Task(task) => {
                return self.attempts(state, &task.handling, &task.then, raw).await;
            }
            Kind::Parallel(parallel) => {
                return self.attempts(state, &parallel.handling, &parallel.then, raw).await;
            }
            Kind::Pass(pass) => return self.pass(state, pass, raw),
            Kind::Fail(fail) => return Err(self.failure(state, fail, &raw)?),
            Kind::Choice(choice) => Some(self.choose(state, choice, &raw)?),
            Kind::Wait(wait) => {
                self.wait(state, wait, &raw).await?;
                target(&wait.then)
            }
            Kind::Succeed => None,
        };
        Ok((next, self.through(state, raw)?))
    }

    /// What is left of its input by a state that makes nothing of it.
    fn through(&self, state: &State, raw: Value) -> Result<Value, Failure> {
        if is_whole(&state.input) && is_whole(&state.output) {
            return Ok(raw);
        }
        self.output(state, self.filter(state, &state.input, &raw)?)
    }

    /// Tries a Task or a Parallel until it succeeds or its failure is caught or passed on.
    async fn attempts<'s>(
        &self,
        state: &'s State,
        handling: &'s Handling,
        then: &'s Then,
        raw: Value,
    ) -> Result<Left<'s>, Failure> {
        // Each retrier has a count of its own, fresh at each visit of the state.
        let mut spent = vec![0; handling.retry.len()];
        let mut attempt = 1;
        loop {
            let failure = match self.attempt(state, handling, &raw, attempt).await {
                Ok(result) if is_whole(&state.output) => {
                    return Ok((target(then), handling.place.put(raw, result)?));
                }
                Ok(result) => {
                    let whole = handling.place.put(raw.clone(), result);
                    match whole.and_then(|whole| self.output(state, Cow::Owned(whole))) {
                        Ok(output) => return Ok((target(then), output)),
                        Err(failure) => failure,
                    }
                }
                Err(failure) => failure,
            };
            if let Some((index, retrier)) = handling.retrier(&failure)
                && let Some(count) = spent.get_mut(index)
                && *count < retrier.max_attempts
            {
                let mut pause = retrier.pause(*count);
                if retrier.jitter == Jitter::Full {
                    pause = self.host.jitter(pause).min(pause);
                }
                *count += 1;
                attempt += 1;
                self.host.wait(&state.name, pause).await;
                continue;
            }
            let Some(catcher) = handling.catcher(&failure) else { return Err(failure) };
            let caught = json!({"Error": failure.error, "Cause": failure.cause});
            return Ok((Some(&catcher.next), catcher.place.put(raw, caught)?));
        }
    }

    /// One attempt, from the raw input to a result that fits where it is put.
    async fn attempt(
        &self,
        state: &State,
        handling: &Handling,
        raw: &Value,
        attempt: u32,
    ) -> Result<Value, Failure> {
        let data = self.filter(state, &state.input, raw)?;
        let result = match &state.kind {
            Kind::Task(task) => self.call(state, task, &data, attempt).await?,
            Kind::Parallel(parallel) => self.fork(state, parallel, data.into_owned()).await?,
            Kind::Choice(_) | Kind::Wait(_) | Kind::Pass(_) | Kind::Succeed | Kind::Fail(_) => {
                data.into_owned()
            }
        };
        let result = match &handling.selector {
            Some(selector) => self.fill(state, selector, &result)?,
            None => result,
        };
        handling.place.fits(raw)?;
        Ok(result)
    }

    async fn call(
        &self,
        state: &State,
        task: &Task,
        data: &Value,
        attempt: u32,
    ) -> Result<Value, Failure> {
        let call = Call {
            state: state.name.clone(),
            function: task.function.clone(),
            payload: Arc::new(self.fill(state, &task.payload, data)?),
            timeout: task.timeout,
            attempt,
        };
        self.count(TASK_STARTED, state)?;
        let answer = self.flights.start(self.host, call).await;
        self.count(ATTEMPT_ENDED, state)?;
        let mut result = Map::new();
        result.insert("ExecutedVersion".to_owned(), "$LATEST".into());
        result.insert("Payload".to_owned(), answer?);
        result.insert("StatusCode".to_owned(), 200.into());
        Ok(Value::Object(result))
    }

    /// Runs the branches side by side; the first that fails ends the state, and what the others
    /// are calling is abandoned.
    async fn fork(
        &self,
        state: &State,
        parallel: &Parallel,
        data: Value,
    ) -> Result<Value, Failure> {
        let input = match &parallel.parameters {
            Some(parameters) => self.fill(state, parameters, &data)?,
            None => data,
        };
        self.count(PARALLEL_STARTED, state)?;
        let branches = parallel.branches.iter().map(|scope| self.branch(scope, input.clone()));
        let joined = try_join_all(branches).await;
        self.flights.tell(self.host);
        self.count(ATTEMPT_ENDED, state)?;
        joined.map(Value::Array)
    }

    fn choose<'s>(
        &self,
        state: &'s State,
        choice: &'s Choice,
        raw: &Value,
    ) -> Result<&'s str, Failure> {
        let data = self.filter(state, &state.input, raw)?;
        let context = self.context(state);
        let mut next = &choice.default;
        for (rule, target) in &choice.rules {
            let holds = rule.holds(&data, &context).map_err(|path| {
                let what = "The choice state's condition path references an invalid value.";
                Failure::runtime(&state.name, format!("Invalid path '{path}': {what}"))
            })?;
            if holds {
                next = target;
                break;
            }
        }
        Ok(next)
    }

    async fn wait(&self, state: &State, wait: &Wait, raw: &Value) -> Result<(), Failure> {
        let data = self.filter(state, &state.input, raw)?;
        let length = match &wait.length {
            Length::Fixed(length) => *length,
            Length::At(path) => {
                let found = path.resolve(&data, &self.context(state));
                let seconds = found.as_ref().and_then(|value| value.as_u64());
                let fits = seconds.filter(|seconds| *seconds <= LONGEST_WAIT);
                Duration::from_secs(fits.ok_or_else(|| {
                    let found = found.map_or("nothing".to_owned(), |value| value.to_string());
                    let what = format!("must find whole seconds up to {LONGEST_WAIT}");
                    Failure::runtime(
                        &state.name,
                        format!("The SecondsPath '{path}' {what}, found {found} in {data}."),
                    )
                })?)
            }
        };
        self.host.wait(&state.name, length).await;
        Ok(())
    }

    fn pass<'s>(&self, state: &'s State, pass: &'s Pass, raw: Value) -> Result<Left<'s>, Failure> {
        let data = self.filter(state, &state.input, &raw)?;
        let result = match (&pass.result, &pass.parameters) {
            (result, Some(parameters)) => {
                let filled = self.fill(state, parameters, &data)?;
                result.clone().unwrap_or(filled)
            }
            (Some(result), None) => result.clone(),
            (None, None) => data.into_owned(),
        };
        let output = pass.place.put(raw, result)?;
        Ok((target(&pass.then), self.output(state, Cow::Owned(output))?))
    }

    /// The failure that a Fail state stands for; the error, one met on the way to it.
    fn failure(&self, state: &State, fail: &Fail, raw: &Value) -> Result<Failure, Failure> {
        let text = |text: &Text| match text {
            Text::Given(text) => Ok(text.clone()),
            Text::At(path) => {
                let found = path.resolve(raw, &self.context(state));
                let found = found.as_ref().and_then(|value| value.as_str()).map(str::to_owned);
                found.ok_or_else(|| {
                    Failure::runtime(&state.name, format!("'{path}' finds no text in {raw}."))
                })
            }
        };
        Ok(Failure::new(text(&fail.error)?, text(&fail.cause)?))
    }

    /// What a filter leaves of the data, which is not copied where it is a part of it.
    fn filter<'v>(
        &'v self,
        state: &'v State,
        filter: &Filter,
        data: &'v Value,
    ) -> Result<Cow<'v, Value>, Failure> {
        let Filter::At(path) = filter else { return Ok(Cow::Owned(Value::Object(Map::new()))) };
        path.resolve(data, &self.context(state)).ok_or_else(|| {
            Failure::runtime(&state.name, format!("Invalid path '{path}': nothing in {data}."))
        })
    }

    /// What the state's output filter leaves.
    fn output(&self, state: &State, data: Cow<'_, Value>) -> Result<Value, Failure> {
        if is_whole(&state.output) {
            return Ok(data.into_owned());
        }
        Ok(self.filter(state, &state.output, &data)?.into_owned())
    }

    fn fill(&self, state: &State, template: &Template, data: &Value) -> Result<Value, Failure> {
        template.fill(data, &self.context(state)).map_err(|path| {
            let what = format!("The JSONPath '{path}' could not be found in the input '{data}'.");
            Failure::runtime(&state.name, what)
        })
    }
}

/// Whether a filter leaves all.
fn is_whole(filter: &Filter) -> bool {
    matches!(filter, Filter::At(path) if path.is_whole())
}

fn target(then: &Then) -> Option<&str> {
    match then {
        Then::Next(name) => Some(name),
        Then::End => None,
    }
}
