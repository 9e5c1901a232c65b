//! The table of operations: everything that Leeward calls on AWS, and what it depends on.
//!
//! Plan checks, policies, faults and tests read it. An operation that is not here is not called.

/// What serves a request: the service's primary function, or its administration.
///
/// The control plane is more complex and fails more often; of it Leeward needs only that of the
/// Region that is moved to, and where a plan chooses it, Route 53's in us-east-1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plane {
    /// Primary function.
    Data,
    /// Create, read, update, delete and list of resources.
    Control,
}

/// Where the operation is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Home {
    /// In the Region that is called.
    Regional,
    /// In us-east-1, whatever Region is called.
    UsEast1,
}

/// What the operation is to a recovery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A look: changes nothing, may be repeated.
    Read,
    /// A change to the world: intent first, sent once.
    Effect,
    /// Leeward's own state.
    Table,
    /// Tells people or starts an executor: never held back, a repeat is harmless.
    Tell,
}

/// Who calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Caller {
    /// Reads the votes, opens generations, commits.
    Detector,
    /// Fences and promotes.
    DbFailover,
    /// Brings capacity up.
    Restore,
    /// Shifts traffic.
    DnsFailover,
    /// Proves from outside.
    Validator,
    /// Tells people.
    Notifier,
    /// A person with `leeward`; with `leeward run`, all of the above.
    Operator,
}

/// One operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation {
    /// `service:Operation`, the service as IAM names it.
    pub name: &'static str,
    /// What serves it.
    pub plane: Plane,
    /// Where.
    pub home: Home,
    /// What it is to a recovery.
    pub kind: Kind,
    /// The action that a policy must allow.
    pub iam_action: &'static str,
    /// Who calls it.
    pub callers: &'static [Caller],
    /// Where plane and home are documented, below docs.aws.amazon.com.
    pub source: &'static str,
}

use Caller::{DbFailover, Detector, DnsFailover, Notifier, Operator, Restore, Validator};
use Home::{Regional, UsEast1};
use Kind::{Effect, Read, Table, Tell};
use Plane::{Control, Data};

/// Everyone keeps journal and plans.
const ALL: &[Caller] = &[Detector, DbFailover, Restore, DnsFailover, Validator, Notifier, Operator];
/// The standby's health, the checks before a promotion, and the proof of a writer.
const DATABASE_LOOKS: &[Caller] = &[Detector, DbFailover, Validator, Operator];
/// The engine itself: whether it can be asked at all is seen while all is well.
const ENGINE_LOOKS: &[Caller] = &[Detector, DbFailover, Validator, Operator];
/// Groups are the standby's health, the writers' fence, and capacity.
const GROUP_LOOKS: &[Caller] = &[Detector, DbFailover, Restore, Validator, Operator];
/// Capacity, looked at while all is well and in its own step.
const CAPACITY_LOOKS: &[Caller] = &[Detector, Restore, Operator];
/// Fences and promotions, and what takes fences down again.
const DATABASES: &[Caller] = &[DbFailover, Operator];
/// What a fence of compute or network leaves, in the failure and while all is well.
const FENCE_LOOKS: &[Caller] = &[Detector, DbFailover, Operator];
/// Capacity.
const CAPACITY: &[Caller] = &[Restore, Operator];
/// Traffic.
const TRAFFIC: &[Caller] = &[DnsFailover, Operator];
/// Records and their zones: changed by a batch, and looked at while all is well.
const RECORD_LOOKS: &[Caller] = &[Detector, DnsFailover, Operator];
/// Voters, snapshots, and executions.
const DETECTION: &[Caller] = &[Detector, Operator];

const STATIC_STABILITY: &str = "wellarchitected/latest/reliability-pillar/rel_withstand_component_failures_avoid_control_plane.html";
const FAULT_ISOLATION: &str =
    "whitepapers/latest/aws-fault-isolation-boundaries/global-services.html";
const DATA_EVENTS: &str = "awscloudtrail/latest/userguide/logging-data-events-with-cloudtrail.html";

const fn operation(
    name: &'static str,
    (plane, home, kind): (Plane, Home, Kind),
    callers: &'static [Caller],
    source: &'static str,
) -> Operation {
    Operation { name, plane, home, kind, iam_action: name, callers, source }
}

