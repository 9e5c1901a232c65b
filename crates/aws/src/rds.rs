//! RDS instances, and the promotion of a read replica.

use async_trait::async_trait;
use aws_sdk_rds::Client;
use leeward_core::world::{
    Blind, Change, ChangeError, Question, RdsView, Receipt, ReplicationView, View,
};
use leeward_ports::Frozen;

use crate::Clients;
use crate::clients::send_effect;
use crate::fault::Fault;
use crate::limits::Limits;
use crate::world::{Part, not_asked_here, not_wired};

/// Type of the status info that a read replica has.
const REPLICATION: &str = "read replication";
/// RDS's word for "there is none of that name".
const ABSENT: [&str; 2] = ["DBInstanceNotFound", "DBInstanceNotFoundFault"];

pub(crate) struct Instances(Clients);

impl Instances {
    pub(crate) fn new(clients: &Clients) -> Self {
        Self(clients.clone())
    }
}

fn view(instance: &aws_sdk_rds::types::DbInstance) -> Option<RdsView> {
    let source = instance
        .read_replica_source_db_instance_identifier()
        .or(instance.read_replica_source_db_cluster_identifier());
    Some(RdsView {
        status: instance.db_instance_status()?.into(),
        arn: instance.db_instance_arn().map(Into::into),
        replica_source: source.filter(|s| !s.is_empty()).map(Into::into),
        engine: instance.engine()?.into(),
        engine_version: instance.engine_version().unwrap_or_default().into(),
        host: instance.endpoint().and_then(|e| e.address()).map(Into::into),
        zone: instance.availability_zone().map(Into::into),
        multi_az: instance.multi_az().unwrap_or_default(),
        replication: replication(instance),
    })
}

/// What a replica's status infos say of its link to the source.
fn replication(instance: &aws_sdk_rds::types::DbInstance) -> Option<ReplicationView> {
    let infos = instance.status_infos();
    let info = infos.iter().find(|info| info.status_type() == Some(REPLICATION))?;
    Some(ReplicationView {
        normal: info.normal()?,
        status: info.status().unwrap_or_default().into(),
        message: info.message().unwrap_or_default().into(),
    })
}

#[async_trait]
impl Part for Instances {
    async fn look(&self, question: &Question) -> Result<View, Blind> {
        let Question::Rds { region, instance } = question else {
            return Err(not_asked_here(question));
        };
        let asked = self
            .0
            .client(region, Client::new)
            .describe_db_instances()
            .db_instance_identifier(instance.as_str())
            .send()
            .await;
        let answer = match asked.map_err(|e| Fault::of(&e)) {
            Ok(answer) => answer,
            Err(fault) if ABSENT.contains(&fault.code.as_str()) => return Ok(View::Rds(None)),
            Err(fault) => return Err(fault.blind(question)),
        };
        let [found] = answer.db_instances() else {
            return Err(Blind::new(format!(
                "{question}: RDS answered {} instances instead of one",
                answer.db_instances().len()
            )));
        };
        let view = view(found);
        view.map(|v| View::Rds(Some(v)))
            .ok_or_else(|| Blind::new(format!("{question}: the answer has no status or engine")))
    }

    async fn change(&self, change: &Change, frozen: Frozen) -> Result<Receipt, ChangeError> {
        let Change::PromoteReplica { region, instance } = change else {
            return Err(not_wired(change));
        };
        let client = self.0.client(region, Client::new);
        let promote = client.promote_read_replica().db_instance_identifier(instance.as_str());
        send_effect!(aws_sdk_rds, Limits::EFFECT, frozen, promote)
    }
}
