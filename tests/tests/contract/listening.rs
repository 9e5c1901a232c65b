//! What others tell reaches the function that listens, and the schedule and the recovery's own steps have the
//! detector for themselves.

use std::collections::{BTreeMap, BTreeSet};

use leeward_core::evidence::{global_note, hear};
use leeward_core::plan::Plan;
use leeward_core::trigger::{Told, Trigger, read as read_trigger};
use serde_json::{Value, json};

use crate::sources::{root, text};
use crate::template::{at, functions, read};

/// Events that rules deliver, and to whom.
const DELIVERED: [(&str, &str); 12] = [
    ("03-alarm-state-change.json", "ListenerFunction"),
    ("04-composite-alarm.json", "ListenerFunction"),
    ("05-health-check-alarm.json", "ListenerFunction"),
    ("07-health.json", "ListenerFunction"),
    ("08-rds.json", "ListenerFunction"),
    ("11-document-by-bus.json", "ListenerFunction"),
    ("25-execution-status.json", "DetectorFunction"),
    ("27-health-one-instance.json", "ListenerFunction"),
    ("28-health-open-with-end.json", "ListenerFunction"),
    ("29-health-wrong-weekday.json", "ListenerFunction"),
    ("34-rds-writes-not-blocked.json", "ListenerFunction"),
    ("35-rds-global-failover.json", "ListenerFunction"),
];

/// The forwarding rules of edge.yaml, with what each forwards.
const FORWARDED: [(&str, &str); 3] = [
    ("ForwardAlarms", "03-alarm-state-change.json"),
    ("ForwardHealth", "07-health.json"),
    ("ForwardDatabases", "08-rds.json"),
];

fn event(file: &str) -> Value {
    serde_json::from_str(&text(&format!("events/{file}"))).expect("an event is JSON")
}

/// The event with one value put in.
fn with(file: &str, pointer: &str, value: Value) -> Value {
    let mut event = event(file);
    *event.pointer_mut(pointer).unwrap_or_else(|| panic!("{file} has no {pointer}")) = value;
    event
}

/// A text with the template's substitutions made as for the events' own account.
fn filled(text: &str) -> String {
    let known = [
        ("${NamePrefix}", "leeward"),
        ("${AWS::Partition}", "aws"),
        ("${AWS::Region}", "eu-west-1"),
        ("${AWS::AccountId}", "123456789012"),
    ];
    known.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
}

/// EventBridge's rule, as far as the templates use it: every field of the pattern holds one of its values.
fn matches(pattern: &Value, event: &Value) -> bool {
    let Some(fields) = pattern.as_object() else { panic!("no pattern: {pattern}") };
    fields.iter().all(|(name, wanted)| match wanted.as_array() {
        Some(values) => {
            let found = &event[name];
            let found = found.as_array().map_or_else(|| vec![found], |many| many.iter().collect());
            values.iter().any(|value| found.iter().any(|found| is(value, found)))
        }
        None => matches(wanted, &event[name]),
    })
}

fn is(wanted: &Value, found: &Value) -> bool {
    let Some(found) = found.as_str() else { return false };
    match wanted.as_str() {
        Some(text) => filled(text) == found,
        None => {
            let prefix = at(wanted, &["anything-but", "prefix"]).as_str();
            let prefix = prefix.unwrap_or_else(|| panic!("a filter that is not known: {wanted}"));
            !found.starts_with(&filled(prefix))
        }
    }
}

