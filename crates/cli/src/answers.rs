//! `approve` and `decline`: the answer to a numbered question.

use leeward_core::said::Word;

use crate::args::AnswerArgs;
use crate::executor;
use crate::exit::{Answer, Trouble};
use crate::journal::write;
use crate::office::Office;
use crate::verbs::said;

/// Has the answer written, and starts the next executor where none runs.
pub async fn answer(office: &Office, args: &AnswerArgs, word: Word) -> Result<Answer, Trouble> {
    let written = write(office, &args.on, word).await?;
    let next = executor::next(office, &written.book, args.no_start).await;
    said(written, next)
}
