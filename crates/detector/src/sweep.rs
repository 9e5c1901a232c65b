//! The sweep: every workload that a trigger concerns is looked at as if nobody had ever sent anything.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::join_all;
use futures_util::lock::Mutex;
use leeward_core::contract::{DetectOutput, DetectStatus, StartRequest};
use leeward_core::error::StepError;
use leeward_core::evidence::{Deployed, hear, weigh};
use leeward_core::ids::{Direction, ExecutorId, WorkloadId};
use leeward_core::index::By;
use leeward_core::journal::Trigger as StartedBy;
use leeward_core::plan::Voter;
use leeward_core::printable::{NAME_MAX, RESOURCE_MAX, kept};
use leeward_core::time::Timestamp;
use leeward_core::trigger::{Deployment, Told, Trigger};
use leeward_reconcile::{Fact, Slot, StoredPlan};

use crate::open::{Reason, open};
use crate::tell::tell;
use crate::workload::{Concerns, Errand, How, workload};
use crate::{Detector, notes, observe, output, standby, watch};

/// Workloads that are looked at side by side: a silent Region costs each of them seconds, and one
/// invocation has to do for all.
const SIDE_BY_SIDE: usize = 16;

/// Answers a trigger; `executor` when it came through the state machine's first state.
pub async fn triggered(
    detector: &Detector,
    trigger: &Trigger,
    executor: Option<&ExecutorId>,
) -> Result<DetectOutput, StepError> {
    match trigger {
        Trigger::Alarm { alarm, region, health_check, at, source } => {
            let mut sought =
                vec![By::Alarm { region: region.as_str().into(), name: alarm.clone().into() }];
            sought.extend(health_check.as_deref().map(|id| By::HealthCheck(id.into())));
            let watches = |v: &Voter| watches(v, alarm, region, health_check.as_deref());
            let concerns: Concerns<'_> =
                Box::new(move |plan| plan.detection.voters.iter().any(watches));
            let news = News { concerns, how: How::Votes(*at), source, executor };
            hastened(detector, &sought, news).await
        }
        Trigger::ExecutionEnded { name, .. } => {
            let Some(by) = By::execution(name) else {
                return Ok(nobody("it is no execution of the sweep's"));
            };
            let (how, source) = (How::Votes(None), "execution ended");
            let news = News { concerns: Box::new(|_| true), how, source, executor };
            hastened(detector, &[by], news).await
        }
        Trigger::Sweep { source } => {
            let listed = detector.desk.listed().await?;
            let (concerns, how): (Concerns<'_>, _) = (Box::new(|_| true), How::Everything);
            let news = News { concerns, how, source, executor };
            let answer = all(detector, &listed.plans, listed.at, news).await;
            watch::beside(detector, &listed).await;
            let unwatched = !listed.unread.is_empty();
            for unread in &listed.unread {
                watch::unread(detector, unread, &listed).await;
            }
            if source == "schedule" && answer.is_ok() && !unwatched {
                watch::heartbeat(detector, listed.at).await;
            }
            answer
        }
        Trigger::Told(told) => {
            let (plans, read_at) = detector.desk.plans().await?;
            if let Told::Deployment(deployment) = told.as_ref() {
                return deployed(detector, deployment, &plans, read_at).await;
            }
            if let Told::Rds(event) = told.as_ref()
                && let Some(id) = notes::global_databases(detector, &plans, event, read_at).await?
            {
                return Ok(output(DetectStatus::NotNeeded, id.as_str(), None, "people are told"));
            }
            let concerns: Concerns<'_> = Box::new(|plan| {
                plan.detection.voters.iter().any(|v| hear(v, plan, told).is_some())
            });
            let news = News { concerns, how: How::Heard(told), source: "event", executor };
            all(detector, &plans, read_at, news).await
        }
        Trigger::Start(request) => {
            let (plans, read_at) = detector.desk.plans().await?;
            started(detector, request, &plans, read_at, executor).await
        }
        Trigger::Join { .. } | Trigger::Within { .. } | Trigger::Several(_) | Trigger::Step(_) => {
            Err(StepError::InvalidInput("this is no trigger".to_owned()))
        }
    }
}

