//! A proof as it is signed, and STS asked with it: by a server that verifies signatures, over a real connection.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use leeward_core::contract::SCHEMA;
use leeward_core::error::StepError;
use leeward_core::ids::{Digest, Generation, Nonce, Seq};
use leeward_core::said::{ACTION, HEADER, Heard, Proof, Said, Sts, Word, WordOutput, WordRequest};
use leeward_ports::{Unproven, Witness, Words};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::wire::Reply;
use super::{FROZEN_SIGNED, clients, clients_without_keys, frozen, real_clients};
use crate::words::prove;
use crate::{Clients, LambdaWords, StsWitness};

const ARN: &str = "arn:aws:lambda:us-west-2:123456789012:function:leeward-notifier:live";
const ANA: &str = "arn:aws:sts::123456789012:assumed-role/on-call/ana";

fn sts() -> Sts {
    Sts::of(ARN).unwrap()
}

fn digest(of: &str) -> Digest {
    Digest::new(of.repeat(32))
}

/// An STS that knows one person's keys.
struct Server {
    url: String,
}

/// What it answers to a request whose signature it has verified.
#[derive(Clone, Copy)]
enum Mood {
    Well,
    Redirecting,
    Throttling,
    /// Another action's answer, into which its caller has brought an ARN.
    Echoing,
}

impl Server {
    async fn new(mood: Mood) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let own = url.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                serve(stream, &own, mood).await;
            }
        });
        Self { url }
    }

    fn clients(&self) -> Clients {
        real_clients(&self.url).with_loopback(true)
    }

    async fn whose(&self, proof: &Proof, digest: &Digest) -> Result<String, Unproven> {
        let witness = StsWitness::new(&self.clients());
        witness.whose(&sts(), proof, digest).await.map(|arn| arn.to_string())
    }
}

async fn serve(mut stream: TcpStream, url: &str, mood: Mood) {
    let (mut request, mut buffer) = (Vec::new(), [0_u8; 2048]);
    while !request.ends_with(b"\r\n\r\n") {
        let length = stream.read(&mut buffer).await.unwrap();
        assert_ne!(length, 0, "the request has no end");
        request.extend_from_slice(&buffer[..length]);
    }
    let request = String::from_utf8(request).unwrap();
    let (status, headers, body) = answer(&request, url, mood);
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n{headers}\r\n", body.len());
    stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
}

fn answer(request: &str, url: &str, mood: Mood) -> (&'static str, &'static str, String) {
    let error = |code: &str| {
        format!(
            "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>because</Message></Error></ErrorResponse>"
        )
    };
    if !verified(request, url) {
        return ("403 Forbidden", "", error("SignatureDoesNotMatch"));
    }
    let identity = format!(
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n  <GetCallerIdentityResult>\n  <Arn>{ANA}</Arn>\n    <UserId>AROA:ana</UserId>\n    <Account>123456789012</Account>\n  </GetCallerIdentityResult>\n</GetCallerIdentityResponse>"
    );
    match mood {
        Mood::Well => ("200 OK", "", identity),
        Mood::Redirecting => ("302 Found", "location: http://127.0.0.1:1/\r\n", identity),
        Mood::Throttling => ("400 Bad Request", "", error("Throttling")),
        Mood::Echoing => {
            ("200 OK", "", identity.replace("GetCallerIdentity", "AssumeRoleWithWebIdentity"))
        }
    }
}

/// Computes the signature of what came in, by the keys that it knows, and compares.
fn verified(request: &str, url: &str) -> bool {
    let mut lines = request.split("\r\n");
    let target = lines.next().unwrap().split(' ').nth(1).unwrap();
    let headers: Vec<(&str, &str)> = lines.filter_map(|l| l.split_once(": ")).collect();
    let header = |name: &str| headers.iter().find(|(n, _)| *n == name).map(|(_, v)| *v);
    let authorization = header("authorization").unwrap();
    let (_, signed) = authorization.split_once("SignedHeaders=").unwrap();
    let (signed, signature) = signed.split_once(", Signature=").unwrap();
    assert_eq!(header("x-amz-date"), Some(FROZEN_SIGNED));
    let session = header("x-amz-security-token").map(str::to_owned);
    let own = ["x-amz-date", "x-amz-security-token"];
    let signed = signed.split(';').filter(|name| !own.contains(name));
    let headers: Vec<(&str, &str)> = signed.map(|name| (name, header(name).unwrap())).collect();
    let url = format!("{url}{target}");
    signature == signature_of(&url, &headers, ("sts", "us-west-2"), session)
}

