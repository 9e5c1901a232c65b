//! CloudWatch: alarms and metrics are read, and the stop metric is put.

use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::types::{
    AlarmMuteRuleStatus, AlarmMuteRuleSummary, AlarmType, CompositeAlarm, Dimension, Metric,
    MetricDataQuery, MetricDataResult, MetricDatum, MetricStat, ScanBy, StateValue, StatusCode,
};
use aws_smithy_types::DateTime;
use leeward_core::ids::{Region, Text};
use leeward_core::printable::{TEXT_MAX, kept};
use leeward_core::time::Timestamp;
use leeward_core::world::{
    AlarmState, AlarmView, Blind, Change, ChangeError, ChangeErrorKind, Question, Receipt,
    SeriesView, View,
};
use leeward_ports::Frozen;

use crate::Clients;
use crate::clients::{core_time, sdk_time, send_effect};
use crate::fault::Fault;
use crate::limits::{Limits, Pages};
use crate::world::{Part, not_asked_here, not_wired};

/// Granularity of the data that are read: the standard resolution.
const PERIOD_SECONDS: i32 = 60;
/// CloudWatch may answer pages without data; beyond this many there is nothing.
const PAGES_MAX: usize = 5;
const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Codes by which CloudWatch says that there are no mute rules, or none for this alarm.
const NO_RULES: [&str; 4] =
    ["InvalidAction", "ResourceNotFound", "ResourceNotFoundException", "UnknownOperationException"];
/// The stop metric's one dimension.
const WORKLOAD: &str = "Workload";

pub(crate) struct Metrics(Clients);

/// Where a metric is and how it is read.
struct Wanted<'a> {
    region: &'a Region,
    query: MetricDataQuery,
    minutes: u32,
    question: &'a Question,
}

impl Metrics {
    pub(crate) fn new(clients: &Clients) -> Self {
        Self(clients.clone())
    }

    async fn latest(&self, wanted: Wanted<'_>) -> Result<View, Blind> {
        let Wanted { region, query, minutes, question } = wanted;
        let client = self.0.client(region, Client::new);
        let end = self.0.window_end();
        let start = end - Duration::from_secs(u64::from(minutes) * 60);
        let mut next_token = None;
        for _ in 0..PAGES_MAX {
            let answer = client
                .get_metric_data()
                .metric_data_queries(query.clone())
                .start_time(start.into())
                .end_time(end.into())
                .scan_by(ScanBy::TimestampDescending)
                .set_next_token(next_token)
                .send()
                .await
                .map_err(|e| Fault::of(&e).blind(question))?;
            let latest = answer.metric_data_results().first();
            let datum = latest.and_then(|r| r.values().first().zip(r.timestamps().first()));
            if let Some((value, at)) = datum {
                let at = core_time(at).ok_or_else(|| {
                    Blind::new(format!("{question}: the datum's time {at} is no instant"))
                })?;
                return Ok(View::Number(Some((*value, at))));
            }
            next_token = answer.next_token().filter(|t| !t.is_empty()).map(str::to_owned);
            if next_token.is_none() {
                return Ok(View::Number(None));
            }
        }
        Err(Blind::new(format!("{question}: no datum in the first {PAGES_MAX} pages")))
    }

    async fn series(&self, question: &Question) -> Result<View, Blind> {
        let Question::Series {
            region,
            namespace,
            metric,
            dimensions,
            statistic,
            period_seconds,
            minutes,
            days_ago,
        } = question
        else {
            return Err(not_asked_here(question));
        };
        let period = i32::try_from(*period_seconds).map_err(|_| {
            Blind::new(format!("{question}: {period_seconds} s is no period of a metric"))
        })?;
        let query = query_of(namespace, metric, dimensions, statistic, period);
        let client = self.0.client(region, Client::new);
        let now =
            whole_periods(self.0.window_end(), Duration::from_secs(u64::from(*period_seconds)));
        let end = now - DAY.saturating_mul(*days_ago);
        let start = end - MINUTE.saturating_mul(*minutes);
        let pages = Pages::begin(&self.0);
        let mut all = Vec::new();
        let mut next_token = None;
        for _ in 0..PAGES_MAX {
            pages.next(question)?;
            let answer = client
                .get_metric_data()
                .metric_data_queries(query.clone())
                .start_time(start.into())
                .end_time(end.into())
                .scan_by(ScanBy::TimestampAscending)
                .set_next_token(next_token)
                .send()
                .await
                .map_err(|e| Fault::of(&e).blind(question))?;
            for result in answer.metric_data_results() {
                all.extend(samples(question, result)?);
            }
            next_token = answer.next_token().filter(|t| !t.is_empty()).map(str::to_owned);
            if next_token.is_none() {
                return Ok(View::Series(SeriesView { samples: all }));
            }
        }
        Err(Blind::new(format!("{question}: more than {PAGES_MAX} pages of data")))
    }

