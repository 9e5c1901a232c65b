//! A run in a few words: what happened in the world and what the journals say, by time.

use leeward_ports::fake::Happened;

use crate::check::Evidence;
use crate::rig::sentence;

/// Longest story: enough for the shrunk runs that it is told of.
const LINES_MAX: usize = 160;

/// Tells it.
pub(super) fn story(evidence: &Evidence) -> Vec<String> {
    let mut told: Vec<(String, String)> = Vec::new();
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
