//! A metric against a threshold, and against its own past.
//!
//! The past of a metric at this hour: of each of the last days the hour that ends at this time of day,
//! of each such hour the median of its minutes; of these values the median `m` and the median absolute
//! deviation `MAD`. The latest minute deviates when it is farther from `m` than
//! `times · 1.4826 · MAD` and farther than `at-least`. Medians, because one bad day in the past must
//! not hide the next one.

use serde::{Deserialize, Serialize};

use crate::evidence::looking::odd;
use crate::evidence::{Reading, Signs, Vote};
use crate::plan::{Deviation, MetricVoter, Voter};
use crate::time::{Span, Timestamp, since};
use crate::world::{Question, Seen, View};

/// The past changes with the hour: it is asked anew when it is older than this.
pub const BASELINE_AGE: Span = Span::minutes(30);
/// What is older than this was another hour's past.
pub const BASELINE_LAST: Span = Span::minutes(120);

/// Minutes of the present that are looked at: CloudWatch is a few minutes behind.
const PRESENT_MINUTES: u32 = 10;
/// An older minute is no present: the metric has stopped.
const PRESENT_AGE: Span = Span::minutes(6);
/// Minutes of each past day.
const PAST_MINUTES: u32 = 60;
/// Makes the MAD of normal values their standard deviation.
const NORMAL: f64 = 1.4826;

/// What a metric was at this hour in the past.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Baseline {
    /// Median of the days.
    pub median: f64,
    /// Median absolute deviation of the days.
    pub mad: f64,
    /// Days with data.
    pub samples: u32,
    /// When it was looked at.
    pub at: Timestamp,
}

fn series(voter: &MetricVoter, minutes: u32, days_ago: u32) -> Question {
    let dimensions = voter.dimensions.iter().map(|(n, v)| (n.clone(), v.clone())).collect();
    Question::Series {
        region: voter.region.clone(),
        namespace: voter.namespace.clone(),
        metric: voter.metric.clone(),
        dimensions,
        statistic: voter.statistic.clone(),
        period_seconds: 60,
        minutes,
        days_ago,
    }
}

pub(super) fn latest(voter: &MetricVoter) -> Question {
    series(voter, PRESENT_MINUTES, 0)
}

pub(super) fn past(voter: &Voter, deviation: &Deviation) -> Vec<Question> {
    let Voter::Metric(voter) = voter else { return Vec::new() };
    (1..=deviation.days.min(14)).map(|day| series(voter, PAST_MINUTES, day)).collect()
}

/// The past by what was seen of it; `None`: not one day was answered.
pub fn baseline(voter: &Voter, seen: &Seen, now: Timestamp) -> Option<Baseline> {
    let Voter::Metric(MetricVoter { deviation: Some(deviation), .. }) = voter else { return None };
    let mut days = Vec::new();
    let mut answered = false;
    for question in past(voter, deviation) {
        let Ok(View::Series(series)) = seen.get(&question) else { continue };
        answered = true;
        let mut minutes: Vec<f64> = series.samples.iter().map(|(_, value)| *value).collect();
        days.extend(median(&mut minutes));
    }
    if !answered {
        return None;
    }
    let samples = u32::try_from(days.len()).unwrap_or(u32::MAX);
    let middle = median(&mut days).unwrap_or_default();
    let mut distances: Vec<f64> = days.iter().map(|day| (day - middle).abs()).collect();
    let mad = median(&mut distances).unwrap_or_default();
    Some(Baseline { median: middle, mad, samples, at: now })
}

/// The middle value; `None` of nothing. What is no number is left out.
fn median(values: &mut Vec<f64>) -> Option<f64> {
    values.retain(|value| value.is_finite());
    values.sort_by(f64::total_cmp);
    let half = values.len() / 2;
    let upper = *values.get(half)?;
    if values.len() % 2 == 1 {
        return Some(upper);
    }
    Some(f64::midpoint(upper, *values.get(half.wrapping_sub(1))?))
}

