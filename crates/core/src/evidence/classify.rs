//! What kind of failure the votes show, by where they come from; how bad; what it touches; what to do.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::evidence::{Ballot, Counted, Verdict};
use crate::ids::{Direction, Region, Text};
use crate::plan::{ImpairmentKind, Plan, Severity, VoterKind};
use crate::words::sentence;

/// What kind of failure it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Classification {
    /// What failed.
    pub kind: ImpairmentKind,
    /// How bad.
    pub severity: Severity,
    /// Why it is called so, in a sentence.
    pub because: String,
    /// Zones that are down.
    pub zones: BTreeSet<Text>,
    /// Services that are touched.
    pub services: BTreeSet<Text>,
    /// Resources that are named.
    pub resources: BTreeSet<Text>,
    /// What it touches, in a sentence with numbers.
    pub impact: String,
}

/// Kinds that ask for another treatment than moving: one source is enough to name them.
const APART: [ImpairmentKind; 3] = [
    ImpairmentKind::SecurityIncident,
    ImpairmentKind::DataCorruption,
    ImpairmentKind::NaturalDisaster,
];

/// What the unhealthy ballots show; `None`: there is none.
pub fn classify(
    plan: &Plan,
    direction: Direction,
    verdict: Verdict,
    ballots: &[Ballot],
) -> Option<Classification> {
    let down: Vec<&Ballot> = ballots.iter().filter(|b| b.counted == Counted::Unhealthy).collect();
    if down.is_empty() {
        return None;
    }
    let suspect = plan.source_region(direction);
    let (kind, because) = kind(suspect, verdict, ballots, &down);
    let told = down.iter().filter_map(|b| b.signs.severity).max();
    let weight = if verdict == Verdict::Down { raised(weight(kind)) } else { weight(kind) };
    let severity = told.map_or(weight, |told| told.max(weight));
    let zones: BTreeSet<Text> =
        down.iter().flat_map(|b| b.signs.zones_down.iter().cloned()).collect();
    let resources = down.iter().flat_map(|b| b.signs.resources.iter().cloned()).collect();
    let all = services(plan);
    let named: BTreeSet<Text> =
        down.iter().flat_map(|b| b.signs.services.iter().cloned()).collect();
    let (count, all) = (all.len(), all.into_iter().cloned());
    let services = if named.is_empty() { all.collect() } else { named };
    let impact = impact(plan, suspect, &services, count, &down);
    Some(Classification { kind, severity, because, zones, services, resources, impact })
}

fn kind(
    suspect: &Region,
    verdict: Verdict,
    ballots: &[Ballot],
    down: &[&Ballot],
) -> (ImpairmentKind, String) {
    let names =
        |some: &[&&Ballot]| some.iter().map(|b| b.voter.as_str()).collect::<Vec<_>>().join(", ");
    for apart in APART {
        let by: Vec<&&Ballot> = down.iter().filter(|b| b.means == Some(apart)).collect();
        if !by.is_empty() {
            return (apart, format!("{} calls it so", names(&by)));
        }
    }
    if let Some(found) = zone(ballots, down) {
        return found;
    }
    let whole: Vec<&&Ballot> = down.iter().filter(|b| b.means.is_none()).collect();
    let part = |kind: ImpairmentKind| down.iter().any(|b| b.means == Some(kind));
    if verdict == Verdict::Down {
        if let Some(found) = path(suspect, ballots, down) {
            return found;
        }
        let everything = part(ImpairmentKind::DatabaseIssue) && part(ImpairmentKind::ServiceOutage);
        if !whole.is_empty() || everything {
            let why = format!(
                "{} of {} voters find the workload as a whole down in {suspect}, seen from outside too",
                down.len(),
                ballots.len()
            );
            return (ImpairmentKind::RegionOutage, why);
        }
    }
    let gravest = GRAVEST_FIRST.iter().find(|kind| part(**kind));
    if let Some(kind) = gravest {
        let by: Vec<&&Ballot> = down.iter().filter(|b| b.means == Some(*kind)).collect();
        return (*kind, format!("{} says so; no quorum calls the whole down", names(&by)));
    }
    if whole.iter().all(|b| b.origin == *suspect) {
        let why = format!("only {} in {suspect} itself says so", names(&whole));
        return (ImpairmentKind::ApplicationError, why);
    }
    let why = format!("{} says so, which is no quorum", names(&whole));
    (ImpairmentKind::ServiceDegradation, why)
}

