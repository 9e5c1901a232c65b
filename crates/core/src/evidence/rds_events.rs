//! What an RDS event means for its source.
//!
//! Source of every row: "Amazon RDS event categories and event messages",
//! docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Events.Messages.html, and for clusters the page of the
//! same name in the Aurora User Guide. What stands in no row says nothing, whatever its category: most events
//! of the category `failure` tell of something beside the database (a monitoring role, storage
//! autoscaling, an upgrade that was rolled back) while it serves as before.

use crate::evidence::Vote;
use crate::plan::ImpairmentKind;

/// Ids that mean down until something else is told, with the documented category and meaning.
const DOWN: [(&str, &str); 20] = [
    ("0003", "deletion: the instance has been deleted"),
    ("0004", "availability: shut down"),
    ("0007", "low storage: the allocated storage has been consumed"),
    ("0013", "failover: Multi-AZ failover to a standby has started"),
    ("0020", "recovery: recovery of the instance has started"),
    ("0022", "availability: an error has occurred while restarting the engine"),
    ("0026", "maintenance: offline maintenance, currently unavailable"),
    ("0031", "failure: incompatible configuration or storage issue; restore it"),
    ("0035", "failure: invalid parameters, it may not start"),
    ("0036", "failure: incompatible network"),
    ("0045", "read replica: an error in the replication process"),
    (
        "0050",
        "failover: Multi-AZ activation has started after an instance recovery; accessible with 0051",
    ),
    ("0052", "recovery: recovery of the Multi-AZ instance has started"),
    ("0057", "read replica: replication was terminated"),
    ("0069", "failover: the cluster's failover has failed"),
    ("0070", "failover: the cluster promotes its former primary again"),
    ("0072", "failover: the cluster's failover within one zone has begun"),
    ("0073", "failover: the cluster's failover across zones has begun"),
    ("0087", "notification: the instance has been stopped"),
    ("0221", "availability: storage full, the database has been shut down"),
];

/// Ids that mean up again.
const UP: [(&str, &str); 11] = [
    ("0006", "availability: restarted"),
    ("0015", "failover: Multi-AZ failover is complete, its name follows within minutes"),
    ("0021", "recovery: recovery of the instance is complete"),
    ("0027", "maintenance: offline maintenance is complete, available"),
    ("0046", "read replica: replication has resumed"),
    ("0049", "failover: Multi-AZ failover has completed"),
    ("0051", "failover: Multi-AZ activation is complete, accessible"),
    ("0053", "recovery: recovery of the Multi-AZ instance is complete"),
    ("0065", "failover: recovered from a partial failover"),
    ("0071", "failover: the cluster's failover has finished"),
    ("0088", "notification: the instance has been started"),
];

/// Down because there is no room left; everything else is the database's own.
const STORAGE: [&str; 2] = ["0007", "0221"];

/// The vote that an event of that id (`RDS-EVENT-0031`) is, and of what kind the trouble; `None`: it says
/// neither up nor down.
pub(super) fn meaning(id: &str) -> Option<(Vote, ImpairmentKind)> {
    let number = id.strip_prefix("RDS-EVENT-")?;
    let listed = |list: &[(&str, &str)]| list.iter().any(|(known, _)| *known == number);
    let kind = if STORAGE.contains(&number) {
        ImpairmentKind::ResourceExhaustion
    } else {
        ImpairmentKind::DatabaseIssue
    };
    match (listed(&DOWN), listed(&UP)) {
        (true, false) => Some((Vote::Unhealthy, kind)),
        (false, true) => Some((Vote::Healthy, kind)),
        (true, true) | (false, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_one_vote() {
        for (list, expected) in [(&DOWN[..], Vote::Unhealthy), (&UP[..], Vote::Healthy)] {
            for (number, what) in list {
                let found = meaning(&format!("RDS-EVENT-{number}"));
                assert_eq!(found.map(|(vote, _)| vote), Some(expected), "{number}: {what}");
            }
        }
    }

    #[test]
    fn what_tells_of_something_beside_the_database_says_nothing() {
        // Statspack, Enhanced Monitoring, S3 role, support perimeter, upgrade rolled back, autoscaling.
        for number in ["0058", "0079", "0080", "0081", "0165", "0188", "0219", "0223", "0254"] {
            assert_eq!(meaning(&format!("RDS-EVENT-{number}")), None, "{number}");
        }
        // A person stopped the replication on purpose; storage is low, not gone; ids of no shape.
        for id in ["RDS-EVENT-0062", "RDS-EVENT-0089", "RDS-EVENT-", "0031", ""] {
            assert_eq!(meaning(id), None, "{id}");
        }
    }

    #[test]
    fn no_room_left_is_a_matter_of_resources() {
        let kind = |id| meaning(id).map(|(_, kind)| kind);
        assert_eq!(kind("RDS-EVENT-0221"), Some(ImpairmentKind::ResourceExhaustion));
        assert_eq!(kind("RDS-EVENT-0031"), Some(ImpairmentKind::DatabaseIssue));
    }
}
