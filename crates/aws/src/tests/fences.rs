//! What the fences of infrastructure look at and change: security groups, warm pools, the groups of databases.

use leeward_core::plan::SecurityGroupRules;
use leeward_core::world::{Change, DatabaseNetwork, InboundRule, Question, Source, View};
use leeward_ports::Outside;

use super::answers::{CLUSTER_GROUPS, DATABASE_GROUPS, INGRESS, POOL, POOLED};
use super::wire::Reply;
use super::{clients, frozen};
use crate::{Clients, World};

fn world(clients: &Clients) -> World {
    World::builder(clients).groups().writer_groups().ingress().networks().build()
}

fn region() -> leeward_core::ids::Region {
    "us-west-2".into()
}

fn query(name: &str, inner: &str) -> Reply {
    Reply::ok(format!("<{name}Response><{name}Result>{inner}</{name}Result></{name}Response>"))
}

fn network(cluster: bool) -> Question {
    Question::DatabaseNetwork { region: region(), database: "orders-west".into(), cluster }
}

fn rule(source: Source, wider: Option<&str>, description: Option<&str>) -> InboundRule {
    InboundRule { source, wider: wider.map(Into::into), description: description.map(Into::into) }
}

fn ingress() -> Question {
    Question::Ingress { region: region(), group: "sg-1".into(), port: 5432 }
}

#[tokio::test]
async fn everybody_who_is_let_in_is_told_with_kind_account_and_width() {
    let answers = vec![
        (
            ingress(),
            Reply::ok(INGRESS),
            View::Ingress(vec![
                rule(Source::Cidr("10.0.0.0/16".into()), None, Some("office")),
                rule(Source::Cidr("2001:db8::/32".into()), Some("tcp 5000-6000"), None),
                rule(Source::Group("222222222222/sg-peer".into()), None, None),
                rule(Source::Group("sg-9".into()), Some("all traffic"), None),
                rule(Source::Group("sg-app".into()), None, None),
                rule(Source::PrefixList("pl-1".into()), None, None),
            ]),
        ),
        (
            network(false),
            query("DescribeDBInstances", DATABASE_GROUPS),
            View::DatabaseNetwork(Some(DatabaseNetwork {
                groups: vec!["sg-1".into(), "sg-2".into()],
                port: Some(5432),
                data_api: false,
            })),
        ),
        (
            network(true),
            query("DescribeDBClusters", CLUSTER_GROUPS),
            View::DatabaseNetwork(Some(DatabaseNetwork {
                groups: vec!["sg-1".into()],
                port: Some(3306),
                data_api: true,
            })),
        ),
    ];
    for (question, reply, view) in answers {
        let (clients, _) = clients(vec![reply]);
        assert_eq!(world(&clients).look(&question).await, Ok(view), "{question}");
    }
}

#[tokio::test]
async fn a_warm_pool_is_looked_into_page_by_page() {
    let replies = vec![
        query("DescribeAutoScalingGroups", POOLED),
        query("DescribeWarmPool", POOL[0]),
        query("DescribeWarmPool", POOL[1]),
    ];
    let (clients, wire) = clients(replies);
    let question = Question::WriterGroup { region: region(), group: "web".into() };
    let Ok(View::WriterGroup(Some(view))) = world(&clients).look(&question).await else { panic!() };
    let there: Vec<(&str, &str, bool)> =
        view.instances.iter().map(|i| (i.id.as_str(), i.state.as_str(), i.protected)).collect();
    let pooled = [("i-8", "Warmed:Running", false), ("i-9", "Warmed:Stopped", false)];
    assert_eq!(there[..1], [("i-1", "InService", true)], "the terminated one is gone");
    assert_eq!(there[1..], pooled);
    assert_eq!(view.warm_pool.as_deref(), Some("Running"));
    assert!(view.suspends("Launch") && view.maximum == 0);
    assert!(wire.sent()[2].text().contains("NextToken=more"));
}

/// What a rule is, not how it is written, decides: groups go by id and account, lists by id, words come back.
#[tokio::test]
async fn groups_and_prefix_lists_are_taken_away_and_given_back_in_kind() {
    let rules = SecurityGroupRules {
        group: "sg-1".into(),
        port: 5432,
        groups: vec!["sg-app".into(), "222222222222/sg-peer".into()],
        prefix_lists: vec!["pl-1".into()],
        ..SecurityGroupRules::default()
    };
    let empty = "<DescribeSecurityGroupsResponse><securityGroupInfo><item><groupId>sg-1</groupId></item>\
</securityGroupInfo></DescribeSecurityGroupsResponse>";
    let region = || "us-east-1".into();
    let revoke = Change::RevokeIngress { region: region(), rules: rules.clone() };
    let words = [("pl-1".into(), "the office".into())];
    let give = Change::AuthorizeIngress { region: region(), rules, descriptions: words.into() };
    for (change, there, verb) in [(revoke, INGRESS, "Revoke"), (give, empty, "Authorize")] {
        let done = format!("<{verb}SecurityGroupIngressResponse/>");
        let (clients, wire) = clients(vec![Reply::ok(there), Reply::ok(done)]);
        world(&clients).change(&change, frozen()).await.unwrap();
        let text = wire.sent()[1].text();
        for part in [
            "Groups.1.GroupId=sg-app",
            "Groups.2.UserId=222222222222",
            "GroupId=sg-peer",
            "PrefixListId=pl-1",
        ] {
            assert!(text.contains(part), "{verb}: {part}: {text}");
        }
        assert!(!text.contains("Groups.1.UserId"), "{text}");
        assert_eq!(
            text.contains("Description=the+office") || text.contains("Description=the%20office"),
            verb == "Authorize",
            "{text}"
        );
    }
}
