//! What RDS tells of an Aurora global database: who blocks its writers, and who moves it.
//!
//! Source of every row: "Amazon RDS event categories and event messages for Aurora",
//! docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_Events.Messages.html: 0390 and 0391 are events of an
//! instance (category "notification, global database"), the others of a cluster (category "global failover").
//! None is a vote: each is told to people, since a database that moves without Leeward, or an old writer that
//! was not blocked, is nothing that the votes show.

use crate::ids::EntryId;
use crate::need::{Every, Needed};
use crate::plan::Plan;
use crate::trigger::RdsEvent;

/// What happened to a global database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Happened {
    /// 0391: the old writers were not blocked in time, and the move goes on all the same.
    WritesNotBlocked,
    /// A move that somebody ordered: harmless to know when Leeward ordered it.
    Moved,
}

/// Ids, with what the documentation says of each.
const EVENTS: [(&str, Happened, &str); 13] = [
    ("0181", Happened::Moved, "a switchover has started"),
    ("0182", Happened::Moved, "a switchover has shut the old primary down"),
    ("0183", Happened::Moved, "a switchover waits for the data to be synchronized"),
    ("0184", Happened::Moved, "a switchover has promoted the new primary"),
    ("0185", Happened::Moved, "a switchover has finished"),
    ("0186", Happened::Moved, "a switchover was cancelled"),
    ("0187", Happened::Moved, "a switchover has failed"),
    ("0238", Happened::Moved, "a failover has completed"),
    ("0239", Happened::Moved, "a failover has failed"),
    ("0240", Happened::Moved, "its members are being resynchronized after a failover"),
    ("0241", Happened::Moved, "its members were resynchronized after a failover"),
    ("0390", Happened::Moved, "Aurora blocks the old writers for a switchover or failover"),
    ("0391", Happened::WritesNotBlocked, "Aurora could not block the old writers in time"),
];

/// Something that people are told of a plan's global database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GlobalNote {
    /// The database in the plan.
    pub database: EntryId,
    /// What they are told, and by what cause it is told once.
    pub needed: Needed,
    /// Whether it is of interest only when Leeward did not order the move.
    pub only_by_others: bool,
}

/// What an RDS event says of a global database of the plan; `None`: nothing.
pub fn global_note(plan: &Plan, event: &RdsEvent) -> Option<GlobalNote> {
    let number = event.event.strip_prefix("RDS-EVENT-")?;
    let (_, happened, words) = EVENTS.iter().find(|(known, _, _)| *known == number)?;
    // The message names the cluster; the source of 0390 and 0391 is one of its instances.
    let (cluster, region) =
        named(&event.message).unwrap_or((event.source.as_str(), event.region.as_str()));
    let member = plan
        .aurora_member(region, cluster)
        .or_else(|| plan.aurora_member(&event.region, &event.source));
    let (database, side) = member?;
    let id = &database.id;
    let workload = &plan.workload;
    let told = format!("RDS told {} of {cluster} ({region}) at {}", event.event, event.at);
    let (why, actions, only_by_others) = match happened {
        Happened::WritesNotBlocked => (
            format!(
                "OLD SIDE MAY STILL WRITE: {words} for {id} on the {side} side, and the switchover or failover goes on. What was written there in the meantime has to be recovered from the snapshot of that cluster. Stop its writers now. {told}: {}",
                event.message
            ),
            vec![
                format!("leeward status {workload}"),
                format!(
                    "aws rds describe-db-clusters --region {region} --db-cluster-identifier {cluster}"
                ),
            ],
            false,
        ),
        Happened::Moved => (
            format!(
                "{id} is moved by somebody else, not by Leeward: {words}. Until the plan's sides are as they were, the workload lives elsewhere than the plan says. {told}: {}",
                event.message
            ),
            vec![format!("leeward status {workload}"), format!("leeward assess {workload}")],
            true,
        ),
    };
    let cause = format!("{}:{cluster}", event.event);
    let reason =
        if only_by_others { format!("Note: {why}") } else { format!("A person is needed: {why}") };
    let needed = Needed { cause, why, reason, actions, every: Every::Hour };
    Some(GlobalNote { database: id.clone(), needed, only_by_others })
}

/// Cluster and Region in `… DB cluster NAME in Region NAME …`.
fn named(message: &str) -> Option<(&str, &str)> {
    let (_, rest) = message.split_once("DB cluster ")?;
    let (cluster, rest) = rest.split_once(" in Region ")?;
    let end = rest.find(|c: char| c != '-' && !c.is_ascii_alphanumeric());
    let region = &rest[..end.unwrap_or(rest.len())];
    let one_word = !cluster.is_empty() && !cluster.contains(' ') && !region.is_empty();
    one_word.then_some((cluster, region))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::example::orders;
    use crate::trigger::{Told, Trigger, read};
    use serde_json::{Value, json};

    fn plan() -> Plan {
        let mut plan = orders();
        let probe = plan["databases"][0]["probe"].clone();
        plan["databases"] = json!([{"id": "catalog-db", "kind": "aurora-global", "services": ["api"],
            "global-cluster": "catalog", "max-loss": "60s", "allow-data-loss": true,
            "cluster": {"primary": "arn:aws:rds:us-west-2:123456789012:cluster:catalog-west",
                "standby": "arn:aws:rds:eu-west-1:123456789012:cluster:catalog-eu"},
            "fences": [{"kind": "waiver"}], "probe": probe}]);
        serde_json::from_value(plan).unwrap()
    }

    fn event(text: &str) -> RdsEvent {
        let event: Value = serde_json::from_str(text).unwrap();
        let Ok(Trigger::Told(told)) = read(&event) else { panic!("{text}") };
        let Told::Rds(event) = *told else { panic!("{text}") };
        event
    }

    const NOT_BLOCKED: &str = include_str!("../../../../events/34-rds-writes-not-blocked.json");
    const FAILED_OVER: &str = include_str!("../../../../events/35-rds-global-failover.json");

    #[test]
    fn writers_that_were_not_blocked_are_told_as_an_old_side_that_may_still_write() {
        let note = global_note(&plan(), &event(NOT_BLOCKED)).unwrap();
        assert!(!note.only_by_others);
        assert_eq!(note.database.as_str(), "catalog-db");
        assert!(note.needed.reason.contains("OLD SIDE MAY STILL WRITE"), "{}", note.needed.reason);
        assert!(note.needed.reason.contains("catalog-west (us-west-2)"), "{}", note.needed.reason);
        let mut other = event(NOT_BLOCKED);
        other.message = other.message.replace("catalog-west", "another");
        assert_eq!(global_note(&plan(), &other), None, "a cluster of no plan");
    }

    #[test]
    fn a_failover_by_somebody_else_is_a_note_and_every_documented_event_is_heard() {
        let note = global_note(&plan(), &event(FAILED_OVER)).unwrap();
        assert!(note.only_by_others && note.needed.reason.starts_with("Note: catalog-db is moved"));
        let ids = (181..=187).chain(238..=241).chain(390..=391);
        for number in ids {
            let mut one = event(FAILED_OVER);
            one.event = format!("RDS-EVENT-{number:04}");
            assert!(global_note(&plan(), &one).is_some(), "{number}");
            // Without the message's words the source is the cluster, with or without `rds:`.
            one.message = "Waiting.".to_owned();
            assert!(global_note(&plan(), &one).is_some(), "{number}");
        }
        let mut other = event(FAILED_OVER);
        other.event = "RDS-EVENT-0016".to_owned();
        assert_eq!(global_note(&plan(), &other), None);
    }
}
