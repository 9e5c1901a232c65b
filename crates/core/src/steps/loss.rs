//! What a promotion loses: from the heartbeat of the old side's writers that the new side shows, to their
//! last possible write. Both are instants of one clock, theirs; anything else is no number but unknown.

use crate::effect::Verb;
use crate::ids::Step;
use crate::journal::{Entry, FenceProof, Lost};
use crate::lease_terms::without_terms;
use crate::plan::{Database, WriterLease};
use crate::planted::{self, Bug};
use crate::steps::engines::{self, Engine};
use crate::steps::fence::switches_over;
use crate::steps::{Situation, barriers, lease};
use crate::time::{DATE_RESOLUTION, Span, Timestamp, after, since};
use crate::world::{LeaseView, Seen};

/// The two looks of one round, at the lease and at the heartbeat, lie no further apart than a function
/// lives, and in between a holder renews: what is later by more shows a clock that was set back. What is later by
/// less may do so too: it is looked at again before anything is fenced.
const BETWEEN_LOOKS: Span = Span::seconds(60);

/// How much of what the old side's writers were told is written the new side has.
enum Reach {
    /// All: it is the writer already, and the old side took no writes. With the engine's word.
    All(String),
    /// What was acknowledged before that instant of the old side's clock. With what else is to be said.
    Until(Timestamp, String),
    /// Nobody knows: there is no heartbeat row.
    NoRow(&'static str),
    /// Nobody knows: the heartbeat is not the old side's.
    NotItsOwn(String),
    /// The engine does not say.
    Unseen(String),
}

fn reach(situation: &Situation<'_>, database: &Database, seen: &Seen) -> Reach {
    let source = situation.source_region();
    let apart = match engines::engine(situation, database, seen) {
        Engine::Replica => String::new(),
        Engine::Writer(why) if switches_over(situation, database) => return Reach::All(why),
        Engine::Writer(why) => match old_side_wrote(situation, database, seen) {
            None => return Reach::Unseen("it is not seen whose the lease is".to_owned()),
            Some(false) => return Reach::All(why),
            // Two histories: it is a writer by itself, promoted by hand or never rebuilt, while the old side
            // took users' writes. While nobody writes into it, its row is as old as the last it has of them.
            Some(true) => {
                format!("it follows nobody ({why}) and {source} may have taken writes until now: ")
            }
        },
        Engine::Moving(why) | Engine::Wrong(why) | Engine::Blind(why) => return Reach::Unseen(why),
    };
    match engines::heartbeat(situation, database, seen).map(|h| h.by(source)) {
        Some(Ok(heartbeat)) => Reach::Until(heartbeat, apart),
        Some(Err(why)) => Reach::NotItsOwn(format!("{apart}{why}")),
        None if apart.is_empty() => Reach::NoRow("the replica has no heartbeat row"),
        None => Reach::NoRow("it follows nobody and has no heartbeat row"),
    }
}

/// Whether users' writes may have gone to the side that is left until this generation fenced it. A lease
/// tells: what that side does not hold, and what did not have to be taken from it, was not its own; `None`:
/// it is not seen. Without one its own engine does: one that follows another takes no writes.
fn old_side_wrote(situation: &Situation<'_>, database: &Database, seen: &Seen) -> Option<bool> {
    let Some(lease) = database.lease() else {
        return Some(!barriers::old_engine_follows(situation, database, seen));
    };
    let taken = situation.effect(Step::Fence, &lease.table, Verb::TakeLease);
    if situation.state.effects.contains_key(&taken) {
        return Some(true);
    }
    let view = lease::view(situation, lease, seen).ok()?;
    Some(view.owner == situation.source_region().as_str())
}

/// The last possible write of the lease's holder, by its own clock, or why that is not known.
pub(super) fn last_write(
    situation: &Situation<'_>,
    lease: &WriterLease,
    view: &LeaseView,
) -> Result<Timestamp, String> {
    if view.owner == situation.target_region().as_str() {
        return Err(format!("the lease is with {} already, and dated by its clock", view.owner));
    }
    let renewed = view.renewed_at.ok_or("the lease bears no renewal, so no time of its holder")?;
    let expiry = view.expiry(lease).ok_or("the lease does not bear its holders' terms")?;
    Ok(after(renewed, expiry))
}

/// The same, as the lease is seen now; `None`: there is no lease, or it is not seen.
fn last_write_seen(
    situation: &Situation<'_>,
    database: &Database,
    seen: &Seen,
) -> Option<Result<Timestamp, String>> {
    let lease = database.lease()?;
    Some(last_write(situation, lease, lease::view(situation, lease, seen).ok()?))
}

/// What can be said of the loss before anything is touched.
pub(super) enum Outlook {
    /// Nothing that speaks against a fence.
    Fair,
    /// It is unknown, and stays so.
    Unknown(String),
    /// It is unknown until the new side has caught up, or a person takes the risk.
    Ask(String),
    /// An earlier generation lost nobody knows how much: only a person can take that risk.
    Lost(String),
    /// Nobody knows for how long the old holders may write: only a person can go on.
    NoTerms(String),
}

pub(super) fn outlook(situation: &Situation<'_>, database: &Database, seen: &Seen) -> Outlook {
    let (id, state) = (database.id(), situation.state);
    // Behind a proven fence nothing was written since its bound went on record, whatever a later look shows.
    let known = state.fenced.contains_key(id) && matches!(state.losses.get(id), Some((Some(_), _)));
    if known || state.waived.contains_key(id) || !database.single_writer() {
        return Outlook::Fair;
    }
    if let Some(why) = no_terms(situation, database, seen) {
        return Outlook::NoTerms(why);
    }
    match (reach(situation, database, seen), last_write_seen(situation, database, seen)) {
        (Reach::NoRow(why), _) => Outlook::Unknown(format!("the lag of {id} is unknown: {why}")),
        (Reach::NotItsOwn(why), _) => {
            Outlook::Ask(format!("what would be lost of {id} is unknown: {why}"))
        }
        (Reach::Until(..), Some(Err(why))) => {
            Outlook::Ask(format!("what would be lost of {id} is unknown: {why}"))
        }
        (Reach::Until(heartbeat, _), Some(Ok(latest)))
            if heartbeat > after(latest, BETWEEN_LOOKS) =>
        {
            Outlook::Unknown(format!("the lag of {id} is unknown: {}", rests_on(heartbeat, latest)))
        }
        // A fence now would leave a loss that nobody knows. Where only the two looks of this round lie apart, the
        // next round shows it.
        (Reach::Until(heartbeat, _), Some(Ok(latest))) if heartbeat > latest => {
            let why = rests_on(heartbeat, latest);
            Outlook::Ask(format!("what would be lost of {id} is unknown: {why}"))
        }
        (Reach::All(_), _) => match lost_before(situation, database, seen) {
            Some(Lost { bound: None, generation, .. }) => Outlook::Lost(format!(
                "what was lost of {id} is unknown: generation {generation} made it the writer, lost nobody knows how much, and was given up"
            )),
            Some(_) | None => Outlook::Fair,
        },
        (Reach::Until(..) | Reach::Unseen(_), _) => Outlook::Fair,
    }
}

/// That the lease of a database proves nothing, since its item does not say for how long its holders may write.
fn no_terms(situation: &Situation<'_>, database: &Database, seen: &Seen) -> Option<String> {
    let lease = database.lease()?;
    let view = lease::view(situation, lease, seen).ok()?;
    let silent = view.expiry(lease).is_none();
    silent
        .then(|| format!("{}: {}", database.id(), without_terms(lease::question(situation, lease))))
}

/// What a fence now would leave unreplicated. Without a lease nobody knows when the old side will have
/// stopped: there is nothing to show yet.
fn estimate(situation: &Situation<'_>, database: &Database, seen: &Seen) -> Option<Span> {
    let latest = last_write_seen(situation, database, seen)?.ok()?;
    match reach(situation, database, seen) {
        Reach::Until(heartbeat, _) => lost_between(heartbeat, latest),
        Reach::All(_) | Reach::NoRow(_) | Reach::NotItsOwn(_) | Reach::Unseen(_) => None,
    }
}

/// The greatest loss that a fence now would leave, if it is over its database's limit.
pub(super) fn foreseen(situation: &Situation<'_>, seen: &Seen) -> Option<Span> {
    let databases = situation.plan.databases.iter();
    databases.filter_map(|d| over(d, estimate(situation, d, seen)?)).max()
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

fn over(database: &Database, bound: Span) -> Option<Span> {
    (bound > database.max_loss() && !planted::is(Bug::LossIgnored)).then_some(bound)
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
            "the replicated heartbeat {heartbeat} is later than the last possible write {latest}: the writer's clock was set, or somebody writes who is not fenced"
        );
    }
    format!("last possible write {latest} − replicated heartbeat {heartbeat}")
}

