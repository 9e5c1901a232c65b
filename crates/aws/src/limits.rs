//! How long each kind of call may take, and how often it is sent. The SDK itself has no limits.

use std::time::{Duration, SystemTime};

use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use leeward_core::world::{Blind, Question};

use crate::Clients;

/// Time to connect. Longer than three round trips around the world; the same for every call, since
/// the SDK keeps one pool of connections for each value.
const CONNECT: Duration = Duration::from_millis(1500);

/// A look at the world: a silent Region is told apart from a slow one within 2 s, and "unknown" is
/// a normal answer, so a time-out is hardly worth a second attempt. A quick refusal to serve is.
const LOOK_ATTEMPT: Duration = Duration::from_secs(2);
const LOOK_TOTAL: Duration = Duration::from_secs(3);
const LOOK_ATTEMPTS: u32 = 2;

/// A read of the state table: nothing goes on without it, so three attempts are worth their time.
const TABLE_READ_TOTAL: Duration = Duration::from_millis(6500);
const TABLE_READ_ATTEMPTS: u32 = 3;

/// A write to the state table or the lease: one attempt; a write across Regions takes a second at most.
const TABLE_WRITE: Duration = Duration::from_secs(5);

/// A change: one attempt; RDS may think for seconds before it says yes.
const EFFECT: Duration = Duration::from_secs(10);

/// Telling people or starting an execution: a repeat is harmless.
const TELL_ATTEMPT: Duration = Duration::from_secs(4);
const TELL_TOTAL: Duration = Duration::from_secs(9);
const TELL_ATTEMPTS: u32 = 2;

/// One question to an engine: `db-probe` limits itself to less than this.
const PROBE: Duration = Duration::from_secs(5);

/// Making a writer lease: the function looks at every place where it may be, and at every journal.
const PROVIDE: Duration = Duration::from_secs(60);

/// Writing a word down: the function asks STS, reads a journal and writes; it may have to start first.
const WORD: Duration = Duration::from_secs(30);

/// First wait between two attempts; the SDK draws from zero up to it (full jitter) and doubles it.
const FIRST_BACKOFF: Duration = Duration::from_millis(100);
/// Longest wait between two attempts: more would not fit into a look.
const LONGEST_BACKOFF: Duration = Duration::from_millis(800);

/// Attempts and time-outs of one kind of call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    attempt: Duration,
    total: Duration,
    attempts: u32,
}

impl Limits {
    pub(crate) const LOOK: Self =
        Self { attempt: LOOK_ATTEMPT, total: LOOK_TOTAL, attempts: LOOK_ATTEMPTS };
    pub(crate) const TABLE_READ: Self =
        Self { attempt: LOOK_ATTEMPT, total: TABLE_READ_TOTAL, attempts: TABLE_READ_ATTEMPTS };
    pub(crate) const TABLE_WRITE: Self = Self::once(TABLE_WRITE);
    pub(crate) const EFFECT: Self = Self::once(EFFECT);
    pub(crate) const TELL: Self =
        Self { attempt: TELL_ATTEMPT, total: TELL_TOTAL, attempts: TELL_ATTEMPTS };
    pub(crate) const PROBE: Self = Self::once(PROBE);
    pub(crate) const PROVIDE: Self = Self::once(PROVIDE);
    pub(crate) const WORD: Self = Self::once(WORD);

    const fn once(limit: Duration) -> Self {
        Self { attempt: limit, total: limit, attempts: 1 }
    }

    /// Attempts, with full jitter between them and the SDK's own budget over them.
    pub(crate) fn retries(self) -> RetryConfig {
        if self.attempts == 1 {
            return RetryConfig::disabled();
        }
        RetryConfig::standard()
            .with_max_attempts(self.attempts)
            .with_initial_backoff(FIRST_BACKOFF)
            .with_max_backoff(LONGEST_BACKOFF)
    }

    /// Time-outs.
    pub(crate) fn timeouts(self) -> TimeoutConfig {
        TimeoutConfig::builder()
            .connect_timeout(CONNECT)
            .operation_attempt_timeout(self.attempt)
            .operation_timeout(self.total)
            .build()
    }
}

/// The time of a look that takes several requests: none of them begins later than one request alone
/// may take, so that a Region that has become slow costs no more than twice that.
pub(crate) struct Pages {
    clients: Clients,
    began: SystemTime,
}

impl Pages {
    pub(crate) fn begin(clients: &Clients) -> Self {
        Self { clients: clients.clone(), began: clients.window_end() }
    }

    /// Whether there is time for another request.
    pub(crate) fn next(&self, question: &Question) -> Result<(), Blind> {
        let spent = self.clients.window_end().duration_since(self.began).unwrap_or_default();
        if spent > LOOK_ATTEMPT {
            return Err(Blind::new(format!(
                "{question}: its pages took {} s and are not at their end",
                spent.as_secs()
            )));
        }
        Ok(())
    }
}
