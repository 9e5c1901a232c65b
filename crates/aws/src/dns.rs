//! Names, asked of given servers and of every one of them: no cache, no search list, no fall-back.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::join_all;
use leeward_core::world::{AnswerView, Blind, NameQuery, Question, View};
use simple_dns::rdata::RData;
use simple_dns::{CLASS, Name, Packet, PacketFlag, QCLASS, QTYPE, RCODE, TYPE};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

use crate::Clients;
use crate::world::{Part, not_asked_here};

/// One datagram and its answer: a resolver that must walk down from the root takes most of it.
const ATTEMPT: Duration = Duration::from_millis(1500);
/// A datagram may be lost.
const ATTEMPTS: usize = 2;
/// Links of a chain of CNAME records that are followed; resolvers follow at most as many.
const CHAIN_MAX: usize = 8;
/// Largest answer by UDP without extensions (RFC 1035, section 4.2.1); longer ones come by TCP.
const DATAGRAM_MAX: usize = 512;
/// Port of a DNS server.
pub(crate) const DNS_PORT: u16 = 53;
/// Where the system names its resolvers.
const RESOLV_CONF: &str = "/etc/resolv.conf";

pub(crate) struct Names;

impl Names {
    /// Takes the clients only to be wired like the other parts.
    pub(crate) fn new(_clients: &Clients) -> Self {
        Self
    }
}

#[async_trait]
impl Part for Names {
    async fn look(&self, question: &Question) -> Result<View, Blind> {
        let Question::Name(query) = question else {
            return Err(not_asked_here(question));
        };
        match resolve(query).await {
            Ok(values) => {
                let values = values.into_iter().map(Into::into).collect();
                Ok(View::Answer(AnswerView { values }))
            }
            Err(why) => Err(Blind::new(format!("{question}: {why}"))),
        }
    }
}

/// What the name resolves to, sorted; all servers that are given must say the same. Of the system's
/// own servers the first that answers is believed.
pub(crate) async fn resolve(query: &NameQuery) -> Result<Vec<String>, String> {
    let wanted = record_type(&query.record_type)?;
    if query.resolvers.is_empty() {
        return by_system(&query.name, wanted).await;
    }
    let servers: Vec<SocketAddr> = query
        .resolvers
        .iter()
        .map(|r| r.parse().map_err(|_| format!("`{r}` is no DNS server: write address:port")))
        .collect::<Result<_, _>>()?;
    let answers = join_all(servers.iter().map(|s| follow(*s, &query.name, wanted))).await;
    agreed(servers, answers)
}

/// What each of these servers answers of its own authority, each asked so many times; all must say
/// the same each time.
pub(crate) async fn authoritative(
    servers: &[SocketAddr],
    name: &str,
    record_type: &str,
    times: usize,
) -> Result<Vec<String>, String> {
    let wanted = self::record_type(record_type)?;
    let one = |server: SocketAddr| async move {
        let mut said: Option<Vec<String>> = None;
        for _ in 0..times {
            let values =
                own_answer(server, name, wanted).await.map_err(|e| format!("{server}: {e}"))?;
            if said.as_ref().is_some_and(|before| *before != values) {
                return Err(format!("{server} says one thing and another"));
            }
            said = Some(values);
        }
        said.ok_or_else(|| format!("{server} was not asked"))
    };
    let answers = join_all(servers.iter().map(|s| one(*s))).await;
    agreed(servers.to_vec(), answers)
}

async fn own_answer(server: SocketAddr, name: &str, wanted: TYPE) -> Result<Vec<String>, String> {
    let answer = ask(server, &plain(name), wanted).await?;
    let own = Packet::parse(&answer).is_ok_and(|p| p.has_flags(PacketFlag::AUTHORITATIVE_ANSWER));
    match read(&answer, name, wanted)? {
        Read::Values(values) if own => Ok(values),
        Read::Values(_) => Err("it answers without authority".to_owned()),
        Read::Alias(target) => Err(format!("it answers with an alias, {target}")),
    }
}