/// The bound of one database whose fence holds, or is waived, as it goes on record.
pub(super) fn bound(situation: &Situation<'_>, database: &Database, seen: &Seen) -> Entry {
    let fence = situation.state.fenced.get(database.id());
    let latest = fence.and_then(|f| match f.proof {
        // The proof went on record after it was seen, and this read came after that.
        FenceProof::StopWriter | FenceProof::Isolate => Some(after(situation.now, DATE_RESOLUTION)),
        FenceProof::WriterLease { .. } | FenceProof::Switchover | FenceProof::NotNeeded => {
            f.latest_write
        }
    });
    let (bound, source) = if fence.is_some_and(|f| f.proof == FenceProof::Switchover) {
        (Some(Span::default()), "the service switches over without loss".to_owned())
    } else {
        match (reach(situation, database, seen), latest) {
            (Reach::All(why), _) => (Some(Span::default()), format!("already the writer: {why}")),
            (Reach::Until(_, apart), Some(_))
                if apart.is_empty() && planted::is(Bug::LossToTheFence) =>
            {
                (Some(Span::default()), "the old side is fenced".to_owned())
            }
            (Reach::Until(heartbeat, apart), Some(latest)) => {
                (lost_between(heartbeat, latest), format!("{apart}{}", rests_on(heartbeat, latest)))
            }
            (Reach::Until(..), None) if fence.is_none() => {
                (None, "no fence, so no last possible write".to_owned())
            }
            (Reach::Until(..), None) => {
                (None, "the old side's last possible write is not known by its clock".to_owned())
            }
            (Reach::NoRow(why), _) => (None, why.to_owned()),
            (Reach::NotItsOwn(why) | Reach::Unseen(why), _) => (None, why),
        }
    };
    let (bound, source) = with_what_was_lost_before(situation, database, seen, bound, source);
    Entry::LossBound { database: database.id().clone(), bound, source }
}

