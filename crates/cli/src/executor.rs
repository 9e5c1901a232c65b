//! The next executor of a generation that a person set going again, and starts by hand.

use leeward_core::contract::{SCHEMA, StartMark, StartRequest};
use leeward_core::ids::{Generation, Step, WorkloadId};
use leeward_ports::{ExecutionState, Nonces};
use leeward_reconcile::Book;
use serde_json::{Value, json};

use crate::args::StartArgs;
use crate::exit::{Answer, Exit, Trouble};
use crate::journal::reason;
use crate::office::{Office, workload};

/// Letters of a mark in an execution's name: 48 bits, and the name stays within 80 characters.
const MARK_LENGTH: usize = 12;

/// What became of the next executor.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Next {
    /// Name of the execution that was started.
    pub started: Option<String>,
    /// What the person should know.
    pub notes: Vec<String>,
}

impl Next {
    /// No executor is needed.
    pub fn none() -> Self {
        Self::default()
    }

    fn note(text: impl Into<String>) -> Self {
        Self { started: None, notes: vec![text.into()] }
    }
}

/// A mark that fits into a name.
pub fn mark(nonces: &dyn Nonces) -> String {
    let nonce = nonces.draw();
    nonce.as_str().chars().filter(char::is_ascii_alphanumeric).take(MARK_LENGTH).collect()
}

/// What the first state is given to join a generation.
pub fn join_input(workload: &WorkloadId, generation: Generation) -> Value {
    json!({
        "leeward": "step", "schema": SCHEMA, "workload": workload, "generation": generation,
        "step": Step::Detect, "executor": "leeward-cli",
    })
}

/// Starts an executor where none runs. What was written stands, whatever becomes of this.
pub async fn next(office: &Office, book: &Book, no_start: bool) -> Next {
    let decision = &book.state.decision;
    let (workload, generation) = (&decision.workload, decision.generation);
    if book.state.end.is_some() {
        return Next::none();
    }
    if let Some(halt) = &book.state.halt {
        return Next::note(format!(
            "it is halted: {}. `leeward resume {workload}` goes on",
            halt.reason
        ));
    }
    if no_start {
        return Next::note(format!("not started: the sweeper will, or `leeward run {workload}`"));
    }
    let Some(executions) = &office.executions else {
        return Next::note(format!(
            "no --state-machine was named: the sweeper starts the next executor, or `leeward run {workload}` is one"
        ));
    };
    if let Some((last, _)) = book.state.executors.last()
        && let Ok(ExecutionState::Running) = executions.state(last.as_str()).await
    {
        return Next::note(format!("its executor runs: {last}"));
    }
    let name = format!("{workload}-g{generation}-{}", mark(office.desk.nonces.as_ref()));
    let input = join_input(workload, generation).to_string();
    match executions.start(&name, &input).await {
        Ok(()) => Next { started: Some(name), notes: Vec::new() },
        Err(error) => Next::note(format!(
            "the entry stands, but no executor was started: {error}. The sweeper tries again, or `leeward run {workload}` works on it here"
        )),
    }
}

/// A start by hand, as it goes to the detector.
pub async fn request(office: &Office, args: &StartArgs) -> Result<StartRequest, Trouble> {
    reason(&args.reason)?;
    let workload = workload(&args.workload)?;
    let plans = office.plans_of(&workload, args.plan.as_deref()).await?;
    let [plan] = plans.as_slice() else {
        let names: Vec<String> = plans.iter().map(|p| p.plan.plan.to_string()).collect();
        return Err(Trouble::invalid(format!(
            "{workload} has {} plans; say which by --plan: {}",
            plans.len(),
            names.join(", ")
        )));
    };
    Ok(StartRequest {
        leeward: StartMark::Start,
        workload,
        plan: plan.plan.plan.clone(),
        mode: args.mode.into(),
        direction: args.direction.into(),
        again: args.again,
        reason: args.reason.clone(),
        operator: Some(office.desk.actor.to_string()),
    })
}

/// `leeward start`: the same path as every other trigger.
pub async fn start(office: &Office, args: &StartArgs) -> Result<Answer, Trouble> {
    let request = request(office, args).await?;
    let Some(executions) = &office.executions else {
        return Err(Trouble::invalid(
            "no state machine was named: give --state-machine (or LEEWARD_STATE_MACHINE_ARN), or carry it out in this process with --here",
        ));
    };
    let workload = &request.workload;
    let name = format!("{workload}-start-{}", mark(office.desk.nonces.as_ref()));
    let input = serde_json::to_string(&request)
        .map_err(|e| Trouble::invalid(format!("the start cannot be written: {e}")))?;
    executions.start(&name, &input).await.map_err(|error| {
        Trouble::unavailable(format!(
            "{error}. Nothing was started; when Step Functions is away, `leeward start {workload} --here …` carries it out in this process"
        ))
    })?;
    let json = json!({
        "schema": 1, "workload": workload, "plan": request.plan, "direction": request.direction,
        "mode": request.mode, "by": request.operator, "started": name,
        "next": [format!("leeward status {workload} --watch")],
    });
    let lines = vec![
        format!("asked for: {workload} {} by plan {}, as {name}", request.direction, request.plan),
        format!("whether a rule refuses it, and how it goes: leeward status {workload} --watch"),
    ];
    Answer::of(&json, lines, Exit::Well)
}
