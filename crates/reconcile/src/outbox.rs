//! Notifications: owed by entries, delivered at least once to each receiver, marked when delivered.

use futures_util::future::join_all;
use leeward_core::error::StepError;
use leeward_core::ids::{Digest, Generation, Seq};
use leeward_core::journal::chain;
use leeward_core::plan::Plan;
use leeward_core::planted::{self, Bug};
use leeward_core::table::{DELIVERED, Key, delivery, generation_partition};
use leeward_core::telling::{Notice, notice};
use leeward_ports::{Condition, Frozen, Item, Message, Publisher};

use crate::{Book, Desk, table_error};

/// What was delivered and what is still owed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Delivery {
    /// Messages that left now.
    pub delivered: usize,
    /// Messages that are still owed, each with its receiver's answer.
    pub owed: Vec<String>,
}

/// Receivers of a plan's notices: its topics and webhooks, and the system's own topic.
pub(crate) fn receivers(plan: Option<&Plan>, system_topic: Option<&str>) -> Vec<String> {
    let mut receivers: Vec<String> = system_topic.into_iter().map(str::to_owned).collect();
    if let Some(plan) = plan {
        receivers.extend(plan.notifications.topics.iter().map(|t| t.0.clone()));
        receivers.extend(plan.notifications.webhooks.iter().map(|w| w.0.clone()));
    }
    receivers.sort();
    receivers.dedup();
    receivers
}

/// Delivers every notice that the journal owes and no mark shows as delivered.
pub async fn deliver(
    desk: &Desk,
    publisher: &dyn Publisher,
    system_topic: Option<&str>,
    plan: Option<&Plan>,
    book: &Book,
) -> Result<Delivery, StepError> {
    let decision = &book.state.decision;
    let partition = generation_partition(&decision.workload, decision.generation);
    let marks = desk.table.list(&partition, DELIVERED).await.map_err(table_error)?;
    // In their order, as the table lists them.
    let marked: Vec<(Seq, &str)> =
        marks.value.iter().filter_map(|mark| delivery(&mark.key.sk)).collect();
    let receivers: Vec<(String, Digest)> = receivers(plan, system_topic)
        .into_iter()
        .map(|receiver| (receiver.clone(), chain::digest(receiver.as_bytes())))
        .collect();
    let mut delivery = Delivery::default();
    let mut sends = Vec::new();
    for record in book.records.iter() {
        let owed = |(_, digest): &&(String, Digest)| {
            marked.binary_search(&(record.seq, digest.as_str())).is_err()
        };
        let mut owed = receivers.iter().filter(owed).peekable();
        // Its words are put together only where somebody still waits for them.
        let Some(notice) = owed.peek().and_then(|_| notice(&book.state, record)) else { continue };
        for (receiver, digest) in owed {
            let key = Key::delivered(&decision.workload, decision.generation, record.seq, digest);
            sends.push((key, receiver.clone(), notice.clone()));
        }
    }
    let frozen = Frozen(marks.at);
    let results = join_all(sends.into_iter().map(|(key, receiver, notice)| async move {
        let early = planted::is(Bug::MarkedBeforeSent);
        if !early {
            send(publisher, &receiver, &notice).await?;
        }
        let mark = Item { key, body: "{}".to_owned(), n: 0, nonce: String::new() };
        // Without the mark it is told once more: better than silence.
        desk.table
            .put(mark.into(), Condition::Absent, frozen)
            .await
            .map(|_| ())
            .map_err(|e| format!("told, but not marked: {e}"))?;
        if early { send(publisher, &receiver, &notice).await } else { Ok(()) }
    }))
    .await;
    for result in results {
        match result {
            Ok(()) => delivery.delivered += 1,
            Err(why) => delivery.owed.push(why),
        }
    }
    Ok(delivery)
}

/// Delivers what the journals before the latest owe still: a generation may be closed by the next
/// before its end was told. Everything told and closed is remembered by its number.
pub async fn deliver_earlier(
    desk: &Desk,
    publisher: &dyn Publisher,
    system_topic: Option<&str>,
    plan: Option<&Plan>,
    latest: &Book,
) -> Result<Delivery, StepError> {
    let decision = &latest.state.decision;
    let mut delivery = Delivery::default();
    if decision.generation == Generation(1) {
        return Ok(delivery);
    }
    let key = Key::told(&decision.workload);
    let (marked, told_at) = desk.marker(&key).await?;
    let before = marked.unwrap_or(0);
    let mut all_told = before;
    let mut generation = Generation(before).next();
    while generation < decision.generation {
        let book = desk.open_book(&decision.workload, generation).await?;
        let one = deliver(desk, publisher, system_topic, plan, &book).await?;
        delivery.delivered += one.delivered;
        delivery.owed.extend(one.owed);
        if delivery.owed.is_empty() && book.state.closed.is_some() {
            all_told = generation.0;
        }
        generation = generation.next();
    }
    if all_told > before {
        let item = Item { key, body: "{}".to_owned(), n: all_told, nonce: String::new() };
        desk.table
            .put(item.into(), Condition::Newer, Frozen(told_at))
            .await
            .map_err(table_error)?;
    }
    Ok(delivery)
}

pub(crate) async fn send(
    publisher: &dyn Publisher,
    receiver: &str,
    notice: &Notice,
) -> Result<(), String> {
    let notice = notice.clone().printable();
    let json = serde_json::to_string(&notice).map_err(|e| e.to_string())?;
    let message = Message {
        subject: notice.subject.clone(),
        text: notice.body(),
        deduplication: chain::digest(json.as_bytes()).as_str().to_owned(),
        json,
    };
    let sent = if receiver.starts_with("arn:") {
        publisher.topic(receiver, &message).await
    } else {
        publisher.webhook(receiver, &message).await
    };
    sent.map_err(|e| e.to_string())
}
