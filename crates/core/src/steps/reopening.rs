//! The way back to a side that an earlier recovery closed. What it left closed is opened before anything is
//! fenced or committed, and only where that makes no second writer.

use crate::effect::EffectId;
use crate::ids::{Region, Text};
use crate::journal::{Entry, LeftClosed};
use crate::planted::{self, Bug};
use crate::pursuit::{Goal, Probe, resume};
use crate::steps::engines::{self, Engine};
use crate::steps::{Move, Situation, barriers, isolation};
use crate::time::since;
use crate::world::{Change, Question, Seen, View};

/// The database's engine is asked by the fence itself.
pub(super) fn questions(situation: &Situation<'_>) -> Vec<Question> {
    lifts(situation).filter_map(|(_, left)| asked(&left.reopen)).collect()
}

fn lifts<'a>(situation: &Situation<'a>) -> impl Iterator<Item = (EffectId, &'a LeftClosed)> {
    situation.state.decision.reopens()
}

fn asked(reopen: &Change) -> Option<Question> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "nothing else closes a side")]
    match reopen {
        Change::BoundGroup { region, group, .. } => {
            Some(Question::WriterGroup { region: region.clone(), group: group.clone() })
        }
        Change::AuthorizeIngress { region, rules, .. } => Some(Question::Ingress {
            region: region.clone(),
            group: rules.group.clone(),
            port: rules.port,
        }),
        _ => None,
    }
}

/// The group of the side that is moved to, if an earlier recovery bound it and this one will let it go.
pub(super) fn will_be<'a>(
    situation: &Situation<'a>,
    region: &Region,
    group: &str,
) -> Option<&'a LeftClosed> {
    lifts(situation).map(|(_, left)| left).find(|left| {
        matches!(&left.reopen, Change::BoundGroup { region: r, group: g, .. } if r == region && g == group)
    })
}

/// What only a person can answer, before anything is touched: what shall be opened would make a second writer.
pub(super) fn check(situation: &Situation<'_>, seen: &Seen, asks: &mut Vec<String>) {
    for (effect, left) in lifts(situation).filter(|_| !planted::is(Bug::ReopensUnseen)) {
        if matches!(goal(effect, left, seen).probe, Probe::No(_))
            && let Safe::No(why) = safe(situation, left, seen)
        {
            let (side, source) = (situation.target_region(), situation.source_region());
            asks.push(format!(
                "`{}` waits since generation {}, and is not done: {why}, so that its old writers would write beside those in {source}; make {} in {side} a replica of {source} again, then `{}`",
                left.reopen,
                left.generation,
                left.database,
                resume(situation)
            ));
        }
    }
}

/// Opens what was left closed on the side that is moved to.
pub(super) fn apply(situation: &Situation<'_>, seen: &Seen, next: &mut Move) {
    for (effect, left) in lifts(situation) {
        let goal = goal(effect, left, seen);
        if matches!(goal.probe, Probe::No(_)) && !on_record(situation, left) {
            match safe(situation, left, seen) {
                Safe::Yes(evidence) => next.records.push(Entry::OneWriter {
                    database: left.database.clone(),
                    side: left.side,
                    evidence,
                }),
                Safe::No(why) | Safe::Unseen(why) => next.wait(format!("{}: {why}", left.reopen)),
            }
            continue;
        }
        next.pursue(situation, goal);
    }
}

/// Whether it was seen a moment ago, and stands in the journal, that opening makes no second writer.
fn on_record(situation: &Situation<'_>, left: &LeftClosed) -> bool {
    let seen = situation.state.one_writer.get(&(left.database.clone(), left.side));
    seen.is_some_and(|at| since(*at, situation.now) <= situation.limits.assessment_age)
        || planted::is(Bug::ReopensUnseen)
}

/// Whether opening makes no second writer.
enum Safe {
    Yes(String),
    No(String),
    Unseen(String),
}

/// The engine that is opened takes no writes, by its service's word and its own. Or it is the one writer, and
/// the other side follows it: then nothing was moved that could write beside it.
fn safe(situation: &Situation<'_>, left: &LeftClosed, seen: &Seen) -> Safe {
    let id = &left.database;
    let Some(database) = situation.plan.database(id) else {
        return Safe::No(format!(
            "the plan no longer has {id}, so that its engine cannot be asked"
        ));
    };
    if barriers::old_engine_follows(situation, database, seen) {
        return Safe::Yes(format!(
            "{id} in {} follows, by its own word",
            situation.source_region()
        ));
    }
    match engines::engine(situation, database, seen) {
        Engine::Replica if engines::in_recovery(situation, database, seen) => Safe::Yes(format!(
            "{id} in {} is a replica, by its service's word and its own",
            situation.target_region()
        )),
        Engine::Replica => {
            Safe::No(format!("{id} is told to be a replica, and its engine is not in recovery"))
        }
        Engine::Writer(why) | Engine::Wrong(why) => Safe::No(format!("{id}: {why}")),
        Engine::Moving(why) | Engine::Blind(why) => Safe::Unseen(format!("{id}: {why}")),
    }
}

fn goal(effect: EffectId, left: &LeftClosed, seen: &Seen) -> Goal {
    let probe = match asked(&left.reopen) {
        None => Probe::Blind(format!("`{}` cannot be looked at", left.reopen)),
        Some(question) => match seen.get(&question) {
            Err(blind) => Probe::Blind(blind.to_string()),
            Ok(view) => as_before(&question, &left.reopen, view),
        },
    };
    Goal {
        effect,
        change: left.reopen.clone(),
        before: Some(left.closed.clone()),
        undoes: None,
        probe,
    }
}

fn as_before(question: &Question, reopen: &Change, view: &View) -> Probe {
    match (reopen, view) {
        (Change::BoundGroup { maximum, suspend, .. }, View::WriterGroup(Some(group))) => {
            let suspended = group.suspends("Launch");
            // Whoever let it run again by hand chose its size.
            let runs = group.maximum > 0 && !suspended;
            if runs || (group.maximum == *maximum && suspended == *suspend) {
                Probe::Yes(format!("{question}: maximum {}, as it was left", group.maximum))
            } else {
                Probe::No(format!("{question}: maximum {}", group.maximum))
            }
        }
        (Change::BoundGroup { .. }, View::WriterGroup(None)) => {
            Probe::Yes(format!("{question} is gone"))
        }
        (Change::AuthorizeIngress { rules, .. }, View::Ingress(open)) => {
            let shut = |s: &&Text| isolation::removable(open, s).is_none();
            let shut: Vec<&str> = rules.sources().filter(shut).map(Text::as_str).collect();
            if shut.is_empty() {
                Probe::Yes(format!("{question}: open as before"))
            } else {
                Probe::No(format!("{question}: shut to {}", shut.join(", ")))
            }
        }
        (_, other) => Probe::Blind(format!("{question} answered {other:?}")),
    }
}
