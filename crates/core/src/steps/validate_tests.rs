//! When users are said to be served.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "anything else than what is asked for is wrong here"
)]

use super::*;
use crate::audit::example::{at, plan, recovered, situation};
use crate::journal::State;
use crate::plan::{Plan, example};
use crate::time::Span;

/// The example's plan with its plain look alone.
fn looking() -> Plan {
    let mut plan = plan();
    plan.validation.checks.retain(|c| matches!(c, Check::Http(_)));
    assert_eq!(plan.validation.checks.len(), 1);
    plan
}

/// A recovery that has made all its passes, and has not ended.
fn passed() -> State {
    let mut journal = recovered(1);
    journal.records.pop();
    let state = journal.state();
    assert_eq!((state.passes, state.end.is_some()), (3, false));
    state
}

/// What follows when the look is answered by that side, or not at all.
fn next(state: &State, side: Option<&str>, seconds: u64) -> Move {
    let plan = looking();
    let situation = situation(&plan, state, at(seconds));
    let mut seen = Seen::default();
    for question in questions(&situation) {
        let Some(marker) = side else { continue };
        let view = serde_json::json!({
            "status": 200, "marker": marker, "body": "", "took": Span::millis(20),
        });
        seen.insert(question, Ok(View::Http(serde_json::from_value(view).unwrap())));
    }
    decide(&situation, &seen)
}

fn passes(next: &Move) -> Option<bool> {
    match next.records.as_slice() {
        [Entry::Pass { held, .. }] => Some(*held),
        [] | [_, ..] => None,
    }
}

fn ends(next: &Move) -> bool {
    matches!(next.records.as_slice(), [Entry::Ended { end: End::Recovered, .. }])
}

#[test]
fn the_end_rests_on_a_look_of_its_own_whatever_was_seen_before() {
    let state = passed();
    assert!(ends(&next(&state, Some("w"), 62)));
    assert!(ends(&next(&state, Some("w"), 4_000)), "whoever goes on hours later looks, too");
    for side in [None, Some("e")] {
        assert_eq!(passes(&next(&state, side, 62)), Some(false), "{side:?}");
    }
}

#[test]
fn passes_are_an_interval_apart_and_a_failure_is_written_once() {
    let mut state = passed();
    state.passes = 1;
    state.last_pass = Some((at(62), true));
    let early = next(&state, Some("w"), 66);
    assert!(early.records.is_empty() && !early.settled(), "{early:?}");
    assert_eq!(passes(&next(&state, Some("w"), 67)), Some(true));
    assert_eq!(passes(&next(&state, None, 67)), Some(false));
    state.last_pass = Some((at(62), false));
    let again = next(&state, None, 67);
    assert!(again.records.is_empty() && !again.settled(), "{again:?}");
    assert_eq!(passes(&next(&state, Some("w"), 63)), Some(true), "nobody waits after a failure");
}

const MARK: &str = "mark-1";

/// What a workload shows that serves users from the standby side.
fn well(question: &Question) -> View {
    let view = match question {
        Question::Http(ask) => serde_json::json!({"http": {
            "status": 200, "marker": "w", "took": Span::millis(20),
            "body": if ask.method == "GET" { format!("order {MARK}") } else { String::new() },
        }}),
        Question::Rds { .. } => serde_json::json!({"rds": {
            "status": "available", "engine": "postgres", "multi-az": false,
        }}),
        Question::Sql { .. } => {
            serde_json::json!({"sql": {"in-recovery": false, "writable": true}})
        }
        Question::Group { .. } => serde_json::json!({"group": {
            "minimum": 2, "maximum": 9, "desired": 3, "in-service": 3, "serving": 3, "instances": 3,
            "suspended": [],
        }}),
        Question::Targets { .. } => serde_json::json!({"targets": {"healthy": 2, "total": 3}}),
        other => panic!("{other}"),
    };
    serde_json::from_value(view).unwrap()
}

