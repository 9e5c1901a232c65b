//! Writing down what a person says: read, judge, append; on a conflict once more.

use std::sync::Arc;

use leeward_core::error::StepError;
use leeward_core::ids::{Nonce, Seq};
use leeward_core::journal::Entry;
use leeward_core::plan::Plan;
use leeward_core::said::{Heard, Refused, Said, entries, speaks_of_the_same};
use leeward_ports::Nonces;

use crate::{Appended, Book, Desk};

/// How often a word is tried anew when executors write at the same time.
const ROUNDS_MAX: usize = 8;

/// Draws marks that begin with a word's own, so that the word is known again.
struct OfWord {
    own: String,
    inner: Arc<dyn Nonces>,
}

impl Nonces for OfWord {
    fn draw(&self) -> Nonce {
        Nonce::new(format!("{}{}", self.own, self.inner.draw()))
    }
}

/// How one round of writing ended.
enum Round {
    Over(Heard),
    Again,
}

impl Desk {
    /// Writes a word into its journal in this desk's name. The same word again changes nothing: it is known by its
    /// mark, and behind any entry that changes what it speaks of it is not written at all.
    pub async fn say(&self, said: &Said) -> Result<Heard, StepError> {
        let mut seen = said.seen;
        for _ in 0..ROUNDS_MAX {
            let mut book = self.open_book(&said.workload, said.generation).await?;
            if let Some(written) = book.records.iter().find(|record| said.is(record)) {
                return Ok(Heard::Stands { seq: written.seq, by: written.by.clone() });
            }
            let later = book.records.iter().filter(|record| record.seq > seen);
            if !later.map(|record| &record.entry).all(speaks_of_the_same) {
                return Ok(Heard::Changed);
            }
            let decision = &book.state.decision;
            let plan = self.plan_version(&decision.plan, &decision.plan_digest).await?;
            let becomes = (&said.word, said.reason.as_str());
            let wanted = match entries(becomes, (&book.state, &plan), &self.actor, book.read_at) {
                Ok(wanted) => wanted,
                Err(Refused::Rule(why)) => return Ok(Heard::Refused { why }),
                Err(Refused::NotThere(why)) => return Ok(Heard::Invalid { why }),
            };
            match self.round(&mut book, &plan, said, wanted, &mut seen).await? {
                Round::Over(heard) => return Ok(heard),
                Round::Again => {}
            }
        }
        Err(StepError::Unavailable(format!(
            "the journal of {} changed {ROUNDS_MAX} times while this was written; ask again",
            said.workload
        )))
    }

    /// `seen` moves on with what this word itself has written.
    async fn round(
        &self,
        book: &mut Book,
        plan: &Plan,
        said: &Said,
        wanted: Vec<Entry>,
        seen: &mut Seq,
    ) -> Result<Round, StepError> {
        let own = OfWord { own: said.own_mark(), inner: self.nonces.clone() };
        let marked = Self { nonces: Arc::new(own), ..self.clone() };
        let last = wanted.len().saturating_sub(1);
        for (place, entry) in wanted.into_iter().enumerate() {
            let name = entry.name();
            // Only the word itself bears its mark: what is missing before it is written by whoever says it again.
            let desk = if place == last { &marked } else { self };
            match desk.append(book, entry, Some(plan)).await? {
                Appended::Yes => *seen = book.state.last,
                // What already stands is seen by the next round, which writes only the rest.
                Appended::Conflict => return Ok(Round::Again),
                Appended::NotAdmitted(why) => {
                    let (workload, generation) = (&said.workload, said.generation);
                    return Ok(Round::Over(Heard::Refused {
                        why: format!(
                            "generation {generation} of {workload} takes no `{name}`: {why}. `leeward status {workload}` shows how it stands"
                        ),
                    }));
                }
            }
        }
        let seq = book.state.last;
        Ok(Round::Over(Heard::Stands { seq, by: self.actor.clone() }))
    }
}
