//! What each role may do: exactly what its function calls, and what every function needs to run.

use std::collections::BTreeSet;

use leeward_core::ids::{Digest, Generation, PlanId, Seq, WorkloadId};
use leeward_core::index::By;
use leeward_core::table::{Key, WORKLOADS, workload_partition};
use serde_json::Value;

use crate::access::{caller, listed};
use crate::operations::{Caller, find};
use crate::sources::FUNCTIONS;
use crate::template::{actions, at, functions, read, statements};

/// Every function writes its log and is traced.
const RUNNING: [&str; 4] = [
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
];
/// What was accepted and could not be finished is kept.
const DEAD_LETTERS: &str = "sqs:SendMessage";
/// Leeward's own topic is encrypted with a key of its own.
const ENCRYPTED: [&str; 2] = ["kms:Decrypt", "kms:GenerateDataKey"];
/// A function in a VPC has its network interfaces made and taken away.
const IN_A_VPC: [&str; 3] =
    ["ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:DescribeNetworkInterfaces"];

/// The operations of every verb but `run`: table, what `plan put` looks at, the functions that make leases and write
/// words down, the fence numbers that it makes, starts, and who is calling.
const EVERYDAY: [&str; 18] = [
    "autoscaling:DescribeAutoScalingGroups",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:Query",
    "ec2:DescribeInstances",
    "ecs:DescribeServices",
    "elasticloadbalancing:DescribeTargetHealth",
    "lambda:GetEventSourceMapping",
    "lambda:GetFunctionConcurrency",
    "lambda:Invoke",
    "rds:DescribeDBInstances",
    "rds:DescribeGlobalClusters",
    "route53:ChangeResourceRecordSets",
    "route53:GetHostedZone",
    "route53:ListResourceRecordSets",
    "states:DescribeExecution",
    "states:StartExecution",
    "sts:GetCallerIdentity",
];

fn iam(operations: impl IntoIterator<Item = &'static str>) -> BTreeSet<String> {
    let action =
        |name| find(name).unwrap_or_else(|| panic!("{name} is not in the table")).iam_action;
    operations.into_iter().map(|name| action(name).to_owned()).collect()
}

fn role(resource: &str) -> String {
    resource.replace("Function", "Role")
}

fn owned<const N: usize>(names: [&str; N]) -> impl Iterator<Item = String> {
    names.map(str::to_owned).into_iter()
}

#[test]
fn a_role_allows_what_its_function_calls_no_more_and_no_less() {
    let template = read("template.yaml");
    let deployed = functions(&template);
    for function in &FUNCTIONS {
        let operations = listed(caller(function));
        let mut needed = iam(operations.iter().copied());
        needed.extend(owned(RUNNING));
        if operations.contains("sns:Publish") {
            needed.extend(owned(ENCRYPTED));
        }
        if deployed[function.resource]["DeadLetterQueue"].is_object() {
            needed.insert(DEAD_LETTERS.to_owned());
        }
        let allowed = actions(&statements(&template, &role(function.resource)));
        assert_eq!(allowed, needed, "{}: its role (left), its calls (right)", function.name);
    }
}

/// It is the detector without the schedule: the heartbeat belongs to whoever has looked at everything.
#[test]
fn the_listener_may_what_the_detector_may_but_for_the_heartbeat() {
    let template = read("template.yaml");
    let mut needed = actions(&statements(&template, "DetectorRole"));
    assert!(needed.remove("cloudwatch:PutMetricData"));
    assert_eq!(actions(&statements(&template, "ListenerRole")), needed);
    let alike = |role: &str| -> BTreeSet<String> {
        let all = statements(&template, role).into_iter();
        let shared = all.filter(|s| {
            !["Logs", "NoResourceLevelHeartbeat"].contains(&s["Sid"].as_str().unwrap_or(""))
        });
        shared.map(|statement| statement.to_string()).collect()
    };
    assert_eq!(alike("ListenerRole"), alike("DetectorRole"), "on the same resources");
}

#[test]
fn the_probe_may_sign_in_and_nothing_else() {
    for name in ["template.yaml", "edge.yaml"] {
        let template = read(name);
        let mut needed: BTreeSet<String> = owned(RUNNING).chain(owned(IN_A_VPC)).collect();
        needed.insert("rds-db:connect".to_owned());
        assert_eq!(actions(&statements(&template, "DbProbeRole")), needed, "{name}");
    }
}

#[test]
fn an_operator_may_do_every_verb_but_run_and_break_glass_all_that_the_table_holds() {
    let template = read("template.yaml");
    assert_eq!(actions(&statements(&template, "LeewardOperator")), iam(EVERYDAY));
    let all = listed(Caller::Operator);
    assert!(EVERYDAY.iter().all(|name| all.contains(name)));
    let mut needed = iam(all);
    needed.extend(owned(ENCRYPTED));
    assert_eq!(
        actions(&statements(&template, "LeewardBreakGlass")),
        needed,
        "LeewardBreakGlass (left), all that an operator may call (right)"
    );
}

#[test]
fn break_glass_may_do_all_that_the_functions_may_together() {
    let together: BTreeSet<&str> =
        FUNCTIONS.iter().flat_map(|function| listed(caller(function))).collect();
    let operator = listed(Caller::Operator);
    assert!(together.is_subset(&operator), "{:?}", together.difference(&operator));
}

/// The statements of a role that allow an action.
fn allowing(template: &Value, role: &str, action: &str) -> Vec<Value> {
    let all = statements(template, role).into_iter();
    all.filter(|statement| actions(std::slice::from_ref(statement)).contains(action)).collect()
}

