//! What a person says, and what the rules say to it.

use leeward_core::contract::StartRequest;
use leeward_core::ids::Step;
use leeward_core::journal::{Answer as Said, End, Entry, Fate as Way, FenceProof, TurnBackReason};
use leeward_ports::fake::{Call, Fate};
use leeward_reconcile::Appended;

use super::*;

fn names(book: &Book) -> Vec<&'static str> {
    book.records.iter().map(|r| r.entry.name()).collect()
}

/// Writes as an executor does.
fn write(rig: &Rig, entry: Entry) {
    let mut book = rig.book(1);
    let desk = rig.office.desk.clone();
    let done = async move { desk.append(&mut book, entry, None).await };
    assert_eq!(block_on(&rig.clock, done).unwrap(), Ok(Appended::Yes));
}

#[test]
fn a_start_takes_the_same_path_as_every_trigger_with_the_name_of_who_asked() {
    let rig = Rig::orders("start");
    let answer = rig.well(&[
        "start",
        "orders",
        "--direction",
        "to-primary",
        "--mode",
        "drill",
        "--reason",
        "practice",
    ]);
    let (name, input) = rig.executions.take_started().remove(0);
    assert_eq!(answer.json["started"].as_str(), Some(name.as_str()));
    assert!(name.starts_with("orders-start-"), "{name}");
    let request: StartRequest = serde_json::from_str(&input).unwrap();
    assert_eq!(request.operator.as_deref(), Some(ANA));
    assert_eq!(request.plan.as_str(), "orders-region");
    assert_eq!(request.direction.to_string(), "to-primary");
}

#[test]
fn a_start_that_does_not_leave_says_what_to_do() {
    let mut rig = Rig::orders("start-away");
    rig.executions.set_away(true);
    let trouble = rig.ask(&["start", "orders", "--reason", "now"]).unwrap_err();
    assert_eq!(trouble.exit, Exit::Unavailable);
    assert!(trouble.message.contains("--here"), "{trouble}");
    let blank = rig.ask(&["start", "orders", "--reason", " "]).unwrap_err();
    assert_eq!(blank.exit, Exit::Invalid);
    rig.office.identity = Arc::new(FakeIdentity(None));
    let nobody = rig.ask(&["start", "orders", "--reason", "now"]).unwrap_err();
    assert_eq!(nobody.exit, Exit::Unavailable);
    assert!(nobody.message.contains("ExpiredToken"), "{nobody}");
}

#[test]
fn pause_stop_and_resume_are_ordered_by_the_journal() {
    let rig = Rig::orders("halts");
    rig.opened();
    rig.well(&["pause", "orders", "--reason", "let me look"]);
    let twice = rig.refused(&["pause", "orders", "--reason", "again"]);
    assert!(twice.message.contains("it is halted already"), "{twice}");
    // A stop is stronger than a pause.
    rig.well(&["stop", "orders", "--reason", "wait"]);
    assert_eq!(rig.last(), "stopped");
    let resumed = rig.well(&["resume", "orders", "--reason", "go on", "--time-limit", "20m"]);
    assert_eq!(rig.last(), "resumed");
    let started = rig.executions.take_started();
    assert_eq!(resumed.json["started"].as_str(), Some(started[0].0.as_str()));
    let input: Value = serde_json::from_str(&started[0].1).unwrap();
    assert_eq!(
        (&input["step"], &input["generation"], &input["executor"]),
        (&json!("detect"), &json!(1), &json!("leeward-cli"))
    );
    let nothing = rig.refused(&["resume", "orders", "--reason", "go on"]);
    assert!(nothing.message.contains("nothing is halted"), "{nothing}");
    assert_eq!(rig.book(1).records.last().unwrap().by.as_str(), ANA);
}

#[test]
fn resume_starts_nothing_beside_an_executor_that_runs_or_when_told_not_to() {
    let rig = Rig::orders("no-start");
    rig.opened();
    rig.well(&["stop", "orders", "--reason", "wait"]);
    let answer = rig.well(&["resume", "orders", "--reason", "go", "--no-start"]);
    assert_eq!(answer.json["started"], Value::Null);
    assert!(rig.executions.take_started().is_empty());
    // Step Functions away: what was said stands all the same.
    rig.well(&["stop", "orders", "--reason", "wait"]);
    rig.executions.set_away(true);
    let answer = rig.well(&["resume", "orders", "--reason", "go"]);
    assert!(answer.json["notes"][0].as_str().unwrap().contains("leeward run orders"));
    assert_eq!(rig.last(), "resumed");
}

