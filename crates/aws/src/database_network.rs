//! Which security groups stand in front of a database, and whether there is a way past them.

use async_trait::async_trait;
use aws_sdk_rds::Client;
use aws_sdk_rds::types::{DbCluster, DbInstance, VpcSecurityGroupMembership};
use leeward_core::ids::{Region, Text};
use leeward_core::world::{Blind, DatabaseNetwork, Question, View};

use crate::Clients;
use crate::fault::Fault;
use crate::world::{Part, not_asked_here};

/// RDS's words for "there is none of that name".
const ABSENT: [&str; 4] = [
    "DBInstanceNotFound",
    "DBInstanceNotFoundFault",
    "DBClusterNotFound",
    "DBClusterNotFoundFault",
];

pub(crate) struct Networks(Clients);

impl Networks {
    pub(crate) fn new(clients: &Clients) -> Self {
        Self(clients.clone())
    }

    async fn instance(
        &self,
        region: &Region,
        name: &str,
    ) -> Result<Option<DatabaseNetwork>, Fault> {
        let client = self.0.client(region, Client::new);
        let asked = client.describe_db_instances().db_instance_identifier(name).send().await;
        let answer = asked.map_err(|e| Fault::of(&e))?;
        Ok(answer.db_instances().first().map(of_instance))
    }

    /// Groups are the cluster's, and its instances have the same (Aurora User Guide, "Creating an Amazon Aurora
    /// DB cluster": VPC security groups are set for the cluster).
    async fn cluster(&self, region: &Region, arn: &str) -> Result<Option<DatabaseNetwork>, Fault> {
        let client = self.0.client(region, Client::new);
        let asked = client.describe_db_clusters().db_cluster_identifier(arn).send().await;
        let answer = asked.map_err(|e| Fault::of(&e))?;
        Ok(answer.db_clusters().first().map(of_cluster))
    }
}

/// A group that is being added or removed counts as well: for a while it lets in.
fn groups(memberships: &[VpcSecurityGroupMembership]) -> Vec<Text> {
    memberships.iter().filter_map(|m| m.vpc_security_group_id()).map(Text::from).collect()
}

fn port(port: Option<i32>) -> Option<u16> {
    port.and_then(|port| u16::try_from(port).ok()).filter(|port| *port != 0)
}

fn of_instance(instance: &DbInstance) -> DatabaseNetwork {
    let endpoint = instance.endpoint().and_then(|e| e.port());
    DatabaseNetwork {
        groups: groups(instance.vpc_security_groups()),
        port: port(endpoint),
        data_api: false,
    }
}

fn of_cluster(cluster: &DbCluster) -> DatabaseNetwork {
    DatabaseNetwork {
        groups: groups(cluster.vpc_security_groups()),
        port: port(cluster.port()),
        data_api: cluster.http_endpoint_enabled().unwrap_or_default(),
    }
}

#[async_trait]
impl Part for Networks {
    async fn look(&self, question: &Question) -> Result<View, Blind> {
        let Question::DatabaseNetwork { region, database, cluster } = question else {
            return Err(not_asked_here(question));
        };
        let seen = if *cluster {
            self.cluster(region, database).await
        } else {
            self.instance(region, database).await
        };
        match seen {
            Ok(network) => Ok(View::DatabaseNetwork(network)),
            Err(fault) if ABSENT.contains(&fault.code.as_str()) => Ok(View::DatabaseNetwork(None)),
            Err(fault) => Err(fault.blind(question)),
        }
    }
}
