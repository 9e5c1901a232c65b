//! Auto Scaling groups and what else is counted.
//!
//! | behaviour | source |
//! |---|---|
//! | a minimum above the size raises the desired capacity; one above the maximum is a `ValidationError` | UpdateAutoScalingGroup |
//! | a scaling policy moves the desired capacity within minimum and maximum | Dynamic scaling |
//! | with `Launch` suspended nothing is launched, for a warm pool neither | Types of processes |
//! | a scale-in leaves protected instances, and those of the warm pool | Instance scale-in protection; Warm pools |
//! | instances that are being terminated work until they are gone | Instance lifecycle |

use leeward_core::ids::{Region, Side, Text};
use leeward_core::time::{Span, Timestamp, after};
use leeward_core::world::{
    GroupView, RunningView, TargetsView, View, WriterGroupView, WriterInstance,
};

use super::change::{Answer, refused};
use super::database::DatabaseState;
use super::state::{Due, Named, State};

/// One Auto Scaling group.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) minimum: u32,
    pub(super) maximum: u32,
    pub(super) desired: u32,
    pub(super) in_service: u32,
    pub(super) instances: u32,
    pub(super) suspended: bool,
    /// Most instances in service.
    pub(super) peak: u32,
    /// Instances that a scale-in leaves.
    pub(super) protected: u32,
    /// Instances of its warm pool, which run and are none of the group's.
    pub(super) pool: u32,
    /// Units of its sizes that one instance is.
    pub(super) weight: u32,
    /// What its sizes are measured in, if not in instances or their weights.
    pub(super) measured_in: Option<Text>,
    /// Whether it puts its metrics.
    pub(super) metrics: bool,
    /// Since when it is on its way to the desired capacity.
    since: Timestamp,
    /// Instances that were in service before the last change, and when that was.
    settled: (u32, Timestamp),
}

/// Something with a desired and a running count.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counted {
    pub(super) desired: u32,
    pub(super) running: u32,
    pub(super) peak: u32,
}

impl Counted {
    /// One at rest.
    pub(super) fn at_rest(count: u32) -> Self {
        Self { desired: count, running: count, peak: count }
    }
}

impl Group {
    /// A group at rest.
    pub(super) fn at_rest(now: Timestamp, minimum: u32, maximum: u32, size: u32) -> Self {
        Self {
            minimum,
            maximum,
            desired: size,
            in_service: size,
            instances: size,
            suspended: false,
            peak: size,
            protected: 0,
            pool: 0,
            weight: 1,
            measured_in: None,
            metrics: true,
            since: now,
            settled: (size, now),
        }
    }

    /// Instances that make up the desired capacity, or more than it.
    pub(super) fn wanted(&self) -> u32 {
        self.desired.div_ceil(self.weight)
    }

    /// Gives each instance that weight. The instances that are there stay, and the sizes grow with them.
    pub(super) fn set_weight(&mut self, weight: u32) {
        let weight = weight.max(1);
        for size in [&mut self.minimum, &mut self.desired] {
            *size = *size / self.weight * weight;
        }
        self.weight = weight;
    }

    fn set_in_service(&mut self, now: Timestamp, count: u32) {
        if count != self.in_service {
            self.settled = (self.in_service.min(count), now);
            self.in_service = count;
            self.peak = self.peak.max(count);
        }
    }

    /// How many a scale-in leaves.
    fn stays(&self) -> u32 {
        self.wanted().max(self.protected.min(self.instances))
    }

    pub(super) fn healthy(&self, now: Timestamp, delay: Span) -> u32 {
        let (before, at) = self.settled;
        if now >= after(at, delay) { self.in_service } else { before.min(self.in_service) }
    }
}

/// The sizes that a change asks of a group.
pub(super) struct Sizes {
    pub(super) minimum: u32,
    pub(super) maximum: Option<u32>,
    pub(super) desired: Option<u32>,
    pub(super) suspend: Option<bool>,
}

impl State {
    pub(super) fn see_group(&self, name: &Named) -> View {
        View::Group(self.groups.get(name).map(|g| {
            let serving = self.living_members(name, g.in_service);
            GroupView {
                minimum: g.minimum,
                maximum: g.maximum,
                desired: g.desired,
                in_service: serving * g.weight,
                serving,
                instances: g.instances,
                suspended: if g.suspended { vec!["Launch".into()] } else { Vec::new() },
                measured_in: g.measured_in.clone(),
                tells_peak: g.metrics,
            }
        }))
    }

    pub(super) fn see_writer_group(&self, name: &Named) -> View {
        View::WriterGroup(self.groups.get(name).map(|g| {
            let one = |index: u32| WriterInstance {
                id: format!("i-{index}").into(),
                state: if index < g.in_service { "InService" } else { "Terminating" }.into(),
                protected: index < g.protected,
            };
            let pooled = |index: u32| WriterInstance {
                id: format!("i-pool-{index}").into(),
                state: "Warmed:Running".into(),
                protected: false,
            };
            WriterGroupView {
                minimum: g.minimum,
                maximum: g.maximum,
                desired: g.desired,
                suspended: if g.suspended { vec!["Launch".into()] } else { Vec::new() },
                instances: (0..g.instances).map(one).chain((0..g.pool).map(pooled)).collect(),
                warm_pool: (g.pool > 0).then(|| "Running".into()),
            }
        }))
    }

