//! One voter's latest vote: a level, not an edge.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::ids::{Region, Text, VoterId};
use crate::plan::{ImpairmentKind, Severity, Voter};
use crate::planted::{self, Bug};
use crate::printable::{NAME_MAX, NAMED_MAX, RESOURCE_MAX, TEXT_MAX, kept, kept_names};
use crate::time::{Span, Timestamp, since};

/// Most changes of mind that are kept: more than any plan needs to tell a flapping voter.
const TURNS_MAX: usize = 32;

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

/// What a voter saw beside its vote: where the trouble is, and how much of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Signs {
    /// What the source itself calls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<ImpairmentKind>,
    /// How bad the source itself calls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// Zones in which most of what was seen is down.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub zones_down: BTreeSet<Text>,
    /// Zones in which most of what was seen is well.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub zones_well: BTreeSet<Text>,
    /// Services that are named.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub services: BTreeSet<Text>,
    /// Resources that are down.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub resources: BTreeSet<Text>,
    /// Numbers that were seen, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub metrics: BTreeMap<Text, f64>,
}

impl Signs {
    /// What others wrote, cut to what is kept.
    #[must_use]
    fn kept(self) -> Self {
        let short = |set: &BTreeSet<Text>, max: usize| {
            set.len() <= NAMED_MAX && set.iter().all(|name| name.len() <= max)
        };
        let names = |set: BTreeSet<Text>, max: usize| -> BTreeSet<Text> {
            // Nearly always all is short: nothing is built anew.
            if set.is_empty() || short(&set, max) && set.iter().all(|n| kept(n.clone(), max) == *n)
            {
                return set;
            }
            kept_names(set, max)
        };
        let metrics = self.metrics.into_iter().take(NAMED_MAX);
        Self {
            kind: self.kind,
            severity: self.severity,
            zones_down: names(self.zones_down, NAME_MAX),
            zones_well: names(self.zones_well, NAME_MAX),
            services: names(self.services, NAME_MAX),
            resources: names(self.resources, RESOURCE_MAX),
            metrics: metrics.map(|(name, number)| (kept(name, NAME_MAX), number)).collect(),
        }
    }

    /// Whether it says nothing. Asked with each vote that is stored: nothing is built to compare it with.
    fn is_empty(&self) -> bool {
        let Self { kind, severity, zones_down, zones_well, services, resources, metrics } = self;
        kind.is_none()
            && severity.is_none()
            && [zones_down, zones_well, services, resources].iter().all(|set| set.is_empty())
            && metrics.is_empty()
    }
}

/// The latest dated vote of one voter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
    pub evidence: Text,
    /// Its eye: a vote counts only for the voter that has the same one.
    #[serde(default)]
    pub eye: Text,
    /// Said by an event that comes once: it holds until another event, and is not sustained by looking again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub once: bool,
    /// Said by somebody who will say when it is over: it lasts until then, and not only from word to word.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stands: bool,
    /// The last vote that was not Unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<Vote>,
    /// When it changed between Healthy and Unhealthy, the latest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub turns: Vec<Timestamp>,
    /// The last look that found it muted, or could not see that it no longer is; then the first that saw it unmuted.
    /// What it said until then counts for nothing, so it is not said from an earlier instant: an alarm that fired in a
    /// maintenance is slow to clear when that is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub muted_at: Option<Timestamp>,
    /// What it saw beside.
    #[serde(default, skip_serializing_if = "Signs::is_empty")]
    pub signs: Signs,
}

/// One look by one voter, or one word of it, before it is put beside what it said before.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// What it says.
    pub vote: Vote,
    /// Its words, or why it sees nothing.
    pub evidence: Text,
    /// Since when it says so, where the source itself tells.
    pub since: Option<Timestamp>,
    /// Whether it comes once.
    pub once: bool,
    /// Whether whoever says it will say when it is over.
    pub stands: bool,
    /// Whether it says nothing because somebody muted it.
    pub muted: bool,
    /// What it saw beside.
    pub signs: Signs,
}

impl Reading {
    /// A vote with its words.
    pub fn new(vote: Vote, evidence: impl Into<Text>) -> Self {
        let evidence = kept(evidence, TEXT_MAX);
        let (once, stands, muted) = (false, false, false);
        Self { vote, evidence, since: None, once, stands, muted, signs: Signs::default() }
    }

    /// It sees nothing, and why.
    pub fn blind(why: impl Into<Text>) -> Self {
        Self::new(Vote::Unknown, why)
    }

    /// Somebody muted it, and why.
    pub fn muted(why: impl Into<Text>) -> Self {
        Self { muted: true, ..Self::blind(why) }
    }

    /// With what the source knows of the beginning.
    #[must_use]
    pub fn since(self, since: Timestamp) -> Self {
        Self { since: Some(since), ..self }
    }

    /// With what was seen beside.
    #[must_use]
    pub fn with(self, signs: Signs) -> Self {
        Self { signs: signs.kept(), ..self }
    }
}

