//! An impairment opens, widens and ends; what of it is worth a write; the means of many.

use std::sync::Arc;

use super::*;
use crate::evidence::{Evidence, Reading, Signal, Vote, weigh};
use crate::ids::Direction;
use crate::plan::Plan;
use crate::plan::example::orders;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

fn plan() -> Plan {
    serde_json::from_value(orders()).unwrap()
}

/// What the voters say at that time: each with its vote, since the instant given.
fn look(seconds: i64, votes: &[(usize, Vote, i64)]) -> Assessment {
    let plan = plan();
    let signals: Vec<_> = votes
        .iter()
        .map(|(voter, vote, since)| {
            let reading = Reading::new(*vote, "words").since(at(*since));
            let voter = &plan.detection.voters[*voter];
            Arc::new(Signal::following(voter, None, reading, at(seconds), Span::minutes(3)))
        })
        .collect();
    let evidence = Evidence { signals: &signals, ..Evidence::default() };
    weigh(&plan, Direction::ToStandby, evidence, at(seconds))
}

fn then(before: Option<&Impairment>, a: &Assessment) -> Option<Impairment> {
    after_look(before, &plan().workload, &plan().plan, a, None)
}

#[test]
fn it_opens_widens_and_ends_when_everything_that_spoke_is_well() {
    use Vote::{Healthy, Unhealthy, Unknown};
    assert_eq!(then(None, &look(0, &[(0, Healthy, 0)])), None);
    let one = then(None, &look(200, &[(2, Unhealthy, 0)])).unwrap();
    assert_eq!((one.kind, one.confirmed), (ImpairmentKind::ApplicationError, None));
    let wide = look(260, &[(0, Unhealthy, 60), (1, Unhealthy, 60), (2, Unhealthy, 0)]);
    let two = then(Some(&one), &wide).unwrap();
    assert_eq!((two.kind, two.confirmed), (ImpairmentKind::RegionOutage, Some(at(260))));
    assert_eq!(two.called.len(), 2);
    assert_eq!(two.time_to_detect(), Span::seconds(260));
    // The same again within a few minutes is not worth a write.
    assert_eq!(
        then(Some(&two), &look(320, &[(0, Unhealthy, 60), (1, Unhealthy, 60), (2, Unhealthy, 0)])),
        None
    );
    // One is blind: nobody has seen it well.
    let blind = look(400, &[(0, Healthy, 380), (1, Unknown, 380), (2, Healthy, 380)]);
    assert_eq!(then(Some(&two), &blind), None);
    let well = look(500, &[(0, Healthy, 380), (1, Healthy, 450), (2, Healthy, 380)]);
    let over = then(Some(&two), &well).unwrap();
    assert_eq!(over.resolved, Some(at(500)));
    assert_eq!(over.time_to_recover(), Some(Span::seconds(500)));
    assert_eq!(then(Some(&over), &well), None, "what is over stays as it is");
    let again = then(Some(&over), &look(900, &[(2, Unhealthy, 700)])).unwrap();
    assert_eq!((again.opened, again.resolved), (at(900), None));
}

#[test]
fn news_is_everything_but_numbers_and_words() {
    let one = then(None, &look(200, &[(2, Vote::Unhealthy, 0)])).unwrap();
    let words: [fn(&mut Impairment); 4] = [
        |i| i.updated = at(201),
        |i| i.because.push('!'),
        |i| i.impact.push('!'),
        |i| {
            i.metrics.insert("m".into(), 1.0);
        },
    ];
    for (place, change) in words.into_iter().enumerate() {
        let mut next = one.clone();
        change(&mut next);
        assert!(next != one && !next.is_news(&one), "words {place}");
    }
    let news: [fn(&mut Impairment); 16] = [
        |i| i.workload = "other".into(),
        |i| i.plan = "other".into(),
        |i| i.kind = ImpairmentKind::RegionOutage,
        |i| i.severity = Severity::Critical,
        |i| i.first_signal = at(-1),
        |i| i.opened = at(1),
        |i| i.confirmed = Some(at(1)),
        |i| i.resolved = Some(at(1)),
        |i| i.recovered = Some(at(1)),
        |i| i.generation = Some(Generation(1)),
        |i| {
            i.voters.insert("v".into());
        },
        |i| {
            i.zones.insert("z".into());
        },
        |i| {
            i.services.insert("s".into());
        },
        |i| {
            i.resources.insert("r".into());
        },
        |i| i.actions.push("act".to_owned()),
        |i| i.called.clear(),
    ];
    for (place, change) in news.into_iter().enumerate() {
        let mut next = one.clone();
        change(&mut next);
        assert!(next.is_news(&one), "news {place}");
    }
}

#[test]
fn means_are_by_month_and_of_those_that_are_over() {
    let one = then(None, &look(200, &[(2, Vote::Unhealthy, 0)])).unwrap();
    let mut two = one.clone();
    two.opened = at(40 * 86_400);
    two.first_signal = at(40 * 86_400 - 100);
    two.resolved = Some(at(40 * 86_400 + 500));
    let (all, months) = means(&[one, two]);
    assert_eq!((all.count, all.over), (2, 1));
    assert_eq!(all.time_to_detect, Some(Span::seconds(150)));
    assert_eq!(all.time_to_recover, Some(Span::seconds(600)));
    assert_eq!(months.len(), 2);
    assert_eq!(means(&[]).0.time_to_detect, None);
}
