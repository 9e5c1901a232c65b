//! The repository's own files, and what stands in them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use leeward_asl::Machine;
use leeward_core::ids::Step;

/// The repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ stands in it").to_owned()
}

/// A file of the repository.
pub fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// The names of the files in a folder of the repository that end so.
pub fn files(folder: &str, end: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(root().join(folder)).unwrap_or_else(|e| panic!("{folder}: {e}"));
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.ends_with(end)).collect()
}

/// The state machine as it is shipped.
pub fn machine() -> Machine {
    leeward_asl::parse(&text("statemachine/recovery.asl.json"))
        .unwrap_or_else(|problems| panic!("recovery.asl.json: {problems:#?}"))
}

/// A function of the recovery.
pub struct Function {
    /// Its folder and its binary.
    pub name: &'static str,
    /// Its resource in template.yaml, and its placeholder in the state machine.
    pub resource: &'static str,
    /// What it is called with.
    pub steps: &'static [Step],
    /// The steps whose effects it undoes.
    pub undoes: &'static [Step],
}

/// Every function that the state machine calls.
pub const FUNCTIONS: [Function; 6] = [
    Function {
        name: "detector",
        resource: "DetectorFunction",
        steps: leeward_detector::STEPS,
        undoes: &[],
    },
    Function {
        name: "db-failover",
        resource: "DbFailoverFunction",
        steps: leeward_db_failover::STEPS,
        undoes: leeward_db_failover::UNDOES,
    },
    Function {
        name: "restore",
        resource: "RestoreFunction",
        steps: leeward_restore::STEPS,
        undoes: leeward_restore::UNDOES,
    },
    Function {
        name: "dns-failover",
        resource: "DnsFailoverFunction",
        steps: leeward_dns_failover::STEPS,
        undoes: leeward_dns_failover::UNDOES,
    },
    Function {
        name: "validator",
        resource: "ValidatorFunction",
        steps: leeward_validator::STEPS,
        undoes: leeward_validator::UNDOES,
    },
    Function {
        name: "notifier",
        resource: "NotifierFunction",
        steps: leeward_notifier::STEPS,
        undoes: &[],
    },
];

/// The variants of an enum, as its file declares them.
pub fn variants(path: &str, name: &str) -> BTreeSet<String> {
    let file = text(path);
    let start = format!("pub enum {name} {{\n");
    let (_, body) = file.split_once(&start).unwrap_or_else(|| panic!("{path} has no enum {name}"));
    let (body, _) = body.split_once("\n}").unwrap();
    let declared = body.lines().filter_map(|line| line.strip_prefix("    "));
    let words = declared.filter(|line| line.starts_with(|c: char| c.is_ascii_uppercase()));
    words.map(|line| leading_word(line).to_owned()).collect()
}

/// The name at the head of a text.
pub fn leading_word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    &text[..end]
}

/// The variants of `Question` or `Change` that a file makes; matching one makes none.
pub fn made(path: &str, of: &str) -> BTreeSet<String> {
    let file = text(path);
    let code = file.split("#[cfg(test)]").next().unwrap_or_default();
    let mut made = BTreeSet::new();
    for (at, _) in code.match_indices(&format!("{of}::")) {
        let after = &code[at + of.len() + 2..];
        let name = leading_word(after);
        let rest = after[name.len()..].trim_start();
        if !name.starts_with(|c: char| c.is_ascii_uppercase()) || !rest.starts_with(['{', '(']) {
            continue;
        }
        let (inside, behind) = bracketed(rest);
        let pattern = inside.contains("..")
            || ["=>", "|", "if "].iter().any(|mark| behind.trim_start().starts_with(mark));
        if !pattern {
            made.insert(name.to_owned());
        }
    }
    made
}

/// What stands in the brackets that a text begins with, and what stands behind them.
fn bracketed(text: &str) -> (&str, &str) {
    let mut depth = 0_u32;
    for (at, c) in text.char_indices() {
        match c {
            '{' | '(' | '[' => depth += 1,
            '}' | ')' | ']' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return (&text[1..at], &text[at + 1..]);
        }
    }
    panic!("brackets that do not end: {text}");
}

#[test]
fn a_variant_is_made_or_matched() {
    let folder = "crates/core/src/steps";
    assert_eq!(made(&format!("{folder}/undo.rs"), "Change"), BTreeSet::new());
    assert_eq!(made(&format!("{folder}/commit.rs"), "Change"), BTreeSet::new());
    let traffic = made(&format!("{folder}/traffic.rs"), "Change");
    assert_eq!(traffic, ["PutMetric".to_owned()].into());
    let records = made(&format!("{folder}/records.rs"), "Change");
    assert_eq!(records, ["ChangeRecords".to_owned()].into());
}
