//! A generation's journal as it was read, and how to find the latest one.

use std::sync::Arc;

use leeward_core::error::StepError;
use leeward_core::ids::{Generation, Seq, WorkloadId};
use leeward_core::journal::{Record, State};
use leeward_core::table::{JOURNAL, Key, generation_partition};
use leeward_core::time::Timestamp;
use leeward_ports::TableErrorKind;

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

/// How far behind the last generation one is looked for that a gap would hide: in a copy that is not whole.
const GAP_LOOKED_FOR: u64 = 8;

/// Which generations a workload has by its journals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbered {
    /// The last; 0: none.
    pub latest: Generation,
    /// One behind a gap: generations are missing.
    pub beyond: Option<Generation>,
    /// What the hint says; 0: there is none, `None`: it cannot be read.
    pub hint: Option<u64>,
    /// The instant of the answer.
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
                "the journal of {workload}/{generation} is damaged: {what}. Nothing is done on it; `leeward repair {workload} --diff` shows what can be mended, and the notifications' journal heads tell what it was"
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
        let (hint, mut read_at) = self.marker(&Key::generation_hint(workload)).await?;
        let generation = Generation(hint.unwrap_or(0));
        let (generation, at) = self.forward(workload, generation).await?;
        read_at = at.unwrap_or(read_at);
        if generation == Generation(0) {
            return Ok((None, read_at));
        }
        if let Some(book) = self.book(workload, generation).await? {
            let read_at = book.read_at;
            return Ok((Some(book), read_at));
        }
        // The hint is written behind a generation's first entry: one that is ahead of the journals was written by
        // hand, or copied from elsewhere. What has happened is what the journals tell.
        let numbered = self.numbered(workload).await?;
        tracing::error!(%workload, hint, latest = %numbered.latest, "the hint where the latest generation is names none; `leeward repair` shows and mends it");
        if let Some(beyond) = numbered.beyond {
            return Err(StepError::NeedsOperator(format!(
                "the journals of {workload} end with generation {}, and that of {beyond} is there: generations are missing. Nothing is opened; `leeward repair {workload} --diff`",
                numbered.latest
            )));
        }
        if numbered.latest == Generation(0) {
            return Ok((None, numbered.read_at));
        }
        let book = self.open_book(workload, numbered.latest).await?;
        let read_at = book.read_at;
        Ok((Some(book), read_at))
    }

    /// The last generation from there on that has a first entry, with the instant of the answer.
    async fn forward(
        &self,
        workload: &WorkloadId,
        mut generation: Generation,
    ) -> Result<(Generation, Option<Timestamp>), StepError> {
        let mut read_at = None;
        loop {
            let next = generation.next();
            if next == generation {
                return Ok((generation, read_at));
            }
            let (exists, at) = self.exists(workload, next).await?;
            read_at = read_at.max(at);
            if !exists {
                return Ok((generation, read_at));
            }
            generation = next;
        }
    }

    /// Whether a generation has a first entry, though it may be damaged.
    async fn exists(
        &self,
        workload: &WorkloadId,
        generation: Generation,
    ) -> Result<(bool, Option<Timestamp>), StepError> {
        match self.table.get(&Key::journal(workload, generation, Seq(1))).await {
            Ok(dated) => Ok((dated.value.is_some(), Some(dated.at))),
            Err(error) if error.kind == TableErrorKind::Malformed => Ok((true, None)),
            Err(error) => Err(table_error(error)),
        }
    }

    /// The number in a marker: 0 where there is none, `None` where it cannot be read.
    pub async fn marker(&self, key: &Key) -> Result<(Option<u64>, Timestamp), StepError> {
        match self.table.get(key).await {
            Ok(dated) => Ok((Some(dated.value.map_or(0, |item| item.n)), dated.at)),
            // A marker only says where to begin: one that is damaged is as good as none.
            Err(error) if error.kind == TableErrorKind::Malformed => {
                tracing::error!(%error, "a marker cannot be read; `leeward repair` shows and mends it");
                let at = self.table.get(&Key::switch()).await.map_err(table_error)?.at;
                Ok((None, at))
            }
            Err(error) => Err(table_error(error)),
        }
    }

    /// Which generations there are by their journals alone, whatever the hint says.
    pub async fn numbered(&self, workload: &WorkloadId) -> Result<Numbered, StepError> {
        let (hint, mut read_at) = self.marker(&Key::generation_hint(workload)).await?;
        // Generations follow each other without a gap: twice as far until one is missing, then the place between.
        let (mut there, mut missing) = (0u64, 1u64);
        loop {
            let (exists, at) = self.exists(workload, Generation(missing)).await?;
            read_at = at.map_or(read_at, |at| at.max(read_at));
            if !exists {
                break;
            }
            there = missing;
            missing = missing.saturating_mul(2);
            if missing == there {
                break;
            }
        }
        while there.saturating_add(1) < missing {
            let middle = there + (missing - there) / 2;
            if self.exists(workload, Generation(middle)).await?.0 {
                there = middle;
            } else {
                missing = middle;
            }
        }
        let mut beyond = None;
        for number in missing.saturating_add(1)..=missing.saturating_add(GAP_LOOKED_FOR) {
            let known = beyond.is_some() || number == missing;
            if !known && self.exists(workload, Generation(number)).await?.0 {
                beyond = Some(Generation(number));
            }
        }
        Ok(Numbered { latest: Generation(there), beyond, hint, read_at })
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
