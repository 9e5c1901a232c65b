//! The verdict: a quorum of fresh, sustained votes with a witness outside the suspect Region.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::evidence::ballot::ballot;
use crate::evidence::{
    Ballot, Classification, Count, Counted, Signal, Signs, Standby, Vote, classify,
};
use crate::ids::{Direction, Region};
use crate::journal::Bearing;
use crate::plan::{Plan, Voter};
use crate::time::{Span, Timestamp, after, since};
use crate::words::sentence;

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

/// Signals and plan weighed at one instant. Stored whole, by digest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
    /// The votes counted; the verdict follows from these numbers and the quorum.
    pub count: Count,
    /// Votes that the plan asks for.
    pub quorum: u32,
    /// What kind of failure it is; `None`: no voter says that anything is down.
    pub classification: Option<Classification>,
    /// Why a person has to be asked first, whatever the plan's policy; empty: nothing stands against
    /// going on by itself.
    pub ask: Vec<String>,
    /// Each voter.
    pub ballots: Vec<Ballot>,
    /// The side that would be moved to; `None`: never looked at.
    pub standby: Option<Standby>,
    /// Every reason with its numbers, in sentences.
    pub reasons: Vec<String>,
    /// Votes that are weighed here and could not be stored in their own places.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub carried: Vec<Signal>,
}

/// A deployment that somebody posted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Deployed {
    /// What was deployed.
    pub what: String,
    /// By whom.
    pub by: Option<String>,
    /// When it began.
    pub at: Timestamp,
}

/// Everything on record that is weighed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Evidence<'a> {
    /// The latest signals of the plan's voters.
    pub signals: &'a [Arc<Signal>],
    /// Those of them that could not be stored.
    pub carried: &'a [Arc<Signal>],
    /// How the side to move to was last seen.
    pub standby: Option<&'a Standby>,
    /// The last deployment.
    pub deployed: Option<&'a Deployed>,
}

impl Assessment {
    /// Whether a quorum says down and every one of its voters looks from the suspect Region itself.
    pub fn unwitnessed(&self) -> bool {
        self.quorum > 0 && self.count.down >= self.quorum && self.count.down_outside == 0
    }

    /// Whether a quorum with a witness says down, and at least as many voters outside say that it is well.
    pub fn contradicted(&self) -> bool {
        self.quorum > 0
            && self.count.down >= self.quorum
            && self.count.down_outside > 0
            && !self.count.outweighs()
    }

    /// The voters of `plan` whose word counts as down and who can be asked again at once: one read may show
    /// what was, as no service promises that an answer is of this instant.
    pub fn asked_again<'p>(&self, plan: &'p Plan) -> Vec<&'p Voter> {
        let down = |v: &&Voter| {
            self.ballots.iter().any(|b| b.voter == *v.id() && b.counted == Counted::Unhealthy)
        };
        plan.detection.voters.iter().filter(|v| !v.is_told()).filter(down).collect()
    }

    /// All reasons in one line.
    pub fn sentence(&self) -> String {
        self.reasons.join("; ")
    }
}

impl Verdict {
    /// What the votes say: nothing but the numbers and the quorum decides.
    pub fn of(count: &Count, quorum: u32) -> Self {
        if quorum > 0 && count.down >= quorum && count.down_outside > 0 && count.outweighs() {
            Self::Down
        } else if count.well >= quorum
            && count.well_outside > 0
            && count.down + count.not_yet < quorum
        {
            Self::Well
        } else {
            Self::Unsure
        }
    }
}

/// Weighs the signals at `now`. `standby` older than the plan's freshness counts as unseen.
pub fn assess(
    plan: &Plan,
    direction: Direction,
    signals: &[Arc<Signal>],
    standby: Option<&Standby>,
    now: Timestamp,
) -> Assessment {
    weigh(plan, direction, Evidence { signals, standby, ..Evidence::default() }, now)
}

/// What the votes alone say at `now`: nothing is put in words.
pub fn verdict(
    plan: &Plan,
    direction: Direction,
    signals: &[Arc<Signal>],
    now: Timestamp,
) -> Verdict {
    let ballots = ballots(plan, signals, now);
    Verdict::of(&count(plan, direction, &ballots), plan.detection.quorum)
}

fn count(plan: &Plan, direction: Direction, ballots: &[Ballot]) -> Count {
    Count::of(ballots, plan.source_region(direction), plan.detection.freshness)
}

fn ballots(plan: &Plan, signals: &[Arc<Signal>], now: Timestamp) -> Vec<Ballot> {
    plan.detection.voters.iter().map(|v| ballot(plan, v, signals, now)).collect()
}

