//! The terms of a writer lease: for how long a holder may still acknowledge a write after its last renewal.
//!
//! A plan names them, and each holder writes its own into the lease's item. Both may be wrong about the other:
//! what is reckoned with is the larger of the two, part by part.

use serde::{Deserialize, Serialize};

use crate::plan::WriterLease;
use crate::planted::{self, Bug};
use crate::time::Span;
use crate::world::LeaseView;

/// The three parts that add up to a holder's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct LeaseTerms {
    /// How long after sending its last renewal a holder may accept writes, by its own clock.
    pub ttl: Span,
    /// Longest statement that may still be running when the lease ends.
    pub longest_statement: Span,
    /// Most that a holder's clock may run slow over one lease.
    pub drift: Span,
}

impl LeaseTerms {
    /// How long after a renewal was sent the last write can still be acknowledged.
    pub fn expiry(self) -> Span {
        self.ttl.plus(self.drift).plus(self.longest_statement)
    }

    /// The larger of each part: at least as long as either.
    #[must_use]
    pub fn larger(self, other: Self) -> Self {
        Self {
            ttl: self.ttl.max(other.ttl),
            longest_statement: self.longest_statement.max(other.longest_statement),
            drift: self.drift.max(other.drift),
        }
    }

    /// The parts in which these are larger than `other`, each as `ttl 1m (3s)`.
    pub fn beyond(self, other: Self) -> Vec<String> {
        let parts = [
            ("ttl", self.ttl, other.ttl),
            ("longest-statement", self.longest_statement, other.longest_statement),
            ("drift", self.drift, other.drift),
        ];
        let larger = parts.into_iter().filter(|(_, own, theirs)| own > theirs);
        larger.map(|(name, own, theirs)| format!("{name} {own} ({theirs})")).collect()
    }
}

impl WriterLease {
    /// The terms that the plan names.
    pub fn terms(&self) -> LeaseTerms {
        LeaseTerms { ttl: self.ttl, longest_statement: self.longest_statement, drift: self.drift }
    }
}

impl LeaseView {
    /// How long after a renewal its last holder may still acknowledge a write: the larger of what the item and
    /// the plan say. `None`: the item does not say it, so nobody knows.
    pub fn expiry(&self, lease: &WriterLease) -> Option<Span> {
        if planted::is(Bug::PlanTermsAlone) {
            return Some(lease.expiry());
        }
        Some(self.terms?.larger(lease.terms()).expiry())
    }
}

/// What is said of an item that does not bear its holders' terms.
pub fn without_terms(item: impl std::fmt::Display) -> String {
    format!(
        "{item} does not say for how long its holders may write (attributes ttl_ms, longest_ms and drift_ms, which each holder writes by the contract): nothing proves when the old side stops"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::example;
    use crate::time::Timestamp;

    fn terms(ttl: u64, longest: u64, drift: u64) -> LeaseTerms {
        LeaseTerms {
            ttl: Span::seconds(ttl),
            longest_statement: Span::seconds(longest),
            drift: Span::seconds(drift),
        }
    }

    fn lease() -> WriterLease {
        let plan: crate::plan::Plan = serde_json::from_value(example::orders()).unwrap();
        plan.databases[0].lease().unwrap().clone()
    }

    fn view(terms: Option<LeaseTerms>) -> LeaseView {
        LeaseView {
            owner: "us-east-1".into(),
            epoch: 1,
            effect: "".into(),
            renewed_at: None,
            terms,
            answered_at: Timestamp::UNIX_EPOCH,
        }
    }

    /// The plan says ttl 15 s, longest statement 10 s, drift 1 s.
    #[test]
    fn the_larger_of_item_and_plan_counts_part_by_part() {
        let expiry = |t| view(t).expiry(&lease());
        assert_eq!(expiry(Some(terms(60, 0, 0))), Some(Span::seconds(71)));
        assert_eq!(expiry(Some(terms(3, 20, 0))), Some(Span::seconds(36)));
        assert_eq!(expiry(Some(terms(3, 1, 5))), Some(Span::seconds(30)));
        assert_eq!(expiry(Some(terms(3, 1, 0))), Some(lease().expiry()));
    }

    #[test]
    fn an_item_without_terms_says_nothing() {
        assert_eq!(view(None).expiry(&lease()), None);
    }

    #[test]
    fn what_is_larger_is_named_with_both_numbers() {
        assert!(terms(3, 10, 1).beyond(lease().terms()).is_empty());
        let larger = terms(60, 10, 2).beyond(lease().terms());
        assert_eq!(larger, ["ttl 1m (15s)", "drift 2s (1s)"]);
    }
}
