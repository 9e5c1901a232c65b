//! Records: one fenced batch a zone, done when Route 53 has it everywhere and its name servers say so.
//!
//! Route 53 allows one change of a zone at a time and few requests a second: a second batch of a zone
//! waits until the first is everywhere, and nothing is asked before it can be answered.

use std::collections::{BTreeMap, BTreeSet};

use crate::effect::{EffectId, Verb};
use crate::ids::Step;
use crate::journal::Reply;
use crate::names::canonical;
use crate::plan::{RecordControl, RecordPair};
use crate::pursuit::{Goal, Probe, resume};
use crate::steps::traffic::answers;
use crate::steps::{Move, Situation};
use crate::time::{after, since};
use crate::world::{Change, FenceNumber, NameQuery, Question, RecordSet, Seen, View};
use crate::zone_numbers::ZoneNumber;

pub(super) fn questions(situation: &Situation<'_>, c: &RecordControl) -> Vec<Question> {
    let mut questions = Vec::new();
    for (zone, pairs) in zones(c) {
        questions.push(fence_question(situation, c, zone, &pairs));
        // Before the batch was sent there is nothing to be seen of it.
        let effect = effect(situation, c, zone);
        if situation.state.effects.contains_key(&effect) {
            questions.extend(change_id(situation, &effect).map(in_sync_question));
            questions.extend(pairs.iter().map(|p| authority(c, p)));
        }
    }
    questions
}

/// Why no fence may be taken: a zone that no batch of this generation could change. Behind the commit nobody would be
/// served until a person had mended it.
pub(super) fn bars_fence(situation: &Situation<'_>) -> Option<String> {
    // What was asked of the old side already, by this generation or by the one that it goes on with, is gone on with.
    let untouched = situation.state.each_effect().all(|(id, _)| id.step() != Some(Step::Fence));
    let own = situation.state.decision.generation;
    let barring: Vec<String> =
        situation.standby?.numbers.iter().filter_map(|number| number.bars(own)).collect();
    (untouched && !barring.is_empty()).then(|| {
        format!(
            "no fence is taken while users could not be moved: {}. The next sweep sees it; then `{}`",
            barring.join("; "),
            resume(situation)
        )
    })
}

/// Every zone of a control. `busy` holds the zones that a batch is under way in.
pub(super) fn apply<'a>(
    situation: &Situation<'_>,
    c: &'a RecordControl,
    seen: &Seen,
    busy: &mut BTreeSet<&'a str>,
    next: &mut Move,
) {
    for (zone, pairs) in zones(c) {
        if busy.contains(zone) {
            next.wait(format!("zone {zone} takes one change at a time: {} waits", c.id));
        } else if !one_zone(situation, c, zone, &pairs, seen, next) {
            busy.insert(zone);
        }
    }
}

/// One zone: the batch stands in the zone, it is everywhere, and the name servers answer with it.
fn one_zone(
    situation: &Situation<'_>,
    c: &RecordControl,
    zone: &str,
    pairs: &[&RecordPair],
    seen: &Seen,
    next: &mut Move,
) -> bool {
    let goal = match goal(situation, c, zone, pairs, seen) {
        Ok(goal) => goal,
        Err(Not::Yet(why)) => {
            next.wait(why);
            return false;
        }
        Err(Not::Ever(why)) => {
            next.stick(why);
            return false;
        }
    };
    if !next.pursue(situation, goal) {
        return false;
    }
    match everywhere(situation, &effect(situation, c, zone), zone, seen) {
        Ok(evidence) => next.evidence.push(evidence),
        Err(why) => {
            next.wait(why);
            return false;
        }
    }
    let mut all = true;
    for pair in pairs {
        let question = authority(c, pair);
        let wanted = pair.values.of(situation.target());
        match answers(&question.to_string(), &question, wanted, seen) {
            Probe::Yes(evidence) => next.evidence.push(evidence),
            Probe::No(why) | Probe::Moving(why) | Probe::Blind(why) => {
                all = false;
                next.wait(why);
            }
        }
    }
    all
}

/// Why there is no goal.
enum Not {
    Yet(String),
    Ever(String),
}

fn goal(
    situation: &Situation<'_>,
    c: &RecordControl,
    zone: &str,
    pairs: &[&RecordPair],
    seen: &Seen,
) -> Result<Goal, Not> {
    let side = situation.target();
    let own = situation.state.decision.generation;
    let generation = own.0;
    let fence = fence_question(situation, c, zone, pairs);
    let number = number(&fence, seen).map_err(Not::Yet)?;
    let effect = effect(situation, c, zone);
    // A batch whose answer was lost left its number there, and its intent on record.
    let meant = situation.state.effects.get(&effect).is_some_and(|e| !e.intents.is_empty());
    if number > generation || (number == generation && !meant) {
        let value = Some(number.to_string().into());
        let name = own_fence_name(situation, c, pairs).into();
        let why = ZoneNumber { zone: zone.into(), name, value }.bars(own).unwrap_or_default();
        return Err(Not::Ever(format!("{why}, then `{}`", resume(situation))));
    }
    let probe = if number == generation {
        Probe::Yes(format!("{fence} is {generation}: the batch stands"))
    } else {
        Probe::No(format!("{fence} is {number}"))
    };
    let record = |p: &&RecordPair| RecordSet {
        name: p.name.clone(),
        record_type: p.record_type.clone(),
        ttl: p.ttl,
        values: p.values.of(side).clone(),
    };
    Ok(Goal {
        effect,
        change: Change::ChangeRecords {
            zone: zone.into(),
            fence: FenceNumber {
                name: own_fence_name(situation, c, pairs).into(),
                from: number,
                to: generation,
            },
            records: pairs.iter().map(record).collect(),
        },
        before: None,
        undoes: None,
        probe,
    })
}

