//! Numbers about Leeward itself, for alarms.

use leeward_core::time::Timestamp;

/// Emits a number about Leeward. Never fails and never waits: a recovery does not depend on it.
pub trait Gauges: Send + Sync {
    /// One number at an instant, about one workload or (`None`) about Leeward as a whole.
    fn emit(&self, at: Timestamp, workload: Option<&str>, name: &'static str, value: f64);
}
