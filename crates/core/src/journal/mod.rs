//! The journal: append-only, hash-chained; a generation's state is the fold of it.

pub mod chain;
mod entry;
pub mod rules;
mod state;

pub use entry::{
    Answer, Bearing, Decision, End, Entry, FenceProof, PROTOCOL, Record, Reply, Trigger,
    TurnBackReason,
};
pub use rules::{Beside, NotAdmitted};
pub use state::{
    Asked, Assessed, Broken, EffectState, Ended, Fate, Fenced, Halt, HaltKind, IntentState, State,
};
