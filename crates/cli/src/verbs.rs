//! What a person says to a generation: waive, pause, stop, resume, abandon, ack.

use leeward_core::ids::EntryId;
use leeward_core::journal::{End, Entry, may_waive};
use leeward_core::plan::Database;
use leeward_core::status::sentence;
use leeward_core::time::Span;
use leeward_reconcile::Book;
use serde::Serialize;

use crate::args::On;
use crate::executor::{self, Next};
use crate::exit::{Answer, Exit, Trouble};
use crate::journal::write;
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

/// The answer to a verb that wrote: the last entry, and what became of the next executor.
pub fn said(book: &Book, next: Next) -> Result<Answer, Trouble> {
    let Some(last) = book.records.last() else {
        return Err(Trouble::new(Exit::NotAsAsked, "nothing was written"));
    };
    let decision = &book.state.decision;
    let said = Said {
        schema: 1,
        workload: decision.workload.to_string(),
        generation: decision.generation.0,
        seq: last.seq.0,
        entry: last.entry.name(),
        text: sentence(&last.entry),
        by: last.by.to_string(),
        started: next.started,
        notes: next.notes,
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
    let entry = |_: &Book, _: &_, _: &_| Ok(vec![Entry::Paused { reason: on.reason.clone() }]);
    said(&write(office, on, &entry).await?, Next::none())
}

/// Stops the generation: no intent after this.
pub async fn stop(office: &Office, on: &On) -> Result<Answer, Trouble> {
    let entry = |book: &Book, _: &_, _: &_| {
        let in_flight = book.state.unresolved().map(|(id, _)| id.clone()).collect();
        Ok(vec![Entry::Stopped { reason: on.reason.clone(), in_flight }])
    };
    let book = write(office, on, &entry).await?;
    let mut next = Next::none();
    for (effect, state) in book.state.unresolved() {
        next.notes.push(format!(
            "still in flight, it may happen yet: {effect} ({}); probed again when it is resumed",
            state.change
        ));
    }
    said(&book, next)
}

/// Goes on after a hold, pause or stop.
pub async fn resume(
    office: &Office,
    on: &On,
    time_limit: Option<Span>,
    no_start: bool,
) -> Result<Answer, Trouble> {
    let entry =
        |_: &Book, _: &_, _: &_| Ok(vec![Entry::Resumed { reason: on.reason.clone(), time_limit }]);
    let book = write(office, on, &entry).await?;
    let next = executor::next(office, &book, no_start).await;
    said(&book, next)
}

/// Gives the generation up.
pub async fn abandon(office: &Office, on: &On) -> Result<Answer, Trouble> {
    let entry = |_: &Book, _: &_, _: &_| {
        Ok(vec![Entry::Ended { end: End::Abandoned, reason: on.reason.clone() }])
    };
    let book = write(office, on, &entry).await?;
    let mut next = Next::none();
    next.notes.push("nothing was undone: look at both sides before the next recovery".to_owned());
    said(&book, next)
}

/// A person has looked at the recovery.
pub async fn ack(office: &Office, on: &On) -> Result<Answer, Trouble> {
    let entry =
        |_: &Book, _: &_, _: &_| Ok(vec![Entry::Acknowledged { reason: on.reason.clone() }]);
    said(&write(office, on, &entry).await?, Next::none())
}

/// A named operator takes the risk of a database without a proof.
pub async fn waive(office: &Office, on: &On, database: &str) -> Result<Answer, Trouble> {
    let id = EntryId::new(database);
    let entry = |book: &Book, plan: &leeward_core::plan::Plan, by: &_| {
        crate::answers::may_answer(plan, by)?;
        let single: Vec<&str> = plan
            .databases
            .iter()
            .filter(|d| d.single_writer())
            .map(|d: &Database| d.id().as_str())
            .collect();
        if !single.contains(&database) {
            return Err(Trouble::invalid(format!(
                "plan {} has no database `{database}` that only one side may write; it has: {}",
                plan.plan,
                single.join(", ")
            )));
        }
        may_waive(&book.state, plan, &id).map_err(|no| Trouble::refused(no.to_string()))?;
        // The risk is bound to the loss that is known at this moment.
        let loss = book.state.losses.get(&id).and_then(|(bound, _)| *bound);
        Ok(vec![Entry::Waived { database: id.clone(), loss, reason: on.reason.clone() }])
    };
    let book = write(office, on, &entry).await?;
    let mut next = Next::none();
    if book.state.halt.is_some() {
        next.notes.push(format!("it is halted still: leeward resume {} --reason …", on.workload));
    }
    said(&book, next)
}
