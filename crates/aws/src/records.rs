//! Route 53 records: read one by one, changed by one atomic batch that carries a fence number.

use async_trait::async_trait;
use aws_sdk_route53::Client;
use aws_sdk_route53::error::BuildError;
use aws_sdk_route53::types::{
    Change as ZoneChange, ChangeAction, ChangeBatch, ChangeStatus, ResourceRecord,
    ResourceRecordSet, RrType,
};
use leeward_core::ids::{Region, Text};
use leeward_core::world::{
    Blind, Change, ChangeError, ChangeErrorKind, FenceNumber, Question, Receipt, RecordSet, View,
};
use leeward_ports::Frozen;

use crate::Clients;
use crate::clients::{GLOBAL_REGION, sent_once};
use crate::fault::Fault;
use crate::limits::Limits;
use crate::record_sets;
use crate::world::{Part, not_asked_here, not_wired};

/// Time to live of a fence number's record. No resolver asks for it; a `DELETE` must name it exactly.
pub const FENCE_TTL_SECONDS: u32 = 60;
/// Record sets read at once: the one asked for and the next, to see whether it has siblings.
const READ_AT_ONCE: i32 = 2;
/// Record sets listed at once from a name on: more than one name has, but for policies of a hundred members.
const LISTED_AT_ONCE: i32 = 100;
/// The code by which Route 53 refuses a batch.
const INVALID_BATCH: &str = "InvalidChangeBatch";

pub(crate) struct Records(Clients);

impl Records {
    pub(crate) fn new(clients: &Clients) -> Self {
        Self(clients.clone())
    }

    fn client(&self) -> Client {
        self.0.client(&Region::new(GLOBAL_REGION), Client::new)
    }

    async fn in_sync(&self, question: &Question, id: &str) -> Result<View, Blind> {
        let answer = self.client().get_change().id(id).send().await;
        let answer = answer.map_err(|e| Fault::of(&e).blind(question))?;
        match answer.change_info().map(|info| info.status().clone()) {
            Some(ChangeStatus::Insync) => Ok(View::InSync(true)),
            Some(ChangeStatus::Pending) => Ok(View::InSync(false)),
            other => Err(Blind::new(format!("{question}: its status is {other:?}"))),
        }
    }
}

/// Puts a control's fence number 0 where none is yet: done once, when a plan is stored. An existing
/// number is left as it is and answered as `Conflict`.
pub async fn create_fence_number(
    clients: &Clients,
    zone: &str,
    name: &str,
    frozen: Frozen,
) -> Result<Receipt, ChangeError> {
    let batch = text_record(name, 0)
        .and_then(|record| change_of(ChangeAction::Create, record))
        .and_then(|create| ChangeBatch::builder().changes(create).build())
        .map_err(|e| invalid(&format!("create fence number {name}"), &e))?;
    send(clients, zone, batch, frozen).await
}

async fn send(
    clients: &Clients,
    zone: &str,
    batch: ChangeBatch,
    frozen: Frozen,
) -> Result<Receipt, ChangeError> {
    let once = sent_once!(aws_sdk_route53, Limits::EFFECT, frozen);
    clients.route_53_turn().await;
    let client: Client = clients.client(&Region::new(GLOBAL_REGION), Client::new);
    let change = client.change_resource_record_sets().hosted_zone_id(zone).change_batch(batch);
    match change.customize().config_override(once).send().await {
        Ok(answer) => {
            let id = answer.change_info().map(|info| info.id().to_owned());
            Ok(Receipt { id: id.unwrap_or_default().into() })
        }
        Err(error) => {
            let mut fault = Fault::of(&error);
            let body = error.raw_response().and_then(|answer| answer.body().bytes());
            if let Some(words) = body.and_then(refused_batch) {
                if is_fence_conflict(&words) {
                    fault.kind = ChangeErrorKind::Conflict;
                }
                fault.code = INVALID_BATCH.to_owned();
                fault.message = format!("{words} ({})", fault.message);
            }
            Err(fault.into())
        }
    }
}

/// What Route 53 says of a batch that it refuses. It has two ways to say so, of which the SDK reads
/// one, and not all of that.
fn refused_batch(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    if !text.contains(INVALID_BATCH) {
        return None;
    }
    // What stands between the tags.
    let words =
        text.split('<').filter_map(|part| part.split_once('>')).map(|(_, words)| words.trim());
    Some(words.filter(|w| !w.is_empty()).collect::<Vec<_>>().join("; "))
}

/// Whether a refused batch was refused because of its fence number: the one to be deleted is not
/// there with that value, or the one to be created already is. The batch is atomic, so nothing of
/// it happened. Records are upserted and cannot meet these words.
fn is_fence_conflict(words: &str) -> bool {
    let words = words.to_ascii_lowercase();
    ["but it was not found", "do not match the current values", "but it already exists"]
        .iter()
        .any(|w| words.contains(w))
}

fn invalid(what: &str, error: &BuildError) -> ChangeError {
    ChangeError {
        kind: ChangeErrorKind::Refused,
        code: "InvalidRecord".into(),
        message: format!("{what}: {error}; nothing was sent").into(),
    }
}

fn text_record(name: &str, number: u64) -> Result<ResourceRecordSet, BuildError> {
    record_set(&RecordSet {
        name: name.into(),
        record_type: "TXT".into(),
        ttl: FENCE_TTL_SECONDS,
        values: vec![number.to_string().into()],
    })
}

