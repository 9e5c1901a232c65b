//! Appending to a journal: one conditional put, known again by its nonce.

use std::sync::Arc;

use leeward_core::deploying::foreign;
use leeward_core::error::StepError;
use leeward_core::ids::{Generation, Seq, WorkloadId};
use leeward_core::journal::{Beside, Decision, Entry, Record, State, chain, rules};
use leeward_core::plan::Plan;
use leeward_core::planted::{self, Bug};
use leeward_core::table::Key;
use leeward_core::time::Timestamp;
use leeward_ports::{Condition, Frozen, Item, Put, TableErrorKind};

use crate::{Book, Desk, table_error};

/// How an append came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Appended {
    /// It stands.
    Yes,
    /// Another entry stands in its place, or that is not known: read again and ask again.
    Conflict,
    /// The rules do not admit it in this state.
    NotAdmitted(String),
}

impl Desk {
    /// Appends one entry to the journal that was read. On success the book holds it.
    pub async fn append(
        &self,
        book: &mut Book,
        entry: Entry,
        plan: Option<&Plan>,
    ) -> Result<Appended, StepError> {
        if let Some(why) = foreign(&book.state, self.protocol) {
            return Ok(Appended::NotAdmitted(why));
        }
        let beside = plan.map(|plan| Beside { plan, limits: &self.limits, by: Some(&self.actor) });
        if let Err(no) = rules::admits(&book.state, &entry, book.read_at, beside) {
            return Ok(Appended::NotAdmitted(no.to_string()));
        }
        let decision = &book.state.decision;
        let (workload, generation) = (decision.workload.clone(), decision.generation);
        let record = Record {
            seq: rules::next_seq(&book.state),
            at: book.read_at,
            nonce: self.nonces.draw(),
            prev: book.state.head.clone(),
            by: self.actor.clone(),
            entry,
        };
        match self.write(&workload, generation, &record).await? {
            None => Ok(Appended::Conflict),
            Some((item, at)) => {
                let (record, head) = (Arc::new(record), chain::digest(item.body.as_bytes()));
                let state = Arc::make_mut(&mut book.state);
                state.apply(&record);
                state.head = head.clone();
                book.read_at = book.read_at.max(at);
                Arc::make_mut(&mut book.records).push(record.clone());
                self.shelf.wrote(item, record, head);
                Ok(Appended::Yes)
            }
        }
    }

    /// Puts a generation's first entry; `None`: another opened it first.
    pub async fn open(
        &self,
        decision: Decision,
        read_at: Timestamp,
    ) -> Result<Option<Book>, StepError> {
        let (workload, generation) = (decision.workload.clone(), decision.generation);
        let record = Record {
            seq: Seq(1),
            at: read_at,
            nonce: self.nonces.draw(),
            prev: chain::origin(),
            by: self.actor.clone(),
            entry: Entry::Opened(Box::new(decision)),
        };
        let Some((item, at)) = self.write(&workload, generation, &record).await? else {
            return Ok(None);
        };
        let hint = Item {
            key: Key::generation_hint(&workload),
            body: "{}".to_owned(),
            n: generation.0,
            nonce: String::new(),
        };
        // Only a hint: the search goes on from an old one.
        if let Err(error) = self.table.put(hint.into(), Condition::Newer, Frozen(at)).await {
            tracing::warn!(%error, "the hint where the latest generation is was not written");
        }
        let head = chain::digest(item.body.as_bytes());
        let state = State::fold(std::slice::from_ref(&record), head)
            .map_err(|e| StepError::NeedsOperator(format!("a new journal is damaged: {e}")))?;
        Ok(Some(Book {
            records: Arc::new(vec![Arc::new(record)]),
            state: Arc::new(state),
            read_at: at,
        }))
    }

    /// One conditional put. Gives the stored item and the answer's `Date` when the entry stands as ours.
    async fn write(
        &self,
        workload: &WorkloadId,
        generation: Generation,
        record: &Record,
    ) -> Result<Option<(Arc<Item>, Timestamp)>, StepError> {
        let body = serde_json::to_string(record)
            .map_err(|e| StepError::InvalidInput(format!("an entry cannot be written: {e}")))?;
        let key = Key::journal(workload, generation, record.seq);
        let nonce = record.nonce.as_str().to_owned();
        let item = Arc::new(Item { key: key.clone(), body, n: record.seq.0, nonce });
        let careless = match record.seq {
            Seq(1) => planted::is(Bug::DecisionOverwritten),
            _ => planted::is(Bug::EntryOverwritten),
        };
        let condition = if careless { Condition::Always } else { Condition::Absent };
        let answer = self.table.put(item.clone(), condition, Frozen(record.at)).await;
        let lost = match answer {
            Ok(dated) if dated.value == Put::Done => return Ok(Some((item, dated.at))),
            Ok(_) => false,
            Err(error) if error.kind == TableErrorKind::Lost => true,
            Err(error) => return Err(table_error(error)),
        };
        // Only the nonce tells "mine" from "another's": both may have written the same content.
        let stored = self.table.get(&key).await.map_err(table_error)?;
        match stored.value {
            Some(other) if planted::is(Bug::ContentForNonce) && same_content(&other, record) => {
                Ok(Some((other, stored.at)))
            }
            Some(_) if planted::is(Bug::OwnWriteForConflict) => Ok(None),
            Some(own) if own.nonce == record.nonce.as_str() => Ok(Some((item, stored.at))),
            Some(_) => Ok(None),
            None if lost => Ok(None),
            None => Err(StepError::Unavailable(format!(
                "entry {} of {workload}/{generation} was refused as taken, but is not there",
                record.seq
            ))),
        }
    }
}

/// Whether an entry says the same, whoever wrote it: no proof of anything.
fn same_content(item: &Item, record: &Record) -> bool {
    serde_json::from_str::<Record>(&item.body).is_ok_and(|stands| stands.entry == record.entry)
}
