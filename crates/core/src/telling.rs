//! What people are told, and of which entries. Telling is no effect: it is never held back.

use serde::Serialize;

use crate::effect::EffectId;
use crate::ids::{Digest, Direction, EntryId, Region, Sides};
use crate::journal::{End, Entry, Fate, Record, State, Unproven};
use crate::planted::{self, Bug};
use crate::printable::{one_line, printable};
use crate::residence::way_home;
use crate::status::sentence;
use crate::steps::ways::decline;
use crate::time::Span;

/// One notification, in words for people and fields for machines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Notice {
    /// Always 1.
    pub schema: u32,
    /// One line.
    pub subject: String,
    /// What happened, with the numbers.
    pub text: String,
    /// What to do next: commands that can be pasted.
    pub commands: Vec<String>,
    /// The workload.
    pub workload: String,
    /// The generation; null for a refusal.
    pub generation: Option<u64>,
    /// Place of the entry that is told.
    pub seq: Option<u64>,
    /// Digest of that entry's predecessor: a journal that was rewritten no longer shows it.
    pub journal_head: Option<Digest>,
}

/// Whether an entry waits for a person, who is told at once and not by the next sweep.
pub fn waits_for_people(entry: &Entry) -> bool {
    matches!(entry, Entry::Asked { .. } | Entry::Held { .. })
}

/// The notice that an entry owes, if it owes one.
pub fn notice(state: &State, record: &Record) -> Option<Notice> {
    let d = &state.decision;
    let (w, g) = (&d.workload, d.generation);
    let (headline, text, commands) =
        wants_people(state, record).or_else(|| informs(state, record))?;
    Some(Notice {
        schema: 1,
        subject: format!("[Leeward] {w} generation {g}: {headline}"),
        text: text + &unproven(state),
        commands,
        workload: w.to_string(),
        generation: Some(g.0),
        seq: Some(record.seq.0),
        journal_head: Some(record.prev.clone()),
    })
}

/// Headline, text and commands.
type Words = (String, String, Vec<String>);

/// What begins, or waits for a person.
#[expect(clippy::wildcard_enum_match_arm, reason = "the other entries wait for nobody")]
fn wants_people(state: &State, record: &Record) -> Option<Words> {
    let d = &state.decision;
    let w = &d.workload;
    Some(match &record.entry {
        Entry::Opened(_) => (
            format!("recovery to {} begins", d.target),
            format!(
                "{}. Plan {}, {}, time limit until {}.",
                d.trigger, d.plan, d.direction, d.deadline
            ),
            vec![format!("leeward status {w}"), format!("leeward stop {w} --reason …")],
        ),
        Entry::Asked { number, question, deadline, loss, .. } => (
            format!("your answer is needed: {question}"),
            format!("Question {number}, until {deadline}. {}", loss_words(*loss)),
            vec![
                format!("leeward approve {w} --question {number} --reason …"),
                format!("leeward decline {w} --question {number} --reason …"),
            ],
        ),
        Entry::Held { .. } if planted::is(Bug::HeldNotTold) => return None,
        Entry::Held { step, reason } => (
            format!("held at step {step}: a person is needed"),
            reason.clone(),
            leaving(state, format!("leeward resume {w} --reason … [--time-limit 30m]")),
        ),
        Entry::Stopped { reason, in_flight } => (
            format!("stopped by {}", record.by),
            format!("{reason}. Requests in flight: {}.", in_flight.len()),
            leaving(state, format!("leeward resume {w} --reason …")),
        ),
        _ => return None,
    })
}

/// How a person leaves a halt: on, back before the commit, or by giving it up.
fn leaving(state: &State, resume: String) -> Vec<String> {
    let w = &state.decision.workload;
    let mut commands = vec![format!("leeward status {w}"), resume];
    commands.extend((state.fate == Fate::Open).then(|| decline(state)));
    commands.push(format!("leeward abandon {w} --reason …"));
    commands
}

