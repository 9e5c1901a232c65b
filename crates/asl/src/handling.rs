//! What becomes of a result and of an error: ResultSelector, ResultPath, Retry and Catch.

use std::time::Duration;

use crate::host::{Failure, TIMEOUT};
use crate::path::Place;
use crate::template::Template;

/// The wildcard for every error that can be caught at all.
pub(crate) const ALL: &str = "States.ALL";
/// The wildcard for every error but a time-out.
pub(crate) const TASK_FAILED: &str = "States.TaskFailed";
/// The longest pause that the language can express, in seconds.
const LONGEST_PAUSE: f64 = 99_999_999.0;

/// What a Task or a Parallel does with its result and its errors.
#[derive(Clone, Debug, PartialEq)]
pub struct Handling {
    /// ResultSelector.
    pub selector: Option<Template>,
    /// ResultPath.
    pub place: Place,
    /// Retry, in order.
    pub retry: Vec<Retrier>,
    /// Catch, in order.
    pub catch: Vec<Catcher>,
}

/// One entry of Retry.
#[derive(Clone, Debug, PartialEq)]
pub struct Retrier {
    /// ErrorEquals.
    pub errors: Vec<String>,
    /// IntervalSeconds: the first pause.
    pub interval: Duration,
    /// MaxAttempts: how many retries, the first attempt not counted.
    pub max_attempts: u32,
    /// BackoffRate: by what each further pause is multiplied.
    pub backoff_rate: f64,
    /// MaxDelaySeconds: no pause is longer.
    pub max_delay: Option<Duration>,
    /// JitterStrategy.
    pub jitter: Jitter,
}

/// Whether the pauses before retries are spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jitter {
    /// As computed.
    None,
    /// Anything between nothing and what was computed; the host chooses.
    Full,
}

/// One entry of Catch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Catcher {
    /// ErrorEquals.
    pub errors: Vec<String>,
    /// Where `{"Error", "Cause"}` is put into the state's raw input.
    pub place: Place,
    /// The state that goes on.
    pub next: String,
}

impl Retrier {
    /// The pause before the retry that follows `spent` earlier ones, before jitter.
    pub fn pause(&self, spent: u32) -> Duration {
        let factor = self.backoff_rate.powi(i32::try_from(spent).unwrap_or(i32::MAX));
        let seconds = (self.interval.as_secs_f64() * factor).min(LONGEST_PAUSE);
        let pause = Duration::from_secs_f64(seconds);
        self.max_delay.map_or(pause, |longest| pause.min(longest))
    }
}

impl Handling {
    /// The retrier that answers for the failure: the first that names it. When its attempts are
    /// spent the failure goes to Catch; later retriers are not asked.
    pub(crate) fn retrier(&self, failure: &Failure) -> Option<(usize, &Retrier)> {
        self.retry.iter().enumerate().find(|(_, retrier)| names(&retrier.errors, failure))
    }

    /// The first catcher that names the failure.
    pub(crate) fn catcher(&self, failure: &Failure) -> Option<&Catcher> {
        self.catch.iter().find(|catcher| names(&catcher.errors, failure))
    }

    /// How often the state may be tried again in one visit, if each retrier is used up.
    pub fn most_retries(&self) -> u64 {
        self.retry.iter().map(|retrier| u64::from(retrier.max_attempts)).sum()
    }
}

fn names(errors: &[String], failure: &Failure) -> bool {
    !failure.is_terminal()
        && errors.iter().any(|name| match name.as_str() {
            ALL => true,
            TASK_FAILED => failure.error != TIMEOUT,
            name => name == failure.error,
        })
}
