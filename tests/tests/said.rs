//! The way of a word: written by the function, in the name of whoever is proven to say it, once.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail their test")]

use futures_util::future::join;
use leeward_core::ids::{Actor, Seq};
use leeward_core::journal::{Answer, End, Entry};
use leeward_core::plan::{ApprovalFor, OnTimeout};
use leeward_core::said::{ACTION, Heard, Proof, Said, Sts, Word, WordOutput, signed_headers};
use leeward_core::time::{Span, Timestamp};
use leeward_ports::fake::{FakeSts, Keys, RegionState, block_on};
use leeward_tests::check::{Evidence, judge};
use leeward_tests::rig::{Rig, example};
use serde_json::{Value, json};

const ANA: &str = "arn:aws:sts::123456789012:assumed-role/on-call/ana";
const BOB: &str = "arn:aws:sts::123456789012:assumed-role/developer/bob";
const ARN: &str = "arn:aws:lambda:us-west-2:123456789012:function:leeward-notifier:live";

struct Scene {
    rig: Rig,
    sts: FakeSts,
    ana: Keys,
    bob: Keys,
}

impl Scene {
    /// People are asked about a dead Region; its executor has not begun yet.
    fn asked() -> Self {
        let mut plan = example("orders");
        plan.policy.approval.wanted_for = ApprovalFor::OneWay;
        plan.policy.approval.on_timeout = OnTimeout::Hold;
        let rig = Rig::new(plan);
        rig.live(Span::minutes(5));
        rig.world.set_region(&"us-east-1".into(), RegionState::Dead);
        for _ in 0..10 {
            rig.clock.advance(Span::minutes(1));
            let _ = rig.call(&json!({"source": "aws.events", "detail-type": "Scheduled Event"}));
            if rig.book(1).is_some() {
                break;
            }
        }
        assert!(rig.book(1).is_some_and(|b| b.state.questions.len() == 1), "{}", rig.told());
        let sts = FakeSts::default();
        let (ana, bob) = (sts.keys(ANA), sts.keys(BOB));
        Self { rig, sts, ana, bob }
    }

    fn now(&self) -> Timestamp {
        self.rig.clock.now()
    }

    fn said(&self, word: Word) -> Said {
        let book = self.rig.book(1).unwrap();
        Said {
            workload: self.rig.plan.workload.clone(),
            generation: book.state.decision.generation,
            seen: book.state.last,
            mark: self.rig.detector.desk.nonces.draw(),
            word,
            reason: "the Region is dark".to_owned(),
        }
    }

    fn proof(&self, keys: &Keys, said: &Said) -> Proof {
        keys.prove(&Sts::of(ARN).unwrap(), &said.digest(ARN).unwrap(), self.now())
    }

    async fn call(&self, said: &Said, proof: &Proof) -> Heard {
        let event = json!({ "leeward": "word", "schema": 1, "said": said, "proof": proof });
        let (desk, publisher) = (&self.rig.detector.desk, self.rig.detector.publisher.as_ref());
        let called =
            leeward_notifier::called(desk, (publisher, None), (&self.sts, ARN), &event).await;
        let output: WordOutput = serde_json::from_value(called.unwrap()).unwrap();
        output.heard
    }

    fn hear(&self, said: &Said, proof: &Proof) -> Heard {
        block_on(&self.rig.clock, self.call(said, proof)).unwrap()
    }

    /// Says it as its own.
    fn say(&self, keys: &Keys, word: Word) -> Heard {
        let said = self.said(word);
        self.hear(&said, &self.proof(keys, &said))
    }

    fn entries(&self) -> usize {
        self.rig.book(1).unwrap().records.len()
    }

    fn not_proven(&self, said: &Said, proof: &Proof, words: &str) {
        let before = self.entries();
        let heard = self.hear(said, proof);
        let Heard::NotProven { why } = &heard else { unreachable!("{words}: {heard:?}") };
        assert!(why.contains(words), "{words}: {why}");
        assert_eq!(self.entries(), before, "something was written: {words}");
    }
}

