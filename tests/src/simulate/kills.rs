//! Every await point killed once: the base run counts the turns of each invocation, then one run for
//! each turn kills the invocation there. The next attempts must bring the recovery to a good end.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use leeward_core::ids::Side;
use leeward_core::journal::End;
use leeward_core::time::Span;
use leeward_ports::fake::RegionState;

use super::choices::Choices;
use super::forced::Forced;
use super::outcome::{Outcome, play};
use super::setup::Setup;
use super::sites::Caller;

/// What killing everywhere has shown.
#[derive(Debug, Clone, Default)]
pub struct KillTable {
    /// Kills by who was killed.
    pub kills: BTreeMap<Caller, u64>,
    /// How many runs ended how.
    pub ends: BTreeMap<String, u64>,
    /// Runs in which something does not hold, or whose end is not a good one.
    pub failures: Vec<(usize, u32, Outcome)>,
}

/// Kills at every turn of every invocation (or at every `stride`-th) of a recovery of that plan from
/// a dead Region that stays dead, or comes back after `lasts`.
pub fn kill_everywhere(setup: &Setup, plan: u32, lasts: Option<Span>, stride: usize) -> KillTable {
    let forced =
        |kill| Forced { kill, only: Some((RegionState::Dead, lasts)), ..Forced::default() };
    let scene = |kill| play(setup, Choices::recorded(vec![plan]), forced(kill));
    // A kill that never comes: the same run, and no mishap is drawn.
    let nothing = |base: &Outcome| base.generations == 0 || base.bad_end(false).is_some();
    let base = scene(Some((usize::MAX, 0))).judged_and(nothing);
    let mut table = KillTable::default();
    if !base.violations.is_empty() || nothing(&base) {
        table.failures.push((0, 0, base));
        return table;
    }
    let forward = lasts.is_none() && base.end == Some(End::Recovered);
    let mut point = 0;
    for (number, (caller, turns)) in base.turns.iter().enumerate() {
        for turn in 1..=*turns {
            point += 1;
            if point % stride.max(1) != 0 {
                continue;
            }
            *table.kills.entry(*caller).or_default() += 1;
            let bad = |outcome: &Outcome| outcome.bad_end(forward).is_some();
            let outcome = scene(Some((number, turn))).judged_and(bad);
            let end = outcome.end.map_or("none opened".to_owned(), |end| format!("{end:?}"));
            *table.ends.entry(end).or_default() += 1;
            if !outcome.violations.is_empty() || bad(&outcome) {
                table.failures.push((number, turn, outcome));
            }
        }
    }
    table
}

impl Outcome {
    /// Why this is no end that a kill may lead to; `None`: it is one.
    ///
    /// `forward`: the Region stays dead and the base run recovers, so nothing but Recovered will do, with
    /// users served from the standby. Otherwise the Region came back while the generation was open (by
    /// itself, or because everything heals once a generation waits for a person). Then a minute more or
    /// less decides what the votes say, so the other good end will do as well: RolledBack, or no
    /// generation at all, with users served from the primary. The minute goes either way: a fence of the
    /// side that is well again may have made its voters say down. An end by abandoning is never good, nor
    /// is a generation that stays open, nor a side that nobody is served from.
    pub(super) fn bad_end(&self, forward: bool) -> Option<String> {
        match (self.end, self.served) {
            (Some(End::Recovered), Some(Side::Standby)) => None,
            // A person took it home again after it had recovered.
            (Some(End::Recovered), Some(Side::Primary)) if self.generations > 1 => None,
            (Some(End::RolledBack), Some(Side::Primary)) if !forward => None,
            (None, Some(Side::Primary)) if !forward && self.generations == 0 => None,
            (end, served) => Some(format!("ends {end:?}, users served from {served:?}")),
        }
    }
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
        for (end, runs) in &self.ends {
            let _ = writeln!(text, "  {end:<12} {runs:>8}");
        }
        for (number, turn, outcome) in &self.failures {
            let end = outcome.bad_end(false).unwrap_or_default();
            let _ = writeln!(
                text,
                "invocation {number} killed at turn {turn}: {end} {}",
                outcome.told()
            );
        }
        text
    }

    /// Takes in another table.
    pub fn add(&mut self, other: Self) {
        for (caller, kills) in other.kills {
            *self.kills.entry(caller).or_default() += kills;
        }
        for (end, runs) in other.ends {
            *self.ends.entry(end).or_default() += runs;
        }
        self.failures.extend(other.failures);
    }
}
