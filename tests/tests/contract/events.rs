//! `events/`: each file is read as its README says, and is what the state machine makes.

use std::collections::{BTreeMap, BTreeSet};

use leeward_asl::Template;
use leeward_core::contract::{StartRequest, StepInput};
use leeward_core::ids::Step;
use leeward_core::trigger::{self, Trigger};
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
        Trigger::Alarm { alarm, region, source } => format!("{alarm} in {region} by {source}"),
        Trigger::Start(request) => format!("start of {} {:?}", request.plan, request.direction),
        Trigger::Join { workload, generation, .. } => format!("join {workload} {generation}"),
        Trigger::Within { trigger, .. } => format!("within an execution: {}", word(trigger)),
        Trigger::Step(input) => format!("step {} of {}", input.step, input.workload),
        Trigger::ExecutionEnded { name, status } => format!("{name} {status}"),
    }
}

#[test]
fn the_detector_understands_each_of_its_events() {
    let understood = BTreeMap::from([
        ("01-schedule.json", "sweep by schedule"),
        ("02-alarm-action.json", "orders-canary-eu in eu-west-1 by alarm action"),
        ("03-alarm-state-change.json", "orders-canary-west in us-west-2 by EventBridge"),
        ("04-alarm-by-sns.json", "orders-canary-eu in eu-west-1 by SNS"),
        ("05-health.json", "sweep by aws.health"),
        ("06-rds.json", "sweep by aws.rds"),
        ("07-start.json", "start of orders-region ToStandby"),
        ("08-detect.json", "within an execution: start of orders-region ToStandby"),
        ("11-commit.json", "step commit of orders"),
        ("19-execution-status.json", "orders-g1-3f9c0a7d TIMED_OUT"),
    ]);
    let rows = rows();
    let own = rows.iter().filter(|row| row.function == "detector").map(|row| row.file.as_str());
    assert_eq!(own.collect::<Vec<_>>(), understood.keys().copied().collect::<Vec<_>>());
    for (file, expected) in understood {
        let event = event(file);
        let trigger = trigger::read(&event).unwrap_or_else(|e| panic!("{file}: {e}"));
        assert_eq!(word(&trigger), expected, "{file}");
        assert_eq!(trigger::read(&again(&event)).as_ref(), Ok(&trigger), "{file}");
    }
    let start = event("07-start.json");
    let request: StartRequest = serde_json::from_value(start.clone()).expect("a start");
    assert_eq!(serde_json::to_value(request).unwrap(), start, "07-start.json");
    assert_eq!(event("08-detect.json")["trigger"], start, "08 carries 07");
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
    let event = event("20-db-probe.json");
    let request: ProbeRequest = serde_json::from_value(event.clone()).expect("a probe's request");
    assert_eq!(serde_json::to_value(&request).unwrap(), event);
    let databases = &examples()["orders.yaml"].databases;
    let probe = databases.first().and_then(|d| d.probe()).expect("orders has a probe");
    assert_eq!((&request.host, request.port), (&probe.side.standby.host, probe.side.standby.port));
    assert_eq!((&request.database, &request.user), (&probe.database, &probe.user));
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
    for file in ["02-alarm-action.json", "03-alarm-state-change.json", "04-alarm-by-sns.json"] {
        let event = event(file);
        let Ok(Trigger::Alarm { alarm, region, .. }) = trigger::read(&event) else {
            panic!("{file} is no alarm")
        };
        let arn = format!("arn:aws:cloudwatch:{region}:123456789012:alarm:{alarm}");
        assert!(event.to_string().contains(&arn), "{file} is not of {arn}");
        let votes = |v: &leeward_core::plan::Voter| v.alarm == alarm && v.region.as_str() == region;
        assert!(orders.detection.voters.iter().any(votes), "{file}: {alarm} has no vote");
    }
    let start = event("07-start.json");
    assert_eq!(start["workload"], orders.workload.as_str());
    assert_eq!(start["plan"], orders.plan.as_str());
    for row in rows() {
        let event = event(&row.file);
        if is_step(&event) {
            assert_eq!(event["workload"], orders.workload.as_str(), "{}", row.file);
        }
    }
}
