//! `leeward run`: the same file, the same steps, the same journal, without Step Functions.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::{BoxFuture, Either, select};
use leeward_asl::{Call, End, Execution, Failure, Host};
use leeward_core::error::StepError;
use leeward_core::ids::WorkloadId;
use leeward_ports::Nonces;
use serde_json::{Value, json};

use crate::executor::{join_input, mark};
use crate::exit::{Answer, Exit, Trouble};
use crate::history::machine;
use crate::office::{Office, Rest, workload};
use crate::screen::Screen;
use crate::status;

/// One function of the deployment, in this process.
pub type Handler = Arc<dyn Fn(Value) -> BoxFuture<'static, Result<Value, StepError>> + Send + Sync>;

/// The functions by the name that the definition has for each, without `${` and `}`.
pub type Handlers = BTreeMap<&'static str, Handler>;

/// The names that the definition has for its functions.
pub const FUNCTIONS: [&str; 6] = [
    "DetectorFunction",
    "DbFailoverFunction",
    "RestoreFunction",
    "DnsFailoverFunction",
    "ValidatorFunction",
    "NotifierFunction",
];

/// Works on the open generation of a workload to its end.
pub async fn workload_of(
    office: &Office,
    handlers: &Handlers,
    of: &str,
    screen: &mut Screen<'_>,
) -> Result<Answer, Trouble> {
    let workload = workload(of)?;
    let book = office.book(&workload, None).await?;
    let generation = book.state.decision.generation;
    if let Some(end) = &book.state.end {
        return Err(Trouble::refused(format!(
            "generation {generation} of {workload} has ended: {}; there is nothing to work on. `leeward start {workload} --here …` opens the next",
            end.reason
        )));
    }
    if let Some(halt) = &book.state.halt {
        return Err(Trouble::new(
            Exit::NeedsPerson,
            format!(
                "generation {generation} of {workload} is halted: {}. `leeward resume {workload} --reason … --no-start` first",
                halt.reason
            ),
        ));
    }
    execute(office, handlers, &workload, join_input(&workload, generation), screen).await
}

/// Walks the definition with that input.
pub async fn execute(
    office: &Office,
    handlers: &Handlers,
    workload: &WorkloadId,
    input: Value,
    screen: &mut Screen<'_>,
) -> Result<Answer, Trouble> {
    let machine = machine()?;
    let name = format!("{workload}-run-{}", mark(office.desk.nonces.as_ref()));
    let (_, now) = office.desk.plans().await?;
    screen.line(&format!("{name} works on {workload} in this process"));
    let execution = Execution {
        id: name.clone(),
        name: name.clone(),
        start_time: now.to_string(),
        state_machine: "leeward-run".to_owned(),
    };
    let host = Terminal {
        handlers,
        rest: office.rest.as_ref(),
        nonces: office.desk.nonces.as_ref(),
        screen: Mutex::new(screen),
        told: Mutex::new(BTreeMap::new()),
    };
    let end = machine.execute(&execution, input, &host).await;
    ended(office, workload, &name, &end).await
}

/// How it ended, by the journal as well as by the definition.
async fn ended(
    office: &Office,
    workload: &WorkloadId,
    name: &str,
    end: &End,
) -> Result<Answer, Trouble> {
    let (mut exit, word, told) = match end {
        End::Succeeded(_) => (Exit::Well, "ended well".to_owned(), json!(null)),
        End::Failed { error, cause } => {
            let exit = match error.as_str() {
                "NeedsOperator" => Exit::NeedsPerson,
                "Refused" | "GenerationClosed" => Exit::Refused,
                "Throttled" | "Unavailable" => Exit::Unavailable,
                "InvalidInput" => Exit::Invalid,
                _ => Exit::NotAsAsked,
            };
            (
                exit,
                format!("ended with {error}: {cause}"),
                json!({ "error": error, "cause": cause }),
            )
        }
    };
    let mut lines = vec![format!("{name} {word}")];
    let mut journal = json!(null);
    match office.desk.latest(workload).await {
        Ok((Some(book), _)) => {
            let answer = status::answer(office, &book).await?;
            lines.extend(answer.lines);
            journal = answer.json;
            // The definition says how the walk ended, the journal how the recovery stands.
            if exit == Exit::Well {
                exit = answer.exit;
            }
        }
        Ok((None, _)) => {}
        Err(error) => lines.push(format!("how it stands could not be read: {error}")),
    }
    let json = json!({ "schema": 1, "execution": name, "failed": told, "status": journal });
    Answer::of(&json, lines, exit)
}

/// The world of a definition that is walked at a terminal.
struct Terminal<'a, 's> {
    handlers: &'a Handlers,
    rest: &'a dyn Rest,
    nonces: &'a dyn Nonces,
    screen: Mutex<&'a mut Screen<'s>>,
    /// What was last said of each state, so that waiting is told once.
    told: Mutex<BTreeMap<String, String>>,
}

impl Terminal<'_, '_> {
    fn say(&self, state: &str, what: &str) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.insert(state.to_owned(), what.to_owned()).as_deref() != Some(what) {
            let mut screen = self.screen.lock().unwrap_or_else(PoisonError::into_inner);
            screen.line(&format!("  {state:<20} {what}"));
        }
    }
}

/// What a function answered, for people.
fn in_words(answer: &Value) -> String {
    let text = |name: &str| answer.get(name).and_then(Value::as_str).unwrap_or_default();
    format!("{}: {}", text("status"), text("reason"))
}

#[async_trait]
impl Host for Terminal<'_, '_> {
    async fn invoke(&self, call: &Call) -> Result<Value, Failure> {
        let name = call.function.trim_start_matches("${").trim_end_matches('}');
        let Some(handler) = self.handlers.get(name) else {
            return Err(Failure::new(
                "InvalidInput",
                format!("no function {name} in this process"),
            ));
        };
        let work = handler((*call.payload).clone());
        let limit = self.rest.rest(call.timeout);
        let answer = match select(work, limit).await {
            Either::Left((answer, _)) => answer,
            Either::Right(((), _)) => {
                self.say(&call.state, "no answer in time");
                return Err(Failure::timeout(call));
            }
        };
        match answer {
            Ok(answer) => {
                self.say(&call.state, &in_words(&answer));
                Ok(answer)
            }
            Err(error) => {
                self.say(&call.state, &error.to_string());
                let answer =
                    json!({ "errorType": error.name(), "errorMessage": error.to_string() });
                Err(Failure::of_function(&answer))
            }
        }
    }

    async fn wait(&self, _: &str, duration: Duration) {
        self.rest.rest(duration).await;
    }

    fn entered(&self, _: &str, _: &Value) {}

    fn exited(&self, _: &str, _: &Value) {}

    fn jitter(&self, max: Duration) -> Duration {
        let drawn = self.nonces.draw();
        let digits: String =
            drawn.as_str().chars().filter(char::is_ascii_hexdigit).take(8).collect();
        let share = u32::from_str_radix(&digits, 16).unwrap_or(u32::MAX);
        max.mul_f64(f64::from(share) / f64::from(u32::MAX))
    }

    async fn time_limit(&self, limit: Duration) {
        self.rest.rest(limit).await;
    }
}
