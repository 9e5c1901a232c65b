//! Metrics and health checks that a test lays: voters' sources beside alarms.
//!
//! | behaviour | source |
//! |---|---|
//! | a datum stands at the start of its period; a period without data has none | GetMetricData |
//! | a metric that was never put has no data, and asking for it is no error | GetMetricData |
//! | `HealthCheckStatus` of a check is 1 or 0 each minute, in us-east-1; a check that is not there has no data | Route 53, Monitoring health checks using CloudWatch |

use std::collections::BTreeMap;

use leeward_core::ids::{Region, Text};
use leeward_core::time::{Span, Timestamp, after};
use leeward_core::world::{Question, SeriesView, View};

use super::alarms::Sight;
use super::outside::FakeWorld;
use super::state::State;

const DAY: Span = Span::minutes(24 * 60);

/// Region, namespace, name, dimensions.
type Name = (Region, Text, Text, Vec<(Text, Text)>);

/// What was laid.
#[derive(Debug, Clone, Default)]
pub(super) struct Gauges {
    /// Levels since the beginning and from each instant on; `None`: nobody puts data.
    metrics: BTreeMap<Name, Vec<(Timestamp, Option<f64>)>>,
    health_checks: BTreeMap<Text, Sight>,
}

/// What a test lays and sets.
impl FakeWorld {
    /// From now on the metric of that question (a `Series` or a `LatestMetric`) has that level; before
    /// the first call of this it always had. `None`: it is put no more.
    pub fn set_metric(&self, question: &Question, level: Option<f64>) {
        let mut inner = self.settled();
        let Some(name) = metric_of(question) else { return };
        let now = inner.state.now;
        inner.state.gauges.metrics.entry(name).or_default().push((now, level));
    }

    /// Lays a Route 53 health check, or sets how it sees.
    pub fn set_health_check(&self, id: &str, sight: Sight) {
        self.settled().state.gauges.health_checks.insert(id.into(), sight);
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "no other question names a metric")]
fn metric_of(question: &Question) -> Option<Name> {
    match question {
        Question::Series { region, namespace, metric, dimensions, .. }
        | Question::LatestMetric { region, namespace, metric, dimensions, .. } => {
            Some((region.clone(), namespace.clone(), metric.clone(), dimensions.clone()))
        }
        _ => None,
    }
}

impl State {
    fn level(&self, name: &Name, at: Timestamp) -> Option<f64> {
        let levels = self.gauges.metrics.get(name)?;
        let by_then = levels.iter().rev().find(|(from, _)| *from <= at).or(levels.first());
        by_then.and_then(|(_, level)| *level)
    }

    /// The level of a metric that was laid; `None`: it was not.
    pub(super) fn laid_metric(&self, question: &Question) -> Option<Option<(f64, Timestamp)>> {
        let name = metric_of(question)?;
        self.gauges
            .metrics
            .contains_key(&name)
            .then(|| self.level(&name, self.now).map(|level| (level, self.now)))
    }

    /// One datum for each whole period of the window; `other` answers for metrics that were not laid.
    pub(super) fn see_series(&self, question: &Question, other: Option<f64>) -> View {
        let Question::Series { period_seconds, minutes, days_ago, .. } = question else {
            return View::Series(SeriesView::default());
        };
        let name = metric_of(question).filter(|name| self.gauges.metrics.contains_key(name));
        let period = Span::seconds(u64::from(*period_seconds).max(1));
        let back = DAY.as_millis() * u64::from(*days_ago);
        let length = u64::from(*minutes) * 60_000;
        let end = before(self.now, back);
        let mut at = before(end, length);
        let mut samples = Vec::new();
        while after(at, period) <= end {
            let level = match &name {
                Some(name) => self.level(name, at),
                None => other,
            };
            samples.extend(level.map(|level| (at, level)));
            at = after(at, period);
        }
        View::Series(SeriesView { samples })
    }

    /// What a health check finds: who users are served by, or what a test has set.
    pub(super) fn health_check(&self, id: &str) -> Option<f64> {
        let well = match self.gauges.health_checks.get(id)? {
            Sight::Clear => matches!(self.served, Some(Some(_))),
            Sight::Outage => false,
            Sight::Blind => return None,
            Sight::Set(state) => *state == leeward_core::world::AlarmState::Ok,
        };
        Some(f64::from(u8::from(well)))
    }
}

fn before(at: Timestamp, ms: u64) -> Timestamp {
    let earlier = at.as_millisecond().saturating_sub(i64::try_from(ms).unwrap_or(i64::MAX));
    Timestamp::from_millisecond(earlier).unwrap_or(at)
}
