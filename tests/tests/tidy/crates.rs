//! Which crate stands on which, who knows AWS, and what is built.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::{below, is_test, none, read, root, rust_files, short};

/// Which crates of the house a crate may name in `[dependencies]`: design §9.
/// A function meets `leeward-aws` and `leeward-lambda` in its main.rs alone.
const STANDS_ON: [(&str, &[&str]); 15] = [
    ("core", &[]),
    ("asl", &[]),
    ("ports", &["core"]),
    ("reconcile", &["core", "ports"]),
    ("aws", &["core", "ports"]),
    ("lambda", &["core", "ports"]),
    ("detector", &["core", "ports", "reconcile", "aws", "lambda"]),
    ("db-failover", &["core", "ports", "reconcile", "aws", "lambda"]),
    ("restore", &["core", "ports", "reconcile", "aws", "lambda"]),
    ("dns-failover", &["core", "ports", "reconcile", "aws", "lambda"]),
    ("validator", &["core", "ports", "reconcile", "aws", "lambda"]),
    ("notifier", &["core", "ports", "reconcile", "aws", "lambda"]),
    // It speaks SQL and calls no AWS API.
    ("db-probe", &["core", "ports", "lambda"]),
    ("cli", EVERY),
    ("tests", EVERY),
];

const EVERY: &[&str] = &[
    "core",
    "asl",
    "ports",
    "reconcile",
    "aws",
    "lambda",
    "detector",
    "db-failover",
    "restore",
    "dns-failover",
    "validator",
    "notifier",
    "db-probe",
    "cli",
];

/// Crates whose library knows neither AWS nor the Lambda runtime.
const HANDLERS: [&str; 6] =
    ["detector", "db-failover", "restore", "dns-failover", "validator", "notifier"];

/// Files of a handler's crate that wire it: the only ones that meet `leeward_aws` and `leeward_lambda`.
const WIRING: [&str; 1] = ["src/main.rs"];
/// Files of the operator's command that may know AWS.
const CLI_WIRING: [&str; 2] = ["src/main.rs", "src/wiring.rs"];

/// Binaries of the workspace, by crate. A tool that builds every binary as a function finds no others.
const BINARIES: [(&str, &str); 8] = [
    ("detector", "detector"),
    ("db-failover", "db-failover"),
    ("restore", "restore"),
    ("dns-failover", "dns-failover"),
    ("validator", "validator"),
    ("notifier", "notifier"),
    ("db-probe", "db-probe"),
    ("cli", "leeward"),
];

fn folder(package: &str) -> PathBuf {
    if package == "tests" { root().join("tests") } else { root().join("crates").join(package) }
}

/// Crates that a manifest's section names.
fn section(package: &str, heading: &str) -> BTreeSet<String> {
    let manifest = read(&folder(package).join("Cargo.toml"));
    manifest
        .lines()
        .skip_while(|line| line.trim() != heading)
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split(['.', '=', ' ']).next())
        .filter(|name| !name.is_empty() && !name.starts_with('#'))
        .map(str::to_owned)
        .collect()
}

#[test]
fn a_crate_stands_only_on_what_is_below_it() {
    let known: BTreeMap<&str, &[&str]> = STANDS_ON.into_iter().collect();
    let mut breaches = Vec::new();
    for manifest in below(&root()).iter().filter(|p| p.ends_with("Cargo.toml")) {
        let name = short(manifest);
        let package = name.trim_end_matches("/Cargo.toml").trim_start_matches("crates/").to_owned();
        if name == "Cargo.toml" {
            continue;
        }
        let Some(below) = known.get(package.as_str()) else {
            breaches.push(format!("{package} is a crate that the table does not know"));
            continue;
        };
        for dependency in section(&package, "[dependencies]") {
            if let Some(own) = dependency.strip_prefix("leeward-")
                && !below.contains(&own)
            {
                breaches.push(format!("{package} may not stand on {own}"));
            }
        }
    }
    none("core ← ports ← reconcile ← functions; asl on nothing", breaches);
}

#[test]
fn only_the_adapters_know_the_aws_sdk() {
    let mut breaches = Vec::new();
    for (package, _) in STANDS_ON.iter().filter(|(p, _)| *p != "aws") {
        for heading in ["[dependencies]", "[dev-dependencies]", "[build-dependencies]"] {
            for dependency in section(package, heading) {
                // The probe signs a database token locally: credentials and signing, no client.
                let sdk = dependency.starts_with("aws-sdk-") || dependency == "aws-config";
                if sdk {
                    breaches.push(format!("{package} {heading} names {dependency}"));
                }
            }
        }
    }
    for file in rust_files() {
        let name = short(&file);
        if !name.starts_with("crates/aws/") && read(&file).contains(concat!("aws_", "sdk_")) {
            breaches.push(format!("{name} names an SDK crate"));
        }
    }
    none("only crates/aws depends on the SDK", breaches);
}

