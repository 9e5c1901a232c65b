//! What proves a fence of the old side's compute or network, and what only attempts one.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "anything else than what is asked for is wrong here"
)]

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;
use crate::audit::example::{Journal, at, database, situation};
use crate::journal::{Fenced, State};
use crate::plan::{Plan, example};
use crate::world::{
    Change, DatabaseNetwork, InboundRule, Source, SqlView, WriterGroupView, WriterInstance,
};

const USER: &str = "orders_app";

/// The example's plan with these fences alone.
fn plan(fences: &[Value]) -> Plan {
    let mut plan = example::orders();
    plan["databases"][0]["fences"] = json!(fences);
    serde_json::from_value(plan).unwrap()
}

fn stop() -> Value {
    json!({"kind": "stop-writer", "sessions-of": USER,
        "group": {"primary": "writers-east", "standby": "writers-west"}})
}

fn isolate() -> Value {
    let rules = |group: &str| {
        json!({"group": group, "port": 5432, "cidrs": ["10.0.0.0/16", "10.9.0.0/16"],
            "groups": ["sg-app", "210987654321/sg-peer"], "prefix-lists": ["pl-1"], "may-stay": ["sg-probe"]})
    };
    json!({"kind": "isolate", "sessions-of": USER,
        "security-group": {"primary": rules("sg-east"), "standby": rules("sg-west")}})
}

fn open() -> State {
    Journal::opened(1, 0).state()
}

/// What is seen of the old side; what is `None` is not.
#[derive(Debug, Clone, Default)]
struct Sight {
    group: Option<(u32, &'static [&'static str], &'static [Instance])>,
    open: Option<&'static [&'static str]>,
    sessions: Option<Option<u32>>,
    /// Groups that the database has beside the one that the plan names.
    further: &'static [&'static str],
    data_api: bool,
    port: Option<u16>,
}

