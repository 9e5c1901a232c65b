//! Fences: lag and engine checks first, then the old writers of all databases, then what can be lost.

use crate::evidence::Verdict;
use crate::ids::{EntryId, Step};
use crate::journal::{Entry, FenceProof, Trigger};
use crate::plan::{Database, Fence};
use crate::planted::{self, Bug};
use crate::pursuit::{Probe, Progress, pursue};
use crate::steps::approval::{self, Approval};
use crate::steps::bearing::{Going, going, present, turn_back};
use crate::steps::engines::{self, Engine};
use crate::steps::{Move, Situation, barriers, lease};
use crate::time::{DATE_RESOLUTION, Span, Timestamp, after, since};
use crate::world::{Question, Seen};

pub(super) fn questions(situation: &Situation<'_>) -> Vec<Question> {
    let mut questions: Vec<Question> =
        situation.plan.databases.iter().flat_map(|d| engines::questions(situation, d)).collect();
    questions.extend(lease::leases(situation).iter().map(|g| lease::question(situation, g.lease)));
    questions.extend(barriers::questions(situation));
    questions
}

/// Two looks of one round lie no further apart than a function lives; in between a holder renews.
const APART: Span = Span::seconds(60);

pub(super) fn decide(situation: &Situation<'_>, seen: &Seen) -> Move {
    let mut next = Move::default();
    for database in &situation.plan.databases {
        check(situation, database, seen, &mut next);
    }
    if !next.settled() {
        // No fence while a database is not fit: nothing is promoted, no half workload.
        return next;
    }
    if situation.plan.databases.iter().all(|d| !d.single_writer()) {
        return unfenced(situation, next);
    }
    if let Some(first) = gate(situation, seen) {
        return first;
    }
    for guarded in lease::leases(situation) {
        let goal = lease::take(situation, guarded.lease, seen);
        let held = lease::view(situation, guarded.lease, seen).ok().cloned();
        if next.pursue(situation, goal)
            && let Some(view) = held
            && guarded.databases.iter().any(|d| !situation.state.fenced.contains_key(d))
        {
            let exact = planted::is(Bug::DateIsExact);
            let seen_at =
                after(view.answered_at, if exact { Span::default() } else { DATE_RESOLUTION });
            let holds_from = match () {
                () if planted::is(Bug::NoFenceWait) => seen_at,
                () if planted::is(Bug::ProofWithoutDrift) => after(seen_at, guarded.lease.ttl),
                () => after(seen_at, guarded.lease.expiry()),
            };
            let by_its_clock = view.renewed_at.map(|r| after(r, guarded.lease.expiry()));
            next.records.push(Entry::Fenced {
                databases: guarded.databases.clone(),
                fence: FenceProof::WriterLease { epoch: view.epoch },
                holds_from,
                // Heartbeat and renewal are by one clock, the holder's, however wrong it is.
                latest_write: Some(by_its_clock.unwrap_or(holds_from)),
                evidence: format!(
                    "{} holds the lease at epoch {}; the last holder's time is over at {holds_from}",
                    view.owner, view.epoch
                ),
            });
        }
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
    if next.acts() || next.stuck().is_some() {
        return next;
    }
    proofs(situation, seen, next)
}

/// Engine checks of one database, before anything is touched.
fn check(situation: &Situation<'_>, database: &Database, seen: &Seen, next: &mut Move) {
    let id = database.id();
    match engines::engine(situation, database, seen) {
        Engine::Writer(_) => {}
        Engine::Replica(Some(heartbeat)) => {
            let latest = last_by_lease(situation, database, seen);
            if let Some(latest) = latest.filter(|latest| heartbeat > after(*latest, APART))
                && !situation.state.waived.contains_key(id)
            {
                next.stick(format!("the lag of {id} is unknown: {}", rests_on(heartbeat, latest)));
            }
        }
        Engine::Replica(None) if situation.state.waived.contains_key(id) => {}
        Engine::Replica(None) => {
            next.stick(format!("the lag of {id} is unknown: the replica has no heartbeat row"));
        }
        Engine::Moving(why) => next.wait(format!("{id}: {why}")),
        Engine::Wrong(why) => next.stick(format!("{id}: {why}")),
        Engine::Blind(why) => next.wait(format!("{id}: {why}")),
    }
    if let Database::AuroraGlobal(d) = database
        && !d.allow_data_loss
        && !graceful(situation)
    {
        next.stick(format!(
            "{id}: the plan allows no failover that can lose data, and a switchover is only tried when a person starts it"
        ));
    }
}

/// Whether the service is asked to switch over without loss: a person ordered it, and the side that is
/// left is well, as a switchover needs both sides.
pub(super) fn graceful(situation: &Situation<'_>) -> bool {
    matches!(situation.state.decision.trigger, Trigger::Operator { .. })
        && present(situation).verdict == Verdict::Well
}

/// What must hold before the first fence is touched: a loss that is allowed, a yes, fresh evidence.
fn gate(situation: &Situation<'_>, seen: &Seen) -> Option<Move> {
    if !unfenced_databases(situation).is_empty() {
        if let Some(back) = turn_back(situation) {
            return Some(back);
        }
        let excess = situation
            .plan
            .databases
            .iter()
            .filter_map(|d| over(d, estimate(situation, d, seen)?))
            .max();
        match approval::one_way(situation, excess) {
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

fn over(database: &Database, bound: Span) -> Option<Span> {
    (bound > database.max_loss() && !planted::is(Bug::LossIgnored)).then_some(bound)
}

/// What a fence now would leave unreplicated, from the replicated heartbeat.
fn estimate(situation: &Situation<'_>, database: &Database, seen: &Seen) -> Option<Span> {
    // Without a lease nobody knows when the old side will have stopped: there is nothing to show yet.
    let lease = database.lease()?;
    let view = lease::view(situation, lease, seen).ok();
    let heartbeat = match engines::engine(situation, database, seen) {
        Engine::Replica(heartbeat) => heartbeat?,
        Engine::Writer(_)
            if view.is_some_and(|v| v.owner == situation.source_region().as_str()) =>
        {
            engines::heartbeat(situation, database, seen)?
        }
        Engine::Writer(_) | Engine::Moving(_) | Engine::Wrong(_) | Engine::Blind(_) => return None,
    };
    let renewed = view.and_then(|v| v.renewed_at);
    let latest = after(renewed.unwrap_or(situation.now), lease.expiry());
    lost_between(heartbeat, latest)
}

/// The last possible write of the holder, by its own clock.
fn last_by_lease(situation: &Situation<'_>, database: &Database, seen: &Seen) -> Option<Timestamp> {
    let lease = database.lease()?;
    let renewed = lease::view(situation, lease, seen).ok()?.renewed_at?;
    Some(after(renewed, lease.expiry()))
}

/// What was written between the replicated heartbeat and the last possible write. A heartbeat that is later than any
/// write can be shows a clock that was set back, or a writer that nobody fenced: then nothing is known of the loss.
fn lost_between(heartbeat: Timestamp, latest: Timestamp) -> Option<Span> {
    (heartbeat <= latest).then(|| since(heartbeat, latest))
}

/// What a bound rests on, for its entry.
fn rests_on(heartbeat: Timestamp, latest: Timestamp) -> String {
    if heartbeat > latest {
        return format!(
            "the replicated heartbeat {heartbeat} is later than the last possible write {latest}: the writer's clock was set back, or somebody writes who is not fenced"
        );
    }
    format!("last possible write {latest} − replicated heartbeat {heartbeat}")
}

/// Waits until every proof holds, then puts the loss bounds on record.
fn proofs(situation: &Situation<'_>, seen: &Seen, mut next: Move) -> Move {
    for database in situation.plan.databases.iter().filter(|d| d.single_writer()) {
        let id = database.id();
        let waived = situation.state.waived.contains_key(id);
        match situation.state.fenced.get(id) {
            None if waived => {}
            None => return unproven(situation, database, next),
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
            let fence = situation.state.fenced.get(id);
            let graceful = fence.is_some_and(|f| f.proof == FenceProof::Switchover);
            let latest = fence.and_then(|f| match f.proof {
                // The proof went on record after it was seen, and this read came after that.
                FenceProof::StopWriter | FenceProof::Isolate => {
                    Some(after(situation.now, DATE_RESOLUTION))
                }
                FenceProof::WriterLease { .. } | FenceProof::Switchover | FenceProof::NotNeeded => {
                    f.latest_write
                }
            });
            next.records.push(bound(situation, database, seen, latest, graceful));
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
        next.stick(format!("the loss bound of {id} is unknown: {source}"));
        return next;
    }
    match approval::one_way(situation, excess(situation)) {
        Approval::Given => {}
        Approval::Record(entry) => return Move::record(entry),
        Approval::Pending(left, why) => {
            next.wait_at_least(left.min(situation.limits.poll_first), why);
        }
    }
    next
}

/// The greatest recorded loss bound that is over its database's limit, and over what a waiver was shown.
pub(super) fn excess(situation: &Situation<'_>) -> Option<Span> {
    situation
        .plan
        .databases
        .iter()
        .filter_map(|d| {
            let bound = over(d, situation.state.losses.get(d.id())?.0?)?;
            match situation.state.waived.get(d.id()) {
                None => Some(bound),
                Some(shown) => shown.filter(|shown| bound > *shown).map(|_| bound),
            }
        })
        .max()
}

fn bound(
    situation: &Situation<'_>,
    database: &Database,
    seen: &Seen,
    latest: Option<Timestamp>,
    graceful: bool,
) -> Entry {
    let (bound, source) = match engines::engine(situation, database, seen) {
        _ if graceful => {
            (Some(Span::default()), "the service switches over without loss".to_owned())
        }
        Engine::Writer(why) if !old_side_wrote(situation, database) => {
            (Some(Span::default()), format!("already the writer: {why}"))
        }
        // Two histories: it is a writer by itself, promoted by hand or never rebuilt, while the old side
        // took users' writes. Its heartbeat row is as old as the last write of theirs that it has.
        Engine::Writer(why) => match (latest, engines::heartbeat(situation, database, seen)) {
            (Some(latest), Some(heartbeat)) => (
                lost_between(heartbeat, latest),
                format!(
                    "it follows nobody ({why}) and {} took the writes until now: {}",
                    situation.source_region(),
                    rests_on(heartbeat, latest)
                ),
            ),
            (None, _) => (None, "no fence, so no last possible write".to_owned()),
            (_, None) => (None, "it follows nobody and has no heartbeat row".to_owned()),
        },
        Engine::Replica(Some(heartbeat)) => match latest {
            Some(_) if planted::is(Bug::LossToTheFence) => {
                (Some(Span::default()), "the old side is fenced".to_owned())
            }
            Some(latest) => (lost_between(heartbeat, latest), rests_on(heartbeat, latest)),
            None => (None, "no fence, so no last possible write".to_owned()),
        },
        Engine::Replica(None) => (None, "the replica has no heartbeat row".to_owned()),
        Engine::Moving(why) | Engine::Wrong(why) | Engine::Blind(why) => (None, why),
    };
    Entry::LossBound { database: database.id().clone(), bound, source }
}

/// Whether users' writes may have gone to the side that is left until this generation fenced it. With a
/// lease it tells: what did not have to be taken from that side was not its own.
fn old_side_wrote(situation: &Situation<'_>, database: &Database) -> bool {
    database.lease().is_none_or(|lease| {
        let taken = situation.effect(Step::Fence, &lease.table, crate::effect::Verb::TakeLease);
        situation.state.effects.contains_key(&taken)
    })
}

/// No fence of this database is proven: wait for those that may still be, then ask a person.
fn unproven(situation: &Situation<'_>, database: &Database, mut next: Move) -> Move {
    let id = database.id();
    let by_lease = database.fences().iter().any(|f| matches!(f, Fence::WriterLease(_)));
    if by_lease || situation.age() < situation.limits.fence_patience {
        next.wait(format!("no fence of {id} is proven yet"));
        return next;
    }
    Move::record(Entry::Held {
        step: Step::Fence,
        reason: format!(
            "no fence of {id} can be proven while its side is silent ({}); make sure by other means that it does not write, then `leeward waive --database {id}` and `leeward resume`",
            next.waits.join("; ")
        ),
    })
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
