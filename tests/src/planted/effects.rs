//! Mistakes in how the world is changed, and in how a change is undone.

use leeward_core::ids::Step;
use leeward_core::planted::Bug;
use leeward_core::time::Span;
use leeward_core::world::AlarmState;
use leeward_ports::fake::{Call, Fate, RegionState};

use super::stage::{call, canaries_say, live, open, opened, orders, primary_is, until_committed};
use super::{Drawn, Row};
use crate::rig::{Rig, example};

pub(super) const ROWS: &[Row] = &[
    Row {
        bugs: &[Bug::EffectBeforeIntent],
        place: "reconcile/step.rs",
        breaks: "who dies in between leaves a change that nobody knows of",
        finds: Some("S6"),
        drawn: Drawn::Within { budget: 25, took: 1 },
        scene: slow_table,
    },
    Row {
        bugs: &[Bug::EffectWithoutJournal],
        place: "reconcile/step.rs",
        breaks: "without its table it works on, unordered against everyone",
        finds: Some("S6"),
        drawn: Drawn::Within { budget: 392, took: 6 },
        scene: intent_refused,
    },
    Row {
        bugs: &[Bug::OutcomeFirst],
        place: "reconcile/step.rs",
        breaks: "a change that never arrived is on record as made",
        finds: Some("S6"),
        drawn: Drawn::Within { budget: 25, took: 1 },
        scene: fence_never_arrives,
    },
    Row {
        bugs: &[Bug::TimeoutIsSuccess],
        place: "core/pursuit.rs",
        breaks: "a fence that never arrived counts as a fence",
        finds: Some("S8"),
        drawn: Drawn::Within { budget: 680, took: 138 },
        scene: fence_never_arrives,
    },
    Row {
        bugs: &[Bug::SentAgainUnseen],
        place: "reconcile/step.rs",
        breaks: "one intent changes the world twice",
        finds: Some("S10"),
        drawn: Drawn::Within { budget: 520, took: 6 },
        scene: fence_answer_lost,
    },
    Row {
        bugs: &[Bug::LateAccepted],
        place: "ports/fake/store.rs (the frozen date)",
        breaks: "a request from before the roll-back fences a healthy side",
        finds: Some("S16"),
        drawn: Drawn::Never("one request of a recovery has to arrive after its undo"),
        scene: fence_arrives_too_late,
    },
    Row {
        bugs: &[Bug::UnseenIsUndone],
        place: "core/steps/undo.rs",
        breaks: "what is not seen yet arrives after the end",
        finds: Some("S16"),
        drawn: Drawn::Never(
            "a request has to arrive after it was looked for, and after the end: one schedule in thousands",
        ),
        scene: fence_arrives_late,
    },
    Row {
        bugs: &[Bug::EpochUnchecked],
        place: "ports/fake/lease.rs (the condition)",
        breaks: "a late copy of a request that was undone fences a healthy side",
        finds: Some("S16"),
        drawn: Drawn::Never("one request of a recovery has to arrive after its undo"),
        scene: fence_arrives_twice,
    },
    Row {
        bugs: &[Bug::SentForEver],
        place: "core/pursuit.rs",
        breaks: "a throttled service is asked for ever",
        finds: Some("L4"),
        drawn: Drawn::Within { budget: 10000, took: 3728 },
        scene: always_throttled,
    },
    Row {
        bugs: &[Bug::NoCompareAndSwap],
        place: "ports/fake/zones.rs (the batch)",
        breaks: "a late batch changes the records once more",
        finds: Some("S4"),
        drawn: Drawn::Never(
            "one batch of a recovery has to arrive late, behind another: one schedule in thousands",
        ),
        scene: batch_arrives_late,
    },
    Row {
        bugs: &[Bug::UndoesCommitted, Bug::RuleUndoesCommitted],
        place: "core/steps/undo.rs",
        breaks: "capacity is taken away under the new side",
        finds: Some("S15"),
        drawn: Drawn::Never("the shipped machine asks for no undo after the commit"),
        scene: undo_comes_late,
    },
];

/// An intent on its way into the journal.
fn intent(call: &Call<'_>) -> bool {
    matches!(call, Call::Put(item, _) if item.body.contains("\"entry\":\"intent\""))
}

fn slow_table() -> Rig {
    let rig = orders();
    rig.table.fail_next(intent, Fate::Slow(Span::seconds(1)));
    primary_is(&rig, RegionState::Dead);
    live(&rig, 30);
    rig
}

fn intent_refused() -> Rig {
    let rig = orders();
    opened(&rig);
    rig.table.fail_next(intent, Fate::Throttled);
    call(&rig, "db-failover", Step::Fence);
    live(&rig, 30);
    rig
}

/// The primary works and writes, its canaries say down; the request that fences it meets that fate.
fn fence_meets(fate: Fate) -> Rig {
    let rig = orders();
    rig.world.fail_next(|c: &Call<'_>| c.changes("dynamodb:UpdateItem"), fate);
    canaries_say(&rig, AlarmState::Alarm);
    rig
}

fn fence_never_arrives() -> Rig {
    let rig = fence_meets(Fate::LostBefore);
    live(&rig, 40);
    rig
}

fn fence_answer_lost() -> Rig {
    let rig = fence_meets(Fate::LostAfter);
    live(&rig, 40);
    rig
}

/// The fence is sent and not seen; the primary is seen well again and the generation rolled back;
/// then the request arrives.
fn rolled_back_meanwhile(late: Span) -> Rig {
    let rig = fence_meets(Fate::Late(late));
    open(&rig);
    call(&rig, "db-failover", Step::Fence);
    canaries_say(&rig, AlarmState::Ok);
    live(&rig, 40);
    rig
}

fn fence_arrives_late() -> Rig {
    rolled_back_meanwhile(Span::minutes(14))
}

fn fence_arrives_too_late() -> Rig {
    rolled_back_meanwhile(Span::minutes(30))
}

/// The fence is sent again and stands; it is undone; then the first request arrives.
fn fence_arrives_twice() -> Rig {
    let rig = fence_meets(Fate::Late(Span::minutes(12)));
    open(&rig);
    call(&rig, "db-failover", Step::Fence);
    rig.clock.advance(Span::seconds(10));
    call(&rig, "db-failover", Step::Fence);
    canaries_say(&rig, AlarmState::Ok);
    live(&rig, 30);
    rig
}

fn always_throttled() -> Rig {
    let rig = orders();
    for _ in 0..60 {
        rig.world.fail_next(
            |c: &Call<'_>| c.changes("autoscaling:UpdateAutoScalingGroup"),
            Fate::Throttled,
        );
    }
    primary_is(&rig, RegionState::Dead);
    live(&rig, 20);
    rig
}

/// Catalog's records: the first batch takes a minute, so a second one is sent.
fn batch_arrives_late() -> Rig {
    let mut plan = example("catalog");
    plan.policy.approval.wanted_for = leeward_core::plan::ApprovalFor::None;
    let rig = Rig::new(plan);
    live(&rig, 5);
    rig.world.fail_next(
        |c: &Call<'_>| c.changes("route53:ChangeResourceRecordSets"),
        Fate::Late(Span::minutes(2)),
    );
    super::stage::start(&rig, "to-standby");
    live(&rig, 40);
    rig
}

fn undo_comes_late() -> Rig {
    let rig = orders();
    opened(&rig);
    until_committed(&rig);
    for _ in 0..3 {
        call(&rig, "restore", Step::Undo);
    }
    rig
}
