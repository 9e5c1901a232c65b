//! What plans are found by without reading all of them: in a Region outage thousands of alarms fire, and
//! each must cost a few small reads, however many workloads there are.
//!
//! `plan put` writes a mark for each of these before the plan comes into force, so that whatever is in
//! force is found. A mark that is left of an older version costs a look that finds no such voter.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use smol_str::format_smolstr;

use crate::ids::{Region, Text, WorkloadId};
use crate::plan::{Plan, Voter};

/// One thing that plans are found by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum By {
    /// An alarm that votes, or proves that a voter can see.
    Alarm {
        /// Its Region.
        region: Region,
        /// Its name.
        name: Text,
    },
    /// A health check that votes.
    HealthCheck(Text),
    /// Whose plan it is.
    Workload(WorkloadId),
}

/// A mark of the index. Nothing is ever deleted: a mark that no longer holds says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Whose plan it is.
    pub workload: WorkloadId,
    /// Whether the plan is still found by it.
    pub holds: bool,
}

impl By {
    /// Whose an execution is, by the name that the sweep gave it: `<workload>-g<generation>-<mark>`.
    pub fn execution(name: &str) -> Option<Self> {
        let mut parts = name.rsplitn(3, '-').skip(1);
        let (generation, workload) = (parts.next()?, parts.next()?);
        generation.strip_prefix('g')?.parse::<u64>().ok()?;
        WorkloadId::checked(workload).ok().map(Self::Workload)
    }

    /// The partition that lists the plans that are found by it.
    pub fn partition(&self) -> Text {
        match self {
            Self::Alarm { region, name } => format_smolstr!("BY#alarm#{region}#{name}"),
            Self::HealthCheck(id) => format_smolstr!("BY#health-check#{id}"),
            Self::Workload(workload) => format_smolstr!("BY#workload#{workload}"),
        }
    }
}

/// Everything that a plan is found by.
pub fn index(plan: &Plan) -> BTreeSet<By> {
    let mut all = BTreeSet::from([By::Workload(plan.workload.clone())]);
    for voter in &plan.detection.voters {
        match voter {
            Voter::Alarm(v) => {
                let alarms = [Some(&v.alarm), v.control_alarm.as_ref()];
                all.extend(
                    alarms
                        .into_iter()
                        .flatten()
                        .map(|name| By::Alarm { region: v.region.clone(), name: name.clone() }),
                );
            }
            Voter::HealthCheck(v) => {
                all.insert(By::HealthCheck(v.health_check.clone()));
            }
            Voter::Endpoint(_)
            | Voter::Replication(_)
            | Voter::HealthEvent(_)
            | Voter::RdsEvent(_)
            | Voter::Document(_)
            | Voter::Targets(_)
            | Voter::Group(_)
            | Voter::Instances(_)
            | Voter::EcsService(_)
            | Voter::Metric(_) => {}
        }
    }
    all
}

/// The marks to write when `new` takes the place of `old`: all that `new` is found by, and, saying that
/// they hold no longer, those that only `old` was found by.
pub fn marks(new: &Plan, old: Option<&Plan>) -> Vec<(By, Mark)> {
    let found = index(new);
    let before = old.map(index).unwrap_or_default();
    let mark = |holds| Mark { workload: new.workload.clone(), holds };
    let gone = before.difference(&found).cloned().map(|by| (by, mark(false))).collect::<Vec<_>>();
    found.into_iter().map(|by| (by, mark(true))).chain(gone).collect()
}

