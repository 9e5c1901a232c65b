//! A file is one idea, short, and says what it is for.

use super::{below, is_test, none, read, root, rust_files, short};

/// Longest Rust source file, tests aside: what a reader holds in mind at once.
const LINES_MAX: usize = 400;

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
