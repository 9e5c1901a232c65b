//! Reading the votes as levels, and storing while all is well what a recovery will need.

use futures_util::future::{join, join_all};
use leeward_core::error::StepError;
use leeward_core::evidence::{
    Assessment, BASELINE_AGE, BASELINE_LAST, Baseline, Heard, Reading, Signal, Vote, baseline,
    baseline_questions, hear, read, standby, standby_questions, voter_questions,
};
use leeward_core::ids::{Direction, Side};
use leeward_core::plan::{Capacity, Plan, Voter};
use leeward_core::steps::Peak;
use leeward_core::time::{Timestamp, since};
use leeward_core::trigger::Told;
use leeward_core::world::{Question, View};
use leeward_reconcile::{Desk, Fact, Facts, look};

/// How far a peak looks back, in minutes: a day holds the daily rhythm.
const PEAK_MINUTES: u32 = 24 * 60;

/// Reads every voter and the side to move to, now. Each vote is stored as it comes: a silent Region
/// costs its own vote its patience, and not the others theirs. `before` is what they said so far.
pub async fn votes(
    desk: &Desk,
    plans: &[&Plan],
    before: &Facts,
    read_at: Timestamp,
) -> Result<(), StepError> {
    let Some(first) = plans.first() else { return Ok(()) };
    let mut once: Vec<(&Plan, &Voter)> = Vec::new();
    for plan in plans {
        // Within one plan each eye stands once.
        let other = once.len();
        for voter in plan.detection.voters.iter().filter(|v| !v.is_told()) {
            let same = |(_, v): &(&Plan, &Voter)| v.id() == voter.id() && v.has_eye(&voter.eye());
            if !once.iter().take(other).any(same) {
                once.push((plan, voter));
            }
        }
    }
    let ballots =
        once.iter().map(|(plan, voter)| Box::pin(vote(desk, plan, voter, before, read_at)));
    let other = other_side(desk, first, Direction::ToStandby, read_at);
    let (ballots, other) = join(join_all(ballots), other).await;
    // Whatever could be stored is stored before the first failure is told.
    ballots.into_iter().collect::<Result<(), _>>().and(other)
}

/// What the voters that `assessment` believes say when they are asked once more. Not stored: within the same
/// second no word replaces another, and the decision that rests on it carries it.
pub async fn again(
    desk: &Desk,
    plan: &Plan,
    assessment: &Assessment,
    before: &Facts,
    read_at: Timestamp,
) -> Vec<Signal> {
    let asked = assessment.asked_again(plan);
    let answers = asked.into_iter().map(|v| Box::pin(ask(desk, plan, v, before, read_at)));
    join_all(answers).await.into_iter().flatten().collect()
}

/// One voter by one look, its control probe in it.
async fn vote(
    desk: &Desk,
    plan: &Plan,
    voter: &Voter,
    before: &Facts,
    read_at: Timestamp,
) -> Result<(), StepError> {
    match ask(desk, plan, voter, before, read_at).await {
        Some(signal) => store(desk, plan, signal).await,
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
    Signal::following(voter, before.signal(voter.id()), reading, at, freshness)
}

async fn store(desk: &Desk, plan: &Plan, signal: Signal) -> Result<(), StepError> {
    if signal.vote == Vote::Unhealthy {
        tracing::info!(workload = %plan.workload, voter = %signal.voter, evidence = %signal.evidence, "a voter says down");
    }
    let at = signal.at;
    desk.store_signal(&plan.workload, signal, at).await
}

/// Keeps what was told as the vote of each voter that it concerns.
pub async fn heard(
    desk: &Desk,
    plans: &[&Plan],
    told: &Told,
    before: &Facts,
    read_at: Timestamp,
) -> Result<(), StepError> {
    for plan in plans {
        for voter in &plan.detection.voters {
            let Some(Heard { reading, at }) = hear(voter, plan, told) else { continue };
            let freshness = voter.freshness(plan.detection.freshness);
            let last = before.signal(voter.id());
            let signal = Signal::told(voter, last, reading, (at, read_at), freshness);
            store(desk, plan, signal).await?;
        }
    }
    Ok(())
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
            desk.store_fact(&plan.workload, fact, read_at, read_at).await?;
        }
    }
    Ok(())
}

/// Looks at the side that a recovery that way moves to.
pub async fn other_side(
    desk: &Desk,
    plan: &Plan,
    direction: Direction,
    read_at: Timestamp,
) -> Result<(), StepError> {
    let seen = look(desk, standby_questions(plan, direction)).await;
    let fact = Fact::Standby { direction, standby: standby(plan, direction, &seen, read_at) };
    desk.store_fact(&plan.workload, fact, read_at, read_at).await
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
            if let (false, Some(question)) = (young, peak_question(plan, capacity, side)) {
                wanted.push((capacity.id().clone(), side, question));
            }
        }
    }
    let seen = look(desk, wanted.iter().map(|(_, _, q)| q.clone()).collect()).await;
    for (capacity, side, question) in wanted {
        match seen.get(&question) {
            Ok(View::Number(Some((count, _)))) if *count >= 0.0 => {
                // Instances are counted in whole numbers; a share of one is one.
                let count = count.ceil().min(f64::from(u32::MAX)) as u32;
                let fact = Fact::Peak(Peak { capacity, side, count, at: read_at });
                desk.store_fact(&plan.workload, fact, read_at, read_at).await?;
            }
            Ok(_) => {}
            Err(blind) => tracing::info!(%question, %blind, "a peak is unseen; the last one stays"),
        }
    }
    Ok(())
}

fn peak_question(plan: &Plan, capacity: &Capacity, side: Side) -> Option<Question> {
    let (namespace, metric, dimensions) = match capacity {
        Capacity::AutoScalingGroup(c) => (
            "AWS/AutoScaling",
            "GroupInServiceInstances",
            vec![("AutoScalingGroupName".into(), c.group.of(side).clone())],
        ),
        Capacity::EcsService(c) => {
            let service = c.service.of(side);
            (
                "ECS/ContainerInsights",
                "RunningTaskCount",
                vec![
                    ("ClusterName".into(), service.cluster.clone()),
                    ("ServiceName".into(), service.name.clone()),
                ],
            )
        }
        Capacity::Instances(_) | Capacity::LambdaConcurrency(_) | Capacity::EventSource(_) => {
            return None;
        }
    };
    Some(Question::LatestMetric {
        region: plan.regions.of(side).clone(),
        namespace: namespace.into(),
        metric: metric.into(),
        dimensions,
        minutes: PEAK_MINUTES,
        statistic: "Maximum".into(),
    })
}
