//! Effects: their numbers, their order, and whether each was seen to its end.

use std::collections::BTreeMap;

use super::{Verdict, Walked, at};
use crate::effect::EffectId;
use crate::ids::Step;
use crate::journal::{End, Entry, FenceProof, State};
use crate::world::Change;

/// S4: whatever carries a number carries a greater one each time that it changes hands.
#[expect(clippy::wildcard_enum_match_arm, reason = "only these entries carry numbers")]
pub(super) fn numbers_rise(case: &Walked<'_>) -> Verdict {
    let mut latest: BTreeMap<String, (u64, &EffectId)> = BTreeMap::new();
    let mut epoch = 0;
    let mut seen = 0;
    for record in case.records {
        let (key, from, to, effect) = match &record.entry {
            Entry::Intent { effect, change, .. } => match change.as_ref() {
                Change::MoveLease { table, key, from_epoch, .. } => {
                    (format!("{table} {key}"), *from_epoch, from_epoch.saturating_add(1), effect)
                }
                Change::ChangeRecords { zone, fence, .. } => {
                    (format!("{zone} {}", fence.name), fence.from, fence.to, effect)
                }
                _ => continue,
            },
            Entry::Fenced { fence: FenceProof::WriterLease { epoch: proven }, .. } => {
                if *proven < epoch {
                    return Err(at(
                        record.seq,
                        format!("the lease fell from epoch {epoch} to {proven}"),
                    ));
                }
                epoch = *proven;
                continue;
            }
            _ => continue,
        };
        seen += 1;
        if to <= from {
            return Err(at(record.seq, format!("the number of {key} goes from {from} to {to}")));
        }
        if let Some((before, by)) = latest.get(&key) {
            // The same effect may be sent again; another effect stands on what the one before made.
            let falls = if *by == effect { to < *before } else { from < *before };
            if falls && applied(case, by) {
                return Err(at(
                    record.seq,
                    format!("the number of {key} was {before} and is {from}"),
                ));
            }
        }
        latest.insert(key, (to, effect));
    }
    Ok(format!("{seen} numbered changes"))
}

fn applied(case: &Walked<'_>, effect: &EffectId) -> bool {
    case.records
        .iter()
        .any(|r| matches!(&r.entry, Entry::Outcome { effect: e, applied: true, .. } if e == effect))
}

/// S6: replies and outcomes speak of intents that stand before them; a step is done, and the commit
/// stands, only when what it sent is known. An attempt on the old side's own compute or network may
/// still be unknown when another fence proves: if it lands, it only fences more.
#[expect(clippy::wildcard_enum_match_arm, reason = "only these entries end something")]
pub(super) fn outcome_first(case: &Walked<'_>) -> Verdict {
    let walked = case.walk()?;
    for (state, record) in walked {
        let open = |steps: &[Step]| {
            let mut open = state.unresolved().filter(|(_, e)| !attempts_on_the_old_side(&e.change));
            open.find(|(id, _)| id.step().is_some_and(|s| steps.contains(&s)))
                .map(|(id, _)| id.clone())
        };
        let late = match &record.entry {
            Entry::Replied { effect, intent, .. } => {
                let known = state.effects.get(effect);
                if !known.is_some_and(|e| e.intents.iter().any(|i| i.seq == *intent)) {
                    return Err(at(record.seq, format!("a reply to no intent of {effect}")));
                }
                continue;
            }
            Entry::Outcome { effect, .. } if !state.effects.contains_key(effect) => {
                return Err(at(
                    record.seq,
                    format!("an outcome of {effect}, which was never intended"),
                ));
            }
            Entry::StepDone { step, .. } => open(&[*step]),
            Entry::Committed { .. } => open(&Step::ALL),
            _ => None,
        };
        if let Some(effect) = late {
            return Err(at(
                record.seq,
                format!(
                    "{} although it is not known whether {effect} happened",
                    record.entry.name()
                ),
            ));
        }
    }
    order(walked)
}

fn attempts_on_the_old_side(change: &Change) -> bool {
    matches!(change, Change::BoundGroup { suspend: true, .. } | Change::RevokeIngress { .. })
}

/// Users are moved, and the lease is given away, only when every database was seen as the writer.
fn order(walked: &[(State, &crate::journal::Record)]) -> Verdict {
    let mut sent = 0;
    for (state, record) in walked {
        let Entry::Intent { effect, .. } = &record.entry else { continue };
        sent += 1;
        let before = match effect.step() {
            Some(Step::Traffic) => Some(Step::Database),
            Some(Step::Restore) => Some(Step::Traffic),
            Some(_) | None => None,
        };
        let undo = effect.as_str().ends_with("-undo");
        if let Some(before) = before.filter(|b| !undo && !state.done.contains_key(b)) {
            return Err(at(record.seq, format!("{effect} before step {before} was done")));
        }
    }
    Ok(format!("{sent} intents, each in its place"))
}

/// S13: each effect is one that the decision names, or the undo of one that was done.
pub(super) fn decided(case: &Walked<'_>) -> Verdict {
    let decision = case.decision()?;
    let mut sent = 0;
    for record in case.records {
        let Entry::Intent { effect, undoes, .. } = &record.entry else { continue };
        let name = undoes.as_ref().unwrap_or(effect);
        if !decision.effects.contains(name) {
            return Err(at(record.seq, format!("the decision does not name {name}")));
        }
        sent += 1;
    }
    Ok(format!("{sent} intents, {} effects in the decision", decision.effects.len()))
}

/// S16: at an end nothing is in the air.
pub(super) fn resolved_at_end(case: &Walked<'_>) -> Verdict {
    for (state, record) in case.walk()? {
        let Entry::Ended { end, .. } = &record.entry else { continue };
        let unresolved: Vec<String> = state.unresolved().map(|(id, _)| id.to_string()).collect();
        if unresolved.is_empty() {
            return Ok(format!("{} effects, all known at the end", state.effects.len()));
        }
        let safe = state.safe_from(case.limits);
        return match end {
            End::Abandoned if safe.is_none_or(|safe| record.at >= safe) => Ok(format!(
                "abandoned with {} unknown, when nothing could land any more",
                unresolved.join(", ")
            )),
            End::Recovered | End::RolledBack | End::Abandoned => Err(at(
                record.seq,
                format!("ended while it was not known whether {} happened", unresolved.join(", ")),
            )),
        };
    }
    Ok("not ended".to_owned())
}
