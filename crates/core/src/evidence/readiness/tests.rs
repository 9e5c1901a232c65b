//! What is looked at while all is well, and what is said of it.
#![expect(clippy::wildcard_enum_match_arm, reason = "a test changes the answer to one question")]

use serde_json::{Value, json};

use super::*;
use crate::ids::Text;
use crate::plan::example::orders;
use crate::time::Timestamp;
use crate::world::{
    AnswerView, Blind, DatabaseNetwork, InboundRule, RdsView, RecordSetView, Source, SqlView, View,
    WriterGroupView, WriterInstance, ZoneView,
};

const AT: Timestamp = Timestamp::UNIX_EPOCH;

const HOME: Whereabouts = Whereabouts::On { side: Side::Primary, next: Generation(1) };

/// The example, moved by one record besides.
fn plan() -> Plan {
    let mut plan = orders();
    let control = json!({"id": "dns", "kind": "record", "services": ["web"], "records": [{
        "zone": "Z1", "zone-name": "example.com", "name": "Shop.example.com", "type": "A", "ttl": 60,
        "values": {"primary": ["192.0.2.1"], "standby": ["192.0.2.2"]}}]});
    plan["traffic"]["controls"].as_array_mut().unwrap().push(control);
    serde_json::from_value(plan).unwrap()
}

fn set(record_type: &str, values: &[&str]) -> RecordSetView {
    let values = values.iter().map(|v| Text::from(*v)).collect();
    RecordSetView {
        record_type: record_type.into(),
        alias: None,
        policy: None,
        ttl: Some(60),
        values,
    }
}

/// Everything as the plan says.
fn well(question: &Question) -> View {
    match question {
        Question::Rds { instance, .. } => View::Rds(Some(RdsView {
            status: "available".into(),
            arn: None,
            replica_source: instance
                .strip_suffix("-west")
                .map(|name| format!("arn:aws:rds:us-east-1:123456789012:db:{name}").into()),
            engine: "postgres".into(),
            engine_version: "17.4".into(),
            host: Some(format!("{instance}.abc.region.rds.amazonaws.com").into()),
            zone: None,
            multi_az: true,
            replication: None,
        })),
        Question::Sql { host, .. } => View::Sql(SqlView {
            in_recovery: host == "h2",
            writable: host != "h2",
            heartbeat: Some(crate::world::Heartbeat::written("us-east-1".into(), AT)),
            sessions: None,
        }),
        Question::Record { .. } => View::Record(Some((vec!["\"0\"".into()], 60))),
        Question::Name(_) => View::Answer(AnswerView { values: vec!["192.0.2.1".into()] }),
        Question::Zone { .. } => {
            View::Zone(Some(ZoneView { name: "example.com".into(), private: false }))
        }
        Question::RecordSets { .. } => View::RecordSets(vec![set("A", &["192.0.2.1"])]),
        other => panic!("{other}"),
    }
}

fn found(plan: &Plan, but: impl Fn(&Question) -> Option<Result<View, Blind>>) -> Vec<Finding> {
    let asked = readiness_questions(plan);
    let answers = asked.iter().map(|q| but(q).unwrap_or_else(|| Ok(well(q)))).collect();
    readiness(plan, &Seen::of(asked, answers), None, HOME, AT).findings
}

/// The one finding, by its level, the end of its path, and a part of its words.
#[track_caller]
fn one(findings: &[Finding], level: Level, path: &str, words: &str) {
    let [finding] = findings else { panic!("{path}: {words}: {findings:#?}") };
    assert!(
        finding.level == level && finding.path.ends_with(path) && finding.message.contains(words),
        "{level} {path} {words}: {finding}"
    );
}

#[test]
fn what_is_as_the_plan_says_is_not_spoken_of() {
    assert_eq!(found(&plan(), |_| None), []);
}

