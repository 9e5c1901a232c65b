//! Everything that must say the same says the same: the deployed state machine, error names, events,
//! templates, permissions, the table of operations, plans, and the code itself.
//!
//! Nothing here is written down twice if it can be read where it stands. What is listed here (`CALLS`
//! in `calls`, `MADE_BY` in `access`) is held against the code as well, so a list that is not kept up
//! fails.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "all of this is a test"
)]

mod access;
mod calls;
mod events;
mod functions;
mod listening;
mod machine;
// The table itself: it stands on nothing, and linking the crate would build every SDK for it.
#[path = "../../../crates/aws/src/operations.rs"]
mod operations;
mod permissions;
mod plans;
mod sources;
mod template;
mod typed;
