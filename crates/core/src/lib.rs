//! The thinking of Leeward: plans, evidence, the journal and what follows from it.
//!
//! Nothing here does IO, reads a clock, draws a random number or knows an AWS type. Whoever calls
//! brings what was seen and what time it is, and carries out what comes back.

pub mod audit;
pub mod brake;
pub mod capacity;
pub mod contract;
pub mod deploying;
pub mod effect;
pub mod error;
pub mod evidence;
pub mod grounds;
pub mod ids;
pub mod impairment;
pub mod index;
pub mod journal;
pub mod lease_home;
pub mod lease_terms;
pub mod limits;
pub mod matching;
pub mod names;
pub mod need;
pub mod old_side;
pub mod opening;
pub mod plan;
pub mod planted;
pub mod printable;
pub mod pursuit;
pub mod rehoming;
pub mod repair;
pub mod replication;
pub mod residence;
pub mod said;
pub mod status;
pub mod steps;
pub mod succession;
pub mod sweep_decision;
pub mod table;
pub mod telling;
pub mod time;
pub mod trigger;
pub mod web;
mod words;
pub mod world;
pub mod zone_numbers;
