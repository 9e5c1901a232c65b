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

/// What was seen in one look around, by question. What is missing was not asked.
#[derive(Debug, Clone, Default)]
// In the order of the questions. A look asks for few things, and what was seen of each is large.
pub struct Seen(Vec<(Question, Result<View, Blind>)>);

impl Seen {
    /// Keeps one answer.
    pub fn insert(&mut self, question: Question, answer: Result<View, Blind>) {
        match self.place(&question) {
            Ok(place) => self.0[place].1 = answer,
            Err(place) => self.0.insert(place, (question, answer)),
        }
    }

    /// The answer; a question that was never asked is as blind as one that was not answered.
    pub fn get(&self, question: &Question) -> Result<&View, Blind> {
        match self.place(question).map(|place| &self.0[place].1) {
            Ok(Ok(view)) => Ok(view),
            Ok(Err(blind)) => Err(blind.clone()),
            Err(_) => Err(Blind::new(format!("{question} was not asked"))),
        }
    }

    /// Everything, in a fixed order.
    pub fn iter(&self) -> impl Iterator<Item = (&Question, &Result<View, Blind>)> {
        self.0.iter().map(|(question, answer)| (question, answer))
    }

    /// Where a question stands, or would.
    fn place(&self, question: &Question) -> Result<usize, usize> {
        self.0.binary_search_by(|(known, _)| known.cmp(question))
    }
}

impl FromIterator<(Question, Result<View, Blind>)> for Seen {
    fn from_iter<I: IntoIterator<Item = (Question, Result<View, Blind>)>>(items: I) -> Self {
        let mut seen: Vec<_> = items.into_iter().collect();
        seen.sort_by(|(one, _), (other, _)| one.cmp(other));
        // Of two answers to one question the later counts.
        seen.dedup_by(|later, earlier| {
            later.0 == earlier.0 && {
                std::mem::swap(later, earlier);
                true
            }
        });
        Self(seen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_answers_to_one_question_the_later_counts() {
        let question = |id: &str| Question::HealthCheck { id: id.into() };
        let number = |n: f64| Ok(View::Number(Some((n, crate::time::Timestamp::UNIX_EPOCH))));
        let answers = [("b", 1.0), ("a", 2.0), ("b", 3.0)];
        let mut seen: Seen = answers.map(|(id, n)| (question(id), number(n))).into_iter().collect();
        assert_eq!(seen.iter().count(), 2);
        assert_eq!(seen.get(&question("b")), number(3.0).as_ref().map_err(Clone::clone));
        seen.insert(question("a"), number(4.0));
        assert_eq!(seen.get(&question("a")), number(4.0).as_ref().map_err(Clone::clone));
        assert!(seen.get(&question("c")).is_err(), "it was not asked");
    }
}
