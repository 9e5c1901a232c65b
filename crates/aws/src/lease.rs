//! The writer lease: read strongly, moved by a compare-and-swap on owner and epoch.

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use leeward_core::ids::Region;
use leeward_core::lease_terms::LeaseTerms;
use leeward_core::time::{Span, Timestamp};
use leeward_core::world::{
    Blind, Change, ChangeError, ChangeErrorKind, LeaseView, Question, Receipt, View,
};
use leeward_ports::{Frozen, NewLease};

use crate::Clients;
use crate::clients::{limited, send_effect};
use crate::date::DateReader;
use crate::fault::Fault;
use crate::limits::Limits;
use crate::world::{Part, not_asked_here, not_wired};

pub(crate) struct Leases(Clients);

impl Leases {
    pub(crate) fn new(clients: &Clients) -> Self {
        Self(clients.clone())
    }
}

/// Puts a lease's item where none is yet: done once, when a plan is stored or the lease moved. An
/// existing item is left as it is and answered as `Conflict`.
pub async fn create_lease(
    clients: &Clients,
    region: &Region,
    table: &str,
    key: &str,
    new: &NewLease,
    frozen: Frozen,
) -> Result<Receipt, ChangeError> {
    let mut put = clients
        .client(region, Client::new)
        .put_item()
        .table_name(table)
        .item("pk", AttributeValue::S(key.to_owned()))
        .item("owner", AttributeValue::S(new.owner.to_string()))
        .item("epoch", AttributeValue::N(new.epoch.to_string()))
        .item("effect", AttributeValue::S(String::new()))
        .condition_expression("attribute_not_exists(pk)");
    for (name, value) in new.terms.into_iter().flat_map(parts) {
        put = put.item(name, value);
    }
    send_effect!(aws_sdk_dynamodb, Limits::TABLE_WRITE, frozen, put)
}

/// The attributes of terms, each with its number of milliseconds.
fn parts(terms: LeaseTerms) -> [(&'static str, AttributeValue); 3] {
    let number = |span: Span| AttributeValue::N(span.as_millis().to_string());
    [
        ("ttl_ms", number(terms.ttl)),
        ("longest_ms", number(terms.longest_statement)),
        ("drift_ms", number(terms.drift)),
    ]
}

/// Which step of lowering a lease's terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lowering {
    /// Bars holders of longer terms.
    Begin,
    /// Writes the shorter terms, when the others' time is over.
    End,
}

/// One step of lowering a lease's terms. `Conflict`: it is being lowered to other terms, or not at all.
pub async fn lower_lease(
    clients: &Clients,
    (region, table, key): (&Region, &str, &str),
    to: LeaseTerms,
    step: Lowering,
    frozen: Frozen,
) -> Result<Receipt, ChangeError> {
    let sets =
        |prefix: &str| parts(to).map(|(name, _)| format!("{prefix}{name} = :{name}")).join(", ");
    let stands = parts(to).map(|(name, _)| format!("lower_{name} = :{name}")).join(" AND ");
    let (change, condition) = match step {
        Lowering::Begin => (
            format!("SET {}", sets("lower_")),
            format!("attribute_exists(pk) AND (attribute_not_exists(lower_ttl_ms) OR ({stands}))"),
        ),
        Lowering::End => (
            format!("SET {} REMOVE lower_ttl_ms, lower_longest_ms, lower_drift_ms", sets("")),
            stands,
        ),
    };
    let mut update = clients
        .client(region, Client::new)
        .update_item()
        .table_name(table)
        .key("pk", AttributeValue::S(key.to_owned()))
        .update_expression(change)
        .condition_expression(condition);
    for (name, value) in parts(to) {
        update = update.expression_attribute_values(format!(":{name}"), value);
    }
    send_effect!(aws_sdk_dynamodb, Limits::TABLE_WRITE, frozen, update)
}

type Attributes = std::collections::HashMap<String, AttributeValue>;