/// State, and whether it is protected from scale-in.
type Instance = (&'static str, bool);

const SERVING: Instance = ("InService", false);

fn rule(of: &str) -> InboundRule {
    let (name, wider) = of.split_once(' ').map_or((of, None), |(n, w)| (n, Some(w.into())));
    let source = match name {
        group if group.contains("sg-") => Source::Group(group.into()),
        list if list.starts_with("pl-") => Source::PrefixList(list.into()),
        cidr => Source::Cidr(cidr.into()),
    };
    InboundRule { source, wider, description: Some("words".into()) }
}

const STOPPED: Option<(u32, &[&str], &[Instance])> = Some((0, &["AZRebalance", "Launch"], &[]));

impl Sight {
    fn seen(&self, plan: &Plan, state: &State) -> Seen {
        let asked = questions(&situation(plan, state, at(10)));
        let mut seen = Seen::default();
        for question in asked {
            let view = match &question {
                Question::WriterGroup { region, group } => {
                    assert_eq!((region.as_str(), group.as_str()), ("us-east-1", "writers-east"));
                    self.group.map(|(maximum, suspended, instances)| {
                        let suspended = suspended.iter().map(|&s| s.into()).collect();
                        let one = |(i, (state, protected)): (usize, &Instance)| WriterInstance {
                            id: format!("i-{i}").into(),
                            state: (*state).into(),
                            protected: *protected,
                        };
                        View::WriterGroup(Some(WriterGroupView {
                            minimum: maximum.min(1),
                            maximum,
                            desired: maximum,
                            suspended,
                            instances: instances.iter().enumerate().map(one).collect(),
                            warm_pool: None,
                        }))
                    })
                }
                Question::Ingress { region, group, port } => {
                    assert_eq!((region.as_str(), group.as_str()), ("us-east-1", "sg-east"));
                    assert_eq!(*port, 5432);
                    self.open.map(|open| View::Ingress(open.iter().map(|s| rule(s)).collect()))
                }
                Question::DatabaseNetwork { database, cluster: false, .. } => {
                    assert_eq!(database, "orders");
                    let groups = ["sg-east"].iter().chain(self.further).map(|&g| g.into());
                    Some(View::DatabaseNetwork(Some(DatabaseNetwork {
                        groups: groups.collect(),
                        port: self.port.or(Some(5432)),
                        data_api: self.data_api,
                    })))
                }
                Question::Sql { host, sessions_of, .. } => {
                    assert_eq!((host.as_str(), sessions_of.as_deref()), ("h1", Some(USER)));
                    self.sessions.map(|sessions| View::Sql(sql(sessions)))
                }
                other => panic!("{other}"),
            };
            if let Some(view) = view {
                seen.insert(question, Ok(view));
            }
        }
        seen
    }
}

fn sql(sessions: Option<u32>) -> SqlView {
    let view = json!({"in-recovery": false, "writable": true, "sessions": sessions});
    serde_json::from_value(view).unwrap()
}

fn applied(plan: &Plan, state: &State, sight: &Sight) -> Move {
    let mut next = Move::default();
    apply(&situation(plan, state, at(10)), &sight.seen(plan, state), &mut next);
    next
}

/// What is proven by that sight.
fn proofs(plan: &Plan, sight: &Sight) -> Vec<FenceProof> {
    let next = applied(plan, &open(), sight);
    let proof = |entry: &Entry| match entry {
        Entry::Fenced { databases, fence, holds_from, latest_write: None, .. } => {
            assert_eq!((databases, *holds_from), (&vec![database()], at(10)));
            Some(fence.clone())
        }
        other => panic!("{other:?}"),
    };
    next.records.iter().filter_map(proof).collect()
}

/// What is sent on that sight, with the way back.
fn sent(plan: &Plan, sight: &Sight) -> Vec<(Change, Option<Change>)> {
    let next = applied(plan, &open(), sight);
    let of = |entry: Entry| match entry {
        Entry::Intent { change, before, .. } => (*change, before.map(|b| *b)),
        other => panic!("{other:?}"),
    };
    next.sends.into_iter().map(of).collect()
}

#[test]
fn writers_are_stopped_when_none_is_there_none_can_come_and_no_session_lives_on() {
    let plan = plan(&[stop()]);
    let gone = Sight { group: STOPPED, sessions: Some(Some(0)), ..Sight::default() };
    assert_eq!(proofs(&plan, &gone), [FenceProof::StopWriter]);
    for sessions in [None, Some(None), Some(Some(1))] {
        let sight = Sight { sessions, ..gone.clone() };
        assert_eq!(proofs(&plan, &sight), [], "{sessions:?}");
        assert!(!applied(&plan, &open(), &sight).settled());
    }
    for group in [
        None,
        Some((0, &["Launch"][..], &[SERVING][..])),
        Some((0, &["AZRebalance"][..], &[])),
        Some((2, &["Launch"][..], &[])),
    ] {
        let sight = Sight { group, ..gone.clone() };
        assert_eq!(proofs(&plan, &sight), [], "{group:?}");
    }
}

#[test]
fn a_group_is_bound_to_nothing_and_its_bounds_are_noted() {
    let plan = plan(&[stop()]);
    let bound = |maximum: u32, suspend| Change::BoundGroup {
        region: "us-east-1".into(),
        group: "writers-east".into(),
        minimum: maximum.min(1),
        maximum,
        desired: maximum,
        suspend,
    };
    let sends = |group| sent(&plan, &Sight { group, sessions: Some(Some(0)), ..Sight::default() });
    let (running, barred): (&[&str], &[&str]) = (&["AZRebalance"], &["Launch"]);
    let four: &[Instance] = &[SERVING; 4];
    assert_eq!(sends(Some((4, running, four))), [(bound(0, true), Some(bound(4, false)))]);
    assert_eq!(sends(Some((4, barred, &[]))), [(bound(0, true), Some(bound(4, true)))]);
    assert_eq!(sends(Some((0, running, &[]))), [(bound(0, true), Some(bound(0, false)))]);
    assert_eq!(sends(Some((0, barred, four))), [], "they are on their way out");
    assert_eq!(sends(None), [], "what is unseen is not changed");
}

#[test]
fn a_side_is_cut_off_when_no_rule_is_open_and_no_session_lives_on() {
    let plan = plan(&[isolate()]);
    let closed = Sight { open: Some(&["sg-probe"]), sessions: Some(Some(0)), ..Sight::default() };
    assert_eq!(proofs(&plan, &closed), [FenceProof::Isolate], "who may stay is harmless");
    for sessions in [None, Some(None), Some(Some(3))] {
        assert_eq!(proofs(&plan, &Sight { sessions, ..closed.clone() }), [], "{sessions:?}");
    }
    let half = Sight { open: Some(&["10.9.0.0/16"]), ..closed.clone() };
    assert_eq!(proofs(&plan, &half), []);
    let [(Change::RevokeIngress { rules, .. }, Some(Change::AuthorizeIngress { rules: back, .. }))] =
        &sent(&plan, &half)[..]
    else {
        panic!()
    };
    assert_eq!((&rules.cidrs, &back.cidrs), (&vec!["10.9.0.0/16".into()], &rules.cidrs));
    assert_eq!(proofs(&plan, &Sight { open: None, ..closed }), []);
}

/// Why that sight is no proof, nothing being sent for it.
fn waits(plan: &Plan, sight: &Sight) -> String {
    let next = applied(plan, &open(), sight);
    assert!(!next.acts(), "{sight:?}: {next:?}");
    next.waits.join("; ")
}

#[test]
fn what_the_plan_does_not_close_keeps_an_isolated_database_open_and_is_named() {
    let plan = plan(&[isolate()]);
    let none = Sight { open: Some(&[]), sessions: Some(Some(0)), ..Sight::default() };
    assert_eq!(proofs(&plan, &none), [FenceProof::Isolate]);
    let cases: [(&'static [&'static str], &str); 6] = [
        (&["192.0.2.0/24"], "open to 192.0.2.0/24, which the plan does not close"),
        (&["2001:db8::/32"], "open to 2001:db8::/32, which the plan does not close"),
        (&["sg-other"], "open to sg-other, which the plan does not close"),
        (&["pl-other"], "open to pl-other, which the plan does not close"),
        (&["10.0.0.0/16 tcp 5000-6000"], "covers more than the port"),
        (&["0.0.0.0/0 all traffic"], "0.0.0.0/0 (all traffic), which the plan does not close"),
    ];
    for (open, why) in cases {
        let told = waits(&plan, &Sight { open: Some(open), ..none.clone() });
        assert!(told.contains(why), "{told}");
    }
    let cases = [
        (Sight { further: &["sg-second"], ..none.clone() }, "it also has sg-second"),
        (Sight { data_api: true, ..none.clone() }, "Data API"),
        (Sight { port: Some(6432), ..none.clone() }, "listens on port 6432, the plan closes 5432"),
    ];
    for (sight, why) in cases {
        let told = waits(&plan, &sight);
        assert!(told.contains(why), "{told}");
    }
}

