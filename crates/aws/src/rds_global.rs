//! Aurora global databases: asked and changed in the Region that is moved to.

use async_trait::async_trait;
use aws_sdk_rds::Client;
use aws_sdk_rds::types::GlobalCluster;
use leeward_core::world::{
    Blind, Change, ChangeError, GlobalMember, GlobalView, Question, Receipt, View,
};
use leeward_ports::Frozen;

use crate::Clients;
use crate::clients::send_effect;
use crate::fault::Fault;
use crate::limits::Limits;
use crate::world::{Part, not_asked_here, not_wired};

/// RDS's word for "there is none of that name".
const ABSENT: [&str; 2] = ["GlobalClusterNotFoundFault", "GlobalClusterNotFound"];

pub(crate) struct GlobalClusters(Clients);

impl GlobalClusters {
    pub(crate) fn new(clients: &Clients) -> Self {
        Self(clients.clone())
    }
}

fn view(cluster: &GlobalCluster) -> Option<GlobalView> {
    let members = cluster.global_cluster_members().iter().map(|member| {
        Some(GlobalMember {
            arn: member.db_cluster_arn()?.into(),
            writer: member.is_writer().unwrap_or(false),
        })
    });
    let failover = cluster.failover_state().and_then(|state| state.status());
    Some(GlobalView {
        status: cluster.status()?.into(),
        failover: failover.map(|status| status.as_str().into()),
        engine: cluster.engine().map(Into::into),
        engine_version: cluster.engine_version().map(Into::into),
        members: members.collect::<Option<Vec<_>>>()?,
    })
}

#[async_trait]
impl Part for GlobalClusters {
    async fn look(&self, question: &Question) -> Result<View, Blind> {
        let Question::Global { region, global_cluster } = question else {
            return Err(not_asked_here(question));
        };
        let asked = self
            .0
            .client(region, Client::new)
            .describe_global_clusters()
            .global_cluster_identifier(global_cluster.as_str())
            .send()
            .await;
        let answer = match asked.map_err(|e| Fault::of(&e)) {
            Ok(answer) => answer,
            Err(fault) if ABSENT.contains(&fault.code.as_str()) => return Ok(View::Global(None)),
            Err(fault) => return Err(fault.blind(question)),
        };
        let [found] = answer.global_clusters() else {
            return Err(Blind::new(format!(
                "{question}: RDS answered {} global clusters instead of one",
                answer.global_clusters().len()
            )));
        };
        let view = view(found).map(|v| View::Global(Some(v)));
        view.ok_or_else(|| {
            Blind::new(format!("{question}: the answer lacks a status or a member's ARN"))
        })
    }

    async fn change(&self, change: &Change, frozen: Frozen) -> Result<Receipt, ChangeError> {
        if let Change::FailoverGlobal { region, global_cluster, target } = change {
            let failover = self
                .0
                .client(region, Client::new)
                .failover_global_cluster()
                .global_cluster_identifier(global_cluster.as_str())
                .target_db_cluster_identifier(target.as_str())
                .allow_data_loss(true);
            return send_effect!(aws_sdk_rds, Limits::EFFECT, frozen, failover);
        }
        let Change::SwitchoverGlobal { region, global_cluster, target } = change else {
            return Err(not_wired(change));
        };
        let switchover = self
            .0
            .client(region, Client::new)
            .switchover_global_cluster()
            .global_cluster_identifier(global_cluster.as_str())
            .target_db_cluster_identifier(target.as_str());
        send_effect!(aws_sdk_rds, Limits::EFFECT, frozen, switchover)
    }
}
