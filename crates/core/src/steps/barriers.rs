//! Fences that act on the old side itself: its compute, its network, or a service's own switchover.
//! They need that side's answer; without it they are attempts and no proof.

use crate::effect::Verb;
use crate::ids::{EntryId, Step};
use crate::journal::{Entry, FenceProof};
use crate::plan::{Database, Fence, Isolate, Probe as SqlProbe, StopWriter};
use crate::planted::{self, Bug};
use crate::pursuit::{Goal, Probe};
use crate::steps::{Move, Situation, engines, fence};
use crate::world::{Change, GroupView, Question, Seen, View};

pub(super) fn questions(situation: &Situation<'_>) -> Vec<Question> {
    let mut questions = Vec::new();
    for (database, fence) in barriers(situation) {
        let sessions_of = match fence {
            Fence::StopWriter(f) => {
                questions.push(group_question(situation, f));
                &f.sessions_of
            }
            Fence::Isolate(f) => {
                questions.push(ingress_question(situation, f));
                &f.sessions_of
            }
            Fence::WriterLease(_) | Fence::Waiver => continue,
        };
        if let Some(probe) = database.probe() {
            questions.push(engines::sql(probe, situation.source(), Some(sessions_of)));
        }
    }
    questions
}

fn barriers<'a>(situation: &Situation<'a>) -> impl Iterator<Item = (&'a Database, &'a Fence)> {
    situation.plan.databases.iter().flat_map(|d| d.fences().iter().map(move |f| (d, f)))
}

fn group_question(situation: &Situation<'_>, fence: &StopWriter) -> Question {
    Question::Group {
        region: situation.source_region().clone(),
        group: fence.group.of(situation.source()).clone(),
    }
}

fn ingress_question(situation: &Situation<'_>, fence: &Isolate) -> Question {
    let rules = fence.security_group.of(situation.source());
    Question::Ingress {
        region: situation.source_region().clone(),
        group: rules.group.clone(),
        port: rules.port,
    }
}

/// Applies every such fence and records the proofs that were seen.
pub(super) fn apply(situation: &Situation<'_>, seen: &Seen, next: &mut Move) {
    for (database, fence) in barriers(situation) {
        let id = database.id();
        if left_to_the_service(situation, database) {
            continue;
        }
        let proven =
            situation.state.fenced.contains_key(id) || situation.state.waived.contains_key(id);
        let (goal, sessions_of, proof) = match fence {
            Fence::StopWriter(f) => {
                (stop_goal(situation, id, f, seen), &f.sessions_of, FenceProof::StopWriter)
            }
            Fence::Isolate(f) => {
                (isolate_goal(situation, id, f, seen), &f.sessions_of, FenceProof::Isolate)
            }
            Fence::WriterLease(_) | Fence::Waiver => continue,
        };
        let reached = fence::attempt(situation, goal, proven, next);
        if reached && !proven {
            match sessions(situation, database.probe(), sessions_of, seen) {
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
        let (goal, sessions_of) = match (fence, &fenced.proof) {
            (Fence::StopWriter(f), FenceProof::StopWriter) => {
                (stop_goal(situation, database.id(), f, seen), &f.sessions_of)
            }
            (Fence::Isolate(f), FenceProof::Isolate) => {
                (isolate_goal(situation, database.id(), f, seen), &f.sessions_of)
            }
            _ => continue,
        };
        match goal.probe {
            Probe::Yes(_) => {}
            Probe::No(why) | Probe::Moving(why) | Probe::Blind(why) => {
                return Err(format!("the fence of {} is no longer seen: {why}", database.id()));
            }
        }
        sessions(situation, database.probe(), sessions_of, seen)?;
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

fn stop_goal(situation: &Situation<'_>, id: &EntryId, fence: &StopWriter, seen: &Seen) -> Goal {
    let question = group_question(situation, fence);
    let region = situation.source_region().clone();
    let group = fence.group.of(situation.source()).clone();
    let (probe, before) = match seen.get(&question) {
        Ok(View::Group(Some(view))) => {
            (stopped(&question, view), Some(as_it_is(&region, &group, view)))
        }
        Ok(other) => (Probe::Blind(format!("{question} answered {other:?}")), None),
        Err(blind) => (Probe::Blind(blind.to_string()), None),
    };
    Goal {
        effect: situation.effect(Step::Fence, id.as_str(), Verb::StopWriter),
        change: Change::BoundGroup {
            region,
            group,
            minimum: 0,
            maximum: 0,
            desired: 0,
            suspend: true,
        },
        before,
        undoes: None,
        probe,
    }
}

pub(super) fn suspended(view: &GroupView) -> bool {
    view.suspended.iter().any(|p| p == "Launch")
}

fn stopped(question: &Question, view: &GroupView) -> Probe {
    let barred = view.maximum == 0 && suspended(view);
    if barred && view.instances == 0 {
        Probe::Yes(format!("{question}: no instance, maximum 0, launching suspended"))
    } else if barred {
        Probe::Moving(format!("{question}: {} instances are still there", view.instances))
    } else {
        Probe::No(format!("{question}: {} instances, maximum {}", view.instances, view.maximum))
    }
}

fn as_it_is(region: &crate::ids::Region, group: &str, view: &GroupView) -> Change {
    Change::BoundGroup {
        region: region.clone(),
        group: group.into(),
        minimum: view.minimum,
        maximum: view.maximum,
        desired: view.desired,
        suspend: suspended(view),
    }
}

fn isolate_goal(situation: &Situation<'_>, id: &EntryId, fence: &Isolate, seen: &Seen) -> Goal {
    let question = ingress_question(situation, fence);
    let region = situation.source_region().clone();
    let mut rules = fence.security_group.of(situation.source()).clone();
    let probe = match seen.get(&question) {
        Ok(View::Cidrs(open)) => {
            rules.cidrs.retain(|cidr| open.contains(cidr));
            if rules.cidrs.is_empty() {
                Probe::Yes(format!("{question}: closed"))
            } else {
                Probe::No(format!("{question}: open to {}", rules.cidrs.join(", ")))
            }
        }
        Ok(other) => Probe::Blind(format!("{question} answered {other:?}")),
        Err(blind) => Probe::Blind(blind.to_string()),
    };
    Goal {
        effect: situation.effect(Step::Fence, id.as_str(), Verb::Isolate),
        change: Change::RevokeIngress { region: region.clone(), rules: rules.clone() },
        before: Some(Change::AuthorizeIngress { region, rules }),
        undoes: None,
        probe,
    }
}

#[cfg(test)]
#[path = "barriers_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "switchover_tests.rs"]
mod switchover_tests;
