//! Proof from outside: every check, by the public name, several passes in a row.

use crate::capacity;
use crate::ids::{Sides, Step, Text};
use crate::journal::{End, Entry};
use crate::plan::{Capacity, Check, DnsCheck};
use crate::planted::{self, Bug};
use crate::pursuit::Probe;
use crate::steps::engines::{self, Engine};
use crate::steps::{Move, Situation, traffic};
use crate::time::{after, since};
use crate::world::{HttpRequest, NameQuery, Question, Seen, View};

pub(super) fn questions(situation: &Situation<'_>) -> Vec<Question> {
    situation.plan.validation.checks.iter().flat_map(|c| asked(situation, c)).collect()
}

fn asked(situation: &Situation<'_>, check: &Check) -> Vec<Question> {
    match check {
        Check::Http(c) => {
            vec![Question::Http(request("GET", &c.url, None, &c.marker_header, &c.resolvers))]
        }
        Check::HttpWrite(c) => {
            let (write, read) = write_and_read(situation, c);
            vec![Question::Http(write), Question::Http(read)]
        }
        Check::Dns(c) => vec![Question::Name(dns_query(c))],
        Check::Database { .. } => {
            situation.plan.databases.iter().flat_map(|d| engines::questions(situation, d)).collect()
        }
        Check::TargetHealth { .. } => {
            target_groups(situation).flat_map(|(targets, group, _)| [targets, group]).collect()
        }
    }
}

fn request(
    method: &str,
    url: &str,
    body: Option<Text>,
    marker_header: &str,
    resolvers: &[Text],
) -> HttpRequest {
    HttpRequest {
        method: method.into(),
        url: url.into(),
        body,
        marker_header: marker_header.into(),
        resolvers: resolvers.to_vec(),
    }
}

/// The write and its read-back: whoever looks asks writes before reads (`Question::first`).
fn write_and_read(
    situation: &Situation<'_>,
    c: &crate::plan::HttpWriteCheck,
) -> (HttpRequest, HttpRequest) {
    let id = format!("leeward-{}", situation.mark);
    let body = format!("{{\"id\":\"{id}\"}}");
    let url = c.url.trim_end_matches('/');
    (
        request("POST", url, Some(body.into()), &c.marker_header, &c.resolvers),
        request("GET", &format!("{url}/{id}"), None, &c.marker_header, &c.resolvers),
    )
}

fn dns_query(c: &DnsCheck) -> NameQuery {
    NameQuery {
        name: c.name.clone(),
        record_type: c.record_type.clone(),
        resolvers: c.resolvers.clone(),
    }
}

/// Target groups with the groups whose instances are in them, and the capacity that has to be healthy.
fn target_groups(situation: &Situation<'_>) -> impl Iterator<Item = (Question, Question, u32)> {
    let side = situation.target();
    let region = situation.target_region().clone();
    situation.plan.capacity.iter().filter_map(move |piece| match piece {
        Capacity::AutoScalingGroup(c) => {
            let targets = capacity::targets_question(region.clone(), c, side)?;
            Some((targets, capacity::group_question(&region, c, side), c.amount.at_least))
        }
        Capacity::Instances(_)
        | Capacity::EcsService(_)
        | Capacity::LambdaConcurrency(_)
        | Capacity::EventSource(_) => None,
    })
}

pub(super) fn decide(situation: &Situation<'_>, seen: &Seen) -> Move {
    let mut next = Move::default();
    let validation = &situation.plan.validation;
    if !situation.state.committed() {
        next.stick("nothing is committed");
        return next;
    }
    if validation.checks.is_empty() && !planted::is(Bug::EmptyPasses) {
        next.stick("the plan has no check, so nothing can be proved");
        return next;
    }
    for step in [Step::Database, Step::Traffic, Step::Restore] {
        if !situation.state.done.contains_key(&step) {
            next.stick(format!("step {step} is not done"));
            return next;
        }
    }
    let wanted = if planted::is(Bug::OnePassIsEnough) { 1 } else { validation.passes.max(1) };
    if situation.state.passes >= wanted {
        settle(situation, &mut next);
        if !next.settled() {
            return next;
        }
        // A pass that took long to go on record, or to be followed, is old by now: the end rests on this look, too.
        let (held, checks) = checked(situation, seen);
        if !held {
            return Move::record(Entry::Pass { held, checks });
        }
        return Move::record(Entry::Ended {
            end: End::Recovered,
            reason: format!(
                "users are served from {}: {} passes of {} checks in a row",
                situation.target_region(),
                situation.state.passes,
                validation.checks.len()
            ),
        });
    }
    if let Some((at, true)) = situation.state.last_pass
        && situation.now < after(at, validation.interval)
    {
        let left = since(situation.now, after(at, validation.interval));
        next.wait_at_least(left, "the interval between two passes".to_owned());
        return next;
    }
    let (held, checks) = checked(situation, seen);
    // A failed pass after a failed pass says nothing new: the journal keeps the first.
    if !held && matches!(situation.state.last_pass, Some((_, false))) {
        next.wait(checks.join("; "));
        return next;
    }
    Move::record(Entry::Pass { held, checks })
}

/// Nothing ends while a request may still land: what nobody saw is settled when it can land no more.
fn settle(situation: &Situation<'_>, next: &mut Move) {
    if planted::is(Bug::EndsInTheAir) {
        return;
    }
    for (id, effect) in situation.state.unresolved() {
        let last = effect.intents.last().map_or(situation.now, |i| i.at);
        let safe = after(last, situation.limits.request_life);
        if situation.now >= safe {
            next.records.push(Entry::Outcome {
                effect: id.clone(),
                applied: false,
                evidence: format!("never seen; a late request is refused since {safe}"),
            });
        } else {
            let left = since(situation.now, safe);
            next.wait_at_least(
                left,
                format!("`{}` may still land for {}", effect.change, left.in_words()),
            );
        }
    }
}

