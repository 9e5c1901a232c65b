//! A database of the plan: its two engines and what its service knows of them.

use leeward_core::ids::{EntryId, Region, Side, Sides, Text};
use leeward_core::time::{Span, Timestamp};
use leeward_core::world::{Blind, SqlView, View};

use super::aurora::Global;
use super::engine::Engine;
use super::network::Network;
use super::rds::Instance;
use super::state::State;

/// One database.
#[derive(Debug, Clone)]
pub(super) struct DatabaseState {
    pub(super) id: EntryId,
    pub(super) single_writer: bool,
    /// Its writers honour the workload's lease.
    pub(super) leased: bool,
    pub(super) engines: Sides<Engine>,
    pub(super) heartbeat: Span,
    pub(super) link_broken: bool,
    /// Groups that run its writers, where the plan names them.
    pub(super) writer_groups: Option<Sides<Text>>,
    /// How it is reached, where the plan isolates it.
    pub(super) network: Option<Sides<Network>>,
    /// Where its engines are asked: function's Region, host, port.
    pub(super) endpoints: Option<Sides<Endpoint>>,
    pub(super) kind: Kind,
}

/// Where an engine is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Endpoint {
    pub(super) host: Text,
    pub(super) port: u16,
}

/// What its service knows.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    Rds(Sides<Instance>),
    Aurora(Global),
    Table { name: Text },
}

impl DatabaseState {
    pub(super) fn engine(&mut self, side: Side) -> &mut Engine {
        match side {
            Side::Primary => &mut self.engines.primary,
            Side::Standby => &mut self.engines.standby,
        }
    }

    /// Whether what the other side writes no longer reaches that side.
    pub(super) fn replication_cut(&self, side: Side) -> bool {
        self.link_broken || self.engines.of(side.other()).cut.is_some()
    }

    /// That side's engine, and the other's.
    pub(super) fn pair(&mut self, side: Side) -> (&mut Engine, &mut Engine) {
        match side {
            Side::Primary => (&mut self.engines.primary, &mut self.engines.standby),
            Side::Standby => (&mut self.engines.standby, &mut self.engines.primary),
        }
    }
}

impl State {
    /// The database whose engine is at that host and port, and on which side.
    fn engine_at(&self, host: &str, port: u16) -> Option<(usize, Side)> {
        self.databases.iter().enumerate().find_map(|(i, db)| {
            let endpoints = db.endpoints.as_ref()?;
            [Side::Primary, Side::Standby].into_iter().find_map(|side| {
                let at = endpoints.of(side);
                (at.host == host && at.port == port).then_some((i, side))
            })
        })
    }

    /// What the engine says of itself, asked by a function in that Region.
    pub(super) fn see_sql(
        &self,
        from: &Region,
        host: &str,
        port: u16,
        count_sessions: bool,
    ) -> Result<View, Blind> {
        let (database, side) = self
            .engine_at(host, port)
            .ok_or_else(|| Blind::new(format!("no database answers at {host}:{port}")))?;
        let region = self.sides.of(side);
        if !(self.region(region).answers() || (from == region && self.region(region).works())) {
            return Err(Blind::new(format!("no answer from {host}:{port} in 2s")));
        }
        if let Some(engine) = &self.foreign_engine {
            let words = format!("db-probe failed (Unhandled): not supported: this is {engine}");
            return Err(Blind::unsupported(words));
        }
        let writable = self.databases.get(database).is_some_and(|d| d.engines.of(side).writable);
        Ok(View::Sql(SqlView {
            in_recovery: !writable,
            writable,
            heartbeat: self.heartbeat(database, side),
            sessions: count_sessions.then(|| self.sessions(database, side)),
        }))
    }

    /// How far that database's replica is behind, in milliseconds, as its service measures it.
    pub(super) fn lag_ms(&self, database: usize, replica: Side) -> f64 {
        let until: Timestamp = self.replicated_until(database, replica);
        let ms = leeward_core::time::since(until, self.now).as_millis();
        #[expect(clippy::cast_precision_loss, reason = "a lag of 2^53 ms does not occur")]
        let value = ms as f64;
        value
    }
}
