//! `leeward status`: how a recovery stands, once or until it is over.

use std::time::Duration;

use leeward_core::ids::{Direction, WorkloadId};
use leeward_core::rehoming::strayed;
use leeward_core::status::{HaltStatus, OldSide, Status, WayBack, status};
use leeward_core::table::{REFUSALS, workload_partition};
use leeward_core::time::{Span, Timestamp};
use leeward_reconcile::{Book, StoredPlan};
use serde::Serialize;
use serde_json::{Value, json};

use crate::exit::{Answer, Exit, Trouble};
use crate::office::{Office, workload};
use crate::screen::Screen;

/// Time between two looks: the table's own clock shows whole seconds.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Refused starts that are shown.
const REFUSED_SHOWN: usize = 3;

/// A refused start.
#[derive(Debug, Serialize)]
struct Refused {
    at: String,
    reason: String,
}

/// Whose status: a workload, or one of its generations by an execution's name.
pub fn read_subject(of: &str) -> Result<(WorkloadId, Option<u64>), Trouble> {
    let name = of.rsplit(':').next().unwrap_or(of);
    // An execution that works on a generation is named `<workload>-g<n>-<mark>`.
    let execution = name.rsplit_once('-').and_then(|(rest, _)| {
        let (workload, generation) = rest.rsplit_once("-g")?;
        Some((workload, generation.parse::<u64>().ok()?))
    });
    match execution {
        Some((of, generation)) if workload(of).is_ok() => Ok((workload(of)?, Some(generation))),
        Some(_) | None => Ok((workload(name)?, None)),
    }
}

/// One look.
pub async fn once(office: &Office, of: &str, generation: Option<u64>) -> Result<Answer, Trouble> {
    let (workload, named) = read_subject(of)?;
    let Some(book) = book(office, &workload, generation.or(named)).await? else {
        return detecting(office, &workload).await;
    };
    answer(office, &book).await
}

async fn book(
    office: &Office,
    workload: &WorkloadId,
    generation: Option<u64>,
) -> Result<Option<Book>, Trouble> {
    match generation {
        Some(_) => office.book(workload, generation).await.map(Some),
        None => Ok(office.desk.latest(workload).await?.0),
    }
}

/// The answer about one generation.
pub async fn answer(office: &Office, book: &Book) -> Result<Answer, Trouble> {
    let status = of_book(office, book).await?;
    let refused = refused(office, &status.workload, Some(status.started)).await?;
    let mut lines = lines(&status);
    lines.extend(refused.iter().map(|r| format!("  refused   {}  {}", r.at, r.reason)));
    let asks = asks(office, book).await;
    lines.extend(asks.iter().map(|why| format!("  asks      a person: {why}")));
    let exit = exit(&status);
    let mut answer = Answer::of(&status, lines, exit)?;
    if let Value::Object(object) = &mut answer.json {
        object.insert("refused".to_owned(), json!(refused));
        object.insert("asks".to_owned(), json!(asks));
    }
    Ok(answer)
}

/// What a person is asked whatever generation is open: a plan whose sides are not those of the journals, and a writer
/// lease that would prove nothing, as the last sweep has seen it. What cannot be read is left out: the recovery is
/// what was asked for.
async fn asks(office: &Office, book: &Book) -> Vec<String> {
    if book.state.closed.is_some() {
        return Vec::new();
    }
    let workload = &book.state.decision.workload;
    let plans = office.desk.plans_of(workload).await.unwrap_or_default();
    let strayed = plans.iter().filter_map(|stored| strayed(&book.state, &stored.plan));
    strayed.chain(lease_asks(office, workload, &plans).await).collect()
}

/// The plans of a workload have one lease: the first that has something to say of it speaks for all.
async fn lease_asks(office: &Office, workload: &WorkloadId, plans: &[StoredPlan]) -> Vec<String> {
    let Ok((facts, _)) = office.desk.facts(workload).await else { return Vec::new() };
    let of = |stored: &StoredPlan| facts.standby_by(Direction::ToStandby, &stored.plan);
    let asks = plans.iter().filter_map(of).map(|standby| &standby.asks);
    asks.into_iter().find(|asks| !asks.is_empty()).cloned().unwrap_or_default()
}

