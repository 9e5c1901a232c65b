//! The one place where a decision becomes a deed: read the journal, look around, ask the core, put the
//! intent on record, send it once, look again.

mod append;
mod book;
mod brake;
mod desk;
mod facts;
mod leases;
mod outbox;
mod plans;
mod refusals;
mod repeat;
mod say;
mod shelf;
mod step;
mod workloads;

pub use append::Appended;
pub use book::{Book, Numbered, Records};
pub use brake::StoredBrake;
pub use desk::{Desk, Teller, table_error};
pub use facts::{Fact, Facts, Slot};
pub use leases::{LeaseTrouble, Leases, lease_item, leases, make_lease};
pub use outbox::{Delivery, deliver, deliver_earlier};
pub use plans::{Listed, Retired, StoredPlan, Switch, Unread, index_items, retired};
pub use refusals::{deliver_refusals, need, refuse};
pub use shelf::Shelf;
pub use step::{StepRun, look, run};
pub use workloads::{Deed, KnownWorkload};
