//! A world for a plan: everything that the plan names, on a good day.

use std::collections::BTreeSet;

use leeward_core::ids::{Region, Side, Sides, Text};
use leeward_core::names::canonical;
use leeward_core::plan::{
    Capacity, Check, Control, Database, Fence, Plan, Regions, Strategy, Voter, When,
};
use leeward_core::table::lease_key;
use leeward_core::time::Span;
use leeward_core::world::ZoneView;

use super::alarms::AlarmCell;
use super::aurora::Global;
use super::compute::{Counted, Group};
use super::database::{DatabaseState, Endpoint, Kind};
use super::engine::Engine;
use super::habits::Habits;
use super::lease::LeaseItem;
use super::names::NameRule;
use super::network::Network;
use super::orders::{Manners, host_of};
use super::outside::FakeWorld;
use super::rds::Instance;
use super::regions::{ROUTE53_HOME, RegionState};
use super::state::State;
use super::traffic::StopControl;
use super::writers::LeaseOf;
use super::zones::{FENCE_TTL, quoted};
use crate::fake::clock::FakeClock;

/// Instances of a group or service that serves, beyond what the plan needs at least: enough that a
/// peak of the last day makes a standby scale.
const PEAK_ABOVE_NEED: u32 = 2;
/// Instances of a warm standby.
const WARM: u32 = 1;
/// Instances of a group that runs writers, on either side: one could be missed in a count.
const WRITERS: u32 = 2;
/// Maximum size of every group: above everything that a test plan needs.
const GROUP_MAX: u32 = 40;
/// Heartbeat of a database whose writers hold no lease: what the contract asks of a holder.
const HEARTBEAT: Span = Span::seconds(1);

const BOTH: [Side; 2] = [Side::Primary, Side::Standby];

impl FakeWorld {
    /// Everything that the plan names, well, with the primary serving.
    pub fn for_plan(plan: &Plan, clock: FakeClock) -> Self {
        Self::with_habits(plan, clock, Habits::default())
    }

    /// The same with habits of its own.
    pub fn with_habits(plan: &Plan, clock: FakeClock, habits: Habits) -> Self {
        let sides =
            Sides { primary: plan.regions.primary.clone(), standby: plan.regions.standby.clone() };
        let mut state = State::empty(clock.now(), habits, sides);
        state.lay_regions(plan);
        state.lay_databases(plan);
        state.lay_lease(plan);
        state.lay_capacity(plan);
        state.lay_traffic(plan);
        state.lay_application(plan);
        state.lay_alarms(plan);
        state.refresh();
        Self::of(clock, state)
    }
}

impl State {
    fn lay_regions(&mut self, plan: &Plan) {
        let mut regions: BTreeSet<Region> = BTreeSet::from([
            plan.regions.primary.clone(),
            plan.regions.standby.clone(),
            plan.regions.control.clone(),
            Region::from(ROUTE53_HOME),
        ]);
        regions.extend(plan.detection.voters.iter().map(|v| v.region().clone()));
        for database in &plan.databases {
            regions.extend(database.lease().map(|l| l.region.clone()));
            if let Some(probe) = database.probe() {
                regions.extend(BOTH.map(|side| probe.side.of(side).region.clone()));
            }
        }
        for control in &plan.traffic.controls {
            if let Control::StopMetric(c) = control {
                regions.insert(c.region.clone());
            }
        }
        self.regions = regions.into_iter().map(|r| (r, RegionState::Well)).collect();
    }

