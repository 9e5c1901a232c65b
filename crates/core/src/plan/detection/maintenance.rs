//! Times in which people work on the workload and the evidence opens no recovery by itself.

use serde::{Deserialize, Serialize};

use crate::time::{Span, Timestamp, after};

/// One maintenance window, in UTC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Maintenance {
    /// Once.
    Once(OneWindow),
    /// Every week.
    Weekly(WeeklyWindow),
}

/// A window that comes once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct OneWindow {
    /// When it begins, such as `2026-12-01T22:00:00Z`.
    #[cfg_attr(feature = "author", schemars(with = "String", extend("format" = "date-time")))]
    pub from: Timestamp,
    /// How long it lasts.
    pub length: Span,
    /// What is done then.
    pub reason: String,
}

/// A window that comes every week.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct WeeklyWindow {
    /// Its day, in UTC.
    pub day: Weekday,
    /// When it begins, after that day's midnight in UTC, such as `2h`.
    pub starts: Span,
    /// How long it lasts; it may reach into the next day.
    pub length: Span,
    /// What is done then.
    pub reason: String,
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "author", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Weekday {
    Sunday,
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
}

const DAY_MS: i64 = 86_400_000;
const WEEK_MS: i64 = 7 * DAY_MS;
/// 1 January 1970 was a Thursday: so long before it, a week began with its Sunday.
const EPOCH_AFTER_SUNDAY_MS: i64 = 4 * DAY_MS;

impl Maintenance {
    /// When the window that is open at `now` ends; `None`: it is not open.
    pub fn open_until(&self, now: Timestamp) -> Option<Timestamp> {
        let (from, length) = match self {
            Self::Once(window) => (window.from, window.length),
            Self::Weekly(window) => (window.began(now)?, window.length),
        };
        let until = after(from, length);
        (from <= now && now < until).then_some(until)
    }

    /// What is done then.
    pub fn reason(&self) -> &str {
        match self {
            Self::Once(window) => &window.reason,
            Self::Weekly(window) => &window.reason,
        }
    }

    /// How long it lasts.
    pub fn length(&self) -> Span {
        match self {
            Self::Once(window) => window.length,
            Self::Weekly(window) => window.length,
        }
    }
}

impl WeeklyWindow {
    /// Its last beginning at or before `now`.
    fn began(&self, now: Timestamp) -> Option<Timestamp> {
        let starts = i64::try_from(self.starts.as_millis()).ok()?;
        let offset = (self.day as i64) * DAY_MS + starts;
        let into = (now.as_millisecond() + EPOCH_AFTER_SUNDAY_MS - offset).rem_euclid(WEEK_MS);
        Timestamp::from_millisecond(now.as_millisecond() - into).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn sunday_night() -> Maintenance {
        Maintenance::Weekly(WeeklyWindow {
            day: Weekday::Sunday,
            starts: Span::minutes(23 * 60),
            length: Span::minutes(120),
            reason: "patches".to_owned(),
        })
    }

    #[test]
    fn a_weekly_window_reaches_into_the_next_day() {
        // 22 November 2026 is a Sunday.
        for (now, until) in [
            ("2026-11-22T22:59:59Z", None),
            ("2026-11-22T23:00:00Z", Some("2026-11-23T01:00:00Z")),
            ("2026-11-23T00:59:59Z", Some("2026-11-23T01:00:00Z")),
            ("2026-11-23T01:00:00Z", None),
            ("2026-11-25T23:30:00Z", None),
            ("1969-12-28T23:30:00Z", Some("1969-12-29T01:00:00Z")),
        ] {
            assert_eq!(sunday_night().open_until(at(now)), until.map(at), "{now}");
        }
    }

    #[test]
    fn a_single_window_is_open_from_its_first_instant_to_before_its_last() {
        let window = Maintenance::Once(OneWindow {
            from: at("2026-12-01T22:00:00Z"),
            length: Span::minutes(60),
            reason: "a move".to_owned(),
        });
        assert_eq!(window.open_until(at("2026-12-01T21:59:59Z")), None);
        assert!(window.open_until(at("2026-12-01T22:00:00Z")).is_some());
        assert_eq!(window.open_until(at("2026-12-01T23:00:00Z")), None);
    }

    proptest! {
        #[test]
        fn a_weekly_window_is_the_same_a_week_later(ms in -4_000_000_000_000i64..4_000_000_000_000) {
            let now = Timestamp::from_millisecond(ms).unwrap();
            let later = Timestamp::from_millisecond(ms + WEEK_MS).unwrap();
            prop_assert_eq!(
                sunday_night().open_until(now).is_some(),
                sunday_night().open_until(later).is_some()
            );
        }
    }
}
