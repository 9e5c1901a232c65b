//! What names shall answer with and what records shall hold: whether it can ever be seen, and whether
//! Route 53 takes it.

use std::collections::{BTreeMap, BTreeSet};

use super::Findings;
use crate::ids::{Sides, Text};
use crate::names::{NameError, ValueKind, canonical, in_zone, record_name, same, value_kind};
use crate::plan::{Plan, RecordControl, RecordPair};

/// Longest time to live that still moves users within minutes.
const TTL_LONG: u32 = 300;
/// Longest time to live that Route 53 takes (API Reference, `ResourceRecordSet`, `TTL`).
const TTL_MAX: u32 = i32::MAX as u32;
/// Most values of one record set (Route 53 quotas, records).
const VALUES_MAX: usize = 400;
/// Names of Elastic Load Balancing: behind an alias record they are never seen, their addresses are.
const LOAD_BALANCERS: &str = ".elb.amazonaws.com";

fn by_side(values: &Sides<Vec<Text>>) -> [(&'static str, &Vec<Text>); 2] {
    [("primary", &values.primary), ("standby", &values.standby)]
}

/// The records of one control, each by itself and beside the others.
pub(super) fn records(plan: &Plan, path: &str, control: &RecordControl, findings: &mut Findings) {
    let mut known: BTreeMap<(String, String), BTreeSet<&str>> = BTreeMap::new();
    for (index, pair) in control.records.iter().enumerate() {
        let path = format!("{path}.records[{index}]");
        record(plan, &path, pair, findings);
        let types = known.entry((pair.zone.to_string(), canonical(&pair.name))).or_default();
        if !types.insert(&pair.record_type) {
            findings.error(
                format!("{path}.name"),
                format!("{} {} stands twice", pair.name, pair.record_type),
            );
        } else if types.len() > 1 && types.contains("CNAME") {
            findings.error(
                format!("{path}.name"),
                format!(
                    "{} has a CNAME and another record: Route 53 takes nothing beside a CNAME",
                    pair.name
                ),
            );
        }
    }
}

fn record(plan: &Plan, path: &str, pair: &RecordPair, findings: &mut Findings) {
    findings.filled(format!("{path}.zone"), &pair.zone);
    name(&format!("{path}.name"), &pair.name, findings);
    if !in_zone(&pair.name, &pair.zone_name) {
        findings.error(
            format!("{path}.name"),
            format!("`{}` is not in the zone `{}`", pair.name, pair.zone_name),
        );
    }
    if pair.record_type == "CNAME" && same(&pair.name, &pair.zone_name) {
        findings.error(
            format!("{path}.type"),
            format!(
                "a CNAME cannot stand at the apex of the zone {}: Route 53 refuses it (InvalidChangeBatch); move a name below it, or use a stop-metric control",
                pair.zone_name
            ),
        );
    }
    if pair.ttl > TTL_MAX {
        findings.error(
            format!("{path}.ttl"),
            format!("is {} s; Route 53 takes at most {TTL_MAX} s", pair.ttl),
        );
    } else if pair.ttl > TTL_LONG {
        findings.warn(
            format!("{path}.ttl"),
            format!("{} s: users keep the old answer that long", pair.ttl),
        );
    }
    typed(plan, path, "values", &pair.record_type, &pair.values, findings);
    for (side, values) in by_side(&pair.values) {
        if values.iter().any(|value| pair.record_type == "CNAME" && same(value, &pair.name)) {
            findings.error(format!("{path}.values.{side}"), "is the record's own name: a ring");
        }
        if values.len() > VALUES_MAX {
            findings.error(
                format!("{path}.values.{side}"),
                format!("has {} values; Route 53 takes {VALUES_MAX}", values.len()),
            );
        }
    }
}

/// Values of a record or answers of a name whose type the plan says.
pub(super) fn typed(
    plan: &Plan,
    path: &str,
    list: &str,
    record_type: &str,
    values: &Sides<Vec<Text>>,
    findings: &mut Findings,
) {
    let Some(wanted) = ValueKind::of_type(record_type) else {
        findings.error(
            format!("{path}.type"),
            format!("`{record_type}` cannot be moved; expected A, AAAA or CNAME"),
        );
        return;
    };
    let path = format!("{path}.{list}");
    for (side, values) in by_side(values) {
        for (index, value) in values.iter().enumerate() {
            let at = format!("{path}.{side}[{index}]");
            match value_kind(value) {
                Ok(found) if found == wanted => {}
                Ok(found) => findings.error(
                    at,
                    format!(
                        "`{value}` is {}; a record of type {record_type} holds {}",
                        found.in_words(),
                        wanted.in_words()
                    ),
                ),
                Err(NameError::Empty) => {}
                Err(wrong) => findings.error(at, format!("`{value}` {wrong}")),
            }
        }
        if wanted == ValueKind::Name && values.len() > 1 {
            findings.error(
                format!("{path}.{side}"),
                format!("has {} names; a CNAME has exactly one", values.len()),
            );
        }
    }
    told_apart(plan, &path, values, findings);
}

/// Answers of a name whose type follows from them: addresses of either family, or one name.
pub(super) fn untyped(plan: &Plan, path: &str, values: &Sides<Vec<Text>>, findings: &mut Findings) {
    let mut names_on = Vec::new();
    let mut addresses_on = Vec::new();
    for (side, values) in by_side(values) {
        let at = format!("{path}.{side}");
        let mut kinds = BTreeSet::new();
        for (index, value) in values.iter().enumerate() {
            match value_kind(value) {
                Ok(kind) => drop(kinds.insert(kind)),
                Err(NameError::Empty) => {}
                Err(wrong) => {
                    findings.error(format!("{at}[{index}]"), format!("`{value}` {wrong}"));
                }
            }
            if canonical(value).ends_with(LOAD_BALANCERS) {
                findings.warn(
                    format!("{at}[{index}]"),
                    format!(
                        "`{value}` is seen only where the name is a CNAME; behind an alias record the name answers with the load balancer's addresses, which change: nobody could see the move"
                    ),
                );
            }
        }
        let name = kinds.contains(&ValueKind::Name);
        if name && kinds.len() > 1 {
            findings.error(&at, "mixes a name with addresses: no name answers with both");
        } else if name && values.len() > 1 {
            findings.error(&at, format!("has {} names; a CNAME has exactly one", values.len()));
        }
        if name {
            names_on.push(side);
        } else if !kinds.is_empty() {
            addresses_on.push(side);
        }
    }
    if let ([name], [address]) = (names_on.as_slice(), addresses_on.as_slice()) {
        findings.error(
            path,
            format!(
                "the {name} answers with a name and the {address} with addresses: the two are asked for by different types, and one of them would never be seen"
            ),
        );
    }
    told_apart(plan, path, values, findings);
}

/// A name that is asked for or changed.
pub(super) fn name(path: &str, name: &str, findings: &mut Findings) {
    if let Err(wrong) = record_name(name) {
        let quoted = if name.is_empty() { String::new() } else { format!("`{name}` ") };
        findings.error(path, format!("{quoted}{wrong}"));
    }
}

/// Answers have to tell which side was moved to. Where both sides serve, the primary's list may hold
/// the standby's values too: what a move takes away, and the whole list, tell then.
fn told_apart(plan: &Plan, path: &str, values: &Sides<Vec<Text>>, findings: &mut Findings) {
    for (side, values) in by_side(values) {
        let at = format!("{path}.{side}");
        if values.is_empty() || values.iter().any(|v| v.trim().is_empty()) {
            findings.error(&at, "is empty");
        }
        let mut known = BTreeSet::new();
        for value in values.iter().filter(|v| !known.insert(canonical(v))) {
            findings.error(&at, format!("holds `{value}` twice: Route 53 refuses that"));
        }
    }
    let as_set = |values: &Vec<Text>| values.iter().map(|v| canonical(v)).collect::<BTreeSet<_>>();
    let (primary, standby) = (as_set(&values.primary), as_set(&values.standby));
    if primary.is_disjoint(&standby) {
        return;
    }
    if primary == standby {
        findings.error(path, "is the same on both sides: nobody could tell which side answers");
    } else if !plan.both_serve() {
        findings.error(
            path,
            "shares a value between the sides: nobody could tell which side answers; only an active-active plan without a single writer may answer with both",
        );
    } else if primary.is_subset(&standby) {
        findings.error(
            path,
            "takes nothing of the primary away when the standby answers: users would still be sent to the side that is left",
        );
    } else {
        findings.note(
            path,
            "both sides answer on good days: to-standby is proved by the standby's marker, to-primary by the whole list and the marker of either side",
        );
    }
}
