//! One workload: votes, facts, verdict, the plan that answers, opening, adoption, what people are owed.

use std::sync::Arc;

use futures_util::lock::Mutex;
use leeward_core::contract::{DetectOutput, DetectStatus, Mode};
use leeward_core::error::StepError;
use leeward_core::evidence::{Assessment, Whereabouts, weigh};
use leeward_core::ids::{Direction, ExecutorId, WorkloadId};
use leeward_core::journal::Trigger as StartedBy;
use leeward_core::matching::{Candidate, choose};
use leeward_core::need::Needed;
use leeward_core::plan::Plan;
use leeward_core::succession::{self, Succession};
use leeward_core::sweep_decision::{
    Down, Recheck, SweepDecision, looks_besides, seen_by, sweep_decision,
};
use leeward_core::time::Timestamp;
use leeward_core::trigger::Told;
use leeward_reconcile::{Appended, Book, Facts, StoredPlan, need};

use crate::last_generation::{besides, open_plan, residence};
use crate::open::{Reason, adopt, open};
use crate::tell::{Latest, tell};
use crate::{Detector, observe, output, ready, watch};

/// Why a workload is looked at, and how closely.
#[derive(Clone, Copy)]
pub enum How<'a> {
    /// The schedule: votes, the past of metrics, peaks.
    Everything,
    /// An event says that something moved, at that instant if it tells: the votes.
    Votes(Option<Timestamp>),
    /// Somebody told something: that is kept, and what is on record is weighed.
    Heard(&'a Told),
}

/// Whether a plan is concerned.
pub type Concerns<'a> = Box<dyn Fn(&Plan) -> bool + Send + Sync + 'a>;

/// What all workloads of one invocation share.
pub struct Errand<'a> {
    /// Why they are looked at.
    pub how: How<'a>,
    /// What sent it.
    pub source: &'a str,
    /// The execution, when it came through the state machine's first state.
    pub executor: Option<&'a ExecutorId>,
    /// Which plans it concerns.
    pub concerns: &'a Concerns<'a>,
    /// `Date` of the answer that said whom it concerns.
    pub read_at: Timestamp,
    /// Looks go side by side, openings one after the other: they all count at the same brake.
    pub turn: &'a Mutex<()>,
}

/// Looks at one workload by all of its plans. `known`: the plans, where they have been read already.
pub async fn workload(
    detector: &Detector,
    id: &WorkloadId,
    known: Option<&[&StoredPlan]>,
    errand: &Errand<'_>,
) -> Result<DetectOutput, StepError> {
    let desk = &detector.desk;
    let (before, _) = desk.facts(id).await?;
    if let Some(answer) = hardly_news(detector, id, &before, errand).await? {
        return Ok(answer);
    }
    let own = match known {
        Some(_) => Vec::new(),
        None => desk.plans_of(id).await?,
    };
    let stored = known.map_or_else(|| own.iter().collect(), <[&StoredPlan]>::to_vec);
    if !stored.iter().any(|s| (errand.concerns)(&s.plan)) {
        return Ok(output(
            DetectStatus::NotNeeded,
            id.as_str(),
            None,
            "it concerns no plan in force",
        ));
    }
    let plans: Vec<&Plan> = stored.iter().map(|s| &*s.plan).collect();
    let sweeps = matches!(errand.how, How::Everything);
    let looked = Box::pin(look_at(detector, &stored, &before, errand)).await;
    let trouble = match &looked {
        Ok(looked) => looked.unstored.as_ref(),
        Err(error) => Some(error),
    };
    if let (true, Some(error)) = (sweeps, trouble) {
        watch::unswept(detector, id, &before, errand.read_at, error).await;
    }
    // People are told also when the looking fails. Telling for one plan may write: what was read before
    // serves the first alone.
    if let (true, Ok(looked)) = (sweeps, &looked) {
        watch::leases(detector, &plans, &looked.facts, looked.now).await;
    }
    let mut known = None;
    let mut whereabouts = Whereabouts::Moving;
    let looked = looked.map(|mut looked| {
        known = looked.decided.latest.take();
        if let Some(last) = &known {
            whereabouts = Whereabouts::after(last.as_ref().map(|book| &*book.state));
        }
        looked
    });
    for plan in &plans {
        Box::pin(tell(detector, plan, known.take())).await;
    }
    let Looked { decided, facts, now, unstored } = looked?;
    let mut stored = unstored.map_or(Ok(()), Err);
    if sweeps {
        stored = stored.and(observe::pasts(desk, &plans, &facts, errand.read_at).await);
        for plan in &plans {
            stored = stored.and(observe::peaks(desk, plan, &facts, now).await);
            if decided.answer.status == DetectStatus::NotNeeded {
                stored = stored.and(ready::look_at(desk, plan, &facts, whereabouts, now).await);
            }
        }
        if stored.is_ok() {
            stored = watch::swept(detector, id, &before, errand.read_at).await;
        }
    }
    match stored {
        // What is told is told once: whoever sent it has to send it again.
        Err(error) if matches!(errand.how, How::Heard(_)) => Err(error),
        Err(error) if decided.answer.status == DetectStatus::NotNeeded => Err(error),
        Ok(()) | Err(_) => Ok(decided.answer),
    }
}

