//! Traffic: refused while a database of the plan has no verified writer.

use std::collections::BTreeMap;

use crate::effect::Verb;
use crate::ids::Step;
use crate::journal::Reply;
use crate::plan::{Control, Database, RecordControl, RecordPair, StopMetric};
use crate::planted::{self, Bug};
use crate::pursuit::{Goal, Probe};
use crate::steps::{Move, Situation};
use crate::world::{Change, FenceNumber, NameQuery, Question, RecordSet, Seen, View};

pub(super) fn questions(situation: &Situation<'_>) -> Vec<Question> {
    let mut questions = Vec::new();
    for control in &situation.plan.traffic.controls {
        match control {
            Control::StopMetric(c) => {
                questions.push(Question::Name(metric_name(situation, c)));
            }
            Control::Record(c) => {
                for (zone, pairs) in zones(c) {
                    questions.push(fence_question(situation, c, zone, &pairs));
                    questions.extend(pairs.iter().map(|p| record_question(p)));
                    questions.extend(pairs.iter().map(|p| Question::Name(pair_name(c, p))));
                }
            }
        }
    }
    questions
}

pub(super) fn decide(situation: &Situation<'_>, seen: &Seen) -> Move {
    let mut next = Move::default();
    if !situation.state.committed() {
        next.stick("nothing is committed");
        return next;
    }
    let unverified: Vec<&str> = situation
        .plan
        .databases
        .iter()
        .map(Database::id)
        .filter(|id| !situation.state.writers.contains(id))
        .map(|id| id.as_str())
        .collect();
    if !unverified.is_empty() && !planted::is(Bug::TrafficUnverified) {
        next.stick(format!(
            "no verified writer of {}: users stay where they are",
            unverified.join(", ")
        ));
        return next;
    }
    for control in &situation.plan.traffic.controls {
        match control {
            Control::StopMetric(c) => {
                next.pursue(situation, metric_goal(situation, c, seen));
            }
            Control::Record(c) => {
                for (zone, pairs) in zones(c) {
                    records(situation, c, zone, &pairs, seen, &mut next);
                }
            }
        }
    }
    next
}

fn metric_name(_: &Situation<'_>, c: &StopMetric) -> NameQuery {
    let record_type = address_type(&c.answers.primary);
    NameQuery { name: c.name.clone(), record_type, resolvers: c.resolvers.clone() }
}

/// A where the values are addresses, CNAME where they are names.
fn address_type(values: &[String]) -> String {
    let addresses = values.iter().all(|v| v.parse::<std::net::IpAddr>().is_ok());
    let v6 = values.iter().all(|v| v.parse::<std::net::Ipv6Addr>().is_ok());
    match (addresses, v6) {
        (true, true) => "AAAA",
        (true, false) => "A",
        (false, _) => "CNAME",
    }
    .to_owned()
}

/// Whether a name resolves to exactly these values.
pub(super) fn resolves(query: &NameQuery, wanted: &[String], seen: &Seen) -> Probe {
    let mut wanted: Vec<String> = wanted.iter().map(|v| bare(v)).collect();
    wanted.sort();
    match seen.get(&Question::Name(query.clone())) {
        Ok(View::Answer(answer)) => {
            let mut values: Vec<String> = answer.values.iter().map(|v| bare(v)).collect();
            values.sort();
            let sentence = format!("{} resolves to {}", query.name, values.join(", "));
            if values == wanted { Probe::Yes(sentence) } else { Probe::No(sentence) }
        }
        Ok(other) => Probe::Blind(format!("{} answered {other:?}", query.name)),
        Err(blind) => Probe::Blind(format!("{}: {blind}", query.name)),
    }
}

fn bare(value: &str) -> String {
    value.trim_end_matches('.').to_ascii_lowercase()
}

