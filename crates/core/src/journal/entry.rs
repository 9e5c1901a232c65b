//! What can stand in a generation's journal.

use serde::{Deserialize, Serialize};

use crate::effect::EffectId;
use crate::ids::{
    Actor, Digest, EntryId, ExecutorId, Generation, Nonce, Region, Seq, Side, Sides, Step,
};
use crate::journal::{Decision, Successor};
use crate::time::{Span, Timestamp};
use crate::world::{Change, ChangeError, Receipt};

/// One entry as it is stored: append-only, chained by digest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Its place.
    pub seq: Seq,
    /// `Date` of the table's answer that the writer's decision rests on.
    pub at: Timestamp,
    /// The writer's mark: only it tells "mine" from "another's" after a lost answer.
    pub nonce: Nonce,
    /// Digest of the entry before, over its stored bytes; empty for the first.
    pub prev: Digest,
    /// Who wrote it.
    pub by: Actor,
    /// What it says.
    pub entry: Entry,
}

/// What an entry says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "kebab-case")]
pub enum Entry {
    /// The decision: always and only the first.
    Opened(Box<Decision>),
    /// An executor works on the generation from here on.
    Joined {
        /// The executor.
        executor: ExecutorId,
    },
    /// The evidence was weighed again.
    Assessed {
        /// Digest of the stored assessment.
        evidence: Digest,
        /// What it says.
        verdict: Bearing,
        /// In a sentence.
        reason: String,
        /// Whether the votes alone say that the side that is left is well; `None`: an older version does not tell.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        old_side_well: Option<bool>,
    },
    /// A numbered question to people.
    Asked {
        /// Its number, from 1.
        number: u32,
        /// The plan that would be carried out.
        plan: Digest,
        /// The greatest loss that a yes covers; `None`: not known yet, the plan's limits are meant.
        loss: Option<Span>,
        /// When silence becomes an answer.
        deadline: Timestamp,
        /// The question in a sentence.
        question: String,
    },
    /// Its one answer.
    Answered {
        /// The question's number.
        number: u32,
        /// The answer.
        answer: Answer,
        /// Why, in the person's words.
        reason: String,
    },
    /// This will be sent next.
    Intent {
        /// The effect.
        effect: EffectId,
        /// Everything that is sent.
        change: Box<Change>,
        /// The effect that it undoes, if it is an undo.
        undoes: Option<EffectId>,
        /// How the thing stood before, so that an undo knows where to go back to.
        before: Option<Box<Change>>,
    },
    /// What the service answered to an intent. A lost answer leaves no entry.
    Replied {
        /// The effect.
        effect: EffectId,
        /// The intent.
        intent: Seq,
        /// The answer.
        reply: Reply,
    },
    /// The effect is seen in the world, or seen not to be.
    Outcome {
        /// The effect.
        effect: EffectId,
        /// Whether the world is as it shall be.
        applied: bool,
        /// What was seen.
        evidence: String,
    },
    /// The old writer of these databases cannot write.
    Fenced {
        /// The databases.
        databases: Vec<EntryId>,
        /// By what.
        fence: FenceProof,
        /// From this instant on the proof holds; one that was seen holds from the entry's own writing on.
        holds_from: Timestamp,
        /// Latest instant, by the old writer's clock where it has one, at which it could acknowledge a write.
        latest_write: Option<Timestamp>,
        /// What was seen.
        evidence: String,
    },
    /// A named operator takes the risk of a database without a proof.
    Waived {
        /// The database.
        database: EntryId,
        /// The loss that the operator was shown; `None`: unknown, and accepted as such.
        loss: Option<Span>,
        /// Why, in the person's words.
        reason: String,
    },
    /// Most data, as time, that moving this database can lose.
    LossBound {
        /// The database.
        database: EntryId,
        /// The bound; `None`: it cannot be known.
        bound: Option<Span>,
        /// Where the number comes from.
        source: String,
    },
    /// The database answers as the writer on the side that was moved to.
    WriterVerified {
        /// The database.
        database: EntryId,
        /// What was seen.
        evidence: String,
    },
    /// A step is done.
    StepDone {
        /// The step.
        step: Step,
        /// What was seen.
        evidence: Vec<String>,
    },
    /// No way back from here.
    Committed {
        /// The assessment that it rests on.
        evidence: Digest,
        /// What holds, in sentences.
        because: Vec<String>,
    },
    /// The other entry that may stand in the commit's place: everything is undone.
    TurnedBack {
        /// Why.
        reason: TurnBackReason,
        /// In a sentence.
        detail: String,
        /// What takes its place, when another generation does.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        successor: Option<Successor>,
    },
    /// One validation pass.
    Pass {
        /// Whether every check held.
        held: bool,
        /// Each check in a sentence.
        checks: Vec<String>,
    },
    /// A person is needed.
    Held {
        /// The step that found it.
        step: Step,
        /// Why, with the numbers, and what to do next.
        reason: String,
    },
    /// An operator halts the executors; they wait.
    Paused {
        /// Why.
        reason: String,
    },
    /// An operator stops the generation: no intent after this until it is resumed.
    Stopped {
        /// Why.
        reason: String,
        /// Intents whose outcome is not known.
        in_flight: Vec<EffectId>,
    },
    /// It goes on, after Held, Paused or Stopped.
    Resumed {
        /// Why.
        reason: String,
        /// Time from now that it may take; `None`: what was left.
        time_limit: Option<Span>,
    },
    /// The end.
    Ended {
        /// Which.
        end: End,
        /// In a sentence.
        reason: String,
    },
    /// A person has looked at the recovery: the cool-down is over.
    Acknowledged {
        /// What the person says.
        reason: String,
    },
    /// An old side that nobody had proven fenced is seen fenced.
    OldSideFenced {
        /// The database.
        database: EntryId,
        /// Where it was.
        side: Side,
        /// What was seen.
        evidence: String,
    },
    /// A workload that its last generation moved away is seen at home again: somebody went back by hand.
    SeenAtHome {
        /// What was seen.
        evidence: String,
        /// The Regions that are its sides from now on, where a plan was put that has others.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        regions: Option<Sides<Region>>,
    },
    /// It was seen that opening a side's database to its application again makes no second writer.
    OneWriter {
        /// The database.
        database: EntryId,
        /// The side that is opened.
        side: Side,
        /// What was seen.
        evidence: String,
    },
    /// A remark.
    Noted {
        /// The remark.
        text: String,
    },
    /// The next generation may be opened; nothing follows.
    Closed {
        /// The generation that is opened next.
        next: Generation,
    },
}

