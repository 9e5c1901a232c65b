//! Counts of things that are few and come often: a list is faster than a tree.

/// Something that is counted.
pub trait Counted: Copy + Ord {
    /// Whether it is known at a glance to be the same. What is not stands twice until it is sorted.
    fn is(&self, other: &Self) -> bool;
}

/// How often each of some things came. The more often one comes, the nearer to the front it stands.
#[derive(Debug, Clone)]
pub struct Counts<K>(Vec<(K, u64)>);

impl<K> Default for Counts<K> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K: Counted> Counts<K> {
    /// It came so many times more.
    pub fn add(&mut self, what: K, times: u64) {
        match self.0.iter().position(|(known, _)| known.is(&what)) {
            Some(place) => {
                self.0[place].1 += times;
                self.0.swap(place, place / 2);
            }
            None => self.0.push((what, times)),
        }
    }

    /// Takes in other counts.
    pub fn merge(&mut self, other: &Self) {
        other.0.iter().for_each(|(what, times)| self.add(*what, *times));
    }

    /// What came at all.
    pub fn what(&self) -> impl Iterator<Item = K> {
        self.0.iter().map(|(what, _)| *what)
    }

    /// How often anything came.
    pub fn all(&self) -> u64 {
        self.0.iter().map(|(_, times)| times).sum()
    }

    /// Each with its count, in their own order.
    pub fn sorted(&self) -> Vec<(K, u64)> {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        sorted.dedup_by(|later, earlier| {
            let same = later.0 == earlier.0;
            earlier.1 += if same { later.1 } else { 0 };
            same
        });
        sorted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Counted for char {
        fn is(&self, other: &Self) -> bool {
            // At a glance an x is no x.
            self == other && *self != 'x'
        }
    }

    #[test]
    fn counts_add_up_whatever_the_order() {
        let (mut one, mut other) = (Counts::default(), Counts::default());
        "abxcabacbxba".chars().for_each(|letter| one.add(letter, 1));
        "cadx".chars().for_each(|letter| other.add(letter, 2));
        one.merge(&other);
        assert_eq!(one.sorted(), [('a', 6), ('b', 4), ('c', 4), ('d', 2), ('x', 4)]);
        assert_eq!(one.all(), 20);
        assert!("abcdx".chars().all(|letter| one.what().any(|known| known == letter)));
    }
}