fn signature_of(
    url: &str,
    headers: &[(&str, &str)],
    (service, region): (&str, &str),
    session: Option<String>,
) -> String {
    let identity = Credentials::new("AKIDEXAMPLE", "secret", session, None, "test").into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(service)
        .time(SystemTime::from(frozen().0))
        .settings(SigningSettings::default())
        .build()
        .unwrap()
        .into();
    let headers = headers.iter().copied();
    let request = SignableRequest::new("GET", url, headers, SignableBody::Bytes(&[])).unwrap();
    sign(request, &parameters).unwrap().signature().to_owned()
}

#[tokio::test]
async fn a_proof_is_the_signature_that_other_sdks_make_and_nothing_is_sent() {
    let (clients, wire) = clients(vec![]);
    let proof = prove(&clients, &sts(), &digest("ab"), frozen().0).await.unwrap();
    assert_eq!(
        proof,
        Proof {
            access_key: "AKIDEXAMPLE".to_owned(),
            date: FROZEN_SIGNED.to_owned(),
            token: Some("session".to_owned()),
            // What botocore's SigV4Auth signs with the same keys at that instant.
            signature: "944c1b35f3835ad441ee152522d542004a6f516dc4a66bd184b664e22e4d5562"
                .to_owned(),
        }
    );
    assert!(wire.sent().is_empty());
}

#[tokio::test]
async fn sts_says_whose_signature_it_is_for_this_word_alone() {
    let server = Server::new(Mood::Well).await;
    let proof = prove(&server.clients(), &sts(), &digest("ab"), frozen().0).await.unwrap();
    assert_eq!(server.whose(&proof, &digest("ab")).await.as_deref(), Ok(ANA));

    let wrong = |said: Result<String, Unproven>| match said {
        Err(Unproven::Wrong(why)) => assert!(why.contains("SignatureDoesNotMatch"), "{why}"),
        other => panic!("{other:?}"),
    };
    wrong(server.whose(&proof, &digest("cd")).await);
    let without = Proof { token: None, ..proof.clone() };
    wrong(server.whose(&without, &digest("ab")).await);

    // Signed by the same keys at the same instant, for something else.
    let (host, word) = (server.url.trim_start_matches("http://"), "ab".repeat(32));
    let all = [("host", host), (HEADER, word.as_str())];
    let own = format!("{}{ACTION}", server.url);
    let other = format!("{}/?Action=GetSessionToken&Version=2011-06-15", server.url);
    let place = ("sts", "us-west-2");
    for (what, url, headers, place) in [
        ("this very request", &own, &all[..], place),
        ("another action", &other, &all[..], place),
        ("another host", &own, &[("host", "evil.example"), all[1]][..], place),
        ("the word not signed", &own, &all[..1], place),
        ("another service", &own, &all[..], ("iam", "us-west-2")),
        ("another Region", &own, &all[..], ("sts", "us-east-1")),
    ] {
        let signature = signature_of(url, headers, place, Some("session".to_owned()));
        let forged = Proof { signature, ..proof.clone() };
        let said = server.whose(&forged, &digest("ab")).await;
        if what == "this very request" {
            assert_eq!(said.as_deref(), Ok(ANA));
        } else {
            println!("{what}");
            wrong(said);
        }
    }
}

