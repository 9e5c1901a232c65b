//! Mistakes about sides that are shut: what is left open, and what is opened again.

use leeward_core::ids::Side;
use leeward_core::journal::Entry;
use leeward_core::plan::{Database, Fence};
use leeward_core::planted::Bug;
use leeward_core::time::Span;
use leeward_core::world::AlarmState;

use super::stage::{canaries_say, isolate, live, open, orders_with, start, stop_writer};
use super::{Drawn, Row};
use crate::rig::Rig;

pub(super) const ROWS: &[Row] = &[
    Row {
        bugs: &[Bug::PlanRulesAlone],
        place: "core/steps/isolation.rs",
        breaks: "an application that another rule lets in comes back and writes on",
        finds: Some("S1"),
        drawn: Drawn::Never(
            "an application that is down when it is proven has to come back by the other rule",
        ),
        scene: another_group_is_let_in,
    },
    Row {
        bugs: &[Bug::PoolForgotten],
        place: "core/steps/writer_group.rs",
        breaks: "instances of a warm pool write on",
        finds: Some("S1"),
        drawn: Drawn::Never("the pool alone has to hold sessions when it is proven"),
        scene: a_pool_runs,
    },
    Row {
        bugs: &[Bug::ReopensUnseen, Bug::RuleReopensUnseen],
        place: "core/steps/reopening.rs",
        breaks: "the old writers of a side that was never rebuilt write beside the new ones",
        finds: Some("S10"),
        drawn: Drawn::Within { budget: 1024, took: 94 },
        scene: home_to_a_writer,
    },
];

/// Orders with those fences; a crashed application writes no heartbeat, so much may be lost.
fn fenced_by(fences: Vec<Fence>) -> Rig {
    orders_with(|plan| {
        for database in &mut plan.databases {
            if let Database::RdsReplica(d) = database {
                d.fences.clone_from(&fences);
                d.max_loss = Span::minutes(600);
            }
        }
    })
}

/// Voters say down, and the application of the old side has crashed; it comes back when all is over.
fn crashed(rig: Rig) -> Rig {
    canaries_say(&rig, AlarmState::Alarm);
    open(&rig);
    rig.world.set_application(Side::Primary, false);
    live(&rig, 30);
    rig.world.set_application(Side::Primary, true);
    live(&rig, 5);
    rig
}

/// Its database also lets the application's group in, which the plan does not list.
fn another_group_is_let_in() -> Rig {
    let rig = fenced_by(vec![isolate()]);
    rig.world.admit(&rig.plan.regions.primary, "sg-east", "sg-app", (5432, 5432));
    crashed(rig)
}

/// Two instances of its group's warm pool run.
fn a_pool_runs() -> Rig {
    let rig = fenced_by(vec![stop_writer()]);
    rig.world.set_group_extras(&rig.plan.regions.primary, "orders-web", 0, 2);
    crashed(rig)
}

/// The primary was shut off and never made a replica; a person waives the fence of the way home.
fn home_to_a_writer() -> Rig {
    let rig = crashed(fenced_by(vec![isolate(), Fence::Waiver]));
    live(&rig, 90);
    start(&rig, "to-primary");
    live(&rig, 5);
    let reason = || "it is what we want".to_owned();
    let waived = Entry::Waived { database: "orders-db".into(), loss: None, reason: reason() };
    rig.say(2, waived);
    rig.say(2, Entry::Resumed { reason: reason(), time_limit: Some(Span::minutes(3)) });
    live(&rig, 10);
    rig
}
