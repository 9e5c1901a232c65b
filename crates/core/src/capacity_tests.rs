//! What is found about capacity, and what of it keeps a fence from being taken.
#![expect(clippy::wildcard_enum_match_arm, reason = "a test answers the questions it is about")]

use super::*;
use crate::plan::example::orders;
use crate::world::{Blind, ConcurrencyView, RunningView, TargetsView};
use serde_json::json;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

/// One piece of every kind.
fn plan() -> Plan {
    let mut plan = orders();
    let amount = json!({"percent-of-peak": 100, "at-least": 4});
    plan["capacity"] = json!([
        {"id": "web", "kind": "auto-scaling-group", "services": ["web"], "amount": amount,
         "group": {"primary": "web-east", "standby": "web-west"},
         "target-group": {"primary": "tg-east", "standby": "tg-west"}},
        {"id": "workers", "kind": "instances", "services": ["workers"],
         "instances": {"primary": ["i-1", "i-2"], "standby": ["i-3", "i-4"]}},
        {"id": "api", "kind": "ecs-service", "services": ["api"], "amount": amount,
         "service": {"primary": {"cluster": "c", "name": "api"}, "standby": {"cluster": "c", "name": "api"}}},
        {"id": "search", "kind": "lambda-concurrency", "services": ["search"], "reserved": 5,
         "function": {"primary": "search", "standby": "search"}},
        {"id": "queue", "kind": "event-source", "services": ["queue"],
         "mapping": {"primary": "m-1", "standby": "m-2"}},
    ]);
    serde_json::from_value(plan).unwrap()
}

fn running(state: &str) -> Option<InstanceView> {
    Some(InstanceView { state: state.into(), reason: Text::default() })
}

fn well() -> GroupView {
    GroupView {
        minimum: 1,
        maximum: 9,
        desired: 1,
        in_service: 1,
        serving: 1,
        tells_peak: true,
        ..GroupView::default()
    }
}

/// What a good day shows; `change` makes it another.
fn found(change: impl Fn(&Question) -> Option<Result<View, Blind>>) -> Vec<CapacityFinding> {
    let plan = plan();
    let mut seen = Seen::default();
    for question in plan.capacity.iter().flat_map(|c| questions(&plan, c, Side::Standby)) {
        let good = match &question {
            Question::Group { .. } => View::Group(Some(well())),
            Question::Targets { .. } => View::Targets(Some(TargetsView { healthy: 1, total: 1 })),
            Question::Instances { ids, .. } => {
                View::Instances(ids.iter().map(|id| (id.clone(), running("stopped"))).collect())
            }
            Question::EcsService { .. } => {
                View::Running(Some(RunningView { desired: 1, running: 1 }))
            }
            Question::Concurrency { .. } => {
                View::Concurrency(Some(ConcurrencyView { reserved: Some(0) }))
            }
            Question::EventSource { .. } => View::Mapping(Some("Disabled".into())),
            other => panic!("{other:?} is asked"),
        };
        let answer = change(&question).unwrap_or(Ok(good));
        seen.insert(question, answer);
    }
    let need =
        |id: &EntryId, amount: Amount| needed(&plan, (id, amount), Side::Primary, &[], at(0));
    findings(&plan, Direction::ToStandby, &seen, &need)
}

fn group(view: GroupView) -> Vec<CapacityFinding> {
    found(|q| matches!(q, Question::Group { .. }).then(|| Ok(View::Group(Some(view.clone())))))
}

fn texts(found: &[CapacityFinding]) -> String {
    found.iter().map(|f| f.text.as_str()).collect::<Vec<_>>().join("; ")
}

#[test]
fn a_good_day_has_no_findings() {
    assert_eq!(found(|_| None), []);
}

#[test]
fn whatever_is_not_there_is_known_for_every_kind() {
    let none = |question: &Question| {
        Some(Ok(match question {
            Question::Group { .. } => View::Group(None),
            Question::Targets { .. } => View::Targets(None),
            Question::Instances { ids, .. } => {
                View::Instances(ids.iter().map(|id| (id.clone(), None)).collect())
            }
            Question::EcsService { .. } => View::Running(None),
            Question::Concurrency { .. } => View::Concurrency(None),
            Question::EventSource { .. } => View::Mapping(None),
            _ => return None,
        }))
    };
    let all = found(none);
    assert!(all.iter().all(|f| f.hindrance == Hindrance::Impossible && f.bars_fence()), "{all:#?}");
    let pieces: Vec<&str> = all.iter().map(|f| f.capacity.as_str()).collect();
    assert_eq!(pieces, ["web", "web", "workers", "api", "search", "queue"]);
}

