//! What the state table refuses is never a finding about the recovery: it is asked again, by this executor or by
//! the next.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use leeward_core::ids::{Generation, Side};
use leeward_core::journal::{End, Entry};
use leeward_core::table::generation_partition;
use leeward_core::time::{Span, Timestamp, after};
use leeward_ports::fake::{Call, FakeClock, Fate, Fates, RegionState};
use leeward_reconcile::Appended;
use leeward_tests::check::{Evidence, judge};
use leeward_tests::rig::Rig;

const CODES: [&str; 2] = ["UnrecognizedClientException", "AccessDeniedException"];
/// What cannot be told from a word of the table's own, whatever the code.
const ANY: &str = "KMSAccessDeniedException";

/// Counts the calls from the opening of a generation on, and refuses the one of that number.
struct OneRefused {
    partition: String,
    code: String,
    refused: usize,
    counted: Arc<AtomicUsize>,
    /// How many there were when the commit was written.
    committed: Arc<AtomicUsize>,
}

impl Fates for OneRefused {
    fn fate(&mut self, call: &Call<'_>) -> Fate {
        let counted = self.counted.load(Ordering::Relaxed);
        let opens = matches!(call, Call::Put(item, _) if item.key.pk == self.partition);
        if counted == 0 && !opens {
            return Fate::Well;
        }
        if matches!(call, Call::Put(item, _) if item.body.contains("\"entry\":\"committed\"")) {
            let _ =
                self.committed.compare_exchange(0, counted, Ordering::Relaxed, Ordering::Relaxed);
        }
        self.counted.store(counted + 1, Ordering::Relaxed);
        if counted == self.refused { Fate::Refused(self.code.clone()) } else { Fate::Well }
    }
}

/// Every call of that kind is refused from one instant to another.
struct RefusedWhile {
    clock: FakeClock,
    from: Timestamp,
    until: Timestamp,
    puts_alone: bool,
    refused: Arc<AtomicUsize>,
}

impl Fates for RefusedWhile {
    fn fate(&mut self, call: &Call<'_>) -> Fate {
        let now = self.clock.now();
        let meant = !self.puts_alone
            || matches!(call, Call::Put(item, _) if item.key.sk.starts_with("J#") && !item.body.contains("\"joined\""));
        if meant && self.from <= now && now < self.until {
            self.refused.fetch_add(1, Ordering::Relaxed);
            Fate::Refused(ANY.to_owned())
        } else {
            Fate::Well
        }
    }
}

fn rig() -> Rig {
    let rig = Rig::well("orders");
    rig.world.set_region(&rig.plan.regions.primary, RegionState::Dead);
    rig
}

fn refused_once(number: usize, code: &str) -> (Rig, usize) {
    let rig = rig();
    let (counted, committed) = (Arc::default(), Arc::new(AtomicUsize::new(0)));
    rig.table.set_fates(Box::new(OneRefused {
        partition: generation_partition(&rig.plan.workload, Generation(1)).to_string(),
        code: code.to_owned(),
        refused: number,
        counted,
        committed: committed.clone(),
    }));
    rig.live(Span::minutes(40));
    (rig, committed.load(Ordering::Relaxed))
}

fn assert_recovered(rig: &Rig, told: &str) {
    assert_eq!(rig.ended(1), Some(End::Recovered), "{told}: {}", rig.told());
    assert_eq!(rig.world.served_by(), Some(Side::Standby), "{told}");
    let broken = judge(&Evidence::of(rig));
    assert!(broken.is_empty(), "{told}: {broken:#?}\n{}", rig.told());
}

fn assert_unheld(rig: &Rig, told: &str) {
    let records = rig.book(1).map(|b| b.records).unwrap_or_default();
    let stopped = |e: &Entry| matches!(e, Entry::Held { .. } | Entry::TurnedBack { .. });
    assert!(!records.iter().any(|r| stopped(&r.entry)), "{told}: {}", rig.told());
}

#[test]
fn one_refusal_of_any_call_of_the_table_before_the_commit_costs_a_recovery_nothing_but_time() {
    let (rig, calls) = refused_once(usize::MAX, ANY);
    assert_recovered(&rig, "none refused");
    assert!(calls > 20, "{calls}");
    for number in 0..=calls {
        let told = format!("call {number} of {calls}");
        let code = CODES.get(number % CODES.len()).copied().unwrap_or(ANY);
        let (rig, _) = refused_once(number, code);
        assert_recovered(&rig, &told);
        assert_unheld(&rig, &told);
    }
}

/// The Region dies; 200 seconds later, with a generation open and its commit half a minute ahead, the table
/// refuses for that long. Gives how many calls it refused.
fn refused_for(span: Span, puts_alone: bool) -> (Rig, usize) {
    let rig = rig();
    let from = after(rig.clock.now(), Span::seconds(200));
    let until = after(from, span);
    let (clock, refused) = (rig.clock.clone(), Arc::new(AtomicUsize::new(0)));
    let fates = RefusedWhile { clock, from, until, puts_alone, refused: refused.clone() };
    rig.table.set_fates(Box::new(fates));
    rig.live(Span::minutes(45));
    (rig, refused.load(Ordering::Relaxed))
}

#[test]
fn a_table_that_refuses_for_a_quarter_of_a_minute_is_outlived() {
    for puts_alone in [false, true] {
        let (rig, refused) = refused_for(Span::seconds(15), puts_alone);
        assert!(refused > 0, "{}", rig.told());
        assert_recovered(&rig, "15 s");
        assert_unheld(&rig, "15 s");
    }
}

#[test]
fn a_table_that_refuses_for_long_is_a_hold_that_one_word_leaves() {
    let (rig, refused) = refused_for(Span::minutes(30), true);
    assert!(refused > 10, "{refused}: {}", rig.told());
    let records = rig.book(1).map(|b| b.records).unwrap_or_default();
    let turned = records.iter().any(|r| matches!(r.entry, Entry::TurnedBack { .. }));
    assert!(!turned, "{}", rig.told());
    if rig.ended(1).is_none() {
        let entry = Entry::Resumed { reason: "the key is back".to_owned(), time_limit: None };
        assert_eq!(rig.say(1, entry), Some(Appended::Yes), "{}", rig.told());
        rig.live(Span::minutes(40));
    }
    assert_recovered(&rig, "30 min");
}
