//! Changes: what is sent, that it is sent once, how it is dated, and what each answer means.

use leeward_core::ids::Text;
use leeward_core::plan::SecurityGroupRules;
use leeward_core::world::{Change, ChangeErrorKind, FenceNumber, RecordSet};
use leeward_ports::Outside;

use super::wire::{Reply, Sent};
use super::{FROZEN_SIGNED, cbor, clients, frozen, http_instant};
use crate::{Clients, World};

pub(super) fn world(clients: &Clients) -> World {
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
        .names()
        .http()
        .build()
}

fn rules() -> SecurityGroupRules {
    let cidrs = vec!["10.0.0.0/16".into(), "2001:db8::/32".into()];
    SecurityGroupRules { group: "sg-1".into(), port: 5432, cidrs, ..SecurityGroupRules::default() }
}

fn authorize(rules: SecurityGroupRules) -> Change {
    let descriptions = std::collections::BTreeMap::new();
    Change::AuthorizeIngress { region: "us-east-1".into(), rules, descriptions }
}

fn bound(suspend: bool) -> Change {
    let (minimum, maximum, desired) = if suspend { (0, 0, 0) } else { (2, 6, 3) };
    let group = "writers".to_owned();
    Change::BoundGroup {
        region: "us-east-1".into(),
        group: group.into(),
        minimum,
        maximum,
        desired,
        suspend,
    }
}

pub(super) fn move_lease() -> Change {
    Change::MoveLease {
        region: "eu-west-1".into(),
        table: "leases".into(),
        key: "LEASE#orders".into(),
        from_owner: "us-east-1".into(),
        from_epoch: 4,
        to_owner: "nobody".into(),
        effect: "orders/1/fence/orders-db/take".into(),
    }
}

pub(super) fn change_records() -> Change {
    let record = RecordSet {
        name: "orders.example.com".into(),
        record_type: "CNAME".into(),
        ttl: 60,
        values: vec!["west.example.com".into()],
    };
    let name = "_leeward.orders.edge.example.com".to_owned();
    Change::ChangeRecords {
        zone: "Z1".into(),
        fence: FenceNumber { name: name.into(), from: 2, to: 3 },
        records: vec![record],
    }
}

pub(super) fn global(switchover: bool) -> Change {
    let region = "us-west-2".into();
    let (global_cluster, target) = ("catalog".to_owned(), "arn:west".to_owned());
    if switchover {
        Change::SwitchoverGlobal {
            region,
            global_cluster: global_cluster.into(),
            target: target.into(),
        }
    } else {
        Change::FailoverGlobal {
            region,
            global_cluster: global_cluster.into(),
            target: target.into(),
        }
    }
}

pub(super) fn reserve(reserved: Option<u32>) -> Change {
    let function = "orders-consumer".to_owned();
    Change::ReserveConcurrency { region: "us-west-2".into(), function: function.into(), reserved }
}

const SECURITY_GROUP: &str = r"<DescribeSecurityGroupsResponse><securityGroupInfo><item>
<groupId>sg-1</groupId><ipPermissions><item><ipProtocol>tcp</ipProtocol><fromPort>5432</fromPort>
<toPort>5432</toPort><ipRanges><item><cidrIp>10.0.0.0/16</cidrIp></item></ipRanges></item>
</ipPermissions></item></securityGroupInfo></DescribeSecurityGroupsResponse>";

/// Every change that is one request, what it looks like, and what its service answers.
pub(super) fn singles() -> Vec<Single> {
    [databases(), capacity(), functions(), traffic()].concat()
}

