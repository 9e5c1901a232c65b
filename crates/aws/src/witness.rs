//! STS, asked with a signature that a person's command made: whose is it?

use async_trait::async_trait;
use leeward_core::ids::{Actor, Digest};
use leeward_core::printable::{cut, printable};
use leeward_core::said::{ACTION, HEADER, Proof, Sts};
use leeward_ports::{Unproven, Witness};

use crate::Clients;
use crate::http::{Answer, Exchange, exchange};

/// Of an answer that is none as much as a person needs to mend it.
const ANSWER_SHOWN: usize = 200;
/// How the answer of `GetCallerIdentity` begins (STS/latest/APIReference/API_GetCallerIdentity.html): no answer of
/// another action is taken for it, whatever its caller brought into that.
const ROOT: &str =
    "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">";

/// STS, or in a rehearsal what stands in its place.
#[derive(Debug, Clone)]
pub struct StsWitness {
    clients: Clients,
}

impl StsWitness {
    /// Calls nobody.
    pub fn new(clients: &Clients) -> Self {
        Self { clients: clients.clone() }
    }
}

#[async_trait]
impl Witness for StsWitness {
    async fn whose(&self, sts: &Sts, proof: &Proof, digest: &Digest) -> Result<Actor, Unproven> {
        proof.check().map_err(Unproven::Wrong)?;
        let endpoint = self.clients.endpoint().unwrap_or(&sts.endpoint).trim_end_matches('/');
        // Without TLS nobody says who answers; a rehearsal's world is on this machine.
        if !endpoint.starts_with("https://") && !self.clients.may_ask_loopback() {
            return Err(Unproven::Unknown(format!("{endpoint} is not asked without TLS")));
        }
        let url = format!("{endpoint}{ACTION}");
        let authorization = proof.authorization(&sts.region);
        let mut headers = vec![
            ("authorization", authorization.as_str()),
            ("x-amz-date", proof.date.as_str()),
            (HEADER, digest.as_str()),
        ];
        headers.extend(proof.token.iter().map(|token| ("x-amz-security-token", token.as_str())));
        let request = Exchange {
            method: "GET",
            url: &url,
            body: None,
            headers: &headers,
            resolvers: &[],
            loopback: self.clients.may_ask_loopback(),
        };
        read(&exchange(&request).await.map_err(Unproven::Unknown)?)
    }
}

fn read(answer: &Answer) -> Result<Actor, Unproven> {
    let body = answer.body.as_str();
    let told = || {
        let words = match (only(body, "Code"), only(body, "Message")) {
            (Some(code), Some(message)) => format!("{code}: {message}"),
            (Some(_) | None, _) => format!("HTTP {}: {}", answer.status, cut(body, ANSWER_SHOWN)),
        };
        printable(&words).into_owned()
    };
    match answer.status {
        200 => {}
        // A busy service says nothing about the signature.
        429 => return Err(Unproven::Unknown(told())),
        400..=499 if only(body, "Code") == Some("Throttling") => {
            return Err(Unproven::Unknown(told()));
        }
        400..=499 => return Err(Unproven::Wrong(told())),
        // Redirects are not followed: the endpoint has none.
        _ => return Err(Unproven::Unknown(told())),
    }
    let arn = body.trim_start().starts_with(ROOT).then(|| only(body, "Arn")).flatten();
    match arn {
        Some(arn) if arn.starts_with("arn:") && !arn.contains(char::is_whitespace) => {
            Ok(Actor::new(arn))
        }
        Some(_) | None => Err(Unproven::Unknown(format!("its answer names nobody: {}", told()))),
    }
}

/// The text of an element that is there once. No name of IAM holds a character that XML would escape
/// (IAM/latest/UserGuide/reference_iam-quotas.html).
fn only<'a>(body: &'a str, name: &str) -> Option<&'a str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let (_, rest) = body.split_once(&open)?;
    let (text, rest) = rest.split_once(&close)?;
    let plain = !text.is_empty() && !text.contains(['<', '&']);
    (plain && !rest.contains(&open)).then_some(text)
}