#[test]
fn one_instance_that_is_gone_is_named_and_the_others_are_not() {
    for state in ["terminated", "shutting-down"] {
        let all = found(|question| match question {
            Question::Instances { ids, .. } => {
                let (gone, other) = (ids[0].clone(), ids[1].clone());
                let all = vec![(gone, running(state)), (other, running("stopped"))];
                Some(Ok(View::Instances(all)))
            }
            _ => None,
        });
        let [one] = &all[..] else { panic!("{all:#?}") };
        assert!(
            one.bars_fence() && one.text.contains("i-3") && one.text.contains(state),
            "{one:?}"
        );
        assert!(!one.text.contains("i-4"), "{one:?}");
    }
}

#[test]
fn hundreds_of_instances_make_no_endless_sentence() {
    let all = found(|question| match question {
        Question::Instances { .. } => {
            let one = |n: u32| (format!("i-{n}").into(), running("terminated"));
            Some(Ok(View::Instances((0..500).map(one).collect())))
        }
        _ => None,
    });
    let [one] = &all[..] else { panic!("{all:#?}") };
    assert!(one.text.contains("and 492 more") && one.text.len() < 1000, "{}", one.text);
}

#[test]
fn a_group_that_cannot_reach_its_need_is_known_and_one_that_serves_already_is_well() {
    let small = group(GroupView { maximum: 3, ..well() });
    assert!(texts(&small).contains("needs 4") && texts(&small).contains("maximum is 3"));
    let barred = |process: &str, in_service| {
        group(GroupView { suspended: vec![process.into()], in_service, ..well() })
    };
    assert!(texts(&barred("Launch", 1)).contains("resume-processes"));
    assert!(texts(&barred("AddToLoadBalancer", 1)).contains("AddToLoadBalancer"));
    assert_eq!(barred("Launch", 4), []);
    assert_eq!(barred("AZRebalance", 1), []);
    let measured = group(GroupView { measured_in: Some("vcpu".into()), ..well() });
    assert!(measured[0].bars_fence() && measured[0].text.contains("vcpu"), "{measured:?}");
}

#[test]
fn metrics_that_are_off_are_said_and_keep_no_fence_back() {
    let all = group(GroupView { tells_peak: false, ..well() });
    let [one] = &all[..] else { panic!("{all:#?}") };
    assert!(!one.bars_fence() && one.text.contains("GroupInServiceInstances"), "{one:?}");
    let plan = plan();
    let unknown = |peaks: &[Peak]| unknown_peaks(&plan, Direction::ToStandby, peaks, at(10));
    let peak =
        |capacity: &str, side, count| Peak { capacity: capacity.into(), side, count, at: at(0) };
    let pieces = |found: Vec<CapacityFinding>| -> Vec<String> {
        assert!(found.iter().all(|f| f.hindrance == Hindrance::Remark), "{found:#?}");
        found.iter().map(|f| f.capacity.to_string()).collect()
    };
    assert_eq!(pieces(unknown(&[])), ["web", "api"]);
    assert_eq!(
        pieces(unknown(&[peak("web", Side::Standby, 4)])),
        ["web", "api"],
        "the other side's"
    );
    assert_eq!(pieces(unknown(&[peak("web", Side::Primary, 4)])), ["api"]);
}

#[test]
fn what_is_unseen_bars_a_fence_when_it_comes_up_early() {
    let blind = found(|_| Some(Err(Blind::new("throttled"))));
    let barring: Vec<&str> =
        blind.iter().filter(|f| f.bars_fence()).map(|f| f.capacity.as_str()).collect();
    assert_eq!(barring, ["web", "web", "workers", "api", "search"], "the queue comes up late");
}

#[test]
fn healthy_targets_are_instances_and_units_are_not() {
    let weighted = GroupView { in_service: 8, serving: 2, ..well() };
    assert_eq!(targets_needed(4, &weighted), 2);
    let plain = GroupView { in_service: 6, serving: 6, ..well() };
    assert_eq!(targets_needed(4, &plain), 4);
}