/// A side that an earlier generation made the writer, and that was then given up, has lost what that one lost. A
/// replica has not: it is measured against the side that is left, whoever began to move away from there.
fn with_what_was_lost_before(
    situation: &Situation<'_>,
    database: &Database,
    seen: &Seen,
    own: Option<Span>,
    source: String,
) -> (Option<Span>, String) {
    match lost_before(situation, database, seen) {
        Some(lost) => {
            let sum = own.zip(lost.bound).map(|(own, before)| own.plus(before));
            let before = lost.bound.map_or("nobody knows how much".to_owned(), |b| b.to_string());
            let words = format!(
                "{source}; and generation {}, which made it the writer and was given up, lost at most {before}",
                lost.generation
            );
            (sum, words)
        }
        None => (own, source),
    }
}

/// What an earlier generation lost that counts here.
fn lost_before<'a>(
    situation: &Situation<'a>,
    database: &Database,
    seen: &Seen,
) -> Option<&'a Lost> {
    let writes_itself = matches!(engines::engine(situation, database, seen), Engine::Writer(_));
    let measured_alone = !matches!(reach(situation, database, seen), Reach::All(_));
    let of_this = |l: &&Lost| l.database == *database.id() && l.side == situation.source();
    let lost = situation.state.decision.lost.iter().rev().find(of_this);
    lost.filter(|_| writes_itself && !measured_alone)
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod proof_tests;
