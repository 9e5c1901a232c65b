//! Every action refused until somebody mends the cause, before the commit, behind it and on the way back; every
//! call of the state table refused once; and a table that is ill for as long as the recovery takes.
//!
//! Where the cause is mended one word of a person has to lead to a good end (L5), and what the table says of
//! itself is no finding about the recovery: the next executor goes on (L3).

use std::collections::BTreeSet;
use std::fmt::Write as _;

use leeward_core::journal::{End, Fate};
use leeward_core::time::Span;
use leeward_ports::fake::RegionState;

use super::choices::Choices;
use super::faults::{Fault, Port};
use super::forced::{Forced, Refuses};
use super::mix::Mix;
use super::outcome::{Outcome, play};
use super::puts::Put;
use super::refusals::{ACTIONS, Refusal, Refused};
use super::run::Run;
use super::setup::Setup;

/// When an action begins to be refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum From {
    /// From the first instant on.
    Start,
    /// When the commit stands.
    Commit,
    /// When it has turned back.
    TurnedBack,
}

/// What refusing everywhere has shown.
#[derive(Debug, Clone, Default)]
pub struct Mended {
    /// How many runs there were.
    pub runs: u64,
    /// Those that met their refusal, as words.
    pub met: BTreeSet<String>,
    /// Runs in which something does not hold, or whose end is not a good one: what was refused, and the run.
    pub failures: Vec<(String, Outcome)>,
}

/// How long things take, before the choice of what launches at most: all as usual.
const USUAL: [u32; 14] = [0; 14];
/// The choice by which fewer instances launch than any plan needs.
const SHORT: u32 = 3;
/// The choice of how long a launch takes that is the longest.
const SLOW_LAUNCH: u32 = 2;
/// How often a call of a table that is ill goes wrong, in a thousand.
const HALF: u32 = 500;
/// What an ill table does to its calls.
const ILL: [Fault; 3] = [Fault::Throttle, Fault::ServerErrorAfter, Fault::NoDate];
/// How a table refuses a call: a permission, a signature, an item that is too big.
const TABLE: [Fault; 3] = [Fault::Denied, Fault::ExpiredToken, Fault::Validation];

impl Mended {
    fn take(&mut self, words: String, outcome: Outcome, forward: bool) {
        self.runs += 1;
        let bad = outcome.bad_end(forward);
        if !outcome.violations.is_empty() || bad.is_some() {
            self.failures.push((format!("{words}: {}", bad.unwrap_or_default()), outcome));
        }
    }

    /// Takes in others.
    pub fn add(&mut self, other: Self) {
        self.runs += other.runs;
        self.met.extend(other.met);
        self.failures.extend(other.failures);
    }

    /// What went wrong, for the person who looks into it.
    pub fn told(&self) -> String {
        let mut text = format!("{} runs\n", self.runs);
        for (words, outcome) in &self.failures {
            let _ = writeln!(text, "{words} {}", outcome.told());
        }
        text
    }
}

/// A recovery of that plan from a dead Region that stays dead, or comes back after `lasts`.
fn scene(setup: &Setup, vector: Vec<u32>, lasts: Option<Span>, forced: Forced) -> Outcome {
    let only = Some((RegionState::Dead, lasts));
    // A kill that never comes: no mishap is drawn.
    let forced = Forced { only, kill: Some((usize::MAX, 0)), ..forced };
    let outcome = play(setup, Choices::recorded(vector), forced);
    outcome.judged_and(|outcome| outcome.bad_end(false).is_some())
}

/// What a recovery is that is refused its actions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scene {
    /// Place of the plan.
    pub plan: u32,
    /// How long the Region is dead; `None`: it stays so.
    pub lasts: Option<Span>,
    /// There is too little capacity on the other side: it turns back behind its fence when its time is over.
    pub short: bool,
}

impl Scene {
    /// Recoveries of each shape (a lease, infrastructure fences, no single writer) from a Region that stays dead
    /// and from one that comes back, and one that has too little capacity to go on.
    pub fn all() -> Vec<Self> {
        let dead = |plan| Self { plan, lasts: None, short: false };
        let back = |plan, seconds| Self { lasts: Some(Span::seconds(seconds)), ..dead(plan) };
        let short = Self { short: true, ..back(0, 400) };
        vec![dead(0), dead(4), dead(6), back(0, 190), back(4, 300), back(6, 190), short]
    }

    fn go(self, setup: &Setup, forced: Forced) -> Outcome {
        let Self { plan, lasts, short } = self;
        let mut vector = vec![plan];
        if short {
            vector.push(1);
            vector.extend(USUAL);
            vector.push(SHORT);
        }
        scene(setup, vector, lasts, forced)
    }
}