#[test]
fn an_alias_or_a_policy_at_a_moved_name_is_an_error_while_all_is_well() {
    let at_name = |sets: Vec<RecordSetView>| {
        found(&plan(), move |q| match q {
            Question::RecordSets { .. } => Some(Ok(View::RecordSets(sets.clone()))),
            _ => None,
        })
    };
    let alias =
        RecordSetView { alias: Some("lb.elb.amazonaws.com".into()), ttl: None, ..set("A", &[]) };
    one(&at_name(vec![alias]), Level::Error, "records[0].name", "is an alias to lb.elb");
    let weighted = RecordSetView { policy: Some("weighted".into()), ..set("A", &["192.0.2.1"]) };
    let both = vec![weighted.clone(), weighted];
    one(
        &at_name(both),
        Level::Error,
        "records[0].name",
        "2 record sets with a routing policy (weighted)",
    );
    one(&at_name(vec![]), Level::Warning, "records[0].name", "does not exist");
    one(&at_name(vec![set("A", &["192.0.2.9"])]), Level::Warning, "name", "holds 192.0.2.9");
    let slow = RecordSetView { ttl: Some(3600), ..set("A", &["192.0.2.1"]) };
    one(&at_name(vec![slow]), Level::Warning, "name", "lives 3600 s now");
    let cname = found(&plan(), |q| match q {
        Question::RecordSets { .. } => {
            Some(Ok(View::RecordSets(vec![set("CNAME", &["lb.example.net"])])))
        }
        _ => None,
    });
    assert!(
        cname.iter().any(|f| f.level == Level::Error && f.message.contains("refuses A beside"))
    );
}

#[test]
fn a_zone_that_is_missing_private_or_anothers_is_an_error() {
    let zone = |view: Option<ZoneView>| {
        found(&plan(), move |q| match q {
            Question::Zone { .. } => Some(Ok(View::Zone(view.clone()))),
            _ => None,
        })
    };
    one(&zone(None), Level::Error, ".zone", "does not exist");
    let named = |name: &str, private| Some(ZoneView { name: name.into(), private });
    one(&zone(named("example.org", false)), Level::Error, ".zone", "is example.org");
    one(&zone(named("example.com", true)), Level::Error, ".zone", "is private");
}

#[test]
fn an_engine_that_cannot_be_asked_is_an_error_by_rds_or_by_the_probe() {
    let engine = |engine: &'static str, version: &'static str| {
        found(&plan(), move |q| match (q, well(q)) {
            (Question::Rds { instance, .. }, View::Rds(Some(rds))) if instance == "orders-west" => {
                let (engine, engine_version) = (engine.into(), version.into());
                Some(Ok(View::Rds(Some(RdsView { engine, engine_version, ..rds }))))
            }
            _ => None,
        })
    };
    one(&engine("mysql", "8.0.39"), Level::Error, "databases[0].engine", "is mysql");
    one(&engine("postgres", "12.20"), Level::Error, "databases[0].engine", "needs 13");
    one(&engine("postgres", "16.4"), Level::Warning, "databases[0].engine", "transaction_timeout");
    let probe = found(&plan(), |q| match q {
        Question::Sql { host, .. } if host == "h2" => Some(Err(Blind::unsupported("MySQL server"))),
        _ => None,
    });
    one(&probe, Level::Error, "probe.side.standby", "MySQL server");
}

#[test]
fn the_probe_is_probed_at_the_hosts_of_the_instances() {
    let silent = found(&plan(), |q| match q {
        Question::Sql { host, .. } if host == "h2" => Some(Err(Blind::new("no grant"))),
        _ => None,
    });
    one(&silent, Level::Warning, "probe.side.standby", "while all is well");
    let same = found(&plan(), |q| match (q, well(q)) {
        (Question::Sql { .. }, View::Sql(sql)) => {
            Some(Ok(View::Sql(SqlView { in_recovery: false, ..sql })))
        }
        _ => None,
    });
    one(&same, Level::Warning, "databases[0].probe", "both sides say that they are writers");
    let mut elsewhere = serde_json::to_value(plan()).unwrap();
    let side = |host: &str| Value::from(format!("{host}.rds.amazonaws.com"));
    elsewhere["databases"][0]["probe"]["side"]["primary"]["host"] = side("orders.abc.region");
    elsewhere["databases"][0]["probe"]["side"]["standby"]["host"] = side("orders-west.xyz.region");
    let elsewhere: Plan = serde_json::from_value(elsewhere).unwrap();
    let found = found(&elsewhere, |q| match (q, well(q)) {
        (Question::Sql { host, .. }, View::Sql(sql)) => {
            Some(Ok(View::Sql(SqlView { in_recovery: host.contains("west"), ..sql })))
        }
        _ => None,
    });
    one(&found, Level::Error, "probe.side.standby.host", "another engine would be asked");
}

