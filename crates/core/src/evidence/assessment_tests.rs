//! The edges of a verdict, and who is asked again.

use serde_json::json;

use super::*;
use crate::evidence::{Reading, Vote};
use crate::plan::example::orders;
use crate::time::Span;

/// Two that look from outside, two from inside, two that are told.
fn plan() -> Plan {
    let mut plan = orders();
    plan["detection"]["voters"] = json!([
        {"id": "canary-west", "alarm": "w", "region": "us-west-2"},
        {"id": "canary-eu", "alarm": "e", "region": "eu-west-1"},
        {"id": "api-5xx", "alarm": "a", "region": "us-east-1"},
        {"id": "queue", "alarm": "q", "region": "us-east-1"},
        {"id": "db-events", "kind": "rds-event", "region": "us-east-1", "source": "orders"},
        {"id": "apm", "kind": "document", "region": "eu-west-1", "error-rate": {"above": 50}},
    ]);
    serde_json::from_value(plan).unwrap()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

/// Votes for down and for well, each with those from outside; and those that are not believed yet.
fn count(down: (u32, u32), not_yet: u32, well: (u32, u32)) -> Count {
    Count {
        voters: 7,
        down: down.0,
        down_outside: down.1,
        not_yet,
        well: well.0,
        well_outside: well.1,
        against: well.1,
        unknown: 0,
    }
}

#[test]
fn down_takes_a_quorum_and_a_witness_outside() {
    for (down, verdict) in [
        ((2, 1), Verdict::Down),
        ((3, 3), Verdict::Down),
        ((2, 0), Verdict::Unsure),
        ((1, 1), Verdict::Unsure),
        ((0, 0), Verdict::Unsure),
    ] {
        assert_eq!(Verdict::of(&count(down, 0, (0, 0)), 2), verdict, "{down:?}");
    }
    assert_eq!(Verdict::of(&count((2, 1), 0, (5, 0)), 2), Verdict::Down, "whoever is well inside");
    assert_ne!(Verdict::of(&count((2, 2), 0, (0, 0)), 0), Verdict::Down, "no quorum is none");
}

#[test]
fn down_takes_more_voters_outside_that_say_down_than_say_well() {
    for (down, well_outside, verdict) in [
        ((2, 1), 0, Verdict::Down),
        ((2, 1), 1, Verdict::Unsure),
        ((3, 2), 1, Verdict::Down),
        ((3, 2), 2, Verdict::Unsure),
        ((9, 2), 3, Verdict::Unsure),
    ] {
        let count = count(down, 0, (well_outside, well_outside));
        assert_eq!(Verdict::of(&count, 2), verdict, "{count:?}");
    }
}

#[test]
fn a_quorum_that_half_of_the_outside_contradicts_is_said_to_be_one_and_moves_nothing() {
    let split = weighed(&["canary-west", "api-5xx"]);
    assert!(split.contradicted(), "{}", split.sentence());
    assert_eq!((split.verdict, split.bearing), (Verdict::Unsure, Bearing::Unsure));
    let words = "2 voters outside us-east-1 say that it is well, and 1 that it is down";
    assert!(split.sentence().contains(words), "{}", split.sentence());
    // Two of three outside.
    let outvoted = weighed(&["canary-west", "canary-eu", "api-5xx"]);
    assert!(!outvoted.contradicted());
    assert_eq!(outvoted.verdict, Verdict::Down);
}

#[test]
fn well_takes_a_quorum_a_witness_outside_and_no_quorum_against_it_in_sight() {
    for (down, not_yet, well, verdict) in [
        (0, 0, (2, 1), Verdict::Well),
        (0, 0, (2, 0), Verdict::Unsure),
        (0, 0, (1, 1), Verdict::Unsure),
        (0, 1, (2, 1), Verdict::Well),
        (1, 0, (2, 1), Verdict::Well),
        (1, 1, (2, 1), Verdict::Unsure),
        (0, 2, (2, 1), Verdict::Unsure),
    ] {
        let count = count((down, 0), not_yet, well);
        assert_eq!(Verdict::of(&count, 2), verdict, "{count:?}");
    }
}

fn weighed(down: &[&str]) -> Assessment {
    let plan = plan();
    let said = |voter: &Voter| {
        let says = down.contains(&voter.id().as_str());
        let vote = if says { Vote::Unhealthy } else { Vote::Healthy };
        let reading = Reading::new(vote, "words").since(at(-600));
        Signal::following(voter, None, reading, at(0), Span::minutes(3))
    };
    let signals: Vec<_> = plan.detection.voters.iter().map(said).map(Arc::new).collect();
    assess(&plan, Direction::ToStandby, &signals, None, at(0))
}

#[test]
fn a_quorum_that_nobody_outside_confirms_is_said_to_be_one() {
    let told = |a: &Assessment| a.sentence().contains("no outside witness");
    let lone = weighed(&["api-5xx", "queue"]);
    assert!(lone.unwitnessed() && told(&lone), "{}", lone.sentence());
    for down in [vec![], vec!["api-5xx"], vec!["api-5xx", "canary-eu"], vec!["canary-eu"]] {
        let other = weighed(&down);
        assert!(!other.unwitnessed() && !told(&other), "{down:?}: {}", other.sentence());
    }
    let nobody = Assessment { quorum: 0, count: count((0, 0), 0, (0, 0)), ..weighed(&[]) };
    assert!(!nobody.unwitnessed());
}

#[test]
fn those_who_are_believed_are_asked_again_if_they_can_be_asked() {
    let plan = plan();
    let again = |down: &[&str]| -> Vec<String> {
        weighed(down).asked_again(&plan).iter().map(|v| v.id().to_string()).collect()
    };
    assert_eq!(again(&[]), Vec::<String>::new());
    assert_eq!(again(&["canary-west", "canary-eu"]), ["canary-west", "canary-eu"]);
    assert_eq!(again(&["canary-eu", "db-events", "apm"]), ["canary-eu"], "events come once");
}

#[test]
fn a_voter_that_is_no_longer_heard_takes_nothing_of_the_beginning_with_it() {
    let mut plan = plan();
    plan.detection.change_feed = Some(crate::plan::ChangeFeed { window: Span::minutes(30) });
    let said = |voter: &str, since: i64, heard: i64| {
        let voter = plan.detection.voters.iter().find(|v| v.id().as_str() == voter).unwrap();
        let reading = Reading::new(Vote::Unhealthy, "words").since(at(since));
        Arc::new(Signal::following(voter, None, reading, at(heard), Span::minutes(3)))
    };
    let signals =
        [said("canary-west", -130, 0), said("canary-eu", -130, 0), said("api-5xx", -420, -145)];
    let deployed = Deployed { what: "api".to_owned(), by: None, at: at(-2_000) };
    let asks = |signals: &[Arc<Signal>], now: i64| {
        let evidence = Evidence { signals, deployed: Some(&deployed), ..Evidence::default() };
        let weighed = weigh(&plan, Direction::ToStandby, evidence, at(now));
        assert_eq!(weighed.verdict, Verdict::Down);
        !weighed.ask.is_empty()
    };
    assert!(asks(&signals, 0), "the trouble began 26 minutes after the deployment");
    assert!(asks(&signals, 36), "who waited is asked as well, though api-5xx is too old by now");
    assert!(!asks(&signals[..2], 0), "the canaries alone began more than 30 minutes after it");
    let long_ago = [signals[0].clone(), signals[1].clone(), said("api-5xx", -9_000, -8_000)];
    assert!(!asks(&long_ago, 0), "another trouble");
}

#[test]
fn people_are_told_whether_it_was_deployed_before_or_in_the_trouble() {
    let mut plan = plan();
    plan.detection.change_feed = Some(crate::plan::ChangeFeed { window: Span::minutes(30) });
    let said = |voter: &Voter| {
        let reading = Reading::new(Vote::Unhealthy, "words").since(at(-300));
        Signal::following(voter, None, reading, at(0), Span::minutes(3))
    };
    let signals: Vec<_> = plan.detection.voters.iter().take(2).map(said).map(Arc::new).collect();
    let told = |deployed: i64| {
        let deployed = Deployed { what: "api".to_owned(), by: None, at: at(deployed) };
        let evidence =
            Evidence { signals: &signals, deployed: Some(&deployed), ..Evidence::default() };
        weigh(&plan, Direction::ToStandby, evidence, at(0)).ask.concat()
    };
    assert!(told(-360).contains("1 min 0 s before the trouble began"), "{}", told(-360));
    assert!(told(-300).contains("before the trouble began"), "{}", told(-300));
    assert!(told(-240).contains("1 min 0 s after the trouble began"), "{}", told(-240));
}

#[test]
fn what_an_alarm_said_while_it_was_muted_sustains_nothing_afterwards() {
    let plan = plan();
    let voter = plan.detection.voters.iter().find(|v| v.id().as_str() == "canary-west").unwrap();
    let says =
        |before, reading, now| Signal::following(voter, before, reading, at(now), Span::minutes(3));
    let down = || Reading::new(Vote::Unhealthy, "ALARM").since(at(-600));
    let muted = says(None, Reading::muted("a deployment"), -30);
    let first = says(Some(&muted), down(), 0);
    assert_eq!(first.since, at(0), "it fired ten minutes ago, and this look is the first to count");
    assert_eq!(says(Some(&first), down(), 60).since, at(0), "the next look forgets nothing");
    let blind = says(Some(&muted), Reading::blind("no answer"), 30);
    assert_eq!(says(Some(&blind), down(), 90).since, at(90), "nobody saw whether it still was");
    let late = says(Some(&muted), down(), 4_000);
    assert_eq!(late.since, at(4_000), "nor when it ended");
    let quiet = says(Some(&first), Reading::new(Vote::Healthy, "OK").since(at(60)), 70);
    let fires = Reading::new(Vote::Unhealthy, "ALARM").since(at(200));
    assert_eq!(says(Some(&quiet), fires, 230).since, at(200), "what it says later it says itself");
    assert_eq!(says(None, down(), 0).since, at(-600), "an alarm that nobody muted is believed");
}