fn agreed(
    servers: Vec<SocketAddr>,
    answers: Vec<Result<Vec<String>, String>>,
) -> Result<Vec<String>, String> {
    let mut told: Vec<(SocketAddr, Vec<String>)> = Vec::new();
    for (server, answer) in servers.into_iter().zip(answers) {
        told.push((server, answer?));
    }
    match told.split_first() {
        Some(((_, first), others)) if others.iter().all(|(_, other)| other == first) => {
            Ok(first.clone())
        }
        Some(_) | None => {
            let each = told.iter().map(|(s, v)| format!("{s} says [{}]", v.join(", ")));
            Err(format!("the servers differ: {}", each.collect::<Vec<_>>().join("; ")))
        }
    }
}

fn record_type(name: &str) -> Result<TYPE, String> {
    match name {
        "A" => Ok(TYPE::A),
        "AAAA" => Ok(TYPE::AAAA),
        "CNAME" => Ok(TYPE::CNAME),
        "TXT" => Ok(TYPE::TXT),
        other => Err(format!("`{other}` is not asked: A, AAAA, CNAME or TXT")),
    }
}

async fn by_system(name: &str, wanted: TYPE) -> Result<Vec<String>, String> {
    let text = std::fs::read_to_string(RESOLV_CONF)
        .map_err(|e| format!("the system names no DNS server: {RESOLV_CONF}: {e}"))?;
    let mut failures = Vec::new();
    for server in nameservers(&text) {
        match follow(server, name, wanted).await {
            Ok(values) => return Ok(values),
            Err(why) => failures.push(why),
        }
    }
    Err(format!("no DNS server of {RESOLV_CONF} answers: {}", failures.join("; ")))
}

fn nameservers(resolv_conf: &str) -> Vec<SocketAddr> {
    let lines = resolv_conf.lines().filter_map(|line| line.trim().strip_prefix("nameserver"));
    lines.filter_map(|a| a.trim().parse().ok()).map(|ip| SocketAddr::new(ip, DNS_PORT)).collect()
}

/// Asks one server, and asks it again where an answer ends in an alias.
async fn follow(server: SocketAddr, name: &str, wanted: TYPE) -> Result<Vec<String>, String> {
    let mut name = plain(name);
    for _ in 0..CHAIN_MAX {
        let answer = ask(server, &name, wanted).await.map_err(|e| format!("{server}: {e}"))?;
        match read(&answer, &name, wanted).map_err(|e| format!("{server}: {e}"))? {
            Read::Values(values) => return Ok(values),
            Read::Alias(target) => name = target,
        }
    }
    Err(format!("{server}: more than {CHAIN_MAX} aliases in a row"))
}

fn plain(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

async fn ask(server: SocketAddr, name: &str, wanted: TYPE) -> Result<Vec<u8>, String> {
    let mut last = "no attempt was made".to_owned();
    for _ in 0..ATTEMPTS {
        let mut id = [0_u8; 2];
        getrandom::fill(&mut id).map_err(|e| format!("no random query id: {e}"))?;
        let query = question(u16::from_be_bytes(id), name, wanted)?;
        last = match timeout(ATTEMPT, by_udp(server, &query)).await {
            Ok(Ok(answer)) if is_cut(&answer) => {
                return match timeout(ATTEMPT, by_tcp(server, &query)).await {
                    Ok(whole) => whole.map_err(|e| format!("by TCP: {e}")),
                    Err(_) => Err(format!("no answer by TCP in {} ms", ATTEMPT.as_millis())),
                };
            }
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(e)) => e.to_string(),
            Err(_) => format!("no answer in {} ms", ATTEMPT.as_millis()),
        };
    }
    Err(last)
}

