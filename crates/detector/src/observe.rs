//! Reading the votes as levels, and storing while all is well what a recovery will need.

use std::sync::Arc;

use futures_util::future::{join, join_all};
use leeward_core::error::StepError;
use leeward_core::evidence::{
    Assessment, BASELINE_AGE, BASELINE_LAST, Baseline, Heard, Reading, Signal, Vote, baseline,
    baseline_questions, hear, read, voter_questions,
};
use leeward_core::ids::{Direction, Side};
use leeward_core::plan::{Capacity, Plan, Voter};
use leeward_core::steps::Peak;
use leeward_core::time::{Timestamp, since};
use leeward_core::trigger::Told;
use leeward_core::world::{Question, View};
use leeward_reconcile::{Desk, Fact, Facts, Slot, StoredPlan, look};

use crate::standby::{sides, targets};

/// How far a peak looks back, in minutes: a day holds the daily rhythm.
const PEAK_MINUTES: u32 = 24 * 60;

/// The version of a plan that an open generation was decided by.
pub struct OpenPlan {
    /// The version.
    pub plan: Arc<Plan>,
    /// Which way the generation goes.
    pub direction: Direction,
}

/// What a look saw and could not store. It counts in this look all the same.
#[derive(Default)]
pub struct Unstored {
    signals: Vec<Arc<Signal>>,
    facts: Vec<Fact>,
    /// Why the first of them could not be stored.
    pub error: Option<StepError>,
}

impl Unstored {
    /// Puts what was seen beside what is on record.
    pub fn into_facts(self, facts: &mut Arc<Facts>) {
        if self.signals.is_empty() && self.facts.is_empty() {
            return;
        }
        let facts = Arc::make_mut(facts);
        facts.carry(self.signals);
        self.facts.into_iter().for_each(|fact| facts.see(fact));
    }

    fn vote(&mut self, signal: Arc<Signal>, error: StepError) {
        self.signals.push(signal);
        self.failed(error);
    }

    fn side(&mut self, fact: Fact, error: StepError) {
        self.facts.push(fact);
        self.failed(error);
    }

    fn failed(&mut self, error: StepError) {
        tracing::warn!(%error, "what was seen could not be stored; it counts in this look");
        self.error.get_or_insert(error);
    }
}

/// A voter, whose plan it is of, and where its votes are kept.
type Asked<'a> = (&'a Plan, &'a Voter, Slot);

/// Voters of the plans in force and of the version that an open generation rests on, each eye once.
fn voters<'a>(
    plans: &[&'a StoredPlan],
    open: Option<&'a OpenPlan>,
    before: &Facts,
) -> Vec<Asked<'a>> {
    let mut once: Vec<Asked<'a>> = Vec::new();
    for stored in plans {
        // Within one plan each eye stands once.
        let other = once.len();
        for voter in &stored.plan.detection.voters {
            let same = |(_, v, _): &Asked<'_>| v.id() == voter.id() && v.has_eye(&voter.eye());
            if !once.iter().take(other).any(same) {
                once.push((&stored.plan, voter, Slot::InForce));
            }
        }
    }
    let Some(open) = open else { return once };
    let in_force = once.len();
    for voter in &open.plan.detection.voters {
        let named = || once.iter().take(in_force).filter(|(_, v, _)| v.id() == voter.id());
        if named().any(|(_, v, _)| v.has_eye(&voter.eye())) {
            continue;
        }
        let taken = named().next().map(|_| Slot::OpenGeneration);
        once.push((&open.plan, voter, taken.unwrap_or_else(|| before.slot_of(voter))));
    }
    once
}

/// Reads every voter and the sides to move to, now. Each vote is stored as it comes: a silent Region
/// costs its own vote its patience, and not the others theirs. `before` is what they said so far.
pub async fn votes(
    desk: &Desk,
    plans: &[&StoredPlan],
    open: Option<&OpenPlan>,
    before: &Facts,
    read_at: Timestamp,
) -> Unstored {
    let mut unstored = Unstored::default();
    let way = Direction::ToStandby;
    let ballots = voters(plans, open, before)
        .into_iter()
        .map(|asked| Box::pin(async move { vote(desk, asked, before, read_at).await }));
    let targets = targets(plans, open, before, way);
    let others = sides(desk, &targets, before, way, read_at);
    let (ballots, others) = join(join_all(ballots), others).await;
    let lost = ballots.into_iter().filter_map(Result::err);
    lost.for_each(|(signal, error)| unstored.vote(signal, error));
    others.into_iter().for_each(|(fact, error)| unstored.side(fact, error));
    unstored
}

