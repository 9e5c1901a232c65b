//! What a generation rests on: the votes as they stood in the table, counted here once more.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use leeward_core::evidence::{Signal, Vote};
use leeward_core::ids::{Direction, Region, Step};
use leeward_core::journal::{Bearing, Decision, Entry, Successor, Trigger, TurnBackReason};
use leeward_core::limits::Limits;
use leeward_core::plan::Plan;
use leeward_core::time::{Span, Timestamp, after, since};
use leeward_core::world::Change;
use leeward_ports::Put;

use super::evidence::{Case, Journal};

/// Sort key prefix of stored votes.
const VOTES: &str = "SIG#";

/// Whether a person said that it shall go back, being asked about that.
#[derive(PartialEq, Eq)]
enum Word {
    Nobody,
    Asked,
    Given,
}

impl Word {
    fn and(self, entry: &Entry) -> Self {
        match (self, entry) {
            (_, Entry::Held { step: Step::Undo, .. }) => Self::Asked,
            (Self::Asked, Entry::Resumed { .. }) => Self::Given,
            (_, Entry::Held { .. } | Entry::Stopped { .. } | Entry::Resumed { .. }) => Self::Nobody,
            (word, _) => word,
        }
    }
}

/// S2: a generation that the evidence opened, and each of its assessments that says go, rest on a
/// quorum of fresh, sustained votes with an outside witness; an undo towards the old side, and a turn-back because
/// a step cannot be done, rest on a quorum that sees it well. A person who was asked about the undo may say so, too.
#[expect(clippy::wildcard_enum_match_arm, reason = "only these entries rest on votes")]
pub(super) fn counted_again(evidence: &Case<'_>) -> Vec<String> {
    let mut breaches = Vec::new();
    let votes = if evidence.journals().is_empty() { Vec::new() } else { votes(evidence) };
    for journal in evidence.journals() {
        let Some(first) = journal.records.first() else { continue };
        let Entry::Opened(decision) = &first.entry else { continue };
        let by_evidence = matches!(decision.trigger, Trigger::Evidence { .. });
        let ordered = matches!(decision.trigger, Trigger::Operator { .. });
        breaches.extend(takes_up_what_was_left(evidence, journal, decision));
        let rules = Rules { plan: &journal.plan, limits: &evidence.limits };
        let suspect = journal.plan.source_region(decision.direction);
        if decision.direction != Direction::ToStandby {
            continue;
        }
        let mut back = Word::Nobody;
        for (landed, record) in journal.entries() {
            back = back.and(&record.entry);
            let (needs, says): (&str, Judge) = match &record.entry {
                Entry::Opened(_) if by_evidence => ("down", down),
                Entry::Assessed { verdict: Bearing::Go, .. } if !ordered => ("down", down),
                Entry::Intent { change, undoes: Some(_), .. }
                    if towards_old_side(change) && back != Word::Given =>
                {
                    ("well", well)
                }
                Entry::TurnedBack { reason: TurnBackReason::StepFailed, .. }
                    if record.at <= decision.deadline =>
                {
                    ("well", well)
                }
                _ => continue,
            };
            let mut stood = standings(evidence, &votes, record.at, landed);
            // What could not be stored in its own place stands in the evidence that the decision names.
            let carried = if by_evidence { carried(evidence, decision) } else { Vec::new() };
            if matches!(record.entry, Entry::Opened(_)) && !carried.is_empty() {
                for Stood { votes, .. } in &mut stood {
                    *votes = beside(votes, &carried);
                }
            }
            // A voter that another version of the plan knows by another name is not one more.
            stood.iter_mut().for_each(|s| s.votes.retain(|v| rules.own(v.signal)));
            // An opening is decided on twice: on what is stored, as old as it is when it is read, and on what
            // those who say down say when they are asked again, which is not stored.
            let twice = matches!(record.entry, Entry::Opened(_));
            let stands = |s: &Stood<'_>| {
                let mut read = if twice { s.instants() } else { vec![record.at] }.into_iter();
                read.any(|at| says(&rules, suspect, &s.votes, at))
            };
            if !stood.iter().any(stands) {
                breaches.push(format!(
                    "entry {} of generation {} ({}) needs a quorum that says {suspect} is {needs}; the votes stored by {landed} do not",
                    record.seq, journal.generation, record.entry.name()
                ));
            }
        }
        breaches.extend(fences_rest_on_go(evidence, journal));
    }
    breaches
}