    fn lay_databases(&mut self, plan: &Plan) {
        for database in &plan.databases {
            let mut writer_groups = None;
            let mut isolate = None;
            for fence in database.fences() {
                match fence {
                    Fence::StopWriter(f) => writer_groups = Some(f.group.clone()),
                    Fence::Isolate(f) => isolate = Some(f),
                    Fence::WriterLease(_) | Fence::Waiver => {}
                }
            }
            for side in BOTH {
                let region = self.sides.of(side).clone();
                if let Some(groups) = &writer_groups {
                    self.lay_group((region.clone(), groups.of(side).clone()), WARM, WRITERS);
                }
                for rules in isolate.iter().flat_map(|f| f.groups(side)) {
                    let group = (region.clone(), rules.group.clone());
                    self.rules.entry(group).or_default().open(rules);
                }
            }
            let every = matches!(database, Database::DynamodbGlobal(_));
            self.databases.push(DatabaseState {
                id: database.id().clone(),
                single_writer: database.single_writer(),
                leased: database.lease().is_some(),
                engines: Sides { primary: Engine::new(true), standby: Engine::new(every) },
                heartbeat: database.lease().map_or(HEARTBEAT, |l| l.heartbeat),
                link_broken: false,
                writer_groups,
                network: isolate.map(|f| Network::of(f)),
                endpoints: database.probe().map(|probe| {
                    let at = |side: Side| {
                        let side = probe.side.of(side);
                        Endpoint { host: side.host.clone(), port: side.port }
                    };
                    Sides { primary: at(Side::Primary), standby: at(Side::Standby) }
                }),
                kind: kind_of(database, &plan.regions),
            });
        }
    }

    fn lay_lease(&mut self, plan: &Plan) {
        let Some(lease) = plan.databases.iter().find_map(Database::lease) else { return };
        let name =
            (lease.region.clone(), lease.table.clone(), Text::from(lease_key(&plan.workload)));
        let terms = LeaseOf { name: name.clone(), plan: lease.terms() };
        let mut item = LeaseItem::fresh(self.sides.primary.as_str().into(), 1);
        item.renewed(self.now, self.told_terms(Side::Primary, &terms));
        self.leases.insert(name, item);
        self.writers.primary.begin(self.now, &terms, true);
        self.writers.standby.begin(self.now, &terms, false);
        self.application.lease = Some(terms);
        self.poke_writers();
    }

    fn lay_group(&mut self, name: (Region, Text), minimum: u32, size: u32) {
        let group = Group::at_rest(self.now, minimum, GROUP_MAX, size);
        self.groups.entry(name).or_insert(group);
    }

    fn lay_capacity(&mut self, plan: &Plan) {
        for capacity in &plan.capacity {
            for side in BOTH {
                self.lay_one(capacity, side, plan.strategy);
            }
        }
    }

    fn lay_one(&mut self, capacity: &Capacity, side: Side, strategy: Strategy) {
        let region = self.sides.of(side).clone();
        let serves = side == Side::Primary;
        match capacity {
            Capacity::AutoScalingGroup(c) => {
                let name = (region.clone(), c.group.of(side).clone());
                let full = c.amount.at_least.saturating_add(PEAK_ABOVE_NEED);
                let size = if serves { full } else { resting(strategy, full) };
                self.lay_group(name.clone(), size.min(c.amount.at_least), size);
                if let Some(target) = &c.target_group {
                    self.target_groups.insert((region, target.of(side).clone()), name.clone());
                }
                self.application.groups.push(name);
            }
            Capacity::EcsService(c) => {
                let service = c.service.of(side);
                let name = (region, service.cluster.clone(), service.name.clone());
                let full = c.amount.at_least.saturating_add(PEAK_ABOVE_NEED);
                let count = if serves { full } else { resting(strategy, full) };
                self.services.insert(name.clone(), Counted::at_rest(count));
                self.application.services.push(name);
            }
            Capacity::Instances(c) => {
                for id in c.instances.of(side) {
                    let name = (region.clone(), id.clone());
                    let state = if serves { "running" } else { "stopped" };
                    self.instances.insert(name.clone(), state.into());
                    // Late ones work behind the scenes: users are served without them.
                    if c.when == When::Early {
                        self.application.instances.push(name);
                    }
                }
            }
            Capacity::LambdaConcurrency(c) => {
                let reserved = if serves { c.reserved } else { 0 };
                self.concurrency.insert((region, c.function.of(side).clone()), Some(reserved));
            }
            Capacity::EventSource(c) => {
                let state = if serves { "Enabled" } else { "Disabled" };
                self.mappings.insert((region, c.mapping.of(side).clone()), state.into());
            }
        }
    }

