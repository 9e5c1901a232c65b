//! What is told, and whose vote it becomes.

use serde_json::{Value, json};

use super::*;
use crate::plan::example::orders;
use crate::plan::{ImpairmentKind, Plan};
use crate::trigger::{Told, Trigger, read as understand};

fn plan() -> Plan {
    let mut plan = orders();
    plan["detection"]["voters"] = json!([
        {"id": "health", "kind": "health-event", "region": "us-west-2", "aws-services": ["EC2"]},
        {"id": "db", "kind": "rds-event", "region": "us-east-1", "source": "orders-db"},
        {"id": "apm", "kind": "document", "region": "eu-west-1",
            "error-rate": {"above": 50}, "availability": {"below": 50}},
    ]);
    serde_json::from_value(plan).unwrap()
}

fn told(text: &str, changes: &[(&str, Value)]) -> Told {
    let mut event: Value = serde_json::from_str(text).unwrap();
    for (place, with) in changes {
        *event.pointer_mut(place).unwrap_or_else(|| panic!("{place}")) = with.clone();
    }
    let Ok(Trigger::Told(told)) = understand(&event) else { panic!("{event}") };
    *told
}

fn heard(told: &Told) -> Vec<(String, Heard)> {
    let plan = plan();
    let hear = |v: &crate::plan::Voter| Some((v.id().to_string(), hear(v, &plan, told)?));
    plan.detection.voters.iter().filter_map(hear).collect()
}

fn vote(told: &Told) -> Option<Vote> {
    heard(told).first().map(|(_, h)| h.reading.vote)
}

const HEALTH: &str = include_str!("../../../../events/07-health.json");
const RDS: &str = include_str!("../../../../events/08-rds.json");
const DOCUMENT: &str = include_str!("../../../../events/10-document.json");

#[test]
fn an_open_issue_about_the_primary_is_unhealthy_and_stands_until_it_is_closed() {
    let open = told(HEALTH, &[]);
    let (voter, heard) = heard(&open).remove(0);
    assert_eq!(voter, "health");
    assert_eq!(heard.reading.vote, Vote::Unhealthy);
    // Not since it began: nobody here has heard it before.
    assert_eq!((heard.reading.since, heard.reading.stands), (None, true));
    assert_eq!(heard.at, "2026-11-21T09:22:10Z".parse().unwrap());
    for (changes, expected) in [
        (vec![("/detail/statusCode", json!("closed"))], Some(Vote::Healthy)),
        (vec![("/detail/statusCode", json!("upcoming"))], None),
        (vec![("/detail/eventTypeCategory", json!("scheduledChange"))], None),
        (vec![("/detail/eventTypeCategory", json!("accountNotification"))], None),
        (vec![("/detail/eventRegion", json!("eu-west-1"))], None),
        (vec![("/detail/service", json!("S3"))], None),
        // Delivered to another Region than the voter listens in: the same event comes there too.
        (vec![("/region", json!("us-east-1"))], None),
    ] {
        assert_eq!(vote(&told(HEALTH, &changes)), expected, "{changes:?}");
    }
    let abuse = told(HEALTH, &[("/detail-type", json!("AWS Health Abuse Event"))]);
    assert_eq!(self::heard(&abuse)[0].1.reading.signs.kind, Some(ImpairmentKind::SecurityIncident));
}

const INSTANCE: &str = include_str!("../../../../events/27-health-one-instance.json");
const ENDING: &str = include_str!("../../../../events/28-health-open-with-end.json");

#[test]
fn an_issue_of_one_account_is_a_vote_only_when_it_names_a_resource_of_the_plan() {
    assert_eq!(heard(&told(INSTANCE, &[])), [], "an instance that is nobody's");
    let own =
        "arn:aws:autoscaling:us-east-1:123456789012:autoScalingGroup:u:autoScalingGroupName/web-e";
    let named = |value: &str| vec![("/detail/affectedEntities/0/entityValue", json!(value))];
    for value in ["web-e", own] {
        let found = heard(&told(INSTANCE, &named(value)));
        assert_eq!(found[0].1.reading.vote, Vote::Unhealthy, "{value}");
        // One resource of the workload is ill, not the Region.
        let signs = &found[0].1.reading.signs;
        assert_eq!(signs.kind, Some(ImpairmentKind::InstanceFailure));
        assert_eq!(signs.resources, [value.into()].into());
    }
    for changes in [
        // It is said to be well again, or of another account that only the organization's view shows.
        vec![("/detail/affectedEntities/0/status", json!("UNIMPAIRED"))],
        vec![("/detail/affectedAccount", json!("999999999999"))],
    ] {
        let changes = [named("web-e"), changes].concat();
        assert_eq!(vote(&told(INSTANCE, &changes)), None, "{changes:?}");
    }
    // A scope that is left out: with resources it is one of an account.
    let mut bare: Value = serde_json::from_str(INSTANCE).unwrap();
    bare["detail"].as_object_mut().unwrap().remove("eventScopeCode");
    assert_eq!(vote(&told(&bare.to_string(), &[])), None);
    bare["detail"].as_object_mut().unwrap().remove("affectedEntities");
    assert_eq!(vote(&told(&bare.to_string(), &[])), None, "the envelope names the same instance");
    // Of a whole service, and of another account: nothing of ours.
    let foreign = [("/detail/affectedAccount", json!("999999999999"))];
    assert_eq!(vote(&told(HEALTH, &foreign)), None);
}

