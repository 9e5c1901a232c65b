//! Voters of all twelve kinds that see badly, and a Region that dies in silence: what the detector does.

use std::collections::BTreeSet;

use leeward_core::plan::VoterKind;
use leeward_core::time::Span;
use leeward_tests::eyes::{deceived, one_region_wrong, plan, silent};

const RUNS: u64 = 40;

#[test]
fn every_kind_of_voter_looks() {
    let kinds: BTreeSet<VoterKind> = plan().detection.voters.iter().map(|v| v.kind()).collect();
    assert_eq!(kinds.len(), 12, "{kinds:?}");
}

#[test]
fn noise_flapping_blindness_and_lost_events_open_nothing_without_a_sustained_quorum_and_a_witness()
{
    let shown: Vec<_> = (1..=RUNS).map(deceived).collect();
    let breaches: Vec<&String> = shown.iter().flat_map(|s| &s.breaches).collect();
    assert!(breaches.is_empty(), "{breaches:#?}");
    let opened = shown.iter().filter(|s| s.latency.is_some()).count();
    println!("{opened} of {RUNS} deceits were sustained by a quorum with a witness");
    assert!(opened < shown.len(), "some deceits were not");
}

#[test]
fn all_voters_of_the_primary_wrong_together_open_nothing() {
    let plan = plan();
    for region in [&plan.regions.primary, &plan.regions.standby, &plan.regions.control] {
        let shown: Vec<_> = (1..=RUNS / 4).map(|seed| one_region_wrong(seed, region)).collect();
        let breaches: Vec<&String> = shown.iter().flat_map(|s| &s.breaches).collect();
        assert!(breaches.is_empty(), "{region}: {breaches:#?}");
    }
}

#[test]
fn a_silent_death_is_found_within_the_sustain_time_and_one_sweep_of_its_signals() {
    let shown: Vec<_> = (1..=RUNS).map(silent).collect();
    let breaches: Vec<&String> = shown.iter().flat_map(|s| &s.breaches).collect();
    assert!(breaches.is_empty(), "{breaches:#?}");
    let mut latencies: Vec<Span> = shown.iter().filter_map(|s| s.latency).collect();
    latencies.sort();
    println!(
        "{} silent deaths: {:?} to {:?}",
        latencies.len(),
        latencies.first(),
        latencies.last()
    );
    assert_eq!(latencies.len(), shown.len());
}
