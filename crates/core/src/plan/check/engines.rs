//! Engines: whether `db-probe` can ask them, and whether each is asked at its own host.

use super::Findings;
use crate::ids::{Side, Sides};
use crate::names;
use crate::plan::{Database, Plan, Probe, ProbeSide};

/// Oldest PostgreSQL that `db-probe` can ask: it draws `pg_current_xact_id()`, which came with 13.
const POSTGRES_MIN: u32 = 13;
/// Oldest PostgreSQL that ends a transaction by time (`transaction_timeout`): the holder of a writer lease
/// needs it so that no transaction outlives the lease.
const TRANSACTION_TIMEOUT_SINCE: u32 = 17;
/// End of every endpoint of RDS.
const RDS_DOMAIN: &str = ".rds.amazonaws.com";

/// Whose ports these are by default. A guess, so never more than a warning.
const OTHERS_PORTS: [(u16, &str); 5] = [
    (3306, "MySQL and MariaDB"),
    (1433, "SQL Server"),
    (1521, "Oracle"),
    (50000, "Db2"),
    (27017, "DocumentDB"),
];

/// The engine that can be asked, as RDS names it, for that kind of database.
fn askable(database: &Database) -> Option<&'static str> {
    match database {
        Database::RdsReplica(_) => Some("postgres"),
        Database::AuroraGlobal(_) => Some("aurora-postgresql"),
        Database::DynamodbGlobal(_) => None,
    }
}

/// The major version in RDS's words, such as 16 in `16.4`.
fn major(version: &str) -> Option<u32> {
    let digits = version.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

/// What is wrong with an engine, as RDS or the plan names it; `None`: `db-probe` can ask it.
pub(crate) fn engine_against(database: &Database, engine: &str) -> Option<String> {
    let askable = askable(database)?;
    (engine != askable).then(|| {
        format!(
            "is {engine}; db-probe can ask {askable} only, and nothing is fenced by sessions or promoted without its answer: this database cannot be recovered by Leeward"
        )
    })
}

/// What is wrong with a version of PostgreSQL, weightiest first: whether it makes a recovery impossible,
/// and the words.
pub(crate) fn version_against(database: &Database, version: &str) -> Option<(bool, String)> {
    askable(database)?;
    let major = major(version)?;
    if major < POSTGRES_MIN {
        let words = format!(
            "is PostgreSQL {version}; db-probe needs {POSTGRES_MIN} (pg_current_xact_id), so the engine would never be seen to take writes"
        );
        return Some((true, words));
    }
    let short = major < TRANSACTION_TIMEOUT_SINCE && database.lease().is_some();
    short.then(|| {
        let words = format!(
            "is PostgreSQL {version}, which has no transaction_timeout (since {TRANSACTION_TIMEOUT_SINCE}): the writer has to end every transaction within longest-statement itself, or a transaction outlives its lease"
        );
        (false, words)
    })
}

pub(super) fn check(plan: &Plan, path: &str, database: &Database, findings: &mut Findings) {
    let Some(probe) = database.probe() else { return };
    engine(path, database, probe, findings);
    hosts(plan, path, database, probe, findings);
}

fn engine(path: &str, database: &Database, probe: &Probe, findings: &mut Findings) {
    let (engine, version) = database.engine();
    let place = format!("{path}.engine");
    match engine {
        Some(engine) => {
            if let Some(why) = engine_against(database, engine) {
                findings.error(place, why);
            }
        }
        None => {
            let askable = askable(database).unwrap_or_default();
            let ports = [&probe.side.primary, &probe.side.standby].map(|s| s.port);
            let other = OTHERS_PORTS.iter().find(|(port, _)| ports.contains(port));
            findings.warn(
                place,
                match other {
                    Some((port, whose)) => format!(
                        "is not named, and port {port} is that of {whose}: db-probe can ask {askable} only, and any other engine is found out in the failure; write `engine: {askable}` if it is that"
                    ),
                    None => format!(
                        "is not named: db-probe can ask {askable} only; write `engine: {askable}`, or this plan cannot recover the database"
                    ),
                },
            );
        }
    }
    let Some(version) = version else { return };
    let place = format!("{path}.engine-version");
    if major(version).is_none() {
        findings.error(place, format!("`{version}` is no version; write it as RDS does: 17.4"));
    } else if let Some((fatal, why)) = version_against(database, version) {
        if fatal {
            findings.error(place, why);
        } else {
            findings.warn(place, why);
        }
    }
}

fn hosts(plan: &Plan, path: &str, database: &Database, probe: &Probe, findings: &mut Findings) {
    for side in [Side::Primary, Side::Standby] {
        let (path, at) = (format!("{path}.probe.side.{side}"), probe.side.of(side));
        findings.filled(format!("{path}.function"), &at.function);
        if at.port == 0 {
            findings.error(format!("{path}.port"), "is 0");
        }
        match names::value_kind(&at.host) {
            Ok(_) => endpoint(plan, &format!("{path}.host"), database, side, at, findings),
            Err(wrong) => findings.error(format!("{path}.host"), format!("`{}` {wrong}", at.host)),
        }
    }
    let Sides { primary, standby } = &probe.side;
    if names::same(&primary.host, &standby.host) && primary.port == standby.port {
        findings.error(
            format!("{path}.probe.side.standby.host"),
            format!(
                "is the primary's too, {}: one engine would vouch for both sides, and the old writer for its own promotion",
                primary.host
            ),
        );
    }
}

/// An endpoint of RDS says itself whose it is: `<name>.<id>.<region>.rds.amazonaws.com`, for a cluster
/// `<name>.cluster-<id>…` and its readers `<name>.cluster-ro-<id>…` (RDS and Aurora User Guides, endpoints).
fn endpoint(
    plan: &Plan,
    path: &str,
    database: &Database,
    side: Side,
    at: &ProbeSide,
    findings: &mut Findings,
) {
    let host = names::canonical(&at.host);
    let Some(labels) = host.strip_suffix(RDS_DOMAIN) else { return };
    let [name, id, region] = labels.split('.').collect::<Vec<_>>()[..] else { return };
    let home = plan.regions.of(side);
    if region != home.as_str() {
        findings.error(
            path,
            format!("`{host}` is an endpoint in {region}; the {side} of this plan is {home}"),
        );
    }
    if id.starts_with("cluster-ro-") {
        findings.error(
            path,
            format!(
                "`{host}` is the readers' endpoint: it never leads to the writer; use the cluster's own (cluster-…)"
            ),
        );
    }
    let owner = match database {
        Database::RdsReplica(d) => d.instance.of(side).to_lowercase(),
        Database::AuroraGlobal(d) => {
            d.cluster.of(side).rsplit(':').next().unwrap_or_default().to_lowercase()
        }
        Database::DynamodbGlobal(_) => return,
    };
    // A custom endpoint and a proxy bear names of their own.
    let own = !id.starts_with("cluster-custom-") && !id.starts_with("proxy-");
    let of_instance = matches!(database, Database::AuroraGlobal(_)) && !id.starts_with("cluster-");
    if own && of_instance {
        findings.warn(
            path,
            format!(
                "`{host}` is one instance's endpoint: after a failover inside the cluster it is a reader; use the cluster's own (cluster-…)"
            ),
        );
    } else if own && name != owner {
        findings.error(
            path,
            format!("`{host}` is the endpoint of {name}; the {side} of this database is {owner}"),
        );
    }
}
