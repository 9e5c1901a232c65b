//! Metrics by embedded format: a line in the log becomes a metric, without a call.

use leeward_core::time::Timestamp;
use leeward_ports::Gauges;
use serde_json::{Map, Value, json};

/// Namespace of all metrics of Leeward.
pub const NAMESPACE: &str = "Leeward";

/// Gauges by embedded format.
#[derive(Debug, Clone, Copy)]
pub struct Emf;

impl Gauges for Emf {
    fn emit(&self, at: Timestamp, workload: Option<&str>, name: &'static str, value: f64) {
        let dimensions: Vec<(&str, &str)> = workload.map(|w| ("Workload", w)).into_iter().collect();
        emit(at, &dimensions, &[Metric { name, unit: Unit::Count, value }]);
    }
}

/// Unit of a metric, as CloudWatch names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "CloudWatch's own names")]
pub enum Unit {
    Count,
    Seconds,
    Milliseconds,
}

impl Unit {
    fn as_str(self) -> &'static str {
        match self {
            Self::Count => "Count",
            Self::Seconds => "Seconds",
            Self::Milliseconds => "Milliseconds",
        }
    }
}

/// One metric and its value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Metric<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its unit.
    pub unit: Unit,
    /// Its value.
    pub value: f64,
}

/// Emits metrics of one instant under the same dimensions.
pub fn emit(at: Timestamp, dimensions: &[(&str, &str)], metrics: &[Metric<'_>]) {
    // The log's own line, not an event: CloudWatch reads this format only at a line's top level.
    println!("{}", line(at, dimensions, metrics));
}

fn line(at: Timestamp, dimensions: &[(&str, &str)], metrics: &[Metric<'_>]) -> Value {
    let names: Vec<&str> = dimensions.iter().map(|(name, _)| *name).collect();
    let declared: Vec<Value> =
        metrics.iter().map(|m| json!({"Name": m.name, "Unit": m.unit.as_str()})).collect();
    // Alarms watch the number over all workloads; people look at one of them.
    let sets = if names.is_empty() { json!([[]]) } else { json!([[], names]) };
    let mut line = Map::new();
    line.insert(
        "_aws".to_owned(),
        json!({
            "Timestamp": at.as_millisecond(),
            "CloudWatchMetrics": [
                {"Namespace": NAMESPACE, "Dimensions": sets, "Metrics": declared}
            ],
        }),
    );
    line.extend(dimensions.iter().map(|(name, value)| ((*name).to_owned(), json!(value))));
    line.extend(metrics.iter().map(|m| (m.name.to_owned(), json!(m.value))));
    Value::Object(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_declares_what_it_carries() {
        let at = Timestamp::from_millisecond(1_700_000_000_000).unwrap();
        let metrics = [
            Metric { name: "Heartbeat", unit: Unit::Count, value: 1.0 },
            Metric { name: "RecoverySeconds", unit: Unit::Seconds, value: 62.5 },
        ];
        assert_eq!(
            line(at, &[("Workload", "orders")], &metrics),
            json!({
                "_aws": {
                    "Timestamp": 1_700_000_000_000_u64,
                    "CloudWatchMetrics": [{
                        "Namespace": "Leeward",
                        "Dimensions": [[], ["Workload"]],
                        "Metrics": [
                            {"Name": "Heartbeat", "Unit": "Count"},
                            {"Name": "RecoverySeconds", "Unit": "Seconds"}
                        ]
                    }]
                },
                "Workload": "orders",
                "Heartbeat": 1.0,
                "RecoverySeconds": 62.5
            })
        );
    }
}