fn view(item: &Attributes, answered_at: Timestamp) -> Result<LeaseView, String> {
    let text = |name: &str| item.get(name).and_then(|v| v.as_s().ok()).cloned();
    let number = |name: &str| item.get(name).and_then(|v| v.as_n().ok());
    let epoch = number("epoch").and_then(|n| n.parse().ok());
    Ok(LeaseView {
        owner: text("owner").ok_or("the item has no string `owner`")?.into(),
        epoch: epoch.ok_or("the item has no whole number `epoch`")?,
        effect: text("effect").unwrap_or_default().into(),
        // Owner and epoch alone fence. A renewal whose time cannot be read is as good as none: no loss is
        // counted from it.
        renewed_at: number("renewed_at")
            .and_then(|n| n.parse().ok())
            .and_then(|ms| Timestamp::from_millisecond(ms).ok()),
        terms: terms(item),
        answered_at,
    })
}

/// The holders' terms; all three parts or none.
fn terms(item: &Attributes) -> Option<LeaseTerms> {
    let span = |name: &str| {
        let number = item.get(name)?.as_n().ok()?;
        Some(Span::millis(number.parse().ok()?))
    };
    Some(LeaseTerms {
        ttl: span("ttl_ms")?,
        longest_statement: span("longest_ms")?,
        drift: span("drift_ms")?,
    })
}

#[async_trait]
impl Part for Leases {
    async fn look(&self, question: &Question) -> Result<View, Blind> {
        let Question::Lease { region, table, key } = question else {
            return Err(not_asked_here(question));
        };
        let date = DateReader::default();
        let answer = self
            .0
            .client(region, Client::new)
            .get_item()
            .table_name(table.as_str())
            .key("pk", AttributeValue::S(key.to_string()))
            .consistent_read(true)
            .customize()
            .config_override(limited!(aws_sdk_dynamodb, Limits::LOOK))
            .interceptor(date.clone())
            .send()
            .await
            .map_err(|e| Fault::of(&e).blind(question))?;
        let unusable = |why: String| Blind::new(format!("{question}: {why}"));
        let answered_at = date.read().map_err(unusable)?;
        let lease = answer.item().map(|item| view(item, answered_at)).transpose();
        Ok(View::Lease(lease.map_err(unusable)?))
    }

    async fn change(&self, change: &Change, frozen: Frozen) -> Result<Receipt, ChangeError> {
        let Change::MoveLease { region, table, key, from_owner, from_epoch, to_owner, effect } =
            change
        else {
            return Err(not_wired(change));
        };
        let Some(to_epoch) = from_epoch.checked_add(1) else {
            return Err(ChangeError {
                kind: ChangeErrorKind::Refused,
                code: "EpochExhausted".into(),
                message: format!("{change}: no epoch follows {from_epoch}; nothing was sent")
                    .into(),
            });
        };
        // An update, not a put: `renewed_at` and the holders' terms stay as the old holder left them.
        let update = self
            .0
            .client(region, Client::new)
            .update_item()
            .table_name(table.as_str())
            .key("pk", AttributeValue::S(key.to_string()))
            .update_expression("SET #owner = :to, #epoch = :next, #effect = :effect")
            .condition_expression("#owner = :from AND #epoch = :epoch")
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_names("#epoch", "epoch")
            .expression_attribute_names("#effect", "effect")
            .expression_attribute_values(":from", AttributeValue::S(from_owner.to_string()))
            .expression_attribute_values(":epoch", AttributeValue::N(from_epoch.to_string()))
            .expression_attribute_values(":to", AttributeValue::S(to_owner.to_string()))
            .expression_attribute_values(":next", AttributeValue::N(to_epoch.to_string()))
            .expression_attribute_values(":effect", AttributeValue::S(effect.to_string()));
        send_effect!(aws_sdk_dynamodb, Limits::TABLE_WRITE, frozen, update)
    }
}
