//! The wire: answers requests from a script and keeps them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;

/// One answer of the script.
#[derive(Debug, Clone)]
pub(super) enum Reply {
    /// An answer.
    Http { status: u16, headers: Vec<(&'static str, String)>, body: Vec<u8> },
    /// No answer, ever.
    Silence,
    /// The connection breaks off after the request was sent.
    Broken,
}

impl Reply {
    pub(super) fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("x-amzn-requestid", "req-1".to_owned())];
        Self::Http { status, headers, body: body.into() }
    }

    pub(super) fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self::new(200, body)
    }

    pub(super) fn with(self, name: &'static str, value: &str) -> Self {
        match self {
            Self::Http { status, mut headers, body } => {
                headers.push((name, value.to_owned()));
                Self::Http { status, headers, body }
            }
            Self::Silence | Self::Broken => self,
        }
    }

    pub(super) fn dated(self) -> Self {
        self.with("date", super::http_date())
    }

    /// An error as the JSON protocols write it.
    pub(super) fn json_error(status: u16, code: &str) -> Self {
        let body = format!(r#"{{"__type":"com.example#{code}","message":"because"}}"#);
        Self::new(status, body).with("x-amzn-errortype", code)
    }

    /// An error as the query protocols and Route 53 write it.
    pub(super) fn xml_error(status: u16, code: &str) -> Self {
        Self::xml(status, code, "because")
    }

    pub(super) fn xml_error_saying(code: &str, words: &str) -> Self {
        Self::xml(400, code, words)
    }

    fn xml(status: u16, code: &str, words: &str) -> Self {
        let body = format!(
            "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{words}</Message>\
             </Error><RequestId>req-1</RequestId></ErrorResponse>"
        );
        Self::new(status, body)
    }

    /// An error as EC2 writes it.
    pub(super) fn ec2_error(status: u16, code: &str) -> Self {
        let body = format!(
            "<Response><Errors><Error><Code>{code}</Code><Message>because</Message></Error></Errors>\
             <RequestID>req-1</RequestID></Response>"
        );
        Self::new(status, body)
    }
}

/// One request as it was sent.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    pub(super) method: String,
    pub(super) uri: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Sent {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("a JSON body")
    }

    /// Region of the signature.
    pub(super) fn signed_for(&self) -> String {
        let authorization = self.header("authorization").expect("a signature");
        let scope = authorization.split("Credential=").nth(1).expect("a credential");
        scope.split('/').nth(2).expect("a Region").to_owned()
    }
}

/// The wire itself.
#[derive(Debug, Clone)]
pub(super) struct Wire(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    script: VecDeque<Reply>,
    sent: Vec<Sent>,
}

impl Wire {
    pub(super) fn new(script: Vec<Reply>) -> Self {
        Self(Arc::new(Mutex::new(State { script: script.into(), sent: Vec::new() })))
    }

    pub(super) fn sent(&self) -> Vec<Sent> {
        self.0.lock().expect("the wire").sent.clone()
    }

    /// The one request that was sent.
    pub(super) fn only(&self) -> Sent {
        let sent = self.sent();
        assert_eq!(sent.len(), 1, "{sent:?}");
        sent[0].clone()
    }
}

impl HttpClient for Wire {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let headers = request.headers().iter().map(|(n, v)| (n.to_owned(), v.to_owned()));
        let sent = Sent {
            method: request.method().to_owned(),
            uri: request.uri().to_owned(),
            headers: headers.collect(),
            body: request.body().bytes().unwrap_or_default().to_vec(),
        };
        let mut state = self.0.lock().expect("the wire");
        let reply = state.script.pop_front();
        state.sent.push(sent);
        let reply = reply.unwrap_or_else(|| panic!("beyond the script: {:?}", state.sent.last()));
        match reply {
            Reply::Silence => HttpConnectorFuture::new(std::future::pending()),
            Reply::Broken => {
                HttpConnectorFuture::ready(Err(ConnectorError::io("connection reset".into())))
            }
            Reply::Http { status, headers, body } => {
                let status = StatusCode::try_from(status).expect("a status");
                let mut response = HttpResponse::new(status, SdkBody::from(body));
                for (name, value) in headers {
                    response.headers_mut().insert(name, value);
                }
                HttpConnectorFuture::ready(Ok(response))
            }
        }
    }
}
