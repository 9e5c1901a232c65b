//! The sides that a recovery could move to, each looked at once: the plans of a workload may name several.

use leeward_core::error::StepError;
use leeward_core::evidence::{standby, standby_key, standby_questions};
use leeward_core::ids::{Digest, Direction};
use leeward_core::plan::Plan;
use leeward_core::time::Timestamp;
use leeward_core::zone_numbers;
use leeward_reconcile::{Desk, Fact, Facts, Slot, StoredPlan, look};

use crate::observe::OpenPlan;

/// A side to move to: by whose plan, where what is seen is kept, and what tells it from others.
type Target<'a> = (&'a Plan, Slot, Digest);

/// The sides of the plans in force and of the version that an open generation rests on, each once.
pub fn targets<'a>(
    plans: &[&'a StoredPlan],
    open: Option<&'a OpenPlan>,
    before: &Facts,
    direction: Direction,
) -> Vec<Target<'a>> {
    let mut once: Vec<Target<'a>> = Vec::new();
    for stored in plans {
        let key = standby_key(&stored.plan, direction);
        if once.iter().all(|(_, _, known)| *known != key) {
            once.push((&stored.plan, Slot::InForce, key));
        }
    }
    // What plans in force name may not be what the open generation moves to.
    if let Some(open) = open.filter(|open| open.direction == direction) {
        let key = standby_key(&open.plan, direction);
        if once.iter().all(|(_, _, known)| *known != key) {
            let slot = match plans {
                [] => before.slot(direction, &open.plan),
                [..] => Slot::OpenGeneration,
            };
            once.push((&open.plan, slot, key));
        }
    }
    once
}

/// Looks at those sides, side by side and each thing once; gives what could not be stored.
pub async fn sides(
    desk: &Desk,
    targets: &[Target<'_>],
    before: &Facts,
    direction: Direction,
    read_at: Timestamp,
) -> Vec<(Fact, StepError)> {
    let mut questions: Vec<_> =
        targets.iter().flat_map(|(plan, ..)| standby_questions(plan, direction)).collect();
    // A number in doubt is looked at anew, so that a recovery goes on once it is mended; others cost Route 53 nothing.
    let doubts = |plan: &Plan| match before.readiness(&plan.plan).map(|known| &known.numbers) {
        Some(Some(barring)) if barring.is_empty() => None,
        Some(Some(barring)) => Some(barring.clone()),
        Some(None) | None => Some(Vec::new()),
    };
    let doubted = targets.iter().filter(|(plan, ..)| doubts(plan).is_some());
    questions.extend(doubted.flat_map(|(plan, ..)| zone_numbers::questions(plan)));
    questions.sort();
    questions.dedup();
    let seen = look(desk, questions).await;
    let mut unstored = Vec::new();
    for (plan, slot, key) in targets {
        let mut standby = standby(plan, direction, &seen, &before.peaks, read_at);
        if let Some(known) = doubts(plan) {
            let numbers = zone_numbers::numbers(plan, &seen, &known).into_iter();
            standby.numbers = numbers.map(|(_, number)| number).collect();
        }
        let fact = Fact::Standby {
            direction,
            standby,
            asked: Some(key.clone()),
            slot: *slot,
            plan: Some(plan.plan.clone()),
        };
        let put = desk.store_fact(&plan.workload, fact.clone(), read_at, read_at).await;
        unstored.extend(put.err().map(|error| (fact, error)));
    }
    unstored
}

/// Looks at the side that a recovery that way moves to, by one plan; gives what could not be stored.
pub async fn other_side(
    desk: &Desk,
    (plan, before): (&Plan, &Facts),
    slot: Slot,
    direction: Direction,
    read_at: Timestamp,
) -> Result<(), (Fact, StepError)> {
    let target = (plan, slot, standby_key(plan, direction));
    let unstored = sides(desk, &[target], before, direction, read_at).await;
    unstored.into_iter().next().map_or(Ok(()), Err)
}
