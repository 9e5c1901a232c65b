//! One question, one answer.

use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use leeward_core::error::StepError;
use leeward_lambda::settings::ProbeSettings;
use leeward_ports::probe_wire::{ProbeAnswer, ProbeRequest, SCHEMA};
use rustls::ClientConfig;
use serde_json::Value;

use crate::probe::{ProbeError, probe};
use crate::secured::trust;
use crate::token::{SignIn, token};

/// What the function keeps between calls: its settings, and the certificates once they are read.
#[derive(Debug)]
pub struct Prober {
    settings: ProbeSettings,
    trust: OnceLock<Arc<ClientConfig>>,
}

impl Prober {
    /// With these settings. Reads nothing yet.
    pub fn new(settings: ProbeSettings) -> Self {
        Self { settings, trust: OnceLock::new() }
    }

    fn trust(&self) -> Result<Arc<ClientConfig>, StepError> {
        if let Some(known) = self.trust.get() {
            return Ok(known.clone());
        }
        let read = trust(&self.settings.ca_path).map_err(StepError::Refused)?;
        Ok(self.trust.get_or_init(|| read).clone())
    }
}

/// Answers one question.
pub async fn handle(event: Value, prober: &Prober) -> Result<ProbeAnswer, StepError> {
    let request = read(event)?;
    let sign_in = SignIn { host: &request.host, port: request.port, user: &request.user };
    let token = token(&prober.settings, sign_in, now()).map_err(|e| {
        StepError::Refused(format!("no token can be signed for {}: {e}", request.user))
    })?;
    let answered = probe(&request, prober.trust()?, &token).await;
    answered.map_err(|error| {
        let words = format!(
            "asking {}:{}/{} as {}: {error}",
            request.host, request.port, request.database, request.user
        );
        match error {
            ProbeError::Unreachable(_) | ProbeError::Failed(_) => StepError::Unavailable(words),
            ProbeError::Untrusted(_) | ProbeError::Forbidden(_) | ProbeError::Unsupported(_) => {
                StepError::Refused(words)
            }
        }
    })
}

/// The local clock, for the token's date alone; RDS allows it to be minutes off.
#[expect(
    clippy::disallowed_methods,
    reason = "a token is dated by its signer; no decision rests on it"
)]
fn now() -> SystemTime {
    SystemTime::now()
}

fn read(event: Value) -> Result<ProbeRequest, StepError> {
    let request: ProbeRequest = serde_json::from_value(event).map_err(|e| {
        StepError::InvalidInput(format!(
            "{e}; expected {{\"leeward\":\"probe\",\"schema\":1,\"host\",\"port\",\"database\",\"user\",\"sessions_of\"}}"
        ))
    })?;
    if request.schema != SCHEMA {
        return Err(StepError::InvalidInput(format!(
            "schema {} is not known here; db-probe speaks schema {SCHEMA}",
            request.schema
        )));
    }
    Ok(request)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn question() -> Value {
        json!({"leeward": "probe", "schema": 1, "host": "127.0.0.1", "port": 1, "database": "orders",
               "user": "probe", "sessions_of": null})
    }

    fn prober(ca_path: &str) -> Prober {
        Prober::new(ProbeSettings {
            region: "us-west-2".into(),
            ca_path: ca_path.to_owned(),
            access_key_id: "AKIDEXAMPLE".to_owned(),
            secret_access_key: "secret".to_owned(),
            session_token: String::new(),
        })
    }

    #[test]
    fn what_is_no_question_is_invalid_input() {
        let mut other_schema = question();
        other_schema["schema"] = json!(2);
        let mut unknown_field = question();
        unknown_field["statement"] = json!("DROP TABLE orders");
        for bad in [json!(null), json!({}), json!({"leeward": "step"}), other_schema, unknown_field]
        {
            let error = read(bad.clone()).unwrap_err();
            assert_eq!(error.name(), "InvalidInput", "{bad}");
        }
        assert_eq!(read(question()).unwrap().host, "127.0.0.1");
    }

    #[tokio::test]
    async fn certificates_that_are_missing_are_named() {
        let error = handle(question(), &prober("/nowhere/ca.pem")).await.unwrap_err();
        assert_eq!(error.name(), "Refused");
        assert!(error.to_string().contains("/nowhere/ca.pem"), "{error}");
    }
}