/// All operations, by name.
pub const OPERATIONS: &[Operation] = &[
    operation(
        "autoscaling:DescribeAutoScalingGroups",
        (Control, Regional, Read),
        GROUP_LOOKS,
        "autoscaling/ec2/APIReference/API_DescribeAutoScalingGroups.html",
    ),
    operation(
        "autoscaling:DescribeWarmPool",
        (Control, Regional, Read),
        FENCE_LOOKS,
        "autoscaling/ec2/APIReference/API_DescribeWarmPool.html",
    ),
    operation(
        "autoscaling:ResumeProcesses",
        (Control, Regional, Effect),
        DATABASES,
        "autoscaling/ec2/APIReference/API_ResumeProcesses.html",
    ),
    operation(
        "autoscaling:SuspendProcesses",
        (Control, Regional, Effect),
        DATABASES,
        "autoscaling/ec2/APIReference/API_SuspendProcesses.html",
    ),
    operation(
        "autoscaling:UpdateAutoScalingGroup",
        (Control, Regional, Effect),
        &[DbFailover, Restore, Operator],
        "whitepapers/latest/disaster-recovery-workloads-on-aws/disaster-recovery-options-in-the-cloud.html",
    ),
    operation(
        "cloudwatch:DescribeAlarms",
        (Control, Regional, Read),
        DETECTION,
        "AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html",
    ),
    operation(
        "cloudwatch:GetMetricData",
        (Data, Regional, Read),
        DETECTION,
        "AmazonCloudWatch/latest/APIReference/API_GetMetricData.html",
    ),
    // Asked of an alarm in ALARM alone: a muted one votes for nothing.
    operation(
        "cloudwatch:ListAlarmMuteRules",
        (Control, Regional, Read),
        DETECTION,
        "AmazonCloudWatch/latest/APIReference/API_ListAlarmMuteRules.html",
    ),
    // The detector's is its heartbeat, in a namespace of its own: it tells, and changes nothing.
    operation(
        "cloudwatch:PutMetricData",
        (Data, Regional, Effect),
        &[Detector, DnsFailover, Operator],
        "AmazonCloudWatch/latest/APIReference/API_PutMetricData.html",
    ),
    operation(
        "dynamodb:DeleteItem",
        (Data, Regional, Table),
        &[Operator],
        "amazondynamodb/latest/APIReference/API_DeleteItem.html",
    ),
    operation(
        "dynamodb:DescribeTable",
        (Control, Regional, Read),
        DATABASE_LOOKS,
        "amazondynamodb/latest/APIReference/API_DescribeTable.html",
    ),
    operation("dynamodb:GetItem", (Data, Regional, Table), ALL, STATIC_STABILITY),
    operation("dynamodb:PutItem", (Data, Regional, Table), ALL, STATIC_STABILITY),
    operation("dynamodb:Query", (Data, Regional, Table), ALL, STATIC_STABILITY),
    operation("dynamodb:UpdateItem", (Data, Regional, Effect), DATABASES, STATIC_STABILITY),
    operation(
        "ec2:AuthorizeSecurityGroupIngress",
        (Control, Regional, Effect),
        DATABASES,
        "AWSEC2/latest/APIReference/API_AuthorizeSecurityGroupIngress.html",
    ),
    operation(
        "ec2:DescribeInstanceStatus",
        (Control, Regional, Read),
        DETECTION,
        "AWSEC2/latest/APIReference/API_DescribeInstanceStatus.html",
    ),
    operation("ec2:DescribeInstances", (Control, Regional, Read), CAPACITY_LOOKS, STATIC_STABILITY),
    operation(
        "ec2:DescribeSecurityGroups",
        (Control, Regional, Read),
        FENCE_LOOKS,
        "AWSEC2/latest/APIReference/API_DescribeSecurityGroups.html",
    ),
    operation(
        "ec2:RevokeSecurityGroupIngress",
        (Control, Regional, Effect),
        DATABASES,
        "AWSEC2/latest/APIReference/API_RevokeSecurityGroupIngress.html",
    ),
    operation("ec2:StartInstances", (Control, Regional, Effect), CAPACITY, STATIC_STABILITY),
    operation(
        "ec2:StopInstances",
        (Control, Regional, Effect),
        CAPACITY,
        "AWSEC2/latest/APIReference/API_StopInstances.html",
    ),
    operation(
        "ecs:DescribeServices",
        (Control, Regional, Read),
        CAPACITY_LOOKS,
        "AmazonECS/latest/APIReference/API_DescribeServices.html",
    ),
    operation(
        "ecs:UpdateService",
        (Control, Regional, Effect),
        CAPACITY,
        "AmazonECS/latest/APIReference/API_UpdateService.html",
    ),
    operation(
        "elasticloadbalancing:DescribeTargetHealth",
        (Control, Regional, Read),
        &[Detector, Restore, Validator, Operator],
        "elasticloadbalancing/latest/APIReference/API_DescribeTargetHealth.html",
    ),
    operation(
        "lambda:DeleteFunctionConcurrency",
        (Control, Regional, Effect),
        CAPACITY,
        "lambda/latest/api/API_DeleteFunctionConcurrency.html",
    ),
    operation(
        "lambda:GetEventSourceMapping",
        (Control, Regional, Read),
        CAPACITY_LOOKS,
        "lambda/latest/api/API_GetEventSourceMapping.html",
    ),
    operation(
        "lambda:GetFunctionConcurrency",
        (Control, Regional, Read),
        CAPACITY_LOOKS,
        "lambda/latest/api/API_GetFunctionConcurrency.html",
    ),
    Operation {
        name: "lambda:Invoke",
        plane: Data,
        home: Regional,
        kind: Read,
        iam_action: "lambda:InvokeFunction",
        callers: ENGINE_LOOKS,
        source: DATA_EVENTS,
    },
    operation(
        "lambda:PutFunctionConcurrency",
        (Control, Regional, Effect),
        CAPACITY,
        "lambda/latest/api/API_PutFunctionConcurrency.html",
    ),
    operation(
        "lambda:UpdateEventSourceMapping",
        (Control, Regional, Effect),
        CAPACITY,
        "lambda/latest/api/API_UpdateEventSourceMapping.html",
    ),
    operation(
        "rds:DescribeDBClusters",
        (Control, Regional, Read),
        FENCE_LOOKS,
        "AmazonRDS/latest/APIReference/API_DescribeDBClusters.html",
    ),
    operation(
        "rds:DescribeDBInstances",
        (Control, Regional, Read),
        DATABASE_LOOKS,
        "AmazonRDS/latest/APIReference/API_DescribeDBInstances.html",
    ),
    operation(
        "rds:DescribeGlobalClusters",
        (Control, Regional, Read),
        DATABASE_LOOKS,
        "AmazonRDS/latest/APIReference/API_DescribeGlobalClusters.html",
    ),
    operation(
        "rds:FailoverGlobalCluster",
        (Control, Regional, Effect),
        DATABASES,
        "AmazonRDS/latest/APIReference/API_FailoverGlobalCluster.html",
    ),
    operation("rds:PromoteReadReplica", (Control, Regional, Effect), DATABASES, STATIC_STABILITY),
    operation(
        "rds:SwitchoverGlobalCluster",
        (Control, Regional, Effect),
        DATABASES,
        "AmazonRDS/latest/APIReference/API_SwitchoverGlobalCluster.html",
    ),
    operation(
        "route53:ChangeResourceRecordSets",
        (Control, UsEast1, Effect),
        TRAFFIC,
        FAULT_ISOLATION,
    ),
    operation(
        "route53:GetChange",
        (Control, UsEast1, Read),
        TRAFFIC,
        "Route53/latest/APIReference/API_GetChange.html",
    ),
    operation(
        "route53:GetHostedZone",
        (Control, UsEast1, Read),
        RECORD_LOOKS,
        "Route53/latest/APIReference/API_GetHostedZone.html",
    ),
    operation(
        "route53:ListResourceRecordSets",
        (Control, UsEast1, Read),
        RECORD_LOOKS,
        FAULT_ISOLATION,
    ),
    operation(
        "sns:Publish",
        (Data, Regional, Tell),
        &[Detector, DbFailover, Notifier, Operator],
        "sns/latest/api/API_Publish.html",
    ),
    operation(
        "states:DescribeExecution",
        (Data, Regional, Tell),
        DETECTION,
        "step-functions/latest/apireference/API_DescribeExecution.html",
    ),
    operation(
        "states:StartExecution",
        (Data, Regional, Tell),
        DETECTION,
        "step-functions/latest/apireference/API_StartExecution.html",
    ),
    // The notifier sends it, too, with the signature of a person who says a word: their call and not its own.
    operation("sts:GetCallerIdentity", (Data, Regional, Read), &[Operator], FAULT_ISOLATION),
];

/// The operation of that name.
pub fn find(name: &str) -> Option<&'static Operation> {
    OPERATIONS.iter().find(|operation| operation.name == name)
}
