//! The two that walk the state machine: Step Functions, whose functions run by themselves, and a
//! terminal, in whose process everything runs and dies together.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use leeward_asl::{Call, Failure, Host};
use leeward_core::error::StepError;
use leeward_core::time::{Span, since};
use leeward_detector::Detector;
use leeward_ports::fake::FakeClock;
use serde_json::Value;

use super::stack::Shared;
use crate::functions;

/// So long after an entry was written a generation is still on the move.
const STIRS: Span = Span::seconds(10);

/// Where an invocation's answer goes.
pub(super) type Reply = Arc<Mutex<Option<Result<Value, Failure>>>>;

/// Puts the answer where it goes.
pub(super) fn answer(reply: &Reply, with: Result<Value, Failure>) {
    *reply.lock().unwrap_or_else(PoisonError::into_inner) = Some(with);
}

/// An error as Step Functions names it.
pub(super) fn failure(error: &StepError) -> Failure {
    Failure::new(error.name(), error.to_string())
}

fn span(duration: Duration) -> Span {
    Span::millis(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}

fn jitter(shared: &Shared, max: Duration) -> Duration {
    match shared.choose(|c| c.below(3)) {
        0 => max / 2,
        1 => Duration::ZERO,
        _ => max,
    }
}

/// Step Functions.
pub(super) struct Service {
    pub(super) id: u64,
    pub(super) clock: FakeClock,
    pub(super) shared: Shared,
}

#[async_trait]
impl Host for Service {
    async fn invoke(&self, call: &Call) -> Result<Value, Failure> {
        let reply = Reply::default();
        self.shared.post((self.id, call.clone(), reply.clone()));
        let mut over = pin!(self.clock.sleep(span(call.timeout)));
        poll_fn(|task| {
            if let Some(answer) = reply.lock().unwrap_or_else(PoisonError::into_inner).take() {
                return Poll::Ready(answer);
            }
            over.as_mut().poll(task).map(|()| Err(Failure::timeout(call)))
        })
        .await
    }

    async fn wait(&self, _: &str, duration: Duration) {
        let (least, stirred) = {
            let common = self.shared.lock();
            (common.wait, common.stirred)
        };
        // What has just gone on goes on as fast as it asks to: only waiting for nothing is drawn out.
        let stirs = since(stirred, self.clock.now()) < STIRS;
        let asked = span(duration);
        self.clock.sleep(if stirs { asked } else { asked.max(least) }).await;
    }

    fn entered(&self, _: &str, _: &Value) {}

    fn exited(&self, _: &str, _: &Value) {}

    fn jitter(&self, max: Duration) -> Duration {
        jitter(&self.shared, max)
    }

    async fn time_limit(&self, limit: Duration) {
        self.clock.sleep(span(limit)).await;
    }
}

/// A person's terminal: `leeward run`.
pub(super) struct Terminal {
    pub(super) clock: FakeClock,
    pub(super) shared: Shared,
    pub(super) detector: Arc<Detector>,
}

#[async_trait]
impl Host for Terminal {
    async fn invoke(&self, call: &Call) -> Result<Value, Failure> {
        let mut over = pin!(self.clock.sleep(span(call.timeout)));
        let mut work = pin!(functions::call(&self.detector, &call.function, &call.payload));
        poll_fn(|task| match work.as_mut().poll(task) {
            Poll::Ready(answer) => Poll::Ready(answer.map_err(|e| failure(&e))),
            Poll::Pending => over.as_mut().poll(task).map(|()| Err(Failure::timeout(call))),
        })
        .await
    }

    async fn wait(&self, _: &str, duration: Duration) {
        self.clock.sleep(span(duration)).await;
    }

    fn entered(&self, _: &str, _: &Value) {}

    fn exited(&self, _: &str, _: &Value) {}

    fn jitter(&self, max: Duration) -> Duration {
        jitter(&self.shared, max)
    }

    async fn time_limit(&self, limit: Duration) {
        self.clock.sleep(span(limit)).await;
    }
}
