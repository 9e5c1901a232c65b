//! Auto Scaling groups that run writers: every instance that is there, those of the warm pool included.

use async_trait::async_trait;
use aws_sdk_autoscaling::Client;
use aws_sdk_autoscaling::types::{AutoScalingGroup, Instance};
use leeward_core::ids::{Region, Text};
use leeward_core::world::{Blind, Question, View, WriterGroupView, WriterInstance};

use crate::Clients;
use crate::fault::Fault;
use crate::world::{Part, not_asked_here};

/// The one lifecycle state in which nothing of an instance is left.
const TERMINATED: &str = "Terminated";
/// Most pages of a warm pool that are read: of fifty instances each.
const PAGES_MAX: usize = 20;

pub(crate) struct WriterGroups(Clients);

impl WriterGroups {
    pub(crate) fn new(clients: &Clients) -> Self {
        Self(clients.clone())
    }

    /// `Instances` of a group does not list those of its warm pool: "To retrieve information about the instances
    /// in a warm pool, you must call the DescribeWarmPool API" (API Reference, DescribeAutoScalingGroups).
    async fn pool(&self, region: &Region, group: &str) -> Result<Vec<Instance>, Fault> {
        let client = self.0.client(region, Client::new);
        let (mut instances, mut token) = (Vec::new(), None);
        for _ in 0..PAGES_MAX {
            let asked = client
                .describe_warm_pool()
                .auto_scaling_group_name(group)
                .set_next_token(token)
                .send()
                .await;
            let answer = asked.map_err(|e| Fault::of(&e))?;
            instances.extend_from_slice(answer.instances());
            token = answer.next_token().filter(|t| !t.is_empty()).map(ToOwned::to_owned);
            if token.is_none() {
                break;
            }
        }
        Ok(instances)
    }
}

fn there(instances: &[Instance]) -> Option<Vec<WriterInstance>> {
    let one = |instance: &Instance| {
        let state: Text = instance.lifecycle_state()?.as_str().into();
        Some(WriterInstance {
            id: instance.instance_id()?.into(),
            protected: instance.protected_from_scale_in().unwrap_or_default(),
            state,
        })
    };
    let all = instances.iter().map(one).collect::<Option<Vec<_>>>()?;
    Some(all.into_iter().filter(|i| i.state != TERMINATED).collect())
}

fn view(group: &AutoScalingGroup, pool: &[Instance]) -> Option<WriterGroupView> {
    let count = |size: Option<i32>| u32::try_from(size?).ok();
    let suspended = group.suspended_processes().iter().filter_map(|p| p.process_name());
    let instances = [there(group.instances())?, there(pool)?].concat();
    let fills_to = |pool: &aws_sdk_autoscaling::types::WarmPoolConfiguration| -> Text {
        // `Stopped` is what AWS takes where none is set (API Reference, WarmPoolConfiguration).
        pool.pool_state().map_or("Stopped", |state| state.as_str()).into()
    };
    Some(WriterGroupView {
        minimum: count(group.min_size())?,
        maximum: count(group.max_size())?,
        desired: count(group.desired_capacity())?,
        suspended: suspended.map(Into::into).collect(),
        instances,
        warm_pool: group.warm_pool_configuration().map(fills_to),
    })
}

#[async_trait]
impl Part for WriterGroups {
    async fn look(&self, question: &Question) -> Result<View, Blind> {
        let Question::WriterGroup { region, group } = question else {
            return Err(not_asked_here(question));
        };
        let answer = self
            .0
            .client(region, Client::new)
            .describe_auto_scaling_groups()
            .auto_scaling_group_names(group.as_str())
            .send()
            .await
            .map_err(|e| Fault::of(&e).blind(question))?;
        let Some(found) = answer.auto_scaling_groups().first() else {
            return Ok(View::WriterGroup(None));
        };
        let pooled =
            found.warm_pool_configuration().is_some() || found.warm_pool_size().unwrap_or(0) > 0;
        let pool = if pooled {
            self.pool(region, group).await.map_err(|fault| fault.blind(question))?
        } else {
            Vec::new()
        };
        let view = view(found, &pool).map(|v| View::WriterGroup(Some(v)));
        view.ok_or_else(|| Blind::new(format!("{question}: the answer lacks a size or a state")))
    }
}
