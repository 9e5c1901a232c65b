//! Target groups: how many of their targets are healthy.

use async_trait::async_trait;
use aws_sdk_elasticloadbalancingv2::Client;
use aws_sdk_elasticloadbalancingv2::types::TargetHealthStateEnum;
use leeward_core::world::{Blind, Question, TargetsView, View};

use crate::Clients;
use crate::fault::Fault;
use crate::world::{Part, not_asked_here};

pub(crate) struct Targets(Clients);

impl Targets {
    pub(crate) fn new(clients: &Clients) -> Self {
        Self(clients.clone())
    }
}

#[async_trait]
impl Part for Targets {
    async fn look(&self, question: &Question) -> Result<View, Blind> {
        let Question::Targets { region, target_group } = question else {
            return Err(not_asked_here(question));
        };
        let answer = self
            .0
            .client(region, Client::new)
            .describe_target_health()
            .target_group_arn(target_group)
            .send()
            .await
            .map_err(|e| Fault::of(&e).blind(question))?;
        let targets = answer.target_health_descriptions();
        let state = |target: &aws_sdk_elasticloadbalancingv2::types::TargetHealthDescription| {
            target.target_health().and_then(|h| h.state().cloned())
        };
        let healthy = targets.iter().filter(|t| state(t) == Some(TargetHealthStateEnum::Healthy));
        match (u32::try_from(healthy.count()), u32::try_from(targets.len())) {
            (Ok(healthy), Ok(total)) => Ok(View::Targets(TargetsView { healthy, total })),
            (Ok(_) | Err(_), Ok(_) | Err(_)) => {
                Err(Blind::new(format!("{question}: more targets than can be counted")))
            }
        }
    }
}
