//! Looks that show for a while what was there before the last change.
//!
//! | behaviour | source |
//! |---|---|
//! | what was changed may not be seen by the next Describe; wait with a growing pause | EC2 API, Eventual consistency; likewise RDS, Auto Scaling, ECS |

use leeward_core::ids::Region;
use leeward_core::time::{Span, Timestamp, after};
use leeward_core::world::{Change, Question, View};

use super::look::asked_in;
use super::outside::FakeWorld;
use super::state::State;

/// Answers that are older than the world.
#[derive(Debug, Clone, Default)]
pub(super) struct Lagging {
    /// How long a change is not seen.
    by: Span,
    /// What is shown instead of what is there, and until when.
    shown: Vec<(Question, View, Timestamp)>,
}

impl FakeWorld {
    /// From now on what is changed is not seen for that long by looks that are eventually consistent; nothing:
    /// at once.
    pub fn set_lagging(&self, by: Span) {
        let lagging = &mut self.settled().state.lagging;
        lagging.by = by;
        if by == Span::default() {
            lagging.shown.clear();
        }
    }
}

impl State {
    /// What those who ask again are shown while a change that is about to be carried out is not seen.
    pub(super) fn before_change(&mut self, change: &Change) -> Vec<(Question, View)> {
        if self.lagging.by == Span::default() {
            return Vec::new();
        }
        let home: Region = self.home(change);
        let asked: Vec<Question> = self.seen.iter().map(|(q, _)| q.clone()).collect();
        let there = asked.into_iter().filter(|q| asked_in(q).as_ref() == Some(&home));
        let mut before = Vec::new();
        for question in there {
            if let Ok(view) = self.see(&question) {
                before.push((question, view));
            }
        }
        before
    }

    /// It was carried out: what was there before is shown for a while.
    pub(super) fn not_seen_yet(&mut self, before: Vec<(Question, View)>) {
        let until = after(self.now, self.lagging.by);
        for (question, view) in before {
            // What is not seen yet of an earlier change is not seen yet now.
            if self.shown(&question).is_none() {
                self.lagging.shown.retain(|(known, _, _)| *known != question);
                self.lagging.shown.push((question, view, until));
            }
        }
    }

    /// What a look is shown instead of what is there.
    pub(super) fn shown(&self, question: &Question) -> Option<View> {
        let shown = self.lagging.shown.iter().find(|(known, _, _)| known == question);
        shown.filter(|(_, _, until)| self.now < *until).map(|(_, view, _)| view.clone())
    }
}
