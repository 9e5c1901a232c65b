//! The harness: the whole recovery over fakes that behave, with the shipped state machine.

pub mod check;
pub mod rig;
