//! Fences that act on the old side itself: its compute, its network, or a service's own switchover.
//! They need that side's answer; without it they are attempts and no proof.

use crate::ids::EntryId;
use crate::journal::{Entry, FenceProof};
use crate::plan::{Database, Fence, Probe as SqlProbe};
use crate::planted::{self, Bug};
use crate::pursuit::Goal;
use crate::steps::{Move, Situation, engines, fence, isolation, writer_group};
use crate::time::{Span, since};
use crate::world::{Question, Seen, View};

pub(super) fn questions(situation: &Situation<'_>) -> Vec<Question> {
    barriers(situation).flat_map(|(database, fence)| asked(situation, database, fence)).collect()
}

fn asked(situation: &Situation<'_>, database: &Database, fence: &Fence) -> Vec<Question> {
    let (mut questions, sessions_of) = match fence {
        Fence::StopWriter(f) => (vec![writer_group::question(situation, f)], &f.sessions_of),
        Fence::Isolate(f) => (isolation::questions(situation, database, f), &f.sessions_of),
        Fence::WriterLease(_) | Fence::Waiver => return Vec::new(),
    };
    let sessions = database.probe().map(|p| engines::sql(p, situation.source(), Some(sessions_of)));
    questions.extend(sessions);
    questions
}

fn barriers<'a>(situation: &Situation<'a>) -> impl Iterator<Item = (&'a Database, &'a Fence)> {
    situation.plan.databases.iter().flat_map(|d| d.fences().iter().map(move |f| (d, f)))
}

/// Whether nothing was seen of the old side of that database.
pub(super) fn silent(situation: &Situation<'_>, database: &Database, seen: &Seen) -> bool {
    let asked = database.fences().iter().flat_map(|fence| asked(situation, database, fence));
    asked.into_iter().all(|question| seen.get(&question).is_err())
}

/// Whether a fence of that database comes true by itself: its writers are on their way out.
pub(super) fn under_way(situation: &Situation<'_>, database: &Database, seen: &Seen) -> bool {
    database.fences().iter().any(|fence| match fence {
        Fence::StopWriter(f) => writer_group::leaving(situation, f, seen),
        Fence::Isolate(_) | Fence::WriterLease(_) | Fence::Waiver => false,
    })
}

/// Whether nothing but sessions is left behind a fence of that database: nobody new is let in.
pub(super) fn drains(situation: &Situation<'_>, database: &Database, seen: &Seen) -> bool {
    let live = |of: &str| {
        let question = engines::sql(database.probe()?, situation.source(), Some(of));
        match seen.get(&question) {
            Ok(View::Sql(view)) => view.sessions.filter(|sessions| *sessions > 0),
            Ok(_) | Err(_) => None,
        }
    };
    let fences = database.fences().iter();
    fences
        .filter_map(|fence| shut(situation, database, fence, seen))
        .any(|(shut, sessions_of)| shut.is_ok() && live(sessions_of).is_some())
}

/// How long the old side of that database is shut, as far as this generation did it; else how long it is open.
pub(super) fn shut_for(situation: &Situation<'_>, database: &Database) -> Span {
    let id = database.id().as_str();
    let shut = situation.state.each_effect().filter(|(effect, e)| {
        let of = effect.target().and_then(|target| target.split(':').next());
        e.change.closes() && e.undoes.is_none() && of == Some(id)
    });
    let seen = shut.filter_map(|(_, e)| e.outcome.map(|(_, _, at)| at)).max();
    seen.map_or_else(|| situation.age(), |at| since(at, situation.now))
}

/// What a fence of the old side's compute or network does, and what proves it.
fn goals(
    situation: &Situation<'_>,
    database: &Database,
    fence: &Fence,
    seen: &Seen,
) -> Option<(Vec<Goal>, FenceProof)> {
    let id = database.id();
    match fence {
        Fence::StopWriter(f) => {
            Some((vec![writer_group::goal(situation, id, f, seen)], FenceProof::StopWriter))
        }
        Fence::Isolate(f) => Some((isolation::goals(situation, id, f, seen), FenceProof::Isolate)),
        Fence::WriterLease(_) | Fence::Waiver => None,
    }
}

/// Whether nothing that writes is left behind that fence: nothing runs or nobody is let in, and no session lives.
fn stands(
    situation: &Situation<'_>,
    database: &Database,
    fence: &Fence,
    seen: &Seen,
) -> Result<String, String> {
    let Some((shut, sessions_of)) = shut(situation, database, fence, seen) else {
        return Err("it is no barrier".to_owned());
    };
    let sessions = sessions(situation, database.probe(), sessions_of, seen);
    match (shut, sessions) {
        (Ok(shut), Ok(sessions)) => Ok(format!("{shut}; {sessions}")),
        (Err(why), Ok(_)) | (Ok(_), Err(why)) => Err(why),
        (Err(why), Err(too)) => Err(format!("{why}; {too}")),
    }
}

