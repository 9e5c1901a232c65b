//! Schedules that once broke an invariant: kept by their vectors, replayed at each run.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::outcome::{Outcome, replay};
use super::pace::Pace;
use super::setup::Setup;

/// One kept schedule.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    /// What it once showed, in a few words.
    pub name: String,
    /// The plan, by the beginning of its prepared name; empty: any.
    pub plan: String,
    /// Its decisions.
    pub vector: Vec<u32>,
    /// How fast it goes.
    pub pace: Pace,
}

/// Where they are kept.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

/// Every kept schedule, by file name.
pub fn corpus() -> Vec<Kept> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder())
        .map(|entries| entries.filter_map(|e| e.ok().map(|e| e.path())).collect())
        .unwrap_or_default();
    files.sort();
    files.iter().filter_map(|file| read(file)).collect()
}

fn read(file: &Path) -> Option<Kept> {
    let value: Value = serde_json::from_str(&std::fs::read_to_string(file).ok()?).ok()?;
    let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let vector = value.get("vector").and_then(Value::as_array)?;
    let vector = vector.iter().filter_map(|v| u32::try_from(v.as_u64()?).ok()).collect();
    let pace = value.get("pace").and_then(Value::as_u64).map(Pace::of).unwrap_or_default();
    Some(Kept { name: text("name")?, plan: text("plan")?, vector, pace })
}

/// Keeps a failing run.
pub fn keep(failed: &Outcome) -> std::io::Result<PathBuf> {
    let broken = failed.violations.first();
    let invariant = broken.map_or("none", |v| v.invariant);
    let seed = failed.seed.map_or("vector".to_owned(), |s| s.to_string());
    let name = broken.map_or(String::new(), |v| format!("{}: {}", v.invariant, v.detail));
    let file = folder().join(format!("{invariant}-{seed}.json"));
    std::fs::create_dir_all(folder())?;
    let pace = failed.pace.seed();
    let kept = json!({"name": name, "plan": failed.plan, "pace": pace, "vector": failed.vector});
    std::fs::write(&file, format!("{kept}\n"))?;
    Ok(file)
}

impl Kept {
    /// Runs it again.
    pub fn again(&self, setup: &Setup) -> Outcome {
        replay(setup, &self.vector, self.pace)
    }
}
