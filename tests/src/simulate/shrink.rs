//! A failing run made simple: shorter vectors and more zeros, as long as the same invariant breaks.

use super::outcome::{Outcome, replay};
use super::setup::Setup;

/// Most runs that shrinking one failure may take.
const RUNS_MAX: usize = 1500;

struct Search<'s> {
    setup: &'s Setup,
    invariant: &'static str,
    best: Outcome,
    runs: usize,
}

/// The simplest run found that breaks the same invariant.
pub fn shrink(setup: &Setup, failed: &Outcome) -> Outcome {
    let Some(first) = failed.violations.first() else { return failed.clone() };
    let invariant = first.invariant;
    let mut search = Search { setup, invariant, best: failed.clone(), runs: 0 };
    search.truncate();
    loop {
        let before = (search.best.vector.len(), weight(&search.best.vector));
        search.remove_chunks();
        search.zero_chunks();
        search.lower();
        let after = (search.best.vector.len(), weight(&search.best.vector));
        if after == before || search.runs >= RUNS_MAX {
            return search.best;
        }
    }
}

/// Decisions that are not harmless.
fn weight(vector: &[u32]) -> usize {
    vector.iter().filter(|v| **v != 0).count()
}

impl Search<'_> {
    /// Keeps a vector that still breaks it and is simpler.
    fn attempt(&mut self, vector: &[u32]) -> bool {
        if self.runs >= RUNS_MAX {
            return false;
        }
        self.runs += 1;
        let outcome = replay(self.setup, vector, self.best.pace);
        let breaks = outcome.violations.iter().any(|v| v.invariant == self.invariant);
        let measure =
            |v: &[u32]| (weight(v), v.len(), v.iter().map(|n| u64::from(*n)).sum::<u64>());
        let simpler = measure(&outcome.vector) < measure(&self.best.vector);
        if breaks && simpler {
            self.best = Outcome { seed: self.best.seed, ..outcome };
        }
        breaks && simpler
    }

    fn truncate(&mut self) {
        loop {
            let half = self.best.vector[..self.best.vector.len() / 2].to_vec();
            if half.is_empty() || !self.attempt(&half) {
                return;
            }
        }
    }

    /// Goes over the vector in chunks, large ones first, with what `change` makes of one.
    fn chunks(&mut self, change: impl Fn(&mut Vec<u32>, std::ops::Range<usize>)) {
        let mut size = (self.best.vector.len() / 2).max(1);
        loop {
            let mut from = 0;
            while from < self.best.vector.len() && self.runs < RUNS_MAX {
                let mut vector = self.best.vector.clone();
                let range = from..(from + size).min(vector.len());
                if vector[range.clone()].iter().any(|v| *v != 0) {
                    change(&mut vector, range);
                    self.attempt(&vector);
                }
                from += size;
            }
            if size == 1 || self.runs >= RUNS_MAX {
                return;
            }
            size /= 2;
        }
    }

    fn zero_chunks(&mut self) {
        self.chunks(|vector, range| vector[range].fill(0));
    }

    fn remove_chunks(&mut self) {
        self.chunks(|vector, range| {
            vector.drain(range);
        });
    }

    fn lower(&mut self) {
        for place in 0..self.best.vector.len() {
            while let Some(value) = self.best.vector.get(place).copied().filter(|v| *v > 0) {
                let mut vector = self.best.vector.clone();
                vector[place] = value / 2;
                if !self.attempt(&vector) {
                    break;
                }
            }
        }
    }
}