#[test]
fn a_name_that_answers_as_neither_side_is_told() {
    let odd = found(&plan(), |q| match q {
        Question::Name(_) => {
            Some(Ok(View::Answer(AnswerView { values: vec!["192.0.2.7".into()] })))
        }
        _ => None,
    });
    one(
        &odd,
        Level::Warning,
        "traffic.controls[0].answers",
        "resolves to 192.0.2.7; wanted 192.0.2.1",
    );
}

#[test]
fn what_is_unseen_is_never_an_error() {
    let findings = found(&plan(), |_| Some(Err(Blind::new("no answer in 2 s"))));
    assert!(
        findings.len() > 5 && findings.iter().all(|f| f.level == Level::Warning),
        "{findings:#?}"
    );
}

#[test]
fn a_sweep_asks_route_53_for_twenty_things_and_comes_to_all_of_them_in_turn() {
    let mut many = serde_json::to_value(plan()).unwrap();
    let one = many["traffic"]["controls"][1]["records"][0].clone();
    many["traffic"]["controls"][1]["records"] = (0..50)
        .map(|n| {
            let mut pair = one.clone();
            pair["name"] = json!(format!("n{n}.example.com"));
            pair
        })
        .collect();
    let many: Plan = serde_json::from_value(many).unwrap();
    let of_records =
        |q: &&Question| matches!(q, Question::Zone { .. } | Question::RecordSets { .. });
    let mut seen = std::collections::BTreeSet::new();
    for hour in 0..3 {
        let at = crate::time::after(AT, Span::minutes(60 * hour));
        let asked = sweep_readiness_questions(&many, at);
        assert!(asked.iter().filter(of_records).count() <= 20);
        assert!(asked.iter().any(|q| matches!(q, Question::Sql { .. })), "the rest each time");
        seen.extend(asked);
    }
    let all: std::collections::BTreeSet<_> = readiness_questions(&many).into_iter().collect();
    assert_eq!(seen, all);
}

#[test]
fn what_is_not_asked_for_in_this_turn_is_still_as_it_was_found() {
    let alias = found(&plan(), |q| match q {
        Question::RecordSets { .. } => {
            let set = RecordSetView { alias: Some("lb".into()), ..set("A", &[]) };
            Some(Ok(View::RecordSets(vec![set])))
        }
        _ => None,
    });
    let before = Readiness { findings: alias, numbers: None, at: AT };
    let asked: Vec<Question> = readiness_questions(&plan())
        .into_iter()
        .filter(|q| !matches!(q, Question::RecordSets { .. }))
        .collect();
    let answers = asked.iter().map(|q| Ok(well(q))).collect();
    let now = readiness(&plan(), &Seen::of(asked, answers), Some(&before), HOME, AT);
    one(&now.findings, Level::Error, "records[0].name", "is an alias");
}

/// The example, whose database is shut off by its rules or by its writers' group.
fn shut_by(fences: &Value) -> Plan {
    let mut plan = orders();
    plan["databases"][0]["fences"] = fences.clone();
    serde_json::from_value(plan).unwrap()
}

fn isolate() -> Value {
    let rules = |group: &str| json!({"group": group, "port": 5432, "cidrs": ["10.0.0.0/16"], "may-stay": ["sg-probe"]});
    json!({"kind": "isolate", "sessions-of": "app",
        "security-group": {"primary": rules("sg-east"), "standby": rules("sg-west")}})
}

fn stop() -> Value {
    json!({"kind": "stop-writer", "sessions-of": "app", "group": {"primary": "e", "standby": "w"}})
}

