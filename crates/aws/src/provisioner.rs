//! The function that makes writer leases, called by the command.

use async_trait::async_trait;
use aws_sdk_lambda::Client;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use leeward_core::contract::{ProvideOutput, ProvideRequest};
use leeward_core::error::StepError;
use leeward_core::ids::Region;
use leeward_ports::Provisioner;

use crate::Clients;
use crate::clients::limited;
use crate::fault::Fault;
use crate::limits::Limits;
use crate::sql::thrown;

/// A function by its ARN, alias included.
#[derive(Debug, Clone)]
pub struct LambdaProvisioner {
    client: Client,
    function: String,
}

impl LambdaProvisioner {
    /// The function of that ARN, in its own Region. Calls nobody.
    pub fn new(clients: &Clients, arn: &str) -> Self {
        let region = Region::new(arn.split(':').nth(3).unwrap_or_default());
        Self { client: clients.client(&region, Client::new), function: arn.to_owned() }
    }
}

#[async_trait]
impl Provisioner for LambdaProvisioner {
    async fn provide(&self, request: &ProvideRequest) -> Result<ProvideOutput, StepError> {
        let function = &self.function;
        let failed = |why: String| {
            StepError::Unavailable(format!(
                "{function} was to make the writer lease of {}: {why}",
                request.workload
            ))
        };
        let payload = serde_json::to_vec(request).map_err(|e| failed(e.to_string()))?;
        let answer = self
            .client
            .invoke()
            .function_name(function)
            .invocation_type(InvocationType::RequestResponse)
            .payload(Blob::new(payload))
            .customize()
            .config_override(limited!(aws_sdk_lambda, Limits::PROVIDE))
            .send()
            .await
            .map_err(|e| {
                let fault = Fault::of(&e);
                failed(format!("{}: {}", fault.code, fault.message))
            })?;
        let body = answer.payload().map(Blob::as_ref).unwrap_or_default();
        if let Some(how) = answer.function_error() {
            return Err(failed(format!("it failed ({how}): {}", thrown(body))));
        }
        serde_json::from_slice(body).map_err(|e| failed(format!("its answer is none: {e}")))
    }
}
