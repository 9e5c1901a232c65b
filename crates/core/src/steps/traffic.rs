//! Traffic: refused while a database of the plan has no verified writer.

use std::collections::BTreeSet;

use crate::effect::Verb;
use crate::ids::{Side, Step, Text};
use crate::journal::Reply;
use crate::names::{self, ValueKind, canonical};
use crate::plan::{Control, Database, StopMetric};
use crate::planted::{self, Bug};
use crate::pursuit::{Goal, Probe};
use crate::steps::{Move, Situation, records};
use crate::world::{Change, NameQuery, Question, Seen, View};

pub(super) fn questions(situation: &Situation<'_>) -> Vec<Question> {
    let mut questions = Vec::new();
    for control in &situation.plan.traffic.controls {
        match control {
            Control::StopMetric(c) => {
                questions.extend(metric_names(c).into_iter().map(Question::Name));
            }
            Control::Record(c) => questions.extend(records::questions(situation, c)),
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
    // A verified writer is not enough: without its lease it takes no writes.
    if !situation.state.done.contains_key(&Step::Database) && !planted::is(Bug::TrafficUnverified) {
        next.stick("the databases are not done: users stay where they are");
        return next;
    }
    let mut busy = BTreeSet::new();
    for control in &situation.plan.traffic.controls {
        match control {
            Control::StopMetric(c) => {
                next.pursue(situation, metric_goal(situation, c, seen));
            }
            Control::Record(c) => records::apply(situation, c, seen, &mut busy, &mut next),
        }
    }
    next
}

/// What is asked of a control's name: one question for each type that either side answers with.
pub(crate) fn metric_names(c: &StopMetric) -> Vec<NameQuery> {
    let answers = c.answers.primary.iter().chain(&c.answers.standby);
    let types: BTreeSet<&str> = answers.map(|value| record_type(value)).collect();
    let query = |record_type: &&str| NameQuery {
        name: c.name.clone(),
        record_type: (*record_type).into(),
        resolvers: c.resolvers.clone(),
    };
    types.iter().map(query).collect()
}

/// A or AAAA for an address, CNAME for a name.
fn record_type(value: &str) -> &'static str {
    names::value_kind(value).unwrap_or(ValueKind::Name).record_type()
}

/// Whether the name of a control answers with that side's values, and with nothing else, by every type.
fn metric_answers(c: &StopMetric, side: Side, seen: &Seen) -> Probe {
    let mut sentences = Vec::new();
    for query in metric_names(c) {
        let of_type = |value: &&Text| record_type(value) == query.record_type;
        let wanted: Vec<Text> = c.answers.of(side).iter().filter(of_type).cloned().collect();
        match resolves(&query, &wanted, seen) {
            Probe::Yes(sentence) => sentences.push(sentence),
            unmet @ (Probe::No(_) | Probe::Moving(_) | Probe::Blind(_)) => return unmet,
        }
    }
    Probe::Yes(sentences.join(", "))
}

/// Whether the name of a control answers as either side's would, looked at while all is well.
pub(crate) fn side_answers(c: &StopMetric, seen: &Seen) -> Result<(), String> {
    let mut first = None;
    for side in [Side::Primary, Side::Standby] {
        match metric_answers(c, side, seen) {
            Probe::Yes(_) => return Ok(()),
            Probe::No(why) | Probe::Moving(why) | Probe::Blind(why) => {
                first.get_or_insert(why);
            }
        }
    }
    Err(format!(
        "the name answers as neither side of the plan, so a move of users could not be seen: {}",
        first.unwrap_or_default()
    ))
}

/// Whether a name resolves to exactly these values.
pub(super) fn resolves(query: &NameQuery, wanted: &[Text], seen: &Seen) -> Probe {
    let name = format!("{} {}", query.name, query.record_type);
    answers(&name, &Question::Name(query.clone()), wanted, seen)
}

/// Whether that question about a name is answered with exactly these values.
pub(super) fn answers(name: &str, question: &Question, wanted: &[Text], seen: &Seen) -> Probe {
    let sorted = |values: &[Text]| {
        let mut values: Vec<String> = values.iter().map(|v| canonical(v)).collect();
        values.sort();
        values
    };
    let wanted = sorted(wanted);
    match seen.get(question) {
        Ok(View::Answer(answer)) => {
            let values = sorted(&answer.values);
            let sentence = format!("{name} resolves to {}", listed(&values));
            if values == wanted {
                Probe::Yes(sentence)
            } else {
                Probe::No(format!("{sentence}; wanted {}", listed(&wanted)))
            }
        }
        Ok(other) => Probe::Blind(format!("{name} answered {other:?}")),
        Err(blind) => Probe::Blind(blind.about(question)),
    }
}

fn listed(values: &[String]) -> String {
    if values.is_empty() { "nothing".to_owned() } else { values.join(", ") }
}

fn metric_goal(situation: &Situation<'_>, c: &StopMetric, seen: &Seen) -> Goal {
    let value = match situation.target() {
        Side::Standby => 1.0,
        Side::Primary => 0.0,
    };
    let effect = situation.effect(Step::Traffic, c.id.as_str(), Verb::StopMetric);
    // A name that moved by itself moves back by itself: only the datum latches it.
    let put = situation
        .state
        .effects
        .get(&effect)
        .is_some_and(|e| e.intents.iter().any(|i| matches!(i.reply, Some(Reply::Accepted(_)))));
    let probe = if put {
        metric_answers(c, situation.target(), seen)
    } else {
        Probe::No(format!("no datum of {} is accepted yet", c.metric))
    };
    Goal {
        effect,
        change: Change::PutMetric {
            region: c.region.clone(),
            namespace: c.namespace.clone(),
            metric: c.metric.clone(),
            workload: situation.plan.workload.as_str().into(),
            value,
            at: situation.now,
        },
        before: None,
        undoes: None,
        probe,
    }
}
