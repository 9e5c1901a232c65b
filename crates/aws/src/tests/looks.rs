//! Looks: what is asked, and how each answer is read.

use leeward_core::lease_terms::LeaseTerms;
use leeward_core::time::{Span, Timestamp};
use leeward_core::world::{
    AlarmState, AlarmView, ConcurrencyView, GlobalMember, GlobalView, GroupView, Heartbeat,
    InstanceView, LeaseView, Question, RdsView, RunningView, SqlView, TargetsView, View,
};
use leeward_ports::Outside;
use serde_json::{Value, json};

use super::answers::{FENCE, GLOBAL, GROUP, INSTANCES, NEIGHBOUR, TARGETS, WEIGHTED};
use super::wire::Reply;
use super::{cbor, clients, http_instant, impatient_clients};
use crate::{Clients, World};

fn world(clients: &Clients) -> World {
    World::builder(clients)
        .lease()
        .tables()
        .rds()
        .global()
        .sql()
        .groups()
        .instances()
        .ingress()
        .ecs()
        .functions()
        .targets()
        .metrics()
        .records()
        .build()
}

fn region() -> leeward_core::ids::Region {
    "us-west-2".into()
}

fn lease() -> Question {
    Question::Lease { region: region(), table: "leases".into(), key: "LEASE#orders".into() }
}

fn rds() -> Question {
    Question::Rds { region: region(), instance: "orders-west".into() }
}

fn global() -> Question {
    Question::Global { region: region(), global_cluster: "catalog".into() }
}

fn replica() -> Question {
    Question::TableReplica { region: region(), table: "sessions".into() }
}

fn sql() -> Question {
    Question::Sql {
        region: region(),
        function: "db-probe".into(),
        host: "db.west".into(),
        port: 5432,
        database: "orders".into(),
        user: "probe".into(),
        sessions_of: Some("app".into()),
    }
}

fn group() -> Question {
    Question::Group { region: region(), group: "web".into() }
}

fn instances() -> Question {
    Question::Instances { region: region(), ids: vec!["i-2".into(), "i-1".into()] }
}

fn ecs() -> Question {
    Question::EcsService { region: region(), cluster: "c".into(), service: "s".into() }
}

fn concurrency() -> Question {
    Question::Concurrency { region: region(), function: "consumer".into() }
}

fn event_source() -> Question {
    Question::EventSource { region: region(), uuid: "u-1".into() }
}

fn targets() -> Question {
    Question::Targets { region: region(), target_group: "arn:tg".into() }
}

fn record(record_type: &str) -> Question {
    Question::Record {
        zone: "Z1".into(),
        name: "_leeward.orders.example.com".into(),
        record_type: record_type.into(),
    }
}

fn zone_change() -> Question {
    Question::ZoneChange { id: "/change/C1".into() }
}

fn change_xml(status: &str) -> Reply {
    Reply::ok(format!(
        "<GetChangeResponse><ChangeInfo><Id>/change/C1</Id><Status>{status}</Status>\
         <SubmittedAt>2026-01-05T12:00:00Z</SubmittedAt></ChangeInfo></GetChangeResponse>"
    ))
}

fn alarm() -> Question {
    Question::Alarm { region: region(), alarm: "canary-west".into() }
}

