//! The table of operations against the code.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::operations::{Caller, Home, Kind, OPERATIONS, Plane, find};

/// `DescribeDBInstances` as the SDK names its method.
fn method(operation: &str) -> String {
    let mut name = String::new();
    let letters: Vec<char> = operation.chars().collect();
    for (i, letter) in letters.iter().enumerate() {
        let after_lower = i > 0 && letters[i - 1].is_lowercase();
        let before_lower = letters.get(i + 1).is_some_and(|next| next.is_lowercase());
        if letter.is_uppercase() && i > 0 && (after_lower || before_lower) {
            name.push('_');
        }
        name.extend(letter.to_lowercase());
    }
    name
}

/// Every method that the adapters call on an SDK client.
fn called() -> BTreeSet<String> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut called = BTreeSet::new();
    for file in fs::read_dir(source).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|e| e != "rs") || path.ends_with("clients.rs") {
            continue;
        }
        let text: String = fs::read_to_string(&path).unwrap().split_whitespace().collect();
        for mark in ["Client::new).", "client.", "client()."] {
            for (at, _) in text.match_indices(mark) {
                let after = &text[at + mark.len()..];
                let name: String =
                    after.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
                if after[name.len()..].starts_with("()") {
                    called.insert(name);
                }
            }
        }
    }
    called
}

#[test]
fn the_table_and_the_adapters_name_the_same_operations() {
    let listed: BTreeSet<String> =
        OPERATIONS.iter().map(|o| method(o.name.split(':').nth(1).unwrap())).collect();
    assert_eq!(called(), listed);
}

#[test]
fn the_table_is_in_order_and_names_nothing_twice() {
    let names: Vec<&str> = OPERATIONS.iter().map(|o| o.name).collect();
    assert!(names.is_sorted_by(|a, b| a < b), "{names:?}");
    assert!(OPERATIONS.iter().all(|o| !o.callers.is_empty() && !o.source.is_empty()));
}

#[test]
fn every_change_is_an_effect_of_the_table() {
    for change in super::effects::every_change() {
        let operation = find(change.operation()).unwrap_or_else(|| panic!("{change}"));
        assert_eq!(operation.kind, Kind::Effect, "{change}");
    }
}

#[test]
fn deciding_and_telling_need_no_control_plane_and_only_records_need_us_east_1() {
    for operation in OPERATIONS {
        if matches!(operation.kind, Kind::Table | Kind::Tell) {
            assert_eq!(operation.plane, Plane::Data, "{}", operation.name);
        }
        let global = operation.home == Home::UsEast1;
        assert_eq!(global, operation.name.starts_with("route53:"), "{}", operation.name);
    }
}

#[test]
fn operations_are_named_as_the_sdk_names_its_methods() {
    for (operation, name) in [
        ("DescribeDBInstances", "describe_db_instances"),
        ("GetItem", "get_item"),
        ("ChangeResourceRecordSets", "change_resource_record_sets"),
    ] {
        assert_eq!(method(operation), name);
    }
}

/// What a function's `main` writes to be able to call each operation.
const WIRING: &[(&str, &[&str])] = &[
    (".ecs()", &["ecs:DescribeServices", "ecs:UpdateService"]),
    (
        ".global()",
        &["rds:DescribeGlobalClusters", "rds:FailoverGlobalCluster", "rds:SwitchoverGlobalCluster"],
    ),
    (
        ".groups()",
        &[
            "autoscaling:DescribeAutoScalingGroups",
            "autoscaling:ResumeProcesses",
            "autoscaling:SuspendProcesses",
            "autoscaling:UpdateAutoScalingGroup",
        ],
    ),
    (
        ".functions()",
        &[
            "lambda:DeleteFunctionConcurrency",
            "lambda:GetEventSourceMapping",
            "lambda:GetFunctionConcurrency",
            "lambda:PutFunctionConcurrency",
            "lambda:UpdateEventSourceMapping",
        ],
    ),
    (
        ".ingress()",
        &[
            "ec2:AuthorizeSecurityGroupIngress",
            "ec2:DescribeSecurityGroups",
            "ec2:RevokeSecurityGroupIngress",
        ],
    ),
    (".writer_groups()", &["autoscaling:DescribeWarmPool"]),
    (".networks()", &["rds:DescribeDBClusters"]),
    (
        ".instances()",
        &[
            "ec2:DescribeInstanceStatus",
            "ec2:DescribeInstances",
            "ec2:StartInstances",
            "ec2:StopInstances",
        ],
    ),
    (".lease()", &["dynamodb:UpdateItem"]),
    (
        ".metrics()",
        &[
            "cloudwatch:DescribeAlarms",
            "cloudwatch:GetMetricData",
            "cloudwatch:ListAlarmMuteRules",
            "cloudwatch:PutMetricData",
        ],
    ),
    (".rds()", &["rds:DescribeDBInstances", "rds:PromoteReadReplica"]),
    (".authority()", &["route53:GetHostedZone"]),
    (
        ".records()",
        &[
            "route53:ChangeResourceRecordSets",
            "route53:GetChange",
            "route53:GetHostedZone",
            "route53:ListResourceRecordSets",
        ],
    ),
    (".sql()", &["lambda:Invoke"]),
    (".tables()", &["dynamodb:DescribeTable"]),
    (".targets()", &["elasticloadbalancing:DescribeTargetHealth"]),
    ("DynamoTable::new", &["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"]),
    ("SfnExecutions::new", &["states:DescribeExecution", "states:StartExecution"]),
    ("SnsPublisher::new", &["sns:Publish"]),
];

/// Each function and its `main`.
fn mains() -> Vec<(Caller, String)> {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned();
    let folders = [
        (Caller::Detector, "detector"),
        (Caller::DbFailover, "db-failover"),
        (Caller::Restore, "restore"),
        (Caller::DnsFailover, "dns-failover"),
        (Caller::Validator, "validator"),
        (Caller::Notifier, "notifier"),
    ];
    let main = |folder: &str| fs::read_to_string(crates.join(folder).join("src/main.rs")).unwrap();
    folders.map(|(caller, folder)| (caller, main(folder))).to_vec()
}

#[test]
fn a_function_wires_what_it_calls_and_calls_what_it_wires() {
    for (caller, main) in mains() {
        for (mark, operations) in WIRING {
            // It only looks at leases, by `GetItem`, which every function calls.
            if caller == Caller::Detector && *mark == ".lease()" {
                continue;
            }
            // It looks at zones by the records' adapter, and asks their name servers nothing.
            if caller == Caller::Detector && *mark == ".authority()" {
                continue;
            }
            let calls = |name: &&&str| find(name).is_some_and(|o| o.callers.contains(&caller));
            let called: Vec<_> = operations.iter().filter(calls).collect();
            assert_eq!(
                main.contains(mark),
                !called.is_empty(),
                "{caller:?}: its main and the table of operations differ about {mark}: {called:?}"
            );
        }
    }
    let wired: BTreeSet<&str> =
        WIRING.iter().flat_map(|(_, names)| names.iter().copied()).collect();
    let for_operators = BTreeSet::from(["dynamodb:DeleteItem", "sts:GetCallerIdentity"]);
    let listed: BTreeSet<&str> = OPERATIONS.iter().map(|o| o.name).collect();
    assert_eq!(&wired | &for_operators, listed);
}
