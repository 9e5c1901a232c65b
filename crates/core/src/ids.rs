//! Names and numbers, one type each: no function here takes two bare strings.

use std::fmt;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// A text that is copied often and changed never: a name, an address, a statement. Copying it costs no memory.
pub type Text = SmolStr;

macro_rules! name_type {
    ($(#[$doc:meta] $name:ident),+ $(,)?) => {$(
        #[$doc]
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
        #[serde(transparent)]
        pub struct $name(#[cfg_attr(feature = "author", schemars(with = "String"))] SmolStr);

        impl $name {
            /// Takes the text as it is; what it may hold is checked where it enters.
            pub fn new(text: impl Into<SmolStr>) -> Self {
                Self(text.into())
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }
    )+};
}

name_type! {
    /// What is recovered as one: `[a-z0-9-]`, at most 40 characters.
    WorkloadId,
    /// A plan's name: `[a-z0-9-]`, at most 60 characters.
    PlanId,
    /// An AWS Region, such as `us-west-2`.
    Region,
    /// The id of one entry of a plan: a database, a capacity, a control, a check.
    EntryId,
    /// One voter of a plan's detection.
    VoterId,
    /// One execution (or one `leeward run`) working on a generation.
    ExecutorId,
    /// A random mark by which a writer knows its own item again after a lost answer.
    Nonce,
    /// SHA-256 over stored bytes, in lower-case hexadecimal.
    Digest,
    /// Who acted: `leeward` itself, or an operator's STS caller ARN.
    Actor,
}

/// Longest workload name; execution names (80 characters) carry it with generation and nonce.
pub const WORKLOAD_NAME_MAX: usize = 40;

impl WorkloadId {
    /// The name if it is one, else a sentence that says what is wrong.
    pub fn checked(text: &str) -> Result<Self, String> {
        let well_formed = !text.is_empty()
            && text.len() <= WORKLOAD_NAME_MAX
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if well_formed {
            Ok(Self::new(text))
        } else {
            Err(format!(
                "`{text}` is no workload name: [a-z0-9-], 1 to {WORKLOAD_NAME_MAX} characters"
            ))
        }
    }
}

/// Number of a recovery of one workload, rising by one; the first is 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Generation(pub u64);

impl Generation {
    /// The one after; behind the last number there is none, and it stays.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Place of an entry in its generation's journal; the decision is 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seq(pub u64);

impl Seq {
    /// The one after; behind the last number there is none, and it stays.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A step of the recovery (design: contracts).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Assess; join or open the generation.
    Detect,
    /// Lag and engine checks, fences.
    Fence,
    /// Start, scale, wait until healthy.
    Capacity,
    /// The last look before the way back ends.
    Commit,
    /// Promote, verify the writers.
    Database,
    /// Shift traffic.
    Traffic,
    /// What may run only after the promotion.
    Restore,
    /// Proof from outside.
    Validate,
    /// Tell people.
    Notify,
    /// Undo in reverse order.
    Undo,
}

impl Step {
    /// All steps, in the order of the flow.
    pub const ALL: [Self; 10] = [
        Self::Detect,
        Self::Fence,
        Self::Capacity,
        Self::Commit,
        Self::Database,
        Self::Traffic,
        Self::Restore,
        Self::Validate,
        Self::Notify,
        Self::Undo,
    ];

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Detect => "detect",
            Self::Fence => "fence",
            Self::Capacity => "capacity",
            Self::Commit => "commit",
            Self::Database => "database",
            Self::Traffic => "traffic",
            Self::Restore => "restore",
            Self::Validate => "validate",
            Self::Notify => "notify",
            Self::Undo => "undo",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A side of a workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// Where the workload lives on good days.
    Primary,
    /// Where it finds shelter.
    Standby,
}

impl Side {
    /// The opposite side.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Primary => Self::Standby,
            Self::Standby => Self::Primary,
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Primary => "primary",
            Self::Standby => "standby",
        })
    }
}

/// Which way a recovery goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// Failover: away from the primary.
    ToStandby,
    /// Failback: home again.
    ToPrimary,
}

impl Direction {
    /// The side that shall serve afterwards.
    pub fn target(self) -> Side {
        match self {
            Self::ToStandby => Side::Standby,
            Self::ToPrimary => Side::Primary,
        }
    }

    /// The side that is left.
    pub fn source(self) -> Side {
        self.target().other()
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ToStandby => "to-standby",
            Self::ToPrimary => "to-primary",
        })
    }
}

/// Something that each side has one of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Sides<T> {
    /// The primary side's.
    pub primary: T,
    /// The standby side's.
    pub standby: T,
}

impl<T> Sides<T> {
    /// The one of that side.
    pub fn of(&self, side: Side) -> &T {
        match side {
            Side::Primary => &self.primary,
            Side::Standby => &self.standby,
        }
    }
}
