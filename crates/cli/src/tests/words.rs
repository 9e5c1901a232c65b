//! The way of a word through the function, and by hand.

use leeward_core::said::{Heard, Word};

use super::*;

/// Nobody reaches the function.
struct Away;

#[async_trait]
impl Words for Away {
    async fn say(&self, _: &Said, _: Timestamp) -> Result<WordOutput, StepError> {
        Err(StepError::Unavailable("leeward-notifier: dispatch failure".to_owned()))
    }
}

#[test]
fn a_word_stands_in_the_name_of_who_signed_it_whatever_the_command_says() {
    let mut rig = Rig::orders("signed");
    rig.opened();
    // A changed command names an approver; the keys are its own.
    rig.someone_else(BOB);
    rig.office.identity = Arc::new(FakeIdentity(Some(Actor::new(ANA))));
    let refused = rig.refused(&["approve", "orders", "--reason", "mine"]);
    assert!(refused.message.contains(BOB), "{refused}");
    assert!(rig.book(1).state.questions[0].answer.is_none());
    let paused = rig.well(&["pause", "orders", "--reason", "look"]);
    assert_eq!(paused.json["by"], BOB);
    assert_eq!(rig.book(1).records.last().unwrap().by.as_str(), BOB);
}

#[test]
fn when_the_function_is_away_the_way_by_hand_is_named_and_tells_what_it_is() {
    let mut rig = Rig::orders("by-hand");
    rig.opened();
    rig.office.words = Some(Arc::new(Away));
    let away = rig.ask(&["pause", "orders", "--reason", "look"]).unwrap_err();
    assert_eq!(away.exit, Exit::Unavailable);
    for word in ["dispatch failure", "leeward status orders", "--by-hand", "LeewardBreakGlass"] {
        assert!(away.message.contains(word), "{word}: {away}");
    }
    assert_ne!(rig.last(), "paused");
    let by_hand = rig.well(&["pause", "orders", "--reason", "look", "--by-hand"]);
    assert!(by_hand.lines.iter().any(|l| l.contains("written by hand")), "{by_hand:#?}");
    assert_eq!(by_hand.json["by"], ANA);
    assert_eq!(rig.last(), "paused");
    // The rules are the same.
    let twice = rig.refused(&["pause", "orders", "--reason", "again", "--by-hand"]);
    assert!(twice.message.contains("it is halted already"), "{twice}");
}

#[test]
fn a_command_that_knows_no_function_says_which_output_names_it() {
    let mut rig = Rig::orders("no-function");
    rig.opened();
    rig.office.words = None;
    let unset = rig.ask(&["stop", "orders", "--reason", "wait"]).unwrap_err();
    assert_eq!(unset.exit, Exit::Invalid);
    assert!(
        unset.message.contains("LEEWARD_WORDS") && unset.message.contains("WordsArn"),
        "{unset}"
    );
    assert_ne!(rig.last(), "stopped");
}

#[test]
fn a_function_that_does_not_know_the_signature_is_told_as_that() {
    let mut rig = Rig::orders("not-known");
    rig.opened();
    let elsewhere = FakeSts::default();
    rig.office.words = Some(Arc::new(Function {
        keys: elsewhere.keys(ANA),
        sts: FakeSts::default(),
        detector: rig.detector.clone(),
    }));
    let unknown = rig.ask(&["stop", "orders", "--reason", "wait"]).unwrap_err();
    assert_eq!(unknown.exit, Exit::Unavailable);
    assert!(unknown.message.contains("cannot verify that you are"), "{unknown}");
    assert!(unknown.message.contains("InvalidClientTokenId"), "{unknown}");
    rig.sts.set_away(true);
    rig.someone_else(ANA);
    let away = rig.ask(&["stop", "orders", "--reason", "wait"]).unwrap_err();
    assert!(away.message.contains("asking STS in us-west-2"), "{away}");
    assert_ne!(rig.last(), "stopped");
}

/// Something that changes what the word speaks of is written between reading and saying.
struct Between {
    function: Function,
    first: std::sync::atomic::AtomicBool,
}

#[async_trait]
impl Words for Between {
    async fn say(&self, said: &Said, at: Timestamp) -> Result<WordOutput, StepError> {
        if self.first.swap(false, std::sync::atomic::Ordering::Relaxed) {
            let desk = self.function.detector.desk.in_the_name_of(Actor::new(BOB));
            let stop = Said { word: Word::Stop, mark: desk.nonces.draw(), ..said.clone() };
            assert!(matches!(desk.say(&stop).await?, Heard::Stands { .. }));
            let changed = self.function.say(said, at).await?;
            assert_eq!(changed.heard, Heard::Changed);
            return Ok(changed);
        }
        self.function.say(said, at).await
    }
}

#[test]
fn a_word_that_was_meant_before_another_is_judged_anew() {
    let mut rig = Rig::orders("between");
    rig.opened();
    rig.office.words = Some(Arc::new(Between {
        function: Function::called_by(ANA, &rig.sts, &rig.detector),
        first: true.into(),
    }));
    // A pause behind a stop: the rules refuse it once they see the stop.
    let refused = rig.refused(&["pause", "orders", "--reason", "look"]);
    assert!(refused.message.contains("it is halted already"), "{refused}");
    assert_eq!(rig.last(), "stopped");
}
