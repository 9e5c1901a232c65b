//! Mistakes in weighing the evidence.

use leeward_core::ids::Step;
use leeward_core::journal::{Answer, Entry};
use leeward_core::plan::Voter;
use leeward_core::planted::Bug;
use leeward_core::time::{Span, Timestamp};
use leeward_core::world::AlarmState;
use leeward_ports::fake::{Call, Fate, Fates, RegionState};
use serde_json::json;

use super::stage::{
    PRIMARY, asking, canaries_say, live, orders, orders_with, primary_is, say, sweep, until_done,
};
use super::{Drawn, Row};
use crate::rig::Rig;

pub(super) const ROWS: &[Row] = &[
    Row {
        bugs: &[Bug::UnknownIsDown],
        place: "core/evidence/ballot.rs",
        breaks: "a healthy Region is left because its canaries are blind",
        finds: Some("S2"),
        drawn: Drawn::Within { budget: 56, took: 10 },
        scene: blind_canaries,
    },
    Row {
        bugs: &[Bug::NoOutsideWitness, Bug::HealthyIgnored],
        place: "core/evidence/ballot.rs",
        breaks: "a Region is left on the word of its own, ill monitoring",
        finds: Some("S2"),
        drawn: Drawn::Within { budget: 2288, took: 52 },
        scene: only_inside_voters,
    },
    Row {
        bugs: &[Bug::NotSustained],
        place: "core/evidence/ballot.rs",
        breaks: "a partition of a minute starts a recovery",
        finds: Some("S2"),
        drawn: Drawn::Within { budget: 25, took: 1 },
        scene: a_minute,
    },
    Row {
        bugs: &[Bug::StaleVotes],
        place: "core/evidence/ballot.rs",
        breaks: "a Region that is well again is fenced on the votes of its illness",
        finds: Some("S2"),
        drawn: Drawn::Within { budget: 17128, took: 3125 },
        scene: votes_grow_old,
    },
    Row {
        bugs: &[Bug::HealthyIgnored],
        place: "core/evidence/ballot.rs",
        breaks: "a Region is left that two of three witnesses see well",
        finds: Some("S2"),
        drawn: Drawn::Within { budget: 2288, took: 52 },
        scene: half_of_the_outside_is_well,
    },
    Row {
        bugs: &[Bug::SustainedByDate],
        place: "core/evidence/signal.rs",
        breaks: "an event that comes late, or names a date in the past, is believed at once",
        finds: Some("S2"),
        drawn: Drawn::Never(
            "an event with a past date has to meet another voter that is wrong, where nobody outside sees it well",
        ),
        scene: an_event_of_the_past,
    },
    Row {
        bugs: &[Bug::OldEvidence, Bug::RuleOldEvidence],
        place: "core/steps/bearing.rs",
        breaks: "fence and commit rest on an assessment of minutes ago",
        finds: Some("S10"),
        drawn: Drawn::Within { budget: 32, took: 6 },
        scene: a_long_question,
    },
    Row {
        bugs: &[Bug::EvidenceNotStored],
        place: "reconcile/step.rs",
        breaks: "nobody can look up why it was done",
        finds: Some("S2"),
        drawn: Drawn::Within { budget: 25, took: 1 },
        scene: plain,
    },
    Row {
        bugs: &[Bug::UndoTowardsTheDead],
        place: "core/steps/undo.rs",
        breaks: "writers are sent back to a side that nobody has seen well",
        finds: Some("S2"),
        drawn: Drawn::Within { budget: 1608, took: 150 },
        scene: turned_back_from_the_dead,
    },
];

fn plain() -> Rig {
    let rig = orders();
    primary_is(&rig, RegionState::Dead);
    live(&rig, 30);
    rig
}

fn blind_canaries() -> Rig {
    let rig = orders();
    canaries_say(&rig, AlarmState::InsufficientData);
    live(&rig, 15);
    rig
}

fn only_inside_voters() -> Rig {
    let rig = orders_with(|plan| {
        for voter in &mut plan.detection.voters {
            let Voter::Alarm(voter) = voter else { continue };
            if voter.id.as_str() == "canary-west" {
                voter.region = PRIMARY.into();
            }
        }
    });
    for alarm in ["orders-canary-west", "orders-api-5xx"] {
        rig.world.set_alarm(&PRIMARY.into(), alarm, AlarmState::Alarm);
    }
    live(&rig, 15);
    rig
}

