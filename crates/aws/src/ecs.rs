//! ECS services: how many tasks are wanted and run, and how their deployments go.

use std::num::TryFromIntError;

use async_trait::async_trait;
use aws_sdk_ecs::Client;
use aws_sdk_ecs::types::{Deployment, DeploymentRolloutState, Service};
use leeward_core::world::{
    Blind, Change, ChangeError, ChangeErrorKind, Question, Receipt, Rollout, RolloutState,
    RunningView, ServiceView, View,
};
use leeward_ports::Frozen;

use crate::Clients;
use crate::clients::{core_time, send_effect};
use crate::fault::Fault;
use crate::limits::Limits;
use crate::world::{Part, not_asked_here, not_wired};

/// Status of a service that was deleted and is still described for a while.
const DELETED: &str = "INACTIVE";
/// Reason by which ECS says that there is none of that name.
const ABSENT: &str = "MISSING";

/// Error by which ECS says that there is no such cluster.
const NO_CLUSTER: &str = "ClusterNotFoundException";

pub(crate) struct Services(Clients);

impl Services {
    pub(crate) fn new(clients: &Clients) -> Self {
        Self(clients.clone())
    }
}

/// A deployment's status when it is the newest.
const NEWEST: &str = "PRIMARY";

fn view(service: &Service) -> Result<ServiceView, TryFromIntError> {
    Ok(ServiceView {
        desired: u32::try_from(service.desired_count())?,
        running: u32::try_from(service.running_count())?,
        pending: u32::try_from(service.pending_count())?,
        rollouts: service.deployments().iter().map(rollout).collect::<Result<_, _>>()?,
    })
}

fn rollout(deployment: &Deployment) -> Result<Rollout, TryFromIntError> {
    let states = [
        (DeploymentRolloutState::Completed, RolloutState::Completed),
        (DeploymentRolloutState::InProgress, RolloutState::InProgress),
        (DeploymentRolloutState::Failed, RolloutState::Failed),
    ];
    let state = deployment.rollout_state();
    let known = state.and_then(|state| states.into_iter().find(|(theirs, _)| theirs == state));
    Ok(Rollout {
        id: deployment.id().unwrap_or_default().into(),
        primary: deployment.status() == Some(NEWEST),
        state: known.map(|(_, ours)| ours),
        reason: deployment.rollout_state_reason().unwrap_or_default().into(),
        desired: u32::try_from(deployment.desired_count())?,
        running: u32::try_from(deployment.running_count())?,
        failed: u32::try_from(deployment.failed_tasks())?,
        since: deployment.created_at().and_then(core_time),
    })
}

#[async_trait]
impl Part for Services {
    async fn look(&self, question: &Question) -> Result<View, Blind> {
        let (Question::EcsService { region, cluster, service }
        | Question::ServiceHealth { region, cluster, service }) = question
        else {
            return Err(not_asked_here(question));
        };
        let whole = matches!(question, Question::ServiceHealth { .. });
        let none = if whole { View::Service(None) } else { View::Running(None) };
        let answer = self
            .0
            .client(region, Client::new)
            .describe_services()
            .cluster(cluster.as_str())
            .services(service.as_str())
            .send()
            .await
            .map_err(|e| Fault::of(&e));
        let answer = match answer {
            // A service whose cluster does not exist does not either.
            Err(fault) if fault.code == NO_CLUSTER => return Ok(none),
            answer => answer.map_err(|fault| fault.blind(question))?,
        };
        let unusable = |why: String| Err(Blind::new(format!("{question}: {why}")));
        let Some(found) = answer.services().first() else {
            let reason = answer.failures().first().and_then(|f| f.reason());
            return match reason {
                Some(ABSENT) => Ok(none),
                Some(_) | None => unusable(format!("ECS says {}", reason.unwrap_or("nothing"))),
            };
        };
        if found.status() == Some(DELETED) {
            return Ok(none);
        }
        if whole {
            return match view(found) {
                Ok(view) => Ok(View::Service(Some(view))),
                Err(_) => unusable("a count is negative".to_owned()),
            };
        }
        match (u32::try_from(found.desired_count()), u32::try_from(found.running_count())) {
            (Ok(desired), Ok(running)) => Ok(View::Running(Some(RunningView { desired, running }))),
            (Ok(_) | Err(_), Ok(_) | Err(_)) => unusable("a count is negative".to_owned()),
        }
    }

    async fn change(&self, change: &Change, frozen: Frozen) -> Result<Receipt, ChangeError> {
        let Change::SetDesiredCount { region, cluster, service, count } = change else {
            return Err(not_wired(change));
        };
        let desired = i32::try_from(*count).map_err(|_| ChangeError {
            kind: ChangeErrorKind::Refused,
            code: "InvalidCount".into(),
            message: format!("{change}: {count} is no count of tasks; nothing was sent").into(),
        })?;
        let update = self
            .0
            .client(region, Client::new)
            .update_service()
            .cluster(cluster.as_str())
            .service(service.as_str())
            .desired_count(desired);
        send_effect!(aws_sdk_ecs, Limits::EFFECT, frozen, update)
    }
}