/// What leads to a plan, in words: how many alarms and health checks, and how many no longer do.
pub fn in_words(new: &Plan, old: Option<&Plan>) -> String {
    let marks = marks(new, old);
    let count = |holds: bool, alarm: bool| {
        let one = |(by, mark): &&(By, Mark)| match by {
            By::Alarm { .. } => alarm && mark.holds == holds,
            By::HealthCheck(_) => !alarm && mark.holds == holds,
            By::Workload(_) => false,
        };
        marks.iter().filter(one).count()
    };
    let several = |count: usize, what: &str| match count {
        0 => None,
        1 => Some(format!("1 {what}")),
        more => Some(format!("{more} {what}s")),
    };
    let both = |holds: bool| -> Vec<String> {
        let named =
            [several(count(holds, true), "alarm"), several(count(holds, false), "health check")];
        named.into_iter().flatten().collect()
    };
    let (leading, gone) = (both(true), both(false));
    let mut words = if leading.is_empty() {
        "no alarm leads to it: the schedule alone looks, once a minute".to_owned()
    } else {
        let verb = if count(true, true) + count(true, false) == 1 { "leads" } else { "lead" };
        format!("{} now {verb} to it", leading.join(" and "))
    };
    if !gone.is_empty() {
        words.push_str(&format!("; {} no longer", gone.join(" and ")));
    }
    words
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::plan::example::orders;

    fn plan(voters: serde_json::Value) -> Plan {
        let mut plan = orders();
        plan["detection"]["voters"] = voters;
        serde_json::from_value(plan).unwrap()
    }

    fn alarm(region: &str, name: &str) -> By {
        By::Alarm { region: region.into(), name: name.into() }
    }

    #[test]
    fn a_plan_is_found_by_its_workload_its_alarms_their_control_alarms_and_its_health_checks() {
        let plan = plan(json!([
            {"id": "west", "alarm": "canary", "control-alarm": "sees", "region": "us-west-2"},
            {"id": "eu", "alarm": "canary", "region": "eu-west-1"},
            {"id": "checkers", "kind": "health-check", "region": "us-east-1", "health-check": "abc"},
        ]));
        let expected = [
            alarm("eu-west-1", "canary"),
            alarm("us-west-2", "canary"),
            alarm("us-west-2", "sees"),
            By::HealthCheck("abc".into()),
            By::Workload("orders".into()),
        ];
        assert_eq!(index(&plan), expected.into_iter().collect());
    }

    #[test]
    fn an_execution_is_the_workloads_that_its_name_begins_with() {
        let of = |name| By::execution(name);
        assert_eq!(of("orders-g12-abc"), Some(By::Workload("orders".into())));
        assert_eq!(of("my-g2-shop-g1-x9"), Some(By::Workload("my-g2-shop".into())));
        for name in ["orders", "orders-abc", "orders-12-abc", "orders-gx-abc", "-g1-abc", ""] {
            assert_eq!(of(name), None, "{name}");
        }
    }

    #[test]
    fn what_only_the_version_before_was_found_by_holds_no_longer() {
        let old = plan(json!([{"id": "a", "alarm": "old", "region": "us-west-2"}]));
        let new = plan(json!([{"id": "a", "alarm": "new", "region": "us-west-2"}]));
        let holds = |marks: Vec<(By, Mark)>| -> Vec<(By, bool)> {
            marks.into_iter().map(|(by, mark)| (by, mark.holds)).collect()
        };
        let own = By::Workload("orders".into());
        let first = (alarm("us-west-2", "new"), true);
        assert_eq!(holds(marks(&new, None)), [first.clone(), (own.clone(), true)]);
        let gone = (alarm("us-west-2", "old"), false);
        assert_eq!(holds(marks(&new, Some(&old))), [first, (own, true), gone]);
    }

    #[test]
    fn what_leads_to_a_plan_is_said() {
        let canary = json!({"id": "west", "alarm": "canary", "region": "us-west-2"});
        let sees = json!({"id": "west", "alarm": "canary", "control-alarm": "sees", "region": "us-west-2"});
        let checkers = json!({"id": "c", "kind": "health-check", "region": "us-east-1", "health-check": "abc"});
        let page = json!({"id": "page", "kind": "document", "region": "eu-west-1",
            "error-rate": {"above": 50}});
        let one = plan(json!([canary]));
        let both = plan(json!([sees, checkers]));
        let none = plan(json!([page]));
        assert_eq!(in_words(&one, None), "1 alarm now leads to it");
        assert_eq!(in_words(&both, Some(&one)), "2 alarms and 1 health check now lead to it");
        assert_eq!(
            in_words(&one, Some(&both)),
            "1 alarm now leads to it; 1 alarm and 1 health check no longer"
        );
        assert_eq!(
            in_words(&none, Some(&one)),
            "no alarm leads to it: the schedule alone looks, once a minute; 1 alarm no longer"
        );
    }
}