/// Whether a look holds in which `change` alone is otherwise; `None` from it: that is not seen.
fn holds(plan: &Plan, change: impl Fn(&Question, View) -> Option<View>) -> bool {
    let state = passed();
    let situation = Situation { mark: MARK, ..situation(plan, &state, at(62)) };
    let mut seen = Seen::default();
    for question in questions(&situation) {
        if let Some(view) = change(&question, well(&question)) {
            seen.insert(question, Ok(view));
        }
    }
    let (held, checks) = checked(&situation, &seen);
    assert_eq!(held, !checks.iter().any(|c| c.contains(": NO: ")), "{checks:?}");
    held
}

fn http(view: View, change: impl Fn(&mut crate::world::HttpView)) -> View {
    let View::Http(mut view) = view else { panic!("{view:?}") };
    change(&mut view);
    View::Http(view)
}

#[test]
fn every_check_has_to_hold() {
    let plan = plan();
    assert_eq!(plan.validation.checks.len(), 4);
    assert!(holds(&plan, |_, view| Some(view)));
    let state = passed();
    let asked = questions(&Situation { mark: MARK, ..situation(&plan, &state, at(62)) });
    assert_eq!(asked.len(), 7, "{asked:?}");
    for one in &asked {
        assert!(!holds(&plan, |q, view| (q != one).then_some(view)), "{one} is not seen");
    }
    for one in asked.iter().filter(|q| matches!(q, Question::Http(_))) {
        let with = |change: &dyn Fn(&mut crate::world::HttpView)| {
            holds(&plan, |q, view| Some(if q == one { http(view, change) } else { view }))
        };
        assert!(with(&|_| ()));
        assert!(!with(&|v| v.status = 503), "{one}");
        assert!(!with(&|v| v.marker = Some("e".into())), "{one} from the old side");
        assert!(!with(&|v| v.marker = None), "{one} from nobody knows where");
    }
}

#[test]
fn what_was_written_has_to_be_read_back() {
    let plan = plan();
    let reads = |q: &Question| matches!(q, Question::Http(ask) if ask.url.contains(MARK));
    let another = |q: &Question, view: View| {
        Some(if reads(q) { http(view, |v| v.body = "order another".into()) } else { view })
    };
    assert!(!holds(&plan, another));
    let created = |q: &Question, view: View| {
        let writes = matches!(q, Question::Http(ask) if ask.method == "POST");
        Some(if writes { http(view, |v| v.status = 201) } else { view })
    };
    assert!(holds(&plan, created));
}

#[test]
fn the_database_has_to_be_the_writer_and_targets_have_to_be_there() {
    let rds = |change: serde_json::Value| {
        let mut view =
            serde_json::json!({"status": "available", "engine": "postgres", "multi-az": false});
        view.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let view = serde_json::json!({"rds": view});
        let view: View = serde_json::from_value(view).unwrap();
        holds(&plan(), |q, known| {
            Some(if matches!(q, Question::Rds { .. }) { view.clone() } else { known })
        })
    };
    assert!(rds(serde_json::json!({})));
    assert!(!rds(serde_json::json!({"replica-source": "orders"})));
    assert!(!rds(serde_json::json!({"status": "modifying"})));
    let targets = |need: u32, healthy: u32| {
        let mut plan = example::orders();
        plan["capacity"][0]["amount"]["at-least"] = serde_json::json!(need);
        let plan: Plan = serde_json::from_value(plan).unwrap();
        let view = serde_json::json!({"targets": {"healthy": healthy, "total": 3}});
        let view: View = serde_json::from_value(view).unwrap();
        holds(&plan, |q, known| {
            Some(if matches!(q, Question::Targets { .. }) { view.clone() } else { known })
        })
    };
    assert!(targets(2, 2) && targets(2, 3) && targets(0, 1));
    assert!(!targets(2, 1) && !targets(2, 0) && !targets(0, 0));
}

