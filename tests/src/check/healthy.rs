//! A workload that is well stays where it is.

use leeward_core::ids::{Direction, Side};
use leeward_core::journal::{Entry, Trigger};
use leeward_core::time::{Span, Timestamp, since};
use leeward_ports::fake::{Happened, RegionState};

use super::evidence::{Case, Journal};

/// So long before an opening nothing may have been wrong: the longest time that alarms take to follow, a vote to
/// last, and two sweeps to see it.
const WELL_FOR: Span = Span::minutes(15);

/// S17: a recovery that the evidence opened had something to recover from: some Region was ill, users were not
/// served, or a quorum of voters was made to say so.
pub(super) fn stays(evidence: &Case<'_>) -> Vec<String> {
    let Some(deceived) = &evidence.deceived else { return Vec::new() };
    let mut breaches = Vec::new();
    for journal in evidence.journals() {
        let Some((opened, record)) = journal.entries().next() else { continue };
        let Entry::Opened(decision) = &record.entry else { continue };
        let evident = matches!(decision.trigger, Trigger::Evidence { .. });
        if !evident || decision.direction != Direction::ToStandby || !was_well(evidence, opened) {
            continue;
        }
        let told = deceived.iter().filter(|d| d.from <= opened && within(d.until, opened));
        let voters: usize = told.map(|d| d.voters).sum();
        if voters < journal.plan.detection.quorum as usize {
            breaches.push(said(journal, opened, voters));
        }
    }
    breaches
}

fn said(journal: &Journal, opened: Timestamp, voters: usize) -> String {
    format!(
        "generation {} was opened at {opened} of a workload that was served and well for {WELL_FOR}; {voters} voters were deceived",
        journal.generation
    )
}

/// Whether that instant is not long before the opening.
fn within(at: Timestamp, opened: Timestamp) -> bool {
    since(at, opened) <= WELL_FOR
}

/// Whether every Region worked and users were served at home all that time.
fn was_well(evidence: &Case<'_>, opened: Timestamp) -> bool {
    let (mut served, mut well) = (false, true);
    let mut ill = std::collections::BTreeSet::new();
    for happening in evidence.happenings.iter().take_while(|h| h.at <= opened) {
        match &happening.what {
            Happened::Served { by } => {
                served = *by == Some(Side::Primary);
                well &= served || !within(happening.at, opened);
            }
            Happened::RegionIs { region, state: RegionState::Well } => {
                ill.remove(region);
                well &= !within(happening.at, opened);
            }
            Happened::RegionIs { region, .. } => {
                ill.insert(region);
                well &= !within(happening.at, opened);
            }
            Happened::Landed { .. }
            | Happened::Rejected { .. }
            | Happened::AcceptBegan { .. }
            | Happened::AcceptEnded { .. }
            | Happened::Promoted { .. }
            | Happened::Demoted { .. }
            | Happened::LeaseMoved { .. }
            | Happened::ClockSet { .. }
            | Happened::LetIn { .. }
            | Happened::Order { .. } => {}
        }
    }
    // Served again only within that time: it was not before.
    let again = evidence
        .happenings
        .iter()
        .rfind(|h| h.at <= opened && matches!(h.what, Happened::Served { .. }));
    let start = evidence.happenings.first().map(|h| h.at);
    let long = again.is_some_and(|h| !within(h.at, opened) || Some(h.at) == start);
    served && well && ill.is_empty() && long
}
