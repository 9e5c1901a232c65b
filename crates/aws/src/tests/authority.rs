//! Which name servers a zone has.

use leeward_core::world::Question;

use super::clients;
use super::wire::Reply;
use crate::authority::NameServers;

fn asked() -> Question {
    Question::Authority { zone: "Z1".into(), name: "o.example.com".into(), record_type: "A".into() }
}

fn zone(servers: &str) -> Reply {
    Reply::ok(format!(
        "<GetHostedZoneResponse><HostedZone><Id>/hostedzone/Z1</Id><Name>example.com.</Name>\
         <CallerReference>c</CallerReference></HostedZone><DelegationSet><NameServers>{servers}\
         </NameServers></DelegationSet></GetHostedZoneResponse>"
    ))
}

#[tokio::test]
async fn a_zone_names_its_servers_and_one_that_names_none_is_blind() {
    let two = "<NameServer>ns-1.example.net</NameServer><NameServer>ns-2.example.org</NameServer>";
    let (clients_, wire) = clients(vec![zone(two), zone("")]);
    let servers = NameServers::new(&clients_);
    let names = servers.names(&asked(), "Z1").await.unwrap();
    assert_eq!(names, ["ns-1.example.net", "ns-2.example.org"]);
    let blind = servers.names(&asked(), "Z1").await.unwrap_err().to_string();
    assert!(blind.contains("name `resolvers`"), "{blind}");
    assert!(wire.sent().iter().all(|request| request.signed_for() == "us-east-1"));
}
