//! The functions of the deployment in this process, by the names that the definition has for them.

use std::sync::Arc;

use leeward_core::contract::StepOutput;
use leeward_core::error::StepError;
use leeward_core::limits::Limits;
use leeward_core::time::Timestamp;
use leeward_detector::Detector;
use leeward_ports::Gauges;
use leeward_ports::fake::{FakeExecutions, FakePublisher, FakeTable, FakeWorld, SeededNonces};
use leeward_reconcile::Desk;
use serde_json::Value;

/// The topic of Leeward itself.
pub const SYSTEM_TOPIC: &str = "arn:aws:sns:eu-west-1:123456789012:leeward";

struct Silent;

impl Gauges for Silent {
    fn emit(&self, _: Timestamp, _: Option<&str>, _: &'static str, _: f64) {}
}

/// A detector over fakes, whose desk the other functions share.
pub fn detector(
    table: &FakeTable,
    world: &FakeWorld,
    executions: &FakeExecutions,
    publisher: &FakePublisher,
) -> Detector {
    let nonces = Arc::new(SeededNonces::new(7));
    let desk = Desk::new(Arc::new(table.clone()), Arc::new(world.clone()), nonces, Limits::REAL);
    Detector {
        desk: desk.telling(Arc::new(publisher.clone()), Some(SYSTEM_TOPIC.to_owned())),
        executions: Arc::new(executions.clone()),
        publisher: Arc::new(publisher.clone()),
        gauges: Arc::new(Silent),
        system_topic: Some(SYSTEM_TOPIC.to_owned()),
        watcher_region: None,
        orders: true,
    }
}

/// Calls the function of that name.
pub async fn call(
    detector: &Detector,
    function: &str,
    payload: &Value,
) -> Result<Value, StepError> {
    let desk = &detector.desk;
    let topic = detector.system_topic.as_deref();
    let json = |output: StepOutput| {
        serde_json::to_value(output).map_err(|e| StepError::InvalidInput(e.to_string()))
    };
    match function {
        "${DetectorFunction}" => Box::pin(leeward_detector::handle(detector, payload)).await,
        "${DbFailoverFunction}" => {
            json(Box::pin(leeward_db_failover::handle(desk, payload)).await?)
        }
        "${RestoreFunction}" => json(Box::pin(leeward_restore::handle(desk, payload)).await?),
        "${DnsFailoverFunction}" => {
            json(Box::pin(leeward_dns_failover::handle(desk, payload)).await?)
        }
        "${ValidatorFunction}" => json(Box::pin(leeward_validator::handle(desk, payload)).await?),
        "${NotifierFunction}" => {
            let publisher = detector.publisher.as_ref();
            json(Box::pin(leeward_notifier::handle(desk, publisher, topic, payload)).await?)
        }
        other => Err(StepError::InvalidInput(format!("there is no function {other}"))),
    }
}
