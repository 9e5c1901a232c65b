//! What people decide and what they are told.

use crate::ids::Text;
use serde::{Deserialize, Serialize};

use crate::time::Span;

/// Approval, cool-down and how old a fact may be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Policy {
    /// Who must say yes, to what.
    pub approval: Approval,
    /// No automatic generation starts earlier than this after the last effect of the one before.
    #[serde(default = "cool_down_by_default")]
    pub cool_down: Span,
    /// A stored fact (peak, topology, lag) older than this is unknown.
    #[serde(default = "facts_by_default")]
    pub facts_max_age: Span,
}

/// An hour, as orchestrator's recovery block: long enough for people to look at the first recovery.
fn cool_down_by_default() -> Span {
    Span::minutes(60)
}

/// A day: the peak looks back 24 hours.
fn facts_by_default() -> Span {
    Span::minutes(24 * 60)
}

/// What a person is asked before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ApprovalFor {
    /// Nothing: the plan recovers by itself.
    None,
    /// Active fences and promotion.
    OneWay,
    /// Every effect.
    All,
}

/// What the end of the time to answer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum OnTimeout {
    /// The generation is Held until someone comes.
    Hold,
    /// Silence is a yes.
    Proceed,
    /// Silence is a no: turn back.
    Decline,
}

/// The approval that a plan wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Approval {
    /// Which effects wait for it.
    #[serde(rename = "for", default = "one_way")]
    pub wanted_for: ApprovalFor,
    /// How long people have.
    pub timeout: Span,
    /// What their silence means.
    pub on_timeout: OnTimeout,
    /// ARNs that may answer; `*` at the end matches a session name. Empty: every operator.
    #[serde(default)]
    pub approvers: Vec<Text>,
}

fn one_way() -> ApprovalFor {
    ApprovalFor::OneWay
}

impl Approval {
    /// Whether that STS caller may answer.
    pub fn may_answer(&self, caller_arn: &str) -> bool {
        may_decide(&self.approvers, caller_arn)
    }
}

/// Whether that STS caller is one of the approvers; where none is named, everybody is.
pub fn may_decide(approvers: &[Text], caller_arn: &str) -> bool {
    approvers.is_empty()
        || approvers.iter().any(|allowed| match allowed.strip_suffix('*') {
            Some(prefix) => caller_arn.starts_with(prefix),
            None => caller_arn == allowed,
        })
}

/// Who is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Notifications {
    /// SNS topics, outside the primary Region.
    #[serde(default)]
    pub topics: Vec<Topic>,
    /// HTTPS endpoints that take a JSON POST.
    #[serde(default)]
    pub webhooks: Vec<Webhook>,
}

/// One SNS topic; its Region is in its ARN.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Topic(pub String);

/// One webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Webhook(pub String);
