//! The decision: what a generation shall do, made once, when it opens.

use serde::{Deserialize, Serialize};

use crate::contract::Mode;
use crate::effect::{EffectId, Verb};
use crate::ids::{
    Actor, Digest, Direction, EntryId, Generation, PlanId, Region, Side, Sides, Step, Text,
    WorkloadId,
};
use crate::journal::Lives;
use crate::plan::may_decide;
use crate::planted::{self, Bug};
use crate::time::{Span, Timestamp};
use crate::world::Change;

/// The protocol of this code. A generation is finished by the protocol that opened it.
pub const PROTOCOL: u32 = 1;

/// The generation's first entry: what shall be done, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Decision {
    /// Protocol number.
    pub protocol: u32,
    /// The workload.
    pub workload: WorkloadId,
    /// The generation.
    pub generation: Generation,
    /// The plan's name.
    pub plan: PlanId,
    /// Digest of the plan's stored bytes.
    pub plan_digest: Digest,
    /// Which way.
    pub direction: Direction,
    /// The Region that shall serve.
    pub target: Region,
    /// Whether it counts.
    pub mode: Mode,
    /// Digest of the stored assessment.
    pub evidence: Digest,
    /// Who or what started it.
    pub trigger: Trigger,
    /// When the trouble was first signalled.
    pub first_signal: Timestamp,
    /// When the generation was opened.
    pub opened: Timestamp,
    /// When its time is over, paused and held time apart.
    pub deadline: Timestamp,
    /// What it may do to the world.
    pub effects: Vec<EffectId>,
    /// Old sides that earlier generations left without a proof of a fence.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unproven: Vec<Unproven>,
    /// What the generation before did and left for this one to go on with, or to undo.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub handed_over: Vec<HandedOver>,
    /// What earlier generations that were given up behind their commit may have lost.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lost: Vec<Lost>,
    /// What earlier generations closed of a side and nobody has opened since.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_closed: Vec<LeftClosed>,
    /// Where the workload lived when this was decided; a decision of an older version does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lived: Option<Lives>,
    /// The Regions that its sides are, by the plan; a decision of an older version does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regions: Option<Sides<Region>>,
    /// Why people are asked before any effect, whatever the plan's policy; empty: the policy decides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ask: Vec<String>,
    /// Who may answer questions and waive fences, as the plan has it; a decision of an older version does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approvers: Option<Vec<Text>>,
}

impl Decision {
    /// Whether a person's answer or waiver counts, whatever wrote it into the journal.
    pub fn counts(&self, by: &Actor) -> bool {
        let Some(approvers) = &self.approvers else { return true };
        may_decide(approvers, by.as_str()) || planted::is(Bug::AnybodyDecides)
    }
}

/// An old side that may still write, for all that was ever proven.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Unproven {
    /// The database.
    pub database: EntryId,
    /// The side that was left.
    pub side: Side,
    /// The generation that left it.
    pub generation: Generation,
}

/// What a generation lost that was committed and did not end Recovered: nobody has told users of it yet, and the
/// generation that ends what it began has to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Lost {
    /// The database.
    pub database: EntryId,
    /// The side that was left: it still has what the other lost.
    pub side: Side,
    /// At most so much; null: nobody knows.
    pub bound: Option<Span>,
    /// The generation that left it.
    pub generation: Generation,
}

/// Compute or network of a side that a generation shut and left so. The way to it leads over opening it again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct LeftClosed {
    /// The database whose writers it keeps off.
    pub database: EntryId,
    /// The side.
    pub side: Side,
    /// The generation that left it.
    pub generation: Generation,
    /// What shut it.
    pub closed: Change,
    /// What opens it again, as it stood before.
    pub reopen: Change,
}

impl std::fmt::Display for LeftClosed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "the {} side of {} is left closed by generation {} (`{}`); the next recovery to that side opens it before its commit (`{}`)",
            self.side, self.database, self.generation, self.closed, self.reopen
        )
    }
}

impl LeftClosed {
    /// The group that is shut: an Auto Scaling group's name or a security group's id.
    #[expect(clippy::wildcard_enum_match_arm, reason = "nothing else closes a side")]
    pub fn group(&self) -> &str {
        match &self.closed {
            Change::BoundGroup { group, .. } => group,
            Change::RevokeIngress { rules, .. } => &rules.group,
            _ => "",
        }
    }

