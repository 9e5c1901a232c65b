//! Sentences for people, put together without being moved.

use std::fmt;

/// Room for a sentence, in bytes. A formatter begins with a guess from what does not change in it, and moves what
/// it has written each time that it was too small: for a sentence of six numbers, five times.
const ROOM: usize = 256;

/// The sentence of these words.
pub(crate) fn sentence(words: fmt::Arguments<'_>) -> String {
    let mut sentence = String::with_capacity(ROOM);
    // A `String` takes everything.
    let _ = fmt::Write::write_fmt(&mut sentence, words);
    sentence
}
