//! Judges a generation's journal from outside: one function an invariant, each by its number.
//!
//! Nothing here trusts the fold's own refusals: entries are walked one by one and compared.

mod doors;
mod effects;
#[cfg(test)]
pub(crate) mod example;
mod opening;
mod people;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use serde::Serialize;

use crate::ids::{Digest, Seq};
use crate::journal::{Beside, Broken, Decision, Entry, Record, State, chain, rules};
use crate::limits::Limits;
use crate::plan::Plan;
use crate::time::{Timestamp, after};

/// What is judged, and by what.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// Every entry, in order.
    pub records: &'a [Record],
    /// The plan of the generation.
    pub plan: &'a Plan,
    /// Digest of that plan's stored bytes.
    pub plan_digest: &'a Digest,
    /// The protocol's numbers.
    pub limits: &'a Limits,
    /// The generation before; `None`: there was none, or it is not known.
    pub previous: Option<&'a State>,
    /// Digests of the evidence that is stored; `None`: not looked at.
    pub stored: Option<&'a BTreeSet<Digest>>,
    /// When it is judged.
    pub now: Timestamp,
}

/// One invariant, judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Judged {
    /// Its number, such as `S8`.
    pub invariant: &'static str,
    /// What it says.
    pub title: &'static str,
    /// Whether it holds.
    pub held: bool,
    /// What was seen, or where it is broken.
    pub detail: String,
}

/// How a check came out: what was seen, or where it is broken.
type Verdict = Result<String, String>;
type Check = fn(&Walked<'_>) -> Verdict;

const CHECKS: [(&str, &str, Check); 14] = [
    ("S2", "no effect before the evidence is stored", opening::evidence_first),
    ("S3", "the decision is write-once", opening::one_decision),
    ("S4", "fence numbers only rise", effects::numbers_rise),
    ("S6", "intent before the call, outcome before the next step", effects::outcome_first),
    ("S7", "no Recovered without validation evidence of this generation", doors::proved),
    ("S8", "no promotion without proof of a fence and a commit", doors::fenced_and_committed),
    ("S9", "none beyond the loss bound", doors::within_bound),
    ("S10", "no gap in the journal; each entry may follow the one before", no_gap),
    ("S12", "no automatic generation within the cool-down", opening::cooled_down),
    ("S13", "nothing outside the decision is touched", effects::decided),
    ("S14", "people's answers and waivers are the plan's approvers'", people::by_approvers),
    ("S15", "no undo after the commit, no promote after a turn-back", doors::one_fate),
    ("S16", "no end with an intent unresolved", effects::resolved_at_end),
    ("L1", "each generation ends or is Held", ends_or_held),
];

/// Judges stored bodies: the chain of digests first, then every invariant.
pub fn bodies<'a>(
    bodies: impl Iterator<Item = &'a str>,
    judge: impl FnOnce(&[Record]) -> Vec<Judged>,
) -> Vec<Judged> {
    match chain::read(bodies) {
        Ok((records, head)) => {
            let mut judged = vec![Judged {
                invariant: "chain",
                title: "each entry names the digest of the one before",
                held: true,
                detail: format!("{} entries, head {head}", records.len()),
            }];
            judged.extend(judge(&records));
            judged
        }
        Err(broken) => vec![Judged {
            invariant: "chain",
            title: "each entry names the digest of the one before",
            held: false,
            detail: broken.to_string(),
        }],
    }
}

/// Judges every invariant that a journal can show.
pub fn audit(case: &Case<'_>) -> Vec<Judged> {
    let walked = Walked { case: *case, steps: case.walk() };
    CHECKS
        .iter()
        .map(|(invariant, title, check)| {
            let verdict = check(&walked);
            Judged {
                invariant,
                title,
                held: verdict.is_ok(),
                detail: verdict.unwrap_or_else(|broken| broken),
            }
        })
        .collect()
}

/// What is judged, walked through once for all checks.
struct Walked<'a> {
    case: Case<'a>,
    steps: Result<Vec<(State, &'a Record)>, String>,
}

impl<'a> std::ops::Deref for Walked<'a> {
    type Target = Case<'a>;

    fn deref(&self) -> &Case<'a> {
        &self.case
    }
}

impl<'a> Walked<'a> {
    /// Every entry after the first with the state that it met.
    fn walk(&self) -> Result<&[(State, &'a Record)], String> {
        self.steps.as_deref().map_err(Clone::clone)
    }
}

impl<'a> Case<'a> {
    /// The decision, if the journal begins with one.
    fn decision(&self) -> Result<&'a Decision, String> {
        match self.records.first().map(|r| &r.entry) {
            Some(Entry::Opened(decision)) => Ok(decision),
            Some(other) => Err(format!("entry 1 is {}, no decision", other.name())),
            None => Err("the journal is empty".to_owned()),
        }
    }

    /// Every entry after the first with the state that it met.
    fn walk(&self) -> Result<Vec<(State, &'a Record)>, String> {
        let broken = |b: Broken| b.to_string();
        let Some(first) = self.records.first() else {
            return Err("the journal is empty".to_owned());
        };
        let mut state =
            State::fold(std::slice::from_ref(first), chain::origin()).map_err(broken)?;
        let mut walked = Vec::new();
        for record in &self.records[1..] {
            walked.push((state.clone(), record));
            state.apply(record);
        }
        Ok(walked)
    }

    /// The state after the last entry, whatever the rules say of the way there.
    fn last(&self) -> Result<State, String> {
        let Some(first) = self.records.first() else {
            return Err("the journal is empty".to_owned());
        };
        let mut state =
            State::fold(std::slice::from_ref(first), chain::origin()).map_err(|b| b.to_string())?;
        for record in &self.records[1..] {
            state.apply(record);
        }
        Ok(state)
    }
}

/// The words for "at this entry".
fn at(seq: Seq, what: impl std::fmt::Display) -> String {
    format!("entry {seq}: {what}")
}

fn no_gap(case: &Walked<'_>) -> Verdict {
    case.decision()?;
    for (index, record) in case.records.iter().enumerate() {
        let expected = Seq(index as u64 + 1);
        if record.seq != expected {
            return Err(at(record.seq, format!("stands in the place of entry {expected}")));
        }
    }
    for (state, record) in case.walk()? {
        let beside = Beside { plan: case.plan, limits: case.limits, by: None };
        rules::admits(state, &record.entry, record.at, Some(beside)).map_err(|no| {
            at(record.seq, format!("{} was not allowed: {no}", record.entry.name()))
        })?;
    }
    Ok(format!("{} entries, each admitted by the rules", case.records.len()))
}

fn ends_or_held(case: &Walked<'_>) -> Verdict {
    let state = case.last()?;
    if let Some(ended) = &state.end {
        return Ok(format!("ended at {}: {}", ended.at, ended.reason));
    }
    if let Some(halt) = &state.halt {
        return Ok(format!("waits for a person since {}: {}", halt.since, halt.reason));
    }
    // Past its time, a step's next look writes the end or the hold; a late request is waited for.
    let over = state.deadline(case.now, case.limits);
    if case.now <= after(over, case.limits.request_life) {
        return Ok(format!("under way, its time is over at {over}"));
    }
    Err(format!(
        "neither ended nor Held, though its time was over at {over}; the last entry is of {}",
        state.last_at
    ))
}
