//! A generation's own clock: its time limit, and the time that it stood still.

use crate::journal::{Fate, State};
use crate::limits::Limits;
use crate::time::{Span, Timestamp, after, since};

impl State {
    /// How long the plan gave it when it was opened; the way back has as long again.
    pub(super) fn term(&self) -> Span {
        since(self.decision.opened, self.decision.deadline)
    }

    /// So much time from now on.
    pub(super) fn allow(&mut self, now: Timestamp, term: Span) {
        self.halted = Span::default();
        self.deadline = after(now, term);
    }

    /// When its time is over, with paused and held time added. On the way back there is room for the life
    /// of a request: before it nothing can be undone that was sent and not seen.
    pub fn deadline(&self, now: Timestamp, limits: &Limits) -> Timestamp {
        let deadline = self.shifted(self.deadline, now);
        match self.fate {
            Fate::TurnedBack(..) => after(deadline, limits.request_life),
            Fate::Open | Fate::Committed(_) => deadline,
        }
    }

    /// An instant of the generation's own clock, which stands still while it is halted.
    pub fn shifted(&self, instant: Timestamp, now: Timestamp) -> Timestamp {
        let present = self.halt.as_ref().map_or(Span::default(), |h| since(h.since, now));
        after(instant, self.halted.plus(present))
    }
}

#[cfg(test)]
#[path = "clock_tests.rs"]
mod clock_tests;
