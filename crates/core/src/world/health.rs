//! How well things are: members of something with their zones, tasks, samples of a metric.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ids::Text;
use crate::time::Timestamp;

/// How one member is, whatever service tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MemberHealth {
    /// It serves, or could.
    Healthy,
    /// It is there and does not work.
    Unhealthy,
    /// It comes up and is not judged yet.
    Starting,
    /// It is stopped, drained, out of service by somebody's will: no sign of trouble.
    Away,
    /// The service itself cannot tell.
    Unknown,
}

/// One instance or target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Member {
    /// Instance id, address or ARN.
    pub id: Text,
    /// Its Availability Zone, such as `us-east-1a`; `None`: the answer does not tell.
    pub zone: Option<Text>,
    /// How it is.
    pub health: MemberHealth,
    /// The service's own words, such as `InService/Unhealthy` or `Target.Timeout`.
    pub state: Text,
}

/// The members of something.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct MembersView {
    /// Each member, in the order told.
    pub members: Vec<Member>,
}

/// Members by health.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Tally {
    /// `MemberHealth::Healthy`.
    pub healthy: u32,
    /// `MemberHealth::Unhealthy`.
    pub unhealthy: u32,
    /// `MemberHealth::Starting`.
    pub starting: u32,
    /// `MemberHealth::Away`.
    pub away: u32,
    /// `MemberHealth::Unknown`.
    pub unknown: u32,
}

impl Tally {
    fn add(&mut self, health: MemberHealth) {
        let count = match health {
            MemberHealth::Healthy => &mut self.healthy,
            MemberHealth::Unhealthy => &mut self.unhealthy,
            MemberHealth::Starting => &mut self.starting,
            MemberHealth::Away => &mut self.away,
            MemberHealth::Unknown => &mut self.unknown,
        };
        *count = count.saturating_add(1);
    }

    /// Those that are judged: healthy or not.
    pub fn judged(&self) -> u32 {
        self.healthy.saturating_add(self.unhealthy)
    }
}

impl MembersView {
    /// All of them.
    pub fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        self.members.iter().for_each(|member| tally.add(member.health));
        tally
    }

    /// By zone; those of which no zone is told stand under `None`.
    pub fn by_zone(&self) -> BTreeMap<Option<&str>, Tally> {
        let mut zones: BTreeMap<Option<&str>, Tally> = BTreeMap::new();
        for member in &self.members {
            zones.entry(member.zone.as_deref()).or_default().add(member.health);
        }
        zones
    }

    /// Takes the zones that it does not tell from another view of the same members: a load balancer
    /// does not name the zone of an instance, its Auto Scaling group does.
    #[must_use]
    pub fn with_zones_of(mut self, other: &Self) -> Self {
        for member in self.members.iter_mut().filter(|m| m.zone.is_none()) {
            let same = other.members.iter().find(|o| o.id == member.id);
            member.zone = same.and_then(|o| o.zone.clone());
        }
        self
    }
}

/// How a deployment of an ECS service goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RolloutState {
    /// It steadied.
    Completed,
    /// It is under way.
    InProgress,
    /// The deployment circuit breaker gave it up.
    Failed,
}

/// One deployment of an ECS service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Rollout {
    /// Its id.
    pub id: Text,
    /// Whether it is the newest one (`PRIMARY`).
    pub primary: bool,
    /// How it goes; `None`: ECS does not say, as for other deployment controllers than its own.
    pub state: Option<RolloutState>,
    /// Why.
    pub reason: Text,
    /// Tasks that it wants.
    pub desired: u32,
    /// Tasks of it that run.
    pub running: u32,
    /// Tasks of it that failed to start or to become healthy.
    pub failed: u32,
    /// When it was made.
    pub since: Option<Timestamp>,
}

/// An ECS service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ServiceView {
    /// Tasks that are wanted.
    pub desired: u32,
    /// Tasks that run.
    pub running: u32,
    /// Tasks that come up.
    pub pending: u32,
    /// Its deployments, the newest first.
    pub rollouts: Vec<Rollout>,
}

/// Data of a metric in one window.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct SeriesView {
    /// Start of each period and its value, the oldest first; a period without data has none.
    pub samples: Vec<(Timestamp, f64)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(id: &str, zone: Option<&str>, health: MemberHealth) -> Member {
        let zone = zone.map(Text::from);
        Member { id: id.into(), zone, health, state: Text::default() }
    }

    #[test]
    fn members_are_counted_by_health_and_zone() {
        let view = MembersView {
            members: vec![
                member("i-1", Some("a"), MemberHealth::Healthy),
                member("i-2", Some("b"), MemberHealth::Unhealthy),
                member("i-3", Some("b"), MemberHealth::Starting),
                member("i-4", None, MemberHealth::Away),
                member("i-5", None, MemberHealth::Unknown),
            ],
        };
        let one = Tally { healthy: 1, unhealthy: 1, starting: 1, away: 1, unknown: 1 };
        assert_eq!(view.tally(), one);
        assert_eq!(view.tally().judged(), 2);
        let zones = view.by_zone();
        assert_eq!(zones[&Some("b")], Tally { unhealthy: 1, starting: 1, ..Tally::default() });
        assert_eq!(zones[&None], Tally { away: 1, unknown: 1, ..Tally::default() });
    }

    #[test]
    fn zones_are_lent_by_the_same_member_and_never_overwritten() {
        let group = MembersView {
            members: vec![
                member("i-1", Some("a"), MemberHealth::Healthy),
                member("i-2", Some("b"), MemberHealth::Healthy),
            ],
        };
        let targets = MembersView {
            members: vec![
                member("i-2", None, MemberHealth::Unhealthy),
                member("i-1", Some("c"), MemberHealth::Unhealthy),
                member("10.0.0.1", None, MemberHealth::Healthy),
            ],
        };
        let zones: Vec<_> =
            targets.with_zones_of(&group).members.into_iter().map(|m| m.zone).collect();
        assert_eq!(zones, [Some("b".into()), Some("c".into()), None]);
    }
}