/// Four units by two instances of weight 2: two targets are all that there can be.
#[test]
fn healthy_targets_are_counted_as_instances_and_capacity_by_its_weights() {
    let holds_with = |in_service: u32, healthy: u32| {
        let mut plan = example::orders();
        plan["capacity"][0]["amount"]["at-least"] = serde_json::json!(4);
        let plan: Plan = serde_json::from_value(plan).unwrap();
        let group = serde_json::json!({"group": {
            "minimum": 4, "maximum": 9, "desired": 4, "in-service": in_service, "serving": 2,
            "instances": 2, "suspended": [],
        }});
        let group: View = serde_json::from_value(group).unwrap();
        let targets = serde_json::json!({"targets": {"healthy": healthy, "total": 2}});
        let targets: View = serde_json::from_value(targets).unwrap();
        holds(&plan, |q, known| {
            Some(match q {
                Question::Group { .. } => group.clone(),
                Question::Targets { .. } => targets.clone(),
                _ => known,
            })
        })
    };
    assert!(holds_with(4, 2));
    assert!(!holds_with(4, 1), "half of the capacity is ill");
    assert!(!holds_with(2, 2), "half of the capacity is missing");
}

#[test]
fn a_check_of_nothing_does_not_hold() {
    for emptied in ["databases", "capacity"] {
        let mut plan = example::orders();
        plan[emptied] = serde_json::json!([]);
        let plan: Plan = serde_json::from_value(plan).unwrap();
        assert!(!holds(&plan, |_, view| Some(view)), "{emptied}");
    }
}

/// No check at all is found before a pass is made of it.
#[test]
fn a_plan_without_checks_proves_nothing() {
    let mut plan = plan();
    plan.validation.checks.clear();
    for passes in [0, 3] {
        let mut state = passed();
        state.passes = passes;
        let next = decide(&situation(&plan, &state, at(70)), &Seen::default());
        assert!(next.records.is_empty(), "{next:?}");
        let stuck = next.stuck().unwrap();
        assert!(stuck.contains("has no check"), "{stuck}");
    }
}

#[test]
fn nothing_ends_while_a_request_may_still_land() {
    let mut state = passed();
    let journal_of = || {
        let mut journal = recovered(1);
        journal.records.pop();
        journal.sent(62, Step::Restore, crate::audit::example::lease("nobody", 3, "us-west-2"));
        journal.state()
    };
    std::sync::Arc::make_mut(&mut state.effects).extend((*journal_of().effects).clone());
    let life = situation(&looking(), &state, at(62)).limits.request_life;
    let over = after(at(62), life);
    let before = over.as_millisecond() - 1;
    let waits = next_at(&state, crate::time::Timestamp::from_millisecond(before).unwrap());
    assert!(waits.records.is_empty() && !waits.settled(), "{waits:?}");
    let settled = next_at(&state, over);
    assert!(
        matches!(settled.records.as_slice(), [Entry::Outcome { applied: false, .. }]),
        "{settled:?}"
    );
}

fn next_at(state: &State, now: crate::time::Timestamp) -> Move {
    decide(&situation(&looking(), state, now), &Seen::default())
}

#[test]
fn a_check_that_does_not_hold_says_what_is_wanted_and_what_is_seen() {
    let (plan, state) = (plan(), passed());
    let situation = Situation { mark: MARK, ..situation(&plan, &state, at(62)) };
    let words = |change: &dyn Fn(&mut crate::world::HttpView)| {
        let mut seen = Seen::default();
        for question in questions(&situation) {
            let view = well(&question);
            let asked = matches!(question, Question::Http(_));
            let view = if asked { http(view, change) } else { view };
            seen.insert(question, Ok(view));
        }
        checked(&situation, &seen).1.join("\n")
    };
    let status = words(&|v| v.status = 503);
    assert!(status.contains("status 503 from w; wanted 200\n"), "{status}");
    assert!(status.contains("status 503 from w; wanted 200 to 299"), "{status}");
    let other = words(&|v| v.marker = Some("e".into()));
    assert!(other.contains("was answered by e, not w"), "{other}");
    let none = words(&|v| v.marker = None);
    assert!(none.contains("without X-Side; wanted w"), "{none}");
}
