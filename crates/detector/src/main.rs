//! Wiring, and nothing else.

use std::sync::Arc;

use leeward_aws::{Clients, DynamoTable, OsNonces, SfnExecutions, SnsPublisher, World};
use leeward_detector::{Detector, handle};
use leeward_lambda::Settings;
use leeward_lambda::metrics::Emf;
use leeward_lambda::settings::{STATE_MACHINE_ARN, TOPIC_ARN};
use leeward_reconcile::Desk;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), leeward_lambda::Error> {
    leeward_lambda::start_logging();
    let settings = match Settings::from_process(&[STATE_MACHINE_ARN, TOPIC_ARN]) {
        Ok(settings) => settings,
        Err(problems) => return leeward_lambda::refuse(problems).await,
    };
    let clients = Clients::of_function().with_loopback(settings.loopback);
    let table = DynamoTable::new(&clients, &settings.table_region, &settings.table);
    let world = World::builder(&clients)
        .lease()
        .metrics()
        .rds()
        .global()
        .tables()
        .groups()
        .writer_groups()
        .ingress()
        .networks()
        .instances()
        .targets()
        .ecs()
        .functions()
        .records()
        .sql()
        .names()
        .http()
        .build();
    let limits = settings.limits();
    let publisher = Arc::new(SnsPublisher::new(&clients, settings.webhook_key.clone()));
    let topic = Some(settings.topic_arn.clone());
    let desk = Desk::new(Arc::new(table), Arc::new(world), Arc::new(OsNonces), limits);
    let detector = &Detector {
        desk: desk.telling(publisher.clone(), topic.clone()),
        executions: Arc::new(SfnExecutions::new(&clients, &settings.state_machine_arn)),
        publisher,
        gauges: Arc::new(Emf),
        system_topic: topic,
        watcher_region: settings.watcher_region.clone(),
        orders: settings.orders,
    };
    leeward_lambda::run(|event, _| async move { handle(detector, &event).await }).await
}