/// The rules of template.yaml by function.
fn rules() -> BTreeMap<String, Vec<Value>> {
    let own = |function: &Value| -> Vec<Value> {
        let events = function["Events"].as_object().into_iter().flatten();
        let rules = events.filter(|(_, event)| event["Type"] == "EventBridgeRule");
        rules.map(|(_, event)| at(event, &["Properties", "Pattern"]).clone()).collect()
    };
    let template = read("template.yaml");
    let mut rules: BTreeMap<String, Vec<Value>> =
        functions(&template).iter().map(|(name, f)| (name.clone(), own(f))).collect();
    // Deployed for these two sources.
    let sources = json!(["example.monitoring", "example.pipeline"]);
    for rule in template["Resources"].as_object().into_iter().flatten().map(|(_, rule)| rule) {
        if rule["Type"] != "AWS::Events::Rule" {
            continue;
        }
        let mut pattern = at(rule, &["Properties", "EventPattern"]).clone();
        assert_eq!(pattern["source"], "DocumentSources", "a rule apart, for its parameter alone");
        pattern["source"] = sources.clone();
        let target = rule.pointer("/Properties/Targets/0/Arn").and_then(Value::as_str);
        let target = target.and_then(|arn| arn.strip_suffix(".Alias")).unwrap_or_default();
        rules.entry(target.to_owned()).or_default().push(pattern);
    }
    rules
}

#[test]
fn a_document_on_the_bus_is_heard_from_named_sources_and_named_publishers_alone() {
    let rules = rules();
    let mut stranger = event("11-document-by-bus.json");
    stranger["source"] = json!("somebody.else");
    assert_eq!(receivers(&rules, &stranger), [""; 0]);
    let template = read("template.yaml");
    let default = at(&template, &["Parameters", "DocumentSources", "Default"]);
    assert_eq!(default, "none.leeward", "nobody is heard unless somebody is named");
    let bus = at(&template, &["Resources", "DocumentsOfNobodyElse", "Properties", "Statement"]);
    assert_eq!((&bus["Effect"], &bus["Action"]), (&json!("Deny"), &json!("events:PutEvents")));
    assert_eq!(
        at(bus, &["Condition", "ArnNotLikeIfExists", "aws:PrincipalArn"]),
        "SignalPublisherArns"
    );
}

#[test]
fn the_listener_takes_no_orders_and_nobody_else_is_told_so() {
    for (name, function) in &functions(&read("template.yaml")) {
        let orders = at(function, &["Environment", "Variables", "LEEWARD_ORDERS"]);
        let refuses = orders.as_str() == Some("no");
        assert_eq!(refuses, name == "ListenerFunction", "{name}: {orders}");
    }
}

/// Everybody to whom rules deliver an event, once for each rule.
fn receivers<'r>(rules: &'r BTreeMap<String, Vec<Value>>, event: &Value) -> Vec<&'r str> {
    let matching = rules.iter().flat_map(|(name, own)| {
        own.iter().filter(|pattern| matches(pattern, event)).map(|_| name.as_str())
    });
    matching.collect()
}

#[test]
fn each_event_of_the_bus_reaches_one_function_once() {
    let rules = rules();
    for (file, function) in DELIVERED {
        assert_eq!(receivers(&rules, &event(file)), [function], "{file}");
    }
    let deployment = json!({"source": "example.pipeline", "detail-type": "Leeward Deployment",
        "detail": event("12-deployment.json")});
    assert_eq!(receivers(&rules, &deployment), ["ListenerFunction"]);
    let abuse = with("07-health.json", "/detail-type", json!("AWS Health Abuse Event"));
    assert_eq!(receivers(&rules, &abuse), ["ListenerFunction"]);
    // Leeward's own alarms and other machines' executions are nobody's.
    let own = with("03-alarm-state-change.json", "/detail/alarmName", json!("leeward-held"));
    assert_eq!(receivers(&rules, &own), Vec::<&str>::new());
    let machine = "arn:aws:states:eu-west-1:123456789012:stateMachine:billing";
    let other = with("25-execution-status.json", "/detail/stateMachineArn", json!(machine));
    assert_eq!(receivers(&rules, &other), Vec::<&str>::new());
    let listed: BTreeSet<&str> = DELIVERED.iter().map(|(file, _)| *file).collect();
    for entry in std::fs::read_dir(root().join("events")).unwrap() {
        let file = entry.unwrap().file_name().into_string().unwrap();
        let by_rule = file.ends_with(".json") && event(&file)["detail-type"].is_string();
        let ticks = file == "01-schedule.json";
        assert_eq!(by_rule && !ticks, listed.contains(file.as_str()), "{file}");
    }
}

