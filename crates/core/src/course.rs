//! What one look at a workload leads to, by what its votes say and by what its last generation left.

use crate::ids::Direction;
use crate::journal::{Fate, State};
use crate::matching::Choice;
use crate::need::Needed;
use crate::plan::Plan;
use crate::succession;
use crate::time::{DATE_RESOLUTION, Timestamp, after};

/// The direction whose other side a sweep looks at besides the standby, which every sweep looks at: a recovery
/// that moves home and waits, for people or for replication, rests on the primary, which nobody else looks at
/// until its commit.
pub fn looks_besides(open: &State) -> Option<Direction> {
    let direction = open.decision.direction;
    let waits = open.fate == Fate::Open && open.end.is_none() && open.halt.is_none();
    (waits && direction != Direction::ToStandby).then_some(direction)
}

/// Whether the voters and the target of an open generation are looked at by the version of the plan that it was
/// decided by: its fence, its commit and its way back rest on them, whatever is put in force meanwhile.
pub fn looks_by_its_own_plan(last: &State) -> bool {
    last.end.is_none() && !last.committed()
}

/// What one look leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Course {
    /// A generation is open and is worked on. The plan of that place answers to what is seen now: it may
    /// take the open one's place.
    Open {
        /// Place of the plan.
        wanted: Option<usize>,
    },
    /// The last generation left things in the middle for the plan of that place, and was counted when
    /// it opened: the next is opened whatever is seen.
    Resume(usize),
    /// Before the plan of that place is carried out, those of its voters that say down are asked once more.
    Confirm(usize),
    /// The plan of that place is carried out.
    Begin(usize),
    /// A person is needed.
    Person(Needed),
    /// Nothing is to be done.
    Rest,
}

/// Whether those who say down have been asked again since the first look: one read may show what was, and
/// what a generation moves is a whole workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Round {
    /// The first look of a trigger.
    First,
    /// They were asked again.
    Again,
}

/// The course. `plans` are those that `choice` was made among, in the same order.
pub fn course(last: Option<&State>, plans: &[&Plan], choice: Choice, round: Round) -> Course {
    if last.is_some_and(|state| state.end.is_none()) {
        let wanted = match choice {
            Choice::Plan(place) => Some(place),
            Choice::Person(_) | Choice::Nothing => None,
        };
        return Course::Open { wanted };
    }
    let awaits = |plan: &&Plan| last.is_some_and(|state| succession::awaits(state, plan));
    if let Some(place) = plans.iter().position(awaits) {
        return Course::Resume(place);
    }
    if last.is_some_and(away_from_home) {
        return Course::Rest;
    }
    match choice {
        Choice::Plan(place) if round == Round::First => Course::Confirm(place),
        Choice::Plan(place) => Course::Begin(place),
        Choice::Person(needed) => Course::Person(needed),
        Choice::Nothing => Course::Rest,
    }
}

/// Whether the workload lives on its standby side, as far as the last generation tells: the primary's
/// silence is no news then, and going home is a person's decision.
fn away_from_home(state: &State) -> bool {
    match state.decision.direction {
        Direction::ToStandby => state.committed(),
        Direction::ToPrimary => !state.committed(),
    }
}

