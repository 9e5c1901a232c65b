//! Replicas of DynamoDB global tables.

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::TableStatus;
use leeward_core::world::{Blind, Question, RunningView, View};

use crate::Clients;
use crate::fault::Fault;
use crate::world::{Part, not_asked_here};

pub(crate) struct TableReplicas(Clients);

impl TableReplicas {
    pub(crate) fn new(clients: &Clients) -> Self {
        Self(clients.clone())
    }
}

#[async_trait]
impl Part for TableReplicas {
    async fn look(&self, question: &Question) -> Result<View, Blind> {
        let Question::TableReplica { region, table } = question else {
            return Err(not_asked_here(question));
        };
        let asked = self
            .0
            .client(region, Client::new)
            .describe_table()
            .table_name(table.as_str())
            .send()
            .await;
        match asked {
            Ok(answer) => {
                let status = answer.table().and_then(|t| t.table_status());
                let running = u32::from(status == Some(&TableStatus::Active));
                Ok(View::Running(Some(RunningView { desired: 1, running })))
            }
            Err(error) => match Fault::of(&error) {
                absent if absent.code == "ResourceNotFoundException" => Ok(View::Running(None)),
                fault => Err(fault.blind(question)),
            },
        }
    }
}
