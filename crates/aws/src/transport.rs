//! One HTTP client under every service and Region: certificates are read once, and one pool of
//! connections serves all.
//!
//! Left alone, the SDK makes one for each client, and has each read all of the system's roots of
//! trust, twice: the most of a cold start, and memory that grows with the Regions looked at.

use std::sync::atomic::{AtomicBool, Ordering};

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::{Builder, ConnectorBuilder};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::runtime_components::{
    RuntimeComponents, RuntimeComponentsBuilder,
};
use aws_smithy_types::config_bag::ConfigBag;

/// The client that the SDK would make by itself, made once.
pub(crate) fn shared() -> SharedHttpClient {
    let client = Builder::new().build_with_connector_fn(|settings, components| {
        let mut connector =
            ConnectorBuilder::default().tls_provider(Provider::Rustls(CryptoMode::AwsLc));
        connector.set_connector_settings(settings.cloned());
        if let Some(components) = components {
            connector.set_sleep_impl(components.sleep_impl());
        }
        // An operator's machine may stand behind a proxy.
        connector.proxy_config(ProxyConfig::from_env()).build()
    });
    SharedHttpClient::new(TriedOnce::new(client))
}

/// A client that is tried out at the start of the first service, not again at each further one.
/// (To try it out is to read the certificates: wanted while a function starts, when Lambda gives it
/// a whole processor, and not in its first call.)
#[derive(Debug)]
struct TriedOnce {
    inner: SharedHttpClient,
    tried: AtomicBool,
}

impl TriedOnce {
    fn new(inner: SharedHttpClient) -> Self {
        Self { inner, tried: AtomicBool::new(false) }
    }
}

impl HttpClient for TriedOnce {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        self.inner.http_connector(settings, components)
    }

    fn validate_base_client_config(
        &self,
        components: &RuntimeComponentsBuilder,
        config: &ConfigBag,
    ) -> Result<(), BoxError> {
        if self.tried.swap(true, Ordering::Relaxed) {
            return Ok(());
        }
        self.inner.validate_base_client_config(components, config)
    }

    fn validate_final_config(
        &self,
        components: &RuntimeComponents,
        config: &ConfigBag,
    ) -> Result<(), BoxError> {
        self.inner.validate_final_config(components, config)
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.inner.connector_metadata()
    }
}

#[cfg(test)]
#[cfg(feature = "dynamodb")]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicUsize;

    use aws_config::{BehaviorVersion, SdkConfig};
    use leeward_core::ids::Region;

    use super::*;
    use crate::Clients;

    /// Counts how often it is tried out; nothing is sent by it.
    #[derive(Debug, Clone, Default)]
    struct Counting(Arc<AtomicUsize>);

    impl HttpClient for Counting {
        fn http_connector(
            &self,
            settings: &HttpConnectorSettings,
            components: &RuntimeComponents,
        ) -> SharedHttpConnector {
            panic!("asked to connect with {settings:?} and {components:?}")
        }

        fn validate_base_client_config(
            &self,
            _: &RuntimeComponentsBuilder,
            _: &ConfigBag,
        ) -> Result<(), BoxError> {
            self.0.fetch_add(1, Ordering::Relaxed);
            Ok(())
        }
    }

    #[test]
    fn certificates_are_read_once_for_all_regions() {
        let counting = Counting::default();
        let shared = SharedHttpClient::new(TriedOnce::new(SharedHttpClient::new(counting.clone())));
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .http_client(shared)
            .build();
        let clients = Clients::over(config);
        for region in ["us-east-1", "us-west-2", "eu-west-1"] {
            clients.client(&Region::from(region), aws_sdk_dynamodb::Client::new);
        }
        assert_eq!(counting.0.load(Ordering::Relaxed), 1);
    }
}
