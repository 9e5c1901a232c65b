//! Real SDK clients over a wire that answers from a script. An empty script proves that nothing is
//! called: a request beyond the script's end fails the test.

mod answers;
mod authority;
mod cbor;
mod effects;
mod errors;
mod fences;
mod health;
mod health_replies;
mod looks;
mod mutes;
mod operations;
mod people;
mod record_sets;
mod repairs;
mod table;
mod wire;
mod words;

use std::time::Duration;

use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_smithy_async::rt::sleep::{AsyncSleep, SharedAsyncSleep, Sleep, default_async_sleep};
use leeward_core::time::Timestamp;
use leeward_ports::Frozen;

use crate::Clients;
use wire::{Reply, Wire};

/// A sleep that is over at once, so that every time-out strikes as soon as an answer is waited for.
/// It yields first: a future that only gives way to others is not one that waits for an answer.
#[derive(Debug, Clone)]
struct NoPatience;

impl AsyncSleep for NoPatience {
    fn sleep(&self, _: Duration) -> Sleep {
        Sleep::new(async {
            for _ in 0..8 {
                tokio::task::yield_now().await;
            }
        })
    }
}

fn clients(script: Vec<Reply>) -> (Clients, Wire) {
    let patience = default_async_sleep().expect("tokio's sleep");
    over(script, patience)
}

fn impatient_clients(script: Vec<Reply>) -> (Clients, Wire) {
    over(script, SharedAsyncSleep::new(NoPatience))
}

fn over(script: Vec<Reply>, sleep: SharedAsyncSleep) -> (Clients, Wire) {
    let wire = Wire::new(script);
    let config = base()
        .into_builder()
        .credentials_provider(keys())
        .http_client(wire.clone())
        .sleep_impl(sleep);
    (Clients::over(config.build()), wire)
}

/// Clients that speak to a true address.
fn real_clients(endpoint: &str) -> Clients {
    let sleep = default_async_sleep().expect("tokio's sleep");
    let config =
        base().into_builder().credentials_provider(keys()).endpoint_url(endpoint).sleep_impl(sleep);
    Clients::over(config.build())
}

/// Clients whose credentials cannot be loaded.
fn clients_without_keys(script: Vec<Reply>) -> (Clients, Wire) {
    let wire = Wire::new(script);
    let sleep = default_async_sleep().expect("tokio's sleep");
    let none = SharedCredentialsProvider::new(NoKeys);
    let config = base()
        .into_builder()
        .credentials_provider(none)
        .http_client(wire.clone())
        .sleep_impl(sleep);
    (Clients::over(config.build()), wire)
}

#[derive(Debug)]
struct NoKeys;

impl ProvideCredentials for NoKeys {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::ready(Err(CredentialsError::not_loaded("there are none")))
    }
}

fn base() -> SdkConfig {
    SdkConfig::builder().behavior_version(aws_config::BehaviorVersion::v2026_01_12()).build()
}

fn keys() -> SharedCredentialsProvider {
    let session = Some("session".to_owned());
    let keys = Credentials::new("AKIDEXAMPLE", "secret", session, None, "test");
    SharedCredentialsProvider::new(keys)
}

/// 2023-11-14T22:13:20Z, years before any clock that runs this test.
const FROZEN_MS: i64 = 1_700_000_000_000;
const FROZEN_SIGNED: &str = "20231114T221320Z";

fn frozen() -> Frozen {
    Frozen(Timestamp::from_millisecond(FROZEN_MS).expect("an instant"))
}

fn http_date() -> &'static str {
    "Tue, 14 Nov 2023 22:13:25 GMT"
}

fn http_instant() -> Timestamp {
    Timestamp::from_millisecond(FROZEN_MS + 5000).expect("an instant")
}
