//! A step's error as the runtime reports it: with the fixed name that the state machine matches.

use std::fmt;

use lambda_runtime::Diagnostic;
use leeward_core::error::StepError;

/// A step's error on its way out. (Without it the runtime would report the name of a Rust type.)
#[derive(Clone, PartialEq, Eq)]
pub struct Thrown(pub StepError);

/// The runtime logs an error by its `Debug`: one line of words, not a Rust value.
impl fmt::Debug for Thrown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl From<Thrown> for Diagnostic {
    fn from(Thrown(error): Thrown) -> Self {
        Self { error_type: error.name().to_owned(), error_message: error.to_string() }
    }
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
}
