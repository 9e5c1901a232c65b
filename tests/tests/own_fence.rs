//! What Leeward itself does to users when it fences is no evidence: behind its own fence a generation keeps what was
//! decided before, and a person has a way on and a way back.
#![expect(clippy::expect_used, reason = "helpers of tests fail their test")]
#![expect(clippy::wildcard_enum_match_arm, reason = "a test looks for one kind among all")]

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use clap::Parser;
use leeward_cli::args::Arguments;
use leeward_cli::carry_out;
use leeward_cli::office::{Office, Rest};
use leeward_cli::run::Handlers;
use leeward_cli::screen::Screen;
use leeward_core::contract::Mode;
use leeward_core::ids::{Actor, EntryId, Side, Text};
use leeward_core::journal::{End, HaltKind, Trigger};
use leeward_core::plan::{ApprovalFor, Database, Plan};
use leeward_core::table::lease_key;
use leeward_core::time::Span;
use leeward_core::world::{Change, Question, View};
use leeward_ports::fake::{Call, FakeClock, FakeIdentity, Fate, Fates, RegionState, block_on};
use leeward_tests::check::{Evidence, judge};
use leeward_tests::rig::{Rig, example};
use serde_json::{Value, json};

/// The terminal's clock is the test's.
struct Virtual(FakeClock);

#[async_trait]
impl Rest for Virtual {
    async fn rest(&self, duration: Duration) {
        let ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        self.0.sleep(Span::millis(ms)).await;
    }
}

/// A command, typed by a person who may decide.
fn types(rig: &Rig, line: &str) {
    let office = Office {
        desk: rig.detector.desk.clone(),
        executions: Some(Arc::new(rig.executions.clone())),
        identity: Arc::new(FakeIdentity(Some(Actor::new(
            "arn:aws:sts::123456789012:assumed-role/on-call/ana",
        )))),
        provisions: Arc::new(rig.world.clone()),
        provisioner: None,
        words: None,
        aside: Arc::new(rig.table.clone()),
        rest: Arc::new(Virtual(rig.clock.clone())),
    };
    // A start goes to Step Functions, every other word is written down.
    let by_hand = (!line.starts_with("leeward start")).then_some("--by-hand");
    let words = line.split_whitespace().chain(["--reason", "a_test"]).chain(by_hand);
    let arguments = Arguments::try_parse_from(words).expect("a command line");
    let (mut out, handlers) = (Vec::new(), Handlers::default());
    let mut screen = Screen::new(&mut out, false);
    let done = carry_out(&office, &handlers, &arguments.command, &mut screen);
    match block_on(&rig.clock, done).expect("an end") {
        Ok(_) => {}
        Err(trouble) => unreachable!("{line}: {trouble}\n{}", rig.told()),
    }
}

fn order(rig: &Rig, mode: &str, direction: &str) {
    assert_eq!(rig.order(mode, direction).expect("an answer")["status"], "go", "{}", rig.told());
}

fn halt(rig: &Rig, generation: u64) -> Option<(HaltKind, String)> {
    let state = rig.book(generation)?.state;
    state.halt.as_ref().map(|h| (h.kind, h.reason.clone()))
}

fn assert_moved(rig: &Rig, generation: u64, to: Side) {
    assert_eq!(rig.ended(generation), Some(End::Recovered), "{}", rig.told());
    assert_eq!(rig.world.served_by(), Some(to), "{}", rig.told());
    assert_kept(rig);
}

fn assert_kept(rig: &Rig) {
    let broken = judge(&Evidence::of(rig));
    assert!(broken.is_empty(), "{broken:#?}\n{}", rig.told());
}

fn messages(rig: &Rig) -> Vec<String> {
    rig.publisher.delivered().iter().map(|d| format!("{d:?}")).collect()
}

/// Capacity comes so late that voters sustain what the fence does to users.
fn slow(rig: &Rig) {
    rig.world.set_habits(|habits| {
        habits.launch = Span::minutes(9);
        habits.start = Span::minutes(9);
    });
}

