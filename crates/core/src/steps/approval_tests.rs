//! Who is asked, what a yes covers, and what silence means.

use super::*;
use crate::audit::example::{Journal, at, database, fenced, plan, situation};
use crate::ids::{Generation, Side};
use crate::journal::State;
use crate::plan::Plan;

const MINUTE: Span = Span::minutes(1);

/// The plan that asks for that, and does that when nobody answers.
fn asking(wanted_for: ApprovalFor, on_timeout: OnTimeout) -> Plan {
    let mut plan = plan();
    plan.policy.approval.wanted_for = wanted_for;
    plan.policy.approval.on_timeout = on_timeout;
    plan.policy.approval.timeout = Span::minutes(5);
    plan
}

/// Asked a minute in, until minute six, with that loss shown.
fn asked(loss: Option<Span>) -> Journal {
    let mut journal = Journal::opened(1, 0);
    let plan = crate::audit::example::plan_digest();
    let (deadline, question) = (at(360), "go on?".to_owned());
    journal.add(60, Entry::Asked { number: 1, plan, loss, deadline, question });
    journal
}

fn answered(loss: Option<Span>, answer: Answer, seconds: u64) -> Journal {
    let mut journal = asked(loss);
    journal.add(seconds, Entry::Answered { number: 1, answer, reason: "a test".to_owned() });
    journal
}

fn decided(journal: &Journal, excess: Option<Span>, seconds: u64) -> Approval {
    let plan = asking(ApprovalFor::OneWay, OnTimeout::Hold);
    one_way(&situation(&plan, &journal.state(), at(seconds)), excess)
}

fn asks(approval: &Approval, number: u32, loss: Option<Span>) -> bool {
    matches!(approval, Approval::Record(Entry::Asked { number: n, loss: l, .. }) if *n == number && *l == loss)
}

fn times_out(approval: &Approval) -> bool {
    matches!(approval, Approval::Record(Entry::Answered { answer: Answer::TimedOut, .. }))
}

/// A generation that something besides the plan wants a person for.
fn cautioned(mut state: State) -> State {
    std::sync::Arc::make_mut(&mut state.decision).ask = vec!["it was just deployed".to_owned()];
    state
}

fn beside_an_unproven_side(mut state: State) -> State {
    let (database, side) = (database(), Side::Primary);
    std::sync::Arc::make_mut(&mut state.decision).unproven =
        vec![Unproven { database, side, generation: Generation(1) }];
    state
}

#[test]
fn people_are_asked_where_the_plan_the_evidence_or_an_old_side_wants_it() {
    let open = || Journal::opened(1, 0).state();
    let wants = |wanted_for, state: &State| {
        let plan = asking(wanted_for, OnTimeout::Hold);
        let situation = situation(&plan, state, at(1));
        let first = first(&situation).is_some();
        assert_eq!(one_way(&situation, None) != Approval::Given, first, "{wanted_for:?}");
        (first, any(&situation) != Approval::Given)
    };
    assert_eq!(wants(ApprovalFor::None, &open()), (false, false));
    assert_eq!(wants(ApprovalFor::OneWay, &open()), (true, false));
    assert_eq!(wants(ApprovalFor::All, &open()), (true, true));
    assert_eq!(wants(ApprovalFor::None, &cautioned(open())), (true, true));
    assert_eq!(wants(ApprovalFor::None, &beside_an_unproven_side(open())), (true, false));
    let plan = asking(ApprovalFor::None, OnTimeout::Hold);
    let state = open();
    let beyond = one_way(&situation(&plan, &state, at(1)), Some(MINUTE));
    assert!(matches!(beyond, Approval::Record(Entry::Asked { .. })), "a loss over the limit");
    let once = asked(None).state();
    let plan = asking(ApprovalFor::All, OnTimeout::Hold);
    assert_eq!(first(&situation(&plan, &once, at(70))), None, "it was asked");
}

#[test]
fn a_yes_covers_no_more_than_was_shown() {
    let yes = |shown| answered(shown, Answer::Approved, 90);
    assert_eq!(decided(&yes(None), None, 100), Approval::Given);
    assert_eq!(decided(&yes(Some(MINUTE)), None, 100), Approval::Given);
    assert_eq!(decided(&yes(Some(MINUTE)), Some(MINUTE), 100), Approval::Given);
    let more = MINUTE.plus(Span::millis(1));
    for shown in [None, Some(MINUTE)] {
        let grown = Some(more.plus(Span::minutes(5)));
        assert!(asks(&decided(&yes(shown), Some(more), 100), 2, grown), "{shown:?}");
    }
}