/// The record of one generation.
pub async fn of_book(office: &Office, book: &Book) -> Result<Status, Trouble> {
    let plan = office.plan_of(book).await?;
    Ok(status(&book.state, &book.records, &plan, &office.desk.limits, book.read_at))
}

async fn detecting(office: &Office, workload: &WorkloadId) -> Result<Answer, Trouble> {
    let plans = office.plans_of(workload, None).await?;
    let refused = refused(office, workload, None).await?;
    let asks = lease_asks(office, workload, &plans).await;
    let names: Vec<_> = plans.iter().map(|p| p.plan.plan.clone()).collect();
    let json = json!({
        "schema": 1, "workload": workload, "generation": null, "status": "detecting",
        "plans": names, "refused": refused, "asks": asks, "next": [format!("leeward assess {workload}")],
    });
    let mut lines = vec![format!("{workload}: detecting; no recovery was ever opened")];
    lines.extend(refused.iter().map(|r| format!("  refused   {}  {}", r.at, r.reason)));
    lines.extend(asks.iter().map(|why| format!("  asks      a person: {why}")));
    lines.push(format!("  next      leeward assess {workload}"));
    Answer::of(&json, lines, Exit::Well)
}

/// The latest refused starts, of the time since that instant.
async fn refused(
    office: &Office,
    workload: &WorkloadId,
    after: Option<Timestamp>,
) -> Result<Vec<Refused>, Trouble> {
    let listed = office.desk.table.list(&workload_partition(workload), REFUSALS).await?;
    let since = after.map_or(0, |t| t.as_millisecond());
    let mut refused: Vec<Refused> = listed
        .value
        .iter()
        .filter_map(|item| {
            let body: Value = serde_json::from_str(&item.body).ok()?;
            let at: Timestamp = body.get("as_of")?.as_str()?.parse().ok()?;
            let at = Some(at).filter(|at| at.as_millisecond() >= since)?;
            let reason = body.get("reason")?.as_str()?.to_owned();
            Some(Refused { at: at.to_string(), reason })
        })
        .collect();
    // A place in the record may have been used again.
    refused.sort_by(|a, b| a.at.cmp(&b.at));
    let from = refused.len().saturating_sub(REFUSED_SHOWN);
    Ok(refused.split_off(from))
}

/// What the exit code says of it.
pub fn exit(status: &Status) -> Exit {
    if status.halt.is_some() || status.question.is_some() {
        return Exit::NeedsPerson;
    }
    match status.status {
        "failed" | "rolled-back" => Exit::NotAsAsked,
        _ => Exit::Well,
    }
}

fn lines(s: &Status) -> Vec<String> {
    let mut lines = vec![format!(
        "{} generation {}: {} ({:?}, {} → {}, plan {})",
        s.workload,
        s.generation,
        s.status.to_uppercase(),
        s.mode,
        s.source_region,
        s.target_region,
        s.plan
    )];
    let mut say = |name: &str, text: String| lines.push(format!("  {name:<10}{text}"));
    say("started", format!("{}, {}", s.started, s.trigger));
    if let Some(ended) = s.ended {
        say("ended", format!("{ended}: {}", s.end_reason.clone().unwrap_or_default()));
    } else if let Some(deadline) = s.deadline {
        say("deadline", deadline.to_string());
    }
    if let Some(halt) = &s.halt {
        say(&halt.kind.to_uppercase(), halted(halt));
    }
    if let Some(q) = &s.question {
        say("QUESTION", format!("{} (number {}, until {})", q.question, q.number, q.deadline));
    }
    say(
        "way back",
        match s.way_back {
            WayBack::Open => "open".to_owned(),
            WayBack::Committed => "none: committed".to_owned(),
            WayBack::TurnedBack => "taken".to_owned(),
        },
    );
    if let Some(away) = &s.away {
        say("AWAY", away.clone());
    }
    say("RTO", recovery_time(s));
    say(
        "RPO",
        match s.rpo.actual {
            Some(actual) => format!(
                "at most {actual} of writes lost, objective {}{}",
                s.rpo.target,
                word(s.rpo.met)
            ),
            None => format!("not known, objective {}", s.rpo.target),
        },
    );
    for step in &s.steps {
        let after = step.after.map_or("…".to_owned(), |a| format!("+{}", seconds(a)));
        let here = if s.step == Some(step.step) { "  ← here" } else { "" };
        say("step", format!("{:<10}{after:>9}{here}", step.step.as_str()));
    }
    for d in &s.databases {
        let bound = d
            .loss_bound
            .map_or("loss unknown".to_owned(), |b| format!("loss at most {b} of {}", d.max_loss));
        let writer =
            if d.writer { format!(", writer in {}", s.target_region) } else { String::new() };
        say("database", format!("{}: fence {}, {bound}{writer}", d.id, d.fence));
    }
    left_behind(s, &mut say);
    for line in &s.timeline {
        lines.push(timeline_line(line));
    }
    lines.extend(s.next.iter().map(|n| format!("  next      {n}")));
    lines
}