#[test]
fn a_drill_keeps_its_place_though_its_own_fence_looks_like_an_outage() {
    let rig = Rig::well("orders");
    slow(&rig);
    order(&rig, "drill", "to-standby");
    rig.live(Span::minutes(60));
    assert_moved(&rig, 1, Side::Standby);
    assert!(rig.book(2).is_none(), "{}", rig.told());
    let all = messages(&rig);
    assert!(!all.iter().any(|m| m.contains("a real outage came")), "{all:#?}");
    let either: Vec<&String> =
        all.iter().filter(|m| m.contains("its own fence, or a real outage")).collect();
    let first = either.first().expect("people are told that it may be either");
    for command in ["leeward stop orders", "leeward decline orders", "leeward abandon orders"] {
        assert!(first.contains(command), "{command}: {first}");
    }
    let receivers: std::collections::BTreeSet<_> =
        rig.publisher.delivered().into_iter().map(|d| d.receiver).collect();
    assert!(either.len() <= receivers.len(), "told once: {either:#?}");
}

#[test]
fn a_person_s_order_by_a_narrow_plan_is_not_taken_over_behind_its_own_fence() {
    let mut wide = example("orders");
    wide.policy.approval.wanted_for = ApprovalFor::None;
    let mut narrow = wide.clone();
    narrow.plan = "orders-app".into();
    narrow.responds_to =
        serde_json::from_value(json!([{"kind": "service-outage", "min-severity": "high"}]))
            .expect("kinds");
    let rig = Rig::new(narrow);
    rig.put_plan(&wide);
    rig.live(Span::minutes(5));
    slow(&rig);
    order(&rig, "recover", "to-standby");
    rig.live(Span::minutes(60));
    assert!(rig.book(2).is_none(), "{}", rig.told());
    assert_moved(&rig, 1, Side::Standby);
}

#[test]
fn an_outage_that_begins_behind_a_drill_s_fence_ends_with_users_served() {
    let rig = Rig::well("orders");
    slow(&rig);
    rig.turn_after(Span::seconds(150), "us-east-1", RegionState::Dead);
    order(&rig, "drill", "to-standby");
    rig.live(Span::minutes(60));
    assert!(rig.book(2).is_none(), "{}", rig.told());
    assert_moved(&rig, 1, Side::Standby);
}

#[test]
fn an_outage_that_began_before_the_fence_takes_the_place_of_a_drill() {
    let rig = Rig::well("orders");
    slow(&rig);
    rig.world.set_region(&"us-east-1".into(), RegionState::Dead);
    rig.live(Span::seconds(61));
    order(&rig, "drill", "to-standby");
    rig.live(Span::minutes(60));
    let second = rig.book(2).expect("the recovery").state;
    assert_eq!(second.decision.mode, Mode::Recover);
    assert!(matches!(second.decision.trigger, Trigger::HandedOver { .. }));
    assert_moved(&rig, 2, Side::Standby);
}

#[test]
fn a_drill_of_going_home_is_not_replaced_by_what_an_empty_home_looks_like() {
    let rig = Rig::well("orders");
    let primary = rig.plan.regions.primary.clone();
    rig.world.set_region(&primary, RegionState::Dead);
    rig.live(Span::minutes(30));
    assert_eq!(rig.ended(1), Some(End::Recovered), "{}", rig.told());
    rig.world.set_region(&primary, RegionState::Well);
    rig.live(Span::minutes(3));
    rig.world.rebuild_replica(rig.plan.databases[0].id(), Side::Primary);
    rig.live(Span::minutes(90));
    types(&rig, "leeward ack orders");
    let empty =
        Change::SetMinimum { region: primary.clone(), group: "orders-web".into(), minimum: 0 };
    assert!(rig.world.by_hand(&empty).is_ok());
    rig.world.scaling_policy(&primary, "orders-web", 0);
    rig.live(Span::minutes(10));
    slow(&rig);
    order(&rig, "drill", "to-primary");
    rig.live(Span::minutes(60));
    assert!(rig.book(3).is_none(), "{:#?}", rig.story(3));
    assert_moved(&rig, 2, Side::Primary);
}

/// A replica behind a lease beside a global cluster without one.
fn two_databases() -> Plan {
    let mut plan = example("orders");
    plan.policy.approval.wanted_for = ApprovalFor::None;
    let catalog = serde_json::to_string(&example("catalog").databases[0]).expect("a database");
    let moved = catalog.replace("us-west-2", "us-east-1").replace("eu-west-1", "us-west-2");
    plan.databases.push(serde_json::from_str(&moved).expect("a database"));
    plan
}

