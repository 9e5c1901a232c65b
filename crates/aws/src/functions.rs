//! Lambda's control plane: reserved concurrency and event source mappings.

use async_trait::async_trait;
use aws_sdk_lambda::Client;
use leeward_core::world::{
    Blind, Change, ChangeError, ChangeErrorKind, ConcurrencyView, Question, Receipt, View,
};
use leeward_ports::Frozen;

use crate::Clients;
use crate::clients::send_effect;
use crate::fault::Fault;
use crate::limits::Limits;
use crate::world::{Part, not_asked_here, not_wired};

/// Error by which Lambda says that there is no such function or mapping.
const ABSENT: &str = "ResourceNotFoundException";

pub(crate) struct Functions(Clients);

impl Functions {
    pub(crate) fn new(clients: &Clients) -> Self {
        Self(clients.clone())
    }

    async fn reserve(&self, change: &Change, frozen: Frozen) -> Result<Receipt, ChangeError> {
        let Change::ReserveConcurrency { region, function, reserved } = change else {
            return Err(not_wired(change));
        };
        let client = self.0.client(region, Client::new);
        let Some(reserved) = reserved else {
            let free = client.delete_function_concurrency().function_name(function.as_str());
            return send_effect!(aws_sdk_lambda, Limits::EFFECT, frozen, free);
        };
        let number = i32::try_from(*reserved).map_err(|_| ChangeError {
            kind: ChangeErrorKind::Refused,
            code: "InvalidConcurrency".into(),
            message: format!("{change}: {reserved} is no concurrency; nothing was sent").into(),
        })?;
        let put = client
            .put_function_concurrency()
            .function_name(function.as_str())
            .reserved_concurrent_executions(number);
        send_effect!(aws_sdk_lambda, Limits::EFFECT, frozen, put)
    }
}

#[async_trait]
impl Part for Functions {
    async fn look(&self, question: &Question) -> Result<View, Blind> {
        if let Question::Concurrency { region, function } = question {
            let answer = self
                .0
                .client(region, Client::new)
                .get_function_concurrency()
                .function_name(function.as_str())
                .send()
                .await
                .map_err(|e| Fault::of(&e));
            let answer = match answer {
                Err(fault) if fault.code == ABSENT => return Ok(View::Concurrency(None)),
                answer => answer.map_err(|fault| fault.blind(question))?,
            };
            let reserved = answer.reserved_concurrent_executions().map(u32::try_from).transpose();
            let view =
                reserved.map(|reserved| View::Concurrency(Some(ConcurrencyView { reserved })));
            return view.map_err(|_| {
                Blind::new(format!("{question}: the reserved concurrency is negative"))
            });
        }
        let Question::EventSource { region, uuid } = question else {
            return Err(not_asked_here(question));
        };
        let answer = self
            .0
            .client(region, Client::new)
            .get_event_source_mapping()
            .uuid(uuid.as_str())
            .send()
            .await
            .map_err(|e| Fault::of(&e));
        let answer = match answer {
            Err(fault) if fault.code == ABSENT => return Ok(View::Mapping(None)),
            answer => answer.map_err(|fault| fault.blind(question))?,
        };
        match answer.state() {
            Some(state) => Ok(View::Mapping(Some(state.into()))),
            None => Err(Blind::new(format!("{question}: the answer has no state"))),
        }
    }

    async fn change(&self, change: &Change, frozen: Frozen) -> Result<Receipt, ChangeError> {
        let Change::EnableEventSource { region, uuid, enabled } = change else {
            return self.reserve(change, frozen).await;
        };
        let client = self.0.client(region, Client::new);
        let update = client.update_event_source_mapping().uuid(uuid.as_str()).enabled(*enabled);
        send_effect!(aws_sdk_lambda, Limits::EFFECT, frozen, update)
    }
}