/// The alarm in the Region and one canary say down; the other canary and the replica see it well.
fn half_of_the_outside_is_well() -> Rig {
    let rig = orders();
    rig.world.set_alarm(&PRIMARY.into(), "orders-api-5xx", AlarmState::Alarm);
    rig.world.set_alarm(&"us-west-2".into(), "orders-canary-west", AlarmState::Alarm);
    live(&rig, 15);
    rig
}

/// AWS Health tells of an issue ten minutes late, and the Region's own alarm has said down for as long. The
/// canaries see nothing.
fn an_event_of_the_past() -> Rig {
    let rig = orders_with(|plan| {
        plan.detection.voters.retain(|v| v.id().as_str() != "replica");
    });
    canaries_say(&rig, AlarmState::InsufficientData);
    rig.world.set_alarm(&PRIMARY.into(), "orders-api-5xx", AlarmState::Alarm);
    live(&rig, 5);
    let late = rig.clock.now().as_second() - 600;
    let late = Timestamp::from_second(late).unwrap_or_default().to_string();
    let told = rig.call(&json!({
        "version": "0", "id": "1", "source": "aws.health", "detail-type": "AWS Health Event",
        "account": "123456789012", "time": late, "region": "us-west-2", "resources": [], "detail": {
            "eventArn": "arn:aws:health:us-east-1::event/EC2/ISSUE/1", "service": "EC2",
            "eventTypeCode": "AWS_EC2_OPERATIONAL_ISSUE", "eventTypeCategory": "issue",
            "eventScopeCode": "PUBLIC", "startTime": late, "statusCode": "open",
            "eventRegion": PRIMARY, "eventDescription": []}}));
    assert!(told.is_ok(), "{told:?}");
    rig
}

fn a_minute() -> Rig {
    let rig = orders();
    canaries_say(&rig, AlarmState::Alarm);
    live(&rig, 1);
    canaries_say(&rig, AlarmState::Ok);
    live(&rig, 10);
    rig
}

/// No vote is stored any more.
struct NoVotes;

impl Fates for NoVotes {
    fn fate(&mut self, call: &Call<'_>) -> Fate {
        match call {
            Call::Put(item, _) if item.key.sk.starts_with("SIG#") => Fate::Throttled,
            Call::Get(_)
            | Call::List(..)
            | Call::Put(..)
            | Call::Look(_)
            | Call::Change(_)
            | Call::Start(_)
            | Call::State(_)
            | Call::Publish(_) => Fate::Well,
        }
    }
}

fn votes_grow_old() -> Rig {
    let rig = asking();
    primary_is(&rig, RegionState::Unseen);
    super::stage::open(&rig);
    rig.table.set_fates(Box::new(NoVotes));
    primary_is(&rig, RegionState::Well);
    for _ in 0..6 {
        sweep(&rig);
    }
    say(&rig, approved(1));
    until_done(&rig, "db-failover", Step::Fence);
    rig
}

fn approved(number: u32) -> Entry {
    Entry::Answered { number, answer: Answer::Approved, reason: "go".to_owned() }
}

/// Everything is ready within a minute or two, and people take their time.
fn a_long_question() -> Rig {
    let rig = asking();
    primary_is(&rig, RegionState::Dead);
    super::stage::open(&rig);
    sweep(&rig);
    until_done(&rig, "restore", Step::Capacity);
    say(&rig, approved(1));
    // The function that would commit comes minutes after the one that fenced.
    until_done(&rig, "db-failover", Step::Fence);
    for _ in 0..3 {
        sweep(&rig);
    }
    rig.executions.take_started();
    until_done(&rig, "detector", Step::Commit);
    live(&rig, 30);
    rig
}

/// Capacity cannot come, the primary is cut off, its writer has been fenced.
fn turned_back_from_the_dead() -> Rig {
    let rig = orders();
    // The capacity never comes, so its time is over behind its fence.
    rig.world.set_habits(|habits| habits.launch = Span::minutes(600));
    primary_is(&rig, RegionState::Partitioned);
    rig.clock.advance(Span::seconds(1));
    live(&rig, 45);
    rig
}
