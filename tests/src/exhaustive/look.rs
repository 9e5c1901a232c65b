//! What is seen of the small world, and the plan that it is made for.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use leeward_core::evidence::{Assessment, Reading, Signal, Standby, Vote};
use leeward_core::ids::{Digest, Direction, Region, Side, Text};
use leeward_core::journal::chain;
use leeward_core::lease_terms::LeaseTerms;
use leeward_core::limits::Limits;
use leeward_core::plan::{ApprovalFor, Control, Database, Plan, RecordPair, WriterLease};
use leeward_core::table::NOBODY;
use leeward_core::time::{Span, Timestamp, after};
use leeward_core::world::{
    AnswerView, Blind, Change, ChangeError, ChangeErrorKind, Heartbeat, LeaseView, Question,
    RdsView, Seen, SqlView, View,
};

use super::Bounds;
use super::node::{Engine, Item, Node, at};
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
    /// What steps have decided, by all that they decide from: journal, world, step, when it was read and
    /// looked at.
    pub(super) decided: RefCell<HashMap<Looked, VecDeque<Item>>>,
    /// What the evidence means, by whether the primary is seen, the way, and the time.
    pub(super) weighed: RefCell<HashMap<(bool, bool, Timestamp), Assessment>>,
}

/// All that a step decides from.
pub(super) type Looked = (u64, u64, u8, Timestamp, Timestamp);

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
            decided: RefCell::default(),
            weighed: RefCell::default(),
        }
    }
}

/// What the voters say at that instant.
pub(super) fn signals(setup: &Setup, seen_well: bool, now: Timestamp) -> Vec<Arc<Signal>> {
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
            let freshness = setup.plan.detection.freshness;
            Arc::new(Signal::following(voter, None, reading, now, freshness))
        })
        .collect()
}

/// The side that is moved to: the standby is always fit, the primary when it is seen.
pub(super) fn fitness(seen_well: bool, direction: Direction, now: Timestamp) -> Standby {
    let fit = direction == Direction::ToStandby || seen_well;
    let against = if fit { Vec::new() } else { vec!["it is not seen".to_owned()] };
    Standby { against, asks: Vec::new(), capacity: Vec::new(), numbers: Vec::new(), at: now }
}

/// The Region of a side, which is the name that it holds the lease by.
pub(super) fn region(side: Side) -> &'static str {
    match side {
        Side::Primary => PRIMARY,
        Side::Standby => STANDBY,
    }
}

fn side(of: &Region) -> Side {
    if of.as_str() == PRIMARY { Side::Primary } else { Side::Standby }
}

/// The instance of that side, which the other's follows as long as it is a replica.
fn source(plan: &Plan, of: Side) -> Option<Text> {
    plan.databases.iter().find_map(|database| match database {
        Database::RdsReplica(d) => {
            let (region, name) = (plan.regions.of(of), d.instance.of(of));
            Some(format!("arn:aws:rds:{region}:123456789012:db:{name}").into())
        }
        Database::AuroraGlobal(_) | Database::DynamodbGlobal(_) => None,
    })
}

/// The record that traffic follows.
fn record(plan: &Plan) -> Option<&RecordPair> {
    plan.traffic.controls.iter().find_map(|c| match c {
        Control::Record(c) => c.records.first(),
        Control::StopMetric(_) => None,
    })
}

