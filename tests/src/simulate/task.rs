//! What runs side by side: invocations, executions, people.

use std::pin::Pin;
use std::sync::Arc;

use leeward_asl::End;
use leeward_core::error::StepError;
use leeward_core::time::Timestamp;
use leeward_ports::fake::Polled;
use serde_json::Value;

use super::host::Reply;
use super::people::Said;
use super::sites::Caller;

/// How a task ends.
pub(super) enum Done {
    Answered(Result<Value, StepError>),
    Ended(End),
    Said(Said),
}

pub(super) type Work = Pin<Box<dyn Future<Output = Done> + Send>>;

/// What a task is.
#[derive(Clone)]
pub(super) enum Kind {
    /// One invocation of a function.
    Function(Invocation),
    /// An execution of Step Functions.
    Execution { name: String, input: String },
    /// `leeward run`.
    Terminal,
    /// An operator's word; `true`: one that has to be taken.
    Person(bool),
}

/// One invocation of a function.
#[derive(Clone)]
pub(super) struct Invocation {
    /// Its number in the run.
    pub(super) number: usize,
    pub(super) caller: Caller,
    pub(super) function: String,
    pub(super) payload: Arc<Value>,
    /// Who waits for it.
    pub(super) reply: Option<(u64, Reply)>,
    /// When it began.
    pub(super) began: Timestamp,
    /// How often an asynchronous delivery is tried anew when it fails.
    pub(super) retries: u32,
}

/// When it can go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wake {
    Now,
    At(Timestamp),
    /// When something else happens.
    Poked,
}

/// What befalls an invocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mishap {
    /// Its process is killed at that turn.
    Kill(u32),
    /// It stands still from that turn on, for that long.
    Freeze(u32, leeward_core::time::Span),
}

/// Something under way.
pub(super) struct Task {
    pub(super) id: u64,
    pub(super) kind: Kind,
    pub(super) work: Work,
    pub(super) wake: Wake,
    /// Turns so far: places at which it could be killed.
    pub(super) turns: u32,
    /// When its time is over.
    pub(super) limit: Option<Timestamp>,
    pub(super) mishap: Option<Mishap>,
    /// It stands still until then, whatever it waits for.
    pub(super) frozen: Option<Timestamp>,
}

impl Task {
    /// Whether it can go on now.
    pub(super) fn ready(&self, now: Timestamp) -> bool {
        match (self.frozen, self.wake) {
            (Some(thaw), _) => thaw <= now,
            (None, Wake::Now) => true,
            (None, Wake::At(at)) => at <= now || self.late(now),
            (None, Wake::Poked) => self.late(now),
        }
    }

    /// Whether its time is over.
    pub(super) fn late(&self, now: Timestamp) -> bool {
        self.limit.is_some_and(|limit| limit <= now)
    }

    /// When it can go on by itself.
    pub(super) fn next(&self) -> Option<Timestamp> {
        if self.frozen.is_some() {
            return self.frozen;
        }
        let at = if let Wake::At(at) = self.wake { Some(at) } else { None };
        match (at, self.limit) {
            (Some(at), Some(limit)) => Some(at.min(limit)),
            (at, limit) => at.or(limit),
        }
    }

    /// After a poll that did not end it.
    pub(super) fn pending(&mut self, polled: Polled) {
        self.wake = match polled {
            Polled { turned: true, .. } => Wake::Now,
            Polled { until: Some(at), .. } => Wake::At(at),
            Polled { turned: false, until: None } => Wake::Poked,
        };
        if polled.turned {
            self.turns += 1;
        }
    }

    pub(super) fn caller(&self) -> Caller {
        match &self.kind {
            Kind::Function(invocation) => invocation.caller,
            Kind::Execution { .. } => Caller::Sweep,
            Kind::Terminal => Caller::Terminal,
            Kind::Person(..) => Caller::Operator,
        }
    }
}