/// A generation that was opened for what the one before left needs no votes to begin, as only it can give
/// that back; but something has to be left, and by that plan.
fn takes_up_what_was_left(
    evidence: &Case<'_>,
    journal: &Journal,
    decision: &Decision,
) -> Option<String> {
    let Trigger::HandedOver { from } = decision.trigger else { return None };
    let before = evidence.journals().iter().find(|j| j.generation.next() == journal.generation);
    let left = before.filter(|j| j.generation == from).is_some_and(|j| {
        // A plan that is in force no more leaves its place to another.
        let last = evidence.versions.last();
        let gone = |s: &Successor| last.is_some_and(|(_, last)| last.plan != s.plan);
        let names = |s: &Successor| (s.plan == decision.plan || gone(s)) && !s.keeps.is_empty();
        j.when(|e| matches!(e, Entry::TurnedBack { successor: Some(s), .. } if names(s))).is_some()
    });
    (!left).then(|| {
        format!(
            "generation {} was opened for what generation {from} left, which left it nothing",
            journal.generation
        )
    })
}

/// A fence's intent stands behind an assessment that says go and is young enough.
fn fences_rest_on_go(evidence: &Case<'_>, journal: &Journal) -> Vec<String> {
    let mut assessed: Option<(Timestamp, Bearing)> = None;
    let mut breaches = Vec::new();
    for record in journal.records.iter() {
        if let Entry::Assessed { verdict, .. } = &record.entry {
            assessed = Some((record.at, *verdict));
        }
        let Entry::Intent { effect, undoes: None, change, .. } = &record.entry else { continue };
        if effect.step() != Some(leeward_core::ids::Step::Fence) {
            continue;
        }
        let age = evidence.limits.assessment_age;
        let rests = assessed
            .is_some_and(|(at, bearing)| bearing == Bearing::Go && since(at, record.at) <= age);
        if !rests {
            breaches.push(format!(
                "entry {}: {change} rests on no assessment of the last {age} that says go",
                record.seq
            ));
        }
    }
    breaches
}

/// The votes that an opening rests on and that were stored with its evidence alone.
fn carried(evidence: &Case<'_>, decision: &Decision) -> Vec<Signal> {
    #[derive(serde::Deserialize)]
    struct Weighed {
        #[serde(default)]
        carried: Vec<Signal>,
    }
    let place = format!("EV#{}", decision.evidence);
    let stored = evidence.writes.iter().find(|w| w.item.key.sk == place.as_str());
    let weighed = stored.and_then(|w| serde_json::from_str::<Weighed>(&w.item.body).ok());
    weighed.map_or_else(Vec::new, |weighed| weighed.carried)
}

/// Votes with others in the place of older ones of the same voters.
fn beside<'v>(votes: &[Stored<'v>], others: &'v [Signal]) -> Vec<Stored<'v>> {
    let of = |one: &Signal, other: &Signal| one.voter == other.voter && one.eye == other.eye;
    let older = |v: &&Stored<'_>| !others.iter().any(|o| of(o, v.signal) && o.at >= v.signal.at);
    let mut all: Vec<Stored<'v>> = votes.iter().filter(older).copied().collect();
    for other in
        others.iter().filter(|o| votes.iter().all(|v| !of(o, v.signal) || o.at >= v.signal.at))
    {
        let before = votes.iter().find(|v| of(other, v.signal) && v.signal.vote == other.vote);
        all.push(Stored { signal: other, begun: before.map_or(other.at, |v| v.begun) });
    }
    all
}

