//! A database engine: who writes into it, what it holds, what its replica has seen of it.

use leeward_core::ids::{EntryId, Side, Text};
use leeward_core::time::{Span, Timestamp, after, since};
use leeward_core::world::Heartbeat;

use super::happenings::Happened;
use super::state::{Due, State};
use super::writers::{Writer, ahead_of};

/// One side's engine.
#[derive(Debug, Clone, Default)]
pub(super) struct Engine {
    /// It is no replica and takes writes.
    pub(super) writable: bool,
    /// Application writes are accepted into it right now.
    pub(super) accepting: bool,
    /// When they were: from, until.
    spans: Vec<(Timestamp, Option<Timestamp>)>,
    /// Heartbeat row that it held when it became a writer, with the side that wrote it.
    inherited: Option<(Timestamp, Side)>,
    /// Orders in it, with the instant of their acceptance.
    pub(super) orders: Vec<(Text, Timestamp)>,
    /// Since when nothing flows out of it to its replica.
    pub(super) cut: Option<Timestamp>,
}

impl Engine {
    pub(super) fn new(writable: bool) -> Self {
        Self { writable, ..Self::default() }
    }

    fn begin(&mut self, now: Timestamp) {
        self.accepting = true;
        self.spans.push((now, None));
    }

    fn end(&mut self, now: Timestamp) {
        self.accepting = false;
        if let Some((_, until @ None)) = self.spans.last_mut() {
            *until = Some(now);
        }
    }

    /// The heartbeat row as it stood at that instant, with the side that wrote it: that engine's own `writer`
    /// writes it on taking writes, then every `period`.
    fn heartbeat(
        &self,
        at: Timestamp,
        period: Span,
        (side, writer): (Side, &Writer),
    ) -> Option<(Timestamp, Side)> {
        let span = self.spans.iter().rev().find(|(from, _)| *from <= at);
        let Some((from, until)) = span else { return self.inherited };
        let last = until.map_or(at, |u| u.min(at));
        let step = period.as_millis().max(1);
        let ticks = since(*from, last).as_millis() / step;
        let written = after(*from, Span::millis(ticks * step));
        Some((ahead_of(written, writer.ahead_at(written)), side))
    }

    /// Starts again as a replica: what only it held is gone.
    pub(super) fn become_replica(&mut self) {
        *self = Self::default();
    }
}

impl State {
    /// Up to which instant the other side's writes have reached that replica.
    pub(super) fn replicated_until(&self, database: usize, replica: Side) -> Timestamp {
        let lag = i64::try_from(self.habits.lag.as_millis()).unwrap_or(0);
        let cut = self.databases.get(database).and_then(|d| d.engines.of(replica.other()).cut);
        ahead_of(cut.unwrap_or(self.now), -lag)
    }

    /// The heartbeat row as that side's engine shows it.
    pub(super) fn heartbeat(&self, database: usize, side: Side) -> Option<Heartbeat> {
        let db = self.databases.get(database)?;
        let (at, writer) = if db.engines.of(side).writable {
            (self.now, side)
        } else {
            (self.replicated_until(database, side), side.other())
        };
        let application = (writer, self.writers.of(writer));
        let (at, by) = db.engines.of(writer).heartbeat(at, db.heartbeat, application)?;
        Some(Heartbeat::written(self.sides.of(by).clone(), at))
    }

    /// Whether an order can be read from that side's engine.
    pub(super) fn holds_order(&self, database: usize, side: Side, id: &str) -> bool {
        let Some(db) = self.databases.get(database) else { return false };
        let (holder, until) = if db.engines.of(side).writable {
            (side, self.now)
        } else {
            (side.other(), self.replicated_until(database, side))
        };
        db.engines.of(holder).orders.iter().any(|(known, at)| known == id && *at <= until)
    }

    /// That side's engine becomes the writer, with what has reached it.
    pub(super) fn become_writer(&mut self, database: usize, side: Side, holds_until: Timestamp) {
        let writer = self.writers.of(side.other()).clone();
        let Some(db) = self.databases.get_mut(database) else { return };
        let period = db.heartbeat;
        let (engine, other) = db.pair(side);
        if engine.writable {
            return;
        }
        engine.inherited = other.heartbeat(holds_until, period, (side.other(), &writer));
        engine.orders = other.orders.iter().filter(|(_, at)| *at <= holds_until).cloned().collect();
        engine.spans.clear();
        engine.writable = true;
        let id = db.id.clone();
        self.record(Happened::Promoted { database: id, side, holds_until });
    }

    /// Replication out of a Region that is about to be cut off stands where it is.
    pub(super) fn freeze_replication(&mut self) {
        let now = self.now;
        for side in [Side::Primary, Side::Standby] {
            for db in &mut self.databases {
                let broken = db.link_broken;
                let engine = db.engine(side);
                if !broken && engine.cut.is_none() {
                    engine.cut = Some(now);
                }
            }
        }
    }

    /// Replication flows again where nothing is in its way.
    pub(super) fn thaw_replication(&mut self) {
        for side in [Side::Primary, Side::Standby] {
            let flows = self.region(self.sides.of(side)).answers()
                && self.region(self.sides.of(side.other())).answers();
            for db in &mut self.databases {
                if flows && !db.link_broken {
                    db.engine(side).cut = None;
                }
            }
        }
    }

    /// Breaks or mends the link between the sides of a database.
    pub(super) fn set_link(&mut self, id: &EntryId, broken: bool) {
        self.freeze_replication();
        for db in self.databases.iter_mut().filter(|d| d.id == *id) {
            db.link_broken = broken;
        }
        self.thaw_replication();
    }

    /// Works out which engines accept application writes at this instant.
    pub(super) fn refresh_acceptance(&mut self) {
        for side in [Side::Primary, Side::Standby] {
            for database in 0..self.databases.len() {
                let accepts = self.accepts(database, side);
                let now = self.now;
                let Some(db) = self.databases.get_mut(database) else { continue };
                if !db.single_writer || db.engine(side).accepting == accepts {
                    continue;
                }
                let id = db.id.clone();
                let what = if accepts {
                    db.engine(side).begin(now);
                    Happened::AcceptBegan { database: id, side }
                } else {
                    db.engine(side).end(now);
                    Happened::AcceptEnded { database: id, side }
                };
                self.record(what);
            }
        }
    }

    /// Whether that side's application can write into its engine now.
    pub(super) fn accepts(&self, database: usize, side: Side) -> bool {
        let Some(db) = self.databases.get(database) else { return false };
        let lease = !db.leased || self.holds_lease(side);
        lease
            && db.engines.of(side).writable
            && self.application_runs(side)
            && self.sessions(database, side) > 0
    }

    /// Sessions of the application in that side's engine.
    pub(super) fn sessions(&self, database: usize, side: Side) -> u32 {
        let Some(db) = self.databases.get(database) else { return 0 };
        if !self.application_runs(side) || !self.path_carries(db, side) {
            return 0;
        }
        self.writer_instances(db, side)
    }

    /// Sees to it that an end of sessions is noticed.
    pub(super) fn look_again(&mut self, by: Span) {
        self.later(by, Due::Look);
    }
}
