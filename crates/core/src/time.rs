//! Instants and spans. Nothing here reads a clock: time is an argument.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An instant, always the `Date` of an answer of the state table or derived from one.
pub type Timestamp = jiff::Timestamp;

/// A `Date` header says whole seconds, never rounded up: the instant itself may be this much later.
pub const DATE_RESOLUTION: Span = Span::seconds(1);

/// A length of time in milliseconds, written `500ms`, `90s`, `15m` or `1h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span(u64);

impl Span {
    /// From milliseconds.
    pub const fn millis(ms: u64) -> Self {
        Self(ms)
    }

    /// From seconds.
    pub const fn seconds(s: u64) -> Self {
        Self(s * 1000)
    }

    /// From minutes.
    pub const fn minutes(m: u64) -> Self {
        Self(m * 60_000)
    }

    /// In milliseconds.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// In whole seconds, rounded up: a wait is never shorter than asked for.
    pub const fn as_seconds_up(self) -> u64 {
        self.0.div_ceil(1000)
    }

    /// The sum; stays at the longest span rather than wrap.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// The difference; zero rather than negative.
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = self.0;
        if ms != 0 && ms.is_multiple_of(3_600_000) {
            write!(f, "{}h", ms / 3_600_000)
        } else if ms != 0 && ms.is_multiple_of(60_000) {
            write!(f, "{}m", ms / 60_000)
        } else if ms.is_multiple_of(1000) {
            write!(f, "{}s", ms / 1000)
        } else {
            write!(f, "{ms}ms")
        }
    }
}

impl Span {
    /// For people: seconds with one decimal under a minute, minutes and seconds above.
    pub fn in_words(self) -> String {
        let (minutes, rest) = (self.0 / 60_000, self.0 % 60_000);
        let tenths = rest.div_ceil(100);
        if minutes > 0 {
            format!("{minutes} min {} s", rest.div_ceil(1000))
        } else {
            format!("{}.{} s", tenths / 10, tenths % 10)
        }
    }
}

/// A text that is no span.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is no length of time: write 500ms, 90s, 15m or 1h")]
pub struct NotASpan(String);

impl FromStr for Span {
    type Err = NotASpan;

    fn from_str(text: &str) -> Result<Self, NotASpan> {
        let bad = || NotASpan(text.to_owned());
        let split = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(bad)?;
        let (digits, unit) = text.split_at(split);
        let count: u64 = digits.parse().map_err(|_| bad())?;
        let unit_ms = match unit {
            "ms" => 1,
            "s" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            _ => return Err(bad()),
        };
        count.checked_mul(unit_ms).map(Self).ok_or_else(bad)
    }
}

impl Serialize for Span {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(feature = "author")]
impl schemars::JsonSchema for Span {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Span".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "A length of time: 500ms, 90s, 15m or 1h",
            "pattern": "^[0-9]+(ms|s|m|h)$"
        })
    }
}

/// How long after `earlier` the instant `later` is; zero when it is not after.
pub fn since(earlier: Timestamp, later: Timestamp) -> Span {
    let ms = later.as_millisecond().saturating_sub(earlier.as_millisecond());
    Span(u64::try_from(ms).unwrap_or(0))
}

/// The instant that long after; stays at the last instant there is rather than overflow.
pub fn after(start: Timestamp, span: Span) -> Timestamp {
    let ms = start.as_millisecond().saturating_add(i64::try_from(span.0).unwrap_or(i64::MAX));
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read_back(ms in 0u64..10_000_000_000) {
            let span = Span::millis(ms);
            prop_assert_eq!(span.to_string().parse::<Span>(), Ok(span));
        }

        #[test]
        fn since_undoes_after(start in 0i64..4_000_000_000_000, ms in 0u64..10_000_000_000) {
            let start = Timestamp::from_millisecond(start).unwrap();
            prop_assert_eq!(since(start, after(start, Span::millis(ms))), Span::millis(ms));
        }
    }

    #[test]
    fn a_text_without_a_unit_is_no_span() {
        for bad in ["", "15", "m", "1.5h", "-3s", "3 s", "99999999999999999999h"] {
            assert_eq!(bad.parse::<Span>(), Err(NotASpan(bad.to_owned())), "{bad}");
        }
    }

    #[test]
    fn a_wait_is_never_shorter_than_asked_for() {
        assert_eq!(Span::millis(1001).as_seconds_up(), 2);
        assert_eq!(Span::ZERO_FOR_TEST.as_seconds_up(), 0);
    }

    impl Span {
        const ZERO_FOR_TEST: Self = Self(0);
    }
}
