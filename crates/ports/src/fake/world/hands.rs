//! What a test does to the world, and what it may read of the truth.

use leeward_core::ids::{EntryId, Region, Side, Text};
use leeward_core::time::{Span, Timestamp};
use leeward_core::world::{AlarmState, Change, ChangeError, Question, RecordSetView, View};

use super::alarms::Sight;
use super::database::Kind;
use super::habits::{Habits, Promotion};
use super::happenings::{Happened, Happening};
use super::outside::{Called, FakeWorld};
use super::rds::Instance;
use super::regions::RegionState;
use super::state::{Due, State};
use crate::fake::fate::{Call, Chooser, Fate, Fates};

/// Faults and fates.
impl FakeWorld {
    /// Makes a Region well, dead, hanging, or partitioned.
    pub fn set_region(&self, region: &Region, state: RegionState) {
        self.settled().state.set_region(region, state);
    }

    /// The next call that matches meets that fate.
    pub fn fail_next(&self, matches: impl Fn(&Call<'_>) -> bool + Send + 'static, fate: Fate) {
        self.settled().chooser.next(matches, fate);
    }

    /// From now on these choose what becomes of each call.
    pub fn set_fates(&self, fates: Box<dyn Fates>) {
        self.settled().chooser = Chooser::Other(fates);
    }

    /// Lets every kept request arrive, in the order sent.
    pub fn land_kept(&self) {
        let mut inner = self.settled();
        for (change, frozen) in std::mem::take(&mut inner.kept) {
            // Its sender is long gone.
            let _ = inner.state.arrive(&change, Some(frozen));
        }
    }

    /// How long things take.
    pub fn habits(&self) -> Habits {
        self.settled().state.habits.clone()
    }

    /// Changes how long things take from now on.
    pub fn set_habits(&self, change: impl FnOnce(&mut Habits)) {
        let mut inner = self.settled();
        inner.state.before_link_change();
        change(&mut inner.state.habits);
        let writers = inner.state.habits.writers.clone();
        inner.state.set_writers(writers);
        inner.state.after_link_change();
        inner.state.refresh();
    }

    /// The RDS instances run another engine than `db-probe` can ask, such as `mysql`.
    pub fn set_engine(&self, engine: &str) {
        self.settled().state.foreign_engine = Some(engine.into());
    }

    /// Puts an alias or a record with a routing policy into a zone, in the place of the simple one.
    pub fn lay_special_record(&self, zone: &str, name: &str, set: RecordSetView) {
        let mut inner = self.settled();
        let zone = inner.state.zones.entry(zone.into()).or_default();
        zone.special.push((name.into(), set));
    }

    /// Somebody deletes a record.
    pub fn delete_record(&self, zone: &str, name: &str, record_type: &str) {
        if let Some(zone) = self.settled().state.zones.get_mut(zone) {
            zone.records.remove(&(name.into(), record_type.into()));
        }
    }

    /// Deletes a hosted zone.
    pub fn delete_zone(&self, zone: &str) {
        self.settled().state.zones.remove(zone);
    }

    /// Sets the clock of a side's writer by so many milliseconds.
    pub fn set_clock(&self, side: Side, by_ms: i64) {
        let mut inner = self.settled();
        inner.state.before_link_change();
        inner.state.set_clock(side, by_ms);
        inner.state.after_link_change();
        inner.state.refresh();
    }

    /// Mutes an alarm's actions for that reason, or lets them be carried out again. Its state goes on.
    pub fn mute_alarm(&self, region: &Region, alarm: &str, why: Option<&str>) {
        let mut inner = self.settled();
        if let Some(cell) = inner.state.alarms.get_mut(&(region.clone(), alarm.into())) {
            cell.muted = why.map(Into::into);
        }
    }

    /// Breaks or mends the replication of a database.
    pub fn break_replication(&self, database: &EntryId, broken: bool) {
        let mut inner = self.settled();
        inner.state.set_link(database, broken);
        inner.state.refresh();
    }

    /// Takes the lease's table away from everyone, or brings it back.
    pub fn set_lease_away(&self, away: bool) {
        let mut inner = self.settled();
        inner.state.before_link_change();
        inner.state.application.lease_away = away;
        inner.state.after_link_change();
        inner.state.refresh();
    }

    /// Takes every lease's item in that table away: the hand of a person in the console.
    pub fn take_lease(&self, table: &str) {
        let mut inner = self.settled();
        inner.state.before_link_change();
        inner.state.leases.retain(|(_, of, _), _| of != table);
        inner.state.after_link_change();
        inner.state.refresh();
    }

    /// The leases' items bear no terms of any holder, as those of holders by an older contract.
    pub fn forget_lease_terms(&self) {
        let mut inner = self.settled();
        inner.state.leases.values_mut().for_each(|item| item.terms = None);
    }

    /// Sets how the voter behind an alarm sees.
    pub fn set_sight(&self, region: &Region, alarm: &str, sight: Sight) {
        let mut inner = self.settled();
        if let Some(cell) = inner.state.alarms.get_mut(&(region.clone(), alarm.into())) {
            cell.sight = sight;
        }
        inner.state.refresh();
    }

    /// Sets an alarm's state now and for good.
    pub fn set_alarm(&self, region: &Region, alarm: &str, state: AlarmState) {
        self.set_sight(region, alarm, Sight::Set(state));
    }

    /// Somebody made the replica on that side one of another instance, which is told so; or takes its cluster out of
    /// the global cluster.
    pub fn detach(&self, database: &EntryId, side: Side, source: &str) {
        let mut inner = self.settled();
        let Some(db) = inner.state.databases.iter_mut().find(|d| d.id == *database) else { return };
        match &mut db.kind {
            Kind::Rds(instances) => {
                let instance = match side {
                    Side::Primary => &mut instances.primary,
                    Side::Standby => &mut instances.standby,
                };
                instance.source = Some(source.into());
            }
            Kind::Aurora(global) => global.left = Some(side),
            Kind::Table { .. } => {}
        }
    }

    /// Lets an RDS instance that is available take a backup, or ends the one it takes.
    pub fn set_backing_up(&self, database: &EntryId, side: Side, backing_up: bool) {
        self.with_rds(database, side, |instance| {
            let (from, to) =
                if backing_up { ("available", "backing-up") } else { ("backing-up", "available") };
            if instance.status == from && instance.asked.is_none() {
                instance.status = to.into();
            }
        });
    }

    /// A scaling policy of a group asks for that many instances.
    pub fn scaling_policy(&self, region: &Region, group: &str, desired: u32) {
        let mut inner = self.settled();
        let name = (region.clone(), Text::from(group));
        inner.state.set_group(&name, |g| g.desired = desired.min(g.maximum).max(g.minimum));
        inner.state.refresh();
    }

    /// The application of a side crashes, or is started again: its instances are there all the while.
    pub fn set_application(&self, side: Side, runs: bool) {
        let mut inner = self.settled();
        inner.state.before_link_change();
        let crashed = &mut inner.state.application.crashed;
        crashed.retain(|s| *s != side);
        if !runs {
            crashed.push(side);
            inner.state.sessions_die(side);
        }
        inner.state.after_link_change();
        inner.state.refresh();
    }

    /// A person lets a source reach these TCP ports, both ends included, through a security group.
    pub fn admit(&self, region: &Region, group: &str, source: &str, ports: (u16, u16)) {
        let mut inner = self.settled();
        let rules = inner.state.rules.entry((region.clone(), group.into())).or_default();
        rules.0.insert((source.into(), ports.0, ports.1), None);
        inner.state.record(Happened::LetIn { region: region.clone(), group: group.into() });
        inner.state.rules_changed();
        inner.state.refresh();
    }

    /// A person takes such a rule away again.
    pub fn shut(&self, region: &Region, group: &str, source: &str, ports: (u16, u16)) {
        let mut inner = self.settled();
        if let Some(rules) = inner.state.rules.get_mut(&(region.clone(), group.into())) {
            rules.0.remove(&(source.into(), ports.0, ports.1));
        }
        inner.state.rules_changed();
        inner.state.refresh();
    }

    /// A person gives one side of a database a further security group.
    pub fn attach_group(&self, database: &EntryId, side: Side, group: &str) {
        let mut inner = self.settled();
        for db in inner.state.databases.iter_mut().filter(|d| d.id == *database) {
            if let Some(networks) = &mut db.network {
                match side {
                    Side::Primary => networks.primary.groups.push(group.into()),
                    Side::Standby => networks.standby.groups.push(group.into()),
                }
            }
        }
        inner.state.rules_changed();
        inner.state.refresh();
    }

    /// So many instances of a group are protected from scale-in, and so many run in its warm pool.
    pub fn set_group_extras(&self, region: &Region, group: &str, protected: u32, pool: u32) {
        let mut inner = self.settled();
        let name = (region.clone(), Text::from(group));
        inner.state.set_group(&name, |g| (g.protected, g.pool) = (protected, pool));
        inner.state.poke_writers();
        inner.state.refresh();
    }

    /// A person makes a change in the console.
    pub fn by_hand(&self, change: &Change) -> Result<(), ChangeError> {
        self.settled().state.arrive(change, None)
    }

    /// A person rebuilds that side as a replica of the other: what only it held is gone.
    pub fn rebuild_replica(&self, database: &EntryId, side: Side) {
        let mut inner = self.settled();
        inner.state.rebuild(database, side);
        inner.state.refresh();
    }

    /// Somebody mends what keeps changes from being carried out: promotions that stall or fail, a shortage of
    /// capacity, writers by an older contract. What is under way goes on.
    pub fn mend(&self) {
        self.set_habits(|habits| {
            habits.promotion = Promotion::Works;
            habits.launch_limit = None;
            habits.writers.primary.tells_terms = true;
            habits.writers.standby.tells_terms = true;
        });
        self.settled().state.go_on();
    }

    fn with_rds(&self, database: &EntryId, side: Side, change: impl FnOnce(&mut Instance)) {
        let mut inner = self.settled();
        let found = inner.state.databases.iter().position(|d| d.id == *database);
        if let Some(instance) = found.and_then(|i| inner.state.rds(i, side)) {
            change(instance);
        }
    }
}

/// The truth.
impl FakeWorld {
    /// What truly happened, in order.
    pub fn happenings(&self) -> Vec<Happening> {
        self.settled().state.log.clone()
    }

