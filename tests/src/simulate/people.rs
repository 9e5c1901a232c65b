//! Operators: what `leeward`'s verbs write, as they write it.

use std::sync::Arc;

use leeward_core::contract::Mode;
use leeward_core::ids::{Actor, Direction, Step};
use leeward_core::journal::{Answer, Asked, End, Entry};
use leeward_core::time::{Span, after};
use leeward_detector::Detector;
use leeward_ports::ExecutionState;
use leeward_reconcile::{Appended, Book};
use serde_json::json;

use super::setup::Prepared;

/// A caller whom the example plans let approve.
const OPERATOR: &str = "arn:aws:sts::123456789012:assumed-role/on-call/eve";
/// How often a verb is tried anew when executors write at the same time, as at the terminal.
const ROUNDS_MAX: usize = 8;

/// One word of an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Start(Mode, Direction),
    Pause,
    Stop,
    Approve,
    Decline,
    Waive,
    Resume(Option<Span>),
    Abandon,
    Acknowledge,
}

/// Every verb that comes at random moments.
pub(super) const VERBS: [Verb; 13] = [
    Verb::Approve,
    Verb::Waive,
    Verb::Resume(None),
    Verb::Resume(Some(Span::minutes(20))),
    Verb::Pause,
    Verb::Stop,
    Verb::Decline,
    Verb::Abandon,
    Verb::Acknowledge,
    Verb::Start(Mode::Recover, Direction::ToStandby),
    Verb::Start(Mode::Drill, Direction::ToStandby),
    Verb::Start(Mode::Recover, Direction::ToPrimary),
    Verb::Start(Mode::Drill, Direction::ToPrimary),
];

impl Verb {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Start(Mode::Recover, Direction::ToStandby) => "operator: start",
            Self::Start(Mode::Recover, Direction::ToPrimary) => "operator: start to primary",
            Self::Start(Mode::Drill, _) => "operator: start a drill",
            Self::Pause => "operator: pause",
            Self::Stop => "operator: stop",
            Self::Approve => "operator: approve",
            Self::Decline => "operator: decline",
            Self::Waive => "operator: waive",
            Self::Resume(_) => "operator: resume",
            Self::Abandon => "operator: abandon",
            Self::Acknowledge => "operator: ack",
        }
    }
}

/// What became of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    /// It stands.
    Written,
    /// The rules did not take it.
    Refused(String),
    /// It did not get through.
    Failed(String),
}

/// Says it.
pub(super) async fn say(detector: Arc<Detector>, prepared: Prepared, verb: Verb) -> Said {
    if let Verb::Start(mode, direction) = verb {
        return start(&detector, &prepared, mode, direction).await;
    }
    let desk = detector.desk.in_the_name_of(Actor::new(OPERATOR));
    let workload = &prepared.plan.workload;
    'again: for _ in 0..ROUNDS_MAX {
        let mut book = match desk.latest(workload).await {
            Ok((Some(book), _)) => book,
            Ok((None, _)) => return Said::Refused("there is no generation".to_owned()),
            Err(error) => return Said::Failed(error.to_string()),
        };
        let entries = match entries(&prepared, &book, verb) {
            Ok(entries) => entries,
            Err(why) => return Said::Refused(why),
        };
        for entry in entries {
            match desk.append(&mut book, entry, Some(&prepared.plan)).await {
                Ok(Appended::Yes) => {}
                Ok(Appended::Conflict) => continue 'again,
                Ok(Appended::NotAdmitted(why)) => return Said::Refused(why),
                Err(error) => return Said::Failed(error.to_string()),
            }
        }
        if matches!(verb, Verb::Approve | Verb::Decline | Verb::Resume(_)) {
            next_executor(&detector, &book).await;
        }
        return Said::Written;
    }
    Said::Failed("the journal changed all the time".to_owned())
}

