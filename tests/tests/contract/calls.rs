//! Which operations each question and each change calls, held against the adapters.

use std::collections::{BTreeMap, BTreeSet};

use crate::operations::{self, OPERATIONS};
use crate::sources::{leading_word, text, variants};

/// What each kind of question and of change calls.
const CALLS: &[(&str, &[&str])] = &[
    ("Question::Lease", &["dynamodb:GetItem"]),
    ("Question::Rds", &["rds:DescribeDBInstances"]),
    ("Question::Global", &["rds:DescribeGlobalClusters"]),
    ("Question::TableReplica", &["dynamodb:DescribeTable"]),
    ("Question::LatestMetric", &["cloudwatch:GetMetricData"]),
    ("Question::Alarm", &["cloudwatch:DescribeAlarms", "cloudwatch:ListAlarmMuteRules"]),
    ("Question::Sql", &["lambda:Invoke"]),
    ("Question::Group", &["autoscaling:DescribeAutoScalingGroups"]),
    ("Question::Instances", &["ec2:DescribeInstances"]),
    ("Question::EcsService", &["ecs:DescribeServices"]),
    ("Question::Concurrency", &["lambda:GetFunctionConcurrency"]),
    ("Question::EventSource", &["lambda:GetEventSourceMapping"]),
    ("Question::Targets", &["elasticloadbalancing:DescribeTargetHealth"]),
    ("Question::Ingress", &["ec2:DescribeSecurityGroups"]),
    (
        "Question::WriterGroup",
        &["autoscaling:DescribeAutoScalingGroups", "autoscaling:DescribeWarmPool"],
    ),
    ("Question::DatabaseNetwork", &["rds:DescribeDBInstances", "rds:DescribeDBClusters"]),
    ("Question::Record", &["route53:ListResourceRecordSets"]),
    ("Question::RecordSets", &["route53:ListResourceRecordSets"]),
    ("Question::Zone", &["route53:GetHostedZone"]),
    ("Question::GroupMembers", &["autoscaling:DescribeAutoScalingGroups"]),
    ("Question::InstanceStatus", &["ec2:DescribeInstanceStatus"]),
    ("Question::TargetHealth", &["elasticloadbalancing:DescribeTargetHealth"]),
    ("Question::ServiceHealth", &["ecs:DescribeServices"]),
    ("Question::Series", &["cloudwatch:GetMetricData"]),
    ("Question::ZoneChange", &["route53:GetChange"]),
    ("Question::Authority", &["route53:GetHostedZone"]),
    ("Question::Name", &[]),
    ("Question::Http", &[]),
    ("Change::MoveLease", &["dynamodb:UpdateItem"]),
    ("Change::PromoteReplica", &["rds:PromoteReadReplica"]),
    ("Change::FailoverGlobal", &["rds:FailoverGlobalCluster"]),
    ("Change::SwitchoverGlobal", &["rds:SwitchoverGlobalCluster"]),
    // Sizes and launching are two requests.
    (
        "Change::BoundGroup",
        &[
            "autoscaling:UpdateAutoScalingGroup",
            "autoscaling:SuspendProcesses",
            "autoscaling:ResumeProcesses",
        ],
    ),
    ("Change::SetMinimum", &["autoscaling:UpdateAutoScalingGroup"]),
    ("Change::StartInstances", &["ec2:StartInstances"]),
    ("Change::StopInstances", &["ec2:StopInstances"]),
    ("Change::SetDesiredCount", &["ecs:UpdateService"]),
    (
        "Change::ReserveConcurrency",
        &["lambda:PutFunctionConcurrency", "lambda:DeleteFunctionConcurrency"],
    ),
    ("Change::EnableEventSource", &["lambda:UpdateEventSourceMapping"]),
    // Only the difference is sent, so the rules are looked at first.
    ("Change::RevokeIngress", &["ec2:RevokeSecurityGroupIngress", "ec2:DescribeSecurityGroups"]),
    (
        "Change::AuthorizeIngress",
        &["ec2:AuthorizeSecurityGroupIngress", "ec2:DescribeSecurityGroups"],
    ),
    ("Change::PutMetric", &["cloudwatch:PutMetricData"]),
    ("Change::ChangeRecords", &["route53:ChangeResourceRecordSets"]),
];

/// What stands beside the world: file, what is imported to have it, operations.
const BESIDE: &[(&str, &str, &[&str])] = &[
    ("table", "DynamoTable", &["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"]),
    ("executions", "SfnExecutions", &["states:DescribeExecution", "states:StartExecution"]),
    ("publisher", "SnsPublisher", &["sns:Publish"]),
    ("identity", "caller", &["sts:GetCallerIdentity"]),
    ("provisioner", "LambdaProvisioner", &["lambda:Invoke"]),
    ("words", "LambdaWords", &["lambda:Invoke"]),
    (
        "table_aside",
        "DynamoAside",
        &["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem"],
    ),
    ("lease", "create_lease", &["dynamodb:PutItem"]),
    ("lease", "lower_lease", &["dynamodb:UpdateItem"]),
    ("records", "create_fence_number", &["route53:ChangeResourceRecordSets"]),
];