#[test]
fn a_no_turns_back() {
    let no = decided(&answered(None, Answer::Declined, 90), None, 100);
    let Approval::Record(Entry::TurnedBack { reason, .. }) = no else { panic!("{no:?}") };
    assert_eq!(reason, TurnBackReason::Declined);
}

#[test]
fn a_question_waits_until_its_time_is_over_unless_the_loss_outgrows_it() {
    let open = asked(Some(MINUTE));
    let left = |seconds| match decided(&open, Some(MINUTE), seconds) {
        Approval::Pending(left, _) => Some(left),
        Approval::Given | Approval::Record(_) => None,
    };
    assert_eq!(left(100), Some(Span::seconds(260)));
    assert_eq!(left(360), Some(Span::default()), "to the instant");
    assert!(times_out(&decided(&open, Some(MINUTE), 361)));
    assert!(times_out(&decided(&open, Some(MINUTE.plus(MINUTE)), 100)), "another question now");
}

#[test]
fn a_question_that_was_overtaken_is_asked_anew() {
    let overtaken = answered(Some(MINUTE), Answer::TimedOut, 100);
    let now = MINUTE.plus(MINUTE);
    let shown = Some(now.plus(Span::minutes(5)));
    assert!(asks(&decided(&overtaken, Some(now), 110), 2, shown));
    assert!(asks(&decided(&overtaken, None, 110), 2, None), "nobody had the time to answer it");
    let late = answered(Some(MINUTE), Answer::TimedOut, 400);
    assert!(asks(&decided(&late, Some(now), 410), 2, shown), "a larger loss");
}

/// What silence leads to.
fn silence(on_timeout: OnTimeout, excess: Option<Span>, of: impl Fn(State) -> State) -> Approval {
    let plan = asking(ApprovalFor::OneWay, on_timeout);
    let state = of(answered(Some(MINUTE), Answer::TimedOut, 400).state());
    one_way(&situation(&plan, &state, at(410)), excess)
}

fn holds(approval: &Approval) -> bool {
    matches!(approval, Approval::Record(Entry::Held { .. }))
}

#[test]
fn silence_goes_on_only_where_the_plan_says_so_and_nothing_speaks_against_it() {
    let same = |state| state;
    assert_eq!(silence(OnTimeout::Proceed, None, same), Approval::Given);
    assert!(holds(&silence(OnTimeout::Proceed, Some(MINUTE), same)), "a loss over the limit");
    assert!(holds(&silence(OnTimeout::Proceed, None, cautioned)), "the evidence asks");
    assert!(holds(&silence(OnTimeout::Proceed, None, beside_an_unproven_side)), "an old side");
    assert!(holds(&silence(OnTimeout::Hold, None, same)));
    let declined = silence(OnTimeout::Decline, None, same);
    assert!(matches!(declined, Approval::Record(Entry::TurnedBack { .. })), "{declined:?}");
}

#[test]
fn who_resumes_after_silence_is_asked_again() {
    let mut journal = answered(None, Answer::TimedOut, 400);
    let step = crate::ids::Step::Fence;
    journal.add(410, Entry::Held { step, reason: "nobody answered".to_owned() });
    journal.add(500, Entry::Resumed { reason: "go on".to_owned(), time_limit: None });
    assert!(asks(&decided(&journal, None, 510), 2, None));
}

#[test]
fn a_loss_that_still_grows_is_shown_as_what_it_can_become() {
    let plan = asking(ApprovalFor::OneWay, OnTimeout::Hold);
    let shown = |state: &State| match one_way(&situation(&plan, state, at(100)), Some(MINUTE)) {
        Approval::Record(Entry::Asked { loss, deadline, question, .. }) => {
            assert_eq!(deadline, at(400));
            assert!(question.contains("more than the plan allows"), "{question}");
            loss
        }
        Approval::Record(_) | Approval::Given | Approval::Pending(..) => None,
    };
    assert_eq!(shown(&Journal::opened(1, 0).state()), Some(MINUTE.plus(Span::minutes(5))));
    assert_eq!(shown(&fenced(1).state()), Some(MINUTE), "behind the fence nothing is written");
}

#[test]
fn people_are_told_what_the_question_is_about() {
    let plan = asking(ApprovalFor::OneWay, OnTimeout::Hold);
    let state = beside_an_unproven_side(cautioned(Journal::opened(1, 0).state()));
    let Some(Entry::Asked { question, .. }) = first(&situation(&plan, &state, at(1))) else {
        panic!("nobody is asked")
    };
    for word in ["orders-db in us-east-1 was left unproven", "it was just deployed", "us-west-2"] {
        assert!(question.contains(word), "{question}");
    }
}
