//! STS: knows everybody's keys, and whose signature a request bears.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use leeward_core::ids::{Actor, Digest};
use leeward_core::journal::chain;
use leeward_core::said::{ACTION, Proof, Sts, date, signed_headers};
use leeward_core::time::Timestamp;

use super::clock::locked;
use crate::{Unproven, Witness};

/// Somebody's keys. Whoever has not been given them signs in nobody's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys {
    access_key: String,
    secret: String,
}

/// What is signed: any part that differs is another signature.
#[derive(Debug, Clone, Copy)]
struct Request<'a> {
    endpoint: &'a str,
    action: &'a str,
    headers: &'a str,
    digest: &'a str,
}

impl Keys {
    fn signature(&self, request: Request<'_>, at: &str) -> String {
        let Request { endpoint, action, headers, digest } = request;
        let text = format!("{}|{endpoint}{action}|{headers}|{at}|{digest}", self.secret);
        chain::digest(text.as_bytes()).as_str().to_owned()
    }

    fn signed(&self, request: Request<'_>, at: Timestamp) -> Proof {
        let at = date(at);
        let signature = self.signature(request, &at);
        Proof { access_key: self.access_key.clone(), date: at, token: None, signature }
    }

    /// The proof that a command makes.
    pub fn prove(&self, sts: &Sts, digest: &Digest, at: Timestamp) -> Proof {
        let headers = signed_headers(false);
        let request = Request {
            endpoint: &sts.endpoint,
            action: ACTION,
            headers: &headers,
            digest: digest.as_str(),
        };
        self.signed(request, at)
    }

    /// A signature of some other request to AWS, which its person made for another purpose.
    pub fn sign_else(&self, url: (&str, &str), headers: &str, at: Timestamp) -> Proof {
        let (endpoint, action) = url;
        self.signed(Request { endpoint, action, headers, digest: "" }, at)
    }
}

#[derive(Debug, Default)]
struct Known {
    people: BTreeMap<String, (Keys, Actor)>,
    away: bool,
}

/// STS of one partition.
#[derive(Debug, Clone, Default)]
pub struct FakeSts(Arc<Mutex<Known>>);

impl FakeSts {
    /// Gives somebody keys.
    pub fn keys(&self, arn: &str) -> Keys {
        let mut known = locked(&self.0);
        let of = chain::digest(arn.as_bytes());
        let (key, secret) = of.as_str().split_at(20);
        let keys =
            Keys { access_key: format!("ASIA{}", key.to_uppercase()), secret: secret.to_owned() };
        known.people.insert(keys.access_key.clone(), (keys.clone(), Actor::new(arn)));
        keys
    }

    /// No longer, or again, answering.
    pub fn set_away(&self, away: bool) {
        locked(&self.0).away = away;
    }
}

#[async_trait]
impl Witness for FakeSts {
    async fn whose(&self, sts: &Sts, proof: &Proof, digest: &Digest) -> Result<Actor, Unproven> {
        let known = locked(&self.0);
        if known.away {
            return Err(Unproven::Unknown("STS gives no whole answer in 5 s".to_owned()));
        }
        let Some((keys, arn)) = known.people.get(&proof.access_key) else {
            return Err(Unproven::Wrong("InvalidClientTokenId".to_owned()));
        };
        let headers = signed_headers(proof.token.is_some());
        let request = Request {
            endpoint: &sts.endpoint,
            action: ACTION,
            headers: &headers,
            digest: digest.as_str(),
        };
        if keys.signature(request, &proof.date) == proof.signature {
            return Ok(arn.clone());
        }
        Err(Unproven::Wrong("SignatureDoesNotMatch".to_owned()))
    }
}