#[tokio::test]
async fn what_is_no_answer_of_get_caller_identity_names_nobody() {
    for (mood, words) in [
        (Mood::Redirecting, "HTTP 302"),
        (Mood::Throttling, "Throttling"),
        (Mood::Echoing, "names nobody"),
    ] {
        let server = Server::new(mood).await;
        let proof = prove(&server.clients(), &sts(), &digest("ab"), frozen().0).await.unwrap();
        match server.whose(&proof, &digest("ab")).await {
            Err(Unproven::Unknown(why)) => assert!(why.contains(words), "{why}"),
            other => panic!("{words}: {other:?}"),
        }
    }
    // Without TLS it is asked in a rehearsal alone.
    let server = Server::new(Mood::Well).await;
    let proof = prove(&server.clients(), &sts(), &digest("ab"), frozen().0).await.unwrap();
    let deployed = StsWitness::new(&real_clients(&server.url));
    let asked = deployed.whose(&sts(), &proof, &digest("ab")).await;
    assert!(matches!(&asked, Err(Unproven::Unknown(why)) if why.contains("TLS")), "{asked:?}");
}

#[tokio::test]
async fn what_would_break_out_of_a_header_is_never_sent() {
    let server = Server::new(Mood::Well).await;
    let proof = prove(&server.clients(), &sts(), &digest("ab"), frozen().0).await.unwrap();
    for forged in [
        Proof {
            access_key: "A/20231114/us-east-1/sts/aws4_request, X".to_owned(),
            ..proof.clone()
        },
        Proof { token: Some("a\r\nhost: evil.example".to_owned()), ..proof.clone() },
        Proof { signature: "0".repeat(63), ..proof },
    ] {
        let asked = server.whose(&forged, &digest("ab")).await;
        assert!(matches!(asked, Err(Unproven::Wrong(_))), "{asked:?}");
    }
}

fn said() -> Said {
    Said {
        workload: "orders".into(),
        generation: Generation(1),
        seen: Seq(7),
        mark: Nonce::new("0123456789abcdef"),
        word: Word::Stop,
        reason: "wait".to_owned(),
    }
}

#[tokio::test]
async fn a_word_is_said_to_the_function_with_a_proof_of_the_tables_time() {
    let stands = WordOutput { schema: SCHEMA, heard: Heard::Changed };
    let (clients, wire) = clients(vec![Reply::ok(serde_json::to_vec(&stands).unwrap())]);
    let words = LambdaWords::new(&clients, ARN);
    assert_eq!(words.say(&said(), frozen().0).await.unwrap(), stands);
    let sent = wire.only();
    assert_eq!(sent.signed_for(), "us-west-2");
    assert!(sent.uri.contains("/functions/") && sent.uri.contains("leeward-notifier"), "{sent:?}");
    let request = WordRequest::read(&sent.json()).unwrap();
    assert_eq!((&request.said, request.proof.date.as_str()), (&said(), FROZEN_SIGNED));
    let expected = prove(&clients, &sts(), &said().digest(ARN).unwrap(), frozen().0).await;
    assert_eq!(Ok(request.proof), expected);
    assert!(!sent.text().contains("\"secret\""));
}

#[tokio::test]
async fn a_word_that_is_not_heard_is_said_once_and_told_with_what_came_back() {
    let thrown = json!({"errorType": "Unavailable", "errorMessage": "asking STS in us-west-2"});
    let failed = Reply::ok(thrown.to_string()).with("x-amz-function-error", "Unhandled");
    for (reply, words) in [
        (failed, "asking STS in us-west-2"),
        (Reply::json_error(403, "AccessDeniedException"), "AccessDeniedException"),
        (Reply::ok("{}"), "its answer is none"),
    ] {
        let (clients, wire) = clients(vec![reply]);
        let error = LambdaWords::new(&clients, ARN).say(&said(), frozen().0).await.unwrap_err();
        let StepError::Unavailable(why) = &error else { panic!("{error:?}") };
        assert!(why.contains(words) && why.contains(ARN) && why.contains("orders"), "{why}");
        assert_eq!(wire.sent().len(), 1);
    }
    let (clients, wire) = clients_without_keys(vec![]);
    let error = LambdaWords::new(&clients, ARN).say(&said(), frozen().0).await.unwrap_err();
    assert!(error.to_string().contains("there are none"), "{error}");
    let (clients, _) = super::clients(vec![]);
    let error = LambdaWords::new(&clients, "leeward").say(&said(), frozen().0).await.unwrap_err();
    assert!(error.to_string().contains("is no ARN of a function"), "{error}");
    assert!(wire.sent().is_empty());
}