/// What people have to know.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "every other entry is told by the status, not by a message"
)]
fn informs(state: &State, record: &Record) -> Option<Words> {
    let d = &state.decision;
    let w = &d.workload;
    Some(match &record.entry {
        Entry::Waived { .. } | Entry::Answered { .. }
            if state.disregarded.contains(&record.seq) =>
        {
            (
                format!("the word of {} does NOT count", record.by),
                format!(
                    "{}, by {}, who is no approver of plan {}. Look at how it came into the journal: the commands do not write it.",
                    sentence(&record.entry),
                    record.by,
                    d.plan
                ),
                vec![format!("leeward status {w}"), format!("leeward audit {w}")],
            )
        }
        Entry::Waived { database, reason, .. } => (
            format!("{} by {}", waives(state, database), record.by),
            reason.clone(),
            vec![format!("leeward status {w}")],
        ),
        Entry::Committed { because, .. } => (
            format!("committed: only forward to {} from here", d.target),
            because.join(". "),
            vec![format!("leeward status {w}")],
        ),
        Entry::TurnedBack { reason, detail, .. } => {
            (format!("turning back: {reason}"), detail.clone(), vec![format!("leeward status {w}")])
        }
        Entry::Ended { end, reason } => (
            match end {
                End::Recovered => format!("recovered: users are served from {}", d.target),
                End::RolledBack
                    if state.successor.as_ref().is_some_and(|s| !s.keeps.is_empty()) =>
                {
                    "NOT moved yet: the next generation goes on with its fence".to_owned()
                }
                End::RolledBack => "NOT moved: everything was undone".to_owned(),
                End::Abandoned => format!("ABANDONED by {}: look at both sides", record.by),
            },
            format!(
                "{reason}. {}{}{}{}",
                losses(state),
                standing(state, *end),
                left_closed(state),
                away(state)
            ),
            ended_commands(state),
        ),
        Entry::SeenAtHome { evidence, regions } => (
            regions.as_ref().map_or_else(at_home_again, at_its_new_home),
            format!("{evidence}. From now on a recovery is opened by the evidence again."),
            vec![format!("leeward assess {w}")],
        ),
        // Told while the recovery goes on: whoever owns the scaling policy can stop it.
        Entry::Intent { effect, change, .. } if asked_again(state, effect, record) => (
            "capacity was taken away again and is asked for anew".to_owned(),
            format!(
                "`{change}` was done and seen, and is so no more; it is sent again. A scaling policy without load does so: suspend it, or raise its minimum, until users are on it."
            ),
            vec![format!("leeward status {w}")],
        ),
        Entry::OldSideFenced { database, side, evidence } => (
            format!("the old side of {database} ({side}) is seen fenced"),
            format!("{evidence}."),
            vec![format!("leeward status {w}")],
        ),
        _ => return None,
    })
}

/// What a waiver takes upon itself: the unknown loss of what is fenced, else the missing fence.
fn waives(state: &State, database: &EntryId) -> String {
    if state.fenced.contains_key(database) {
        format!("the unknown loss of {database} is accepted")
    } else {
        format!("the fence of {database} is waived")
    }
}

fn at_home_again() -> String {
    "seen at home again: it is protected as before".to_owned()
}

fn at_its_new_home(regions: &Sides<Region>) -> String {
    format!("its home is {} now, and it is protected there", regions.primary)
}

/// Whether an intent asks again for capacity that had been seen up.
fn asked_again(state: &State, effect: &EffectId, record: &Record) -> bool {
    state.effects.get(effect).is_some_and(|known| {
        known.change.raises_capacity()
            && known.intents.iter().any(|intent| intent.seq == record.seq && intent.again)
    })
}

fn loss_words(loss: Option<Span>) -> String {
    match loss {
        Some(loss) => {
            format!("Up to {} of writes would be lost: more than the plan allows.", loss.in_words())
        }
        None => "No more is lost than the plan allows.".to_owned(),
    }
}

