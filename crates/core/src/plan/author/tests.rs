//! Plans as people write them.

use super::*;
use proptest::prelude::*;

const ORDERS: &str = include_str!("../../../../../plans/orders.yaml");
const CATALOG: &str = include_str!("../../../../../plans/catalog.yaml");
const SESSIONS: &str = include_str!("../../../../../plans/sessions.yaml");

fn problems(text: &str) -> Vec<String> {
    parse(text).unwrap_err().iter().map(Problem::to_string).collect()
}

fn changed(from: &str, to: &str) -> String {
    assert!(ORDERS.contains(from), "{from} is not in the plan");
    ORDERS.replacen(from, to, 1)
}

#[test]
fn the_shipped_plans_are_read_and_hold_no_error() {
    for text in [ORDERS, CATALOG, SESSIONS] {
        let plan = read(text).unwrap();
        let json = serde_json::to_string(&plan).unwrap();
        assert_eq!(parse(&json).unwrap(), plan, "JSON says the same");
    }
}

#[test]
fn the_committed_schema_is_that_of_the_types() {
    let committed = include_str!("../../../../../plans/plan.schema.json");
    let made = format!("{:#}\n", schema());
    assert_eq!(committed, made, "make it anew: leeward plan schema > plans/plan.schema.json");
}

#[test]
fn the_one_pattern_of_the_schema_is_that_of_a_length_of_time() {
    fn walk(node: &Value, patterns: &mut Vec<String>) {
        match node {
            Value::Object(object) => {
                if let Some(Value::String(pattern)) = object.get("pattern") {
                    patterns.push(pattern.clone());
                }
                object.values().for_each(|v| walk(v, patterns));
            }
            Value::Array(items) => items.iter().for_each(|v| walk(v, patterns)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let mut patterns = Vec::new();
    walk(&schema(), &mut patterns);
    assert_eq!(patterns, ["^[0-9]+(ms|s|m|h)$"]);
}

#[test]
fn every_problem_is_told_at_once_with_its_path() {
    let text = changed("kind: writer-lease", "kind: writer-leese")
        .replacen("time-limit:", "time-limt:", 1)
        .replacen("quorum: 2", "quorum: two", 1)
        .replacen("enabled: true", "enabled: 1", 1);
    let found = problems(&text);
    for wanted in [
        "databases[0].fences[0].kind: `writer-leese` is no kind of this; expected writer-lease, stop-writer, isolate, waiver",
        "(the plan): `time-limit` is missing",
        "time-limt: is not known here; known are ",
        "detection.quorum: is the text `two`; expected a whole number",
        "enabled: is the number 1; expected true or false",
    ] {
        assert!(found.iter().any(|p| p.starts_with(wanted)), "{wanted}\n{found:#?}");
    }
    assert_eq!(found.len(), 5, "{found:#?}");
}

#[test]
fn a_wrong_value_is_told_in_the_words_of_the_plan() {
    for (from, to, wanted) in [
        (
            "time-limit: 30m",
            "time-limit: 30",
            "time-limit: is the number 30; expected a text; put it in quotes",
        ),
        ("time-limit: 30m", "time-limit: 30 min", "time-limit: `30 min` is no length of time"),
        (
            "time-limit: 30m",
            "time-limit: 99999999999999999999h",
            "time-limit: `99999999999999999999h` is no length of time",
        ),
        (
            "strategy: warm-standby",
            "strategy: lukewarm",
            "strategy: is `lukewarm`; expected backup-restore, pilot-light, warm-standby, active-active",
        ),
        (
            "kind: region-outage",
            "kind: bad-weather",
            "responds-to[0].kind: is `bad-weather`; expected ",
        ),
        ("quorum: 2", "quorum: -1", "detection.quorum: is -1; expected a number from 0 to "),
        (
            "port: 5432",
            "port: 70000",
            "databases[0].probe.side.primary.port: is 70000; expected a number from 0 to 65535",
        ),
        (
            "kind: rds-replica",
            "sort: rds-replica",
            "databases[0]: `kind` is missing; expected one of rds-replica, aurora-global, dynamodb-global",
        ),
    ] {
        let found = problems(&changed(from, to));
        assert!(found.iter().any(|p| p.starts_with(wanted)), "{from} → {to}: {found:#?}");
    }
}

#[test]
fn the_sources_spellings_are_read() {
    let plan = read(&changed("kind: region-outage", "kind: region_failure")).unwrap();
    assert_eq!(plan.responds_to[0].kind, ImpairmentKind::RegionOutage);
}

#[test]
fn what_is_no_document_is_told_as_such() {
    for (text, wanted) in [
        ("", "(the plan): "),
        ("plan: [", "(the plan): is no YAML"),
        ("{\"plan\": ", "(the plan): is no JSON"),
        ("- a\n- b\n", "(the plan): is a list; expected a mapping"),
        ("plan: a\nplan: b\n", "(the plan): is no YAML"),
    ] {
        let found = problems(text);
        assert!(found[0].starts_with(wanted), "{text:?}: {found:?}");
    }
}

#[test]
fn a_key_that_stands_twice_in_json_is_told_with_its_path() {
    let json = serde_json::to_string(&read(ORDERS).unwrap()).unwrap();
    assert!(json.contains(r#""time-limit":"30m""#) && json.contains(r#""port":5432"#), "{json}");
    let twice = json
        .replacen(r#""time-limit":"30m""#, r#""time-limit":"30m","time-limit":"1m""#, 1)
        .replacen(r#""port":5432"#, r#""port":1,"port":5432"#, 1);
    let found = problems(&twice);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].starts_with("time-limit: stands twice"), "{found:?}");
    assert!(found[1].contains(".port: stands twice") && found[1].starts_with("databases[0]."));
}

#[test]
fn a_text_that_is_larger_than_any_plan_is_not_read() {
    let text = format!("{ORDERS}\n# {}", "x".repeat(2 * TEXT_BYTES_MAX));
    let found = problems(&text);
    assert!(found.len() == 1 && found[0].contains("at most 1048576"), "{}", found[0]);
}

#[test]
fn a_cut_or_empty_json_document_is_told() {
    for text in ["{", "{\"plan\": [1,}", "{} {}", "{\"a\": 1e400}"] {
        assert!(problems(text)[0].starts_with("(the plan): is no JSON"), "{text}");
    }
}

#[test]
fn an_error_of_meaning_refuses_the_plan_with_its_path() {
    let found = read(&changed("quorum: 2", "quorum: 9")).unwrap_err();
    assert_eq!(found[0].path, "detection.quorum");
}

proptest! {
    #[test]
    fn any_text_is_answered(text in "\\PC*") {
        let _ = parse(&text);
    }

    #[test]
    fn a_plan_cut_anywhere_is_answered(cut in 0usize..4000) {
        let mut cut = cut.min(ORDERS.len());
        while !ORDERS.is_char_boundary(cut) {
            cut -= 1;
        }
        let _ = parse(&ORDERS[..cut]);
    }
}
