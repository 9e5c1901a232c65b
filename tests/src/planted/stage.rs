//! What schedules are made of: a rig, its functions called one by one, people's words.

use futures_util::future::join;
use leeward_asl::End;
use leeward_core::ids::{Actor, Sides, Step};
use leeward_core::journal::Entry;
use leeward_core::plan::{
    ApprovalFor, Database, Fence, Isolate, Plan, SecurityGroupRules, StopWriter,
};
use leeward_core::time::Span;
use leeward_core::world::{AlarmState, Change};
use leeward_ports::fake::{RegionState, block_on};
use leeward_reconcile::Appended;
use serde_json::{Value, json};

use crate::rig::{Rig, example};

/// Where orders lives.
pub const PRIMARY: &str = "us-east-1";

/// The canaries of orders: together the quorum.
const CANARIES: [(&str, &str); 2] =
    [("us-west-2", "orders-canary-west"), ("eu-west-1", "orders-canary-eu")];

/// Orders after some good minutes, its plan changed a little; nobody is asked.
pub fn orders_with(change: impl FnOnce(&mut Plan)) -> Rig {
    let mut plan = example("orders");
    plan.policy.approval.wanted_for = ApprovalFor::None;
    change(&mut plan);
    let rig = Rig::new(plan);
    rig.live(Span::minutes(5));
    rig
}

/// Orders after some good minutes; nobody is asked.
pub fn orders() -> Rig {
    orders_with(|_| {})
}

/// Orders whose one-way doors are asked for.
pub fn asking() -> Rig {
    orders_with(|plan| plan.policy.approval.wanted_for = ApprovalFor::OneWay)
}

/// Orders whose old writers hold no lease but are kept off by a fence that needs their side's help.
pub fn orders_fenced_by(fence: &Fence) -> Rig {
    orders_with(|plan| {
        for database in &mut plan.databases {
            if let Database::RdsReplica(d) = database {
                d.fences = vec![fence.clone()];
            }
        }
    })
}

/// The group of orders' writers is stopped.
pub fn stop_writer() -> Fence {
    Fence::StopWriter(StopWriter {
        group: Sides { primary: "orders-web".into(), standby: "orders-web-west".into() },
        sessions_of: "orders_app".into(),
    })
}

