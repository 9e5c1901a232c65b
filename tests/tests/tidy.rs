//! Style, held by a test: size and head of files, which crate stands on which, leftovers, and what
//! must not stand in the repository. Every table here is the rule itself; a change of it is a decision.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, its helpers too"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Longest Rust source file, tests aside: what a reader holds in mind at once.
const LINES_MAX: usize = 400;

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

/// Words that say that something is not done. Spelled in two parts, so that this file holds none.
const LEFTOVERS: [(&str, &str); 6] = [
    ("TO", "DO"),
    ("FIX", "ME"),
    ("XX", "X:"),
    ("to", "do!("),
    ("unimpl", "emented!("),
    ("db", "g!("),
];

/// What ties a repository to one machine or one mirror of a registry.
const FOREIGN: [(&str, &str); 7] = [
    ("/wo", "rk/"),
    ("/ro", "ot/"),
    ("/ho", "me/"),
    ("/tm", "p/bash_jobs"),
    ("extra-", "index-url"),
    ("--index", "-url"),
    ("registry = \"spar", "se+"),
];

/// Files in which a registry's own host is that file's format and not a tie.
const NAMES_REGISTRIES: [&str; 2] = ["Cargo.lock", "deny.toml"];
const REGISTRIES: [(&str, &str); 4] = [
    ("index.crates", ".io"),
    ("files.python", "hosted.org"),
    ("pypi", ".org"),
    ("registry.npm", "js.org"),
];

/// What must be ignored, and what must not be.
const IGNORED: [&str; 4] = ["target/x", ".venv/x", ".aws-sam/x", "tests/__pycache__/x.pyc"];
const KEPT: [&str; 5] =
    ["Cargo.lock", "plans/x.yaml", "events/x.json", "tests/src/x.rs", "crates/core/src/x.rs"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ stands in the root").to_owned()
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Files below a folder, except what is built.
fn below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        let entries =
            std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
        for entry in entries.map(|e| e.expect("an entry").path()) {
            let name = entry.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if entry.is_dir() && name != "target" && !name.starts_with('.') {
                open.push(entry);
            } else if entry.is_file() {
                files.push(entry);
            }
        }
    }
    files.sort();
    files
}

fn rust_files() -> Vec<PathBuf> {
    let is_rust = |p: &PathBuf| p.extension().is_some_and(|e| e == "rs");
    ["crates", "tests"].iter().flat_map(|f| below(&root().join(f))).filter(is_rust).collect()
}

/// The path from the root, with `/`.
fn short(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).to_string_lossy().replace('\\', "/")
}

/// A test: under `tests/`, or named so beside the code.
fn is_test(path: &str) -> bool {
    path.starts_with("tests/tests/")
        || path.contains("/tests/")
        || path.ends_with("/tests.rs")
        || path.ends_with("_tests.rs")
}

/// What git keeps, or will keep when it is added.
fn tracked() -> Vec<PathBuf> {
    let output = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard", "-z"])
        .current_dir(root())
        .output()
        .expect("git answers");
    assert!(output.status.success(), "git ls-files: {}", String::from_utf8_lossy(&output.stderr));
    let listed = String::from_utf8(output.stdout).expect("names in UTF-8");
    let files = listed.split('\0').filter(|name| !name.is_empty()).map(|name| root().join(name));
    files.filter(|file| file.is_file()).collect()
}

/// Fails with every breach at once.
fn none(rule: &str, breaches: Vec<String>) {
    assert!(breaches.is_empty(), "{rule}:\n  {}", breaches.join("\n  "));
}

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
fn a_file_is_short_and_says_what_it_is_for() {
    let mut breaches = Vec::new();
    for file in rust_files() {
        let (name, text) = (short(&file), read(&file));
        let lines = text.lines().count();
        if lines > LINES_MAX && !is_test(&name) {
            breaches.push(format!("{name} has {lines} lines: split it, one idea a file"));
        }
        if !text.starts_with("//! ") {
            breaches.push(format!("{name} does not begin with what it is for (`//! …`)"));
        }
    }
    none(&format!("at most {LINES_MAX} lines and a head"), breaches);
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
    let pure = ["jiff", "schemars", "serde", "serde-saphyr", "serde_json", "sha2", "thiserror"];
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
fn nothing_is_left_to_be_done_and_nothing_ties_to_one_machine() {
    let mut breaches = Vec::new();
    for file in tracked() {
        let name = short(&file);
        let Ok(text) = std::fs::read_to_string(&file) else { continue };
        for (number, line) in text.lines().enumerate() {
            let mut find = |what: &str, words: &[(&str, &str)]| {
                for (one, other) in words {
                    if line.contains(&format!("{one}{other}")) {
                        breaches.push(format!("{name}:{}: {what}: {}", number + 1, line.trim()));
                    }
                }
            };
            find("left to be done", &LEFTOVERS);
            find("tied to a machine", &FOREIGN);
            if !NAMES_REGISTRIES.contains(&name.as_str()) {
                find("names a registry's host", &REGISTRIES);
            }
        }
    }
    none("tracked files", breaches);
}

#[test]
fn what_is_built_is_ignored_and_what_is_written_is_kept() {
    let ignored = |path: &str| {
        let status = Command::new("git")
            .args(["check-ignore", "--quiet", "--no-index", path])
            .current_dir(root())
            .status();
        status.expect("git answers").success()
    };
    let mut breaches: Vec<String> =
        IGNORED.iter().filter(|p| !ignored(p)).map(|p| format!("{p} is not ignored")).collect();
    breaches.extend(KEPT.iter().filter(|p| ignored(p)).map(|p| format!("{p} is ignored")));
    none(".gitignore", breaches);
}

#[test]
fn a_python_module_says_what_it_is_for() {
    let mut breaches = Vec::new();
    for file in below(&root().join("tests")) {
        let name = short(&file);
        if !name.ends_with(".py") {
            continue;
        }
        let text = read(&file);
        let text = text.trim_start_matches(|c: char| c == '\u{feff}' || c.is_whitespace());
        let head = text.lines().find(|l| !l.starts_with('#')).unwrap_or("");
        if !head.starts_with("\"\"\"") && !text.trim().is_empty() {
            breaches.push(format!("{name} does not begin with a docstring"));
        }
        let lines = text.lines().count();
        if lines > LINES_MAX {
            breaches.push(format!("{name} has {lines} lines: split it, one idea a file"));
        }
    }
    none("Python modules", breaches);
}
