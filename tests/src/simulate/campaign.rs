//! Many runs, side by side on as many threads as are asked for.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use leeward_core::time::Span;

use super::counts::Counts;
use super::outcome::{Outcome, partition, run_seed};
use super::setup::Setup;
use super::shrink::shrink;
use super::sites::{Caller, Tally};

/// What to run.
#[derive(Debug, Clone, Copy)]
pub struct Order {
    /// The first seed; each run takes the next.
    pub first_seed: u64,
    /// How many runs.
    pub schedules: u64,
    /// On how many threads.
    pub threads: usize,
    /// No further runs after so many failures.
    pub failures_max: usize,
    /// Whether failures are made simple.
    pub shrinks: bool,
}

/// What many runs have shown.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// How many runs.
    pub schedules: u64,
    /// Calls, faults and everything else.
    pub tally: Tally,
    /// Runs in which something does not hold, by seed; made simple if that was asked for.
    pub failures: Vec<Outcome>,
    /// How long it took.
    pub took: Duration,
    /// Virtual time, in milliseconds.
    pub lasted_ms: u64,
    /// Polls of tasks.
    pub polls: u64,
    /// Generations that were opened.
    pub generations: u64,
    /// Real time of all threads that the runs took, and that the checkers took.
    pub cost: (Duration, Duration),
    /// Turns of invocations, by who was invoked.
    pub turns: Counts<Caller>,
}

/// Runs them.
pub fn campaign(setup: &Setup, order: &Order) -> Report {
    let mut report = many(order, &|seed| run_seed(setup, seed));
    if order.shrinks {
        report.failures = report.failures.iter().map(|f| shrink(setup, f)).collect();
    }
    report
}

/// Runs nothing but short partitions.
pub fn partitions(setup: &Setup, order: &Order, lasts: Span) -> Report {
    many(order, &|seed| partition(setup, seed, lasts))
}

pub(super) fn many(order: &Order, one: &(dyn Fn(u64) -> Outcome + Sync)) -> Report {
    let begun = Instant::now();
    let next = AtomicU64::new(order.first_seed);
    let enough = AtomicBool::new(false);
    let report = Mutex::new(Report::default());
    std::thread::scope(|scope| {
        for _ in 0..order.threads.max(1) {
            scope.spawn(|| {
                let mine = work(order, one, &next, &enough);
                report.lock().unwrap_or_else(PoisonError::into_inner).add(mine);
            });
        }
    });
    let mut report = report.into_inner().unwrap_or_else(PoisonError::into_inner);
    report.failures.sort_by_key(|f| f.seed);
    report.took = begun.elapsed();
    report
}

fn work(
    order: &Order,
    one: &(dyn Fn(u64) -> Outcome + Sync),
    next: &AtomicU64,
    enough: &AtomicBool,
) -> Report {
    let mut report = Report::default();
    while !enough.load(Ordering::Relaxed) {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed >= order.first_seed.saturating_add(order.schedules) {
            break;
        }
        let outcome = one(seed);
        report.take(outcome);
        if report.failures.len() >= order.failures_max {
            enough.store(true, Ordering::Relaxed);
        }
    }
    report
}

impl Report {
    fn take(&mut self, outcome: Outcome) {
        self.schedules += 1;
        self.tally.add(&outcome.tally);
        self.lasted_ms += outcome.lasted.as_millis();
        self.polls += outcome.polls;
        self.generations += outcome.generations;
        self.cost.0 += outcome.cost.0;
        self.cost.1 += outcome.cost.1;
        for (caller, turns) in &outcome.turns {
            self.turns.add(*caller, u64::from(*turns) + 1);
        }
        if !outcome.violations.is_empty() {
            self.failures.push(outcome);
        }
    }

    pub(super) fn add(&mut self, other: Self) {
        self.schedules += other.schedules;
        self.tally.add(&other.tally);
        self.lasted_ms += other.lasted_ms;
        self.polls += other.polls;
        self.generations += other.generations;
        self.cost.0 += other.cost.0;
        self.cost.1 += other.cost.1;
        self.turns.merge(&other.turns);
        self.failures.extend(other.failures);
    }

    /// What a schedule costs, and where the time goes.
    pub fn each(&self) -> String {
        let runs = self.schedules.max(1) as f64;
        let (walked, judged) = (self.cost.0.as_secs_f64(), self.cost.1.as_secs_f64());
        let calls = self.tally.calls.all();
        let share = |part: f64, whole: f64| 100.0 * part / whole.max(f64::EPSILON);
        let mut text = format!(
            "a schedule takes {:.2} ms of a thread ({:.0} % of it judged): {:.0} virtual minutes, {:.0} calls, {:.0} polls; of its turns",
            1000.0 * (walked + judged) / runs,
            share(judged, walked + judged),
            self.lasted_ms as f64 / runs / 60_000.0,
            calls as f64 / runs,
            self.polls as f64 / runs,
        );
        let all = self.turns.all();
        for (caller, turns) in self.turns.sorted() {
            text.push_str(&format!(" {caller} {:.0} %", share(turns as f64, all as f64)));
        }
        text
    }

    /// Schedules a second.
    pub fn rate(&self) -> f64 {
        self.schedules as f64 / self.took.as_secs_f64().max(f64::EPSILON)
    }
}

impl Outcome {
    /// A failure for the person who looks into it: how to replay it, what broke, what happened.
    pub fn told(&self) -> String {
        let seed = self.seed.map_or("none (a vector)".to_owned(), |s| s.to_string());
        let mut text = format!("seed {seed}, plan: {}\n", self.plan);
        for violation in &self.violations {
            text.push_str(&format!("  {} {}\n", violation.invariant, violation.detail));
        }
        text.push_str(&format!("vector of {}: {:?}\n", self.vector.len(), self.vector));
        for line in &self.story {
            text.push_str(&format!("  {line}\n"));
        }
        text
    }
}
