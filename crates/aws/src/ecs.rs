//! ECS services: how many tasks are wanted and run.

use async_trait::async_trait;
use aws_sdk_ecs::Client;
use leeward_core::world::{
    Blind, Change, ChangeError, ChangeErrorKind, Question, Receipt, RunningView, View,
};
use leeward_ports::Frozen;

use crate::Clients;
use crate::clients::send_effect;
use crate::fault::Fault;
use crate::limits::Limits;
use crate::world::{Part, not_asked_here, not_wired};

/// Status of a service that was deleted and is still described for a while.
const DELETED: &str = "INACTIVE";
/// Reason by which ECS says that there is none of that name.
const ABSENT: &str = "MISSING";

pub(crate) struct Services(Clients);

impl Services {
    pub(crate) fn new(clients: &Clients) -> Self {
        Self(clients.clone())
    }
}

#[async_trait]
impl Part for Services {
    async fn look(&self, question: &Question) -> Result<View, Blind> {
        let Question::EcsService { region, cluster, service } = question else {
            return Err(not_asked_here(question));
        };
        let answer = self
            .0
            .client(region, Client::new)
            .describe_services()
            .cluster(cluster)
            .services(service)
            .send()
            .await
            .map_err(|e| Fault::of(&e).blind(question))?;
        let unusable = |why: String| Err(Blind::new(format!("{question}: {why}")));
        let Some(found) = answer.services().first() else {
            let reason = answer.failures().first().and_then(|f| f.reason());
            return match reason {
                Some(ABSENT) => Ok(View::Running(None)),
                Some(_) | None => unusable(format!("ECS says {}", reason.unwrap_or("nothing"))),
            };
        };
        if found.status() == Some(DELETED) {
            return Ok(View::Running(None));
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
            code: "InvalidCount".to_owned(),
            message: format!("{change}: {count} is no count of tasks; nothing was sent"),
        })?;
        let update = self
            .0
            .client(region, Client::new)
            .update_service()
            .cluster(cluster)
            .service(service)
            .desired_count(desired);
        send_effect!(aws_sdk_ecs, Limits::EFFECT, frozen, update)
    }
}