fn metric_goal(situation: &Situation<'_>, c: &StopMetric, seen: &Seen) -> Goal {
    let value = match situation.target() {
        crate::ids::Side::Standby => 1.0,
        crate::ids::Side::Primary => 0.0,
    };
    let effect = situation.effect(Step::Traffic, c.id.as_str(), Verb::StopMetric);
    // A name that moved by itself moves back by itself: only the datum latches it.
    let put = situation
        .state
        .effects
        .get(&effect)
        .is_some_and(|e| e.intents.iter().any(|i| matches!(i.reply, Some(Reply::Accepted(_)))));
    let probe = if put {
        resolves(&metric_name(situation, c), c.answers.of(situation.target()), seen)
    } else {
        Probe::No(format!("no datum of {} is accepted yet", c.metric))
    };
    Goal {
        effect,
        change: Change::PutMetric {
            region: c.region.clone(),
            namespace: c.namespace.clone(),
            metric: c.metric.clone(),
            workload: situation.plan.workload.as_str().to_owned(),
            value,
            at: situation.now,
        },
        before: None,
        undoes: None,
        probe,
    }
}

/// Records by zone: one batch a zone.
pub(super) fn zones(c: &RecordControl) -> BTreeMap<&str, Vec<&RecordPair>> {
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
    format!("_leeward.{workload}.{control}.{}", bare(zone_name))
}

fn fence_question(
    situation: &Situation<'_>,
    c: &RecordControl,
    zone: &str,
    pairs: &[&RecordPair],
) -> Question {
    let zone_name = pairs.first().map_or("", |p| p.zone_name.as_str());
    Question::Record {
        zone: zone.to_owned(),
        name: fence_name(situation.plan.workload.as_str(), c.id.as_str(), zone_name),
        record_type: "TXT".to_owned(),
    }
}

fn record_question(pair: &RecordPair) -> Question {
    Question::Record {
        zone: pair.zone.clone(),
        name: pair.name.clone(),
        record_type: pair.record_type.clone(),
    }
}

fn pair_name(c: &RecordControl, pair: &RecordPair) -> NameQuery {
    NameQuery {
        name: pair.name.clone(),
        record_type: pair.record_type.clone(),
        resolvers: c.resolvers.clone(),
    }
}

/// One zone: the batch stands in the zone, and the name servers answer with it.
fn records(
    situation: &Situation<'_>,
    c: &RecordControl,
    zone: &str,
    pairs: &[&RecordPair],
    seen: &Seen,
    next: &mut Move,
) {
    let side = situation.target();
    let generation = situation.state.decision.generation.0;
    let fence = fence_question(situation, c, zone, pairs);
    let Question::Record { name: fence_name, .. } = &fence else { return };
    let (stands, number) = match number(&fence, seen) {
        Ok(number) if number > generation => {
            return next.stick(format!("{fence} is {number}: a later generation was here"));
        }
        Ok(number) => (number == generation, number),
        Err(why) => return next.wait(why),
    };
    let probe = if stands {
        Probe::Yes(format!("{fence} is {generation}: the batch stands"))
    } else {
        Probe::No(format!("{fence} is {number}"))
    };
    let goal = Goal {
        effect: situation.effect(Step::Traffic, &batch(c.id.as_str(), zone), Verb::Records),
        change: Change::ChangeRecords {
            zone: zone.to_owned(),
            fence: FenceNumber { name: fence_name.clone(), from: number, to: generation },
            records: pairs
                .iter()
                .map(|p| RecordSet {
                    name: p.name.clone(),
                    record_type: p.record_type.clone(),
                    ttl: p.ttl,
                    values: p.values.of(side).clone(),
                })
                .collect(),
        },
        before: None,
        undoes: None,
        probe,
    };
    if !next.pursue(situation, goal) {
        return;
    }
    for pair in pairs {
        match resolves(&pair_name(c, pair), pair.values.of(side), seen) {
            Probe::Yes(evidence) => next.evidence.push(evidence),
            Probe::No(why) | Probe::Moving(why) | Probe::Blind(why) => next.wait(why),
        }
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
        Err(blind) => Err(format!("{fence}: {blind}")),
    }
}
