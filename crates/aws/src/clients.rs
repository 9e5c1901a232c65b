//! The one place where SDK clients are made: behaviour, Region, time-outs and attempts are explicit.

use std::any::{Any, TypeId};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::default_async_sleep;
use aws_smithy_async::time::{SharedTimeSource, StaticTimeSource, SystemTimeSource};
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use leeward_core::ids::Region;
use leeward_core::time::Timestamp;
use leeward_ports::Frozen;

use crate::limits::Limits;
use crate::pace::Pace;
use crate::transport;

/// The Region that Route 53 and other partition-wide control planes live in.
pub(crate) const GLOBAL_REGION: &str = "us-east-1";

/// Clients of any service, by their type and Region.
type Made = BTreeMap<(TypeId, Region), Box<dyn Any + Send + Sync>>;

/// SDK clients, one for each service and Region, made when first used and kept.
///
/// Without `AWS_ENDPOINT_URL` they speak to AWS; with it, to what stands there. Credentials are loaded when
/// first needed.
#[derive(Clone)]
pub struct Clients {
    base: SdkConfig,
    made: Arc<Mutex<Made>>,
    zones: Arc<Pace>,
    loopback: bool,
}

impl fmt::Debug for Clients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clients")
    }
}

impl Clients {
    /// In a Lambda function: the keys that Lambda puts into its environment and, in a rehearsal, the endpoint.
    /// The SDK's whole chain (profiles, instance metadata, containers, STS) has nothing to find there;
    /// without it a function is smaller and starts sooner.
    pub fn of_function() -> Self {
        let keys = EnvironmentVariableCredentialsProvider::new();
        #[expect(clippy::disallowed_methods, reason = "as the SDK itself reads it")]
        let endpoint = std::env::var("AWS_ENDPOINT_URL").ok().filter(|url| !url.is_empty());
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(aws_config::Region::from_static(GLOBAL_REGION))
            .credentials_provider(SharedCredentialsProvider::new(keys))
            .http_client(transport::shared());
        let mut config = config.time_source(SystemTimeSource::new());
        config.set_sleep_impl(default_async_sleep());
        config.set_endpoint_url(endpoint);
        Self::over(config.build())
    }

    /// On a person's machine: whatever the SDK finds, from the environment, a profile or the instance. Calls
    /// nobody.
    pub async fn load() -> Self {
        let config = aws_config::defaults(BehaviorVersion::v2026_01_12())
            // Each client names its own Region; this one keeps the SDK from asking the instance.
            .region(aws_config::Region::from_static(GLOBAL_REGION))
            .http_client(transport::shared())
            .load()
            .await;
        Self::over(config)
    }

    /// Clients over a given configuration; limits are laid over it.
    pub(crate) fn over(config: SdkConfig) -> Self {
        let base = config
            .into_builder()
            .retry_config(Limits::LOOK.retries())
            .timeout_config(Limits::LOOK.timeouts())
            // Bodies are small and every attempt has its own limit; this one reads a clock that
            // stands still while an effect is sent.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .build();
        Self { base, made: Arc::default(), zones: Arc::default(), loopback: false }
    }

    /// Lets URLs lead to this machine itself: for rehearsals on one machine, never in a deployed function.
    pub fn with_loopback(mut self, loopback: bool) -> Self {
        self.loopback = loopback;
        self
    }

    /// What stands in AWS's place, in a rehearsal.
    pub(crate) fn endpoint(&self) -> Option<&str> {
        self.base.endpoint_url()
    }

    /// The keys that everything is signed with.
    pub(crate) fn credentials(&self) -> Option<SharedCredentialsProvider> {
        self.base.credentials_provider()
    }

    pub(crate) fn may_ask_loopback(&self) -> bool {
        self.loopback
    }

    /// The client of that service and Region.
    pub(crate) fn client<C>(&self, region: &Region, make: impl FnOnce(&SdkConfig) -> C) -> C
    where
        C: Clone + Send + Sync + 'static,
    {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let known = made.entry((TypeId::of::<C>(), region.clone())).or_insert_with(|| {
            let own = aws_config::Region::new(region.as_str().to_owned());
            Box::new(make(&self.base.clone().into_builder().region(own).build()))
        });
        match known.downcast_ref::<C>() {
            Some(client) => client.clone(),
            // The key holds the type, so this cannot be another one.
            None => unreachable!("a client is stored under its own type"),
        }
    }

    /// Waits for the next turn to ask Route 53 anything.
    pub(crate) async fn route_53_turn(&self) {
        self.zones.turn().await;
    }

    /// The local clock, for windows of metrics only: decisions rest on the table's own time.
    pub(crate) fn window_end(&self) -> SystemTime {
        self.local_time()
    }

    /// The local clock, for windows of metrics and for the date of a webhook's signature.
    pub(crate) fn local_time(&self) -> SystemTime {
        self.base
            .time_source()
            .unwrap_or_else(|| SharedTimeSource::new(SystemTimeSource::new()))
            .now()
    }
}

/// A clock that stands still at the instant that a request is to be signed with.
pub(crate) fn stopped_clock(frozen: Frozen) -> StaticTimeSource {
    StaticTimeSource::new(SystemTime::from(frozen.0))
}

/// An instant as the SDK's services write it.
pub(crate) fn sdk_time(at: Timestamp) -> aws_smithy_types::DateTime {
    aws_smithy_types::DateTime::from_millis(at.as_millisecond())
}

/// An instant of the SDK's services as the core writes it.
pub(crate) fn core_time(at: &aws_smithy_types::DateTime) -> Option<Timestamp> {
    Timestamp::from_millisecond(at.to_millis().ok()?).ok()
}

/// Configuration of a call that is sent once, signed with a frozen instant: one attempt, a clock
/// that stands still, and no correction by learned skew, which would move that instant.
macro_rules! sent_once {
    ($sdk:ident, $limits:expr, $frozen:expr) => {
        $sdk::config::Config::builder()
            .retry_config($limits.retries())
            .timeout_config($limits.timeouts())
            .time_source($crate::clients::stopped_clock($frozen))
            .disable_clock_skew_correction(true)
    };
}
pub(crate) use sent_once;

/// Sends a change once and answers a receipt or how sure it is that nothing happened.
macro_rules! send_effect {
    ($sdk:ident, $limits:expr, $frozen:expr, $call:expr) => {{
        use $sdk::operation::RequestId as _;
        let once = $crate::clients::sent_once!($sdk, $limits, $frozen);
        match $call.customize().config_override(once).send().await {
            Ok(answer) => Ok(leeward_core::world::Receipt {
                id: answer.request_id().unwrap_or_default().into(),
            }),
            Err(error) => {
                Err(leeward_core::world::ChangeError::from($crate::fault::Fault::of(&error)))
            }
        }
    }};
}
pub(crate) use send_effect;

/// Configuration of a call with limits of its own.
macro_rules! limited {
    ($sdk:ident, $limits:expr) => {
        $sdk::config::Config::builder()
            .retry_config($limits.retries())
            .timeout_config($limits.timeouts())
    };
}
pub(crate) use limited;
