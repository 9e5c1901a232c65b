//! The outside world in our words: what is asked of it, what is seen, what is changed.
//!
//! No AWS type stands here. A `Question` names exactly one thing; a `Change` holds everything that
//! will be sent, so that the journal shows what was meant before it was tried.

mod change;
mod health;
mod heartbeat;
mod network;
mod question;
mod view;

pub use change::{
    Change, ChangeError, ChangeErrorKind, EffectClass, FenceNumber, Receipt, RecordSet,
};
pub use health::{
    Member, MemberHealth, MembersView, Rollout, RolloutState, SeriesView, ServiceView, Tally,
};
pub use heartbeat::Heartbeat;
pub use network::{DatabaseNetwork, InboundRule, Source, WriterGroupView, WriterInstance};
pub use question::{HttpRequest, NameQuery, Question};
pub use view::{
    AlarmState, AlarmView, AnswerView, Blind, ConcurrencyView, GlobalMember, GlobalView, GroupView,
    HttpView, InstanceView, LeaseView, RdsView, RecordSetView, ReplicationView, RunningView,
    SqlView, TargetsView, View, ZoneView,
};

/// What was seen in one look around: each question with its answer, of two to one question the later. What is
/// missing was not asked.
// Side by side, in the order in which they came: a look asks for few things, and what was seen of each is large.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    asked: Vec<Question>,
    answers: Vec<Result<View, Blind>>,
}

impl Seen {
    /// Questions and their answers, in the same order.
    pub fn of(asked: Vec<Question>, answers: Vec<Result<View, Blind>>) -> Self {
        Self { asked, answers }
    }

    /// Keeps one answer.
    pub fn insert(&mut self, question: Question, answer: Result<View, Blind>) {
        self.asked.push(question);
        self.answers.push(answer);
    }

    /// Whether it was asked at all.
    pub fn asked(&self, question: &Question) -> bool {
        self.asked.contains(question)
    }

    /// The answer; a question that was never asked is as blind as one that was not answered.
    pub fn get(&self, question: &Question) -> Result<&View, Blind> {
        let place = self.asked.iter().rposition(|known| known == question);
        match place.and_then(|place| self.answers.get(place)) {
            Some(Ok(view)) => Ok(view),
            Some(Err(blind)) => Err(blind.clone()),
            None => Err(Blind::new(format!("{question} was not asked"))),
        }
    }
}

impl FromIterator<(Question, Result<View, Blind>)> for Seen {
    fn from_iter<I: IntoIterator<Item = (Question, Result<View, Blind>)>>(items: I) -> Self {
        let (asked, answers) = items.into_iter().unzip();
        Self { asked, answers }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_answers_to_one_question_the_later_counts() {
        let question = |id: &str| Question::Alarm { region: "us-west-2".into(), alarm: id.into() };
        let number = |n: f64| Ok(View::Number(Some((n, crate::time::Timestamp::UNIX_EPOCH))));
        let answers = [("b", 1.0), ("a", 2.0), ("b", 3.0)];
        let asked = answers.iter().map(|(id, _)| question(id)).collect();
        let mut seen = Seen::of(asked, answers.iter().map(|(_, n)| number(*n)).collect());
        assert_eq!(seen.get(&question("b")), number(3.0).as_ref().map_err(Clone::clone));
        seen.insert(question("a"), number(4.0));
        assert_eq!(seen.get(&question("a")), number(4.0).as_ref().map_err(Clone::clone));
        assert!(seen.get(&question("c")).is_err(), "it was not asked");
    }
}
