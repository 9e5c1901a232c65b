//! `assess`, `status` and `audit`.

use leeward_core::brake::Brake;
use leeward_core::ids::Seq;
use leeward_core::table::Key;
use leeward_core::world::AlarmState;

use super::*;
use crate::status::read_subject;

#[test]
fn a_good_day_is_well_and_says_what_is_missing() {
    let rig = Rig::orders("good-day");
    let answer = rig.well(&["assess", "orders"]);
    assert_eq!(answer.json["verdict"], "well");
    assert_eq!(answer.json["plans"][0]["would-open"], false);
    let text = answer.lines.join("\n");
    for words in ["canary-west (us-west-2): healthy", "(quorum 2)", "missing   2 more of 7 voters"]
    {
        assert!(text.contains(words), "{words}:\n{text}");
    }
    assert_eq!(answer.json["plans"][0]["assessment"]["ballots"].as_array().unwrap().len(), 7);
}

#[test]
fn an_outage_is_called_for_and_the_open_generation_is_named() {
    let rig = Rig::unattended("outage");
    rig.kill_primary();
    rig.live(Span::minutes(1));
    let text = rig.well(&["assess", "orders"]).lines.join("\n");
    assert!(text.contains("has to say so for"), "{text}");
    rig.live(Span::minutes(8));
    let answer = rig.ask(&["assess", "orders"]).unwrap();
    assert_eq!(answer.exit, Exit::NotAsAsked, "{:#?}", answer.lines);
    assert_eq!((&answer.json["verdict"], &answer.json["open"]), (&json!("down"), &json!(true)));
}

#[test]
fn a_quorum_that_half_of_the_outside_contradicts_is_no_opening_and_says_what_is_missing() {
    let rig = Rig::unattended("contradicted");
    for (region, alarm) in [("us-east-1", "orders-api-5xx"), ("us-west-2", "orders-canary-west")] {
        rig.world.set_alarm(&region.into(), alarm, leeward_core::world::AlarmState::Alarm);
    }
    rig.live(Span::minutes(8));
    let answer = rig.ask(&["assess", "orders"]).unwrap();
    assert_eq!(answer.json["plans"][0]["would-open"], false);
    let text = answer.lines.join("\n");
    assert!(text.contains("2 say well and 1 say down"), "{text}");
    assert!(!text.contains("the next sweep opens"), "{text}");
}

#[test]
fn capacity_that_is_gone_is_in_the_assessment_of_a_good_day() {
    let rig = Rig::unattended("gone");
    rig.world.terminate(&"us-west-2".into(), "i-0f9e8d7c6b5a40002");
    rig.live(Span::minutes(2));
    let text = rig.well(&["assess", "orders"]).lines.join("\n");
    assert!(text.contains("i-0f9e8d7c6b5a40002 is terminated"), "{text}");
    assert!(text.contains("no fence is taken"), "{text}");
}

#[test]
fn an_outage_that_a_rule_holds_back_is_told_by_its_own_code() {
    let text = orders().replace("enabled: true", "enabled: false");
    let rig = Rig::put("held-back", &text);
    rig.kill_primary();
    rig.live(Span::minutes(8));
    let answer = rig.ask(&["assess", "orders"]).unwrap();
    assert_eq!(answer.exit, Exit::Refused, "{:#?}", answer.lines);
    assert!(answer.lines.iter().any(|l| l.contains("not enabled")), "{:#?}", answer.lines);
}

#[test]
fn an_unknown_workload_is_told_with_those_that_are_known() {
    let rig = Rig::orders("unknown");
    for words in [["assess", "cart"], ["status", "cart"]] {
        let trouble = rig.ask(&words).unwrap_err();
        assert_eq!(trouble.exit, Exit::Invalid);
        assert!(trouble.message.contains("orders-region (orders)"), "{trouble}");
    }
}

