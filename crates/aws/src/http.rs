//! URLs, fetched as a user would: by the public name, over a fresh connection, without redirects.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::{HeaderMap, Request, Response};
use hyper_util::rt::TokioIo;
use leeward_core::ids::Text;
use leeward_core::time::Span;
use leeward_core::web::{Host, Url, is_loopback, never_asked};
use leeward_core::world::{Blind, HttpView, NameQuery, Question, View};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::Clients;
use crate::dns;
use crate::fault::chain;
use crate::world::{Part, not_asked_here};

/// Name, connection, request and answer together: what a patient user waits.
const TOTAL: Duration = Duration::from_secs(5);
/// One address; a name may have several, and a dead one must leave time for the next.
const CONNECT: Duration = Duration::from_millis(1500);
/// Of a body as much as a person or a check needs.
const BODY_MAX: usize = 4096;

pub(crate) struct Urls {
    loopback: bool,
}

impl Urls {
    pub(crate) fn new(clients: &Clients) -> Self {
        Self { loopback: clients.may_ask_loopback() }
    }
}

/// One request.
pub(crate) struct Exchange<'a> {
    pub(crate) method: &'a str,
    pub(crate) url: &'a str,
    pub(crate) body: Option<&'a str>,
    pub(crate) headers: &'a [(&'static str, &'a str)],
    pub(crate) resolvers: &'a [Text],
    /// Whether this machine itself may be asked: in a rehearsal alone.
    pub(crate) loopback: bool,
}

/// Its answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
    pub(crate) took: Span,
}

#[async_trait]
impl Part for Urls {
    async fn look(&self, question: &Question) -> Result<View, Blind> {
        let Question::Http(request) = question else {
            return Err(not_asked_here(question));
        };
        let exchanged = exchange(&Exchange {
            method: &request.method,
            url: &request.url,
            body: request.body.as_deref(),
            headers: &[],
            resolvers: &request.resolvers,
            loopback: self.loopback,
        })
        .await;
        let answer = exchanged.map_err(|why| Blind::new(format!("{question}: {why}")))?;
        let marker = answer.headers.get(request.marker_header.as_str());
        Ok(View::Http(HttpView {
            status: answer.status,
            marker: marker.and_then(|m| m.to_str().ok()).map(Into::into),
            body: answer.body.into(),
            took: answer.took,
        }))
    }
}

/// Sends one request and reads the beginning of its answer, in 5 s, over a connection of its own.
pub(crate) async fn exchange(request: &Exchange<'_>) -> Result<Answer, String> {
    let begun = Instant::now();
    let mut answer = match timeout(TOTAL, exchange_unlimited(request)).await {
        Ok(done) => done?,
        Err(_) => return Err(format!("no whole answer in {} s", TOTAL.as_secs())),
    };
    answer.took = Span::millis(u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX));
    Ok(answer)
}

async fn exchange_unlimited(request: &Exchange<'_>) -> Result<Answer, String> {
    let url = Url::parse(request.url).map_err(|wrong| format!("the URL {wrong}"))?;
    let message = message(request, &url)?;
    let stream = connect(&url, request).await?;
    if !url.secure {
        return speak(stream, message).await;
    }
    let name = ServerName::try_from(url.host.to_string())
        .map_err(|e| format!("`{}` is no name of a server: {e}", url.host))?;
    let connector = TlsConnector::from(tls()?);
    let secured = connector
        .connect(name, stream)
        .await
        .map_err(|e| format!("no secure connection to {}: {}", url.host, chain(&e)))?;
    speak(secured, message).await
}

fn message(request: &Exchange<'_>, url: &Url) -> Result<Request<Full<Bytes>>, String> {
    if !["GET", "POST"].contains(&request.method) {
        return Err(format!("`{}` is not sent: GET or POST", request.method));
    }
    let mut message = Request::builder()
        .method(request.method)
        .uri(&url.path)
        .header("host", &url.authority)
        .header("user-agent", "leeward")
        .header("accept", "*/*")
        .header("connection", "close");
    for (name, value) in request.headers {
        message = message.header(*name, *value);
    }
    let body = match request.body {
        Some(body) => {
            message = message.header("content-type", "application/json");
            Full::new(Bytes::from(body.to_owned()))
        }
        None => Full::default(),
    };
    message.body(body).map_err(|e| format!("the request cannot be built: {e}"))
}

