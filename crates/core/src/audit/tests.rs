//! A sound journal holds; each broken one is found by the invariant that it breaks.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::example::*;
use super::{Case, Judged, audit, bodies};
use crate::effect::EffectId;
use crate::ids::{Digest, Generation, Side, Step};
use crate::journal::{Bearing, End, Entry, Lives, Record, State, TurnBackReason};
use crate::limits::Limits;
use crate::plan::Plan;
use crate::time::{Span, Timestamp, after, since};

fn judge_at(records: &[Record], previous: Option<&State>, now: Timestamp) -> Vec<Judged> {
    let plan: Plan = plan();
    audit(&Case {
        records,
        plan: &plan,
        plan_digest: &plan_digest(),
        limits: &Limits::REAL,
        previous,
        stored: None,
        now,
    })
}

fn broken(records: &[Record]) -> Vec<&'static str> {
    let judged = judge_at(records, None, at(100));
    judged.into_iter().filter(|j| !j.held).map(|j| j.invariant).collect()
}

#[test]
fn a_sound_recovery_holds_every_invariant() {
    let journal = recovered(1);
    assert_eq!(
        broken(&journal.records),
        [""; 0],
        "{:#?}",
        judge_at(&journal.records, None, at(100))
    );
    assert!(!journal.state().committed() || journal.state().end.is_some());
}

#[test]
fn every_beginning_of_a_sound_recovery_holds() {
    let journal = recovered(1);
    for length in 1..=journal.records.len() {
        assert_eq!(broken(&journal.records[..length]), [""; 0], "the first {length}");
    }
}

#[test]
fn a_commit_without_proof_bound_or_fresh_evidence_is_found() {
    let without = |name: &str| -> Journal {
        let mut j = fenced(1);
        for record in j.records.iter_mut().filter(|r| r.entry.name() == name) {
            record.entry = Entry::Noted { text: "something else".to_owned() };
        }
        commit(&mut j, 33, "ev32");
        j.sent(34, Step::Database, promote());
        j
    };
    assert_eq!(broken(&without("fenced").records), ["S8", "S10"]);
    assert_eq!(broken(&without("loss-bound").records), ["S9", "S10"]);
    assert_eq!(broken(&without("assessed").records), ["S2", "S10"]);
}

#[test]
fn a_promotion_before_the_commit_is_found() {
    let mut j = fenced(1);
    j.sent(33, Step::Database, promote());
    assert_eq!(broken(&j.records), ["S8", "S10"]);
}

#[test]
fn a_loss_over_the_limit_needs_the_yes_of_someone_who_was_shown_it() {
    let over = |shown: Option<u64>| {
        let mut j = fenced(1);
        for record in &mut j.records {
            if let Entry::LossBound { bound, .. } = &mut record.entry {
                *bound = Some(Span::seconds(90));
            }
        }
        if let Some(shown) = shown {
            j.add(
                32,
                Entry::Asked {
                    number: 1,
                    plan: plan_digest(),
                    loss: Some(Span::seconds(shown)),
                    deadline: at(600),
                    question: "?".to_owned(),
                },
            );
            let answer = crate::journal::Answer::Approved;
            j.add(32, Entry::Answered { number: 1, answer, reason: "yes".to_owned() });
        }
        commit(&mut j, 33, "ev32");
        broken(&j.records)
    };
    assert_eq!(over(None), ["S9"]);
    assert_eq!(over(Some(89)), ["S9"]);
    assert_eq!(over(Some(90)), [""; 0]);
}

#[test]
fn an_end_with_something_in_the_air_is_found() {
    let mut j = Journal::opened(1, 0);
    assessed(&mut j, 1);
    j.sent(1, Step::Fence, lease("us-east-1", 1, "nobody"));
    let detail = "no".to_owned();
    j.add(2, Entry::turned_back(TurnBackReason::Declined, detail));
    j.add(3, Entry::Ended { end: End::RolledBack, reason: "undone".to_owned() });
    assert_eq!(broken(&j.records), ["S10", "S16"]);
}

#[test]
fn abandoning_waits_until_nothing_can_land() {
    for (seconds, found) in [(5, vec!["S10", "S16"]), (1000, vec![])] {
        let mut j = Journal::opened(1, 0);
        assessed(&mut j, 1);
        j.sent(1, Step::Fence, lease("us-east-1", 1, "nobody"));
        j.add(seconds, Entry::Ended { end: End::Abandoned, reason: "given up".to_owned() });
        assert_eq!(broken(&j.records), found, "{seconds}");
    }
}

