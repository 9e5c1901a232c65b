//! Whether the evidence still says go, for steps that may not rest on an old answer.

use crate::evidence::{Assessment, Verdict, assess, verdict};
use crate::journal::{Bearing, Entry, Trigger, TurnBackReason, chain};
use crate::planted::{self, Bug};
use crate::steps::{Move, Situation};
use crate::time::since;

/// What the present evidence means for the step that asks.
pub enum Going {
    /// Go on; the assessment is on record and young enough.
    On,
    /// This move comes first.
    First(Box<Move>),
}

/// Asks the evidence anew. A person's order stands in the place of the votes, never in the place
/// of the other side's health.
pub fn going(situation: &Situation<'_>) -> Going {
    let assessment = present(situation);
    let on_record = situation.state.assessed.as_ref().filter(|a| {
        a.bearing == assessment.bearing
            // What a switchover rests on is on record before the first fence.
            && a.old_side_well.is_none_or(|well| well == (assessment.verdict == Verdict::Well))
            && (since(a.at, situation.now) <= situation.limits.assessment_age
                || planted::is(Bug::OldEvidence))
    });
    if on_record.is_none() {
        return Going::First(Box::new(on_the_record(&assessment)));
    }
    match assessment.bearing {
        Bearing::Go => Going::On,
        Bearing::TurnBack => Going::First(Box::new(Move::record(Entry::turned_back(
            TurnBackReason::PrimaryHealthy,
            assessment.sentence(),
        )))),
        Bearing::Unsure => {
            let mut next = Move::default();
            next.wait(assessment.sentence());
            Going::First(Box::new(next))
        }
    }
}

/// The way back, when the old side is well again: asked before anybody waits for people.
pub fn turn_back(situation: &Situation<'_>) -> Option<Move> {
    // A person's order stands in the place of the votes.
    let ordered = matches!(situation.state.decision.trigger, Trigger::Operator { .. });
    if ordered || !old_side_well(situation) {
        return None;
    }
    match going(situation) {
        Going::On => None,
        Going::First(first) => Some(*first),
    }
}

/// Whether the votes say at this moment that the side that is left is well.
pub fn old_side_well(situation: &Situation<'_>) -> bool {
    let (plan, direction) = (situation.plan, situation.direction());
    verdict(plan, direction, situation.signals, situation.now) == Verdict::Well
}

/// The assessment at this moment.
pub fn present(situation: &Situation<'_>) -> Assessment {
    let mut assessment = assess(
        situation.plan,
        situation.direction(),
        situation.signals,
        situation.standby,
        situation.now,
    );
    if let Trigger::Operator { operator, reason } = &situation.state.decision.trigger {
        let well = assessment.standby.as_ref().is_some_and(|s| s.against.is_empty());
        assessment.bearing = if well { Bearing::Go } else { Bearing::Unsure };
        assessment.reasons.push(format!("ordered by {operator}: {reason}"));
    }
    assessment
}

fn on_the_record(assessment: &Assessment) -> Move {
    let stored = serde_json::to_string(assessment).unwrap_or_else(|e| format!("\"{e}\""));
    let entry = Entry::Assessed {
        evidence: chain::digest(stored.as_bytes()),
        verdict: assessment.bearing,
        reason: assessment.sentence(),
        old_side_well: Some(assessment.verdict == Verdict::Well),
    };
    Move { evidence_items: vec![stored], ..Move::record(entry) }
}
