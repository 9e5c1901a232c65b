//! Target groups: how many of their targets are healthy, and which.

use async_trait::async_trait;
use aws_sdk_elasticloadbalancingv2::Client;
use aws_sdk_elasticloadbalancingv2::types::{TargetHealthDescription, TargetHealthStateEnum};
use leeward_core::world::{Blind, Member, MemberHealth, MembersView, Question, TargetsView, View};

use crate::Clients;
use crate::fault::Fault;
use crate::world::{Part, not_asked_here};

pub(crate) struct Targets(Clients);

impl Targets {
    pub(crate) fn new(clients: &Clients) -> Self {
        Self(clients.clone())
    }
}

/// Error by which the service says that there is no such target group.
const NO_GROUP: &str = "TargetGroupNotFound";
/// Zone of a target that may be reached from every zone: none.
const EVERYWHERE: &str = "all";

/// One target. `DescribeTargetHealth` answers in one page.
fn target(described: &TargetHealthDescription) -> Option<Member> {
    let target = described.target()?;
    let told = described.target_health()?;
    let state = told.state()?;
    let health = [
        (TargetHealthStateEnum::Healthy, MemberHealth::Healthy),
        (TargetHealthStateEnum::Unhealthy, MemberHealth::Unhealthy),
        (TargetHealthStateEnum::UnhealthyDraining, MemberHealth::Unhealthy),
        (TargetHealthStateEnum::Initial, MemberHealth::Starting),
        (TargetHealthStateEnum::Draining, MemberHealth::Away),
        (TargetHealthStateEnum::Unused, MemberHealth::Away),
    ];
    // Health checks that are off (`unavailable`), and whatever there will be one day.
    let health = health.into_iter().find(|(theirs, _)| theirs == state);
    let health = health.map_or(MemberHealth::Unknown, |(_, ours)| ours);
    let reason = told.reason().map(|reason| format!(": {}", reason.as_str()));
    Some(Member {
        id: target.id()?.into(),
        zone: target.availability_zone().filter(|z| *z != EVERYWHERE).map(Into::into),
        health,
        state: format!("{}{}", state.as_str(), reason.unwrap_or_default()).into(),
    })
}

#[async_trait]
impl Part for Targets {
    async fn look(&self, question: &Question) -> Result<View, Blind> {
        let (Question::Targets { region, target_group }
        | Question::TargetHealth { region, target_group }) = question
        else {
            return Err(not_asked_here(question));
        };
        let answer = self
            .0
            .client(region, Client::new)
            .describe_target_health()
            .target_group_arn(target_group.as_str())
            .send()
            .await
            .map_err(|e| Fault::of(&e));
        let listed = matches!(question, Question::TargetHealth { .. });
        let answer = match answer {
            Err(fault) if fault.code == NO_GROUP && !listed => return Ok(View::Targets(None)),
            answer => answer.map_err(|fault| fault.blind(question))?,
        };
        let targets = answer.target_health_descriptions();
        if listed {
            let members = targets.iter().map(target).collect::<Option<_>>();
            let members =
                members.ok_or_else(|| Blind::new(format!("{question}: a target has no state")))?;
            return Ok(View::Members(Some(MembersView { members })));
        }
        let state = |target: &TargetHealthDescription| {
            target.target_health().and_then(|h| h.state().cloned())
        };
        let healthy = targets.iter().filter(|t| state(t) == Some(TargetHealthStateEnum::Healthy));
        match (u32::try_from(healthy.count()), u32::try_from(targets.len())) {
            (Ok(healthy), Ok(total)) => Ok(View::Targets(Some(TargetsView { healthy, total }))),
            (Ok(_) | Err(_), Ok(_) | Err(_)) => {
                Err(Blind::new(format!("{question}: more targets than can be counted")))
            }
        }
    }
}
