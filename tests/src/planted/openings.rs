//! Mistakes in how a generation begins.

use super::stage::{
    asking, call, canaries_say, live, open, opened, orders, primary_is, put_plan, say, start, tick,
    twice_at_once, until_done,
};
use super::{Drawn, Row};
use crate::rig::Rig;
use leeward_core::ids::Step;
use leeward_core::journal::{End, Entry};
use leeward_core::planted::Bug;
use leeward_core::time::Span;
use leeward_core::world::AlarmState;
use leeward_ports::fake::{Call, Fate, RegionState};

pub(super) const ROWS: &[Row] = &[
    Row {
        bugs: &[Bug::DecisionOverwritten],
        place: "reconcile/append.rs",
        breaks: "of two triggers at once the second writes its own decision over the first",
        finds: Some("S3"),
        drawn: Drawn::Within { budget: 136, took: 15 },
        scene: two_triggers_at_once,
    },
    Row {
        bugs: &[Bug::NoCoolDown],
        place: "core/opening.rs",
        breaks: "a flapping Region opens a generation with every flap",
        finds: Some("S12"),
        drawn: Drawn::Within { budget: 2072, took: 104 },
        scene: flaps,
    },
    Row {
        bugs: &[Bug::AbandonedAtOnce],
        place: "core/journal/rules.rs",
        breaks: "a generation is abandoned while its request is still on the way",
        finds: Some("S16"),
        drawn: Drawn::Within { budget: 344, took: 10 },
        scene: abandoned_in_flight,
    },
    Row {
        bugs: &[Bug::NoSafetyWait, Bug::AbandonedAtOnce],
        place: "core/opening.rs",
        breaks: "the next generation meets a request of the last",
        finds: Some("S12"),
        drawn: Drawn::Within { budget: 344, took: 10 },
        scene: abandoned_in_flight,
    },
    Row {
        bugs: &[Bug::PredecessorNotClosed],
        place: "detector/open.rs",
        breaks: "the generation before can still be written",
        finds: Some("S12"),
        drawn: Drawn::Within { budget: 96, took: 22 },
        scene: flaps_acknowledged,
    },
    Row {
        bugs: &[Bug::OpensBesideAnother, Bug::ClosedWhileOpen],
        place: "core/opening.rs",
        breaks: "a second generation works beside the first",
        finds: Some("S10"),
        drawn: Drawn::Within { budget: 112, took: 22 },
        scene: started_while_open,
    },
    Row {
        bugs: &[Bug::PlanInForce],
        place: "reconcile/step.rs",
        breaks: "a plan that is put during a recovery changes what was decided",
        finds: Some("S9"),
        drawn: Drawn::Never(
            "a version that allows more loss has to be put between the question and the commit of a recovery that loses as much",
        ),
        scene: plan_put_meanwhile,
    },
];

fn two_triggers_at_once() -> Rig {
    let rig = orders();
    primary_is(&rig, RegionState::Dead);
    rig.clock.advance(Span::minutes(4));
    twice_at_once(&rig, "detector", &tick());
    live(&rig, 20);
    rig
}

/// The canaries' own network flaps: capacity comes up, then it is turned back; and once more.
fn flaps() -> Rig {
    flapping(false)
}

fn flaps_acknowledged() -> Rig {
    flapping(true)
}

fn flapping(acknowledged: bool) -> Rig {
    let rig = asking();
    canaries_say(&rig, AlarmState::Alarm);
    open(&rig);
    until_done(&rig, "restore", Step::Capacity);
    canaries_say(&rig, AlarmState::Ok);
    live(&rig, 10);
    if acknowledged {
        say(&rig, Entry::Acknowledged { reason: "seen".to_owned() });
    }
    canaries_say(&rig, AlarmState::Alarm);
    live(&rig, 10);
    canaries_say(&rig, AlarmState::Ok);
    live(&rig, 10);
    rig
}

/// The fence's request is on the way for minutes; a person gives the generation up and starts anew.
fn abandoned_in_flight() -> Rig {
    let rig = orders();
    rig.world
        .fail_next(|c: &Call<'_>| c.changes("dynamodb:UpdateItem"), Fate::Late(Span::minutes(10)));
    canaries_say(&rig, AlarmState::Alarm);
    open(&rig);
    call(&rig, "db-failover", Step::Fence);
    canaries_say(&rig, AlarmState::Ok);
    say(&rig, Entry::Ended { end: End::Abandoned, reason: "we look ourselves".to_owned() });
    say(&rig, Entry::Acknowledged { reason: "seen".to_owned() });
    start(&rig, "to-standby");
    rig.executions.take_started();
    rig.clock.advance(Span::minutes(2));
    rig
}

fn started_while_open() -> Rig {
    let rig = orders();
    opened(&rig);
    start(&rig, "to-standby");
    rig.executions.take_started();
    rig
}

/// The link has been broken for long; during the recovery a plan is put that would bear the loss.
fn plan_put_meanwhile() -> Rig {
    let rig = orders();
    rig.world.break_replication(&"orders-db".into(), true);
    live(&rig, 10);
    opened(&rig);
    put_plan(&rig, |plan| {
        for database in &mut plan.databases {
            if let leeward_core::plan::Database::RdsReplica(d) = database {
                d.max_loss = Span::minutes(60 * 10);
            }
        }
    });
    live(&rig, 40);
    rig
}
