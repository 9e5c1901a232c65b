//! Availability zones, and what lies in them: members of groups, instances, tasks.
//!
//! | behaviour | source |
//! |---|---|
//! | a group spreads its instances evenly over its zones | Amazon EC2 Auto Scaling benefits, Instance distribution |
//! | an instance in a failed zone stays `running`; its status checks say `impaired` | Status checks for Amazon EC2 instances |
//! | an instance whose status checks fail is `Unhealthy` in its group | Health checks for instances in an Auto Scaling group |
//! | a stopped instance's checks are `not-applicable`, a new one's `initializing` | DescribeInstanceStatus |
//! | no zone is told of a target that is an instance | DescribeTargetHealth, examples |
//!
//! Databases span their Region's zones: a zone that fails takes none with it. Groups launch no
//! replacement in the zones that are left.

use std::collections::BTreeSet;

use leeward_core::ids::{Region, Text};
use leeward_core::world::{
    Blind, Member, MemberHealth, MembersView, Rollout, RolloutState, ServiceView, View,
};

use super::compute::{Counted, Group};
use super::outside::FakeWorld;
use super::state::{Named, State};

/// Zones of every Region, by their letters.
const ZONES: [&str; 3] = ["a", "b", "c"];

/// What in a Region's zones does not work.
#[derive(Debug, Clone, Default)]
pub(super) struct Places {
    /// Zones that are dead, such as `us-east-1a`.
    dead: BTreeSet<Text>,
    /// Single instances that are impaired, by Region and id.
    impaired: BTreeSet<Named>,
    /// Services whose newest deployment failed.
    failed_rollouts: BTreeSet<(Region, Text, Text)>,
}

/// The n-th zone of a Region, counted round.
pub(super) fn zone(region: &Region, index: usize) -> Text {
    let letter = ZONES.get(index % ZONES.len()).copied().unwrap_or_default();
    [region.as_str(), letter].concat().into()
}

fn member_id(group: &str, index: u32) -> Text {
    format!("i-{group}-{index}").into()
}

/// Faults of places.
impl FakeWorld {
    /// Lets a zone, such as `us-east-1a`, die or come back.
    pub fn set_zone(&self, zone: &str, dead: bool) {
        let mut inner = self.settled();
        let zones = &mut inner.state.places.dead;
        let changed = if dead { zones.insert(zone.into()) } else { zones.remove(zone) };
        if changed {
            inner.state.refresh();
        }
    }

    /// Lets the status checks of one instance fail or pass. A group's instances are named
    /// `i-<group>-<n>`.
    pub fn set_impaired(&self, region: &Region, id: &str, impaired: bool) {
        let mut inner = self.settled();
        let name = (region.clone(), Text::from(id));
        let instances = &mut inner.state.places.impaired;
        let _ = if impaired { instances.insert(name) } else { instances.remove(&name) };
        inner.state.refresh();
    }

    /// Lets the newest deployment of an ECS service fail, or be well again.
    pub fn set_rollout_failed(&self, region: &Region, cluster: &str, service: &str, failed: bool) {
        let mut inner = self.settled();
        let name = (region.clone(), Text::from(cluster), Text::from(service));
        let rollouts = &mut inner.state.places.failed_rollouts;
        let _ = if failed { rollouts.insert(name) } else { rollouts.remove(&name) };
    }
}

impl State {
    /// Whether nothing in any zone is out of order: the common case, for which no name is put together.
    fn whole(&self) -> bool {
        self.places.dead.is_empty() && self.places.impaired.is_empty()
    }

    fn zone_lives(&self, zone: &str) -> bool {
        !self.places.dead.contains(zone)
    }

    fn lives(&self, region: &Region, id: &str, zone: &str) -> bool {
        self.zone_lives(zone) && !self.places.impaired.contains(&(region.clone(), id.into()))
    }

    /// Whether the n-th instance of a group works.
    fn member_lives(&self, (region, group): &Named, index: u32) -> bool {
        self.whole() || self.lives(region, &member_id(group, index), &zone(region, index as usize))
    }

    /// How many of the first so many instances of a group work.
    pub(super) fn living_members(&self, name: &Named, among: u32) -> u32 {
        let living = (0..among).filter(|index| self.member_lives(name, *index)).count();
        u32::try_from(living).unwrap_or(among)
    }

    /// How many of so many tasks of a service run: those whose zone lives.
    pub(super) fn living_tasks(&self, region: &Region, among: u32) -> u32 {
        if self.whole() {
            return among;
        }
        let living = (0..among as usize).filter(|i| self.zone_lives(&zone(region, *i))).count();
        u32::try_from(living).unwrap_or(among)
    }

    /// The zone of an instance that is no member of a group: they are dealt out in their order.
    fn zone_of(&self, (region, id): &Named) -> Text {
        let own = self.instances.keys().filter(|(place, _)| place == region);
        zone(region, own.take_while(|(_, other)| other != id).count())
    }

