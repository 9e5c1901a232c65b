//! RDS instances and the promotion of a read replica.
//!
//! | behaviour | source |
//! |---|---|
//! | a promotion passes `available` → `modifying` → `backing-up` → `available`; in the last two the source is gone | PromoteReadReplica (`BackupRetentionPeriod` is 1 by default); Working with read replicas |
//! | not a replica, or not `available`: `InvalidDBInstanceState` | PromoteReadReplica, errors |
//! | while it backs up it cannot be promoted | Promoting a read replica |
//! | a replica whose link is broken has a status info `read replication` that is not normal | Monitoring read replication |
//! | a source in another Region is told by its ARN, in lower case | PromoteReadReplica (`DBInstanceIdentifier`); moto issue 5423 |
//! | no such instance: `DBInstanceNotFound` | PromoteReadReplica, errors |

use leeward_core::ids::{Region, Side, Text};
use leeward_core::time::{Timestamp, after};
use leeward_core::world::{RdsView, ReplicationView, View};

use super::change::{Answer, refused};
use super::database::Kind;
use super::habits::{Promotion, Repeat};
use super::places::zone;
use super::state::{Due, State};

/// One DB instance.
#[derive(Debug, Clone)]
pub(super) struct Instance {
    pub(super) name: Text,
    pub(super) status: Text,
    pub(super) source: Option<Text>,
    /// When its promotion was asked for.
    pub(super) asked: Option<Timestamp>,
}

impl Instance {
    /// An instance; `source`: Region and name of what it follows.
    pub(super) fn new(name: &str, source: Option<(&Region, &str)>) -> Self {
        Self {
            name: name.into(),
            status: "available".into(),
            source: source.map(|(region, name)| arn(region, name)),
            asked: None,
        }
    }
}

/// By which a source in another Region is told.
fn arn(region: &Region, name: &str) -> Text {
    format!("arn:aws:rds:{region}:123456789012:db:{}", name.to_ascii_lowercase()).into()
}

/// The link to the source, as RDS tells it of a replica.
fn replication(cut: bool) -> ReplicationView {
    let (status, message) = if cut {
        ("error", "replication has stopped: the source cannot be reached")
    } else {
        ("replicating", "")
    };
    ReplicationView { normal: !cut, status: status.into(), message: message.into() }
}

impl State {
    /// Database and side of that instance.
    fn rds_at(&self, region: &Region, name: &str) -> Option<(usize, Side)> {
        self.databases.iter().enumerate().find_map(|(i, db)| {
            let Kind::Rds(instances) = &db.kind else { return None };
            [Side::Primary, Side::Standby]
                .into_iter()
                .find(|s| self.sides.of(*s) == region && instances.of(*s).name == name)
                .map(|side| (i, side))
        })
    }

    pub(super) fn rds(&mut self, database: usize, side: Side) -> Option<&mut Instance> {
        match &mut self.databases.get_mut(database)?.kind {
            Kind::Rds(instances) => Some(match side {
                Side::Primary => &mut instances.primary,
                Side::Standby => &mut instances.standby,
            }),
            Kind::Aurora(_) | Kind::Table { .. } => None,
        }
    }

    pub(super) fn see_rds(&mut self, region: &Region, name: &str) -> View {
        let Some((database, side)) = self.rds_at(region, name) else { return View::Rds(None) };
        let cut = self.databases.get(database).is_some_and(|db| db.replication_cut(side));
        let foreign = self.foreign_engine.clone();
        let instance = self.rds(database, side);
        View::Rds(instance.map(|i| RdsView {
            status: i.status.clone(),
            arn: Some(arn(region, &i.name)),
            replica_source: i.source.clone(),
            engine: foreign.clone().unwrap_or_else(|| "postgres".into()),
            engine_version: "17.4".into(),
            host: None,
            zone: Some(zone(region, 0)),
            multi_az: true,
            replication: i.source.as_ref().map(|_| replication(cut)),
        }))
    }

    pub(super) fn promote(&mut self, region: &Region, name: &str) -> Answer {
        let (now, habits) = (self.now, self.habits.clone());
        let found = self.rds_at(region, name);
        let Some((database, side)) = found else {
            return refused("DBInstanceNotFound", &format!("{name} is not found"));
        };
        let Some(instance) = self.rds(database, side) else {
            return refused("DBInstanceNotFound", &format!("{name} is not found"));
        };
        if instance.source.is_none() {
            return refused("InvalidDBInstanceState", "the instance is not a read replica");
        }
        if instance.status != "available" {
            let words = format!("the instance is {}", instance.status);
            return refused("InvalidDBInstanceState", &words);
        }
        if instance.asked.is_some() && habits.promote_repeat == Repeat::Refused {
            return refused("InvalidDBInstanceState", "the instance is already being promoted");
        }
        if instance.asked.is_some() {
            // Asked for, and not yet modifying: taken again, and nothing comes of it.
            return Ok(false);
        }
        instance.asked = Some(now);
        let backed_up = habits.promote_done.plus(habits.promote_backup);
        for by in [habits.promote_start, habits.promote_writable, habits.promote_done, backed_up] {
            self.later(by, Due::Promotion(database, side));
        }
        Ok(true)
    }

    /// Brings a promotion to where it should be by now.
    pub(super) fn promotion_goes_on(&mut self, database: usize, side: Side) {
        let (now, habits) = (self.now, self.habits.clone());
        let Some(instance) = self.rds(database, side) else { return };
        let Some(asked) = instance.asked else { return };
        if now >= after(asked, habits.promote_start) {
            instance.status = "modifying".into();
        }
        // It takes writes at the latest when it is said to be done.
        let done = now >= after(asked, habits.promote_done.max(habits.promote_writable));
        match habits.promotion {
            Promotion::Stalls => {}
            Promotion::Fails => {
                if done {
                    instance.status = "available".into();
                    instance.asked = None;
                }
            }
            Promotion::Works => {
                if done {
                    let backed_up = after(asked, habits.promote_done.plus(habits.promote_backup));
                    let over = now >= backed_up;
                    instance.status = if over { "available" } else { "backing-up" }.into();
                    instance.source = None;
                    if over {
                        instance.asked = None;
                    }
                }
                if now >= after(asked, habits.promote_writable) {
                    let until = self.replicated_until(database, side).min(now);
                    self.become_writer(database, side, until);
                }
            }
        }
    }
}
