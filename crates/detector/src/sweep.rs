//! The sweep: every workload that a trigger concerns is looked at as if nobody had ever sent anything.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use futures_util::lock::Mutex;
use leeward_core::contract::{DetectOutput, DetectStatus, StartRequest};
use leeward_core::error::StepError;
use leeward_core::evidence::{Deployed, hear, weigh};
use leeward_core::ids::{Direction, ExecutorId, WorkloadId};
use leeward_core::journal::Trigger as StartedBy;
use leeward_core::plan::{Plan, Voter};
use leeward_core::time::Timestamp;
use leeward_core::trigger::{Deployment, Told, Trigger};
use leeward_core::world::Change;
use leeward_ports::Frozen;
use leeward_reconcile::{Fact, StoredPlan};

use crate::open::{Reason, open};
use crate::tell::tell;
use crate::workload::{Errand, How, workload};
use crate::{Detector, observe, output};

/// Workloads that are looked at side by side: a silent Region costs each of them seconds, and one
/// invocation has to do for all.
const SIDE_BY_SIDE: usize = 16;

/// Answers a trigger; `executor` when it came through the state machine's first state.
pub async fn triggered(
    detector: &Detector,
    trigger: &Trigger,
    executor: Option<&ExecutorId>,
) -> Result<DetectOutput, StepError> {
    let (plans, read_at) = detector.desk.plans().await?;
    let (concerns, how, source): (Concerns<'_>, How<'_>, &str) = match trigger {
        Trigger::Start(request) => {
            return started(detector, request, &plans, read_at, executor).await;
        }
        Trigger::Sweep { source } => (Box::new(|_| true), How::Everything, source),
        Trigger::Alarm { alarm, region, health_check, at, source } => {
            let watches = |v: &Voter| watches(v, alarm, region, health_check.as_deref());
            let votes = move |plan: &Plan| plan.detection.voters.iter().any(watches);
            (Box::new(votes), How::Votes(*at), source)
        }
        Trigger::Told(told) => {
            if let Told::Deployment(deployment) = told.as_ref() {
                return deployed(detector, deployment, &plans, read_at).await;
            }
            let hears =
                |plan: &Plan| plan.detection.voters.iter().any(|v| hear(v, plan, told).is_some());
            (Box::new(hears), How::Heard(told), "event")
        }
        Trigger::ExecutionEnded { name, .. } => {
            let of = move |plan: &Plan| name.starts_with(&format!("{}-g", plan.workload));
            (Box::new(of), How::Votes(None), "execution ended")
        }
        Trigger::Join { .. } | Trigger::Within { .. } | Trigger::Step(_) => {
            return Err(StepError::InvalidInput("this is no trigger".to_owned()));
        }
    };
    let turn = Mutex::new(());
    let concerned = by_workload(&plans, &concerns);
    // An execution works on one generation. Where several workloads are concerned each gets its own, or
    // this one would stand in the journals of all as their executor, and work on one.
    let executor = executor.filter(|_| concerned.len() == 1);
    let errand = Errand { how, source, executor, read_at, turn: &turn };
    let mut answer = output(DetectStatus::NotNeeded, "", None, "no workload is concerned");
    let mut failed = None;
    for together in concerned.chunks(SIDE_BY_SIDE) {
        let looks = together.iter().map(|stored| workload(detector, stored, &errand));
        for (stored, look) in together.iter().zip(join_all(looks).await) {
            // One workload's trouble must not keep the others from being looked at.
            match look {
                Ok(one)
                    if one.status == DetectStatus::NotNeeded
                        && answer.status != DetectStatus::NotNeeded => {}
                Ok(one) => answer = one,
                Err(error) => {
                    let id = stored.first().map_or("", |s| s.plan.workload.as_str());
                    tracing::error!(workload = id, %error, "the sweep failed for this workload");
                    failed = Some(error);
                }
            }
        }
    }
    match failed {
        Some(error) => Err(error),
        None => {
            if source == "schedule" {
                heartbeat(detector, read_at).await;
            }
            Ok(answer)
        }
    }
}

type Concerns<'a> = Box<dyn Fn(&Plan) -> bool + Send + 'a>;

/// All plans of each workload that a trigger concerns by one of them: the choice is among all.
fn by_workload<'a>(plans: &'a [StoredPlan], concerns: &Concerns<'_>) -> Vec<Vec<&'a StoredPlan>> {
    let mut of: BTreeMap<&WorkloadId, Vec<&StoredPlan>> = BTreeMap::new();
    for stored in plans {
        of.entry(&stored.plan.workload).or_default().push(stored);
    }
    of.into_values().filter(|own| own.iter().any(|s| concerns(&s.plan))).collect()
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
        return Err(StepError::InvalidInput(why));
    }
    let at = deployment.time.min(read_at);
    let fact =
        Fact::Deployed(Deployed { what: deployment.what.clone(), by: deployment.by.clone(), at });
    detector.desk.store_fact(id, &fact, at, read_at).await?;
    Ok(output(DetectStatus::NotNeeded, id.as_str(), None, "the deployment is on record"))
}

/// A sweep that went well shows itself, here and in the Region of the watcher of the watcher.
async fn heartbeat(detector: &Detector, at: Timestamp) {
    detector.gauges.emit(at, None, "Heartbeat", 1.0);
    let Some(region) = &detector.watcher_region else { return };
    let beat = Change::PutMetric {
        region: region.clone(),
        namespace: "Leeward".to_owned(),
        metric: "Heartbeat".to_owned(),
        workload: "leeward".to_owned(),
        value: 1.0,
        at,
    };
    if let Err(error) = detector.desk.outside.change(&beat, Frozen(at)).await {
        tracing::warn!(%region, %error, "the heartbeat did not reach its watcher");
    }
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
    observe::votes(desk, &[&stored.plan], &before, read_at).await?;
    if request.direction != Direction::ToStandby {
        observe::other_side(desk, &stored.plan, request.direction, read_at).await?;
    }
    let (facts, now) = desk.facts(&stored.plan.workload).await?;
    let evidence = facts.evidence(request.direction);
    let assessment = weigh(&stored.plan, request.direction, evidence, now);
    let reason = Reason {
        trigger: StartedBy::Operator {
            operator: request.operator.clone().unwrap_or_else(|| "unnamed".to_owned()),
            reason: request.reason.clone(),
        },
        direction: request.direction,
        mode: request.mode,
        braked: false,
    };
    let answer = open(detector, stored, &assessment, reason, executor).await?;
    tell(detector, &stored.plan).await;
    Ok(answer)
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
