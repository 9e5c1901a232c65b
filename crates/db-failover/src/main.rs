//! Wiring, and nothing else.

use std::sync::Arc;

use leeward_aws::{AwsProvisions, Clients, DynamoTable, OsNonces, SnsPublisher, World};
use leeward_lambda::Settings;
use leeward_lambda::settings::TOPIC_ARN;
use leeward_reconcile::Desk;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), leeward_lambda::Error> {
    leeward_lambda::start_logging();
    let settings = match Settings::from_process(&[TOPIC_ARN]) {
        Ok(settings) => settings,
        Err(problems) => return leeward_lambda::refuse(problems).await,
    };
    let clients = Clients::of_function().with_loopback(settings.loopback);
    let table = DynamoTable::new(&clients, &settings.table_region, &settings.table);
    let world = World::builder(&clients)
        .lease()
        .rds()
        .global()
        .tables()
        .groups()
        .writer_groups()
        .ingress()
        .networks()
        .sql()
        .build();
    let limits = settings.limits();
    let desk = Desk::new(Arc::new(table), Arc::new(world), Arc::new(OsNonces), limits);
    let publisher = Arc::new(SnsPublisher::new(&clients, settings.webhook_key.clone()));
    let desk = &desk.telling(publisher, Some(settings.topic_arn));
    let provisions = &AwsProvisions::new(&clients);
    leeward_lambda::run(|event, _| async move {
        leeward_db_failover::called(desk, provisions, &event).await
    })
    .await
}