    /// Whether a single instance runs and works.
    pub(super) fn instance_works(&self, name: &Named) -> bool {
        self.instances.get(name).is_some_and(|state| state == "running")
            && self.lives(&name.0, &name.1, &self.zone_of(name))
    }

    pub(super) fn see_members(&self, name: &Named) -> View {
        let Some(group) = self.groups.get(name) else { return View::Members(None) };
        let members = (0..group.instances).map(|index| self.member(name, group, index)).collect();
        View::Members(Some(MembersView { members }))
    }

    fn member(&self, name: &Named, group: &Group, index: u32) -> Member {
        let lives = self.member_lives(name, index);
        let (health, state) = if index < group.in_service && lives {
            (MemberHealth::Healthy, "InService/Healthy")
        } else if index < group.in_service {
            (MemberHealth::Unhealthy, "InService/Unhealthy")
        } else if group.instances > group.wanted() {
            (MemberHealth::Away, "Terminating/Healthy")
        } else {
            (MemberHealth::Starting, "Pending/Healthy")
        };
        let zone = Some(zone(&name.0, index as usize));
        Member { id: member_id(&name.1, index), zone, health, state: state.into() }
    }

    pub(super) fn see_target_health(&self, name: &Named) -> Option<View> {
        let of = self.target_groups.get(name)?;
        let group = self.groups.get(of)?;
        let settled = group.healthy(self.now, self.habits.target);
        let target = |index: u32| {
            let (health, state) = if index >= settled {
                (MemberHealth::Starting, "initial")
            } else if self.member_lives(of, index) {
                (MemberHealth::Healthy, "healthy")
            } else {
                (MemberHealth::Unhealthy, "unhealthy: Target.Timeout")
            };
            Member { id: member_id(&of.1, index), zone: None, health, state: state.into() }
        };
        let members = (0..group.instances).map(target).collect();
        Some(View::Members(Some(MembersView { members })))
    }

    pub(super) fn see_status(&self, region: &Region, ids: &[Text]) -> Result<View, Blind> {
        let mut members = Vec::with_capacity(ids.len());
        for id in ids {
            let found = self.single(region, id).or_else(|| self.grouped(region, id));
            members.push(found.ok_or_else(|| {
                Blind::new(format!("InvalidInstanceID.NotFound: {id} does not exist in {region}"))
            })?);
        }
        Ok(View::Members(Some(MembersView { members })))
    }

    fn single(&self, region: &Region, id: &str) -> Option<Member> {
        let name = (region.clone(), Text::from(id));
        let state = self.instances.get(&name)?;
        let zone = self.zone_of(&name);
        let (health, checks) = match state.as_str() {
            "running" if self.lives(region, id, &zone) => (MemberHealth::Healthy, "ok"),
            "running" => (MemberHealth::Unhealthy, "impaired"),
            "pending" => (MemberHealth::Starting, "initializing"),
            _ => (MemberHealth::Away, "not-applicable"),
        };
        Some(checked(id, zone, health, state, checks))
    }

    fn grouped(&self, region: &Region, id: &str) -> Option<Member> {
        let (name, group, index) = self.groups.iter().find_map(|(name, group)| {
            let index = (0..group.instances).find(|i| member_id(&name.1, *i) == id)?;
            (name.0 == *region).then_some((name, group, index))
        })?;
        let zone = zone(region, index as usize);
        let (health, checks) = if index >= group.in_service && group.instances <= group.wanted() {
            (MemberHealth::Starting, "initializing")
        } else if self.member_lives(name, index) {
            (MemberHealth::Healthy, "ok")
        } else {
            (MemberHealth::Unhealthy, "impaired")
        };
        Some(checked(id, zone, health, "running", checks))
    }

    pub(super) fn see_service_health(&self, name: &(Region, Text, Text)) -> View {
        let Some(Counted { desired, running, .. }) = self.services.get(name).copied() else {
            return View::Service(None);
        };
        let running = self.living_tasks(&name.0, running);
        let failed = self.places.failed_rollouts.contains(name);
        let state = match (failed, running >= desired) {
            (true, _) => RolloutState::Failed,
            (false, true) => RolloutState::Completed,
            (false, false) => RolloutState::InProgress,
        };
        let reason = if failed { "tasks failed to start" } else { "" };
        let pending = desired.saturating_sub(running);
        let rollout = Rollout {
            id: "ecs-svc/1".into(),
            primary: true,
            state: Some(state),
            reason: reason.into(),
            desired,
            running,
            failed: if failed { pending } else { 0 },
            since: None,
        };
        View::Service(Some(ServiceView { desired, running, pending, rollouts: vec![rollout] }))
    }
}

fn checked(id: &str, zone: Text, health: MemberHealth, state: &str, checks: &str) -> Member {
    let state = format!("{state}: system {checks}, instance {checks}");
    Member { id: id.into(), zone: Some(zone), health, state: state.into() }
}
