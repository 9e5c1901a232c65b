//! The function that writes down what people say, called by the command with the proof of who says it.

use std::time::SystemTime;

use async_trait::async_trait;
use aws_credential_types::provider::ProvideCredentials;
use aws_sdk_lambda::Client;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use leeward_core::contract::SCHEMA;
use leeward_core::error::StepError;
use leeward_core::ids::{Digest, Region};
use leeward_core::said::{
    ACTION, HEADER, Proof, Said, Sts, WordMark, WordOutput, WordRequest, date, signed_headers,
};
use leeward_core::time::Timestamp;
use leeward_ports::Words;

use crate::Clients;
use crate::clients::limited;
use crate::fault::{Fault, chain};
use crate::limits::Limits;
use crate::sql::thrown;

/// A function by its ARN, alias included.
#[derive(Debug, Clone)]
pub struct LambdaWords {
    clients: Clients,
    client: Client,
    function: String,
}

impl LambdaWords {
    /// The function of that ARN, in its own Region. Calls nobody.
    pub fn new(clients: &Clients, arn: &str) -> Self {
        let region = Region::new(arn.split(':').nth(3).unwrap_or_default());
        let client = clients.client(&region, Client::new);
        Self { clients: clients.clone(), client, function: arn.to_owned() }
    }

    async fn ask(&self, request: &WordRequest) -> Result<WordOutput, String> {
        let payload = serde_json::to_vec(request).map_err(|e| e.to_string())?;
        let answer = self
            .client
            .invoke()
            .function_name(&self.function)
            .invocation_type(InvocationType::RequestResponse)
            .payload(Blob::new(payload))
            .customize()
            .config_override(limited!(aws_sdk_lambda, Limits::WORD))
            .send()
            .await
            .map_err(|e| {
                let fault = Fault::of(&e);
                format!("{}: {}", fault.code, fault.message)
            })?;
        let body = answer.payload().map(Blob::as_ref).unwrap_or_default();
        if let Some(how) = answer.function_error() {
            return Err(format!("it failed ({how}): {}", thrown(body)));
        }
        serde_json::from_slice(body).map_err(|e| format!("its answer is none: {e}"))
    }
}

#[async_trait]
impl Words for LambdaWords {
    async fn say(&self, said: &Said, at: Timestamp) -> Result<WordOutput, StepError> {
        let function = &self.function;
        let failed = |why: String| {
            StepError::Unavailable(format!(
                "{function} was to write this down for {}: {why}",
                said.workload
            ))
        };
        let sts = Sts::of(function).map_err(StepError::InvalidInput)?;
        let digest = said.digest(function)?;
        let proof = prove(&self.clients, &sts, &digest, at).await.map_err(failed)?;
        let request =
            WordRequest { leeward: WordMark::Word, schema: SCHEMA, said: said.clone(), proof };
        self.ask(&request).await.map_err(failed)
    }
}

/// Signs `GetCallerIdentity` with the word's digest and the caller's own keys; sends nothing.
pub(crate) async fn prove(
    clients: &Clients,
    sts: &Sts,
    digest: &Digest,
    at: Timestamp,
) -> Result<Proof, String> {
    let provider = clients.credentials().ok_or("there are no credentials to sign with")?;
    let keys = provider.provide_credentials().await.map_err(|e| chain(&e))?;
    let (access_key, token) =
        (keys.access_key_id().to_owned(), keys.session_token().map(str::to_owned));
    let identity = keys.into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(&sts.region)
        .name("sts")
        .time(SystemTime::from(at))
        .settings(SigningSettings::default())
        .build()
        .map_err(|e| e.to_string())?
        .into();
    let endpoint = clients.endpoint().unwrap_or(&sts.endpoint).trim_end_matches('/');
    let host = endpoint.split_once("://").map_or(endpoint, |(_, host)| host);
    let url = format!("{endpoint}{ACTION}");
    let headers = [("host", host), (HEADER, digest.as_str())];
    let request = SignableRequest::new("GET", &url, headers.into_iter(), SignableBody::Bytes(&[]))
        .map_err(|e| e.to_string())?;
    let (signed, signature) = sign(request, &parameters).map_err(|e| e.to_string())?.into_parts();
    let expected = format!("SignedHeaders={},", signed_headers(token.is_some()));
    let mut named = signed.headers().filter(|(name, _)| *name == "authorization");
    if !named.any(|(_, value)| value.contains(&expected)) {
        return Err(format!("the signer did not sign exactly {expected}"));
    }
    Ok(Proof { access_key, date: date(at), token, signature })
}