/// What a look saw, and what it came to.
struct Looked {
    decided: Decided,
    facts: Arc<Facts>,
    now: Timestamp,
    /// Why something that was seen could not be stored.
    unstored: Option<StepError>,
}

/// The votes, and what they ask for.
async fn look_at(
    detector: &Detector,
    stored: &[&StoredPlan],
    before: &Facts,
    errand: &Errand<'_>,
) -> Result<Looked, StepError> {
    let desk = &detector.desk;
    let id =
        &stored.first().ok_or_else(|| StepError::InvalidInput("no plan".to_owned()))?.plan.workload;
    let (mut last, _) = desk.latest(id).await?;
    let open = open_plan(detector, stored, last.as_ref()).await;
    let mut unstored = match errand.how {
        How::Everything | How::Votes(_) => {
            observe::votes(desk, stored, open.as_ref(), before, errand.read_at).await
        }
        How::Heard(told) => {
            observe::heard(desk, stored, open.as_ref(), told, before, errand.read_at).await
        }
    };
    let error = unstored.error.take();
    let (mut facts, now) = desk.facts(id).await?;
    unstored.into_facts(&mut facts);
    if let (How::Everything, Some(book)) = (errand.how, &mut last) {
        residence(detector, stored, (&facts, now), book).await;
    }
    let look = Look { facts: &facts, now, recheck: Recheck::Due, last };
    let decided = Box::pin(decide(detector, stored, look, errand)).await?;
    Ok(Looked { decided, facts, now, unstored: error })
}

/// In a storm a thousand alarms tell the same. What happened before the last look was seen by it, and a
/// generation that is open is looked after by the schedule: neither costs another look.
async fn hardly_news(
    detector: &Detector,
    id: &WorkloadId,
    before: &Facts,
    errand: &Errand<'_>,
) -> Result<Option<DetectOutput>, StepError> {
    let (How::Votes(Some(moved)), None) = (errand.how, errand.executor) else { return Ok(None) };
    let last_look = before.last_look(Direction::ToStandby);
    if seen_by(last_look, moved) {
        let why = "the last look was after it";
        return Ok(Some(output(DetectStatus::NotNeeded, id.as_str(), None, why)));
    }
    let (last, _) = detector.desk.latest(id).await?;
    Ok(last.filter(|book| book.state.end.is_none()).map(|book| {
        let generation = book.state.decision.generation;
        let why = "a generation is open; the schedule looks after it";
        output(DetectStatus::Go, id.as_str(), Some(generation), why)
    }))
}

/// What a look came to.
struct Decided {
    answer: DetectOutput,
    /// The latest generation as it was read for it, with what this look has written there since. `None`:
    /// something else was done, and it has to be read again.
    latest: Option<Latest>,
}

impl From<DetectOutput> for Decided {
    /// Something was done.
    fn from(answer: DetectOutput) -> Self {
        Self { answer, latest: None }
    }
}

/// What is decided on.
struct Look<'a> {
    facts: &'a Facts,
    now: Timestamp,
    recheck: Recheck,
    /// The latest generation, read before the votes were. Whoever writes into it meets what came after.
    last: Option<Book>,
}

/// What a plan's voters say, and how the side that this plan moves to was seen.
fn by_its_own_side(plan: &Plan, facts: &Facts, now: Timestamp) -> Assessment {
    let direction = Direction::ToStandby;
    weigh(plan, direction, facts.evidence(direction, plan), now)
}

