//! What the verdict must never do, whatever the votes are; and what each picture of a failure is called.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::ids::{Direction, Text};
use crate::journal::Bearing;
use crate::plan::example::orders;
use crate::plan::{ImpairmentKind, Plan, Severity};
use crate::time::{Span, Timestamp, after, since};

const HOME: Direction = Direction::ToStandby;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

fn plan_with(voters: Value) -> Plan {
    let mut plan = orders();
    plan["detection"]["voters"] = voters;
    plan["detection"]["change-feed"] = json!({"window": "30m"});
    serde_json::from_value(plan).unwrap()
}

/// Voters of every sort: two that look from outside, some inside, some by zone.
fn plan() -> Plan {
    static PLAN: OnceLock<Plan> = OnceLock::new();
    PLAN.get_or_init(sorts).clone()
}

fn sorts() -> Plan {
    plan_with(json!([
        {"id": "west", "alarm": "w", "region": "us-west-2"},
        {"id": "eu", "kind": "endpoint", "url": "https://o.example.com/", "control-url": "https://x.example.com/", "region": "eu-west-1"},
        {"id": "api", "alarm": "a", "region": "us-east-1"},
        {"id": "targets", "kind": "targets", "region": "us-east-1",
            "target-group": "arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/a/b"},
        {"id": "db", "kind": "rds-event", "region": "us-east-1", "source": "orders"},
        {"id": "apm", "kind": "document", "region": "eu-west-1", "error-rate": {"above": 50}},
    ]))
}

fn standby_well() -> Standby {
    Standby {
        against: Vec::new(),
        asks: Vec::new(),
        capacity: Vec::new(),
        numbers: Vec::new(),
        at: at(0),
    }
}

/// A signal of a voter that said so at `at`, for so long.
fn said(plan: &Plan, voter: &str, vote: Vote, lasted: i64, signs: Signs) -> Signal {
    let voter = plan.detection.voters.iter().find(|v| v.id().as_str() == voter).unwrap();
    let reading = Reading::new(vote, "words").since(at(-lasted)).with(signs);
    Signal::following(voter, None, reading, at(0), Span::minutes(3))
}

fn down(plan: &Plan, voters: &[&str]) -> Vec<Signal> {
    voters.iter().map(|v| said(plan, v, Vote::Unhealthy, 600, Signs::default())).collect()
}

fn well(plan: &Plan, voters: &[&str]) -> Vec<Signal> {
    voters.iter().map(|v| said(plan, v, Vote::Healthy, 600, Signs::default())).collect()
}

fn shared(signals: &[Signal]) -> Vec<Arc<Signal>> {
    signals.iter().cloned().map(Arc::new).collect()
}

fn weighed(plan: &Plan, signals: &[Signal], deployed: Option<&Deployed>, now: i64) -> Assessment {
    let standby = standby_well();
    let (signals, standby) = (&shared(signals), Some(&standby));
    let evidence = Evidence { signals, standby, deployed, ..Evidence::default() };
    weigh(plan, HOME, evidence, at(now))
}

fn kind_of(plan: &Plan, signals: &[Signal]) -> (ImpairmentKind, Severity) {
    let found = weighed(plan, signals, None, 0).classification.unwrap();
    (found.kind, found.severity)
}

fn zones(down: &[&str], well: &[&str]) -> Signs {
    let set = |zones: &[&str]| zones.iter().map(|z| Text::from(*z)).collect::<BTreeSet<_>>();
    Signs { zones_down: set(down), zones_well: set(well), ..Signs::default() }
}