/// What a trigger brings.
struct News<'a> {
    concerns: Concerns<'a>,
    how: How<'a>,
    source: &'a str,
    executor: Option<&'a ExecutorId>,
}

fn nobody(why: &str) -> DetectOutput {
    output(DetectStatus::NotNeeded, "", None, why)
}

/// An event says that something moved: only the workloads that the index names for it are read. What no
/// mark is found for, the schedule sees within the minute.
async fn hastened(
    detector: &Detector,
    sought: &[By],
    news: News<'_>,
) -> Result<DetectOutput, StepError> {
    let (found, read_at) = detector.desk.found(sought).await?;
    let Some(read_at) = read_at.filter(|_| !found.is_empty()) else {
        return Ok(nobody("no workload is concerned"));
    };
    let concerned: Vec<Concerned<'_>> =
        found.into_iter().map(|workload| Concerned { workload, plans: None }).collect();
    side_by_side(detector, &concerned, read_at, news).await
}

/// Every workload that is concerned by one of these plans.
async fn all(
    detector: &Detector,
    plans: &[StoredPlan],
    read_at: Timestamp,
    news: News<'_>,
) -> Result<DetectOutput, StepError> {
    let concerned: Vec<Concerned<'_>> = by_workload(plans, &news.concerns);
    side_by_side(detector, &concerned, read_at, news).await
}

/// A workload, with all of its plans where they have been read already.
struct Concerned<'a> {
    workload: WorkloadId,
    plans: Option<Vec<&'a StoredPlan>>,
}

