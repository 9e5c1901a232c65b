//! Instants as AWS writes them.

use jiff::fmt::rfc2822::DateTimeParser;

use crate::time::Timestamp;

/// An instant in ISO 8601 or RFC 2822. The weekday of the latter is redundant and not compared: AWS's own
/// samples of Health events have the wrong one (`Thu, 27 Jan 2023` was a Friday).
pub(super) fn instant(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let without_weekday = match text.split_once(',') {
        Some((day, rest)) if is_weekday(day) => rest.trim_start(),
        _ => text,
    };
    let zoned = || DateTimeParser::new().parse_timestamp(without_weekday).ok();
    text.parse().ok().or_else(zoned)
}

fn is_weekday(text: &str) -> bool {
    ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
        .iter()
        .any(|day| text.trim().eq_ignore_ascii_case(day))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_weekday_makes_no_date_unreadable() {
        for (text, expected) in [
            ("Fri, 27 Jan 2023 13:19:03 GMT", "2023-01-27T13:19:03Z"),
            ("Thu, 27 Jan 2023 13:19:03 GMT", "2023-01-27T13:19:03Z"),
            ("Sat, 05 Jun 2016 15:10:09 GMT", "2016-06-05T15:10:09Z"),
            ("27 Jan 2023 13:19:03 +0100", "2023-01-27T12:19:03Z"),
            ("2023-01-27T13:19:03Z", "2023-01-27T13:19:03Z"),
        ] {
            assert_eq!(instant(text), Some(expected.parse().unwrap()), "{text}");
        }
        for text in [
            "",
            "noon",
            "Thu, noon",
            "Thursday, 27 Jan 2023 13:19:03 GMT",
            "Thu, 31 Feb 2023 13:19:03 GMT",
        ] {
            assert_eq!(instant(text), None, "{text}");
        }
    }
}
