//! How success is seen from outside.

use serde::{Deserialize, Serialize};

use crate::ids::{EntryId, Sides, Text};
use crate::time::Span;

/// Repeated passes over all checks; an empty list fails.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Validation {
    /// How many passes in a row must succeed.
    pub passes: u32,
    /// Time between them.
    pub interval: Span,
    /// The checks; every one must hold in every pass.
    pub checks: Vec<Check>,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Check {
    /// GET by the public name; the answer must prove which side gave it.
    Http(HttpCheck),
    /// Write, then read back, by the public name.
    HttpWrite(HttpWriteCheck),
    /// The public name resolves to the side that was moved to.
    Dns(DnsCheck),
    /// Every database of the plan answers as the writer on the side that was moved to.
    Database {
        /// Its name in the plan.
        id: EntryId,
    },
    /// Every target group of the plan's capacity is healthy enough.
    TargetHealth {
        /// Its name in the plan.
        id: EntryId,
    },
}

impl Check {
    /// Its name in the plan.
    pub fn id(&self) -> &EntryId {
        match self {
            Self::Http(c) => &c.id,
            Self::HttpWrite(c) => &c.id,
            Self::Dns(c) => &c.id,
            Self::Database { id } | Self::TargetHealth { id } => id,
        }
    }
}

/// A GET whose answer carries a side marker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct HttpCheck {
    /// Its name in the plan.
    pub id: EntryId,
    /// URL with the public name.
    pub url: Text,
    /// Status that is right.
    pub status: u16,
    /// Response header that names the side.
    pub marker_header: Text,
    /// What that header says, per side.
    pub marker: Sides<Text>,
    /// DNS servers that are asked, `address:port`; empty: the system's.
    #[serde(default)]
    pub resolvers: Vec<Text>,
}

/// A write that is read back: `POST url` with `{"id": …}`, then `GET url/<id>`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct HttpWriteCheck {
    /// Its name in the plan.
    pub id: EntryId,
    /// URL with the public name; the read appends `/<id>`.
    pub url: Text,
    /// Response header that names the side.
    pub marker_header: Text,
    /// What that header says, per side.
    pub marker: Sides<Text>,
    /// DNS servers that are asked, `address:port`; empty: the system's.
    #[serde(default)]
    pub resolvers: Vec<Text>,
}

/// A name and what it must resolve to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DnsCheck {
    /// Its name in the plan.
    pub id: EntryId,
    /// The public name.
    pub name: Text,
    /// Record type: A, AAAA or CNAME.
    #[serde(rename = "type")]
    pub record_type: Text,
    /// What it must resolve to, per side.
    pub answers: Sides<Vec<Text>>,
    /// DNS servers that are asked, `address:port`; empty: the system's.
    #[serde(default)]
    pub resolvers: Vec<Text>,
}
