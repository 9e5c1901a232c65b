//! Mistakes in fences, bounds and what may stand behind them.

use leeward_core::ids::{Side, Step};
use leeward_core::journal::{Answer, Entry};
use leeward_core::plan::{Database, WriterLease};
use leeward_core::planted::Bug;
use leeward_core::time::Span;
use leeward_core::world::{AlarmState, Change};
use leeward_ports::fake::RegionState;

use super::stage::{
    asking, by_hand, call, canaries_say, isolate, live, open, opened, orders, orders_fenced_by,
    orders_with, primary_is, say, start, stop_writer, until_committed, until_done,
};
use super::{Drawn, Row};
use crate::rig::Rig;

pub(super) const ROWS: &[Row] = &[
    Row {
        bugs: &[Bug::LeaseRead],
        place: "core/steps/lease.rs",
        breaks: "the old writer renews its lease and goes on writing beside the new one",
        finds: Some("S8"),
        drawn: Drawn::Within { budget: 32, took: 3 },
        scene: unseen_writer,
    },
    Row {
        bugs: &[Bug::NoFenceWait],
        place: "core/steps/fence.rs",
        breaks: "the old writer's lease still runs when the new one begins",
        finds: Some("S8"),
        drawn: Drawn::Within { budget: 32, took: 3 },
        scene: slow_writer,
    },
    Row {
        bugs: &[Bug::PlanTermsAlone],
        place: "core/lease_terms.rs",
        breaks: "a holder by a longer lease than the plan's writes beside the new one",
        finds: Some("S1"),
        drawn: Drawn::Within { budget: 312, took: 139 },
        scene: longer_lease,
    },
    Row {
        bugs: &[Bug::ProofWithoutDrift],
        place: "core/steps/fence.rs",
        breaks: "a slow clock and a long statement outlast the wait",
        finds: Some("S8"),
        drawn: Drawn::Within { budget: 232, took: 139 },
        scene: slow_writer,
    },
    Row {
        bugs: &[Bug::DateIsExact],
        place: "core/steps/fence.rs",
        breaks: "the second that `Date` hides is not waited for",
        finds: Some("S8"),
        drawn: Drawn::Never("an order within the one second that `Date` hides"),
        scene: slow_writer,
    },
    Row {
        bugs: &[Bug::RevokeIsAFence],
        place: "core/steps/barriers.rs",
        breaks: "sessions that survive the revoked rule write on",
        finds: Some("S1"),
        drawn: Drawn::Within { budget: 360, took: 39 },
        scene: isolated,
    },
    Row {
        bugs: &[Bug::FenceNotSeenAgain],
        place: "core/steps/barriers.rs",
        breaks: "writers that a person started again write on",
        finds: Some("S1"),
        drawn: Drawn::Never("no drawn schedule starts stopped writers again by hand"),
        scene: restarted_by_hand,
    },
    Row {
        bugs: &[Bug::CommitsUnfenced, Bug::RuleUnfenced],
        place: "core/steps/commit.rs",
        breaks: "promoted before the fence",
        finds: Some("S8"),
        drawn: Drawn::Never(
            "the shipped machine asks for the commit only when the fences are done",
        ),
        scene: commit_comes_early,
    },
    Row {
        bugs: &[Bug::GateOpen, Bug::PromotesUncommitted, Bug::RuleUncommitted],
        place: "core/steps/mod.rs",
        breaks: "promoted before the commit",
        finds: Some("S8"),
        drawn: Drawn::Never("the shipped machine asks for the promotion only after the commit"),
        scene: promotion_comes_early,
    },
    Row {
        bugs: &[Bug::OldEpoch],
        place: "core/steps/lease.rs",
        breaks: "the new holder has the epoch of the one before",
        finds: Some("S4"),
        drawn: Drawn::Within { budget: 32, took: 1 },
        scene: dead_primary,
    },
    Row {
        bugs: &[Bug::GrantsUnverified],
        place: "core/steps/database.rs",
        breaks: "writers begin on a database that is not one",
        finds: Some("S8"),
        drawn: Drawn::Within { budget: 32, took: 1 },
        scene: dead_primary,
    },
    Row {
        bugs: &[Bug::LossIgnored],
        place: "core/steps/loss.rs",
        breaks: "more is lost than the plan allows, and nobody was asked",
        finds: Some("S9"),
        drawn: Drawn::Within { budget: 64, took: 3 },
        scene: broken_link,
    },
    Row {
        bugs: &[Bug::AnothersHeartbeat],
        place: "core/world/heartbeat.rs",
        breaks: "a loss is counted from one writer's clock to another's, and looks smaller than it is",
        finds: Some("S9"),
        drawn: Drawn::Never(
            "a side that has taken over has to be left again before its replica has caught up, with clocks minutes apart: six of a million drawn schedules",
        ),
        scene: shortly_after_taking_over,
    },
    Row {
        bugs: &[Bug::LossToTheFence],
        place: "core/steps/loss.rs",
        breaks: "people are told of a smaller loss than there is",
        finds: Some("S9"),
        drawn: Drawn::Within { budget: 136, took: 13 },
        scene: slow_writer,
    },
    Row {
        bugs: &[Bug::YesCoversAll],
        place: "core/steps/approval.rs",
        breaks: "a yes to one loss is taken for a yes to a greater one",
        finds: Some("S9"),
        drawn: Drawn::Within { budget: 104, took: 3 },
        scene: approved_too_early,
    },
    Row {
        bugs: &[Bug::AnswerOfAnother],
        place: "core/journal/rules.rs",
        breaks: "the yes to an old question answers the new one",
        finds: Some("S10"),
        drawn: Drawn::Never("drawn people answer the question that stands"),
        scene: approved_the_old_question,
    },
];

