//! What people are told, and how often the world is asked.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use leeward_core::journal::{Entry, Reply};
use leeward_core::telling::notice;
use leeward_core::time::since;
use leeward_ports::fake::{Delivered, Sent};
use serde::Deserialize;

use super::evidence::{Case, Journal};

/// Which entry of which generation a message tells of.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Told {
    generation: Option<u64>,
    seq: Option<u64>,
}

/// A message that reached somebody, read when somebody asks for it.
struct Reached<'e> {
    message: &'e Delivered,
    told: OnceCell<Told>,
}

impl<'e> Reached<'e> {
    fn of(message: &'e Delivered) -> Self {
        Self { message, told: OnceCell::new() }
    }

    fn told(&self) -> &Told {
        let read = || serde_json::from_str(&self.message.message.json).unwrap_or_default();
        self.told.get_or_init(read)
    }
}

/// L2: each end and each Held reached every receiver of the plan and Leeward's own topic.
pub(super) fn told(evidence: &Case<'_>) -> Vec<String> {
    let reached: Vec<Reached<'_>> = evidence.delivered.iter().map(Reached::of).collect();
    let mut breaches = Vec::new();
    for journal in evidence.journals() {
        let Some(state) = &journal.state else { continue };
        for (at, record) in journal.entries() {
            let owed = matches!(record.entry, Entry::Ended { .. } | Entry::Held { .. });
            if !owed || since(at, evidence.now) < evidence.patience {
                continue;
            }
            let Some(owed) = notice(state, record) else {
                breaches.push(format!("entry {} owes no notice", record.seq));
                continue;
            };
            for receiver in receivers(evidence, journal) {
                // What ends or holds a generation is told last.
                let has = reached.iter().rev().any(|r| {
                    let told = || r.told();
                    r.message.receiver == receiver
                        && told().generation == owed.generation
                        && told().seq == owed.seq
                });
                if !has {
                    breaches.push(format!("{receiver} was never told: {}", owed.subject));
                }
            }
        }
    }
    breaches
}

fn receivers(evidence: &Case<'_>, journal: &Journal) -> Vec<String> {
    let notifications = &journal.plan.notifications;
    let topics = notifications.topics.iter().map(|t| t.0.clone());
    let webhooks = notifications.webhooks.iter().map(|w| w.0.clone());
    topics.chain(webhooks).chain(evidence.system_topic.clone()).collect()
}

/// L4: no change is sent more often than the protocol allows between two words of a person.
pub(super) fn storms(evidence: &Case<'_>) -> Vec<String> {
    let resumed = evidence
        .journals()
        .iter()
        .flat_map(|j| j.records.iter())
        .filter(|r| matches!(r.entry, Entry::Resumed { .. }))
        .count();
    // Each generation counts its own sends, and anew from each word of a person on.
    let generations = evidence.journals().len().max(1);
    let most = evidence.limits.sends_max.saturating_mul(resumed + generations);
    let mut sent: BTreeMap<String, usize> = BTreeMap::new();
    for called in &evidence.calls {
        if let Sent::Change(change) = &called.call {
            *sent.entry(change.to_string()).or_default() += 1;
        }
    }
    sent.into_iter()
        .filter(|(_, times)| *times > most)
        .map(|(change, times)| format!("{change} was sent {times} times, {most} are allowed"))
        .collect()
}

/// L4: no executor is started of a generation that waits for a person; those that were on their way
/// when it was halted may still come.
pub(super) fn left_alone(evidence: &Case<'_>) -> Vec<String> {
    let mut breaches = Vec::new();
    for journal in evidence.journals() {
        let (mut halted, mut came) = (false, 0);
        for record in journal.records.iter() {
            let entry = &record.entry;
            if matches!(entry, Entry::Held { .. } | Entry::Paused { .. } | Entry::Stopped { .. }) {
                halted = true;
            } else if matches!(entry, Entry::Resumed { .. } | Entry::Ended { .. }) {
                (halted, came) = (false, 0);
            } else if halted && matches!(entry, Entry::Joined { .. }) {
                came += 1;
            }
        }
        if came > evidence.limits.silent_executors {
            breaches.push(format!(
                "{came} executors joined generation {} while it waits for a person",
                journal.generation
            ));
        }
    }
    breaches
}

/// L5: a hold behind a person's word rests on what came back since: an answer that was given before it is no reason,
/// as its cause may be mended.
pub(super) fn asked_anew(evidence: &Case<'_>) -> Vec<String> {
    let mut breaches = Vec::new();
    for journal in evidence.journals() {
        let (mut before, mut since): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
        for record in journal.records.iter() {
            if let Entry::Replied { reply: Reply::Refused(error), .. } = &record.entry {
                since.push(error.to_string());
            } else if matches!(record.entry, Entry::Resumed { .. }) {
                before.append(&mut since);
            } else if let Entry::Held { reason, .. } = &record.entry {
                let told = |answers: &[String]| answers.iter().any(|a| reason.contains(a));
                if told(&before) && !told(&since) {
                    breaches.push(format!(
                        "entry {} of generation {} holds it for an answer that was given before it was resumed: {reason}",
                        record.seq, journal.generation
                    ));
                }
            }
        }
    }
    breaches
}
