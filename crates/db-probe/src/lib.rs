//! Asks a PostgreSQL engine inside its VPC what it is: one SQL round per question.
//!
//! It calls no AWS API: the sign-in token is signed here, with the function's own keys.

mod handler;
mod probe;
mod secured;
mod token;

pub use handler::{Prober, handle};
pub use probe::ProbeError;