async fn side_by_side(
    detector: &Detector,
    concerned: &[Concerned<'_>],
    read_at: Timestamp,
    news: News<'_>,
) -> Result<DetectOutput, StepError> {
    let turn = Mutex::new(());
    let News { concerns, how, source, executor } = &news;
    // An execution works on one generation. Where several workloads are concerned each gets its own, or
    // this one would stand in the journals of all as their executor, and work on one.
    let executor = executor.filter(|_| concerned.len() == 1);
    let errand = Errand { how: *how, source, executor, concerns, read_at, turn: &turn };
    let mut answer = nobody("no workload is concerned");
    let mut failed = None;
    for together in concerned.chunks(SIDE_BY_SIDE) {
        let looks = together
            .iter()
            .map(|one| Box::pin(workload(detector, &one.workload, one.plans.as_deref(), &errand)));
        for (one, look) in together.iter().zip(join_all(looks).await) {
            // One workload's trouble must not keep the others from being looked at.
            match look {
                Ok(one)
                    if one.status == DetectStatus::NotNeeded
                        && answer.status != DetectStatus::NotNeeded => {}
                Ok(one) => answer = one,
                Err(error) => {
                    tracing::error!(workload = %one.workload, %error, "the look at this workload failed");
                    failed = Some(error);
                }
            }
        }
    }
    failed.map_or(Ok(answer), Err)
}

/// All plans of each workload that a trigger concerns by one of them: the choice is among all.
fn by_workload<'a>(plans: &'a [StoredPlan], concerns: &Concerns<'_>) -> Vec<Concerned<'a>> {
    let mut of: BTreeMap<&WorkloadId, Vec<&StoredPlan>> = BTreeMap::new();
    for stored in plans {
        of.entry(&stored.plan.workload).or_default().push(stored);
    }
    of.into_iter()
        .filter(|(_, own)| own.iter().any(|s| concerns(&s.plan)))
        .map(|(id, own)| Concerned { workload: id.clone(), plans: Some(own) })
        .collect()
}

/// Whether an alarm's change is news for a voter: its own alarm, its control probe, or an alarm that
/// watches its health check.
fn watches(voter: &Voter, alarm: &str, region: &str, health_check: Option<&str>) -> bool {
    if let (Voter::HealthCheck(v), Some(id)) = (voter, health_check) {
        return v.health_check == id;
    }
    let Voter::Alarm(v) = voter else { return false };
    v.region.as_str() == region && (v.alarm == alarm || v.control_alarm.as_deref() == Some(alarm))
}

/// Keeps a deployment: trouble that begins soon after it asks a person.
async fn deployed(
    detector: &Detector,
    deployment: &Deployment,
    plans: &[StoredPlan],
    read_at: Timestamp,
) -> Result<DetectOutput, StepError> {
    let id = &deployment.workload;
    if !plans.iter().any(|s| s.plan.workload == *id) {
        let why =
            format!("there is no plan for workload {id}: `leeward plan show` lists those that are");
        // Told, not ordered: an error would only have it told again.
        tracing::warn!(workload = %id, "a deployment of an unknown workload was told");
        return Ok(output(DetectStatus::NotUnderstood, id.as_str(), None, &why));
    }
    let at = deployment.time.min(read_at);
    let what = kept(&deployment.what, NAME_MAX).into();
    let by = deployment.by.as_ref().map(|by| kept(by, RESOURCE_MAX).into());
    let fact = Fact::Deployed(Deployed { what, by, at });
    detector.desk.store_fact(id, fact, at, read_at).await?;
    Ok(output(DetectStatus::NotNeeded, id.as_str(), None, "the deployment is on record"))
}

/// A person's start: the same path, the person's order in the place of the votes.
async fn started(
    detector: &Detector,
    request: &StartRequest,
    plans: &[StoredPlan],
    read_at: Timestamp,
    executor: Option<&ExecutorId>,
) -> Result<DetectOutput, StepError> {
    let desk = &detector.desk;
    let known =
        plans.iter().find(|p| p.plan.plan == request.plan && p.plan.workload == request.workload);
    let Some(stored) = known else {
        return Err(StepError::InvalidInput(no_such_plan(request, plans)));
    };
    let (before, _) = desk.facts(&stored.plan.workload).await?;
    let unstored = observe::votes(desk, &[stored], None, &before, read_at).await;
    let mut unseen = None;
    if request.direction != Direction::ToStandby {
        let (slot, way) = (Slot::InForce, request.direction);
        let known = (&*stored.plan, &*before);
        unseen = standby::other_side(desk, known, slot, way, read_at).await.err();
    }
    let (mut facts, now) = desk.facts(&stored.plan.workload).await?;
    unstored.into_facts(&mut facts);
    if let Some((fact, error)) = unseen {
        tracing::warn!(%error, "the side to move to could not be stored; it counts in this look");
        Arc::make_mut(&mut facts).see(fact);
    }
    let evidence = facts.evidence(request.direction, &stored.plan);
    let assessment = weigh(&stored.plan, request.direction, evidence, now);
    let reason = Reason {
        trigger: StartedBy::Operator {
            operator: operator(detector, request),
            reason: request.reason.clone(),
        },
        direction: request.direction,
        mode: request.mode,
        again: request.again,
    };
    let answer = open(detector, stored, &assessment, reason, executor).await?;
    tell(detector, &stored.plan, None).await;
    Ok(answer)
}

/// In whose name it is started. The command that carries it out in its own process has seen its STS caller; the
/// state machine's input says only what whoever started the execution wrote there.
fn operator(detector: &Detector, request: &StartRequest) -> String {
    match &request.operator {
        None => "unnamed".to_owned(),
        Some(name) if *name == detector.desk.actor.as_str() => name.clone(),
        Some(name) => format!("{name} (as claimed)"),
    }
}

fn no_such_plan(request: &StartRequest, plans: &[StoredPlan]) -> String {
    let names: Vec<String> =
        plans.iter().map(|p| format!("{} (workload {})", p.plan.plan, p.plan.workload)).collect();
    let stored = if names.is_empty() {
        "no plan is stored; `leeward plan put <file>` stores one".to_owned()
    } else {
        format!("stored are {}", names.join(", "))
    };
    format!("there is no plan {} for workload {}: {stored}", request.plan, request.workload)
}
