//! The key by which webhooks are signed, for receivers who want to know that a post is Leeward's.
//!
//! Secrets are written as standardwebhooks.com has it: `whsec_` and 24 to 64 random bytes in base64. Libraries
//! that verify such posts take the same text.

use std::fmt;

/// What a secret begins with.
const PREFIX: &str = "whsec_";
/// Fewest bytes of a secret: what cannot be guessed.
const BYTES_MIN: usize = 24;
/// Most bytes of a secret.
const BYTES_MAX: usize = 64;

/// A signing key. It is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKey(Vec<u8>);

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(…)")
    }
}

/// Why a text is no secret. The words never repeat it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "it is no secret of a webhook: `{PREFIX}` and {BYTES_MIN} to {BYTES_MAX} random bytes in base64; `openssl rand -base64 32` makes them"
)]
pub struct NoSecret;

impl SigningKey {
    /// Reads a secret.
    pub fn parse(secret: &str) -> Result<Self, NoSecret> {
        let bytes = secret.trim().strip_prefix(PREFIX).and_then(decode).ok_or(NoSecret)?;
        if (BYTES_MIN..=BYTES_MAX).contains(&bytes.len()) { Ok(Self(bytes)) } else { Err(NoSecret) }
    }

    /// The key's bytes, for whoever signs.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Base64 with the standard alphabet, padded or not (RFC 4648, section 4).
fn decode(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=');
    if text.len() - digits.len() > 2 || digits.len() % 4 == 1 {
        return None;
    }
    let mut bytes = Vec::with_capacity(digits.len());
    for group in digits.as_bytes().chunks(4) {
        let mut bits: u32 = 0;
        for digit in group {
            bits = (bits << 6) | u32::from(value(*digit)?);
        }
        bits <<= 6 * (4 - group.len());
        let [_, three @ ..] = bits.to_be_bytes();
        bytes.extend(three.iter().take(group.len() - 1));
    }
    Some(bytes)
}

fn value(digit: u8) -> Option<u8> {
    match digit {
        b'A'..=b'Z' => Some(digit - b'A'),
        b'a'..=b'z' => Some(digit - b'a' + 26),
        b'0'..=b'9' => Some(digit - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_as_the_standard_has_it() {
        // RFC 4648, section 10.
        for (text, bytes) in [
            ("", ""),
            ("Zg==", "f"),
            ("Zm8=", "fo"),
            ("Zm9v", "foo"),
            ("Zm9vYg==", "foob"),
            ("Zm9vYmE=", "fooba"),
            ("Zm9vYmFy", "foobar"),
            ("Zm9vYmE", "fooba"),
        ] {
            assert_eq!(decode(text), Some(bytes.as_bytes().to_vec()), "{text}");
        }
        for bad in ["Z", "Zm9v!", "Zm9v====", "Zm 9v"] {
            assert_eq!(decode(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_secret_is_long_enough_and_never_shown() {
        let key = SigningKey::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        assert_eq!(key.bytes().len(), 24);
        assert_eq!(format!("{key:?}"), "SigningKey(…)");
        for bad in ["", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_c2hvcnQ=", "whsec_!"] {
            let words = SigningKey::parse(bad).unwrap_err().to_string();
            assert!(bad.len() < 7 || !words.contains(bad), "{words}");
        }
    }
}
