//! The verdict: a quorum of fresh, sustained votes with a witness outside the suspect Region.

use serde::{Deserialize, Serialize};

use crate::evidence::{Signal, Standby, Vote};
use crate::ids::{Direction, Region, VoterId};
use crate::journal::Bearing;
use crate::plan::{Plan, Voter};
use crate::planted::{self, Bug};
use crate::time::{Span, Timestamp, since};

/// What the evidence says of the side that would be left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Down: quorum, sustained, witnessed from outside.
    Down,
    /// Well: a quorum says so, and no quorum against it is in sight.
    Well,
    /// Neither is sure.
    Unsure,
}

/// How one voter counts, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Ballot {
    /// The voter.
    pub voter: VoterId,
    /// Where it looks from.
    pub origin: Region,
    /// How it counts.
    pub counted: Counted,
    /// How old its vote is; `None`: it never voted.
    pub age: Option<Span>,
    /// Since how long it says so.
    pub sustained: Option<Span>,
    /// Its words, or why it does not count.
    pub evidence: String,
}

/// How a vote counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Counted {
    /// Well.
    Healthy,
    /// Down, for long enough.
    Unhealthy,
    /// Down, but not for long enough.
    NotYet,
    /// Blind, stale or silent.
    Unknown,
}

/// Signals and plan weighed at one instant. Stored whole, by digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Assessment {
    /// When.
    pub at: Timestamp,
    /// Which way it would move.
    pub direction: Direction,
    /// What the evidence says of the side that would be left.
    pub verdict: Verdict,
    /// Whether to go on with moving.
    pub bearing: Bearing,
    /// When the trouble was first signalled, of the votes that count.
    pub first_signal: Option<Timestamp>,
    /// Each voter.
    pub ballots: Vec<Ballot>,
    /// The side that would be moved to; `None`: never looked at.
    pub standby: Option<Standby>,
    /// Every reason with its numbers, in sentences.
    pub reasons: Vec<String>,
}

impl Assessment {
    /// All reasons in one line.
    pub fn sentence(&self) -> String {
        self.reasons.join("; ")
    }
}

/// Weighs the signals at `now`. `standby` older than the plan's freshness counts as unseen.
pub fn assess(
    plan: &Plan,
    direction: Direction,
    signals: &[Signal],
    standby: Option<&Standby>,
    now: Timestamp,
) -> Assessment {
    let suspect = plan.source_region(direction);
    let ballots: Vec<Ballot> =
        plan.detection.voters.iter().map(|v| ballot(plan, v, signals, now)).collect();
    let count = |wanted: Counted| ballots.iter().filter(|b| b.counted == wanted).count();
    let anywhere = planted::is(Bug::NoOutsideWitness);
    let witness = |wanted: Counted| {
        ballots.iter().any(|b| b.counted == wanted && (anywhere || b.origin != *suspect))
    };
    let quorum = plan.detection.quorum as usize;
    let voters = ballots.len();
    let (down, well) = (count(Counted::Unhealthy), count(Counted::Healthy));
    let (not_yet, unknown) = (count(Counted::NotYet), count(Counted::Unknown));

    let mut reasons = vec![format!(
        "{down} of {voters} voters say {suspect} is down (quorum {quorum}), {not_yet} not yet for {}, {well} say it is well, {unknown} are unknown",
        plan.detection.sustain
    )];
    let verdict = if down >= quorum && witness(Counted::Unhealthy) {
        Verdict::Down
    } else if well >= quorum && witness(Counted::Healthy) && down + not_yet < quorum {
        Verdict::Well
    } else {
        Verdict::Unsure
    };
    if down >= quorum && !witness(Counted::Unhealthy) {
        reasons.push(format!(
            "every voter that says down looks from {suspect} itself: no outside witness"
        ));
    }
    let standby = standby.filter(|s| since(s.at, now) <= plan.detection.freshness);
    let objection = match standby {
        None => Some("the side to move to has not been looked at lately".to_owned()),
        Some(s) if s.against.is_empty() => None,
        Some(s) => Some(s.against.join("; ")),
    };
    if let Some(objection) = &objection {
        reasons.push(format!("{} cannot take it: {objection}", plan.target_region(direction)));
    }
    let bearing = match verdict {
        Verdict::Down if objection.is_none() => Bearing::Go,
        Verdict::Well => Bearing::TurnBack,
        Verdict::Down | Verdict::Unsure => Bearing::Unsure,
    };
    let first_signal = signals
        .iter()
        .filter(|s| ballots.iter().any(|b| b.voter == s.voter && b.counted == Counted::Unhealthy))
        .map(|s| s.since)
        .min();
    Assessment {
        at: now,
        direction,
        verdict,
        bearing,
        first_signal,
        ballots,
        standby: standby.cloned(),
        reasons,
    }
}

fn ballot(plan: &Plan, voter: &Voter, signals: &[Signal], now: Timestamp) -> Ballot {
    let latest = signals.iter().filter(|s| s.voter == voter.id).max_by_key(|s| (s.at, s.vote));
    let Some(signal) = latest else {
        return Ballot {
            voter: voter.id.clone(),
            origin: voter.region.clone(),
            counted: Counted::Unknown,
            age: None,
            sustained: None,
            evidence: "it never voted".to_owned(),
        };
    };
    let age = since(signal.at, now);
    let sustained = since(signal.since, now);
    let stale = age > plan.detection.freshness && !planted::is(Bug::StaleVotes);
    let counted = match signal.vote {
        _ if stale => Counted::Unknown,
        Vote::Unknown if planted::is(Bug::UnknownIsDown) => Counted::Unhealthy,
        Vote::Unhealthy if planted::is(Bug::NotSustained) => Counted::Unhealthy,
        Vote::Unknown => Counted::Unknown,
        Vote::Healthy => Counted::Healthy,
        // What it said when it was last asked counts, not what it may be saying since.
        Vote::Unhealthy if since(signal.since, signal.at) >= plan.detection.sustain => {
            Counted::Unhealthy
        }
        Vote::Unhealthy => Counted::NotYet,
    };
    let evidence = if stale {
        format!("its vote is {age} old, more than {}", plan.detection.freshness)
    } else {
        signal.evidence.clone()
    };
    Ballot {
        voter: voter.id.clone(),
        origin: voter.region.clone(),
        counted,
        age: Some(age),
        sustained: Some(sustained),
        evidence,
    }
}
