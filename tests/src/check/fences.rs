//! Numbers that fence, and promotions behind them.

use std::collections::BTreeMap;

use leeward_core::ids::Text;
use leeward_core::journal::Entry;
use leeward_core::world::Change;
use leeward_ports::fake::Happened;

use super::effects::carried_out;
use super::evidence::Case;

/// S4: epochs rise by one at each change of owner, fence numbers of a zone only rise.
pub(super) fn numbers_rise(evidence: &Case<'_>) -> Vec<String> {
    let mut breaches = Vec::new();
    let mut epoch: Option<u64> = None;
    let mut numbers: BTreeMap<(Text, Text), u64> = BTreeMap::new();
    for happening in &evidence.happenings {
        if let Happened::LeaseMoved { epoch: now, owner } = &happening.what {
            if epoch.is_some_and(|before| *now != before + 1) {
                breaches
                    .push(format!("the lease goes to {owner} with epoch {now} after {epoch:?}"));
            }
            epoch = Some(*now);
        }
        if let Happened::Landed { change: Change::ChangeRecords { zone, fence, .. }, .. } =
            &happening.what
        {
            let key = (zone.clone(), fence.name.clone());
            if numbers.get(&key).is_some_and(|before| fence.to <= *before) {
                breaches
                    .push(format!("{} of zone {zone} does not rise to {}", fence.name, fence.to));
            }
            numbers.insert(key, fence.to);
        }
    }
    breaches
}

/// S8: what makes the other side the writer lands only after the commit did, and after every proof
/// that the commit rests on holds.
pub(super) fn promoted_behind_the_commit(evidence: &Case<'_>) -> Vec<String> {
    let journals = evidence.journals();
    let mut breaches = Vec::new();
    for arrival in evidence.arrivals() {
        if !promotes(arrival.change) {
            continue;
        }
        // Generations may mean the same change: the signature tells whose request it is.
        let sender = carried_out(journals, arrival.change, arrival.frozen, arrival.at);
        let Some(journal) = sender.map(|meant| meant.journal) else { continue };
        let committed = journal.when(|e| matches!(e, Entry::Committed { .. }));
        if committed.is_none_or(|at| at > arrival.at) {
            breaches.push(format!("{} landed at {} before the commit", arrival.change, arrival.at));
        }
        for record in journal.records.iter() {
            if let Entry::Fenced { holds_from, databases, .. } = &record.entry
                && *holds_from > arrival.at
                && committed.is_some_and(|at| record.at <= at)
            {
                breaches.push(format!(
                    "{} landed at {}, the fence of {databases:?} holds only from {holds_from}",
                    arrival.change, arrival.at
                ));
            }
        }
    }
    breaches
}

fn promotes(change: &Change) -> bool {
    matches!(
        change,
        Change::PromoteReplica { .. }
            | Change::FailoverGlobal { .. }
            | Change::SwitchoverGlobal { .. }
    )
}
