//! Actions that a service refuses until somebody mends the cause: a permission is missing, the account is
//! throttled, the thing is in a state that does not admit it.

use leeward_ports::fake::Fate;

use super::choices::Choices;

/// Why an action is refused, as long as nobody mends the cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refusal {
    /// A permission is missing.
    Denied,
    /// The account's requests are throttled.
    Throttled,
    /// The thing is in a state in which its service does not take the action.
    State,
}

/// An action that is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Refused {
    /// Its operation, such as `rds:PromoteReadReplica`.
    pub operation: &'static str,
    /// Why.
    pub refusal: Refusal,
}

/// Every action that a step may ask a service for, with the code by which the service says that the state of the
/// thing does not admit it.
pub const ACTIONS: [(&str, &str); 15] = [
    ("dynamodb:UpdateItem", "TransactionConflictException"),
    ("rds:PromoteReadReplica", "InvalidDBInstanceState"),
    ("rds:FailoverGlobalCluster", "InvalidGlobalClusterStateFault"),
    ("rds:SwitchoverGlobalCluster", "InvalidGlobalClusterStateFault"),
    ("autoscaling:UpdateAutoScalingGroup", "ScalingActivityInProgress"),
    ("ec2:StartInstances", "IncorrectInstanceState"),
    ("ec2:StopInstances", "IncorrectInstanceState"),
    ("ecs:UpdateService", "ServiceNotActiveException"),
    ("lambda:PutFunctionConcurrency", "ResourceConflictException"),
    ("lambda:DeleteFunctionConcurrency", "ResourceConflictException"),
    ("lambda:UpdateEventSourceMapping", "ResourceInUseException"),
    ("ec2:RevokeSecurityGroupIngress", "InvalidGroup.InUse"),
    ("ec2:AuthorizeSecurityGroupIngress", "RulesPerSecurityGroupLimitExceeded"),
    ("cloudwatch:PutMetricData", "InvalidParameterCombination"),
    ("route53:ChangeResourceRecordSets", "InvalidChangeBatch"),
];

impl Refusal {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Denied, Self::Throttled, Self::State];

    /// Its name in the tables.
    pub(super) fn occasion(self) -> &'static str {
        match self {
            Self::Denied => "action denied until mended",
            Self::Throttled => "action throttled until mended",
            Self::State => "action refused for a state until mended",
        }
    }
}

impl Refused {
    /// Draws one.
    pub(super) fn draw(choices: &mut Choices) -> Self {
        let operation = choices.pick(&ACTIONS).map_or(ACTIONS[0].0, |(operation, _)| *operation);
        let refusal = choices.pick(&Refusal::ALL).copied().unwrap_or(Refusal::Denied);
        Self { operation, refusal }
    }

    /// What becomes of a call of that operation; `None`: it is not meant.
    pub(super) fn fate(self, operation: &str) -> Option<Fate> {
        let (_, state) =
            ACTIONS.iter().find(|(name, _)| *name == operation && *name == self.operation)?;
        Some(match self.refusal {
            Refusal::Denied => Fate::Refused("AccessDeniedException".to_owned()),
            Refusal::Throttled => Fate::Throttled,
            Refusal::State => Fate::Refused((*state).to_owned()),
        })
    }
}
