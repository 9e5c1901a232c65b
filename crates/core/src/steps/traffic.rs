//! Traffic: refused while a database of the plan has no verified writer.

use std::collections::BTreeSet;

use crate::effect::Verb;
use crate::ids::{Step, Text};
use crate::journal::Reply;
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
                questions.push(Question::Name(metric_name(situation, c)));
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

fn metric_name(_: &Situation<'_>, c: &StopMetric) -> NameQuery {
    let record_type = address_type(&c.answers.primary);
    NameQuery { name: c.name.clone(), record_type, resolvers: c.resolvers.clone() }
}

/// A where the values are addresses, CNAME where they are names.
fn address_type(values: &[Text]) -> Text {
    let addresses = values.iter().all(|v| v.parse::<std::net::IpAddr>().is_ok());
    let v6 = values.iter().all(|v| v.parse::<std::net::Ipv6Addr>().is_ok());
    match (addresses, v6) {
        (true, true) => "AAAA",
        (true, false) => "A",
        (false, _) => "CNAME",
    }
    .into()
}

/// Whether a name resolves to exactly these values.
pub(super) fn resolves(query: &NameQuery, wanted: &[Text], seen: &Seen) -> Probe {
    answers(&query.name, &Question::Name(query.clone()), wanted, seen)
}

/// Whether that question about a name is answered with exactly these values.
pub(super) fn answers(name: &str, question: &Question, wanted: &[Text], seen: &Seen) -> Probe {
    let mut wanted: Vec<String> = wanted.iter().map(|v| bare(v)).collect();
    wanted.sort();
    match seen.get(question) {
        Ok(View::Answer(answer)) => {
            let mut values: Vec<String> = answer.values.iter().map(|v| bare(v)).collect();
            values.sort();
            let sentence = format!("{name} resolves to {}", values.join(", "));
            if values == wanted { Probe::Yes(sentence) } else { Probe::No(sentence) }
        }
        Ok(other) => Probe::Blind(format!("{name} answered {other:?}")),
        Err(blind) => Probe::Blind(format!("{name}: {blind}")),
    }
}

pub(super) fn bare(value: &str) -> String {
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
            workload: situation.plan.workload.as_str().into(),
            value,
            at: situation.now,
        },
        before: None,
        undoes: None,
        probe,
    }
}
