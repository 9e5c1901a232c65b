//! What one look at a workload leads to, by what its votes say and by what its last generation left.

use crate::evidence::{Assessment, Verdict};
use crate::ids::Direction;
use crate::journal::{Fate, State};
use crate::matching::Choice;
use crate::need::Needed;
use crate::plan::Plan;
use crate::rehoming::strayed;
use crate::residence::way_home;
use crate::succession;
use crate::time::{DATE_RESOLUTION, Span, Timestamp, after, since};

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
pub enum SweepDecision {
    /// A generation is open and is worked on. The plan of that place answers to what is seen now: it may
    /// take the open one's place.
    Continue {
        /// Place of the plan.
        wanted: Option<usize>,
    },
    /// The last generation left things in the middle for the plan of that place, and was counted when
    /// it opened: the next is opened whatever is seen.
    Resume(usize),
    /// Before the plan of that place is carried out, those of its voters that say down are asked once more.
    Recheck(usize),
    /// The plan of that place is carried out.
    Open(usize),
    /// A person is needed.
    Escalate(Needed),
    /// The workload lives on its other side: nothing is opened, and people are told so now, if it is due.
    Away(Option<Needed>),
    /// Nothing is to be done.
    Nothing,
}

/// Whether those who say down have been asked again since the first look: one read may show what was, and
/// what a generation moves is a whole workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recheck {
    /// The first look of a trigger.
    Due,
    /// They were asked again.
    Done,
}

/// A quorum that says down: since when, and in its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Down {
    /// When the trouble was first signalled.
    pub since: Timestamp,
    /// What is seen.
    pub seen: String,
}

impl Down {
    /// What the plans' voters say, if a quorum of any of them says down.
    pub fn of<'a>(assessments: impl IntoIterator<Item = &'a Assessment>) -> Option<Self> {
        let down = assessments.into_iter().filter(|a| a.verdict == Verdict::Down);
        let down = down.filter_map(|a| Some(Self { since: a.first_signal?, seen: a.sentence() }));
        down.min_by_key(|down| down.since)
    }
}

/// The one decision on what a look leads to: the sweep carries it out, `assess` and `status` tell it. `plans` are
/// those that `choice` was made among, in the same order.
pub fn sweep_decision(
    last: Option<&State>,
    plans: &[&Plan],
    choice: Choice,
    down: Option<&Down>,
    recheck: Recheck,
    now: Timestamp,
) -> SweepDecision {
    if last.is_some_and(|state| state.end.is_none()) {
        let wanted = match choice {
            Choice::Plan(place) => Some(place),
            Choice::Person(_) | Choice::Nothing => None,
        };
        // What was decided by other sides gives way to no plan that turns them round.
        let sided = |place: &usize| {
            last.zip(plans.get(*place)).is_some_and(|(last, plan)| strayed(last, plan).is_none())
        };
        return SweepDecision::Continue { wanted: wanted.filter(sided) };
    }
    if let Some(place) = last.and_then(|state| succession::heir(state, plans)) {
        return SweepDecision::Resume(place);
    }
    if let Some(needed) = plans.iter().find_map(|plan| {
        let down = down.map(|down| (down.since, down.seen.as_str()));
        Some(Needed::strayed(plan, &strayed(last?, plan)?, down))
    }) {
        return SweepDecision::Escalate(needed);
    }
    if let Some(last) = last.filter(|last| last.away_from_home()) {
        return SweepDecision::Away(while_away(last, down, now));
    }
    match choice {
        Choice::Plan(place) if recheck == Recheck::Due => SweepDecision::Recheck(place),
        Choice::Plan(place) => SweepDecision::Open(place),
        Choice::Person(needed) => SweepDecision::Escalate(needed),
        Choice::Nothing => SweepDecision::Nothing,
    }
}

/// The primary's silence is no news for a workload that lives elsewhere, and going home is a person's decision.
/// The end of the recovery said so; it is said again each day, and when trouble begins that is not the one that
/// was left.
fn while_away(last: &State, down: Option<&Down>, now: Timestamp) -> Option<Needed> {
    let ended = last.end.as_ref()?.at;
    match down.filter(|down| down.since > ended) {
        Some(down) => Some(Needed::down_while_away(last, down.since, &down.seen)),
        None => (since(ended, now) >= REMINDED_AFTER).then(|| Needed::away(last)),
    }
}

/// Why a sweep that sees nothing down would open nothing either when it did, for whoever looks.
pub fn stays_away(last: &State, now: Timestamp) -> Option<String> {
    let decided = sweep_decision(Some(last), &[], Choice::Nothing, None, Recheck::Done, now);
    matches!(decided, SweepDecision::Away(_)).then(|| nothing_opens_away(last))
}

/// The same in one sentence.
pub fn nothing_opens_away(last: &State) -> String {
    format!(
        "it lives away from home since generation {}: nothing is opened by itself until `{}` has ended, or it is seen at home again",
        last.moved_by(),
        way_home(last)
    )
}

/// The end of a recovery tells it the first time.
const REMINDED_AFTER: Span = Span::minutes(24 * 60);

/// Whether a look at that instant saw what moved then: `Date` has whole seconds.
pub fn seen_by(look: Option<Timestamp>, moved: Timestamp) -> bool {
    look.is_some_and(|look| look >= after(moved, DATE_RESOLUTION))
}

#[cfg(test)]
#[path = "sweep_decision_tests.rs"]
mod tests;
