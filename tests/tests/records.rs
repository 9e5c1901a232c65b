//! Records: done when Route 53 has them everywhere and the name servers say so, one change of a zone
//! at a time.
#![expect(clippy::expect_used, reason = "helpers of tests fail as tests do")]
#![expect(clippy::wildcard_enum_match_arm, reason = "a test looks for one kind of entry among all")]

use leeward_core::effect::EffectId;
use leeward_core::ids::{Side, Step};
use leeward_core::journal::{End, Entry, Record, Reply};
use leeward_core::plan::{ApprovalFor, Control, Plan};
use leeward_core::time::{Span, Timestamp, since};
use leeward_core::world::{Change, FenceNumber};
use leeward_ports::fake::{Call, Fate, block_on};
use leeward_ports::{Frozen, Made, Provisions};
use leeward_tests::rig::{Rig, example};
use serde_json::json;

/// The catalog, whose names are records, moved by a person while all is well.
fn moved(change: impl FnOnce(&mut Plan), before: impl FnOnce(&Rig)) -> Rig {
    let mut plan = example("catalog");
    plan.policy.approval.wanted_for = ApprovalFor::None;
    change(&mut plan);
    let rig = Rig::new(plan);
    rig.live(Span::minutes(5));
    before(&rig);
    let start = json!({
        "leeward": "start", "workload": rig.plan.workload, "plan": rig.plan.plan, "mode": "recover",
        "direction": "to-standby", "reason": "a rehearsal",
    });
    rig.call(&start).expect("an answer");
    rig.live(Span::minutes(40));
    let end = rig.book(1).and_then(|b| b.state.end.as_ref().map(|e| e.end));
    assert_eq!(end, Some(End::Recovered), "{:#?}", rig.story(1));
    assert_eq!(rig.world.served_by(), Some(Side::Standby));
    rig
}

/// One batch: its zone, when it was meant, and how it was answered.
struct Batch {
    zone: String,
    at: Timestamp,
    reply: Option<Reply>,
}

fn batches(rig: &Rig) -> Vec<Batch> {
    let book = rig.book(1).expect("a generation");
    let of = |entry: &Entry| match entry {
        Entry::Intent { effect, change, .. } => {
            if let Change::ChangeRecords { zone, .. } = &**change {
                Some((effect.clone(), zone.clone()))
            } else {
                None
            }
        }
        _ => None,
    };
    let intents = book.records.iter().filter_map(|r| of(&r.entry).map(|meant| (r, meant)));
    let answered = |record: &Record, meant: &EffectId| {
        book.records.iter().find_map(|r| match &r.entry {
            Entry::Replied { effect, intent, reply } => {
                (effect == meant && *intent == record.seq).then(|| reply.clone())
            }
            _ => None,
        })
    };
    intents
        .map(|(r, (effect, zone))| Batch {
            zone: zone.to_string(),
            at: r.at,
            reply: answered(r, &effect),
        })
        .collect()
}

/// When the traffic step was done, and on what evidence.
fn traffic(rig: &Rig) -> (Timestamp, String) {
    let book = rig.book(1).expect("a generation");
    let done = book.records.iter().find_map(|r| match &r.entry {
        Entry::StepDone { step: Step::Traffic, evidence } => Some((r.at, evidence.join("; "))),
        _ => None,
    });
    done.expect("traffic is done")
}

#[test]
fn a_batch_is_done_when_route_53_and_the_name_servers_say_so() {
    let rig = moved(|_| {}, |_| {});
    let (done, evidence) = traffic(&rig);
    for batch in batches(&rig) {
        let Some(Reply::Accepted(receipt)) = batch.reply else { panic!("{:?}", batch.reply) };
        assert!(evidence.contains(&format!("change {} is INSYNC", receipt.id)), "{evidence}");
        let servers = format!("by every name server of zone {}", batch.zone);
        assert!(evidence.contains(&servers), "{evidence}");
        assert!(since(batch.at, done) >= Span::seconds(30), "PENDING was waited for");
    }
}

#[test]
fn a_batch_whose_answer_was_lost_is_believed_by_the_name_servers_once_its_time_is_over() {
    let lost = |rig: &Rig| {
        let batch = |call: &Call<'_>| matches!(call, Call::Change(Change::ChangeRecords { .. }));
        rig.world.fail_next(batch, Fate::LostAfter);
    };
    let rig = moved(|_| {}, lost);
    let batches = batches(&rig);
    assert_eq!(batches.len(), 2, "each zone's is sent once");
    let batch = batches.iter().find(|b| b.reply.is_none()).expect("one answer was lost");
    let (done, evidence) = traffic(&rig);
    let words = format!("zone {}: the change's id is not known", batch.zone);
    assert!(evidence.contains(&words), "{evidence}");
    assert!(since(batch.at, done) >= Span::seconds(60), "Route 53's usual time is over");
}

