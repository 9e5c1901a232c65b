//! What a hold tells a person to do can be done.

use std::sync::Arc;

use leeward_core::ids::EntryId;
use leeward_core::journal::{
    Answer, Beside, End, Entry, Fate, Record, State, TurnBackReason, chain, may_waive, rules,
};
use leeward_core::opening::{Asks, Opening, may_open};
use leeward_core::time::Timestamp;

use super::evidence::{Case, Journal};

/// L5: a hold names a command, each command that it names is one that the plan and the rules admit at that moment,
/// and before the commit one of them gives back a fence that stands.
pub(super) fn commands_are_admitted(evidence: &Case<'_>) -> Vec<String> {
    let mut breaches = Vec::new();
    for journal in evidence.journals() {
        for (place, record) in journal.records.iter().enumerate() {
            let Entry::Held { reason, .. } = &record.entry else { continue };
            let known = &journal.records[..=place];
            let Ok(state) = State::fold(known, chain::origin()) else { continue };
            let held = Held { evidence, journal, record, state, reason };
            breaches.extend(held.breaches());
        }
    }
    breaches
}

/// A hold, and how the generation stands with it.
struct Held<'a> {
    evidence: &'a Case<'a>,
    journal: &'a Journal,
    record: &'a Record,
    state: State,
    reason: &'a str,
}

impl Held<'_> {
    fn breaches(&self) -> Vec<String> {
        let said = |why: String| {
            let (seq, generation) = (self.record.seq, self.journal.generation);
            format!("entry {seq} of generation {generation}: {why}: {}", self.reason)
        };
        let commands: Vec<&str> =
            self.reason.split('`').filter(|part| part.starts_with("leeward ")).collect();
        if commands.is_empty() {
            return vec![said("it names no command".to_owned())];
        }
        let names = |verb: &str| commands.iter().any(|c| c.split(' ').nth(1) == Some(verb));
        let mut breaches: Vec<String> = commands
            .iter()
            .filter_map(|command| Some((command, self.admits(command, &names).err()?)))
            .map(|(command, why)| said(format!("`{command}` is not admitted: {why}")))
            .collect();
        let fenced = self.state.standing().any(|(_, e)| e.change.fences());
        if self.state.fate == Fate::Open && fenced && !names("decline") {
            breaches.push(said("it does not say how its fence is given back".to_owned()));
        }
        breaches
    }

    fn admits(&self, command: &str, names: &impl Fn(&str) -> bool) -> Result<(), String> {
        let words: Vec<&str> = command.split_whitespace().collect();
        let resumes = Entry::Resumed { reason: String::new(), time_limit: None };
        match words.get(1).copied().unwrap_or_default() {
            "resume" => self.may_follow(&self.state, resumes),
            "decline" => {
                let mut resumed = self.state.clone();
                self.may_follow(&resumed, resumes.clone())?;
                let seq = rules::next_seq(&resumed);
                resumed.apply(&Record { seq, entry: resumes, ..self.record.clone() });
                self.may_follow(&resumed, Entry::turned_back(TurnBackReason::Declined, ""))
            }
            "abandon" => {
                let end = Entry::Ended { end: End::Abandoned, reason: String::new() };
                self.may_follow(&self.state, end)
            }
            "waive" => {
                let named = words.iter().position(|w| *w == "--database");
                let database = named.and_then(|place| words.get(place + 1));
                let database = EntryId::new(*database.ok_or("it names no database")?);
                may_waive(&self.state, &self.journal.plan, &database).map_err(|no| no.to_string())
            }
            "approve" => match self.state.questions.last().map(|q| q.answer.as_ref()) {
                Some(None | Some((Answer::TimedOut, _))) if self.state.fate == Fate::Open => Ok(()),
                Some(_) | None => Err("nobody is asked".to_owned()),
            },
            "ack" if names("abandon") || names("decline") => Ok(()),
            "ack" => Err("it has not ended".to_owned()),
            "start" => self.may_start(names),
            "run" if self.reason.contains("--no-start`") => Ok(()),
            "run" => Err("it is held".to_owned()),
            "plan" | "status" | "assess" | "audit" | "lease" | "repair" => Ok(()),
            other => Err(format!("there is no verb `{other}`")),
        }
    }

    /// Whether a person's start is taken when what the hold names before it has been done.
    fn may_start(&self, names: &impl Fn(&str) -> bool) -> Result<(), String> {
        let end = match (names("abandon"), names("decline")) {
            (true, _) => End::Abandoned,
            (false, true) => End::RolledBack,
            (false, false) => return Err("the generation is open, and held".to_owned()),
        };
        let mut entries = vec![Entry::Ended { end, reason: String::new() }];
        entries.extend(names("ack").then(|| Entry::Acknowledged { reason: String::new() }));
        let (mut state, at) = (self.state.clone(), self.at(&self.state));
        for entry in entries {
            let seq = rules::next_seq(&state);
            state.apply(&Record { seq, at, entry, ..self.record.clone() });
        }
        let (plan, direction) = (&self.journal.plan, state.decision.direction);
        let limits = &self.evidence.limits;
        let asks = Asks::Person { again: false };
        let opening = may_open(Some(&state), plan, direction, limits, at, asks, false);
        if matches!(opening, Opening::Open(_)) { Ok(()) } else { Err(format!("{opening:?}")) }
    }

    /// When no request of it can land any more, as a person may have to wait for that.
    fn at(&self, state: &State) -> Timestamp {
        let safe = state.safe_from(&self.evidence.limits);
        safe.map_or(self.record.at, |safe| safe.max(self.record.at))
    }

    fn may_follow(&self, state: &State, entry: Entry) -> Result<(), String> {
        let (limits, at) = (&self.evidence.limits, self.at(state));
        let plan = Arc::clone(&self.journal.plan);
        let beside = Beside { plan: &plan, limits, by: None };
        rules::admits(state, &entry, at, Some(beside)).map_err(|no| no.to_string())
    }
}
