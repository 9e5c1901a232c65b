//! EC2 instances: their states, start and stop.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_ec2::Client;
use leeward_core::world::{Blind, Change, ChangeError, InstanceState, Question, Receipt, View};
use leeward_ports::Frozen;

use crate::Clients;
use crate::clients::send_effect;
use crate::fault::Fault;
use crate::limits::Limits;
use crate::world::{Part, not_asked_here, not_wired};

pub(crate) struct Instances(Clients);

impl Instances {
    pub(crate) fn new(clients: &Clients) -> Self {
        Self(clients.clone())
    }
}

#[async_trait]
impl Part for Instances {
    async fn look(&self, question: &Question) -> Result<View, Blind> {
        let Question::Instances { region, ids } = question else {
            return Err(not_asked_here(question));
        };
        // Without ids EC2 would describe every instance of the account.
        if ids.is_empty() {
            return Ok(View::Instances(Vec::new()));
        }
        let answer = self
            .0
            .client(region, Client::new)
            .describe_instances()
            .set_instance_ids(Some(ids.clone()))
            .send()
            .await
            .map_err(|e| Fault::of(&e).blind(question))?;
        let described = answer.reservations().iter().flat_map(|r| r.instances());
        let states: BTreeMap<&str, &str> = described
            .filter_map(|i| Some((i.instance_id()?, i.state()?.name()?.as_str())))
            .collect();
        let in_order = ids.iter().map(|id| match states.get(id.as_str()) {
            Some(state) => Ok((id.clone(), InstanceState((*state).to_owned()))),
            None => Err(Blind::new(format!("{question}: the answer does not tell of {id}"))),
        });
        Ok(View::Instances(in_order.collect::<Result<_, _>>()?))
    }

    async fn change(&self, change: &Change, frozen: Frozen) -> Result<Receipt, ChangeError> {
        if let Change::StartInstances { region, ids } = change {
            let client = self.0.client(region, Client::new);
            let start = client.start_instances().set_instance_ids(Some(ids.clone()));
            return send_effect!(aws_sdk_ec2, Limits::EFFECT, frozen, start);
        }
        let Change::StopInstances { region, ids } = change else {
            return Err(not_wired(change));
        };
        let client = self.0.client(region, Client::new);
        let stop = client.stop_instances().set_instance_ids(Some(ids.clone()));
        send_effect!(aws_sdk_ec2, Limits::EFFECT, frozen, stop)
    }
}
