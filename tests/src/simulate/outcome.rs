//! What a run shows: one seed or one vector in, violations and numbers out.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use leeward_core::contract::Mode;
use leeward_core::ids::{Direction, Side};
use leeward_core::journal::{End, State};
use leeward_core::limits::Limits;
use leeward_core::time::{Span, after, since};
use leeward_ports::fake::Happened;

use super::choices::Choices;
use super::forced::Forced;
use super::mended::OPENED;
use super::mix::Mix;
use super::pace::Pace;
use super::people::Verb;
use super::run::{Due, Run};
use super::setup::Setup;
use super::sites::{Caller, Tally};
use super::story::{Struck, story};
use crate::check::{Evidence, Violation, judge};

/// Longer than a database and its traffic take to come back after an undo.
const AFTERWARDS: Span = Span::minutes(5);

/// What one run has shown.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The seed that it was drawn from.
    pub seed: Option<u64>,
    /// Name of the plan.
    pub plan: String,
    /// Every decision: replays the run, at the same pace.
    pub vector: Vec<u32>,
    /// How fast it went.
    pub pace: Pace,
    /// What does not hold.
    pub violations: Vec<Violation>,
    /// What happened, when something does not hold.
    pub story: Vec<String>,
    /// Calls and faults.
    pub tally: Tally,
    /// Turns of each invocation, with who it was.
    pub turns: Vec<(Caller, u32)>,
    /// Generations that were opened.
    pub generations: u64,
    /// How the last of them ended.
    pub end: Option<End>,
    /// Which side served users last.
    pub served: Option<Side>,
    /// Virtual time that passed.
    pub lasted: Span,
    /// Polls of tasks.
    pub polls: u64,
    /// Real time that the run took, and that the checkers took.
    pub cost: (Duration, Duration),
}

/// Runs what a seed draws.
pub fn run_seed(setup: &Setup, seed: u64) -> Outcome {
    let forced = Forced { pace: Pace::of(seed), ..Forced::default() };
    let mut outcome = run(setup, Choices::seeded(seed), forced);
    outcome.seed = Some(seed);
    outcome
}

/// Runs a vector at that pace.
pub fn replay(setup: &Setup, vector: &[u32], pace: Pace) -> Outcome {
    run(setup, Choices::recorded(vector.to_vec()), Forced { pace, ..Forced::default() })
}

/// Runs choices, with some of them forced.
pub fn run(setup: &Setup, choices: Choices, forced: Forced) -> Outcome {
    play(setup, choices, forced).judged()
}

/// A run that is over and not judged yet.
pub struct Played {
    outcome: Outcome,
    evidence: Option<Evidence>,
    struck: Vec<Struck>,
}

impl Played {
    /// What every checker says of it.
    pub fn judged(self) -> Outcome {
        self.judged_and(|_| false)
    }

    /// The same, and what happened also where all checkers are content and `tell` wants to know.
    pub fn judged_and(self, tell: impl Fn(&Outcome) -> bool) -> Outcome {
        let mut outcome = self.outcome;
        let Some(evidence) = self.evidence else { return outcome };
        let served = evidence
            .happenings
            .iter()
            .rev()
            .map(|h| if let Happened::Served { by } = h.what { Some(by) } else { None });
        outcome.served = served.flatten().next().flatten();
        let begun = Instant::now();
        outcome.violations.extend(judge(&evidence));
        outcome.cost.1 = begun.elapsed();
        if !outcome.violations.is_empty() || tell(&outcome) {
            outcome.story = story(&evidence, &self.struck);
        }
        outcome
    }
}

/// Runs choices, with some of them forced, to the end.
pub fn play(setup: &Setup, choices: Choices, forced: Forced) -> Played {
    let begun = Instant::now();
    let mut run = Run::new(setup, choices, forced);
    let walked = catch_unwind(AssertUnwindSafe(|| walk(&mut run)));
    let violations = walked.unwrap_or_else(|panic| {
        let words = panic
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned()))
            .unwrap_or_default();
        vec![Violation { invariant: "panic", detail: words }]
    });
    let start = leeward_ports::fake::FakeClock::default().now();
    let mut common = run.shared.lock();
    let too_much = run.forced.partition.is_some() && run.generations() > 0;
    let outcome = Outcome {
        seed: None,
        plan: run.stack.prepared.name.clone(),
        vector: common.choices.take_vector(),
        pace: run.forced.pace,
        violations,
        story: if too_much { story(&evidence(&run), &run.log) } else { Vec::new() },
        tally: std::mem::take(&mut common.tally),
        turns: run.turns.clone(),
        generations: run.generations(),
        end: run.latest().and_then(|s| s.end.as_ref().map(|e| e.end)),
        served: None,
        lasted: since(start, run.stack.clock.now()),
        polls: run.polls,
        cost: (begun.elapsed(), Duration::ZERO),
    };
    // A short partition is judged by what it opened alone.
    let evidence = run.forced.partition.is_none().then(|| evidence(&run));
    drop(common);
    Played { outcome, evidence, struck: run.log }
}

