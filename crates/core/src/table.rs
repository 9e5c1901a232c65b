//! Keys of the state table.

use smol_str::{SmolStrBuilder, format_smolstr};

use crate::ids::{Digest, Generation, PlanId, Seq, Text, VoterId, WorkloadId};
use crate::index::By;
use crate::lease_home::LeasePlace;
use crate::time::Timestamp;

/// Partition and sort key of an item.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Partition key, attribute `pk`.
    pub pk: Text,
    /// Sort key, attribute `sk`.
    pub sk: Text,
}

impl Key {
    /// The key of those parts.
    pub fn new(pk: impl Into<Text>, sk: impl Into<Text>) -> Self {
        Self { pk: pk.into(), sk: sk.into() }
    }

    /// Hint where the latest generation is; never trusted.
    pub fn generation_hint(workload: &WorkloadId) -> Self {
        Self::new(workload_partition(workload), "GEN")
    }

    /// The latest signal of a voter.
    pub fn signal(workload: &WorkloadId, voter: &VoterId) -> Self {
        Self::new(workload_partition(workload), joined(&[SIGNALS, voter.as_str()]))
    }

    /// The latest signal of a voter as the open generation's own plan has it, where a plan in force has another
    /// voter of that name. One place a voter: generations do not overlap.
    pub fn signal_of_open(workload: &WorkloadId, voter: &VoterId) -> Self {
        Self::new(workload_partition(workload), joined(&[SIGNALS, voter.as_str(), OF_OPEN]))
    }

    /// A last known good fact.
    pub fn snapshot(workload: &WorkloadId, kind: &str, id: &str) -> Self {
        Self::new(workload_partition(workload), joined(&[SNAPSHOTS, kind, "#", id]))
    }

    /// A refused start, by its time.
    pub fn refusal(workload: &WorkloadId, at: Timestamp) -> Self {
        Self::new(
            workload_partition(workload),
            format_smolstr!("{REFUSALS}{:020}", at.as_millisecond()),
        )
    }

    /// The last generation of which people have been told everything, and whose journal is closed.
    pub fn told(workload: &WorkloadId) -> Self {
        Self::new(workload_partition(workload), "TOLD")
    }

    /// An impairment, by when it was put on record.
    pub fn impairment(workload: &WorkloadId, opened: Timestamp) -> Self {
        let place = format_smolstr!("{IMPAIRMENTS}{:020}", opened.as_millisecond());
        Self::new(workload_partition(workload), place)
    }

    /// An entry of a journal.
    pub fn journal(workload: &WorkloadId, generation: Generation, seq: Seq) -> Self {
        Self::new(
            generation_partition(workload, generation),
            joined(&[JOURNAL, Digits::of(seq.0).padded(SEQ_DIGITS)]),
        )
    }

    /// Mark that the notification owed for an entry was delivered to one receiver.
    pub fn delivered(
        workload: &WorkloadId,
        generation: Generation,
        seq: Seq,
        receiver: &Digest,
    ) -> Self {
        Self::new(
            generation_partition(workload, generation),
            joined(&[DELIVERED, Digits::of(seq.0).padded(SEQ_DIGITS), "#", receiver.as_str()]),
        )
    }

    /// Evidence, by its digest.
    pub fn evidence(workload: &WorkloadId, generation: Generation, digest: &Digest) -> Self {
        Self::new(generation_partition(workload, generation), joined(&["EV#", digest.as_str()]))
    }

    /// The plan in force.
    pub fn plan_current(plan: &PlanId) -> Self {
        Self::new(joined(&["PLAN#", plan.as_str()]), "CURRENT")
    }

    /// A version of a plan.
    pub fn plan_version(plan: &PlanId, digest: &Digest) -> Self {
        Self::new(joined(&["PLAN#", plan.as_str()]), joined(&["V#", digest.as_str()]))
    }

    /// The list of plans: one item a plan, so that a sweep is one query.
    pub fn plan_listed(plan: &PlanId) -> Self {
        Self::new(PLANS, plan.as_str())
    }

    /// Mark in an index that a plan is found there.
    pub fn indexed(by: &By, plan: &PlanId) -> Self {
        Self::new(by.partition(), plan.as_str())
    }

    /// The brake across workloads.
    pub fn brake() -> Self {
        Self::new("SYSTEM", "BRAKE")
    }

    /// The switch that stops openings and starts.
    pub fn switch() -> Self {
        Self::new("SYSTEM", "SWITCH")
    }
}

/// Places of an entry's number, so that keys stand in the order of the entries.
const SEQ_DIGITS: usize = 10;

/// The decimal digits of a number: all places, and where the number begins.
struct Digits([u8; 20], usize);

impl Digits {
    fn of(mut number: u64) -> Self {
        let (mut digits, mut from) = ([b'0'; 20], 20);
        for (place, digit) in digits.iter_mut().enumerate().rev() {
            *digit += (number % 10) as u8;
            number /= 10;
            from = place;
            if number == 0 {
                break;
            }
        }
        Self(digits, from)
    }

