//! Auto Scaling groups: their sizes, their instances, and whether they may launch.

use async_trait::async_trait;
use aws_sdk_autoscaling::Client;
use aws_sdk_autoscaling::types::{AutoScalingGroup, Instance, LifecycleState};
use leeward_core::world::{
    Blind, Change, ChangeError, ChangeErrorKind, GroupView, Member, MemberHealth, MembersView,
    Question, Receipt, View,
};
use leeward_ports::Frozen;

use crate::Clients;
use crate::clients::send_effect;
use crate::fault::Fault;
use crate::limits::Limits;
use crate::world::{Part, not_asked_here, not_wired};

/// The process whose suspension keeps a group from starting instances.
const LAUNCH: &str = "Launch";
/// Beginnings of the lifecycle states of an instance that comes up.
const STARTING: [&str; 3] = ["Pending", "ReplacingRootVolume", "RootVolumeReplaced"];

pub(crate) struct Groups(Clients);

impl Groups {
    pub(crate) fn new(clients: &Clients) -> Self {
        Self(clients.clone())
    }

    /// Sizes and launching of a group, by two requests of which each can be repeated.
    ///
    /// Towards a stop, launching is suspended first: a group that has lost its instances must not
    /// start others. Towards a start, it is allowed last. When the second request does not succeed
    /// the first one has already changed something, so the answer is `Lost` whatever the second one
    /// was told: only a probe can say how the group stands.
    async fn bound(&self, change: &Change, frozen: Frozen) -> Result<Receipt, ChangeError> {
        let Change::BoundGroup { region, group, minimum, maximum, desired, suspend } = change
        else {
            return Err(not_wired(change));
        };
        let client = self.0.client(region, Client::new);
        let sizes = client
            .update_auto_scaling_group()
            .auto_scaling_group_name(group.as_str())
            .min_size(size(change, *minimum)?)
            .max_size(size(change, *maximum)?)
            .desired_capacity(size(change, *desired)?);
        if *suspend {
            let suspension = client
                .suspend_processes()
                .auto_scaling_group_name(group.as_str())
                .scaling_processes(LAUNCH);
            send_effect!(aws_sdk_autoscaling, Limits::EFFECT, frozen, suspension)?;
            send_effect!(aws_sdk_autoscaling, Limits::EFFECT, frozen, sizes)
                .map_err(|e| half_done("launching is suspended, but its sizes are not set", e))
        } else {
            send_effect!(aws_sdk_autoscaling, Limits::EFFECT, frozen, sizes)?;
            let resumption = client
                .resume_processes()
                .auto_scaling_group_name(group.as_str())
                .scaling_processes(LAUNCH);
            send_effect!(aws_sdk_autoscaling, Limits::EFFECT, frozen, resumption)
                .map_err(|e| half_done("its sizes are set, but launching is not resumed", e))
        }
    }
}

fn half_done(how: &str, error: ChangeError) -> ChangeError {
    ChangeError {
        kind: ChangeErrorKind::Lost,
        code: error.code,
        message: format!("the group is half done: {how}: {}", error.message).into(),
    }
}

fn size(change: &Change, count: u32) -> Result<i32, ChangeError> {
    i32::try_from(count).map_err(|_| ChangeError {
        kind: ChangeErrorKind::Refused,
        code: "InvalidSize".into(),
        message: format!("{change}: {count} is no size of a group; nothing was sent").into(),
    })
}

/// Metrics of which either tells how much was in service; without weights both say the same (EC2 Auto
/// Scaling User Guide, "Amazon CloudWatch metrics").
const IN_SERVICE: [&str; 2] = ["GroupInServiceCapacity", "GroupInServiceInstances"];
/// What sizes are measured in unless attribute-based instance type selection says otherwise
/// (`DesiredCapacityType`: units, vcpu, memory-mib).
const UNITS: &str = "units";

/// Capacity units of an instance. A group with weights has its sizes in them, and each of its instances
/// says how many it is; without weights an instance is one (DescribeAutoScalingGroups,
/// `Instances.WeightedCapacity`: a text of digits).
fn units(instance: &Instance) -> Option<u32> {
    instance.weighted_capacity().map_or(Some(1), |weight| weight.parse().ok())
}

