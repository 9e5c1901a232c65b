//! How a generation began: evidence, decision, cool-down.

use super::{Verdict, Walked, at};
use crate::ids::{Digest, Side};
use crate::journal::{Entry, Fate, State, Trigger, chain};
use crate::time::{after, since};

/// S2: whatever an entry rests on was stored before it.
#[expect(clippy::wildcard_enum_match_arm, reason = "only these entries rest on evidence")]
pub(super) fn evidence_first(case: &Walked<'_>) -> Verdict {
    let mut latest: Option<&Digest> = None;
    let mut named = 0;
    for record in case.records {
        let evidence = match &record.entry {
            Entry::Opened(decision) => &decision.evidence,
            Entry::Assessed { evidence, .. } => evidence,
            Entry::Committed { evidence, .. } => {
                if latest != Some(evidence) {
                    return Err(at(
                        record.seq,
                        "commits on evidence that is not what was weighed last before it",
                    ));
                }
                evidence
            }
            _ => continue,
        };
        if evidence.as_str().is_empty() {
            return Err(at(record.seq, format!("{} names no evidence", record.entry.name())));
        }
        if case.stored.is_some_and(|stored| !stored.contains(evidence)) {
            return Err(at(record.seq, format!("its evidence {evidence} is not stored")));
        }
        latest = Some(evidence);
        named += 1;
    }
    let looked =
        if case.stored.is_some() { "all stored" } else { "the stored items not looked at" };
    Ok(format!("{named} entries name their evidence, {looked}"))
}

/// S3: one decision, the first entry, and the plan that it names.
pub(super) fn one_decision(case: &Walked<'_>) -> Verdict {
    let decision = case.decision()?;
    let again = case.records.iter().skip(1).find(|r| matches!(r.entry, Entry::Opened(_)));
    if let Some(again) = again {
        return Err(at(again.seq, "decides anew"));
    }
    if decision.plan_digest != *case.plan_digest {
        return Err(format!(
            "the decision names plan digest {}, judged by {}",
            decision.plan_digest, case.plan_digest
        ));
    }
    let target = case.plan.target_region(decision.direction);
    if decision.target != *target {
        return Err(format!("the decision goes to {}, the plan to {target}", decision.target));
    }
    if let (Some(lived), Some(previous)) = (decision.lived, case.previous) {
        let side = left_on(previous);
        if lived.side != side {
            return Err(format!(
                "the decision says that the workload lived on its {} side, generation {} left it on the {side}",
                lived.side, previous.decision.generation
            ));
        }
    }
    let origin = case.records.first().is_some_and(|r| r.prev == chain::origin());
    if !origin {
        return Err("entry 1 names an entry before it".to_owned());
    }
    Ok(format!("{} to {} by plan {}", decision.direction, decision.target, decision.plan))
}

/// The side that a generation left the workload on: where it was seen since, where its commit brought it, or where it
/// lived before.
fn left_on(previous: &State) -> Side {
    let decision = &previous.decision;
    match (previous.seen_at_home, previous.fate) {
        (Some(_), _) => Side::Primary,
        (None, Fate::Committed(_)) => decision.direction.target(),
        (None, Fate::Open | Fate::TurnedBack(..)) => {
            decision.lived.map_or_else(|| decision.direction.source(), |lived| lived.side)
        }
    }
}

/// S12: nothing automatic within the cool-down, and nothing at all while a request may still land.
pub(super) fn cooled_down(case: &Walked<'_>) -> Verdict {
    let decision = case.decision()?;
    let Some(previous) = case.previous else {
        return Ok("there was no generation before, or it was not given".to_owned());
    };
    let before = previous.decision.generation;
    if previous.closed != Some(decision.generation) {
        return Err(format!("generation {before} was not closed for this one"));
    }
    if let Some(safe) = previous.safe_from(case.limits)
        && decision.opened < safe
    {
        return Err(format!(
            "opened at {}, but a request of generation {before} could land until {safe}",
            decision.opened
        ));
    }
    if previous.successor.is_some() {
        return Ok(format!("takes the place of generation {before}"));
    }
    if let Trigger::HandedOver { from } = decision.trigger {
        return Err(format!("opened for what generation {from} left, which left nothing"));
    }
    let Some(effect) = previous.last_effect() else {
        return Ok(format!("generation {before} changed nothing"));
    };
    let quiet = since(effect, decision.opened).in_words();
    match (&decision.trigger, previous.acknowledged) {
        (Trigger::Operator { operator, .. }, _) => Ok(format!("opened by {operator}")),
        (Trigger::Evidence { .. } | Trigger::HandedOver { .. }, Some(at)) => {
            Ok(format!("a person acknowledged it at {at}"))
        }
        (Trigger::Evidence { .. } | Trigger::HandedOver { .. }, None) => {
            if decision.opened < after(effect, case.plan.policy.cool_down) {
                return Err(format!(
                    "opened {quiet} after the last effect of generation {before}, the cool-down is {}",
                    case.plan.policy.cool_down
                ));
            }
            Ok(format!("{quiet} after the last effect of generation {before}"))
        }
    }
}
