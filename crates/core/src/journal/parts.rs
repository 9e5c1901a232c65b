//! The parts of a generation's state.

use crate::effect::EffectId;
use crate::ids::{Actor, Digest, Nonce, Seq, Step};
use crate::journal::{Answer, Bearing, End, FenceProof, Reply, TurnBackReason};
use crate::time::{Span, Timestamp};
use crate::world::{Change, EffectClass};

/// Evidence weighed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assessed {
    /// When.
    pub at: Timestamp,
    /// What it says.
    pub bearing: Bearing,
    /// Digest of the stored assessment.
    pub evidence: Digest,
    /// In a sentence.
    pub reason: String,
    /// Whether the votes alone say that the side that is left is well.
    pub old_side_well: Option<bool>,
}

/// A question and its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Its number.
    pub number: u32,
    /// The greatest loss that a yes covers.
    pub loss: Option<Span>,
    /// When silence becomes an answer, halts apart.
    pub deadline: Timestamp,
    /// The question.
    pub question: String,
    /// Whether its time was cut short: what it asked was no longer the question.
    pub overtaken: bool,
    /// Who answered what.
    pub answer: Option<(Answer, Actor)>,
}

/// A proof that the old writer cannot write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fenced {
    /// By what.
    pub proof: FenceProof,
    /// From when on.
    pub holds_from: Timestamp,
    /// Latest instant at which the old writer could acknowledge a write, by its own clock where known.
    pub latest_write: Option<Timestamp>,
}

/// One effect's intents and outcome.
#[derive(Debug, Clone, PartialEq)]
pub struct EffectState {
    /// Every intent, in order.
    pub intents: Vec<IntentState>,
    /// What the last intent sent.
    pub change: Change,
    /// The way back that was noted before the first intent.
    pub before: Option<Change>,
    /// The effect that it undoes.
    pub undoes: Option<EffectId>,
    /// Whether it is seen in the world, with the outcome's place and time.
    pub outcome: Option<(bool, Seq, Timestamp)>,
}

/// One intent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntentState {
    /// Its place.
    pub seq: Seq,
    /// Its time: the request is signed with it or earlier.
    pub at: Timestamp,
    /// Whose.
    pub nonce: Nonce,
    /// What the service answered; `None`: the answer was lost, or is still awaited.
    pub reply: Option<Reply>,
    /// Whether the effect had been done and seen before it: it asks for the same once more.
    pub again: bool,
}

/// Where a generation stands towards the way back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Both ways are open.
    Open,
    /// Only forward.
    Committed(Timestamp),
    /// Only back.
    TurnedBack(TurnBackReason, Timestamp),
}

/// Why it does not go on by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Halt {
    /// Which kind.
    pub kind: HaltKind,
    /// Since when.
    pub since: Timestamp,
    /// Why.
    pub reason: String,
}

/// Which kind of halt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HaltKind {
    /// The step found that a person is needed.
    Held(Step),
    /// An operator halts the executors.
    Paused,
    /// An operator stops the generation.
    Stopped,
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// Which end.
    pub end: End,
    /// When.
    pub at: Timestamp,
    /// In a sentence.
    pub reason: String,
}

/// A journal that cannot be what an executor wrote.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("journal entry {seq} {what}")]
pub struct Broken {
    /// The entry.
    pub seq: Seq,
    /// What is wrong with it.
    pub what: String,
}

impl Broken {
    /// With what is wrong.
    pub fn new(seq: Seq, what: impl Into<String>) -> Self {
        Self { seq, what: what.into() }
    }
}

impl EffectState {
    /// Whether a request of it may be in flight or done without our having seen which.
    pub fn unresolved(&self) -> bool {
        let settled = self.outcome.map_or(Seq(0), |(_, seq, _)| seq);
        self.intents.iter().any(|i| i.seq > settled && !matches!(i.reply, Some(Reply::Refused(_))))
    }

    /// Whether some request of it was not refused.
    pub fn may_have_landed(&self) -> bool {
        self.intents.iter().any(|i| !matches!(i.reply, Some(Reply::Refused(_))))
    }

    /// When the last request was sent that may still land although the effect is settled. One request
    /// whose answer was lost has landed when the effect is seen; of several, what is seen tells of one
    /// alone. A late compare-and-swap meets another value, and a late datum bears its old time.
    pub fn stray(&self) -> Option<Timestamp> {
        if matches!(self.change.class(), EffectClass::CasFenced | EffectClass::Stamped) {
            return None;
        }
        let accepted = self.intents.iter().any(|i| matches!(i.reply, Some(Reply::Accepted(_))));
        let silent: Vec<Timestamp> =
            self.intents.iter().filter(|i| i.reply.is_none()).map(|i| i.at).collect();
        if accepted || silent.len() > 1 { silent.into_iter().max() } else { None }
    }

    /// The latest time at which something was sent or about to be.
    pub fn last_intent(&self) -> Option<&IntentState> {
        self.intents.last()
    }

    /// Whether it was done by us and is seen.
    pub fn applied(&self) -> bool {
        matches!(self.outcome, Some((true, _, _))) && !self.unresolved()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::after;
    use crate::world::{ChangeError, ChangeErrorKind};

    fn sent(change: Change, replies: &[(i64, Option<Reply>)]) -> EffectState {
        let intent = |(i, (second, reply)): (usize, &(i64, Option<Reply>))| IntentState {
            seq: Seq(i as u64 + 2),
            at: Timestamp::from_second(*second).unwrap(),
            nonce: Nonce::new("n"),
            reply: reply.clone(),
            again: false,
        };
        EffectState {
            intents: replies.iter().enumerate().map(intent).collect(),
            change,
            before: None,
            undoes: None,
            outcome: Some((true, Seq(99), Timestamp::from_second(500).unwrap())),
        }
    }

    fn minimum() -> Change {
        Change::SetMinimum { region: "us-west-2".into(), group: "web".into(), minimum: 4 }
    }

    #[test]
    fn a_request_that_its_repeat_overtook_may_still_land() {
        let life = Span::minutes(16);
        let taken = || Some(Reply::Accepted(Default::default()));
        let refused = Some(Reply::Refused(ChangeError {
            kind: ChangeErrorKind::Throttled,
            code: String::new().into(),
            message: String::new().into(),
        }));
        let late = |replies: &[_]| sent(minimum(), replies).stray().map(|at| after(at, life));
        let until = Some(after(Timestamp::from_second(100).unwrap(), life));
        assert_eq!(late(&[(100, None), (110, taken())]), until, "the first may come yet");
        assert_eq!(late(&[(100, None)]), None, "what is seen is this one's doing");
        assert_eq!(late(&[(100, refused), (110, None)]), None, "the first did nothing");
        assert_eq!(late(&[(100, taken()), (110, taken())]), None, "both have landed");
    }
}