#[test]
fn a_yes_is_written_once_by_those_who_may() {
    let mut rig = Rig::orders("approve");
    assert!(names(&rig.opened()).contains(&"asked"));
    rig.someone_else(BOB);
    let bob = rig.refused(&["approve", "orders", "--reason", "why not"]);
    assert!(bob.message.contains(BOB) && bob.message.contains("on-call"), "{bob}");
    rig.someone_else(ANA);
    let other = rig.refused(&["approve", "orders", "--question", "2", "--reason", "yes"]);
    assert!(other.message.contains("question 2 is not the one"), "{other}");
    rig.well(&["approve", "orders", "--question", "1", "--reason", "the Region is dark"]);
    let book = rig.book(1);
    assert_eq!(book.state.questions[0].answer, Some((Said::Approved, Actor::new(ANA))));
    let again = rig.refused(&["decline", "orders", "--reason", "no"]);
    assert!(again.message.contains("has its answer"), "{again}");
}

#[test]
fn an_answer_after_the_time_is_asked_anew_and_sets_it_going() {
    for (verb, answer) in [("approve", Said::Approved), ("decline", Said::Declined)] {
        let rig = Rig::orders(&format!("late-{verb}"));
        rig.opened();
        let timed_out = Said::TimedOut;
        write(&rig, Entry::Answered { number: 1, answer: timed_out, reason: "silence".to_owned() });
        write(&rig, Entry::Held { step: Step::Fence, reason: "nobody answered".to_owned() });
        let said = rig.well(&[verb, "orders", "--question", "1", "--reason", "I am here now"]);
        let book = rig.book(1);
        let mut written = vec!["resumed", "asked", "answered"];
        written.extend((answer == Said::Declined).then_some("turned-back"));
        assert_eq!(names(&book)[book.records.len() - written.len()..], written);
        assert_eq!(book.state.questions[1].answer, Some((answer, Actor::new(ANA))));
        assert!(book.state.halt.is_none());
        assert!(said.json["started"].is_string(), "{said:#?}");
    }
}

#[test]
fn an_answer_to_nothing_is_refused() {
    let rig = Rig::unattended("no-question");
    rig.opened();
    let nothing = rig.refused(&["approve", "orders", "--reason", "yes"]);
    assert!(nothing.message.contains("nobody was asked"), "{nothing}");
    let nothing = rig.refused(&["decline", "orders", "--reason", "no"]);
    assert!(nothing.message.contains("`leeward stop orders --reason …`, then this"), "{nothing}");
}

#[test]
fn a_no_turns_a_halted_generation_back_whatever_halts_it_until_its_commit() {
    for name in ["held", "stop", "pause"] {
        let mut rig = Rig::unattended(&format!("no-{name}"));
        rig.opened();
        if name == "held" {
            write(&rig, Entry::Held { step: Step::Capacity, reason: "it is missing".to_owned() });
        } else {
            rig.well(&[name, "orders", "--reason", "wait"]);
        }
        rig.someone_else(BOB);
        let bob = rig.refused(&["decline", "orders", "--reason", "no"]);
        assert!(bob.message.contains("may not decide"), "{bob}");
        rig.someone_else(ANA);
        let said = rig.well(&["decline", "orders", "--reason", "give it back"]);
        let book = rig.book(1);
        assert_eq!(names(&book)[book.records.len() - 2..], ["resumed", "turned-back"], "{name}");
        assert!(matches!(book.state.fate, Way::TurnedBack(TurnBackReason::Declined, _)));
        assert!(book.state.turned_back_for.contains("give it back"));
        assert!(said.json["started"].is_string(), "{said:#?}");
    }
    // The question that stands has its answer; where the first entry alone was written, the rest follows.
    let rig = Rig::orders("no-asked");
    rig.opened();
    rig.well(&["stop", "orders", "--reason", "wait"]);
    let second = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let journal = move |call: &Call<'_>| {
        matches!(call, Call::Put(item, _) if item.key.sk.starts_with("J#"))
            && second.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 2
    };
    rig.table.fail_next(journal, Fate::LostBefore);
    rig.well(&["decline", "orders", "--question", "1", "--reason", "no"]);
    let book = rig.book(1);
    let last = ["answered", "resumed", "turned-back"];
    assert_eq!(names(&book)[book.records.len() - 3..], last);
}