    /// Whether both speak of the same thing.
    fn same(&self, other: &Self) -> bool {
        (&self.database, self.side) == (&other.database, other.side)
            && std::mem::discriminant(&self.closed) == std::mem::discriminant(&other.closed)
            && self.group() == other.group()
    }
}

impl Decision {
    /// What this generation opens again before its commit, each with the name of its effect.
    pub fn reopens(&self) -> impl Iterator<Item = (EffectId, &LeftClosed)> {
        let target = self.direction.target();
        self.left_closed.iter().filter(move |left| left.side == target).map(|left| {
            let name = format!("{}:{}", left.database, left.group());
            let (workload, generation) = (&self.workload, self.generation);
            let verb = Verb::Reopen.as_str();
            (EffectId::new(workload, generation, Step::Fence, &name, verb), left)
        })
    }
}

/// Adds what a later generation left closed: of one thing that was shut twice, all that ever stood comes back.
pub fn also_closed(all: &mut Vec<LeftClosed>, later: LeftClosed) {
    let Some(known) = all.iter_mut().find(|known| known.same(&later)) else {
        return all.push(later);
    };
    let reopen = both(&known.reopen, &later.reopen);
    let closed = both(&known.closed, &later.closed);
    *known = LeftClosed { closed, reopen, ..later };
}

/// Both changes of one thing in one.
fn both(first: &Change, second: &Change) -> Change {
    match (first, second) {
        (
            Change::BoundGroup { minimum, maximum, desired, suspend, .. },
            Change::BoundGroup {
                region,
                group,
                minimum: other_minimum,
                maximum: other_maximum,
                desired: other_desired,
                suspend: other_suspend,
            },
        ) => Change::BoundGroup {
            region: region.clone(),
            group: group.clone(),
            minimum: *minimum.max(other_minimum),
            maximum: *maximum.max(other_maximum),
            desired: *desired.max(other_desired),
            suspend: *suspend && *other_suspend,
        },
        (
            Change::AuthorizeIngress { rules, descriptions, .. },
            Change::AuthorizeIngress { region, rules: more, descriptions: words },
        ) => Change::AuthorizeIngress {
            region: region.clone(),
            rules: rules.and(more),
            descriptions: descriptions
                .iter()
                .chain(words)
                .map(|(s, w)| (s.clone(), w.clone()))
                .collect(),
        },
        (Change::RevokeIngress { rules, .. }, Change::RevokeIngress { region, rules: more }) => {
            Change::RevokeIngress { region: region.clone(), rules: rules.and(more) }
        }
        (_, second) => second.clone(),
    }
}

/// An effect that stands in the world and belongs to this generation from its first entry on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct HandedOver {
    /// Its name in this generation.
    pub effect: EffectId,
    /// What was sent.
    pub change: Box<Change>,
    /// How the thing stood before.
    pub before: Option<Box<Change>>,
    /// When it was first sent, by whichever generation; `None`: a decision of an older version does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<Timestamp>,
}

/// The generation that takes the place of one that turned back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Successor {
    /// By which plan.
    pub plan: PlanId,
    /// Effects that both need: they are not undone.
    pub keeps: Vec<EffectId>,
}

/// Who or what started a generation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "by")]
pub enum Trigger {
    /// The evidence alone.
    Evidence {
        /// What hastened it: `schedule`, `alarm`, `event`, `notification`.
        source: String,
    },
    /// The generation before: it turned back for this one and left its work in the middle. Only an open
    /// generation can go on with that work or give it back, whatever the evidence says meanwhile.
    HandedOver {
        /// The generation that left it.
        from: Generation,
    },
    /// A person.
    Operator {
        /// STS caller ARN.
        operator: String,
        /// Why, in the person's words.
        reason: String,
    },
}

impl std::fmt::Display for Trigger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Evidence { source } => write!(f, "started by the evidence ({source})"),
            Self::HandedOver { from } => {
                write!(f, "started to go on with what generation {from} left, or to give it back")
            }
            Self::Operator { operator, reason } => write!(f, "started by {operator}: {reason}"),
        }
    }
}