/// The loss bound of each database, and which old sides are not proven fenced.
fn losses(state: &State) -> String {
    let words: Vec<String> = state
        .losses
        .iter()
        .map(|(id, (bound, source))| match bound {
            Some(bound) => format!("{id}: at most {} of writes lost ({source})", bound.in_words()),
            None => format!("{id}: loss unknown ({source})"),
        })
        .collect();
    words.join(". ")
}

/// What a generation that was given up left in the world, for the person who goes on by hand.
fn standing(state: &State, end: End) -> String {
    if end != End::Abandoned {
        return String::new();
    }
    let done = state.standing().map(|(_, e)| format!("`{}`", e.change));
    let unseen = state.unresolved().map(|(_, e)| format!("`{}` (not known whether)", e.change));
    let all: Vec<String> = done.chain(unseen).collect();
    if all.is_empty() {
        " Nothing that it did is left in the world.".to_owned()
    } else {
        format!(" STILL STANDING: {}.", all.join("; "))
    }
}

/// What follows from living on the other side.
fn away(state: &State) -> String {
    if !state.away_from_home() {
        return String::new();
    }
    format!(
        " It lives away from home: until `leeward start --direction to-primary` has ended, or it is seen at home again, nothing is opened by itself{}.",
        if state.decision.direction == Direction::ToStandby {
            format!(", not even when {} fails", state.decision.target)
        } else {
            String::new()
        }
    )
}

fn ended_commands(state: &State) -> Vec<String> {
    let w = &state.decision.workload;
    let mut commands = vec![format!("leeward status {w}"), format!("leeward ack {w} --reason …")];
    commands.extend(state.away_from_home().then(|| way_home(state)));
    commands
}

/// What the way to a side leads over, for the person who plans it.
fn left_closed(state: &State) -> String {
    state.left_closed().iter().map(|left| format!(" LEFT CLOSED: {left}.")).collect()
}

/// Old sides that may still write: told with everything, until they are seen fenced.
fn unproven(state: &State) -> String {
    let one = |u: &Unproven| {
        format!(
            " OLD SIDE UNPROVEN: {} on its {} side, left by generation {}, has not been seen fenced and may still take writes.",
            u.database, u.side, u.generation
        )
    };
    state.unproven().iter().map(one).collect()
}

/// What people are told of a start that was refused.
pub fn refusal_notice(workload: &str, reason: &str, actions: &[String]) -> Notice {
    let mut commands =
        vec![format!("leeward assess {workload}"), format!("leeward status {workload}")];
    commands.extend(actions.iter().filter(|a| !commands.contains(a)).cloned().collect::<Vec<_>>());

    Notice {
        schema: 1,
        subject: if actions.is_empty() {
            format!("[Leeward] {workload}: a recovery was refused")
        } else {
            format!("[Leeward] {workload}: a person is needed")
        },
        text: reason.to_owned(),
        commands,
        workload: workload.to_owned(),
        generation: None,
        seq: None,
        journal_head: None,
    }
}

impl Notice {
    /// The same without anything that steers a terminal or a chat: people's reasons and services' words are in
    /// it.
    #[must_use]
    pub fn printable(self) -> Self {
        let lines = |text: String| printable(&text).into_owned();
        let line = |text: String| one_line(&text).into_owned();
        Self {
            subject: line(self.subject),
            text: lines(self.text),
            commands: self.commands.into_iter().map(line).collect(),
            ..self
        }
    }

    /// The text with its commands, for people.
    pub fn body(&self) -> String {
        let mut body = format!("{}\n\n{}\n", self.subject, self.text);
        if !self.commands.is_empty() {
            body.push_str("\nNext:\n");
            for command in &self.commands {
                body.push_str("  ");
                body.push_str(command);
                body.push('\n');
            }
        }
        if let Some(head) = &self.journal_head {
            body.push_str(&format!("\nJournal head: {head}\n"));
        }
        body
    }
}
