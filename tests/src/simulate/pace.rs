//! How fast a run goes: most of what can go wrong is close together in time, and a night in which nobody
//! answers and nothing moves is drawn now and then, not each time.
//!
//! Drawn from the seed alone and not from the choices, so that a vector means the same at every pace.

use leeward_core::journal::Fate;
use leeward_core::limits::Limits;
use leeward_core::time::{Span, Timestamp, after, since};

use super::choices::Choices;
use super::incidents::{Incident, Planned};
use super::people::Verb;
use super::run::{Due, RETRIES, Run, SWEEP};
use super::sites::Caller;

/// Of so many runs one takes its time.
const SLOW: u32 = 64;
/// From one sweep to the next where a run goes fast, in seconds: what a sweep sees that is not news costs as
/// much as what is, and alarms hasten the looks that matter. None is longer than votes stay fresh.
const SWEEPS: [u64; 3] = [60, 120, 150];
/// Least wait of an execution between two looks where a run goes fast, in seconds: from what the steps ask for
/// to three times the longest that they ask for.
const WAITS: [u64; 3] = [0, 60, 90];
/// A timetable is so many times as dense where a run goes fast.
const DENSE: u64 = 5;
/// How soon a person answers, in seconds.
const ANSWERS: [u64; 5] = [5, 20, 45, 90, 200];
/// How often the schedule's event comes twice where a run goes fast, in a thousand.
const TWICE: u32 = 120;
/// When the first generation may be open at the earliest.
const OPENS: Span = Span::minutes(3);
/// After so long without a stir it is a lull.
const LULL: Span = Span::seconds(100);
/// How often what stands still is looked at in a lull: votes stay fresh in between.
const LULL_LOOK: Span = Span::seconds(170);
/// The longest wait in a lull that needs no fresh votes: a question that nobody answers stands for an hour.
const STILL_LOOK: Span = Span::minutes(10);
/// What is looked at for a deadline is looked at when it is over.
const OVER: Span = Span::seconds(1);
/// Least wait of an execution when everything has healed: nothing comes in between any more.
const WAITS_HEALED: Span = Span::seconds(120);
/// What the body of a question to people has in it.
const ASKED: &str = "\"entry\":\"asked\"";
/// Apart from the choices of the same seed.
const OWN: u64 = 0x5EED_0FAC_E000_0001;

/// How fast a run goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pace {
    seed: Option<u64>,
    /// Whether the timetable is dense, and what stands still is looked at less often.
    pub(super) fast: bool,
    /// The schedule fires no sooner than so long after it fired last.
    pub(super) sweep: Span,
    /// An execution waits no shorter than so between two looks.
    pub(super) wait: Span,
    /// What a person says to a question, and how soon; `None`: nobody is awake.
    pub(super) answer: Option<(Verb, Span)>,
}

impl Pace {
    /// The pace of a seed.
    pub fn of(seed: u64) -> Self {
        let mut drawn = Choices::seeded(seed ^ OWN);
        let fast = drawn.below(SLOW) > 0;
        let soon = Span::seconds(drawn.pick(&ANSWERS).copied().unwrap_or_default());
        let answer = match drawn.below(8) {
            0 | 1 => None,
            2 => Some((Verb::Decline, soon)),
            _ => Some((Verb::Approve, soon)),
        };
        let mut least = |list: &[u64]| {
            let seconds = drawn.pick(list).copied().filter(|_| fast);
            Span::seconds(seconds.unwrap_or_default())
        };
        let (sweep, wait) = (least(&SWEEPS), least(&WAITS));
        Self { seed: Some(seed), fast, sweep, wait, answer: answer.filter(|_| fast) }
    }

    /// The seed that it was drawn from; `None`: as slow as can be.
    pub fn seed(&self) -> Option<u64> {
        self.seed
    }

    /// That span of a timetable at this pace, to the second.
    pub(super) fn at(&self, span: Span) -> Span {
        if self.fast { Span::seconds(span.as_millis() / (1000 * DENSE)) } else { span }
    }
}

