//! The world around a workload: three Regions, databases, writers, capacity, names.
//!
//! It keeps the truth that nobody inside can see at once: which side accepts application writes,
//! what a promotion lost, who is served. Checkers read it; what is under test only looks and changes.

mod alarms;
mod aurora;
mod build;
mod capacity;
mod change;
mod compute;
mod database;
mod engine;
mod gauges;
mod habits;
mod hands;
mod happenings;
mod lagging;
mod lease;
mod look;
mod names;
mod network;
mod orders;
mod outside;
mod places;
mod provisions;
mod rds;
mod regions;
mod shortages;
mod state;
mod traffic;
mod writers;
mod zones;

pub use alarms::Sight;
pub use habits::{Habits, Promotion, Repeat, WriterHabits};
pub use happenings::{Happened, Happening};
pub use outside::{Called, FakeWorld, Sent};
pub use regions::RegionState;