/// Whether every check holds, and what each of them says.
fn checked(situation: &Situation<'_>, seen: &Seen) -> (bool, Vec<String>) {
    let mut sentences = Vec::new();
    let mut held = true;
    for check in &situation.plan.validation.checks {
        match judge(situation, check, seen) {
            Ok(sentence) => sentences.push(format!("{}: {sentence}", check.id())),
            Err(why) => {
                held = false;
                sentences.push(format!("{}: NO: {why}", check.id()));
            }
        }
    }
    (held, sentences)
}

fn judge(situation: &Situation<'_>, check: &Check, seen: &Seen) -> Result<String, String> {
    match check {
        Check::Http(c) => {
            let ask = request("GET", &c.url, None, &c.marker_header, &c.resolvers);
            answered(
                situation,
                &ask,
                &c.marker,
                seen,
                (|status| status == c.status, &c.status.to_string()),
            )
        }
        Check::HttpWrite(c) => {
            let (write, read) = write_and_read(situation, c);
            let ok = |status: u16| (200..300).contains(&status);
            answered(situation, &write, &c.marker, seen, (ok, "200 to 299"))?;
            answered(situation, &read, &c.marker, seen, (ok, "200 to 299"))?;
            body_holds(&read, situation.mark, seen)?;
            Ok(format!("written and read back by {}", c.url))
        }
        Check::Dns(c) => {
            match traffic::resolves(&dns_query(c), c.answers.of(situation.target()), seen) {
                Probe::Yes(sentence) => Ok(sentence),
                Probe::No(why) | Probe::Moving(why) | Probe::Blind(why) => Err(why),
            }
        }
        Check::Database { .. } => databases(situation, seen),
        Check::TargetHealth { .. } => targets(situation, seen),
    }
}

/// The right status from the right side: a returning old side must not look like success.
fn answered(
    situation: &Situation<'_>,
    ask: &HttpRequest,
    marker: &Sides<Text>,
    seen: &Seen,
    (status_ok, expected): (impl Fn(u16) -> bool, &str),
) -> Result<String, String> {
    let question = Question::Http(ask.clone());
    let view = match seen.get(&question) {
        Ok(View::Http(view)) => view,
        Ok(other) => return Err(format!("{question} answered {other:?}")),
        Err(blind) => return Err(blind.about(&question)),
    };
    let wanted = situation.plan.markers_of(situation.target(), marker);
    let side = match &view.marker {
        Some(side) if wanted.contains(&side.as_str()) => side,
        Some(side) if planted::is(Bug::NoSideMarker) => side,
        Some(side) => {
            return Err(format!("{question} was answered by {side}, not {}", wanted.join(" or ")));
        }
        None => {
            return Err(format!(
                "{question} was answered without {}; wanted {}",
                ask.marker_header,
                wanted.join(" or ")
            ));
        }
    };
    if status_ok(view.status) {
        Ok(format!("{question}: {} from {side} in {}", view.status, view.took))
    } else {
        Err(format!("{question}: status {} from {side}; wanted {expected}", view.status))
    }
}

fn body_holds(ask: &HttpRequest, mark: &str, seen: &Seen) -> Result<(), String> {
    match seen.get(&Question::Http(ask.clone())) {
        Ok(View::Http(view)) if view.body.contains(mark) => Ok(()),
        Ok(_) => Err(format!("{} {} does not show what was written", ask.method, ask.url)),
        Err(blind) => Err(blind.to_string()),
    }
}

fn databases(situation: &Situation<'_>, seen: &Seen) -> Result<String, String> {
    let mut words = Vec::new();
    for database in &situation.plan.databases {
        match engines::engine(situation, database, seen) {
            Engine::Writer(why) => words.push(why),
            Engine::Replica => {
                return Err(format!("{} is a replica; wanted a writer", database.id()));
            }
            Engine::Moving(why) | Engine::Wrong(why) | Engine::Blind(why) => return Err(why),
        }
    }
    if words.is_empty() {
        Err("the plan has no database to check".to_owned())
    } else {
        Ok(words.join(", "))
    }
}

fn targets(situation: &Situation<'_>, seen: &Seen) -> Result<String, String> {
    let mut words = Vec::new();
    for (question, group, units) in target_groups(situation) {
        let need = match seen.get(&group) {
            Ok(View::Group(Some(view))) if view.in_service >= units => {
                capacity::targets_needed(units, view)
            }
            Ok(View::Group(Some(view))) => {
                return Err(format!("{group}: {} of {units} in service", view.in_service));
            }
            Ok(View::Group(None)) => return Err(format!("{group} does not exist")),
            Ok(other) => return Err(format!("{group} answered {other:?}")),
            Err(blind) => return Err(blind.about(&group)),
        };
        match seen.get(&question) {
            Ok(View::Targets(Some(t))) if t.healthy >= need && t.healthy > 0 => {
                words.push(format!("{} of {} healthy", t.healthy, t.total));
            }
            Ok(View::Targets(Some(t))) => {
                return Err(format!("{question}: {} of {need} healthy", t.healthy));
            }
            Ok(View::Targets(None)) => return Err(format!("{question} does not exist")),
            Ok(other) => return Err(format!("{question} answered {other:?}")),
            Err(blind) => return Err(blind.about(&question)),
        }
    }
    if words.is_empty() {
        Err("the plan has no target group to check".to_owned())
    } else {
        Ok(words.join(", "))
    }
}

#[cfg(test)]
#[path = "validate_tests.rs"]
mod tests;
