//! Text that others wrote: cut where it is read, and never able to steer a terminal, a log or a chat.
//!
//! Alarm reasons, descriptions of AWS Health, monitoring documents, error messages and people's reasons are
//! stored and shown. One text without a bound makes an item too large for DynamoDB (400 KB), and then nothing
//! can be opened; one escape sequence clears the terminal of the person who reads it.

use std::borrow::Cow;

use crate::ids::Text;

/// Longest text from outside that is kept, in bytes.
pub const TEXT_MAX: usize = 700;
/// Longest name from outside that is kept (a service, a zone, a metric), in bytes.
pub const NAME_MAX: usize = 120;
/// Longest resource from outside that is kept, in bytes: most ARNs are shorter.
pub const RESOURCE_MAX: usize = 200;
/// Most names from outside that are kept of one kind.
pub const NAMED_MAX: usize = 20;

/// Whether a character does something to the screen beside being shown: C0 and C1 controls (escape sequences
/// begin with one of them), separators of lines, marks that change the direction of writing (Unicode TR 36,
/// "Bidirectional text spoofing"), and tags that are not shown at all.
fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// The text without what steers; line breaks and tabs stay.
pub fn printable(text: &str) -> Cow<'_, str> {
    let bad = |c: char| steers(c) && c != '\n' && c != '\t';
    if !text.contains(bad) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(|c| if bad(c) { '\u{fffd}' } else { c }).collect())
}

/// The text on one line, without what steers.
pub fn one_line(text: &str) -> Cow<'_, str> {
    if !text.contains(steers) {
        return Cow::Borrowed(text);
    }
    let plain = |c: char| match c {
        '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' => ' ',
        c if steers(c) => '\u{fffd}',
        c => c,
    };
    Cow::Owned(text.chars().map(plain).collect())
}

/// The text cut to at most `max` bytes at a character's edge, with a sign that it was cut.
pub fn cut(text: &str, max: usize) -> Cow<'_, str> {
    if text.len() <= max {
        return Cow::Borrowed(text);
    }
    let mark = '…';
    let mut end = max.saturating_sub(mark.len_utf8());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    Cow::Owned(format!("{}{mark}", &text[..end]))
}

/// A text from outside as it is kept: one line, nothing that steers, at most `max` bytes.
pub fn kept(text: impl Into<Text>, max: usize) -> Text {
    let text = text.into();
    if text.len() <= max && !text.contains(steers) {
        return text;
    }
    // Cut first, so that a huge text is not walked through; what replaces a character may be longer than it.
    let short = one_line(&cut(&text, max)).into_owned();
    Text::from(cut(&short, max).as_ref())
}

/// Names from outside as they are kept: the first of them, each no longer than `max` bytes.
pub fn kept_names<C: FromIterator<Text>>(names: impl IntoIterator<Item = Text>, max: usize) -> C {
    names.into_iter().take(NAMED_MAX).map(|name| kept(name, max)).collect()
}

/// A writer in front of another that lets nothing through that steers: for logs, whose format escapes the
/// first control characters and not the others.
#[derive(Debug)]
pub struct Printable<W>(pub W);

impl<W: std::io::Write> std::io::Write for Printable<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        // An event is written whole. What is no text, or is cut in the middle of a character, goes as it is.
        match std::str::from_utf8(bytes) {
            Ok(text) => self.0.write_all(printable(text).as_bytes())?,
            Err(_) => self.0.write_all(bytes)?,
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_escape_sequence_and_a_mark_of_direction_become_plain_signs() {
        let evil = "ok\u{1b}]0;mine\u{7}\u{9b}2J \u{202e}drowssap\u{2066}\r\n\tend\u{e0041}";
        assert_eq!(
            one_line(evil),
            "ok\u{fffd}]0;mine\u{fffd}\u{fffd}2J \u{fffd}drowssap\u{fffd}   end\u{fffd}"
        );
        assert_eq!(printable("a\n\tb\u{1b}[2J"), "a\n\tb\u{fffd}[2J");
        for plain in ["", "naïve", "注文 🛒", "10 % → 20 %"] {
            assert!(matches!(one_line(plain), Cow::Borrowed(_)), "{plain}");
        }
    }

    #[test]
    fn a_log_line_is_written_without_what_steers() {
        use std::io::Write;
        let mut log = Printable(Vec::new());
        writeln!(log, "a reason: \u{9b}2J\u{202e}x").unwrap();
        assert_eq!(String::from_utf8(log.0).unwrap(), "a reason: \u{fffd}2J\u{fffd}x\n");
    }

    proptest! {
        #[test]
        fn what_is_kept_fits_and_steers_nothing(text in "(?s).{0,300}", max in 3usize..400) {
            let kept = kept(text.as_str(), max);
            prop_assert!(kept.len() <= max, "{} of {max}", kept.len());
            prop_assert!(!kept.chars().any(steers), "{kept:?}");
            if text.len() <= max && !text.chars().any(steers) {
                prop_assert_eq!(kept.as_str(), text);
            }
        }
    }
}
