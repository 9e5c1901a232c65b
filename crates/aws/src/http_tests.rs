//! Requests to a server of our own over the loopback.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::*;

/// Answers each connection with those bytes and keeps what came in.
struct Server {
    address: SocketAddr,
    task: JoinHandle<Vec<String>>,
}

async fn server(answers: Vec<String>) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let task = tokio::spawn(async move {
        let mut received = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            let mut buffer = [0_u8; 1024];
            // A request ends with its head, or with the one line of JSON that these tests send.
            while !request.ends_with(b"\r\n\r\n") && !request.ends_with(b"}") {
                let length = stream.read(&mut buffer).await.unwrap();
                request.extend_from_slice(&buffer[..length]);
            }
            received.push(String::from_utf8(request).unwrap());
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
        received
    });
    Server { address, task }
}

fn answer(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n{headers}\r\n{body}", body.len())
}

fn get(url: &str) -> Exchange<'_> {
    Exchange { method: "GET", url, body: None, headers: &[], resolvers: &[], loopback: true }
}

#[tokio::test]
async fn a_look_brings_status_marker_and_the_beginning_of_the_body() {
    let long = "x".repeat(3 * BODY_MAX);
    let server = server(vec![answer("200 OK", "x-leeward-side: us-west-2\r\n", &long)]).await;
    let url = format!("http://{}/orders/1?a=b", server.address);
    let question = Question::Http(leeward_core::world::HttpRequest {
        method: "GET".into(),
        url: url.into(),
        body: None,
        marker_header: "X-Leeward-Side".into(),
        resolvers: vec![],
    });
    let View::Http(view) = Urls { loopback: true }.look(&question).await.unwrap() else {
        panic!("an HTTP view")
    };
    assert_eq!((view.status, view.marker.as_deref()), (200, Some("us-west-2")));
    assert_eq!(view.body.len(), BODY_MAX);
    let request = &server.task.await.unwrap()[0];
    assert!(request.starts_with("GET /orders/1?a=b HTTP/1.1\r\n"), "{request}");
    assert!(request.contains(&format!("host: {}\r\n", server.address)), "{request}");
}

#[tokio::test]
async fn a_post_carries_json_and_each_request_has_its_own_connection() {
    let done = || answer("201 Created", "", "{}");
    let server = server(vec![done(), done()]).await;
    let url = format!("http://{}/orders", server.address);
    for _ in 0..2 {
        let request = Exchange {
            method: "POST",
            body: Some(r#"{"id":"1"}"#),
            headers: &[("x-leeward-deduplication", "orders/1/9")],
            ..get(&url)
        };
        assert_eq!(exchange(&request).await.unwrap().status, 201);
    }
    for request in server.task.await.unwrap() {
        assert!(request.contains("content-type: application/json\r\n"), "{request}");
        assert!(request.contains("x-leeward-deduplication: orders/1/9\r\n"), "{request}");
        assert!(request.ends_with(r#"{"id":"1"}"#), "{request}");
    }
}

#[tokio::test]
async fn a_redirect_is_an_answer_like_any_other() {
    let server = server(vec![answer("302 Found", "location: http://elsewhere/\r\n", "")]).await;
    let url = format!("http://{}/", server.address);
    assert_eq!(exchange(&get(&url)).await.unwrap().status, 302);
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_none() {
    let server =
        server(vec!["HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nshort".to_owned()]).await;
    let url = format!("http://{}/", server.address);
    let error = exchange(&get(&url)).await.unwrap_err();
    assert!(error.contains("breaks off"), "{error}");
}

#[tokio::test]
async fn what_cannot_be_fetched_says_why() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let refused = format!("http://{closed}/");
    let cases = [
        (refused.as_str(), "no connection to 127.0.0.1"),
        ("ftp://example.com/", "has to begin with http"),
        ("/orders", "has to begin with http"),
        ("http://user@example.com/", "user name"),
        ("https://example.com/a b", "' '"),
    ];
    for (url, words) in cases {
        let error = exchange(&get(url)).await.unwrap_err();
        assert!(error.contains(words), "{url}: {error}");
    }
    let put = Exchange { method: "PUT", ..get(&refused) };
    assert!(exchange(&put).await.unwrap_err().contains("`PUT`"));
}

#[tokio::test]
async fn a_secure_url_needs_a_trusted_certificate() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    let serving = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"this is no TLS").await.unwrap();
    });
    let error = exchange(&get(&url)).await.unwrap_err();
    assert!(error.contains("no secure connection"), "{error}");
    serving.await.unwrap();
}

