//! How long things take, and how the writers behave. A simulator draws these.

use leeward_core::ids::Sides;
use leeward_core::lease_terms::LeaseTerms;
use leeward_core::time::Span;

/// How long things take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Habits {
    /// A replica that is being promoted stays `available` for this long, then is `modifying`.
    pub promote_start: Span,
    /// From the request until its engine accepts writes.
    pub promote_writable: Span,
    /// From the request until it is `available` without a source.
    pub promote_done: Span,
    /// How long a promoted instance takes its first backup, `backing-up` and writable.
    pub promote_backup: Span,
    /// What becomes of a promotion.
    pub promotion: Promotion,
    /// What a second request for a promotion is answered while the instance is still shown `available`.
    pub promote_repeat: Repeat,
    /// From the request until an Aurora global cluster has its new writer.
    pub global_writer: Span,
    /// From the request until an Aurora global cluster is `available` again.
    pub global_done: Span,
    /// How far the replica is behind.
    pub lag: Span,
    /// From a raised desired capacity until the instances are in service.
    pub launch: Span,
    /// From a lowered desired capacity until the instances are gone; they work until then.
    pub terminate: Span,
    /// From a start of instances, tasks or mappings until they run, and likewise a stop.
    pub start: Span,
    /// From in service until healthy in the target group.
    pub target: Span,
    /// Greatest number of instances that a group can launch; `None`: no shortage.
    pub launch_limit: Option<u32>,
    /// From a metric datum until the health check has judged it.
    pub evaluation: Span,
    /// From the health check's change until names resolve otherwise.
    pub resolution: Span,
    /// From an accepted Route 53 batch until INSYNC.
    pub insync: Span,
    /// How long database sessions live on after their security group rule was revoked.
    pub session_survival: Span,
    /// From a change of what users see until an alarm says so.
    pub alarm: Span,
    /// How long a signed request lives.
    pub request_life: Span,
    /// What a call that gets no answer costs its sender.
    pub call_timeout: Span,
    /// What each call takes.
    pub latency: Span,
    /// The writers.
    pub writers: Sides<WriterHabits>,
}

/// How an application that writes behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriterHabits {
    /// Whether it stops when its lease is over. One that does not is outside what Leeward promises.
    pub honours_lease: bool,
    /// When within a period it renews.
    pub phase: Span,
    /// How much longer than its lease it takes a lease to be, by its slow clock; at most its own drift.
    pub slow: Span,
    /// How long its longest statement may run on past the lease; at most its own longest statement.
    pub statement: Span,
    /// How far its wall clock is ahead, in milliseconds; negative: behind.
    pub ahead_ms: i64,
    /// Its own terms of the lease, by which it behaves; `None`: those that the plan names.
    pub terms: Option<LeaseTerms>,
    /// Whether it writes its terms into the lease's item, as the contract asks.
    pub tells_terms: bool,
}

/// What becomes of an RDS promotion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Promotion {
    /// It works.
    Works,
    /// It stays `modifying` for ever.
    Stalls,
    /// After `promote_done` it is `available` again and still a replica.
    Fails,
}

/// What a second request for the same promotion is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// It is taken, and nothing comes of it.
    Taken,
    /// `InvalidDBInstanceState`, although a look still shows the state before.
    Refused,
}

impl Default for WriterHabits {
    fn default() -> Self {
        Self {
            honours_lease: true,
            phase: Span::millis(0),
            slow: Span::millis(0),
            statement: Span::millis(0),
            ahead_ms: 0,
            terms: None,
            tells_terms: true,
        }
    }
}

impl Default for Habits {
    /// The middle of what AWS's documentation and measurements of others name (minutes for a real
    /// promotion are shortened: what counts is the order of the states).
    fn default() -> Self {
        Self {
            promote_start: Span::seconds(1),
            promote_writable: Span::seconds(20),
            promote_done: Span::seconds(30),
            promote_backup: Span::seconds(40),
            promotion: Promotion::Works,
            promote_repeat: Repeat::Taken,
            global_writer: Span::seconds(20),
            global_done: Span::seconds(40),
            lag: Span::seconds(1),
            launch: Span::seconds(40),
            terminate: Span::seconds(20),
            start: Span::seconds(20),
            target: Span::seconds(10),
            launch_limit: None,
            evaluation: Span::seconds(60),
            resolution: Span::seconds(10),
            insync: Span::seconds(30),
            session_survival: Span::seconds(90),
            alarm: Span::seconds(60),
            request_life: Span::minutes(15),
            call_timeout: Span::seconds(2),
            latency: Span::millis(0),
            writers: Sides { primary: WriterHabits::default(), standby: WriterHabits::default() },
        }
    }
}
