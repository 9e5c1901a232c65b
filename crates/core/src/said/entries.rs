//! Which entries a word becomes. The rules of the journal judge them besides, as every entry.

use crate::ids::{Actor, EntryId};
use crate::journal::{Answer, Asked, End, Entry, Fate, State, TurnBackReason, may_waive};
use crate::plan::{Database, Plan};
use crate::time::{Span, Timestamp, after, since};

use super::Word;

/// Why a word becomes no entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// A rule says no.
    Rule(String),
    /// What it names is not there.
    NotThere(String),
}

/// How long after a resumption a no still turns it back.
const MOMENT: Span = Span::seconds(60);

fn no<T>(why: impl Into<String>) -> Result<T, Refused> {
    Err(Refused::Rule(why.into()))
}

/// The entries of a word, in order; the last is the word itself. Every word is one of these: what executors and
/// sweeps write is none, and cannot be asked for.
pub fn entries(
    (word, reason): (&Word, &str),
    (state, plan): (&State, &Plan),
    by: &Actor,
    at: Timestamp,
) -> Result<Vec<Entry>, Refused> {
    let reason = reason.to_owned();
    match word {
        Word::Approve { question } => {
            answer((state, plan), (Answer::Approved, *question), by, (at, reason))
        }
        Word::Decline { question } => {
            answer((state, plan), (Answer::Declined, *question), by, (at, reason))
        }
        Word::Waive { database } => waive(state, plan, database, by, reason),
        Word::Pause => Ok(vec![Entry::Paused { reason }]),
        Word::Stop => {
            let in_flight = state.unresolved().map(|(id, _)| id.clone()).collect();
            Ok(vec![Entry::Stopped { reason, in_flight }])
        }
        Word::Resume { time_limit } => Ok(vec![Entry::Resumed { reason, time_limit: *time_limit }]),
        Word::Abandon => Ok(vec![Entry::Ended { end: End::Abandoned, reason }]),
        Word::Ack => Ok(vec![Entry::Acknowledged { reason }]),
    }
}

/// Whether an entry leaves what people speak of as it was: behind any other, a word that was meant before it is not
/// carried out. What executors do in between hinders nobody: they write several entries a second.
pub fn speaks_of_the_same(entry: &Entry) -> bool {
    match entry {
        Entry::Joined { .. }
        | Entry::Assessed { .. }
        | Entry::Intent { .. }
        | Entry::Replied { .. }
        | Entry::Outcome { .. }
        | Entry::Fenced { .. }
        | Entry::WriterVerified { .. }
        | Entry::StepDone { .. }
        | Entry::Pass { .. }
        | Entry::OldSideFenced { .. }
        | Entry::SeenAtHome { .. }
        | Entry::OneWriter { .. }
        | Entry::Noted { .. } => true,
        Entry::Opened(_)
        | Entry::Asked { .. }
        | Entry::Answered { .. }
        | Entry::Waived { .. }
        | Entry::LossBound { .. }
        | Entry::Committed { .. }
        | Entry::TurnedBack { .. }
        | Entry::Held { .. }
        | Entry::Paused { .. }
        | Entry::Stopped { .. }
        | Entry::Resumed { .. }
        | Entry::Ended { .. }
        | Entry::Acknowledged { .. }
        | Entry::Closed { .. } => false,
    }
}

/// Whether the plan lets that caller decide.
fn may_answer(plan: &Plan, by: &Actor) -> Result<(), Refused> {
    let approval = &plan.policy.approval;
    if approval.may_answer(by.as_str()) {
        return Ok(());
    }
    no(format!(
        "{by} may not decide for plan {}; its approvers are: {}",
        plan.plan,
        approval.approvers.join(", ")
    ))
}

fn answer(
    (state, plan): (&State, &Plan),
    (answer, question): (Answer, Option<u32>),
    by: &Actor,
    (at, reason): (Timestamp, String),
) -> Result<Vec<Entry>, Refused> {
    may_answer(plan, by)?;
    let decision = &state.decision;
    if answer == Answer::Declined && leads_back(state, at) {
        return back((state, plan), question, by, (at, &reason));
    }
    let Some(last) = state.questions.last() else {
        let how = if answer == Answer::Declined && state.fate == Fate::Open {
            format!(
                "; to give back what it did: `leeward stop {} --reason …`, then this again",
                decision.workload
            )
        } else {
            String::new()
        };
        return no(format!(
            "nobody was asked anything about generation {} of {}{how}",
            decision.generation, decision.workload
        ));
    };
    meant(state, last, question)?;
    match &last.answer {
        None => Ok(vec![Entry::Answered { number: last.number, answer, reason }]),
        Some((Answer::TimedOut, _)) => late((state, plan), last, answer, (at, &reason)),
        Some((given, by)) => {
            no(format!("question {} has its answer: {given:?} by {by}", last.number))
        }
    }
}

