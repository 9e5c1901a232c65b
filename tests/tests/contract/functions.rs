//! The template's functions against the crates and the settings that they read.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::sources::{FUNCTIONS, root, text};
use crate::template::{at, functions, read};

/// Every setting there is: constant to variable.
fn settings() -> BTreeMap<String, String> {
    let file = text("crates/lambda/src/settings.rs");
    let read = |line: &str| {
        let (name, value) = line.strip_prefix("pub const ")?.split_once(": &str = \"")?;
        let value = value.strip_suffix("\";")?;
        value.starts_with("LEEWARD_").then(|| (name.to_owned(), value.to_owned()))
    };
    file.lines().filter_map(read).collect()
}

/// What a function does not start without.
fn needed(name: &str) -> BTreeSet<String> {
    let settings = settings();
    let code: String = text(&format!("crates/{name}/src/main.rs")).split_whitespace().collect();
    let (_, list) = code.split_once("Settings::from_process(&[").expect("it reads its settings");
    let (list, _) = list.split_once(']').unwrap();
    let always = ["TABLE", "TABLE_REGION"].into_iter();
    let constants = always.chain(list.split(',').filter(|constant| !constant.is_empty()));
    constants.map(|constant| settings[constant].clone()).collect()
}

fn variables(function: &Value) -> BTreeSet<String> {
    let variables = function["Variables"].as_object().expect("variables");
    variables.keys().cloned().collect()
}

#[test]
fn the_functions_of_the_template_are_the_functions_of_the_workspace() {
    let template = read("template.yaml");
    let deployed: BTreeMap<String, Value> = functions(&template)
        .into_iter()
        .map(|(name, function)| {
            (name, at(&function, &["Metadata", "BuildProperties", "Binary"]).clone())
        })
        .collect();
    let mut known: BTreeMap<String, Value> =
        FUNCTIONS.iter().map(|f| (f.resource.to_owned(), f.name.into())).collect();
    known.insert("DbProbeFunction".to_owned(), "db-probe".into());
    known.insert("ListenerFunction".to_owned(), "detector".into());
    assert_eq!(deployed, known, "template.yaml (left), the functions (right)");
    let edge = functions(&read("edge.yaml"));
    assert_eq!(edge.keys().collect::<Vec<_>>(), ["DbProbeFunction"], "edge.yaml");

    let workspace = text("Cargo.toml");
    for binary in known.values().filter_map(Value::as_str) {
        assert!(workspace.contains(&format!("\"crates/{binary}\"")), "{binary} is no member");
        let manifest = text(&format!("crates/{binary}/Cargo.toml"));
        assert!(manifest.contains(&format!("[[bin]]\nname = \"{binary}\"\n")), "{binary}: no bin");
        assert!(root().join(format!("crates/{binary}/src/main.rs")).is_file(), "{binary}");
    }
    let folders = std::fs::read_dir(root().join("crates")).unwrap();
    let with_main: BTreeSet<String> = folders
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().join("src/main.rs").is_file())
        .map(|entry| entry.file_name().into_string().unwrap())
        .filter(|name| name != "cli")
        .collect();
    let binaries: BTreeSet<String> =
        known.values().filter_map(Value::as_str).map(str::to_owned).collect();
    assert_eq!(with_main, binaries, "binaries of the workspace (left), deployed (right)");
}

#[test]
fn every_function_is_called_by_its_alias() {
    for name in ["template.yaml", "edge.yaml"] {
        for (function, properties) in functions(&read(name)) {
            assert_eq!(properties["AutoPublishAlias"], "live", "{name}: {function}");
        }
    }
}

#[test]
fn a_function_is_told_what_it_needs_and_nothing_unknown() {
    let settings = settings();
    let known: BTreeSet<String> = settings.values().cloned().collect();
    let deployed = functions(&read("template.yaml"));
    for (name, function) in deployed.iter().chain(&functions(&read("edge.yaml"))) {
        let told = match function["Variables"].as_object() {
            Some(_) => variables(function),
            None => BTreeSet::new(),
        };
        let unknown: Vec<_> = told.difference(&known).collect();
        assert!(unknown.is_empty(), "{name} is told {unknown:?}, which nothing reads");
    }
    let listener = ("ListenerFunction", "detector");
    let others = FUNCTIONS.iter().map(|function| (function.resource, function.name));
    for (resource, binary) in others.chain([listener]) {
        let told = variables(&deployed[resource]);
        let missing: Vec<_> =
            needed(binary).into_iter().filter(|name| !told.contains(name)).collect();
        assert!(missing.is_empty(), "{resource} starts not without {missing:?}");
    }
}

#[test]
fn every_setting_is_given_where_it_is_read() {
    let settings = settings();
    let deployed = functions(&read("template.yaml"));
    let detector = variables(&deployed["DetectorFunction"]);
    assert!(detector.contains(&settings["WATCHER_REGION"]), "{detector:?}");
    let edge = functions(&read("edge.yaml"));
    for probe in [&deployed["DbProbeFunction"], &edge["DbProbeFunction"]] {
        assert!(variables(probe).contains(&settings["DATABASE_CA"]), "{probe}");
    }
    let told: BTreeSet<String> = deployed.values().flat_map(variables).collect();
    let mut given = told;
    for name in ["TEST_REQUEST_LIFE", "TEST_LOOPBACK"] {
        let for_tests = &settings[name];
        assert!(given.insert(for_tests.clone()), "{for_tests} is for rehearsals alone");
    }
    assert_eq!(given, settings.values().cloned().collect(), "given (left), read (right)");
}

#[test]
fn the_settings_name_what_the_template_makes() {
    let template = read("template.yaml");
    let resources = &template["Resources"];
    let told = functions(&template)["DetectorFunction"]["Variables"].clone();
    for table in ["StateTable", "StateGlobalTable"] {
        assert_eq!(told["LEEWARD_TABLE"], at(resources, &[table, "Properties"])["TableName"]);
    }
    let machine = at(resources, &["Recovery", "Properties", "Name"]).as_str().expect("a name");
    let arn = told["LEEWARD_STATE_MACHINE_ARN"].as_str().expect("an ARN");
    assert!(arn.ends_with(&format!(":stateMachine:{machine}")), "{arn} is not of {machine}");
    assert_eq!(told["LEEWARD_TOPIC_ARN"], "Topic");
    assert_eq!(resources["Topic"]["Type"], "AWS::SNS::Topic");
}