/// Refuses each action that such a recovery asks for, each way, from each of these moments on.
pub fn refuse_everywhere(setup: &Setup, which: Scene) -> Mended {
    let lasts = which.lasts;
    let base = which.go(setup, Forced::default());
    let mut mended = Mended::default();
    let forward = lasts.is_none() && base.end == Some(End::Recovered);
    let actions: Vec<&'static str> = ACTIONS
        .iter()
        .map(|(name, _)| *name)
        .filter(|name| base.tally.calls.sites().any(|(_, operation)| operation == *name))
        .collect();
    mended.take("nothing".to_owned(), base, forward);
    for operation in actions {
        for refusal in Refusal::ALL {
            for from in [From::Start, From::Commit, From::TurnedBack] {
                let refused = Refused { operation, refusal };
                let forced =
                    Forced { refuses: Some(Refuses { refused, from }), ..Forced::default() };
                let outcome = which.go(setup, forced);
                let words = format!("{which:?}: {operation} {refusal:?} from {from:?} on");
                if outcome.tally.events.contains_key(REFUSED) {
                    mended.met.insert(format!("{operation} {from:?}"));
                }
                mended.take(words, outcome, forward);
            }
        }
    }
    mended
}

/// Refuses once each call of the table that a recovery of that plan comes to, in each of these ways.
pub fn refuse_table_once(setup: &Setup, plan: u32, stride: usize) -> Mended {
    let base = scene(setup, vec![plan], None, Forced::default());
    let mut mended = Mended::default();
    let forward = base.end == Some(End::Recovered);
    let sites = base.tally.calls.sorted();
    let mut cells = Vec::new();
    for (site, port, _) in sites {
        if matches!(port, Port::Read | Port::Write) {
            cells.extend(TABLE.map(|fault| (site, fault)));
        }
    }
    for cell in cells.into_iter().step_by(stride.max(1)) {
        let ((caller, operation), fault) = cell;
        let forced = Forced { aims: vec![cell], ..Forced::default() };
        let outcome = scene(setup, vec![plan], None, forced);
        let words = format!("{}: {operation} from {caller}, once", fault.name());
        mended.take(words, outcome, forward);
    }
    mended
}

/// Puts each changed version of the plan while a recovery from a dead Region is open. Launching takes its time, so
/// the commit comes long after the votes by which it was opened.
pub fn put_while_open(setup: &Setup, plan: u32) -> Mended {
    let mut mended = Mended::default();
    let go = |put: Option<Put>| {
        let only = Some((RegionState::Dead, None));
        let forced = Forced { only, put, kill: Some((usize::MAX, 0)), ..Forced::default() };
        let slow = [plan, 1, 0, 0, 0, 0, 0, 0, SLOW_LAUNCH];
        let outcome = play(setup, Choices::recorded(slow.to_vec()), forced);
        outcome.judged_and(|outcome| outcome.bad_end(false).is_some())
    };
    let base = go(None);
    let forward = base.end == Some(End::Recovered);
    mended.take("nothing put".to_owned(), base, forward);
    for put in Put::ALL {
        mended.take(format!("{put:?} put"), go(Some(put)), forward);
    }
    mended
}

/// Recoveries of that plan while every second call of the table is throttled, lost, or answered without a date: one
/// is opened all the same, and comes to its end at the latest when the table is well again.
pub fn table_ill(setup: &Setup, plan: u32, seeds: u64) -> Mended {
    let mut mended = Mended::default();
    let well = scene(setup, vec![plan], None, Forced::default());
    let forward = well.end == Some(End::Recovered);
    for fault in ILL {
        for seed in 1..=seeds {
            let mix = Some(Mix::of(fault, HALF, &[Port::Read, Port::Write]));
            let only = Some((RegionState::Dead, None));
            let forced = Forced { only, mix, kill: Some((usize::MAX, 0)), ..Forced::default() };
            let outcome = play(setup, Choices::continued(vec![plan, 0], seed), forced);
            let outcome = outcome.judged_and(|outcome| outcome.bad_end(forward).is_some());
            let opened = outcome.tally.events.contains_key(OPENED);
            let when = if opened { "" } else { ", and nothing was opened meanwhile" };
            let words = format!("half of the table's calls: {}{when}", fault.name());
            if !opened {
                mended.failures.push((words.clone(), outcome.clone()));
            }
            mended.take(words, outcome, forward);
        }
    }
    mended
}

/// What a run counts in which a generation was opened before everything was mended.
pub(super) const OPENED: &str = "opened before it was mended";
/// What a run counts that met the refusal it was made for.
pub(super) const REFUSED: &str = "action refused, as forced";

impl Run<'_> {
    /// A forced refusal begins when its moment has come.
    pub(super) fn refuse(&mut self) {
        let Some(Refuses { refused, from }) = self.forced.refuses else { return };
        let come = match from {
            From::Start => true,
            From::Commit => self.latest().is_some_and(|s| s.committed()),
            From::TurnedBack => {
                self.latest().is_some_and(|s| matches!(s.fate, Fate::TurnedBack(..)))
            }
        };
        if come {
            self.shared.refuse(refused, true);
            self.forced.refuses = None;
        }
    }
}
