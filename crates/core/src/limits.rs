//! Numbers of the protocol, each with its reason. Only a development build may lower them.

use crate::time::Span;

/// The protocol's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How long a request may still land after it was signed. AWS refuses a signature older than
    /// 15 minutes; one minute is added for clocks.
    pub request_life: Span,
    /// How old the assessment under a fence intent or a commit may be: one sweep.
    pub assessment_age: Span,
    /// How long a fence that cannot be proven is tried before a person is asked: one sweep.
    pub fence_patience: Span,
    /// How long sessions are waited for behind a rule that is seen closed, or writers that are seen gone, before a
    /// person is asked. A connection that is tracked outlives the rule that let it in (EC2, "Security group connection
    /// tracking"); pools renew theirs within minutes, and what is still there then somebody has to end.
    pub session_patience: Span,
    /// How often one effect is sent before a person is asked: more is a retry storm.
    pub sends_max: usize,
    /// How long an accepted metric datum has to move the name before another is put: the alarm's
    /// period (60 s), the health check's evaluation and the record's time to live.
    pub datum_patience: Span,
    /// How long raised capacity may still be described as it was before, until it is asked for again.
    /// Descriptions are "eventually consistent", mostly within a minute (EC2 API, "Eventual consistency").
    pub settle_patience: Span,
    /// How long a batch of records takes to every name server when Route 53's own word for it was lost:
    /// "generally within 60 seconds" (ChangeResourceRecordSets).
    pub zone_settle: Span,
    /// How many executors may come and go without a new entry before the generation is Held.
    pub silent_executors: usize,
    /// First wait between two looks at slow work.
    pub poll_first: Span,
    /// Longest wait between two looks: Step Functions' history holds 25,000 events.
    pub poll_max: Span,
}

impl Limits {
    /// The numbers for real work.
    pub const REAL: Self = Self {
        request_life: Span::minutes(16),
        assessment_age: Span::seconds(60),
        fence_patience: Span::seconds(60),
        session_patience: Span::seconds(180),
        sends_max: 8,
        datum_patience: Span::seconds(180),
        settle_patience: Span::seconds(60),
        zone_settle: Span::seconds(60),
        silent_executors: 3,
        poll_first: Span::seconds(5),
        poll_max: Span::seconds(30),
    };

    /// The wait before the next look at something that began `ago`: a sixth of it, within bounds.
    pub fn poll(&self, ago: Span) -> Span {
        Span::millis(ago.as_millis() / 6).clamp(self.poll_first, self.poll_max)
    }
}
