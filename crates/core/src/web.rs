//! URLs that Leeward fetches, the headers that it reads, and the addresses that it never connects to.
//!
//! The plan's check and the fetcher read a URL by the same function: what passes the check can be fetched.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::names;

/// A URL, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Url {
    /// Whether it is `https`.
    pub secure: bool,
    /// Host name in lower case, or the address.
    pub host: Host,
    /// TCP port: the one that is written, else 443 or 80.
    pub port: u16,
    /// Host and port as they are written, for the `Host` header.
    pub authority: String,
    /// Path and query, at least `/`.
    pub path: String,
}

/// The host of a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    /// A name that is resolved.
    Name(String),
    /// An address.
    Address(IpAddr),
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(address) => address.fmt(f),
        }
    }
}

/// Why a text is no URL that is fetched. The words never repeat the text: a webhook's URL is a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// It does not begin with a scheme that is spoken.
    #[error("has to begin with http:// or https://")]
    Scheme,
    /// Nothing stands where the host has to.
    #[error("names no host")]
    NoHost,
    /// User name or password before the host.
    #[error("carries a user name or a password before `@`, which is not sent")]
    Credentials,
    /// The host is neither a name nor an address.
    #[error("has a host that is neither a DNS name nor an address (IPv6 stands in [brackets])")]
    Host,
    /// A host that resolvers read as an IPv4 address, though it is not written as one.
    #[error("has a host that ends in a number and is no IPv4 address of four decimal parts")]
    NumberHost,
    /// The port is no TCP port.
    #[error("has a port that is no number from 1 to 65535")]
    Port,
    /// A character that stands in no URL (RFC 3986, section 2).
    #[error("holds {0:?} after the host, which stands in no URL; write it as %XX")]
    Character(char),
    /// A percent sign without two hexadecimal digits.
    #[error("holds a `%` without two hexadecimal digits behind it")]
    Percent,
    /// Longer than servers take.
    #[error("is longer than {URL_MAX} characters")]
    Long,
}

/// Longest URL: servers and proxies refuse request lines beyond about 8,000 bytes (RFC 9110, section 4.1).
const URL_MAX: usize = 2048;

impl Url {
    /// Reads a URL as the fetcher does. A fragment (`#…`) is left out: it is never sent.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        if text.len() > URL_MAX {
            return Err(UrlError::Long);
        }
        let (scheme, rest) = text.split_once("://").ok_or(UrlError::Scheme)?;
        let secure = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => return Err(UrlError::Scheme),
        };
        let rest = rest.split('#').next().unwrap_or_default();
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        if authority.contains('@') {
            return Err(UrlError::Credentials);
        }
        let (host, port) = split_port(authority)?;
        let port = match port {
            Some(port) => port_number(port)?,
            None => {
                if secure {
                    443
                } else {
                    80
                }
            }
        };
        let host = parse_host(host)?;
        check_path(path)?;
        let slash = if path.starts_with('/') { "" } else { "/" };
        Ok(Self {
            secure,
            host,
            port,
            authority: authority.to_owned(),
            path: format!("{slash}{path}"),
        })
    }

    /// Scheme and host alone, for logs and messages: path and query of a webhook's URL are its secret.
    pub fn redacted(&self) -> String {
        let scheme = if self.secure { "https" } else { "http" };
        format!("{scheme}://{}/…", self.authority)
    }
}

/// A webhook's URL as it may be shown: scheme and host.
pub fn redacted(url: &str) -> String {
    Url::parse(url).map_or_else(|_| "a webhook".to_owned(), |url| url.redacted())
}

fn split_port(authority: &str) -> Result<(&str, Option<&str>), UrlError> {
    let after = match authority.strip_prefix('[') {
        Some(inner) => inner.find(']').map(|at| at + 2).ok_or(UrlError::Host)?,
        None => authority.find(':').unwrap_or(authority.len()),
    };
    let (host, port) = authority.split_at(after);
    match port.strip_prefix(':') {
        Some(port) => Ok((host, Some(port))),
        None if port.is_empty() => Ok((host, None)),
        None => Err(UrlError::Host),
    }
}

fn port_number(port: &str) -> Result<u16, UrlError> {
    let digits = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    let number = port.parse::<u16>().ok().filter(|n| digits && *n > 0);
    number.ok_or(UrlError::Port)
}

fn parse_host(host: &str) -> Result<Host, UrlError> {
    if host.is_empty() {
        return Err(UrlError::NoHost);
    }
    if let Some(inner) = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')) {
        let address = inner.parse::<Ipv6Addr>().map_err(|_| UrlError::Host)?;
        return Ok(Host::Address(address.into()));
    }
    if let Ok(address) = host.parse::<Ipv4Addr>() {
        return Ok(Host::Address(address.into()));
    }
    let name = names::canonical(host);
    if ends_in_number(&name) {
        return Err(UrlError::NumberHost);
    }
    names::host(&name).map_err(|_| UrlError::Host)?;
    Ok(Host::Name(name))
}

