//! Application writers: one a side, which renews the lease every third of its length and stops when
//! it is over, or ignores it.
//!
//! A writer that renews without change is *steady*: its last renewal is worked out from the time
//! instead of being simulated, so that quiet hours cost nothing.

use leeward_core::ids::{Side, Sides};
use leeward_core::lease_terms::LeaseTerms;
use leeward_core::time::{Span, Timestamp, after, since};

use super::habits::WriterHabits;
use super::happenings::Happened;
use super::state::{Due, LeaseKey, State};

/// One side's application.
#[derive(Debug, Clone)]
pub(super) struct Writer {
    pub(super) habits: WriterHabits,
    /// Its renewals are on a grid that begins here.
    grid: Timestamp,
    /// When it sent its last successful renewal.
    held: Option<Timestamp>,
    /// Whether every renewal since went as the last.
    steady: bool,
    /// A renewal is due.
    due: bool,
    /// A statement that was begun in time may run on until here.
    tail: Option<Timestamp>,
    /// How far its clock was ahead before, and until when, the oldest first.
    clock: Vec<(Timestamp, i64)>,
}

/// The lease as the writers know it.
#[derive(Debug, Clone)]
pub(super) struct LeaseOf {
    pub(super) name: LeaseKey,
    /// The terms that the plan names.
    pub(super) plan: LeaseTerms,
}

impl WriterHabits {
    /// The terms by which it behaves.
    fn own(&self, lease: &LeaseOf) -> LeaseTerms {
        self.terms.unwrap_or(lease.plan)
    }

    /// How often it renews.
    fn period(&self, lease: &LeaseOf) -> Span {
        Span::millis((self.own(lease).ttl.as_millis() / 3).max(1))
    }
}

impl Writer {
    pub(super) fn new(now: Timestamp, habits: WriterHabits) -> Self {
        let (held, tail, clock) = (None, None, Vec::new());
        Self { habits, grid: now, held, steady: false, due: false, tail, clock }
    }

    /// How far its clock was ahead at that instant.
    pub(super) fn ahead_at(&self, at: Timestamp) -> i64 {
        let then = self.clock.iter().find(|(until, _)| at < *until);
        then.map_or(self.habits.ahead_ms, |(_, ahead)| *ahead)
    }

    /// Lays its grid so that a renewal has just been sent, less than a period ago.
    pub(super) fn begin(&mut self, now: Timestamp, lease: &LeaseOf, owner: bool) {
        let period = self.habits.period(lease);
        self.lay_grid(now, period);
        self.held = owner.then(|| self.on_grid(now, period));
        self.steady = owner;
    }

    fn lay_grid(&mut self, now: Timestamp, period: Span) {
        let period = period.as_millis();
        let back = period - self.habits.phase.as_millis() % period;
        self.grid = ahead_of(now, -i64::try_from(back).unwrap_or(0));
    }

    /// The last instant of its grid that is not after `now`.
    fn on_grid(&self, now: Timestamp, period: Span) -> Timestamp {
        let steps = since(self.grid, now).as_millis() / period.as_millis();
        after(self.grid, Span::millis(steps * period.as_millis()))
    }

    /// The first instant of its grid after `now`.
    fn next_on_grid(&self, now: Timestamp, period: Span) -> Timestamp {
        if now < self.grid { self.grid } else { after(self.on_grid(now, period), period) }
    }

    /// When it sent its last successful renewal.
    fn last_sent(&self, now: Timestamp, period: Span) -> Option<Timestamp> {
        if self.steady {
            self.held.map(|held| held.max(self.on_grid(now, period)))
        } else {
            self.held
        }
    }
}

impl State {
    /// Whether that side's writer takes itself to hold the lease at this instant.
    pub(super) fn holds_lease(&self, side: Side) -> bool {
        let writer = self.writers.of(side);
        let Some(terms) = &self.application.lease else { return true };
        if !writer.habits.honours_lease {
            return true;
        }
        if writer.tail.is_some_and(|tail| self.now < tail) {
            return true;
        }
        let period = writer.habits.period(terms);
        let Some(sent) = writer.last_sent(self.now, period) else { return false };
        self.now < self.lease_end(side, sent, terms)
    }

    /// Until when the lease last renewed at `sent` lets statements be acknowledged.
    fn lease_end(&self, side: Side, sent: Timestamp, lease: &LeaseOf) -> Timestamp {
        let habits = &self.writers.of(side).habits;
        after(sent, habits.own(lease).ttl.plus(habits.slow).plus(habits.statement))
    }

    /// Writes what steady renewals have done into the item.
    pub(super) fn settle_renewals(&mut self, name: &LeaseKey) {
        let Some(terms) = self.application.lease.clone() else { return };
        if terms.name != *name {
            return;
        }
        for side in [Side::Primary, Side::Standby] {
            let writer = self.writers.of(side);
            if !writer.steady {
                continue;
            }
            let (sent, ahead) =
                (writer.last_sent(self.now, writer.habits.period(&terms)), writer.habits.ahead_ms);
            let told = self.told_terms(side, &terms);
            if let (Some(item), Some(sent)) = (self.leases.get_mut(name), sent) {
                item.renewed(ahead_of(sent, ahead), told);
            }
        }
    }