#[test]
fn a_switchover_without_loss_stays_one_behind_the_fence_of_another_database() {
    let rig = Rig::new(two_databases());
    rig.live(Span::minutes(5));
    slow(&rig);
    order(&rig, "drill", "to-standby");
    rig.live(Span::minutes(90));
    assert!(rig.book(2).is_none(), "{}", rig.told());
    let story = rig.story(1).join("\n");
    assert!(story.contains("intent: switch catalog over"), "{story}");
    assert!(!story.contains("fail catalog over") && !story.contains("intent: close"), "{story}");
    assert_moved(&rig, 1, Side::Standby);
}

/// The catalog behind a lease, and no failover that can lose data.
fn no_loss(ttl: &str) -> Plan {
    let mut plan: Value = serde_json::to_value(example("catalog")).expect("a plan");
    plan["databases"][0]["allow-data-loss"] = json!(false);
    plan["databases"][0]["max-loss"] = json!("3m");
    plan["databases"][0]["fences"] = json!([
        {"kind": "writer-lease", "table": "leeward-writer-lease", "region": "us-east-1",
         "ttl": ttl, "drift": "1s", "longest-statement": "5s", "heartbeat": "1s",
         "writers": ["catalog-api"]},
        {"kind": "waiver"}]);
    let mut plan: Plan = serde_json::from_value(plan).expect("a plan");
    plan.policy.approval.wanted_for = ApprovalFor::None;
    plan
}

/// SQL is not answered for so many looks, once the lease is taken.
struct ProbeAway {
    left: u32,
    taken: bool,
}

impl Fates for ProbeAway {
    fn fate(&mut self, call: &Call<'_>) -> Fate {
        match call {
            Call::Change(Change::MoveLease { .. }) => {
                self.taken = true;
                Fate::Well
            }
            Call::Look(Question::Sql { .. }) if self.taken && self.left > 0 => {
                self.left -= 1;
                Fate::Throttled
            }
            _ => Fate::Well,
        }
    }
}

#[test]
fn a_planned_move_that_allows_no_loss_goes_on_behind_its_own_lease() {
    for (ttl, looks) in [("150s", 0), ("15s", 20)] {
        let rig = Rig::new(no_loss(ttl));
        rig.live(Span::minutes(5));
        rig.world.set_fates(Box::new(ProbeAway { left: looks, taken: false }));
        order(&rig, "recover", "to-standby");
        rig.live(Span::minutes(30));
        assert!(!rig.story(1).iter().any(|s| s.starts_with("held")), "{ttl}: {}", rig.told());
        assert_moved(&rig, 1, Side::Standby);
    }
}

fn lease_owner(rig: &Rig) -> Option<Text> {
    let lease = rig.plan.databases.iter().find_map(Database::lease)?;
    let key = lease_key(&rig.plan.workload).into();
    let (region, table) = (lease.region.clone(), lease.table.clone());
    match rig.world.peek(&Question::Lease { region, table, key })? {
        View::Lease(Some(view)) => Some(view.owner),
        _ => None,
    }
}

/// The service is too busy for it, for as long as it is asked.
struct NoCapacity;

impl Fates for NoCapacity {
    fn fate(&mut self, call: &Call<'_>) -> Fate {
        match call {
            Call::Change(Change::SetDesiredCount { .. }) => Fate::Throttled,
            _ => Fate::Well,
        }
    }
}

#[test]
fn whatever_holds_a_move_behind_its_fence_a_person_can_say_give_it_back() {
    let rig = Rig::new(no_loss("15s"));
    rig.live(Span::minutes(5));
    rig.world.set_fates(Box::new(NoCapacity));
    order(&rig, "recover", "to-standby");
    rig.live(Span::minutes(20));
    let (_, why) = halt(&rig, 1).expect("held");
    assert!(why.contains("`leeward decline catalog --reason …`"), "{why}");
    types(&rig, "leeward decline catalog");
    rig.live(Span::minutes(20));
    // Its voters find nobody there, as nobody may write: a person who has looked says so.
    if let Some((kind, why)) = halt(&rig, 1) {
        assert_eq!(kind, HaltKind::Held(leeward_core::ids::Step::Undo));
        assert!(why.contains("`leeward resume catalog --reason …`"), "{why}");
        types(&rig, "leeward resume catalog");
        rig.live(Span::minutes(20));
    }
    assert_eq!(rig.ended(1), Some(End::RolledBack), "{}", rig.told());
    assert_eq!(lease_owner(&rig).as_deref(), Some("us-west-2"), "{}", rig.told());
    assert_eq!(rig.world.served_by(), Some(Side::Primary), "{}", rig.told());
    assert_kept(&rig);
}

