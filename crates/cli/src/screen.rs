//! Where lines go: redrawn in place on a terminal, one after the other elsewhere.

use std::io::Write;

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
        let _ = writeln!(self.out, "{line}");
        let _ = self.out.flush();
    }

    /// The whole picture anew.
    pub fn redraw(&mut self, lines: &[String]) {
        let _ = write!(self.out, "{CLEAR}");
        for line in lines {
            let _ = writeln!(self.out, "{line}");
        }
        let _ = self.out.flush();
    }
}
