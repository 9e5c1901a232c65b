//! Databases: whether the old writer can be fenced while its Region is silent, and what can be lost.

use super::spelling::canonical;
use super::{Findings, engines, region_of_arn};
use crate::ids::{Side, Sides, Text};
use crate::plan::{AuroraGlobal, Database, Fence, Isolate, Plan, WriterLease};
use crate::time::Span;

pub(super) fn check(plan: &Plan, findings: &mut Findings) {
    findings.names("databases", "id", plan.databases.iter().map(|d| d.id().as_str()));
    for (index, database) in plan.databases.iter().enumerate() {
        let path = format!("databases[{index}]");
        if database.services().is_empty() {
            findings.warn(format!("{path}.services"), "is empty: nobody learns whose data this is");
        }
        match database {
            Database::RdsReplica(d) => {
                for side in [Side::Primary, Side::Standby] {
                    findings.of_rds(format!("{path}.instance.{side}"), d.instance.of(side));
                }
            }
            Database::AuroraGlobal(d) => aurora(plan, &path, d, findings),
            Database::DynamodbGlobal(d) => {
                findings.filled(format!("{path}.table"), &d.table);
                findings.note(
                    &path,
                    "every side writes: nothing is fenced or promoted, the later of two writes wins",
                );
            }
        }
        engines::check(plan, &path, database, findings);
        if database.single_writer() {
            fences(plan, &path, database, findings);
        }
    }
    one_lease(plan, findings);
}

fn sides(path: &str, names: &Sides<Text>, findings: &mut Findings) {
    findings.filled(format!("{path}.primary"), &names.primary);
    findings.filled(format!("{path}.standby"), &names.standby);
}

fn aurora(plan: &Plan, path: &str, database: &AuroraGlobal, findings: &mut Findings) {
    findings.of_rds(format!("{path}.global-cluster"), &database.global_cluster);
    for side in [Side::Primary, Side::Standby] {
        let arn = database.cluster.of(side);
        let region = plan.regions.of(side);
        if region_of_arn(arn) != Some(region.as_str()) {
            findings.error(
                format!("{path}.cluster.{side}"),
                format!("`{arn}` is no cluster's ARN in {region}"),
            );
        }
        findings.of_rds(format!("{path}.cluster.{side}"), arn);
    }
    if !database.allow_data_loss {
        findings.warn(
            format!("{path}.allow-data-loss"),
            "is false: cannot recover by itself; only a switchover is allowed, which a person starts and which needs both Regions well",
        );
    }
}

fn fences(plan: &Plan, path: &str, database: &Database, findings: &mut Findings) {
    let list = database.fences();
    let place = format!("{path}.fences");
    if list.is_empty() {
        findings.error(
            place,
            "is empty, and only one side may write this database: without a fence nothing is ever promoted",
        );
        return;
    }
    let mut leases = 0;
    for (index, fence) in list.iter().enumerate() {
        let path = format!("{place}[{index}]");
        match fence {
            Fence::WriterLease(lease) => {
                leases += 1;
                writer_lease(plan, &path, lease, database.max_loss(), findings);
            }
            Fence::StopWriter(f) => {
                sides(&format!("{path}.group"), &f.group, findings);
                findings.filled(format!("{path}.sessions-of"), &f.sessions_of);
            }
            Fence::Isolate(f) => {
                findings.filled(format!("{path}.sessions-of"), &f.sessions_of);
                isolate(&path, f, database, findings);
            }
            Fence::Waiver => findings.note(
                path,
                "a named operator may take the risk with `leeward waive`, for one generation",
            ),
        }
    }
    match leases {
        0 => findings.warn(
            place,
            format!(
                "cannot recover {} by itself: no fence works while the primary is silent (with {} alone the old side itself would have to answer); a person has to waive",
                database.id(),
                in_words(list)
            ),
        ),
        1 if list.iter().any(|f| matches!(f, Fence::StopWriter(_) | Fence::Isolate(_))) => {
            findings.note(
                place,
                format!(
                    "lists {}: one of them that is proven is enough, so each alone has to stop every writer of {}, also those behind the others",
                    in_words(list),
                    database.id()
                ),
            );
        }
        1 => {}
        more => findings.error(place, format!("holds {more} writer leases; a workload has one")),
    }
}

