//! What Route 53's checkers saw last, by its control plane in us-east-1.

use async_trait::async_trait;
use aws_sdk_route53::Client;
use aws_sdk_route53::types::HealthCheckObservation;
use leeward_core::ids::Region;
use leeward_core::world::{Blind, CheckerView, HealthCheckView, Question, View};

use crate::Clients;
use crate::clients::{GLOBAL_REGION, core_time};
use crate::fault::Fault;
use crate::world::{Part, not_asked_here};

/// How a checker's words begin when it succeeded, as in `Success: HTTP Status Code 200, OK`.
const SUCCESS: &str = "Success";
/// Route 53's word for "there is none of that id".
const ABSENT: &str = "NoSuchHealthCheck";

pub(crate) struct HealthChecks(Clients);

impl HealthChecks {
    pub(crate) fn new(clients: &Clients) -> Self {
        Self(clients.clone())
    }
}

fn checker(observation: &HealthCheckObservation) -> CheckerView {
    let report = observation.status_report();
    let words = report.and_then(|r| r.status()).unwrap_or_default();
    CheckerView {
        region: observation.region().map(|r| r.as_str().to_owned()).unwrap_or_default().into(),
        success: words.starts_with(SUCCESS),
        at: report.and_then(|r| r.checked_time()).and_then(core_time),
        words: words.into(),
    }
}

#[async_trait]
impl Part for HealthChecks {
    async fn look(&self, question: &Question) -> Result<View, Blind> {
        let Question::HealthCheck { id } = question else {
            return Err(not_asked_here(question));
        };
        self.0.route_53_turn().await;
        let client = self.0.client(&Region::new(GLOBAL_REGION), Client::new);
        let asked = client.get_health_check_status().health_check_id(id.as_str()).send().await;
        match asked.map_err(|e| Fault::of(&e)) {
            Ok(answer) => {
                let seen = answer.health_check_observations();
                let checkers = seen.iter().map(checker).collect();
                Ok(View::HealthCheck(Some(HealthCheckView { checkers })))
            }
            Err(fault) if fault.code == ABSENT => Ok(View::HealthCheck(None)),
            Err(fault) => Err(fault.blind(question)),
        }
    }
}
