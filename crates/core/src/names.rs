//! DNS names and record values: how they are compared, and what can stand where.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Longest name, without the last dot (RFC 1035, section 2.3.4).
const NAME_MAX: usize = 253;
/// Longest part of a name between two dots.
const LABEL_MAX: usize = 63;

/// The form in which names and addresses are compared: an address as it is written shortest, a name in lower
/// case without the last dot (RFC 4343, RFC 5952).
pub fn canonical(value: &str) -> String {
    match value.parse::<IpAddr>() {
        Ok(address) => address.to_string(),
        Err(_) => value.trim_end_matches('.').to_ascii_lowercase(),
    }
}

/// Whether both stand for the same name or address.
pub fn same(one: &str, other: &str) -> bool {
    canonical(one) == canonical(other)
}

/// What a record's value or an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ValueKind {
    /// An IPv4 address, record type A.
    Ipv4,
    /// An IPv6 address, record type AAAA.
    Ipv6,
    /// A DNS name, record type CNAME.
    Name,
}

impl ValueKind {
    /// The record type that holds it.
    pub fn record_type(self) -> &'static str {
        match self {
            Self::Ipv4 => "A",
            Self::Ipv6 => "AAAA",
            Self::Name => "CNAME",
        }
    }

    /// The value that a record of that type holds; `None`: the type is none of those that are moved.
    pub fn of_type(record_type: &str) -> Option<Self> {
        [Self::Ipv4, Self::Ipv6, Self::Name].into_iter().find(|k| k.record_type() == record_type)
    }

    /// In words.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Ipv4 => "an IPv4 address",
            Self::Ipv6 => "an IPv6 address",
            Self::Name => "a DNS name",
        }
    }
}

/// Why a text is neither an address nor a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing stands there.
    #[error("is empty")]
    Empty,
    /// A URL where a name belongs.
    #[error("is a URL; a record and an answer hold the name or address alone")]
    Url,
    /// A port behind the name or address.
    #[error("carries a port; DNS knows no ports")]
    Port,
    /// Digits and dots that are no address.
    #[error("is no IPv4 address: four numbers from 0 to 255, none with a leading 0")]
    Ipv4,
    /// Colons that make no address.
    #[error("is no IPv6 address")]
    Ipv6,
    /// Longer than DNS carries.
    #[error("is longer than {NAME_MAX} characters")]
    Long,
    /// An empty part, or one longer than DNS carries.
    #[error("has a part between two dots that is empty or longer than {LABEL_MAX} characters")]
    Label,
    /// A character that stands in no name that is asked for.
    #[error("holds {0:?}; a name holds a-z, 0-9, `-`, `_` and dots (others are written as xn--…)")]
    Character(char),
}

/// What a value is, else why it is none.
pub fn value_kind(value: &str) -> Result<ValueKind, NameError> {
    if value.parse::<Ipv4Addr>().is_ok() {
        return Ok(ValueKind::Ipv4);
    }
    if value.parse::<Ipv6Addr>().is_ok() {
        return Ok(ValueKind::Ipv6);
    }
    if value.contains("://") || value.contains('/') {
        return Err(NameError::Url);
    }
    if let Some((host, port)) = value.rsplit_once(':') {
        let digits = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
        let alone = !host.contains(':') || host.ends_with(']');
        return Err(if digits && alone { NameError::Port } else { NameError::Ipv6 });
    }
    if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return Err(NameError::Ipv4);
    }
    host(value).map(|()| ValueKind::Name)
}

/// Whether a text is the name of a host or a record; `*` may stand as its first part alone.
pub fn record_name(name: &str) -> Result<(), NameError> {
    host(name.strip_prefix("*.").unwrap_or(name))
}

/// Whether a text is a name that can be asked for.
pub fn host(name: &str) -> Result<(), NameError> {
    let name = name.strip_suffix('.').unwrap_or(name);
    if name.is_empty() {
        return Err(NameError::Empty);
    }
    if name.len() > NAME_MAX {
        return Err(NameError::Long);
    }
    let plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if let Some(other) = name.chars().find(|c| !plain(c)) {
        return Err(NameError::Character(other));
    }
    if name.split('.').any(|label| label.is_empty() || label.len() > LABEL_MAX) {
        return Err(NameError::Label);
    }
    Ok(())
}

/// Whether a name stands in a zone: the zone's own name or one below it.
pub fn in_zone(name: &str, zone: &str) -> bool {
    let (name, zone) = (canonical(name), canonical(zone));
    !zone.is_empty() && (name == zone || name.ends_with(&format!(".{zone}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_compared_as_addresses_and_names_without_case() {
        assert!(same("2001:0db8::1", "2001:db8:0:0::1"));
        assert!(same("Shop.Example.COM.", "shop.example.com"));
        assert!(!same("192.0.2.1", "192.0.2.10"));
        assert!(!same("192.0.2.010", "192.0.2.10"), "no DNS server answers with the first");
    }

    #[test]
    fn a_value_is_an_address_or_a_name_and_nothing_else() {
        assert_eq!(value_kind("192.0.2.10"), Ok(ValueKind::Ipv4));
        assert_eq!(value_kind("2001:0db8::1"), Ok(ValueKind::Ipv6));
        assert_eq!(value_kind("lb-1.us-east-1.elb.amazonaws.com."), Ok(ValueKind::Name));
        for (value, wrong) in [
            ("", NameError::Empty),
            ("192.0.2.010", NameError::Ipv4),
            ("192.0.2.256", NameError::Ipv4),
            ("192.0.2.10:80", NameError::Port),
            ("lb.example.com:443", NameError::Port),
            ("[2001:db8::1]:443", NameError::Port),
            ("2001:db8::zz", NameError::Ipv6),
            ("https://lb.example.com/", NameError::Url),
            ("lb.example.com/path", NameError::Url),
            ("lb example.com", NameError::Character(' ')),
            ("läden.example.com", NameError::Character('ä')),
            ("lb..example.com", NameError::Label),
        ] {
            assert_eq!(value_kind(value), Err(wrong), "{value}");
        }
    }

    #[test]
    fn a_name_is_in_its_zone_whatever_its_case() {
        assert!(in_zone("Shop.Example.COM", "example.com."));
        assert!(in_zone("example.com", "Example.com"));
        assert!(!in_zone("badexample.com", "example.com"));
        assert!(!in_zone("example.com", ""));
    }
}