#[test]
fn a_move_that_was_given_up_behind_its_fence_is_ended_by_going_to_the_side_that_is_the_writer() {
    let rig = Rig::new(no_loss("15s"));
    rig.live(Span::minutes(5));
    rig.world.set_fates(Box::new(NoCapacity));
    order(&rig, "recover", "to-standby");
    rig.live(Span::minutes(20));
    types(&rig, "leeward abandon catalog");
    types(&rig, "leeward ack catalog");
    order(&rig, "recover", "to-primary");
    rig.live(Span::minutes(30));
    assert_moved(&rig, 2, Side::Primary);
}

#[test]
fn a_loss_that_nobody_would_know_is_asked_about_before_the_fence_and_waived() {
    let mut plan: Value = serde_json::to_value(example("orders")).expect("a plan");
    let fences = plan["databases"][0]["fences"].as_array_mut().expect("fences");
    fences.push(json!({"kind": "waiver"}));
    let mut plan: Plan = serde_json::from_value(plan).expect("a plan");
    plan.policy.approval.wanted_for = ApprovalFor::None;
    let rig = Rig::new(plan);
    rig.live(Span::minutes(5));
    let database: EntryId = rig.plan.databases[0].id().clone();
    // The clock of the old side's writer goes back by less than a minute, its row is from before.
    rig.world.break_replication(&database, true);
    rig.world.set_clock(Side::Primary, -50_000);
    rig.world.pass(Span::seconds(6));
    rig.world.set_region(&rig.plan.regions.primary, RegionState::Dead);
    rig.live(Span::minutes(20));
    let (_, why) = halt(&rig, 1).expect("held");
    assert!(why.contains("`leeward waive orders --database orders-db"), "{why}");
    assert_eq!(lease_owner(&rig).as_deref(), Some("us-east-1"), "nobody is fenced for it");
    types(&rig, "leeward waive orders --database orders-db");
    types(&rig, "leeward resume orders");
    rig.live(Span::minutes(30));
    assert_moved(&rig, 1, Side::Standby);
    let because = messages(&rig).into_iter().find(|m| m.contains("committed: only forward"));
    let because = because.expect("the commit is told");
    let says = "orders-db is fenced; how much is lost is unknown, and a person took the risk";
    assert!(because.contains(says), "{because}");
}

struct NoSwitchover;

impl Fates for NoSwitchover {
    fn fate(&mut self, call: &Call<'_>) -> Fate {
        match call {
            Call::Change(Change::SwitchoverGlobal { .. }) => {
                Fate::Refused("InvalidGlobalClusterStateFault".to_owned())
            }
            _ => Fate::Well,
        }
    }
}

#[test]
fn a_switchover_whose_old_side_dies_behind_the_commit_is_left_by_the_commands_that_it_names() {
    let rig = Rig::well("catalog");
    rig.world.set_fates(Box::new(NoSwitchover));
    order(&rig, "recover", "to-standby");
    rig.live(Span::minutes(20));
    rig.world.set_region(&rig.plan.regions.primary, RegionState::Dead);
    rig.live(Span::minutes(5));
    let (_, why) = halt(&rig, 1).expect("held");
    for command in
        ["`leeward abandon catalog", "`leeward ack catalog", "`leeward start catalog --plan"]
    {
        assert!(why.contains(command), "{command}: {why}");
    }
    rig.live(Span::minutes(20));
    types(&rig, "leeward abandon catalog");
    types(&rig, "leeward ack catalog");
    types(&rig, "leeward start catalog --direction to-standby");
    rig.live(Span::minutes(30));
    let (_, why) = halt(&rig, 2).expect("held");
    assert!(why.contains("`leeward waive catalog --database catalog-db"), "{why}");
    types(&rig, "leeward waive catalog --database catalog-db");
    types(&rig, "leeward resume catalog");
    rig.live(Span::minutes(60));
    assert_moved(&rig, 2, Side::Standby);
}
