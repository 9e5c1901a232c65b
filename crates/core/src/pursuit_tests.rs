//! Every way of an effect: sent, lost, refused, accepted, seen, seen no more.

use super::*;
use crate::audit::example::{Journal, at, commit, fenced, lease, plan, promote, situation};
use crate::ids::{Generation, Step};
use crate::journal::State;
use crate::limits::Limits;
use crate::time::after;
use crate::world::{ChangeError, Receipt};

const LIMITS: Limits = Limits::REAL;

/// When the request of every journal here is sent.
const SENT: u64 = 100;

fn metric() -> Change {
    Change::PutMetric {
        region: "eu-west-1".into(),
        namespace: "Leeward".into(),
        metric: "Switch".into(),
        workload: "orders".into(),
        value: 1.0,
        at: at(SENT),
    }
}

fn effect() -> EffectId {
    EffectId::new(&"orders".into(), Generation(1), Step::Traffic, "it", "do")
}

fn no() -> Probe {
    Probe::No("as it was".to_owned())
}

fn yes() -> Probe {
    Probe::Yes("as it shall be".to_owned())
}

/// What is done next about `change`, by that state and sight.
fn next(state: &State, change: Change, probe: Probe, now: Timestamp) -> Progress {
    let plan = plan();
    let situation = situation(&plan, state, now);
    let effect = effect();
    pursue(&situation, Goal { effect, change, before: None, undoes: None, probe })
}

fn committed() -> Journal {
    let mut journal = fenced(1);
    commit(&mut journal, 33, "ev32");
    journal
}

/// A generation in which the change was sent, and answered that, if at all.
fn sent(change: &Change, reply: Option<Reply>) -> Journal {
    let mut journal = committed();
    sent_in(&mut journal, change, reply);
    journal
}

fn sent_in(journal: &mut Journal, change: &Change, reply: Option<Reply>) {
    let effect = journal.sent(SENT, Step::Traffic, change.clone());
    let intent = journal.records.last().unwrap().seq;
    if let Some(reply) = reply {
        journal.add(SENT, Entry::Replied { effect, intent, reply });
    }
}

fn refused(kind: ChangeErrorKind) -> Option<Reply> {
    let (code, message) = ("Code".to_owned(), "words".to_owned());
    Some(Reply::Refused(ChangeError { kind, code: code.into(), message: message.into() }))
}

fn accepted() -> Option<Reply> {
    Some(Reply::Accepted(Receipt { id: "r".into() }))
}

fn seen(journal: &mut Journal) {
    let (effect, evidence) = (effect(), "seen".to_owned());
    journal.add(SENT + 1, Entry::Outcome { effect, applied: true, evidence });
}

/// Waits until that instant, and sends again from it on.
fn sends_again_from(journal: &Journal, change: &Change, instant: Timestamp) {
    let before = Timestamp::from_millisecond(instant.as_millisecond() - 1).unwrap();
    let state = journal.state();
    let early = next(&state, change.clone(), no(), before);
    assert!(matches!(early, Progress::Wait(_)), "{early:?}");
    let then = next(&state, change.clone(), no(), instant);
    assert!(matches!(then, Progress::Send(_)), "{then:?}");
}

fn stuck(journal: &Journal, change: &Change) -> String {
    let next = next(&journal.state(), change.clone(), no(), at(SENT + 100_000));
    let Progress::Stuck(why) = next else { panic!("{next:?}") };
    why
}

#[test]
fn what_nobody_sent_is_sent_only_when_it_is_seen_not_to_be_there() {
    let state = committed().state();
    let now = at(1);
    assert_eq!(next(&state, promote(), yes(), now), Progress::Done("as it shall be".to_owned()));
    assert!(matches!(next(&state, promote(), no(), now), Progress::Send(_)));
    for unsure in [Probe::Moving("on its way".to_owned()), Probe::Blind("unseen".to_owned())] {
        assert!(matches!(next(&state, promote(), unsure, now), Progress::Wait(_)));
    }
}

#[test]
fn what_is_seen_goes_on_record_once() {
    let mut journal = sent(&promote(), None);
    let first = next(&journal.state(), promote(), yes(), at(SENT + 1));
    let Progress::Record(Entry::Outcome { applied: true, .. }) = first else { panic!("{first:?}") };
    seen(&mut journal);
    let again = next(&journal.state(), promote(), yes(), at(SENT + 2));
    assert_eq!(again, Progress::Done("as it shall be".to_owned()));
}

#[test]
fn what_was_seen_and_is_no_more_is_told_unless_the_generation_before_did_it() {
    let mut journal = sent(&promote(), None);
    seen(&mut journal);
    assert!(stuck(&journal, &promote()).contains("is so no more"));
    let mut state = journal.state();
    std::sync::Arc::make_mut(
        std::sync::Arc::make_mut(&mut state.effects).get_mut(&effect()).unwrap(),
    )
    .intents
    .clear();
    assert!(matches!(next(&state, promote(), no(), at(SENT + 1)), Progress::Send(_)));
    std::sync::Arc::make_mut(
        std::sync::Arc::make_mut(&mut state.effects).get_mut(&effect()).unwrap(),
    )
    .outcome = None;
    assert!(matches!(next(&state, promote(), no(), at(SENT + 1)), Progress::Send(_)));
}

#[test]
fn a_request_is_not_sent_for_ever() {
    let mut journal = sent(&lease("a", 1, "b"), None);
    for (times, pause) in (1..).zip([5, 10, 20, 30, 30, 30, 30]) {
        let pause_over = after(at(SENT), Span::seconds(pause));
        sends_again_from(&journal, &lease("a", 1, "b"), pause_over);
        assert!(times < LIMITS.sends_max);
        sent_in(&mut journal, &lease("a", 1, "b"), None);
    }
    let why = stuck(&journal, &lease("a", 1, "b"));
    assert!(why.contains("was sent 8 times") && why.contains("`leeward resume orders "), "{why}");
}

