//! Every await point killed once: the base run counts the turns of each invocation, then one run for
//! each turn kills the invocation there. The next attempt must bring the recovery to the same end.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use leeward_core::time::Span;
use leeward_ports::fake::RegionState;

use super::choices::Choices;
use super::forced::Forced;
use super::outcome::{Outcome, run};
use super::setup::Setup;
use super::sites::Caller;

/// What killing everywhere has shown.
#[derive(Debug, Clone, Default)]
pub struct KillTable {
    /// Kills by who was killed.
    pub kills: BTreeMap<Caller, u64>,
    /// Runs in which something does not hold, or that ended otherwise than the base run.
    pub failures: Vec<(usize, u32, Outcome)>,
}

/// Kills at every turn of every invocation (or at every `stride`-th) of a recovery of that plan from
/// a dead Region that stays dead, or comes back after `lasts`.
pub fn kill_everywhere(setup: &Setup, plan: u32, lasts: Option<Span>, stride: usize) -> KillTable {
    let forced =
        |kill| Forced { kill, only: Some((RegionState::Dead, lasts)), ..Forced::default() };
    let scene = |kill| run(setup, Choices::recorded(vec![plan]), forced(kill));
    // A kill that never comes: the same run, and no mishap is drawn.
    let base = scene(Some((usize::MAX, 0)));
    let mut table = KillTable::default();
    if !base.violations.is_empty() {
        table.failures.push((0, 0, base));
        return table;
    }
    let mut point = 0;
    for (number, (caller, turns)) in base.turns.iter().enumerate() {
        for turn in 1..=*turns {
            point += 1;
            if point % stride.max(1) != 0 {
                continue;
            }
            *table.kills.entry(*caller).or_default() += 1;
            let outcome = scene(Some((number, turn)));
            // Where the Region comes back meanwhile, a kill may decide which end is reached.
            let ends_otherwise = lasts.is_none() && outcome.end != base.end;
            if !outcome.violations.is_empty() || ends_otherwise {
                table.failures.push((number, turn, outcome));
            }
        }
    }
    table
}

impl KillTable {
    /// All kills.
    pub fn total(&self) -> u64 {
        self.kills.values().sum()
    }

    /// As a table.
    pub fn told(&self) -> String {
        let mut text = String::new();
        for (caller, kills) in &self.kills {
            let _ = writeln!(text, "  {:<12} {kills:>8}", caller.to_string());
        }
        for (number, turn, outcome) in &self.failures {
            let _ = writeln!(text, "invocation {number} killed at turn {turn}: {}", outcome.told());
        }
        text
    }

    /// Takes in another table.
    pub fn add(&mut self, other: Self) {
        for (caller, kills) in other.kills {
            *self.kills.entry(caller).or_default() += kills;
        }
        self.failures.extend(other.failures);
    }
}
