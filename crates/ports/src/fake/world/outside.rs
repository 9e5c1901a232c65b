//! The world behind the port: calls meet their fate, then the state.

use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use leeward_core::time::{Span, Timestamp, after};
use leeward_core::world::{Blind, Change, ChangeError, ChangeErrorKind, Question, Receipt, View};

use super::change::{error, kind_of, no_answer};
use super::look::eventually_consistent;
use super::regions::RegionState;
use super::state::{Due, State};
use crate::fake::clock::{FakeClock, locked};
use crate::fake::fate::{Call, Chooser, Fate};
use crate::{Frozen, Outside};

/// The world around one workload. Clones are the same world.
#[derive(Clone)]
pub struct FakeWorld {
    pub(super) clock: FakeClock,
    pub(super) inner: Arc<Mutex<Inner>>,
}

/// State, fates, and what was called.
pub(super) struct Inner {
    pub(super) state: State,
    pub(super) chooser: Chooser,
    pub(super) kept: Vec<(Change, Frozen)>,
    pub(super) calls: Vec<Called>,
    pub(super) keep_looks: bool,
    sent: u64,
}

/// One call as it was sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Called {
    /// When.
    pub at: Timestamp,
    /// A look or a change.
    pub call: Sent,
    /// What became of it.
    pub fate: Fate,
}

/// A look or a change.
#[derive(Debug, Clone, PartialEq)]
pub enum Sent {
    /// A look.
    Look(Question),
    /// A change.
    Change(Change),
}

impl Inner {
    /// Draws a call's fate, and how long it takes to get there.
    fn meet(&mut self, call: &Call<'_>, sent: impl FnOnce() -> Sent) -> (Fate, Span) {
        let fate = self.chooser.fate(call);
        if self.keep_looks || matches!(call, Call::Change(_)) {
            let at = self.state.now;
            self.calls.push(Called { at, call: sent(), fate: fate.clone() });
        }
        let slow = if let Fate::Slow(span) = fate { span } else { Span::default() };
        (fate, self.state.habits.latency.plus(slow))
    }

    fn see(&mut self, question: &Question, stale: bool) -> Result<View, Blind> {
        let state = &mut self.state;
        if !eventually_consistent(question) {
            return state.see(question);
        }
        let fresh = state.see(question)?;
        if let Some(before) = state.shown(question) {
            return Ok(before);
        }
        // The same few questions come again and again: those that come most stand in front, and only a new one
        // is kept with a copy of its words.
        let before = match state.seen.iter().position(|(known, _)| known == question) {
            Some(place) => {
                let before = std::mem::replace(&mut state.seen[place].1, fresh.clone());
                state.seen.swap(place, place / 2);
                Some(before)
            }
            None => {
                state.seen.push((question.clone(), fresh.clone()));
                None
            }
        };
        Ok(if stale { before.unwrap_or(fresh) } else { fresh })
    }
}

impl FakeWorld {
    pub(super) fn of(clock: FakeClock, state: State) -> Self {
        let inner = Inner {
            state,
            chooser: Chooser::default(),
            kept: Vec::new(),
            calls: Vec::new(),
            keep_looks: true,
            sent: 0,
        };
        Self { clock, inner: Arc::new(Mutex::new(inner)) }
    }