impl Signal {
    /// The signal that follows from a reading at `at`, and from what the voter said before. A level
    /// lasts from the first look that showed it, unless the voter was not heard for longer than
    /// `freshness` in between.
    pub fn following(
        voter: &Voter,
        before: Option<&Self>,
        reading: Reading,
        at: Timestamp,
        freshness: Span,
    ) -> Self {
        let known = before.filter(|b| voter.has_eye(&b.eye));
        let eye = known.map_or_else(|| voter.eye().into(), |b| b.eye.clone());
        let before = known.filter(|b| b.at <= at);
        let heard = before.filter(|b| since(b.at, at) <= freshness);
        let same = heard.filter(|b| b.vote == reading.vote);
        let lasting = same.filter(|_| !planted::is(Bug::BeginningForgotten)).map(|b| b.since);
        // When a mute ends nobody is told: what it said counts from the first look that sees it unmuted.
        let silent = |b: &Self| b.vote == Vote::Unknown && b.muted_at == Some(b.at);
        let unmutes = reading.muted || before.is_some_and(silent);
        let muted_at = if unmutes { Some(at) } else { before.and_then(|b| b.muted_at) };
        let begun = reading.since.or(lasting).unwrap_or(at).min(at);
        let begun = muted_at.map_or(begun, |muted| begun.max(muted));
        let said = before.and_then(|b| b.known);
        let mut turns = before.map(|b| b.turns.clone()).unwrap_or_default();
        let known = if reading.vote == Vote::Unknown { said } else { Some(reading.vote) };
        if said.is_some() && known != said {
            turns.push(at);
        }
        let surplus = turns.len().saturating_sub(TURNS_MAX);
        turns.drain(..surplus);
        Self {
            voter: voter.id().clone(),
            vote: reading.vote,
            at,
            since: begun,
            origin: voter.region().clone(),
            evidence: reading.evidence,
            eye,
            once: reading.once,
            stands: reading.stands,
            known,
            turns,
            muted_at,
            signs: reading.signs,
        }
    }

    /// The signal that follows from what was told at `at`, by the date of who told it, and heard here at
    /// `heard`. Whoever tells may date it into the past, and AWS Health tells of an issue with the date of its
    /// beginning: it is said from when it was heard, or somebody else's clock would sustain it.
    pub fn told(
        voter: &Voter,
        before: Option<&Self>,
        reading: Reading,
        (at, heard): (Timestamp, Timestamp),
        freshness: Span,
    ) -> Self {
        // Here nothing is later than the table's own time.
        let at = at.min(heard);
        let goes_on = before.filter(|b| {
            voter.has_eye(&b.eye)
                && b.vote == reading.vote
                && b.at <= at
                && since(b.at, at) <= freshness
        });
        let signal = Self::following(voter, before, reading, at, freshness);
        if signal.once || planted::is(Bug::SustainedByDate) {
            return signal;
        }
        Self { since: goes_on.map_or(heard, |b| b.since), ..signal }
    }

    /// How often it changed its mind in the `window` before its last word.
    pub fn turns_within(&self, window: Span) -> usize {
        self.turns.iter().filter(|turn| since(**turn, self.at) <= window).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Plan;
    use crate::plan::example::orders;

    fn voter() -> Voter {
        let plan: Plan = serde_json::from_value(orders()).unwrap();
        plan.detection.voters[0].clone()
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn following(votes: &[(i64, Vote)]) -> Signal {
        let mut last: Option<Signal> = None;
        for (seconds, vote) in votes {
            let reading = Reading::new(*vote, "");
            let next =
                Signal::following(&voter(), last.as_ref(), reading, at(*seconds), Span::minutes(3));
            last = Some(next);
        }
        last.unwrap()
    }

    #[test]
    fn a_level_lasts_from_the_first_look_that_showed_it() {
        use Vote::{Healthy, Unhealthy, Unknown};
        assert_eq!(following(&[(0, Healthy), (60, Unhealthy), (120, Unhealthy)]).since, at(60));
        assert_eq!(following(&[(0, Unhealthy), (60, Unknown), (120, Unhealthy)]).since, at(120));
        // Not heard of for longer than a vote is fresh: it may have been well in between.
        assert_eq!(following(&[(0, Unhealthy), (600, Unhealthy)]).since, at(600));
    }

    #[test]
    fn a_change_of_mind_is_counted_and_blindness_is_none() {
        use Vote::{Healthy, Unhealthy, Unknown};
        let fickle =
            [(0, Healthy), (60, Unhealthy), (120, Unknown), (180, Unhealthy), (240, Healthy)];
        let signal = following(&fickle);
        assert_eq!(signal.turns, [at(60), at(240)]);
        assert_eq!(signal.turns_within(Span::minutes(1)), 1);
        assert_eq!(following(&[(0, Unknown), (60, Unhealthy)]).turns, []);
    }

    #[test]
    fn another_eye_of_that_name_starts_anew() {
        let mut before = following(&[(0, Vote::Unhealthy)]);
        before.eye = "another".into();
        let reading = Reading::new(Vote::Unhealthy, "");
        let next = Signal::following(&voter(), Some(&before), reading, at(60), Span::minutes(3));
        assert_eq!(next.since, at(60));
    }
}
