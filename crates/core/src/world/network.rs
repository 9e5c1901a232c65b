//! Who can reach a database's port, and what could still run behind a group that is to stand still.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::Text;

/// Someone whom a security group lets in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// An address block, IPv4 or IPv6.
    Cidr(Text),
    /// The members of a security group; `<account>/sg-…` where it is another account's.
    Group(Text),
    /// The blocks of a prefix list.
    PrefixList(Text),
}

impl Source {
    /// As a plan spells it.
    pub fn name(&self) -> &Text {
        match self {
            Self::Cidr(name) | Self::Group(name) | Self::PrefixList(name) => name,
        }
    }
}

/// One inbound rule that lets its source reach the port that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct InboundRule {
    /// Who is let in.
    pub source: Source,
    /// The ports that it covers when it covers more than the one, such as `all traffic` or `tcp 5000-6000`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wider: Option<Text>,
    /// Its description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Text>,
}

impl fmt::Display for InboundRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.source.name())?;
        match &self.wider {
            Some(wider) => write!(f, " ({wider})"),
            None => Ok(()),
        }
    }
}

/// How a database is reached.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct DatabaseNetwork {
    /// Every security group of its interfaces, also one that is being added or removed.
    pub groups: Vec<Text>,
    /// TCP port on which it listens; `None`: the service does not say.
    pub port: Option<u16>,
    /// Whether it takes SQL over HTTPS as well (RDS Data API), which no security group stops.
    pub data_api: bool,
}

/// An instance that is there, of a group that is to stand still.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct WriterInstance {
    /// Instance id.
    pub id: Text,
    /// Its lifecycle state as Auto Scaling names it, such as `InService`, `Terminating:Wait`, `Warmed:Stopped`.
    pub state: Text,
    /// Whether it is protected from scale-in.
    #[serde(default)]
    pub protected: bool,
}

/// An Auto Scaling group whose instances write, with everything of it that could run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct WriterGroupView {
    /// Minimum size.
    pub minimum: u32,
    /// Maximum size.
    pub maximum: u32,
    /// Desired capacity.
    pub desired: u32,
    /// Names of suspended processes.
    pub suspended: Vec<Text>,
    /// Instances of the group and of its warm pool that are not yet `Terminated`.
    pub instances: Vec<WriterInstance>,
    /// The state to which its warm pool fills up (`Stopped`, `Running`, `Hibernated`); `None`: it has no pool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warm_pool: Option<Text>,
}

impl WriterGroupView {
    /// Whether that process is suspended.
    pub fn suspends(&self, process: &str) -> bool {
        self.suspended.iter().any(|p| p == process)
    }
}
