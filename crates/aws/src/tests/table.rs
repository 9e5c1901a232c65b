//! The state table.

use leeward_core::ids::Region;
use leeward_core::table::Key;
use leeward_ports::{Condition, Item, Put, Table, TableErrorKind};
use serde_json::{Value, json};

use super::wire::Reply;
use super::{FROZEN_SIGNED, clients, frozen, http_instant, impatient_clients};
use crate::DynamoTable;

fn key() -> Key {
    Key { pk: "G#orders#1".into(), sk: "J#0000000001".into() }
}

fn item() -> Item {
    Item { key: key(), body: r#"{"a":1}"#.to_owned(), n: 7, nonce: "abc".to_owned() }
}

fn stored(sk: &str) -> Value {
    json!({"pk": {"S": "G#orders#1"}, "sk": {"S": sk}, "body": {"S": "{\"a\":1}"},
           "n": {"N": "7"}, "nonce": {"S": "abc"}})
}

fn table(script: Vec<Reply>) -> (DynamoTable, super::Wire) {
    let (clients, wire) = clients(script);
    (DynamoTable::new(&clients, &Region::from("eu-west-1"), "leeward"), wire)
}

fn json_reply(body: &Value) -> Reply {
    Reply::ok(body.to_string()).dated()
}

#[tokio::test]
async fn a_get_is_strong_and_tells_the_time() {
    let (table, wire) = table(vec![json_reply(&json!({"Item": stored("J#0000000001")}))]);
    let dated = table.get(&key()).await.unwrap();
    assert_eq!((dated.at, dated.value.as_deref()), (http_instant(), Some(&item())));
    let sent = wire.only();
    assert_eq!(sent.header("x-amz-target"), Some("DynamoDB_20120810.GetItem"));
    assert_eq!(sent.signed_for(), "eu-west-1");
    assert_eq!(
        sent.json(),
        json!({"TableName": "leeward", "ConsistentRead": true,
               "Key": {"pk": {"S": "G#orders#1"}, "sk": {"S": "J#0000000001"}}})
    );
}

#[tokio::test]
async fn an_absent_item_is_none_with_its_time() {
    let (table, _) = table(vec![json_reply(&json!({}))]);
    let dated = table.get(&key()).await.unwrap();
    assert_eq!((dated.at, dated.value), (http_instant(), None));
}

#[tokio::test]
async fn a_list_reads_all_pages_and_is_as_old_as_the_first() {
    let first = json!({"Items": [stored("J#1"), stored("J#2")],
                       "LastEvaluatedKey": {"pk": {"S": "G#orders#1"}, "sk": {"S": "J#2"}}});
    let second = Reply::ok(json!({"Items": [stored("J#3")]}).to_string())
        .with("date", "Tue, 14 Nov 2023 22:13:26 GMT");
    let (table, wire) = table(vec![json_reply(&first), second]);
    let dated = table.list("G#orders#1", "J#").await.unwrap();
    assert_eq!(dated.at, http_instant());
    let sks: Vec<&str> = dated.value.iter().map(|i| i.key.sk.as_str()).collect();
    assert_eq!(sks, ["J#1", "J#2", "J#3"]);
    let sent: Vec<Value> = wire.sent().iter().map(super::wire::Sent::json).collect();
    assert!(sent.iter().all(|query| query["ConsistentRead"] == json!(true)));
    assert_eq!(sent[0].get("ExclusiveStartKey"), None);
    assert_eq!(sent[1]["ExclusiveStartKey"]["sk"]["S"], json!("J#2"));
}

#[tokio::test]
async fn a_whole_partition_is_listed_without_a_prefix() {
    let (table, wire) = table(vec![json_reply(&json!({"Items": []}))]);
    assert!(table.list("PLANS", "").await.unwrap().value.is_empty());
    assert_eq!(wire.only().json()["KeyConditionExpression"], json!("pk = :pk"));
}

#[tokio::test]
async fn each_condition_is_written_as_dynamodb_reads_it() {
    let cases = [
        (Condition::Absent, json!("attribute_not_exists(pk)"), Value::Null),
        (Condition::NumberIs(6), json!("#n = :n"), json!({":n": {"N": "6"}})),
        (Condition::Newer, json!("attribute_not_exists(pk) OR #n < :n"), json!({":n": {"N": "7"}})),
        (Condition::Always, Value::Null, Value::Null),
    ];
    for (condition, expression, values) in cases {
        let (table, wire) = table(vec![json_reply(&json!({}))]);
        let dated = table.put(item().into(), condition, frozen()).await.unwrap();
        assert_eq!((dated.at, dated.value), (http_instant(), Put::Done));
        let sent = wire.only();
        assert_eq!(sent.header("x-amz-date"), Some(FROZEN_SIGNED));
        let body = sent.json();
        assert_eq!(body["Item"], stored("J#0000000001"));
        assert_eq!(body["ConditionExpression"], expression, "{condition:?}");
        assert_eq!(body["ExpressionAttributeValues"], values, "{condition:?}");
    }
}

#[tokio::test]
async fn a_condition_that_does_not_hold_is_a_conflict_with_its_time() {
    let refused = Reply::json_error(400, "ConditionalCheckFailedException").dated();
    let (table, _) = table(vec![refused]);
    let dated = table.put(item().into(), Condition::Absent, frozen()).await.unwrap();
    assert_eq!((dated.at, dated.value), (http_instant(), Put::Conflict));
}

#[tokio::test]
async fn a_put_is_sent_once_whatever_comes_back() {
    let cases = [
        (
            Reply::json_error(400, "ProvisionedThroughputExceededException"),
            TableErrorKind::Throttled,
        ),
        (Reply::json_error(400, "ThrottlingException"), TableErrorKind::Throttled),
        (Reply::json_error(400, "RequestLimitExceeded"), TableErrorKind::Throttled),
        (Reply::json_error(400, "ReplicatedWriteConflictException"), TableErrorKind::Throttled),
        (Reply::json_error(400, "TransactionConflictException"), TableErrorKind::Throttled),
        (Reply::json_error(400, "ResourceNotFoundException"), TableErrorKind::Refused),
        (Reply::json_error(400, "AccessDeniedException"), TableErrorKind::Refused),
        (Reply::json_error(400, "InvalidSignatureException"), TableErrorKind::Refused),
        (Reply::json_error(400, "ExpiredTokenException"), TableErrorKind::Throttled),
        (Reply::json_error(500, "InternalServerError"), TableErrorKind::Lost),
        (Reply::new(503, "<html>"), TableErrorKind::Lost),
        (Reply::Broken, TableErrorKind::Lost),
        (Reply::ok("{\"cut"), TableErrorKind::Lost),
        (Reply::ok("{}"), TableErrorKind::NoDate),
        (Reply::ok("{}").with("date", "soon"), TableErrorKind::NoDate),
    ];
    for (reply, kind) in cases {
        let told = format!("{reply:?}");
        let (table, wire) = table(vec![reply]);
        let error = table.put(item().into(), Condition::Absent, frozen()).await.unwrap_err();
        assert_eq!(error.kind, kind, "{told}: {error}");
        assert_eq!(wire.sent().len(), 1, "{told}");
        assert!(error.to_string().contains("leeward (eu-west-1)"), "{error}");
    }
}

#[tokio::test]
async fn a_put_that_meets_silence_is_lost() {
    let (clients, wire) = impatient_clients(vec![Reply::Silence]);
    let table = DynamoTable::new(&clients, &Region::from("eu-west-1"), "leeward");
    let error = table.put(item().into(), Condition::Absent, frozen()).await.unwrap_err();
    assert_eq!(error.kind, TableErrorKind::Lost, "{error}");
    assert_eq!(wire.sent().len(), 1);
}

#[tokio::test]
async fn a_read_is_tried_again() {
    let again = vec![Reply::json_error(500, "InternalServerError"), json_reply(&json!({}))];
    let (table, wire) = table(again);
    assert_eq!(table.get(&key()).await.unwrap().value, None);
    assert_eq!(wire.sent().len(), 2);
}

#[tokio::test]
async fn an_item_of_another_shape_is_malformed() {
    for missing in ["body", "n", "nonce"] {
        let mut shape = stored("J#1");
        shape.as_object_mut().unwrap().remove(missing);
        let (table, _) = table(vec![json_reply(&json!({"Item": shape}))]);
        let error = table.get(&key()).await.unwrap_err();
        assert_eq!(error.kind, TableErrorKind::Malformed);
        assert!(error.message.contains(&format!("`{missing}`")), "{error}");
    }
}

#[tokio::test]
async fn a_server_with_another_clock_does_not_move_the_signed_instant() {
    let years_ahead = Reply::ok("{}").with("date", "Tue, 14 Nov 2034 22:13:25 GMT");
    let (table, wire) = table(vec![years_ahead, json_reply(&json!({}))]);
    table.get(&key()).await.unwrap();
    table.put(item().into(), Condition::Always, frozen()).await.unwrap();
    assert_eq!(wire.sent()[1].header("x-amz-date"), Some(FROZEN_SIGNED));
}

#[tokio::test]
async fn without_that_care_the_learned_skew_would_move_the_instant() {
    let years_ahead = Reply::ok("{}").with("date", "Tue, 14 Nov 2034 22:13:25 GMT");
    let (clients, wire) = clients(vec![years_ahead, json_reply(&json!({}))]);
    let region = Region::from("eu-west-1");
    DynamoTable::new(&clients, &region, "leeward").get(&key()).await.unwrap();
    let careless = aws_sdk_dynamodb::config::Config::builder()
        .time_source(crate::clients::stopped_clock(frozen()));
    let query =
        clients.client(&region, aws_sdk_dynamodb::Client::new).query().table_name("leeward");
    query.customize().config_override(careless).send().await.unwrap();
    assert_ne!(wire.sent()[1].header("x-amz-date"), Some(FROZEN_SIGNED));
}