fn resumed(journal: &mut Journal, seconds: u64) {
    journal.add(seconds, Entry::Held { step: Step::Traffic, reason: "a test".to_owned() });
    let (reason, time_limit) = ("it is mended".to_owned(), None);
    journal.add(seconds, Entry::Resumed { reason, time_limit });
}

fn sends(journal: &Journal, change: Change, seconds: u64) -> bool {
    matches!(next(&journal.state(), change, no(), at(seconds)), Progress::Send(_))
}

#[test]
fn what_was_refused_used_up_or_never_seen_is_sent_once_more_after_a_person_resumes() {
    let changes = [promote(), lease("a", 1, "b"), metric()];
    for change in changes {
        let used_up = || {
            let mut journal = sent(&change, refused(ChangeErrorKind::Throttled));
            for _ in 1..LIMITS.sends_max {
                sent_in(&mut journal, &change, refused(ChangeErrorKind::Throttled));
            }
            journal
        };
        let left = [
            sent(&change, refused(ChangeErrorKind::Refused)),
            used_up(),
            sent(&change, accepted()),
            sent(&change, None),
        ];
        for mut journal in left {
            resumed(&mut journal, SENT + 1);
            assert!(sends(&journal, change.clone(), SENT + 1), "{change}");
            // Asked anew and refused anew: the next word is needed.
            sent_in(&mut journal, &change, refused(ChangeErrorKind::Refused));
            let why = stuck(&journal, &change);
            for says in [change.operation(), "Code: words", "`leeward resume orders "] {
                assert!(why.contains(says), "{why}");
            }
        }
    }
}

#[test]
fn after_a_resumption_the_sends_count_anew() {
    let mut journal = sent(&promote(), refused(ChangeErrorKind::Refused));
    resumed(&mut journal, SENT + 1);
    (0..LIMITS.sends_max).for_each(|_| {
        assert!(sends(&journal, promote(), SENT + 1000));
        sent_in(&mut journal, &promote(), refused(ChangeErrorKind::Throttled));
    });
    assert!(stuck(&journal, &promote()).contains("was sent 8 times"));
}

#[test]
fn what_was_seen_and_is_no_more_is_done_again_by_a_persons_word_and_as_seldom_as_anything() {
    let mut journal = sent(&lease("a", 1, "b"), accepted());
    seen(&mut journal);
    let change = || lease("a", 3, "b");
    assert!(stuck(&journal, &change()).contains("`leeward resume orders "));
    resumed(&mut journal, SENT + 2);
    assert!(sends(&journal, change(), SENT + 2));
    sent_in(&mut journal, &change(), refused(ChangeErrorKind::Refused));
    assert!(stuck(&journal, &change()).contains("was refused"), "not again by itself");
}

#[test]
fn a_state_that_does_not_allow_it_is_looked_at_again_while_an_earlier_request_may_be_why() {
    let by_state = || refused(ChangeErrorKind::NotInState);
    let mut alone = sent(&promote(), by_state());
    let mut behind = sent(&promote(), None);
    sent_in(&mut behind, &promote(), by_state());
    let pause_over = |seconds| after(at(SENT), Span::seconds(seconds));
    sends_again_from(&alone, &promote(), pause_over(5));
    sends_again_from(&behind, &promote(), pause_over(10));
    (1..LIMITS.sends_max).for_each(|_| sent_in(&mut alone, &promote(), by_state()));
    (2..LIMITS.sends_max).for_each(|_| sent_in(&mut behind, &promote(), by_state()));
    let soon = at(SENT + 100);
    let Progress::Stuck(why) = next(&alone.state(), promote(), no(), soon) else { panic!() };
    assert!(why.contains("was sent 8 times"), "{why}");
    let waits = next(&behind.state(), promote(), no(), soon);
    assert!(matches!(waits, Progress::Wait(_)), "{waits:?}");
    assert!(stuck(&behind, &promote()).contains("was sent 8 times"), "no longer than it lives");
}

#[test]
fn a_refusal_is_repeated_only_where_the_service_asks_for_it() {
    let pause_over = after(at(SENT), LIMITS.poll_first);
    let throttled = sent(&promote(), refused(ChangeErrorKind::Throttled));
    sends_again_from(&throttled, &promote(), pause_over);
    let moved = sent(&lease("a", 1, "b"), refused(ChangeErrorKind::Conflict)).state();
    let at_once = next(&moved, lease("b", 2, "c"), no(), at(SENT));
    assert!(matches!(at_once, Progress::Send(_)), "{at_once:?}");
    for kind in [ChangeErrorKind::Refused, ChangeErrorKind::Lost] {
        assert!(stuck(&sent(&promote(), refused(kind)), &promote()).contains("was refused"));
    }
}

#[test]
fn what_was_accepted_is_waited_for_and_only_a_datum_is_put_again() {
    let put = sent(&metric(), accepted());
    sends_again_from(&put, &metric(), after(at(SENT), LIMITS.datum_patience));
    for change in [promote(), lease("a", 1, "b")] {
        let state = sent(&change, accepted()).state();
        let later = next(&state, change, no(), at(SENT + 100_000));
        assert!(matches!(later, Progress::Wait(_)), "{later:?}");
    }
}

#[test]
fn a_lost_request_is_repeated_after_a_pause_that_lets_its_answer_come() {
    for change in [lease("a", 1, "b"), metric(), promote()] {
        let pause_over = after(at(SENT), LIMITS.poll_first);
        sends_again_from(&sent(&change, None), &change, pause_over);
    }
}
