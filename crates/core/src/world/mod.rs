//! The outside world in our words: what is asked of it, what is seen, what is changed.
//!
//! No AWS type stands here. A `Question` names exactly one thing; a `Change` holds everything that
//! will be sent, so that the journal shows what was meant before it was tried.

mod change;
mod health;
mod heartbeat;
mod question;
mod view;

pub use change::{
    Change, ChangeError, ChangeErrorKind, EffectClass, FenceNumber, Receipt, RecordSet,
};
pub use health::{
    CheckerView, HealthCheckView, Member, MemberHealth, MembersView, Rollout, RolloutState,
    SeriesView, ServiceView, Tally,
};
pub use heartbeat::Heartbeat;
pub use question::{HttpRequest, NameQuery, Question};
pub use view::{
    AlarmState, AlarmView, AnswerView, Blind, GlobalMember, GlobalView, GroupView, HttpView,
    InstanceState, LeaseView, RdsView, ReplicationView, RunningView, SqlView, TargetsView, View,
};

use std::collections::BTreeMap;

/// What was seen in one look around, by question. What is missing was not asked.
#[derive(Debug, Clone, Default)]
pub struct Seen(BTreeMap<Question, Result<View, Blind>>);

impl Seen {
    /// Keeps one answer.
    pub fn insert(&mut self, question: Question, answer: Result<View, Blind>) {
        self.0.insert(question, answer);
    }

    /// The answer; a question that was never asked is as blind as one that was not answered.
    pub fn get(&self, question: &Question) -> Result<&View, Blind> {
        match self.0.get(question) {
            Some(Ok(view)) => Ok(view),
            Some(Err(blind)) => Err(blind.clone()),
            None => Err(Blind::new(format!("{question} was not asked"))),
        }
    }

    /// Everything, in a fixed order.
    pub fn iter(&self) -> impl Iterator<Item = (&Question, &Result<View, Blind>)> {
        self.0.iter()
    }
}

impl FromIterator<(Question, Result<View, Blind>)> for Seen {
    fn from_iter<I: IntoIterator<Item = (Question, Result<View, Blind>)>>(items: I) -> Self {
        Self(items.into_iter().collect())
    }
}
