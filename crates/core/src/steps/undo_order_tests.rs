//! In which order things are undone, and who writes the end.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "anything else than what is asked for is wrong here"
)]

use super::*;
use crate::audit::example::{Journal, at, plan, situation};
use crate::ids::{Generation, Step};
use crate::journal::TurnBackReason;
use crate::world::GroupView;

/// The group that the first effect raised, and the one that the second did, of another function's step.
const FIRST: (Step, &str) = (Step::Capacity, "it");
const SECOND: (Step, &str) = (Step::Fence, "other");

fn effect((step, target): (Step, &str)) -> EffectId {
    EffectId::new(&"orders".into(), Generation(1), step, target, "do")
}

fn minimum((_, group): (Step, &str), minimum: u32) -> Change {
    Change::SetMinimum { region: "us-west-2".into(), group: group.into(), minimum }
}

fn seen_done(journal: &mut Journal, seconds: u64, effect: EffectId) {
    journal.add(seconds, Entry::Outcome { effect, applied: true, evidence: "seen".to_owned() });
}

/// Both groups were raised from one to two, then it turned back.
fn both_raised() -> Journal {
    let mut journal = Journal::opened(1, 0);
    for (seconds, of) in [(3, FIRST), (6, SECOND)] {
        let (change, before) = (Box::new(minimum(of, 2)), Some(Box::new(minimum(of, 1))));
        let undoes = None;
        journal.add(seconds, Entry::Intent { effect: effect(of), change, undoes, before });
        seen_done(&mut journal, seconds + 1, effect(of));
    }
    journal.add(10, Entry::turned_back(TurnBackReason::Declined, "a test"));
    journal
}

/// One of them was put back, and seen.
fn put_back(journal: &mut Journal, seconds: u64, of: (Step, &str)) {
    let (id, change) = (effect(of), Box::new(minimum(of, 1)));
    let undoes = Some(id.clone());
    journal.add(seconds, Entry::Intent { effect: id.undo(), change, undoes, before: None });
    seen_done(journal, seconds + 1, id.undo());
}

/// What is next for the function that undoes those steps; each group is seen with that minimum.
fn next(journal: &Journal, undoes: &[Step], minima: [u32; 2]) -> Move {
    let (plan, state) = (plan(), journal.state());
    let situation = Situation { undoes, ..situation(&plan, &state, at(20)) };
    let mut seen = Seen::default();
    for question in questions(&situation) {
        let Question::Group { group, .. } = &question else { panic!("{question}") };
        let minimum = minima[usize::from(group != FIRST.1)];
        let (maximum, desired, in_service, instances) = (4, 2, 2, 2);
        let suspended = Vec::new();
        let sizes = GroupView { minimum, maximum, desired, in_service, ..GroupView::default() };
        let view = GroupView { instances, suspended, ..sizes };
        seen.insert(question, Ok(View::Group(Some(view))));
    }
    decide(&situation, &seen)
}

/// What is put back next; nothing is written beside.
fn sends(next: Move) -> Vec<(Change, Option<EffectId>)> {
    assert!(next.records.is_empty(), "{next:?}");
    let of = |entry| match entry {
        Entry::Intent { change, undoes, .. } => (*change, undoes),
        other => panic!("{other:?}"),
    };
    next.sends.into_iter().map(of).collect()
}

fn ends(next: &Move) -> bool {
    match next.records.as_slice() {
        [Entry::Ended { end: End::RolledBack, reason }] => {
            assert!(reason.starts_with("everything is undone: "), "{reason}");
            true
        }
        [] => false,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_was_done_last_is_undone_first_and_one_after_the_other() {
    let all = [Step::Fence, Step::Capacity];
    let mut journal = both_raised();
    let back = |of| vec![(minimum(of, 1), Some(effect(of)))];
    assert_eq!(sends(next(&journal, &all, [2, 2])), back(SECOND));
    put_back(&mut journal, 12, SECOND);
    assert_eq!(sends(next(&journal, &all, [2, 1])), back(FIRST));
    put_back(&mut journal, 14, FIRST);
    assert!(ends(&next(&journal, &all, [1, 1])));
}

#[test]
fn each_function_undoes_its_own_part_and_who_finds_nothing_left_writes_the_end() {
    let (capacity, fence) = ([Step::Capacity], [Step::Fence]);
    let mut journal = both_raised();
    assert_eq!(sends(next(&journal, &capacity, [2, 2])).len(), 1);
    put_back(&mut journal, 12, FIRST);
    let waits_for_the_other = next(&journal, &capacity, [1, 2]);
    assert!(waits_for_the_other.settled(), "{waits_for_the_other:?}");
    assert_eq!(sends(next(&journal, &fence, [1, 2])).len(), 1);
    put_back(&mut journal, 14, SECOND);
    for undoes in [&capacity, &fence] {
        assert!(ends(&next(&journal, undoes, [1, 1])), "{undoes:?}");
    }
}
