//! EC2 instances: their states and status checks, start and stop.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{Filter, Instance, InstanceStateName, InstanceStatus, SummaryStatus};
use leeward_core::ids::Text;
use leeward_core::world::{
    Blind, Change, ChangeError, InstanceView, Member, MemberHealth, MembersView, Question, Receipt,
    View,
};
use leeward_ports::Frozen;

use crate::Clients;
use crate::clients::send_effect;
use crate::fault::Fault;
use crate::limits::{Limits, Pages};
use crate::world::{Part, not_asked_here, not_wired};

/// Ids that `DescribeInstanceStatus` takes at once; with ids it answers in one page.
const IDS_AT_ONCE: usize = 100;

/// Values that one filter takes (EC2 User Guide, "Filter your resources").
const VALUES_AT_ONCE: usize = 200;

pub(crate) struct Instances(Clients);

impl Instances {
    pub(crate) fn new(clients: &Clients) -> Self {
        Self(clients.clone())
    }
}

/// One instance by its status checks: ill when one fails, well when both pass.
fn checked(instance: &InstanceStatus) -> Option<Member> {
    let state = instance.instance_state()?.name()?;
    let system = instance.system_status()?.status()?;
    let own = instance.instance_status()?.status()?;
    let either = |status: &SummaryStatus| system == status || own == status;
    let health = if *state == InstanceStateName::Pending {
        MemberHealth::Starting
    } else if *state != InstanceStateName::Running {
        MemberHealth::Away
    } else if either(&SummaryStatus::Impaired) {
        MemberHealth::Unhealthy
    } else if either(&SummaryStatus::Initializing) {
        MemberHealth::Starting
    } else if *system == SummaryStatus::Ok && *own == SummaryStatus::Ok {
        MemberHealth::Healthy
    } else {
        MemberHealth::Unknown
    };
    Some(Member {
        id: instance.instance_id()?.into(),
        zone: instance.availability_zone().map(Into::into),
        health,
        state: format!("{state}: system {system}, instance {own}").into(),
    })
}

/// An instance by its description: its state, and why it came into it. `StateReason` says what failed,
/// such as `Server.InsufficientInstanceCapacity`; `StateTransitionReason` who asked for it and when.
fn described_as(instance: &Instance) -> Option<(Text, InstanceView)> {
    let state = instance.state()?.name()?.as_str().into();
    let reason = instance.state_reason().and_then(|r| r.message()).filter(|text| !text.is_empty());
    let reason = reason.or(instance.state_transition_reason()).unwrap_or_default();
    Some((instance.instance_id()?.into(), InstanceView { state, reason: reason.into() }))
}

/// Ids as the SDK takes them.
fn strings(ids: &[Text]) -> Vec<String> {
    ids.iter().map(Text::to_string).collect()
}

impl Instances {
    async fn status(&self, question: &Question) -> Result<View, Blind> {
        let Question::InstanceStatus { region, ids } = question else {
            return Err(not_asked_here(question));
        };
        let client = self.0.client(region, Client::new);
        let pages = Pages::begin(&self.0);
        let mut known: BTreeMap<Text, Member> = BTreeMap::new();
        for some in ids.chunks(IDS_AT_ONCE) {
            pages.next(question)?;
            let answer = client
                .describe_instance_status()
                .set_instance_ids(Some(strings(some)))
                // Without it only running instances are told of.
                .include_all_instances(true)
                .send()
                .await
                .map_err(|e| Fault::of(&e).blind(question))?;
            let told = answer.instance_statuses().iter().filter_map(checked);
            known.extend(told.map(|member| (member.id.clone(), member)));
        }
        let in_order = ids.iter().map(|id| {
            let member = known.get(id).cloned();
            member.ok_or_else(|| untold(question, id))
        });
        let members = in_order.collect::<Result<_, _>>()?;
        Ok(View::Members(Some(MembersView { members })))
    }
}

fn untold(question: &Question, id: &str) -> Blind {
    Blind::new(format!("{question}: the answer does not tell of {id}"))
}

#[async_trait]
impl Part for Instances {
    async fn look(&self, question: &Question) -> Result<View, Blind> {
        let Question::Instances { region, ids } = question else {
            return self.status(question).await;
        };
        // Without ids EC2 would describe every instance of the account.
        if ids.is_empty() {
            return Ok(View::Instances(Vec::new()));
        }
        let client = self.0.client(region, Client::new);
        let pages = Pages::begin(&self.0);
        let mut known: BTreeMap<Text, InstanceView> = BTreeMap::new();
        for some in ids.chunks(VALUES_AT_ONCE) {
            // Not by `InstanceIds`: with one unknown id EC2 would tell of none of the others
            // (`InvalidInstanceID.NotFound`). A filter leaves out what does not exist.
            let filter =
                Filter::builder().name("instance-id").set_values(Some(strings(some))).build();
            let mut from: Option<String> = None;
            loop {
                pages.next(question)?;
                let answer = client
                    .describe_instances()
                    .filters(filter.clone())
                    .set_next_token(from.take())
                    .send()
                    .await
                    .map_err(|e| Fault::of(&e).blind(question))?;
                let described = answer.reservations().iter().flat_map(|r| r.instances());
                known.extend(described.filter_map(described_as));
                match answer.next_token().filter(|token| !token.is_empty()) {
                    Some(token) => from = Some(token.to_owned()),
                    None => break,
                }
            }
        }
        let in_order = ids.iter().map(|id| (id.clone(), known.get(id).cloned()));
        Ok(View::Instances(in_order.collect()))
    }

    async fn change(&self, change: &Change, frozen: Frozen) -> Result<Receipt, ChangeError> {
        if let Change::StartInstances { region, ids } = change {
            let client = self.0.client(region, Client::new);
            let start = client.start_instances().set_instance_ids(Some(strings(ids)));
            return send_effect!(aws_sdk_ec2, Limits::EFFECT, frozen, start);
        }
        let Change::StopInstances { region, ids } = change else {
            return Err(not_wired(change));
        };
        let client = self.0.client(region, Client::new);
        let stop = client.stop_instances().set_instance_ids(Some(strings(ids)));
        send_effect!(aws_sdk_ec2, Limits::EFFECT, frozen, stop)
    }
}
