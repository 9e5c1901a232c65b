//! Reference paths and ResultPath.

use leeward_asl::{Path, Place};
use proptest::prelude::*;
use serde_json::{Value, json};

#[test]
fn paths_find() {
    let data = json!({"a": {"b": [10, {"c-d": "x"}]}, "a b": 1, "n": null, "0": "zero"});
    for (text, wanted) in [
        ("$", Some(data.clone())),
        ("$.a.b[0]", Some(json!(10))),
        ("$.a['b'][1].c-d", Some(json!("x"))),
        ("$['a b']", Some(json!(1))),
        ("$.n", Some(Value::Null)),
        ("$.0", Some(json!("zero"))),
        ("$.a.b[2]", None),
        ("$.a.b.c", None),
        ("$[0]", None),
        ("$.n.x", None),
    ] {
        let path = Path::parse(text).expect(text);
        assert_eq!(path.of(&data), wanted.as_ref(), "{text}");
    }
    let list = json!([{"status": "done"}]);
    assert_eq!(Path::parse("$[0].status").expect("a path").of(&list), Some(&json!("done")));
}

#[test]
fn what_is_no_path() {
    for text in [
        "",
        "a",
        "$a",
        "$.",
        "$.a.",
        "$..a",
        "$.*",
        "$.a[*]",
        "$[]",
        "$[-1]",
        "$[+1]",
        "$[1",
        "$['']",
        "$['a",
        "$[\"a\"]",
        "$.a b",
        "$[1:2]",
        "$[0,1]",
        "$.a[?(@.b)]",
        "$['a\\'b']",
        "$.length()",
        "$[99999999999999999999]",
        "States.UUID()",
        "$$",
        "$$.Execution",
        "$$.State.EnteredTime",
        "$$.Map.Item.Index",
        "$$[0]",
    ] {
        assert!(Path::parse(text).is_err(), "{text}");
    }
}

#[test]
fn results_are_put() {
    let raw = json!({"a": {"b": 1}, "s": "text"});
    for (place, wanted) in [
        ("$", Some(json!(9))),
        ("$.r", Some(json!({"a": {"b": 1}, "s": "text", "r": 9}))),
        ("$.a", Some(json!({"a": 9, "s": "text"}))),
        ("$.a.b", Some(json!({"a": {"b": 9}, "s": "text"}))),
        ("$.a.x.y", Some(json!({"a": {"b": 1, "x": {"y": 9}}, "s": "text"}))),
        ("$['s']", Some(json!({"a": {"b": 1}, "s": 9}))),
        ("$.s.x", None),
    ] {
        let put = Place::parse(place).expect(place).put(raw.clone(), json!(9));
        match (put, wanted) {
            (Ok(put), Some(wanted)) => assert_eq!(put, wanted, "{place}"),
            (Err(failure), None) => assert_eq!(failure.error, "States.ResultPathMatchFailure"),
            (put, wanted) => panic!("{place}: wanted {wanted:?}, got {put:?}"),
        }
    }
    assert_eq!(Place::Nowhere.put(raw.clone(), json!(9)), Ok(raw));
}

proptest! {
    #[test]
    fn a_path_reads_back(names in prop::collection::vec("[a-zA-Z0-9_ .$\\[\\]*-]{1,8}", 0..6), index in 0_usize..9) {
        let text = names.iter().fold("$".to_owned(), |text, name| text + &format!("['{name}']"));
        let path = Path::parse(&format!("{text}[{index}]")).expect("a path");
        prop_assert_eq!(Path::parse(&path.to_string()), Ok(path));
    }

    #[test]
    fn what_is_put_is_found(names in prop::collection::vec("[a-z]{1,3}", 0..5), value in any::<i64>()) {
        let text = names.iter().fold("$".to_owned(), |text, name| text + "." + name);
        let put = Place::parse(&text).expect("a place").put(json!({}), json!(value)).expect("fits");
        prop_assert_eq!(Path::parse(&text).expect("a path").of(&put), Some(&json!(value)));
    }

    #[test]
    fn no_text_breaks_the_reader(text in "\\$?\\$?[.\\[\\]'a0*-é]{0,12}") {
        if let Ok(path) = Path::parse(&text) {
            prop_assert_eq!(Path::parse(&path.to_string()), Ok(path));
        }
    }
}
