//! A table that answers every second time, and a plan that changes while a recovery by it is open.

use leeward_core::ids::{Generation, Seq};
use leeward_core::journal::End;
use leeward_core::plan::{Database, Plan, Voter};
use leeward_core::table::Key;
use leeward_core::time::{Span, after, since};
use leeward_ports::fake::{Call, Fate, Fates, RegionState};
use leeward_tests::check::{Evidence, judge};
use leeward_tests::rig::Rig;
use serde_json::json;

const PRIMARY: &str = "us-east-1";

/// Every call meets that fate as often as not.
struct Half {
    fate: Fate,
    state: u64,
}

impl Fates for Half {
    fn fate(&mut self, _: &Call<'_>) -> Fate {
        // Knuth's MMIX generator: its high bits are even enough for a coin.
        self.state = self
            .state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        if self.state >> 63 == 0 { self.fate.clone() } else { Fate::Well }
    }
}

/// Sweeps that it takes until a generation is open, with half of the table's answers like that.
fn sweeps_until_open(fate: &Fate, seed: u64) -> Option<usize> {
    let rig = Rig::well("orders");
    rig.world.set_region(&PRIMARY.into(), RegionState::Dead);
    rig.table.set_fates(Box::new(Half { fate: fate.clone(), state: seed }));
    (1..=30).find(|_| {
        let next = after(rig.clock.now(), Span::minutes(1));
        let _ = rig.call(&json!({"source": "aws.events", "detail-type": "Scheduled Event"}));
        rig.clock.advance(since(rig.clock.now(), next));
        rig.table.holds(&Key::journal(&rig.plan.workload, Generation(1), Seq(1)))
    })
}

#[test]
fn with_half_of_the_tables_answers_gone_a_generation_opens_within_a_few_sweeps() {
    for fate in [Fate::Throttled, Fate::LostBefore, Fate::LostAfter, Fate::NoDate] {
        let took: Vec<Option<usize>> =
            (1..=12).map(|seed| sweeps_until_open(&fate, seed * 977)).collect();
        let mut known: Vec<usize> = took.iter().flatten().copied().collect();
        known.sort_unstable();
        assert_eq!(known.len(), 12, "{fate:?}: {took:?}");
        // Three of them are what the plan's `sustain` takes with a table that always answers.
        assert!(known[5] <= 7 && known[11] <= 20, "{fate:?}: {took:?}");
    }
}

#[test]
fn a_vote_that_could_not_be_stored_counts_in_the_look_that_saw_it() {
    let rig = Rig::well("orders");
    rig.world.set_region(&PRIMARY.into(), RegionState::Dead);
    rig.live(Span::minutes(2));
    assert!(rig.book(1).is_none(), "{}", rig.told());
    rig.stop_schedule();
    rig.clock.advance(Span::minutes(1));
    // From now on no vote and no fact can be stored.
    rig.table.set_fates(Box::new(NothingSeenIsStored));
    let _ = rig.call(&json!({"source": "aws.events", "detail-type": "Scheduled Event"}));
    let book = rig.book(1).unwrap_or_else(|| panic!("{}", rig.told()));
    let key = Key::evidence(&rig.plan.workload, Generation(1), &book.state.decision.evidence);
    let evidence = rig.table.item(&key).unwrap();
    assert!(evidence.body.contains("\"carried\":[{"), "it is on record: {}", evidence.body);
    let broken = judge(&Evidence::of(&rig));
    assert!(broken.is_empty(), "{broken:#?}\n{}", rig.told());
}

struct NothingSeenIsStored;

impl Fates for NothingSeenIsStored {
    fn fate(&mut self, call: &Call<'_>) -> Fate {
        match call {
            Call::Put(item, _) if item.key.sk.starts_with('S') => Fate::Throttled,
            Call::Get(_)
            | Call::List(..)
            | Call::Put(..)
            | Call::Look(_)
            | Call::Change(_)
            | Call::Start(_)
            | Call::State(_)
            | Call::Publish(_) => Fate::Well,
        }
    }
}

/// A version whose voters look elsewhere under the same names, or have other names, and whose database is
/// another one.
fn changed(plan: &Plan, renamed: bool) -> Plan {
    let mut plan = plan.clone();
    for voter in &mut plan.detection.voters {
        let Voter::Alarm(v) = voter else { continue };
        if renamed {
            v.id = format!("{}-two", v.id).as_str().into();
        } else {
            v.alarm = format!("{}-two", v.alarm).into();
        }
    }
    if let Some(Database::RdsReplica(d)) = plan.databases.first_mut() {
        d.instance.standby = "other-db".into();
    }
    plan
}

/// How long a recovery takes from its opening to its commit, when `version` is put right after it opened.
fn committed_after(version: impl Fn(&Plan) -> Option<Plan>) -> (Rig, Option<Span>) {
    let rig = Rig::well("orders");
    rig.world.set_region(&PRIMARY.into(), RegionState::Dead);
    for _ in 0..10 {
        rig.clock.advance(Span::minutes(1));
        let _ = rig.call(&json!({"source": "aws.events", "detail-type": "Scheduled Event"}));
        if rig.book(1).is_some() {
            break;
        }
    }
    if let Some(plan) = version(&rig.plan) {
        rig.put_plan(&plan);
    }
    rig.run_started();
    rig.live(Span::minutes(20));
    let span = rig.book(1).and_then(|book| {
        let committed = book.records.iter().find(|r| r.entry.name() == "committed")?;
        Some(since(book.state.decision.opened, committed.at))
    });
    (rig, span)
}

#[test]
fn a_plan_put_while_a_recovery_is_open_does_not_starve_it() {
    let (rig, unchanged) = committed_after(|_| None);
    assert_eq!(rig.ended(1), Some(End::Recovered), "{}", rig.told());
    for renamed in [false, true] {
        let (rig, took) = committed_after(|plan| Some(changed(plan, renamed)));
        assert_eq!(rig.ended(1), Some(End::Recovered), "renamed: {renamed}\n{}", rig.told());
        assert_eq!(took, unchanged, "renamed: {renamed}\n{}", rig.told());
    }
}