fn metric() -> Question {
    Question::LatestMetric {
        region: region(),
        namespace: "AWS/RDS".into(),
        metric: "ReplicaLag".into(),
        dimensions: vec![("DBInstanceIdentifier".into(), "orders-west".into())],
        minutes: 5,
        statistic: "Maximum".into(),
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

fn json_reply(body: &Value) -> Reply {
    Reply::ok(body.to_string()).dated()
}

fn cbor_reply(body: &Value) -> Reply {
    Reply::ok(cbor::encode(body)).with("smithy-protocol", "rpc-v2-cbor")
}

fn query(name: &str, inner: &str) -> Reply {
    Reply::ok(format!("<{name}Response><{name}Result>{inner}</{name}Result></{name}Response>"))
}

fn instance_xml(source: &str) -> Reply {
    query(
        "DescribeDBInstances",
        &format!(
            "<DBInstances><DBInstance><DBInstanceIdentifier>orders-west</DBInstanceIdentifier>\
             <DBInstanceStatus>available</DBInstanceStatus><Engine>postgres</Engine><EngineVersion>17.4</EngineVersion>\
             <Endpoint><Address>orders-west.abc.us-west-2.rds.amazonaws.com</Address></Endpoint>\
             <ReadReplicaSourceDBInstanceIdentifier>{source}</ReadReplicaSourceDBInstanceIdentifier>\
             </DBInstance></DBInstances>"
        ),
    )
}

fn instance_view(source: Option<&str>) -> View {
    View::Rds(Some(RdsView {
        status: "available".into(),
        arn: None,
        replica_source: source.map(Into::into),
        engine: "postgres".into(),
        engine_version: "17.4".into(),
        host: Some("orders-west.abc.us-west-2.rds.amazonaws.com".into()),
        zone: None,
        multi_az: false,
        replication: None,
    }))
}

fn records_xml(sets: &[&str]) -> Reply {
    Reply::ok(format!(
        "<ListResourceRecordSetsResponse><ResourceRecordSets>{}</ResourceRecordSets>\
         <IsTruncated>false</IsTruncated><MaxItems>2</MaxItems></ListResourceRecordSetsResponse>",
        sets.concat()
    ))
}

fn databases() -> Vec<(Question, Reply, View)> {
    let full = json!({"Item": {"pk": {"S": "LEASE#orders"}, "owner": {"S": "us-east-1"},
        "epoch": {"N": "4"}, "effect": {"S": "e-1"}, "renewed_at": {"N": "1700000000123"}, "ttl_ms": {"N": "60000"},
        "longest_ms": {"N": "2000"}, "drift_ms": {"N": "500"}}});
    let partly = json!({"Item": {"owner": {"S": "nobody"}, "epoch": {"N": "5"},
        "ttl_ms": {"N": "60000"}, "longest_ms": {"N": "2000"}}});
    let bare = json!({"Item": {"owner": {"S": "nobody"}, "epoch": {"N": "5"}}});
    let terms = LeaseTerms {
        ttl: Span::seconds(60),
        longest_statement: Span::seconds(2),
        drift: Span::millis(500),
    };
    let seen = |owner: &str, epoch, effect: &str, renewed_at: Option<Timestamp>| {
        let (owner, effect) = (owner.to_owned(), effect.to_owned());
        let answered_at = http_instant();
        View::Lease(Some(LeaseView {
            owner: owner.into(),
            epoch,
            effect: effect.into(),
            renewed_at,
            terms: renewed_at.map(|_| terms),
            answered_at,
        }))
    };
    let member = |arn: &str, writer| GlobalMember { arn: arn.into(), writer };
    let running = |running| View::Running(Some(RunningView { desired: 1, running }));
    let table = |status: &str| json_reply(&json!({"Table": {"TableStatus": status}}));
    let probed = json!({"schema": 1, "in_recovery": true, "writable": false,
                        "heartbeat": {"written": {"at_ms": 1_700_000_000_123_i64, "region": "us-east-1"}},
                        "sessions": 2});
    let renewed = Timestamp::from_millisecond(1_700_000_000_123).unwrap();
    vec![
        (lease(), json_reply(&full), seen("us-east-1", 4, "e-1", Some(renewed))),
        (lease(), json_reply(&bare), seen("nobody", 5, "", None)),
        (lease(), json_reply(&partly), seen("nobody", 5, "", None)),
        (lease(), json_reply(&json!({})), View::Lease(None)),
        (rds(), instance_xml("orders-east"), instance_view(Some("orders-east"))),
        (rds(), instance_xml(""), instance_view(None)),
        (rds(), Reply::xml_error(404, "DBInstanceNotFound"), View::Rds(None)),
        (
            global(),
            query("DescribeGlobalClusters", GLOBAL),
            View::Global(Some(GlobalView {
                status: "failing-over".into(),
                failover: Some("failing-over".into()),
                engine: Some("aurora-postgresql".into()),
                engine_version: Some("16.6".into()),
                members: vec![member("arn:east", true), member("arn:west", false)],
            })),
        ),
        (global(), Reply::xml_error(404, "GlobalClusterNotFoundFault"), View::Global(None)),
        (replica(), table("ACTIVE"), running(1)),
        (replica(), table("CREATING"), running(0)),
        (replica(), Reply::json_error(400, "ResourceNotFoundException"), View::Running(None)),
        (
            sql(),
            json_reply(&probed),
            View::Sql(SqlView {
                in_recovery: true,
                writable: false,
                heartbeat: Some(Heartbeat::written("us-east-1".into(), renewed)),
                sessions: Some(2),
            }),
        ),
    ]
}

fn groups() -> Vec<(Question, Reply, View)> {
    let empty = "<AutoScalingGroups/>";
    let state = |id: &str, state: &str, reason: &str| {
        (id.into(), Some(InstanceView { state: state.into(), reason: reason.into() }))
    };
    vec![
        (
            group(),
            query("DescribeAutoScalingGroups", GROUP),
            View::Group(Some(GroupView {
                minimum: 2,
                maximum: 6,
                desired: 3,
                in_service: 1,
                serving: 1,
                instances: 3,
                suspended: vec!["Launch".into()],
                measured_in: None,
                tells_peak: false,
            })),
        ),
        (
            group(),
            query("DescribeAutoScalingGroups", WEIGHTED),
            View::Group(Some(GroupView {
                minimum: 4,
                maximum: 12,
                desired: 7,
                in_service: 7,
                serving: 2,
                instances: 3,
                suspended: vec![],
                measured_in: Some("vcpu".into()),
                tells_peak: true,
            })),
        ),
        (group(), query("DescribeAutoScalingGroups", empty), View::Group(None)),
        (
            instances(),
            Reply::ok(INSTANCES),
            View::Instances(vec![
                state("i-2", "stopped", "Server.InternalError: it did not come up"),
                state("i-1", "running", ""),
            ]),
        ),
    ]
}

fn capacity() -> Vec<(Question, Reply, View)> {
    let service = |status: &str| json!({"services": [{"status": status, "desiredCount": 3, "runningCount": 2}]});
    let missing = json!({"services": [], "failures": [{"reason": "MISSING"}]});
    let mut all = groups();
    all.extend([
        (
            ecs(),
            json_reply(&service("ACTIVE")),
            View::Running(Some(RunningView { desired: 3, running: 2 })),
        ),
        (ecs(), json_reply(&service("INACTIVE")), View::Running(None)),
        (ecs(), json_reply(&missing), View::Running(None)),
        (ecs(), Reply::json_error(400, "ClusterNotFoundException"), View::Running(None)),
        (
            concurrency(),
            Reply::json_error(404, "ResourceNotFoundException"),
            View::Concurrency(None),
        ),
        (event_source(), Reply::json_error(404, "ResourceNotFoundException"), View::Mapping(None)),
        (targets(), Reply::xml_error(400, "TargetGroupNotFound"), View::Targets(None)),
        (
            concurrency(),
            json_reply(&json!({"ReservedConcurrentExecutions": 9})),
            View::Concurrency(Some(ConcurrencyView { reserved: Some(9) })),
        ),
        (
            concurrency(),
            json_reply(&json!({})),
            View::Concurrency(Some(ConcurrencyView { reserved: None })),
        ),
        (
            event_source(),
            json_reply(&json!({"State": "Enabled"})),
            View::Mapping(Some("Enabled".into())),
        ),
        (
            targets(),
            query("DescribeTargetHealth", TARGETS),
            View::Targets(Some(TargetsView { healthy: 1, total: 2 })),
        ),
    ]);
    all
}

fn outside() -> Vec<(Question, Reply, View)> {
    let told = |transitioned: bool| {
        let mut alarm = json!({"AlarmName": "canary-west", "StateValue": "INSUFFICIENT_DATA",
            "StateReason": "3 of 3", "ActionsEnabled": true, "StateUpdatedTimestamp": {"epoch": 1_700_000_060}});
        if transitioned {
            alarm["StateTransitionedTimestamp"] = json!({"epoch": 1_700_000_000});
        }
        alarm
    };
    let alarmed = |since| {
        let (state, reason) = (AlarmState::InsufficientData, "3 of 3".to_owned());
        View::Alarm(Some(AlarmView { state, since: at(since), reason: reason.into(), muted: None }))
    };
    let data = |values: Value, times: Value| json!({"MetricDataResults": [{"Id": "latest", "Values": values, "Timestamps": times}]});
    let two = data(json!([7, 9]), json!([{"epoch": 1_700_000_060}, {"epoch": 1_700_000_000}]));
    vec![
        (
            record("TXT"),
            records_xml(&[FENCE, NEIGHBOUR]),
            View::Record(Some((vec!["3".into()], 60))),
        ),
        (zone_change(), change_xml("PENDING"), View::InSync(false)),
        (zone_change(), change_xml("INSYNC"), View::InSync(true)),
        (record("TXT"), records_xml(&[NEIGHBOUR]), View::Record(None)),
        (record("A"), records_xml(&[FENCE]), View::Record(None)),
        (alarm(), cbor_reply(&json!({"MetricAlarms": [told(true)]})), alarmed(1_700_000_000)),
        (alarm(), cbor_reply(&json!({"CompositeAlarms": [told(false)]})), alarmed(1_700_000_060)),
        (alarm(), cbor_reply(&json!({})), View::Alarm(None)),
        (metric(), cbor_reply(&two), View::Number(Some((7.0, at(1_700_000_060))))),
        (metric(), cbor_reply(&data(json!([]), json!([]))), View::Number(None)),
    ]
}

#[tokio::test]
async fn each_answer_is_read_as_what_it_is() {
    for (question, reply, view) in [databases(), capacity(), outside()].concat() {
        let told = format!("{question} on {reply:?}");
        let (clients, wire) = clients(vec![reply]);
        let seen = world(&clients).look(&question).await;
        assert_eq!(seen, Ok(view), "{told}");
        let zones = matches!(question, Question::Record { .. } | Question::ZoneChange { .. });
        let region = if zones { "us-east-1" } else { "us-west-2" };
        assert_eq!(wire.only().signed_for(), region, "{told}");
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_blind_with_its_reason() {
    let thrown = Reply::ok(r#"{"errorType":"Refused","errorMessage":"not allowed"}"#)
        .with("x-amz-function-error", "Unhandled");
    let alias = "<ResourceRecordSet><Name>_leeward.orders.example.com</Name><Type>TXT</Type>\
        <AliasTarget><HostedZoneId>Z2</HostedZoneId><DNSName>x.</DNSName>\
        <EvaluateTargetHealth>false</EvaluateTargetHealth></AliasTarget></ResourceRecordSet>";
    let undated = Reply::ok(r#"{"Item":{"owner":{"S":"us-east-1"},"epoch":{"N":"4"}}}"#);
    let no_epoch = json!({"Item": {"owner": {"S": "us-east-1"}}});
    let cases = [
        (lease(), undated, "no Date"),
        (lease(), json_reply(&no_epoch), "`epoch`"),
        (rds(), Reply::xml_error(403, "AccessDenied"), "AccessDenied: because"),
        (sql(), thrown, "Refused: not allowed"),
        (
            sql(),
            json_reply(&json!({"schema": 2, "in_recovery": true, "writable": false})),
            "schema 2",
        ),
        (sql(), Reply::ok("null"), "no probe answer"),
        (instances(), Reply::ec2_error(400, "UnauthorizedOperation"), "UnauthorizedOperation"),
        (record("TXT"), records_xml(&[alias]), "alias"),
        (record("TXT"), records_xml(&[FENCE, FENCE]), "several"),
        (ecs(), Reply::json_error(400, "AccessDeniedException"), "AccessDenied"),
        (zone_change(), change_xml("LOST"), "its status is"),
    ];
    for (question, reply, words) in cases {
        let told = format!("{question} on {reply:?}");
        let (clients, _) = clients(vec![reply]);
        let blind = world(&clients).look(&question).await.unwrap_err().to_string();
        assert!(blind.contains(words), "{told}: {blind}");
        assert!(blind.starts_with(&question.to_string()), "{told}: {blind}");
    }
}

#[tokio::test]
async fn a_look_is_tried_twice_and_no_more() {
    let busy = || Reply::xml_error(503, "ServiceUnavailable");
    let (twice, wire) = clients(vec![busy(), instance_xml("")]);
    assert_eq!(world(&twice).look(&rds()).await, Ok(instance_view(None)));
    assert_eq!(wire.sent().len(), 2);
    let (never, wire) = clients(vec![busy(), busy()]);
    let blind = world(&never).look(&rds()).await.unwrap_err().to_string();
    assert!(blind.contains("ServiceUnavailable"), "{blind}");
    assert_eq!(wire.sent().len(), 2);
}

#[tokio::test]
async fn silence_is_blindness() {
    for (question, _, _) in [databases(), capacity(), outside()].concat() {
        let (clients, _) = impatient_clients(vec![Reply::Silence; 2]);
        let blind = world(&clients).look(&question).await.unwrap_err().to_string();
        assert!(blind.contains("TimeoutError"), "{question}: {blind}");
    }
}

#[tokio::test]
async fn one_unknown_instance_blinds_nobody_to_the_others() {
    let (clients, wire) = clients(vec![Reply::ok(INSTANCES)]);
    let ids = vec!["i-1".into(), "i-mistyped".into()];
    let seen = world(&clients).look(&Question::Instances { region: region(), ids }).await;
    let Ok(View::Instances(seen)) = seen else { panic!("{seen:?}") };
    let states: Vec<Option<&str>> =
        seen.iter().map(|(_, view)| view.as_ref().map(|v| v.state.as_str())).collect();
    assert_eq!(states, [Some("running"), None]);
    let sent = String::from_utf8(wire.only().body).unwrap();
    // By `InstanceId.1` EC2 would answer `InvalidInstanceID.NotFound`, and tell of none.
    assert!(sent.contains("Filter.1.Name=instance-id") && !sent.contains("InstanceId.1"), "{sent}");
}

#[tokio::test]
async fn no_instances_are_seen_without_a_call_and_what_is_not_wired_is_not_asked() {
    let (clients, wire) = clients(vec![]);
    let none = Question::Instances { region: region(), ids: vec![] };
    assert_eq!(world(&clients).look(&none).await, Ok(View::Instances(vec![])));
    let empty = World::builder(&clients).build();
    for (question, _, _) in [databases(), capacity(), outside()].concat() {
        let blind = empty.look(&question).await.unwrap_err().to_string();
        assert!(blind.contains("not wired"), "{blind}");
    }
    assert!(wire.sent().is_empty());
}
