//! What truly happened, in order: what the checkers read.

use leeward_core::ids::{EntryId, Region, Side, Text};
use leeward_core::time::Timestamp;
use leeward_core::world::Change;

use super::regions::RegionState;
use crate::Frozen;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Happening {
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: Happened,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Happened {
    /// A Region is otherwise than before.
    RegionIs {
        /// The Region.
        region: Region,
        /// How it is from now on.
        state: RegionState,
    },
    /// A request reached its service and was accepted.
    Landed {
        /// What was asked.
        change: Change,
        /// The instant it was signed with; `None`: a person's hand in the console.
        frozen: Option<Frozen>,
        /// Whether the world is otherwise than before (a second "set to 4" changes nothing).
        changed: bool,
    },
    /// A request reached its service and was refused there.
    Rejected {
        /// What was asked.
        change: Change,
        /// Error code.
        code: Text,
    },
    /// Application writes to a database are accepted on that side from now on.
    AcceptBegan {
        /// The database.
        database: EntryId,
        /// The side.
        side: Side,
    },
    /// They no longer are.
    AcceptEnded {
        /// The database.
        database: EntryId,
        /// The side.
        side: Side,
    },
    /// A database's engine on that side has become the writer.
    Promoted {
        /// The database.
        database: EntryId,
        /// The side.
        side: Side,
        /// The other side's writes up to here are in it; later ones are not.
        holds_until: Timestamp,
    },
    /// A database's engine on that side has become read-only (a switchover, or rebuilt as a replica).
    Demoted {
        /// The database.
        database: EntryId,
        /// The side.
        side: Side,
    },
    /// The writer lease changed its owner.
    LeaseMoved {
        /// Owner afterwards.
        owner: Text,
        /// Epoch afterwards.
        epoch: u64,
    },
    /// The clock of that side's writer was set.
    ClockSet {
        /// The side.
        side: Side,
        /// By so many milliseconds; back where negative.
        by_ms: i64,
    },
    /// A person lets somebody reach what a security group guards.
    LetIn {
        /// Its Region.
        region: Region,
        /// The group.
        group: Text,
    },
    /// Which side truly serves users, writes included; `None`: nobody.
    Served {
        /// The side.
        by: Option<Side>,
    },
    /// An order was accepted by the public name.
    Order {
        /// The side that accepted it.
        side: Side,
        /// Its id.
        id: Text,
    },
}
