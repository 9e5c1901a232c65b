//! Fences: lag and engine checks first, then the old writers of all databases, then what can be lost.

use crate::ids::{EntryId, Step};
use crate::journal::{Entry, FenceProof, Trigger};
use crate::plan::{Database, Fence};
use crate::planted::{self, Bug};
use crate::pursuit::{Probe, Progress, pursue, resume};
use crate::steps::approval::{self, Approval};
use crate::steps::bearing::{Going, going, old_side_well, turn_back};
use crate::steps::engines::{self, Engine};
use crate::steps::lease::Guarded;
use crate::steps::loss::{self, Outlook};
use crate::steps::ways::{caught_up, only_a_switchover, take_the_risk, way_out};
use crate::steps::{Move, Situation, barriers, capacity, lease, records, reopening};
use crate::time::{DATE_RESOLUTION, Span, after, since};
use crate::world::{Question, Seen};

pub(super) fn questions(situation: &Situation<'_>) -> Vec<Question> {
    let mut questions: Vec<Question> =
        situation.plan.databases.iter().flat_map(|d| engines::questions(situation, d)).collect();
    questions.extend(lease::leases(situation).iter().map(|g| lease::question(situation, g.lease)));
    questions.extend(barriers::questions(situation));
    questions.extend(reopening::questions(situation));
    questions
}

pub(super) fn decide(situation: &Situation<'_>, seen: &Seen) -> Move {
    let mut next = Move::default();
    let mut asks = Vec::new();
    for database in &situation.plan.databases {
        check(situation, database, seen, &mut next, &mut asks);
    }
    reopening::check(situation, seen, &mut asks);
    if !asks.is_empty() && next.stuck().is_none() {
        return ask(situation, &asks, next);
    }
    if !next.settled() {
        // No fence while a database is not fit: nothing is promoted, no half workload.
        return next;
    }
    if let Some(why) = records::bars_fence(situation) {
        return ask(situation, &[why], next);
    }
    if situation.plan.databases.iter().all(|d| !d.single_writer()) {
        return unfenced(situation, next);
    }
    if let Some(first) = gate(situation, seen) {
        return first;
    }
    // Nobody is fenced for a side whose application could not reach its database.
    reopening::apply(situation, seen, &mut next);
    if !next.settled() {
        return match going(situation) {
            Going::First(first) if !next.sends.is_empty() => *first,
            Going::First(_) | Going::On => next,
        };
    }
    for guarded in lease::leases(situation) {
        take(situation, &guarded, seen, &mut next);
    }
    barriers::apply(situation, seen, &mut next);
    // An attempt beside a proof that stands already needs fresh evidence, too; without it, it can wait.
    if !next.sends.is_empty()
        && let Going::First(first) = going(situation)
    {
        if first.acts() {
            return *first;
        }
        next.sends.clear();
    }
    if let Some(missing) = capacity::bars_fence(situation)
        && !next.sends.is_empty()
    {
        next.sends.clear();
        if !next.acts() {
            return ask(situation, &[missing], next);
        }
    }
    if next.acts() || next.stuck().is_some() {
        return next;
    }
    proofs(situation, seen, next)
}

/// Takes one lease, and puts the proof on record once nobody of the old side has it.
fn take(situation: &Situation<'_>, guarded: &Guarded<'_>, seen: &Seen, next: &mut Move) {
    let goal = lease::take(situation, guarded.lease, seen);
    let held = lease::view(situation, guarded.lease, seen).ok();
    if !next.pursue(situation, goal) {
        return;
    }
    let Some(view) = held else { return };
    if guarded.databases.iter().all(|d| proven_at(situation, d, view.epoch)) {
        return;
    }
    // Without the holders' terms it is no proof; whoever waived has gone on without one.
    let Some(expiry) = view.expiry(guarded.lease) else { return };
    let exact = planted::is(Bug::DateIsExact);
    let seen_at = after(view.answered_at, if exact { Span::default() } else { DATE_RESOLUTION });
    let holds_from = match () {
        () if planted::is(Bug::NoFenceWait) => seen_at,
        () if planted::is(Bug::ProofWithoutDrift) => after(seen_at, guarded.lease.ttl),
        () => after(seen_at, expiry),
    };
    next.records.push(Entry::Fenced {
        databases: guarded.databases.clone(),
        fence: FenceProof::WriterLease { epoch: view.epoch },
        holds_from,
        // By the clock that dates the heartbeat, the holder's, however wrong it is.
        latest_write: loss::last_write(situation, guarded.lease, view).ok(),
        evidence: format!(
            "{} holds the lease at epoch {}; the last holder's time is over at {holds_from}",
            view.owner, view.epoch
        ),
    });
}