pub(super) fn read(
    voter: &MetricVoter,
    seen: &Seen,
    baseline: Option<&Baseline>,
    now: Timestamp,
) -> Reading {
    let question = latest(voter);
    let series = match seen.get(&question) {
        Err(blind) => return Reading::blind(blind.to_string()),
        Ok(View::Series(series)) => series,
        Ok(other) => return Reading::blind(odd(&question, other)),
    };
    let Some((at, value)) = series.samples.iter().rfind(|(_, v)| v.is_finite()).copied() else {
        return Reading::blind(format!("{question}: no datum in {PRESENT_MINUTES} minutes"));
    };
    let age = since(at, now);
    if age > PRESENT_AGE {
        return Reading::blind(format!("{question}: the latest datum is {age} old"));
    }
    let mut signs = Signs::default();
    signs.metrics.insert(voter.metric.clone(), value);
    let crossed = voter.threshold.as_ref().and_then(|t| t.crossed(value));
    if let Some(bound) = crossed {
        return Reading::new(Vote::Unhealthy, format!("{question} is {value}, {bound}"))
            .with(signs);
    }
    let by_past = voter.deviation.as_ref().map(|d| deviates(d, baseline, value));
    let reading = match by_past {
        None => Reading::new(Vote::Healthy, format!("{question} is {value}")),
        Some(Ok((true, words))) => {
            Reading::new(Vote::Unhealthy, format!("{question} is {value}, {words}"))
        }
        Some(Ok((false, words))) => {
            Reading::new(Vote::Healthy, format!("{question} is {value}, {words}"))
        }
        // The threshold alone has judged it well; only the past is not known.
        Some(Err(why)) if voter.threshold.is_some() => {
            Reading::new(Vote::Healthy, format!("{question} is {value}; {why}"))
        }
        Some(Err(why)) => Reading::blind(format!("{question} is {value}; {why}")),
    };
    reading.with(signs)
}

fn deviates(
    deviation: &Deviation,
    baseline: Option<&Baseline>,
    value: f64,
) -> Result<(bool, String), String> {
    let Some(past) = baseline else { return Err("its past has not been seen".to_owned()) };
    if past.samples < deviation.min_samples {
        return Err(format!(
            "its past has {} days at this hour, fewer than {}",
            past.samples, deviation.min_samples
        ));
    }
    let distance = (value - past.median).abs();
    let line = (deviation.times * NORMAL * past.mad).max(deviation.at_least);
    let words = format!(
        "{distance:.3} from its median of {} days at this hour, {:.3} (MAD {:.3}, line {line:.3})",
        past.samples, past.median, past.mad
    );
    Ok((distance > line, words))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn deviation() -> Deviation {
        Deviation { times: 5.0, at_least: 2.0, days: 14, min_samples: 7 }
    }

    fn of(days: &[f64]) -> Baseline {
        let mut days = days.to_vec();
        let samples = days.len() as u32;
        let middle = median(&mut days).unwrap();
        let mut distances: Vec<f64> = days.iter().map(|d| (d - middle).abs()).collect();
        let mad = median(&mut distances).unwrap();
        Baseline { median: middle, mad, samples, at: Timestamp::UNIX_EPOCH }
    }

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median(&mut vec![]), None);
        assert_eq!(median(&mut vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&mut vec![4.0, 1.0, 3.0, 2.0]), Some(2.5));
        assert_eq!(median(&mut vec![f64::NAN, 1.0]), Some(1.0));
    }

    #[test]
    fn a_number_far_from_its_own_past_deviates() {
        let past = of(&[10.0, 11.0, 9.0, 10.0, 12.0, 8.0, 10.0]);
        assert_eq!((past.median, past.mad), (10.0, 1.0));
        let judged = |value| deviates(&deviation(), Some(&past), value).unwrap().0;
        // The line is 5 · 1.4826 · 1.
        assert!(!judged(17.4));
        assert!(judged(17.5));
        assert!(judged(2.5));
    }

    #[test]
    fn one_bad_day_in_the_past_moves_nothing() {
        let calm = of(&[10.0, 11.0, 9.0, 10.0, 12.0, 8.0, 10.0]);
        let with_a_bad_day = of(&[10.0, 11.0, 9.0, 10.0, 12.0, 8.0, 500.0]);
        assert_eq!(calm.median, with_a_bad_day.median);
        assert_eq!(calm.mad, with_a_bad_day.mad);
    }

    #[test]
    fn a_flat_past_makes_no_trifle_an_alarm_and_a_short_one_says_nothing() {
        let flat = of(&[10.0; 14]);
        assert!(!deviates(&deviation(), Some(&flat), 12.0).unwrap().0);
        assert!(deviates(&deviation(), Some(&flat), 12.1).unwrap().0);
        assert!(deviates(&deviation(), Some(&of(&[10.0; 6])), 99.0).is_err());
        assert!(deviates(&deviation(), None, 99.0).is_err());
    }

    proptest! {
        #[test]
        fn the_order_of_the_days_does_not_matter(
            days in proptest::collection::vec(0.0f64..1e6, 1..15), value in 0.0f64..1e6
        ) {
            let mut turned = days.clone();
            turned.reverse();
            let judge = |days: &[f64]| deviates(&deviation(), Some(&of(days)), value);
            prop_assert_eq!(judge(&days), judge(&turned));
        }

        #[test]
        fn the_median_itself_never_deviates(days in proptest::collection::vec(0.0f64..1e6, 7..15)) {
            let past = of(&days);
            prop_assert!(!deviates(&deviation(), Some(&past), past.median).unwrap().0);
        }
    }
}