fn entries(prepared: &Prepared, book: &Book, verb: Verb) -> Result<Vec<Entry>, String> {
    let reason = "said in a simulation".to_owned();
    Ok(match verb {
        Verb::Pause => vec![Entry::Paused { reason }],
        Verb::Stop => {
            let in_flight = book.state.unresolved().map(|(id, _)| id.clone()).collect();
            vec![Entry::Stopped { reason, in_flight }]
        }
        Verb::Approve => answer(prepared, book, Answer::Approved)?,
        Verb::Decline => answer(prepared, book, Answer::Declined)?,
        Verb::Waive => {
            let open = prepared
                .plan
                .databases
                .iter()
                .filter(|d| d.single_writer() && !book.state.fenced.contains_key(d.id()));
            open.map(|d| {
                let loss = book.state.losses.get(d.id()).and_then(|(bound, _)| *bound);
                Entry::Waived { database: d.id().clone(), loss, reason: reason.clone() }
            })
            .collect()
        }
        Verb::Resume(time_limit) => vec![Entry::Resumed { reason, time_limit }],
        Verb::Abandon => vec![Entry::Ended { end: End::Abandoned, reason }],
        Verb::Acknowledge => vec![Entry::Acknowledged { reason }],
        Verb::Start(..) => Vec::new(),
    })
}

/// The answer to the question that stands; one whose time is over is asked anew, as at the terminal.
fn answer(prepared: &Prepared, book: &Book, answer: Answer) -> Result<Vec<Entry>, String> {
    let reason = "said in a simulation".to_owned();
    let state = &book.state;
    let Some(last) = state.questions.last() else { return Err("nobody was asked".to_owned()) };
    match &last.answer {
        None => Ok(vec![Entry::Answered { number: last.number, answer, reason }]),
        Some((Answer::TimedOut, _)) => late(prepared, book, last, answer),
        Some(_) => Err("the question has its answer".to_owned()),
    }
}

fn late(
    prepared: &Prepared,
    book: &Book,
    last: &Asked,
    answer: Answer,
) -> Result<Vec<Entry>, String> {
    let reason = "said in a simulation".to_owned();
    let state = &book.state;
    if state.halt.is_none() && !state.resumed_after_question {
        return Err("the time to answer is over, and the plan goes on".to_owned());
    }
    let mut entries = Vec::new();
    if state.halt.is_some() {
        entries.push(Entry::Resumed { reason: reason.clone(), time_limit: None });
    }
    let number = last.number + 1;
    entries.push(Entry::Asked {
        number,
        plan: state.decision.plan_digest.clone(),
        loss: last.loss,
        deadline: after(book.read_at, prepared.plan.policy.approval.timeout),
        question: last.question.clone(),
    });
    entries.push(Entry::Answered { number, answer, reason });
    Ok(entries)
}

/// Starts an executor where none runs.
async fn next_executor(detector: &Detector, book: &Book) {
    if book.state.end.is_some() || book.state.halt.is_some() {
        return;
    }
    if let Some((last, _)) = book.state.executors.last()
        && let Ok(ExecutionState::Running) = detector.executions.state(last.as_str()).await
    {
        return;
    }
    let decision = &book.state.decision;
    let name = format!("{}-g{}-{}", decision.workload, decision.generation, mark(detector));
    let input = json!({
        "leeward": "step", "schema": 1, "workload": decision.workload,
        "generation": decision.generation, "step": Step::Detect, "executor": "leeward-cli",
    });
    // What was written stands, whatever becomes of this.
    let _ = detector.executions.start(&name, &input.to_string()).await;
}

fn mark(detector: &Detector) -> String {
    detector.desk.nonces.draw().as_str().chars().take(12).collect()
}

async fn start(detector: &Detector, prepared: &Prepared, mode: Mode, direction: Direction) -> Said {
    let plan = &prepared.plan;
    let input = json!({
        "leeward": "start", "workload": plan.workload, "plan": plan.plan, "mode": mode,
        "direction": direction, "reason": "said in a simulation", "operator": OPERATOR,
    });
    let name = format!("{}-start-{}", plan.workload, mark(detector));
    match detector.executions.start(&name, &input.to_string()).await {
        Ok(()) => Said::Written,
        Err(error) => Said::Failed(error.to_string()),
    }
}
