//! `deploy-check`: no version is changed under a recovery.

use leeward_core::table::Key;

use super::*;

fn hindrance(rig: &Rig) -> String {
    let answer = rig.ask(&["deploy-check"]).unwrap();
    assert_eq!(answer.exit, Exit::Refused, "{:#?}", answer.lines);
    assert_eq!(answer.json["deployable"], false);
    answer.lines.join("\n")
}

#[test]
fn a_version_may_be_deployed_when_nothing_works() {
    let rig = Rig::orders("deploy-idle");
    assert_eq!(rig.well(&["deploy-check"]).json["deployable"], true);
    // Open, and nobody works on it: the new version goes on with it.
    rig.opened();
    rig.executions.end("someone");
    let unknown = hindrance(&rig);
    assert!(unknown.contains("nobody can tell whether someone works on it"), "{unknown}");
    rig.well(&["abandon", "orders", "--reason", "a try"]);
    assert_eq!(rig.well(&["deploy-check"]).json["deployable"], true);
}

#[test]
fn a_running_executor_and_another_protocol_refuse_it() {
    let rig = Rig::unattended("deploy-running");
    rig.kill_primary();
    rig.live(Span::minutes(8));
    let (name, input) = rig.executions.take_started().remove(0);
    let event = json!({
        "leeward": "detect", "schema": 1, "executor": name,
        "trigger": serde_json::from_str::<Value>(&input).unwrap(),
    });
    block_on(&rig.clock, rig.handlers["DetectorFunction"](event)).unwrap().unwrap();
    let running = hindrance(&rig);
    assert!(running.contains(&format!("{name} works on generation 1 of orders")), "{running}");
    rig.executions.end(&name);
    assert_eq!(rig.well(&["deploy-check"]).json["deployable"], true, "open, and nobody works");
}

#[test]
fn a_stored_plan_that_cannot_be_read_refuses_it() {
    let rig = Rig::orders("deploy-unread");
    let mut listed = rig.table.item(&Key::plan_listed(&"orders-region".into())).unwrap();
    listed.body = "{\"plan\": \"of another time\"}".to_owned();
    rig.table.put_by_hand(listed);
    let unread = hindrance(&rig);
    assert!(unread.contains("cannot read the stored plan"), "{unread}");
}