#[test]
fn an_undo_after_the_commit_is_found() {
    let mut j = fenced(1);
    commit(&mut j, 33, "ev32");
    let effect = EffectId::new(&"orders".into(), Generation(1), Step::Fence, "it", "do");
    let change = Box::new(lease("nobody", 2, "us-east-1"));
    let entry = Entry::Intent { effect: effect.undo(), change, undoes: Some(effect), before: None };
    j.add(34, entry);
    assert_eq!(broken(&j.records), ["S10", "S15"]);
}

#[test]
fn a_lease_that_is_granted_too_early_is_found() {
    let mut j = fenced(1);
    commit(&mut j, 33, "ev32");
    j.sent(34, Step::Database, lease("nobody", 2, "us-west-2"));
    assert_eq!(broken(&j.records), ["S8"]);
}

#[test]
fn a_fence_number_that_falls_is_found() {
    let mut j = fenced(1);
    let effect = EffectId::new(&"orders".into(), Generation(1), Step::Fence, "other", "do");
    let change = Box::new(lease("us-east-1", 1, "nobody"));
    j.add(33, Entry::Intent { effect, change, undoes: None, before: None });
    assert_eq!(broken(&j.records), ["S4"]);
}

#[test]
fn a_step_that_is_done_before_its_effects_are_seen_is_found() {
    let mut j = Journal::opened(1, 0);
    assessed(&mut j, 1);
    j.sent(1, Step::Fence, lease("us-east-1", 1, "nobody"));
    j.step(2, Step::Fence);
    assert_eq!(broken(&j.records), ["S6"]);
}

#[test]
fn a_fence_on_no_evidence_or_old_evidence_is_found() {
    let mut j = Journal::opened(1, 0);
    j.sent(1, Step::Fence, lease("us-east-1", 1, "nobody"));
    assert_eq!(broken(&j.records), ["S10"]);
    let mut j = Journal::opened(1, 0);
    assessed(&mut j, 1);
    j.sent(62, Step::Fence, lease("us-east-1", 1, "nobody"));
    assert_eq!(broken(&j.records), ["S10"]);
}

#[test]
fn users_that_are_moved_before_a_writer_is_there_are_found() {
    let mut j = fenced(1);
    commit(&mut j, 33, "ev32");
    j.sent(
        34,
        Step::Traffic,
        crate::world::Change::PutMetric {
            region: "eu-west-1".into(),
            namespace: "n".into(),
            metric: "m".into(),
            workload: "orders".into(),
            value: 1.0,
            at: at(34),
        },
    );
    assert_eq!(broken(&j.records), ["S6"]);
}

#[test]
fn recovered_needs_its_passes_in_a_row() {
    let mut j = recovered(1);
    let last = j.records.pop().unwrap();
    let pass = j.records.pop().unwrap();
    let failed = Entry::Pass { held: false, checks: vec!["home: NO".to_owned()] };
    j.add(61, failed);
    j.add(62, pass.entry);
    j.add(63, last.entry);
    assert_eq!(broken(&j.records), ["S7"]);
}

#[test]
fn the_cool_down_binds_the_evidence_and_not_what_a_person_looked_at() {
    let closed = |acknowledged: bool| {
        let mut j = recovered(1);
        if acknowledged {
            j.add(70, Entry::Acknowledged { reason: "seen".to_owned() });
        }
        j.add(71, Entry::Closed { next: Generation(2) });
        j.state()
    };
    let judged = |previous: &State, seconds: u64| {
        let j = Journal::opened(2, seconds);
        let now = at(seconds + 1);
        let judged = judge_at(&j.records, Some(previous), now);
        judged.into_iter().find(|j| j.invariant == "S12").unwrap().held
    };
    assert!(!judged(&closed(false), 600));
    assert!(judged(&closed(true), 600 + 1000));
    let last = closed(false).last_effect().unwrap();
    let over = since(at(0), after(last, plan().policy.cool_down)).as_seconds_up();
    assert!(!judged(&closed(false), over - 1));
    assert!(judged(&closed(false), over));
    let never_closed = recovered(1).state();
    assert!(!judged(&never_closed, 3700));
}

#[test]
fn a_generation_nobody_works_on_is_found_after_its_time() {
    let j = fenced(1);
    let held = |now| {
        let judged = judge_at(&j.records, None, now);
        judged.into_iter().find(|j| j.invariant == "L1").unwrap().held
    };
    assert!(held(at(1700)));
    assert!(!held(at(1800 + 961)));
    let mut halted = j.clone();
    halted.add(40, Entry::Held { step: Step::Fence, reason: "ask".to_owned() });
    assert!(broken(&halted.records).is_empty());
}

