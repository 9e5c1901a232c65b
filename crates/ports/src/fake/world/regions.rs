//! How a Region is, and whether it answers us.

use leeward_core::ids::Region;

use super::state::State;

/// How a Region is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RegionState {
    /// It works and answers.
    Well,
    /// It is silent and nothing in it works: calls time out and do nothing.
    Dead,
    /// It takes calls and never answers; nothing of the workload in it works. A change that was sent
    /// there waits and is carried out when the Region comes back, if its signature still lives then.
    Hanging,
    /// It works and serves its own clients, but neither answers us nor reaches the other Regions.
    /// Replication out of it and its writer's renewals are cut as well.
    Partitioned,
    /// Like partitioned for us and for replication, but its writer still reaches the lease's table.
    Unseen,
}

/// Where Route 53's control plane lives.
pub(super) const ROUTE53_HOME: &str = "us-east-1";

impl RegionState {
    /// Whether it answers us.
    pub(super) fn answers(self) -> bool {
        self == Self::Well
    }

    /// Whether what runs inside it works.
    pub(super) fn works(self) -> bool {
        match self {
            Self::Well | Self::Partitioned | Self::Unseen => true,
            Self::Dead | Self::Hanging => false,
        }
    }

    /// Whether a writer in it reaches a lease table elsewhere.
    pub(super) fn reaches_lease(self) -> bool {
        match self {
            Self::Well | Self::Unseen => true,
            Self::Dead | Self::Hanging | Self::Partitioned => false,
        }
    }
}

impl State {
    /// How that Region is; one that this world does not know is dead.
    pub(super) fn region(&self, region: &Region) -> RegionState {
        self.regions.get(region).copied().unwrap_or(RegionState::Dead)
    }
}