/// Whether a proof of that database stands. A lease that was moved since its proof was another's meanwhile.
fn proven_at(situation: &Situation<'_>, database: &EntryId, now: u64) -> bool {
    situation.state.fenced.get(database).is_some_and(|fenced| match fenced.proof {
        FenceProof::WriterLease { epoch } => epoch == now,
        FenceProof::StopWriter
        | FenceProof::Isolate
        | FenceProof::Switchover
        | FenceProof::NotNeeded => true,
    })
}

/// Engine checks of one database, before anything is touched. What only a person can answer goes to `asks`.
fn check(
    situation: &Situation<'_>,
    database: &Database,
    seen: &Seen,
    next: &mut Move,
    asks: &mut Vec<String>,
) {
    let id = database.id();
    let engine = engines::engine(situation, database, seen);
    let writes = matches!(engine, Engine::Writer(_));
    match engine {
        Engine::Writer(_) | Engine::Replica => match loss::outlook(situation, database, seen) {
            Outlook::Fair => {}
            // Where the side that is left is well it turns back: nobody is asked.
            Outlook::Unknown(why) if old_side_well(situation) => next.stick(why),
            Outlook::Unknown(why) => {
                let wait = caught_up(situation, database);
                next.stick(format!("{why}; {}", way_out(situation, database, &wait)));
            }
            Outlook::Lost(why) => {
                asks.push(format!("{why}; {}", take_the_risk(situation, database)));
            }
            Outlook::Ask(why) => {
                let wait = caught_up(situation, database);
                asks.push(format!("{why}; {}", way_out(situation, database, &wait)));
            }
            Outlook::NoTerms(why) => {
                let wait = format!("let every holder write them, then `{}`", resume(situation));
                asks.push(format!("{why}; {}", way_out(situation, database, &wait)));
            }
        },
        Engine::Moving(why) => next.wait(format!("{id}: {why}")),
        Engine::Wrong(why) => next.stick(format!("{id}: {why}")),
        Engine::Blind(why) => next.wait(format!("{id}: {why}")),
    }
    if let Database::AuroraGlobal(d) = database
        && !d.allow_data_loss
        && !writes
        && !graceful(situation)
    {
        next.stick(only_a_switchover(situation, id));
    }
}

/// What would be lost cannot be told, or capacity is missing: that may mend itself in a moment; then a
/// person is asked.
fn ask(situation: &Situation<'_>, asks: &[String], mut next: Move) -> Move {
    if let Some(back) = turn_back(situation) {
        return back;
    }
    if situation.tried_for() < situation.limits.fence_patience {
        asks.iter().for_each(|why| next.wait(why.as_str()));
        return next;
    }
    Move::record(Entry::Held { step: Step::Fence, reason: asks.join("; ") })
}

/// Whether the service itself stops the old writer and loses nothing: no fence of ours is asked for.
pub(super) fn switches_over(situation: &Situation<'_>, database: &Database) -> bool {
    matches!(database, Database::AuroraGlobal(_))
        && database.lease().is_none()
        && graceful(situation)
}

/// Whether the service is asked to switch over without loss: a person ordered it, and the side that is
/// left is well, as a switchover needs both sides. Decided before the first fence, once: behind it voters that ask
/// as users do find nobody there, and say down of a side that is well.
pub(super) fn graceful(situation: &Situation<'_>) -> bool {
    let ordered = matches!(situation.state.decision.trigger, Trigger::Operator { .. });
    let before = situation.state.well_before_fence;
    ordered && before.unwrap_or_else(|| old_side_well(situation))
}

/// What must hold before the first fence is touched: a loss that is allowed, a yes, fresh evidence.
fn gate(situation: &Situation<'_>, seen: &Seen) -> Option<Move> {
    if !unfenced_databases(situation).is_empty() {
        if let Some(back) = turn_back(situation) {
            return Some(back);
        }
        match approval::one_way(situation, loss::foreseen(situation, seen)) {
            Approval::Given => {}
            Approval::Record(entry) => return Some(Move::record(entry)),
            Approval::Pending(left, why) => {
                let mut next = Move::default();
                next.wait_at_least(left.min(situation.limits.poll_first), why);
                return Some(next);
            }
        }
        if let Going::First(first) = going(situation) {
            return Some(*first);
        }
    }
    None
}

fn unfenced_databases<'a>(situation: &Situation<'a>) -> Vec<&'a EntryId> {
    situation
        .plan
        .databases
        .iter()
        .filter(|d| d.single_writer())
        .map(Database::id)
        .filter(|id| !situation.state.fenced.contains_key(id))
        .collect()
}

