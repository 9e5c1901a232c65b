//! Aurora global clusters.
//!
//! | behaviour | source |
//! |---|---|
//! | a failover accepts loss and works while the old Region is silent; the old writer's fencing is best effort | Aurora global database disaster recovery |
//! | a switchover needs both Regions well, loses nothing, and demotes the old writer first | SwitchoverGlobalCluster |
//! | one at a time, and the target must be a reader: `InvalidGlobalClusterStateFault` | FailoverGlobalCluster, errors |

use leeward_core::ids::{Region, Side, Sides, Text};
use leeward_core::time::{Timestamp, after};
use leeward_core::world::{GlobalMember, GlobalView, View};

use super::change::{Answer, refused};
use super::database::Kind;
use super::happenings::Happened;
use super::state::{Due, State};

/// One global cluster.
#[derive(Debug, Clone)]
pub(super) struct Global {
    pub(super) name: Text,
    pub(super) clusters: Sides<Text>,
    pub(super) writer: Side,
    pub(super) moving: Option<Moving>,
    /// Whose cluster somebody took out of it.
    pub(super) left: Option<Side>,
}

/// A move of the writer under way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moving {
    to: Side,
    lossless: bool,
    asked: Timestamp,
}

impl State {
    pub(super) fn global(&mut self, name: &str) -> Option<(usize, &mut Global)> {
        self.databases.iter_mut().enumerate().find_map(|(i, db)| match &mut db.kind {
            Kind::Aurora(global) if global.name == name => Some((i, global)),
            Kind::Aurora(_) | Kind::Rds(_) | Kind::Table { .. } => None,
        })
    }

    pub(super) fn see_global(&mut self, name: &str) -> View {
        let Some((_, global)) = self.global(name) else { return View::Global(None) };
        let (status, failover) = match global.moving {
            None => ("available", None),
            Some(m) if m.lossless => ("switching-over", Some("switching-over")),
            Some(_) => ("failing-over", Some("failing-over")),
        };
        let member = |side: Side| GlobalMember {
            arn: global.clusters.of(side).clone(),
            writer: global.writer == side,
        };
        View::Global(Some(GlobalView {
            status: status.into(),
            failover: failover.map(Into::into),
            engine: Some("aurora-postgresql".into()),
            engine_version: Some("17.4".into()),
            members: [Side::Primary, Side::Standby]
                .into_iter()
                .filter(|side| global.left != Some(*side))
                .map(member)
                .collect(),
        }))
    }

    pub(super) fn move_global(&mut self, name: &str, target: &str, lossless: bool) -> Answer {
        let now = self.now;
        let well = [Side::Primary, Side::Standby]
            .into_iter()
            .all(|side| self.region(self.sides.of(side)).answers());
        let habits = (self.habits.global_writer, self.habits.global_done);
        let Some((database, global)) = self.global(name) else {
            return refused("GlobalClusterNotFoundFault", &format!("{name} is not found"));
        };
        let to = [Side::Primary, Side::Standby]
            .into_iter()
            .find(|side| global.clusters.of(*side) == target);
        let Some(to) = to else {
            return refused("DBClusterNotFoundFault", &format!("{target} is no member"));
        };
        if global.moving.is_some() || global.writer == to {
            return refused("InvalidGlobalClusterStateFault", "it is moving, or there already");
        }
        if lossless && !well {
            return refused("InvalidGlobalClusterStateFault", "a switchover needs both Regions");
        }
        global.moving = Some(Moving { to, lossless, asked: now });
        if lossless {
            self.demote(database, to.other());
        }
        self.later(habits.0, Due::GlobalMove(database));
        self.later(habits.1, Due::GlobalMove(database));
        Ok(true)
    }

    /// The Region on which a move under way depends.
    pub(super) fn global_place(&self, database: usize) -> Option<Region> {
        match &self.databases.get(database)?.kind {
            Kind::Aurora(global) => global.moving.map(|m| self.sides.of(m.to).clone()),
            Kind::Rds(_) | Kind::Table { .. } => None,
        }
    }

    /// Brings a move to where it should be by now.
    pub(super) fn global_goes_on(&mut self, database: usize) {
        let now = self.now;
        let moving = match self.databases.get(database).map(|d| &d.kind) {
            Some(Kind::Aurora(global)) => global.moving,
            Some(Kind::Rds(_) | Kind::Table { .. }) | None => None,
        };
        let Some(moving) = moving else { return };
        let other = moving.to.other();
        if now >= after(moving.asked, self.habits.global_writer) {
            let reachable = self.region(self.sides.of(other)).answers();
            let until = if moving.lossless {
                now
            } else {
                self.replicated_until(database, moving.to).min(now)
            };
            self.become_writer(database, moving.to, until);
            // The old writer is fenced only where it can be reached.
            if reachable && !moving.lossless {
                self.demote(database, other);
            }
        }
        // It is available again at the earliest when it has its new writer.
        let done =
            now >= after(moving.asked, self.habits.global_done.max(self.habits.global_writer));
        if let Some(Kind::Aurora(global)) = self.databases.get_mut(database).map(|d| &mut d.kind) {
            if now >= after(moving.asked, self.habits.global_writer) {
                global.writer = moving.to;
            }
            if done {
                global.moving = None;
            }
        }
    }

    /// That side's engine stops taking writes; the other's changes flow into it from now on.
    pub(super) fn demote(&mut self, database: usize, side: Side) {
        let Some(db) = self.databases.get_mut(database) else { return };
        let engine = db.engine(side);
        if !engine.writable {
            return;
        }
        engine.writable = false;
        let database = db.id.clone();
        self.record(Happened::Demoted { database, side });
    }
}
