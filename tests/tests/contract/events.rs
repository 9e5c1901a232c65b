//! `events/`: each file is read as its README says, and is what the state machine makes.

use std::collections::{BTreeMap, BTreeSet};

use leeward_asl::Template;
use leeward_core::contract::{StartRequest, StepInput};
use leeward_core::evidence::{Heard, Vote, global_note, hear};
use leeward_core::ids::Step;
use leeward_core::plan::Voter;
use leeward_core::trigger::{
    self, Deployment, Document, HealthEvent, RdsDetail, RdsNotice, Told, Trigger,
};
use leeward_ports::probe_wire::ProbeRequest;
use serde_json::Value;

use crate::machine;
use crate::plans::examples;
use crate::sources::{self, FUNCTIONS, Function, files, text};

/// One row of the README.
struct Row {
    file: String,
    function: String,
    what: String,
}

fn rows() -> Vec<Row> {
    let readme = text("events/README.md");
    let rows = readme.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| `")?.split(" | ");
        let file = cells.next()?.trim_end_matches('`').to_owned();
        let function = cells.next()?.to_owned();
        let what = cells.next()?.trim_end_matches(" |").to_owned();
        Some(Row { file, function, what })
    });
    rows.collect()
}

fn event(file: &str) -> Value {
    serde_json::from_str(&text(&format!("events/{file}"))).unwrap_or_else(|e| panic!("{file}: {e}"))
}

fn named(name: &str) -> &'static Function {
    FUNCTIONS.iter().find(|f| f.name == name).unwrap_or_else(|| panic!("no function {name}"))
}

/// The same once more over the wire.
fn again(value: &Value) -> Value {
    serde_json::from_str(&value.to_string()).expect("its own text")
}

fn is_step(event: &Value) -> bool {
    event["leeward"] == "step"
}

#[test]
fn the_readme_lists_every_event_in_order() {
    let listed: Vec<String> = rows().into_iter().map(|row| row.file).collect();
    let present: Vec<String> = files("events", ".json").into_iter().collect();
    assert_eq!(listed, present, "events/README.md (left), events/ (right)");
    for (number, file) in (1..).zip(&present) {
        assert!(file.starts_with(&format!("{number:02}-")), "{file} is out of order");
    }
}

/// What a trigger is, in a word.
fn word(trigger: &Trigger) -> String {
    match trigger {
        Trigger::Sweep { source } => format!("sweep by {source}"),
        Trigger::Alarm { alarm, region, health_check, at, source } => {
            let check = health_check.as_ref().map_or(String::new(), |id| format!(" of {id}"));
            let at = at.map_or("at some time".to_owned(), |at| at.to_string());
            format!("{alarm}{check} in {region} by {source} at {at}")
        }
        Trigger::Told(told) => match told.as_ref() {
            Told::Health(event) => format!(
                "health {} {} {:?}, delivered to {}",
                event.detail.event_type_code,
                event.detail.status_code.as_deref().unwrap_or("?"),
                event.detail.event_region,
                event.region
            ),
            Told::Rds(event) => format!("{} of {} at {}", event.event, event.source, event.at),
            Told::Document(document) => {
                format!("document of {} at {}", document.workload, document.time)
            }
            Told::Deployment(deployment) => format!("deployment of {}", deployment.what),
        },
        Trigger::Start(request) => format!("start of {} {:?}", request.plan, request.direction),
        Trigger::Join { workload, generation, .. } => format!("join {workload} {generation}"),
        Trigger::Within { trigger, .. } => format!("within an execution: {}", word(trigger)),
        Trigger::Step(input) => format!("step {} of {}", input.step, input.workload),
        Trigger::ExecutionEnded { name, status } => format!("{name} {status}"),
        Trigger::Several(records) => format!("{} records", records.len()),
    }
}