#[test]
fn the_status_of_an_issue_decides_whether_it_is_over_and_not_an_end_that_it_names() {
    assert_eq!(vote(&told(ENDING, &[])), Some(Vote::Unhealthy));
    let tomorrow = [("/detail/endTime", json!("Sun, 22 Nov 2026 09:21:00 GMT"))];
    assert_eq!(vote(&told(ENDING, &tomorrow)), Some(Vote::Unhealthy));
    let closed = [("/detail/statusCode", json!("closed"))];
    assert_eq!(vote(&told(ENDING, &closed)), Some(Vote::Healthy));
    let mut without: Value = serde_json::from_str(ENDING).unwrap();
    without["detail"].as_object_mut().unwrap().remove("statusCode");
    assert_eq!(vote(&told(&without.to_string(), &[])), Some(Vote::Healthy), "an end in the past");
    assert_eq!(vote(&told(&without.to_string(), &tomorrow)), Some(Vote::Unhealthy));
}

#[test]
fn an_rds_event_is_a_vote_only_when_it_says_up_or_down() {
    for (id, categories, expected) in [
        ("RDS-EVENT-0031", json!(["failure"]), Some(Vote::Unhealthy)),
        // Enhanced Monitoring lost its role; an id that is not known. The database serves as before.
        ("RDS-EVENT-0080", json!(["failure"]), None),
        ("RDS-EVENT-0999", json!(["failure"]), None),
        ("RDS-EVENT-0004", json!(["availability"]), Some(Vote::Unhealthy)),
        ("RDS-EVENT-0006", json!(["availability"]), Some(Vote::Healthy)),
        ("RDS-EVENT-0013", json!(["failover"]), Some(Vote::Unhealthy)),
        ("RDS-EVENT-0049", json!(["failover"]), Some(Vote::Healthy)),
        ("RDS-EVENT-0045", json!(["read replica"]), Some(Vote::Unhealthy)),
        ("RDS-EVENT-0046", json!(["read replica"]), Some(Vote::Healthy)),
        ("RDS-EVENT-0001", json!(["backup"]), None),
        ("RDS-EVENT-0012", json!(["configuration change"]), None),
    ] {
        let event =
            told(RDS, &[("/detail/EventID", json!(id)), ("/detail/EventCategories", categories)]);
        assert_eq!(vote(&event), expected, "{id}");
    }
    let other = told(RDS, &[("/detail/SourceIdentifier", json!("catalog"))]);
    assert_eq!(vote(&other), None);
}

#[test]
fn a_document_is_judged_by_the_thresholds_of_the_plan() {
    let with = |error_rate: f64, availability: f64| {
        told(
            DOCUMENT,
            &[("/error_rate", json!(error_rate)), ("/availability", json!(availability))],
        )
    };
    for (error_rate, availability, expected) in [
        (50.0, 50.0, Vote::Healthy),
        (50.1, 99.0, Vote::Unhealthy),
        (20.0, 80.0, Vote::Healthy),
        (0.0, 49.9, Vote::Unhealthy),
    ] {
        assert_eq!(
            vote(&with(error_rate, availability)),
            Some(expected),
            "{error_rate} {availability}"
        );
    }
    assert_eq!(vote(&told(DOCUMENT, &[("/region", json!("us-west-2"))])), None);
    assert_eq!(vote(&told(DOCUMENT, &[("/voter", json!("another"))])), None);
    assert_eq!(vote(&told(DOCUMENT, &[("/workload", json!("catalog"))])), None);
    let (_, heard) = heard(&told(DOCUMENT, &[])).remove(0);
    assert!(heard.reading.evidence.contains("error rate 62.5 % is above 50"), "{heard:?}");
    assert!(heard.reading.evidence.contains("affected: orders-api"), "{heard:?}");
}

#[test]
fn what_the_other_system_says_itself_is_a_vote_and_an_unmeasured_number_is_none() {
    let mut document: Value = serde_json::from_str(DOCUMENT).unwrap();
    let fields = document.as_object_mut().unwrap();
    for name in ["error_rate", "availability"] {
        fields.remove(name);
    }
    let blind = told(&document.to_string(), &[]);
    assert_eq!(vote(&blind), Some(Vote::Unknown), "a response time without a threshold");
    document["healthy"] = json!(false);
    document["kind"] = json!("data_corruption");
    let corrupt = told(&document.to_string(), &[]);
    assert_eq!(vote(&corrupt), Some(Vote::Unhealthy));
    assert_eq!(heard(&corrupt)[0].1.reading.signs.kind, Some(ImpairmentKind::DataCorruption));
    document["healthy"] = json!(true);
    assert_eq!(vote(&told(&document.to_string(), &[])), Some(Vote::Healthy));
    // A number beyond its threshold is believed before the other system's own word.
    document["error_rate"] = json!(90);
    assert_eq!(vote(&told(&document.to_string(), &[])), Some(Vote::Unhealthy));
}
