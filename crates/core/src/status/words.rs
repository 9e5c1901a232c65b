//! Each journal entry in a sentence.

use crate::ids::{EntryId, Region, Sides};
use crate::journal::{Answer, Bearing, End, Entry, FenceProof, Reply};
use crate::time::Span;

/// What an entry says.
pub fn sentence(entry: &Entry) -> String {
    match entry {
        Entry::Opened(d) => format!(
            "decided to move {} to {} by plan {} ({}); {}",
            d.workload, d.target, d.plan, d.direction, d.trigger
        ),
        Entry::Joined { executor } => format!("{executor} works on it"),
        Entry::Assessed { verdict, reason, .. } => {
            format!("evidence: {}: {reason}", bearing(*verdict))
        }
        Entry::Asked { .. } | Entry::Answered { .. } => question(entry),
        Entry::Intent { change, .. } => format!("sends: {change}"),
        Entry::Replied { reply: Reply::Accepted(_), effect, .. } => format!("accepted: {effect}"),
        Entry::Replied { reply: Reply::Refused(error), effect, .. } => {
            format!("refused: {effect}: {error}")
        }
        Entry::Outcome { effect, applied: true, evidence } => format!("seen: {effect}: {evidence}"),
        Entry::Outcome { effect, applied: false, evidence } => {
            format!("seen not to be: {effect}: {evidence}")
        }
        Entry::Fenced { databases, fence, holds_from, evidence, .. } => {
            let names: Vec<&str> = databases.iter().map(|d| d.as_str()).collect();
            let names = names.join(", ");
            format!("{names} fenced by {} from {holds_from} on: {evidence}", proof(fence))
        }
        Entry::Waived { database, loss, reason } => waived(database, *loss, reason),
        Entry::LossBound { database, bound, source } => match bound {
            Some(bound) => {
                format!("{database}: at most {} of writes can be lost ({source})", bound.in_words())
            }
            None => format!("{database}: no loss bound ({source})"),
        },
        Entry::WriterVerified { database, evidence } => {
            format!("{database} is the writer: {evidence}")
        }
        Entry::StepDone { step, evidence } if evidence.is_empty() => format!("step {step} is done"),
        Entry::StepDone { step, evidence } => {
            format!("step {step} is done: {}", evidence.join("; "))
        }
        Entry::Committed { because, .. } => {
            format!("committed, only forward from here: {}", because.join("; "))
        }
        Entry::TurnedBack { reason, detail, .. } => format!("turned back, {reason}: {detail}"),
        Entry::Pass { held, checks } => {
            let word = if *held { "held" } else { "failed" };
            format!("validation pass {word}: {}", checks.join("; "))
        }
        Entry::Held { step, reason } => format!("held at {step}, a person is needed: {reason}"),
        Entry::Paused { reason } => format!("paused: {reason}"),
        Entry::Stopped { reason, in_flight } => {
            format!("stopped with {} requests in flight: {reason}", in_flight.len())
        }
        Entry::Resumed { reason, time_limit: Some(limit) } => {
            format!("resumed for {limit}: {reason}")
        }
        Entry::Resumed { reason, time_limit: None } => format!("resumed: {reason}"),
        Entry::Ended { end, reason } => format!("{}: {reason}", ended(*end)),
        Entry::Acknowledged { reason } => format!("acknowledged: {reason}"),
        Entry::OldSideFenced { database, side, evidence } => {
            format!("the {side} side of {database} is seen fenced: {evidence}")
        }
        Entry::SeenAtHome { evidence, regions } => seen_at_home(evidence, regions.as_ref()),
        Entry::OneWriter { database, side, evidence } => {
            format!("opening {database} on its {side} side makes no second writer: {evidence}")
        }
        Entry::Noted { text } => text.clone(),
        Entry::Closed { next } => format!("closed; generation {next} follows"),
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the caller brings these two")]
fn question(entry: &Entry) -> String {
    match entry {
        Entry::Asked { number, question, deadline, .. } => {
            format!("question {number}, until {deadline}: {question}")
        }
        Entry::Answered { number, answer, reason } => {
            format!("question {number}: {}: {reason}", answered(*answer))
        }
        other => other.name().to_owned(),
    }
}

fn waived(database: &EntryId, loss: Option<Span>, reason: &str) -> String {
    let loss = match loss {
        Some(loss) => format!("losing up to {}", loss.in_words()),
        None => "the loss being unknown".to_owned(),
    };
    format!("the risk of {database} is taken by a person, {loss}: {reason}")
}

fn bearing(bearing: Bearing) -> &'static str {
    match bearing {
        Bearing::Go => "go",
        Bearing::TurnBack => "turn back",
        Bearing::Unsure => "unsure",
    }
}

fn answered(answer: Answer) -> &'static str {
    match answer {
        Answer::Approved => "approved",
        Answer::Declined => "declined",
        Answer::TimedOut => "timed out",
    }
}

fn proof(proof: &FenceProof) -> String {
    match proof {
        FenceProof::WriterLease { epoch } => format!("the writer lease (epoch {epoch})"),
        FenceProof::StopWriter => "stopping its writers".to_owned(),
        FenceProof::Isolate => "isolation".to_owned(),
        FenceProof::Switchover => "the service's own switchover".to_owned(),
        FenceProof::NotNeeded => "nothing, as every side may write".to_owned(),
    }
}

fn ended(end: End) -> &'static str {
    match end {
        End::Recovered => "RECOVERED",
        End::RolledBack => "ROLLED BACK",
        End::Abandoned => "ABANDONED",
    }
}

fn seen_at_home(evidence: &str, regions: Option<&Sides<Region>>) -> String {
    match regions {
        None => format!("seen at home again: {evidence}"),
        Some(new) => format!(
            "its home is {} from now on, its standby {}: {evidence}",
            new.primary, new.standby
        ),
    }
}