/// The root before its consequences.
const GRAVEST_FIRST: [ImpairmentKind; 9] = [
    ImpairmentKind::RegionOutage,
    ImpairmentKind::ZoneOutage,
    ImpairmentKind::DatabaseIssue,
    ImpairmentKind::ServiceOutage,
    ImpairmentKind::NetworkIssue,
    ImpairmentKind::ServiceDegradation,
    ImpairmentKind::ApplicationError,
    ImpairmentKind::ResourceExhaustion,
    ImpairmentKind::InstanceFailure,
];

/// One zone's signals bad, another's well, by whatever voters see zones.
fn zone(ballots: &[Ballot], down: &[&Ballot]) -> Option<(ImpairmentKind, String)> {
    let bad: BTreeSet<&Text> = down.iter().flat_map(|b| &b.signs.zones_down).collect();
    if bad.is_empty() {
        return None;
    }
    let seen =
        ballots.iter().filter(|b| matches!(b.counted, Counted::Healthy | Counted::Unhealthy));
    let well: BTreeSet<&Text> =
        seen.flat_map(|b| &b.signs.zones_well).filter(|zone| !bad.contains(zone)).collect();
    if well.is_empty() {
        return None;
    }
    let list =
        |zones: &BTreeSet<&Text>| zones.iter().map(|z| z.as_str()).collect::<Vec<_>>().join(", ");
    let why = format!("most of what is in {} is down, {} is well", list(&bad), list(&well));
    Some((ImpairmentKind::ZoneOutage, why))
}

/// Everything inside is seen well, and only who looks from outside finds it down: the way is broken.
fn path(
    suspect: &Region,
    ballots: &[Ballot],
    down: &[&Ballot],
) -> Option<(ImpairmentKind, String)> {
    let inner = |b: &&Ballot| {
        matches!(
            b.kind,
            VoterKind::Group | VoterKind::Instances | VoterKind::Targets | VoterKind::EcsService
        )
    };
    let inside: Vec<&Ballot> = ballots.iter().filter(inner).collect();
    let all_well = !inside.is_empty() && inside.iter().all(|b| b.counted == Counted::Healthy);
    let from_outside = down.iter().all(|b| b.origin != *suspect);
    (all_well && from_outside).then(|| {
        let why = format!(
            "{} voters inside {suspect} see it well, {} outside see it down: the way to it is broken",
            inside.len(),
            down.len()
        );
        (ImpairmentKind::NetworkIssue, why)
    })
}

/// What a kind weighs by itself.
fn weight(kind: ImpairmentKind) -> Severity {
    match kind {
        ImpairmentKind::InstanceFailure => Severity::Low,
        ImpairmentKind::ResourceExhaustion
        | ImpairmentKind::ApplicationError
        | ImpairmentKind::ServiceDegradation
        | ImpairmentKind::NetworkIssue => Severity::Medium,
        ImpairmentKind::ServiceOutage
        | ImpairmentKind::DatabaseIssue
        | ImpairmentKind::ZoneOutage => Severity::High,
        ImpairmentKind::RegionOutage
        | ImpairmentKind::NaturalDisaster
        | ImpairmentKind::SecurityIncident
        | ImpairmentKind::DataCorruption => Severity::Critical,
    }
}

/// A quorum with an outside witness makes it one step worse.
fn raised(severity: Severity) -> Severity {
    match severity {
        Severity::Low => Severity::Medium,
        Severity::Medium => Severity::High,
        Severity::High | Severity::Critical => Severity::Critical,
    }
}

