//! Database engines, asked through the `db-probe` function inside their VPC.

use async_trait::async_trait;
use aws_sdk_lambda::Client;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use leeward_core::world::{Blind, Question, View};
use leeward_ports::probe_wire::{ProbeAnswer, ProbeMark, ProbeRequest, SCHEMA, UNSUPPORTED};

use crate::Clients;
use crate::clients::limited;
use crate::fault::Fault;
use crate::limits::Limits;
use crate::world::{Part, not_asked_here};

pub(crate) struct Engines(Clients);

impl Engines {
    pub(crate) fn new(clients: &Clients) -> Self {
        Self(clients.clone())
    }
}

#[async_trait]
impl Part for Engines {
    async fn look(&self, question: &Question) -> Result<View, Blind> {
        let Question::Sql { region, function, host, port, database, user, sessions_of } = question
        else {
            return Err(not_asked_here(question));
        };
        let request = ProbeRequest {
            leeward: ProbeMark::Probe,
            schema: SCHEMA,
            host: host.to_string(),
            port: *port,
            database: database.to_string(),
            user: user.to_string(),
            sessions_of: sessions_of.as_deref().map(str::to_owned),
        };
        let unusable = |why: String| Blind::new(format!("{question}: {why}"));
        let payload = serde_json::to_vec(&request).map_err(|e| unusable(e.to_string()))?;
        let answer = self
            .0
            .client(region, Client::new)
            .invoke()
            .function_name(function.as_str())
            .invocation_type(InvocationType::RequestResponse)
            .payload(Blob::new(payload))
            .customize()
            .config_override(limited!(aws_sdk_lambda, Limits::PROBE))
            .send()
            .await
            .map_err(|e| Fault::of(&e).blind(question))?;
        let body = answer.payload().map(Blob::as_ref).unwrap_or_default();
        if let Some(how) = answer.function_error() {
            let words = thrown(body);
            let why = format!("{question}: db-probe failed ({how}): {words}");
            return Err(if words.contains(UNSUPPORTED) {
                Blind::unsupported(why)
            } else {
                Blind::new(why)
            });
        }
        let answer: ProbeAnswer = serde_json::from_slice(body)
            .map_err(|e| unusable(format!("db-probe answers no probe answer: {e}")))?;
        answer.view().map(View::Sql).map_err(unusable)
    }
}

/// What a function threw: its error's name and message, else its bytes.
pub(crate) fn thrown(body: &[u8]) -> String {
    let error: Option<serde_json::Value> = serde_json::from_slice(body).ok();
    let part = |name: &str| error.as_ref()?.get(name)?.as_str().map(str::to_owned);
    match (part("errorType"), part("errorMessage")) {
        (Some(name), Some(message)) => format!("{name}: {message}"),
        (None, Some(message)) => message,
        (Some(_) | None, None) => String::from_utf8_lossy(body).into_owned(),
    }
}
