//! What a workload lost, over all generations of one move.

use leeward_core::ids::{EntryId, Side};
use leeward_core::journal::{End, Entry};
use leeward_core::time::{Span, Timestamp, since};
use leeward_ports::fake::Happened;

use super::evidence::{Case, Journal};

/// S9: what a promotion lost is told to the end: where its generation was given up, the bound of the one that
/// ends what it began covers it, as that is the number that people are told.
pub(super) fn told_to_the_end(evidence: &Case<'_>) -> Vec<String> {
    let journals = evidence.journals();
    let quiet = |h: &Happened| !matches!(h, Happened::ClockSet { .. });
    if !evidence.honoured || !evidence.happenings.iter().all(|h| quiet(&h.what)) {
        return Vec::new();
    }
    let mut breaches = Vec::new();
    for happening in &evidence.happenings {
        let Happened::Promoted { database, side, holds_until } = &happening.what else { continue };
        let written = evidence.accepted(database, side.other());
        let last = written.iter().filter(|(from, _)| *from < happening.at).map(|(_, until)| *until);
        let lost = last.max().map_or(Span::default(), |last| since(*holds_until, last));
        for journal in behind(journals, happening.at, *side) {
            let demoted = evidence.happenings.iter().any(|h| {
                happening.at < h.at
                    && matches!(&h.what, Happened::Demoted { database: d, side: s } if d == database && s == side)
            });
            let bound = recovered(journal).then(|| bound(journal, database)).flatten();
            if let Some(bound) = bound.filter(|bound| *bound < lost && !demoted) {
                breaches.push(format!(
                    "{database} lost {lost} when an earlier generation promoted it; generation {} tells of {bound}",
                    journal.generation
                ));
            }
        }
    }
    breaches
}

/// The generations that go on with what the one that was open then began, up to the first that recovered.
fn behind(journals: &[Journal], at: Timestamp, side: Side) -> impl Iterator<Item = &Journal> {
    let opened = |j: &Journal| j.entries().next().is_some_and(|(opened, _)| opened <= at);
    let own = journals.iter().rposition(opened).unwrap_or(journals.len());
    let mut over = journals.get(own).is_none_or(recovered);
    let same = move |j: &&Journal| matches!(j.records.first().map(|r| &r.entry), Some(Entry::Opened(d)) if d.direction.target() == side);
    let later = journals.iter().skip(own + 1).take_while(move |j| {
        let within = !over;
        over |= recovered(j);
        within
    });
    later.filter(same)
}

fn recovered(journal: &Journal) -> bool {
    journal.when(|e| matches!(e, Entry::Ended { end: End::Recovered, .. })).is_some()
}

/// The last bound of that database; `None`: none, or nobody knows.
fn bound(journal: &Journal, database: &EntryId) -> Option<Span> {
    let mut bounds = journal.records.iter().filter_map(|record| {
        let Entry::LossBound { database: d, bound, .. } = &record.entry else { return None };
        (d == database).then_some(*bound)
    });
    bounds.next_back().flatten()
}