/// The terms of its holders are those of the plan.
fn lease_terms(plan: &Plan) -> Option<LeaseTerms> {
    plan.databases.iter().find_map(Database::lease).map(WriterLease::terms)
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
            renewed_at: Some(if nobody(&world.owner) {
                world.renewed.primary.max(world.renewed.standby)
            } else {
                node.now
            }),
            terms: lease_terms(&setup.plan),
            answered_at: node.now,
        })),
        Question::Rds { region, .. } => {
            let engine = *world.engines.of(side(region));
            View::Rds(Some(RdsView {
                status: if engine == Engine::Moving { "modifying" } else { "available" }.into(),
                arn: None,
                replica_source: source(&setup.plan, side(region).other())
                    .filter(|_| engine != Engine::Writer),
                engine: "postgres".into(),
                engine_version: "17.4".into(),
                host: None,
                zone: None,
                multi_az: false,
                replication: None,
            }))
        }
        Question::Sql { region, .. } => {
            let writer = *world.engines.of(side(region)) == Engine::Writer;
            View::Sql(SqlView {
                in_recovery: !writer,
                writable: writer,
                heartbeat: heartbeat(node, setup),
                sessions: None,
            })
        }
        Question::Record { record_type, .. } if record_type == "TXT" => {
            View::Record(Some((vec![format!("\"{}\"", world.fence_number).into()], 60)))
        }
        Question::Record { .. } => View::Record(None),
        Question::ZoneChange { .. } => View::InSync(true),
        Question::Name(_) | Question::Authority { .. } => {
            let values = record(&setup.plan).map(|r| r.values.of(world.records).clone());
            View::Answer(AnswerView { values: values.unwrap_or_default() })
        }
        other => return Err(Blind::new(format!("{other} is not in this world"))),
    })
}

/// The heartbeat row, written by whichever application wrote last: it ends with what that one holds. Both
/// sides show the same, as replication is not what is searched for.
fn heartbeat(node: &Node, setup: &Setup) -> Option<Heartbeat> {
    let last = |by: Side| {
        if node.world.owner == region(by) {
            node.now
        } else {
            node.now.min(after(*node.world.renewed.of(by), setup.expiry))
        }
    };
    let owns = |by: Side| node.world.owner == region(by);
    let by = [Side::Primary, Side::Standby].into_iter().max_by_key(|by| (last(*by), owns(*by)))?;
    let lag = i64::try_from(LAG.as_millis()).unwrap_or(0);
    let at = Timestamp::from_millisecond(last(by).as_millisecond() - lag).ok()?;
    Some(Heartbeat::written(region(by).into(), at))
}

/// Carries a request out where it lands; `Ok(true)`: the world is otherwise than before.
#[expect(clippy::wildcard_enum_match_arm, reason = "the small world has nothing else")]
pub(super) fn land(node: &mut Node, setup: &Setup, change: &Change) -> Result<bool, ChangeError> {
    let refused = |kind, code: &str| {
        Err(ChangeError { kind, code: code.into(), message: String::new().into() })
    };
    let now = node.now;
    let world = &mut node.world;
    match change {
        Change::MoveLease { from_owner, from_epoch, to_owner, effect, .. } => {
            if world.owner != *from_owner || world.epoch != *from_epoch {
                return refused(ChangeErrorKind::Conflict, "ConditionalCheckFailedException");
            }
            if !nobody(&world.owner) {
                let holder = side(&Region::from(world.owner.as_str()));
                *at(&mut world.renewed, holder) = now;
            }
            world.owner.clone_from(to_owner);
            world.epoch += 1;
            world.lease_effect.clone_from(effect);
            Ok(true)
        }
        Change::PromoteReplica { region, .. } => {
            let engine = at(&mut world.engines, side(region));
            match engine {
                Engine::Replica => {
                    *engine = Engine::Moving;
                    Ok(true)
                }
                Engine::Moving | Engine::Writer => {
                    refused(ChangeErrorKind::Refused, "InvalidDBInstanceState")
                }
            }
        }
        Change::ChangeRecords { fence, records, .. } => {
            if world.fence_number != fence.from {
                return refused(ChangeErrorKind::Conflict, "InvalidChangeBatch");
            }
            world.fence_number = fence.to;
            let values = records.first().map(|r| &r.values);
            let home = record(&setup.plan).map(|r| &r.values.primary);
            world.records = if values == home { Side::Primary } else { Side::Standby };
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