    /// The state by now.
    pub(super) fn settled(&self) -> MutexGuard<'_, Inner> {
        let now = self.clock.now();
        let mut inner = locked(&self.inner);
        inner.state.settle(now);
        inner
    }

    async fn silence(&self) {
        let span = locked(&self.inner).state.habits.call_timeout;
        self.clock.sleep(span).await;
    }

    /// Draws a call's fate and waits as long as it takes to get there.
    async fn meet(&self, call: Call<'_>, sent: impl FnOnce() -> Sent) -> Fate {
        self.clock.turn().await;
        let (fate, slow) = self.settled().meet(&call, sent);
        if slow > Span::default() {
            self.clock.sleep(slow).await;
        }
        fate
    }

    /// A look by its fate, in one go where nothing befalls it and the world answers at once.
    async fn met_look(&self, question: &Question) -> Result<Result<View, Blind>, Fate> {
        self.clock.turn().await;
        let (fate, slow) = {
            let mut inner = self.settled();
            let (fate, slow) = inner.meet(&Call::Look(question), || Sent::Look(question.clone()));
            if fate == Fate::Well && slow == Span::default() {
                return Ok(inner.see(question, false));
            }
            (fate, slow)
        };
        if slow > Span::default() {
            self.clock.sleep(slow).await;
        }
        let stale = match fate {
            Fate::Well | Fate::Slow(_) | Fate::Conflicted => false,
            Fate::Stale => true,
            Fate::Throttled
            | Fate::Refused(_)
            | Fate::LostBefore
            | Fate::LostAfter
            | Fate::Late(_)
            | Fate::Kept
            | Fate::NoDate => return Err(fate),
        };
        Ok(self.settled().see(question, stale))
    }

    /// Sends a change that gets no answer now.
    fn send_late(&self, change: &Change, frozen: Frozen, fate: &Fate) {
        let mut inner = self.settled();
        if let Fate::Late(by) = fate {
            let at = after(inner.state.now, *by);
            inner.state.at(at, Due::Arrive(Box::new(change.clone()), frozen));
        } else if *fate == Fate::Kept {
            inner.kept.push((change.clone(), frozen));
        }
    }

    /// Sends a change whose answer comes at once, or not at all.
    fn send(&self, change: &Change, frozen: Frozen) -> Result<Receipt, ChangeError> {
        let mut inner = self.settled();
        let home = inner.state.home(change);
        if inner.state.region(&home) == RegionState::Hanging {
            // It waits there, and is carried out when the Region comes back.
            inner.state.stall(home, Due::Arrive(Box::new(change.clone()), frozen));
        }
        inner.state.arrive(change, Some(frozen))?;
        inner.sent += 1;
        let id = format!("fake-{}", inner.sent);
        inner.state.take_batch(change, &id);
        Ok(Receipt { id: id.into() })
    }
}

#[async_trait]
impl Outside for FakeWorld {
    async fn look(&self, question: &Question) -> Result<View, Blind> {
        let blind = |why: &str| Err(Blind::new(format!("{question}: {why}")));
        let answer = match self.met_look(question).await {
            Ok(answer) => answer,
            Err(Fate::Throttled) => return blind("ThrottlingException"),
            Err(Fate::Refused(code)) => return blind(&code),
            Err(fate) => {
                if fate == Fate::LostAfter {
                    // A POST has done its work all the same.
                    let _ = self.settled().see(question, false);
                }
                self.silence().await;
                return blind("no answer in time");
            }
        };
        if answer.is_err() {
            self.silence().await;
        }
        self.clock.turn().await;
        answer
    }

    async fn change(&self, change: &Change, frozen: Frozen) -> Result<Receipt, ChangeError> {
        let fate = self.meet(Call::Change(change), || Sent::Change(change.clone())).await;
        let answer = match &fate {
            Fate::Well | Fate::Slow(_) | Fate::Stale | Fate::Conflicted => {
                self.send(change, frozen)
            }
            Fate::Throttled => {
                Err(error(ChangeErrorKind::Throttled, "ThrottlingException", "Rate exceeded"))
            }
            Fate::Refused(code) => Err(error(kind_of(code), code, "the service said no")),
            Fate::LostBefore => Err(no_answer()),
            Fate::LostAfter | Fate::NoDate => {
                let _ = self.send(change, frozen);
                Err(no_answer())
            }
            Fate::Late(_) | Fate::Kept => {
                self.send_late(change, frozen, &fate);
                Err(no_answer())
            }
        };
        if matches!(&answer, Err(e) if e.kind == ChangeErrorKind::Lost) {
            self.silence().await;
        }
        self.clock.turn().await;
        answer
    }
}