type Single = (Change, Reply, Vec<&'static str>);

fn region() -> leeward_core::ids::Region {
    "us-west-2".into()
}

fn query(name: &str) -> Reply {
    Reply::ok(format!("<{name}Response><{name}Result></{name}Result></{name}Response>"))
}

fn databases() -> Vec<Single> {
    vec![
        (
            move_lease(),
            Reply::ok("{}"),
            vec![
                "SET #owner = :to, #epoch = :next, #effect = :effect",
                "#owner = :from AND #epoch = :epoch",
                r#"":next":{"N":"5"}"#,
            ],
        ),
        (
            Change::PromoteReplica { region: region(), instance: "orders-west".into() },
            query("PromoteReadReplica"),
            vec!["Action=PromoteReadReplica", "DBInstanceIdentifier=orders-west"],
        ),
        (
            global(false),
            query("FailoverGlobalCluster"),
            vec!["Action=FailoverGlobalCluster", "AllowDataLoss=true", "TargetDbClusterIdentifier"],
        ),
        (
            global(true),
            query("SwitchoverGlobalCluster"),
            vec!["Action=SwitchoverGlobalCluster", "GlobalClusterIdentifier=catalog"],
        ),
    ]
}

fn capacity() -> Vec<Single> {
    let ids = vec![Text::from("i-1"), "i-2".into()];
    vec![
        (
            Change::SetMinimum { region: region(), group: "web".into(), minimum: 4 },
            query("UpdateAutoScalingGroup"),
            vec!["Action=UpdateAutoScalingGroup", "AutoScalingGroupName=web", "MinSize=4"],
        ),
        (
            Change::StartInstances { region: region(), ids: ids.clone() },
            Reply::ok("<StartInstancesResponse/>"),
            vec!["Action=StartInstances", "InstanceId.1=i-1", "InstanceId.2=i-2"],
        ),
        (
            Change::StopInstances { region: region(), ids },
            Reply::ok("<StopInstancesResponse/>"),
            vec!["Action=StopInstances", "InstanceId.2=i-2"],
        ),
        (
            Change::SetDesiredCount {
                region: region(),
                cluster: "c".into(),
                service: "s".into(),
                count: 3,
            },
            Reply::ok("{}"),
            vec![r#""desiredCount":3"#, r#""service":"s""#],
        ),
    ]
}

fn functions() -> Vec<Single> {
    vec![
        (reserve(Some(9)), Reply::ok("{}"), vec![r#""ReservedConcurrentExecutions":9"#]),
        (reserve(None), Reply::new(204, ""), vec![]),
        (
            Change::EnableEventSource { region: region(), uuid: "u-1".into(), enabled: true },
            Reply::ok(r#"{"UUID":"u-1","State":"Enabling"}"#),
            vec![r#""Enabled":true"#],
        ),
    ]
}

fn traffic() -> Vec<Single> {
    let zone = "<ChangeResourceRecordSetsResponse><ChangeInfo><Id>/change/C1</Id>\
         <Status>PENDING</Status><SubmittedAt>2023-11-14T22:13:20Z</SubmittedAt></ChangeInfo>\
         </ChangeResourceRecordSetsResponse>";
    vec![
        (
            Change::PutMetric {
                region: region(),
                namespace: "Leeward".into(),
                metric: "StandbyServes".into(),
                workload: "orders".into(),
                value: 1.0,
                at: http_instant(),
            },
            Reply::ok(cbor::encode(&serde_json::json!({}))).with("smithy-protocol", "rpc-v2-cbor"),
            vec!["StandbyServes", "Workload", "orders"],
        ),
        (
            change_records(),
            Reply::ok(zone),
            vec![
                "<Action>DELETE</Action><ResourceRecordSet><Name>_leeward.orders.edge.example.com</Name>",
                "<Value>&quot;2&quot;</Value>",
                "<Action>CREATE</Action>",
                "<Value>&quot;3&quot;</Value>",
                "<Action>UPSERT</Action><ResourceRecordSet><Name>orders.example.com</Name>",
            ],
        ),
    ]
}

/// One of each kind of change.
pub(super) fn every_change() -> Vec<Change> {
    let mut changes: Vec<Change> = singles().into_iter().map(|(change, _, _)| change).collect();
    let region = || "us-east-1".into();
    changes.extend([
        bound(true),
        Change::RevokeIngress { region: region(), rules: rules() },
        authorize(rules()),
    ]);
    changes
}

fn assert_frozen(sent: &Sent) {
    assert_eq!(sent.header("x-amz-date"), Some(FROZEN_SIGNED), "{} {}", sent.method, sent.uri);
    assert!(sent.header("authorization").unwrap().contains("/20231114/"));
}

#[tokio::test]
async fn each_change_is_one_request_signed_with_the_frozen_instant() {
    for (change, reply, parts) in singles() {
        let (clients, wire) = clients(vec![reply]);
        let receipt = world(&clients).change(&change, frozen()).await;
        let receipt = receipt.unwrap_or_else(|e| panic!("{change}: {e}"));
        assert!(["req-1", "/change/C1"].contains(&receipt.id.as_str()), "{change}: {receipt:?}");
        let sent = wire.only();
        assert_frozen(&sent);
        for part in parts {
            let text = sent.text().replace("&#34;", "&quot;");
            assert!(text.contains(part), "{change}: {part} in {text}");
        }
    }
}

#[tokio::test]
async fn a_minimum_is_set_without_a_desired_capacity() {
    let set = Change::SetMinimum { region: "us-west-2".into(), group: "web".into(), minimum: 4 };
    let (clients, wire) = clients(vec![Reply::ok("<UpdateAutoScalingGroupResponse/>")]);
    world(&clients).change(&set, frozen()).await.unwrap();
    let text = wire.only().text();
    assert!(!text.contains("DesiredCapacity") && !text.contains("MaxSize"), "{text}");
}

#[tokio::test]
async fn a_group_is_suspended_before_it_shrinks_and_resumed_after_it_grows() {
    for (suspend, order) in [
        (true, ["SuspendProcesses", "UpdateAutoScalingGroup"]),
        (false, ["UpdateAutoScalingGroup", "ResumeProcesses"]),
    ] {
        let done = order.map(|name| Reply::ok(format!("<{name}Response/>"))).to_vec();
        let (clients, wire) = clients(done);
        world(&clients).change(&bound(suspend), frozen()).await.unwrap();
        let sent = wire.sent();
        sent.iter().for_each(assert_frozen);
        for (request, name) in sent.iter().zip(order) {
            assert!(request.text().contains(&format!("Action={name}")), "{}", request.text());
        }
        assert_eq!(sent.len(), 2);
    }
}

#[tokio::test]
async fn a_group_that_is_half_done_is_lost_and_one_that_is_not_begun_is_refused() {
    let denied = || Reply::xml_error(403, "AccessDenied");
    for suspend in [true, false] {
        let (half, wire) = clients(vec![Reply::ok("<Response/>"), denied()]);
        let error = world(&half).change(&bound(suspend), frozen()).await.unwrap_err();
        assert_eq!((error.kind, error.code.as_str()), (ChangeErrorKind::Lost, "AccessDenied"));
        assert!(error.message.contains("half done"), "{error}");
        assert_eq!(wire.sent().len(), 2);

        let (none, wire) = clients(vec![denied()]);
        let error = world(&none).change(&bound(suspend), frozen()).await.unwrap_err();
        assert_eq!(error.kind, ChangeErrorKind::Refused);
        assert_eq!(wire.sent().len(), 1);
    }
}

#[tokio::test]
async fn only_the_rules_that_differ_are_sent() {
    let region = || "us-east-1".into();
    let changes = [
        (Change::RevokeIngress { region: region(), rules: rules() }, "10.0.0.0", "2001", "Revoke"),
        (authorize(rules()), "2001", "10.0.0.0", "Authorize"),
    ];
    for (change, sent_part, left_out, verb) in changes {
        let done = format!("<{verb}SecurityGroupIngressResponse/>");
        let script = vec![Reply::ok(SECURITY_GROUP), Reply::ok(done)];
        let (clients, wire) = clients(script);
        world(&clients).change(&change, frozen()).await.unwrap();
        let sent = wire.sent();
        assert_frozen(&sent[1]);
        let text = sent[1].text();
        assert!(text.contains(sent_part) && !text.contains(left_out), "{change}: {text}");
    }
    let mut there = rules();
    there.cidrs.truncate(1);
    let nothing = authorize(there);
    let (clients, wire) = clients(vec![Reply::ok(SECURITY_GROUP)]);
    world(&clients).change(&nothing, frozen()).await.unwrap();
    assert_eq!(wire.sent().len(), 1, "only the look");
}

#[tokio::test]
async fn what_cannot_be_right_is_not_sent() {
    let (clients, wire) = clients(vec![]);
    let world = world(&clients);
    let mut falling = change_records();
    if let Change::ChangeRecords { fence, .. } = &mut falling {
        fence.to = fence.from;
    }
    let not_a_number = Change::PutMetric {
        region: "us-west-2".into(),
        namespace: "Leeward".into(),
        metric: "StandbyServes".into(),
        workload: "orders".into(),
        value: f64::NAN,
        at: http_instant(),
    };
    let mut too_many = bound(true);
    if let Change::BoundGroup { minimum, .. } = &mut too_many {
        *minimum = u32::MAX;
    }
    for change in [falling, not_a_number, too_many, reserve(Some(u32::MAX))] {
        let error = world.change(&change, frozen()).await.unwrap_err();
        assert_eq!(error.kind, ChangeErrorKind::Refused, "{change}");
        assert!(error.message.contains("nothing was sent"), "{error}");
    }
    assert!(wire.sent().is_empty());
}

#[tokio::test]
async fn a_world_does_only_what_it_is_wired_for() {
    let (clients, wire) = clients(vec![]);
    let empty = World::builder(&clients).build();
    for change in every_change() {
        let error = empty.change(&change, frozen()).await.unwrap_err();
        assert_eq!((error.kind, error.code.as_str()), (ChangeErrorKind::Refused, "NotWired"));
    }
    assert!(wire.sent().is_empty());
}