    fn lay_traffic(&mut self, plan: &Plan) {
        for control in &plan.traffic.controls {
            match control {
                Control::StopMetric(c) => {
                    let workload = plan.workload.as_str();
                    let index = self.controls.len();
                    let control = StopControl::new(&c.region, &c.namespace, &c.metric, workload);
                    self.controls.push(control);
                    let rule = NameRule::Stop { control: index, answers: c.answers.clone() };
                    self.lay_name(&c.name, rule);
                }
                Control::Record(c) => {
                    for record in &c.records {
                        let zone = self.zones.entry(record.zone.clone()).or_default();
                        let name = canonical(&record.zone_name).into();
                        zone.about = Some(ZoneView { name, private: false });
                        let values = record.values.primary.clone();
                        zone.lay(&record.name, &record.record_type, values, record.ttl);
                        let number =
                            format!("_leeward.{}.{}.{}", plan.workload, c.id, record.zone_name);
                        zone.lay(&number, "TXT", quoted(0), FENCE_TTL);
                        let rule = NameRule::Record {
                            zone: record.zone.clone(),
                            record_type: record.record_type.clone(),
                            answers: record.values.clone(),
                        };
                        self.lay_name(&record.name, rule);
                    }
                }
            }
        }
    }

    fn lay_name(&mut self, name: &str, rule: NameRule) {
        self.application.public.get_or_insert_with(|| name.into());
        self.names.insert(name.into(), rule);
    }

    fn lay_application(&mut self, plan: &Plan) {
        for check in &plan.validation.checks {
            match check {
                Check::Http(c) => {
                    self.lay_alias(host_of(&c.url), None);
                    let (url, marker) = (c.url.clone(), c.marker.clone());
                    self.application.manners.push(Manners { url, status: c.status, marker });
                }
                Check::HttpWrite(c) => {
                    self.lay_alias(host_of(&c.url), None);
                    let (url, marker) = (c.url.clone(), c.marker.clone());
                    self.application.manners.push(Manners { url, status: 200, marker });
                }
                Check::Dns(c) => self.lay_alias(&c.name, Some(c.answers.clone())),
                Check::Database { .. } | Check::TargetHealth { .. } => {}
            }
        }
        // The longest URL first, so that an order's URL is told from the page above it.
        self.application.manners.sort_by_key(|m| std::cmp::Reverse(m.url.len()));
    }

    /// A name that no control decides goes with the public one.
    fn lay_alias(&mut self, name: &str, answers: Option<Sides<Vec<Text>>>) {
        let Some(other) = self.application.public.clone() else { return };
        self.names.entry(name.into()).or_insert(NameRule::With { other, answers });
    }

    fn lay_alarms(&mut self, plan: &Plan) {
        for voter in &plan.detection.voters {
            let Voter::Alarm(voter) = voter else { continue };
            let name = (voter.region.clone(), voter.alarm.clone());
            self.alarms.insert(name.clone(), AlarmCell::new(self.now, None));
            if let Some(control) = &voter.control_alarm {
                let cell = AlarmCell::new(self.now, Some(name));
                self.alarms.insert((voter.region.clone(), control.clone()), cell);
            }
        }
    }
}

/// Instances of a side that does not serve, on a good day.
fn resting(strategy: Strategy, full: u32) -> u32 {
    match strategy {
        Strategy::BackupRestore | Strategy::PilotLight => 0,
        Strategy::WarmStandby => WARM,
        Strategy::ActiveActive => full,
    }
}

fn kind_of(database: &Database, regions: &Regions) -> Kind {
    match database {
        Database::RdsReplica(d) => Kind::Rds(Sides {
            primary: Instance::new(&d.instance.primary, None),
            standby: Instance::new(
                &d.instance.standby,
                Some((&regions.primary, &d.instance.primary)),
            ),
        }),
        Database::AuroraGlobal(d) => Kind::Aurora(Global {
            name: d.global_cluster.clone(),
            clusters: d.cluster.clone(),
            writer: Side::Primary,
            moving: None,
            left: None,
        }),
        Database::DynamodbGlobal(d) => Kind::Table { name: d.table.clone() },
    }
}
