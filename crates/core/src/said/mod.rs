//! What a person says to a generation, and how it comes to the function that writes it down.
//!
//! The person's command writes no journal: it asks a function, which verifies who asks and judges the word anew from
//! what it reads itself. What is asked is a word and never an entry, so nothing but a word can be asked for.

mod entries;
mod proof;
#[cfg(test)]
mod tests;

pub use entries::{Refused, entries, speaks_of_the_same};
pub use proof::{ACTION, HEADER, LIFE, Proof, Sts, date, signed_headers};

use serde::{Deserialize, Serialize};

use crate::contract::SCHEMA;
use crate::error::StepError;
use crate::ids::{Actor, Digest, EntryId, Generation, Nonce, Seq, WorkloadId};
use crate::journal::{Record, chain};
use crate::printable::{TEXT_MAX, one_line};
use crate::time::Span;

/// Longest mark of a word, in letters.
const MARK_MAX: usize = 64;
/// Between a word's mark and the letters that its writer drew: no mark holds it.
const OF_WORD: char = '.';
/// What the signature is for, so that it stands for nothing else.
const PURPOSE: &str = "leeward/word/1";

/// A word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Word {
    /// Yes to a question.
    Approve {
        /// Its number; the one that waits otherwise.
        question: Option<u32>,
    },
    /// No to a question.
    Decline {
        /// Its number; the one that waits otherwise.
        question: Option<u32>,
    },
    /// The risk of a database without a proof is taken.
    Waive {
        /// The database.
        database: EntryId,
    },
    /// Halts the executors.
    Pause,
    /// No intent after this.
    Stop,
    /// It goes on.
    Resume {
        /// Time from now that it may take; `None`: what was left.
        time_limit: Option<Span>,
    },
    /// The generation is given up.
    Abandon,
    /// A person has looked at the recovery.
    Ack,
}

/// A word to a generation, as its person means it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Said {
    /// The workload.
    pub workload: WorkloadId,
    /// The generation.
    pub generation: Generation,
    /// The last entry that the person's command has read: what it speaks of must not have changed since.
    pub seen: Seq,
    /// The word's own mark: by it the same word is known again.
    pub mark: Nonce,
    /// The word.
    pub word: Word,
    /// Why, in the person's words.
    pub reason: String,
}

impl Said {
    /// What a signature has to carry to stand for this word, said to that function, and for nothing else.
    pub fn digest(&self, function_arn: &str) -> Result<Digest, StepError> {
        let text = serde_json::to_string(&(PURPOSE, function_arn, self))
            .map_err(|e| StepError::InvalidInput(format!("a word cannot be written: {e}")))?;
        Ok(chain::digest(text.as_bytes()))
    }

    /// The beginning of the mark under which its own entry is written. The rest is drawn by each writer: two that
    /// carry the same word out at once have to tell their own entry from the other's.
    pub fn own_mark(&self) -> String {
        format!("{}{OF_WORD}", self.mark)
    }

    /// Whether that entry is this very word, written before.
    pub fn is(&self, record: &Record) -> bool {
        record.nonce.as_str().starts_with(&self.own_mark())
    }

    fn checked(self) -> Result<Self, StepError> {
        WorkloadId::checked(self.workload.as_str()).map_err(StepError::InvalidInput)?;
        let mark = self.mark.as_str();
        let well_formed = (16..=MARK_MAX).contains(&mark.len())
            && mark.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if !well_formed {
            let why = format!("a word's mark has 16 to {MARK_MAX} letters, digits and dashes");
            return Err(StepError::InvalidInput(why));
        }
        if self.reason.trim().is_empty() {
            return Err(StepError::InvalidInput("a word needs a reason".to_owned()));
        }
        if self.reason.len() > TEXT_MAX || one_line(&self.reason) != self.reason {
            let why = format!("a reason is one line of at most {TEXT_MAX} bytes");
            return Err(StepError::InvalidInput(why));
        }
        Ok(self)
    }
}

/// The word `word`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "one word")]
pub enum WordMark {
    Word,
}

/// A word with the proof of who says it, as a function is asked to write it down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WordRequest {
    /// Always `word`.
    pub leeward: WordMark,
    /// Always 1.
    pub schema: u32,
    /// What is said.
    pub said: Said,
    /// Who says it.
    pub proof: Proof,
}

impl WordRequest {
    /// Whether that is a word.
    pub fn is(value: &serde_json::Value) -> bool {
        value.get("leeward").and_then(serde_json::Value::as_str) == Some("word")
    }

    /// Reads and checks a word. Nothing of the proof is repeated in what is wrong with it.
    pub fn read(value: &serde_json::Value) -> Result<Self, StepError> {
        let mut request = Self::deserialize(value).map_err(|e| {
            StepError::InvalidInput(format!(
                "{e}; expected {{\"leeward\":\"word\",\"schema\":1,\"said\",\"proof\"}}"
            ))
        })?;
        if request.schema != SCHEMA {
            let why = format!(
                "schema {} is not known here; this function speaks {SCHEMA}",
                request.schema
            );
            return Err(StepError::InvalidInput(why));
        }
        request.proof.check().map_err(StepError::InvalidInput)?;
        request.said = request.said.checked()?;
        Ok(request)
    }
}

/// What became of a word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Heard {
    /// It stands in the journal.
    Stands {
        /// Where.
        seq: Seq,
        /// In whose name.
        by: Actor,
    },
    /// What it speaks of has changed since its person looked: nothing was written.
    Changed,
    /// A rule says no: nothing was written.
    Refused {
        /// Which.
        why: String,
    },
    /// What it names is not there: nothing was written.
    Invalid {
        /// What.
        why: String,
    },
    /// Who says it is not proven: nothing was written.
    NotProven {
        /// Why not.
        why: String,
    },
}

/// What the function answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WordOutput {
    /// Always 1.
    pub schema: u32,
    /// What became of it.
    pub heard: Heard,
}
