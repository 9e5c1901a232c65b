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
use crate::world::SqlView;

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
    let rules = |group: &str| json!({"group": group, "port": 5432, "cidrs": ["10.0.0.0/16", "10.9.0.0/16"]});
    json!({"kind": "isolate", "sessions-of": USER,
        "security-group": {"primary": rules("sg-east"), "standby": rules("sg-west")}})
}

fn open() -> State {
    Journal::opened(1, 0).state()
}

/// What is seen of the old side; what is `None` is not.
#[derive(Clone, Default)]
struct Sight {
    group: Option<(u32, &'static [&'static str], u32)>,
    open: Option<&'static [&'static str]>,
    sessions: Option<Option<u32>>,
}

const STOPPED: Option<(u32, &[&str], u32)> = Some((0, &["AZRebalance", "Launch"], 0));

impl Sight {
    fn seen(&self, plan: &Plan, state: &State) -> Seen {
        let asked = questions(&situation(plan, state, at(10)));
        let mut seen = Seen::default();
        for question in asked {
            let view = match &question {
                Question::Group { region, group, .. } => {
                    assert_eq!((region.as_str(), group.as_str()), ("us-east-1", "writers-east"));
                    self.group.map(|(maximum, suspended, instances)| {
                        let suspended = suspended.iter().map(|&s| s.into()).collect();
                        let (minimum, desired, in_service) = (maximum.min(1), maximum, instances);
                        View::Group(Some(GroupView {
                            minimum,
                            maximum,
                            desired,
                            in_service,
                            instances,
                            suspended,
                        }))
                    })
                }
                Question::Ingress { region, group, port } => {
                    assert_eq!((region.as_str(), group.as_str()), ("us-east-1", "sg-east"));
                    assert_eq!(*port, 5432);
                    self.open.map(|open| View::Cidrs(open.iter().map(|&c| c.into()).collect()))
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
        Some((0, &["Launch"][..], 1)),
        Some((0, &["AZRebalance"][..], 0)),
        Some((2, &["Launch"][..], 0)),
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
    assert_eq!(sends(Some((4, running, 4))), [(bound(0, true), Some(bound(4, false)))]);
    assert_eq!(sends(Some((4, barred, 0))), [(bound(0, true), Some(bound(4, true)))]);
    assert_eq!(sends(Some((0, running, 0))), [(bound(0, true), Some(bound(0, false)))]);
    assert_eq!(sends(Some((0, barred, 3))), [], "they are on their way out");
    assert_eq!(sends(None), [], "what is unseen is not changed");
}

#[test]
fn a_side_is_cut_off_when_no_rule_is_open_and_no_session_lives_on() {
    let plan = plan(&[isolate()]);
    let closed =
        Sight { open: Some(&["192.0.2.0/24"]), sessions: Some(Some(0)), ..Sight::default() };
    assert_eq!(proofs(&plan, &closed), [FenceProof::Isolate], "another's rule is none of ours");
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
    let good = Sight { group: STOPPED, open: Some(&[]), sessions: Some(Some(0)) };
    let holds = |fences: &[Value], proof: FenceProof, sight: &Sight| {
        let (plan, state) = (plan(fences), proven(proof));
        let seen = sight.seen(&plan, &state);
        still_holds(&situation(&plan, &state, at(10)), &plan.databases[0], &seen)
    };
    let bad = [
        Sight { group: Some((1, &["Launch"], 0)), open: Some(&["10.9.0.0/16"]), ..good.clone() },
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
