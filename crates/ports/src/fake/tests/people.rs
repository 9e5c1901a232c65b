//! Step Functions and the messengers.

use leeward_core::time::Span;

use super::super::{Call, FakeClock, FakeExecutions, FakePublisher, Fate, block_on};
use crate::{ExecutionState, Executions, Message, Publisher};

fn message() -> Message {
    Message {
        subject: "orders: recovered".to_owned(),
        text: "All is well.".to_owned(),
        json: "{}".to_owned(),
        deduplication: "orders/1/9".to_owned(),
    }
}

#[test]
fn a_name_is_one_execution_while_it_runs_and_none_afterwards() {
    let clock = FakeClock::default();
    let executions = FakeExecutions::new(clock.clone());
    let start = |input: &str| block_on(&clock, executions.start("orders-g1-a", input)).unwrap();
    assert!(start("{}").is_ok());
    assert!(start("{}").is_ok(), "the same again is the same execution");
    assert!(start("{\"other\":1}").is_err(), "another input is not");
    assert_eq!(executions.take_started().len(), 1);
    let arn = "arn:aws:states:eu-west-1:123456789012:execution:recovery:orders-g1-a";
    let state = || block_on(&clock, executions.state(arn)).unwrap();
    assert_eq!(state(), Ok(ExecutionState::Running));
    executions.end("orders-g1-a");
    assert_eq!(state(), Ok(ExecutionState::Ended));
    assert!(start("{}").is_err(), "a name that has ended is used up");
    let other = block_on(&clock, executions.state("orders-g2-b")).unwrap();
    assert_eq!(other, Ok(ExecutionState::Unknown));
}

#[test]
fn a_start_whose_answer_is_lost_has_started() {
    let clock = FakeClock::default();
    let executions = FakeExecutions::new(clock.clone());
    executions.fail_next(|call| matches!(call, Call::Start(_)), Fate::LostAfter);
    assert!(block_on(&clock, executions.start("a", "{}")).unwrap().is_err());
    assert_eq!(executions.started().len(), 1);
    executions.set_away(true);
    let before = clock.now();
    assert!(block_on(&clock, executions.start("b", "{}")).unwrap().is_err());
    assert!(clock.now() > before, "silence costs time");
    assert_eq!(executions.started().len(), 1);
}

#[test]
fn a_message_reaches_its_receiver_unless_that_is_down() {
    let clock = FakeClock::default();
    let publisher = FakePublisher::new(clock.clone());
    let topic = |arn: &str| block_on(&clock, publisher.topic(arn, &message())).unwrap();
    publisher.set_receiver_down("west");
    assert!(topic("west").is_err());
    assert!(topic("eu").is_ok());
    publisher.set_down(true);
    assert!(topic("eu").is_err());
    publisher.set_down(false);
    assert!(topic("west").is_ok());
    publisher.fail_next(|call| matches!(call, Call::Publish("hook")), Fate::LostAfter);
    let hook = block_on(&clock, publisher.webhook("hook", &message())).unwrap();
    assert!(hook.is_err());
    let receivers: Vec<String> = publisher.delivered().into_iter().map(|d| d.receiver).collect();
    assert_eq!(receivers, ["eu", "west", "hook"], "a lost answer was delivered all the same");
}

#[test]
fn a_slow_call_takes_its_time() {
    let clock = FakeClock::default();
    let publisher = FakePublisher::new(clock.clone());
    publisher.fail_next(|_| true, Fate::Slow(Span::seconds(9)));
    let before = clock.now();
    block_on(&clock, publisher.topic("eu", &message())).unwrap().unwrap();
    assert_eq!(leeward_core::time::since(before, clock.now()), Span::seconds(9));
}