/// Runs nothing but one short partition and gives how many generations it opened.
pub fn partition(setup: &Setup, seed: u64, lasts: Span) -> Outcome {
    let forced = Forced { partition: Some(lasts), ..Forced::default() };
    let mut outcome = run(setup, Choices::seeded(seed), forced);
    outcome.seed = Some(seed);
    if outcome.generations > 0 {
        let detail = format!("a partition of {lasts} opened {} generations", outcome.generations);
        outcome.violations.push(Violation { invariant: "partition", detail });
    }
    outcome
}

/// One or two acts, each healed; then the verdict.
fn walk(run: &mut Run<'_>) -> Vec<Violation> {
    if let Some(lasts) = run.forced.partition {
        // Until every alarm that it moved is quiet again.
        let until = after(run.now(), lasts.plus(Span::minutes(9)));
        run.go(until, |_| false);
        run.shared.count("partition of a minute");
        return Vec::new();
    }
    let mut violations = act(run);
    if violations.is_empty() && run.shared.choose(|c| c.below(5)) == 4 {
        violations = match run.second_act() {
            Ok(true) => act(run),
            Ok(false) => Vec::new(),
            Err(broken) => broken,
        };
    }
    if violations.is_empty() {
        violations = run.days_later();
    }
    if run.forced.only.is_some() && violations.is_empty() {
        // What was undone last serves users again only now.
        let until = after(run.now(), AFTERWARDS);
        run.go(until, |_| false);
        violations = run.settle();
    }
    run.stack.table.settle();
    run.stack.world.settle();
    run.met_habits();
    count_ends(run);
    violations
}

fn act(run: &mut Run<'_>) -> Vec<Violation> {
    let drawn = u64::from(run.shared.choose(|c| c.below(6)));
    // A recovery from the first sign to its end takes some ten minutes.
    let drawn = if run.forced.pace.fast { 10 + 2 * drawn } else { 8 + 6 * drawn };
    // What is forced alone is let to its own end.
    let minutes = if run.forced.only.is_some() { 90 } else { drawn };
    let until = after(run.now(), Span::minutes(minutes));
    if !run.go(until, |run| run.quiet()) {
        let detail = "it goes round and round".to_owned();
        return vec![Violation { invariant: "L4", detail }];
    }
    if run.forced.only.is_some() {
        // Somebody resumes it too early. Then the cause is mended, while the Region is as it was.
        let broken = run.too_early();
        if !broken.is_empty() {
            return broken;
        }
        run.forced.refuses = None;
        if run.generations() > 0 {
            run.shared.count(OPENED);
        }
        run.stack.mend();
        run.shared.lock().mix = Mix::default();
        // Without a lease nothing can be proven of a side that is silent: there a person waits for it.
        let databases = &run.stack.prepared.plan.databases;
        let provable = databases.iter().all(|d| !d.single_writer() || d.lease().is_some());
        let broken = if provable { run.settle() } else { Vec::new() };
        if !broken.is_empty() {
            return broken;
        }
    }
    run.heal();
    run.settle()
}

fn count_ends(run: &Run<'_>) {
    let name = match run.latest().as_deref().map(|s: &State| s.end.as_ref().map(|e| e.end)) {
        None => "run without a generation",
        Some(None) => "run whose last generation is open",
        Some(Some(End::Recovered)) => "run that ends Recovered",
        Some(Some(End::RolledBack)) => "run that ends RolledBack",
        Some(Some(End::Abandoned)) => "run that ends Abandoned",
    };
    run.shared.count(name);
}

fn evidence(run: &Run<'_>) -> Evidence {
    let stack = &run.stack;
    Evidence {
        plan: stack.prepared.plan.clone(),
        versions: stack.versions.iter().map(|v| (v.digest.clone(), v.plan.clone())).collect(),
        deceived: Some(stack.deceived.borrow().clone()),
        limits: Limits::REAL,
        happenings: stack.world.happenings(),
        calls: stack.world.calls(),
        writes: stack.table.writes(),
        items: stack.table.items(),
        delivered: stack.publisher.delivered(),
        system_topic: stack.detector.system_topic.clone(),
        honoured: true,
        // Everything has come to rest: who was not told yet never will be.
        patience: Span::default(),
        read: run.known.borrow().reads(),
        now: stack.clock.now(),
    }
}

impl Run<'_> {
    /// After a recovery: people look at it, make the old side a replica again, and start the way
    /// back, or go it by hand. `false`: there is nothing to go back from.
    fn second_act(&mut self) -> Result<bool, Vec<Violation>> {
        if !self.is_away() {
            return Ok(false);
        }
        self.stack.follow_standby();
        self.shared.count("way back after a recovery");
        self.plan_again();
        self.person(Verb::Acknowledge, false);
        // What came later stands last: recorded choices keep their meaning.
        let way = self.shared.choose(|c| c.below(5));
        let until = after(self.now(), Span::minutes(2));
        if way >= 3 && self.can_return() {
            self.due.retain(|_, due| !matches!(due, Due::Begins(_)));
            self.go(until, |_| false);
            let broken = self.home_by_hand();
            return if broken.is_empty() { Ok(true) } else { Err(broken) };
        }
        let mode = if way == 2 { Mode::Drill } else { Mode::Recover };
        self.go(until, |_| false);
        self.person(Verb::Start(mode, Direction::ToPrimary), false);
        Ok(true)
    }
}
