//! What the database engines of the side that is moved to say.

use crate::ids::{Side, Text};
use crate::plan::{Database, Probe as SqlProbe, engine_against};
use crate::replication::{member, wrong, wrong_member};
use crate::steps::Situation;
use crate::world::{GlobalView, Heartbeat, Question, RdsView, Seen, SqlView, View};

/// A database on the side that is moved to.
#[derive(Debug, Clone, PartialEq)]
pub enum Engine {
    /// It follows the old writer and can be promoted.
    Replica,
    /// It is the writer, by its own word.
    Writer(String),
    /// Something is under way.
    Moving(String),
    /// It is not what the plan says.
    Wrong(String),
    /// It cannot be seen.
    Blind(String),
}

/// What has to be asked to know the engine of `database` on the side that is moved to.
pub fn questions(situation: &Situation<'_>, database: &Database) -> Vec<Question> {
    let region = situation.target_region().clone();
    let service = match database {
        Database::RdsReplica(d) => {
            Question::Rds { region, instance: d.instance.of(situation.target()).clone() }
        }
        Database::AuroraGlobal(d) => {
            Question::Global { region, global_cluster: d.global_cluster.clone() }
        }
        Database::DynamodbGlobal(d) => Question::TableReplica { region, table: d.table.clone() },
    };
    let engine = database.probe().map(|p| sql(p, situation.target(), None));
    std::iter::once(service).chain(engine).collect()
}

/// The question to an engine on one side.
pub fn sql(probe: &SqlProbe, side: Side, sessions_of: Option<&str>) -> Question {
    let at = probe.side.of(side);
    Question::Sql {
        region: at.region.clone(),
        function: at.function.clone(),
        host: at.host.clone(),
        port: at.port,
        database: probe.database.clone(),
        user: probe.user.clone(),
        sessions_of: sessions_of.map(Text::from),
    }
}

/// The heartbeat row on the side that is moved to, whatever that side is.
pub fn heartbeat<'a>(
    situation: &Situation<'_>,
    database: &Database,
    seen: &'a Seen,
) -> Option<&'a Heartbeat> {
    engine_word(situation, database, seen).ok()?.heartbeat.as_ref()
}

/// What was seen of it.
pub fn engine(situation: &Situation<'_>, database: &Database, seen: &Seen) -> Engine {
    let asked = questions(situation, database);
    let Some(service) = asked.first() else {
        return Engine::Blind(format!("{} was not asked", database.id()));
    };
    let view = match seen.get(service) {
        Ok(view) => view,
        Err(blind) => return Engine::Blind(blind.about(service)),
    };
    if let Some(why) = unsupported(situation, database, (service, view), seen) {
        return Engine::Wrong(why);
    }
    let sql = || engine_word(situation, database, seen);
    match (database, view) {
        (Database::RdsReplica(_), View::Rds(Some(rds))) => {
            let wrong = wrong(situation.plan, database, situation.target(), view);
            instance(service, wrong, rds, sql())
        }
        (Database::AuroraGlobal(d), View::Global(Some(global))) => cluster(
            service,
            d.cluster.of(situation.source()),
            d.cluster.of(situation.target()),
            global,
            sql(),
        ),
        (Database::DynamodbGlobal(_), View::Running(Some(table))) => {
            if table.running >= table.desired {
                Engine::Writer(format!("{service} is ACTIVE"))
            } else {
                Engine::Moving(format!("{service} is not ACTIVE"))
            }
        }
        (_, View::Rds(None) | View::Global(None) | View::Running(None)) => {
            Engine::Wrong(format!("{service} does not exist"))
        }
        (_, other) => Engine::Blind(format!("{service} answered {other:?}")),
    }
}

/// Why that engine can never be asked, by RDS's word for it or by the probe's own: no waiting helps.
fn unsupported(
    situation: &Situation<'_>,
    database: &Database,
    (service, view): (&Question, &View),
    seen: &Seen,
) -> Option<String> {
    if let Some(why) = named_engine(view).and_then(|e| engine_against(database, e)) {
        return Some(format!("{service} {why}"));
    }
    let question = sql(database.probe()?, situation.target(), None);
    let blind = seen.get(&question).err()?;
    blind.is_unsupported().then(|| blind.about(&question))
}