/// What the detector makes of each of its events.
const UNDERSTOOD: &[(&str, &str)] = &[
    ("01-schedule.json", "sweep by schedule"),
    (
        "02-alarm-action.json",
        "orders-canary-eu in eu-west-1 by alarm action at 2026-11-21T09:14:02.421Z",
    ),
    (
        "03-alarm-state-change.json",
        "orders-canary-west in us-west-2 by EventBridge at 2026-11-21T09:14:02.421Z",
    ),
    (
        "04-composite-alarm.json",
        "orders-canary-west in us-west-2 by EventBridge at 2026-11-21T09:14:04.301Z",
    ),
    (
        "05-health-check-alarm.json",
        "orders-health-check of abcdef11-2222-3333-4444-555555fedcba in us-east-1 by EventBridge at 2026-11-21T09:14:30.871Z",
    ),
    ("06-alarm-by-sns.json", "orders-canary-eu in eu-west-1 by SNS at 2026-11-21T09:14:02.421Z"),
    (
        "07-health.json",
        "health AWS_EC2_OPERATIONAL_ISSUE open Some(\"us-east-1\"), delivered to us-west-2",
    ),
    ("08-rds.json", "RDS-EVENT-0031 of orders-db at 2026-11-21T09:13:02.774Z"),
    ("09-rds-by-sns.json", "RDS-EVENT-0031 of orders-db at 2026-11-21T09:13:02.774Z"),
    ("10-document.json", "document of orders at 2026-11-21T09:14:10Z"),
    ("11-document-by-bus.json", "document of orders at 2026-11-21T09:14:10Z"),
    ("12-deployment.json", "deployment of orders-api 2.14.0"),
    ("13-start.json", "start of orders-region ToStandby"),
    ("14-detect.json", "within an execution: start of orders-region ToStandby"),
    ("17-commit.json", "step commit of orders"),
    ("25-execution-status.json", "orders-g1-3f9c0a7d TIMED_OUT"),
    (
        "27-health-one-instance.json",
        "health AWS_EC2_INSTANCE_STORE_DRIVE_PERFORMANCE_DEGRADED open Some(\"us-east-1\"), delivered to us-west-2",
    ),
    (
        "28-health-open-with-end.json",
        "health AWS_EC2_OPERATIONAL_ISSUE open Some(\"us-east-1\"), delivered to us-west-2",
    ),
    (
        "29-health-wrong-weekday.json",
        "health AWS_EC2_OPERATIONAL_ISSUE open Some(\"us-east-1\"), delivered to us-west-2",
    ),
    ("30-rds-by-sns-without-arn.json", "RDS-EVENT-0004 of orders-db at 2026-11-21T09:13:02.774Z"),
    (
        "31-alarm-by-sns-without-arn.json",
        "orders-canary-eu in eu-west-1 by SNS at 2026-11-21T09:14:02.421Z",
    ),
    (
        "32-alarm-by-sns-and-sqs.json",
        "orders-canary-eu in eu-west-1 by SNS at 2026-11-21T09:14:02.421Z",
    ),
    (
        "33-alarm-by-raw-sqs.json",
        "orders-canary-eu in eu-west-1 by SNS at 2026-11-21T09:14:02.421Z",
    ),
    (
        "34-rds-writes-not-blocked.json",
        "RDS-EVENT-0391 of catalog-west-1 at 2026-11-21T09:13:02.774Z",
    ),
    ("35-rds-global-failover.json", "RDS-EVENT-0238 of catalog-west at 2026-11-21T09:13:02.774Z"),
];

#[test]
fn the_detector_understands_each_of_its_events() {
    let understood: BTreeMap<&str, &str> = UNDERSTOOD.iter().copied().collect();
    let rows = rows();
    let own = rows.iter().filter(|row| row.function == "detector").map(|row| row.file.as_str());
    assert_eq!(own.collect::<Vec<_>>(), understood.keys().copied().collect::<Vec<_>>());
    for (file, expected) in understood {
        let event = event(file);
        let trigger = trigger::read(&event).unwrap_or_else(|e| panic!("{file}: {e}"));
        assert_eq!(word(&trigger), expected, "{file}");
        assert_eq!(trigger::read(&again(&event)).as_ref(), Ok(&trigger), "{file}");
    }
    let start = event("13-start.json");
    let request: StartRequest = serde_json::from_value(start.clone()).expect("a start");
    assert_eq!(serde_json::to_value(request).unwrap(), start, "13-start.json");
    assert_eq!(event("14-detect.json")["trigger"], start, "14 carries 13");
}

