//! How one voter counts, and why.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::evidence::{Signal, Signs, Vote};
use crate::ids::{Region, Text, VoterId};
use crate::plan::{ImpairmentKind, Plan, Voter, VoterKind};
use crate::planted::{self, Bug};
use crate::printable::{TEXT_MAX, kept};
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
    /// Whether its last word is that all is well, however old it is, and it does not flap: that weighs against
    /// who says down.
    #[serde(default)]
    pub says_well: bool,
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
    /// Looking from outside, and well by a word that is not older than the last word of those who say down by
    /// more than a vote is fresh. These weigh against them.
    #[serde(default)]
    pub against: u32,
    /// Unknown.
    pub unknown: u32,
}

impl Count {
    /// Counts ballots about a Region. `freshness`: how long a vote counts.
    pub fn of(ballots: &[Ballot], suspect: &Region, freshness: Span) -> Self {
        let mut count = Self::default();
        // Measured at the last word of those who say down and not now: a word of health that grows too old
        // must not turn a question into a failover by waiting alone.
        let down = ballots.iter().filter(|b| b.counted == Counted::Unhealthy);
        let last_word = down.filter_map(|b| b.age).min().unwrap_or_default();
        let recent = last_word.plus(freshness);
        for ballot in ballots {
            let anywhere = planted::is(Bug::NoOutsideWitness);
            let is_outside = anywhere || ballot.origin != *suspect;
            let outside = u32::from(is_outside);
            let in_time = ballot.age.is_some_and(|age| age <= recent);
            count.against += u32::from(is_outside && ballot.says_well && in_time);
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

    /// Whether more voters outside say down than well: half of the witnesses are no witness.
    pub fn outweighs(&self) -> bool {
        self.down_outside > self.against || planted::is(Bug::HealthyIgnored)
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
    // The plan in force and the one that an open generation was decided by may both have a voter of that name.
    // Of two words of one instant the one counts that calls for less, whichever came first.
    let latest = own.max_by_key(|s| {
        let less = (s.vote != Vote::Unhealthy, s.vote, s.since, !s.once, s.turns.len());
        (voter.has_eye(&s.eye), s.at, less, &s.evidence)
    });
    let mut ballot = Ballot {
        voter: voter.id().clone(),
        kind: voter.kind(),
        origin: voter.region().clone(),
        counted: Counted::Unknown,
        says_well: false,
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
        ballot.evidence = kept(ballot.evidence, TEXT_MAX);
        return ballot;
    }
    ballot.age = Some(since(signal.at, now));
    ballot.sustained = Some(since(signal.since, now));
    ballot.since = Some(signal.since);
    ballot.means = voter.about().means.or(signal.signs.kind).or_else(|| meaning(voter));
    (ballot.counted, ballot.evidence) = counted(plan, voter, signal, now);
    ballot.says_well = signal.vote == Vote::Healthy && !flaps(plan, signal);
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

/// Whether it changed its mind too often before its last word.
fn flaps(plan: &Plan, signal: &Signal) -> bool {
    let flapping = &plan.detection.flapping;
    signal.turns_within(flapping.window) > flapping.turns as usize
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
    if flaps(plan, signal) {
        let turns = signal.turns_within(detection.flapping.window);
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
        // An open issue is open until AWS Health says that it is closed: this alone lasts without another word.
        Vote::Unhealthy if signal.stands && since(signal.since, now) >= detection.sustain => {
            Counted::Unhealthy
        }
        Vote::Unhealthy if since(signal.since, signal.at) >= detection.sustain => {
            Counted::Unhealthy
        }
        Vote::Unhealthy => Counted::NotYet,
    };
    // It may have been stored before texts were cut.
    (counted, kept(signal.evidence.clone(), TEXT_MAX))
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
