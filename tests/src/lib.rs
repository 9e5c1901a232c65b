//! The harness: the whole recovery over fakes that behave, with the shipped state machine.

pub mod check;
#[cfg(feature = "planted")]
pub mod planted;
pub mod rig;