#[test]
fn each_step_event_is_read_by_the_function_that_does_it() {
    for row in rows() {
        let event = event(&row.file);
        if !is_step(&event) {
            continue;
        }
        let own = named(&row.function).steps;
        let input = StepInput::read(&event, own).unwrap_or_else(|e| panic!("{}: {e}", row.file));
        let written = serde_json::to_value(&input).unwrap();
        assert_eq!(written, event, "{}", row.file);
        assert_eq!(StepInput::read(&again(&written), own), Ok(input), "{}", row.file);
    }
}

#[test]
fn the_probe_reads_its_event() {
    let event = event("26-db-probe.json");
    let request: ProbeRequest = serde_json::from_value(event.clone()).expect("a probe's request");
    assert_eq!(serde_json::to_value(&request).unwrap(), event);
    let databases = &examples()["orders.yaml"].databases;
    let probe = databases.first().and_then(|d| d.probe()).expect("orders has a probe");
    let place = &probe.side.standby;
    assert_eq!((request.host.as_str(), request.port), (place.host.as_str(), place.port));
    assert_eq!(request.database.as_str(), probe.database.as_str());
    assert_eq!(request.user.as_str(), probe.user.as_str());
}

/// Fields with what is given, `None` where it is taken from the execution.
fn shape(template: &Template) -> BTreeMap<String, Option<Value>> {
    let Template::Object(fields) = template else { panic!("a Payload that is no object") };
    let value = |field: &Template| match field {
        Template::Literal(value) => Some(value.clone()),
        Template::Path(_) | Template::Array(_) | Template::Object(_) => None,
    };
    fields.iter().map(|(name, field)| (name.clone(), value(field))).collect()
}

#[test]
fn each_step_event_is_what_its_state_makes() {
    let machine = sources::machine();
    let mut covered = BTreeSet::new();
    for row in rows() {
        let event = event(&row.file);
        if !is_step(&event) && event["leeward"] != "detect" {
            continue;
        }
        let name = row.what.split('`').nth(1).unwrap_or_else(|| panic!("{}: no state", row.file));
        let task = machine.state(name).and_then(|state| state.task());
        let task = task.unwrap_or_else(|| panic!("{}: {name} is no Task", row.file));
        covered.insert(name.to_owned());
        assert_eq!(machine::function(task).name, row.function, "{}: {name}", row.file);
        let shape = shape(&task.payload);
        let fields = event.as_object().expect("an object");
        let names: BTreeSet<&String> = fields.keys().collect();
        assert_eq!(names, shape.keys().collect(), "{}: event (left), {name} (right)", row.file);
        for (field, given) in &shape {
            if let Some(given) = given {
                assert_eq!(&event[field], given, "{}: {field}", row.file);
            }
        }
        if is_step(&event) {
            let step: Step = serde_json::from_value(event["step"].clone()).expect("a step");
            assert_eq!(machine::step(task), step, "{}", row.file);
        }
    }
    let tasks: BTreeSet<String> =
        machine.tasks().into_iter().map(|(state, _)| state.name.clone()).collect();
    assert_eq!(covered, tasks, "states with an event (left), Tasks (right)");
}

#[test]
fn the_events_speak_of_the_orders_plan() {
    let plans = examples();
    let orders = &plans["orders.yaml"];
    for file in [
        "02-alarm-action.json",
        "03-alarm-state-change.json",
        "04-composite-alarm.json",
        "06-alarm-by-sns.json",
    ] {
        let event = event(file);
        let Ok(Trigger::Alarm { alarm, region, .. }) = trigger::read(&event) else {
            panic!("{file} is no alarm")
        };
        let arn = format!("arn:aws:cloudwatch:{region}:123456789012:alarm:{alarm}");
        assert!(event.to_string().contains(&arn), "{file} is not of {arn}");
        let votes = |v: &Voter| matches!(v, Voter::Alarm(v) if v.alarm == alarm && v.region.as_str() == region);
        assert!(orders.detection.voters.iter().any(votes), "{file}: {alarm} has no vote");
    }
    let start = event("13-start.json");
    assert_eq!(start["workload"], orders.workload.as_str());
    assert_eq!(start["plan"], orders.plan.as_str());
    for row in rows() {
        let event = event(&row.file);
        if is_step(&event) {
            assert_eq!(event["workload"], orders.workload.as_str(), "{}", row.file);
        }
    }
}

