//! What a voter that lives on events makes of what was told.

use std::collections::BTreeMap;

use crate::evidence::{Reading, Signs, Vote, rds_events};
use crate::ids::{Direction, Text};
use crate::plan::{
    DocumentVoter, HealthEventVoter, ImpairmentKind, Plan, RdsEventVoter, Threshold, Voter,
};
use crate::planted::{self, Bug};
use crate::time::Timestamp;
use crate::trigger::{Document, HealthEvent, RdsEvent, Told};

/// A voter's word, and when it was said.
#[derive(Debug, Clone, PartialEq)]
pub struct Heard {
    /// The word.
    pub reading: Reading,
    /// When it was said, by the clock of who said it.
    pub at: Timestamp,
}

/// What the voter says by what was told; `None`: that does not concern it.
pub fn hear(voter: &Voter, plan: &Plan, told: &Told) -> Option<Heard> {
    match (voter, told) {
        (Voter::HealthEvent(voter), Told::Health(event)) => health(voter, plan, event),
        (Voter::RdsEvent(voter), Told::Rds(event)) => rds(voter, event),
        (Voter::Document(voter), Told::Document(document)) => written(voter, plan, document),
        (_, Told::Health(_) | Told::Rds(_) | Told::Document(_) | Told::Deployment(_)) => None,
    }
}

/// Only an issue is news of an illness; the other categories are plans and papers.
fn health(voter: &HealthEventVoter, plan: &Plan, event: &HealthEvent) -> Option<Heard> {
    let detail = &event.detail;
    let ill = detail.event_region.as_deref().unwrap_or(&event.region);
    let suspect = plan.source_region(Direction::ToStandby);
    let counts =
        voter.aws_services.is_empty() || voter.aws_services.iter().any(|s| *s == detail.service);
    let abuse = event.detail_type == "AWS Health Abuse Event";
    let concerns = ill == suspect.as_str()
        && event.region == voter.region.as_str()
        && counts
        && (abuse || detail.event_type_category == "issue")
        && of_our_account(plan, event);
    if !concerns || detail.status_code.as_deref() == Some("upcoming") {
        return None;
    }
    let of_an_account = detail.of_an_account(&event.resources);
    let named: Vec<&str> = impaired(event).filter(|r| names(plan, r)).collect();
    // AWS may call any of an account's instances ill: only those of the plan are news of this workload. An
    // abuse without a resource is about the whole account.
    let nothing_of_ours = of_an_account && named.is_empty();
    let whole = abuse && impaired(event).next().is_none();
    if nothing_of_ours && !whole && !planted::is(Bug::AnyonesTrouble) {
        return None;
    }
    let words = detail.event_description.first().map_or("", |w| w.latest_description.as_str());
    let evidence = format!("{} ({ill}): {words}", detail.event_type_code);
    let vote = if detail.over(event.time) { Vote::Healthy } else { Vote::Unhealthy };
    let kind = match (abuse, of_an_account) {
        (true, _) => Some(ImpairmentKind::SecurityIncident),
        // One resource of the workload is ill, and not a service of the Region.
        (false, true) => Some(match detail.service.as_str() {
            "RDS" | "DYNAMODB" => ImpairmentKind::DatabaseIssue,
            "EC2" | "AUTOSCALING" => ImpairmentKind::InstanceFailure,
            _ => ImpairmentKind::ServiceDegradation,
        }),
        (false, false) => None,
    };
    let resources = if of_an_account {
        named.into_iter().map(Text::from).collect()
    } else {
        event.resources.iter().map(Text::from).collect()
    };
    let reading = Reading::new(vote, evidence).with(Signs { kind, resources, ..Signs::default() });
    // AWS tells of an open issue again only when its words change: it stands until it is closed.
    Some(Heard { reading: Reading { stands: true, ..reading }, at: event.time })
}

/// Whether the issue is of an account that this workload lives in. With an organizational view AWS delivers
/// the events of every member account to one of them.
fn of_our_account(plan: &Plan, event: &HealthEvent) -> bool {
    let Some(affected) = event.detail.affected_account.as_deref() else { return true };
    let accounts = plan.accounts();
    if accounts.is_empty() {
        return event.account.as_deref().is_none_or(|account| account == affected);
    }
    accounts.contains(&affected)
}

