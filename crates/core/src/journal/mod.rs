//! The journal: append-only, hash-chained; a generation's state is the fold of it.

#[cfg(test)]
mod cases;
pub mod chain;
mod clock;
mod decision;
mod entry;
mod lives;
mod parts;
pub mod rules;
mod standing;
mod state;
mod waiver;

pub use decision::{
    Decision, HandedOver, LeftClosed, Lost, PROTOCOL, Successor, Trigger, Unproven,
};
pub use entry::{Answer, Bearing, End, Entry, FenceProof, Record, Reply, TurnBackReason};
pub use lives::Lives;
pub use parts::{
    Asked, Assessed, Broken, EffectState, Ended, Fate, Fenced, Halt, HaltKind, IntentState,
};
pub use rules::{Beside, NotAdmitted};
pub use state::State;
pub use waiver::may_waive;
