//! Writing into a journal in a person's name: read, ask the rules, append; on a conflict once more.

use leeward_core::ids::Actor;
use leeward_core::journal::Entry;
use leeward_core::plan::Plan;
use leeward_reconcile::{Appended, Book};

use crate::args::On;
use crate::exit::{Exit, Trouble};
use crate::office::{Office, workload};

/// How often a verb is tried anew when executors write at the same time.
const ROUNDS_MAX: usize = 8;

/// What a verb writes, from what it met.
pub trait Verb: Sync {
    /// The entries that are still missing, in order; or why there is nothing to write.
    fn entries(&self, book: &Book, plan: &Plan, by: &Actor) -> Result<Vec<Entry>, Trouble>;
}

impl<F> Verb for F
where
    F: Fn(&Book, &Plan, &Actor) -> Result<Vec<Entry>, Trouble> + Sync,
{
    fn entries(&self, book: &Book, plan: &Plan, by: &Actor) -> Result<Vec<Entry>, Trouble> {
        self(book, plan, by)
    }
}

/// A reason has to say something.
pub fn reason(text: &str) -> Result<(), Trouble> {
    if text.trim().is_empty() {
        return Err(Trouble::invalid("--reason is empty; it goes on record, so say why"));
    }
    Ok(())
}

/// Appends what the verb says to the generation that is named. Gives the journal as it is then.
pub async fn write(office: &Office, on: &On, verb: &dyn Verb) -> Result<Book, Trouble> {
    reason(&on.reason)?;
    let workload = workload(&on.workload)?;
    'again: for _ in 0..ROUNDS_MAX {
        let mut book = office.book(&workload, on.generation).await?;
        let plan = office.plan_of(&book).await?;
        for entry in verb.entries(&book, &plan, &office.desk.actor)? {
            let name = entry.name();
            match office.desk.append(&mut book, entry, Some(&plan)).await? {
                Appended::Yes => {}
                // What already stands is seen by the next round, which writes only the rest.
                Appended::Conflict => continue 'again,
                Appended::NotAdmitted(why) => {
                    return Err(Trouble::refused(format!(
                        "generation {} of {workload} takes no `{name}`: {why}. `leeward status {workload}` shows how it stands",
                        book.state.decision.generation
                    )));
                }
            }
        }
        return Ok(book);
    }
    Err(Trouble::new(
        Exit::Unavailable,
        format!(
            "the journal of {workload} changed {ROUNDS_MAX} times while this was written; ask again"
        ),
    ))
}
