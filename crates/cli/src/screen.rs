//! Where lines go: redrawn in place on a terminal, one after the other elsewhere.

use std::io::Write;

use leeward_core::printable::printable;

/// Clears the screen and goes to its first corner.
const CLEAR: &str = "\u{1b}[2J\u{1b}[H";

/// Lines for people.
pub struct Screen<'a> {
    out: &'a mut (dyn Write + Send),
    live: bool,
}

impl<'a> Screen<'a> {
    /// Over that writer; `live` on a terminal.
    pub fn new(out: &'a mut (dyn Write + Send), live: bool) -> Self {
        Self { out, live }
    }

    /// Whether it can be redrawn.
    pub fn live(&self) -> bool {
        self.live
    }

    /// One line. A reader that went away is no reason to stop a recovery.
    pub fn line(&mut self, line: &str) {
        let _ = writeln!(self.out, "{}", printable(line));
        let _ = self.out.flush();
    }

    /// The whole picture anew.
    pub fn redraw(&mut self, lines: &[String]) {
        let _ = write!(self.out, "{CLEAR}");
        for line in lines {
            let _ = writeln!(self.out, "{}", printable(line));
        }
        let _ = self.out.flush();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_wrote_never_steers_the_terminal() {
        let mut out = Vec::new();
        let evil = "reason: \u{1b}]0;mine\u{7}\u{9b}2J \u{202e}drow";
        let mut screen = Screen::new(&mut out, true);
        screen.line(evil);
        screen.redraw(&[evil.to_owned()]);
        let text = String::from_utf8(out).unwrap();
        // The screen's own sequence is the only one.
        assert_eq!(text.matches('\u{1b}').count(), 2, "{text:?}");
        assert!(text.contains(CLEAR) && !text.contains(['\u{7}', '\u{9b}', '\u{202e}']));
    }
}
