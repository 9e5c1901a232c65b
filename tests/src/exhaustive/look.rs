//! What is seen of the small world, and the plan that it is made for.

use leeward_core::evidence::{Reading, Signal, Standby, Vote};
use leeward_core::ids::Digest;
use leeward_core::journal::chain;
use leeward_core::limits::Limits;
use leeward_core::plan::{ApprovalFor, Control, Database, Plan};
use leeward_core::table::NOBODY;
use leeward_core::time::{Span, Timestamp, after};
use leeward_core::world::{
    AnswerView, Blind, Change, ChangeError, ChangeErrorKind, LeaseView, Question, RdsView, Seen,
    SqlView, View,
};

use super::Bounds;
use super::node::{Engine, Node};
use crate::rig::example;

/// Owner of the lease on a good day.
pub(super) const PRIMARY: &str = "us-east-1";
/// Owner after a recovery.
pub(super) const STANDBY: &str = "us-west-2";
/// How far behind the replica is: it is not what is searched for.
const LAG: Span = Span::seconds(1);
/// How long a voter says what it says.
const SUSTAINED: Span = Span::minutes(10);

/// What does not change during a search.
pub(super) struct Setup {
    pub(super) plan: Plan,
    pub(super) digest: Digest,
    pub(super) limits: Limits,
    /// The longest that the old writer goes on after its last renewal.
    pub(super) expiry: Span,
}

impl Setup {
    /// Orders in small: one database behind a lease, one record, one check.
    pub(super) fn new(bounds: &Bounds) -> Self {
        let mut plan = example("orders");
        let wanted = if bounds.asks { ApprovalFor::OneWay } else { ApprovalFor::None };
        plan.policy.approval.wanted_for = wanted;
        // Two leaps of 17 minutes are over it.
        plan.policy.cool_down = Span::minutes(30);
        plan.time_limit = Span::minutes(60);
        plan.capacity.clear();
        plan.traffic.controls = example("catalog")
            .traffic
            .controls
            .into_iter()
            .filter_map(|control| match control {
                Control::Record(mut c) => {
                    c.records.truncate(1);
                    Some(Control::Record(c))
                }
                Control::StopMetric(_) => None,
            })
            .collect();
        plan.validation.passes = 1;
        plan.validation.checks.retain(|c| c.id().as_str() == "writer");
        let expiry = plan.databases.iter().filter_map(Database::lease).map(|l| l.expiry()).max();
        let body = serde_json::to_string(&plan).unwrap_or_default();
        Self {
            digest: chain::digest(body.as_bytes()),
            plan,
            limits: Limits::REAL,
            expiry: expiry.unwrap_or_default(),
        }
    }
}

/// What the voters say at that instant.
pub(super) fn signals(setup: &Setup, seen_well: bool, now: Timestamp) -> Vec<Signal> {
    let since = Timestamp::from_millisecond(
        now.as_millisecond() - i64::try_from(SUSTAINED.as_millis()).unwrap_or(0),
    )
    .unwrap_or(now);
    setup
        .plan
        .detection
        .voters
        .iter()
        .map(|voter| {
            let vote = if seen_well { Vote::Healthy } else { Vote::Unhealthy };
            let reading = Reading::new(vote, "").since(since);
            Signal::following(voter, None, reading, now, setup.plan.detection.freshness)
        })
        .collect()
}

/// The standby is always fit.
pub(super) fn standby(now: Timestamp) -> Standby {
    Standby { against: Vec::new(), at: now }
}

/// Answers every question at this instant.
pub(super) fn look(node: &Node, setup: &Setup, questions: Vec<Question>) -> Seen {
    questions.into_iter().map(|q| (q.clone(), answer(node, setup, &q))).collect()
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the small world has nothing else")]
fn answer(node: &Node, setup: &Setup, question: &Question) -> Result<View, Blind> {
    let world = &node.world;
    Ok(match question {
        Question::Lease { .. } => View::Lease(Some(LeaseView {
            owner: world.owner.clone(),
            epoch: world.epoch,
            effect: world.lease_effect.clone(),
            renewed_at: Some(if world.owner == PRIMARY { node.now } else { world.renewed }),
            answered_at: node.now,
        })),
        Question::Rds { .. } => View::Rds(Some(RdsView {
            status: if world.standby == Engine::Moving { "modifying" } else { "available" }
                .to_owned(),
            replica_source: (world.standby != Engine::Writer).then(|| "orders-db".to_owned()),
            engine: "postgres".to_owned(),
            zone: None,
            multi_az: false,
            replication: None,
        })),
        Question::Sql { .. } => View::Sql(SqlView {
            in_recovery: world.standby != Engine::Writer,
            writable: world.standby == Engine::Writer,
            heartbeat_at: Timestamp::from_millisecond(
                node.now.as_millisecond() - i64::try_from(LAG.as_millis()).unwrap_or(0),
            )
            .ok(),
            sessions: None,
        }),
        Question::Record { record_type, .. } if record_type == "TXT" => {
            View::Record(Some((vec![format!("\"{}\"", world.fence_number)], 60)))
        }
        Question::Record { .. } => View::Record(None),
        Question::ZoneChange { .. } => View::InSync(true),
        Question::Name(_) | Question::Authority { .. } => {
            let side = if world.records_moved {
                leeward_core::ids::Side::Standby
            } else {
                leeward_core::ids::Side::Primary
            };
            let records = setup.plan.traffic.controls.iter().find_map(|c| match c {
                Control::Record(c) => c.records.first(),
                Control::StopMetric(_) => None,
            });
            let values = records.map(|r| r.values.of(side).clone()).unwrap_or_default();
            View::Answer(AnswerView { values })
        }
        other => return Err(Blind::new(format!("{other} is not in this world"))),
    })
}

/// Carries a request out where it lands; `Ok(true)`: the world is otherwise than before.
#[expect(clippy::wildcard_enum_match_arm, reason = "the small world has nothing else")]
pub(super) fn land(node: &mut Node, change: &Change) -> Result<bool, ChangeError> {
    let refused =
        |kind, code: &str| Err(ChangeError { kind, code: code.to_owned(), message: String::new() });
    let now = node.now;
    let world = &mut node.world;
    match change {
        Change::MoveLease { from_owner, from_epoch, to_owner, effect, .. } => {
            if world.owner != *from_owner || world.epoch != *from_epoch {
                return refused(ChangeErrorKind::Conflict, "ConditionalCheckFailedException");
            }
            if world.owner == PRIMARY {
                world.renewed = now;
            }
            world.owner.clone_from(to_owner);
            world.epoch += 1;
            world.lease_effect.clone_from(effect);
            Ok(true)
        }
        Change::PromoteReplica { .. } => match world.standby {
            Engine::Replica => {
                world.standby = Engine::Moving;
                Ok(true)
            }
            Engine::Moving | Engine::Writer => {
                refused(ChangeErrorKind::Refused, "InvalidDBInstanceState")
            }
        },
        Change::ChangeRecords { fence, .. } => {
            if world.fence_number != fence.from {
                return refused(ChangeErrorKind::Conflict, "InvalidChangeBatch");
            }
            world.fence_number = fence.to;
            world.records_moved = true;
            Ok(true)
        }
        _ => refused(ChangeErrorKind::Refused, "not in this world"),
    }
}

/// Whether a request signed then is refused where it lands.
pub(super) fn too_old(signed: Timestamp, now: Timestamp) -> bool {
    now > after(signed, leeward_ports::fake::REQUEST_LIFE)
}

/// Whether nobody holds the lease.
pub(super) fn nobody(owner: &str) -> bool {
    owner == NOBODY
}