async fn connect(url: &Url, request: &Exchange<'_>) -> Result<TcpStream, String> {
    let addresses = addresses(url, request.resolvers).await?;
    let mut failures = Vec::new();
    for address in addresses {
        // Judged as it was resolved, right before it is connected to: a name may answer with one address
        // when it is checked and with another when it is used (DNS rebinding).
        if let Some(why) = refused(address.ip(), request.loopback) {
            return Err(format!("{} is never asked: {} is {why}", url.host, address.ip()));
        }
        match timeout(CONNECT, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(e)) => failures.push(format!("{address}: {e}")),
            Err(_) => failures.push(format!("{address}: no answer in {} ms", CONNECT.as_millis())),
        }
    }
    Err(format!("no connection to {}: {}", url.host, failures.join("; ")))
}

/// Why that address is not asked; a rehearsal's whole world is on the loopback.
fn refused(address: IpAddr, loopback: bool) -> Option<&'static str> {
    never_asked(address).filter(|_| !(loopback && is_loopback(address)))
}

async fn addresses(url: &Url, resolvers: &[Text]) -> Result<Vec<SocketAddr>, String> {
    let host = match &url.host {
        Host::Address(address) => return Ok(vec![SocketAddr::new(*address, url.port)]),
        Host::Name(name) => name.as_str(),
    };
    let mut found = Vec::new();
    if resolvers.is_empty() {
        let looked_up = tokio::net::lookup_host((host, url.port)).await;
        found.extend(looked_up.map_err(|e| format!("{host} does not resolve: {e}"))?);
    } else {
        // The newer family only where there is none of the older: most probes have no IPv6 path.
        for record_type in ["A", "AAAA"] {
            let query = NameQuery {
                name: host.into(),
                record_type: record_type.into(),
                resolvers: resolvers.to_vec(),
            };
            let values = dns::resolve(&query).await?;
            let ips = values.iter().filter_map(|v| v.parse::<IpAddr>().ok());
            found.extend(ips.map(|ip| SocketAddr::new(ip, url.port)));
            if !found.is_empty() {
                break;
            }
        }
    }
    if found.is_empty() {
        return Err(format!("{host} resolves to no address"));
    }
    Ok(found)
}

/// One request over one connection, which is then dropped.
async fn speak<S>(stream: S, message: Request<Full<Bytes>>) -> Result<Answer, String>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|e| format!("no HTTP connection: {}", chain(&e)))?;
    let talk = async {
        let answer = sender.send_request(message).await;
        read(answer.map_err(|e| format!("no answer: {}", chain(&e)))?).await
    };
    tokio::pin!(talk);
    tokio::pin!(connection);
    // The connection moves the bytes; when it ends first, what it brought is still read.
    tokio::select! {
        biased;
        answer = &mut talk => answer,
        _ = &mut connection => talk.await,
    }
}

async fn read(answer: Response<Incoming>) -> Result<Answer, String> {
    let (head, mut body) = answer.into_parts();
    let mut begun = Vec::new();
    while begun.len() < BODY_MAX {
        match body.frame().await {
            Some(Ok(frame)) => begun.extend(frame.data_ref().into_iter().flatten()),
            Some(Err(e)) => return Err(format!("the answer breaks off: {}", chain(&e))),
            None => break,
        }
    }
    begun.truncate(BODY_MAX);
    Ok(Answer {
        status: head.status.as_u16(),
        headers: head.headers,
        body: String::from_utf8_lossy(&begun).into_owned(),
        took: Span::default(),
    })
}

/// The system's certificates, read when the first secure URL is fetched.
fn tls() -> Result<Arc<ClientConfig>, String> {
    static CONFIG: OnceLock<Result<Arc<ClientConfig>, String>> = OnceLock::new();
    CONFIG.get_or_init(build_tls).clone()
}

fn build_tls() -> Result<Arc<ClientConfig>, String> {
    let mut roots = RootCertStore::empty();
    let system = rustls_native_certs::load_native_certs();
    let (taken, _) = roots.add_parsable_certificates(system.certs);
    if taken == 0 {
        let why: Vec<String> = system.errors.iter().map(ToString::to_string).collect();
        return Err(format!("the system has no certificates: {}", why.join("; ")));
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| format!("TLS cannot be set up: {e}"))?;
    Ok(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
}

#[cfg(test)]
#[path = "http_tests.rs"]
mod tests;
