//! The state table on DynamoDB: strong reads that tell the time, frozen conditional writes.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use leeward_core::ids::Region;
use leeward_core::table::Key;
use leeward_core::world::ChangeErrorKind;
use leeward_ports::{Condition, Dated, Frozen, Item, Put, Table, TableError, TableErrorKind};

use crate::Clients;
use crate::clients::{limited, sent_once};
use crate::date::DateReader;
use crate::fault::Fault;
use crate::limits::Limits;

/// Most pages of one list: 1 MB each, far more than any partition of ours holds.
const PAGES_MAX: usize = 64;

type Attributes = HashMap<String, AttributeValue>;

/// The state table.
#[derive(Debug, Clone)]
pub struct DynamoTable {
    client: Client,
    name: String,
    region: Region,
}

impl DynamoTable {
    /// The table of that name in that Region. Calls nobody.
    pub fn new(clients: &Clients, region: &Region, name: &str) -> Self {
        Self {
            client: clients.client(region, Client::new),
            name: name.to_owned(),
            region: region.clone(),
        }
    }

    fn error(&self, kind: TableErrorKind, tried: &str, message: String) -> TableError {
        TableError {
            kind,
            tried: tried.to_owned(),
            table: format!("{} ({})", self.name, self.region),
            message,
        }
    }

    fn failed(&self, tried: &str, fault: Fault) -> TableError {
        let kind = match fault.kind {
            ChangeErrorKind::Refused | ChangeErrorKind::NotInState => TableErrorKind::Refused,
            ChangeErrorKind::Throttled | ChangeErrorKind::Conflict => TableErrorKind::Throttled,
            ChangeErrorKind::Lost => TableErrorKind::Lost,
        };
        self.error(kind, tried, format!("{}: {}", fault.code, fault.message))
    }

    fn dated<T>(&self, tried: &str, date: &DateReader, value: T) -> Result<Dated<T>, TableError> {
        match date.read() {
            Ok(at) => Ok(Dated { at, value }),
            Err(why) => Err(self.error(TableErrorKind::NoDate, tried, why)),
        }
    }

    fn item(&self, tried: &str, attributes: &Attributes) -> Result<Item, TableError> {
        let text = |name: &str| match attributes.get(name).map(AttributeValue::as_s) {
            Some(Ok(text)) => Ok(text.clone()),
            Some(Err(_)) | None => Err(self.malformed(tried, attributes, name, "a string")),
        };
        let number = attributes.get("n").and_then(|n| n.as_n().ok()).and_then(|n| n.parse().ok());
        Ok(Item {
            key: Key { pk: text("pk")?.into(), sk: text("sk")?.into() },
            body: text("body")?,
            n: number.ok_or_else(|| self.malformed(tried, attributes, "n", "a whole number"))?,
            nonce: text("nonce")?,
        })
    }

    /// An item of a list. One that is malformed has an empty body, which nobody can parse: whoever reads
    /// the list says what that means, and the other items are not lost with it.
    fn listed(&self, tried: &str, attributes: &Attributes) -> Result<Item, TableError> {
        self.item(tried, attributes).or_else(|error| {
            let text = |name: &str| Some(attributes.get(name)?.as_s().ok()?.clone());
            let (Some(pk), Some(sk)) = (text("pk"), text("sk")) else { return Err(error) };
            Ok(Item {
                key: Key { pk: pk.into(), sk: sk.into() },
                body: String::new(),
                n: 0,
                nonce: String::new(),
            })
        })
    }

    fn malformed(&self, tried: &str, item: &Attributes, name: &str, wanted: &str) -> TableError {
        let sk = item.get("sk").and_then(|sk| sk.as_s().ok()).map_or("?", String::as_str);
        let message = format!("the stored item {sk} has no attribute `{name}` that is {wanted}");
        self.error(TableErrorKind::Malformed, tried, message)
    }
}