/// Whether a no turns the generation back at once: it is halted before its commit, or was until a moment ago, as this
/// very word resumes it first and may be written in two goes. Whatever holds it, a person may say that it shall be
/// given back.
fn leads_back(state: &State, at: Timestamp) -> bool {
    let resumed = state.resumed.is_some_and(|(_, resumed)| since(resumed, at) <= MOMENT);
    state.fate == Fate::Open && state.end.is_none() && (state.halt.is_some() || resumed)
}

/// The entries that turn a halted generation back on a person's word, with the answer to the question that stands.
fn back(
    (state, plan): (&State, &Plan),
    number: Option<u32>,
    by: &Actor,
    (at, reason): (Timestamp, &str),
) -> Result<Vec<Entry>, Refused> {
    let mut entries = Vec::new();
    let mut resumes = state.halt.is_some();
    match state.questions.last() {
        Some(last) if last.answer.is_none() => {
            meant(state, last, number)?;
            let (number, reason) = (last.number, reason.to_owned());
            entries.push(Entry::Answered { number, answer: Answer::Declined, reason });
        }
        Some(last) if resumes && matches!(last.answer, Some((Answer::TimedOut, _))) => {
            meant(state, last, number)?;
            entries = late((state, plan), last, Answer::Declined, (at, reason))?;
            resumes = false;
        }
        Some(_) | None => {}
    }
    if resumes {
        entries.push(Entry::Resumed { reason: reason.to_owned(), time_limit: None });
    }
    entries.push(Entry::turned_back(TurnBackReason::Declined, format!("{by}: {reason}")));
    Ok(entries)
}

/// Whether the number that was given is that of the question that stands.
fn meant(state: &State, last: &Asked, number: Option<u32>) -> Result<(), Refused> {
    let Some(number) = number.filter(|n| *n != last.number) else { return Ok(()) };
    let named = state.questions.iter().find(|q| q.number == number);
    // Asked anew word for word because its time was over: the answer is to the same thing.
    let same = named.is_some_and(|q| {
        matches!(q.answer, Some((Answer::TimedOut, _)))
            && (q.loss, &q.question) == (last.loss, &last.question)
    });
    if same {
        return Ok(());
    }
    no(format!(
        "question {number} is not the one that stands; that is number {}: {}",
        last.number, last.question
    ))
}

/// The question's time was over and the generation waits for a person: here is one. It is asked
/// anew, so that the answer stands beside what it is an answer to.
fn late(
    (state, plan): (&State, &Plan),
    last: &Asked,
    answer: Answer,
    (at, reason): (Timestamp, &str),
) -> Result<Vec<Entry>, Refused> {
    if state.halt.is_none() && !state.resumed_after_question {
        return no(format!(
            "the time to answer question {} was over at {}, and the plan goes on without an answer ({:?})",
            last.number, last.deadline, plan.policy.approval.on_timeout
        ));
    }
    let mut entries = Vec::new();
    if state.halt.is_some() {
        entries.push(Entry::Resumed { reason: reason.to_owned(), time_limit: None });
    }
    let number = last.number + 1;
    entries.push(Entry::Asked {
        number,
        plan: state.decision.plan_digest.clone(),
        loss: last.loss,
        deadline: after(at, plan.policy.approval.timeout),
        question: last.question.clone(),
    });
    entries.push(Entry::Answered { number, answer, reason: reason.to_owned() });
    Ok(entries)
}

fn waive(
    state: &State,
    plan: &Plan,
    database: &EntryId,
    by: &Actor,
    reason: String,
) -> Result<Vec<Entry>, Refused> {
    may_answer(plan, by)?;
    let single = plan.databases.iter().filter(|d| d.single_writer()).map(Database::id);
    let single: Vec<&EntryId> = single.collect();
    if !single.contains(&database) {
        let single: Vec<&str> = single.iter().map(|id| id.as_str()).collect();
        return Err(Refused::NotThere(format!(
            "plan {} has no database `{database}` that only one side may write; it has: {}",
            plan.plan,
            single.join(", ")
        )));
    }
    may_waive(state, plan, database).or_else(|why| no(why.to_string()))?;
    // The risk is bound to the loss that is known at this moment.
    let loss = state.losses.get(database).and_then(|(bound, _)| *bound);
    Ok(vec![Entry::Waived { database: database.clone(), loss, reason }])
}
