//! Whether what the plan names is as the plan says, looked at while all is well: engines, records, names.
//!
//! `plan put` looks before it stores a plan, and sweeps look again. An error is something by which a recovery
//! would fail; what cannot be seen is a warning, since the way to it may be away just now.

mod databases;
mod fences;
mod records;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::ids::{Generation, Side};
use crate::journal::State;
use crate::plan::{Control, Finding, Level, Plan};
use crate::steps::traffic::{metric_names, side_answers};
use crate::time::{Span, Timestamp};
use crate::world::{Blind, Question, Seen};
use crate::zone_numbers::{self, ZoneNumber};

/// How often a sweep looks: the records of a plan cost requests of Route 53, which takes five a second from
/// the whole account (Route 53 quotas), and nobody changes them by the minute.
pub const READINESS_AGE: Span = Span::minutes(60);

/// What was found when it was looked at last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Readiness {
    /// Errors and warnings, each with its path in the plan.
    pub findings: Vec<Finding>,
    /// Fence numbers of zones that the next generation could not follow; `None`: nobody has looked at them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub numbers: Option<Vec<ZoneNumber>>,
    /// When it was looked at.
    pub at: Timestamp,
}

impl Readiness {
    /// What a recovery would fail by.
    pub fn errors(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.level == Level::Error)
    }
}

/// Where a workload lives while it is looked at, by its last generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whereabouts {
    /// A recovery is open: which side is which changes just now.
    Moving,
    /// It lives on a side.
    On {
        /// Which.
        side: Side,
        /// The generation that is opened next.
        next: Generation,
    },
}

impl Whereabouts {
    /// After that generation; `None`: there never was one.
    pub fn after(last: Option<&State>) -> Self {
        let Some(last) = last else {
            return Self::On { side: Side::Primary, next: Generation(1) };
        };
        if last.end.is_none() {
            return Self::Moving;
        }
        let side = if last.away_from_home() { Side::Standby } else { Side::Primary };
        Self::On { side, next: last.decision.generation.next() }
    }
}

/// What has to be looked at.
pub fn readiness_questions(plan: &Plan) -> Vec<Question> {
    let mut questions = databases::questions(plan);
    questions.extend(fences::questions(plan));
    for control in &plan.traffic.controls {
        match control {
            Control::StopMetric(c) => {
                questions.extend(metric_names(c).into_iter().map(Question::Name));
            }
            Control::Record(c) => questions.extend(records::questions(c)),
        }
    }
    questions.extend(zone_numbers::questions(plan));
    questions.sort();
    questions.dedup();
    questions
}

/// What a sweep looks at: all but records beyond so many, of which each hour has its turn. A sweep has a minute,
/// and Route 53 is asked five times a second at most.
pub fn sweep_readiness_questions(plan: &Plan, now: Timestamp) -> Vec<Question> {
    let (records, mut questions): (Vec<Question>, Vec<Question>) =
        readiness_questions(plan).into_iter().partition(|question| {
            matches!(
                question,
                Question::Zone { .. } | Question::RecordSets { .. } | Question::Record { .. }
            )
        });
    let turns = records.len().div_ceil(RECORD_LOOKS_MAX).max(1);
    let hour = now.as_millisecond().div_euclid(READINESS_AGE.as_millis() as i64);
    let turn = usize::try_from(hour).unwrap_or_default() % turns;
    questions.extend(records.into_iter().skip(turn * RECORD_LOOKS_MAX).take(RECORD_LOOKS_MAX));
    questions
}

/// Most questions about zones and records of one sweep: four seconds of Route 53's rate.
const RECORD_LOOKS_MAX: usize = 20;

/// What was seen, against what the plan says. Records that were not asked for keep what was found `before`.
pub fn readiness(
    plan: &Plan,
    seen: &Seen,
    before: Option<&Readiness>,
    whereabouts: Whereabouts,
    now: Timestamp,
) -> Readiness {
    let mut findings = Found(Vec::new());
    for (index, database) in plan.databases.iter().enumerate() {
        let path = format!("databases[{index}]");
        databases::check(plan, &path, database, seen, &mut findings);
        databases::follow(plan, &path, database, whereabouts, seen, &mut findings);
        fences::check(plan, &path, database, seen, &mut findings);
    }
    for (index, control) in plan.traffic.controls.iter().enumerate() {
        let path = format!("traffic.controls[{index}]");
        match control {
            Control::StopMetric(c) => {
                if let Err(why) = side_answers(c, seen) {
                    findings.warn(&format!("{path}.answers"), why);
                }
            }
            Control::Record(c) => records::check(&path, c, seen, before, &mut findings),
        }
    }
    let numbers = numbers(plan, seen, before, whereabouts, &mut findings);
    let mut findings = findings.0;
    findings.sort_by_key(|f| f.level);
    Readiness { findings, numbers, at: now }
}

/// The fence numbers that the next generation could not follow.
fn numbers(
    plan: &Plan,
    seen: &Seen,
    before: Option<&Readiness>,
    whereabouts: Whereabouts,
    findings: &mut Found,
) -> Option<Vec<ZoneNumber>> {
    let known = before.and_then(|before| before.numbers.clone());
    let Whereabouts::On { next, .. } = whereabouts else { return known };
    let mut barring = Vec::new();
    for (index, number) in zone_numbers::numbers(plan, seen, known.as_deref().unwrap_or_default()) {
        if let Some(why) = number.bars(next) {
            findings.error(&format!("traffic.controls[{index}].records"), why);
            barring.push(number);
        }
    }
    Some(barring)
}

/// Findings as they come.
struct Found(Vec<Finding>);

impl Found {
    fn error(&mut self, path: &str, message: impl Into<String>) {
        self.0.push(Finding {
            level: Level::Error,
            path: path.to_owned(),
            message: message.into(),
        });
    }

    fn warn(&mut self, path: &str, message: impl Into<String>) {
        self.0.push(Finding {
            level: Level::Warning,
            path: path.to_owned(),
            message: message.into(),
        });
    }

    fn unseen(&mut self, path: &str, question: &Question, blind: &Blind) {
        self.warn(path, format!("unseen: {}", blind.about(question)));
    }
}
