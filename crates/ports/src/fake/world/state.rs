//! The world's state and the queue of what is due.

use std::collections::BTreeMap;

use leeward_core::ids::{Region, Side, Sides, Text};
use leeward_core::time::{Span, Timestamp, after};
use leeward_core::world::{Change, Question, View};

use super::alarms::AlarmCell;
use super::compute::{Counted, Group};
use super::database::DatabaseState;
use super::gauges::Gauges;
use super::habits::Habits;
use super::happenings::{Happened, Happening};
use super::lagging::Lagging;
use super::lease::LeaseItem;
use super::names::{Application, NameRule};
use super::network::Rules;
use super::places::Places;
use super::regions::RegionState;
use super::shortages::Shortages;
use super::traffic::StopControl;
use super::writers::Writer;
use super::zones::Zone;
use crate::Frozen;

/// Where a lease is: Region, table, key.
pub(super) type LeaseKey = (Region, Text, Text);
/// Something with a name in a Region.
pub(super) type Named = (Region, Text);

/// Everything there is.
pub(super) struct State {
    pub(super) now: Timestamp,
    pub(super) habits: Habits,
    pub(super) sides: Sides<Region>,
    pub(super) regions: BTreeMap<Region, RegionState>,
    pub(super) databases: Vec<DatabaseState>,
    /// The engine of all RDS instances, when it is one that `db-probe` cannot ask.
    pub(super) foreign_engine: Option<Text>,
    pub(super) leases: BTreeMap<LeaseKey, LeaseItem>,
    pub(super) writers: Sides<Writer>,
    pub(super) groups: BTreeMap<Named, Group>,
    pub(super) instances: BTreeMap<Named, Text>,
    pub(super) services: BTreeMap<(Region, Text, Text), Counted>,
    pub(super) concurrency: BTreeMap<Named, Option<u32>>,
    pub(super) mappings: BTreeMap<Named, Text>,
    pub(super) target_groups: BTreeMap<Named, Named>,
    pub(super) rules: BTreeMap<Named, Rules>,
    pub(super) controls: Vec<StopControl>,
    pub(super) zones: BTreeMap<Text, Zone>,
    pub(super) names: BTreeMap<Text, NameRule>,
    pub(super) application: Application,
    pub(super) alarms: BTreeMap<Named, AlarmCell>,
    pub(super) gauges: Gauges,
    pub(super) places: Places,
    pub(super) lagging: Lagging,
    pub(super) shortages: Shortages,
    pub(super) served: Option<Option<Side>>,
    pub(super) log: Vec<Happening>,
    /// What each question was answered last.
    pub(super) seen: Vec<(Question, View)>,
    queue: BTreeMap<(Timestamp, u64), Due>,
    stalled: Vec<(Region, Due)>,
    sequence: u64,
}

/// Something that happens by itself at its time.
#[derive(Debug, Clone)]
pub(super) enum Due {
    /// A late request arrives.
    Arrive(Box<Change>, Frozen),
    /// A promotion goes on: database, side.
    Promotion(usize, Side),
    /// A move of a global cluster goes on: database.
    GlobalMove(usize),
    /// A group has launched or terminated.
    Group(Named),
    /// An instance, a service or a mapping has reached its next state.
    Instance(Named),
    Service(Region, Text, Text),
    Mapping(Named),
    /// A policy takes a service in to that count.
    ScaleIn((Region, Text, Text), u32),
    /// A stop metric's health check judges.
    Judge(usize),
    /// Names resolve as the health check says.
    Resolve(usize),
    /// A zone's batch is INSYNC.
    InSync(Text),
    /// A writer's time to renew.
    Renew(Side),
    /// An alarm follows what it sees.
    Alarm(Named),
    /// Nothing but time has passed: a lease or a session may have ended.
    Look,
}

impl State {
    /// A world in which nothing is yet.
    pub(super) fn empty(now: Timestamp, habits: Habits, sides: Sides<Region>) -> Self {
        let writers = Sides {
            primary: Writer::new(now, habits.writers.primary.clone()),
            standby: Writer::new(now, habits.writers.standby.clone()),
        };
        Self {
            now,
            habits,
            sides,
            regions: BTreeMap::new(),
            databases: Vec::new(),
            foreign_engine: None,
            leases: BTreeMap::new(),
            writers,
            groups: BTreeMap::new(),
            instances: BTreeMap::new(),
            services: BTreeMap::new(),
            concurrency: BTreeMap::new(),
            mappings: BTreeMap::new(),
            target_groups: BTreeMap::new(),
            rules: BTreeMap::new(),
            controls: Vec::new(),
            zones: BTreeMap::new(),
            names: BTreeMap::new(),
            application: Application::default(),
            alarms: BTreeMap::new(),
            gauges: Gauges::default(),
            places: Places::default(),
            lagging: Lagging::default(),
            shortages: Shortages::default(),
            served: None,
            log: Vec::new(),
            seen: Vec::new(),
            queue: BTreeMap::new(),
            stalled: Vec::new(),
            sequence: 0,
        }
    }