/// What the voters that `assessment` believes say when they are asked once more. Not stored: within the same
/// second no word replaces another, and the decision that rests on it carries it.
pub async fn again(
    desk: &Desk,
    plan: &Plan,
    assessment: &Assessment,
    before: &Facts,
    read_at: Timestamp,
) -> Vec<Arc<Signal>> {
    let asked = assessment.asked_again(plan);
    let answers = asked.into_iter().map(|v| Box::pin(ask(desk, plan, v, before, read_at)));
    join_all(answers).await.into_iter().flatten().map(Arc::new).collect()
}

/// One voter by one look, its control probe in it; gives a vote that could not be stored. A voter that is told
/// is not asked: what it said last keeps its place, where another voter has taken its name.
async fn vote(
    desk: &Desk,
    (plan, voter, slot): Asked<'_>,
    before: &Facts,
    read_at: Timestamp,
) -> Result<(), (Arc<Signal>, StepError)> {
    let said = match slot {
        Slot::OpenGeneration if voter.is_told() => before.signal(voter).cloned(),
        Slot::InForce if voter.is_told() => None,
        Slot::OpenGeneration | Slot::InForce => ask(desk, plan, voter, before, read_at).await,
    };
    match said {
        Some(signal) => store(desk, plan, slot, signal).await,
        None => Ok(()),
    }
}

async fn ask(
    desk: &Desk,
    plan: &Plan,
    voter: &Voter,
    before: &Facts,
    read_at: Timestamp,
) -> Option<Signal> {
    let seen = look(desk, voter_questions(voter, plan)).await;
    let past = known_past(voter, before).filter(|p| since(p.at, read_at) <= BASELINE_LAST);
    let reading = read(voter, plan, &seen, past, read_at)?;
    Some(following(plan, voter, before, reading, read_at))
}

/// Puts a reading beside what the voter said before.
fn following(
    plan: &Plan,
    voter: &Voter,
    before: &Facts,
    reading: Reading,
    at: Timestamp,
) -> Signal {
    let freshness = voter.freshness(plan.detection.freshness);
    Signal::following(voter, before.signal(voter), reading, at, freshness)
}

async fn store(
    desk: &Desk,
    plan: &Plan,
    slot: Slot,
    signal: Signal,
) -> Result<(), (Arc<Signal>, StepError)> {
    if signal.vote == Vote::Unhealthy {
        tracing::info!(workload = %plan.workload, voter = %signal.voter, evidence = %signal.evidence, "a voter says down");
    }
    let (at, signal) = (signal.at, Arc::new(signal));
    let stored = desk.store_signal(&plan.workload, slot, signal.clone(), at).await;
    stored.map_err(|error| (signal, error))
}

/// Keeps what was told as the vote of each voter that it concerns.
pub async fn heard(
    desk: &Desk,
    plans: &[&StoredPlan],
    open: Option<&OpenPlan>,
    told: &Told,
    before: &Facts,
    read_at: Timestamp,
) -> Unstored {
    let mut unstored = Unstored::default();
    // What is told is weighed with the last look; a plan that was put since has none yet.
    let way = Direction::ToStandby;
    let new = |stored: &&&StoredPlan| before.standby_by(way, &stored.plan).is_none();
    let new: Vec<&StoredPlan> = plans.iter().filter(new).copied().collect();
    if !new.is_empty() {
        let targets = targets(&new, None, before, way);
        let lost = sides(desk, &targets, before, way, read_at).await;
        lost.into_iter().for_each(|(fact, error)| unstored.side(fact, error));
    }
    for (plan, voter, slot) in voters(plans, open, before) {
        let Some(Heard { reading, at }) = hear(voter, plan, told) else { continue };
        let freshness = voter.freshness(plan.detection.freshness);
        let last = before.signal(voter);
        let signal = Signal::told(voter, last, reading, (at, read_at), freshness);
        if let Err((signal, error)) = store(desk, plan, slot, signal).await {
            unstored.vote(signal, error);
        }
    }
    unstored
}

fn known_past<'a>(voter: &Voter, facts: &'a Facts) -> Option<&'a Baseline> {
    let own = |(id, eye, _): &&(_, String, Baseline)| id == voter.id() && voter.has_eye(eye);
    facts.baselines.iter().find(own).map(|(_, _, baseline)| baseline)
}

