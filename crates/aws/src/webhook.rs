//! Posts to webhooks: signed for receivers who want it, and never told with their secret.

use std::time::{SystemTime, UNIX_EPOCH};

use hmac::{Hmac, KeyInit, Mac};
use leeward_ports::{Message, PublishError, SigningKey};
use sha2::Sha256;

use crate::Clients;
use crate::http::{Exchange, exchange};

/// Of a receiver's answer as much as a person needs to mend it.
const ANSWER_SHOWN: usize = 200;

/// The headers of a signed post (standardwebhooks.com): receivers compute the same signature over
/// `<id>.<timestamp>.<body>` and refuse posts that are old.
#[derive(Debug)]
struct Signed {
    timestamp: String,
    signature: String,
}

fn signed(key: &SigningKey, id: &str, at: SystemTime, body: &str) -> Option<Signed> {
    let seconds = at.duration_since(UNIX_EPOCH).ok()?.as_secs();
    let mut mac = Hmac::<Sha256>::new_from_slice(key.bytes()).ok()?;
    mac.update(format!("{id}.{seconds}.{body}").as_bytes());
    let code = aws_smithy_types::base64::encode(mac.finalize().into_bytes());
    Some(Signed { timestamp: seconds.to_string(), signature: format!("v1,{code}") })
}

/// Posts a message. The same message has the same id at each attempt, so that receivers drop a repeat.
pub(crate) async fn post(
    clients: &Clients,
    key: Option<&SigningKey>,
    url: &str,
    message: &Message,
) -> Result<(), PublishError> {
    let failed = |why: &str| PublishError::new(url, why);
    let id = message.deduplication.as_str();
    let mut headers = vec![("x-leeward-deduplication", id), ("webhook-id", id)];
    let signature = match key {
        Some(key) => {
            let signed = signed(key, id, clients.local_time(), &message.json);
            Some(signed.ok_or_else(|| failed("it cannot be signed: the clock is before 1970"))?)
        }
        None => None,
    };
    if let Some(signed) = &signature {
        headers.push(("webhook-timestamp", &signed.timestamp));
        headers.push(("webhook-signature", &signed.signature));
    }
    let request = Exchange {
        method: "POST",
        url,
        body: Some(&message.json),
        headers: &headers,
        resolvers: &[],
        loopback: clients.may_ask_loopback(),
    };
    let answer = exchange(&request).await.map_err(|why| failed(&why))?;
    if (200..300).contains(&answer.status) {
        return Ok(());
    }
    let shown: String = answer.body.chars().take(ANSWER_SHOWN).collect();
    Err(failed(&format!("HTTP {}: {shown}", answer.status)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_signature_is_the_one_that_the_standards_own_libraries_verify() {
        // The example of standard-webhooks' own tests.
        let key = SigningKey::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let at = UNIX_EPOCH + Duration::from_secs(1_614_265_330);
        let signed =
            signed(&key, "msg_p5jXN8AQM9LWM0D4loKWxJek", at, r#"{"test": 2432232314}"#).unwrap();
        assert_eq!(signed.timestamp, "1614265330");
        assert_eq!(signed.signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }
}