/// Whose votes count, and how: by the version of the plan that the generation was decided by.
struct Rules<'e> {
    plan: &'e Plan,
    limits: &'e Limits,
}

impl Rules<'_> {
    /// Whether it is a vote of the plan's own voter, and not of another one of that name.
    fn own(&self, vote: &Signal) -> bool {
        let voters = &self.plan.detection.voters;
        voters.iter().any(|voter| *voter.id() == vote.voter && voter.has_eye(&vote.eye))
    }
}

type Judge = fn(&Rules<'_>, &Region, &[Stored<'_>], Timestamp) -> bool;

fn down(rules: &Rules<'_>, suspect: &Region, votes: &[Stored<'_>], now: Timestamp) -> bool {
    let plan = &rules.plan.detection;
    let counted: Vec<&Stored<'_>> = fresh(rules, votes, now)
        .filter(|v| v.signal.vote == Vote::Unhealthy)
        .filter(|v| v.signal.once || lasted(rules, v, now) >= plan.sustain)
        .collect();
    // Who sees it well from outside weighs against them, by a word as recent as theirs.
    let last = counted.iter().map(|v| v.signal.at).max();
    let against = votes.iter().filter(|v| {
        let recent = last.is_some_and(|last| since(v.signal.at, last) <= plan.freshness);
        v.signal.vote == Vote::Healthy && v.signal.origin != *suspect && recent && !flaps(rules, v)
    });
    let outside = counted.iter().filter(|v| v.signal.origin != *suspect).count();
    outside > against.count() && quorum(rules, suspect, counted)
}

/// How long it is said, by when it was stored: whoever tells may name another date. What was told by an event
/// that stands until another one ends it lasts until now, everything else until its last word.
fn lasted(rules: &Rules<'_>, vote: &Stored<'_>, now: Timestamp) -> Span {
    let signal = vote.signal;
    if !signal.stands {
        return since(signal.since, signal.at);
    }
    let heard = since(vote.begun, now).plus(rules.limits.assessment_age);
    since(signal.since, now).min(heard)
}

fn flaps(rules: &Rules<'_>, vote: &Stored<'_>) -> bool {
    let flapping = &rules.plan.detection.flapping;
    let within = |turn: &&Timestamp| since(**turn, vote.signal.at) <= flapping.window;
    vote.signal.turns.iter().filter(within).count() > flapping.turns as usize
}

fn well(rules: &Rules<'_>, suspect: &Region, votes: &[Stored<'_>], now: Timestamp) -> bool {
    let says = |wanted| move |v: &&Stored<'_>| v.signal.vote == wanted;
    let against = fresh(rules, votes, now).filter(says(Vote::Unhealthy)).count();
    let counted = fresh(rules, votes, now).filter(says(Vote::Healthy));
    against < rules.plan.detection.quorum as usize && quorum(rules, suspect, counted.collect())
}

fn quorum(rules: &Rules<'_>, suspect: &Region, counted: Vec<&Stored<'_>>) -> bool {
    counted.len() >= rules.plan.detection.quorum as usize
        && counted.iter().any(|v| v.signal.origin != *suspect)
}

/// Votes that still count: a voter that lives on events may have a time of its own.
fn fresh<'a>(
    rules: &Rules<'_>,
    votes: &'a [Stored<'a>],
    now: Timestamp,
) -> impl Iterator<Item = &'a Stored<'a>> {
    let plan = rules.plan.clone();
    votes.iter().filter(move |v| {
        let voter = plan.detection.voters.iter().find(|voter| *voter.id() == v.signal.voter);
        let common = plan.detection.freshness;
        let freshness = voter.map_or(common, |voter| voter.freshness(common));
        since(v.signal.at, now) <= freshness
    })
}

fn towards_old_side(change: &Change) -> bool {
    // A group that is bound to nothing again was opened on the side that was moved to.
    let bound = matches!(change, Change::BoundGroup { maximum: 0, suspend: true, .. });
    !bound
        && matches!(
            change,
            Change::MoveLease { .. } | Change::BoundGroup { .. } | Change::AuthorizeIngress { .. }
        )
}

