//! Evidence: dated votes of several observers, and what they add up to.

mod assessment;
mod signal;
mod standby;

pub use assessment::{Assessment, Ballot, Counted, Verdict, assess};
pub use signal::{Signal, Vote, signal_of_alarm};
pub use standby::{Standby, standby, standby_questions};
