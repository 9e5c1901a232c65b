//! What becomes of one call: chosen by a script, or by a simulator.

use std::collections::VecDeque;

use leeward_core::table::Key;
use leeward_core::time::Span;
use leeward_core::world::{Change, Question};

use crate::{Condition, Item};

/// A call as it leaves its sender.
#[derive(Debug, Clone, Copy)]
pub enum Call<'a> {
    /// A read of one item.
    Get(&'a Key),
    /// A read of a partition: partition key, beginning of the sort key.
    List(&'a str, &'a str),
    /// A conditional write.
    Put(&'a Item, Condition),
    /// A look at the world.
    Look(&'a Question),
    /// A change of the world.
    Change(&'a Change),
    /// A start of an execution, by its name.
    Start(&'a str),
    /// A look at an execution, by its name.
    State(&'a str),
    /// A message, by its receiver.
    Publish(&'a str),
}

/// What becomes of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It is carried out and answered.
    Well,
    /// The service says later; nothing happens.
    Throttled,
    /// A write to the same item in another Region is under way; nothing happens. Only the table knows it.
    Conflicted,
    /// The service says no, with this error code; nothing happens.
    Refused(String),
    /// It never arrives; the sender gets no answer.
    LostBefore,
    /// It is carried out; the sender gets no answer.
    LostAfter,
    /// The sender gets no answer now; it arrives that much later, whatever has become of the sender.
    Late(Span),
    /// The sender gets no answer now; it arrives when the test lets it (`land_kept`).
    Kept,
    /// It is carried out; the table's answer carries no usable `Date`. Elsewhere like `LostAfter`.
    NoDate,
    /// A read shows what the same read showed before; of an eventually consistent kind only.
    Stale,
    /// It takes that long, then is carried out and answered.
    Slow(Span),
}

/// Chooses what becomes of each call.
pub trait Fates: Send {
    /// Called once a call, before anything happens.
    fn fate(&mut self, call: &Call<'_>) -> Fate;
}

type Matcher = Box<dyn Fn(&Call<'_>) -> bool + Send>;

/// Fates laid down in advance: the first that matches is used up; everything else goes well.
#[derive(Default)]
pub struct Script(VecDeque<(Matcher, Fate)>);

impl Script {
    /// The next call that matches meets that fate.
    pub fn next(&mut self, matches: impl Fn(&Call<'_>) -> bool + Send + 'static, fate: Fate) {
        self.0.push_back((Box::new(matches), fate));
    }
}

impl Fates for Script {
    fn fate(&mut self, call: &Call<'_>) -> Fate {
        let found = self.0.iter().position(|(matches, _)| matches(call));
        found.and_then(|i| self.0.remove(i)).map_or(Fate::Well, |(_, fate)| fate)
    }
}

/// A script, or what replaces it.
pub(super) enum Chooser {
    Script(Script),
    Other(Box<dyn Fates>),
}

impl Default for Chooser {
    fn default() -> Self {
        Self::Script(Script::default())
    }
}

impl Chooser {
    pub(super) fn fate(&mut self, call: &Call<'_>) -> Fate {
        match self {
            Self::Script(script) => script.fate(call),
            Self::Other(other) => other.fate(call),
        }
    }

    /// Lays a fate down; whatever chose before is replaced by a script.
    pub(super) fn next(
        &mut self,
        matches: impl Fn(&Call<'_>) -> bool + Send + 'static,
        fate: Fate,
    ) {
        if let Self::Other(_) = self {
            *self = Self::default();
        }
        if let Self::Script(script) = self {
            script.next(matches, fate);
        }
    }
}

impl Call<'_> {
    /// Whether it is a change by that operation, such as `rds:PromoteReadReplica`.
    pub fn changes(&self, operation: &str) -> bool {
        matches!(self, Self::Change(change) if change.operation() == operation)
    }
}
