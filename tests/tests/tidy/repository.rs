//! What is kept, what is not, and what must not stand in it.

use std::path::PathBuf;
use std::process::Command;

use super::{none, root, short};

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