/// Whether everything in `part` stands in `whole`, at the same place.
fn within(part: &Value, whole: &Value) -> bool {
    match (part, whole) {
        (Value::Object(part), Value::Object(whole)) => {
            part.iter().all(|(name, value)| whole.get(name).is_some_and(|w| within(value, w)))
        }
        (Value::Array(part), Value::Array(whole)) => {
            part.len() == whole.len() && part.iter().zip(whole).all(|(p, w)| within(p, w))
        }
        _ => part == whole,
    }
}

/// What is read of an event is written again as it stood there.
fn written_again<T>(value: &Value)
where
    T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug,
{
    let read: T = serde_json::from_value(value.clone()).expect("the shape");
    let written = serde_json::to_value(&read).unwrap();
    assert!(within(&written, value), "written {written}, read from {value}");
    assert_eq!(serde_json::from_value::<T>(written).unwrap(), read);
}

#[test]
fn what_is_told_is_written_as_it_was_read() {
    written_again::<HealthEvent>(&event("07-health.json"));
    for file in [
        "27-health-one-instance.json",
        "28-health-open-with-end.json",
        "29-health-wrong-weekday.json",
    ] {
        written_again::<HealthEvent>(&event(file));
    }
    for file in ["08-rds.json", "34-rds-writes-not-blocked.json", "35-rds-global-failover.json"] {
        written_again::<RdsDetail>(&event(file)["detail"]);
    }
    for file in ["09-rds-by-sns.json", "30-rds-by-sns-without-arn.json"] {
        let wrapped = event(file);
        let message = wrapped["Records"][0]["Sns"]["Message"].as_str().expect("a message");
        written_again::<RdsNotice>(&serde_json::from_str(message).expect("JSON in it"));
    }
    written_again::<Document>(&event("10-document.json"));
    written_again::<Document>(&event("11-document-by-bus.json")["detail"]);
    written_again::<Deployment>(&event("12-deployment.json"));
}

#[test]
fn an_issue_of_an_instance_that_no_plan_names_is_nobodys_vote() {
    let Ok(Trigger::Told(told)) = trigger::read(&event("27-health-one-instance.json")) else {
        panic!("it is not read")
    };
    for (name, plan) in examples() {
        let heard = plan.detection.voters.iter().find_map(|v| hear(v, &plan, &told));
        assert_eq!(heard, None, "{name}");
    }
}

#[test]
fn a_move_of_a_global_database_is_told_of_the_plan_that_has_it_alone() {
    for (file, words) in [
        ("34-rds-writes-not-blocked.json", "OLD SIDE MAY STILL WRITE"),
        ("35-rds-global-failover.json", "moved by somebody else"),
    ] {
        let Ok(Trigger::Told(told)) = trigger::read(&event(file)) else { panic!("{file}") };
        let Told::Rds(event) = *told else { panic!("{file}") };
        for (name, plan) in examples() {
            let note = global_note(&plan, &event);
            let reason = note.map(|n| n.needed.reason).unwrap_or_default();
            assert_eq!(reason.contains(words), name == "catalog.yaml", "{file}, {name}: {reason}");
        }
    }
}

#[test]
fn each_telling_is_a_vote_of_its_voter_in_the_orders_plan() {
    let plans = examples();
    let orders = &plans["orders.yaml"];
    for (file, voter, once) in [
        ("07-health.json", "aws-health", false),
        ("08-rds.json", "db-events", true),
        ("09-rds-by-sns.json", "db-events", true),
        ("10-document.json", "apm", false),
        ("11-document-by-bus.json", "apm", false),
        ("28-health-open-with-end.json", "aws-health", false),
        ("29-health-wrong-weekday.json", "aws-health", false),
        ("30-rds-by-sns-without-arn.json", "db-events", true),
    ] {
        let Ok(Trigger::Told(told)) = trigger::read(&event(file)) else { panic!("{file}") };
        let heard: Vec<(&str, Heard)> = orders
            .detection
            .voters
            .iter()
            .filter_map(|v| Some((v.id().as_str(), hear(v, orders, &told)?)))
            .collect();
        let [(who, Heard { reading, .. })] = heard.as_slice() else { panic!("{file}: {heard:?}") };
        assert_eq!((*who, reading.vote, reading.once), (voter, Vote::Unhealthy, once), "{file}");
    }
}