#[test]
fn only_who_moves_leases_reaches_their_tables() {
    let template = read("template.yaml");
    for function in &FUNCTIONS {
        let reaches = statements(&template, &role(function.resource)).iter().any(|statement| {
            let resource = statement["Resource"].to_string();
            let lease =
                resource.contains("writer-lease") || resource.contains("WriterLeaseTableArns");
            // Whether a lease would prove anything is seen by a look.
            let looks = BTreeSet::from(["dynamodb:GetItem".to_owned()]);
            lease && actions(std::slice::from_ref(statement)) != looks
        });
        let moves = listed(caller(function)).contains("dynamodb:UpdateItem");
        assert_eq!(reaches, moves, "{}: changes the tables of leases (left)", function.name);
    }
}

/// IAM cannot express "only where none is": whoever may put a lease's item may overwrite its owner.
#[test]
fn an_operator_sees_leases_and_has_them_made_by_the_function_that_moves_them() {
    let template = read("template.yaml");
    for statement in statements(&template, "LeewardOperator") {
        let resource = statement["Resource"].to_string();
        if resource.contains("writer-lease") || resource.contains("WriterLeaseTableArns") {
            let looks = BTreeSet::from(["dynamodb:GetItem".to_owned()]);
            assert_eq!(actions(std::slice::from_ref(&statement)), looks, "{statement}");
        }
    }
    let calls = allowing(&template, "LeewardOperator", "lambda:InvokeFunction");
    let called = calls.iter().map(|statement| statement["Resource"].to_string());
    let called: Vec<String> = called.filter(|resource| !resource.contains("db-probe")).collect();
    let functions = ["\"NotifierFunction.Alias\"", "\"DbFailoverFunction.Alias\""];
    assert_eq!(called, functions, "beside the probe, which is asked");
    assert!(!allowing(&template, "DbFailoverRole", "dynamodb:PutItem").is_empty());
}

/// Whether a pattern of IAM's StringLike with a star at its end, or none, takes a key.
fn takes(pattern: &str, key: &str) -> bool {
    pattern.strip_suffix('*').map_or(key == pattern, |start| key.starts_with(start))
}

/// What a person says is written by the function that verifies who says it.
#[test]
fn an_operator_puts_no_entry_of_a_journal_and_whatever_else_the_verbs_put() {
    let template = read("template.yaml");
    let puts = allowing(&template, "LeewardOperator", "dynamodb:PutItem");
    assert_eq!(puts.len(), 1, "{puts:?}");
    let path = ["Condition", "ForAllValues:StringLike", "dynamodb:LeadingKeys"];
    let patterns = at(&puts[0], &path).as_array().expect("the partitions are named");
    let may = |key: &str| patterns.iter().any(|p| takes(p.as_str().unwrap(), key));

    let (workload, plan) = (WorkloadId::new("orders"), PlanId::new("orders-region"));
    for number in [1, 9, 10, 4711] {
        let journal = Key::journal(&workload, Generation(number), Seq(1)).pk;
        assert!(!may(&journal), "{journal} is a journal");
    }
    let version = Digest::new("ab");
    let put = [
        Key::plan_version(&plan, &version).pk,
        Key::plan_current(&plan).pk,
        Key::plan_listed(&plan).pk,
        By::Workload(workload.clone()).partition(),
        By::Alarm { region: "eu-west-1".into(), name: "down".into() }.partition(),
        By::HealthCheck("abc".into()).partition(),
        WORKLOADS.into(),
        Key::brake().pk,
        Key::switch().pk,
        workload_partition(&workload),
    ];
    for key in &put {
        assert!(may(key), "{key} is put by a verb");
    }
    let used = |pattern: &Value| put.iter().any(|key| takes(pattern.as_str().unwrap(), key));
    assert!(patterns.iter().all(used), "{patterns:?}");
    // On the day on which functions are away: `--by-hand`, and `leeward run`.
    let glass = allowing(&template, "LeewardBreakGlass", "dynamodb:PutItem");
    let state = |s: &&Value| s["Resource"].to_string().contains("-state");
    assert!(glass.iter().filter(state).any(|s| s.get("Condition").is_none()), "{glass:?}");
    assert!(!allowing(&template, "NotifierRole", "dynamodb:PutItem").is_empty());
}

#[test]
fn the_heartbeat_and_the_traffic_metric_cannot_be_taken_for_each_other() {
    let template = read("template.yaml");
    let namespace = |role: &str| -> Vec<Value> {
        let found = allowing(&template, role, "cloudwatch:PutMetricData");
        let path = ["Condition", "StringEquals", "cloudwatch:namespace"];
        found.iter().map(|statement| at(statement, &path).clone()).collect()
    };
    assert_eq!(namespace("DetectorRole"), ["Leeward"]);
    assert_eq!(namespace("DnsFailoverRole"), ["StopMetricNamespace"]);
    assert_eq!(namespace("LeewardBreakGlass"), ["StopMetricNamespace"]);
    let traffic = at(&template, &["Parameters", "StopMetricNamespace", "Default"]);
    assert_ne!(traffic, "Leeward");
}

#[test]
fn who_tells_people_reaches_the_system_topic_and_those_of_plans() {
    let template = read("template.yaml");
    for function in FUNCTIONS.iter().filter(|f| listed(caller(f)).contains("sns:Publish")) {
        let tells = allowing(&template, &role(function.resource), "sns:Publish");
        let topics: Vec<&Value> = tells.iter().map(|statement| &statement["Resource"]).collect();
        assert_eq!(topics, ["Topic", "NotificationTopicArns"], "{}", function.name);
    }
}
