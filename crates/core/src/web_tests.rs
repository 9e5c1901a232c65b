//! URLs as people write them, and the addresses that are never asked.

use proptest::prelude::*;

use super::*;

#[test]
fn a_url_is_taken_apart() {
    let url = Url::parse("https://Shop.Example.com:8443/a/b?c=%20d#top").unwrap();
    assert_eq!(url.host, Host::Name("shop.example.com".to_owned()));
    assert_eq!((url.secure, url.port), (true, 8443));
    assert_eq!(
        (url.authority.as_str(), url.path.as_str()),
        ("Shop.Example.com:8443", "/a/b?c=%20d")
    );
    let bare = Url::parse("HTTP://192.0.2.1").unwrap();
    assert_eq!((bare.secure, bare.port, bare.path.as_str()), (false, 80, "/"));
    let six = Url::parse("https://[2001:db8::1]:444?x").unwrap();
    assert_eq!(six.host, Host::Address("2001:db8::1".parse().unwrap()));
    assert_eq!((six.port, six.path.as_str()), (444, "/?x"));
}

#[test]
fn what_cannot_be_fetched_is_no_url() {
    for (text, wrong) in [
        ("ftp://example.com/", UrlError::Scheme),
        ("/orders", UrlError::Scheme),
        ("https:///orders", UrlError::NoHost),
        ("https://u:p@example.com/", UrlError::Credentials),
        ("https://example.com@evil.com/", UrlError::Credentials),
        ("https://exa mple.com/", UrlError::Host),
        ("https://[2001:db8::1/", UrlError::Host),
        ("https://[::1]evil.com/", UrlError::Host),
        ("https://2001:db8::1/", UrlError::Port),
        ("https://example.com:0/", UrlError::Port),
        ("https://example.com:70000/", UrlError::Port),
        ("https://example.com:/", UrlError::Port),
        ("https://example.com:+80/", UrlError::Port),
        ("http://2130706433/", UrlError::NumberHost),
        ("http://127.1/", UrlError::NumberHost),
        ("http://0x7f.0x1/", UrlError::NumberHost),
        ("http://0177.0.0.1/", UrlError::NumberHost),
        ("https://orders.example.com/a b", UrlError::Character(' ')),
        ("https://example.com/\r\nx-evil: 1", UrlError::Character('\r')),
        ("https://example.com/é", UrlError::Character('é')),
        ("https://example.com/%2", UrlError::Percent),
    ] {
        assert_eq!(Url::parse(text), Err(wrong), "{text:?}");
    }
    assert_eq!(Url::parse(&format!("https://e.com/{}", "a".repeat(URL_MAX))), Err(UrlError::Long));
}

#[test]
fn a_webhook_is_shown_without_its_secret() {
    let url = "https://hooks.example.com/services/T0/B0/secret?token=secret";
    assert_eq!(redacted(url), "https://hooks.example.com/…");
    assert_eq!(redacted("https://user:secret@example.com/"), "a webhook");
    assert_eq!(redacted("secret"), "a webhook");
}

#[test]
fn no_request_goes_to_metadata_loopback_or_this_machine() {
    for address in [
        "127.0.0.1",
        "127.3.2.1",
        "169.254.169.254",
        "169.254.170.2",
        "0.0.0.0",
        "0.1.2.3",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "febf::1",
        "ff02::1",
        "fd00:ec2::254",
        "fd00:ec2::23",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "::169.254.169.254",
        "64:ff9b::169.254.169.254",
        "2002:a9fe:a9fe::1",
    ] {
        assert!(never_asked(address.parse().unwrap()).is_some(), "{address}");
    }
    for address in [
        "192.0.2.1",
        "10.0.0.1",
        "172.16.0.1",
        "128.0.0.1",
        "169.253.0.1",
        "2001:db8::1",
        "fd00:abcd::1",
        "::ffff:192.0.2.1",
        "64:ff9b::192.0.2.1",
    ] {
        assert_eq!(never_asked(address.parse().unwrap()), None, "{address}");
    }
    assert!(is_loopback("::ffff:127.0.0.1".parse().unwrap()));
    assert!(!is_loopback("169.254.169.254".parse().unwrap()), "no rehearsal needs metadata");
    assert!(is_localhost("LOCALHOST.") && is_localhost("api.localhost"));
    assert!(!is_localhost("localhost.evil.com"));
}

#[test]
fn headers_are_names_and_values_that_can_be_sent() {
    assert!(is_header_name("X-Leeward-Side") && is_header_name("x_side"));
    for bad in ["", "X Leeward é", "X-Side:", "X-Side\r\n"] {
        assert!(!is_header_name(bad), "{bad:?}");
    }
    assert!(is_header_value("us-east-1") && is_header_value("a b"));
    for bad in ["", " a", "a ", "a\r\nx: y", "é"] {
        assert!(!is_header_value(bad), "{bad:?}");
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused_and_never_repeated(text in "\\PC{0,80}") {
        if let Err(wrong) = Url::parse(&text) {
            let words = wrong.to_string();
            prop_assert!(text.len() < 12 || !words.contains(&text), "{}", words);
        }
    }

    #[test]
    fn an_ipv4_address_inside_an_ipv6_one_is_judged_alike(bits in any::<u32>()) {
        let v4 = Ipv4Addr::from(bits);
        let mapped = IpAddr::V6(v4.to_ipv6_mapped());
        prop_assert_eq!(never_asked(v4.into()), never_asked(mapped));
    }
}
