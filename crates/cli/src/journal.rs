//! What a person says to a journal: it goes through the function that verifies who says it, or by hand.

use leeward_core::journal::Record;
use leeward_core::said::{Heard, Said, Word};
use leeward_reconcile::Book;

use crate::args::On;
use crate::exit::{Exit, Trouble};
use crate::office::{Office, workload};

/// How often a word is said anew when what it speaks of changes at the same time.
const ROUNDS_MAX: usize = 8;

/// A word that stands.
pub struct Written {
    /// The journal as it is now.
    pub book: Book,
    /// The word's own entry.
    pub record: std::sync::Arc<Record>,
    /// What the person should know.
    pub notes: Vec<String>,
}

/// A reason has to say something.
pub fn reason(text: &str) -> Result<(), Trouble> {
    if text.trim().is_empty() {
        return Err(Trouble::invalid("--reason is empty; it goes on record, so say why"));
    }
    Ok(())
}

/// Has a word written into the generation that is named.
pub async fn write(office: &Office, on: &On, word: Word) -> Result<Written, Trouble> {
    reason(&on.reason)?;
    let workload = workload(&on.workload)?;
    for _ in 0..ROUNDS_MAX {
        let book = office.book(&workload, on.generation).await?;
        let said = Said {
            workload: workload.clone(),
            generation: book.state.decision.generation,
            seen: book.state.last,
            mark: office.desk.nonces.draw(),
            word: word.clone(),
            reason: on.reason.clone(),
        };
        let heard = if on.by_hand {
            office.desk.say(&said).await?
        } else {
            through_the_function(office, &said, &book).await?
        };
        match heard {
            Heard::Stands { .. } => return written(office, on, &said).await,
            // What was read is old: the word is judged by what stands now.
            Heard::Changed => {}
            Heard::Refused { why } => return Err(Trouble::refused(why)),
            Heard::Invalid { why } => return Err(Trouble::invalid(why)),
            Heard::NotProven { why } => return Err(not_proven(office, &why)),
        }
    }
    Err(Trouble::new(
        Exit::Unavailable,
        format!(
            "the journal of {workload} changed {ROUNDS_MAX} times while this was written; ask again"
        ),
    ))
}

async fn through_the_function(office: &Office, said: &Said, book: &Book) -> Result<Heard, Trouble> {
    let Some(words) = &office.words else {
        return Err(Trouble::invalid(
            "--words (or LEEWARD_WORDS) is not set: it is the output WordsArn of the deployed stack, the function that writes down what people say. Nothing was written. When that function is away, add --by-hand (needs the policy LeewardBreakGlass)",
        ));
    };
    // Dated by the table's own clock, as the function judges it: this machine's may be wrong.
    match words.say(said, book.read_at).await {
        Ok(output) => Ok(output.heard),
        Err(error) => {
            let workload = &said.workload;
            Err(Trouble::unavailable(format!(
                "{error}. Whether it was written is not known: `leeward status {workload}` shows it, and saying it again is harmless. When Lambda, STS or the function stays away, say it with --by-hand: that writes with your own rights and needs the policy LeewardBreakGlass"
            )))
        }
    }
}

fn not_proven(office: &Office, why: &str) -> Trouble {
    Trouble::new(
        Exit::Unavailable,
        format!(
            "the function that writes words down cannot verify that you are {}: {why}. Nothing was written. Look at your credentials (`aws sts get-caller-identity`) and ask again; with the policy LeewardBreakGlass `--by-hand` writes with your own rights",
            office.desk.actor
        ),
    )
}

/// The journal with the word in it, as it is read back: what stands there is told, not what was meant.
async fn written(office: &Office, on: &On, said: &Said) -> Result<Written, Trouble> {
    let book = office.desk.open_book(&said.workload, said.generation).await?;
    let Some(record) = book.records.iter().find(|record| said.is(record)).cloned() else {
        let workload = &said.workload;
        return Err(Trouble::unavailable(format!(
            "the function answers that it stands, and the journal of {workload} does not show it: look at LEEWARD_WORDS, LEEWARD_TABLE and LEEWARD_TABLE_REGION, which have to be of one stack"
        )));
    };
    let mut notes = Vec::new();
    if on.by_hand {
        notes.push(format!(
            "written by hand, with your own rights and not by the function: that it was {} is what this command says",
            record.by
        ));
    }
    Ok(Written { book, record, notes })
}
