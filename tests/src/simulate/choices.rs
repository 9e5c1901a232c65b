//! The choice vector: every decision of a run draws from it, so that a run is replayed by it alone.
//!
//! A decision is a number below some bound, and 0 is always the harmless one (nothing goes wrong, the
//! oldest task first): a vector with more zeros is a simpler run, which is what shrinking looks for.

/// Decisions on record, and where further ones come from.
#[derive(Debug, Clone)]
pub struct Choices {
    given: Vec<u32>,
    made: Vec<u32>,
    random: Option<Random>,
}

/// SplitMix64: small, fast, and the same everywhere.
#[derive(Debug, Clone, Copy)]
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Below `bound`, which is small: the bias of the multiplication is below 2^-32.
    fn below(&mut self, bound: u32) -> u32 {
        let high = self.next() >> 32;
        ((high * u64::from(bound)) >> 32) as u32
    }
}

impl Choices {
    /// Decisions drawn from a seed.
    pub fn seeded(seed: u64) -> Self {
        Self { given: Vec::new(), made: Vec::new(), random: Some(Random(seed)) }
    }

    /// Recorded decisions; beyond their end every decision is the harmless one.
    pub fn recorded(given: Vec<u32>) -> Self {
        Self { given, made: Vec::new(), random: None }
    }

    /// Recorded decisions; beyond their end they are drawn from a seed.
    pub fn continued(given: Vec<u32>, seed: u64) -> Self {
        Self { given, made: Vec::new(), random: Some(Random(seed)) }
    }

    /// Takes every decision that was made, without the harmless ones at the end.
    pub fn take_vector(&mut self) -> Vec<u32> {
        let mut made = std::mem::take(&mut self.made);
        while made.last() == Some(&0) {
            made.pop();
        }
        made
    }

    /// How many decisions were made.
    pub fn made(&self) -> usize {
        self.made.len()
    }

    /// One decision: the recorded one, or `draw`.
    fn decide(&mut self, bound: u32, draw: impl FnOnce(&mut Random) -> u32) -> u32 {
        let value = match (self.given.get(self.made.len()), &mut self.random) {
            (Some(given), _) => (*given).min(bound.saturating_sub(1)),
            (None, Some(random)) => draw(random),
            (None, None) => 0,
        };
        self.made.push(value);
        value
    }

    /// A number below `bound`, each as likely.
    pub fn below(&mut self, bound: u32) -> u32 {
        if bound <= 1 {
            return 0;
        }
        self.decide(bound, |random| random.below(bound))
    }

    /// Yes, in so many of a thousand cases.
    pub fn chance(&mut self, per_mille: u32) -> bool {
        per_mille > 0 && self.decide(2, |r| u32::from(r.below(1000) < per_mille)) == 1
    }

    /// 0, or the place (from 1) of one of the weights, which are parts of a thousand.
    pub fn one_of(&mut self, weights: &[u32]) -> usize {
        let bound = u32::try_from(weights.len()).unwrap_or(u32::MAX).saturating_add(1);
        if bound == 1 {
            return 0;
        }
        self.decide(bound, |random| {
            let drawn = random.below(1000);
            let mut below = 0;
            for (place, weight) in (1u32..).zip(weights) {
                below += weight;
                if drawn < below {
                    return place;
                }
            }
            0
        }) as usize
    }

    /// One of a list, the first being the harmless one.
    pub fn pick<'a, T>(&mut self, list: &'a [T]) -> Option<&'a T> {
        let bound = u32::try_from(list.len()).unwrap_or(u32::MAX);
        list.get(self.below(bound) as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(choices: &mut Choices) -> Vec<u32> {
        (0..200)
            .map(|i| if i % 2 == 0 { choices.below(7) } else { choices.one_of(&[100, 300]) as u32 })
            .collect()
    }

    #[test]
    fn a_vector_replays_what_a_seed_drew_and_ends_harmless() {
        let mut seeded = Choices::seeded(3);
        let first = drawn(&mut seeded);
        assert!(first.iter().any(|v| *v > 0));
        let vector = seeded.take_vector();
        assert_eq!(drawn(&mut Choices::recorded(vector)), first);
        assert!(drawn(&mut Choices::recorded(vec![3])).iter().skip(1).all(|v| *v == 0));
    }

    #[test]
    fn a_recorded_decision_stays_below_its_bound() {
        assert_eq!(Choices::recorded(vec![9]).below(4), 3);
        assert_eq!(Choices::recorded(vec![9]).below(1), 0);
    }
}
