//! Putting an item of the state table aside, under another key: what a person does to damaged items.

use std::collections::HashMap;

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use leeward_core::ids::Region;
use leeward_core::table::Key;
use leeward_core::time::Timestamp;
use leeward_core::world::ChangeErrorKind;
use leeward_ports::{Aside, Dated, Frozen, Put, TableError, TableErrorKind};

use crate::Clients;
use crate::clients::{limited, sent_once};
use crate::date::DateReader;
use crate::fault::Fault;
use crate::limits::Limits;

type Attributes = HashMap<String, AttributeValue>;

/// The state table, for a person who repairs it.
#[derive(Debug, Clone)]
pub struct DynamoAside {
    client: Client,
    name: String,
    region: Region,
}

impl DynamoAside {
    /// The table of that name in that Region. Calls nobody.
    pub fn new(clients: &Clients, region: &Region, name: &str) -> Self {
        let client = clients.client(region, Client::new);
        Self { client, name: name.to_owned(), region: region.clone() }
    }

    fn failed(&self, tried: &str, fault: &Fault) -> TableError {
        let kind = match fault.kind {
            ChangeErrorKind::Refused | ChangeErrorKind::NotInState => TableErrorKind::Refused,
            ChangeErrorKind::Throttled | ChangeErrorKind::Conflict => TableErrorKind::Throttled,
            ChangeErrorKind::Lost => TableErrorKind::Lost,
        };
        self.error(kind, tried, format!("{}: {}", fault.code, fault.message))
    }

    fn error(&self, kind: TableErrorKind, tried: &str, message: String) -> TableError {
        let table = format!("{} ({})", self.name, self.region);
        TableError { kind, tried: tried.to_owned(), table, message }
    }

    fn dated<T>(&self, tried: &str, date: &DateReader, value: T) -> Result<Dated<T>, TableError> {
        match date.read() {
            Ok(at) => Ok(Dated { at, value }),
            Err(why) => Err(self.error(TableErrorKind::NoDate, tried, why)),
        }
    }

    /// An item as it stands, whatever it holds.
    async fn raw(&self, key: &Key) -> Result<(Option<Attributes>, Timestamp), TableError> {
        let tried = format!("GetItem {} {}", key.pk, key.sk);
        let date = DateReader::default();
        let answer = self
            .client
            .get_item()
            .table_name(&self.name)
            .key("pk", AttributeValue::S(key.pk.to_string()))
            .key("sk", AttributeValue::S(key.sk.to_string()))
            .consistent_read(true)
            .customize()
            .config_override(limited!(aws_sdk_dynamodb, Limits::TABLE_READ))
            .interceptor(date.clone())
            .send()
            .await
            .map_err(|e| self.failed(&tried, &Fault::of(&e)))?;
        let at = self.dated(&tried, &date, ())?.at;
        Ok((answer.item, at))
    }

    /// Writes the copy; whether it stands.
    async fn copied(
        &self,
        to: &Key,
        copy: &Attributes,
        frozen: Frozen,
    ) -> Result<bool, TableError> {
        let tried = format!("PutItem {} {} (a copy)", to.pk, to.sk);
        let put = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(copy.clone()))
            .condition_expression("attribute_not_exists(pk)")
            .customize()
            .config_override(sent_once!(aws_sdk_dynamodb, Limits::TABLE_WRITE, frozen))
            .send()
            .await;
        match put.map_err(|e| Fault::of(&e)) {
            Ok(_) => Ok(true),
            Err(fault) if fault.kind == ChangeErrorKind::Conflict => {
                Ok(self.raw(to).await?.0.as_ref() == Some(copy))
            }
            Err(fault) => Err(self.failed(&tried, &fault)),
        }
    }
}

#[async_trait]
impl Aside for DynamoAside {
    async fn set_aside(
        &self,
        key: &Key,
        to: &Key,
        frozen: Frozen,
    ) -> Result<Dated<Put>, TableError> {
        let (Some(original), at) = self.raw(key).await? else {
            let (copy, at) = self.raw(to).await?;
            let value = if copy.is_some() { Put::Done } else { Put::Conflict };
            return Ok(Dated { at, value });
        };
        let mut copy = original.clone();
        copy.insert("pk".to_owned(), AttributeValue::S(to.pk.to_string()));
        copy.insert("sk".to_owned(), AttributeValue::S(to.sk.to_string()));
        if !self.copied(to, &copy, frozen).await? {
            return Ok(Dated { at, value: Put::Conflict });
        }
        let tried = format!("DeleteItem {} {} (it stands at {})", key.pk, key.sk, to.sk);
        let mut delete = self
            .client
            .delete_item()
            .table_name(&self.name)
            .key("pk", AttributeValue::S(key.pk.to_string()))
            .key("sk", AttributeValue::S(key.sk.to_string()));
        // Only as it was copied: by what every item of ours bears, where it bears it.
        let mut conditions = Vec::new();
        for (place, name) in ["body", "n", "nonce"].into_iter().enumerate() {
            delete = delete.expression_attribute_names(format!("#{place}"), name);
            conditions.push(match original.get(name) {
                Some(value) => {
                    delete = delete.expression_attribute_values(format!(":{place}"), value.clone());
                    format!("#{place} = :{place}")
                }
                None => format!("attribute_not_exists(#{place})"),
            });
        }
        let date = DateReader::default();
        let sent = delete
            .condition_expression(conditions.join(" AND "))
            .customize()
            .config_override(sent_once!(aws_sdk_dynamodb, Limits::TABLE_WRITE, frozen))
            .interceptor(date.clone())
            .send()
            .await;
        match sent.map_err(|e| Fault::of(&e)) {
            Ok(_) => self.dated(&tried, &date, Put::Done),
            Err(fault) if fault.kind == ChangeErrorKind::Conflict => {
                Ok(Dated { at, value: Put::Conflict })
            }
            Err(fault) => Err(self.failed(&tried, &fault)),
        }
    }
}
