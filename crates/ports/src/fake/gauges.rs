//! Gauges that keep what was emitted.

use std::sync::{Arc, Mutex};

use leeward_core::time::Timestamp;

use super::clock::locked;
use crate::Gauges;

/// One number as it was emitted.
#[derive(Debug, Clone, PartialEq)]
pub struct Gauged {
    /// Its instant.
    pub at: Timestamp,
    /// The workload; `None`: Leeward as a whole.
    pub workload: Option<String>,
    /// Its name.
    pub name: &'static str,
    /// The number.
    pub value: f64,
}

/// Gauges in memory. Clones are the same.
#[derive(Debug, Clone, Default)]
pub struct FakeGauges(Arc<Mutex<Vec<Gauged>>>);

impl FakeGauges {
    /// What was emitted, in order.
    pub fn emitted(&self) -> Vec<Gauged> {
        locked(&self.0).clone()
    }
}

impl Gauges for FakeGauges {
    fn emit(&self, at: Timestamp, workload: Option<&str>, name: &'static str, value: f64) {
        let workload = workload.map(str::to_owned);
        locked(&self.0).push(Gauged { at, workload, name, value });
    }
}