    /// At least so many of them, zeros in front.
    fn padded(&self, width: usize) -> &str {
        let digits = &self.0[self.1.min(self.0.len() - width)..];
        str::from_utf8(digits).unwrap_or_default()
    }
}

/// A text of these parts. Every read and write begins with a key: no formatter is asked for it.
fn joined(parts: &[&str]) -> Text {
    let mut text = SmolStrBuilder::new();
    parts.iter().for_each(|part| text.push_str(part));
    text.finish()
}

/// The entry and the receiver's digest that a delivery mark's sort key names.
pub fn delivery(sk: &str) -> Option<(Seq, &str)> {
    let (seq, receiver) = sk.strip_prefix(DELIVERED)?.split_once('#')?;
    Some((Seq(seq.parse().ok()?), receiver))
}

/// Partition of a workload.
pub fn workload_partition(workload: &WorkloadId) -> Text {
    joined(&["W#", workload.as_str()])
}

/// Partition of a generation.
pub fn generation_partition(workload: &WorkloadId, generation: Generation) -> Text {
    joined(&["G#", workload.as_str(), "#", Digits::of(generation.0).padded(1)])
}

/// Partition that lists the plans.
pub const PLANS: &str = "PLANS";
/// Sort key prefix of signals.
pub const SIGNALS: &str = "SIG#";
/// End of the sort key of what is seen by the open generation's own plan. No voter's name holds `#`.
pub const OF_OPEN: &str = "#open";
/// Sort key prefix of snapshots.
pub const SNAPSHOTS: &str = "SNAP#";
/// Sort key prefix of refusals.
pub const REFUSALS: &str = "REFUSED#";
/// Sort key prefix of impairments.
pub const IMPAIRMENTS: &str = "IMP#";
/// Sort key prefix of journal entries.
pub const JOURNAL: &str = "J#";
/// Sort key prefix of delivery marks.
pub const DELIVERED: &str = "OUT#";

/// Key of a workload's writer lease, in the lease's own table.
pub fn lease_key(workload: &WorkloadId) -> String {
    format!("LEASE#{workload}")
}

/// Owner of a lease that lives in another table now: no recovery takes it and none grants it.
pub const MOVED: &str = "moved";
/// Partition that lists every workload that has or had a plan.
pub const WORKLOADS: &str = "WORKLOADS";
/// Sort key prefix of the tables that a workload's lease is or was in.
pub const LEASE_PLACES: &str = "LEASE#";
/// Sort key prefix of what people did to a workload outside of any generation.
pub const DEEDS: &str = "DEED#";

/// Key that keeps where a workload's lease is or was.
pub fn lease_place_key(workload: &WorkloadId, place: &LeasePlace) -> Key {
    Key {
        pk: workload_partition(workload),
        sk: format_smolstr!("{LEASE_PLACES}{}#{}", place.region, place.table),
    }
}

/// Key of what a person did to a workload.
pub fn deed_key(workload: &WorkloadId, at: Timestamp, nonce: &str) -> Key {
    Key {
        pk: workload_partition(workload),
        sk: format_smolstr!("{DEEDS}{:020}#{nonce}", at.as_millisecond()),
    }
}

/// Owner of a lease that nobody holds.
pub const NOBODY: &str = "nobody";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_keys_are_written_as_a_formatter_writes_them() {
        for number in [0, 1, 9, 10, 47, 999_999_999, 10_000_000_000, u64::MAX] {
            assert_eq!(Digits::of(number).padded(SEQ_DIGITS), format!("{number:010}"));
            assert_eq!(Digits::of(number).padded(1), number.to_string());
        }
    }

    #[test]
    fn a_key_names_what_it_is_of() {
        let (workload, digest) = (WorkloadId::new("orders"), Digest::new("ab"));
        let key = |key: Key| format!("{}/{}", key.pk, key.sk);
        assert_eq!(
            key(Key::journal(&workload, Generation(12), Seq(7))),
            "G#orders#12/J#0000000007"
        );
        let delivered = Key::delivered(&workload, Generation(1), Seq(10), &digest);
        assert_eq!(delivery(&delivered.sk), Some((Seq(10), "ab")));
        assert_eq!(key(delivered), "G#orders#1/OUT#0000000010#ab");
        assert_eq!(key(Key::evidence(&workload, Generation(2), &digest)), "G#orders#2/EV#ab");
        assert_eq!(key(Key::signal(&workload, &"canary".into())), "W#orders/SIG#canary");
        assert_eq!(key(Key::snapshot(&workload, "peak", "web")), "W#orders/SNAP#peak#web");
        assert_eq!(key(Key::plan_version(&PlanId::new("p"), &digest)), "PLAN#p/V#ab");
        assert_eq!(key(Key::plan_current(&PlanId::new("p"))), "PLAN#p/CURRENT");
    }
}