/// The rules in front of orders' database are revoked.
pub fn isolate() -> Fence {
    let rules = |group: &str, cidr: &str| SecurityGroupRules {
        group: group.into(),
        port: 5432,
        cidrs: vec![cidr.into()],
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

/// The primary Region is so from now on.
pub fn primary_is(rig: &Rig, state: RegionState) {
    rig.world.set_region(&rig.plan.regions.primary.clone(), state);
}

/// The primary dies, and a generation is open; its executor has not begun.
pub fn opened(rig: &Rig) {
    primary_is(rig, RegionState::Dead);
    open(rig);
}

/// The evidence grows until a generation is open; its executor has not begun.
pub fn open(rig: &Rig) {
    for _ in 0..10 {
        if rig.book(1).is_none() {
            sweep(rig);
        }
    }
    rig.executions.take_started();
}

/// A minute passes and the schedule fires once; no execution runs.
pub fn sweep(rig: &Rig) {
    rig.clock.advance(Span::minutes(1));
    let _ = rig.call(&tick());
}

/// The schedule's event.
pub fn tick() -> Value {
    json!({"source": "aws.events", "detail-type": "Scheduled Event"})
}

/// Both canaries say so by themselves.
pub fn canaries_say(rig: &Rig, state: AlarmState) {
    for (region, alarm) in CANARIES {
        rig.world.set_alarm(&region.into(), alarm, state);
    }
}

/// The input of a step of the first generation.
pub fn input(rig: &Rig, step: Step) -> Value {
    json!({
        "leeward": "step", "schema": 1, "workload": rig.plan.workload, "generation": 1,
        "step": step, "executor": "by-hand",
    })
}

/// Calls one function of the first generation for a step, as a redrive or a late delivery does.
/// Gives the status, or the error's name.
pub fn call(rig: &Rig, function: &str, step: Step) -> String {
    let desk = rig.detector.desk.clone();
    let detector = rig.detector.clone();
    let payload = input(rig, step);
    let json = |output| serde_json::to_value(output).unwrap_or_default();
    let answer = block_on(&rig.clock, async {
        Ok(match function {
            "detector" => leeward_detector::handle(&detector, &payload).await?,
            "db-failover" => json(leeward_db_failover::handle(&desk, &payload).await?),
            "restore" => json(leeward_restore::handle(&desk, &payload).await?),
            "dns-failover" => json(leeward_dns_failover::handle(&desk, &payload).await?),
            _ => json(leeward_validator::handle(&desk, &payload).await?),
        })
    });
    answer.map_or("hangs".to_owned(), |answer: Result<Value, leeward_core::error::StepError>| {
        answer.map_or_else(
            |error| error.name().to_owned(),
            |answer| answer["status"].as_str().unwrap_or_default().to_owned(),
        )
    })
}

/// Calls a function until it no longer waits, for half an hour at most.
pub fn until_done(rig: &Rig, function: &str, step: Step) -> String {
    let mut answer = String::new();
    for turn in 0..180 {
        answer = call(rig, function, step);
        if answer != "waiting" {
            break;
        }
        rig.clock.advance(Span::seconds(10));
        if turn % 6 == 5 {
            let _ = rig.call(&tick());
            rig.executions.take_started();
        }
    }
    answer
}

/// Brings the first generation up to its commit by calling one function after another.
pub fn until_committed(rig: &Rig) {
    until_done(rig, "db-failover", Step::Fence);
    until_done(rig, "restore", Step::Capacity);
    until_done(rig, "detector", Step::Commit);
}

/// Two invocations of a function at the same moment, each call of one beside a call of the other.
pub fn twice_at_once(rig: &Rig, function: &str, payload: &Value) {
    rig.clock.drive(true);
    let (desk, detector) = (&rig.detector.desk, &rig.detector);
    let once = || async {
        if function == "detector" {
            let _ = leeward_detector::handle(detector, payload).await;
        } else {
            let _ = leeward_db_failover::handle(desk, payload).await;
        }
    };
    block_on(&rig.clock, join(once(), once()));
    rig.clock.drive(false);
}

/// A person's entry; what the rules do not admit is not written.
pub fn say(rig: &Rig, entry: Entry) {
    let desk = rig
        .detector
        .desk
        .in_the_name_of(Actor::new("arn:aws:sts::123456789012:assumed-role/on-call/eve"));
    let Some(mut book) = rig.book(1) else { return };
    let said = block_on(&rig.clock, async {
        desk.append(&mut book, entry.clone(), Some(&rig.plan)).await
    });
    // Lost to another entry, a person says it again.
    if said == Some(Ok(Appended::Conflict)) {
        say(rig, entry);
    }
}

/// A person's start.
pub fn start(rig: &Rig, direction: &str) {
    let event = json!({
        "leeward": "start", "workload": rig.plan.workload, "plan": rig.plan.plan,
        "mode": "recover", "direction": direction, "reason": "by hand",
        "operator": "arn:aws:sts::123456789012:assumed-role/on-call/eve",
    });
    let _ = rig.call(&event);
}

/// A person's change in the console.
pub fn by_hand(rig: &Rig, change: &Change) {
    let _ = rig.world.by_hand(change);
}

/// Another version of the plan is put.
pub fn put_plan(rig: &Rig, change: impl FnOnce(&mut Plan)) {
    let mut plan = rig.plan.clone();
    change(&mut plan);
    rig.put_plan(&plan);
}

/// Half an hour and more of everyday life.
pub fn live(rig: &Rig, minutes: u64) -> Vec<End> {
    rig.live(Span::minutes(minutes))
}
