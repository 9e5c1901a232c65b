//! L5: how a hold is left. What a person says when the cause is gone, and that one command is enough.

use leeward_core::ids::{Generation, Step};
use leeward_core::journal::{Answer, Fate, HaltKind, State};
use leeward_core::time::{Span, after};

use super::heal::violation;
use super::people::{Said, Verb};
use super::run::Run;
use crate::check::Violation;

/// A word of a person has to be taken within the life of a lost request, which an end may wait for.
const WORD_BOUND: Span = Span::minutes(20);

/// Longer than it takes to find out again that an action is refused.
const TOO_EARLY: Span = Span::minutes(60);

/// What people have said to a generation since the cause was gone.
#[derive(Debug, Default)]
pub(super) struct Words {
    generation: Option<Generation>,
    /// Where and why it waited when it was resumed.
    resumed: Vec<(Option<HaltKind>, String)>,
    /// Refusals that are aimed at a call, and so come when everything is mended: each may cost a resume more.
    aimed: usize,
    /// Questions that were there when somebody said yes last.
    answered: Option<usize>,
}

impl Words {
    /// Nothing was said yet; so many refusals are aimed.
    pub(super) fn with_aimed(aimed: usize) -> Self {
        Self { aimed, ..Self::default() }
    }

    /// Somebody says that. L5: `resume` is said once, and yes once to each question; whoever waits again after
    /// that cannot be helped by any word. Where more than one thing was wrong, one word helps against each: a step
    /// that waits waits for something of its own.
    pub(super) fn say(&mut self, state: &State, verb: Verb, alone: bool) -> Option<Violation> {
        let generation = state.decision.generation;
        if self.generation != Some(generation) {
            *self = Self { generation: Some(generation), ..Self::with_aimed(self.aimed) };
        }
        let reason = state.halt.as_ref().map_or("", |h| h.reason.as_str());
        let again = match verb {
            Verb::Resume(_) => {
                let kind = state.halt.as_ref().map(|h| h.kind);
                // Our own fence keeps an undo waiting, whatever it was held for before.
                let undo = kind == Some(HaltKind::Held(Step::Undo));
                let same =
                    |(known, _): &&(Option<HaltKind>, String)| alone && !undo || *known == kind;
                let before = self.resumed.iter().find(same).map(|(_, why)| why.clone());
                self.resumed.push((kind, reason.to_owned()));
                let spare = before.is_some() && self.aimed > 0;
                self.aimed -= usize::from(spare);
                before.filter(|_| !spare)
            }
            Verb::Approve => {
                let questions = state.questions.len();
                // At the terminal a yes that comes late asks the question anew.
                let late = state.questions.last().is_some_and(|q| q.answer.is_some());
                let before = self.answered.replace(questions + usize::from(late));
                let answered = before.is_some_and(|answered| questions <= answered);
                answered.then(|| "a question, which somebody answered".to_owned())
            }
            Verb::Start(..)
            | Verb::Pause
            | Verb::Stop
            | Verb::Decline
            | Verb::Waive
            | Verb::Abandon
            | Verb::Acknowledge => None,
        }?;
        Some(violation(
            "L5",
            format!(
                "generation {generation} waits again ({reason}) after one command, though every cause is gone; it had waited for: {again}"
            ),
        ))
    }
}

impl Run<'_> {
    /// What a person says to a generation that waits: yes to what was asked, or `resume`; now and then it is given
    /// up, where anything else than a forced run is drawn.
    pub(super) fn word(&self, state: &State, halt: HaltKind) -> Verb {
        let given_up = self.forced.only.is_none() && self.shared.choose(|c| c.below(4)) == 3;
        let reason = state.halt.as_ref().map_or("", |h| h.reason.as_str());
        // What no resume can mend: somebody gave the lease away, or set the clock that the loss is told by.
        let lost = ["the lease went to", "clock was set"].iter().any(|why| reason.contains(why));
        if (given_up || lost) && halt != HaltKind::Paused {
            return Verb::Abandon;
        }
        let late = |answer: &Option<_>| matches!(answer, None | Some((Answer::TimedOut, _)));
        let asked = state.questions.last().is_some_and(|q| late(&q.answer));
        match (asked && state.fate == Fate::Open, halt) {
            (true, HaltKind::Held(_)) => Verb::Approve,
            (false, HaltKind::Held(_)) | (_, HaltKind::Stopped) => {
                Verb::Resume(Some(Span::minutes(30)))
            }
            (_, HaltKind::Paused) => Verb::Resume(None),
        }
    }

    /// Where something is refused that nobody has mended yet, somebody resumes what waits all the same.
    pub(super) fn too_early(&mut self) -> Vec<Violation> {
        let refusing = !self.shared.lock().refused.is_empty();
        let halt = self.latest().filter(|s| s.end.is_none()).and_then(|s| s.halt.clone());
        let Some(halt) = halt.filter(|_| refusing) else { return Vec::new() };
        let broken = self.take_word(Verb::Resume(None), &halt.reason);
        self.worked = self.now();
        let until = after(self.now(), TOO_EARLY);
        self.go(until, |run| run.at_rest());
        broken.into_iter().collect()
    }

    /// L5: the one command is taken, at the latest when no lost request can land any more.
    pub(super) fn take_word(&mut self, verb: Verb, reason: &str) -> Option<Violation> {
        let until = after(self.now(), WORD_BOUND);
        loop {
            self.said = None;
            self.person(verb, true);
            let this = self.now();
            self.go(after(this, Span::minutes(1)), |run| run.said.is_some());
            match self.said.take() {
                Some(Said::Written) => return None,
                // It came to its end before the word: nothing waits for it any more.
                Some(Said::Refused(_)) if self.latest().is_some_and(|s| s.end.is_some()) => {
                    return None;
                }
                Some(Said::Refused(why)) if self.now() > until => {
                    let words = format!("held ({reason}), and {} is not taken: {why}", verb.name());
                    return Some(violation("L5", words));
                }
                Some(Said::Failed(why)) if self.now() > until => {
                    return Some(violation(
                        "L5",
                        format!("{} does not get through: {why}", verb.name()),
                    ));
                }
                Some(Said::Refused(_) | Said::Failed(_)) => {
                    let later = after(self.now(), Span::minutes(4));
                    self.go(later, |_| false);
                }
                None => {
                    let words = format!("{} is not answered", verb.name());
                    return Some(violation("L5", words));
                }
            }
        }
    }
}
