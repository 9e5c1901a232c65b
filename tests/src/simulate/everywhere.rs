//! Every fault at every call site: drawn first, and aimed where the draw has missed.
//!
//! A run is its seed, so a run that came to a call site comes there again, whatever befalls that call then:
//! each cell of the table that no drawn fault has hit is hit in one more run of such a seed.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use leeward_core::time::{Span, Timestamp, after};

use super::campaign::{Order, Report, many};
use super::choices::Choices;
use super::forced::Forced;
use super::incidents::{Incident, Planned};
use super::mix::Mix;
use super::outcome::{Outcome, run};
use super::pace::Pace;
use super::run::{Due, Run};
use super::setup::Setup;
use super::sites::{Cell, Site, Tally};

/// How often each fault befalls a call where all of them do, in a thousand: a recovery still gets on.
const RATE: u32 = 4;
/// Of so many runs one is worked on at terminals alone: there the call sites are others.
const TERMINALS: u64 = 4;
/// More than it takes: what one round comes to, the next aims at.
const ROUNDS_MAX: usize = 4;
/// When terminals are opened, in minutes: a generation is open from the third or fourth on.
const OPENED: [u64; 6] = [3, 4, 6, 9, 13, 18];

/// How to come to a call site: a seed, and what has to befall other call sites on the way.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Way {
    aims: Vec<Cell>,
    seed: u64,
}

/// One run in which every fault befalls every call, each rarely; those that are aimed for sure.
fn one(setup: &Setup, way: &Way) -> Outcome {
    let forced = Forced {
        mix: Some(Mix::every(RATE)),
        pace: Pace::of(way.seed),
        terminals: way.seed.is_multiple_of(TERMINALS),
        aims: way.aims.clone(),
        ..Forced::default()
    };
    let mut outcome = run(setup, Choices::seeded(way.seed), forced);
    outcome.seed = Some(way.seed);
    for ((caller, operation), fault) in &way.aims {
        let aimed = format!(", {} at the first {operation} from {caller}", fault.name());
        outcome.plan.push_str(&aimed);
    }
    outcome
}

/// Runs them: as many as are asked for, and one for each cell that they have missed. What is aimed may
/// lead to call sites that nobody had come to: then those are aimed at.
pub fn everywhere(setup: &Setup, order: &Order) -> Report {
    let ways: Mutex<BTreeMap<Site, Way>> = Mutex::default();
    let go = |way: Way| {
        let outcome = one(setup, &way);
        let mut ways = ways.lock().unwrap_or_else(PoisonError::into_inner);
        for site in outcome.tally.calls.sites() {
            let known = ways.entry(site).or_insert_with(|| way.clone());
            if way < *known {
                known.clone_from(&way);
            }
        }
        outcome
    };
    let mut report = many(order, &|seed| go(Way { aims: Vec::new(), seed }));
    for _ in 0..ROUNDS_MAX {
        let aimed = aimed(&report.tally, &ways.lock().unwrap_or_else(PoisonError::into_inner));
        if aimed.is_empty() || !report.failures.is_empty() {
            break;
        }
        let order = Order { first_seed: 0, schedules: aimed.len() as u64, ..*order };
        let way = |place: u64| usize::try_from(place).ok().and_then(|p| aimed.get(p)).cloned();
        let more =
            many(&order, &|place| go(way(place).unwrap_or(Way { aims: Vec::new(), seed: place })));
        report.took += more.took;
        report.add(more);
    }
    report
}

/// A way to each cell that was missed.
fn aimed(tally: &Tally, ways: &BTreeMap<Site, Way>) -> Vec<Way> {
    let to = |cell: Cell| {
        let mut way = ways.get(&cell.0)?.clone();
        way.aims.push(cell);
        Some(way)
    };
    tally.missed().into_iter().filter_map(to).collect()
}

impl Run<'_> {
    /// Step Functions is away from the first instant on, and people open terminals.
    pub(super) fn open_terminals(&mut self, start: Timestamp) {
        let away = Planned { at: start, incident: Incident::ServiceAway, lasts: None };
        self.at(start, Due::Begins(away));
        for minutes in OPENED {
            let at = after(start, Span::minutes(minutes));
            let incident = Incident::Terminal;
            self.at(at, Due::Begins(Planned { at, incident, lasts: None }));
        }
    }
}