/// The engine as RDS names it.
#[expect(clippy::wildcard_enum_match_arm, reason = "no other view names an engine")]
pub(crate) fn named_engine(view: &View) -> Option<&str> {
    match view {
        View::Rds(Some(rds)) => Some(&rds.engine),
        View::Global(Some(global)) => global.engine.as_deref(),
        _ => None,
    }
}

/// Whether the engine of the side that is moved to says of itself that it is a replica.
pub fn in_recovery(situation: &Situation<'_>, database: &Database, seen: &Seen) -> bool {
    engine_word(situation, database, seen).is_ok_and(|word| word.in_recovery)
}

fn engine_word<'a>(
    situation: &Situation<'_>,
    database: &Database,
    seen: &'a Seen,
) -> Result<&'a SqlView, String> {
    let probe = database.probe().ok_or("it speaks no SQL")?;
    let question = sql(probe, situation.target(), None);
    match seen.get(&question) {
        Ok(View::Sql(view)) => Ok(view),
        Ok(other) => Err(format!("{question} answered {other:?}")),
        Err(blind) => Err(blind.about(&question)),
    }
}

fn instance(
    service: &Question,
    wrong: Option<String>,
    rds: &RdsView,
    sql: Result<&SqlView, String>,
) -> Engine {
    // RDS promotes a replica only while it is `available` (PromoteReadReplica, InvalidDBInstanceState).
    // Once it follows nobody, the engine's own word counts in every state in which it works.
    let usable = match &rds.replica_source {
        Some(_) => rds.status == AVAILABLE,
        None => instance_works(&rds.status),
    };
    if !usable {
        return Engine::Moving(format!("{service} is {}", rds.status));
    }
    if let Some(why) = wrong {
        return Engine::Wrong(format!("{service} {why}"));
    }
    match (&rds.replica_source, sql) {
        (_, Err(unseen)) => Engine::Blind(unseen),
        (Some(_), Ok(_)) => Engine::Replica,
        (None, Ok(view)) => writer(service, "has no replica source", view),
    }
}

/// The state in which RDS takes every request.
const AVAILABLE: &str = "available";

/// States of an instance in which its engine goes on answering, by RDS's own description of each (RDS
/// User Guide, "Viewing DB instance status"). What restarts the engine is missing: `modifying` above
/// all, which a promotion itself passes through, since RDS reboots the instance in it (RDS User Guide,
/// "Promoting a read replica"). What is not known does not work.
const INSTANCE_WORKS: [&str; 10] = [
    AVAILABLE,
    // After a promotion the rule: `BackupRetentionPeriod` is 1 by default, so the first backup is taken
    // at once, and takes as long as the database is large (PromoteReadReplica).
    "backing-up",
    "configuring-activity-stream",
    "configuring-associated-roles",
    "configuring-enhanced-monitoring",
    "configuring-iam-database-auth",
    "configuring-log-exports",
    "storage-config-upgrade",
    "storage-initialization",
    "storage-optimization",
];

/// States of a cluster in which its writer goes on answering (Aurora User Guide, "Viewing DB cluster
/// status"). `modifying`, too: of a global cluster it also means that members come and go, as the old
/// primary does after a failover, and the writer's own word is asked in any case.
const CLUSTER_WORKS: [&str; 6] = [
    AVAILABLE,
    "backing-up",
    "modifying",
    "configuring-activity-stream",
    "storage-optimization",
    "update-iam-db-auth",
];

/// Whether the engine of an instance in that state goes on answering.
pub(crate) fn instance_works(status: &str) -> bool {
    INSTANCE_WORKS.contains(&status)
}

/// Whether the writer of a cluster in that state goes on answering.
fn cluster_works(status: &str) -> bool {
    CLUSTER_WORKS.contains(&status)
}

fn cluster(
    service: &Question,
    source: &str,
    target: &str,
    global: &GlobalView,
    sql: Result<&SqlView, String>,
) -> Engine {
    let Some(member) = member(global, target) else {
        return Engine::Wrong(format!("{service} has no member {target}"));
    };
    if let Some(failover) = &global.failover {
        return Engine::Moving(format!("{service}: {failover}"));
    }
    let usable = global.status == AVAILABLE || (member.writer && cluster_works(&global.status));
    if !usable {
        return Engine::Moving(format!("{service} is {}", global.status));
    }
    if let Some(why) = wrong_member(global, source, target) {
        return Engine::Wrong(format!("{service} {why}"));
    }
    match (member.writer, sql) {
        (_, Err(unseen)) => Engine::Blind(unseen),
        (false, Ok(_)) => Engine::Replica,
        (true, Ok(view)) => writer(service, "names it the writer", view),
    }
}