fn view(group: &AutoScalingGroup) -> Option<GroupView> {
    let count = |size: Option<i32>| u32::try_from(size?).ok();
    let instances = group.instances();
    let serving: Vec<&Instance> = instances
        .iter()
        .filter(|i| {
            i.lifecycle_state() == Some(&LifecycleState::InService)
                && i.health_status().is_some_and(|health| health.eq_ignore_ascii_case("healthy"))
        })
        .collect();
    let living =
        instances.iter().filter(|i| i.lifecycle_state() != Some(&LifecycleState::Terminated));
    let suspended = group.suspended_processes().iter().filter_map(|p| p.process_name());
    Some(GroupView {
        minimum: count(group.min_size())?,
        maximum: count(group.max_size())?,
        desired: count(group.desired_capacity())?,
        in_service: serving.iter().map(|i| units(i)).sum::<Option<u32>>()?,
        serving: u32::try_from(serving.len()).ok()?,
        instances: u32::try_from(living.count()).ok()?,
        suspended: suspended.map(Into::into).collect(),
        measured_in: group.desired_capacity_type().filter(|unit| *unit != UNITS).map(Into::into),
        tells_peak: group
            .enabled_metrics()
            .iter()
            .any(|m| m.metric().is_some_and(|metric| IN_SERVICE.contains(&metric))),
    })
}

/// One instance. Whoever is found ill counts as ill while it is being replaced.
fn member(instance: &Instance) -> Option<Member> {
    let lifecycle = instance.lifecycle_state()?.as_str();
    let health = instance.health_status()?;
    let stage = |names: &[&str]| names.iter().any(|name| lifecycle.starts_with(name));
    let judged = if stage(&["Terminated"]) {
        MemberHealth::Away
    } else if !health.eq_ignore_ascii_case("healthy") {
        MemberHealth::Unhealthy
    } else if stage(&["InService"]) {
        MemberHealth::Healthy
    } else if stage(&STARTING) {
        MemberHealth::Starting
    } else {
        MemberHealth::Away
    };
    Some(Member {
        id: instance.instance_id()?.into(),
        zone: instance.availability_zone().map(Into::into),
        health: judged,
        state: format!("{lifecycle}/{health}").into(),
    })
}

fn members(group: &AutoScalingGroup) -> Option<MembersView> {
    let members = group.instances().iter().map(member).collect::<Option<_>>()?;
    Some(MembersView { members })
}

#[async_trait]
impl Part for Groups {
    async fn look(&self, question: &Question) -> Result<View, Blind> {
        let (Question::Group { region, group } | Question::GroupMembers { region, group }) =
            question
        else {
            return Err(not_asked_here(question));
        };
        let listed = matches!(question, Question::GroupMembers { .. });
        let answer = self
            .0
            .client(region, Client::new)
            .describe_auto_scaling_groups()
            .auto_scaling_group_names(group.as_str())
            .send()
            .await
            .map_err(|e| Fault::of(&e).blind(question))?;
        let Some(found) = answer.auto_scaling_groups().first() else {
            return Ok(if listed { View::Members(None) } else { View::Group(None) });
        };
        let view = if listed {
            members(found).map(|v| View::Members(Some(v)))
        } else {
            view(found).map(|v| View::Group(Some(v)))
        };
        view.ok_or_else(|| Blind::new(format!("{question}: the answer lacks a size or a state")))
    }

    async fn change(&self, change: &Change, frozen: Frozen) -> Result<Receipt, ChangeError> {
        let Change::SetMinimum { region, group, minimum } = change else {
            return self.bound(change, frozen).await;
        };
        // Never the desired capacity: a scaling policy may have raised it meanwhile.
        let raise = self
            .0
            .client(region, Client::new)
            .update_auto_scaling_group()
            .auto_scaling_group_name(group.as_str())
            .min_size(size(change, *minimum)?);
        send_effect!(aws_sdk_autoscaling, Limits::EFFECT, frozen, raise)
    }
}
