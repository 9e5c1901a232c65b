//! One workload: votes, facts, verdict, the plan that answers, opening, adoption, what people are owed.

use std::sync::Arc;

use futures_util::lock::Mutex;
use leeward_core::contract::{DetectOutput, DetectStatus, Mode};
use leeward_core::course::{Course, Round, course, looks_besides, seen_by};
use leeward_core::error::StepError;
use leeward_core::evidence::{Assessment, weigh};
use leeward_core::ids::{Direction, ExecutorId, WorkloadId};
use leeward_core::impairment::{after_look, gravest};
use leeward_core::journal::{State, Trigger as StartedBy};
use leeward_core::matching::{Candidate, choose};
use leeward_core::need::Needed;
use leeward_core::plan::Plan;
use leeward_core::succession;
use leeward_core::time::Timestamp;
use leeward_core::trigger::Told;
use leeward_reconcile::{Appended, Book, Facts, StoredPlan, need};

use crate::open::{Reason, adopt, open};
use crate::tell::{Latest, tell};
use crate::{Detector, observe, output, watch};

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
    let looked = Box::pin(look_at(detector, &stored, &plans, &before, errand)).await;
    if let (true, Err(error)) = (sweeps, &looked) {
        watch::unswept(detector, id, &before, errand.read_at, error).await;
    }
    // People are told also when the looking fails. Telling for one plan may write: what was read before
    // serves the first alone.
    let (mut known, looked) = match looked {
        Ok((decided, facts, now)) => (decided.latest, Ok((decided.answer, facts, now))),
        Err(error) => (None, Err(error)),
    };
    if let (true, Ok((_, facts, now))) = (sweeps, &looked) {
        watch::leases(detector, &plans, facts, *now).await;
    }
    for plan in &plans {
        Box::pin(tell(detector, plan, known.take())).await;
    }
    let (answer, facts, now) = looked?;
    if sweeps {
        observe::pasts(desk, &plans, &facts, errand.read_at).await?;
        for plan in &plans {
            observe::peaks(desk, plan, &facts, now).await?;
        }
        watch::swept(detector, id, &before, errand.read_at).await?;
    }
    Ok(answer)
}

/// The votes, and what they ask for.
async fn look_at(
    detector: &Detector,
    stored: &[&StoredPlan],
    plans: &[&Plan],
    before: &Facts,
    errand: &Errand<'_>,
) -> Result<(Decided, Arc<Facts>, Timestamp), StepError> {
    let desk = &detector.desk;
    let id = &plans.first().ok_or_else(|| StepError::InvalidInput("no plan".to_owned()))?.workload;
    match errand.how {
        How::Everything | How::Votes(_) => {
            observe::votes(desk, plans, before, errand.read_at).await?;
        }
        How::Heard(told) => observe::heard(desk, plans, told, before, errand.read_at).await?,
    }
    let (facts, now) = desk.facts(id).await?;
    let answer = Box::pin(decide(detector, stored, &facts, errand, (now, Round::First))).await?;
    Ok((answer, facts, now))
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
    let last_look = before.standby(Direction::ToStandby).map(|s| s.at);
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

async fn decide(
    detector: &Detector,
    all: &[&StoredPlan],
    facts: &Facts,
    errand: &Errand<'_>,
    (now, round): (Timestamp, Round),
) -> Result<Decided, StepError> {
    let direction = Direction::ToStandby;
    let weighed: Vec<Assessment> =
        all.iter().map(|s| weigh(&s.plan, direction, facts.evidence(direction), now)).collect();
    let candidates: Vec<Candidate<'_>> = all
        .iter()
        .zip(&weighed)
        .map(|(s, assessment)| Candidate { plan: &s.plan, assessment })
        .collect();
    let choice = choose(&candidates, now);
    let Some(id) = all.first().map(|s| &s.plan.workload) else {
        return Ok(output(DetectStatus::NotNeeded, "", None, "there is no plan").into());
    };
    let (last, _) = detector.desk.latest(id).await?;
    let state = last.as_ref().map(|b| &*b.state);
    impaired(detector, &candidates, facts, state, now).await;
    let plans: Vec<&Plan> = all.iter().map(|s| &*s.plan).collect();
    let pick = |place: usize| all.get(place).copied().zip(weighed.get(place));
    let course = course(state, &plans, choice, round);
    let answer = match (&course, last) {
        (Course::Open { wanted }, Some(book)) => {
            return worked_on(detector, wanted.and_then(pick), pick(0), book, errand).await;
        }
        (Course::Confirm(place), _) => {
            let mut facts = facts.clone();
            if let Some((stored, assessment)) = pick(*place) {
                let plan = &stored.plan;
                let again = observe::again(&detector.desk, plan, assessment, &facts, now).await;
                facts.hear(again);
            }
            return Box::pin(decide(detector, all, &facts, errand, (now, Round::Again))).await;
        }
        (Course::Resume(place) | Course::Begin(place), last) => {
            let Some((stored, assessment)) = pick(*place) else {
                let answer = output(DetectStatus::NotNeeded, id.as_str(), None, "there is no plan");
                return Ok(answer.into());
            };
            let left = last.filter(|_| matches!(course, Course::Resume(_)));
            let trigger = left.map_or_else(
                || by_evidence(errand),
                |l| StartedBy::HandedOver { from: l.state.decision.generation },
            );
            go_on(detector, stored, assessment, errand, trigger).await
        }
        (Course::Person(needed), _) => person(detector, id, needed, now).await,
        (Course::Rest | Course::Open { .. }, last) => {
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
    errand: &Errand<'_>,
) -> Result<Decided, StepError> {
    if let Some((stored, assessment)) = wanted {
        give_way(detector, stored, assessment, &mut book).await?;
    }
    if matches!(errand.how, How::Everything)
        && let Some(direction) = looks_besides(&book.state)
        && let Err(error) = besides(detector, &book, direction, errand).await
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

/// Looks at the side that an open generation moves to, by its own plan.
async fn besides(
    detector: &Detector,
    book: &Book,
    direction: Direction,
    errand: &Errand<'_>,
) -> Result<(), StepError> {
    let (decision, desk) = (&book.state.decision, &detector.desk);
    let plan = desk.plan_version(&decision.plan, &decision.plan_digest).await?;
    observe::other_side(desk, &plan, direction, errand.read_at).await
}

/// Keeps the impairment that the gravest of the plans sees. A failure here is no reason to do less.
async fn impaired(
    detector: &Detector,
    candidates: &[Candidate<'_>],
    facts: &Facts,
    last: Option<&State>,
    now: Timestamp,
) {
    let Some(gravest) = gravest(candidates) else { return };
    let (plan, assessment) = (gravest.plan, gravest.assessment);
    let before = facts.impairment.as_deref();
    let next = after_look(before, &plan.workload, &plan.plan, assessment, last);
    let Some(next) = next else { return };
    if let Err(error) = detector.desk.store_impairment(next, now).await {
        tracing::warn!(workload = %plan.workload, %error, "the impairment is not on record; the next look tries again");
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
    if let Some(entry) = succession::superseded(&book.state, &by, &stored.plan, assessment) {
        // Another entry came first: the next sweep asks again, and people are told of what stands.
        if desk.append(book, entry, Some(&by)).await? == Appended::Conflict {
            *book = desk.open_book(&stored.plan.workload, book.state.decision.generation).await?;
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
    let reason = Reason { trigger, direction: assessment.direction, mode: Mode::Recover };
    let _turn = errand.turn.lock().await;
    Box::pin(open(detector, stored, assessment, reason, errand.executor)).await
}
