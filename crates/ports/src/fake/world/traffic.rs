//! Metric → alarm → health check → name, latched.
//!
//! | behaviour | source |
//! |---|---|
//! | the health check judges the alarm's data stream, not its state | Creating Amazon Route 53 health checks, CloudWatch alarms |
//! | data of one minute are one point, here by the statistic `Maximum` | CloudWatch concepts, periods |
//! | no data: the last state stays (`TreatMissingData: ignore`, `LastKnownStatus`) | same pages |

use std::collections::BTreeMap;

use leeward_core::ids::{Region, Side, Text};
use leeward_core::time::Timestamp;
use leeward_core::world::Change;

use super::change::{Answer, refused};
use super::state::{Due, State};

/// One stop metric and what follows it.
#[derive(Debug, Clone)]
pub(super) struct StopControl {
    pub(super) region: Region,
    pub(super) namespace: Text,
    pub(super) metric: Text,
    pub(super) workload: Text,
    minutes: BTreeMap<i64, f64>,
    stopped: bool,
    resolved: Side,
}

impl StopControl {
    pub(super) fn new(region: &Region, namespace: &str, metric: &str, workload: &str) -> Self {
        Self {
            region: region.clone(),
            namespace: namespace.into(),
            metric: metric.into(),
            workload: workload.into(),
            minutes: BTreeMap::new(),
            stopped: false,
            resolved: Side::Primary,
        }
    }

    /// The side that names resolve to.
    pub(super) fn side(&self) -> Side {
        self.resolved
    }

    pub(super) fn is(&self, region: &Region, namespace: &str, metric: &str) -> bool {
        self.region == *region && self.namespace == namespace && self.metric == metric
    }

    /// The latest datum and the minute it belongs to.
    pub(super) fn latest(&self) -> Option<(f64, Timestamp)> {
        let (minute, value) = self.minutes.last_key_value()?;
        Timestamp::from_second(minute.saturating_mul(60)).ok().map(|at| (*value, at))
    }
}

impl State {
    pub(super) fn put_metric(&mut self, change: &Change) -> Answer {
        let Change::PutMetric { region, namespace, metric, workload, value, at } = change else {
            return refused("InvalidParameterValue", "not a datum");
        };
        let found = self
            .controls
            .iter_mut()
            .enumerate()
            .find(|(_, c)| c.is(region, namespace, metric) && c.workload == *workload);
        // CloudWatch takes any metric; this one is nobody's.
        let Some((index, control)) = found else { return Ok(true) };
        let before = control.latest().map(|(v, _)| v);
        let minute = at.as_second().div_euclid(60);
        let point = control.minutes.entry(minute).or_insert(*value);
        *point = point.max(*value);
        let changed = control.latest().map(|(v, _)| v) != before;
        self.later(self.habits.evaluation, Due::Judge(index));
        Ok(changed)
    }

    /// The health check looks at the data stream.
    pub(super) fn judge(&mut self, index: usize) {
        let Some(control) = self.controls.get_mut(index) else { return };
        let Some((value, _)) = control.latest() else { return };
        let stopped = value >= 1.0;
        if stopped != control.stopped {
            control.stopped = stopped;
            self.later(self.habits.resolution, Due::Resolve(index));
        }
    }

    /// Names resolve as the health check says by now.
    pub(super) fn resolve(&mut self, index: usize) {
        if let Some(control) = self.controls.get_mut(index) {
            control.resolved = if control.stopped { Side::Standby } else { Side::Primary };
        }
    }
}
