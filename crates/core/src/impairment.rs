//! An impairment on record: from its first signal until everything that spoke of it is seen well again.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::evidence::{Assessment, Classification, Counted, Verdict, actions};
use crate::ids::{Generation, PlanId, Text, WorkloadId};
use crate::journal::{End, State};
use crate::matching::Candidate;
use crate::plan::{ImpairmentKind, Severity};
use crate::time::{Span, Timestamp, since};

/// An open impairment is written anew at least this often, so that its last sight can be trusted.
const WRITTEN_EVERY: Span = Span::minutes(5);

/// Most names of one kind that one impairment gathers while it lasts: it is one item of the table.
const GATHERED_MAX: usize = 100;
/// Most times that it is called something else.
const CALLED_MAX: usize = 100;

/// Takes in names as long as there is room.
fn gather(known: &mut BTreeSet<Text>, seen: &BTreeSet<Text>) {
    for name in seen {
        if known.len() < GATHERED_MAX || known.contains(name) {
            known.insert(name.clone());
        }
    }
}

/// The plan whose voters see the gravest trouble: down before not, then by severity.
pub fn gravest<'a, 'b>(candidates: &'b [Candidate<'a>]) -> Option<&'b Candidate<'a>> {
    candidates.iter().max_by_key(|c| {
        let found = c.assessment.classification.as_ref();
        (c.assessment.verdict == Verdict::Down, found.map(|f| f.severity))
    })
}

/// One impairment of one workload.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Impairment {
    /// The workload.
    pub workload: WorkloadId,
    /// The plan whose voters saw it.
    pub plan: PlanId,
    /// What failed, at its worst.
    pub kind: ImpairmentKind,
    /// How bad, at its worst.
    pub severity: Severity,
    /// Since when the trouble was signalled.
    pub first_signal: Timestamp,
    /// When it was put on record.
    pub opened: Timestamp,
    /// When a quorum with an outside witness said down; `None`: none ever did.
    pub confirmed: Option<Timestamp>,
    /// When it was last seen.
    pub updated: Timestamp,
    /// When everything that spoke of it was seen well again.
    pub resolved: Option<Timestamp>,
    /// When users were served again by a recovery.
    pub recovered: Option<Timestamp>,
    /// The generation that was opened for it.
    pub generation: Option<Generation>,
    /// Why it is called so, in a sentence.
    pub because: String,
    /// What it touches, in a sentence with numbers.
    pub impact: String,
    /// Voters that spoke of it.
    pub voters: BTreeSet<Text>,
    /// Zones that were down.
    pub zones: BTreeSet<Text>,
    /// Services that were touched.
    pub services: BTreeSet<Text>,
    /// Resources that were named.
    pub resources: BTreeSet<Text>,
    /// The last numbers that were seen, by voter and name.
    pub metrics: BTreeMap<Text, f64>,
    /// What a person does about it.
    pub actions: Vec<String>,
    /// What it was called, and from when.
    pub called: Vec<Called>,
}

/// What an impairment was called from one instant on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Called {
    /// From when.
    pub at: Timestamp,
    /// What.
    pub kind: ImpairmentKind,
    /// How bad.
    pub severity: Severity,
}

impl Impairment {
    /// From the first signal until it was known: confirmed, or at least on record.
    pub fn time_to_detect(&self) -> Span {
        since(self.first_signal, self.confirmed.unwrap_or(self.opened))
    }

    /// From the first signal until users were served again, by a recovery or by itself.
    pub fn time_to_recover(&self) -> Option<Span> {
        let ends = [self.recovered, self.resolved].into_iter().flatten();
        ends.min().map(|end| since(self.first_signal, end))
    }

    fn opened(
        workload: &WorkloadId,
        plan: &PlanId,
        found: &Classification,
        a: &Assessment,
    ) -> Self {
        Self {
            workload: workload.clone(),
            plan: plan.clone(),
            kind: found.kind,
            severity: found.severity,
            first_signal: a.first_signal.unwrap_or(a.at),
            opened: a.at,
            confirmed: None,
            updated: a.at,
            resolved: None,
            recovered: None,
            generation: None,
            because: String::new(),
            impact: String::new(),
            voters: BTreeSet::new(),
            zones: BTreeSet::new(),
            services: BTreeSet::new(),
            resources: BTreeSet::new(),
            metrics: BTreeMap::new(),
            actions: Vec::new(),
            called: Vec::new(),
        }
    }

    /// Takes what is seen now. What it was called at its worst stays.
    fn see(&mut self, found: &Classification, a: &Assessment) {
        self.updated = a.at;
        self.first_signal = a.first_signal.map_or(self.first_signal, |f| f.min(self.first_signal));
        if a.verdict == Verdict::Down {
            self.confirmed.get_or_insert(a.at);
        }
        let worse = found.severity >= self.severity || self.called.is_empty();
        let other =
            self.called.last().is_none_or(|c| (c.kind, c.severity) != (found.kind, found.severity));
        if worse && other {
            self.kind = found.kind;
            self.severity = found.severity;
            self.actions = actions(self.kind, self.workload.as_str());
            self.called.push(Called { at: a.at, kind: found.kind, severity: found.severity });
        }
        if worse {
            self.because.clone_from(&found.because);
            self.impact.clone_from(&found.impact);
        }
        gather(&mut self.zones, &found.zones);
        gather(&mut self.services, &found.services);
        gather(&mut self.resources, &found.resources);
        if self.called.len() > CALLED_MAX {
            self.called.remove(1);
        }
        for ballot in a.ballots.iter().filter(|b| b.counted == Counted::Unhealthy) {
            if !self.voters.contains(ballot.voter.as_str()) {
                self.voters.insert(ballot.voter.as_str().into());
            }
            for (name, number) in &ballot.signs.metrics {
                let name = Text::from(format!("{} {name}", ballot.voter));
                if self.metrics.len() < GATHERED_MAX || self.metrics.contains_key(&name) {
                    self.metrics.insert(name, *number);
                }
            }
        }
    }

