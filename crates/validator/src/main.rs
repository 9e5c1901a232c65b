//! Wiring, and nothing else.

use std::sync::Arc;

use leeward_aws::{Clients, DynamoTable, OsNonces, World};
use leeward_lambda::Settings;
use leeward_reconcile::Desk;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), leeward_lambda::Error> {
    leeward_lambda::start_logging();
    let settings = match Settings::from_process(&[]) {
        Ok(settings) => settings,
        Err(problems) => return leeward_lambda::refuse(problems).await,
    };
    let clients = Clients::of_function().with_loopback(settings.loopback);
    let table = DynamoTable::new(&clients, &settings.table_region, &settings.table);
    let world = World::builder(&clients)
        .http()
        .names()
        .rds()
        .global()
        .tables()
        .sql()
        .groups()
        .targets()
        .build();
    let limits = settings.limits();
    let desk = &Desk::new(Arc::new(table), Arc::new(world), Arc::new(OsNonces), limits);
    leeward_lambda::run(|event, _| async move { leeward_validator::handle(desk, &event).await })
        .await
}
