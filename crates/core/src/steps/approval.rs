//! What people must say yes to, and what their silence means.

use crate::ids::Actor;
use crate::journal::{Answer, Asked, Entry, TurnBackReason, Unproven};
use crate::plan::{ApprovalFor, OnTimeout};
use crate::planted::{self, Bug};
use crate::pursuit::resume;
use crate::steps::Situation;
use crate::steps::ways::decline;
use crate::time::{Span, after, since};

/// Whether people have said yes.
#[derive(Debug, Clone, PartialEq)]
pub enum Approval {
    /// Yes, or nobody has to be asked.
    Given,
    /// This goes on record first.
    Record(Entry),
    /// Not yet.
    Pending(Span, String),
}

/// Whether one-way effects may go on. `loss` is the greatest bound over its limit, if any is.
pub fn one_way(situation: &Situation<'_>, excess: Option<Span>) -> Approval {
    match (wanted(situation), excess) {
        (false, None) => Approval::Given,
        (_, excess) => standing(situation, excess),
    }
}

/// Whether any effect may go on.
pub fn any(situation: &Situation<'_>) -> Approval {
    if situation.plan.policy.approval.wanted_for == ApprovalFor::All || cautious(situation) {
        standing(situation, None)
    } else {
        Approval::Given
    }
}

/// The first question, asked when the generation opens.
pub fn first(situation: &Situation<'_>) -> Option<Entry> {
    (wanted(situation) && situation.state.questions.is_empty()).then(|| ask(situation, None))
}

/// Whether the one-way door needs people: by the plan, because an old side may still write, or because
/// the evidence itself asks for a person.
fn wanted(situation: &Situation<'_>) -> bool {
    situation.plan.policy.approval.wanted_for != ApprovalFor::None
        || !situation.state.decision.unproven.is_empty()
        || cautious(situation)
}

/// Whether the evidence itself asks for a person, before any effect.
fn cautious(situation: &Situation<'_>) -> bool {
    !situation.state.decision.ask.is_empty()
}

fn standing(situation: &Situation<'_>, excess: Option<Span>) -> Approval {
    let Some(last) = situation.state.questions.last() else {
        return Approval::Record(ask(situation, excess));
    };
    match &last.answer {
        Some((Answer::Approved, _)) if covers(last, excess) => Approval::Given,
        Some((Answer::Approved, _)) => Approval::Record(ask(situation, excess)),
        Some((Answer::Declined, by)) => Approval::Record(declined(last, by)),
        Some((Answer::TimedOut, by)) => timed_out(situation, last, by, excess),
        None if !covers(last, excess) => {
            // The loss has grown while people were reading: the old question is no longer the question.
            Approval::Record(Entry::Answered {
                number: last.number,
                answer: Answer::TimedOut,
                reason: "the loss bound has grown; asked anew".to_owned(),
            })
        }
        None => waiting(situation, last),
    }
}

fn covers(asked: &Asked, excess: Option<Span>) -> bool {
    planted::is(Bug::YesCoversAll)
        || excess.is_none_or(|loss| asked.loss.is_some_and(|shown| shown >= loss))
}

fn waiting(situation: &Situation<'_>, asked: &Asked) -> Approval {
    let deadline = situation.state.shifted(asked.deadline, situation.now);
    if situation.now > deadline {
        return Approval::Record(Entry::Answered {
            number: asked.number,
            answer: Answer::TimedOut,
            reason: format!("nobody answered until {deadline}"),
        });
    }
    let left = since(situation.now, deadline);
    Approval::Pending(
        left,
        format!("question {} waits for an answer, {} left", asked.number, left.in_words()),
    )
}

fn timed_out(
    situation: &Situation<'_>,
    asked: &Asked,
    by: &Actor,
    excess: Option<Span>,
) -> Approval {
    // A question that was overtaken by a larger loss is asked anew: nobody had the time to answer it.
    if asked.overtaken || !covers(asked, excess) {
        return Approval::Record(ask(situation, excess));
    }
    match situation.plan.policy.approval.on_timeout {
        // Silence covers neither a loss beyond the plan's limit, nor what the evidence asks a person for,
        // nor an old side that may still write.
        OnTimeout::Proceed
            if excess.is_none()
                && !cautious(situation)
                && situation.state.decision.unproven.is_empty() =>
        {
            Approval::Given
        }
        OnTimeout::Decline => Approval::Record(declined(asked, by)),
        OnTimeout::Proceed | OnTimeout::Hold => {
            if resumed_since(situation) {
                return Approval::Record(ask(situation, excess));
            }
            Approval::Record(Entry::Held {
                step: crate::ids::Step::Fence,
                reason: format!(
                    "question {} was not answered in time ({}); `leeward approve {w} --reason …`, `{}`, or `{}` to be asked anew",
                    asked.number,
                    situation.plan.policy.approval.timeout,
                    decline(situation.state),
                    resume(situation),
                    w = situation.plan.workload
                ),
            })
        }
    }
}

/// Whether someone resumed the generation after the question's time was over: ask again.
fn resumed_since(situation: &Situation<'_>) -> bool {
    situation.state.resumed_after_question
}

fn declined(asked: &Asked, by: &Actor) -> Entry {
    let detail = format!("question {} was answered no by {by}", asked.number);
    Entry::turned_back(TurnBackReason::Declined, detail)
}

/// What people must know of old sides before they say yes.
fn old_sides(situation: &Situation<'_>) -> String {
    let one = |u: &Unproven| {
        let region = situation.plan.regions.of(u.side);
        format!("; {} in {region} was left unproven by generation {}", u.database, u.generation)
    };
    situation.state.decision.unproven.iter().map(one).collect()
}

fn ask(situation: &Situation<'_>, excess: Option<Span>) -> Entry {
    let decision = &situation.state.decision;
    let number = situation.state.questions.len() as u32 + 1;
    let timeout = situation.plan.policy.approval.timeout;
    // Until a fence stands the loss may grow by a second each second: the question covers what it can
    // become while people read it.
    let growing = situation.state.losses.is_empty();
    let excess = excess.map(|loss| if growing { loss.plus(timeout) } else { loss });
    let loss = match excess {
        Some(loss) => {
            format!("losing up to {} of writes, more than the plan allows", loss.in_words())
        }
        None => "losing no more than the plan allows".to_owned(),
    };
    let caution: Vec<String> = decision.ask.iter().map(|why| format!("; {why}")).collect();
    Entry::Asked {
        number,
        plan: decision.plan_digest.clone(),
        loss: excess,
        deadline: after(situation.now, timeout),
        question: format!(
            "Move {} to {} ({}), {loss}{}{}?",
            decision.workload,
            decision.target,
            decision.direction,
            old_sides(situation),
            caution.concat()
        ),
    }
}

#[cfg(test)]
#[path = "approval_tests.rs"]
mod tests;