/// The canaries cannot see the primary; it works, and its writer reaches the lease's table.
fn unseen_writer() -> Rig {
    let rig = orders();
    canaries_say(&rig, AlarmState::Alarm);
    live(&rig, 40);
    rig
}

fn dead_primary() -> Rig {
    let rig = orders();
    primary_is(&rig, RegionState::Dead);
    live(&rig, 40);
    rig
}

/// It is cut off at the moment at which it is fenced, just after a renewal, with the slowest clock and
/// the longest statement that the plan allows; everything else is as quick as can be.
fn slow_writer() -> Rig {
    let rig = orders();
    rig.world.set_habits(|habits| {
        habits.writers.primary.slow = Span::seconds(1);
        habits.writers.primary.statement = Span::seconds(5);
        habits.writers.primary.phase = Span::millis(4985);
    });
    cut_at_the_fence(&rig);
    rig
}

/// Voters say down of a side that works; it is cut off right when it is fenced, and all that follows is as quick as
/// can be.
fn cut_at_the_fence(rig: &Rig) {
    rig.world.set_habits(|habits| {
        habits.promote_start = Span::default();
        habits.promote_writable = Span::default();
        habits.promote_done = Span::seconds(1);
        habits.launch = Span::default();
        habits.target = Span::default();
        habits.lag = Span::default();
    });
    canaries_say(rig, AlarmState::Alarm);
    open(rig);
    until_done(rig, "restore", Step::Capacity);
    // Into the last moment of a second, the first after a renewal.
    let past = u64::try_from(rig.clock.now().as_millisecond().rem_euclid(5000)).unwrap_or(0);
    rig.clock.advance(Span::millis(9990 - past));
    primary_is(rig, RegionState::Partitioned);
    call(rig, "db-failover", Step::Fence);
    for _ in 0..60 {
        call(rig, "db-failover", Step::Fence);
        call(rig, "detector", Step::Commit);
        call(rig, "db-failover", Step::Database);
        rig.clock.advance(Span::millis(500));
    }
    rig.clock.advance(Span::minutes(1));
}