fn isolate(path: &str, fence: &Isolate, database: &Database, findings: &mut Findings) {
    for side in [Side::Primary, Side::Standby] {
        let mut named = Vec::new();
        for (index, rules) in fence.groups(side).enumerate() {
            let path = match index.checked_sub(1) {
                None => format!("{path}.security-group.{side}"),
                Some(further) => format!("{path}.further-groups.{side}[{further}]"),
            };
            findings.filled(format!("{path}.group"), &rules.group);
            if named.contains(&&rules.group) {
                findings.error(format!("{path}.group"), "is named twice");
            }
            named.push(&rules.group);
            if rules.is_empty() && index == 0 {
                findings.error(
                    format!("{path}.cidrs"),
                    "is empty, and so are groups and prefix-lists: there is nothing to close",
                );
            }
            spelled(&path, "cidrs", &rules.cidrs, |s| canonical(s).is_some(), findings);
            let blocks = rules.cidrs.iter().filter_map(|s| Some((s, canonical(s)?)));
            for (block, kept) in blocks.filter(|(block, kept)| *block != kept) {
                findings.error(
                    format!("{path}.cidrs"),
                    format!("`{block}` is kept by EC2 as `{kept}`: as it stands it would never be seen, nor closed"),
                );
            }
            spelled(&path, "groups", &rules.groups, |s| bare(s).starts_with("sg-"), findings);
            spelled(&path, "prefix-lists", &rules.prefix_lists, |s| s.starts_with("pl-"), findings);
            if let Some(both) = rules.sources().find(|s| rules.may_stay.contains(s)) {
                findings.error(
                    format!("{path}.may-stay"),
                    format!("names {both}, which is also to be closed"),
                );
            }
            let listens = database.probe().map(|p| p.side.of(side).port);
            if let Some(port) = listens.filter(|port| *port != rules.port) {
                findings.warn(
                    format!("{path}.port"),
                    format!("is {}, db-probe asks the database at port {port}: the fence is proven only for the port on which the database listens", rules.port),
                );
            }
        }
    }
}

/// A group of a peered account bears that account before a slash.
fn bare(group: &str) -> &str {
    group.rsplit('/').next().unwrap_or(group)
}

fn spelled(
    path: &str,
    field: &str,
    sources: &[Text],
    good: impl Fn(&str) -> bool,
    findings: &mut Findings,
) {
    for source in sources.iter().filter(|s| !good(s)) {
        findings.error(
            format!("{path}.{field}"),
            format!("`{source}` is none: address blocks stand in cidrs, sg-… in groups, pl-… in prefix-lists"),
        );
    }
}

fn in_words(fences: &[Fence]) -> String {
    let words = fences.iter().map(|fence| match fence {
        Fence::WriterLease(_) => "writer-lease",
        Fence::StopWriter(_) => "stop-writer",
        Fence::Isolate(_) => "isolate",
        Fence::Waiver => "waiver",
    });
    words.collect::<Vec<_>>().join(", ")
}

fn writer_lease(
    plan: &Plan,
    path: &str,
    lease: &WriterLease,
    max_loss: Span,
    findings: &mut Findings,
) {
    findings.filled(format!("{path}.table"), &lease.table);
    if lease.region == plan.regions.primary {
        findings.error(
            format!("{path}.region"),
            format!(
                "is {}, the primary's: the lease could not be taken when it is silent",
                lease.region
            ),
        );
    } else if lease.region == plan.regions.standby {
        findings.warn(
            format!("{path}.region"),
            format!(
                "is {}, the standby's: the writer stops when that Region is away, and to-primary cannot take the lease from a dead {}",
                lease.region, lease.region
            ),
        );
    }
    if lease.writers.is_empty() {
        findings.error(
            format!("{path}.writers"),
            "is empty: every application that writes has to honour the lease, and be listed",
        );
    }
    if lease.ttl == Span::default() {
        findings.error(format!("{path}.ttl"), "is 0: nobody could ever hold the lease");
    }
    if lease.heartbeat == Span::default() {
        findings.error(format!("{path}.heartbeat"), "is 0");
    }
    let least = lease.expiry().plus(lease.heartbeat);
    if max_loss < least {
        findings.error(
            format!("{path}.ttl"),
            format!(
                "max-loss {max_loss} is less than ttl {} + drift {} + longest-statement {} + heartbeat {} = {least}: every recovery would be refused",
                lease.ttl, lease.drift, lease.longest_statement, lease.heartbeat
            ),
        );
    }
    findings.note(
        path,
        format!(
            "the writer is only as available as table {} ({}): it stops {} after its last renewal",
            lease.table, lease.region, lease.ttl
        ),
    );
}

/// The lease is one item a workload: databases that share it have to mean the same.
fn one_lease(plan: &Plan, findings: &mut Findings) {
    let mut all = plan.databases.iter().enumerate().filter_map(|(i, d)| Some((i, d.lease()?)));
    let Some((first_index, first)) = all.next() else { return };
    for (index, lease) in all {
        if lease != first {
            findings.error(
                format!("databases[{index}].fences"),
                format!(
                    "its writer lease differs from that of databases[{first_index}]: a workload has one lease"
                ),
            );
        }
    }
}
