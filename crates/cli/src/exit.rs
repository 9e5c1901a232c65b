//! How the command ends: a code with a meaning, and for a failure the words for a person at night.

use std::fmt;
use std::process::ExitCode;

use leeward_core::error::StepError;
use leeward_ports::TableError;
use leeward_reconcile::table_error;
use serde::Serialize;

/// Exit codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Exit {
    /// Done, or all is well.
    Well,
    /// It failed, or is not as asked.
    NotAsAsked,
    /// What was given cannot be used.
    Invalid,
    /// A rule says no.
    Refused,
    /// It waits for a person.
    NeedsPerson,
    /// The table, or AWS, gave no answer that can be used.
    Unavailable,
}

impl Exit {
    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Self::Well => 0,
            Self::NotAsAsked => 1,
            Self::Invalid => 2,
            Self::Refused => 3,
            Self::NeedsPerson => 4,
            Self::Unavailable => 5,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Printed under `--help`.
pub const CODES: &str = "\
Exit codes:
  0  done, or well
  1  failed, or not as asked (audit: an invariant is broken; assess: a recovery is called for;
     status: rolled back or abandoned)
  2  what was given cannot be used (all problems are listed)
  3  refused by a rule (assess: a recovery is called for, but a rule is in its way;
     switch, when it only looks: it is off)
  4  a person is needed: held, stopped, paused, a question waits, or (brake, when it only looks)
     the brake holds
  5  the table or AWS did not answer, or refused the caller";

/// What went wrong: what was tried, on what, what came back, what to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// How the command ends.
    pub exit: Exit,
    /// The whole story.
    pub message: String,
    /// More of it, one line each.
    pub lines: Vec<String>,
}

impl Trouble {
    /// Of that kind, with these words.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), lines: Vec::new() }
    }

    /// What was given cannot be used.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(Exit::Invalid, message)
    }

    /// A rule says no.
    pub fn refused(message: impl Into<String>) -> Self {
        Self::new(Exit::Refused, message)
    }

    /// No usable answer.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(Exit::Unavailable, message)
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.lines.iter().try_for_each(|line| write!(f, "\n  {line}"))
    }
}

impl From<StepError> for Trouble {
    fn from(error: StepError) -> Self {
        // A rule that refuses an entry is told apart before; what is refused here, AWS refused.
        let exit = match &error {
            StepError::Throttled(_) | StepError::Unavailable(_) | StepError::Refused(_) => {
                Exit::Unavailable
            }
            StepError::NeedsOperator(_) => Exit::NeedsPerson,
            StepError::GenerationClosed { .. } => Exit::Refused,
            StepError::DeadlineExceeded(_) => Exit::NotAsAsked,
            StepError::InvalidInput(_) => Exit::Invalid,
        };
        let next = match exit {
            Exit::Unavailable => {
                ". Look at --table, --table-region and your credentials (`aws sts get-caller-identity`), then ask again: asking twice is harmless"
            }
            Exit::Well | Exit::NotAsAsked | Exit::Invalid | Exit::Refused | Exit::NeedsPerson => "",
        };
        Self::new(exit, format!("{error}{next}"))
    }
}

impl From<TableError> for Trouble {
    fn from(error: TableError) -> Self {
        Self::from(table_error(error))
    }
}

/// What a command found out, for machines and for people.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// For `--json`.
    pub json: serde_json::Value,
    /// For people, one line each.
    pub lines: Vec<String>,
    /// How the command ends.
    pub exit: Exit,
}

impl Answer {
    /// An answer whose JSON is this value.
    pub fn of<T: Serialize>(value: &T, lines: Vec<String>, exit: Exit) -> Result<Self, Trouble> {
        let json = serde_json::to_value(value).map_err(|e| {
            Trouble::new(Exit::NotAsAsked, format!("the answer cannot be written as JSON: {e}"))
        })?;
        Ok(Self { json, lines, exit })
    }
}
