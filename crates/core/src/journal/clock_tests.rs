//! A generation's own clock: what halts it, what a resumption gives, and when silence is an answer.

use crate::audit::example::{Journal, at, commit, fenced};
use crate::ids::{Actor, Step};
use crate::journal::cases::*;
use crate::journal::{Answer, End, Entry, Halt, HaltKind};
use crate::time::{Span, Timestamp, after};

/// The plan's time of the example: opened at 0, over at that second.
const OVER: u64 = 1_800;

fn deadline(j: &Journal, seconds: u64) -> Timestamp {
    j.state().deadline(at(seconds), &LIMITS)
}

#[test]
fn a_halt_has_its_kind_and_reason_and_the_first_of_two_its_time() {
    for (entry, kind) in [
        (held("look"), HaltKind::Held(Step::Commit)),
        (paused("look"), HaltKind::Paused),
        (stopped("look"), HaltKind::Stopped),
    ] {
        let mut j = Journal::opened(1, 0);
        j.add(10, entry);
        let halt = Halt { kind, since: at(10), reason: "look".to_owned() };
        assert_eq!(j.state().halt, Some(halt));
    }
    let mut j = Journal::opened(1, 0);
    j.add(10, held("look"));
    j.add(70, stopped("no further"));
    let halt = Halt { kind: HaltKind::Stopped, since: at(10), reason: "no further".to_owned() };
    assert_eq!(j.state().halt, Some(halt));
    j.add(100, resumed(None));
    assert_eq!((j.state().halt, j.state().halted), (None, Span::seconds(90)));
}

#[test]
fn the_clock_stands_still_while_it_is_halted() {
    let mut j = Journal::opened(1, 0);
    assert_eq!(deadline(&j, 100), at(OVER));
    j.add(100, held("look"));
    assert_eq!(deadline(&j, 100), at(OVER));
    assert_eq!(deadline(&j, 160), at(OVER + 60), "the present halt counts");
    j.add(160, resumed(None));
    assert_eq!(deadline(&j, 500), at(OVER + 60), "and what is past counts");
    j.add(600, paused("wait"));
    assert_eq!(deadline(&j, 640), at(OVER + 100));
    j.add(640, resumed(None));
    assert_eq!(j.state().halted, Span::seconds(100), "halts add up");
    assert_eq!(j.state().shifted(at(5), at(9_999)), at(105), "every instant is moved alike");
}

#[test]
fn the_end_is_no_halt() {
    let mut j = Journal::opened(1, 0);
    j.add(100, held("look"));
    j.add(160, ended(End::Abandoned));
    assert_eq!(j.state().halt, None);
    assert_eq!(deadline(&j, 999), at(OVER));
}

#[test]
fn who_resumes_with_a_limit_gives_that_much_from_now_on_and_forgets_the_halts() {
    let mut j = Journal::opened(1, 0);
    j.add(100, held("look"));
    j.add(160, resumed(Some(Span::minutes(5))));
    assert_eq!(deadline(&j, 200), at(160 + 300));
    assert_eq!(j.state().halted, Span::default());
    j.add(200, held("look"));
    assert_eq!(deadline(&j, 230), at(160 + 300 + 30));
}

#[test]
fn the_whole_time_is_given_anew_only_where_nothing_is_left() {
    let until_the_last_instant = {
        let mut j = Journal::opened(1, 0);
        j.add(OVER, held("look"));
        j.add(OVER + 60, resumed(None));
        j
    };
    // The clock stood at its last instant: nothing is over, and nothing is given.
    assert_eq!(deadline(&until_the_last_instant, OVER + 60), at(OVER + 60));

    let mut past = Journal::opened(1, 0);
    past.add(OVER + 1, held("look"));
    past.add(OVER + 60, resumed(None));
    assert_eq!(deadline(&past, OVER + 60), at(OVER + 60 + OVER));

    let mut limited = Journal::opened(1, 0);
    limited.add(OVER + 1, held("look"));
    limited.add(OVER + 60, resumed(Some(Span::minutes(5))));
    assert_eq!(deadline(&limited, OVER + 60), at(OVER + 60 + 300), "who names a limit is heard");
}

#[test]
fn the_commit_leaves_the_deadline_and_turning_back_starts_it_anew() {
    let mut forward = fenced(1);
    commit(&mut forward, 33, "ev32");
    assert_eq!(deadline(&forward, 40), at(OVER));

    let mut back = Journal::opened(1, 0);
    back.add(100, held("look"));
    back.add(160, resumed(None));
    back.add(200, turned_back());
    assert_eq!(back.state().halted, Span::default(), "what was halted before is past");
    assert_eq!(deadline(&back, 300), after(at(200 + OVER), LIMITS.request_life));
}

/// A question until the second 900, answered so at that instant.
fn answered_at(now: Timestamp, answer: Answer) -> Journal {
    let mut j = Journal::opened(1, 0);
    j.add(10, asked(1));
    put_at(&mut j, now, answered(1, answer));
    j
}

fn put_at(j: &mut Journal, now: Timestamp, entry: Entry) {
    j.add(0, entry);
    j.records.last_mut().unwrap().at = now;
}

fn overtaken(j: &Journal) -> bool {
    j.state().questions[0].overtaken
}

#[test]
fn a_silence_that_is_told_before_its_time_was_cut_short() {
    assert!(overtaken(&answered_at(at(20), Answer::TimedOut)));
    assert!(overtaken(&answered_at(at(900), Answer::TimedOut)), "the last instant is in time");
    assert!(!overtaken(&answered_at(just_after(at(900)), Answer::TimedOut)));
    for answer in [Answer::Approved, Answer::Declined] {
        assert!(!overtaken(&answered_at(at(20), answer)), "a person said so");
    }
}

#[test]
fn a_question_has_as_much_longer_as_it_was_halted() {
    let mut j = Journal::opened(1, 0);
    j.add(10, asked(1));
    j.add(100, held("look"));
    j.add(160, resumed(None));
    let mut late = j.clone();
    put_at(&mut j, at(960), answered(1, Answer::TimedOut));
    put_at(&mut late, just_after(at(960)), answered(1, Answer::TimedOut));
    assert!(overtaken(&j) && !overtaken(&late));

    let mut waits = Journal::opened(1, 0);
    waits.add(10, asked(1));
    waits.add(200, paused("wait"));
    put_at(&mut waits, at(2_000), answered(1, Answer::TimedOut));
    assert!(overtaken(&waits), "it stands since the second 200");
}

#[test]
fn an_answer_is_kept_with_its_question_and_with_who_gave_it() {
    let mut j = Journal::opened(1, 0);
    j.add(10, asked(1));
    j.add(11, asked(2));
    j.add(20, answered(1, Answer::Declined));
    let [first, second] = &j.state().questions[..] else { panic!("two were asked") };
    assert_eq!((first.number, first.deadline), (1, at(900)));
    assert_eq!((first.loss, first.question.as_str()), (None, "go on?"));
    assert_eq!(first.answer, Some((Answer::Declined, Actor::new("leeward"))));
    assert_eq!((second.number, &second.answer), (2, &None));
}

#[test]
fn a_resumption_is_behind_a_question_until_the_next_answer() {
    let mut j = Journal::opened(1, 0);
    assert!(!j.state().resumed_after_question);
    j.add(10, asked(1));
    j.add(20, held("look"));
    assert!(!j.state().resumed_after_question);
    j.add(30, resumed(None));
    assert!(j.state().resumed_after_question);
    j.add(40, answered(1, Answer::TimedOut));
    assert!(!j.state().resumed_after_question);
}