/// Every service that the plan names.
fn services(plan: &Plan) -> BTreeSet<&Text> {
    let databases = plan.databases.iter().flat_map(|d| d.services());
    let capacity = plan.capacity.iter().flat_map(|c| c.services());
    let controls = plan.traffic.controls.iter().flat_map(|c| c.services());
    databases.chain(capacity).chain(controls).collect()
}

fn impact(
    plan: &Plan,
    suspect: &Region,
    services: &BTreeSet<Text>,
    all: usize,
    down: &[&Ballot],
) -> String {
    let names = services.iter().map(Text::as_str).collect::<Vec<_>>().join(", ");
    let on_them = |of: &[Text]| of.iter().any(|service| services.contains(service));
    let databases = plan.databases.iter().filter(|d| on_them(d.services())).count();
    let capacity = plan.capacity.iter().filter(|c| on_them(c.services())).count();
    let mut words = sentence(format_args!(
        "{} of {all} services in {suspect} ({names}), with {databases} of {} databases and {capacity} of {} parts of its capacity",
        services.len(),
        plan.databases.len(),
        plan.capacity.len()
    ));
    for (name, unit) in [("error_rate", " % of requests fail"), ("availability", " % available")] {
        let numbers = down.iter().filter_map(|b| b.signs.metrics.get(name));
        if let Some(number) = numbers.copied().reduce(f64::max) {
            words.push_str(&format!("; {number}{unit}"));
        }
    }
    words
}

/// What a person does about it, the command first where there is one.
pub fn actions(kind: ImpairmentKind, workload: &str) -> Vec<String> {
    let assess = format!("leeward assess {workload}");
    let start = format!("leeward start {workload} --reason …");
    let own = match kind {
        ImpairmentKind::RegionOutage | ImpairmentKind::NaturalDisaster => vec![
            format!("{start}: moves it to the other side"),
            "look at the AWS Health Dashboard of the Region and at other workloads in it"
                .to_owned(),
        ],
        ImpairmentKind::ZoneOutage => vec![
            "shift traffic away from the zone: aws arc-zonal-shift start-zonal-shift …".to_owned(),
            "see that the other zones have the capacity for all".to_owned(),
        ],
        ImpairmentKind::ServiceOutage => vec![
            "look at its last deployment, and roll it back if it is young".to_owned(),
            format!("{start}: if it is well on the other side"),
        ],
        ImpairmentKind::DataCorruption => vec![
            "do NOT fail over: the replica has the same data. Stop the writers".to_owned(),
            "restore to a point in time before it; keep the damaged database for the inquiry"
                .to_owned(),
        ],
        ImpairmentKind::SecurityIncident => vec![
            "do NOT fail over before the other side is known clean".to_owned(),
            "isolate, rotate credentials, keep the evidence; call the security team".to_owned(),
        ],
        ImpairmentKind::InstanceFailure => {
            vec!["let the Auto Scaling group replace it, or replace it by hand".to_owned()]
        }
        ImpairmentKind::ServiceDegradation => vec![
            "look at its last deployment and at what it depends on".to_owned(),
            "scale out if it is load".to_owned(),
        ],
        ImpairmentKind::NetworkIssue => vec![
            "look at DNS, certificates, load balancers and the network between".to_owned(),
            format!("{start}: if the other side is reached by another way"),
        ],
        ImpairmentKind::ResourceExhaustion => vec!["scale out or up; find what grows".to_owned()],
        ImpairmentKind::ApplicationError => {
            vec!["look at its logs and its last deployment".to_owned()]
        }
        ImpairmentKind::DatabaseIssue => vec![
            "look at the database's events; let Multi-AZ fail over inside the Region".to_owned(),
            format!("{start}: if the database does not come back"),
        ],
    };
    std::iter::once(assess).chain(own).collect()
}