fn yes() -> Word {
    Word::Approve { question: Some(1) }
}

fn at(heard: &Heard) -> Seq {
    let Heard::Stands { seq, .. } = heard else { unreachable!("{heard:?}") };
    *seq
}

#[test]
fn an_approvers_word_goes_through_the_function_and_the_recovery_goes_on() {
    let scene = Scene::asked();
    let heard = scene.say(&scene.ana, yes());
    assert!(matches!(&heard, Heard::Stands { by, .. } if by.as_str() == ANA), "{heard:?}");
    let book = scene.rig.book(1).unwrap();
    assert_eq!(book.state.questions[0].answer, Some((Answer::Approved, Actor::new(ANA))));
    scene.rig.run_started();
    scene.rig.live(Span::minutes(30));
    assert_eq!(scene.rig.ended(1), Some(End::Recovered), "{}", scene.rig.told());
    let broken = judge(&Evidence::of(&scene.rig));
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn an_approvers_name_cannot_be_taken_by_somebody_else() {
    let scene = Scene::asked();
    // In their own name the rules refuse it.
    let heard = scene.say(&scene.bob, yes());
    assert!(matches!(&heard, Heard::Refused { why } if why.contains(BOB)), "{heard:?}");

    // With the approver's access key ID, which is no secret, and a signature of their own.
    let said = scene.said(yes());
    let (ana, bob) = (scene.proof(&scene.ana, &said), scene.proof(&scene.bob, &said));
    let borrowed = Proof { access_key: ana.access_key.clone(), ..bob };
    scene.not_proven(&said, &borrowed, "SignatureDoesNotMatch");
    // Signed by somebody whom STS does not know.
    let nobody = FakeSts::default().keys("arn:aws:sts::123456789012:assumed-role/on-call/nobody");
    scene.not_proven(&said, &scene.proof(&nobody, &said), "InvalidClientTokenId");
    // Of the same name in an account of their own.
    let foreign = scene.sts.keys("arn:aws:sts::999999999999:assumed-role/on-call/ana");
    scene.not_proven(&said, &scene.proof(&foreign, &said), "is not of account 123456789012");
    assert!(scene.rig.book(1).unwrap().state.questions[0].answer.is_none());
}

#[test]
fn what_an_approver_signed_for_something_else_is_no_proof_of_this_word() {
    let scene = Scene::asked();
    let said = scene.said(yes());
    // Another word, another generation, another reason, another function.
    let pause = Said { word: Word::Pause, ..said.clone() };
    let next = Said { generation: said.generation.next(), ..said.clone() };
    let other = Said { reason: "a drill".to_owned(), ..said.clone() };
    for signed in [&pause, &next, &other] {
        scene.not_proven(&said, &scene.proof(&scene.ana, signed), "SignatureDoesNotMatch");
    }
    let elsewhere = ARN.replace("leeward-", "test-");
    let sts = Sts::of(ARN).unwrap();
    let to_another = scene.ana.prove(&sts, &said.digest(&elsewhere).unwrap(), scene.now());
    scene.not_proven(&said, &to_another, "SignatureDoesNotMatch");
    // Another host, without TLS, another action, another Region, and without the word among what is signed.
    let (own, all) = (sts.endpoint.as_str(), signed_headers(false));
    for (url, headers) in [
        (("https://sts.us-west-2.amazonaws.com.evil.example", ACTION), all.as_str()),
        (("http://sts.us-west-2.amazonaws.com", ACTION), all.as_str()),
        (("https://sts.us-east-1.amazonaws.com", ACTION), all.as_str()),
        ((own, "/?Action=GetSessionToken&Version=2011-06-15"), all.as_str()),
        ((own, ACTION), "host;x-amz-date"),
    ] {
        let proof = scene.ana.sign_else(url, headers, scene.now());
        scene.not_proven(&said, &proof, "SignatureDoesNotMatch");
    }
    assert!(scene.rig.book(1).unwrap().state.questions[0].answer.is_none());
}

#[test]
fn a_proof_is_not_kept_for_later() {
    let scene = Scene::asked();
    let said = scene.said(yes());
    let proof = scene.proof(&scene.ana, &said);
    scene.rig.clock.advance(Span::minutes(3));
    scene.not_proven(&said, &proof, "it was signed at");
    let early = scene.ana.prove(
        &Sts::of(ARN).unwrap(),
        &said.digest(ARN).unwrap(),
        leeward_core::time::after(scene.now(), Span::minutes(3)),
    );
    scene.not_proven(&said, &early, "it is only");
}

#[test]
fn the_same_word_again_changes_nothing() {
    let scene = Scene::asked();
    let stop = scene.said(Word::Stop);
    let proof = scene.proof(&scene.ana, &stop);
    let first = scene.hear(&stop, &proof);
    let entries = scene.entries();
    assert_eq!(at(&scene.hear(&stop, &proof)), at(&first));
    assert_eq!(scene.entries(), entries);
    // It goes on; the old stop does not stop it anew.
    at(&scene.say(&scene.bob, Word::Resume { time_limit: None }));
    assert_eq!(at(&scene.hear(&stop, &proof)), at(&first));
    assert!(scene.rig.book(1).unwrap().state.halt.is_none());

    // What was refused is not carried out once the rules would admit it.
    let resume = scene.said(Word::Resume { time_limit: None });
    let proof = scene.proof(&scene.ana, &resume);
    assert!(matches!(scene.hear(&resume, &proof), Heard::Refused { .. }));
    at(&scene.say(&scene.bob, Word::Pause));
    assert_eq!(scene.hear(&resume, &proof), Heard::Changed);
    assert!(scene.rig.book(1).unwrap().state.halt.is_some());
}

#[test]
fn a_word_that_comes_twice_at_once_stands_once() {
    let scene = Scene::asked();
    let stop = scene.said(Word::Stop);
    let proof = scene.proof(&scene.ana, &stop);
    let both = join(scene.call(&stop, &proof), scene.call(&stop, &proof));
    let (one, other) = block_on(&scene.rig.clock, both).unwrap();
    assert_eq!(at(&one), at(&other));
    let book = scene.rig.book(1).unwrap();
    let stops = book.records.iter().filter(|r| matches!(r.entry, Entry::Stopped { .. })).count();
    assert_eq!(stops, 1, "{}", scene.rig.told());
}

#[test]
fn a_late_yes_is_known_again_by_its_answer() {
    let scene = Scene::asked();
    scene.rig.run_started();
    scene.rig.live(Span::minutes(40));
    assert!(scene.rig.book(1).unwrap().state.halt.is_some(), "{}", scene.rig.told());
    let said = scene.said(yes());
    let proof = scene.proof(&scene.ana, &said);
    let first = scene.hear(&said, &proof);
    let book = scene.rig.book(1).unwrap();
    assert!(matches!(book.records.last().unwrap().entry, Entry::Answered { number: 2, .. }));
    assert_eq!(at(&scene.hear(&said, &proof)), at(&first));
    assert_eq!(scene.entries(), book.records.len());
}

#[test]
fn no_other_function_takes_a_word() {
    let scene = Scene::asked();
    let said = scene.said(Word::Pause);
    let proof = scene.proof(&scene.ana, &said);
    let event = json!({ "leeward": "word", "schema": 1, "said": said, "proof": proof });
    for name in ["Detector", "DbFailover", "Restore", "DnsFailover", "Validator", "Notifier"] {
        let function = format!("${{{name}Function}}");
        let called = scene.rig.handle(&function, &event);
        let answer: Result<Value, _> = block_on(&scene.rig.clock, called).unwrap();
        let error = answer.unwrap_err();
        assert_eq!(error.name(), "InvalidInput", "{name}: {error}");
        assert!(!error.to_string().contains(&proof.signature), "{name}: {error}");
    }
}