#[test]
fn a_failure_is_called_by_where_its_signals_come_from() {
    let p = plan();
    let several = |sets: &[Vec<Signal>]| sets.concat();
    use ImpairmentKind::*;
    for (signals, kind, severity) in [
        (down(&p, &["west", "eu"]), RegionOutage, Severity::Critical),
        (down(&p, &["west", "api"]), RegionOutage, Severity::Critical),
        (
            several(&[down(&p, &["west", "eu"]), well(&p, &["targets"])]),
            NetworkIssue,
            Severity::High,
        ),
        (down(&p, &["api"]), ApplicationError, Severity::Medium),
        (down(&p, &["west"]), ServiceDegradation, Severity::Medium),
        (down(&p, &["targets"]), ServiceOutage, Severity::High),
        (down(&p, &["db"]), DatabaseIssue, Severity::High),
        (down(&p, &["db", "targets"]), DatabaseIssue, Severity::High),
        (down(&p, &["db", "targets", "apm"]), RegionOutage, Severity::Critical),
        (
            several(&[
                vec![said(
                    &p,
                    "targets",
                    Vote::Unhealthy,
                    600,
                    zones(&["us-east-1a"], &["us-east-1b"]),
                )],
                down(&p, &["west", "eu"]),
            ]),
            ZoneOutage,
            Severity::Critical,
        ),
        (
            several(&[
                vec![said(
                    &p,
                    "targets",
                    Vote::Unhealthy,
                    600,
                    zones(&["us-east-1a", "us-east-1b"], &[]),
                )],
                down(&p, &["west", "eu"]),
            ]),
            RegionOutage,
            Severity::Critical,
        ),
    ] {
        let voters: Vec<_> = signals.iter().map(|s| (s.voter.as_str(), s.vote)).collect();
        assert_eq!(kind_of(&p, &signals), (kind, severity), "{voters:?}");
    }
}

#[test]
fn a_source_that_names_the_failure_is_believed_and_raises_its_severity() {
    let p = plan();
    let corruption = Signs {
        kind: Some(ImpairmentKind::DataCorruption),
        severity: Some(Severity::Low),
        ..Signs::default()
    };
    let apm = said(&p, "apm", Vote::Unhealthy, 600, corruption);
    let signals = [vec![apm], down(&p, &["west", "eu"])].concat();
    assert_eq!(kind_of(&p, &signals), (ImpairmentKind::DataCorruption, Severity::Critical));
    let grave = Signs { severity: Some(Severity::Critical), ..Signs::default() };
    let api = said(&p, "api", Vote::Unhealthy, 600, grave);
    assert_eq!(kind_of(&p, &[api]), (ImpairmentKind::ApplicationError, Severity::Critical));
}

#[test]
fn the_plan_can_say_what_a_voter_means() {
    let p = plan_with(json!([
        {"id": "west", "alarm": "w", "region": "us-west-2", "about": {"means": "resource-exhaustion", "services": ["api"]}},
        {"id": "a", "alarm": "a", "region": "us-east-1", "about": {"zone": "us-east-1a"}},
        {"id": "b", "alarm": "b", "region": "us-east-1", "about": {"zone": "us-east-1b"}},
    ]));
    assert_eq!(kind_of(&p, &down(&p, &["west"])).0, ImpairmentKind::ResourceExhaustion);
    let one_zone = [down(&p, &["a"]), well(&p, &["b"])].concat();
    assert_eq!(kind_of(&p, &one_zone).0, ImpairmentKind::ZoneOutage);
    assert_ne!(kind_of(&p, &down(&p, &["a", "b"])).0, ImpairmentKind::ZoneOutage);
    let found = weighed(&p, &down(&p, &["west"]), None, 0).classification.unwrap();
    assert_eq!(found.services, BTreeSet::from([Text::from("api")]));
    assert!(found.impact.contains("1 of 2 services"), "{}", found.impact);
}

#[test]
fn a_flapping_voter_is_no_eye() {
    let p = plan();
    let mut signals = down(&p, &["west", "eu"]);
    assert_eq!(weighed(&p, &signals, None, 0).verdict, Verdict::Down);
    signals[0].turns = (0..5).map(|n| at(-60 * n)).collect();
    let assessed = weighed(&p, &signals, None, 0);
    assert_eq!(assessed.ballots[0].counted, Counted::Unknown);
    assert!(
        assessed.ballots[0].evidence.contains("it flaps: 5 changes of mind in 10m, more than 4")
    );
    assert_eq!(assessed.verdict, Verdict::Unsure);
}

#[test]
fn a_deployment_before_the_trouble_asks_a_person_however_long_one_waits() {
    let p = plan();
    let signals = down(&p, &["west", "eu"]);
    let deployed = |seconds| Deployed { what: "api 2.14".to_owned(), by: None, at: at(seconds) };
    // The trouble began at -600.
    for (when, asks) in [(-600 - 1801, false), (-600 - 1800, true), (-700, true), (-100, true)] {
        let assessed = weighed(&p, &signals, Some(&deployed(when)), 0);
        assert_eq!(assessed.bearing, Bearing::Go, "the evidence itself is the same");
        assert_eq!(!assessed.ask.is_empty(), asks, "{when}: {:?}", assessed.ask);
    }
    let mut quiet = p.clone();
    quiet.detection.change_feed = None;
    assert!(weighed(&quiet, &signals, Some(&deployed(-700)), 0).ask.is_empty());
}

