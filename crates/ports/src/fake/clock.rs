//! Virtual time: one clock that every fake shares. Nothing here reads the real one.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicI64};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use leeward_core::time::{Span, Timestamp, after};

/// A clock that stands still until someone moves it. Clones are the same clock.
///
/// Undriven (as made) a wait simply moves the clock on, so that a plain test needs no scheduler.
/// Driven, a wait is pending until the scheduler has moved the clock there, and every call to a
/// fake is pending once before and once after its effect, so that the scheduler may run another
/// task in between, or drop this one.
#[derive(Debug, Clone)]
pub struct FakeClock(Arc<Inner>);

/// Single numbers, each of which stands for itself: a clock is asked several times in each call to a fake, and
/// a lock would be a good part of what the call costs.
#[derive(Debug)]
struct Inner {
    /// Milliseconds since the epoch.
    now: AtomicI64,
    driven: AtomicBool,
    alone: AtomicBool,
    /// What the task that is polled has come to: whether it gave its turn away, and the first instant that it
    /// waits for (`NEVER`: none).
    turned: AtomicBool,
    until: AtomicI64,
}

/// Nothing is waited for.
const NEVER: i64 = i64::MAX;

/// What the task that was polled last is pending for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Polled {
    /// It gave its turn away and goes on as soon as it is polled again.
    pub turned: bool,
    /// The first instant that it waits for.
    pub until: Option<Timestamp>,
}

/// Locks, also after a panic of another test thread: what is inside is still the world.
pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Default for FakeClock {
    /// A Monday at noon, as good as any; far from the epoch, so that differences cannot underflow.
    fn default() -> Self {
        Self::starting(Timestamp::constant(1_767_614_400, 0))
    }
}

impl FakeClock {
    /// A clock that stands at that instant, to the millisecond.
    pub fn starting(now: Timestamp) -> Self {
        Self(Arc::new(Inner {
            now: AtomicI64::new(now.as_millisecond()),
            driven: AtomicBool::new(false),
            alone: AtomicBool::new(false),
            turned: AtomicBool::new(false),
            until: AtomicI64::new(NEVER),
        }))
    }

    /// The instant it stands at, to the millisecond.
    pub fn now(&self) -> Timestamp {
        at(self.0.now.load(Relaxed))
    }

    /// What a `Date` header says at this instant: whole seconds, never rounded up.
    pub fn date(&self) -> Timestamp {
        date_of(self.now())
    }

    /// Moves it on.
    pub fn advance(&self, by: Span) {
        self.advance_to(after(self.now(), by));
    }

    /// Moves it to that instant; never back.
    pub fn advance_to(&self, to: Timestamp) {
        self.0.now.fetch_max(to.as_millisecond(), Relaxed);
    }

    /// Hands waiting over to a scheduler, or takes it back.
    pub fn drive(&self, driven: bool) {
        self.0.driven.store(driven, Relaxed);
    }

    /// Whether the task that is polled is the only one that can go on: then it keeps its turns.
    pub fn set_alone(&self, alone: bool) {
        self.0.alone.store(alone, Relaxed);
    }

    /// Polls a task and tells what it is pending for, so that a scheduler of many tasks knows which
    /// of them can go on. The clock has to be driven.
    pub fn poll<F: Future + ?Sized>(&self, task: Pin<&mut F>) -> (Poll<F::Output>, Polled) {
        self.0.turned.store(false, Relaxed);
        self.0.until.store(NEVER, Relaxed);
        let answer = task.poll(&mut Context::from_waker(Waker::noop()));
        let until = self.0.until.load(Relaxed);
        let until = (until != NEVER).then(|| at(until));
        (answer, Polled { turned: self.0.turned.load(Relaxed), until })
    }

    /// Waits in virtual time.
    pub fn sleep(&self, span: Span) -> Sleep<'_> {
        let now = self.now();
        let until = after(now, span);
        if !self.0.driven.load(Relaxed) {
            self.advance_to(until);
        }
        Sleep { clock: self, until }
    }

    /// Lets the scheduler run another task; at once when undriven.
    pub fn turn(&self) -> Turn<'_> {
        let given = !self.0.driven.load(Relaxed) || self.0.alone.load(Relaxed);
        Turn { clock: self, given }
    }
}

/// The instant so many milliseconds after the epoch.
fn at(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(milliseconds).unwrap_or(Timestamp::MAX)
}

/// What a `Date` header says at that instant.
pub(super) fn date_of(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_millisecond().div_euclid(1000)).unwrap_or(at)
}

/// A wait in virtual time.
#[derive(Debug)]
pub struct Sleep<'a> {
    clock: &'a FakeClock,
    until: Timestamp,
}

impl Future for Sleep<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if self.clock.now() >= self.until {
            return Poll::Ready(());
        }
        // Of one task's waits only: no other is polled meanwhile.
        let first = self.clock.0.until.load(Relaxed).min(self.until.as_millisecond());
        self.clock.0.until.store(first, Relaxed);
        Poll::Pending
    }
}

/// One place at which another task may run.
#[derive(Debug)]
pub struct Turn<'a> {
    clock: &'a FakeClock,
    given: bool,
}

impl Future for Turn<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if self.given {
            return Poll::Ready(());
        }
        self.given = true;
        self.clock.0.turned.store(true, Relaxed);
        Poll::Pending
    }
}

/// Runs one task to its end, moving the clock to whatever the task waits for.
///
/// Returns `None` when the task waits for something that is not this clock: it would never end.
pub fn block_on<F: Future>(clock: &FakeClock, task: F) -> Option<F::Output> {
    let mut task = pin!(task);
    loop {
        match clock.poll(task.as_mut()) {
            (Poll::Ready(output), _) => return Some(output),
            (Poll::Pending, Polled { turned: true, .. }) => {}
            (Poll::Pending, Polled { until, .. }) => clock.advance_to(until?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_undriven_wait_moves_the_clock() {
        let clock = FakeClock::default();
        let start = clock.now();
        assert_eq!(block_on(&clock, clock.sleep(Span::seconds(3))), Some(()));
        assert_eq!(clock.now(), after(start, Span::seconds(3)));
    }

    #[test]
    fn a_driven_wait_is_pending_until_its_instant() {
        let clock = FakeClock::default();
        clock.drive(true);
        let start = clock.now();
        assert_eq!(block_on(&clock, clock.sleep(Span::seconds(3))), Some(()));
        assert_eq!(clock.now(), after(start, Span::seconds(3)));
        assert_eq!(block_on(&clock, std::future::pending::<()>()), None, "it waits for no clock");
    }

    #[test]
    fn a_poll_tells_what_the_task_waits_for() {
        let clock = FakeClock::default();
        clock.drive(true);
        let start = clock.now();
        let mut task = Box::pin(async {
            clock.turn().await;
            clock.sleep(Span::seconds(3)).await;
        });
        assert_eq!(clock.poll(task.as_mut()).1, Polled { turned: true, until: None });
        let until = Some(after(start, Span::seconds(3)));
        assert_eq!(clock.poll(task.as_mut()).1, Polled { turned: false, until });
        clock.advance(Span::seconds(3));
        assert_eq!(clock.poll(task.as_mut()), (Poll::Ready(()), Polled::default()));
    }

    #[test]
    fn a_date_has_whole_seconds() {
        let clock = FakeClock::default();
        let start = clock.now();
        clock.advance(Span::millis(1999));
        assert_eq!(clock.date(), after(start, Span::seconds(1)));
    }
}
