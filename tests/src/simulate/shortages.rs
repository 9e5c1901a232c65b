//! Capacity that is not as the plan has it: no room, gone, scaled in, suspended, too small, counted otherwise.

use leeward_core::ids::{Region, Side, Text};
use leeward_core::plan::Capacity;
use leeward_core::time::Span;

use super::stack::Stack;

/// What is wrong with the capacity of the standby.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shortage {
    /// EC2 has no room for an instance.
    NoRoom,
    /// An instance is started and stops again by itself.
    FallsBack,
    /// An instance is terminated.
    Terminated,
    /// A policy takes a raised service in again.
    ScaledIn,
    /// An instance of a group counts as several.
    Weighted,
    /// Launching is suspended.
    Suspended,
    /// The group's maximum is below the need.
    Maximum,
}

/// How long after it was raised a service is taken in again, and how often.
const TAKEN_IN: (Span, u32) = (Span::seconds(50), 2);
/// What every group may grow to on a good day.
const ENOUGH: u32 = 40;

impl Shortage {
    /// Every one.
    pub(super) const ALL: [Self; 7] = [
        Self::NoRoom,
        Self::FallsBack,
        Self::Terminated,
        Self::ScaledIn,
        Self::Weighted,
        Self::Suspended,
        Self::Maximum,
    ];

    /// Its name in the tables.
    pub(super) fn occasion(self) -> &'static str {
        match self {
            Self::NoRoom | Self::FallsBack => "no room for an instance",
            Self::Terminated => "standby instance terminated",
            Self::ScaledIn => "raised service scaled in",
            Self::Weighted => "group with weights",
            Self::Suspended | Self::Maximum => "group suspended or too small",
        }
    }
}

impl Stack {
    /// Capacity of the standby is short in that way from now on, or no longer. What is terminated stays so.
    pub(super) fn fall_short(&self, shortage: Shortage, begins: bool) {
        let region = self.prepared.plan.regions.standby.clone();
        for capacity in &self.prepared.plan.capacity {
            match capacity {
                Capacity::Instances(c) => {
                    if let Some(id) = c.instances.of(Side::Standby).first() {
                        self.instance(&region, id, shortage, begins);
                    }
                }
                Capacity::AutoScalingGroup(c) => {
                    self.group(&region, c.group.of(Side::Standby), shortage, begins);
                }
                Capacity::EcsService(c) if shortage == Shortage::ScaledIn => {
                    let service = c.service.of(Side::Standby);
                    let times = if begins { TAKEN_IN.1 } else { 0 };
                    let (cluster, name) = (&service.cluster, &service.name);
                    self.world.set_scale_in(&region, cluster, name, times, TAKEN_IN.0);
                }
                Capacity::EcsService(_)
                | Capacity::LambdaConcurrency(_)
                | Capacity::EventSource(_) => {}
            }
        }
    }

    fn instance(&self, region: &Region, id: &Text, shortage: Shortage, begins: bool) {
        match shortage {
            Shortage::NoRoom => self.world.set_room(region, id, !begins),
            Shortage::FallsBack => {
                let reason = "Client.InternalError: Client error on launch";
                self.world.set_falls_back(region, id, begins.then_some(reason));
            }
            Shortage::Terminated if begins => self.world.terminate(region, id),
            Shortage::Terminated
            | Shortage::ScaledIn
            | Shortage::Weighted
            | Shortage::Suspended
            | Shortage::Maximum => {}
        }
    }

    fn group(&self, region: &Region, group: &Text, shortage: Shortage, begins: bool) {
        match shortage {
            Shortage::Weighted => self.world.set_weight(region, group, if begins { 2 } else { 1 }),
            Shortage::Suspended => self.world.set_launching(region, group, !begins),
            Shortage::Maximum => {
                self.world.set_maximum(region, group, if begins { 1 } else { ENOUGH });
            }
            Shortage::NoRoom | Shortage::FallsBack | Shortage::Terminated | Shortage::ScaledIn => {}
        }
    }
}