#[test]
fn what_comes_once_counts_at_once_and_only_while_it_is_fresh() {
    let p = plan();
    let mut db = said(&p, "db", Vote::Unhealthy, 0, Signs::default());
    assert_eq!(weighed(&p, &[db.clone()], None, 0).count.not_yet, 1);
    db.once = true;
    assert_eq!(weighed(&p, &[db.clone()], None, 0).count.down, 1);
    assert_eq!(weighed(&p, &[db.clone()], None, 900).count.down, 1);
    assert_eq!(weighed(&p, &[db], None, 901).count.unknown, 6);
}

#[test]
fn a_vote_counts_only_for_the_eye_that_gave_it() {
    let p = plan();
    let mut signals = down(&p, &["west", "eu"]);
    signals[0].eye = "alarm other (us-west-2)".into();
    let assessed = weighed(&p, &signals, None, 0);
    assert_eq!(assessed.count.down, 1);
    assert!(assessed.ballots[0].evidence.contains("another eye"), "{:?}", assessed.ballots[0]);
}

const VOTERS: [&str; 6] = ["west", "eu", "api", "targets", "db", "apm"];

/// Any signal of any of the voters, at any time around now.
fn any_signal() -> impl Strategy<Value = Signal> {
    let vote = prop_oneof![Just(Vote::Healthy), Just(Vote::Unhealthy), Just(Vote::Unknown)];
    (0usize..6, vote, -300i64..0, 0i64..600, any::<bool>(), 0usize..7).prop_map(
        |(voter, vote, when, lasted, once, turns)| {
            let p = plan();
            let reading = Reading { once, ..Reading::new(vote, "words").since(at(when - lasted)) };
            let voter = &p.detection.voters[voter];
            let mut signal = Signal::following(voter, None, reading, at(when), Span::minutes(3));
            signal.turns = (0..turns).map(|n| at(when - 60 * n as i64)).collect();
            signal
        },
    )
}

fn any_signals() -> impl Strategy<Value = Vec<Signal>> {
    proptest::collection::vec(any_signal(), 0..14)
}

