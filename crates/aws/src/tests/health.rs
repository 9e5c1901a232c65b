//! How well things are: what is asked of each service, and how its answer is read.

use leeward_core::world::{
    MemberHealth, Question, ReplicationView, Rollout, RolloutState, SeriesView, ServiceView, View,
};
use leeward_ports::Outside;
use serde_json::json;

use super::health_replies::*;
use super::wire::Reply;
use super::{cbor, clients, impatient_clients};

async fn look(question: &Question, reply: Reply) -> View {
    let (clients, wire) = clients(vec![reply]);
    let seen = world(&clients).look(question).await.unwrap();
    assert_eq!(wire.only().signed_for(), "us-east-1", "{question}");
    seen
}

#[tokio::test]
async fn the_instances_of_a_group_are_told_with_their_zones() {
    assert_eq!(look(&group(), group_xml()).await, group_members());
    let none = query("DescribeAutoScalingGroups", "<AutoScalingGroups/>");
    assert_eq!(look(&group(), none).await, View::Members(None));
}

#[tokio::test]
async fn status_checks_are_read_in_the_order_asked() {
    let told = status_xml(&[
        ("i-2", "running", "ok", "impaired"),
        ("i-1", "running", "ok", "ok"),
        ("i-3", "running", "impaired", "initializing"),
        ("i-4", "running", "ok", "initializing"),
        ("i-5", "stopped", "not-applicable", "not-applicable"),
        ("i-6", "running", "insufficient-data", "ok"),
        ("i-7", "pending", "initializing", "initializing"),
    ]);
    let ids = ["i-1", "i-2", "i-3", "i-4", "i-5", "i-6", "i-7"];
    let (clients, wire) = clients(vec![told]);
    let seen = world(&clients).look(&status(&ids)).await.unwrap();
    let one = |id: &str, health, state: &str| member(id, Some("us-east-1b"), health, state);
    let expected = vec![
        one("i-1", MemberHealth::Healthy, "running: system ok, instance ok"),
        one("i-2", MemberHealth::Unhealthy, "running: system ok, instance impaired"),
        one("i-3", MemberHealth::Unhealthy, "running: system impaired, instance initializing"),
        one("i-4", MemberHealth::Starting, "running: system ok, instance initializing"),
        one("i-5", MemberHealth::Away, "stopped: system not-applicable, instance not-applicable"),
        one("i-6", MemberHealth::Unknown, "running: system insufficient-data, instance ok"),
        one("i-7", MemberHealth::Starting, "pending: system initializing, instance initializing"),
    ];
    assert_eq!(seen, members(expected));
    assert!(wire.only().text().contains("IncludeAllInstances=true"));
}

#[tokio::test]
async fn many_instances_are_asked_for_in_hundreds_and_none_without_a_call() {
    let ids: Vec<String> = (0..150).map(|n| format!("i-{n}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let pages = ids.chunks(100).map(|some| {
        let told: Vec<Checked<'_>> = some.iter().map(|id| (*id, "running", "ok", "ok")).collect();
        status_xml(&told)
    });
    let (some, wire) = clients(pages.collect());
    let View::Members(Some(view)) = world(&some).look(&status(&ids)).await.unwrap() else {
        panic!("members");
    };
    assert_eq!(view.tally().healthy, 150);
    assert_eq!(wire.sent().len(), 2);
    let (none, wire) = clients(vec![]);
    assert_eq!(world(&none).look(&status(&[])).await.unwrap(), members(vec![]));
    assert!(wire.sent().is_empty());
}

#[tokio::test]
async fn each_target_is_told_with_its_reason() {
    let told = target_xml(&[
        ("i-1", None, "healthy", None),
        ("i-2", None, "unhealthy", Some("Target.Timeout")),
        ("10.0.0.1", Some("us-east-1c"), "initial", Some("Elb.RegistrationInProgress")),
        ("10.0.0.2", Some("all"), "draining", None),
        ("i-3", None, "unused", Some("Target.NotInUse")),
        ("i-4", None, "unavailable", Some("Target.HealthCheckDisabled")),
        ("i-5", None, "unhealthy.draining", None),
    ]);
    let expected = vec![
        member("i-1", None, MemberHealth::Healthy, "healthy"),
        member("i-2", None, MemberHealth::Unhealthy, "unhealthy: Target.Timeout"),
        member(
            "10.0.0.1",
            Some("us-east-1c"),
            MemberHealth::Starting,
            "initial: Elb.RegistrationInProgress",
        ),
        member("10.0.0.2", None, MemberHealth::Away, "draining"),
        member("i-3", None, MemberHealth::Away, "unused: Target.NotInUse"),
        member("i-4", None, MemberHealth::Unknown, "unavailable: Target.HealthCheckDisabled"),
        member("i-5", None, MemberHealth::Unhealthy, "unhealthy.draining"),
    ];
    assert_eq!(look(&targets(), told).await, members(expected));
}

