//! Wires the verbs and the functions of the deployment to AWS.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use leeward_aws::{
    AwsProvisions, Clients, DynamoAside, DynamoTable, LambdaProvisioner, LambdaWords, OsNonces,
    SfnExecutions, SnsPublisher, World, caller,
};
use leeward_cli::args::Settings;
use leeward_cli::exit::Trouble;
use leeward_cli::office::{Office, Rest};
use leeward_cli::run::{Handler, Handlers};
use leeward_core::contract::StepOutput;
use leeward_core::error::StepError;
use leeward_core::ids::{Actor, Region};
use leeward_core::time::{Span, Timestamp};
use leeward_detector::Detector;
use leeward_ports::{Executions, Gauges, Identity, Provisioner, SigningKey, Words};
use leeward_reconcile::Desk;
use serde_json::Value;

/// The office and the functions, over AWS. Calls nobody.
pub async fn wire(settings: &Settings) -> Result<(Office, Handlers), Trouble> {
    let region =
        Region::new(needed(&settings.table_region, "--table-region", "LEEWARD_TABLE_REGION")?);
    let table = needed(&settings.table, "--table", "LEEWARD_TABLE")?;
    let own = functions_settings(settings)?;
    let clients = Clients::load().await.with_loopback(own.loopback);
    let world = World::builder(&clients)
        .lease()
        .rds()
        .global()
        .tables()
        .metrics()
        .sql()
        .groups()
        .writer_groups()
        .instances()
        .ingress()
        .networks()
        .ecs()
        .functions()
        .targets()
        .records()
        .authority()
        .names()
        .http()
        .build();
    let aside = Arc::new(DynamoAside::new(&clients, &region, table));
    let table = DynamoTable::new(&clients, &region, table);
    let desk = Desk::new(Arc::new(table), Arc::new(world), Arc::new(OsNonces), own.limits());
    let executions: Option<Arc<dyn Executions>> = match settings.state_machine.as_str() {
        "" => None,
        arn => Some(Arc::new(SfnExecutions::new(&clients, arn))),
    };
    let topic = Some(settings.topic.clone()).filter(|t| !t.is_empty());
    let desk = desk.telling(Arc::new(SnsPublisher::new(&clients, own.webhook_key.clone())), topic);
    let handlers = handlers(&clients, &desk, executions.clone(), &own);
    let provisioner: Option<Arc<dyn Provisioner>> = match settings.provisioner.as_str() {
        "" => None,
        arn => Some(Arc::new(LambdaProvisioner::new(&clients, arn))),
    };
    let words: Option<Arc<dyn Words>> = match settings.words.as_str() {
        "" => None,
        arn => Some(Arc::new(LambdaWords::new(&clients, arn))),
    };
    let office = Office {
        desk,
        executions,
        identity: Arc::new(Caller { clients: clients.clone(), region }),
        provisions: Arc::new(AwsProvisions::new(&clients)),
        provisioner,
        words,
        aside,
        rest: Arc::new(Real),
    };
    Ok((office, handlers))
}

fn needed<'a>(value: &'a str, flag: &str, variable: &str) -> Result<&'a str, Trouble> {
    if value.is_empty() {
        return Err(Trouble::invalid(format!(
            "{flag} (or {variable}) is not set: it is an output of the deployed stack"
        )));
    }
    Ok(value)
}

/// What the functions are told, so that both judge alike.
fn functions_settings(settings: &Settings) -> Result<leeward_lambda::Settings, Trouble> {
    #[cfg(debug_assertions)]
    let (request_life, loopback) =
        (settings.request_life.map(Span::seconds), settings.loopback == "yes");
    #[cfg(not(debug_assertions))]
    let (request_life, loopback): (Option<Span>, bool) = (None, false);
    let webhook_key = match settings.webhook_secret.as_str() {
        "" => None,
        secret => Some(
            SigningKey::parse(secret)
                .map_err(|wrong| Trouble::invalid(format!("LEEWARD_WEBHOOK_SECRET: {wrong}")))?,
        ),
    };
    Ok(leeward_lambda::Settings {
        table: settings.table.clone(),
        table_region: Region::new(settings.table_region.as_str()),
        state_machine_arn: settings.state_machine.clone(),
        topic_arn: settings.topic.clone(),
        watcher_region: None,
        orders: true,
        webhook_key,
        loopback,
        request_life,
    })
}

/// Each function as it is deployed, in this process.
fn handlers(
    clients: &Clients,
    desk: &Desk,
    executions: Option<Arc<dyn Executions>>,
    settings: &leeward_lambda::Settings,
) -> Handlers {
    let topic = Some(settings.topic_arn.clone()).filter(|t| !t.is_empty());
    let publisher = Arc::new(SnsPublisher::new(clients, settings.webhook_key.clone()));
    let detector = Arc::new(Detector {
        desk: desk.clone(),
        // Without a name every look and start is answered by an error, which the detector bears.
        executions: executions.unwrap_or_else(|| Arc::new(SfnExecutions::new(clients, ""))),
        publisher: publisher.clone(),
        gauges: Arc::new(Quiet),
        system_topic: topic.clone(),
        watcher_region: None,
        orders: true,
    });
    let detect: Handler = Arc::new(move |event| {
        let detector = detector.clone();
        Box::pin(async move { leeward_detector::handle(&detector, &event).await })
    });
    let own = desk.clone();
    let tell: Handler = Arc::new(move |event| {
        let (desk, publisher, topic) = (own.clone(), publisher.clone(), topic.clone());
        Box::pin(async move {
            let told =
                leeward_notifier::handle(&desk, publisher.as_ref(), topic.as_deref(), &event);
            json(told.await)
        })
    });
    Handlers::from([
        ("DetectorFunction", detect),
        ("DbFailoverFunction", step(desk, |d, e| Box::pin(leeward_db_failover::handle(d, e)))),
        ("RestoreFunction", step(desk, |d, e| Box::pin(leeward_restore::handle(d, e)))),
        ("DnsFailoverFunction", step(desk, |d, e| Box::pin(leeward_dns_failover::handle(d, e)))),
        ("ValidatorFunction", step(desk, |d, e| Box::pin(leeward_validator::handle(d, e)))),
        ("NotifierFunction", tell),
    ])
}

type StepHandle = for<'a> fn(&'a Desk, &'a Value) -> BoxFuture<'a, Result<StepOutput, StepError>>;

fn step(desk: &Desk, handle: StepHandle) -> Handler {
    let desk = desk.clone();
    Arc::new(move |event| {
        let desk = desk.clone();
        Box::pin(async move { json(handle(&desk, &event).await) })
    })
}

fn json(output: Result<StepOutput, StepError>) -> Result<Value, StepError> {
    serde_json::to_value(output?)
        .map_err(|e| StepError::InvalidInput(format!("an answer cannot be written: {e}")))
}

/// Waits really.
struct Real;

#[async_trait]
impl Rest for Real {
    #[expect(clippy::disallowed_methods, reason = "a terminal waits itself; no function does")]
    async fn rest(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// A terminal's output is for people: numbers about Leeward are the functions' to emit.
struct Quiet;

impl Gauges for Quiet {
    fn emit(&self, _: Timestamp, _: Option<&str>, _: &'static str, _: f64) {}
}

/// The STS caller.
struct Caller {
    clients: Clients,
    region: Region,
}

#[async_trait]
impl Identity for Caller {
    async fn caller(&self) -> Result<Actor, String> {
        caller(&self.clients, &self.region).await
    }
}