/// Waits until every proof holds, then puts the loss bounds on record.
fn proofs(situation: &Situation<'_>, seen: &Seen, mut next: Move) -> Move {
    for database in situation.plan.databases.iter().filter(|d| d.single_writer()) {
        let id = database.id();
        let waived = situation.state.waived.contains_key(id);
        match situation.state.fenced.get(id) {
            None if waived => {}
            None => return unproven(situation, database, seen, next),
            Some(fenced) if situation.now < fenced.holds_from => {
                let left = since(situation.now, fenced.holds_from);
                let words = left.in_words();
                next.wait_at_least(
                    left,
                    format!("the last holder's time on {id} has {words} left"),
                );
                continue;
            }
            Some(_) => {}
        }
        if !situation.state.losses.contains_key(id) {
            next.records.push(loss::bound(situation, database, seen));
        }
    }
    if next.acts() || !next.settled() {
        return next;
    }
    let unknown = situation.state.losses.iter().find(|(id, (bound, _))| {
        bound.is_none()
            && !situation.state.waived.contains_key(*id)
            && situation.plan.database(id).is_some_and(Database::single_writer)
    });
    if let Some((id, (_, source))) = unknown {
        let way_out = situation.plan.database(id).map(|d| {
            let wait = caught_up(situation, d);
            way_out(situation, d, &wait)
        });
        next.stick(format!(
            "the loss bound of {id} is unknown: {source}; {}",
            way_out.unwrap_or_default()
        ));
        return next;
    }
    match approval::one_way(situation, loss::excess(situation)) {
        Approval::Given => {}
        Approval::Record(entry) => return Move::record(entry),
        Approval::Pending(left, why) => {
            next.wait_at_least(left.min(situation.limits.poll_first), why);
        }
    }
    next
}

/// No fence of this database is proven: wait for those that may still be, then ask a person.
fn unproven(situation: &Situation<'_>, database: &Database, seen: &Seen, mut next: Move) -> Move {
    let id = database.id();
    let by_lease = database.fences().iter().any(|f| matches!(f, Fence::WriterLease(_)));
    let shut_for = barriers::shut_for(situation, database).min(situation.tried_for());
    let drains = barriers::drains(situation, database, seen);
    let limits = situation.limits;
    let patience = if drains { limits.session_patience } else { limits.fence_patience };
    let young = shut_for < patience;
    if by_lease || young || barriers::under_way(situation, database, seen) {
        next.wait(format!("no fence of {id} is proven yet"));
        return next;
    }
    let waits = next.waits.join("; ");
    let resume = resume(situation);
    let risk = format!(
        "make sure by other means that it does not write, then {}",
        take_the_risk(situation, database)
    );
    let reason = if barriers::silent(situation, database, seen) {
        format!(
            "no fence of {id} can be proven while its side is silent ({waits}); when it answers again: `{resume}`; or {risk}"
        )
    } else if drains {
        format!(
            "no fence of {id} is proven ({waits}): connections outlive a closed rule; end them, then `{resume}`; or {risk}"
        )
    } else {
        format!(
            "no fence of {id} is proven ({waits}); mend what is named there, then `{resume}`; or {risk}"
        )
    };
    Move::record(Entry::Held { step: Step::Fence, reason })
}

/// Nothing to fence: every side may write.
fn unfenced(situation: &Situation<'_>, mut next: Move) -> Move {
    for database in &situation.plan.databases {
        if !situation.state.losses.contains_key(database.id()) {
            next.records.push(Entry::LossBound {
                database: database.id().clone(),
                bound: None,
                source: "every side writes; what had not replicated comes back with its side"
                    .to_owned(),
            });
        }
    }
    next
}

/// Pursues a fence that is no proof yet: what is sent or recorded counts, waiting for it does not block.
pub(super) fn attempt(
    situation: &Situation<'_>,
    goal: crate::pursuit::Goal,
    proven: bool,
    next: &mut Move,
) -> bool {
    let probe = goal.probe.clone();
    let reached = match pursue(situation, goal) {
        Progress::Done(evidence) => {
            next.evidence.push(evidence);
            true
        }
        Progress::Record(entry) => {
            next.records.push(entry);
            false
        }
        Progress::Send(entry) => {
            next.sends.push(entry);
            false
        }
        Progress::Wait(why) | Progress::Stuck(why) => {
            if !proven {
                next.waits.push(why);
            }
            false
        }
    };
    reached && matches!(probe, Probe::Yes(_))
}

#[cfg(test)]
#[path = "fence_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "fence_gate_tests.rs"]
mod gate_tests;

#[cfg(test)]
#[path = "fence_proofs_tests.rs"]
mod proofs_tests;

#[cfg(test)]
#[path = "fence_terms_tests.rs"]
mod terms_tests;
