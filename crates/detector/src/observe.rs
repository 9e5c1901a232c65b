//! Reading the votes as levels, and storing while all is well what a recovery will need.

use futures_util::future::{join, join_all};
use leeward_core::error::StepError;
use leeward_core::evidence::{Vote, signal_of_alarm, standby, standby_questions};
use leeward_core::ids::{Direction, Side};
use leeward_core::plan::{Capacity, Plan, Voter};
use leeward_core::steps::Peak;
use leeward_core::time::{Timestamp, since};
use leeward_core::world::{AlarmView, Blind, Question, Seen, View};
use leeward_reconcile::{Desk, Fact, Facts, look};

/// How far a peak looks back, in minutes: a day holds the daily rhythm.
const PEAK_MINUTES: u32 = 24 * 60;

/// Reads every voter's alarm and the side to move to, now. Each vote is stored as it comes: a silent
/// Region costs its own vote its patience, and not the others theirs.
pub async fn votes(desk: &Desk, plan: &Plan, read_at: Timestamp) -> Result<(), StepError> {
    let ballots = plan.detection.voters.iter().map(|voter| vote(desk, plan, voter, read_at));
    let other = other_side(desk, plan, Direction::ToStandby, read_at);
    let (ballots, other) = join(join_all(ballots), other).await;
    // Whatever could be stored is stored before the first failure is told.
    ballots.into_iter().collect::<Result<(), _>>().and(other)
}

/// One voter's alarm, and the control alarm by which it proves that it sees.
async fn vote(
    desk: &Desk,
    plan: &Plan,
    voter: &Voter,
    read_at: Timestamp,
) -> Result<(), StepError> {
    let question =
        |alarm: &str| Question::Alarm { region: voter.region.clone(), alarm: alarm.to_owned() };
    let alarms = std::iter::once(&voter.alarm).chain(&voter.control_alarm);
    let seen = look(desk, alarms.map(|name| question(name)).collect()).await;
    let eye = alarm(&seen, &question(&voter.alarm));
    let control = voter.control_alarm.as_deref().map(|name| alarm(&seen, &question(name)));
    let signal = signal_of_alarm(
        voter,
        eye.as_ref().map(Option::as_ref),
        control.as_ref().map(|c| c.as_ref().map(Option::as_ref)),
        read_at,
    );
    desk.store_signal(&plan.workload, &signal, read_at).await?;
    if signal.vote == Vote::Unhealthy {
        tracing::info!(workload = %plan.workload, voter = %signal.voter, evidence = %signal.evidence, "a voter says down");
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
    desk.store_fact(&plan.workload, &fact, read_at, read_at).await
}

fn alarm(seen: &Seen, question: &Question) -> Result<Option<AlarmView>, Blind> {
    let view = seen.get(question)?;
    if let View::Alarm(alarm) = view {
        return Ok(alarm.clone());
    }
    Err(Blind::new(format!("{question} answered {view:?}")))
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
                desk.store_fact(&plan.workload, &fact, read_at, read_at).await?;
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
            vec![("AutoScalingGroupName".to_owned(), c.group.of(side).clone())],
        ),
        Capacity::EcsService(c) => {
            let service = c.service.of(side);
            (
                "ECS/ContainerInsights",
                "RunningTaskCount",
                vec![
                    ("ClusterName".to_owned(), service.cluster.clone()),
                    ("ServiceName".to_owned(), service.name.clone()),
                ],
            )
        }
        Capacity::Instances(_) | Capacity::LambdaConcurrency(_) | Capacity::EventSource(_) => {
            return None;
        }
    };
    Some(Question::LatestMetric {
        region: plan.regions.of(side).clone(),
        namespace: namespace.to_owned(),
        metric: metric.to_owned(),
        dimensions,
        minutes: PEAK_MINUTES,
        statistic: "Maximum".to_owned(),
    })
}