    pub(super) fn see_targets(&self, name: &Named) -> View {
        let Some(of) = self.target_groups.get(name) else { return View::Targets(None) };
        let view = self.groups.get(of).map(|group| {
            let healthy = self.living_members(of, group.healthy(self.now, self.habits.target));
            TargetsView { healthy, total: group.instances }
        });
        View::Targets(Some(view.unwrap_or(TargetsView { healthy: 0, total: 0 })))
    }

    pub(super) fn see_service(&self, name: &(Region, Text, Text)) -> View {
        View::Running(self.services.get(name).map(|s| RunningView {
            desired: s.desired,
            running: self.living_tasks(&name.0, s.running),
        }))
    }

    pub(super) fn size_group(&mut self, name: &Named, sizes: &Sizes) -> Answer {
        let Some(group) = self.groups.get(name) else {
            return refused("ValidationError", "AutoScalingGroup name not found");
        };
        let maximum = sizes.maximum.unwrap_or(group.maximum);
        if sizes.minimum > maximum {
            return refused(
                "ValidationError",
                "Max bound must be greater than or equal to min bound",
            );
        }
        let desired = sizes.desired.unwrap_or(group.desired).clamp(sizes.minimum, maximum);
        let suspended = sizes.suspend.unwrap_or(group.suspended);
        let same = (group.minimum, group.maximum, group.desired, group.suspended)
            == (sizes.minimum, maximum, desired, suspended);
        if same {
            return Ok(false);
        }
        self.set_group(name, |group| {
            group.minimum = sizes.minimum;
            group.maximum = maximum;
            group.desired = desired;
            group.suspended = suspended;
        });
        Ok(true)
    }

    /// Changes a group and lets it set out for its desired capacity.
    pub(super) fn set_group(&mut self, name: &Named, change: impl FnOnce(&mut Group)) {
        let now = self.now;
        let Some(group) = self.groups.get_mut(name) else { return };
        change(group);
        group.since = now;
        let leaving = group.in_service.min(group.stays());
        group.set_in_service(now, leaving);
        let (launch, terminate, target) =
            (self.habits.launch, self.habits.terminate, self.habits.target);
        self.later(launch, Due::Group(name.clone()));
        self.later(terminate, Due::Group(name.clone()));
        self.later(launch.plus(target), Due::Look);
    }

    /// Brings a group to where it should be by now.
    pub(super) fn group_goes_on(&mut self, name: &Named) {
        let (now, habits) = (self.now, self.habits.clone());
        let Some(group) = self.groups.get_mut(name) else { return };
        let had = group.instances;
        let wanted = group.wanted();
        if wanted > group.instances && !group.suspended {
            if now >= after(group.since, habits.launch) {
                let limit = habits.launch_limit.unwrap_or(u32::MAX);
                group.instances = group.instances.max(wanted.min(limit));
                let count = group.instances;
                group.set_in_service(now, count);
            }
        } else if group.stays() < group.instances && now >= after(group.since, habits.terminate) {
            group.instances = group.stays();
            let count = group.instances;
            group.set_in_service(now, count);
        } else if group.in_service < group.instances.min(wanted) {
            // They were told to go and are wanted again.
            let count = group.instances.min(wanted);
            group.set_in_service(now, count);
        }
        if had != group.instances {
            self.poke_writers();
        }
    }

    pub(super) fn set_count(&mut self, name: &(Region, Text, Text), count: u32) -> Answer {
        let Some(service) = self.services.get_mut(name) else {
            return refused("ServiceNotFoundException", "there is no such service");
        };
        if service.desired == count {
            return Ok(false);
        }
        let before = std::mem::replace(&mut service.desired, count);
        let (region, cluster, service) = name.clone();
        self.later(self.habits.start, Due::Service(region, cluster, service));
        if count > before {
            self.service_raised(name, before);
        }
        Ok(true)
    }

    pub(super) fn service_goes_on(&mut self, region: Region, cluster: Text, name: Text) {
        let limit = self.habits.launch_limit.unwrap_or(u32::MAX);
        if let Some(service) = self.services.get_mut(&(region, cluster, name)) {
            service.running = service.desired.min(limit.max(service.running));
            service.peak = service.peak.max(service.running);
        }
    }

    /// Instances of the application that hold sessions in that database.
    pub(super) fn writer_instances(&self, db: &DatabaseState, side: Side) -> u32 {
        let Some(groups) = &db.writer_groups else { return 1 };
        let name = (self.sides.of(side).clone(), groups.of(side).clone());
        self.groups.get(&name).map_or(0, |g| g.instances + g.pool)
    }
}
