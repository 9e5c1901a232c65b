//! Records: done when Route 53 has them everywhere and the name servers say so, one change of a zone
//! at a time.
#![expect(clippy::expect_used, reason = "helpers of tests fail as tests do")]
#![expect(clippy::wildcard_enum_match_arm, reason = "a test looks for one kind of entry among all")]

use leeward_core::effect::EffectId;
use leeward_core::ids::{Side, Step};
use leeward_core::journal::{End, Entry, Record, Reply};
use leeward_core::plan::{ApprovalFor, Control, Plan};
use leeward_core::time::{Span, Timestamp, since};
use leeward_core::world::Change;
use leeward_ports::fake::{Call, Fate};
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
