//! Mistakes towards people: what they are told, and what becomes of their word.

use leeward_core::ids::Step;
use leeward_core::journal::{Answer, End, Entry};
use leeward_core::planted::Bug;
use leeward_core::time::Span;
use leeward_ports::fake::{Call, Fate, RegionState};

use super::stage::{asking, call, live, opened, orders, primary_is, say};
use super::{Drawn, Row};
use crate::rig::Rig;

pub(super) const ROWS: &[Row] = &[
    Row {
        bugs: &[Bug::MarkedBeforeSent],
        place: "reconcile/outbox.rs",
        breaks: "what could not be sent is never sent",
        finds: Some("L2"),
        drawn: Drawn::Within { budget: 160, took: 2 },
        scene: nobody_reached,
    },
    Row {
        bugs: &[Bug::AnybodyDecides],
        place: "core/journal/decision.rs",
        breaks: "whoever can write into a journal says yes in the place of the plan's approvers",
        finds: Some("S14"),
        drawn: Drawn::Never("no drawn person forges an entry"),
        scene: forged_yes,
    },
    Row {
        bugs: &[Bug::HeldNotTold],
        place: "core/telling.rs",
        breaks: "a recovery waits for a person who does not know",
        finds: Some("L2"),
        drawn: Drawn::Within { budget: 25, took: 3 },
        scene: held,
    },
    Row {
        bugs: &[Bug::SweepsHeld],
        place: "core/opening.rs",
        breaks: "each minute an executor comes and goes",
        finds: Some("L4"),
        drawn: Drawn::Within { budget: 25, took: 3 },
        scene: held,
    },
    Row {
        bugs: &[Bug::GoesOnStopped, Bug::RuleGoesOnStopped],
        place: "core/steps/mod.rs",
        breaks: "a person's stop stops nothing",
        finds: Some("S10"),
        drawn: Drawn::Within { budget: 200, took: 22 },
        scene: stopped,
    },
    Row {
        bugs: &[Bug::RefusedForEver],
        place: "core/pursuit.rs",
        breaks: "what was refused once is held for ever, whatever a person mends",
        finds: Some("L5"),
        drawn: Drawn::Within { budget: 1072, took: 3 },
        scene: mended,
    },
    Row {
        bugs: &[Bug::TurnsBackUnseen],
        place: "core/steps/mod.rs",
        breaks: "one refusal before the commit undoes what is needed in a minute",
        finds: Some("S2"),
        drawn: Drawn::Within { budget: 192, took: 10 },
        scene: refused_before_the_commit,
    },
    Row {
        bugs: &[Bug::LossOfOneGeneration],
        place: "core/succession.rs",
        breaks: "a recovery tells of no loss where the one before it lost writes",
        finds: Some("S9"),
        drawn: Drawn::Never(
            "a generation is seldom given up behind its promotion and followed the same way",
        ),
        scene: given_up_behind_its_promotion,
    },
];

fn resumed() -> Entry {
    Entry::Resumed { reason: "mended".to_owned(), time_limit: None }
}

fn mended() -> Rig {
    let rig = orders();
    let promotes = |c: &Call<'_>| c.changes("rds:PromoteReadReplica");
    rig.world.fail_next(promotes, Fate::Refused("AccessDenied".to_owned()));
    primary_is(&rig, RegionState::Dead);
    live(&rig, 10);
    say(&rig, resumed());
    live(&rig, 30);
    rig
}

fn refused_before_the_commit() -> Rig {
    let rig = orders();
    let raises = |c: &Call<'_>| c.changes("autoscaling:UpdateAutoScalingGroup");
    rig.world.fail_next(raises, Fate::Refused("AccessDenied".to_owned()));
    primary_is(&rig, RegionState::Dead);
    live(&rig, 10);
    if rig.book(1).is_some_and(|b| b.state.halt.is_some()) {
        say(&rig, resumed());
    }
    live(&rig, 30);
    rig
}

fn given_up_behind_its_promotion() -> Rig {
    let rig = orders();
    let switches = |c: &Call<'_>| c.changes("cloudwatch:PutMetricData");
    rig.world.fail_next(switches, Fate::Refused("AccessDenied".to_owned()));
    primary_is(&rig, RegionState::Dead);
    live(&rig, 20);
    say(&rig, Entry::Ended { end: End::Abandoned, reason: "by hand".to_owned() });
    live(&rig, 1);
    say(&rig, Entry::Acknowledged { reason: "go on".to_owned() });
    let _ = rig.order("recover", "to-standby");
    live(&rig, 40);
    rig
}

fn nobody_reached() -> Rig {
    let rig = orders();
    rig.publisher.set_down(true);
    primary_is(&rig, RegionState::Dead);
    live(&rig, 20);
    rig.publisher.set_down(false);
    live(&rig, 10);
    rig
}

/// People are asked, and somebody who is no approver puts an answer into the journal past the commands.
fn forged_yes() -> Rig {
    let rig = asking();
    primary_is(&rig, RegionState::Dead);
    super::stage::open(&rig);
    rig.forge(1, Entry::Answered { number: 1, answer: Answer::Approved, reason: "go".to_owned() });
    live(&rig, 30);
    rig
}

fn held() -> Rig {
    let rig = orders();
    for _ in 0..40 {
        rig.world.fail_next(
            |c: &Call<'_>| c.changes("rds:PromoteReadReplica"),
            Fate::Refused("InvalidDBInstanceState".to_owned()),
        );
    }
    primary_is(&rig, RegionState::Dead);
    live(&rig, 30);
    rig
}

fn stopped() -> Rig {
    let rig = orders();
    opened(&rig);
    say(&rig, Entry::Stopped { reason: "let me look".to_owned(), in_flight: Vec::new() });
    for _ in 0..3 {
        call(&rig, "db-failover", Step::Fence);
        rig.clock.advance(Span::seconds(10));
    }
    live(&rig, 5);
    rig
}
