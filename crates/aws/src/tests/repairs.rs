//! What a person's verbs send: a lease that is made or lowered, an item that is put aside.

use leeward_core::ids::Region;
use leeward_core::lease_terms::LeaseTerms;
use leeward_core::table::Key;
use leeward_core::time::Span;
use leeward_core::world::ChangeErrorKind;
use leeward_ports::{Aside, NewLease, Put};
use serde_json::{Value, json};

use super::wire::Reply;
use super::{FROZEN_SIGNED, clients, frozen};
use crate::{DynamoAside, Lowering, create_lease, lower_lease};

fn terms() -> LeaseTerms {
    LeaseTerms {
        ttl: Span::seconds(3),
        longest_statement: Span::seconds(2),
        drift: Span::millis(500),
    }
}

fn written() -> Value {
    json!({"ttl_ms": {"N": "3000"}, "longest_ms": {"N": "2000"}, "drift_ms": {"N": "500"}})
}

#[tokio::test]
async fn a_lease_is_made_for_its_owner_above_every_epoch_where_none_is() {
    let (clients, wire) = clients(vec![Reply::ok("{}").dated()]);
    let new = NewLease { owner: "us-west-2".into(), epoch: 5, terms: Some(terms()) };
    let region = Region::from("eu-west-1");
    create_lease(&clients, &region, "leases", "LEASE#orders", &new, frozen()).await.unwrap();
    let sent = wire.only();
    assert_eq!(sent.header("x-amz-date"), Some(FROZEN_SIGNED));
    let body = sent.json();
    assert_eq!(body["ConditionExpression"], "attribute_not_exists(pk)");
    let mut item = written();
    item["pk"] = json!({"S": "LEASE#orders"});
    item["owner"] = json!({"S": "us-west-2"});
    item["epoch"] = json!({"N": "5"});
    item["effect"] = json!({"S": ""});
    assert_eq!(body["Item"], item);
}

#[tokio::test]
async fn terms_are_lowered_by_a_bar_first_and_by_their_numbers_then() {
    let (clients, wire) = clients(vec![
        Reply::ok("{}").dated(),
        Reply::ok("{}").dated(),
        Reply::json_error(400, "ConditionalCheckFailedException"),
    ]);
    let region = Region::from("eu-west-1");
    let at = (&region, "leases", "LEASE#orders");
    lower_lease(&clients, at, terms(), Lowering::Begin, frozen()).await.unwrap();
    lower_lease(&clients, at, terms(), Lowering::End, frozen()).await.unwrap();
    let other = lower_lease(&clients, at, terms(), Lowering::End, frozen()).await.unwrap_err();
    assert_eq!(other.kind, ChangeErrorKind::Conflict);
    let sent = wire.sent();
    let stands =
        "lower_ttl_ms = :ttl_ms AND lower_longest_ms = :longest_ms AND lower_drift_ms = :drift_ms";
    let text = |index: usize, name: &str| sent[index].json()[name].as_str().unwrap().to_owned();
    assert_eq!(
        text(0, "UpdateExpression"),
        "SET lower_ttl_ms = :ttl_ms, lower_longest_ms = :longest_ms, lower_drift_ms = :drift_ms"
    );
    assert_eq!(
        text(0, "ConditionExpression"),
        format!("attribute_exists(pk) AND (attribute_not_exists(lower_ttl_ms) OR ({stands}))")
    );
    assert_eq!(
        text(1, "UpdateExpression"),
        "SET ttl_ms = :ttl_ms, longest_ms = :longest_ms, drift_ms = :drift_ms REMOVE lower_ttl_ms, lower_longest_ms, lower_drift_ms"
    );
    assert_eq!(text(1, "ConditionExpression"), stands);
    assert_eq!(sent[1].json()["ExpressionAttributeValues"][":ttl_ms"], json!({"N": "3000"}));
}

fn key(sk: &str) -> Key {
    Key { pk: "G#orders#1".into(), sk: sk.into() }
}

/// It is no item of ours: it has no `n`, and something that none of ours has.
fn junk(sk: &str) -> Value {
    json!({"pk": {"S": "G#orders#1"}, "sk": {"S": sk}, "body": {"S": "?"}, "colour": {"S": "red"}})
}

async fn aside(script: Vec<Reply>) -> (Result<Put, String>, Vec<Value>) {
    let (clients, wire) = clients(script);
    let table = DynamoAside::new(&clients, &Region::from("eu-west-1"), "leeward");
    let answer = table.set_aside(&key("J#1"), &key("X#J#1"), frozen()).await;
    let sent = wire.sent().iter().map(super::wire::Sent::json).collect();
    (answer.map(|dated| dated.value).map_err(|e| e.to_string()), sent)
}

fn found(item: &Value) -> Reply {
    Reply::ok(json!({"Item": item}).to_string()).dated()
}

#[tokio::test]
async fn an_item_is_copied_with_all_that_it_holds_before_it_is_taken_away() {
    let done = || Reply::ok("{}").dated();
    let (put, sent) = aside(vec![found(&junk("J#1")), done(), done()]).await;
    assert_eq!(put, Ok(Put::Done));
    assert_eq!(sent[1]["Item"], junk("X#J#1"));
    assert_eq!(sent[1]["ConditionExpression"], "attribute_not_exists(pk)");
    assert_eq!(sent[2]["Key"]["sk"], json!({"S": "J#1"}));
    assert_eq!(
        sent[2]["ConditionExpression"],
        "#0 = :0 AND attribute_not_exists(#1) AND attribute_not_exists(#2)"
    );
}

#[tokio::test]
async fn putting_aside_goes_on_where_it_stopped_and_never_over_another_copy() {
    let conflict = || Reply::json_error(400, "ConditionalCheckFailedException");
    let done = || Reply::ok("{}").dated();
    let again = vec![found(&junk("J#1")), conflict(), found(&junk("X#J#1")), done()];
    assert_eq!(aside(again).await.0, Ok(Put::Done));
    let mut other = junk("X#J#1");
    other["colour"] = json!({"S": "blue"});
    let (put, sent) = aside(vec![found(&junk("J#1")), conflict(), found(&other)]).await;
    assert_eq!((put, sent.len()), (Ok(Put::Conflict), 3), "nothing is taken away");
    assert_eq!(aside(vec![done(), found(&junk("X#J#1"))]).await.0, Ok(Put::Done));
    assert_eq!(aside(vec![done(), done()]).await.0, Ok(Put::Conflict));
    let changed = vec![found(&junk("J#1")), done(), conflict()];
    assert_eq!(aside(changed).await.0, Ok(Put::Conflict));
}