    /// What was called, in order.
    pub fn calls(&self) -> Vec<Called> {
        self.settled().calls.clone()
    }

    /// Whether looks are kept among the calls; a long simulation does not need them.
    pub fn keep_looks(&self, keep: bool) {
        self.settled().keep_looks = keep;
    }

    /// Whether application writes to that database are accepted on that side now.
    pub fn accepts(&self, database: &EntryId, side: Side) -> bool {
        let inner = self.settled();
        let found = inner.state.databases.iter().position(|d| d.id == *database);
        found.is_some_and(|i| inner.state.accepts(i, side))
    }

    /// Which side truly serves users now, writes included.
    pub fn served_by(&self) -> Option<Side> {
        self.settled().state.served.flatten()
    }

    /// Looks past every fate; a silent Region stays silent.
    pub fn peek(&self, question: &Question) -> Option<View> {
        self.settled().state.see(question).ok()
    }

    /// Lets everything happen that is due by now. Calls do so by themselves.
    pub fn settle(&self) {
        drop(self.settled());
    }

    /// When the next thing happens by itself.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.settled().state.next_due()
    }

    /// Moves the clock on and lets everything happen on the way.
    pub fn pass(&self, span: Span) {
        self.clock.advance(span);
        self.settle();
    }
}

impl State {
    /// What may have stood still for a while is looked at again.
    fn go_on(&mut self) {
        let Habits { promote_start, promote_writable, promote_done, launch, start, .. } =
            self.habits;
        for database in 0..self.databases.len() {
            for side in [Side::Primary, Side::Standby] {
                for by in [promote_start, promote_writable, promote_done] {
                    self.later(by, Due::Promotion(database, side));
                }
            }
        }
        for name in self.groups.keys().cloned().collect::<Vec<_>>() {
            self.later(launch, Due::Group(name));
        }
        for (region, cluster, service) in self.services.keys().cloned().collect::<Vec<_>>() {
            self.later(start, Due::Service(region, cluster, service));
        }
    }

    fn rebuild(&mut self, database: &EntryId, side: Side) {
        let Some(db) = self.databases.iter_mut().find(|d| d.id == *database) else { return };
        let (engine, other) = db.pair(side);
        if !other.writable {
            return;
        }
        let (was_writable, was_accepting) = (engine.writable, engine.accepting);
        engine.become_replica();
        let database = db.id.clone();
        if let Kind::Rds(instances) = &mut db.kind {
            let region = self.sides.of(side.other());
            let (own, source) = match side {
                Side::Primary => (&mut instances.primary, &instances.standby),
                Side::Standby => (&mut instances.standby, &instances.primary),
            };
            *own = Instance::new(&own.name.clone(), Some((region, &source.name)));
        }
        if was_accepting {
            self.record(Happened::AcceptEnded { database: database.clone(), side });
        }
        if was_writable {
            self.record(Happened::Demoted { database, side });
        }
        self.thaw_replication();
    }
}
