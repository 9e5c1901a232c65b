//! A generation's journal as it was read, and how to find the latest one.

use std::sync::Arc;

use leeward_core::error::StepError;
use leeward_core::ids::{Generation, Seq, WorkloadId};
use leeward_core::journal::{Record, State};
use leeward_core::table::{JOURNAL, Key, generation_partition};
use leeward_core::time::Timestamp;

use crate::{Desk, table_error};

/// Entries of a journal, shared by all who have read the same.
pub type Records = Arc<Vec<Arc<Record>>>;

/// A whole journal, its fold, and the instant of the answer that it rests on.
#[derive(Debug, Clone)]
pub struct Book {
    /// Every entry.
    pub records: Records,
    /// What they add up to.
    pub state: Arc<State>,
    /// `Date` of the table's last answer about it: every write and effect is signed with it.
    pub read_at: Timestamp,
}

impl Desk {
    /// Reads a generation's journal strongly; `None`: there is no such generation.
    pub async fn book(
        &self,
        workload: &WorkloadId,
        generation: Generation,
    ) -> Result<Option<Book>, StepError> {
        let partition = generation_partition(workload, generation);
        let listed = self.table.list(&partition, JOURNAL).await.map_err(table_error)?;
        if listed.value.is_empty() {
            return Ok(None);
        }
        let damaged = |what: String| {
            StepError::NeedsOperator(format!(
                "the journal of {workload}/{generation} is damaged: {what}. Nothing is done on it; compare it with the notifications' journal heads"
            ))
        };
        let (records, state) =
            self.shelf.journal(&partition, listed.value).map_err(|e| damaged(e.to_string()))?;
        Ok(Some(Book { records, state, read_at: listed.at }))
    }

    /// The latest generation of a workload; `None`: there never was one. Gives the instant too.
    pub async fn latest(
        &self,
        workload: &WorkloadId,
    ) -> Result<(Option<Book>, Timestamp), StepError> {
        let key = Key::generation_hint(workload);
        let hint = self.table.get(&key).await.map_err(table_error)?;
        let mut generation = Generation(hint.value.map_or(0, |item| item.n));
        let mut read_at = hint.at;
        // The hint is written after a generation's first entry: it may lag behind, and is never ahead.
        loop {
            let first = Key::journal(workload, generation.next(), Seq(1));
            let next = self.table.get(&first).await.map_err(table_error)?;
            read_at = read_at.max(next.at);
            if next.value.is_none() {
                break;
            }
            generation = generation.next();
        }
        if generation == Generation(0) {
            return Ok((None, read_at));
        }
        let book = self.book(workload, generation).await?;
        let read_at = book.as_ref().map_or(read_at, |b| b.read_at);
        Ok((book, read_at))
    }

    /// A journal that must be there.
    pub async fn open_book(
        &self,
        workload: &WorkloadId,
        generation: Generation,
    ) -> Result<Book, StepError> {
        self.book(workload, generation).await?.ok_or_else(|| {
            StepError::InvalidInput(format!("there is no generation {generation} of {workload}"))
        })
    }
}