/// "Available" is not "writer": the engine itself has to say so.
fn writer(service: &Question, says: &str, view: &SqlView) -> Engine {
    if view.in_recovery {
        Engine::Moving(format!("{service} {says}, the engine is still in recovery"))
    } else if view.writable {
        Engine::Writer(format!("{service} {says}, the engine is out of recovery and takes writes"))
    } else {
        Engine::Moving(format!("{service} {says}, the engine does not take writes yet"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::GlobalMember;

    fn question() -> Question {
        Question::Global { region: "us-west-2".into(), global_cluster: "catalog".into() }
    }

    fn replica() -> SqlView {
        SqlView { in_recovery: true, writable: false, heartbeat: None, sessions: None }
    }

    fn global(writer: &str) -> GlobalView {
        let member = |arn: &str| GlobalMember { arn: arn.into(), writer: arn == writer };
        GlobalView {
            status: "available".into(),
            failover: None,
            engine: Some("aurora-postgresql".into()),
            engine_version: None,
            members: ["east", "west", "third"].map(member).to_vec(),
        }
    }

    #[test]
    fn a_third_cluster_that_writes_is_fenced_by_nobody() {
        let of = |writer| {
            let sql = replica();
            cluster(&question(), "east", "west", &global(writer), Ok(&sql))
        };
        assert_eq!(of("east"), Engine::Replica);
        assert!(matches!(of("third"), Engine::Wrong(why) if why.contains("third the writer")));
    }

    fn rds(status: &str, source: Option<&str>) -> RdsView {
        RdsView {
            status: status.into(),
            arn: None,
            replica_source: source.map(Into::into),
            engine: "postgres".into(),
            engine_version: "17.4".into(),
            host: None,
            zone: None,
            multi_az: false,
            replication: None,
        }
    }

    #[test]
    fn after_the_promotion_the_engines_word_counts_in_every_state_in_which_it_works() {
        let writer =
            SqlView { in_recovery: false, writable: true, heartbeat: None, sessions: None };
        let of = |status, source| instance(&question(), None, &rds(status, source), Ok(&writer));
        for status in INSTANCE_WORKS {
            assert!(matches!(of(status, None), Engine::Writer(_)), "{status}");
        }
        for status in ["modifying", "rebooting", "upgrading", "stopped", "failed", "new-word"] {
            assert!(matches!(of(status, None), Engine::Moving(_)), "{status}");
        }
        // Before it, RDS refuses to promote in any state but one.
        let replica = replica();
        let of = |status| instance(&question(), None, &rds(status, Some("orders")), Ok(&replica));
        assert_eq!(of(AVAILABLE), Engine::Replica);
        for status in INSTANCE_WORKS.iter().filter(|s| **s != AVAILABLE) {
            assert!(matches!(of(status), Engine::Moving(_)), "{status}");
        }
    }

    #[test]
    fn a_working_engine_that_is_no_writer_yet_is_none_in_any_state() {
        let replica = replica();
        let mute = SqlView { in_recovery: false, writable: false, heartbeat: None, sessions: None };
        for word in [&replica, &mute] {
            let of = instance(&question(), None, &rds("backing-up", None), Ok(word));
            assert!(matches!(of, Engine::Moving(_)), "{of:?}");
        }
    }

    #[test]
    fn a_global_clusters_writer_counts_while_other_members_come_and_go() {
        let of = |status: &str, writer: &str, sql: &SqlView| {
            let view = GlobalView { status: status.into(), ..global(writer) };
            cluster(&question(), "east", "west", &view, Ok(sql))
        };
        let writer =
            SqlView { in_recovery: false, writable: true, heartbeat: None, sessions: None };
        assert!(matches!(of("modifying", "west", &writer), Engine::Writer(_)));
        assert!(matches!(of("modifying", "west", &replica()), Engine::Moving(_)));
        assert!(matches!(of("modifying", "east", &replica()), Engine::Moving(_)));
        assert!(matches!(of("deleting", "west", &writer), Engine::Moving(_)));
    }
}
