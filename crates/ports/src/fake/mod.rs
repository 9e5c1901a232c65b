//! Fakes that behave: each follows its service's documented states and errors, in virtual time,
//! and meets the fate that a test or a simulator chooses for each call.
//!
//! Everything is deterministic: one [`FakeClock`], no real time, no threads of their own.

mod clock;
mod executions;
mod fate;
mod gauges;
mod identity;
mod items;
mod nonces;
mod publisher;
mod store;
mod sts;
mod table;
#[cfg(test)]
mod tests;
mod world;

pub use clock::{FakeClock, Polled, Sleep, Turn, block_on};
pub use executions::FakeExecutions;
pub use fate::{Call, Fate, Fates, Script};
pub use gauges::{FakeGauges, Gauged};
pub use identity::FakeIdentity;
pub use nonces::SeededNonces;
pub use publisher::{Delivered, FakePublisher};
pub use store::{REQUEST_LIFE, Write};
pub use sts::{FakeSts, Keys};
pub use table::FakeTable;
pub use world::*;
