//! A run that is not left to the choices alone.

use leeward_core::time::Span;
use leeward_ports::fake::RegionState;

use super::mended::From;
use super::mix::Mix;
use super::pace::Pace;
use super::puts::Put;
use super::refusals::Refused;
use super::sites::Cell;

/// An action that is refused, and from when on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refuses {
    /// The action.
    pub refused: Refused,
    /// When it begins.
    pub from: From,
}

/// What a caller of the simulator decides instead of the choices.
#[derive(Debug, Clone, Default)]
pub struct Forced {
    /// Kill the invocation of that number at that turn.
    pub kill: Option<(usize, u32)>,
    /// This mix instead of a drawn one.
    pub mix: Option<Mix>,
    /// Nothing but this: the primary's Region is so from the first minute on, for that long.
    pub only: Option<(RegionState, Option<Span>)>,
    /// Each of these faults, the first time that its call site comes up.
    pub aims: Vec<Cell>,
    /// Step Functions is away all the time, and what is done is done at terminals.
    pub terminals: bool,
    /// How fast it goes.
    pub pace: Pace,
    /// An action that is refused from that moment on, until somebody mends the cause.
    pub refuses: Option<Refuses>,
    /// This plan is put as soon as a generation is open.
    pub put: Option<Put>,
    /// Nothing but a partition of that length, with faults of calls and triggers beside it.
    pub partition: Option<Span>,
}