/// Weighs everything on record at `now`.
pub fn weigh(
    plan: &Plan,
    direction: Direction,
    evidence: Evidence<'_>,
    now: Timestamp,
) -> Assessment {
    let suspect = plan.source_region(direction);
    let quorum = plan.detection.quorum;
    let ballots = ballots(plan, evidence.signals, now);
    let count = count(plan, direction, &ballots);
    let verdict = Verdict::of(&count, quorum);
    let mut reasons = vec![sentence(format_args!(
        "{} of {} voters say {suspect} is down (quorum {quorum}, {} of them from outside), {} not yet for {}, {} say it is well, {} are unknown",
        count.down,
        count.voters,
        count.down_outside,
        count.not_yet,
        plan.detection.sustain,
        count.well,
        count.unknown
    ))];
    if count.down >= quorum && count.down_outside == 0 {
        reasons.push(format!(
            "every voter that says down looks from {suspect} itself: no outside witness"
        ));
    }
    if count.down >= quorum && count.down_outside > 0 && !count.outweighs() {
        reasons.push(sentence(format_args!(
            "{} voters outside {suspect} say that it is well, and {} that it is down: nothing is moved until more say down than well",
            count.against, count.down_outside
        )));
    }
    let classification = classify(plan, direction, verdict, &ballots);
    if let Some(found) = &classification {
        reasons.push(sentence(format_args!(
            "it is a {} of severity {}: {}. Estimated impact: {}",
            found.kind, found.severity, found.because, found.impact
        )));
    }
    let standby = evidence.standby.filter(|s| since(s.at, now) <= plan.detection.freshness);
    reasons.extend(standby.and_then(|s| short_of_capacity(plan.target_region(direction), s)));
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
    let down = ballots.iter().filter(|b| b.counted == Counted::Unhealthy);
    let first_signal = down.clone().filter_map(|b| b.since).min();
    let last_word = down.filter_map(|b| b.age).min();
    let ask: Vec<String> =
        recent(plan, evidence, last_word, first_signal, now).into_iter().collect();
    reasons.extend(ask.iter().cloned());
    Assessment {
        at: now,
        direction,
        verdict,
        bearing,
        first_signal,
        count,
        quorum,
        classification,
        ask,
        ballots,
        standby: standby.cloned(),
        reasons,
        carried: carried(plan, evidence.carried),
    }
    .bounded()
}

/// Changes of mind that are kept of a vote that is carried.
const TURNS_CARRIED: usize = 8;

/// Those of the plan's own voters, as votes alone: their words stand in the ballots.
fn carried(plan: &Plan, votes: &[Arc<Signal>]) -> Vec<Signal> {
    let own = |s: &&Arc<Signal>| {
        plan.detection.voters.iter().any(|v| *v.id() == s.voter && v.has_eye(&s.eye))
    };
    let bare = |s: &Arc<Signal>| {
        let turns = s.turns.iter().rev().take(TURNS_CARRIED).rev().copied().collect();
        let (evidence, signs) = ("".into(), Signs::default());
        Signal { evidence, signs, turns, ..(**s).clone() }
    };
    votes.iter().filter(own).map(bare).collect()
}

/// What keeps a recovery from taking a fence, although it opens and raises what it can.
fn short_of_capacity(target: &Region, standby: &Standby) -> Option<String> {
    let barring: Vec<&str> =
        standby.capacity.iter().filter(|f| f.bars_fence()).map(|f| f.text.as_str()).collect();
    let why = barring.join("; ");
    (!barring.is_empty())
        .then(|| format!("capacity of {target} is missing or unseen, so no fence is taken: {why}"))
}

/// Whether the trouble began soon after a deployment. All instants are on record, so that waiting alone never
/// turns a question into a failover: who said down shortly before the last word that counts tells of the
/// beginning even when it is too old to count itself. `last_word`: how old that word is.
fn recent(
    plan: &Plan,
    evidence: Evidence<'_>,
    last_word: Option<Span>,
    first_signal: Option<Timestamp>,
    now: Timestamp,
) -> Option<String> {
    let (feed, deployed) = (plan.detection.change_feed?, evidence.deployed?);
    let (first, last_word) = (first_signal?, last_word?);
    let said = evidence
        .signals
        .iter()
        .filter(|s| s.vote == Vote::Unhealthy && since(s.at, now) <= last_word.plus(feed.window));
    let began = said.map(|s| s.since).min().map_or(first, |said| said.min(first));
    if after(deployed.at, feed.window) < began {
        return None;
    }
    let when = if deployed.at <= began {
        format!("{} before the trouble began", since(deployed.at, began).in_words())
    } else {
        format!("{} after the trouble began", since(began, deployed.at).in_words())
    };
    let by = deployed.by.as_ref().map_or(String::new(), |by| format!(" by {by}"));
    Some(format!(
        "{} was deployed{by} {when}, within {}: a person is asked, since moving may take the fault along",
        deployed.what, feed.window
    ))
}

#[cfg(test)]
#[path = "assessment_tests.rs"]
mod tests;
