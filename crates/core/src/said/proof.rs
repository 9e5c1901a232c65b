//! The proof of who says a word.
//!
//! Lambda does not tell a function who called it. So the person's command signs a request to STS, `GetCallerIdentity`,
//! without sending it, with the word's digest among the signed headers, and hands over nothing but the signature and
//! what belongs to it. The function puts the request together itself and sends it: STS answers whose signature it is,
//! and only when host, action and headers are those that were signed. There is no URL and no header of the caller's
//! to be led astray by: another host, another action or another word's digest is another signature.
//!
//! The way of HashiCorp Vault's `aws` method and of aws-iam-authenticator. The facts that it stands on:
//! `STS/latest/APIReference/API_GetCallerIdentity.html` (no permission is needed, the ARN is answered),
//! `IAM/latest/UserGuide/reference_sigv-create-signed-request.html` (what is signed; `host` always, every header that
//! the signer names; a request is good for five minutes by its time stamp in most cases, and never after fifteen).

use serde::{Deserialize, Serialize};

use crate::time::{Span, Timestamp, after, since};

/// The header that carries the word's digest, and is signed.
pub const HEADER: &str = "x-leeward-word";
/// What is asked of STS, as path and query.
pub const ACTION: &str = "/?Action=GetCallerIdentity&Version=2011-06-15";
/// How long a proof is good for. Both dates are the state table's: no machine's clock stands between.
pub const LIFE: Span = Span::minutes(2);
/// How far ahead of the function's table read a proof may be dated: `Date` has whole seconds.
const AHEAD: Span = Span::seconds(5);
/// Longest session token: AWS says no more than that its length may vary.
const TOKEN_MAX: usize = 16_384;

/// A signature of `GetCallerIdentity` and what belongs to it. Without the secret key nothing else can be made of it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// Access key ID.
    pub access_key: String,
    /// When it was signed, as `X-Amz-Date` has it.
    pub date: String,
    /// Session token of temporary credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// The signature.
    pub signature: String,
}

impl std::fmt::Debug for Proof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Proof(of {}, signed at {})", self.access_key, self.date)
    }
}

impl Proof {
    /// Whether each part is of its kind: nothing in it can end a header or add another.
    pub fn check(&self) -> Result<(), String> {
        let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        // IAM/latest/APIReference/API_AccessKey.html: 16 to 128 of [\w]. Rehearsals have shorter names.
        if !(1..=128).contains(&self.access_key.len()) || !self.access_key.bytes().all(word) {
            return Err("the proof's access key ID is none".to_owned());
        }
        let token = |t: &String| {
            (1..=TOKEN_MAX).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_graphic())
        };
        if !self.token.iter().all(token) {
            return Err("the proof's session token is none".to_owned());
        }
        let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if self.signature.len() != 64 || !self.signature.bytes().all(hex) {
            return Err("the proof's signature is none of AWS4-HMAC-SHA256".to_owned());
        }
        self.signed_at().map(|_| ())
    }

    fn signed_at(&self) -> Result<Timestamp, String> {
        let wrong = || "the proof's date is not YYYYMMDDTHHMMSSZ".to_owned();
        let digits = |at: usize, to: usize| {
            let part = self.date.get(at..to)?;
            part.bytes().all(|b| b.is_ascii_digit()).then_some(part)
        };
        let parts = [(0, 4), (4, 6), (6, 8), (9, 11), (11, 13), (13, 15)];
        let read: Option<Vec<&str>> = parts.iter().map(|(at, to)| digits(*at, *to)).collect();
        let rest = (self.date.len(), self.date.get(8..9), self.date.get(15..));
        match (read.as_deref(), rest) {
            (Some([y, mo, d, h, mi, s]), (16, Some("T"), Some("Z"))) => {
                format!("{y}-{mo}-{d}T{h}:{mi}:{s}Z").parse().map_err(|_| wrong())
            }
            (Some(_) | None, _) => Err(wrong()),
        }
    }

    /// Whether it is of this moment. STS takes a signature for up to fifteen minutes, whatever life was asked for.
    pub fn is_fresh(&self, now: Timestamp) -> Result<(), String> {
        let signed = self.signed_at()?;
        if now > after(signed, LIFE) {
            return Err(format!(
                "it was signed at {signed}, and {now} is more than {} later",
                LIFE.in_words()
            ));
        }
        if since(now, signed) > AHEAD {
            return Err(format!("it was signed at {signed}, and it is only {now}"));
        }
        Ok(())
    }

    /// The `Authorization` header of the request that the function puts together.
    pub fn authorization(&self, region: &str) -> String {
        let day = self.date.get(..8).unwrap_or_default();
        format!(
            "AWS4-HMAC-SHA256 Credential={}/{day}/{region}/sts/aws4_request, SignedHeaders={}, Signature={}",
            self.access_key,
            signed_headers(self.token.is_some()),
            self.signature
        )
    }
}

/// The headers that are signed, in their order.
pub fn signed_headers(with_token: bool) -> String {
    let token = if with_token { ";x-amz-security-token" } else { "" };
    format!("host;x-amz-date{token};{HEADER}")
}

/// An instant as `X-Amz-Date` has it.
pub fn date(at: Timestamp) -> String {
    let seconds = Timestamp::from_second(at.as_second()).unwrap_or(at);
    seconds.to_string().chars().filter(|c| !matches!(c, '-' | ':')).collect()
}

/// The STS that the function asks: that of its own Region. Read from the function's ARN, which command and function
/// both know, so that neither tells the other where to ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sts {
    /// Its Region.
    pub region: String,
    /// `https://…` without a path.
    pub endpoint: String,
    /// The function's account: whoever is of another is no operator here.
    pub account: String,
}

impl Sts {
    /// That of a function. Endpoints: docs.aws.amazon.com/general/latest/gr/sts.html, and for China
    /// docs.amazonaws.cn/en_us/aws/latest/userguide/endpoints-Ningxia.html.
    pub fn of(function_arn: &str) -> Result<Self, String> {
        let parts: Vec<&str> = function_arn.split(':').collect();
        let ["arn", partition, "lambda", region, account, "function", _, ..] = parts.as_slice()
        else {
            return Err(format!("`{function_arn}` is no ARN of a function"));
        };
        let suffix = match *partition {
            "aws" | "aws-us-gov" => "amazonaws.com",
            "aws-cn" => "amazonaws.com.cn",
            other => return Err(format!("where STS is in the partition {other} is not known")),
        };
        let named = |text: &str| {
            !text.is_empty()
                && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        if !named(region) || account.len() != 12 || !account.bytes().all(|b| b.is_ascii_digit()) {
            return Err(format!("`{function_arn}` names no Region or no account"));
        }
        Ok(Self {
            region: (*region).to_owned(),
            endpoint: format!("https://sts.{region}.{suffix}"),
            account: (*account).to_owned(),
        })
    }
}
