//! What a voter that lives on events makes of what was told.

use std::collections::BTreeMap;

use crate::evidence::{Reading, Signs, Vote, rds_events};
use crate::ids::{Direction, Text};
use crate::plan::{
    DocumentVoter, HealthEventVoter, ImpairmentKind, Plan, RdsEventVoter, Threshold, Voter,
};
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
        && (abuse || detail.event_type_category == "issue");
    if !concerns {
        return None;
    }
    let words = detail.event_description.first().map_or("", |w| w.latest_description.as_str());
    let evidence = format!("{} ({ill}): {words}", detail.event_type_code);
    let closed = detail.end_time.is_some() || detail.status_code.as_deref() == Some("closed");
    let vote = match detail.status_code.as_deref() {
        _ if closed => Vote::Healthy,
        Some("upcoming") => return None,
        Some(_) | None => Vote::Unhealthy,
    };
    let kind = abuse.then_some(ImpairmentKind::SecurityIncident);
    let resources = event.resources.iter().take(20).map(Text::from).collect();
    let reading = Reading::new(vote, evidence).with(Signs { kind, resources, ..Signs::default() });
    let began = detail.began().filter(|_| vote == Vote::Unhealthy);
    let reading = Reading { since: began, ..reading };
    Some(Heard { reading, at: event.time })
}

fn rds(voter: &RdsEventVoter, event: &RdsEvent) -> Option<Heard> {
    if event.region != voter.region.as_str() || event.source != voter.source {
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
