//! How one voter counts: to the instant and to the number at which it changes.

use serde_json::json;

use super::*;
use crate::evidence::Reading;
use crate::plan::example::orders;

/// A plan whose only voters are these.
fn plan(voters: serde_json::Value) -> Plan {
    let mut plan = orders();
    plan["detection"]["voters"] = voters;
    serde_json::from_value(plan).unwrap()
}

fn canary() -> Plan {
    plan(json!([{"id": "canary", "alarm": "w", "region": "us-west-2"}]))
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

fn millis_after(instant: Timestamp, millis: i64) -> Timestamp {
    Timestamp::from_millisecond(instant.as_millisecond() + millis).unwrap()
}

/// The only voter's word at 0, true since then.
fn said(plan: &Plan, vote: Vote, since: Timestamp) -> Signal {
    let reading = Reading::new(vote, "words").since(since);
    Signal::following(&plan.detection.voters[0], None, reading, at(0), Span::minutes(3))
}

fn counts(plan: &Plan, signals: &[Signal], now: Timestamp) -> Ballot {
    let signals: Vec<_> = signals.iter().cloned().map(Arc::new).collect();
    ballot(plan, &plan.detection.voters[0], &signals, now)
}

#[test]
fn a_voter_that_never_voted_is_unknown() {
    let plan = canary();
    let found = counts(&plan, &[], at(0));
    assert_eq!((found.counted, found.age, found.since), (Counted::Unknown, None, None));
    assert_eq!(found.evidence, "it never voted");
    let mut another = said(&plan, Vote::Unhealthy, at(-600));
    another.voter = "other".into();
    assert_eq!(counts(&plan, &[another], at(0)).evidence, "it never voted");
}

#[test]
fn down_is_believed_from_the_instant_at_which_it_was_said_for_long_enough() {
    let plan = canary();
    let sustained = at(-120);
    let counted = |vote, since| counts(&plan, &[said(&plan, vote, since)], at(0)).counted;
    assert_eq!(counted(Vote::Unhealthy, sustained), Counted::Unhealthy);
    assert_eq!(counted(Vote::Unhealthy, millis_after(sustained, 1)), Counted::NotYet);
    assert_eq!(counted(Vote::Healthy, at(0)), Counted::Healthy, "well is believed at once");
    assert_eq!(counted(Vote::Unknown, sustained), Counted::Unknown);
    let later = counts(&plan, &[said(&plan, Vote::Unhealthy, at(-100))], at(60));
    assert_eq!(later.counted, Counted::NotYet, "time alone makes nobody believed");
    assert_eq!(later.sustained, Some(Span::seconds(160)));
    assert_eq!((later.age, later.since), (Some(Span::seconds(60)), Some(at(-100))));
}

#[test]
fn a_vote_counts_until_it_is_too_old() {
    let plan = canary();
    let fresh = plan.detection.voters[0].freshness(plan.detection.freshness);
    let last = crate::time::after(at(0), fresh);
    for (vote, counted) in
        [(Vote::Unhealthy, Counted::Unhealthy), (Vote::Healthy, Counted::Healthy)]
    {
        let signals = [said(&plan, vote, at(-600))];
        assert_eq!(counts(&plan, &signals, last).counted, counted);
        let old = counts(&plan, &signals, millis_after(last, 1));
        assert_eq!(old.counted, Counted::Unknown);
        assert!(old.evidence.contains(&format!("more than {fresh}")), "{}", old.evidence);
    }
}

#[test]
fn a_voter_may_change_its_mind_as_often_as_the_plan_says() {
    let plan = canary();
    let most = i64::from(plan.detection.flapping.turns);
    let fickle = |turns: i64| {
        let mut signal = said(&plan, Vote::Unhealthy, at(-600));
        signal.turns = (0..turns).map(|n| at(-10 * n)).collect();
        counts(&plan, &[signal], at(0)).counted
    };
    assert_eq!(fickle(most), Counted::Unhealthy);
    assert_eq!(fickle(most + 1), Counted::Unknown);
}

#[test]
fn of_two_words_the_later_counts_and_of_one_instant_what_still_has_to_last() {
    let plan = canary();
    let mut early = said(&plan, Vote::Healthy, at(-600));
    early.at = at(-1);
    let late = said(&plan, Vote::Unhealthy, at(-600));
    let mut once = said(&plan, Vote::Unhealthy, at(0));
    once.once = true;
    let level = said(&plan, Vote::Unhealthy, at(0));
    assert_eq!(counts(&plan, &[once.clone()], at(0)).counted, Counted::Unhealthy);
    for (pair, counted) in [([early, late], Counted::Unhealthy), ([once, level], Counted::NotYet)] {
        let turned = [pair[1].clone(), pair[0].clone()];
        assert_eq!(counts(&plan, &pair, at(0)).counted, counted);
        assert_eq!(counts(&plan, &turned, at(0)).counted, counted);
    }
}

#[test]
fn votes_are_counted_by_kind_and_those_from_outside_apart() {
    let home = Region::from("us-east-1");
    let plan = canary();
    let cast = |origin: &str, counted| {
        let mut ballot = counts(&plan, &[], at(0));
        (ballot.origin, ballot.counted) = (Region::from(origin), counted);
        ballot.says_well = counted == Counted::Healthy;
        ballot.age = Some(Span::seconds(60));
        ballot
    };
    // Well by a word that is too old to count itself; and one that was older when the last said down.
    let aged = |age: u64| {
        let mut ballot = cast("us-west-2", Counted::Unknown);
        (ballot.says_well, ballot.age) = (true, Some(Span::seconds(age)));
        ballot
    };
    let (inside, outside) = ("us-east-1", "us-west-2");
    let ballots = [
        cast(inside, Counted::Unhealthy),
        cast(outside, Counted::Unhealthy),
        cast(outside, Counted::Unhealthy),
        cast(inside, Counted::Healthy),
        cast(inside, Counted::Healthy),
        cast(inside, Counted::Healthy),
        cast(outside, Counted::Healthy),
        cast(outside, Counted::NotYet),
        cast(outside, Counted::NotYet),
        aged(240),
        aged(241),
    ];
    let expected = Count {
        voters: 11,
        down: 3,
        down_outside: 2,
        not_yet: 2,
        well: 4,
        well_outside: 1,
        against: 2,
        unknown: 2,
    };
    assert_eq!(Count::of(&ballots, &home, Span::minutes(3)), expected);
}

#[test]
fn the_kind_of_voter_says_what_its_word_means_when_the_plan_does_not() {
    use ImpairmentKind::*;
    let metric = |namespace: &str| {
        json!({"id": "v", "kind": "metric", "region": "us-east-1", "namespace": namespace,
            "metric": "m", "statistic": "p99", "deviation": {"times": 6, "at-least": 1}})
    };
    let group = "arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/a/b";
    for (voter, means) in [
        (json!({"id": "v", "alarm": "a", "region": "us-east-1"}), None),
        (
            json!({"id": "v", "kind": "rds-event", "region": "us-east-1", "source": "orders"}),
            Some(DatabaseIssue),
        ),
        (
            json!({"id": "v", "kind": "replication", "region": "us-west-2", "database": "orders-db"}),
            Some(DatabaseIssue),
        ),
        (
            json!({"id": "v", "kind": "group", "region": "us-east-1", "group": "web"}),
            Some(InstanceFailure),
        ),
        (
            json!({"id": "v", "kind": "targets", "region": "us-east-1", "target-group": group}),
            Some(ServiceOutage),
        ),
        (metric("AWS/EC2"), Some(ResourceExhaustion)),
        (metric("AWS/RDS"), Some(ResourceExhaustion)),
        (metric("AWS/ECS"), Some(ResourceExhaustion)),
        (metric("CWAgent"), Some(ResourceExhaustion)),
        (metric("ECS/ContainerInsights"), Some(ResourceExhaustion)),
        (metric("AWS/ApplicationELB"), Some(ApplicationError)),
        (metric("Orders"), Some(ApplicationError)),
    ] {
        let plan = plan(json!([voter]));
        assert_eq!(counts(&plan, &[], at(0)).means, means, "silent: {voter}");
        let signals = [said(&plan, Vote::Unhealthy, at(-600))];
        assert_eq!(counts(&plan, &signals, at(0)).means, means, "{voter}");
    }
}

#[test]
fn an_open_issue_stands_until_it_is_closed_and_nothing_else_does() {
    let plan = plan(json!([{"id": "h", "kind": "health-event", "region": "us-west-2"}]));
    let voter = &plan.detection.voters[0];
    let hour = Span::minutes(60);
    let open = |began: i64, said: i64, heard: i64, before: Option<&Signal>| {
        let reading = Reading { stands: true, ..Reading::new(Vote::Unhealthy, "open") };
        let reading = reading.since(at(began));
        Signal::told(voter, before, reading, (at(said), at(heard)), hour)
    };
    // It began ten minutes ago and comes five minutes late: it is said from when it was heard.
    let first = open(-600, -300, 0, None);
    assert_eq!((first.at, first.since), (at(-300), at(0)));
    assert_eq!(counts(&plan, std::slice::from_ref(&first), at(119)).counted, Counted::NotYet);
    assert_eq!(counts(&plan, std::slice::from_ref(&first), at(120)).counted, Counted::Unhealthy);
    assert_eq!(
        open(-600, -200, 60, Some(&first)).since,
        at(0),
        "a second word begins nothing anew"
    );
    let mut level = first;
    level.stands = false;
    assert_eq!(counts(&plan, &[level], at(600)).counted, Counted::NotYet);
}