#[test]
fn ranges_groups_and_prefix_lists_are_closed_in_kind_with_their_descriptions_kept() {
    let plan = plan(&[isolate()]);
    let open: &[&str] = &["10.9.0.0/16", "210987654321/sg-peer", "pl-1", "sg-app", "sg-probe"];
    let sight = Sight { open: Some(open), sessions: Some(Some(0)), ..Sight::default() };
    let [(Change::RevokeIngress { rules, .. }, Some(back))] = &sent(&plan, &sight)[..] else {
        panic!()
    };
    let names =
        |sources: &[crate::ids::Text]| sources.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(names(&rules.cidrs), ["10.9.0.0/16"]);
    assert_eq!(names(&rules.groups), ["sg-app", "210987654321/sg-peer"]);
    assert_eq!(names(&rules.prefix_lists), ["pl-1"]);
    let Change::AuthorizeIngress { rules: given, descriptions, .. } = back else { panic!() };
    assert_eq!((given, descriptions.len()), (rules, 4));
    assert_eq!(descriptions["pl-1"], "words");
}

#[test]
fn a_further_group_is_closed_by_an_effect_of_its_own() {
    let mut fence = isolate();
    let further = |group: &str| json!([{"group": group, "port": 5432, "groups": ["sg-app"]}]);
    fence["further-groups"] = json!({"primary": further("sg-east"), "standby": further("sg-w2")});
    let plan = plan(&[fence]);
    let sight = Sight { open: Some(&["sg-app"]), sessions: Some(Some(0)), ..Sight::default() };
    let effects: Vec<String> = applied(&plan, &open(), &sight)
        .sends
        .into_iter()
        .map(|entry| match entry {
            Entry::Intent { effect, .. } => effect.to_string(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        effects,
        ["orders/1/fence/orders-db/isolate", "orders/1/fence/orders-db:sg-east/isolate"]
    );
    let named = crate::steps::effects(&plan, crate::ids::Generation(1));
    for effect in effects {
        assert!(named.iter().any(|id| id.as_str() == effect), "{effect}: {named:?}");
    }
}

#[test]
fn every_instance_that_is_still_there_is_named_with_the_reason_why_it_stays() {
    let plan = plan(&[stop()]);
    let barred: &[&str] = &["Launch"];
    for (suspended, instance, why) in [
        (barred, ("InService", true), "i-0 (InService) is protected from scale-in"),
        (barred, ("Standby", false), "i-0 (Standby), which no scale-in ends"),
        (barred, ("Terminating:Wait", false), "i-0 (Terminating:Wait) waits for a lifecycle hook"),
        (barred, ("Warmed:Stopped", false), "i-0 (Warmed:Stopped) of its warm pool"),
        (barred, ("Warmed:Running", false), "i-0 (Warmed:Running) of its warm pool"),
        (barred, ("Terminating", false), "i-0 (Terminating)"),
        (&["Launch", "Terminate"], SERVING, "stays while Terminate is suspended"),
    ] {
        let instances: &'static [Instance] = Box::leak(Box::new([instance]));
        let sight = Sight {
            group: Some((0, suspended, instances)),
            sessions: Some(Some(0)),
            ..Sight::default()
        };
        let told = waits(&plan, &sight);
        assert!(told.contains(why), "{told}");
    }
}

#[test]
fn a_proof_that_stands_is_not_written_again() {
    let plan = plan(&[stop()]);
    let sight = Sight { group: STOPPED, sessions: Some(Some(0)), ..Sight::default() };
    let mut waived = open();
    waived.waived.insert(database(), None);
    for state in [proven(FenceProof::StopWriter), waived] {
        let next = applied(&plan, &state, &sight);
        assert!(next.records.is_empty() && next.settled(), "{next:?}");
    }
}

fn proven(proof: FenceProof) -> State {
    let mut state = open();
    let fenced = Fenced { proof, holds_from: at(5), latest_write: None };
    state.fenced = BTreeMap::from([(database(), fenced)]);
    state
}

#[test]
fn a_fence_of_the_old_side_is_seen_again_before_the_promotion() {
    let good =
        Sight { group: STOPPED, open: Some(&[]), sessions: Some(Some(0)), ..Sight::default() };
    let holds = |fences: &[Value], proof: FenceProof, sight: &Sight| {
        let (plan, state) = (plan(fences), proven(proof));
        let seen = sight.seen(&plan, &state);
        still_holds(&situation(&plan, &state, at(10)), &plan.databases[0], &seen)
    };
    let bad = [
        Sight { group: Some((1, &["Launch"], &[])), open: Some(&["10.9.0.0/16"]), ..good.clone() },
        Sight {
            group: Some((0, &["Launch"], &[("Warmed:Running", false)])),
            open: Some(&["sg-x"]),
            ..good.clone()
        },
        Sight { group: None, open: None, ..good.clone() },
        Sight { sessions: Some(Some(1)), ..good.clone() },
        Sight { sessions: None, ..good.clone() },
    ];
    for (fence, proof) in [(stop(), FenceProof::StopWriter), (isolate(), FenceProof::Isolate)] {
        let fences = [fence];
        assert_eq!(holds(&fences, proof.clone(), &good), Ok(()));
        for sight in &bad {
            let answer = holds(&fences, proof.clone(), sight);
            assert!(answer.is_err(), "{proof:?}");
        }
        let by_lease = FenceProof::WriterLease { epoch: 2 };
        assert_eq!(holds(&fences, by_lease, &bad[0]), Ok(()), "it is not what proved it");
    }
    let unproven = plan(&[stop()]);
    let seen = bad[0].seen(&unproven, &open());
    let state = open();
    let answer = still_holds(&situation(&unproven, &state, at(10)), &unproven.databases[0], &seen);
    assert_eq!(answer, Ok(()), "there is nothing to hold");
}

#[test]
fn only_sessions_behind_a_fence_that_is_seen_shut_are_waited_for() {
    let shut =
        Sight { group: STOPPED, open: Some(&[]), sessions: Some(Some(2)), ..Sight::default() };
    let drains = |fence: Value, sight: &Sight| {
        let (plan, state) = (plan(&[fence]), open());
        let seen = sight.seen(&plan, &state);
        drains(&situation(&plan, &state, at(10)), &plan.databases[0], &seen)
    };
    let open = Sight {
        group: Some((1, &["Launch"], &[SERVING])),
        open: Some(&["10.9.0.0/16"]),
        ..shut.clone()
    };
    for fence in [stop(), isolate()] {
        assert!(drains(fence.clone(), &shut));
        assert!(!drains(fence.clone(), &open), "who is let in comes again");
        for sessions in [None, Some(None), Some(Some(0))] {
            let sight = Sight { sessions, ..shut.clone() };
            assert!(!drains(fence.clone(), &sight), "{sessions:?}: nobody is seen to go");
        }
    }
}
