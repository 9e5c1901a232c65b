//! What Leeward needs from outside, in its own words: one small trait a file.

mod executions;
#[cfg(feature = "fake")]
pub mod fake;
mod gauges;
mod identity;
mod nonces;
mod outside;
pub mod probe_wire;
mod provisions;
mod publisher;
mod signing;
mod table;
mod words;

pub use executions::{ExecutionState, Executions, StartError};
pub use gauges::Gauges;
pub use identity::Identity;
pub use nonces::Nonces;
pub use outside::Outside;
pub use provisions::{Made, NewLease, Provisioner, Provisions};
pub use publisher::{Message, PublishError, Publisher};
pub use signing::{NoSecret, SigningKey};
pub use table::{Aside, Condition, Dated, Frozen, Item, Put, Table, TableError, TableErrorKind};
pub use words::{Unproven, Witness, Words};
