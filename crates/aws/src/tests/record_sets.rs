//! Zones and what stands at a name, as Route 53 tells them; what a probe says that can never answer.

use leeward_core::world::{Question, RecordSetView, View, ZoneView};
use leeward_ports::Outside;

use super::clients;
use super::wire::Reply;
use crate::{Clients, World};

fn world(clients: &Clients) -> World {
    World::builder(clients).records().sql().build()
}

fn zone(private: bool) -> Reply {
    Reply::ok(format!(
        "<GetHostedZoneResponse><HostedZone><Id>/hostedzone/Z1</Id><Name>Example.com.</Name>\
         <CallerReference>r</CallerReference><Config><PrivateZone>{private}</PrivateZone></Config>\
         </HostedZone></GetHostedZoneResponse>"
    ))
}

#[tokio::test]
async fn a_zone_is_read_with_its_name_and_whether_it_is_private() {
    let question = Question::Zone { zone: "Z1".into() };
    let view = |private| View::Zone(Some(ZoneView { name: "example.com".into(), private }));
    for (reply, wanted) in [
        (zone(false), view(false)),
        (zone(true), view(true)),
        (Reply::xml_error(404, "NoSuchHostedZone"), View::Zone(None)),
    ] {
        let (clients, wire) = clients(vec![reply]);
        assert_eq!(world(&clients).look(&question).await, Ok(wanted));
        assert_eq!(wire.only().signed_for(), "us-east-1");
    }
    let (clients, _) = clients(vec![Reply::xml_error(403, "AccessDenied")]);
    assert!(world(&clients).look(&question).await.is_err(), "not allowed is not absent");
}

/// One set of `Shop.example.com`, and the next name behind it.
fn sets(own: &[&str]) -> Reply {
    let set = |inner: &&str| {
        format!(
            "<ResourceRecordSet><Name>shop.example.com.</Name><Type>A</Type>{inner}</ResourceRecordSet>"
        )
    };
    let next = "<ResourceRecordSet><Name>tea.example.com.</Name><Type>A</Type><TTL>9</TTL></ResourceRecordSet>";
    Reply::ok(format!(
        "<ListResourceRecordSetsResponse><ResourceRecordSets>{}{next}</ResourceRecordSets>\
         <IsTruncated>false</IsTruncated><MaxItems>100</MaxItems></ListResourceRecordSetsResponse>",
        own.iter().map(set).collect::<String>()
    ))
}

#[tokio::test]
async fn an_alias_and_each_routing_policy_are_told_by_name() {
    const VALUE: &str = "<TTL>60</TTL><ResourceRecords><ResourceRecord><Value>192.0.2.1</Value></ResourceRecord></ResourceRecords>";
    let question = Question::RecordSets { zone: "Z1".into(), name: "Shop.example.com".into() };
    let simple = |policy: Option<&str>| RecordSetView {
        record_type: "A".into(),
        alias: None,
        policy: policy.map(Into::into),
        ttl: Some(60),
        values: vec!["192.0.2.1".into()],
    };
    let alias = "<AliasTarget><HostedZoneId>Z2</HostedZoneId><DNSName>LB.elb.amazonaws.com.</DNSName>\
        <EvaluateTargetHealth>false</EvaluateTargetHealth></AliasTarget>";
    let aliased = RecordSetView {
        alias: Some("lb.elb.amazonaws.com".into()),
        ttl: None,
        values: Vec::new(),
        ..simple(None)
    };
    let mut cases = vec![
        (vec![VALUE.to_owned()], vec![simple(None)]),
        (vec![alias.to_owned()], vec![aliased]),
        (vec![], vec![]),
    ];
    for (member, policy) in [
        ("<Weight>1</Weight>", "weighted"),
        ("<Region>us-east-1</Region>", "latency"),
        ("<Failover>PRIMARY</Failover>", "failover"),
        ("<GeoLocation><CountryCode>DE</CountryCode></GeoLocation>", "geolocation"),
        ("<MultiValueAnswer>true</MultiValueAnswer>", "multivalue"),
        ("", "unknown"),
    ] {
        let own = format!("<SetIdentifier>one</SetIdentifier>{member}{VALUE}");
        cases.push((vec![own.clone(), own], vec![simple(Some(policy)), simple(Some(policy))]));
    }
    for (own, wanted) in cases {
        let own: Vec<&str> = own.iter().map(String::as_str).collect();
        let (clients, wire) = clients(vec![sets(&own)]);
        assert_eq!(world(&clients).look(&question).await, Ok(View::RecordSets(wanted)), "{own:?}");
        assert_eq!(wire.only().signed_for(), "us-east-1");
    }
}

#[tokio::test]
async fn a_probe_that_can_never_ask_an_engine_is_not_asked_again() {
    let question = Question::Sql {
        region: "us-west-2".into(),
        function: "db-probe".into(),
        host: "db".into(),
        port: 3306,
        database: "orders".into(),
        user: "probe".into(),
        sessions_of: None,
    };
    for (message, never) in [
        ("asking db:3306/orders as probe: not supported: this is a MySQL server", true),
        ("asking db:5432/orders as probe: not allowed: no grant", false),
    ] {
        let thrown = Reply::ok(format!(r#"{{"errorType":"Refused","errorMessage":"{message}"}}"#))
            .with("x-amz-function-error", "Unhandled");
        let (clients, _) = clients(vec![thrown]);
        let blind = world(&clients).look(&question).await.unwrap_err();
        assert_eq!(blind.is_unsupported(), never, "{blind}");
    }
}