#[test]
fn a_subject_is_a_workload_or_an_execution() {
    let arn = "arn:aws:states:eu-west-1:123456789012:execution:leeward-recovery:orders-g12-ab34";
    for (text, generation) in [("orders", None), ("orders-g12-ab34", Some(12)), (arn, Some(12))] {
        let (workload, of) = read_subject(text).unwrap();
        assert_eq!((workload.as_str(), of), ("orders", generation), "{text}");
    }
    assert_eq!(read_subject("my-gate").unwrap().0.as_str(), "my-gate");
    assert!(read_subject("Orders!").is_err());
}

#[test]
fn status_before_while_and_after() {
    let rig = Rig::orders("status");
    let before = rig.well(&["status", "orders"]);
    assert_eq!(
        (&before.json["status"], &before.json["generation"]),
        (&json!("detecting"), &Value::Null)
    );
    rig.opened();
    let open = rig.ask(&["status", "orders"]).unwrap();
    // The plan asks people first.
    assert_eq!(open.exit, Exit::NeedsPerson);
    assert_eq!(open.json["question"]["number"], 1);
    assert_eq!(open.json["direction"], "to-standby");
    assert!(open.lines.iter().any(|l| l.contains("leeward approve orders --question 1")));
    let by_execution = rig.ask(&["status", "orders-g1-abc"]).unwrap();
    assert_eq!(by_execution.json, open.json);
    rig.well(&["abandon", "orders", "--reason", "enough"]);
    let over = rig.ask(&["status", "orders"]).unwrap();
    assert_eq!((over.exit, &over.json["end"]), (Exit::NotAsAsked, &json!("abandoned")));
}

#[test]
fn a_watch_ends_with_the_recovery() {
    let rig = Rig::orders("watch");
    rig.opened();
    rig.well(&["abandon", "orders", "--reason", "enough"]);
    let shown = rig.ask(&["status", "orders", "--watch"]).unwrap();
    assert_eq!(shown.exit, Exit::NotAsAsked);
    assert!(shown.lines.last().unwrap().contains("ABANDONED: enough"), "{:#?}", shown.lines);
}

#[test]
fn an_audit_holds_on_what_was_written_and_finds_what_was_changed() {
    let rig = Rig::orders("audit");
    assert!(rig.well(&["audit", "orders"]).lines[0].contains("nothing to judge"));
    rig.opened();
    rig.well(&["abandon", "orders", "--reason", "enough"]);
    let sound = rig.well(&["audit", "orders"]);
    assert_eq!(sound.json["held"], true);
    assert_eq!(sound.json["generations"][0]["invariants"].as_array().unwrap().len(), 15);

    let key = Key::journal(&"orders".into(), Generation(1), Seq(2));
    let mut item = rig.table.item(&key).unwrap();
    item.body = item.body.replace("Move orders", "Keep orders");
    rig.table.put_by_hand(item);
    let broken = rig.ask(&["audit", "orders"]).unwrap();
    assert_eq!(broken.exit, Exit::NotAsAsked, "{:#?}", broken.lines);
    assert!(broken.lines.iter().any(|l| l.starts_with("  BROKEN")), "{:#?}", broken.lines);
    let none = rig.ask(&["audit", "orders", "--generation", "7"]).unwrap_err();
    assert_eq!(none.exit, Exit::Invalid);
}

#[test]
fn impairments_are_listed_and_their_means_told() {
    let rig = Rig::unattended("impairments");
    let none = rig.well(&["impairments"]);
    assert!(none.lines.concat().contains("no impairment is on record"), "{:?}", none.lines);
    rig.kill_primary();
    rig.live(Span::minutes(8));
    let listed = rig.well(&["impairments", "orders"]);
    let text = listed.lines.join("\n");
    for words in ["region-outage, critical", "confirmed", "detected in", "impact    "] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert_eq!(listed.json["impairments"][0]["impairment"]["kind"], "region-outage");
    let stats = rig.well(&["impairments", "--stats"]);
    assert_eq!(stats.json["all"]["count"], 1);
    assert!(stats.lines[0].contains("mean time to detect"), "{:?}", stats.lines);
}