    async fn alarm(&self, question: &Question) -> Result<View, Blind> {
        let Question::Alarm { region, alarm } = question else {
            return Err(not_asked_here(question));
        };
        let answer = self
            .0
            .client(region, Client::new)
            .describe_alarms()
            .alarm_names(alarm.as_str())
            // Without both, composite alarms are left out.
            .alarm_types(AlarmType::MetricAlarm)
            .alarm_types(AlarmType::CompositeAlarm)
            .send()
            .await
            .map_err(|e| Fault::of(&e).blind(question))?;
        let metric =
            answer.metric_alarms().iter().find(|a| a.alarm_name() == Some(alarm)).map(|a| {
                let since = a.state_transitioned_timestamp().or(a.state_updated_timestamp());
                (a.state_value(), since, a.state_reason(), disabled(a.actions_enabled()))
            });
        let composite =
            answer.composite_alarms().iter().find(|a| a.alarm_name() == Some(alarm)).map(|a| {
                let since = a.state_transitioned_timestamp().or(a.state_updated_timestamp());
                let muted = disabled(a.actions_enabled()).or_else(|| suppressed(a));
                (a.state_value(), since, a.state_reason(), muted)
            });
        let Some((state, since, reason, muted)) = metric.or(composite) else {
            return Ok(View::Alarm(None));
        };
        let unusable = |what: &str| Blind::new(format!("{question}: the answer has no {what}"));
        let state = state.and_then(known).ok_or_else(|| unusable("state that is known here"))?;
        // A rule mutes the actions of a state that it expects. Well is well, muted or not.
        let muted = match muted {
            None if state == AlarmState::Alarm => self.mute_rule(region, alarm, question).await?,
            muted => muted,
        };
        Ok(View::Alarm(Some(AlarmView {
            state,
            since: since.and_then(core_time).ok_or_else(|| unusable("time of its state"))?,
            reason: kept(reason.unwrap_or_default(), TEXT_MAX),
            muted,
        })))
    }

    /// The mute rule that is active for an alarm. Whether it is muted has to be known: no answer is none.
    async fn mute_rule(
        &self,
        region: &Region,
        alarm: &Text,
        question: &Question,
    ) -> Result<Option<Text>, Blind> {
        let client = self.0.client(region, Client::new);
        let asked = client
            .list_alarm_mute_rules()
            .alarm_name(alarm.as_str())
            .statuses(AlarmMuteRuleStatus::Active)
            .send()
            .await;
        match asked.map_err(|e| Fault::of(&e)) {
            Ok(answer) => {
                // The filter is the service's; what it says of each is looked at all the same.
                let active = answer
                    .alarm_mute_rule_summaries()
                    .iter()
                    .find(|rule| matches!(rule.status(), Some(AlarmMuteRuleStatus::Active) | None));
                let name = |arn: &str| arn.rsplit(':').next().unwrap_or(arn).to_owned();
                let named = |rule: &AlarmMuteRuleSummary| {
                    rule.alarm_mute_rule_arn().map_or_else(String::new, name)
                };
                Ok(active.map(|rule| format!("by the mute rule {}", named(rule)).into()))
            }
            // A Region that has no such operation, or no such rule, mutes nothing.
            Err(fault) if NO_RULES.contains(&fault.code.as_str()) => Ok(None),
            Err(fault) => Err(fault.blind(question)),
        }
    }
}

/// Why the actions of an alarm are disabled.
fn disabled(enabled: Option<bool>) -> Option<Text> {
    (enabled == Some(false)).then(|| "its actions are disabled".into())
}