/// The application goes by a lease of a minute, which it writes into the item; the plan says 15 s. It is cut off at
/// the moment at which it is fenced, and its users still reach it.
fn longer_lease() -> Rig {
    let rig = orders();
    let mut terms = rig.plan.databases.iter().find_map(Database::lease).map(WriterLease::terms);
    if let Some(terms) = &mut terms {
        terms.ttl = Span::minutes(1);
    }
    rig.world.set_habits(|habits| habits.writers.primary.terms = terms);
    live(&rig, 2);
    cut_at_the_fence(&rig);
    rig
}

/// Voters say down while the old side answers; its database is shut off by its rules.
fn isolated() -> Rig {
    let rig = orders_fenced_by(&isolate());
    canaries_say(&rig, AlarmState::Alarm);
    live(&rig, 40);
    rig
}

/// The writers' group is stopped; after the commit a person starts it again.
fn restarted_by_hand() -> Rig {
    let rig = orders_fenced_by(&stop_writer());
    canaries_say(&rig, AlarmState::Alarm);
    open(&rig);
    until_committed(&rig);
    by_hand(
        &rig,
        &Change::BoundGroup {
            region: rig.plan.regions.primary.clone(),
            group: "orders-web".into(),
            minimum: 2,
            maximum: 4,
            desired: 2,
            suspend: false,
        },
    );
    rig.clock.advance(Span::minutes(2));
    until_done(&rig, "db-failover", Step::Database);
    rig.clock.advance(Span::minutes(2));
    rig
}

/// The commit is asked for before the fence was begun.
fn commit_comes_early() -> Rig {
    let rig = orders();
    opened(&rig);
    until_done(&rig, "restore", Step::Capacity);
    for _ in 0..3 {
        call(&rig, "detector", Step::Commit);
        call(&rig, "db-failover", Step::Database);
    }
    live(&rig, 40);
    rig
}

fn promotion_comes_early() -> Rig {
    let rig = orders();
    opened(&rig);
    call(&rig, "db-failover", Step::Database);
    live(&rig, 40);
    rig
}

fn broken_link() -> Rig {
    let rig = orders();
    rig.world.break_replication(&"orders-db".into(), true);
    live(&rig, 10);
    primary_is(&rig, RegionState::Unseen);
    live(&rig, 40);
    rig
}

/// The standby, whose clock is minutes behind, has taken over, and a person orders the way back while the
/// replica still shows the old primary's own last heartbeat.
fn shortly_after_taking_over() -> Rig {
    let rig = orders_with(|plan| {
        plan.policy.cool_down = Span::minutes(1);
        for database in &mut plan.databases {
            if let Database::RdsReplica(d) = database {
                d.max_loss = Span::minutes(30);
            }
        }
    });
    rig.world.set_clock(Side::Standby, -300_000);
    primary_is(&rig, RegionState::Dead);
    live(&rig, 12);
    primary_is(&rig, RegionState::Well);
    rig.world.rebuild_replica(&"orders-db".into(), Side::Primary);
    rig.world.set_habits(|habits| habits.lag = Span::minutes(20));
    start(&rig, "to-primary");
    live(&rig, 20);
    rig
}

fn yes(number: u32) -> Entry {
    Entry::Answered { number, answer: Answer::Approved, reason: "go".to_owned() }
}

/// Asked about a small loss, people say yes; the loss is great.
fn approved_too_early() -> Rig {
    let rig = asking();
    rig.world.break_replication(&"orders-db".into(), true);
    live(&rig, 10);
    primary_is(&rig, RegionState::Unseen);
    open(&rig);
    say(&rig, yes(1));
    live(&rig, 30);
    rig
}

/// The question was asked anew with a greater loss; the yes to the first comes late.
fn approved_the_old_question() -> Rig {
    let rig = asking();
    rig.world.break_replication(&"orders-db".into(), true);
    live(&rig, 10);
    primary_is(&rig, RegionState::Unseen);
    open(&rig);
    canaries_say(&rig, AlarmState::Alarm);
    call(&rig, "db-failover", Step::Fence);
    say(&rig, yes(1));
    live(&rig, 15);
    rig
}
