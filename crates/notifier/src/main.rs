//! Wiring, and nothing else.

use std::sync::Arc;

use leeward_aws::{Clients, DynamoTable, OsNonces, SnsPublisher, StsWitness, World};
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
    let world = World::builder(&clients).build();
    let limits = settings.limits();
    let desk = &Desk::new(Arc::new(table), Arc::new(world), Arc::new(OsNonces), limits);
    let publisher = &SnsPublisher::new(&clients, settings.webhook_key.clone());
    let topic = settings.topic_arn.as_str();
    let witness = &StsWitness::new(&clients);
    leeward_lambda::run(|event, call| async move {
        let (tells, hears) = ((publisher as _, Some(topic)), (witness as _, &*call.function_arn));
        leeward_notifier::called(desk, tells, hears, &event).await
    })
    .await
}
