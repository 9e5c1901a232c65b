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
use super::sites::{Cell, Site};

/// How often each fault befalls a call where all of them do, in a thousand: a recovery still gets on.
const RATE: u32 = 4;
/// Of so many runs one is worked on at terminals alone: there the call sites are others.
const TERMINALS: u64 = 4;
/// When terminals are opened, in minutes: a generation is open from the third or fourth on.
const OPENED: [u64; 6] = [3, 4, 6, 9, 13, 18];

fn forced(seed: u64, aim: Option<Cell>) -> Forced {
    Forced {
        mix: Some(Mix::every(RATE)),
        pace: Pace::of(seed),
        terminals: seed.is_multiple_of(TERMINALS),
        aim,
        ..Forced::default()
    }
}

/// One run in which every fault befalls every call, each rarely; the aimed one for sure.
fn one(setup: &Setup, seed: u64, aim: Option<Cell>) -> Outcome {
    let mut outcome = run(setup, Choices::seeded(seed), forced(seed, aim));
    outcome.seed = Some(seed);
    if let Some(((caller, operation), fault)) = aim {
        let aimed = format!(", everywhere, {} at the first {operation} from {caller}", fault.name());
        outcome.plan.push_str(&aimed);
    }
    outcome
}

/// Runs them: as many as are asked for, and one for each cell that they have missed.
pub fn everywhere(setup: &Setup, order: &Order) -> Report {
    let reached: Mutex<BTreeMap<Site, u64>> = Mutex::default();
    let mut report = many(order, &|seed| {
        let outcome = one(setup, seed, None);
        let mut reached = reached.lock().unwrap_or_else(PoisonError::into_inner);
        for site in outcome.tally.calls.keys() {
            reached.entry(*site).and_modify(|first| *first = seed.min(*first)).or_insert(seed);
        }
        outcome
    });
    let reached = reached.into_inner().unwrap_or_else(PoisonError::into_inner);
    let aims: Vec<(u64, Cell)> = report
        .tally
        .missed()
        .into_iter()
        .filter_map(|cell| Some((*reached.get(&cell.0)?, cell)))
        .collect();
    let aimed = Order { first_seed: 0, schedules: aims.len() as u64, ..*order };
    let aimed = many(&aimed, &|place| {
        let aim = usize::try_from(place).ok().and_then(|place| aims.get(place));
        let (seed, cell) = aim.map_or((place, None), |(seed, cell)| (*seed, Some(*cell)));
        one(setup, seed, cell)
    });
    report.took += aimed.took;
    report.add(aimed);
    report
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
