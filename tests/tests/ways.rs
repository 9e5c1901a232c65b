//! Every way through the shipped state machine, as `tests/template/ways.json` has it: the same table is
//! executed by moto's interpreter in `tests/template/test_machine.py`. Same answers of the functions in,
//! same states in the same order, same end.
#![expect(clippy::expect_used, reason = "helpers of tests fail their test")]

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use leeward_asl::{Call, End, Execution, Failure, Host};
use leeward_ports::fake::{FakeClock, block_on};
use leeward_tests::rig::machine;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const TABLE: &str = include_str!("../template/ways.json");
/// Fewest ways: the table is not to be emptied by accident.
const FEWEST: usize = 30;

/// One way.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Way {
    name: String,
    /// Answers of each step in turn, the last one for ever; `!` begins an error's name.
    script: BTreeMap<String, Vec<String>>,
    /// States in the order in which they are entered, by branch: the branches run side by side, so only
    /// the order within each is told.
    states: BTreeMap<String, Vec<String>>,
    /// Error of the end; `None`: it succeeds.
    error: Option<String>,
    /// What comes out at the end of a success, without causes: their text is the service's own.
    output: Option<Value>,
}

/// Functions that answer as scripted, at once.
struct Scripted {
    script: BTreeMap<String, Vec<String>>,
    workload: String,
    turns: Mutex<BTreeMap<String, usize>>,
    entered: Mutex<BTreeMap<String, Vec<String>>>,
}

fn branch(state: &str) -> &'static str {
    match state {
        _ if state.starts_with("FenceDatabases") => "fence",
        _ if state.starts_with("PrepareCapacity") => "capacity",
        _ => "top",
    }
}

#[async_trait]
impl Host for Scripted {
    async fn invoke(&self, call: &Call) -> Result<Value, Failure> {
        let step = match (call.payload["leeward"].as_str(), call.payload["step"].as_str()) {
            (Some("detect"), _) => "detect".to_owned(),
            (_, Some("undo")) if call.function == "${RestoreFunction}" => {
                "undo by restore".to_owned()
            }
            (_, Some("undo")) => "undo by db-failover".to_owned(),
            (_, step) => step.unwrap_or_default().to_owned(),
        };
        let straight = match step.as_str() {
            "detect" => "go",
            "commit" => "commit",
            _ => "done",
        };
        let mut turns = self.turns.lock().expect("whole");
        let turn = turns.entry(step.clone()).or_default();
        let answers = self.script.get(&step);
        let answer =
            answers.map_or(straight, |answers| &answers[(*turn).min(answers.len() - 1)]).to_owned();
        *turn += 1;
        if let Some(error) = answer.strip_prefix('!') {
            let answer = json!({"errorType": error, "errorMessage": "as scripted"});
            return Err(Failure::of_function(&answer));
        }
        Ok(if step == "detect" {
            let generation = (answer == "go").then_some(1);
            json!({
                "schema": 1, "status": answer, "workload": self.workload,
                "generation": generation, "reason": "as scripted",
            })
        } else {
            json!({"schema": 1, "status": answer, "after_seconds": 1, "reason": "as scripted"})
        })
    }

    async fn wait(&self, _: &str, _: Duration) {}

    fn entered(&self, state: &str, _: &Value) {
        let mut entered = self.entered.lock().expect("whole");
        entered.entry(branch(state).to_owned()).or_default().push(state.to_owned());
    }

    fn exited(&self, _: &str, _: &Value) {}

    fn jitter(&self, _: Duration) -> Duration {
        Duration::ZERO
    }
}

/// Without causes.
fn bare(mut value: Value) -> Value {
    if let Some(fields) = value.as_object_mut() {
        fields.remove("Cause");
        fields.values_mut().for_each(|field| *field = bare(field.take()));
    }
    value
}

/// The way as our own interpreter goes it.
fn gone(way: &Way) -> Way {
    let host = Scripted {
        script: way.script.clone(),
        workload: way.name.clone(),
        turns: Mutex::default(),
        entered: Mutex::default(),
    };
    let execution = Execution {
        id: "arn:aws:states:eu-west-1:123456789012:execution:recovery:way".to_owned(),
        name: "way".to_owned(),
        start_time: "2026-01-05T12:00:00Z".to_owned(),
        state_machine: "arn:aws:states:eu-west-1:123456789012:stateMachine:recovery".to_owned(),
    };
    let input = json!({"leeward": "start", "workload": way.name});
    let machine = machine();
    let end = block_on(&FakeClock::default(), machine.execute(&execution, input, &host));
    let (error, output) = match end.expect("it ends") {
        End::Succeeded(output) => (None, Some(bare(output))),
        End::Failed { error, .. } => (Some(error), None),
    };
    let states = host.entered.into_inner().expect("whole");
    Way { states, error, output, ..way.clone() }
}

#[test]
fn every_way_is_gone_as_the_table_has_it() {
    let table: Vec<Way> = serde_json::from_str(TABLE).expect("a table of ways");
    assert!(table.len() >= FEWEST, "only {} ways", table.len());
    let found: Vec<Way> = table.iter().map(gone).collect();
    // The whole table as it would have to be: what changed on purpose is pasted, and moto judges it.
    assert_eq!(found, table, "{}", serde_json::to_string(&found).expect("a table"));
}

#[test]
fn every_state_is_on_some_way() {
    let table: Vec<Way> = serde_json::from_str(TABLE).expect("a table of ways");
    let on_the_way: Vec<&String> = table.iter().flat_map(|w| w.states.values().flatten()).collect();
    let machine = machine();
    let missed: Vec<&str> = machine
        .states()
        .into_iter()
        .map(|state| state.name.as_str())
        .filter(|name| !on_the_way.iter().any(|known| known == name))
        .collect();
    assert!(missed.is_empty(), "no way leads through {missed:?}");
}