#[test]
fn what_is_fenced_is_waived_while_nobody_knows_what_it_loses() {
    let listed = orders().replace("    fences:\n", "    fences:\n      - kind: waiver\n");
    let waives = ["waive", "orders", "--database", "orders-db", "--reason", "I know its clock"];
    let fenced = |name: &str, bound: Option<Span>| {
        let rig = Rig::put(name, &listed);
        let at = rig.opened().read_at;
        let databases = vec!["orders-db".into()];
        let (fence, evidence) = (FenceProof::WriterLease { epoch: 2 }, "seen".to_owned());
        write(
            &rig,
            Entry::Fenced { databases, fence, holds_from: at, latest_write: None, evidence },
        );
        let source = "a test".to_owned();
        write(&rig, Entry::LossBound { database: "orders-db".into(), bound, source });
        write(&rig, Entry::Held { step: Step::Fence, reason: "what is lost?".to_owned() });
        rig
    };
    let rig = fenced("waive-known", Some(Span::seconds(16)));
    let known = rig.refused(&waives);
    assert!(known.message.contains("at most 16.0 s of writes are lost"), "{known}");
    let rig = fenced("waive-unknown", None);
    rig.well(&waives);
    assert_eq!(rig.book(1).state.waived.get(&"orders-db".into()), Some(&None));
    rig.well(&["resume", "orders", "--reason", "go on", "--no-start"]);
    assert_eq!(
        rig.book(1).state.losses[&leeward_core::ids::EntryId::new("orders-db")].0,
        None,
        "it stays on record as unknown"
    );
}

#[test]
fn a_waiver_names_a_database_that_needs_one() {
    let rig = Rig::orders("waive-unlisted");
    rig.opened();
    let unlisted = rig.refused(&[
        "waive",
        "orders",
        "--database",
        "orders-db",
        "--reason",
        "its power is off",
    ]);
    assert!(unlisted.message.contains("lists no fence `waiver` for orders-db"), "{unlisted}");
    assert!(rig.book(1).state.waived.is_empty());

    let listed = orders().replace("    fences:\n", "    fences:\n      - kind: waiver\n");
    let rig = Rig::put("waive", &listed);
    rig.opened();
    let unknown =
        rig.ask(&["waive", "orders", "--database", "cart-db", "--reason", "x"]).unwrap_err();
    assert_eq!(unknown.exit, Exit::Invalid);
    assert!(unknown.message.contains("orders-db"), "{unknown}");
    rig.well(&["waive", "orders", "--database", "orders-db", "--reason", "its power is off"]);
    assert!(rig.book(1).state.waived.contains_key(&"orders-db".into()));
}

#[test]
fn the_end_is_acknowledged_and_nothing_else_follows() {
    let rig = Rig::orders("end");
    rig.opened();
    let early = rig.refused(&["ack", "orders", "--reason", "seen"]);
    assert!(early.message.contains("no end to acknowledge"), "{early}");
    rig.well(&["abandon", "orders", "--reason", "enough"]);
    assert_eq!(rig.book(1).state.end.as_ref().unwrap().end, End::Abandoned);
    rig.well(&["ack", "orders", "--reason", "seen"]);
    let over = rig.refused(&["stop", "orders", "--reason", "stop"]);
    assert!(over.message.contains("the generation has ended"), "{over}");
}

#[test]
fn a_lost_answer_and_a_rival_entry_are_borne() {
    let rig = Rig::orders("conflict");
    rig.opened();
    let journal =
        |call: &Call<'_>| matches!(call, Call::Put(item, _) if item.key.sk.starts_with("J#"));
    // It was written; only the answer was lost.
    rig.table.fail_next(journal, Fate::LostAfter);
    rig.well(&["pause", "orders", "--reason", "look"]);
    assert_eq!(rig.last(), "paused");
    // It never arrived: the verb is asked again.
    rig.table.fail_next(journal, Fate::LostBefore);
    rig.well(&["resume", "orders", "--reason", "go", "--no-start"]);
    let paused = names(&rig.book(1)).iter().filter(|n| **n == "resumed").count();
    assert_eq!(paused, 1);
}

#[test]
fn a_table_that_refuses_the_caller_is_no_rule() {
    let rig = Rig::orders("refusing");
    rig.opened();
    let list = |call: &Call<'_>| matches!(call, Call::List(pk, _) if pk.starts_with("G#"));
    rig.table.fail_next(list, Fate::Refused("AccessDeniedException".to_owned()));
    let trouble = rig.ask(&["pause", "orders", "--reason", "look"]).unwrap_err();
    assert_eq!(trouble.exit, Exit::Unavailable);
    assert!(trouble.message.contains("AccessDenied"), "{trouble}");
}