#[test]
fn brake_and_switch_are_seen_set_and_let_go_and_what_is_done_as_asked_exits_well() {
    let rig = Rig::orders("brake");
    assert!(rig.well(&["brake"]).lines[0].contains("0 of 10 recoveries"));
    // A limit of nothing holds for good, and no release lets it go.
    let none = ["leeward", "brake", "set", "--limit", "0", "--window", "1h"];
    assert!(Arguments::try_parse_from(none).is_err());
    let opened = Brake::default().admit(&"another".into(), Generation(1), rig.clock.now()).unwrap();
    let stored = block_on(&rig.clock, rig.office.desk.brake()).unwrap().unwrap();
    let kept = rig.office.desk.store_brake(&stored, &opened);
    assert!(block_on(&rig.clock, kept).unwrap().unwrap());
    let set = rig.ask(&["brake", "set", "--limit", "1", "--window", "1h"]).unwrap();
    assert_eq!((set.exit, &set.json["holds"]), (Exit::Well, &json!(true)));
    assert_eq!(rig.ask(&["brake"]).unwrap().exit, Exit::NeedsPerson);
    rig.well(&["brake", "set", "--limit", "2", "--window", "1h"]);
    let free = rig.well(&["brake", "release", "--reason", "seen"]);
    assert!(free.lines.join("\n").contains(ANA), "{:?}", free.lines);

    assert!(rig.well(&["switch"]).lines[0].contains("is on"));
    let off = rig.ask(&["switch", "off", "--reason", "monitoring"]).unwrap();
    assert_eq!(off.exit, Exit::Well);
    assert_eq!(rig.ask(&["switch"]).unwrap().exit, Exit::Refused);
    let assessed = rig.ask(&["assess", "orders"]).unwrap().lines.join("\n");
    assert!(assessed.contains("switched off: monitoring"), "{assessed}");
    rig.well(&["switch", "on", "--reason", "well"]);
}

#[test]
fn away_from_home_assess_and_status_say_what_the_sweep_will_do() {
    let rig = Rig::unattended("away");
    rig.kill_primary();
    rig.live(Span::minutes(8));
    rig.well(&["run", "orders"]);
    rig.well(&["ack", "orders", "--reason", "seen"]);
    for (region, name) in [("us-west-2", "orders-canary-west"), ("eu-west-1", "orders-canary-eu")] {
        rig.world.set_alarm(&region.into(), name, AlarmState::Alarm);
    }
    rig.live(Span::minutes(90));
    let answer = rig.ask(&["assess", "orders"]).unwrap();
    let text = answer.lines.join("\n");
    assert_eq!(answer.json["verdict"], "down", "{text}");
    assert_eq!(answer.exit, Exit::Refused, "no sweep opens anything: {text}");
    assert_eq!(answer.json["plans"][0]["would-open"], false);
    assert!(text.contains("it lives away from home since generation 1"), "{text}");
    let status = rig.well(&["status", "orders"]);
    assert!(status.lines.iter().any(|l| l.contains("AWAY")), "{:#?}", status.lines);
    let home = "leeward start orders --plan orders-region --direction to-primary --reason …";
    assert_eq!(status.json["next"], json!([home]), "{:#?}", status.lines);
    rig.live(Span::minutes(10));
    assert_eq!(rig.ask(&["status", "orders"]).unwrap().json["generation"], 1);
}

#[test]
fn what_an_open_generation_rests_on_is_assessed_by_its_own_version() {
    let rig = Rig::unattended("own-version");
    rig.kill_primary();
    rig.live(Span::minutes(8));
    let changed = orders().replace("orders-canary-west", "orders-canary-two");
    let changed = file("own-version-two", &changed.replace("for: one-way", "for: none"));
    rig.well(&["plan", "put", &changed.display().to_string()]);
    let _ = std::fs::remove_file(changed);
    rig.live(Span::minutes(3));
    let answer = rig.ask(&["assess", "orders"]).unwrap();
    let own = &answer.json["plans"][1];
    assert_eq!(own["decided-by-it"], 1, "{:#?}", answer.lines);
    assert_eq!(own["assessment"]["count"]["down"], 3, "{:#?}", answer.lines);
    assert!(answer.lines.iter().any(|l| l.contains("is not in force")), "{:#?}", answer.lines);
}
