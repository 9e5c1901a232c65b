//! One voter's latest vote: a level, not an edge.

use serde::{Deserialize, Serialize};

use crate::ids::{Region, VoterId};
use crate::plan::Voter;
use crate::time::Timestamp;
use crate::world::{AlarmState, AlarmView, Blind};

/// What a voter says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Vote {
    /// It sees the workload well.
    Healthy,
    /// It sees the workload down.
    Unhealthy,
    /// It sees nothing. Never counted as down.
    Unknown,
}

/// The latest dated vote of one voter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Signal {
    /// The voter.
    pub voter: VoterId,
    /// What it says.
    pub vote: Vote,
    /// When the voter was last asked or spoke.
    pub at: Timestamp,
    /// Since when it says so.
    pub since: Timestamp,
    /// Where it looks from.
    pub origin: Region,
    /// Its words.
    pub evidence: String,
}

/// A voter's signal as its alarm, and its control alarm if it has one, show it at `now`.
/// A voter that cannot prove its sight is Unknown, whatever its alarm says.
pub fn signal_of_alarm(
    voter: &Voter,
    alarm: Result<Option<&AlarmView>, &Blind>,
    control: Option<Result<Option<&AlarmView>, &Blind>>,
    now: Timestamp,
) -> Signal {
    let unknown = |why: String, since: Timestamp| Signal {
        voter: voter.id.clone(),
        vote: Vote::Unknown,
        at: now,
        since,
        origin: voter.region.clone(),
        evidence: why,
    };
    match control {
        None => {}
        Some(Ok(Some(view))) if view.state == AlarmState::Ok => {}
        Some(Ok(Some(view))) => {
            return unknown(format!("its control probe fails: {}", view.reason), view.since);
        }
        Some(Ok(None)) => return unknown("its control alarm does not exist".to_owned(), now),
        Some(Err(blind)) => return unknown(format!("its control alarm is unseen: {blind}"), now),
    }
    let view = match alarm {
        Ok(Some(view)) => view,
        Ok(None) => return unknown(format!("alarm {} does not exist", voter.alarm), now),
        Err(blind) => return unknown(blind.to_string(), now),
    };
    let vote = match view.state {
        AlarmState::Ok => Vote::Healthy,
        AlarmState::Alarm => Vote::Unhealthy,
        AlarmState::InsufficientData => return unknown(view.reason.clone(), view.since),
    };
    Signal {
        voter: voter.id.clone(),
        vote,
        at: now,
        since: view.since,
        origin: voter.region.clone(),
        evidence: view.reason.clone(),
    }
}