#[test]
fn nothing_is_opened_while_a_request_of_the_one_before_may_land() {
    // Abandoned with a request of second 1 unknown: it may land for the life of a request from there.
    let mut j = Journal::opened(1, 0);
    assessed(&mut j, 1);
    j.sent(1, Step::Capacity, lease("us-east-1", 1, "nobody"));
    j.add(100, Entry::Ended { end: End::Abandoned, reason: "given up".to_owned() });
    j.add(100, Entry::Acknowledged { reason: "seen".to_owned() });
    j.add(100, Entry::Closed { next: Generation(2) });
    let previous = j.state();
    let safe = 1 + Limits::REAL.request_life.as_seconds_up();
    for (seconds, held) in [(safe - 1, false), (safe, true), (safe + 1, true)] {
        let next = Journal::opened(2, seconds);
        let judged = judge_at(&next.records, Some(&previous), at(seconds));
        let found = judged.into_iter().find(|j| j.invariant == "S12").unwrap();
        assert_eq!(found.held, held, "{seconds}: {}", found.detail);
    }
}

#[test]
fn evidence_that_is_not_stored_is_found() {
    let (j, plan) = (recovered(1), plan());
    let names = ["ev0", "ev2", "ev32"];
    let judge = |stored: &[&str]| {
        let stored: BTreeSet<Digest> = stored.iter().map(|name| Digest::new(*name)).collect();
        let judged = audit(&Case {
            records: &j.records,
            plan: &plan,
            plan_digest: &plan_digest(),
            limits: &Limits::REAL,
            previous: None,
            stored: Some(&stored),
            now: at(100),
        });
        judged.into_iter().find(|j| j.invariant == "S2").unwrap()
    };
    let found = judge(&names);
    // The opening, what was weighed twice since, and the commit.
    let sound = (true, "4 entries name their evidence, all stored");
    assert_eq!((found.held, found.detail.as_str()), sound);
    for missing in names {
        let others: Vec<&str> = names.into_iter().filter(|name| *name != missing).collect();
        let found = judge(&others);
        assert!(!found.held && found.detail.contains(missing), "{missing}: {found:?}");
    }
}

#[test]
fn a_decision_that_has_the_workload_elsewhere_than_it_was_left_is_found() {
    let judged = |previous: &Journal, side: Side| {
        let mut next = Journal::opened(2, 30_000);
        if let Entry::Opened(decision) = &mut next.records[0].entry {
            decision.lived = Some(Lives { side, since: None, arrived: true });
        }
        let judged = judge_at(&next.records, Some(&previous.state()), at(30_100));
        judged.into_iter().find(|j| j.invariant == "S3").unwrap().held
    };
    let committed = recovered(1);
    assert!(judged(&committed, Side::Standby) && !judged(&committed, Side::Primary));
    let mut given_up = fenced(1);
    given_up.add(40, Entry::Ended { end: End::Abandoned, reason: "slip".to_owned() });
    assert!(judged(&given_up, Side::Primary) && !judged(&given_up, Side::Standby));
    let mut home = committed;
    home.add(900, Entry::SeenAtHome { evidence: "its lease".to_owned(), regions: None });
    assert!(judged(&home, Side::Primary) && !judged(&home, Side::Standby));
}

#[test]
fn another_plan_than_the_decisions_is_found() {
    let mut other = Journal::opened(1, 0);
    if let Entry::Opened(decision) = &mut other.records[0].entry {
        decision.target = "eu-west-1".into();
    }
    assert_eq!(broken(&other.records), ["S3"]);
}

#[test]
fn a_commit_on_evidence_that_was_weighed_again_since_is_found() {
    let mut j = fenced(1);
    let again = Entry::Assessed {
        evidence: Digest::new("ev33"),
        verdict: Bearing::Go,
        reason: "still down".to_owned(),
        old_side_well: Some(false),
    };
    j.add(33, again);
    let mut old = j.clone();
    commit(&mut old, 34, "ev32");
    assert_eq!(broken(&old.records), ["S2"]);
    commit(&mut j, 34, "ev33");
    assert_eq!(broken(&j.records), [""; 0]);
}

proptest! {
    /// Whatever is changed in, or taken out of, the stored bytes: the chain shows it.
    #[test]
    fn a_stored_journal_that_was_changed_is_found(entry in 0usize..24, place in 0usize..400, drop in any::<bool>()) {
        let journal = recovered(1);
        let mut stored = journal.bodies();
        // The last entry's own bytes are named by nobody yet.
        let entry = entry % (stored.len() - 1);
        if drop {
            stored.remove(entry);
        } else {
            let mut bytes = stored[entry].clone().into_bytes();
            let place = place % bytes.len();
            bytes[place] = if bytes[place] == b'x' { b'y' } else { b'x' };
            stored[entry] = String::from_utf8(bytes).unwrap();
        }
        let judged = bodies(stored.iter().map(String::as_str), |_| Vec::new());
        prop_assert!(judged.iter().any(|j| !j.held));
    }
}
