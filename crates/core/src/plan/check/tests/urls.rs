//! URLs and headers that the fetcher would refuse, and hosts that are never asked.

use super::*;

#[test]
fn a_url_that_is_never_fetched_is_refused_with_its_path() {
    let endpoint = |url: &str| json!({"id": "front", "kind": "endpoint", "region": "eu-west-1", "url": url, "within": "5s"});
    for (url, words) in [
        ("https://orders.example.com/a b", "holds ' '"),
        ("https://u:p@orders.example.com/", "user name"),
        ("https://orders.example.com:0/", "a port"),
        ("https://2001:db8::1/", "a port"),
        ("https://[2001:db8::zz]/", "neither a DNS name nor an address"),
        ("http://169.254.169.254/latest/meta-data/", "is never asked"),
        ("http://[fd00:ec2::254]/latest/", "is never asked"),
        ("http://127.0.0.1:9001/2018-06-01/runtime/init/error", "Lambda Runtime API"),
        ("http://[::ffff:127.0.0.1]/", "is never asked"),
        ("http://localhost:9001/", "is never asked"),
        ("http://2130706433/", "ends in a number"),
    ] {
        expect(
            Level::Error,
            &[
                (&[("/validation/checks/0/url", json!(url))], "validation.checks[0].url", words),
                (&[("/validation/checks/1/url", json!(url))], "validation.checks[1].url", words),
                (&[("/detection/voters/1", endpoint(url))], "detection.voters[1].url", words),
            ],
        );
    }
}

#[test]
fn a_webhook_to_this_machine_or_a_look_alike_is_refused_and_its_secret_never_repeated() {
    for (url, words) in [
        ("https://169.254.169.254/secret", "is never asked"),
        ("https://127.0.0.1/secret", "is never asked"),
        ("https://localhost/secret", "is never asked"),
        ("http://localhost.evil.com/secret", "is not HTTPS"),
        ("http://127.evil.com/secret", "is not HTTPS"),
        ("https://u:secret@example.com/", "user name"),
        ("secret", "has to begin with"),
    ] {
        let changes = [("/notifications/webhooks", json!([url]))];
        expect(Level::Error, &[(&changes, "notifications.webhooks[0]", words)]);
        let all = format!("{:?}", check(&with(&changes)));
        assert!(!all.contains("secret"), "{all}");
    }
}

#[test]
fn a_header_that_cannot_be_sent_proves_nothing() {
    let at = |name: &str| format!("/validation/checks/0/{name}");
    for header in ["X Leeward é", "X-Side\r\nX-Evil: 1", ""] {
        let changes = [(&*at("marker-header"), json!(header))];
        expect(
            Level::Error,
            &[(&changes, "validation.checks[0].marker-header", "is no name of a header")],
        );
    }
    for value in ["e\r\nX-Evil: 1", "é", " e", ""] {
        let changes = [(&*at("marker/primary"), json!(value))];
        expect(
            Level::Error,
            &[(&changes, "validation.checks[0].marker.primary", "no header can hold")],
        );
    }
}

#[test]
fn a_write_is_read_back_below_its_url() {
    let changes = [("/validation/checks/1/url", json!("https://o.example.com/orders?v=1"))];
    expect(Level::Error, &[(&changes, "validation.checks[1].url", "holds a query")]);
}
