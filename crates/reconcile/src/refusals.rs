//! What was refused, and what only a person can do: on record first, then told to each receiver.
//!
//! The record is bounded: when it is full, what was told longest ago gives its place. What nobody has
//! been told of never does. An item's number is even until all were told, odd from then on, and only
//! rises, so that no late write touches a later record in the same place.

use leeward_core::error::StepError;
use leeward_core::ids::{Digest, WorkloadId};
use leeward_core::journal::chain;
use leeward_core::need::Needed;
use leeward_core::plan::Plan;
use leeward_core::table::{Key, REFUSALS, workload_partition};
use leeward_core::telling::refusal_notice;
use leeward_core::time::Timestamp;
use leeward_ports::{Condition, Frozen, Item, Publisher, Put};
use serde::{Deserialize, Serialize};

use crate::outbox::{receivers, send};
use crate::{Delivery, Desk, table_error};

/// Records of one workload. One cause is on record once an hour: days of it, and each sweep reads them all.
const KEPT: usize = 64;
/// How often a lost race for a place is run again; who loses all comes again with the next sweep.
const TRIES: usize = 4;

/// A refused start as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Refusal {
    reason: String,
    /// The instant that stands for it: the same for the same cause.
    as_of: Timestamp,
    /// What a person can do.
    #[serde(default)]
    actions: Vec<String>,
    /// Receivers that were told, by digest: one that does not answer must not have the others told again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    told: Vec<Digest>,
}

/// Puts a refused start on record, once for each `as_of`; `deliver_refusals` tells people.
pub async fn refuse(
    desk: &Desk,
    workload: &WorkloadId,
    reason: &str,
    as_of: Timestamp,
    read_at: Timestamp,
) -> Result<(), StepError> {
    let reason = reason.to_owned();
    let refusal = Refusal { reason, as_of, actions: Vec::new(), told: Vec::new() };
    record(desk, workload, &refusal, read_at).await
}

/// Puts on record that a person is needed, once an hour for the same cause.
pub async fn need(
    desk: &Desk,
    workload: &WorkloadId,
    needed: &Needed,
    read_at: Timestamp,
) -> Result<(), StepError> {
    let refusal = Refusal {
        reason: needed.reason.clone(),
        as_of: needed.told_as_of(read_at),
        actions: needed.actions.clone(),
        told: Vec::new(),
    };
    record(desk, workload, &refusal, read_at).await
}

fn told(item: &Item) -> bool {
    item.n % 2 == 1
}

fn read(item: &Item) -> Option<Refusal> {
    serde_json::from_str(&item.body).ok()
}

async fn record(
    desk: &Desk,
    workload: &WorkloadId,
    refusal: &Refusal,
    read_at: Timestamp,
) -> Result<(), StepError> {
    let body = written(refusal)?;
    for _ in 0..TRIES {
        let listed =
            desk.table.list(&workload_partition(workload), REFUSALS).await.map_err(table_error)?;
        let mut known: Vec<(Option<Timestamp>, &Item)> =
            listed.value.iter().map(|item| (read(item).map(|r| r.as_of), &**item)).collect();
        if known.iter().any(|(as_of, _)| *as_of == Some(refusal.as_of)) {
            return Ok(());
        }
        known.sort_by_key(|(as_of, _)| *as_of);
        let over = known.iter().map(|(_, item)| *item).find(|item| told(item));
        let (key, n, condition) = match over.filter(|_| known.len() >= KEPT) {
            Some(over) => (over.key.clone(), over.n.saturating_add(1), Condition::NumberIs(over.n)),
            None => (Key::refusal(workload, refusal.as_of), 0, Condition::Absent),
        };
        let nonce = desk.nonces.draw().as_str().to_owned();
        let item = Item { key, body: body.clone(), n, nonce };
        let put =
            desk.table.put(item.into(), condition, Frozen(read_at)).await.map_err(table_error)?;
        if put.value == Put::Done {
            return Ok(());
        }
    }
    Err(StepError::Unavailable(format!(
        "the refusals of {workload} change faster than they are written"
    )))
}

/// Tells of every refused start that nobody was told of.
pub async fn deliver_refusals(
    desk: &Desk,
    publisher: &dyn Publisher,
    system_topic: Option<&str>,
    plan: Option<&Plan>,
    workload: &WorkloadId,
) -> Result<Delivery, StepError> {
    let listed =
        desk.table.list(&workload_partition(workload), REFUSALS).await.map_err(table_error)?;
    let mut delivery = Delivery::default();
    for item in listed.value.into_iter().filter(|item| !told(item)) {
        let (reason, as_of) = (item.body.clone(), listed.at);
        let unread = || Refusal { reason, as_of, actions: Vec::new(), told: Vec::new() };
        let mut refusal = read(&item).unwrap_or_else(unread);
        let notice = refusal_notice(workload.as_str(), &refusal.reason, &refusal.actions);
        let known = refusal.told.len();
        let mut owed = false;
        for receiver in receivers(plan, system_topic) {
            let digest = chain::digest(receiver.as_bytes());
            if refusal.told.contains(&digest) {
                continue;
            }
            match send(publisher, &receiver, &notice).await {
                Ok(()) => {
                    delivery.delivered += 1;
                    refusal.told.push(digest);
                }
                Err(why) => {
                    owed = true;
                    delivery.owed.push(why);
                }
            }
        }
        if owed && refusal.told.len() == known {
            continue;
        }
        let (before, body) = (item.n, written(&refusal)?);
        let n = before + if owed { 2 } else { 1 };
        let marked = Item { n, body, key: item.key.clone(), nonce: item.nonce.clone() };
        desk.table
            .put(marked.into(), Condition::NumberIs(before), Frozen(listed.at))
            .await
            .map_err(table_error)?;
    }
    Ok(delivery)
}

fn written(refusal: &Refusal) -> Result<String, StepError> {
    serde_json::to_string(refusal)
        .map_err(|e| StepError::InvalidInput(format!("a refusal cannot be written: {e}")))
}