#[test]
fn a_zone_is_changed_by_one_batch_at_a_time() {
    let twice = |plan: &mut Plan| {
        let Some(Control::Record(first)) = plan.traffic.controls.first().cloned() else {
            unreachable!("the catalog's names are records")
        };
        let mut second = first.clone();
        second.id = "more-names".into();
        for pair in &mut second.records {
            pair.name = format!("more-{}", pair.name).into();
        }
        plan.traffic.controls.push(Control::Record(second));
    };
    let rig = moved(twice, |_| {});
    let batches = batches(&rig);
    assert_eq!(batches.len(), 4, "two controls in two zones");
    for batch in &batches {
        assert!(matches!(batch.reply, Some(Reply::Accepted(_))), "{:?}", batch.reply);
        let near = batches.iter().filter(|other| other.zone == batch.zone);
        let apart = |other: &Batch| since(batch.at, other.at).max(since(other.at, batch.at));
        let mut apart: Vec<Span> = near.map(apart).collect();
        apart.sort();
        assert!(apart[1] >= Span::seconds(30), "the first is INSYNC before the second: {apart:?}");
    }
}

/// What a state table that is gone has left in the catalog's zones.
fn leave_numbers(rig: &Rig, to: u64) {
    for (zone, name) in ZONES {
        let fence = FenceNumber { name: name.into(), from: 0, to };
        let change = Change::ChangeRecords { zone: zone.into(), fence, records: Vec::new() };
        rig.world.by_hand(&change).expect("a person may");
    }
}

const ZONES: [(&str, &str); 2] = [
    ("Z0123456789EXAMPLE01", "_leeward.catalog.names.example.com"),
    ("Z0123456789EXAMPLE02", "_leeward.catalog.names.example.net"),
];

/// A person deletes the records, and puts the plan again.
fn make_numbers_anew(rig: &Rig) {
    for (zone, name) in ZONES {
        rig.world.delete_record(zone, name, "TXT");
        let (world, at) = (rig.world.clone(), Frozen(rig.clock.now()));
        let made = async move { world.fence_number(zone, name, at).await };
        assert_eq!(block_on(&rig.clock, made), Some(Ok(Made::Now)));
    }
}

/// Whether any change was asked for that takes from the old side, or any entry says that it was decided.
fn fenced_or_committed(rig: &Rig) -> bool {
    let story = rig.story(1);
    let words = ["intent: bound", "intent: close", "fenced", "committed"];
    story.iter().any(|line| words.iter().any(|word| line.starts_with(word)))
}

#[test]
fn a_zone_that_a_forgotten_generation_changed_last_is_known_before_any_fence_and_mended_by_hand() {
    for number in [1, 5] {
        let mut plan = example("catalog");
        plan.policy.approval.wanted_for = ApprovalFor::None;
        let rig = Rig::new(plan);
        leave_numbers(&rig, number);
        rig.live(Span::minutes(10));
        let told = format!("{:?}", rig.publisher.delivered());
        assert!(told.contains(&format!("holds {number}, and generation 1 follows")), "{told}");
        rig.order("recover", "to-standby").expect("a person may");
        rig.live(Span::minutes(20));
        assert!(!fenced_or_committed(&rig), "{:#?}", rig.story(1));
        assert_eq!(rig.world.served_by(), Some(Side::Primary), "nothing is taken from it");
        let held = rig.book(1).and_then(|b| b.state.halt.as_ref().map(|h| h.reason.clone()));
        let held = held.unwrap_or_default();
        assert!(held.contains("no fence is taken while users could not be moved"), "{held}");
        assert!(held.contains(&format!("{} TXT", ZONES[0].1)), "{held}");
        make_numbers_anew(&rig);
        rig.live(Span::minutes(2));
        rig.say(
            1,
            Entry::Resumed { time_limit: Some(Span::minutes(30)), reason: "mended".to_owned() },
        );
        rig.live(Span::minutes(40));
        assert_eq!(rig.ended(1), Some(End::Recovered), "{:#?}", rig.story(1));
        assert_eq!(rig.world.served_by(), Some(Side::Standby), "{:#?}", rig.story(1));
    }
}

#[test]
fn a_number_that_came_into_the_zone_behind_the_fence_is_no_lost_answer() {
    let rig = Rig::well("catalog");
    rig.order("recover", "to-standby").expect("a person may");
    // The look of the hour is past: nobody sees it before the batch itself would.
    leave_numbers(&rig, 1);
    rig.live(Span::minutes(60));
    let story = rig.story(1).join("\n");
    let held = rig.book(1).and_then(|b| b.state.halt.as_ref().map(|h| h.reason.clone()));
    let held = held.unwrap_or_default();
    assert!(
        held.contains("holds 1, and generation 1 follows lower numbers only"),
        "{held}: {story}"
    );
    assert!(held.contains("makes it anew with 0, then `leeward resume catalog"), "{held}");
    make_numbers_anew(&rig);
    rig.say(1, Entry::Resumed { time_limit: Some(Span::minutes(30)), reason: "mended".to_owned() });
    rig.live(Span::minutes(40));
    assert_eq!(rig.ended(1), Some(End::Recovered), "{:#?}", rig.story(1));
    assert_eq!(rig.world.served_by(), Some(Side::Standby));
}
