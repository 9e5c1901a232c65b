//! The sign-in token of an IAM database user: a presigned `connect`, computed without a call.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use leeward_lambda::settings::ProbeSettings;

/// Life of a token, the longest that RDS takes; it is used at once.
const LIFE: Duration = Duration::from_secs(15 * 60);

/// Whom the token signs in where.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SignIn<'a> {
    pub(crate) host: &'a str,
    pub(crate) port: u16,
    pub(crate) user: &'a str,
}

/// The token, to be sent as the password over TLS.
pub(crate) fn token(
    settings: &ProbeSettings,
    sign_in: SignIn<'_>,
    at: SystemTime,
) -> Result<String, String> {
    let session = Some(settings.session_token.clone()).filter(|token| !token.is_empty());
    let keys = Credentials::new(
        &settings.access_key_id,
        &settings.secret_access_key,
        session,
        None,
        "environment",
    );
    let identity = keys.into();
    let mut how = SigningSettings::default();
    how.expires_in = Some(LIFE);
    how.signature_location = SignatureLocation::QueryParams;
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(settings.region.as_str())
        .name("rds-db")
        .time(at)
        .settings(how)
        .build()
        .map_err(|e| e.to_string())?
        .into();
    let SignIn { host, port, user } = sign_in;
    let url = format!("https://{host}:{port}/?Action=connect&DBUser={}", encoded(user));
    let request = SignableRequest::new("GET", &url, std::iter::empty(), SignableBody::Bytes(&[]))
        .map_err(|e| e.to_string())?;
    let (signed, _) = sign(request, &parameters).map_err(|e| e.to_string())?.into_parts();
    let mut token = url.trim_start_matches("https://").to_owned();
    for (name, value) in signed.params() {
        token.push_str(&format!("&{name}={}", encoded(value)));
    }
    Ok(token)
}

/// Percent-encodes all but the unreserved characters (RFC 3986, section 2.3).
fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use leeward_core::ids::Region;

    fn settings(session_token: &str) -> ProbeSettings {
        ProbeSettings {
            region: Region::from("us-west-2"),
            ca_path: String::new(),
            access_key_id: "AKIDEXAMPLE".to_owned(),
            secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned(),
            session_token: session_token.to_owned(),
        }
    }

    const SIGN_IN: SignIn<'_> =
        SignIn { host: "orders.example.us-west-2.rds.amazonaws.com", port: 5432, user: "probe+1" };

    fn at() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000)
    }

    #[test]
    fn a_token_is_the_one_that_other_sdks_make() {
        let token = token(&settings(""), SIGN_IN, at()).unwrap();
        assert!(token.starts_with(
            "orders.example.us-west-2.rds.amazonaws.com:5432/?Action=connect&DBUser=probe%2B1&"
        ));
        for part in [
            "X-Amz-Credential=AKIDEXAMPLE%2F20231114%2Fus-west-2%2Frds-db%2Faws4_request",
            "X-Amz-Date=20231114T221320Z",
            "X-Amz-Expires=900",
            // What botocore's generate_db_auth_token signs with the same keys at that instant.
            "X-Amz-Signature=e484e5e0308c41a395df0f0e6557dcd8ee1b2f60b0afa9da37dc1ab8d801cef3",
        ] {
            assert!(token.contains(part), "{part} in {token}");
        }
    }

    #[test]
    fn a_roles_session_is_part_of_the_token() {
        let token = token(&settings("session/token"), SIGN_IN, at()).unwrap();
        assert!(token.contains("X-Amz-Security-Token=session%2Ftoken"), "{token}");
    }
}
