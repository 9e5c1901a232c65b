//! What the tests of the voters' looks ask, and what AWS answers.

use leeward_core::ids::Region;
use leeward_core::time::Timestamp;
use leeward_core::world::{Member, MemberHealth, MembersView, Question, View};
use serde_json::{Value, json};

use super::cbor;
use super::wire::Reply;
use crate::{Clients, World};

pub(super) fn world(clients: &Clients) -> World {
    World::builder(clients).rds().groups().instances().ecs().targets().metrics().build()
}

pub(super) fn region() -> Region {
    "us-east-1".into()
}

pub(super) fn group() -> Question {
    Question::GroupMembers { region: region(), group: "web".into() }
}

pub(super) fn status(ids: &[&str]) -> Question {
    let ids = ids.iter().map(|id| (*id).into()).collect();
    Question::InstanceStatus { region: region(), ids }
}

pub(super) fn targets() -> Question {
    Question::TargetHealth { region: region(), target_group: "arn:tg".into() }
}

pub(super) fn service() -> Question {
    Question::ServiceHealth { region: region(), cluster: "c".into(), service: "s".into() }
}

pub(super) fn series(days_ago: u32) -> Question {
    Question::Series {
        region: region(),
        namespace: "AWS/ApplicationELB".into(),
        metric: "HTTPCode_Target_5XX_Count".into(),
        dimensions: vec![("LoadBalancer".into(), "app/web/1".into())],
        statistic: "Sum".into(),
        period_seconds: 300,
        minutes: 60,
        days_ago,
    }
}

pub(super) fn rds() -> Question {
    Question::Rds { region: region(), instance: "orders-west".into() }
}

pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

pub(super) fn member(id: &str, zone: Option<&str>, health: MemberHealth, state: &str) -> Member {
    Member { id: id.into(), zone: zone.map(Into::into), health, state: state.into() }
}

pub(super) fn members(members: Vec<Member>) -> View {
    View::Members(Some(MembersView { members }))
}

pub(super) fn query(name: &str, inner: &str) -> Reply {
    Reply::ok(format!("<{name}Response><{name}Result>{inner}</{name}Result></{name}Response>"))
}

pub(super) fn cbor_reply(body: &Value) -> Reply {
    Reply::ok(cbor::encode(body)).with("smithy-protocol", "rpc-v2-cbor")
}

pub(super) fn json_reply(body: &Value) -> Reply {
    Reply::ok(body.to_string()).dated()
}

pub(super) const GROUP: [(&str, &str, &str); 7] = [
    ("i-1", "InService", "Healthy"),
    ("i-2", "InService", "UNHEALTHY"),
    ("i-3", "Terminating:Wait", "Unhealthy"),
    ("i-4", "Terminated", "Unhealthy"),
    ("i-5", "Pending:Proceed", "Healthy"),
    ("i-6", "Standby", "Healthy"),
    ("i-7", "Quarantined", "Healthy"),
];

pub(super) fn group_xml() -> Reply {
    let one = |(id, lifecycle, health): &(&str, &str, &str)| {
        format!(
            "<member><InstanceId>{id}</InstanceId><AvailabilityZone>us-east-1a</AvailabilityZone>\
             <LifecycleState>{lifecycle}</LifecycleState><HealthStatus>{health}</HealthStatus></member>"
        )
    };
    let instances: String = GROUP.iter().map(one).collect();
    query(
        "DescribeAutoScalingGroups",
        &format!(
            "<AutoScalingGroups><member><AutoScalingGroupName>web</AutoScalingGroupName>\
             <Instances>{instances}</Instances></member></AutoScalingGroups>"
        ),
    )
}

pub(super) fn group_members() -> View {
    let health = [
        MemberHealth::Healthy,
        MemberHealth::Unhealthy,
        MemberHealth::Unhealthy,
        MemberHealth::Away,
        MemberHealth::Starting,
        MemberHealth::Away,
        MemberHealth::Away,
    ];
    let one = |((id, lifecycle, told), health): (&(&str, &str, &str), MemberHealth)| {
        member(id, Some("us-east-1a"), health, &format!("{lifecycle}/{told}"))
    };
    members(GROUP.iter().zip(health).map(one).collect())
}

/// Id, state, system check, instance check.
pub(super) type Checked<'a> = (&'a str, &'a str, &'a str, &'a str);

pub(super) fn status_xml(instances: &[Checked<'_>]) -> Reply {
    let one = |(id, state, system, own): &Checked<'_>| {
        format!(
            "<item><instanceId>{id}</instanceId><availabilityZone>us-east-1b</availabilityZone>\
             <instanceState><code>16</code><name>{state}</name></instanceState>\
             <systemStatus><status>{system}</status></systemStatus>\
             <instanceStatus><status>{own}</status></instanceStatus></item>"
        )
    };
    let set: String = instances.iter().map(one).collect();
    Reply::ok(format!(
        "<DescribeInstanceStatusResponse><instanceStatusSet>{set}</instanceStatusSet>\
         </DescribeInstanceStatusResponse>"
    ))
}

pub(super) fn target_xml(targets: &[(&str, Option<&str>, &str, Option<&str>)]) -> Reply {
    let one = |(id, zone, state, reason): &(&str, Option<&str>, &str, Option<&str>)| {
        let zone = zone.map(|z| format!("<AvailabilityZone>{z}</AvailabilityZone>"));
        let reason = reason.map(|r| format!("<Reason>{r}</Reason>"));
        format!(
            "<member><Target><Id>{id}</Id><Port>80</Port>{}</Target><TargetHealth>\
             <State>{state}</State>{}</TargetHealth></member>",
            zone.unwrap_or_default(),
            reason.unwrap_or_default()
        )
    };
    let all: String = targets.iter().map(one).collect();
    let inner = format!("<TargetHealthDescriptions>{all}</TargetHealthDescriptions>");
    query("DescribeTargetHealth", &inner)
}

pub(super) fn page(samples: &[(i64, f64)], token: Option<&str>) -> Reply {
    let values: Vec<f64> = samples.iter().map(|(_, value)| *value).collect();
    let times: Vec<Value> = samples.iter().map(|(at, _)| json!({"epoch": at})).collect();
    let mut body = json!({"MetricDataResults": [
        {"Id": "latest", "Values": values, "Timestamps": times, "StatusCode": "Complete"}]});
    if let Some(token) = token {
        body["NextToken"] = json!(token);
    }
    cbor_reply(&body)
}

pub(super) fn replica_xml(infos: &str) -> Reply {
    query(
        "DescribeDBInstances",
        &format!(
            "<DBInstances><DBInstance><DBInstanceIdentifier>orders-west</DBInstanceIdentifier>\
             <DBInstanceStatus>available</DBInstanceStatus><Engine>postgres</Engine>\
             <AvailabilityZone>us-west-2b</AvailabilityZone><MultiAZ>true</MultiAZ>\
             <StatusInfos>{infos}</StatusInfos></DBInstance></DBInstances>"
        ),
    )
}