fn question(id: u16, name: &str, wanted: TYPE) -> Result<Vec<u8>, String> {
    let qname = Name::new(name).map_err(|e| format!("`{name}` is no name: {e}"))?;
    let mut packet = Packet::new_query(id);
    packet.set_flags(PacketFlag::RECURSION_DESIRED);
    packet.questions.push(simple_dns::Question::new(
        qname,
        QTYPE::TYPE(wanted),
        QCLASS::CLASS(CLASS::IN),
        false,
    ));
    packet.build_bytes_vec().map_err(|e| format!("`{name}` cannot be asked: {e}"))
}

async fn by_udp(server: SocketAddr, query: &[u8]) -> std::io::Result<Vec<u8>> {
    let any = if server.is_ipv4() {
        SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0))
    } else {
        SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0))
    };
    let socket = UdpSocket::bind(any).await?;
    // A connected socket takes datagrams from this server alone.
    socket.connect(server).await?;
    socket.send(query).await?;
    let mut buffer = [0_u8; DATAGRAM_MAX * 8];
    loop {
        let length = socket.recv(&mut buffer).await?;
        let answer = buffer.get(..length).unwrap_or_default();
        // Not the answer to this query: a late or forged one; wait for ours.
        if answer.get(..2) == query.get(..2) {
            return Ok(answer.to_vec());
        }
    }
}

async fn by_tcp(server: SocketAddr, query: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(server).await?;
    let length = u16::try_from(query.len()).map_err(std::io::Error::other)?;
    stream.write_u16(length).await?;
    stream.write_all(query).await?;
    let length = stream.read_u16().await?;
    let mut answer = vec![0; usize::from(length)];
    stream.read_exact(&mut answer).await?;
    Ok(answer)
}

fn is_cut(answer: &[u8]) -> bool {
    /// The truncation bit of a header's third byte (RFC 1035, section 4.1.1).
    const TRUNCATED: u8 = 0b10;
    answer.get(2).is_some_and(|flags| flags & TRUNCATED != 0)
}

#[derive(Debug, PartialEq, Eq)]
enum Read {
    Values(Vec<String>),
    Alias(String),
}

/// Reads an answer: its values; or, when it ends in an alias, what to ask for next.
fn read(answer: &[u8], name: &str, wanted: TYPE) -> Result<Read, String> {
    let packet = Packet::parse(answer).map_err(|e| format!("the answer is no DNS message: {e}"))?;
    if !packet.has_flags(PacketFlag::RESPONSE) {
        return Err("the answer is no answer".to_owned());
    }
    let code = packet.rcode();
    if code != RCODE::NoError && code != RCODE::NameError {
        return Err(format!("it answers {code:?}"));
    }
    let mut owner = plain(name);
    for _ in 0..=CHAIN_MAX {
        let own = packet.answers.iter().filter(|r| plain(&r.name.to_string()) == owner);
        let own: Vec<_> = own.map(|r| &r.rdata).collect();
        let mut values: Vec<String> = own.iter().filter_map(|d| value(d, wanted)).collect();
        if !values.is_empty() {
            values.sort();
            values.dedup();
            return Ok(Read::Values(values));
        }
        let alias = own.iter().find_map(|d| value(d, TYPE::CNAME));
        match alias {
            Some(target) => owner = target,
            // An answer without our type: the name has none, or the chain leads out of the answer.
            None if owner == plain(name) => return Ok(Read::Values(Vec::new())),
            None => return Ok(Read::Alias(owner)),
        }
    }
    Err(format!("more than {CHAIN_MAX} aliases in one answer"))
}

fn value(data: &RData<'_>, wanted: TYPE) -> Option<String> {
    if data.type_code() != wanted {
        return None;
    }
    if let RData::A(a) = data {
        return Some(Ipv4Addr::from(a.address).to_string());
    }
    if let RData::AAAA(a) = data {
        return Some(Ipv6Addr::from(a.address).to_string());
    }
    if let RData::CNAME(target) = data {
        return Some(plain(&target.0.to_string()));
    }
    let RData::TXT(text) = data else { return None };
    String::try_from(text.clone()).ok()
}

#[cfg(test)]
#[path = "dns_tests.rs"]
mod tests;
