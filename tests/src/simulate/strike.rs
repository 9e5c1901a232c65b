//! What an incident does to the world and to the services, when it begins and when it ends.

use leeward_core::ids::{Region, Side};
use leeward_core::plan::{Capacity, Control, Database, Fence};
use leeward_core::time::{Span, Timestamp, after};
use leeward_core::world::Change;
use leeward_ports::fake::{RegionState, Sight};

use super::incidents::{Hand, Incident, Place, SOURCES, Source, alarms};
use super::shortages::Shortage;
use super::stack::Stack;
use crate::check::Deceived;

impl Stack {
    pub(super) fn region(&self, place: Place) -> &Region {
        let regions = &self.prepared.plan.regions;
        match place {
            Place::Primary => &regions.primary,
            Place::Standby => &regions.standby,
            Place::Control => &regions.control,
        }
    }

    /// Begins (or ends) what concerns the world and the services alone.
    pub(super) fn strike(&self, incident: &Incident, begins: bool) {
        match incident {
            Incident::Region(place, state) => {
                let state = if begins { *state } else { RegionState::Well };
                self.world.set_region(self.region(*place), state);
                if *place == Place::Control {
                    // Leeward lives there, and so does its table.
                    self.table.set_away(begins);
                    self.executions.set_away(begins);
                }
            }
            Incident::TableAway => self.table.set_away(begins),
            Incident::LeaseAway => self.world.set_lease_away(begins),
            Incident::ServiceAway => self.executions.set_away(begins),
            Incident::PublisherDown => self.publisher.set_down(begins),
            Incident::Voter(..) | Incident::FalseAlarm | Incident::Muted => {
                self.mislead(incident, begins);
            }
            Incident::LinkBroken => {
                // Who watches the replication sees it.
                self.deceive(1, begins);
                for database in self.prepared.plan.databases.iter().take(1) {
                    self.world.break_replication(database.id(), begins);
                }
            }
            Incident::BackingUp(side) => {
                for database in &self.prepared.plan.databases {
                    self.world.set_backing_up(database.id(), *side, begins);
                }
            }
            Incident::ClockSet(seconds) => {
                let seconds = if begins { *seconds } else { -*seconds };
                // A clock that was behind and is set right again stays right or behind.
                self.world.set_clock(Side::Primary, 1000 * seconds);
            }
            Incident::Refuses(refused) => self.shared.refuse(*refused, begins),
            Incident::Lagging(seconds) => {
                self.world.set_lagging(Span::seconds(if begins { *seconds } else { 0 }));
            }
            Incident::Crash => self.world.set_application(Side::Primary, !begins),
            Incident::ForeignRule(source) => self.admit(*source, begins),
            Incident::HiddenWriters => self.hide_writers(begins),
            Incident::Short(shortage) => self.fall_short(*shortage, begins),
            Incident::TableIll(fault) => self.shared.lock().ill = begins.then_some(*fault),
            Incident::Hand(hand) if begins => self.by_hand(*hand),
            Incident::Hand(_)
            | Incident::ServiceDies
            | Incident::TwoTriggers
            | Incident::Operator(_)
            | Incident::Terminal
            | Incident::TerminalCloses
            | Incident::Redrive
            | Incident::Deployed(_)
            | Incident::Put(_)
            | Incident::Told(_)
            | Incident::Abort => {}
        }
    }

    fn by_hand(&self, hand: Hand) {
        let plan = &self.prepared.plan;
        let region = plan.regions.standby.clone();
        let group = plan.capacity.iter().find_map(|c| match c {
            Capacity::AutoScalingGroup(c) => Some(c.group.standby.clone()),
            Capacity::Instances(_)
            | Capacity::EcsService(_)
            | Capacity::LambdaConcurrency(_)
            | Capacity::EventSource(_) => None,
        });
        match (hand, group) {
            (Hand::Scales, Some(group)) => self.world.scaling_policy(&region, &group, 3),
            (Hand::LowersMinimum, Some(group)) => {
                let _ = self.world.by_hand(&Change::SetMinimum { region, group, minimum: 1 });
            }
            (Hand::TurnsTraffic(stop), _) => self.turn_traffic(stop),
            (Hand::Scales | Hand::LowersMinimum, None) => {}
        }
    }

    /// Rules in front of the primary's databases that the plan does not name: somebody adds one, or takes it away.
    fn admit(&self, source: Source, begins: bool) {
        let plan = &self.prepared.plan;
        let region = &plan.regions.primary;
        for fence in plan.databases.iter().flat_map(Database::fences) {
            let Fence::Isolate(isolate) = fence else { continue };
            let rules = isolate.security_group.of(Side::Primary);
            let (name, ports) = match source {
                Source::Group => ("sg-foreign", (rules.port, rules.port)),
                Source::Range => ("10.0.0.0/8", (rules.port, rules.port)),
                Source::List => ("pl-foreign", (0, u16::MAX)),
            };
            if begins {
                self.world.admit(region, &rules.group, name, ports);
            } else {
                self.world.shut(region, &rules.group, name, ports);
            }
        }
    }