/// Whether resolvers may read the name as an IPv4 address: `127.1`, `2130706433`, `0x7f.1` (inet_aton).
fn ends_in_number(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or_default();
    let hex = last.strip_prefix("0x").is_some_and(|h| h.bytes().all(|b| b.is_ascii_hexdigit()));
    hex || (!last.is_empty() && last.bytes().all(|b| b.is_ascii_digit()))
}

/// Path and query hold what RFC 3986 lets stand there (section 3.3 and 3.4).
fn check_path(path: &str) -> Result<(), UrlError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:@/?%".contains(c);
    if let Some(other) = path.chars().find(|c| !allowed(*c)) {
        return Err(UrlError::Character(other));
    }
    for (at, _) in path.match_indices('%') {
        let code = path.get(at + 1..at + 3).unwrap_or_default();
        if code.len() != 2 || !code.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(UrlError::Percent);
        }
    }
    Ok(())
}

/// Whether a name stands for the machine itself by its own rules (RFC 6761, section 6.3).
pub fn is_localhost(name: &str) -> bool {
    let name = names::canonical(name);
    name == "localhost" || name.ends_with(".localhost")
}

/// Why no request of Leeward goes to that address; `None`: it may.
///
/// A request from inside AWS to one of these reaches credentials instead of a service: the instance and
/// task metadata (169.254.169.254, 169.254.170.2, fd00:ec2::254), or the Lambda Runtime API on the
/// loopback. An IPv4 address inside an IPv6 one is judged as the IPv4 address.
pub fn never_asked(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(v4) => never_asked_v4(v4),
        IpAddr::V6(v6) => match embedded(v6) {
            Some(v4) => never_asked_v4(v4),
            None => never_asked_v6(v6),
        },
    }
}

/// Whether it is this machine's own: the one kind that a rehearsal on one machine may ask.
pub fn is_loopback(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_loopback(),
        IpAddr::V6(v6) => v6.is_loopback() || embedded(v6).is_some_and(|v4| v4.is_loopback()),
    }
}

fn never_asked_v4(address: Ipv4Addr) -> Option<&'static str> {
    let [first, ..] = address.octets();
    if address.is_loopback() {
        return Some("a loopback address: the Lambda Runtime API answers there");
    }
    if address.is_link_local() {
        return Some("a link-local address: credentials and metadata of AWS are answered there");
    }
    match first {
        0 => Some("an address of this machine itself"),
        224..=239 => Some("a multicast address"),
        240..=255 => Some("a reserved address"),
        _ => None,
    }
}

fn never_asked_v6(address: Ipv6Addr) -> Option<&'static str> {
    let [first, second, ..] = address.segments();
    if address.is_loopback() {
        return Some("a loopback address: the Lambda Runtime API answers there");
    }
    if address.is_unspecified() {
        return Some("an address of this machine itself");
    }
    if address.is_unicast_link_local() {
        return Some("a link-local address");
    }
    if address.is_multicast() {
        return Some("a multicast address");
    }
    // AWS's own local services have IPv6 addresses in fd00:ec2::/32 (EC2 User Guide, instance metadata).
    (first == 0xfd00 && second == 0x0ec2).then_some(
        "an address of AWS's local services: credentials and metadata are answered there",
    )
}

/// The IPv4 address inside an IPv6 address: mapped and compatible (RFC 4291), NAT64 (RFC 6052), 6to4
/// (RFC 3056).
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, d, e, f, high, low] = address.segments();
    let of = |high: u16, low: u16| Some(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)));
    match [a, b, c, d, e, f] {
        [0, 0, 0, 0, 0, 0xffff] | [0x64, 0xff9b, 0, 0, 0, 0] => of(high, low),
        // `::` and `::1` are IPv6's own.
        [0, 0, 0, 0, 0, 0] if high != 0 || low > 1 => of(high, low),
        [0x2002, b, c, ..] => of(b, c),
        _ => None,
    }
}

/// Whether a text is a header's name (RFC 9110, section 5.1).
pub fn is_header_name(text: &str) -> bool {
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    !text.is_empty() && text.bytes().all(token)
}

/// Whether a header can hold exactly that text: visible ASCII, with blanks and tabs inside only (RFC 9110,
/// section 5.5; what stands around the value is cut off by every reader).
pub fn is_header_value(text: &str) -> bool {
    let plain = |b: u8| b == b' ' || b == b'\t' || b.is_ascii_graphic();
    !text.is_empty() && text.trim_matches([' ', '\t']) == text && text.bytes().all(plain)
}

#[cfg(test)]
#[path = "web_tests.rs"]
mod tests;
