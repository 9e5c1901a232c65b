//! The simulator: the real core, the real handlers and the shipped state machine over a fake world in
//! virtual time, one thread, every decision drawn from a choice vector.
//!
//! A run draws its plan, its faults (a swarm: each run its own mix), how slow its world is, a timetable
//! of incidents and of operators' words, and the order of everything that can go on at one instant.
//! Then everything heals, and the checkers judge what truly happened.

mod campaign;
mod choices;
mod corpus;
mod counts;
mod ends;
mod everywhere;
mod faults;
mod forced;
mod heal;
mod home;
mod host;
mod incidents;
mod invoke;
mod kills;
mod leave;
mod mended;
mod mix;
mod occasions;
mod outcome;
mod pace;
mod people;
mod puts;
mod refusals;
mod run;
mod setup;
mod shortages;
mod shrink;
mod sites;
#[cfg(feature = "planted")]
mod sown;
mod stack;
mod story;
mod strike;
mod task;
mod tellings;
mod turn;

pub use campaign::{Order, Report, campaign, partitions};
pub use choices::Choices;
pub use corpus::{Kept, corpus, keep};
pub use counts::{Counted, Counts};
pub use everywhere::everywhere;
pub use faults::{FAULTS, Fault, Port};
pub use forced::{Forced, Refuses};
pub use kills::{KillTable, kill_everywhere};
pub use mended::{
    From, Mended, Scene, put_while_open, refuse_everywhere, refuse_table_once, table_ill,
};
pub use mix::Mix;
pub use occasions::OCCASIONS;
pub use outcome::{Outcome, Played, partition, play, replay, run, run_seed};
pub use pace::Pace;
pub use puts::Put;
pub use refusals::{ACTIONS, Refusal, Refused};
pub use setup::{Prepared, Setup};
pub use shrink::shrink;
pub use sites::{Caller, Cell, Site, Tally};
#[cfg(feature = "planted")]
pub use sown::{Caught, until_caught, until_found};
