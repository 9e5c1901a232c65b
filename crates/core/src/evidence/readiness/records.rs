//! Records that a control would move: a batch puts simple records, and Route 53 refuses them beside others.

use super::{Found, Readiness};
use crate::names::{canonical, same};
use crate::plan::{RecordControl, RecordPair};
use crate::world::{Question, RecordSetView, Seen, View};

/// Longest time to live of what stands there now that lets users follow within minutes.
const TTL_LONG: u32 = 300;

pub(super) fn questions(control: &RecordControl) -> impl Iterator<Item = Question> {
    control.records.iter().flat_map(|pair| [zone_question(pair), sets_question(pair)])
}

fn zone_question(pair: &RecordPair) -> Question {
    Question::Zone { zone: pair.zone.clone() }
}

fn sets_question(pair: &RecordPair) -> Question {
    Question::RecordSets { zone: pair.zone.clone(), name: canonical(&pair.name).into() }
}

pub(super) fn check(
    path: &str,
    control: &RecordControl,
    seen: &Seen,
    before: Option<&Readiness>,
    findings: &mut Found,
) {
    for (index, pair) in control.records.iter().enumerate() {
        let path = format!("{path}.records[{index}]");
        if !seen.asked(&zone_question(pair)) || !seen.asked(&sets_question(pair)) {
            let known = before.into_iter().flat_map(|before| &before.findings);
            let own = known.filter(|f| f.path.starts_with(&format!("{path}.")));
            findings.0.extend(own.cloned());
        } else if zone(&path, control, pair, seen, findings) {
            sets(&path, pair, seen, findings);
        }
    }
}

/// Whether the zone is there at all, or may be.
fn zone(
    path: &str,
    control: &RecordControl,
    pair: &RecordPair,
    seen: &Seen,
    findings: &mut Found,
) -> bool {
    let (question, path) = (zone_question(pair), format!("{path}.zone"));
    match seen.get(&question) {
        Ok(View::Zone(Some(zone))) => {
            if !same(&zone.name, &pair.zone_name) {
                findings.error(
                    &path,
                    format!("{question} is {}; the plan says {}", zone.name, pair.zone_name),
                );
            }
            if zone.private && control.resolvers.is_empty() {
                findings.error(
                    &path,
                    format!(
                        "{question} is private: it tells no name servers, so nobody could see that users were moved; name `resolvers` that dns-failover reaches"
                    ),
                );
            }
            true
        }
        Ok(View::Zone(None)) => {
            findings.error(&path, format!("{question} does not exist"));
            false
        }
        Ok(other) => {
            findings.warn(&path, format!("{question} answered something else: {other:?}"));
            true
        }
        Err(blind) => {
            findings.unseen(&path, &question, &blind);
            true
        }
    }
}

fn sets(path: &str, pair: &RecordPair, seen: &Seen, findings: &mut Found) {
    let (question, path) = (sets_question(pair), format!("{path}.name"));
    let sets = match seen.get(&question) {
        Ok(View::RecordSets(sets)) => sets,
        Ok(other) => {
            return findings.warn(&path, format!("{question} answered something else: {other:?}"));
        }
        Err(blind) => return findings.unseen(&path, &question, &blind),
    };
    let (name, kind) = (&pair.name, &pair.record_type);
    if let Some(other) = sets.iter().find(|s| excludes(&s.record_type, kind)) {
        findings.error(
            &path,
            format!(
                "{name} has a {} record: Route 53 refuses {kind} beside it, behind the commit",
                other.record_type
            ),
        );
    }
    let own: Vec<&RecordSetView> = sets.iter().filter(|s| s.record_type == *kind).collect();
    if let Some(policy) = own.iter().find_map(|s| s.policy.as_ref()) {
        findings.error(
            &path,
            format!(
                "{name} {kind} has {} record sets with a routing policy ({policy}): Route 53 refuses a simple record beside them (InvalidChangeBatch), behind the commit; use a stop-metric control, or make the record simple",
                own.len()
            ),
        );
    } else if let Some(target) = own.iter().find_map(|s| s.alias.as_ref()) {
        findings.error(
            &path,
            format!(
                "{name} {kind} is an alias to {target}: a recovery would replace it by the plan's values, and the way home would not bring it back; use a stop-metric control, or make the record simple"
            ),
        );
    } else if let [simple] = own.as_slice() {
        values(&path, pair, simple, findings);
    } else {
        findings.warn(&path, format!("{name} {kind} does not exist: a recovery would make it"));
    }
}

/// A CNAME stands alone at its name (RFC 1034, section 3.6.2).
fn excludes(there: &str, wanted: &str) -> bool {
    (there == "CNAME") != (wanted == "CNAME")
}

fn values(path: &str, pair: &RecordPair, there: &RecordSetView, findings: &mut Found) {
    let sorted = |values: &[crate::ids::Text]| {
        let mut values: Vec<String> = values.iter().map(|v| canonical(v)).collect();
        values.sort();
        values
    };
    let now = sorted(&there.values);
    if now != sorted(&pair.values.primary) && now != sorted(&pair.values.standby) {
        findings.warn(
            path,
            format!(
                "{} {} holds {}, which is neither side's: a recovery overwrites it, and the way home writes the plan's {}",
                pair.name,
                pair.record_type,
                now.join(", "),
                pair.values.primary.join(", ")
            ),
        );
    }
    if let Some(ttl) = there.ttl.filter(|ttl| *ttl > TTL_LONG && *ttl > pair.ttl) {
        findings.warn(
            path,
            format!("{} {} lives {ttl} s now: users keep the old answer that long when they are moved first; set the plan's {} s", pair.name, pair.record_type, pair.ttl),
        );
    }
}