#[tokio::test]
async fn no_request_leaves_for_an_address_that_is_never_asked() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    // `localhost` is a name: it is judged by what it resolves to, as any name is that changes its answer.
    for host in [
        "127.0.0.1",
        "[::ffff:127.0.0.1]",
        "localhost",
        "169.254.169.254",
        "[fd00:ec2::254]",
        "0.0.0.0",
    ] {
        let url = format!("http://{host}:{port}/latest/meta-data/");
        let request = Exchange { loopback: false, ..get(&url) };
        let error = exchange(&request).await.unwrap_err();
        assert!(error.contains("is never asked"), "{host}: {error}");
    }
    for host in ["169.254.169.254", "[::ffff:169.254.169.254]", "0.0.0.0"] {
        let url = format!("http://{host}:{port}/");
        let error = exchange(&get(&url)).await.unwrap_err();
        assert!(error.contains("is never asked"), "a rehearsal asks no metadata: {host}: {error}");
    }
    let waiting = tokio::time::timeout(std::time::Duration::from_millis(50), listener.accept());
    assert!(waiting.await.is_err(), "nothing was connected to");
}

/// A DNS server of our own that answers every question with one address, as often as it is asked.
async fn resolver(address: [u8; 4]) -> Text {
    let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let at = socket.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        let mut buffer = [0_u8; 512];
        while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
            let mut answer = buffer[..length].to_vec();
            answer[2..8].copy_from_slice(&[0x81, 0x80, 0, 1, 0, 1]);
            // The name of the question, type A, class IN, 60 s, four bytes.
            answer.extend([0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
            answer.extend(address);
            socket.send_to(&answer, from).await.unwrap();
        }
    });
    at.into()
}

#[tokio::test]
async fn a_public_name_that_resolves_to_metadata_is_refused_after_it_was_resolved() {
    for address in [[169, 254, 169, 254], [127, 0, 0, 1]] {
        let resolvers = [resolver(address).await];
        let request = Exchange {
            resolvers: &resolvers,
            loopback: false,
            ..get("http://hooks.example.com:9/latest/")
        };
        let error = exchange(&request).await.unwrap_err();
        assert!(error.starts_with("hooks.example.com is never asked"), "{error}");
    }
}

#[tokio::test]
async fn a_webhook_is_signed_over_what_arrives_and_its_secret_is_in_no_error() {
    use crate::webhook::post;
    use leeward_ports::{Message, SigningKey};

    let done = answer("204 No Content", "", "");
    let no = answer("403 Forbidden", "", "no such hook: /services/secret, secret is unknown");
    let server = server(vec![done, no]).await;
    let url = format!("http://{}/services/secret?token=secret", server.address);
    let config = aws_config::SdkConfig::builder();
    let clients = Clients::over(config.build()).with_loopback(true);
    let key = SigningKey::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    let message = Message {
        subject: "held".to_owned(),
        text: "held".to_owned(),
        json: r#"{"subject":"held"}"#.to_owned(),
        deduplication: "d1".to_owned(),
    };
    post(&clients, Some(&key), &url, &message).await.unwrap();
    let error = post(&clients, None, &url, &message).await.unwrap_err().to_string();
    assert!(error.contains("HTTP 403") && !error.contains("secret"), "{error}");
    let received = server.task.await.unwrap();
    for header in ["webhook-id: d1", "webhook-timestamp: ", "webhook-signature: v1,"] {
        assert!(received[0].contains(header), "{header}: {}", received[0]);
    }
    assert!(!received[1].contains("webhook-signature"), "{}", received[1]);
    let closed = post(&clients, None, &url, &message).await.unwrap_err().to_string();
    assert!(closed.contains("no connection") && !closed.contains("secret"), "{closed}");
}