fn record_set(record: &RecordSet) -> Result<ResourceRecordSet, BuildError> {
    let kind = RrType::from(record.record_type.as_str());
    let mut set = ResourceRecordSet::builder()
        .name(record.name.as_str())
        .r#type(kind.clone())
        .ttl(i64::from(record.ttl));
    for value in &record.values {
        let value = if kind == RrType::Txt { format!("\"{value}\"") } else { value.to_string() };
        set = set.resource_records(ResourceRecord::builder().value(value).build()?);
    }
    set.build()
}

fn change_of(action: ChangeAction, set: ResourceRecordSet) -> Result<ZoneChange, BuildError> {
    ZoneChange::builder().action(action).resource_record_set(set).build()
}

/// `DELETE` the number that must stand there, `CREATE` the next, `UPSERT` the records.
fn batch(fence: &FenceNumber, records: &[RecordSet]) -> Result<ChangeBatch, BuildError> {
    let mut batch = ChangeBatch::builder()
        .comment(format!("Leeward: fence number {} to {}", fence.from, fence.to))
        .changes(change_of(ChangeAction::Delete, text_record(&fence.name, fence.from)?)?)
        .changes(change_of(ChangeAction::Create, text_record(&fence.name, fence.to)?)?);
    for record in records {
        batch = batch.changes(change_of(ChangeAction::Upsert, record_set(record)?)?);
    }
    batch.build()
}

/// A name as Route 53 answers it, in the form in which names are compared: lower case, without the
/// last dot, with `\052` and its like read as the characters that they stand for.
pub(crate) fn comparable(name: &str) -> String {
    let mut plain = String::new();
    let mut rest = name.trim_end_matches('.');
    while let Some((before, after)) = rest.split_once('\\') {
        plain.push_str(before);
        let code = after.get(..3).and_then(|octal| u8::from_str_radix(octal, 8).ok());
        match code {
            Some(byte) => {
                plain.push(char::from(byte));
                rest = after.get(3..).unwrap_or_default();
            }
            None => {
                plain.push('\\');
                rest = after;
            }
        }
    }
    plain.push_str(rest);
    plain.to_ascii_lowercase()
}

pub(crate) fn values(set: &ResourceRecordSet) -> Vec<Text> {
    let text = *set.r#type() == RrType::Txt;
    let plain =
        |r: &ResourceRecord| match r.value().strip_prefix('"').and_then(|v| v.strip_suffix('"')) {
            Some(inner) if text => Text::from(inner),
            Some(_) | None => r.value().into(),
        };
    set.resource_records().iter().map(plain).collect()
}

#[async_trait]
impl Part for Records {
    async fn look(&self, question: &Question) -> Result<View, Blind> {
        self.0.route_53_turn().await;
        if let Question::ZoneChange { id } = question {
            return self.in_sync(question, id).await;
        }
        if let Question::Zone { zone } = question {
            let answer = self.client().get_hosted_zone().id(zone.as_str()).send().await;
            return record_sets::zone(question, answer.map_err(|e| Fault::of(&e)));
        }
        if let Question::RecordSets { zone, name } = question {
            let listed = self
                .client()
                .list_resource_record_sets()
                .hosted_zone_id(zone.as_str())
                .start_record_name(name.as_str())
                .max_items(LISTED_AT_ONCE)
                .send()
                .await
                .map_err(|e| Fault::of(&e).blind(question))?;
            return Ok(record_sets::at_name(name, listed.resource_record_sets()));
        }
        let Question::Record { zone, name, record_type } = question else {
            return Err(not_asked_here(question));
        };
        let kind = RrType::from(record_type.as_str());
        let answer = self
            .client()
            .list_resource_record_sets()
            .hosted_zone_id(zone.as_str())
            .start_record_name(name.as_str())
            .start_record_type(kind.clone())
            .max_items(READ_AT_ONCE)
            .send()
            .await
            .map_err(|e| Fault::of(&e).blind(question))?;
        let wanted = comparable(name);
        let sets = answer.resource_record_sets().iter();
        let found: Vec<_> =
            sets.filter(|s| *s.r#type() == kind && comparable(s.name()) == wanted).collect();
        let odd = |what: &str| {
            Err(Blind::new(format!("{question}: {what}; only simple records are moved")))
        };
        match found.as_slice() {
            [] => Ok(View::Record(None)),
            [set] if set.alias_target().is_some() => odd("it is an alias"),
            [set] if set.set_identifier().is_some() => odd("it has a routing policy"),
            [set] => match u32::try_from(set.ttl().unwrap_or_default()) {
                Ok(ttl) => Ok(View::Record(Some((values(set), ttl)))),
                Err(_) => odd("its time to live is no time"),
            },
            [_, _, ..] => odd("there are several of that name and type"),
        }
    }

    async fn change(&self, change: &Change, frozen: Frozen) -> Result<Receipt, ChangeError> {
        let Change::ChangeRecords { zone, fence, records } = change else {
            return Err(not_wired(change));
        };
        if fence.to <= fence.from {
            return Err(ChangeError {
                kind: ChangeErrorKind::Refused,
                code: "FenceNumberFalls".into(),
                message: format!(
                    "{change}: the fence number may only rise, from {} it cannot go to {}; nothing was sent",
                    fence.from, fence.to
                ).into(),
            });
        }
        let batch = batch(fence, records).map_err(|e| invalid(&change.to_string(), &e))?;
        send(&self.0, zone, batch, frozen).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_as_dns_does() {
        assert_eq!(comparable("\\052.Example.COM."), "*.example.com");
        assert_eq!(comparable("_leeward.orders.example.com"), "_leeward.orders.example.com");
        assert_eq!(comparable("odd\\x.example.com."), "odd\\x.example.com");
    }
}