/// The id under which Route 53 took the batch; none when its answer was lost.
fn change_id<'a>(situation: &Situation<'a>, effect: &EffectId) -> Option<&'a str> {
    let intents = &situation.state.effects.get(effect)?.intents;
    intents.iter().rev().find_map(|intent| match &intent.reply {
        Some(Reply::Accepted(receipt)) if !receipt.id.is_empty() => Some(receipt.id.as_str()),
        Some(Reply::Accepted(_) | Reply::Refused(_)) | None => None,
    })
}

fn in_sync_question(id: &str) -> Question {
    Question::ZoneChange { id: id.into() }
}

/// Whether the batch has reached every name server. Where its answer was lost nobody knows the id to
/// ask for: then every name server must answer with it once Route 53's usual time is over.
fn everywhere(
    situation: &Situation<'_>,
    effect: &EffectId,
    zone: &str,
    seen: &Seen,
) -> Result<String, String> {
    let Some(id) = change_id(situation, effect) else {
        let intents = situation.state.effects.get(effect).map(|e| e.intents.as_slice());
        let sent = intents.and_then(<[_]>::last).map_or(situation.now, |i| i.at);
        let settled = after(sent, situation.limits.zone_settle);
        if situation.now < settled {
            let left = since(situation.now, settled).in_words();
            return Err(format!(
                "zone {zone}: the answer with the change's id was lost; its name servers are believed in {left}"
            ));
        }
        return Ok(format!(
            "zone {zone}: the change's id is not known, its answer was lost; {} after it was sent its name servers stand for it",
            situation.limits.zone_settle
        ));
    };
    let question = in_sync_question(id);
    match seen.get(&question) {
        Ok(View::InSync(true)) => Ok(format!("{question} is INSYNC")),
        Ok(View::InSync(false)) => Err(format!("{question} is PENDING")),
        Ok(other) => Err(format!("{question} answered {other:?}")),
        Err(blind) => Err(blind.about(&question)),
    }
}

/// What the zone's name servers answer: those that the plan names, or else all of the zone's own.
fn authority(c: &RecordControl, pair: &RecordPair) -> Question {
    let (name, record_type) = (pair.name.clone(), pair.record_type.clone());
    if c.resolvers.is_empty() {
        return Question::Authority { zone: pair.zone.clone(), name, record_type };
    }
    Question::Name(NameQuery { name, record_type, resolvers: c.resolvers.clone() })
}

fn effect(situation: &Situation<'_>, c: &RecordControl, zone: &str) -> EffectId {
    situation.effect(Step::Traffic, &batch(c.id.as_str(), zone), Verb::Records)
}

/// Records by zone: one batch a zone.
pub(crate) fn zones(c: &RecordControl) -> BTreeMap<&str, Vec<&RecordPair>> {
    let mut zones: BTreeMap<&str, Vec<&RecordPair>> = BTreeMap::new();
    for pair in &c.records {
        zones.entry(pair.zone.as_str()).or_default().push(pair);
    }
    zones
}

/// One control's batch in one zone, as an effect's target.
pub(super) fn batch(control: &str, zone: &str) -> String {
    format!("{control}.{zone}")
}

/// Name of the TXT record that holds the fence number of a control in a zone.
pub fn fence_name(workload: &str, control: &str, zone_name: &str) -> String {
    format!("_leeward.{workload}.{control}.{}", canonical(zone_name))
}

fn own_fence_name(situation: &Situation<'_>, c: &RecordControl, pairs: &[&RecordPair]) -> String {
    let zone_name = pairs.first().map_or("", |p| p.zone_name.as_str());
    fence_name(situation.plan.workload.as_str(), c.id.as_str(), zone_name)
}

fn fence_question(
    situation: &Situation<'_>,
    c: &RecordControl,
    zone: &str,
    pairs: &[&RecordPair],
) -> Question {
    Question::Record {
        zone: zone.into(),
        name: own_fence_name(situation, c, pairs).into(),
        record_type: "TXT".into(),
    }
}

fn number(fence: &Question, seen: &Seen) -> Result<u64, String> {
    match seen.get(fence) {
        Ok(View::Record(Some((values, _)))) => {
            let text = values.first().map_or("", |v| v.trim_matches('"'));
            text.parse().map_err(|_| format!("{fence} holds `{text}`, which is no number"))
        }
        Ok(View::Record(None)) => {
            Err(format!("{fence} does not exist; `leeward plan put` makes it with 0"))
        }
        Ok(other) => Err(format!("{fence} answered {other:?}")),
        Err(blind) => Err(blind.about(fence)),
    }
}
