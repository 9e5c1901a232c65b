//! People stay where a recovery moved them: a plan with its sides exchanged, and what the old home left closed.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail their test")]

use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use leeward_cli::args::Arguments;
use leeward_cli::exit::{Answer, Exit, Trouble};
use leeward_cli::office::{Office, Rest};
use leeward_cli::screen::Screen;
use leeward_core::ids::{Actor, EntryId, Side, Sides};
use leeward_core::journal::{End, Entry};
use leeward_core::plan::{
    ApprovalFor, Database, Fence, Isolate, Plan, SecurityGroupRules, StopWriter,
};
use leeward_core::time::Span;
use leeward_ports::fake::{FakeClock, FakeIdentity, block_on};
use leeward_tests::check::{Evidence, judge};
use leeward_tests::rig::{Rig, example};
use serde_json::{Value, json};

struct Virtual(FakeClock);

#[async_trait::async_trait]
impl Rest for Virtual {
    async fn rest(&self, duration: Duration) {
        self.0.sleep(Span::millis(u64::try_from(duration.as_millis()).unwrap_or(0))).await;
    }
}

/// What comes of that command line, said by a person whom the plan lets decide.
fn ask(rig: &Rig, words: &[&str]) -> Result<Answer, Trouble> {
    let ana = Actor::new("arn:aws:sts::123456789012:assumed-role/on-call/ana");
    let office = Office {
        desk: rig.detector.desk.clone(),
        executions: Some(Arc::new(rig.executions.clone())),
        identity: Arc::new(FakeIdentity(Some(ana))),
        provisions: Arc::new(rig.world.clone()),
        provisioner: None,
        words: None,
        aside: Arc::new(rig.table.clone()),
        rest: Arc::new(Virtual(rig.clock.clone())),
    };
    let line = std::iter::once("leeward").chain(words.iter().copied());
    let arguments = Arguments::try_parse_from(line).unwrap();
    let (mut out, handlers) = (Vec::new(), std::collections::BTreeMap::new());
    let mut screen = Screen::new(&mut out, false);
    let done = leeward_cli::carry_out(&office, &handlers, &arguments.command, &mut screen);
    block_on(&rig.clock, done).unwrap()
}

/// Puts a plan by the command.
fn put(rig: &Rig, plan: &Plan, name: &str) -> Result<Answer, Trouble> {
    let file = std::env::temp_dir().join(format!("leeward-{name}-{}.yaml", std::process::id()));
    std::fs::write(&file, serde_json::to_string(plan).unwrap()).unwrap();
    let answer = ask(rig, &["plan", "put", &file.display().to_string()]);
    std::fs::remove_file(&file).unwrap();
    answer
}

fn db() -> EntryId {
    "orders-db".into()
}

/// Orders with that fence alone; nobody is asked.
fn fenced_by(fence: Fence) -> Plan {
    let mut plan = example("orders");
    plan.policy.approval.wanted_for = ApprovalFor::None;
    for database in &mut plan.databases {
        let Database::RdsReplica(d) = database else { continue };
        d.fences = vec![fence.clone(), Fence::Waiver];
        d.max_loss = Span::minutes(24 * 60);
    }
    plan
}

fn isolate() -> Fence {
    let rules = |group: &str, cidr: &str| SecurityGroupRules {
        group: group.into(),
        port: 5432,
        cidrs: vec![cidr.into()],
        groups: vec!["sg-app".into()],
        may_stay: vec!["sg-probe".into()],
        ..SecurityGroupRules::default()
    };
    Fence::Isolate(Box::new(Isolate {
        security_group: Sides {
            primary: rules("sg-east", "10.10.0.0/16"),
            standby: rules("sg-west", "10.20.0.0/16"),
        },
        further_groups: None,
        sessions_of: "orders_app".into(),
    }))
}