async fn decide(
    detector: &Detector,
    all: &[&StoredPlan],
    look: Look<'_>,
    errand: &Errand<'_>,
) -> Result<Decided, StepError> {
    let Look { facts, now, recheck, last } = look;
    let weighed: Vec<Assessment> =
        all.iter().map(|s| by_its_own_side(&s.plan, facts, now)).collect();
    let candidates: Vec<Candidate<'_>> = all
        .iter()
        .zip(&weighed)
        .map(|(s, assessment)| Candidate { plan: &s.plan, assessment })
        .collect();
    let choice = choose(&candidates, now);
    let Some(id) = all.first().map(|s| &s.plan.workload) else {
        return Ok(output(DetectStatus::NotNeeded, "", None, "there is no plan").into());
    };
    let state = last.as_ref().map(|b| &*b.state);
    watch::impaired(detector, &candidates, facts, state, now).await;
    let plans: Vec<&Plan> = all.iter().map(|s| &*s.plan).collect();
    let pick = |place: usize| all.get(place).copied().zip(weighed.get(place));
    let down = Down::of(&weighed);
    let decision = sweep_decision(state, &plans, choice, down.as_ref(), recheck, now);
    let answer = match (&decision, last) {
        (SweepDecision::Continue { wanted }, Some(book)) => {
            return worked_on(detector, wanted.and_then(pick), pick(0), book, facts, errand).await;
        }
        (SweepDecision::Recheck(place), last) => {
            let mut facts = facts.clone();
            if let Some((stored, assessment)) = pick(*place) {
                let plan = &stored.plan;
                let again = observe::again(&detector.desk, plan, assessment, &facts, now).await;
                facts.hear(again);
            }
            let look = Look { facts: &facts, now, recheck: Recheck::Done, last };
            return Box::pin(decide(detector, all, look, errand)).await;
        }
        (SweepDecision::Resume(place) | SweepDecision::Open(place), last) => {
            let Some((stored, assessment)) = pick(*place) else {
                let answer = output(DetectStatus::NotNeeded, id.as_str(), None, "there is no plan");
                return Ok(answer.into());
            };
            let left = last.filter(|_| matches!(decision, SweepDecision::Resume(_)));
            let trigger = left.map_or_else(
                || by_evidence(errand),
                |l| StartedBy::HandedOver { from: l.state.decision.generation },
            );
            go_on(detector, stored, assessment, errand, trigger).await
        }
        (SweepDecision::Escalate(needed), _) => person(detector, id, needed, now).await,
        (SweepDecision::Away(needed), last) => {
            if let Some(needed) = needed {
                need(&detector.desk, id, needed, now).await?;
            }
            let why =
                "it lives on its other side: nothing is opened by itself until it is home again";
            let answer = output(DetectStatus::NotNeeded, id.as_str(), None, why);
            return Ok(Decided { answer, latest: Some(last) });
        }
        (SweepDecision::Nothing | SweepDecision::Continue { .. }, last) => {
            let sentences: Vec<String> = weighed.iter().map(Assessment::sentence).collect();
            let answer = output(DetectStatus::NotNeeded, id.as_str(), None, &sentences.join(" | "));
            return Ok(Decided { answer, latest: Some(last) });
        }
    };
    answer.map(Decided::from)
}

/// Goes on with an open generation, or lets the plan that answers now take its place.
async fn worked_on(
    detector: &Detector,
    wanted: Option<(&StoredPlan, &Assessment)>,
    first: Option<(&StoredPlan, &Assessment)>,
    mut book: Book,
    facts: &Facts,
    errand: &Errand<'_>,
) -> Result<Decided, StepError> {
    if let Some((stored, assessment)) = wanted {
        give_way(detector, stored, assessment, &mut book).await?;
    }
    if matches!(errand.how, How::Everything)
        && let Some(direction) = looks_besides(&book.state)
        && let Err(error) = besides(detector, &book, direction, facts, errand.read_at).await
    {
        let workload = &book.state.decision.workload;
        tracing::warn!(%workload, %direction, %error, "the side that is moved to was not looked at; the next sweep tries again");
    }
    match (errand.executor, wanted.or(first)) {
        (Some(_), Some((stored, assessment))) => {
            go_on(detector, stored, assessment, errand, by_evidence(errand))
                .await
                .map(Decided::from)
        }
        (None, _) | (Some(_), None) => {
            let answer = adopt(detector, &mut book).await?;
            Ok(Decided { answer, latest: Some(Some(book)) })
        }
    }
}

/// Nothing is done by itself: it goes on record, and people are told what was seen and what to do.
async fn person(
    detector: &Detector,
    id: &WorkloadId,
    needed: &Needed,
    now: Timestamp,
) -> Result<DetectOutput, StepError> {
    need(&detector.desk, id, needed, now).await?;
    Ok(output(DetectStatus::Refused, id.as_str(), None, &needed.reason))
}

/// Ends an open generation in whose place another has to be opened.
async fn give_way(
    detector: &Detector,
    stored: &StoredPlan,
    assessment: &Assessment,
    book: &mut Book,
) -> Result<(), StepError> {
    if !succession::thinkable(&book.state, &stored.plan, assessment) {
        return Ok(());
    }
    let desk = &detector.desk;
    let decision = &book.state.decision;
    let by = desk.plan_version(&decision.plan, &decision.plan_digest).await?;
    match succession::succession(&book.state, &by, &stored.plan, assessment) {
        Succession::None => {}
        Succession::TurnsBack(entry) => {
            // Another entry came first: the next sweep asks again, and people are told of what stands.
            if desk.append(book, entry, Some(&by)).await? == Appended::Conflict {
                *book =
                    desk.open_book(&stored.plan.workload, book.state.decision.generation).await?;
            }
        }
        Succession::Withheld(needed) => {
            let workload = &stored.plan.workload;
            if let Err(error) = need(desk, workload, &needed, book.read_at).await {
                tracing::warn!(%workload, %error, "that a person is needed is not on record; the next sweep tries again");
            }
        }
    }
    Ok(())
}

fn by_evidence(errand: &Errand<'_>) -> StartedBy {
    StartedBy::Evidence { source: errand.source.to_owned() }
}

/// Joins or opens, without a person.
async fn go_on(
    detector: &Detector,
    stored: &StoredPlan,
    assessment: &Assessment,
    errand: &Errand<'_>,
    trigger: StartedBy,
) -> Result<DetectOutput, StepError> {
    let (direction, mode) = (assessment.direction, Mode::Recover);
    let reason = Reason { trigger, direction, mode, again: false };
    let _turn = errand.turn.lock().await;
    Box::pin(open(detector, stored, assessment, reason, errand.executor)).await
}