    fn hide_writers(&self, begins: bool) {
        let plan = &self.prepared.plan;
        for fence in plan.databases.iter().flat_map(Database::fences) {
            let Fence::StopWriter(stop) = fence else { continue };
            let (region, group) = (&plan.regions.primary, stop.group.of(Side::Primary));
            let hidden = u32::from(begins);
            self.world.set_group_extras(region, group, hidden, hidden);
        }
    }

    /// People make the old side a replica of the new one.
    pub(super) fn follow_standby(&self) {
        for database in &self.prepared.plan.databases {
            self.world.rebuild_replica(database.id(), Side::Primary);
        }
    }

    /// A person stops the primary by its metric, or lets it go on.
    pub(super) fn turn_traffic(&self, stop: bool) {
        let plan = &self.prepared.plan;
        for control in &plan.traffic.controls {
            let Control::StopMetric(c) = control else { continue };
            let _ = self.world.by_hand(&Change::PutMetric {
                region: c.region.clone(),
                namespace: c.namespace.clone(),
                metric: c.metric.clone(),
                workload: plan.workload.as_str().into(),
                value: f64::from(u8::from(stop)),
                at: self.clock.date(),
            });
        }
    }

    /// Alarms say from now on what is not so, or what is again.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the caller brings these three")]
    fn mislead(&self, incident: &Incident, begins: bool) {
        match incident {
            Incident::Voter(place, sight) => {
                if *sight == Sight::Outage {
                    self.deceive(1, begins);
                }
                let sight = if begins { *sight } else { Sight::Clear };
                if let Some((region, alarm)) = alarms(&self.prepared.plan).nth(*place) {
                    self.world.set_sight(region, alarm, sight);
                }
            }
            Incident::FalseAlarm => {
                self.deceive(self.prepared.plan.detection.voters.len(), begins);
                let sight = if begins { Sight::Outage } else { Sight::Clear };
                for (region, alarm) in alarms(&self.prepared.plan) {
                    self.world.set_sight(region, alarm, sight);
                }
            }
            Incident::Muted => {
                // Until they follow what they see again, alarms say down with nobody's mute on them.
                self.lag_of_alarms(begins);
                let sight = if begins { Sight::Outage } else { Sight::Clear };
                for (region, alarm) in alarms(&self.prepared.plan).skip(1) {
                    self.world.set_sight(region, alarm, sight);
                    self.world.mute_alarm(region, alarm, begins.then_some("maintenance"));
                }
            }
            _ => {}
        }
    }

    /// What was muted says down truly unmuted for as long as its alarm is slow: that long after it was sustained,
    /// whoever believes it is deceived. At once is deceived who could not look at the alarm while it was muted, or has
    /// not stored that it was: then it has fired when it says.
    fn lag_of_alarms(&self, begins: bool) {
        if begins {
            return;
        }
        let (now, plan) = (self.clock.now(), &self.prepared.plan);
        let voters = plan.detection.voters.len();
        let sustained = after(now, plan.detection.sustain);
        let unseen = alarms(plan).skip(1).count().saturating_sub(self.seen_muted());
        let mut deceived = self.deceived.borrow_mut();
        deceived.push(Deceived { from: sustained, until: sustained, voters });
        deceived.push(Deceived { from: now, until: now, voters: unseen });
    }

    /// Voters whose last stored vote is that they are muted.
    fn seen_muted(&self) -> usize {
        let votes = self.table.items().into_iter().filter(|i| i.key.sk.starts_with("SIG#"));
        votes.filter(|vote| vote.body.contains("muted: maintenance")).count()
    }

    /// So many voters say from now on what is not so, or no longer.
    pub(super) fn deceive(&self, voters: usize, begins: bool) {
        let (now, mut deceived) = (self.clock.now(), self.deceived.borrow_mut());
        if begins {
            deceived.push(Deceived { from: now, until: Timestamp::MAX, voters });
        } else {
            let open = |d: &&mut Deceived| d.voters == voters && d.until > now;
            deceived.iter_mut().rev().find(open).into_iter().for_each(|d| d.until = now);
        }
    }

    /// Whatever a service refused it takes again.
    pub(super) fn mend(&self) {
        let mut common = self.shared.lock();
        common.refused.clear();
        common.ill = None;
    }

    /// Everything is well again.
    pub(super) fn heal(&self) {
        for place in [Place::Primary, Place::Standby, Place::Control] {
            self.world.set_region(self.region(place), RegionState::Well);
        }
        self.table.set_away(false);
        self.world.set_lease_away(false);
        self.executions.set_away(false);
        self.publisher.set_down(false);
        self.strike(&Incident::FalseAlarm, false);
        self.strike(&Incident::LinkBroken, false);
        self.strike(&Incident::BackingUp(Side::Standby), false);
        self.strike(&Incident::Lagging(0), false);
        for shortage in Shortage::ALL {
            self.strike(&Incident::Short(shortage), false);
        }
        self.strike(&Incident::Crash, false);
        for source in SOURCES {
            self.strike(&Incident::ForeignRule(source), false);
        }
        self.strike(&Incident::HiddenWriters, false);
        self.strike(&Incident::Muted, false);
        self.world.mend();
        self.mend();
    }
}