impl Run<'_> {
    /// Takes in a timetable at the run's pace.
    pub(super) fn expect(&mut self, start: Timestamp, timetable: Vec<Planned>) {
        let pace = self.forced.pace;
        for mut planned in timetable {
            planned.at = after(start, pace.at(since(start, planned.at)));
            // Before a generation can be open most words fall on nothing.
            if pace.fast && matches!(planned.incident, Incident::Operator(_)) {
                planned.at = after(planned.at, OPENS);
            }
            self.at(planned.at, Due::Begins(planned));
        }
    }

    /// Sees what was written to journals since the last look: a lull is over, and a question that is asked
    /// is answered if somebody is awake.
    pub(super) fn stir(&mut self) {
        if self.stack.table.entries() == self.stirred.1 {
            return;
        }
        let written = self.stack.table.journaled(self.stirred.1);
        let now = self.now();
        self.stirred = (now, self.stirred.1 + written.len());
        self.shared.lock().stirred = now;
        let Some((verb, soon)) = self.forced.pace.answer else { return };
        if written.iter().any(|body| body.contains(ASKED)) {
            self.at(after(now, soon), Due::Answer(verb));
        }
    }

    /// Sets how long executions wait between two looks from now on.
    pub(super) fn set_pace(&mut self) {
        let wait = if self.lull() {
            self.lull_look()
        } else if self.unwinds() {
            WAITS_HEALED
        } else {
            self.forced.pace.wait
        };
        self.shared.lock().wait = wait;
    }

    /// Whether everything has healed in a run that goes fast: what is left takes its course.
    fn unwinds(&self) -> bool {
        self.forced.pace.fast && self.shared.lock().calm
    }

    /// Whether a sweep that failed is delivered again before long: where a run goes fast that stands for the
    /// next one.
    pub(super) fn sweeps_anyway(&self) -> bool {
        let again = |due: &Due| matches!(due, Due::Invoke(i) if i.caller == Caller::Sweep && i.reply.is_none() && i.retries < RETRIES);
        self.forced.pace.fast && self.due.values().any(again)
    }

    /// Whether the schedule's event comes twice, as EventBridge delivers at least once: drawn where a run goes
    /// fast, which has fewer sweeps that can meet each other, and where a sweep may do more than look.
    pub(super) fn fires_twice(&self) -> bool {
        let acts = || self.latest().is_some() || self.says_down();
        self.forced.pace.fast
            && !self.unwinds()
            && acts()
            && self.shared.choose(|c| c.chance(TWICE))
    }

    /// When the schedule fires next. Where nothing is under way and no vote says down, each sweep would see what
    /// the last one saw: the next is a minute before something else is due, so that the votes are fresh by then.
    pub(super) fn next_sweep(&self) -> Timestamp {
        let now = self.now();
        let next = after(
            now,
            if self.lull() {
                self.lull_look()
            } else if self.unwinds() {
                LULL_LOOK
            } else {
                SWEEP.max(self.forced.pace.sweep)
            },
        );
        let waits = self.due.iter().filter(|(_, due)| self.awaited(due));
        let thaws = self.tasks.iter().filter_map(|task| task.frozen);
        let first = waits.map(|((at, _), _)| *at).chain(thaws).min();
        match first {
            Some(first) if self.forced.pace.fast && self.nothing_moves() => {
                next.max(after(now, since(now, first).minus(SWEEP)))
            }
            Some(_) | None => next,
        }
    }

    /// How long until the next look in a lull. What waits for a person or lies behind the commit rests on no
    /// votes: it is looked at the less often the longer nothing stirs, and when its next deadline is over.
    fn lull_look(&self) -> Span {
        let (now, state) = (self.now(), self.latest());
        let Some(state) = state.filter(|s| s.end.is_none()) else { return LULL_LOOK };
        let mut asked = state.questions.iter().filter(|q| q.answer.is_none()).peekable();
        let committed = matches!(state.fate, Fate::Committed(_));
        if asked.peek().is_none() && state.halt.is_none() && !committed {
            return LULL_LOOK;
        }
        let own = state.deadline(now, &Limits::REAL);
        let deadlines = asked.map(|q| q.deadline).chain([own]).map(|over| after(over, OVER));
        let due = self.due.iter().filter(|(_, due)| self.awaited(due)).map(|((at, _), _)| *at);
        let first = deadlines.chain(due).filter(|at| *at > now).min();
        let still = since(self.stirred.0.max(self.struck), now).min(STILL_LOOK);
        first.map_or(still, |first| still.min(since(now, first))).max(LULL_LOOK)
    }

    /// Whether nothing has moved for so long that it is looked at less often.
    fn lull(&self) -> bool {
        let moved = self.stirred.0.max(self.struck);
        self.forced.pace.fast && self.stirred.1 > 0 && since(moved, self.now()) >= LULL
    }
}