/// Why the actions of a composite alarm are suppressed: by its suppressor, while it waits for that one, or for
/// some time after it.
fn suppressed(alarm: &CompositeAlarm) -> Option<Text> {
    let by = alarm.actions_suppressed_by()?;
    let why = alarm.actions_suppressed_reason().unwrap_or_default();
    let words = format!("its actions are suppressed ({}): {why}", by.as_str());
    Some(kept(words.trim_end_matches(": "), TEXT_MAX))
}

/// A state that CloudWatch may have one day is not guessed at.
fn known(state: &StateValue) -> Option<AlarmState> {
    let states = [
        (StateValue::Ok, AlarmState::Ok),
        (StateValue::Alarm, AlarmState::Alarm),
        (StateValue::InsufficientData, AlarmState::InsufficientData),
    ];
    states.into_iter().find(|(theirs, _)| theirs == state).map(|(_, ours)| ours)
}

fn query_of(
    namespace: &str,
    metric: &str,
    dimensions: &[(Text, Text)],
    statistic: &str,
    period: i32,
) -> MetricDataQuery {
    let dimensions = dimensions.iter().map(|(name, value)| dimension(name, value)).collect();
    let metric = Metric::builder()
        .namespace(namespace)
        .metric_name(metric)
        .set_dimensions(Some(dimensions))
        .build();
    let stat = MetricStat::builder().metric(metric).period(period).stat(statistic).build();
    MetricDataQuery::builder().id("latest").metric_stat(stat).build()
}

/// The end of the last whole period before that instant: a sum over part of a period is no sum.
fn whole_periods(now: SystemTime, period: Duration) -> SystemTime {
    let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let over = since.as_secs() % period.as_secs().max(1);
    now - Duration::from_secs(over) - Duration::from_nanos(u64::from(since.subsec_nanos()))
}

/// What one page tells of the one metric that was asked for.
fn samples(question: &Question, result: &MetricDataResult) -> Result<Vec<(Timestamp, f64)>, Blind> {
    if let Some(StatusCode::Forbidden | StatusCode::InternalError) = result.status_code() {
        let messages = result.messages().iter().filter_map(|m| m.value());
        let words: Vec<&str> = messages.collect();
        let code = result.status_code().map_or("", |c| c.as_str());
        return Err(Blind::new(format!("{question}: {code}: {}", words.join("; "))));
    }
    let told = result.timestamps().iter().zip(result.values());
    let sample = |(at, value): (&DateTime, &f64)| {
        let at = core_time(at).ok_or_else(|| {
            Blind::new(format!("{question}: the datum's time {at} is no instant"))
        })?;
        Ok((at, *value))
    };
    told.map(sample).collect()
}

fn dimension(name: &str, value: &str) -> Dimension {
    Dimension::builder().name(name).value(value).build()
}

#[async_trait]
impl Part for Metrics {
    async fn look(&self, question: &Question) -> Result<View, Blind> {
        if let Question::Series { .. } = question {
            return self.series(question).await;
        }
        let Question::LatestMetric { region, namespace, metric, dimensions, minutes, statistic } =
            question
        else {
            return self.alarm(question).await;
        };
        let query = query_of(namespace, metric, dimensions, statistic, PERIOD_SECONDS);
        self.latest(Wanted { region, query, minutes: *minutes, question }).await
    }

    async fn change(&self, change: &Change, frozen: Frozen) -> Result<Receipt, ChangeError> {
        let Change::PutMetric { region, namespace, metric, workload, value, at } = change else {
            return Err(not_wired(change));
        };
        if !value.is_finite() {
            return Err(ChangeError {
                kind: ChangeErrorKind::Refused,
                code: "InvalidValue".into(),
                message: format!("{change}: {value} is no value of a metric; nothing was sent")
                    .into(),
            });
        }
        let datum = MetricDatum::builder()
            .metric_name(metric.as_str())
            .dimensions(dimension(WORKLOAD, workload))
            .value(*value)
            .timestamp(sdk_time(*at))
            .build();
        let put = self
            .0
            .client(region, Client::new)
            .put_metric_data()
            .namespace(namespace.as_str())
            .metric_data(datum);
        send_effect!(aws_sdk_cloudwatch, Limits::EFFECT, frozen, put)
    }
}