/// Whether nothing runs, or nobody is let in, behind that fence, and whose sessions may still live; `None`: it is no
/// barrier.
fn shut<'p>(
    situation: &Situation<'_>,
    database: &Database,
    fence: &'p Fence,
    seen: &Seen,
) -> Option<(Result<String, String>, &'p str)> {
    match fence {
        Fence::StopWriter(f) => Some((writer_group::emptied(situation, f, seen), &f.sessions_of)),
        Fence::Isolate(f) => {
            Some((isolation::closed(situation, database, f, seen), &f.sessions_of))
        }
        Fence::WriterLease(_) | Fence::Waiver => None,
    }
}

/// Applies every such fence and records the proofs that were seen.
pub(super) fn apply(situation: &Situation<'_>, seen: &Seen, next: &mut Move) {
    for (database, fence) in barriers(situation) {
        let id = database.id();
        if left_to_the_service(situation, database) {
            continue;
        }
        let Some((goals, proof)) = goals(situation, database, fence, seen) else { continue };
        let proven =
            situation.state.fenced.contains_key(id) || situation.state.waived.contains_key(id);
        let mut reached = true;
        for goal in goals {
            reached &= fence::attempt(situation, goal, proven, next);
        }
        if reached && !proven {
            match stands(situation, database, fence, seen) {
                Ok(evidence) => next.records.push(fenced(situation, id, proof, evidence)),
                Err(why) => next.wait(why),
            }
        }
    }
    for database in &situation.plan.databases {
        let id = database.id();
        if fence::switches_over(situation, database)
            && !situation.state.fenced.contains_key(id)
            && !next.acts()
        {
            let evidence =
                "the service stops the old writer itself when it switches over".to_owned();
            next.records.push(fenced(situation, id, FenceProof::Switchover, evidence));
        }
    }
}

/// Whether the service switches over, or has been chosen to: then no fence of ours is applied. One that is seen
/// to stand by itself, as where no writer runs just now, would be taken for the proof, and a switchover that
/// loses nothing would become a failover.
fn left_to_the_service(situation: &Situation<'_>, database: &Database) -> bool {
    match situation.state.fenced.get(database.id()) {
        Some(fenced) => fenced.proof == FenceProof::Switchover,
        None => fence::switches_over(situation, database),
    }
}

fn fenced(situation: &Situation<'_>, id: &EntryId, fence: FenceProof, evidence: String) -> Entry {
    Entry::Fenced {
        databases: vec![id.clone()],
        fence,
        holds_from: situation.now,
        // It was seen after the read that `now` comes from: the next read, with the loss, is behind it.
        latest_write: None,
        evidence,
    }
}

/// Whether the fence that proved it is still seen to hold; asked again before each promotion.
pub(super) fn still_holds(
    situation: &Situation<'_>,
    database: &Database,
    seen: &Seen,
) -> Result<(), String> {
    let Some(fenced) = situation.state.fenced.get(database.id()) else { return Ok(()) };
    if planted::is(Bug::FenceNotSeenAgain) {
        return Ok(());
    }
    for fence in database.fences() {
        match goals(situation, database, fence, seen) {
            Some((_, proof)) if proof == fenced.proof => {}
            Some(_) | None => continue,
        }
        stands(situation, database, fence, seen)
            .map_err(|why| format!("the fence of {} is no longer seen: {why}", database.id()))?;
    }
    Ok(())
}

/// Whether the old side's own engine was seen to follow another: it takes no writes then.
pub(super) fn old_engine_follows(
    situation: &Situation<'_>,
    database: &Database,
    seen: &Seen,
) -> bool {
    let Some(probe) = database.probe() else { return false };
    let asked = database.fences().iter().filter_map(|fence| match fence {
        Fence::StopWriter(f) => Some(&f.sessions_of),
        Fence::Isolate(f) => Some(&f.sessions_of),
        Fence::WriterLease(_) | Fence::Waiver => None,
    });
    let mut views = asked.map(|of| engines::sql(probe, situation.source(), Some(of))).filter_map(
        |q| match seen.get(&q) {
            Ok(View::Sql(view)) => Some(view),
            _ => None,
        },
    );
    views.any(|view| view.in_recovery)
}

fn sessions(
    situation: &Situation<'_>,
    probe: Option<&SqlProbe>,
    of: &str,
    seen: &Seen,
) -> Result<String, String> {
    if planted::is(Bug::RevokeIsAFence) {
        return Ok(format!("{of} cannot connect"));
    }
    let Some(probe) = probe else { return Err("its sessions cannot be asked for".to_owned()) };
    let question = engines::sql(probe, situation.source(), Some(of));
    match seen.get(&question) {
        Ok(View::Sql(view)) => match view.sessions {
            Some(0) => Ok(format!("no session of {of} at {question}")),
            Some(n) => Err(format!("{n} sessions of {of} at {question}")),
            None => Err(format!("{question} did not count the sessions of {of}")),
        },
        Ok(other) => Err(format!("{question} answered {other:?}")),
        Err(blind) => Err(format!("the sessions of {of} are unseen: {blind}")),
    }
}

#[cfg(test)]
#[path = "barriers_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "switchover_tests.rs"]
mod switchover_tests;