/// Looks into the past of the voters' metrics where what is known of it is of another hour. On the
/// schedule only: an event must not cost two weeks of questions.
pub async fn pasts(
    desk: &Desk,
    plans: &[&Plan],
    facts: &Facts,
    read_at: Timestamp,
) -> Result<(), StepError> {
    let mut stored = Ok(());
    for plan in plans {
        for voter in &plan.detection.voters {
            let known = known_past(voter, facts);
            if known.is_some_and(|p| since(p.at, read_at) <= BASELINE_AGE) {
                continue;
            }
            let questions = baseline_questions(voter);
            if questions.is_empty() {
                continue;
            }
            let seen = look(desk, questions).await;
            let Some(baseline) = baseline(voter, &seen, read_at) else {
                tracing::info!(voter = %voter.id(), "the past of its metric is unseen; the last one stays");
                continue;
            };
            let fact = Fact::Baseline { voter: voter.id().clone(), eye: voter.eye(), baseline };
            let now = desk.store_fact(&plan.workload, fact, read_at, read_at).await;
            stored = stored.and(now);
        }
    }
    stored
}

/// Stores the peaks that are older than a tenth of what the plan allows: a fact needs no refreshing
/// each minute, and a silent Region must not cost each sweep its patience.
pub async fn peaks(
    desk: &Desk,
    plan: &Plan,
    facts: &Facts,
    read_at: Timestamp,
) -> Result<(), StepError> {
    let refresh = plan.policy.facts_max_age.as_millis() / 10;
    let mut wanted = Vec::new();
    for capacity in &plan.capacity {
        for side in [Side::Primary, Side::Standby] {
            let known = facts.peaks.iter().find(|p| p.capacity == *capacity.id() && p.side == side);
            let young = known.is_some_and(|p| since(p.at, read_at).as_millis() < refresh);
            if !young {
                wanted.push((capacity.id().clone(), side, peak_questions(plan, capacity, side)));
            }
        }
    }
    let seen = look(desk, wanted.iter().flat_map(|(_, _, q)| q.clone()).collect()).await;
    let mut stored = Ok(());
    for (capacity, side, questions) in wanted {
        let mut most: Option<f64> = None;
        for question in questions {
            match seen.get(&question) {
                Ok(View::Number(Some((count, _)))) if *count >= 0.0 => {
                    most = Some(most.map_or(*count, |most| most.max(*count)));
                }
                Ok(_) => {}
                Err(blind) => {
                    tracing::info!(%question, %blind, "a peak is unseen; the last one stays");
                }
            }
        }
        if let Some(count) = most {
            // Capacity is counted in whole numbers; a share of one is one.
            let count = count.ceil().min(f64::from(u32::MAX)) as u32;
            let fact = Fact::Peak(Peak { capacity, side, count, at: read_at });
            let now = desk.store_fact(&plan.workload, fact, read_at, read_at).await;
            stored = stored.and(now);
        }
    }
    stored
}

/// The metrics from which a peak is known; the greatest counts. A group with weights has its sizes in
/// units, and tells them in `GroupInServiceCapacity`; a group whose metrics were chosen one by one may have
/// but one of the two (EC2 Auto Scaling User Guide, "Amazon CloudWatch metrics").
fn peak_questions(plan: &Plan, capacity: &Capacity, side: Side) -> Vec<Question> {
    let (namespace, metrics, dimensions): (_, &[&str], _) = match capacity {
        Capacity::AutoScalingGroup(c) => (
            "AWS/AutoScaling",
            &["GroupInServiceCapacity", "GroupInServiceInstances"],
            vec![("AutoScalingGroupName".into(), c.group.of(side).clone())],
        ),
        Capacity::EcsService(c) => {
            let service = c.service.of(side);
            (
                "ECS/ContainerInsights",
                &["RunningTaskCount"],
                vec![
                    ("ClusterName".into(), service.cluster.clone()),
                    ("ServiceName".into(), service.name.clone()),
                ],
            )
        }
        Capacity::Instances(_) | Capacity::LambdaConcurrency(_) | Capacity::EventSource(_) => {
            return Vec::new();
        }
    };
    let question = |metric: &&str| Question::LatestMetric {
        region: plan.regions.of(side).clone(),
        namespace: namespace.into(),
        metric: (*metric).into(),
        dimensions: dimensions.clone(),
        minutes: PEAK_MINUTES,
        statistic: "Maximum".into(),
    };
    metrics.iter().map(question).collect()
}
