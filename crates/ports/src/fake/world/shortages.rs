//! Capacity that is not there, is taken away again, or is counted otherwise.
//!
//! | behaviour | source |
//! |---|---|
//! | no room for one instance of a request: `InsufficientInstanceCapacity`, and none is started | StartInstances |
//! | a start that fails afterwards ends in `stopped` with a `StateReason` | Troubleshoot instance launch issues |
//! | a terminated instance is described for about an hour, then unknown | Instance lifecycle |
//! | target tracking lowers the desired count of a service without load, never under its minimum | Application Auto Scaling, Target tracking |
//! | with weights a group's sizes are in units, and one instance is several | Configure an Auto Scaling group to use instance weights |

use std::collections::{BTreeMap, BTreeSet};

use leeward_core::ids::{Region, Text};
use leeward_core::time::Span;
use leeward_core::world::Change;

use super::compute::Group;
use super::happenings::Happened;
use super::outside::FakeWorld;
use super::state::{Due, Named, State};

/// A service's name: Region, cluster, service.
type ServiceName = (Region, Text, Text);

/// A policy that takes a raised service in again.
#[derive(Debug, Clone, Copy)]
struct ScaleIn {
    /// How often it does so.
    times: u32,
    /// How long after the service was raised.
    after: Span,
}

/// What capacity lacks.
#[derive(Debug, Clone, Default)]
pub(super) struct Shortages {
    /// Instances for which EC2 has no room.
    no_room: BTreeSet<Named>,
    /// Instances that fall back to `stopped` after an accepted start, with the reason.
    falls_back: BTreeMap<Named, Text>,
    /// Why an instance is as it is.
    reasons: BTreeMap<Named, Text>,
    policies: BTreeMap<ServiceName, ScaleIn>,
}

/// What a test does to capacity.
impl FakeWorld {
    /// Whether EC2 has room to start that instance.
    pub fn set_room(&self, region: &Region, instance: &str, room: bool) {
        let mut inner = self.settled();
        let name = (region.clone(), Text::from(instance));
        let full = &mut inner.state.shortages.no_room;
        let _ = if room { full.remove(&name) } else { full.insert(name) };
    }

    /// A start of that instance is accepted and ends in `stopped`, for that reason; `None`: it works.
    pub fn set_falls_back(&self, region: &Region, instance: &str, reason: Option<&str>) {
        let mut inner = self.settled();
        let name = (region.clone(), Text::from(instance));
        let falling = &mut inner.state.shortages.falls_back;
        let _ = match reason {
            Some(reason) => falling.insert(name, reason.into()),
            None => falling.remove(&name),
        };
    }

    /// Somebody terminates an instance: it is described as such from now on.
    pub fn terminate(&self, region: &Region, instance: &str) {
        let mut inner = self.settled();
        let name = (region.clone(), Text::from(instance));
        if let Some(state) = inner.state.instances.get_mut(&name) {
            *state = "terminated".into();
            let reason = "Client.UserInitiatedShutdown: User initiated shutdown";
            inner.state.shortages.reasons.insert(name, reason.into());
        }
        inner.state.refresh();
    }

    /// Nothing of that name is there any more: group, instance, service, function, mapping, target group.
    pub fn remove(&self, region: &Region, name: &str) {
        let mut inner = self.settled();
        let state = &mut inner.state;
        let named = (region.clone(), Text::from(name));
        state.groups.remove(&named);
        state.instances.remove(&named);
        state.concurrency.remove(&named);
        state.mappings.remove(&named);
        state.target_groups.remove(&named);
        state.services.retain(|(place, _, service), _| place != region || service != name);
        state.refresh();
    }

    /// Target tracking takes a service that was raised in again, `after` that long, so many times.
    pub fn set_scale_in(
        &self,
        region: &Region,
        cluster: &str,
        service: &str,
        times: u32,
        after: Span,
    ) {
        let name = (region.clone(), cluster.into(), service.into());
        self.settled().state.shortages.policies.insert(name, ScaleIn { times, after });
    }

    /// Each instance of a group is that many units of its sizes.
    pub fn set_weight(&self, region: &Region, group: &str, weight: u32) {
        self.with_group(region, group, |group| group.set_weight(weight));
    }

    /// What a group's sizes are measured in, `vcpu` or `memory-mib`; `None`: instances or their weights.
    pub fn set_measured_in(&self, region: &Region, group: &str, unit: Option<&str>) {
        self.with_group(region, group, |group| group.measured_in = unit.map(Into::into));
    }

    /// Whether a group puts its metrics.
    pub fn set_group_metrics(&self, region: &Region, group: &str, on: bool) {
        self.with_group(region, group, |group| group.metrics = on);
    }

    /// Somebody suspends or resumes a group's launching, and nothing else.
    pub fn set_launching(&self, region: &Region, group: &str, allowed: bool) {
        self.with_group(region, group, |group| group.suspended = !allowed);
    }

    /// Somebody sets a group's maximum.
    pub fn set_maximum(&self, region: &Region, group: &str, maximum: u32) {
        self.with_group(region, group, |group| group.maximum = maximum);
    }

    fn with_group(&self, region: &Region, group: &str, change: impl FnOnce(&mut Group)) {
        let mut inner = self.settled();
        let name = (region.clone(), Text::from(group));
        inner.state.set_group(&name, change);
        if let Some(minimum) = inner.state.groups.get(&name).map(|g| g.minimum) {
            let (region, group) = name;
            let change = Change::SetMinimum { region, group, minimum };
            inner.state.record(Happened::Landed { change, frozen: None, changed: true });
        }
        inner.state.refresh();
    }
}

impl State {
    /// Why an instance is as it is, in EC2's words.
    pub(super) fn reason_of(&self, name: &Named) -> Text {
        self.shortages.reasons.get(name).cloned().unwrap_or_default()
    }

    /// The first of these for which there is no room.
    pub(super) fn without_room<'a>(&self, region: &Region, ids: &'a [Text]) -> Option<&'a Text> {
        ids.iter().find(|id| self.shortages.no_room.contains(&(region.clone(), (*id).clone())))
    }

    /// The state in which a start ends.
    pub(super) fn started(&mut self, name: &Named) -> &'static str {
        match self.shortages.falls_back.get(name).cloned() {
            Some(reason) => {
                self.shortages.reasons.insert(name.clone(), reason);
                "stopped"
            }
            None => {
                self.shortages.reasons.remove(name);
                "running"
            }
        }
    }

    /// A service was raised: its policy may take it in again, to what it was.
    pub(super) fn service_raised(&mut self, name: &ServiceName, from: u32) {
        let Some(policy) = self.shortages.policies.get_mut(name) else { return };
        if policy.times > 0 {
            policy.times -= 1;
            let after = policy.after;
            self.later(after, Due::ScaleIn(name.clone(), from));
        }
    }
}