    /// A renewal is due: it succeeds, finds another owner, or gets no answer.
    pub(super) fn renew(&mut self, side: Side) {
        let Some(terms) = self.application.lease.clone() else { return };
        self.writer(side).due = false;
        if !self.application_runs(side) || !self.reaches_lease(side, &terms) {
            // Nobody answers: what it holds runs out by itself; a change of the links renews again.
            return;
        }
        let (now, own) = (self.now, self.sides.of(side).as_str().to_owned());
        let ahead = self.writers.of(side).habits.ahead_ms;
        let told = self.told_terms(side, &terms);
        let admitted = self.writers.of(side).habits.own(&terms);
        let item = self.leases.get_mut(&terms.name);
        if let Some(item) = item.filter(|item| item.owner == own && item.admits(admitted)) {
            item.renewed(ahead_of(now, ahead), told);
            let writer = self.writer(side);
            writer.held = Some(now);
            writer.steady = true;
            writer.tail = None;
        } else {
            let habits = self.writers.of(side).habits.clone();
            // Who has stopped begins no statement: what was begun in time ends with its lease's last.
            let last = self.writers.of(side).held.map(|sent| self.lease_end(side, sent, &terms));
            let held = last.filter(|_| self.holds_lease(side));
            let writer = self.writer(side);
            writer.held = None;
            writer.steady = false;
            // It stops at once, but a statement in flight is not called back.
            if let Some(last) = held.filter(|_| habits.statement > Span::default()) {
                let tail = after(now, habits.statement).min(last);
                writer.tail = Some(tail);
                self.at(tail, Due::Look);
            }
        }
    }

    /// Something that a renewal depends on is about to change: what was steady is written down.
    pub(super) fn before_link_change(&mut self) {
        let Some(terms) = self.application.lease.clone() else { return };
        self.settle_renewals(&terms.name);
        for side in [Side::Primary, Side::Standby] {
            let now = self.now;
            let writer = self.writer(side);
            writer.held = writer.last_sent(now, writer.habits.period(&terms));
            writer.steady = false;
        }
        self.freeze_replication();
    }

    /// Both writers have these habits from now on; one that renews at another time begins a new grid.
    pub(super) fn set_writers(&mut self, habits: Sides<WriterHabits>) {
        let (now, terms) = (self.now, self.application.lease.clone());
        for (side, habits) in [(Side::Primary, habits.primary), (Side::Standby, habits.standby)] {
            let writer = self.writer(side);
            let moved = writer.habits.phase != habits.phase || writer.habits.terms != habits.terms;
            if writer.habits.ahead_ms != habits.ahead_ms {
                writer.clock.push((now, writer.habits.ahead_ms));
            }
            writer.habits = habits;
            if let (true, Some(terms)) = (moved, &terms) {
                let period = writer.habits.period(terms);
                writer.lay_grid(now, period);
            }
        }
    }

    /// A writer's clock is set: by so much, back or forth.
    pub(super) fn set_clock(&mut self, side: Side, by_ms: i64) {
        let mut habits = self.habits.writers.clone();
        let own = match side {
            Side::Primary => &mut habits.primary,
            Side::Standby => &mut habits.standby,
        };
        own.ahead_ms = own.ahead_ms.saturating_add(by_ms);
        self.habits.writers = habits.clone();
        self.set_writers(habits);
        self.record(Happened::ClockSet { side, by_ms });
    }

    /// It has changed: the next renewals show what of it matters.
    pub(super) fn after_link_change(&mut self) {
        self.thaw_replication();
        self.poke_writers();
    }

    /// Each writer renews at the next instant of its grid, and what it holds may run out before.
    pub(super) fn poke_writers(&mut self) {
        let Some(terms) = self.application.lease.clone() else { return };
        // What was steady until now is written down: the item shows the last renewal, not an older one.
        self.settle_renewals(&terms.name);
        for side in [Side::Primary, Side::Standby] {
            let now = self.now;
            let writer = self.writer(side);
            let period = writer.habits.period(&terms);
            writer.held = writer.last_sent(now, period);
            writer.steady = false;
            let next = writer.next_on_grid(now, period);
            let (held, due) = (writer.held, std::mem::replace(&mut writer.due, true));
            if !due {
                self.at(next, Due::Renew(side));
            }
            if let Some(sent) = held {
                let end = self.lease_end(side, sent, &terms);
                self.at(end, Due::Look);
            }
        }
    }

    /// What that side's writer writes of its terms when it renews.
    pub(super) fn told_terms(&self, side: Side, lease: &LeaseOf) -> Option<LeaseTerms> {
        let habits = &self.writers.of(side).habits;
        habits.tells_terms.then(|| habits.own(lease))
    }

    fn reaches_lease(&self, side: Side, terms: &LeaseOf) -> bool {
        let (own, table) = (self.region(self.sides.of(side)), &terms.name.0);
        let near = table == self.sides.of(side) && own.works();
        !self.application.lease_away
            && (near || (own.reaches_lease() && self.region(table).answers()))
    }

    fn writer(&mut self, side: Side) -> &mut Writer {
        match side {
            Side::Primary => &mut self.writers.primary,
            Side::Standby => &mut self.writers.standby,
        }
    }
}

/// An instant by a clock that is that much ahead.
pub(super) fn ahead_of(at: Timestamp, ahead_ms: i64) -> Timestamp {
    Timestamp::from_millisecond(at.as_millisecond().saturating_add(ahead_ms)).unwrap_or(at)
}
