//! Keys of the state table.

use smol_str::format_smolstr;

use crate::ids::{Digest, Generation, PlanId, Seq, Text, VoterId, WorkloadId};
use crate::index::By;
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
        Self::new(workload_partition(workload), format_smolstr!("{SIGNALS}{voter}"))
    }

    /// A last known good fact.
    pub fn snapshot(workload: &WorkloadId, kind: &str, id: &str) -> Self {
        Self::new(workload_partition(workload), format_smolstr!("{SNAPSHOTS}{kind}#{id}"))
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
            format_smolstr!("{JOURNAL}{:010}", seq.0),
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
            format_smolstr!("{DELIVERED}{:010}#{receiver}", seq.0),
        )
    }

    /// Evidence, by its digest.
    pub fn evidence(workload: &WorkloadId, generation: Generation, digest: &Digest) -> Self {
        Self::new(generation_partition(workload, generation), format_smolstr!("EV#{digest}"))
    }

    /// The plan in force.
    pub fn plan_current(plan: &PlanId) -> Self {
        Self::new(format_smolstr!("PLAN#{plan}"), "CURRENT")
    }

    /// A version of a plan.
    pub fn plan_version(plan: &PlanId, digest: &Digest) -> Self {
        Self::new(format_smolstr!("PLAN#{plan}"), format_smolstr!("V#{digest}"))
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

/// The entry and the receiver's digest that a delivery mark's sort key names.
pub fn delivery(sk: &str) -> Option<(Seq, &str)> {
    let (seq, receiver) = sk.strip_prefix(DELIVERED)?.split_once('#')?;
    Some((Seq(seq.parse().ok()?), receiver))
}

/// Partition of a workload.
pub fn workload_partition(workload: &WorkloadId) -> Text {
    format_smolstr!("W#{workload}")
}

/// Partition of a generation.
pub fn generation_partition(workload: &WorkloadId, generation: Generation) -> Text {
    format_smolstr!("G#{workload}#{generation}")
}

/// Partition that lists the plans.
pub const PLANS: &str = "PLANS";
/// Sort key prefix of signals.
pub const SIGNALS: &str = "SIG#";
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

/// Owner of a lease that nobody holds.
pub const NOBODY: &str = "nobody";
