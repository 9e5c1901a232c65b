//! One invocation of a step: as many rounds of look, ask, write, send as bring it further now.

use std::sync::Arc;

use futures_util::future::join_all;
use leeward_core::contract::{Status, StepInput, StepOutput};
use leeward_core::deploying::foreign;
use leeward_core::error::StepError;
use leeward_core::ids::{Digest, Step};
use leeward_core::journal::{Entry, Reply, chain};
use leeward_core::plan::Plan;
use leeward_core::planted::{self, Bug};
use leeward_core::steps::{self, Gate, Move, Situation};
use leeward_core::table::Key;
use leeward_core::telling::waits_for_people;
use leeward_core::world::{Change, ChangeErrorKind, Question, Seen};
use leeward_ports::{Condition, Frozen, Item};

use crate::{Appended, Book, Desk, deliver, table_error};

/// Most rounds of one invocation: enough for fence, proof, bound and question in a row, and far
/// within the function's time-out.
const ROUNDS_MAX: usize = 12;

/// Wait of a paused generation between two looks, in seconds: long, as a person has to come.
const PAUSED_POLL_SECONDS: u64 = 30;

/// One invocation.
#[derive(Debug, Clone, Copy)]
pub struct StepRun<'a> {
    /// What came in.
    pub input: &'a StepInput,
    /// Steps whose effects this function may undo.
    pub undoes: &'a [Step],
}

enum Round {
    Again,
    Answer(StepOutput),
}

/// Brings the step as far as it will go now.
pub async fn run(desk: &Desk, run: StepRun<'_>) -> Result<StepOutput, StepError> {
    let mut plan: Option<(Digest, Arc<Plan>)> = None;
    for _ in 0..ROUNDS_MAX {
        let generation = run.input.generation.ok_or_else(|| {
            StepError::InvalidInput(format!("step {} needs a generation", run.input.step))
        })?;
        let mut book = desk.open_book(&run.input.workload, generation).await?;
        if let Some(why) = foreign(&book.state, desk.protocol) {
            return Err(StepError::Refused(why));
        }
        if book.state.end.is_none() && join(desk, run, &mut book).await? == Appended::Conflict {
            continue;
        }
        match steps::gate(run.input.step, &book.state) {
            Gate::Through => {}
            Gate::Answered(status, reason) => {
                let after = if status == Status::Waiting { PAUSED_POLL_SECONDS } else { 0 };
                return Ok(StepOutput::new(status, after, &reason));
            }
            Gate::Refused(reason) => return Err(StepError::Refused(reason)),
            Gate::Closed(reason) => {
                return Err(StepError::GenerationClosed {
                    workload: run.input.workload.to_string(),
                    generation,
                    reason,
                });
            }
        }
        let decision = &book.state.decision;
        if plan.as_ref().is_none_or(|(digest, _)| *digest != decision.plan_digest) {
            let mut read = desk.plan_version(&decision.plan, &decision.plan_digest).await?;
            if planted::is(Bug::PlanInForce) {
                let (plans, _) = desk.plans().await?;
                let newest = plans.into_iter().map(|p| p.plan).find(|p| p.plan == decision.plan);
                read = newest.unwrap_or(read);
            }
            plan = Some((decision.plan_digest.clone(), read));
        }
        let Some((_, plan)) = &plan else { continue };
        if let Round::Answer(output) = Box::pin(round(desk, run, &mut book, plan)).await? {
            return Ok(output);
        }
    }
    Ok(StepOutput::new(Status::Waiting, 1, "it goes on; this invocation has done its share"))
}

async fn join(desk: &Desk, run: StepRun<'_>, book: &mut Book) -> Result<Appended, StepError> {
    let executor = &run.input.executor;
    if book.state.executors.iter().any(|(known, _)| known == executor) {
        return Ok(Appended::Yes);
    }
    desk.append(book, Entry::Joined { executor: executor.clone() }, None).await
}

async fn round(
    desk: &Desk,
    run: StepRun<'_>,
    book: &mut Book,
    plan: &Plan,
) -> Result<Round, StepError> {
    let step = run.input.step;
    let facts = if needs_facts(step) {
        let (facts, at) = desk.facts(&plan.workload).await?;
        book.read_at = book.read_at.max(at);
        facts
    } else {
        Arc::default()
    };
    let mark = desk.nonces.draw();
    let next = {
        let situation = Situation {
            plan,
            state: &book.state,
            signals: &facts.signals,
            standby: facts.standby_by(book.state.decision.direction, plan),
            peaks: &facts.peaks,
            now: book.read_at,
            limits: &desk.limits,
            mark: mark.as_str(),
            undoes: run.undoes,
        };
        let seen = look(desk, steps::questions(step, &situation)).await;
        let next = steps::decide(step, &situation, &seen);
        if !next.acts() {
            let (status, wait, reason) = next.answer(&desk.limits, situation.age());
            return Ok(Round::Answer(StepOutput::new(status, wait.as_seconds_up(), &reason)));
        }
        next
    };
    Box::pin(act(desk, book, plan, next)).await?;
    Ok(Round::Again)
}

/// Steps that weigh evidence or size capacity.
fn needs_facts(step: Step) -> bool {
    match step {
        Step::Fence | Step::Capacity | Step::Commit | Step::Restore | Step::Undo => true,
        Step::Database | Step::Traffic | Step::Validate | Step::Detect | Step::Notify => false,
    }
}

