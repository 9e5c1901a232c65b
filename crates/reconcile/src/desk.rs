//! Everything that carrying out a decision needs.

use std::sync::Arc;

use leeward_core::error::StepError;
use leeward_core::ids::Actor;
use leeward_core::journal::PROTOCOL;
use leeward_core::limits::Limits;
use leeward_ports::{Nonces, Outside, Publisher, Table, TableError, TableErrorKind};

use crate::repeat::Repeated;
use crate::shelf::Shelf;

/// Where people are told at once of what waits for them.
#[derive(Clone)]
pub struct Teller {
    /// Where notices go.
    pub publisher: Arc<dyn Publisher>,
    /// The system's own topic.
    pub system_topic: Option<String>,
}

/// The state table, the world, marks and numbers. Made once for each process.
#[derive(Clone)]
pub struct Desk {
    /// The state table.
    pub table: Arc<dyn Table>,
    /// The world.
    pub outside: Arc<dyn Outside>,
    /// Marks.
    pub nonces: Arc<dyn Nonces>,
    /// The protocol's numbers.
    pub limits: Limits,
    /// The protocol that is spoken: another one's open generations are left alone.
    pub protocol: u32,
    /// In whose name entries are written.
    pub actor: Actor,
    /// What this process has read before.
    pub shelf: Shelf,
    /// Tells people what a step asks them; `None`: the sweep does.
    pub teller: Option<Teller>,
}

impl Desk {
    /// A desk that writes in Leeward's own name.
    pub fn new(
        table: Arc<dyn Table>,
        outside: Arc<dyn Outside>,
        nonces: Arc<dyn Nonces>,
        limits: Limits,
    ) -> Self {
        Self {
            table,
            outside,
            nonces,
            limits,
            protocol: PROTOCOL,
            actor: Actor::new("leeward"),
            shelf: Shelf::default(),
            teller: None,
        }
    }

    /// The same desk, telling people at once what it asks them.
    #[must_use]
    pub fn telling(self, publisher: Arc<dyn Publisher>, system_topic: Option<String>) -> Self {
        Self { teller: Some(Teller { publisher, system_topic }), ..self }
    }

    /// The same desk, whose table is asked again where it did not answer, as often as a sweep can wait for.
    #[must_use]
    pub fn repeating(&self) -> Self {
        Self { table: Arc::new(Repeated(self.table.clone())), ..self.clone() }
    }

    /// The same desk, writing in an operator's name.
    #[must_use]
    pub fn in_the_name_of(&self, actor: Actor) -> Self {
        Self { actor, ..self.clone() }
    }
}

/// A table's failure as a step's error. What the table refuses is never a finding about the recovery: in a bad hour
/// that is what credentials, signatures, keys and clocks look like. It is asked again, and then by the next executor.
pub fn table_error(error: TableError) -> StepError {
    match error.kind {
        TableErrorKind::Throttled => StepError::Throttled(error.to_string()),
        TableErrorKind::Lost | TableErrorKind::NoDate | TableErrorKind::Refused => {
            StepError::Unavailable(error.to_string())
        }
        TableErrorKind::Malformed => StepError::NeedsOperator(error.to_string()),
    }
}