#[test]
fn only_main_meets_both_aws_and_a_handler() {
    let mut breaches = Vec::new();
    for package in HANDLERS.into_iter().chain(["cli", "reconcile", "core", "ports"]) {
        let allowed: &[&str] = match package {
            "cli" => &CLI_WIRING,
            "reconcile" | "core" | "ports" => &[],
            _ => &WIRING,
        };
        for file in below(&folder(package).join("src")) {
            let name = short(&file);
            if allowed.iter().any(|a| name.ends_with(&format!("{package}/{a}"))) {
                continue;
            }
            let text = read(&file);
            for house in ["leeward_aws", "leeward_lambda"] {
                if text.contains(house) {
                    breaches.push(format!("{name} names {house}: only its wiring may"));
                }
            }
        }
    }
    none("a handler knows ports, not adapters", breaches);
}

#[test]
fn the_core_does_no_io_and_knows_no_runtime() {
    let pure = [
        "jiff",
        "schemars",
        "serde",
        "serde-saphyr",
        "serde_json",
        "sha2",
        "smol_str",
        "thiserror",
    ];
    let breaches: Vec<String> = section("core", "[dependencies]")
        .into_iter()
        .filter(|d| !pure.contains(&d.as_str()))
        .map(|d| format!("core stands on {d}"))
        .collect();
    none("the core thinks, and nothing else", breaches);
    let words = [
        "async fn",
        "std::fs",
        "std::process",
        "std::thread",
        "tokio",
        "Instant",
        "TcpStream",
        "UdpSocket",
        "ToSocketAddrs",
        "Timestamp::now",
    ];
    let mut breaches = Vec::new();
    for file in below(&folder("core").join("src")) {
        let (name, text) = (short(&file), read(&file));
        if is_test(&name) {
            continue;
        }
        let code = text.lines().filter(|l| !l.trim_start().starts_with("//"));
        for line in code {
            breaches.extend(
                words.iter().filter(|w| line.contains(**w)).map(|w| format!("{name}: {w}: {line}")),
            );
        }
    }
    none("no async, no IO, no clock in the core", breaches);
}

#[test]
fn there_are_no_stray_binaries() {
    let mut found = BTreeSet::new();
    for (package, _) in STANDS_ON {
        let manifest = read(&folder(package).join("Cargo.toml"));
        let named: Vec<&str> = manifest
            .split("[[bin]]")
            .skip(1)
            .filter_map(|bin| bin.lines().find_map(|l| l.trim().strip_prefix("name = ")))
            .map(|name| name.trim_matches('"'))
            .collect();
        let implied = folder(package).join("src/main.rs").is_file() && named.is_empty();
        found.extend(named.into_iter().map(|bin| (package, bin.to_owned())));
        if implied {
            found.insert((package, format!("leeward-{package}")));
        }
        assert!(!folder(package).join("src/bin").exists(), "{package}/src/bin is a stray binary");
    }
    let wanted: BTreeSet<(&str, String)> =
        BINARIES.into_iter().map(|(p, b)| (p, b.to_owned())).collect();
    assert_eq!(found, wanted, "binaries by crate");
}

#[test]
fn every_crate_is_a_member_and_takes_the_lints_of_the_house() {
    let workspace = read(&root().join("Cargo.toml"));
    let mut breaches = Vec::new();
    for (package, _) in STANDS_ON {
        let path = short(&folder(package));
        if !workspace.contains(&format!("\"{path}\"")) {
            breaches.push(format!("{path} is no member"));
        }
        let manifest = read(&folder(package).join("Cargo.toml"));
        if !manifest.contains("[lints]\nworkspace = true") {
            breaches.push(format!("{path} does not take the lints"));
        }
        if !manifest.contains(&format!("name = \"leeward-{package}\"")) {
            breaches.push(format!("{path} is not named leeward-{package}"));
        }
    }
    none("members", breaches);
}

#[test]
fn versions_stand_in_one_place() {
    let mut breaches = Vec::new();
    for (package, _) in STANDS_ON {
        let manifest = read(&folder(package).join("Cargo.toml"));
        let dependencies = manifest.lines().skip_while(|l| !l.contains("dependencies]"));
        for line in dependencies.filter(|l| l.contains('=') && !l.trim_start().starts_with('#')) {
            if line.contains("version") || line.contains("= \"") || line.contains("git =") {
                breaches.push(format!("{package}: {line}: the root names versions"));
            }
        }
    }
    none("dependencies are the workspace's", breaches);
}

#[test]
fn a_planted_mistake_is_in_nothing_that_is_shipped() {
    // The feature's definition in the core, and its one user: the tests' own feature, off by default.
    let allowed = [
        ("core", "planted = []"),
        ("tests", "planted = [\"leeward-core/planted\"]"),
        ("tests", "name = \"planted\""),
        ("tests", "required-features = [\"planted\"]"),
    ];
    let mut breaches = Vec::new();
    for (package, _) in STANDS_ON {
        let manifest = read(&folder(package).join("Cargo.toml"));
        for line in manifest.lines().map(str::trim).filter(|l| !l.starts_with('#')) {
            if line.contains("planted") && !allowed.contains(&(package, line)) {
                breaches.push(format!("{package}: {line}"));
            }
        }
    }
    for file in ["template.yaml", "edge.yaml", "samconfig.toml", "tests/package.sh"] {
        if read(&root().join(file)).contains("planted") {
            breaches.push(format!("{file} speaks of planted mistakes"));
        }
    }
    none("planted mistakes are for the tests alone", breaches);
}
