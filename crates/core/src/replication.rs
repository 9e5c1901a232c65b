//! What a replica follows: exactly the database that the plan names, or another's data.
//!
//! | behaviour | source |
//! |---|---|
//! | a source in the replica's own Region is told by its identifier, one in another Region by its ARN | RDS User Guide, "Working with DB instance read replicas" and `CreateDBInstanceReadReplica`, `SourceDBInstanceIdentifier` (which takes the same two forms); what `DescribeDBInstances` answers: github.com/getmoto/moto issue 5423 |
//! | an identifier is unique in one account and one Region alone | RDS User Guide, "DB instance identifier" |
//! | identifiers are stored in lower case | `PromoteReadReplica`, `DBInstanceIdentifier` |

use crate::ids::{Region, Side};
use crate::plan::{Database, Plan};
use crate::world::{GlobalView, RdsView, View};

/// What an RDS instance follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Follows {
    /// It is no replica.
    Nobody,
    /// The instance that it is compared with.
    It,
    /// Something else.
    Another(String),
}

/// Whether an RDS instance in `own` follows exactly the instance `source` in `region`.
pub fn follows(replica: &RdsView, own: &Region, source: &str, region: &Region) -> Follows {
    let Some(told) = replica.replica_source.as_deref() else { return Follows::Nobody };
    let account = replica.arn.as_deref().and_then(Arn::of).map(|arn| arn.account);
    let (name, place) = match Arn::of(told) {
        Some(arn) if account.is_some_and(|account| account != arn.account) => {
            return Follows::Another(format!("{told}, another account's"));
        }
        Some(arn) if arn.kind != "db" => return Follows::Another(told.to_owned()),
        Some(arn) => (arn.name, arn.region),
        None => (told, own.as_str()),
    };
    if name.eq_ignore_ascii_case(source) && place == region.as_str() {
        return Follows::It;
    }
    let bare = if name == told { format!("{told} ({place})") } else { told.to_owned() };
    Follows::Another(bare)
}

/// `arn:aws:rds:us-east-1:123456789012:db:orders`.
struct Arn<'a> {
    region: &'a str,
    account: &'a str,
    kind: &'a str,
    name: &'a str,
}

impl<'a> Arn<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(7, ':');
        let (arn, _, _) = (parts.next()?, parts.next()?, parts.next()?);
        let (region, account, kind) = (parts.next()?, parts.next()?, parts.next()?);
        let name = parts.next()?;
        (arn == "arn").then_some(Self { region, account, kind, name })
    }
}

/// Why what its service says of a database on that side is no copy of the plan's other side, and not its writer
/// either: what was moved there would meet another's data, or a writer that nobody fences.
pub fn wrong(plan: &Plan, database: &Database, side: Side, view: &View) -> Option<String> {
    match (database, view) {
        (Database::RdsReplica(d), View::Rds(Some(rds))) => {
            let other = side.other();
            let (name, region) = (d.instance.of(other), plan.regions.of(other));
            match follows(rds, plan.regions.of(side), name, region) {
                Follows::Nobody | Follows::It => None,
                Follows::Another(told) => Some(format!(
                    "follows {told}, not {name} ({region}) of the plan: what it has is another's data"
                )),
            }
        }
        (Database::AuroraGlobal(d), View::Global(Some(global))) => {
            wrong_member(global, d.cluster.of(side.other()), d.cluster.of(side))
        }
        _ => None,
    }
}

/// The same of a global cluster that shall be moved from one member to the other.
pub fn wrong_member(global: &GlobalView, source: &str, target: &str) -> Option<String> {
    let Some(own) = member(global, target) else {
        return Some(format!("has no member {target}"));
    };
    if global.failover.is_some() {
        return None;
    }
    // A third Region's cluster may be the writer since somebody switched over by hand: no fence of ours is its.
    let third = |arn: &str| !same(arn, target) && !same(arn, source);
    if let Some(third) = global.members.iter().find(|m| m.writer && third(&m.arn)) {
        return Some(format!(
            "names {} the writer, which is neither side of the plan: nothing fences it",
            third.arn
        ));
    }
    // It may have been taken out of the global cluster with all that is written to it.
    (!own.writer && member(global, source).is_none())
        .then(|| format!("has no member {source}: what follows there is not its data"))
}

/// The member of that ARN.
pub fn member<'a>(global: &'a GlobalView, arn: &str) -> Option<&'a crate::world::GlobalMember> {
    global.members.iter().find(|m| same(&m.arn, arn))
}

/// Identifiers are kept in lower case, whatever a plan writes.
pub fn same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

/// What is seen while a workload lives on `lives`: that side writes, and the other follows it.
///
/// # Errors
///
/// What is not so, or does not exist.
pub fn follows_home(
    plan: &Plan,
    database: &Database,
    lives: Side,
    views: &[&View],
) -> Result<String, String> {
    let away = lives.other();
    match (database, views) {
        (Database::RdsReplica(d), [View::Rds(Some(primary)), View::Rds(Some(standby))]) => {
            let (home, copy) = match lives {
                Side::Primary => (primary, standby),
                Side::Standby => (standby, primary),
            };
            let (writer, follower) = (d.instance.of(lives), d.instance.of(away));
            let (region, place) = (plan.regions.of(lives), plan.regions.of(away));
            if let Some(source) = &home.replica_source {
                return Err(format!("{writer} in {region} is a replica of {source}"));
            }
            match follows(copy, place, writer, region) {
                Follows::It => Ok(format!("{follower} is a replica of {writer}")),
                Follows::Nobody => Err(format!("{follower} in {place} is no replica of {writer}")),
                Follows::Another(told) => Err(format!(
                    "{follower} in {place} is a replica of {told}, not of {writer} ({region})"
                )),
            }
        }
        (Database::AuroraGlobal(d), [View::Global(Some(global))]) => {
            let id = &d.global_cluster;
            if let Some(state) = &global.failover {
                return Err(format!("{id} is {state}"));
            }
            let (writer, follower) = (d.cluster.of(lives), d.cluster.of(away));
            match global.members.iter().find(|m| m.writer) {
                None => return Err(format!("{id} has no writer")),
                Some(m) if !same(&m.arn, writer) => {
                    return Err(format!("the writer of {id} is {}, not {writer}", m.arn));
                }
                Some(_) => {}
            }
            if member(global, follower).is_none() {
                return Err(format!("{id} has no member {follower}"));
            }
            Ok(format!("{writer} is the writer of {id}, and {follower} its member"))
        }
        _ => Err(format!("{}: one of its sides does not exist", database.id())),
    }
}

#[cfg(test)]
#[path = "replication_tests.rs"]
mod tests;
