//! `approve` and `decline`: the answer to a numbered question.

use leeward_core::ids::Actor;
use leeward_core::journal::{Answer as Said, Asked, Entry, Fate, TurnBackReason};
use leeward_core::plan::Plan;
use leeward_core::time::after;
use leeward_reconcile::Book;

use crate::args::AnswerArgs;
use crate::executor;
use crate::exit::{Answer, Trouble};
use crate::journal::write;
use crate::office::Office;
use crate::verbs::said;

/// Gives the answer, and starts the next executor where none runs.
pub async fn answer(office: &Office, args: &AnswerArgs, answer: Said) -> Result<Answer, Trouble> {
    let entries = |book: &Book, plan: &Plan, by: &Actor| {
        may_answer(plan, by)?;
        entries(book, plan, by, args, answer)
    };
    let book = write(office, &args.on, &entries).await?;
    let next = executor::next(office, &book, args.no_start).await;
    said(&book, next)
}

/// Whether the plan lets that caller decide.
pub fn may_answer(plan: &Plan, by: &Actor) -> Result<(), Trouble> {
    let approval = &plan.policy.approval;
    if approval.may_answer(by.as_str()) {
        return Ok(());
    }
    Err(Trouble::refused(format!(
        "{by} may not decide for plan {}; its approvers are: {}",
        plan.plan,
        approval.approvers.join(", ")
    )))
}

fn entries(
    book: &Book,
    plan: &Plan,
    by: &Actor,
    args: &AnswerArgs,
    answer: Said,
) -> Result<Vec<Entry>, Trouble> {
    let workload = &args.on.workload;
    let reason = args.on.reason.clone();
    if answer == Said::Declined && leads_back(book, by, &reason) {
        return back(book, plan, args.question, by, &reason);
    }
    let Some(last) = book.state.questions.last() else {
        let how = if answer == Said::Declined && book.state.fate == Fate::Open {
            format!(
                "; to give back what it did: `leeward stop {workload} --reason …`, then this again"
            )
        } else {
            String::new()
        };
        return Err(Trouble::refused(format!(
            "nobody was asked anything about generation {} of {workload}{how}",
            book.state.decision.generation
        )));
    };
    meant(book, last, args.question)?;
    match &last.answer {
        None => Ok(vec![Entry::Answered { number: last.number, answer, reason }]),
        Some((Said::TimedOut, _)) => late(book, plan, last, answer, &reason),
        Some((given, by)) => Err(Trouble::refused(format!(
            "question {} has its answer: {given:?} by {by}",
            last.number
        ))),
    }
}

/// Whether a no turns the generation back at once: it is halted before its commit, or was until this very word
/// resumed it. Whatever holds it, a person may say that it shall be given back.
fn leads_back(book: &Book, by: &Actor, reason: &str) -> bool {
    let resumed = book.records.iter().rev().find(|r| matches!(r.entry, Entry::Resumed { .. }));
    let by_this_word = resumed.is_some_and(|r| {
        r.by == *by && matches!(&r.entry, Entry::Resumed { reason: said, .. } if said == reason)
    });
    let halted = book.state.halt.is_some();
    book.state.fate == Fate::Open && book.state.end.is_none() && (halted || by_this_word)
}

/// The entries that turn a halted generation back on a person's word, with the answer to the question that stands.
fn back(
    book: &Book,
    plan: &Plan,
    number: Option<u32>,
    by: &Actor,
    reason: &str,
) -> Result<Vec<Entry>, Trouble> {
    let mut entries = Vec::new();
    let mut resumes = book.state.halt.is_some();
    match book.state.questions.last() {
        Some(last) if last.answer.is_none() => {
            meant(book, last, number)?;
            let (number, reason) = (last.number, reason.to_owned());
            entries.push(Entry::Answered { number, answer: Said::Declined, reason });
        }
        Some(last) if resumes && matches!(last.answer, Some((Said::TimedOut, _))) => {
            meant(book, last, number)?;
            entries = late(book, plan, last, Said::Declined, reason)?;
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
fn meant(book: &Book, last: &Asked, number: Option<u32>) -> Result<(), Trouble> {
    let Some(number) = number.filter(|n| *n != last.number) else { return Ok(()) };
    let named = book.state.questions.iter().find(|q| q.number == number);
    // Asked anew word for word because its time was over: the answer is to the same thing.
    let same = named.is_some_and(|q| {
        matches!(q.answer, Some((Said::TimedOut, _)))
            && (q.loss, &q.question) == (last.loss, &last.question)
    });
    if same {
        return Ok(());
    }
    Err(Trouble::refused(format!(
        "question {number} is not the one that stands; that is number {}: {}",
        last.number, last.question
    )))
}

/// The question's time was over and the generation waits for a person: here is one. It is asked
/// anew, so that the answer stands beside what it is an answer to.
fn late(
    book: &Book,
    plan: &Plan,
    last: &Asked,
    answer: Said,
    reason: &str,
) -> Result<Vec<Entry>, Trouble> {
    let state = &book.state;
    if state.halt.is_none() && !state.resumed_after_question {
        return Err(Trouble::refused(format!(
            "the time to answer question {} was over at {}, and the plan goes on without an answer ({:?})",
            last.number, last.deadline, plan.policy.approval.on_timeout
        )));
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
        deadline: after(book.read_at, plan.policy.approval.timeout),
        question: last.question.clone(),
    });
    entries.push(Entry::Answered { number, answer, reason: reason.to_owned() });
    Ok(entries)
}
