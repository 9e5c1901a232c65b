//! The harness: the whole recovery over fakes that behave, with the shipped state machine.

pub mod check;
pub mod exhaustive;
pub mod eyes;
mod functions;
#[cfg(feature = "planted")]
pub mod planted;
pub mod rig;
pub mod simulate;