/// Looks at everything side by side; what others read back is written first, and sessions are counted last.
pub async fn look(desk: &Desk, mut questions: Vec<Question>) -> Seen {
    if let [question] = &questions[..] {
        let answer = desk.outside.look(question).await;
        return Seen::of(questions, vec![answer]);
    }
    questions.sort_by_key(|question| (!question.first(), question.last()));
    let (first, rest) = questions.split_at(questions.partition_point(Question::first));
    let (middle, last) = rest.split_at(rest.partition_point(|question| !question.last()));
    let mut answers = Vec::with_capacity(questions.len());
    for together in [first, middle, last] {
        answers.extend(join_all(together.iter().map(|q| desk.outside.look(q))).await);
    }
    Seen::of(questions, answers)
}

/// Puts entries on record, then intents, then sends what stands on record, side by side.
async fn act(desk: &Desk, book: &mut Book, plan: &Plan, next: Move) -> Result<(), StepError> {
    for body in &next.evidence_items {
        store_evidence(desk, book, body).await?;
    }
    let asks = next.records.iter().any(waits_for_people);
    for entry in next.records {
        match desk.append(book, entry, Some(plan)).await? {
            Appended::Yes => {}
            Appended::Conflict => return Ok(()),
            Appended::NotAdmitted(why) => return Err(StepError::Refused(why)),
        }
    }
    let mut on_record = Vec::new();
    for entry in next.sends {
        let Entry::Intent { effect, change, .. } = &entry else { continue };
        let (effect, change): (_, Change) = (effect.clone(), (**change).clone());
        if planted::is(Bug::EffectBeforeIntent) {
            let _ = desk.outside.change(&change, Frozen(book.read_at)).await;
        }
        let appended = desk.append(book, entry, Some(plan)).await;
        if appended.is_err() && planted::is(Bug::EffectWithoutJournal) {
            let _ = desk.outside.change(&change, Frozen(book.read_at)).await;
        }
        match appended? {
            Appended::Yes if planted::is(Bug::EffectBeforeIntent) => {}
            Appended::Yes => {
                let Some(record) = book.records.last() else { continue };
                on_record.push((effect, change, record.seq, Frozen(record.at)));
            }
            // What stands on record is sent all the same: the next reader counts on it.
            Appended::Conflict => break,
            Appended::NotAdmitted(why) => {
                tracing::warn!(%effect, %why, "an intent was not admitted");
                break;
            }
        }
    }
    if planted::is(Bug::OutcomeFirst) {
        for (effect, ..) in &on_record {
            let evidence = "about to be sent".to_owned();
            let entry = Entry::Outcome { effect: effect.clone(), applied: true, evidence };
            desk.append(book, entry, None).await?;
        }
    }
    let sent = join_all(on_record.into_iter().map(|(effect, change, seq, frozen)| async move {
        tracing::info!(%effect, %change, "sending");
        let mut answer = desk.outside.change(&change, frozen).await;
        if planted::is(Bug::SentAgainUnseen) && answer.is_err() {
            answer = desk.outside.change(&change, frozen).await;
        }
        (effect, seq, answer)
    }))
    .await;
    for (effect, intent, answer) in sent {
        let reply = match answer {
            Ok(receipt) => Reply::Accepted(receipt),
            Err(error) if error.kind == ChangeErrorKind::Lost => {
                tracing::warn!(%effect, %error, "the answer was lost");
                continue;
            }
            Err(error) => Reply::Refused(error),
        };
        // Another executor may have written meanwhile: the reply is a fact and goes in at the end.
        replied(desk, book, Entry::Replied { effect, intent, reply }).await?;
    }
    if asks {
        tell(desk, plan, book).await;
    }
    Ok(())
}

/// Tells people what waits for them. What does not leave now is owed: the sweep sends it.
async fn tell(desk: &Desk, plan: &Plan, book: &Book) {
    let Some(teller) = &desk.teller else { return };
    let topic = teller.system_topic.as_deref();
    match deliver(desk, teller.publisher.as_ref(), topic, Some(plan), book).await {
        Ok(told) if told.owed.is_empty() => {}
        Ok(told) => tracing::warn!(why = %told.owed.join("; "), "the next sweep tells people"),
        Err(error) => tracing::warn!(%error, "the next sweep tells people"),
    }
}

async fn replied(desk: &Desk, book: &mut Book, entry: Entry) -> Result<(), StepError> {
    for _ in 0..ROUNDS_MAX {
        match desk.append(book, entry.clone(), None).await? {
            Appended::Yes | Appended::NotAdmitted(_) => return Ok(()),
            Appended::Conflict => {
                let decision = &book.state.decision;
                *book = desk.open_book(&decision.workload, decision.generation).await?;
            }
        }
    }
    Ok(())
}

async fn store_evidence(desk: &Desk, book: &Book, body: &str) -> Result<(), StepError> {
    let decision = &book.state.decision;
    let digest = chain::digest(body.as_bytes());
    let item = Item {
        key: Key::evidence(&decision.workload, decision.generation, &digest),
        body: body.to_owned(),
        n: 0,
        nonce: String::new(),
    };
    // The key is the digest: whoever stored it first stored the same bytes.
    if planted::is(Bug::EvidenceNotStored) {
        return Ok(());
    }
    let condition = Condition::Absent;
    desk.table.put(item.into(), condition, Frozen(book.read_at)).await.map_err(table_error)?;
    Ok(())
}
