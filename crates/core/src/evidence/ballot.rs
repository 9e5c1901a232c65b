//! How one voter counts, and why.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::evidence::{Signal, Signs, Vote};
use crate::ids::{Region, Text, VoterId};
use crate::plan::{ImpairmentKind, Plan, Voter, VoterKind};
use crate::planted::{self, Bug};
use crate::time::{Span, Timestamp, since};

/// How one voter counts, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Ballot {
    /// The voter.
    pub voter: VoterId,
    /// What kind of voter it is.
    pub kind: VoterKind,
    /// Where it looks from.
    pub origin: Region,
    /// How it counts.
    pub counted: Counted,
    /// What its Unhealthy means; `None`: the workload as a whole.
    pub means: Option<ImpairmentKind>,
    /// How old its vote is; `None`: it never voted.
    pub age: Option<Span>,
    /// Since how long it says so.
    pub sustained: Option<Span>,
    /// Since when it says so.
    pub since: Option<Timestamp>,
    /// Its words, or why it does not count.
    pub evidence: Text,
    /// What it saw beside.
    pub signs: Signs,
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
    /// Blind, stale, silent or flapping.
    Unknown,
}

/// Votes counted: the numbers that the verdict is made of, and nothing else.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Count {
    /// Voters of the plan.
    pub voters: u32,
    /// Unhealthy for long enough.
    pub down: u32,
    /// Of these, looking from outside the suspect Region.
    pub down_outside: u32,
    /// Unhealthy, but not for long enough.
    pub not_yet: u32,
    /// Healthy.
    pub well: u32,
    /// Of these, looking from outside the suspect Region.
    pub well_outside: u32,
    /// Unknown.
    pub unknown: u32,
}

impl Count {
    /// Counts ballots about a Region.
    pub fn of(ballots: &[Ballot], suspect: &Region) -> Self {
        let mut count = Self::default();
        for ballot in ballots {
            let anywhere = planted::is(Bug::NoOutsideWitness);
            let outside = u32::from(anywhere || ballot.origin != *suspect);
            count.voters += 1;
            match ballot.counted {
                Counted::Unhealthy => {
                    count.down += 1;
                    count.down_outside += outside;
                }
                Counted::NotYet => count.not_yet += 1,
                Counted::Healthy => {
                    count.well += 1;
                    count.well_outside += outside;
                }
                Counted::Unknown => count.unknown += 1,
            }
        }
        count
    }
}

/// How a voter counts by the latest of its signals.
pub(super) fn ballot(
    plan: &Plan,
    voter: &Voter,
    signals: &[Arc<Signal>],
    now: Timestamp,
) -> Ballot {
    let own = signals.iter().filter(|s| s.voter == *voter.id());
    // Of two words of one instant the one counts that calls for less, whichever came first.
    let latest = own.max_by_key(|s| {
        (s.at, s.vote != Vote::Unhealthy, s.vote, s.since, !s.once, s.turns.len(), &s.evidence)
    });
    let mut ballot = Ballot {
        voter: voter.id().clone(),
        kind: voter.kind(),
        origin: voter.region().clone(),
        counted: Counted::Unknown,
        means: voter.about().means.or_else(|| meaning(voter)),
        age: None,
        sustained: None,
        since: None,
        evidence: "it never voted".into(),
        signs: Signs::default(),
    };
    let Some(signal) = latest else { return ballot };
    if !voter.has_eye(&signal.eye) {
        ballot.evidence = format!(
            "the vote on record is of another eye, {}: two plans use the name {} for two voters, or the plan is new",
            signal.eye, signal.voter
        ).into();
        return ballot;
    }
    ballot.age = Some(since(signal.at, now));
    ballot.sustained = Some(since(signal.since, now));
    ballot.since = Some(signal.since);
    ballot.means = voter.about().means.or(signal.signs.kind).or_else(|| meaning(voter));
    (ballot.counted, ballot.evidence) = counted(plan, voter, signal, now);
    ballot.signs = signal.signs.clone();
    let about = voter.about();
    ballot.signs.services.extend(about.services.iter().cloned());
    if let Some(zone) = &about.zone {
        match ballot.counted {
            Counted::Unhealthy => drop(ballot.signs.zones_down.insert(zone.clone())),
            Counted::Healthy => drop(ballot.signs.zones_well.insert(zone.clone())),
            Counted::NotYet | Counted::Unknown => {}
        }
    }
    ballot
}

fn counted(plan: &Plan, voter: &Voter, signal: &Signal, now: Timestamp) -> (Counted, Text) {
    let detection = &plan.detection;
    let fresh = voter.freshness(detection.freshness);
    let age = since(signal.at, now);
    if age > fresh && !planted::is(Bug::StaleVotes) {
        let why = format!("its vote is {} old, more than {fresh}", age.in_words());
        return (Counted::Unknown, why.into());
    }
    // All of this is measured at its last word, not now: time alone makes nobody believed.
    let turns = signal.turns_within(detection.flapping.window);
    if turns > detection.flapping.turns as usize {
        let why = format!(
            "it flaps: {turns} changes of mind in {}, more than {}",
            detection.flapping.window, detection.flapping.turns
        );
        return (Counted::Unknown, why.into());
    }
    let counted = match signal.vote {
        Vote::Unknown if planted::is(Bug::UnknownIsDown) => Counted::Unhealthy,
        Vote::Unhealthy if planted::is(Bug::NotSustained) => Counted::Unhealthy,
        Vote::Unknown => Counted::Unknown,
        Vote::Healthy => Counted::Healthy,
        Vote::Unhealthy if signal.once => Counted::Unhealthy,
        Vote::Unhealthy if since(signal.since, signal.at) >= detection.sustain => {
            Counted::Unhealthy
        }
        Vote::Unhealthy => Counted::NotYet,
    };
    (counted, signal.evidence.clone())
}

/// Namespaces whose metrics are the use of a resource: processor, memory, disk.
const RESOURCES: [&str; 5] = ["AWS/EC2", "AWS/RDS", "AWS/ECS", "CWAgent", "ECS/ContainerInsights"];

/// What a voter's Unhealthy means when the plan does not say.
fn meaning(voter: &Voter) -> Option<ImpairmentKind> {
    match voter {
        Voter::Alarm(_)
        | Voter::HealthCheck(_)
        | Voter::HealthEvent(_)
        | Voter::Document(_)
        | Voter::Endpoint(_) => None,
        Voter::RdsEvent(_) | Voter::Replication(_) => Some(ImpairmentKind::DatabaseIssue),
        Voter::Group(_) | Voter::Instances(_) => Some(ImpairmentKind::InstanceFailure),
        Voter::Targets(_) | Voter::EcsService(_) => Some(ImpairmentKind::ServiceOutage),
        Voter::Metric(v) if RESOURCES.contains(&v.namespace.as_str()) => {
            Some(ImpairmentKind::ResourceExhaustion)
        }
        Voter::Metric(_) => Some(ImpairmentKind::ApplicationError),
    }
}

#[cfg(test)]
#[path = "ballot_tests.rs"]
mod tests;