#[async_trait]
impl Table for DynamoTable {
    async fn get(&self, key: &Key) -> Result<Dated<Option<Arc<Item>>>, TableError> {
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
            .map_err(|e| self.failed(&tried, Fault::of(&e)))?;
        let item = answer.item().map(|a| self.item(&tried, a)).transpose()?.map(Arc::new);
        self.dated(&tried, &date, item)
    }

    async fn list(&self, pk: &str, sk_prefix: &str) -> Result<Dated<Vec<Arc<Item>>>, TableError> {
        let tried = format!("Query {pk} {sk_prefix}*");
        let mut found = Vec::new();
        let mut first_at = None;
        let mut start: Option<Attributes> = None;
        for _ in 0..PAGES_MAX {
            let date = DateReader::default();
            let mut query = self
                .client
                .query()
                .table_name(&self.name)
                .consistent_read(true)
                .expression_attribute_values(":pk", AttributeValue::S(pk.to_owned()))
                .set_exclusive_start_key(start.take());
            // An empty prefix is refused by DynamoDB: it means the whole partition.
            query = if sk_prefix.is_empty() {
                query.key_condition_expression("pk = :pk")
            } else {
                query
                    .key_condition_expression("pk = :pk AND begins_with(sk, :sk)")
                    .expression_attribute_values(":sk", AttributeValue::S(sk_prefix.to_owned()))
            };
            let page = query
                .customize()
                .config_override(limited!(aws_sdk_dynamodb, Limits::TABLE_READ))
                .interceptor(date.clone())
                .send()
                .await
                .map_err(|e| self.failed(&tried, Fault::of(&e)))?;
            // What rests on the list is as old as its first page.
            let at = self.dated(&tried, &date, ())?.at;
            first_at.get_or_insert(at);
            for attributes in page.items() {
                found.push(Arc::new(self.listed(&tried, attributes)?));
            }
            match (page.last_evaluated_key, first_at) {
                (Some(next), _) if !next.is_empty() => start = Some(next),
                (Some(_) | None, Some(at)) => return Ok(Dated { at, value: found }),
                (Some(_) | None, None) => break,
            }
        }
        let message = format!("more than {PAGES_MAX} pages: this partition is not one of ours");
        Err(self.error(TableErrorKind::Malformed, &tried, message))
    }

    async fn put(
        &self,
        item: Arc<Item>,
        condition: Condition,
        frozen: Frozen,
    ) -> Result<Dated<Put>, TableError> {
        let tried = format!("PutItem {} {} ({condition:?})", item.key.pk, item.key.sk);
        let number = AttributeValue::N(item.n.to_string());
        let mut put = self
            .client
            .put_item()
            .table_name(&self.name)
            .item("pk", AttributeValue::S(item.key.pk.to_string()))
            .item("sk", AttributeValue::S(item.key.sk.to_string()))
            .item("body", AttributeValue::S(item.body.clone()))
            .item("n", number.clone())
            .item("nonce", AttributeValue::S(item.nonce.clone()));
        put = match condition {
            Condition::Absent => put.condition_expression("attribute_not_exists(pk)"),
            Condition::NumberIs(stored) => put
                .condition_expression("#n = :n")
                .expression_attribute_names("#n", "n")
                .expression_attribute_values(":n", AttributeValue::N(stored.to_string())),
            Condition::Newer => put
                .condition_expression("attribute_not_exists(pk) OR #n < :n")
                .expression_attribute_names("#n", "n")
                .expression_attribute_values(":n", number),
            Condition::Always => put,
        };
        let date = DateReader::default();
        let sent = put
            .customize()
            .config_override(sent_once!(aws_sdk_dynamodb, Limits::TABLE_WRITE, frozen))
            .interceptor(date.clone())
            .send()
            .await;
        match sent.map_err(|e| Fault::of(&e)) {
            Ok(_) => self.dated(&tried, &date, Put::Done),
            Err(fault) if fault.kind == ChangeErrorKind::Conflict => {
                self.dated(&tried, &date, Put::Conflict)
            }
            Err(fault) => Err(self.failed(&tried, fault)),
        }
    }
}