fn stop_writer() -> Fence {
    let group = Sides { primary: "orders-web".into(), standby: "orders-web-west".into() };
    Fence::StopWriter(StopWriter { group, sessions_of: "orders_app".into() })
}

/// The same plan for a workload that lives on its standby for good.
fn exchanged(plan: &Plan) -> Plan {
    let mut plan = turned(&serde_json::to_value(plan).unwrap());
    let voters = plan["detection"]["voters"].as_array_mut().unwrap();
    voters.retain(|voter| voter["region"] != "us-east-1");
    for voter in voters.iter_mut().filter(|voter| voter["id"] == "replica") {
        voter["region"] = json!("us-east-1");
    }
    // Its failover records are exchanged, with a metric of their own.
    plan["traffic"]["controls"][0]["metric"] = json!("StopWest");
    serde_json::from_value(plan).unwrap()
}

fn turned(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut map: serde_json::Map<String, Value> =
                map.iter().map(|(key, value)| (key.clone(), turned(value))).collect();
            if let (Some(p), Some(s)) = (map.get("primary").cloned(), map.get("standby").cloned()) {
                map.insert("primary".to_owned(), s);
                map.insert("standby".to_owned(), p);
            }
            Value::Object(map)
        }
        Value::Array(all) => Value::Array(all.iter().map(turned).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

/// The application of the home crashes and comes back where nobody lets it in any more, or starts it.
fn moved(fence: Fence) -> Rig {
    let rig = Rig::new(fenced_by(fence));
    rig.live(Span::minutes(5));
    rig.world.set_application(Side::Primary, false);
    rig.live(Span::minutes(40));
    assert_eq!(rig.ended(1), Some(End::Recovered), "{}", rig.told());
    rig.world.set_application(Side::Primary, true);
    rig.live(Span::minutes(90));
    assert_eq!(left_closed(&rig, 1), [Side::Primary]);
    rig
}

/// The sides on which something is left closed by the journal of that generation.
fn left_closed(rig: &Rig, generation: u64) -> Vec<Side> {
    let left = rig.book(generation).unwrap().state.left_closed();
    left.iter().map(|left| left.side).collect()
}

#[test]
fn an_exchanged_plan_forgets_nothing_that_is_closed_and_its_next_recovery_opens_it_first() {
    let rig = moved(isolate());
    let turned = exchanged(&rig.plan);
    let no = put(&rig, &turned, "early").unwrap_err();
    assert_eq!(no.exit, Exit::Refused, "{no}");
    assert!(no.message.contains("not seen to live in us-west-2"), "{no}");
    rig.live(Span::minutes(90));
    assert_eq!(left_closed(&rig, 1), [Side::Primary]);

    rig.world.rebuild_replica(&db(), Side::Primary);
    rig.live(Span::minutes(5));
    let answer = put(&rig, &turned, "then").unwrap();
    assert_eq!(answer.exit, Exit::Well, "{:#?}", answer.lines);
    rig.live(Span::minutes(90));
    assert_eq!(left_closed(&rig, 1), [Side::Standby], "it is the shelter's now");
    let said = ask(&rig, &["status", "orders"]).unwrap().lines.join("\n");
    assert!(said.contains("the standby side of orders-db is left closed"), "{said}");
    assert!(!said.contains("AWAY") && !said.contains("--direction to-primary"), "{said}");

    // The new home's application crashes: the shelter is opened before the commit, and has the one writer.
    assert!(ask(&rig, &["ack", "orders", "--reason", "seen", "--by-hand"]).is_ok());
    rig.world.set_application(Side::Standby, false);
    rig.live(Span::minutes(5));
    assert_eq!(rig.order("recover", "to-standby").unwrap()["status"], "go");
    rig.live(Span::minutes(60));
    let book = rig.book(2).unwrap();
    assert_eq!(book.state.decision.target.as_str(), "us-east-1");
    let place = |of: &dyn Fn(&Entry) -> bool| book.records.iter().position(|r| of(&r.entry));
    let opens = place(
        &|entry| matches!(entry, Entry::Intent { effect, .. } if effect.as_str().ends_with("/reopen")),
    );
    let commits = place(&|entry| matches!(entry, Entry::Committed { .. }));
    assert!(opens.is_some() && opens < commits, "{}", rig.told());
    // The fake world keeps the names that the sides had at first, and knows nothing of exchanged records.
    assert!(rig.world.accepts(&db(), Side::Primary) && !rig.world.accepts(&db(), Side::Standby));
    assert!(book.state.writers.contains(&db()), "{}", rig.told());
}

#[test]
fn a_group_that_stands_stopped_in_the_new_shelter_is_named_with_the_command_that_lets_it_go() {
    let rig = moved(stop_writer());
    rig.world.rebuild_replica(&db(), Side::Primary);
    rig.live(Span::minutes(5));
    let no = put(&rig, &exchanged(&rig.plan), "stopped").unwrap();
    assert_eq!(no.exit, Exit::Invalid, "{:#?}", no.lines);
    assert!(no.lines.join("\n").contains("resume-processes"), "{:#?}", no.lines);
    let open = rig.book(1).unwrap().state.left_closed().remove(0).reopen;
    rig.world.by_hand(&open).unwrap();
    rig.live(Span::minutes(10));
    let answer = put(&rig, &exchanged(&rig.plan), "started").unwrap();
    assert_eq!(answer.exit, Exit::Well, "{:#?}", answer.lines);
    assert!(rig.world.accepts(&db(), Side::Standby) && !rig.world.accepts(&db(), Side::Primary));
}

#[test]
fn names_that_are_exchanged_within_their_regions_are_refused_while_a_side_is_closed() {
    let rig = moved(stop_writer());
    let mut turned = rig.plan.clone();
    for database in &mut turned.databases {
        let Database::RdsReplica(d) = database else { continue };
        for fence in &mut d.fences {
            let Fence::StopWriter(fence) = fence else { continue };
            std::mem::swap(&mut fence.group.primary, &mut fence.group.standby);
        }
    }
    let no = put(&rig, &turned, "names").unwrap_err();
    assert!(no.message.contains("the other way round"), "{no}");
    assert!(no.message.contains("--direction to-primary"), "{no}");
    let other = put(&rig, &rig.plan, "same").unwrap();
    assert_eq!(other.exit, Exit::Well, "the same plan is put as before: {:#?}", other.lines);
    assert_eq!(judge(&Evidence::of(&rig)), [], "{}", rig.told());
}

#[test]
fn a_plan_is_not_exchanged_while_a_recovery_is_open_or_an_old_side_is_unproven() {
    let rig = Rig::new(fenced_by(stop_writer()));
    rig.live(Span::minutes(5));
    assert_eq!(rig.order("recover", "to-standby").unwrap()["status"], "go");
    let no = put(&rig, &exchanged(&rig.plan), "open").unwrap_err();
    assert!(no.message.contains("generation 1 of orders is open"), "{no}");

    let rig = Rig::new(fenced_by(stop_writer()));
    rig.live(Span::minutes(5));
    rig.world.set_region(&"us-east-1".into(), leeward_ports::fake::RegionState::Dead);
    rig.live(Span::minutes(12));
    assert!(
        ask(
            &rig,
            &["waive", "orders", "--database", "orders-db", "--reason", "burnt", "--by-hand"]
        )
        .is_ok()
    );
    assert!(ask(&rig, &["resume", "orders", "--reason", "go", "--by-hand"]).is_ok());
    rig.live(Span::minutes(30));
    assert_eq!(rig.ended(1), Some(End::Recovered), "{}", rig.told());
    let no = put(&rig, &exchanged(&rig.plan), "unproven").unwrap_err();
    assert!(no.message.contains("nobody has seen that orders-db on its primary side"), "{no}");
}
