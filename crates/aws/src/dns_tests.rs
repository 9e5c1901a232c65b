//! Answers read from bytes, and servers of our own asked over the loopback.

use simple_dns::ResourceRecord;
use simple_dns::rdata::{A, CNAME, TXT};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::*;

const NAME: &str = "orders.example.com";

fn record<'a>(name: &'a str, data: RData<'a>) -> ResourceRecord<'a> {
    ResourceRecord::new(Name::new(name).unwrap(), CLASS::IN, 60, data)
}

fn address<'a>(name: &'a str, ip: &str) -> ResourceRecord<'a> {
    let address = u32::from(ip.parse::<Ipv4Addr>().unwrap());
    record(name, RData::A(A { address }))
}

fn alias<'a>(name: &'a str, target: &'a str) -> ResourceRecord<'a> {
    record(name, RData::CNAME(CNAME(Name::new(target).unwrap())))
}

fn answer(records: Vec<ResourceRecord<'_>>, code: RCODE) -> Vec<u8> {
    let mut packet = Packet::new_reply(7);
    *packet.rcode_mut() = code;
    packet.answers = records;
    packet.build_bytes_vec().unwrap()
}

#[test]
fn an_answer_is_read_through_its_aliases() {
    let text = RData::TXT(TXT::new().with_string("3").unwrap());
    let values =
        |values: &[&str]| Ok(Read::Values(values.iter().map(|v| (*v).to_owned()).collect()));
    let next = |name: &str| Ok(Read::Alias(name.to_owned()));
    let cases = [
        (
            vec![address(NAME, "192.0.2.2"), address(NAME, "192.0.2.1")],
            TYPE::A,
            values(&["192.0.2.1", "192.0.2.2"]),
        ),
        (
            vec![alias(NAME, "WEST.example.com"), address("west.example.com", "192.0.2.9")],
            TYPE::A,
            values(&["192.0.2.9"]),
        ),
        (vec![alias(NAME, "west.example.com")], TYPE::CNAME, values(&["west.example.com"])),
        (vec![alias(NAME, "west.example.com")], TYPE::A, next("west.example.com")),
        (vec![record(NAME, text)], TYPE::TXT, values(&["3"])),
        (vec![address("other.example.com", "192.0.2.1")], TYPE::A, values(&[])),
        (vec![], TYPE::A, values(&[])),
    ];
    for (records, wanted, expected) in cases {
        let told = format!("{records:?}");
        assert_eq!(read(&answer(records, RCODE::NoError), NAME, wanted), expected, "{told}");
    }
}

#[test]
fn a_name_that_is_not_there_has_no_values_and_a_failing_server_is_no_answer() {
    assert_eq!(read(&answer(vec![], RCODE::NameError), NAME, TYPE::A), Ok(Read::Values(vec![])));
    for code in [RCODE::ServerFailure, RCODE::Refused, RCODE::FormatError] {
        assert!(read(&answer(vec![], code), NAME, TYPE::A).is_err(), "{code:?}");
    }
    let query = question(7, NAME, TYPE::A).unwrap();
    assert!(read(&query, NAME, TYPE::A).unwrap_err().contains("no answer"));
    assert!(read(b"junk", NAME, TYPE::A).unwrap_err().contains("no DNS message"));
}

#[test]
fn an_endless_chain_ends() {
    let circle = vec![alias(NAME, "b.example.com"), alias("b.example.com", NAME)];
    assert!(read(&answer(circle, RCODE::NoError), NAME, TYPE::A).unwrap_err().contains("aliases"));
}

#[test]
fn the_systems_servers_are_those_of_resolv_conf() {
    let text = "# local\nsearch example.com\nnameserver 10.0.0.2\nnameserver 2001:db8::1\noptions rotate\n";
    let servers: Vec<String> = nameservers(text).iter().map(ToString::to_string).collect();
    assert_eq!(servers, ["10.0.0.2:53", "[2001:db8::1]:53"]);
}

