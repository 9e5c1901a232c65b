//! Mistakes in moving users, and in proving that they are served.

use std::sync::atomic::{AtomicU32, Ordering};

use leeward_core::ids::Step;
use leeward_core::plan::{Check, Database};
use leeward_core::planted::Bug;
use leeward_core::time::Span;
use leeward_core::world::{AlarmState, Change, Question};
use leeward_ports::fake::{Call, Fate, RegionState};

use super::stage::{
    by_hand, call, canaries_say, live, open, opened, orders, orders_with, primary_is, stop_writer,
    until_committed, until_done,
};
use super::{Drawn, Row};
use crate::rig::Rig;

pub(super) const ROWS: &[Row] = &[
    Row {
        bugs: &[Bug::TrafficUnverified],
        place: "core/steps/traffic.rs",
        breaks: "users meet a database that takes no writes",
        finds: Some("S6"),
        drawn: Drawn::Never(
            "the shipped machine asks for the traffic only when the database is done",
        ),
        scene: traffic_comes_early,
    },
    Row {
        bugs: &[Bug::EmptyPasses],
        place: "core/steps/validate.rs",
        breaks: "nothing was proved",
        finds: Some("S7"),
        drawn: Drawn::Never("every example plan has checks"),
        scene: nothing_to_check,
    },
    Row {
        bugs: &[Bug::NoSideMarker],
        place: "core/steps/validate.rs",
        breaks: "the returning old side looks like success",
        finds: Some("S7"),
        drawn: Drawn::Never(
            "the old side has to come back, and to answer, within the seconds of the validation",
        ),
        scene: old_side_answers,
    },
    Row {
        bugs: &[Bug::OnePassIsEnough],
        place: "core/steps/validate.rs",
        breaks: "one lucky answer is a recovery",
        finds: Some("S7"),
        drawn: Drawn::Within { budget: 25, took: 1 },
        scene: plain,
    },
    Row {
        bugs: &[Bug::PassesNotInARow],
        place: "core/journal/state.rs",
        breaks: "a side that answers now and then is recovered",
        finds: Some("S7"),
        drawn: Drawn::Within { budget: 376, took: 138 },
        scene: now_and_then,
    },
    Row {
        bugs: &[Bug::EndsInTheAir, Bug::RuleEndsInTheAir],
        place: "core/steps/validate.rs",
        breaks: "it ends while a request may still land",
        finds: Some("S16"),
        drawn: Drawn::Within { budget: 10936, took: 670 },
        scene: an_attempt_in_the_air,
    },
];

fn plain() -> Rig {
    let rig = orders();
    primary_is(&rig, RegionState::Dead);
    live(&rig, 30);
    rig
}

fn traffic_comes_early() -> Rig {
    let rig = orders();
    opened(&rig);
    until_committed(&rig);
    call(&rig, "dns-failover", Step::Traffic);
    rig
}

fn nothing_to_check() -> Rig {
    let rig = orders_with(|plan| plan.validation.checks.clear());
    primary_is(&rig, RegionState::Dead);
    live(&rig, 30);
    rig
}

/// Traffic has moved; the old side comes back, and a person in the console moves traffic there.
fn old_side_answers() -> Rig {
    let rig = orders_with(|plan| plan.validation.checks.retain(|c| matches!(c, Check::Http(_))));
    opened(&rig);
    until_committed(&rig);
    until_done(&rig, "db-failover", Step::Database);
    until_done(&rig, "dns-failover", Step::Traffic);
    until_done(&rig, "restore", Step::Restore);
    primary_is(&rig, RegionState::Well);
    by_hand(
        &rig,
        &Change::PutMetric {
            region: "eu-west-1".into(),
            namespace: "Leeward/Traffic".into(),
            metric: "Stop".into(),
            workload: "orders".into(),
            value: 0.0,
            at: rig.clock.now(),
        },
    );
    rig.clock.advance(Span::minutes(3));
    until_done(&rig, "validator", Step::Validate);
    rig
}

/// Every second answer of the public name is an error.
fn now_and_then() -> Rig {
    let rig = orders();
    for _ in 0..2 {
        let asked = AtomicU32::new(0);
        rig.world.fail_next(
            move |c: &Call<'_>| {
                matches!(c, Call::Look(Question::Http(r)) if r.method == "POST")
                    && asked.fetch_add(1, Ordering::Relaxed) % 2 == 1
            },
            Fate::Refused("502".to_owned()),
        );
    }
    primary_is(&rig, RegionState::Dead);
    live(&rig, 30);
    rig
}

/// Besides the lease the plan stops the writers' group, in a Region that does not answer.
fn an_attempt_in_the_air() -> Rig {
    let rig = orders_with(|plan| {
        for database in &mut plan.databases {
            if let Database::RdsReplica(d) = database {
                d.fences.push(stop_writer());
            }
        }
    });
    let stop = |c: &Call<'_>| matches!(c, Call::Change(Change::BoundGroup { .. }));
    rig.world.fail_next(stop, Fate::LostBefore);
    canaries_say(&rig, AlarmState::Alarm);
    open(&rig);
    call(&rig, "db-failover", Step::Fence);
    primary_is(&rig, RegionState::Dead);
    live(&rig, 40);
    rig
}
