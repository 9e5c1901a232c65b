//! Records that Route 53 refuses, answers that can never be seen, names in any case.

use super::*;

/// A plan whose users are moved by one record, in another Region than Route 53's own.
fn record(changes: &[(&str, Value)]) -> Plan {
    let mut pair = json!({
        "zone": "Z1", "zone-name": "example.com", "name": "shop.example.com", "type": "A", "ttl": 60,
        "values": {"primary": ["192.0.2.1"], "standby": ["192.0.2.2"]}});
    for (name, value) in changes {
        pair[*name] = value.clone();
    }
    let control = json!({"id": "dns", "kind": "record", "services": ["web"], "records": [pair]});
    with(&[("/regions/primary", json!("eu-central-1")), ("/traffic/controls", json!([control]))])
}

fn both(primary: &[&str], standby: &[&str]) -> Value {
    json!({"primary": primary, "standby": standby})
}

fn errors_under(plan: &Plan, place: &str) -> Vec<(String, String)> {
    of(plan, Level::Error).into_iter().filter(|(path, _)| path.starts_with(place)).collect()
}

#[test]
fn a_record_that_route_53_must_refuse_is_an_error_with_its_path() {
    let cname = ("type", json!("CNAME"));
    let lbs = both(&["lb.eu-central-1.example.net"], &["lb.us-west-2.example.net"]);
    for (changes, path, words) in [
        // An A record with a host name, an IPv6 address, a URL, a port, a leading zero.
        (vec![("values", lbs.clone())], "values.primary[0]", "is a DNS name"),
        (vec![("values", both(&["2001:db8::1"], &["192.0.2.2"]))], "values.primary[0]", "IPv6"),
        (
            vec![("values", both(&["192.0.2.1"], &["https://192.0.2.2/"]))],
            "values.standby[0]",
            "a URL",
        ),
        (vec![("values", both(&["192.0.2.1:80"], &["192.0.2.2"]))], "values.primary[0]", "a port"),
        (
            vec![("values", both(&["192.0.2.010"], &["192.0.2.2"]))],
            "values.primary[0]",
            "leading 0",
        ),
        (
            vec![("values", both(&["192.0.2.1", "192.0.2.1"], &["192.0.2.2"]))],
            "values.primary",
            "twice",
        ),
        (vec![("type", json!("AAAA"))], "values.primary[0]", "is an IPv4 address"),
        // A CNAME at the apex, with an address, with two names, with its own name.
        (
            vec![cname.clone(), ("name", json!("Example.com.")), ("values", lbs.clone())],
            "type",
            "apex",
        ),
        (vec![cname.clone()], "values.primary[0]", "holds a DNS name"),
        (
            vec![
                cname.clone(),
                ("values", both(&["a.example.net", "b.example.net"], &["c.example.net"])),
            ],
            "values.primary",
            "exactly one",
        ),
        (
            vec![cname, ("values", both(&["SHOP.example.com."], &["c.example.net"]))],
            "values.primary",
            "own name",
        ),
        (vec![("name", json!("sh op.example.com"))], "name", "holds ' '"),
        (vec![("ttl", json!(3_000_000_000_u32))], "ttl", "at most 2147483647"),
    ] {
        let found =
            errors_under(&record(&changes), &format!("traffic.controls[0].records[0].{path}"));
        assert!(found.iter().any(|(_, m)| m.contains(words)), "{changes:?}: {words}: {found:?}");
    }
}

#[test]
fn nothing_stands_beside_a_cname() {
    let mut plan = serde_json::to_value(record(&[])).unwrap();
    let records = plan["traffic"]["controls"][0]["records"].as_array_mut().unwrap();
    let mut cname = records[0].clone();
    cname["name"] = json!("Shop.example.com");
    cname["type"] = json!("CNAME");
    cname["values"] = both(&["a.example.net"], &["b.example.net"]);
    records.push(cname);
    let plan: Plan = serde_json::from_value(plan).unwrap();
    let found = errors_under(&plan, "traffic.controls[0].records[1].name");
    assert!(found.iter().any(|(_, m)| m.contains("beside a CNAME")), "{found:?}");
}

#[test]
fn upper_case_in_a_name_or_a_zone_is_accepted() {
    for changes in [
        [("name", json!("Shop.Example.COM")), ("zone-name", json!("example.com"))],
        [("name", json!("shop.example.com")), ("zone-name", json!("Example.com."))],
    ] {
        assert_eq!(errors_under(&record(&changes), "traffic"), [], "{changes:?}");
    }
}

#[test]
fn answers_that_can_never_be_seen_are_errors() {
    let at = "traffic.controls[0].answers";
    let answers = |primary: &[&str], standby: &[&str]| {
        with(&[("/traffic/controls/0/answers", both(primary, standby))])
    };
    for (primary, standby, words) in [
        (&["a.example.net", "b.example.net"][..], &["c.example.net"][..], "exactly one"),
        (&["alb-1.example.net"], &["203.0.113.20"], "different types"),
        (&["192.0.2.1", "a.example.net"], &["192.0.2.2"], "mixes a name with addresses"),
        (&["192.0.2.10:80"], &["192.0.2.2"], "a port"),
        (&["192.0.2.010"], &["192.0.2.2"], "leading 0"),
        (&["2001:db8::1"], &["2001:0db8:0::1"], "same on both sides"),
        (&["a.example.net"], &["A.Example.Net."], "same on both sides"),
    ] {
        let found = errors_under(&answers(primary, standby), at);
        assert!(found.iter().any(|(_, m)| m.contains(words)), "{primary:?}: {words}: {found:?}");
    }
    let dual = answers(&["192.0.2.20", "2001:db8::1"], &["203.0.113.20", "2001:db8::2"]);
    assert_eq!(errors_under(&dual, at), [], "both families are asked for");
}

#[test]
fn a_load_balancers_name_is_seen_only_behind_a_cname() {
    let names = both(&["e.us-east-1.elb.amazonaws.com"], &["w.us-west-2.elb.amazonaws.com"]);
    expect(
        Level::Warning,
        &[(
            &[("/traffic/controls/0/answers", names)],
            "traffic.controls[0].answers.primary[0]",
            "alias record",
        )],
    );
}

#[test]
fn a_check_of_a_name_asks_for_what_its_type_can_hold() {
    let dns = |kind: &str, primary: &str| {
        let check = json!({"id": "name", "kind": "dns", "name": "o.example.com", "type": kind,
            "answers": {"primary": [primary], "standby": ["192.0.2.2"]}});
        [("/validation/checks/2", check)]
    };
    expect(
        Level::Error,
        &[
            (&dns("A", "e.example.net"), "validation.checks[2].answers.primary[0]", "a DNS name"),
            (&dns("CNAME", "e.example.net"), "validation.checks[2].answers.standby[0]", "an IPv4"),
            (&dns("A", "192.0.2.010"), "validation.checks[2].answers.primary[0]", "leading 0"),
        ],
    );
}

#[test]
fn an_identifier_that_rds_would_spell_otherwise_is_an_error_with_the_spelling() {
    let upper = with(&[("/databases/0/instance/primary", json!("Orders-DB"))]);
    let [(path, words)] = &errors_under(&upper, "databases")[..] else { panic!() };
    assert_eq!(path, "databases[0].instance.primary");
    assert!(words.contains("write `orders-db`"), "{words}");
}
