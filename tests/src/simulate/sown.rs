//! Drawn schedules against mistakes planted in the code: how many it takes until a checker sees one.

use leeward_core::planted::{self, Bug};

use super::choices::Choices;
use super::forced::Forced;
use super::outcome::{Outcome, play};
use super::pace::Pace;
use super::setup::Setup;

/// What the first schedule showed that a mistake broke.
#[derive(Debug, Clone)]
pub struct Caught {
    /// Schedules that it took.
    pub schedules: u64,
    /// What broke.
    pub outcome: Outcome,
}

/// Draws schedules with these mistakes made, each judged without them, until one breaks an invariant.
pub fn until_caught(setup: &Setup, bugs: &[Bug], first_seed: u64, budget: u64) -> Option<Caught> {
    until(setup, bugs, (first_seed, budget), |outcome| !outcome.violations.is_empty())
}

/// The same, until one breaks that invariant: a guard that is off beside may break another one sooner.
pub fn until_found(
    setup: &Setup,
    bugs: &[Bug],
    first_seed: u64,
    budget: u64,
    invariant: &str,
) -> Option<Caught> {
    until(setup, bugs, (first_seed, budget), |outcome| {
        outcome.violations.iter().any(|v| v.invariant == invariant)
    })
}

fn until(
    setup: &Setup,
    bugs: &[Bug],
    (first_seed, budget): (u64, u64),
    enough: impl Fn(&Outcome) -> bool,
) -> Option<Caught> {
    (0..budget).find_map(|count| {
        let seed = first_seed + count;
        let played = {
            let _field = planted::sow(bugs);
            let pace = Pace::of(seed);
            play(setup, Choices::seeded(seed), Forced { pace, ..Forced::default() })
        };
        let outcome = Outcome { seed: Some(seed), ..played.judged() };
        enough(&outcome).then_some(Caught { schedules: count + 1, outcome })
    })
}