impl Entry {
    /// The way back, with nothing that takes the generation's place.
    pub fn turned_back(reason: TurnBackReason, detail: impl Into<String>) -> Self {
        Self::TurnedBack { reason, detail: detail.into(), successor: None }
    }

    /// The word for it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Opened(_) => "opened",
            Self::Joined { .. } => "joined",
            Self::Assessed { .. } => "assessed",
            Self::Asked { .. } => "asked",
            Self::Answered { .. } => "answered",
            Self::Intent { .. } => "intent",
            Self::Replied { .. } => "replied",
            Self::Outcome { .. } => "outcome",
            Self::Fenced { .. } => "fenced",
            Self::Waived { .. } => "waived",
            Self::LossBound { .. } => "loss-bound",
            Self::WriterVerified { .. } => "writer-verified",
            Self::StepDone { .. } => "step-done",
            Self::Committed { .. } => "committed",
            Self::TurnedBack { .. } => "turned-back",
            Self::Pass { .. } => "pass",
            Self::Held { .. } => "held",
            Self::Paused { .. } => "paused",
            Self::Stopped { .. } => "stopped",
            Self::Resumed { .. } => "resumed",
            Self::Ended { .. } => "ended",
            Self::Acknowledged { .. } => "acknowledged",
            Self::OldSideFenced { .. } => "old-side-fenced",
            Self::SeenAtHome { .. } => "seen-at-home",
            Self::OneWriter { .. } => "one-writer",
            Self::Noted { .. } => "noted",
            Self::Closed { .. } => "closed",
        }
    }
}

/// What the evidence says about going on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bearing {
    /// The old side is down, the new one well: go on.
    Go,
    /// The old side is well again: turn back.
    TurnBack,
    /// Neither is sure: wait.
    Unsure,
}

/// A person's answer, or the silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Answer {
    Approved,
    Declined,
    TimedOut,
}

/// What the service answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reply {
    /// It took the request.
    Accepted(Receipt),
    /// It did not; nothing happened by this request.
    Refused(ChangeError),
}

/// What proves that the old writer cannot write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum FenceProof {
    /// Nobody holds the lease and the last holder's time has passed.
    WriterLease {
        /// Epoch at which nobody holds it.
        epoch: u64,
    },
    /// No writer runs, none can start, no session was seen.
    StopWriter,
    /// The path is cut and no session was seen.
    Isolate,
    /// The service itself moves the writer without loss, in one operation.
    Switchover,
    /// Every side may write.
    NotNeeded,
}

/// Why a generation turned back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum TurnBackReason {
    PrimaryHealthy,
    Declined,
    StepFailed,
    DeadlineExceeded,
    Superseded,
}

impl std::fmt::Display for TurnBackReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::PrimaryHealthy => "the old side is well again",
            Self::Declined => "people said no",
            Self::StepFailed => "a step cannot be done",
            Self::DeadlineExceeded => "the time was over",
            Self::Superseded => "a wider recovery takes its place",
        })
    }
}

/// How a generation ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// Users are served from the other side, proved from outside.
    Recovered,
    /// Everything that was done is undone.
    RolledBack,
    /// An operator gave it up.
    Abandoned,
}