#[tokio::test]
async fn a_service_is_told_with_its_deployments() {
    let told = json!({"services": [{"status": "ACTIVE", "desiredCount": 4, "runningCount": 2,
        "pendingCount": 1, "deployments": [
            {"id": "ecs-svc/2", "status": "PRIMARY", "rolloutState": "FAILED",
             "rolloutStateReason": "tasks failed to start", "desiredCount": 4, "runningCount": 0,
             "failedTasks": 7, "createdAt": 1_700_000_000},
            {"id": "ecs-svc/1", "status": "ACTIVE", "desiredCount": 0, "runningCount": 2}]}]});
    let rollouts = vec![
        Rollout {
            id: "ecs-svc/2".into(),
            primary: true,
            state: Some(RolloutState::Failed),
            reason: "tasks failed to start".into(),
            desired: 4,
            running: 0,
            failed: 7,
            since: Some(at(1_700_000_000)),
        },
        Rollout {
            id: "ecs-svc/1".into(),
            primary: false,
            state: None,
            reason: String::new().into(),
            desired: 0,
            running: 2,
            failed: 0,
            since: None,
        },
    ];
    let view = ServiceView { desired: 4, running: 2, pending: 1, rollouts };
    assert_eq!(look(&service(), json_reply(&told)).await, View::Service(Some(view)));
    let gone = json_reply(&json!({"services": [{"status": "INACTIVE"}]}));
    assert_eq!(look(&service(), gone).await, View::Service(None));
    let missing = json_reply(&json!({"services": [], "failures": [{"reason": "MISSING"}]}));
    assert_eq!(look(&service(), missing).await, View::Service(None));
}

#[tokio::test]
async fn a_series_is_read_over_all_its_pages() {
    let (clients, wire) = clients(vec![
        page(&[(1_700_000_000, 3.0)], Some("more")),
        page(&[(1_700_000_300, 4.5)], None),
    ]);
    let seen = world(&clients).look(&series(0)).await.unwrap();
    let samples = vec![(at(1_700_000_000), 3.0), (at(1_700_000_300), 4.5)];
    assert_eq!(seen, View::Series(SeriesView { samples }));
    assert_eq!(wire.sent().len(), 2);
    assert_eq!(look(&series(0), page(&[], None)).await, View::Series(SeriesView::default()));
}

/// Start and end of the window that was asked for, in seconds.
async fn window(days_ago: u32) -> (f64, f64) {
    let (clients, wire) = clients(vec![page(&[], None)]);
    world(&clients).look(&series(days_ago)).await.unwrap();
    let body = wire.only().body;
    (cbor::time_of(&body, "StartTime"), cbor::time_of(&body, "EndTime"))
}

#[tokio::test]
async fn a_window_holds_whole_periods_and_lies_so_many_days_back() {
    let (start, end) = window(0).await;
    assert_eq!((end % 300.0, end - start), (0.0, 3600.0));
    let (_, then) = window(7).await;
    // A period may have ended between the two.
    let week = 7.0 * 86_400.0;
    assert!((week - 300.0..=week).contains(&(end - then)), "{end} {then}");
}

#[tokio::test]
async fn a_replica_tells_of_its_link_to_the_source() {
    let info = "<DBInstanceStatusInfo><StatusType>read replication</StatusType><Normal>false</Normal>\
        <Status>error</Status><Message>the source cannot be reached</Message></DBInstanceStatusInfo>";
    let seen = |view: View| {
        let View::Rds(Some(view)) = view else { panic!("{view:?}") };
        view
    };
    let view = seen(look(&rds(), replica_xml(info)).await);
    assert_eq!((view.zone.as_deref(), view.multi_az), (Some("us-west-2b"), true));
    let link = ReplicationView {
        normal: false,
        status: "error".into(),
        message: "the source cannot be reached".into(),
    };
    assert_eq!(view.replication, Some(link));
    assert_eq!(seen(look(&rds(), replica_xml("")).await).replication, None);
}

fn everything() -> [Question; 5] {
    [group(), status(&["i-1"]), targets(), service(), series(1)]
}

#[tokio::test]
async fn a_silent_region_is_blindness_with_its_reason() {
    for question in everything() {
        let (clients, _) = impatient_clients(vec![Reply::Silence; 2]);
        let blind = world(&clients).look(&question).await.unwrap_err().to_string();
        assert!(blind.contains("TimeoutError"), "{blind}");
        assert!(blind.starts_with(&question.to_string()), "{blind}");
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_blindness_too() {
    let forbidden = json!({"MetricDataResults": [{"Id": "latest", "StatusCode": "Forbidden",
        "Messages": [{"Code": "Forbidden", "Value": "no access to that account"}]}]});
    let stateless = query(
        "DescribeTargetHealth",
        "<TargetHealthDescriptions><member><Target><Id>i-1</Id></Target></member></TargetHealthDescriptions>",
    );
    let cases = [
        (series(0), cbor_reply(&forbidden), "no access to that account"),
        (series(0), page(&[], Some("on")), "more than 5 pages"),
        (targets(), stateless, "no state"),
        (status(&["i-1", "i-9"]), status_xml(&[("i-1", "running", "ok", "ok")]), "not tell of i-9"),
        (
            status(&["i-1"]),
            Reply::ec2_error(400, "InvalidInstanceID.NotFound"),
            "InvalidInstanceID",
        ),
        (targets(), Reply::xml_error(400, "TargetGroupNotFound"), "TargetGroupNotFound"),
    ];
    for (question, reply, words) in cases {
        let (clients, _) = clients(vec![reply; 5]);
        let blind = world(&clients).look(&question).await.unwrap_err().to_string();
        assert!(blind.contains(words), "{question}: {blind}");
    }
}