fn go(assessed: &Assessment) -> bool {
    assessed.bearing == Bearing::Go
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn the_order_of_arrival_does_not_matter(signals in any_signals(), turn in 0usize..14) {
        let p = plan();
        let mut turned = signals.clone();
        let middle = turn % turned.len().max(1);
        turned.rotate_left(middle);
        turned.reverse();
        let verdict = |signals: &[Signal]| {
            let a = weighed(&p, signals, None, 0);
            (a.verdict, a.count, a.bearing)
        };
        prop_assert_eq!(verdict(&signals), verdict(&turned));
    }

    #[test]
    fn duplicates_do_not_matter(signals in any_signals()) {
        let p = plan();
        let twice = [signals.clone(), signals.clone()].concat();
        prop_assert_eq!(weighed(&p, &signals, None, 0), weighed(&p, &twice, None, 0));
    }

    #[test]
    fn a_healthy_vote_never_causes_a_failover(signals in any_signals(), voter in 0usize..6) {
        let p = plan();
        let before = weighed(&p, &signals, None, 0);
        let more = [signals, well(&p, &[VOTERS[voter]])].concat();
        prop_assert!(go(&before) || !go(&weighed(&p, &more, None, 0)));
    }

    #[test]
    fn a_vote_that_turns_to_healthy_never_makes_it_down(
        signals in any_signals(), voter in 0usize..6, age in 0i64..400
    ) {
        let p = plan();
        let id = VOTERS[voter];
        let before = weighed(&p, &signals, None, 0);
        // The word of one voter becomes another, at the instant of its last or as old as it may be.
        let mut turned = signals.clone();
        let last = turned.iter().filter(|s| s.voter.as_str() == id).map(|s| s.at).max();
        turned.retain(|s| s.voter.as_str() != id);
        let mut healthy = said(&p, id, Vote::Healthy, 600, Signs::default());
        healthy.at = last.unwrap_or(at(-age));
        turned.push(healthy);
        let after = weighed(&p, &turned, None, 0);
        prop_assert!(before.verdict == Verdict::Down || after.verdict != Verdict::Down);
    }

    #[test]
    fn a_quorum_with_half_of_the_outside_well_is_never_down(signals in any_signals()) {
        let p = plan();
        let a = weighed(&p, &signals, None, 0);
        let outside = |counted| a.ballots.iter()
            .filter(|b| b.origin != p.regions.primary && b.counted == counted).count();
        if a.verdict == Verdict::Down {
            prop_assert!(outside(Counted::Unhealthy) > outside(Counted::Healthy));
        }
    }

    #[test]
    fn unknown_never_counts_as_unhealthy(signals in any_signals(), voter in 0usize..6) {
        let p = plan();
        let before = weighed(&p, &signals, None, 0);
        let blind = said(&p, VOTERS[voter], Vote::Unknown, 600, Signs::default());
        let after = weighed(&p, &[signals, vec![blind]].concat(), None, 0);
        prop_assert!(after.count.down <= before.count.down);
        // Who said well and sees nothing now no longer contradicts; nothing else can come of it.
        prop_assert!(go(&before) || !go(&after) || before.contradicted());
    }

    #[test]
    fn waiting_without_news_never_turns_into_a_failover(
        signals in any_signals(), deployed in proptest::option::of(-3000i64..0), wait in 0i64..4000
    ) {
        let p = plan();
        let deployed = deployed.map(|s| Deployed { what: "api".to_owned(), by: None, at: at(s) });
        let now = weighed(&p, &signals, deployed.as_ref(), 0);
        let later = weighed(&p, &signals, deployed.as_ref(), wait);
        prop_assert!(go(&now) || !go(&later));
        prop_assert!(later.count.down <= now.count.down);
        // Nor does it turn a question to people into one that nobody is asked.
        if go(&later) && !now.ask.is_empty() {
            prop_assert!(!later.ask.is_empty());
        }
    }

    #[test]
    fn the_reasons_add_up_to_the_verdict(signals in any_signals()) {
        let p = plan();
        let a = weighed(&p, &signals, None, 0);
        prop_assert_eq!(a.count, Count::of(&a.ballots, &p.regions.primary, p.detection.freshness));
        prop_assert_eq!(a.verdict, Verdict::of(&a.count, a.quorum));
        let c = a.count;
        prop_assert_eq!(c.down + c.not_yet + c.well + c.unknown, c.voters);
        let numbers = format!("{} of {} voters say us-east-1 is down (quorum {}, {} of them from outside)",
            c.down, c.voters, a.quorum, c.down_outside);
        prop_assert!(a.reasons[0].starts_with(&numbers), "{:?}", a.reasons);
        prop_assert_eq!(a.classification.is_some(), c.down > 0);
        let first = a.ballots.iter().filter(|b| b.counted == Counted::Unhealthy)
            .filter_map(|b| b.since).min();
        prop_assert_eq!(a.first_signal, first);
    }

    #[test]
    fn no_failover_without_a_quorum_and_a_witness_outside(signals in any_signals()) {
        let p = plan();
        let a = weighed(&p, &signals, None, 0);
        if go(&a) {
            let outside = a.ballots.iter()
                .filter(|b| b.counted == Counted::Unhealthy && b.origin != p.regions.primary);
            prop_assert!(outside.count() >= 1 && a.count.down >= a.quorum);
        }
    }

    #[test]
    fn a_signal_follows_the_newest_word_only(signals in any_signals()) {
        let p = plan();
        for ballot in weighed(&p, &signals, None, 0).ballots {
            let newest = signals.iter().filter(|s| s.voter == ballot.voter).map(|s| s.at).max();
            prop_assert_eq!(ballot.age, newest.map(|at_| since(at_, at(0))));
        }
    }
}

#[test]
fn an_ill_standby_stops_the_failover_with_the_reason() {
    let p = plan();
    let ill = Standby {
        against: vec!["the replica is gone".to_owned()],
        asks: Vec::new(),
        capacity: Vec::new(),
        numbers: Vec::new(),
        at: at(0),
    };
    let signals = down(&p, &["west", "eu"]);
    let evidence =
        Evidence { signals: &shared(&signals), standby: Some(&ill), ..Evidence::default() };
    let assessed = weigh(&p, HOME, evidence, at(0));
    assert_eq!((assessed.verdict, assessed.bearing), (Verdict::Down, Bearing::Unsure));
    assert!(assessed.sentence().contains("us-west-2 cannot take it: the replica is gone"));
    let old = weighed(&p, &signals, None, 181);
    assert_eq!(old.verdict, Verdict::Unsure, "votes and standby are stale");
    assert!(after(at(0), p.detection.freshness) < at(181));
}