#[test]
fn what_is_no_event_of_the_bus_goes_to_the_listener_and_ticks_to_the_detector() {
    let template = read("template.yaml");
    let kinds = |name: &str| -> BTreeSet<String> {
        let all = functions(&template);
        let events = all[name]["Events"].as_object().expect("events").values();
        events.map(|event| event["Type"].as_str().expect("a type").to_owned()).collect()
    };
    assert_eq!(
        kinds("DetectorFunction"),
        ["EventBridgeRule", "Schedule"].map(str::to_owned).into()
    );
    assert_eq!(kinds("ListenerFunction"), ["EventBridgeRule", "SNS"].map(str::to_owned).into());
    let permission = at(&template, &["Resources", "AlarmActions", "Properties"]);
    assert_eq!(permission["FunctionName"], "ListenerFunction.Alias");
    assert_eq!(permission["Principal"], "lambda.alarms.cloudwatch.amazonaws.com");
    assert_eq!(
        at(&template, &["Outputs", "ListenerArn", "Value"]),
        "ListenerFunction.Alias",
        "what alarms are told to point at"
    );
}

#[test]
fn a_storm_takes_no_concurrency_from_a_recovery() {
    let template = read("template.yaml");
    let functions = functions(&template);
    let own = |name: &str| functions[name]["ReservedConcurrentExecutions"].to_string();
    let others = functions.keys().filter(|name| *name != "ListenerFunction");
    for name in others {
        assert_ne!(own(name), own("ListenerFunction"), "{name}");
    }
    let steps = text("statemachine/recovery.asl.json");
    assert!(!steps.contains("ListenerFunction"), "a step of a recovery waits behind alarms");
}

/// The example plan with one voter that listens to RDS for `orders-db` of the primary.
fn listening() -> Plan {
    let plan = crate::plans::examples().remove("orders.yaml").expect("the example");
    let rds = |v: &leeward_core::plan::Voter| matches!(v, leeward_core::plan::Voter::RdsEvent(_));
    assert!(plan.detection.voters.iter().any(rds), "orders.yaml has no voter on RDS events");
    plan
}

#[test]
fn the_rules_deliver_exactly_the_rds_events_that_mean_something() {
    let plan = listening();
    let catalog = crate::plans::examples().remove("catalog.yaml").expect("the example");
    let edge = read("edge.yaml");
    let forward = at(&edge, &["Resources", "ForwardDatabases", "Properties", "EventPattern"]);
    let (rules, mut mean) = (rules(), 0_u32);
    for number in 0..1000 {
        let id = format!("RDS-EVENT-{number:04}");
        let event = with("08-rds.json", "/detail/EventID", json!(id));
        let Ok(Trigger::Told(told)) = read_trigger(&event) else { panic!("{id} is not read") };
        let votes = plan.detection.voters.iter().any(|v| hear(v, &plan, &told).is_some());
        // What is told of a global database is told to people.
        let mut moved = event.clone();
        moved["detail"]["SourceArn"] =
            json!("arn:aws:rds:us-west-2:123456789012:cluster:catalog-west");
        moved["detail"]["SourceIdentifier"] = json!("catalog-west");
        let Ok(Trigger::Told(note)) = read_trigger(&moved) else { panic!("{id} is not read") };
        let Told::Rds(note) = *note else { panic!("{id}") };
        let says = votes || global_note(&catalog, &note).is_some();
        assert_eq!(
            !receivers(&rules, &event).is_empty(),
            says,
            "{id}: delivered (left), means something"
        );
        assert_eq!(matches(forward, &event), says, "{id}: forwarded (left), means something");
        mean += u32::from(says);
    }
    assert!(mean > 20, "only {mean} of all RDS events mean something");
}

#[test]
fn what_is_forwarded_from_other_regions_is_what_is_listened_to() {
    let edge = read("edge.yaml");
    let rules = rules();
    for (rule, file) in FORWARDED {
        let pattern = at(&edge, &["Resources", rule, "Properties", "EventPattern"]);
        assert!(
            rules["ListenerFunction"].contains(pattern),
            "{rule}: no rule of the listener is the same"
        );
        assert!(matches(pattern, &event(file)), "{rule} does not forward {file}");
    }
}
