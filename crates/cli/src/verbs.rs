//! What a person says to a generation: waive, pause, stop, resume, abandon, ack.

use leeward_core::ids::EntryId;
use leeward_core::said::Word;
use leeward_core::status::sentence;
use leeward_core::time::Span;
use serde::Serialize;

use crate::args::On;
use crate::executor::{self, Next};
use crate::exit::{Answer, Exit, Trouble};
use crate::journal::{Written, write};
use crate::office::Office;

/// What a verb did.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
struct Said {
    schema: u32,
    workload: String,
    generation: u64,
    seq: u64,
    entry: &'static str,
    text: String,
    by: String,
    /// Name of the execution that was started for it.
    started: Option<String>,
    notes: Vec<String>,
}

/// The answer to a verb that wrote: its entry, and what became of the next executor.
pub fn said(written: Written, next: Next) -> Result<Answer, Trouble> {
    let Written { book, record, mut notes } = written;
    let decision = &book.state.decision;
    notes.extend(next.notes);
    let said = Said {
        schema: 1,
        workload: decision.workload.to_string(),
        generation: decision.generation.0,
        seq: record.seq.0,
        entry: record.entry.name(),
        text: sentence(&record.entry),
        by: record.by.to_string(),
        started: next.started,
        notes,
    };
    let mut lines = vec![format!(
        "{} generation {}, entry {}, by {}: {}",
        said.workload, said.generation, said.seq, said.by, said.text
    )];
    lines.extend(said.started.iter().map(|name| format!("started {name}")));
    lines.extend(said.notes.iter().cloned());
    Answer::of(&said, lines, Exit::Well)
}

/// Halts the executors; they wait.
pub async fn pause(office: &Office, on: &On) -> Result<Answer, Trouble> {
    said(write(office, on, Word::Pause).await?, Next::none())
}

/// Stops the generation: no intent after this.
pub async fn stop(office: &Office, on: &On) -> Result<Answer, Trouble> {
    let written = write(office, on, Word::Stop).await?;
    let mut next = Next::none();
    for (effect, state) in written.book.state.unresolved() {
        next.notes.push(format!(
            "still in flight, it may happen yet: {effect} ({}); probed again when it is resumed",
            state.change
        ));
    }
    said(written, next)
}

/// Goes on after a hold, pause or stop.
pub async fn resume(
    office: &Office,
    on: &On,
    time_limit: Option<Span>,
    no_start: bool,
) -> Result<Answer, Trouble> {
    let written = write(office, on, Word::Resume { time_limit }).await?;
    let next = executor::next(office, &written.book, no_start).await;
    said(written, next)
}

/// Gives the generation up.
pub async fn abandon(office: &Office, on: &On) -> Result<Answer, Trouble> {
    let written = write(office, on, Word::Abandon).await?;
    let mut next = Next::none();
    next.notes.push("nothing was undone: look at both sides before the next recovery".to_owned());
    said(written, next)
}

/// A person has looked at the recovery.
pub async fn ack(office: &Office, on: &On) -> Result<Answer, Trouble> {
    said(write(office, on, Word::Ack).await?, Next::none())
}

/// A named operator takes the risk of a database without a proof.
pub async fn waive(office: &Office, on: &On, database: &str) -> Result<Answer, Trouble> {
    let written = write(office, on, Word::Waive { database: EntryId::new(database) }).await?;
    let mut next = Next::none();
    if written.book.state.halt.is_some() {
        next.notes.push(format!("it is halted still: leeward resume {} --reason …", on.workload));
    }
    said(written, next)
}