/// What is found of those fences where the primary's rules and group are so.
fn of_fences(fences: &Value, open: &[&str], state: &str, pool: Option<&str>) -> Vec<Finding> {
    let plan = shut_by(fences);
    let mut seen = Seen::default();
    for question in readiness_questions(&plan) {
        let east = format!("{question:?}").contains("us-east-1");
        let view = match &question {
            Question::Ingress { .. } => {
                let rules = if east { open } else { &["10.0.0.0/16"] };
                let rule = |s: &&str| InboundRule {
                    source: Source::Cidr((*s).into()),
                    wider: None,
                    description: None,
                };
                View::Ingress(rules.iter().map(rule).collect())
            }
            Question::DatabaseNetwork { .. } => View::DatabaseNetwork(Some(DatabaseNetwork {
                groups: vec![if east { "sg-east" } else { "sg-west" }.into()],
                port: Some(5432),
                data_api: false,
            })),
            Question::WriterGroup { .. } => View::WriterGroup(Some(WriterGroupView {
                maximum: 4,
                instances: vec![WriterInstance {
                    id: "i-1".into(),
                    state: if east { state } else { "InService" }.into(),
                    protected: false,
                }],
                warm_pool: pool.filter(|_| east).map(Into::into),
                ..WriterGroupView::default()
            })),
            other => well(other),
        };
        seen.insert(question, Ok(view));
    }
    let found = readiness(&plan, &seen, None, HOME, AT).findings;
    found.into_iter().filter(|f| f.message.contains("could not be proven")).collect()
}

#[test]
fn a_fence_that_could_not_be_proven_is_told_while_all_is_well() {
    let alone = |fence: Value| json!([fence, {"kind": "waiver"}]);
    let good = ["10.0.0.0/16", "sg-probe"];
    assert_eq!(of_fences(&alone(isolate()), &good, "InService", None), []);
    assert_eq!(of_fences(&alone(stop()), &good, "InService", None), []);
    let cases = [
        (isolate(), &["10.0.0.0/16", "sg-app"][..], None, "sg-app, which the plan does not close"),
        (stop(), &good[..], Some("Stopped"), "it has a warm pool (Stopped)"),
    ];
    for (fence, open, pool, says) in cases {
        let [found] = &of_fences(&alone(fence.clone()), open, "InService", pool)[..] else {
            panic!()
        };
        assert_eq!(found.level, Level::Error, "nothing else proves");
        assert!(found.message.contains(says) && found.path.ends_with(".primary"), "{found}");
        let lease = orders()["databases"][0]["fences"][0].clone();
        let beside = of_fences(&json!([lease, fence]), open, "InService", pool);
        assert_eq!(beside[0].level, Level::Warning, "the lease proves");
    }
    let [found] = &of_fences(&alone(stop()), &good, "Standby", None)[..] else { panic!() };
    assert!(found.message.contains("i-1 (Standby), which no scale-in ends"), "{found}");
}

#[test]
fn a_fence_number_that_the_next_generation_cannot_follow_is_an_error_and_stays_known() {
    let holds = |value: &str| {
        let view = View::Record(Some((vec![value.into()], 60)));
        found(&plan(), move |q| match q {
            Question::Record { .. } => Some(Ok(view.clone())),
            _ => None,
        })
    };
    assert_eq!(holds("\"0\""), []);
    let words = "_leeward.orders.dns.example.com TXT in zone Z1 holds 1, and generation 1";
    one(&holds("\"1\""), Level::Error, "traffic.controls[1].records", words);
    // In a turn that does not ask for it, or while Route 53 is silent, it is as it was.
    let asked = readiness_questions(&plan());
    let answers = |value: Option<&str>| {
        let one = |q: &Question| match (q, value) {
            (Question::Record { .. }, Some(value)) => {
                Ok(View::Record(Some((vec![value.into()], 60))))
            }
            (Question::Record { .. }, None) => Err(Blind::new("no answer")),
            _ => Ok(well(q)),
        };
        Seen::of(asked.clone(), asked.iter().map(one).collect())
    };
    let before = readiness(&plan(), &answers(Some("5")), None, HOME, AT);
    let after = readiness(&plan(), &answers(None), Some(&before), HOME, AT);
    assert_eq!(after.numbers, before.numbers);
    assert!(after.findings.iter().any(|f| f.message.contains("holds 5")), "{:#?}", after.findings);
    let mended = readiness(&plan(), &answers(Some("0")), Some(&after), HOME, AT);
    assert_eq!((mended.numbers, mended.findings), (Some(Vec::new()), Vec::new()));
}