/// Whether a look at that instant saw what moved then: `Date` has whole seconds.
pub fn seen_by(look: Option<Timestamp>, moved: Timestamp) -> bool {
    look.is_some_and(|look| look >= after(moved, DATE_RESOLUTION))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::example::{Journal, at, plan};
    use crate::journal::{End, Entry, Successor, TurnBackReason};
    use crate::time::Span;

    fn person() -> Choice {
        Choice::Person(Needed {
            cause: "tie".to_owned(),
            why: String::new(),
            reason: String::new(),
            actions: Vec::new(),
        })
    }

    fn choices() -> [Choice; 3] {
        [Choice::Nothing, Choice::Plan(0), person()]
    }

    fn given(last: Option<&State>) -> [Course; 3] {
        let plan = plan();
        choices().map(|choice| course(last, &[&plan], choice, Round::Again))
    }

    /// A generation that has ended; committed or not, that way.
    fn over(committed: bool, direction: Direction) -> State {
        let mut state = Journal::opened(1, 0).state();
        std::sync::Arc::make_mut(&mut state.decision).direction = direction;
        if committed {
            state.fate = Fate::Committed(at(500));
        }
        let (end, reason) = (End::Recovered, String::new());
        state.end = Some(crate::journal::Ended { end, reason, at: at(600) });
        state
    }

    #[test]
    fn before_the_first_generation_the_choice_alone_decides() {
        let Choice::Person(needed) = person() else { panic!() };
        assert_eq!(given(None), [Course::Rest, Course::Begin(0), Course::Person(needed)]);
    }

    #[test]
    fn nothing_is_begun_before_those_who_say_down_were_asked_again() {
        let plan = plan();
        let first = |last| course(last, &[&plan], Choice::Plan(0), Round::First);
        assert_eq!(first(None), Course::Confirm(0));
        let open = Journal::opened(1, 0).state();
        assert_eq!(first(Some(&open)), Course::Open { wanted: Some(0) });
    }

    #[test]
    fn an_open_generation_is_worked_on_whatever_is_seen() {
        let open = Journal::opened(1, 0).state();
        let worked_on = |wanted| Course::Open { wanted };
        assert_eq!(given(Some(&open)), [worked_on(None), worked_on(Some(0)), worked_on(None)]);
    }

    #[test]
    fn the_side_that_a_waiting_way_home_rests_on_is_looked_at_besides() {
        let mut state = Journal::opened(1, 0).state();
        assert_eq!(looks_besides(&state), None, "every sweep looks at the standby");
        std::sync::Arc::make_mut(&mut state.decision).direction = Direction::ToPrimary;
        assert_eq!(looks_besides(&state), Some(Direction::ToPrimary));
        let halt = crate::journal::Halt {
            kind: crate::journal::HaltKind::Paused,
            since: at(10),
            reason: String::new(),
        };
        let mut halted = state.clone();
        halted.halt = Some(halt);
        assert_eq!(looks_besides(&halted), None, "nothing rests on it while a person has it");
        let mut committed = state;
        committed.fate = Fate::Committed(at(500));
        assert_eq!(looks_besides(&committed), None, "there is no way back to decide on");
        assert_eq!(looks_besides(&over(false, Direction::ToPrimary)), None);
    }

    #[test]
    fn away_from_home_nothing_is_begun_and_nobody_is_asked() {
        let rests = [Course::Rest, Course::Rest, Course::Rest];
        assert_eq!(given(Some(&over(true, Direction::ToStandby))), rests);
        assert_eq!(given(Some(&over(false, Direction::ToPrimary))), rests);
        // Turned back, or come home: the primary is where it lives.
        for home in [over(false, Direction::ToStandby), over(true, Direction::ToPrimary)] {
            assert_eq!(given(Some(&home))[1], Course::Begin(0));
        }
    }

    #[test]
    fn what_was_left_in_the_middle_is_gone_on_with_though_nothing_is_seen_any_more() {
        let mut journal = Journal::opened(1, 0);
        let kept = journal.done(
            10,
            crate::ids::Step::Fence,
            crate::audit::example::lease("us-east-1", 1, "nobody"),
        );
        let successor = Successor { plan: plan().plan, keeps: [kept].into() };
        journal.add(
            20,
            Entry::TurnedBack {
                reason: TurnBackReason::Superseded,
                detail: "wider".to_owned(),
                successor: Some(successor),
            },
        );
        let mut state = journal.state();
        let (end, reason) = (End::RolledBack, String::new());
        state.end = Some(crate::journal::Ended { end, reason, at: at(60) });
        let resumed = [Course::Resume(0), Course::Resume(0), Course::Resume(0)];
        assert_eq!(given(Some(&state)), resumed);
        // Closed and still the last: who closed it died before it could open the next.
        state.closed = Some(state.decision.generation.next());
        assert_eq!(given(Some(&state)), resumed);
    }

    #[test]
    fn a_look_within_the_same_second_may_have_been_before() {
        let moved = at(100);
        assert!(!seen_by(None, moved));
        assert!(!seen_by(Some(moved), moved));
        assert!(seen_by(Some(after(moved, Span::seconds(1))), moved));
    }
}
