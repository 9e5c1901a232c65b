//! A run in a few words: what happened in the world and what the journals say, by time.

use std::collections::BTreeMap;

use leeward_core::evidence::{Signal, Vote};
use leeward_core::time::Timestamp;
use leeward_ports::Put;
use leeward_ports::fake::Happened;

use super::incidents::Incident;
use crate::check::Evidence;
use crate::rig::sentence;

/// Longest story: enough for the shrunk runs that it is told of.
const LINES_MAX: usize = 160;

/// What the timetable began (`true`) or ended, and when.
pub(super) type Struck = (Timestamp, Incident, bool);

/// Tells it.
pub(super) fn story(evidence: &Evidence, struck: &[Struck]) -> Vec<String> {
    let mut told: Vec<(String, String)> = struck
        .iter()
        .map(|(at, incident, begins)| {
            let what = if *begins { "begins" } else { "is over" };
            (at.to_string(), format!("drawn    {incident:?} {what}"))
        })
        .collect();
    told.extend(votes(evidence));
    for h in &evidence.happenings {
        let words = match &h.what {
            Happened::Landed { change, frozen, changed } => {
                let by = if frozen.is_some() { "" } else { " by hand" };
                let effect = if *changed { "" } else { ", nothing changed" };
                format!("landed{by}: {change}{effect}")
            }
            Happened::Rejected { change, code } => format!("rejected ({code}): {change}"),
            other @ (Happened::RegionIs { .. }
            | Happened::AcceptBegan { .. }
            | Happened::AcceptEnded { .. }
            | Happened::Promoted { .. }
            | Happened::Demoted { .. }
            | Happened::LeaseMoved { .. }
            | Happened::ClockSet { .. }
            | Happened::LetIn { .. }
            | Happened::Served { .. }
            | Happened::Order { .. }) => format!("{other:?}"),
        };
        told.push((h.at.to_string(), format!("world    {words}")));
    }
    for (generation, at, record) in evidence.entries() {
        let words = format!(
            "g{generation} {:>3}   {} (dated {}, by {})",
            record.seq.0,
            sentence(&record.entry),
            record.at,
            record.by
        );
        told.push((at.to_string(), words));
    }
    told.sort_by(|a, b| a.0.cmp(&b.0));
    let left_out = told.len().saturating_sub(LINES_MAX);
    let mut lines: Vec<String> =
        told.into_iter().skip(left_out).map(|(at, words)| format!("{at} {words}")).collect();
    if left_out > 0 {
        lines.insert(0, format!("… {left_out} lines before"));
    }
    lines
}

/// Each stored vote that says something else than the voter's vote before it.
fn votes(evidence: &Evidence) -> Vec<(String, String)> {
    let mut last: BTreeMap<&str, Vote> = BTreeMap::new();
    let mut told = Vec::new();
    for write in evidence.writes.iter().filter(|w| w.put == Some(Put::Done)) {
        let Some(voter) = write.item.key.sk.strip_prefix("SIG#") else { continue };
        let Ok(signal) = serde_json::from_str::<Signal>(&write.item.body) else { continue };
        if last.insert(voter, signal.vote) != Some(signal.vote) {
            let words = format!("vote     {voter}: {:?} since {}", signal.vote, signal.since);
            told.push((write.at.to_string(), format!("{words}: {}", signal.evidence)));
        }
    }
    told
}
