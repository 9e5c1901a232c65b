//! What a word is bound to, and what no proof can bring.

use serde_json::{Value, json};

use super::*;
use crate::time::{Timestamp, after};

const ARN: &str = "arn:aws:lambda:us-west-2:123456789012:function:leeward-notifier:live";

fn at() -> Timestamp {
    "2026-11-21T09:14:07.25Z".parse().unwrap()
}

fn request() -> Value {
    json!({
        "leeward": "word", "schema": 1,
        "said": {
            "workload": "orders", "generation": 1, "seen": 7, "mark": "0123456789abcdef",
            "word": {"approve": {"question": 1}}, "reason": "the Region is dark",
        },
        "proof": {
            "access_key": "ASIAEXAMPLE", "date": "20261121T091407Z", "token": "a/b+c==",
            "signature": "ab".repeat(32),
        },
    })
}

fn read(change: &[(&str, Value)]) -> Result<WordRequest, StepError> {
    let mut value = request();
    for (pointer, to) in change {
        *value.pointer_mut(pointer).unwrap() = to.clone();
    }
    WordRequest::read(&value)
}

#[test]
fn a_digest_is_of_one_word_said_to_one_function() {
    let said = read(&[]).unwrap().said;
    let own = said.digest(ARN).unwrap();
    assert_eq!(own, said.clone().digest(ARN).unwrap());
    let others = [
        ("/said/workload", json!("cart")),
        ("/said/generation", json!(2)),
        ("/said/seen", json!(8)),
        ("/said/mark", json!("0123456789abcdee")),
        ("/said/word", json!({"approve": {"question": 2}})),
        ("/said/word", json!({"decline": {"question": 1}})),
        ("/said/word", json!("abandon")),
        ("/said/reason", json!("another")),
    ];
    for other in others {
        let changed = read(std::slice::from_ref(&other)).unwrap().said;
        assert_ne!(own, changed.digest(ARN).unwrap(), "{other:?}");
    }
    for elsewhere in [ARN.replace("leeward-", "test-"), ARN.replace("us-west-2", "eu-west-1")] {
        assert_ne!(own, said.digest(&elsewhere).unwrap(), "{elsewhere}");
    }
}

#[test]
fn only_words_can_be_asked_for() {
    for entry in [
        json!({"entry": "committed", "evidence": "x", "because": []}),
        json!({"asked": {"number": 1}}),
        json!({"timed-out": {"question": 1}}),
        json!({"approve": {"question": 1, "by": "arn:aws:iam::123456789012:user/ana"}}),
        json!("held"),
        json!("closed"),
    ] {
        assert!(read(&[("/said/word", entry.clone())]).is_err(), "{entry}");
    }
    for word in [json!("pause"), json!("stop"), json!({"resume": {"time_limit": null}})] {
        assert!(read(&[("/said/word", word.clone())]).is_ok(), "{word}");
    }
}

#[test]
fn what_cannot_stand_in_a_journal_or_a_header_is_refused() {
    for wrong in [
        ("/schema", json!(2)),
        ("/said/workload", json!("Orders")),
        ("/said/mark", json!("short")),
        ("/said/mark", json!("0123456789abcdef.0123")),
        ("/said/reason", json!(" ")),
        ("/said/reason", json!("two\nlines")),
        ("/said/reason", json!("x".repeat(TEXT_MAX + 1))),
        ("/proof/access_key", json!("AKIA\r\nhost: evil")),
        ("/proof/access_key", json!("AKIA/20261121/us-east-1")),
        ("/proof/access_key", json!("")),
        ("/proof/token", json!("a\r\nx-leeward-word: 00")),
        ("/proof/signature", json!("AB".repeat(32))),
        ("/proof/signature", json!("ab")),
        ("/proof/date", json!("20261121T091407")),
        ("/proof/date", json!("20261321T091407Z")),
        ("/proof/date", json!("20261121T091407Z, x")),
        ("/proof/date", json!("2026112äT09140Z")),
    ] {
        let error = read(std::slice::from_ref(&wrong)).unwrap_err();
        assert!(matches!(error, StepError::InvalidInput(_)), "{wrong:?}: {error}");
        assert!(!error.to_string().contains("abab"), "{error}");
    }
    let shown = format!("{:?}", read(&[]).unwrap());
    assert!(!shown.contains("a/b+c") && !shown.contains("abab"), "{shown}");
}

#[test]
fn a_proof_is_of_this_moment() {
    let proof = read(&[]).unwrap().proof;
    assert_eq!(date(at()), proof.date);
    for (passed, fresh) in [(0, true), (119, true), (121, false), (15 * 60, false)] {
        let now = after("2026-11-21T09:14:07Z".parse().unwrap(), Span::seconds(passed));
        assert_eq!(proof.is_fresh(now).is_ok(), fresh, "{passed} s later");
    }
    let ahead = proof.is_fresh("2026-11-21T09:14:01Z".parse().unwrap()).unwrap_err();
    assert!(ahead.contains("it is only"), "{ahead}");
    assert!(proof.is_fresh("2026-11-21T09:14:03Z".parse().unwrap()).is_ok());
}

#[test]
fn the_function_alone_knows_where_it_asks() {
    let sts = Sts::of(ARN).unwrap();
    assert_eq!(sts.endpoint, "https://sts.us-west-2.amazonaws.com");
    assert_eq!((sts.region.as_str(), sts.account.as_str()), ("us-west-2", "123456789012"));
    let china = Sts::of("arn:aws-cn:lambda:cn-north-1:123456789012:function:n:live").unwrap();
    assert_eq!(china.endpoint, "https://sts.cn-north-1.amazonaws.com.cn");
    for none in [
        "",
        "leeward-notifier",
        "arn:aws:iam::123456789012:user/ana",
        "arn:aws:lambda:evil.example/:123456789012:function:n",
        "arn:aws:lambda::123456789012:function:n",
        "arn:aws:lambda:us-west-2:ana:function:n",
        "arn:aws-iso:lambda:us-iso-east-1:123456789012:function:n",
    ] {
        assert!(Sts::of(none).is_err(), "{none}");
    }
    let proof = read(&[]).unwrap().proof;
    assert_eq!(
        proof.authorization("us-west-2"),
        format!(
            "AWS4-HMAC-SHA256 Credential=ASIAEXAMPLE/20261121/us-west-2/sts/aws4_request, SignedHeaders=host;x-amz-date;x-amz-security-token;x-leeward-word, Signature={}",
            "ab".repeat(32)
        )
    );
}