/// What the event says is ill, by id or ARN.
fn impaired(event: &HealthEvent) -> impl Iterator<Item = &str> {
    let well = |status: &str| matches!(status, "UNIMPAIRED" | "RESOLVED");
    let entities = event.detail.affected_entities.iter();
    let impaired = entities
        .filter(move |e| event.detail.over(event.time) || !e.status.as_deref().is_some_and(well));
    let of_detail = impaired.map(|e| e.entity_value.as_str());
    // The envelope lists the same resources, without their status.
    let bare = event.detail.affected_entities.is_empty();
    let of_envelope = event.resources.iter().filter(move |_| bare).map(String::as_str);
    of_detail.chain(of_envelope)
}

fn names(plan: &Plan, resource: &str) -> bool {
    plan.names_resource(Direction::ToStandby, resource)
}

fn rds(voter: &RdsEventVoter, event: &RdsEvent) -> Option<Heard> {
    if event.region != voter.region.as_str() || !voter.source.eq_ignore_ascii_case(&event.source) {
        return None;
    }
    let (vote, kind) = rds_events::meaning(&event.event)?;
    let evidence = format!("{} of {}: {}", event.event, event.source, event.message);
    let signs = Signs {
        kind: Some(kind),
        resources: [Text::from(&event.source)].into(),
        ..Signs::default()
    };
    // RDS tells a thing once: it holds until the next event or until it is too old.
    let reading = Reading { once: true, ..Reading::new(vote, evidence).with(signs) };
    Some(Heard { reading, at: event.at })
}

fn written(voter: &DocumentVoter, plan: &Plan, document: &Document) -> Option<Heard> {
    let named = document.voter.as_deref().is_none_or(|name| name == voter.id.as_str());
    let suspect = plan.source_region(Direction::ToStandby);
    if document.workload != plan.workload || !named || document.region != suspect.as_str() {
        return None;
    }
    let numbers = [
        ("error rate", document.error_rate, voter.error_rate, " %"),
        ("availability", document.availability, voter.availability, " %"),
        ("response time", document.response_time, voter.response_time, " ms"),
    ];
    let mut crossed = Vec::new();
    let mut within = Vec::new();
    for (name, number, threshold, unit) in numbers {
        let (Some(number), Some(threshold)) = (number, threshold) else { continue };
        match threshold.crossed(number) {
            Some(bound) => crossed.push(format!("{name} {number}{unit} is {bound}")),
            None => within.push(format!("{name} {number}{unit}")),
        }
    }
    let reading = match document.healthy {
        Some(false) => {
            let own = "it says itself that it is not healthy".to_owned();
            Reading::new(Vote::Unhealthy, words(document, &[vec![own], crossed].concat()))
        }
        _ if !crossed.is_empty() => Reading::new(Vote::Unhealthy, words(document, &crossed)),
        Some(true) => Reading::new(Vote::Healthy, words(document, &within)),
        None if !within.is_empty() => Reading::new(Vote::Healthy, words(document, &within)),
        None => Reading::blind("it measured nothing that the plan has a threshold for"),
    };
    let mut metrics: BTreeMap<Text, f64> =
        document.metrics.iter().map(|(name, number)| (name.into(), *number)).collect();
    for (name, number) in [
        ("error_rate", document.error_rate),
        ("availability", document.availability),
        ("response_time", document.response_time),
    ] {
        metrics.extend(number.map(|n| (name.into(), n)));
    }
    let signs = Signs {
        kind: document.kind,
        severity: document.severity,
        services: document.affected_services.iter().map(Text::from).collect(),
        metrics,
        ..Signs::default()
    };
    Some(Heard { reading: reading.with(signs), at: document.time })
}

fn words(document: &Document, numbers: &[String]) -> String {
    let mut words = vec![numbers.join(", ")];
    if !document.affected_services.is_empty() {
        words.push(format!("affected: {}", document.affected_services.join(", ")));
    }
    if !document.description.is_empty() {
        words.push(document.description.clone());
    }
    words.retain(|w| !w.is_empty());
    words.join("; ")
}

/// Whether a document voter judges anything at all.
pub(crate) fn judges(voter: &DocumentVoter) -> bool {
    let bounds = [voter.error_rate, voter.availability, voter.response_time];
    bounds.iter().flatten().any(|t: &Threshold| t.above.is_some() || t.below.is_some())
}