    /// Whether everything that spoke of it says that it is well. Who says nothing keeps it open.
    fn seen_well(&self, a: &Assessment) -> bool {
        self.voters.iter().all(|voter| {
            let ballot = a.ballots.iter().find(|b| b.voter.as_str() == voter);
            ballot.is_none_or(|b| b.counted == Counted::Healthy)
        })
    }

    /// The generation that was opened for it, and when that one has recovered it.
    fn followed(&self, last: Option<&State>) -> (Option<Generation>, Option<Timestamp>) {
        let known = (self.generation, self.recovered);
        let Some(last) = last.filter(|s| s.decision.opened >= self.opened) else { return known };
        let during = self.resolved.is_none_or(|resolved| last.decision.opened <= resolved);
        let generation = if during { Some(last.decision.generation) } else { self.generation };
        let own = generation == Some(last.decision.generation);
        let ended = last.end.as_ref().filter(|e| own && e.end == End::Recovered);
        (generation, self.recovered.or(ended.map(|e| e.at)))
    }

    /// Whether it says something else than `before`, apart from its numbers and its words.
    fn is_news(&self, before: &Self) -> bool {
        let Self {
            workload,
            plan,
            kind,
            severity,
            first_signal,
            opened,
            confirmed,
            updated: _,
            resolved,
            recovered,
            generation,
            because: _,
            impact: _,
            voters,
            zones,
            services,
            resources,
            metrics: _,
            actions,
            called,
        } = self;
        let same = (*workload == before.workload && *plan == before.plan)
            && (*kind == before.kind && *severity == before.severity)
            && (*first_signal == before.first_signal && *opened == before.opened)
            && (*confirmed == before.confirmed && *resolved == before.resolved)
            && (*recovered == before.recovered && *generation == before.generation)
            && (*voters == before.voters && *zones == before.zones)
            && (*services == before.services && *resources == before.resources)
            && (*actions == before.actions && *called == before.called);
        !same
    }
}

/// The impairment after one more look by one plan; `None`: nothing to put on record. `before` is the
/// workload's last impairment, open or not: one is open at a time, and what widens it changes its name.
pub fn after_look(
    before: Option<&Impairment>,
    workload: &WorkloadId,
    plan: &PlanId,
    assessment: &Assessment,
    last: Option<&State>,
) -> Option<Impairment> {
    let open = before.filter(|i| i.resolved.is_none());
    let follows = |i: &Impairment| i.followed(last) != (i.generation, i.recovered);
    let mut next = match (open, &assessment.classification) {
        (None, None) => before.filter(|over| follows(over))?.clone(),
        (None, Some(found)) => {
            let mut new = Impairment::opened(workload, plan, found, assessment);
            new.see(found, assessment);
            new
        }
        (Some(open), Some(found)) => {
            let mut next = open.clone();
            next.see(found, assessment);
            next
        }
        (Some(open), None) => {
            let well = open.seen_well(assessment);
            if !well && !follows(open) {
                return None;
            }
            let mut next = open.clone();
            if well {
                next.resolved = Some(assessment.at);
                next.updated = assessment.at;
            }
            next
        }
    };
    (next.generation, next.recovered) = next.followed(last);
    let Some(before) = before else { return Some(next) };
    if (next.generation, next.recovered) != (before.generation, before.recovered) {
        next.updated = assessment.at;
    }
    let aged = since(before.updated, next.updated) >= WRITTEN_EVERY;
    (aged || next.is_news(before)).then_some(next)
}

/// Means over some impairments.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Mean {
    /// How many.
    pub count: u32,
    /// Mean time to detect.
    pub time_to_detect: Option<Span>,
    /// How many are over.
    pub over: u32,
    /// Mean time to recover, of those that are over.
    pub time_to_recover: Option<Span>,
}

/// The means of all, and month by month.
pub fn means(impairments: &[Impairment]) -> (Mean, BTreeMap<String, Mean>) {
    let mut months: BTreeMap<String, Vec<&Impairment>> = BTreeMap::new();
    for impairment in impairments {
        let month = impairment.opened.to_string().chars().take(7).collect();
        months.entry(month).or_default().push(impairment);
    }
    let all: Vec<&Impairment> = impairments.iter().collect();
    (mean(&all), months.into_iter().map(|(month, of)| (month, mean(&of))).collect())
}

fn mean(of: &[&Impairment]) -> Mean {
    let recovered: Vec<Span> = of.iter().filter_map(|i| i.time_to_recover()).collect();
    let detected: Vec<Span> = of.iter().map(|i| i.time_to_detect()).collect();
    Mean {
        count: u32::try_from(of.len()).unwrap_or(u32::MAX),
        time_to_detect: average(&detected),
        over: u32::try_from(recovered.len()).unwrap_or(u32::MAX),
        time_to_recover: average(&recovered),
    }
}

fn average(spans: &[Span]) -> Option<Span> {
    let sum = spans.iter().fold(Span::default(), |sum, span| sum.plus(*span));
    sum.as_millis().checked_div(spans.len() as u64).map(Span::millis)
}

#[cfg(test)]
#[path = "impairment_tests.rs"]
mod tests;