/// A server that answers `orders.example.com` by that address; by UDP, or after a cut by TCP.
struct Server {
    address: SocketAddr,
    tasks: Vec<JoinHandle<()>>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

fn reply(query: &[u8], ip: &str, cut: bool) -> Vec<u8> {
    let asked = Packet::parse(query).unwrap();
    let mut packet = Packet::new_reply(asked.id());
    // A server of this test that has authority answers from 203.0.113.0/24.
    if ip.starts_with("203.") {
        packet.set_flags(PacketFlag::AUTHORITATIVE_ANSWER);
    }
    if cut {
        packet.set_flags(PacketFlag::TRUNCATION);
    } else {
        packet.answers.push(address(NAME, ip));
    }
    packet.build_bytes_vec().unwrap()
}

async fn server(ip: &'static str, cut: bool) -> Server {
    let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = tcp.local_addr().unwrap();
    let udp = UdpSocket::bind(address).await.unwrap();
    let by_datagram = tokio::spawn(async move {
        let mut buffer = [0_u8; 512];
        while let Ok((length, from)) = udp.recv_from(&mut buffer).await {
            // Another query's answer first: it must not be taken for ours.
            let stray = answer(vec![], RCODE::NoError);
            udp.send_to(&stray, from).await.unwrap();
            udp.send_to(&reply(&buffer[..length], ip, cut), from).await.unwrap();
        }
    });
    let by_stream = tokio::spawn(async move {
        while let Ok((mut stream, _)) = tcp.accept().await {
            let mut query = vec![0; usize::from(stream.read_u16().await.unwrap())];
            stream.read_exact(&mut query).await.unwrap();
            let whole = reply(&query, ip, false);
            stream.write_u16(u16::try_from(whole.len()).unwrap()).await.unwrap();
            stream.write_all(&whole).await.unwrap();
        }
    });
    Server { address, tasks: vec![by_datagram, by_stream] }
}

fn query(resolvers: &[SocketAddr]) -> NameQuery {
    NameQuery {
        name: NAME.into(),
        record_type: "A".into(),
        resolvers: resolvers.iter().map(|r| r.to_string().into()).collect(),
    }
}

#[tokio::test]
async fn all_servers_are_asked_and_must_agree() {
    let (east, west, also_west) = (
        server("192.0.2.1", false).await,
        server("192.0.2.2", false).await,
        server("192.0.2.2", false).await,
    );
    let agreed = resolve(&query(&[west.address, also_west.address])).await;
    assert_eq!(agreed, Ok(vec!["192.0.2.2".to_owned()]));
    let torn = resolve(&query(&[west.address, east.address])).await.unwrap_err();
    for server in [&east, &west] {
        assert!(torn.contains(&server.address.to_string()), "{torn}");
    }
    assert!(torn.contains("[192.0.2.1]") && torn.contains("[192.0.2.2]"), "{torn}");
}

#[tokio::test]
async fn every_name_server_is_asked_for_what_it_has_itself() {
    let (one, other, east, cache) = (
        server("203.0.113.2", false).await,
        server("203.0.113.2", false).await,
        server("203.0.113.1", false).await,
        server("192.0.2.2", false).await,
    );
    let ask = async |servers: &[SocketAddr]| authoritative(servers, NAME, "A", 3).await;
    let agreed = ask(&[one.address, other.address]).await;
    assert_eq!(agreed, Ok(vec!["203.0.113.2".to_owned()]));
    let torn = ask(&[one.address, east.address]).await.unwrap_err();
    assert!(torn.contains("the servers differ"), "{torn}");
    let cached = ask(&[one.address, cache.address]).await.unwrap_err();
    assert!(cached.contains("without authority"), "{cached}");
}

#[tokio::test]
async fn an_answer_that_is_cut_comes_by_tcp() {
    let cutting = server("192.0.2.3", true).await;
    assert_eq!(resolve(&query(&[cutting.address])).await, Ok(vec!["192.0.2.3".to_owned()]));
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_named() {
    let west = server("192.0.2.2", false).await;
    let gone = server("192.0.2.2", false).await.address;
    let error = resolve(&query(&[west.address, gone])).await.unwrap_err();
    assert!(error.contains(&gone.to_string()), "{error}");
}

#[tokio::test]
async fn what_cannot_be_asked_is_told() {
    let mut bad = query(&[]);
    bad.resolvers = vec!["resolver.example.com".into()];
    assert!(resolve(&bad).await.unwrap_err().contains("address:port"));
    bad.record_type = "MX".into();
    assert!(resolve(&bad).await.unwrap_err().contains("`MX`"));
}
