//! The journal: append-only, hash-chained; a generation's state is the fold of it.

pub mod chain;
mod entry;
mod parts;
pub mod rules;
mod state;

pub use entry::{
    Answer, Bearing, Decision, End, Entry, FenceProof, PROTOCOL, Record, Reply, Trigger,
    TurnBackReason,
};
pub use parts::{
    Asked, Assessed, Broken, EffectState, Ended, Fate, Fenced, Halt, HaltKind, IntentState,
};
pub use rules::{Beside, NotAdmitted};
pub use state::State;
