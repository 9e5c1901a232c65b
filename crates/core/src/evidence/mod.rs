//! Evidence: dated votes of several observers, and what they add up to.

mod assessment;
mod ballot;
mod bounds;
mod classify;
mod global_events;
mod hearing;
mod looking;
mod members;
mod metric;
mod rds_events;
mod readiness;
mod signal;
mod standby;

pub use assessment::{Assessment, Deployed, Evidence, Verdict, assess, verdict, weigh};
pub use ballot::{Ballot, Count, Counted};
pub use bounds::{ASSESSMENT_MAX, VOTERS_MAX};
pub use classify::{Classification, actions, classify};
pub use global_events::{GlobalNote, global_note};
pub(crate) use hearing::judges;
pub use hearing::{Heard, hear};
pub use looking::{baseline_questions, read, voter_questions};
pub use metric::{BASELINE_AGE, BASELINE_LAST, Baseline, baseline};
pub use readiness::{
    READINESS_AGE, Readiness, Whereabouts, readiness, readiness_questions,
    sweep_readiness_questions,
};
pub use signal::{Reading, Signal, Signs, Vote};
pub use standby::{Standby, standby, standby_key, standby_questions};
#[cfg(test)]
mod hearing_tests;
#[cfg(test)]
mod looking_tests;
#[cfg(test)]
mod tests;
