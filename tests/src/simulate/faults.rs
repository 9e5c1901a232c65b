//! What can go wrong with one call, as the wire shows it, and what the fakes make of it.

use leeward_core::time::Span;
use leeward_ports::fake::{Call, Fate};

/// One fault of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// The service says later.
    Throttle,
    /// A 5xx, and nothing was done.
    ServerErrorBefore,
    /// A 5xx, and it was done all the same.
    ServerErrorAfter,
    /// A validation error.
    Validation,
    /// Access denied.
    Denied,
    /// The security token has expired.
    ExpiredToken,
    /// The connection is refused.
    ConnectionRefused,
    /// No answer in time; nothing was done.
    TimeoutBefore,
    /// No answer in time; it was done.
    TimeoutAfter,
    /// No answer; it is done later, whatever has become of the caller.
    LateDelivery,
    /// The answer comes after a long time.
    Hang,
    /// The answer breaks off; it was done.
    TruncatedAnswer,
    /// An error code that nobody knows.
    UnknownCode,
    /// A read shows what the same read showed before.
    StaleRead,
    /// The answer carries no `Date`.
    NoDate,
    /// A write to the same item in another Region is under way.
    WriteConflict,
}

/// Every fault, in the order of the tables.
pub const FAULTS: [Fault; 16] = [
    Fault::Throttle,
    Fault::ServerErrorBefore,
    Fault::ServerErrorAfter,
    Fault::Validation,
    Fault::Denied,
    Fault::ExpiredToken,
    Fault::ConnectionRefused,
    Fault::TimeoutBefore,
    Fault::TimeoutAfter,
    Fault::LateDelivery,
    Fault::Hang,
    Fault::TruncatedAnswer,
    Fault::UnknownCode,
    Fault::StaleRead,
    Fault::NoDate,
    Fault::WriteConflict,
];

impl Fault {
    /// Its name in the tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Throttle => "throttle",
            Self::ServerErrorBefore => "5xx before",
            Self::ServerErrorAfter => "5xx after",
            Self::Validation => "validation",
            Self::Denied => "denied",
            Self::ExpiredToken => "expired token",
            Self::ConnectionRefused => "refused",
            Self::TimeoutBefore => "time-out before",
            Self::TimeoutAfter => "time-out after",
            Self::LateDelivery => "late delivery",
            Self::Hang => "hang",
            Self::TruncatedAnswer => "truncated",
            Self::UnknownCode => "unknown code",
            Self::StaleRead => "stale read",
            Self::NoDate => "no Date",
            Self::WriteConflict => "write conflict",
        }
    }

    /// Whether it can befall a call of that port.
    ///
    /// - A call that changes nothing cannot be done without an answer, nor be done late: for who reads,
    ///   that is a time-out and nothing else.
    /// - A message that arrives late is one that arrives twice when it is sent anew, as after a time-out.
    /// - Only looks are eventually consistent: each read of the table is strong, a write has no past to
    ///   show, and the state of an execution is only asked for.
    /// - Only the table's `Date` is read.
    pub fn befalls(self, port: Port) -> bool {
        match self {
            Self::ServerErrorAfter | Self::TimeoutAfter => {
                !matches!(port, Port::Read | Port::Look | Port::Describe)
            }
            Self::LateDelivery => matches!(port, Port::Write | Port::Change | Port::Executions),
            Self::StaleRead => port == Port::Look,
            Self::NoDate => matches!(port, Port::Read | Port::Write),
            Self::WriteConflict => port == Port::Write,
            Self::Throttle
            | Self::ServerErrorBefore
            | Self::Validation
            | Self::Denied
            | Self::ExpiredToken
            | Self::ConnectionRefused
            | Self::TimeoutBefore
            | Self::Hang
            | Self::TruncatedAnswer
            | Self::UnknownCode => true,
        }
    }

    /// What the fakes make of it; `span` is how late, or how slow.
    pub fn fate(self, span: Span) -> Fate {
        match self {
            // A connection that never came about sent nothing: the adapter says "later".
            Self::Throttle | Self::ConnectionRefused => Fate::Throttled,
            Self::Validation => Fate::Refused("ValidationException".to_owned()),
            Self::Denied => Fate::Refused("AccessDeniedException".to_owned()),
            Self::ExpiredToken => Fate::Refused("ExpiredTokenException".to_owned()),
            Self::UnknownCode => Fate::Refused("SomethingNewException".to_owned()),
            Self::ServerErrorBefore | Self::TimeoutBefore => Fate::LostBefore,
            Self::ServerErrorAfter | Self::TimeoutAfter | Self::TruncatedAnswer => Fate::LostAfter,
            Self::LateDelivery => Fate::Late(span),
            Self::Hang => Fate::Slow(span),
            Self::StaleRead => Fate::Stale,
            Self::NoDate => Fate::NoDate,
            Self::WriteConflict => Fate::Conflicted,
        }
    }

    /// The spans that it may last, the shortest first.
    pub fn spans(self) -> &'static [Span] {
        const LATE: [Span; 6] = [
            Span::seconds(3),
            Span::seconds(40),
            Span::minutes(4),
            Span::minutes(10),
            Span::minutes(14),
            Span::minutes(17),
        ];
        const SLOW: [Span; 3] = [Span::seconds(5), Span::seconds(25), Span::seconds(70)];
        match self {
            Self::LateDelivery => &LATE,
            Self::Hang => &SLOW,
            Self::Throttle
            | Self::ServerErrorBefore
            | Self::ServerErrorAfter
            | Self::Validation
            | Self::Denied
            | Self::ExpiredToken
            | Self::ConnectionRefused
            | Self::TimeoutBefore
            | Self::TimeoutAfter
            | Self::TruncatedAnswer
            | Self::UnknownCode
            | Self::StaleRead
            | Self::NoDate
            | Self::WriteConflict => &[],
        }
    }
}

/// What kind of call it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Port {
    /// A read of the table.
    Read,
    /// A write to the table.
    Write,
    /// A look at the world.
    Look,
    /// A change of the world.
    Change,
    /// A start of Step Functions.
    Executions,
    /// A message to people.
    Publish,
    /// A look at an execution.
    Describe,
}

impl Port {
    /// Every port.
    pub const ALL: [Self; 7] = [
        Self::Read,
        Self::Write,
        Self::Look,
        Self::Change,
        Self::Executions,
        Self::Publish,
        Self::Describe,
    ];

    /// The port of a call.
    pub fn of(call: &Call<'_>) -> Self {
        match call {
            Call::Get(_) | Call::List(..) => Self::Read,
            Call::Put(..) => Self::Write,
            Call::Look(_) => Self::Look,
            Call::Change(_) => Self::Change,
            Call::Start(_) => Self::Executions,
            Call::State(_) => Self::Describe,
            Call::Publish(_) => Self::Publish,
        }
    }
}
