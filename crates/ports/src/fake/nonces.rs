//! Marks drawn from a seed.

use std::sync::{Arc, Mutex};

use leeward_core::ids::{Nonce, Text};

use super::clock::locked;
use crate::Nonces;

/// Marks that differ from each other and are the same for the same seed. Clones draw from one source.
#[derive(Debug, Clone)]
pub struct SeededNonces(Arc<Mutex<u64>>);

impl SeededNonces {
    /// Draws from that seed.
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(seed)))
    }
}

/// A number as its sixteen digits: a mark is drawn at each look of a step, and no formatter is asked for it.
fn hexadecimal(number: u64) -> Text {
    let digit = |place: usize| b"0123456789abcdef"[(number >> (60 - 4 * place)) as usize & 15];
    let digits: [u8; 16] = std::array::from_fn(digit);
    str::from_utf8(&digits).unwrap_or_default().into()
}

impl Nonces for SeededNonces {
    fn draw(&self) -> Nonce {
        let mut state = locked(&self.0);
        // SplitMix64: a permutation of 64 bits, so no mark comes twice within 2^64 draws.
        *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = *state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        Nonce::new(hexadecimal(z ^ (z >> 31)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_written_as_a_formatter_writes_it() {
        for number in [0, 1, 0xf0, 0x0123_4567_89ab_cdef, u64::MAX] {
            assert_eq!(hexadecimal(number), format!("{number:016x}"));
        }
    }

    #[test]
    fn the_same_seed_draws_the_same_and_no_mark_comes_twice() {
        let (one, other) = (SeededNonces::new(7), SeededNonces::new(7));
        let drawn: Vec<Nonce> = (0..100).map(|_| one.draw()).collect();
        assert!(drawn.iter().all(|n| *n == other.draw()));
        let distinct: std::collections::BTreeSet<&Nonce> = drawn.iter().collect();
        assert_eq!(distinct.len(), drawn.len());
    }
}
