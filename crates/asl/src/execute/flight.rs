//! Invocations under way: who stops waiting for one does not stop it.

use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use serde_json::Value;

use crate::host::{Call, Failure, Host};

type Answer<'a> = BoxFuture<'a, Result<Value, Failure>>;

/// The invocations that nobody waits for any longer.
#[derive(Default)]
pub(super) struct Flights<'a> {
    /// Not told to the host yet.
    fresh: Mutex<Vec<(String, Answer<'a>)>>,
    /// Told, and driven to their ends.
    going: Mutex<Vec<Answer<'a>>>,
}

impl<'a> Flights<'a> {
    /// Starts an invocation.
    pub(super) fn start(&self, host: &'a dyn Host, call: Call) -> Flight<'_, 'a> {
        let state = call.state.clone();
        let answer = Box::pin(async move { host.invoke(&call).await });
        Flight { flights: self, state, answer: Some(answer) }
    }

    /// Tells the host what was abandoned since it was last told.
    pub(super) fn tell(&self, host: &dyn Host) {
        let fresh = std::mem::take(&mut *lock(&self.fresh));
        for (state, answer) in fresh {
            host.abandoned(&state);
            lock(&self.going).push(answer);
        }
    }

    /// Drives what was abandoned; ready when nothing of it is under way.
    pub(super) fn drive(&self, host: &dyn Host, task: &mut Context<'_>) -> Poll<()> {
        self.tell(host);
        let mut going = lock(&self.going);
        going.retain_mut(|answer| answer.as_mut().poll(task).is_pending());
        if going.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    }
}

/// An invocation that somebody waits for. Dropped before its answer is there, as the branches of
/// a failed Parallel are, it goes over to the abandoned ones.
pub(super) struct Flight<'r, 'a> {
    flights: &'r Flights<'a>,
    state: String,
    answer: Option<Answer<'a>>,
}

impl Future for Flight<'_, '_> {
    type Output = Result<Value, Failure>;

    fn poll(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(answer) = self.answer.as_mut() else { return Poll::Pending };
        let polled = answer.as_mut().poll(task);
        if polled.is_ready() {
            self.answer = None;
        }
        polled
    }
}

impl Drop for Flight<'_, '_> {
    fn drop(&mut self) {
        if let Some(answer) = self.answer.take() {
            let state = std::mem::take(&mut self.state);
            lock(&self.flights.fresh).push((state, answer));
        }
    }
}

/// A panic of one host call leaves the list itself whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