/// What it left on the sides, and what of it nobody has seen the end of.
fn left_behind(s: &Status, say: &mut impl FnMut(&str, String)) {
    if s.old_side == OldSide::Unproven {
        say("OLD SIDE", format!("UNPROVEN: nobody has seen that {} cannot write", s.source_region));
    }
    for closed in &s.left_closed {
        say("CLOSED", closed.clone());
    }
    for effect in &s.in_flight {
        say("in flight", effect.to_string());
    }
}

fn halted(halt: &HaltStatus) -> String {
    let step = halt.step.map_or(String::new(), |s| format!(" at {s}"));
    format!("since {}{step}: {}", halt.since, halt.reason)
}

fn recovery_time(s: &Status) -> String {
    let part = |name: &str, span: Option<Span>| span.map(|v| format!("{name} {}", seconds(v)));
    let parts: Vec<String> = [
        part("detect", Some(s.rto.detect)),
        part("decide", s.rto.decide),
        part("execute", s.rto.execute),
        part("validate", s.rto.validate),
    ]
    .into_iter()
    .flatten()
    .collect();
    let so_far = if s.ended.is_none() { " so far" } else { "" };
    format!(
        "{}{so_far}, objective {}{} ({})",
        seconds(s.rto.actual),
        s.rto.target,
        word(s.rto.met),
        parts.join(", ")
    )
}

fn word(met: Option<bool>) -> &'static str {
    match met {
        Some(true) => ": met",
        Some(false) => ": MISSED",
        None => "",
    }
}

fn seconds(span: Span) -> String {
    format!("{:.1} s", span.as_millis() as f64 / 1000.0)
}

/// One entry of the timeline, in one line.
pub fn timeline_line(line: &leeward_core::status::Line) -> String {
    let after = format!("+{}", seconds(line.after));
    format!("  {:>4} {after:>10}  {:<16} {}", line.seq, line.entry, line.text)
}

/// Looks again and again until the recovery is over. What was seen is on the screen already, so the
/// answer has no lines of its own.
pub async fn watch(
    office: &Office,
    of: &str,
    generation: Option<u64>,
    screen: &mut Screen<'_>,
) -> Result<Answer, Trouble> {
    let (workload, named) = read_subject(of)?;
    let mut told = 0;
    let mut lost = false;
    loop {
        match book(office, &workload, generation.or(named)).await {
            Ok(None) if told == 0 => {
                screen.line(&format!("{workload}: detecting; waiting for a recovery to be opened"));
                told = 1;
            }
            Ok(None) => {}
            Ok(Some(book)) => {
                lost = false;
                let answer = answer(office, &book).await?;
                if screen.live() {
                    screen.redraw(&answer.lines);
                } else {
                    let status = of_book(office, &book).await?;
                    for line in status.timeline.iter().filter(|l| l.seq.0 > told) {
                        screen.line(&timeline_line(line));
                    }
                }
                told = told.max(book.state.last.0);
                if book.state.end.is_some() {
                    return Ok(Answer { lines: Vec::new(), ..answer });
                }
            }
            // The table may be away for a while: a watch goes on, and says so once.
            Err(trouble) if trouble.exit == Exit::Unavailable => {
                if !lost {
                    screen.line(&format!("{trouble}; looking again"));
                }
                lost = true;
            }
            Err(trouble) => return Err(trouble),
        }
        office.rest.rest(LOOK_EVERY).await;
    }
}