/// A stored vote, read when somebody counts it.
struct Cast<'e> {
    landed: Timestamp,
    voter: &'e str,
    body: &'e str,
    read: OnceCell<Option<Signal>>,
}

impl Cast<'_> {
    fn signal(&self) -> Option<&Signal> {
        self.read.get_or_init(|| serde_json::from_str(self.body).ok()).as_ref()
    }
}

/// A vote as it stood, and since when the voter's stored votes say so.
#[derive(Clone, Copy)]
struct Stored<'v> {
    signal: &'v Signal,
    begun: Timestamp,
}

/// Votes as they stood, and from when to when they may have been read so.
struct Stood<'v> {
    from: Timestamp,
    until: Timestamp,
    votes: Vec<Stored<'v>>,
}

impl Stood<'_> {
    /// Each second at which they may have been read. A vote grows too old meanwhile, and one that an event ends
    /// lasts longer.
    fn instants(&self) -> Vec<Timestamp> {
        let mut instants = vec![self.from];
        while let Some(last) = instants.last().filter(|last| **last < self.until) {
            instants.push(after(*last, Span::seconds(1)));
        }
        instants
    }
}

/// Every stored vote, in order.
fn votes<'e>(evidence: &'e Case<'_>) -> Vec<Cast<'e>> {
    evidence
        .writes
        .iter()
        .filter(|w| w.put == Some(Put::Done))
        .filter_map(|w| {
            let voter = w.item.key.sk.strip_prefix(VOTES)?;
            let (landed, body) = (w.at, w.item.body.as_str());
            Some(Cast { landed, voter, body, read: OnceCell::new() })
        })
        .collect()
}

/// The latest vote of each voter, with the first instant at which they may have been read so, at each moment at
/// which the entry may have read them: it was written a
/// little later, and the schedule stores new ones meanwhile. A moment lies between two writes and not at an
/// instant: many writes land at one instant of virtual time, and a read may fall between any two of them. What
/// stood when that span began may have been stored long before.
fn standings<'v>(
    evidence: &Case<'_>,
    votes: &'v [Cast<'_>],
    dated: Timestamp,
    landed: Timestamp,
) -> Vec<Stood<'v>> {
    let age = evidence.limits.assessment_age;
    let before =
        votes.iter().filter(|v| v.landed <= landed && since(v.landed, dated) > age).count();
    let by_then = votes.iter().filter(|v| v.landed <= landed).count();
    let earliest = dated.as_second().saturating_sub_unsigned(age.as_millis() / 1000);
    let mut latest: BTreeMap<&str, (&Cast<'_>, Timestamp)> = BTreeMap::new();
    let mut stood: Vec<Stood<'v>> = Vec::new();
    for (count, vote) in (1..).zip(votes.iter().take(by_then)) {
        let says = |cast: &Cast<'_>| cast.signal().map(|signal| signal.vote);
        let same = latest.get(vote.voter).filter(|(last, _)| says(last) == says(vote));
        let begun = same.map_or(vote.landed, |(_, begun)| *begun);
        latest.insert(vote.voter, (vote, begun));
        if count >= before {
            // The answer's `Date`, which has whole seconds.
            let read = vote.landed.as_second().max(earliest);
            let read = Timestamp::from_second(read).unwrap_or(dated);
            let stored = |(cast, begun): &(&'v Cast<'_>, Timestamp)| {
                let signal = cast.signal()?;
                Some(Stored { signal, begun: *begun })
            };
            if let Some(last) = stood.last_mut() {
                last.until = read;
            }
            let votes = latest.values().filter_map(stored).collect();
            stood.push(Stood { from: read, until: dated, votes });
        }
    }
    if stood.is_empty() {
        // None could be stored yet: what was seen stands in the evidence alone.
        let from = Timestamp::from_second(earliest).unwrap_or(dated);
        stood.push(Stood { from, until: dated, votes: Vec::new() });
    }
    stood
}