    /// Puts something on record.
    pub(super) fn record(&mut self, what: Happened) {
        self.log.push(Happening { at: self.now, what });
    }

    /// Lets something happen that much later.
    pub(super) fn later(&mut self, by: Span, due: Due) {
        self.at(after(self.now, by), due);
    }

    /// Lets something happen then.
    pub(super) fn at(&mut self, at: Timestamp, due: Due) {
        self.sequence += 1;
        self.queue.insert((at.max(self.now), self.sequence), due);
    }

    /// When the next thing happens by itself.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.queue.keys().next().map(|(at, _)| *at)
    }

    /// Lets everything happen that is due by that instant, each at its own time.
    pub(super) fn settle(&mut self, now: Timestamp) {
        while let Some(entry) = self.queue.first_entry() {
            let at = entry.key().0;
            if at > now {
                break;
            }
            let due = entry.remove();
            self.now = at;
            self.happen(due);
            self.refresh();
        }
        self.now = self.now.max(now);
    }

    /// A Region is otherwise from now on; what had stalled in it goes on when it works again.
    pub(super) fn set_region(&mut self, region: &Region, state: RegionState) {
        if self.region(region) == state {
            return;
        }
        self.before_link_change();
        self.regions.insert(region.clone(), state);
        self.record(Happened::RegionIs { region: region.clone(), state });
        if state.works() {
            for (place, due) in std::mem::take(&mut self.stalled) {
                if place == *region {
                    self.at(self.now, due);
                } else {
                    self.stalled.push((place, due));
                }
            }
        }
        self.after_link_change();
        self.refresh();
    }

    /// Keeps something that cannot go on until its Region works again.
    pub(super) fn stall(&mut self, region: Region, due: Due) {
        self.stalled.push((region, due));
    }

    fn happen(&mut self, due: Due) {
        if let Some(region) = self.place(&due)
            && !self.region(&region).works()
        {
            self.stalled.push((region, due));
            return;
        }
        match due {
            Due::Arrive(change, frozen) => {
                // Nobody waits for the answer any more.
                let _ = self.arrive(&change, Some(frozen));
            }
            Due::Promotion(database, side) => self.promotion_goes_on(database, side),
            Due::GlobalMove(database) => self.global_goes_on(database),
            Due::Group(name) => self.group_goes_on(&name),
            Due::Instance(name) => self.instance_goes_on(&name),
            Due::Service(region, cluster, name) => self.service_goes_on(region, cluster, name),
            Due::Mapping(name) => self.mapping_goes_on(&name),
            Due::ScaleIn(name, count) => {
                // A service that is gone by now is scaled by nobody.
                let (region, cluster, service) = name;
                let _ =
                    self.arrive(&Change::SetDesiredCount { region, cluster, service, count }, None);
            }
            Due::Judge(control) => self.judge(control),
            Due::Resolve(control) => self.resolve(control),
            Due::InSync(zone) => self.zone_in_sync(&zone),
            Due::Renew(side) => self.renew(side),
            Due::Alarm(name) => self.alarm_follows(&name),
            Due::Look => {}
        }
    }

    /// The Region in which it happens, if a dead Region holds it up.
    fn place(&self, due: &Due) -> Option<Region> {
        match due {
            Due::Promotion(_, side) => Some(self.sides.of(*side).clone()),
            Due::Group((region, _))
            | Due::Instance((region, _))
            | Due::Mapping((region, _))
            | Due::Alarm((region, _))
            | Due::ScaleIn((region, ..), _)
            | Due::Service(region, ..) => Some(region.clone()),
            Due::GlobalMove(database) => self.global_place(*database),
            Due::Judge(control) => self.controls.get(*control).map(|c| c.region.clone()),
            Due::Arrive(..) | Due::Resolve(_) | Due::InSync(_) | Due::Renew(_) | Due::Look => None,
        }
    }

    /// Works out what follows from the state, after each thing that happened.
    pub(super) fn refresh(&mut self) {
        self.refresh_acceptance();
        self.refresh_served();
        self.refresh_alarms();
    }
}
