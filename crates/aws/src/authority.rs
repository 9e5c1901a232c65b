//! What every name server of a zone answers of its own authority.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use aws_sdk_route53::Client;
use leeward_core::ids::Region;
use leeward_core::world::{AnswerView, Blind, NameQuery, Question, View};

use crate::Clients;
use crate::clients::GLOBAL_REGION;
use crate::dns::{DNS_PORT, authoritative, resolve};
use crate::fault::Fault;
use crate::world::{Part, not_asked_here};

/// How often each server is asked: behind one address stand several machines.
const ASKS: usize = 3;

/// A zone's name servers; Route 53 gives a zone four and never changes them.
pub(crate) struct NameServers {
    clients: Clients,
    known: Mutex<BTreeMap<String, Vec<SocketAddr>>>,
}

impl NameServers {
    pub(crate) fn new(clients: &Clients) -> Self {
        Self { clients: clients.clone(), known: Mutex::default() }
    }

    fn known(&self, zone: &str) -> Option<Vec<SocketAddr>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(zone).cloned()
    }

    async fn of(&self, question: &Question, zone: &str) -> Result<Vec<SocketAddr>, Blind> {
        if let Some(known) = self.known(zone) {
            return Ok(known);
        }
        let mut servers = Vec::new();
        for name in self.names(question, zone).await? {
            let query = NameQuery {
                name: name.clone().into(),
                record_type: "A".into(),
                resolvers: Vec::new(),
            };
            let found = resolve(&query)
                .await
                .map_err(|why| Blind::new(format!("{question}: name server {name}: {why}")))?;
            let address = found.first().and_then(|a| a.parse().ok());
            let address = address.ok_or_else(|| {
                Blind::new(format!("{question}: name server {name} has no address"))
            })?;
            servers.push(SocketAddr::new(address, DNS_PORT));
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(zone.to_owned(), servers.clone());
        Ok(servers)
    }

    /// Their names, as Route 53 tells them.
    pub(crate) async fn names(
        &self,
        question: &Question,
        zone: &str,
    ) -> Result<Vec<String>, Blind> {
        self.clients.route_53_turn().await;
        let client: Client = self.clients.client(&Region::new(GLOBAL_REGION), Client::new);
        let answer = client.get_hosted_zone().id(zone).send().await;
        let answer = answer.map_err(|e| Fault::of(&e).blind(question))?;
        let names = answer.delegation_set().map(|set| set.name_servers().to_vec());
        // A private zone has none: its names are for its networks alone.
        names.filter(|names| !names.is_empty()).ok_or_else(|| {
            Blind::new(format!("{question}: the zone tells no name servers; name `resolvers`"))
        })
    }
}

#[async_trait]
impl Part for NameServers {
    async fn look(&self, question: &Question) -> Result<View, Blind> {
        let Question::Authority { zone, name, record_type } = question else {
            return Err(not_asked_here(question));
        };
        let servers = self.of(question, zone).await?;
        match authoritative(&servers, name, record_type, ASKS).await {
            Ok(values) => {
                let values = values.into_iter().map(Into::into).collect();
                Ok(View::Answer(AnswerView { values }))
            }
            Err(why) => Err(Blind::new(format!("{question}: {why}"))),
        }
    }
}
