//! A step's error as the runtime reports it: with the fixed name that the state machine matches.

use std::fmt;

use lambda_runtime::Diagnostic;
use leeward_core::error::StepError;
use leeward_core::printable::{cut, printable};

/// A step's error on its way out. (Without it the runtime would report the name of a Rust type.)
#[derive(Clone, PartialEq, Eq)]
pub struct Thrown(pub StepError);

/// The runtime logs an error by its `Debug`: one line of words, not a Rust value.
impl fmt::Debug for Thrown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&words(&self.0))
    }
}

impl From<Thrown> for Diagnostic {
    fn from(Thrown(error): Thrown) -> Self {
        Self { error_type: error.name().to_owned(), error_message: words(&error) }
    }
}

/// Longest error that is answered and logged, in bytes.
const WORDS_MAX: usize = 4000;

/// The error in words: whatever was read or what a service said, it stays short and steers no terminal.
fn words(error: &StepError) -> String {
    // What replaces a character may be longer than it.
    cut(&printable(&cut(&error.to_string(), WORDS_MAX)), WORDS_MAX).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use leeward_core::ids::Generation;

    #[test]
    fn every_error_keeps_its_fixed_name() {
        let words = || "why".to_owned();
        let errors = [
            StepError::Throttled(words()),
            StepError::Unavailable(words()),
            StepError::Refused(words()),
            StepError::NeedsOperator(words()),
            StepError::GenerationClosed {
                workload: "orders".to_owned(),
                generation: Generation(3),
                reason: words(),
            },
            StepError::DeadlineExceeded(words()),
            StepError::InvalidInput(words()),
        ];
        let names: Vec<String> =
            errors.iter().map(|e| Diagnostic::from(Thrown(e.clone())).error_type).collect();
        assert_eq!(names, StepError::NAMES);
        for error in errors {
            let diagnostic = Diagnostic::from(Thrown(error.clone()));
            assert_eq!(diagnostic.error_message, error.to_string());
            assert_eq!(format!("{:?}", Thrown(error.clone())), error.to_string());
        }
    }

    #[test]
    fn an_error_that_quotes_a_whole_event_is_short_and_steers_nothing() {
        let error = StepError::InvalidInput(format!("\u{1b}[2J{}", "x".repeat(300_000)));
        let diagnostic = Diagnostic::from(Thrown(error));
        assert!(diagnostic.error_message.len() <= WORDS_MAX);
        assert!(!diagnostic.error_message.contains('\u{1b}'));
    }
}
