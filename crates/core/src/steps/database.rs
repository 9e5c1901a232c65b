//! Promotion of every database, after the commit; done when the engines themselves say writer.

use crate::effect::Verb;
use crate::ids::Step;
use crate::journal::{Entry, FenceProof};
use crate::plan::Database;
use crate::planted::{self, Bug};
use crate::pursuit::{Goal, Probe, Progress, pursue};
use crate::steps::engines::{self, Engine};
use crate::steps::ways::{by_the_next, instead_of_a_switchover};
use crate::steps::{Move, Situation, barriers, lease};
use crate::world::{Change, Question, Seen};

pub(super) fn questions(situation: &Situation<'_>) -> Vec<Question> {
    let mut questions: Vec<Question> =
        situation.plan.databases.iter().flat_map(|d| engines::questions(situation, d)).collect();
    questions.extend(lease::leases(situation).iter().map(|g| lease::question(situation, g.lease)));
    questions.extend(barriers::questions(situation));
    questions
}

pub(super) fn decide(situation: &Situation<'_>, seen: &Seen) -> Move {
    let mut next = Move::default();
    if !situation.state.committed() && !planted::is(Bug::PromotesUncommitted) {
        next.stick("nothing is committed");
        return next;
    }
    for database in &situation.plan.databases {
        promote(situation, database, seen, &mut next);
    }
    if !next.settled() && !planted::is(Bug::GrantsUnverified) {
        return next;
    }
    // The lease goes to the new side only after every one of its databases is a verified writer.
    for guarded in lease::leases(situation) {
        next.pursue(situation, lease::grant(situation, guarded.lease, seen));
    }
    next
}

fn promote(situation: &Situation<'_>, database: &Database, seen: &Seen, next: &mut Move) {
    let engine = engines::engine(situation, database, seen);
    let probe = match &engine {
        Engine::Writer(why) => Probe::Yes(why.clone()),
        Engine::Replica => Probe::No("it still follows the old writer".to_owned()),
        Engine::Moving(why) => Probe::Moving(why.clone()),
        Engine::Wrong(why) => return next.stick(why.clone()),
        Engine::Blind(why) => Probe::Blind(why.clone()),
    };
    let reached = match change(situation, database) {
        None => {
            matches!(probe, Probe::Yes(_)) || {
                let why = match &probe {
                    Probe::Yes(why) | Probe::No(why) | Probe::Moving(why) | Probe::Blind(why) => {
                        why
                    }
                };
                next.wait(format!("{}: {why}", database.id()));
                false
            }
        }
        Some(change) => {
            // A fence is looked at again before each request.
            if matches!(probe, Probe::No(_)) && !fence_holds(situation, database, seen, next) {
                return;
            }
            let effect = situation.effect(Step::Database, database.id().as_str(), Verb::Promote);
            let switches = matches!(change, Change::SwitchoverGlobal { .. });
            let goal = Goal { effect, change, before: None, undoes: None, probe };
            let mut progress = pursue(situation, goal);
            if let (true, Progress::Stuck(why)) = (switches, &mut progress) {
                why.push_str(&instead_of_a_switchover(situation, database));
            }
            next.take(progress)
        }
    };
    if reached && !situation.state.writers.contains(database.id()) {
        let evidence = match engine {
            Engine::Writer(why) => why,
            Engine::Replica | Engine::Moving(_) | Engine::Wrong(_) | Engine::Blind(_) => {
                return next.wait(format!("{} is not seen as the writer", database.id()));
            }
        };
        next.records.push(Entry::WriterVerified { database: database.id().clone(), evidence });
    }
}

fn fence_holds(
    situation: &Situation<'_>,
    database: &Database,
    seen: &Seen,
    next: &mut Move,
) -> bool {
    let proof = situation.state.fenced.get(database.id()).map(|f| &f.proof);
    if let (Some(FenceProof::WriterLease { epoch }), Some(lease)) = (proof, database.lease()) {
        match lease::still_taken(situation, lease, *epoch, seen) {
            Probe::Yes(_) => {}
            Probe::No(why) => {
                let workload = &situation.plan.workload;
                next.stick(format!(
                    "{}: {why}. Where its holder shall keep it: `leeward abandon {workload} --reason …`; else {}, which takes it from there",
                    database.id(),
                    by_the_next(situation)
                ));
                return false;
            }
            Probe::Moving(why) | Probe::Blind(why) => {
                next.wait(format!("{}: its fence is unseen: {why}", database.id()));
                return false;
            }
        }
    }
    match barriers::still_holds(situation, database, seen) {
        Ok(()) => true,
        // Those who came in by a rule that is closed again are on their way out.
        Err(why)
            if barriers::drains(situation, database, seen)
                && situation.tried_for() < situation.limits.session_patience =>
        {
            next.wait(why);
            false
        }
        Err(why) => {
            next.stick(why);
            false
        }
    }
}

/// What makes the side's copy the writer; `None`: it always is one.
fn change(situation: &Situation<'_>, database: &Database) -> Option<Change> {
    let region = situation.target_region().clone();
    let side = situation.target();
    match database {
        Database::RdsReplica(d) => {
            Some(Change::PromoteReplica { region, instance: d.instance.of(side).clone() })
        }
        Database::AuroraGlobal(d) => {
            let (global_cluster, target) = (d.global_cluster.clone(), d.cluster.of(side).clone());
            let fenced = situation.state.fenced.get(&d.id);
            let graceful =
                !d.allow_data_loss || fenced.is_some_and(|f| f.proof == FenceProof::Switchover);
            Some(if graceful {
                Change::SwitchoverGlobal { region, global_cluster, target }
            } else {
                Change::FailoverGlobal { region, global_cluster, target }
            })
        }
        Database::DynamodbGlobal(_) => None,
    }
}
