//! Databases: their engine, version and endpoint by RDS's word, and whether `db-probe` is answered.

use super::{Found, Whereabouts};
use crate::ids::Side;
use crate::names::{canonical, same};
use crate::plan::{Database, Plan, engine_against, version_against};
use crate::replication::follows_home;
use crate::steps::sql;
use crate::world::{Question, Seen, SqlView, View};

const BOTH: [Side; 2] = [Side::Primary, Side::Standby];

pub(super) fn questions(plan: &Plan) -> Vec<Question> {
    let mut questions = Vec::new();
    for database in &plan.databases {
        for side in BOTH {
            questions.extend(service(plan, database, side));
            questions.extend(database.probe().map(|probe| sql(probe, side, None)));
        }
    }
    questions
}

/// What RDS is asked of one side. A global cluster is asked in the standby: its own word holds everywhere.
fn service(plan: &Plan, database: &Database, side: Side) -> Option<Question> {
    let region = plan.regions.of(side).clone();
    match (database, side) {
        (Database::RdsReplica(d), _) => {
            Some(Question::Rds { region, instance: d.instance.of(side).clone() })
        }
        (Database::AuroraGlobal(d), Side::Standby) => {
            Some(Question::Global { region, global_cluster: d.global_cluster.clone() })
        }
        (Database::AuroraGlobal(_), Side::Primary) | (Database::DynamodbGlobal(_), _) => None,
    }
}

pub(super) fn check(
    plan: &Plan,
    path: &str,
    database: &Database,
    seen: &Seen,
    findings: &mut Found,
) {
    for side in BOTH {
        if let Some(question) = service(plan, database, side) {
            by_service(path, database, side, &question, seen, findings);
        }
    }
    let Some(probe) = database.probe() else { return };
    let mut engines = Vec::new();
    for side in BOTH {
        let (question, at) = (sql(probe, side, None), format!("{path}.probe.side.{side}"));
        match seen.get(&question) {
            Ok(View::Sql(view)) => engines.push(view),
            Ok(other) => {
                findings.warn(&at, format!("{question} answered something else: {other:?}"));
            }
            Err(blind) if blind.is_unsupported() => {
                findings.error(&at, blind.about(&question));
            }
            Err(blind) => findings.warn(
                &at,
                format!(
                    "db-probe is not answered while all is well, and no recovery goes on without it: {}",
                    blind.about(&question)
                ),
            ),
        }
    }
    if let [primary, standby] = engines.as_slice() {
        answered(path, database, primary, standby, findings);
    }
}

fn by_service(
    path: &str,
    database: &Database,
    side: Side,
    question: &Question,
    seen: &Seen,
    findings: &mut Found,
) {
    let (engine, version, host) = match seen.get(question) {
        Ok(View::Rds(Some(rds))) => (
            Some(rds.engine.as_str()),
            Some(rds.engine_version.as_str()).filter(|v| !v.is_empty()),
            rds.host.as_deref(),
        ),
        Ok(View::Global(Some(global))) => {
            (global.engine.as_deref(), global.engine_version.as_deref(), None)
        }
        Ok(View::Rds(None) | View::Global(None)) => {
            // It may be made anew just now: the sweep looks at it before each verdict.
            return findings.warn(path, format!("{question} does not exist"));
        }
        Ok(other) => {
            return findings.warn(path, format!("{question} answered something else: {other:?}"));
        }
        Err(blind) => return findings.unseen(path, question, &blind),
    };
    let place = format!("{path}.engine");
    if let Some(why) = engine.and_then(|e| engine_against(database, e)) {
        findings.error(&place, format!("{question} {why}"));
    } else if let Some((fatal, why)) = version.and_then(|v| version_against(database, v)) {
        let words = format!("{question} {why}");
        if fatal {
            findings.error(&place, words);
        } else {
            findings.warn(&place, words);
        }
    }
    if let (Some(host), Some(probe)) = (host, database.probe()) {
        endpoint(path, side, question, host, &probe.side.of(side).host, findings);
    }
}

/// Whether the side where the workload lives writes, and the other follows exactly that. Away from home nobody may
/// have made the old side a replica again yet: then there is no way home, and no recovery either.
pub(super) fn follow(
    plan: &Plan,
    path: &str,
    database: &Database,
    whereabouts: Whereabouts,
    seen: &Seen,
    findings: &mut Found,
) {
    let Whereabouts::On { side: lives, .. } = whereabouts else { return };
    let asked: Vec<Question> =
        BOTH.into_iter().filter_map(|side| service(plan, database, side)).collect();
    let mut views = Vec::new();
    for question in &asked {
        // What is unseen, or is not there, is told as such.
        match seen.get(question) {
            Ok(view @ (View::Rds(Some(_)) | View::Global(Some(_)))) => views.push(view),
            _ => return,
        }
    }
    if views.is_empty() {
        return;
    }
    let Err(why) = follows_home(plan, database, lives, &views) else { return };
    let path = format!("{path}.replication");
    let moving = views.iter().any(|v| matches!(v, View::Global(Some(g)) if g.failover.is_some()));
    match lives {
        Side::Primary if !moving => findings.error(
            &path,
            format!(
                "{why}: a recovery has no copy of what is written in {} to move to",
                plan.regions.primary
            ),
        ),
        Side::Primary => findings.warn(&path, why),
        Side::Standby => findings.warn(&path, format!("{why}: there is no way home until it does")),
    }
}

/// A name of one's own may lead to the endpoint; an endpoint of RDS that is another's cannot.
fn endpoint(
    path: &str,
    side: Side,
    question: &Question,
    host: &str,
    planned: &str,
    findings: &mut Found,
) {
    if !same(host, planned) && canonical(planned).ends_with(".rds.amazonaws.com") {
        findings.error(
            &format!("{path}.probe.side.{side}.host"),
            format!("is {planned}; {question} is at {host}: another engine would be asked"),
        );
    }
}

/// What both engines say, beside each other.
fn answered(
    path: &str,
    database: &Database,
    primary: &SqlView,
    standby: &SqlView,
    findings: &mut Found,
) {
    if primary.in_recovery == standby.in_recovery {
        let both = if primary.in_recovery { "replicas" } else { "writers" };
        findings.warn(
            &format!("{path}.probe"),
            format!("both sides say that they are {both}: one of the hosts, or the replication, is not as the plan says"),
        );
    }
    if database.lease().is_some() && primary.heartbeat.is_none() && standby.heartbeat.is_none() {
        findings.warn(
            &format!("{path}.fences"),
            "neither engine has a heartbeat row: the loss of a recovery would be unknown, and a person is asked",
        );
    }
}