/// What a file can call beside the world, by what it imports.
pub fn beside(code: &str) -> impl Iterator<Item = &'static str> {
    let (_, imports) = code.split_once("use leeward_aws::{").expect("it imports the adapters");
    let (imports, _) = imports.split_once("};").unwrap();
    let imports: BTreeSet<&str> = imports.split(',').map(str::trim).collect();
    let rows = BESIDE.iter().filter(|(_, name, _)| imports.contains(name));
    let operations: Vec<&str> = rows.flat_map(|(_, _, operations)| *operations).copied().collect();
    operations.into_iter()
}

/// What one kind calls.
pub fn of(kind: &str) -> &'static [&'static str] {
    let row = CALLS.iter().find(|(known, _)| *known == kind);
    row.unwrap_or_else(|| panic!("CALLS does not say what {kind} calls")).1
}

/// Where each kind is answered, as `World` sends it on: kind to place.
pub fn places() -> BTreeMap<String, String> {
    let world = text("crates/aws/src/world.rs");
    let mut places = BTreeMap::new();
    for of in ["Question", "Change"] {
        let arms = format!("fn of_{}(", of.to_lowercase());
        let (_, body) = world.split_once(&arms).expect("World sends it on");
        let (body, _) = body.split_once("\n    }\n").unwrap();
        let mut kinds = Vec::new();
        let (_, body) = body.split_once("match ").unwrap();
        let mut rest = body;
        while let Some(at) = rest.find("::") {
            let before = rest[..at].rsplit(|c: char| !c.is_ascii_alphanumeric()).next();
            let name = leading_word(&rest[at + 2..]);
            if before == Some("Self") {
                places.extend(kinds.drain(..).map(|kind| (kind, name.to_owned())));
            } else {
                kinds.push(format!("{of}::{name}"));
            }
            rest = &rest[at + 2..];
        }
    }
    places
}

/// The builder's methods: name to place and file.
pub fn wiring() -> BTreeMap<String, (String, String)> {
    let world = text("crates/aws/src/world.rs");
    let (_, lines) = world.split_once("\nwiring! {").expect("the wiring");
    let (lines, _) = lines.split_once("\n}").unwrap();
    let read = |line: &str| {
        let (method, rest) = line.trim().split_once(" => ")?;
        let (place, part) = rest.split_once(", crate::")?;
        let (file, _) = part.split_once("::")?;
        Some((method.to_owned(), (place.to_owned(), file.to_owned())))
    };
    lines.lines().filter_map(read).collect()
}

/// The methods that one adapter calls on an SDK client, without their underscores.
fn called(file: &str) -> BTreeSet<String> {
    let path = format!("crates/aws/src/{file}.rs");
    let code: String = text(&path).split_whitespace().collect();
    let mut called = BTreeSet::new();
    for mark in ["Client::new).", "client.", "client()."] {
        for (at, _) in code.match_indices(mark) {
            let after = &code[at + mark.len()..];
            let name = leading_word(after);
            if after[name.len()..].starts_with("()") {
                called.insert(name.replace('_', ""));
            }
        }
    }
    called
}

fn as_methods<'a>(operations: impl IntoIterator<Item = &'a &'a str>) -> BTreeSet<String> {
    let name = |operation: &&str| operation.split(':').nth(1).map(str::to_lowercase);
    operations.into_iter().filter_map(name).collect()
}

#[test]
fn every_kind_of_question_and_change_is_listed_once_and_has_a_place() {
    let declared: BTreeSet<String> = ["Question", "Change"]
        .into_iter()
        .flat_map(|of| {
            let path = format!("crates/core/src/world/{}.rs", of.to_lowercase());
            variants(&path, of).into_iter().map(move |name| format!("{of}::{name}"))
        })
        .collect();
    let listed: BTreeSet<String> = CALLS.iter().map(|(kind, _)| (*kind).to_owned()).collect();
    assert_eq!(listed, declared, "CALLS (left) and the core (right)");
    assert_eq!(CALLS.len(), listed.len(), "a kind stands twice in CALLS");
    let placed: BTreeSet<String> = places().into_keys().collect();
    assert_eq!(placed, declared, "World's places (left) and the core (right)");
}

#[test]
fn each_adapter_calls_what_its_kinds_are_said_to_call() {
    let (places, wiring) = (places(), wiring());
    let parts = wiring.values().map(|(_, file)| file.as_str());
    let files: BTreeSet<&str> = parts.chain(BESIDE.iter().map(|(file, _, _)| *file)).collect();
    for file in files {
        let served = wiring.values().filter(|(_, at)| at == file).map(|(place, _)| place);
        let served: BTreeSet<&String> = served.collect();
        let kinds = places.iter().filter(|(_, place)| served.contains(place));
        let mut said = as_methods(kinds.flat_map(|(kind, _)| of(kind)));
        let own = BESIDE.iter().filter(|(at, _, _)| *at == file);
        said.extend(as_methods(own.flat_map(|(_, _, operations)| *operations)));
        assert_eq!(called(file), said, "{file}.rs calls (left), CALLS and BESIDE say (right)");
    }
}

#[test]
fn what_is_called_is_the_table_of_operations() {
    let kinds = CALLS.iter().flat_map(|(_, operations)| *operations);
    let beside = BESIDE.iter().flat_map(|(_, _, operations)| *operations);
    let called: BTreeSet<&str> = kinds.chain(beside).copied().collect();
    let table: BTreeSet<&str> = OPERATIONS.iter().map(|operation| operation.name).collect();
    assert_eq!(called, table, "called (left), the table of operations (right)");
    assert!(called.iter().all(|name| operations::find(name).is_some()));
}
