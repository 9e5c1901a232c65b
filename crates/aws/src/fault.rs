//! What an error of the SDK means: how sure it is that nothing happened, and words for people.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::{ConnectorError, SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use leeward_core::printable::{NAME_MAX, TEXT_MAX, cut, kept};
use leeward_core::world::{Blind, ChangeError, ChangeErrorKind, Question};

/// Codes by which a service says "later": this request did nothing. What was signed too long ago, or with
/// credentials that are over, is signed anew when it is sent again.
const LATER: [&str; 23] = [
    "BandwidthLimitExceeded",
    "EC2ThrottledException",
    "ExpiredToken",
    "ExpiredTokenException",
    "InsufficientInstanceCapacity",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "ReplicatedWriteConflictException",
    "RequestExpired",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "ResourceConflictException",
    "ResourceContention",
    "ResourceInUseException",
    "ScalingActivityInProgress",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "TransactionConflictException",
    "TransactionInProgressException",
];

/// Codes by which a service says that the thing is not in a state for it: this request did nothing, an earlier
/// one may have put it there, and the state may pass (RDS `PromoteReadReplica`, `FailoverGlobalCluster` and
/// `SwitchoverGlobalCluster`: "Errors" in the API reference; EC2: "Error codes for the Amazon EC2 API"; Lambda:
/// `UpdateEventSourceMapping`, "Errors"; Amazon ECS: `UpdateService`, "Errors").
const NOT_IN_STATE: [&str; 9] = [
    "IncorrectInstanceState",
    "IncorrectState",
    "InvalidDBClusterStateFault",
    "InvalidDBInstanceState",
    "InvalidDBInstanceStateFault",
    "InvalidGlobalClusterStateFault",
    "ResourceNotReadyException",
    "ServiceNotActiveException",
    "UpdateInProgressException",
];

/// Codes by which a compare-and-swap says that another value stands there.
const CONFLICT: [&str; 1] = ["ConditionalCheckFailedException"];

/// Headers in which services name a request, for the person who asks AWS about it.
const REQUEST_ID_HEADERS: [&str; 3] = ["x-amzn-requestid", "x-amz-request-id", "x-amzn-request-id"];

/// An error in plain words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) kind: ChangeErrorKind,
    pub(crate) code: String,
    pub(crate) message: String,
}

impl Fault {
    /// Reads an error of the SDK.
    pub(crate) fn of<E>(error: &SdkError<E, HttpResponse>) -> Self
    where
        E: Error + ProvideErrorMetadata + 'static,
    {
        match error {
            SdkError::ConstructionFailure(_) => {
                Self::unsent(ChangeErrorKind::Refused, "ConstructionFailure", chain(error))
            }
            SdkError::TimeoutError(_) => Self::silent("TimeoutError", chain(error)),
            SdkError::DispatchFailure(failure) => dispatch(failure.as_connector_error(), error),
            SdkError::ResponseError(response) => {
                let status = response.raw().status().as_u16();
                let message = format!("HTTP {status}, which cannot be read: {}", chain(error));
                Self { kind: by_status(status), code: "ResponseError".to_owned(), message }
            }
            SdkError::ServiceError(service) => answered(service.err(), service.raw()),
            // The enum is open; what is not known may have happened.
            _ => Self::silent("UnknownError", chain(error)),
        }
    }

    fn unsent(kind: ChangeErrorKind, code: &str, chain: String) -> Self {
        Self { kind, code: code.to_owned(), message: format!("{chain} (nothing was sent)") }
    }

    fn silent(code: &str, message: String) -> Self {
        Self { kind: ChangeErrorKind::Lost, code: code.to_owned(), message }
    }

    /// As the answer to a question.
    pub(crate) fn blind(&self, question: &Question) -> Blind {
        Blind::new(format!("{question}: {}: {}", self.code, self.message))
    }
}

impl From<Fault> for ChangeError {
    fn from(fault: Fault) -> Self {
        let message = kept(fault.message, TEXT_MAX);
        Self { kind: fault.kind, code: kept(fault.code, NAME_MAX), message }
    }
}

/// A request that met no answer. Where no connection came about nothing was sent; credentials that
/// are missing stop a request too. Anything else may have arrived.
fn dispatch<E>(connector: Option<&ConnectorError>, error: &SdkError<E, HttpResponse>) -> Fault
where
    E: Error + 'static,
{
    let words = chain(error);
    let never_connected = connector.and_then(|c| find::<hyper_util::client::legacy::Error>(c));
    if never_connected.is_some_and(hyper_util::client::legacy::Error::is_connect) {
        return Fault::unsent(ChangeErrorKind::Throttled, "ConnectFailure", words);
    }
    if connector.and_then(|c| find::<CredentialsError>(c)).is_some() {
        return Fault::unsent(ChangeErrorKind::Refused, "CredentialsNotLoaded", words);
    }
    Fault::silent("DispatchFailure", words)
}

/// What a status alone tells: 4xx is the service's own no; anything else may have done something,
/// an answer of success that cannot be read included.
fn by_status(status: u16) -> ChangeErrorKind {
    match status {
        429 => ChangeErrorKind::Throttled,
        408 => ChangeErrorKind::Lost,
        400..=499 => ChangeErrorKind::Refused,
        _ => ChangeErrorKind::Lost,
    }
}

fn answered<E>(error: &E, response: &HttpResponse) -> Fault
where
    E: Error + ProvideErrorMetadata + 'static,
{
    let status = response.status().as_u16();
    let code = error.code().unwrap_or("UnreadableAnswer").to_owned();
    let kind = if CONFLICT.contains(&code.as_str()) {
        ChangeErrorKind::Conflict
    } else if LATER.contains(&code.as_str()) {
        ChangeErrorKind::Throttled
    } else if NOT_IN_STATE.contains(&code.as_str()) {
        ChangeErrorKind::NotInState
    } else {
        by_status(status)
    };
    let words = error.message().map_or_else(|| chain(error), str::to_owned);
    // The request's id stands behind it, for whoever asks AWS.
    let words = cut(&words, TEXT_MAX - NAME_MAX);
    let message = match request_id(error, response) {
        Some(id) => format!("{words} (HTTP {status}, request {id})"),
        None => format!("{words} (HTTP {status})"),
    };
    Fault { kind, code, message }
}

fn request_id<E: ProvideErrorMetadata>(error: &E, response: &HttpResponse) -> Option<String> {
    let told = error.meta().extra("aws_request_id").map(str::to_owned);
    told.or_else(|| {
        let mut ids = REQUEST_ID_HEADERS.iter().filter_map(|h| response.headers().get(*h));
        ids.next().map(str::to_owned)
    })
}

/// The whole chain of causes, once. (`Display` of an SDK error alone says "service error".)
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut words = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        if !words.ends_with(&text) {
            words.push_str(": ");
            words.push_str(&text);
        }
        next = cause.source();
    }
    words
}

fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        next = error.source();
    }
    None
}
